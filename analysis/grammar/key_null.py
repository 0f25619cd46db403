"""What chance makes of key neurons: the paper's chi-squared over items, and tags exchanged between lexemes.

The items of one word are not independent, so a test over items finds neurons that follow single words and calls them
grammar. The null that goes with the question exchanges the tags of whole lexemes and repeats the selection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, false_discovery_control

from analysis.grammar.key_neurons import KEY_SHARE, KINDS, Counts, check_share, choose, select
from analysis.inference import corrected_p

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Masks = npt.NDArray[np.bool_]


def chi_squared(counts: Counts) -> pd.DataFrame:
    """Test each neuron for independence of being used and tag, over items: the paper's filter, as far as it is known.

    Not valid where an item's word comes back: items of one lexeme are no independent observations. See
    :func:`permutation` for the test that is.

    Returns
    -------
    DataFrame, one row per neuron
        ``layer``, ``chi2`` (n_tags - 1 degrees of freedom), ``p``, ``q`` (Benjamini & Hochberg 1995 over all neurons),
        ``cramers_v``, ``tag`` (of the highest rate of use).
    """
    used, n_items = counts.by_tag()
    statistic = _chi2(used, n_items)
    p = chi2.sf(statistic, len(counts.tags) - 1)
    return pd.DataFrame(
        {
            "layer": counts.layer_of,
            "chi2": statistic,
            "p": p,
            "q": false_discovery_control(p),
            "cramers_v": np.sqrt(statistic / n_items.sum()),
            "tag": np.array(counts.tags)[(used / n_items).argmax(0)],
        }
    )


def _chi2(used: Floats, n_items: Floats) -> Floats:
    """Pearson's statistic of the tables used or not × tag, shape (..., n_neurons)."""
    rate = used.sum(-2, keepdims=True) / n_items.sum(-2, keepdims=True)
    variance = n_items * rate * (1 - rate)
    squares = (used - n_items * rate) ** 2
    return np.divide(squares, variance, out=np.zeros_like(squares), where=variance > 0).sum(-2)


@dataclass(frozen=True)
class Permutation:
    """What the choice of key neurons gives, beside what it gives when lexemes exchange their tags.

    Attributes
    ----------
    statistics : DataFrame
        A row for each ``statistic``, ``layer`` (``"all"`` or its number), ``tag`` and ``other`` (``"all"`` where it is
        over tags): ``observed``; ``mean``, ``low``, ``high`` of the null (2.5 and 97.5 %); ``p_more`` and ``p_less``
        (one-sided). *selectivity*: how much more often the tag's items use its key neurons than other tags' items do,
        mean over the neurons, in shares of items; *jaccard*: overlap of two tags' sets; *specific*, *shared* and
        *general*: number of key neurons of one tag, several, all.
    neurons : DataFrame, one row per neuron
        ``layer``, ``chi2``, ``p`` of it against the null, ``p_corrected`` (maximum statistic over neurons).
    n_draws : int
    """

    statistics: pd.DataFrame
    neurons: pd.DataFrame
    n_draws: int


def permutation(
    counts: Counts, share: float = KEY_SHARE, *, n_draws: int = 200, n_bins: int = 5, seed: int = 0
) -> Permutation:
    """Exchange the tags of lexemes of like frequency, and repeat the whole choice of key neurons each time.

    Parameters
    ----------
    counts : Counts
    share : float
        As in :func:`analysis.grammar.key_neurons.select`.
    n_draws : int
        The smallest p is 1 / (1 + n_draws).
    n_bins : int
        Quantiles of the lexemes' frequency within which tags are exchanged.
    seed : int
    """
    check_share(share)
    used, n_items = counts.by_tag()
    chosen = select(counts, share, seed)
    observed = _statistics(used / n_items, chosen, counts.layer_sizes)
    chi = _chi2(used, n_items)
    rng = np.random.default_rng([seed, 1])
    drawn, drawn_chi = [], []
    for codes in exchanged(counts, n_draws, n_bins, rng):
        used, n_items = counts.by_tag(codes)
        chosen = choose(used, counts.layer_sizes, share, rng)
        drawn.append(_statistics(used / n_items, chosen, counts.layer_sizes))
        drawn_chi.append(_chi2(used, n_items))
    null, null_chi = np.concatenate(drawn), np.concatenate(drawn_chi)
    low, high = np.quantile(null, [0.025, 0.975], axis=0)
    statistics = _labels(counts).assign(
        observed=observed,
        mean=null.mean(0),
        low=low,
        high=high,
        p_more=(1 + (null >= observed).sum(0)) / (1 + n_draws),
        p_less=(1 + (null <= observed).sum(0)) / (1 + n_draws),
    )
    neurons = pd.DataFrame({"layer": counts.layer_of, "chi2": chi})
    neurons["p"] = (1 + (null_chi >= chi).sum(0)) / (1 + n_draws)
    neurons["p_corrected"] = corrected_p(chi.astype(np.float64), null_chi.astype(np.float64))
    return Permutation(statistics, neurons, n_draws)


def exchanged(counts: Counts, n_draws: int, n_bins: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Yield tags of lexemes, exchanged within frequency bins, in blocks of shape (at most 25, n_lexemes)."""
    codes = counts.tag_codes
    frequency = counts.lexemes["frequency"].to_numpy()
    bins = np.searchsorted(np.quantile(frequency, np.arange(1, n_bins) / n_bins), frequency)
    place = np.argsort(bins, kind="stable")
    for start in range(0, n_draws, 25):
        keys = rng.random((min(25, n_draws - start), len(codes)))
        order = np.lexsort((keys, np.broadcast_to(bins, keys.shape)), axis=-1)
        exchanged = np.empty(keys.shape, np.int64)
        exchanged[:, place] = codes[order]
        yield exchanged


def _statistics(rate: Floats, chosen: Masks, layer_sizes: Sequence[int]) -> Floats:
    """All statistics of one choice, or of a block of them; shape (..., n_statistics), in the order of `_labels`."""
    starts = np.cumsum([0, *layer_sizes[:-1]])
    n_tags = rate.shape[-2]

    def over(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """Sum each layer, after the sum of all."""
        parts = np.add.reduceat(values.astype(np.float64), starts, axis=-1)
        return np.concatenate([parts.sum(-1, keepdims=True), parts], axis=-1)

    others = (rate.sum(-2, keepdims=True) - rate) / (n_tags - 1)
    selectivity = over((rate - others) * chosen) / np.maximum(over(chosen), 1)
    pairs = list(combinations(range(n_tags), 2))
    a, b = chosen[..., [i for i, _ in pairs], :], chosen[..., [j for _, j in pairs], :]
    jaccard = over(a & b) / np.maximum(over(a | b), 1)
    n = chosen.sum(-2)
    kind = np.stack([over(n == 1), over((n > 1) & (n < n_tags)), over(n == n_tags)], -2)
    blocks = [selectivity, selectivity.mean(-2, keepdims=True), jaccard, jaccard.mean(-2, keepdims=True), kind]
    joined = np.concatenate(blocks, axis=-2)
    return joined.reshape(*joined.shape[:-2], -1)


def _labels(counts: Counts) -> pd.DataFrame:
    tags = [*counts.tags, "all"]
    rows = [("selectivity", tag, "all") for tag in tags]
    rows += [("jaccard", *pair) for pair in [*combinations(counts.tags, 2), ("all", "all")]]
    rows += [(kind, "all", "all") for kind in KINDS]
    layers = ["all", *range(len(counts.layer_sizes))]
    named = [(statistic, layer, tag, other) for statistic, tag, other in rows for layer in layers]
    return pd.DataFrame(named, columns=["statistic", "layer", "tag", "other"])
