"""One map of the neurons for each tag, by several methods: what each shows, and how far they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis.errors import InputError
from analysis.grammar.glm import TagMaps
from analysis.grammar.key_neurons import Counts, largest
from analysis.probing.classifiers import Features, Labels, check_features

Floats = npt.NDArray[np.float64]


def selectivity_map(counts: Counts) -> Floats:
    """How much more often a tag's items use each neuron than other tags' items do, shape (n_tags, n_neurons)."""
    used, n_items = counts.by_tag()
    rate = (used / n_items).astype(np.float64)
    return rate - (rate.sum(0) - rate) / (len(rate) - 1)


def probe_map(features: Features, tags: Labels) -> Floats:
    """Weight of each neuron in a classifier of tags: logistic regression on standardised activity.

    Weights also serve to cancel noise, so that a neuron with a large one need not follow the tag (Haufe et al. 2014).

    Parameters
    ----------
    features : ndarray of shape (n_items, n_neurons)
    tags : ndarray of str, shape (n_items,)

    Returns
    -------
    ndarray of shape (n_tags, n_neurons)
        Tags in alphabetical order; positive where more activity speaks for the tag.
    """
    check_features(features, tags)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)).fit(features, tags)
    weights = np.asarray(model[-1].coef_, np.float64)
    return np.vstack([-weights, weights]) if len(weights) == 1 else weights


def responders(maps: TagMaps, layer_sizes: Sequence[int], q: float = 0.05) -> pd.DataFrame:
    """Share of each layer's neurons whose effect of a tag passes the false-discovery rate.

    Parameters
    ----------
    maps : TagMaps
        From :func:`analysis.grammar.glm.fit`.
    layer_sizes : sequence of int
    q : float

    Returns
    -------
    DataFrame indexed by layer, from 1
        A column for each tag.
    """
    starts = np.cumsum([0, *layer_sizes[:-1]])
    counts = np.add.reduceat((maps.q < q).astype(np.float64), starts, axis=1)
    layers = pd.RangeIndex(1, len(layer_sizes) + 1, name="layer")
    return pd.DataFrame((counts / np.array(layer_sizes)).T, index=layers, columns=list(maps.tags))


def effect_sizes(maps: TagMaps, q: float = 0.05) -> pd.DataFrame:
    """How many neurons respond to each tag, and how much of their variance that is.

    Returns
    -------
    DataFrame indexed by tag
        ``responding`` (share of all neurons beyond the false-discovery rate), ``median`` and ``largest`` partial R² of
        these (NaN where there are none), ``texts``, ``documents``.
    """
    rows = {}
    for number, tag in enumerate(maps.tags):
        passed = maps.q[number] < q
        explained = maps.partial_r2[number, passed]
        rows[tag] = {
            "responding": float(passed.mean()),
            "median": float(np.median(explained)) if passed.any() else np.nan,
            "largest": float(explained.max()) if passed.any() else np.nan,
        }
    account = maps.account.set_index("tag")[["texts", "documents"]]
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("tag").join(account)


def agreement(
    maps: Mapping[str, npt.ArrayLike],
    layer_sizes: Sequence[int],
    *,
    share: float = 0.05,
    n_draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare maps over the same neurons, against neurons exchanged within their layers.

    Layers that are strong in every map agree without any neuron doing so; the null keeps them.

    Parameters
    ----------
    maps : mapping of str to array of shape (n_neurons,)
        By name: a linear model's t, an attribution, a probe's weights. Give absolute values where the sign means
        nothing.
    layer_sizes : sequence of int
    share : float
        Of each layer, for the overlap of what is strongest.
    n_draws : int
        The smallest p is 1 / (1 + n_draws).
    seed : int

    Returns
    -------
    DataFrame, one row per pair
        ``first``, ``second``; ``rho`` (Spearman over all neurons) with ``rho_null`` (mean) and ``rho_p`` (of agreeing
        more), ``overlap`` (share of the strongest that are the same) with ``overlap_null`` and ``overlap_p``.

    Raises
    ------
    InputError
        If there are fewer than two maps, or one does not cover the neurons with numbers.
    """
    n = sum(layer_sizes)
    values = {name: np.asarray(map_, dtype=np.float64) for name, map_ in maps.items()}
    bad = [name for name, map_ in values.items() if map_.shape != (n,) or not np.isfinite(map_).all()]
    if bad or len(values) < 2:
        raise InputError(
            f"Give two maps or more, each with a number for {n} neurons. Not so: {', '.join(bad) or 'one'}."
        )
    stacked = np.stack(list(values.values()))
    ranks = rankdata(stacked, axis=1)
    ranks = (ranks - ranks.mean(1, keepdims=True)) / np.maximum(ranks.std(1, keepdims=True), 1e-12) / np.sqrt(n)
    top = largest(stacked, layer_sizes, share).astype(np.float64)
    sides = np.stack([ranks, top / np.sqrt(top[0].sum())])  # products of rows: correlation, and overlap
    observed = sides @ sides.transpose(0, 2, 1)
    rng = np.random.default_rng(seed)
    null = np.empty((n_draws, *observed.shape))
    starts = np.cumsum([0, *layer_sizes[:-1]])
    for draw in null:
        exchanged = np.concatenate([s + rng.permutation(size) for s, size in zip(starts, layer_sizes, strict=True)])
        draw[:] = sides[..., exchanged] @ sides.transpose(0, 2, 1)
    p = (1 + (null >= observed - 1e-12).sum(0)) / (1 + n_draws)
    i, j = np.triu_indices(len(values), 1)
    names = np.array(list(values))
    table = pd.DataFrame({"first": names[i], "second": names[j]})
    for kind, name in enumerate(["rho", "overlap"]):
        table[name] = observed[kind, i, j]
        table[f"{name}_null"] = null.mean(0)[kind, i, j]
        table[f"{name}_p"] = p[kind, i, j]
    return table


def agreement_by_tag(
    maps: Mapping[str, npt.ArrayLike],
    tags: Sequence[str],
    layer_sizes: Sequence[int],
    *,
    share: float = 0.05,
    n_draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the maps of each tag, regardless of sign, by :func:`agreement`.

    Parameters
    ----------
    maps : mapping of str to array of shape (n_tags, n_neurons)
        By method.
    tags : sequence of str
    layer_sizes, share, n_draws, seed
        As there.

    Returns
    -------
    DataFrame
        ``tag`` and the columns of that function, a row for each tag and pair of methods.
    """
    sizes = {name: np.abs(np.asarray(values, np.float64)) for name, values in maps.items()}
    if bad := [name for name, values in sizes.items() if len(values) != len(tags)]:
        raise InputError(f"Maps need a row for each of {len(tags)} tags. Not so: {', '.join(bad)}.")
    tables = []
    for number, tag in enumerate(tags):
        of_tag = {name: values[number] for name, values in sizes.items()}
        table = agreement(of_tag, layer_sizes, share=share, n_draws=n_draws, seed=seed)
        table.insert(0, "tag", tag)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
