"""Do networks repeat? Split halves of the texts, against activity without co-activation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity
from analysis.decomposition import spatial_ica
from analysis.errors import InputError
from analysis.networks import Networks, correlation, match

Decompose = Callable[[Activity], Networks]


def shifted(activity: Activity, seed: int) -> Activity:
    """Return activity without co-activation: each neuron's time course is shifted by its own offset in each text.

    The shift is circular, so each neuron keeps its values and its autocorrelation within the text and loses only
    its alignment with the others. (One permutation of the tokens shared by all neurons would change nothing that a
    spatial decomposition can see.)

    Parameters
    ----------
    activity : Activity
        Standardised within texts; otherwise differences in level between texts remain as a common signal.
    seed : int

    Returns
    -------
    Activity
    """
    rng = np.random.default_rng(seed)
    values = np.empty_like(activity.values)
    n_neurons = values.shape[1]
    for rows in activity.tokens.groupby("text").indices.values():
        offsets = rng.integers(0, len(rows), n_neurons)
        source = (np.arange(len(rows))[:, None] + offsets) % len(rows)
        values[rows] = np.take_along_axis(activity.values[rows], source, axis=0)
    return Activity(values, activity.tokens, activity.layer_sizes, activity.site, activity.model)


def halves(activity: Activity, seed: int) -> tuple[Activity, Activity]:
    """Split into two random halves by text; within a domain as evenly as can be."""
    per_text = activity.tokens.groupby("text")["domain"].first()
    if len(per_text) < 2:
        raise InputError("One text cannot be split in halves. Read at least two.")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(per_text))
    by_domain = per_text.iloc[order].sort_values(kind="stable").index  # random within each domain
    first = activity.tokens["text"].isin(by_domain[::2]).to_numpy()
    return activity.where(first), activity.where(~first)


def split_half(activity: Activity, decompose: Decompose, seed: int = 0) -> npt.NDArray[np.float64]:
    """Decompose two halves of the texts separately and match their networks.

    Parameters
    ----------
    activity : Activity
        Standardised within texts.
    decompose : callable
        From activity to networks, with everything else fixed; the same for both halves.
    seed : int
        Of the split.

    Returns
    -------
    ndarray of shape (k,)
        Absolute correlation of each network of the first half with its partner in the second, largest first.
    """
    first, second = halves(activity, seed)
    _, similarity = match(correlation(decompose(first).maps, decompose(second).maps))
    return np.sort(similarity)[::-1]


def split_half_null(
    activity: Activity, decompose: Decompose, n_draws: int = 20, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Split-half similarity of signal-free activity: the largest of the k values in each draw, shape (n_draws,).

    The largest, so that "some network exceeds it" keeps its error rate over all networks of a decomposition.
    """
    seeds = np.random.SeedSequence(seed).generate_state(n_draws)
    return np.array([split_half(shifted(activity, int(s)), decompose, int(s)).max() for s in seeds])


def recurrence(activity: Activity, k: int, *, n_draws: int = 20, n_restarts: int = 3, seed: int = 0) -> pd.DataFrame:
    """Say for each network of a split half whether it repeats beyond signal-free activity.

    Parameters
    ----------
    activity : Activity
        Standardised within texts.
    k : int
        Number of networks.
    n_draws : int
        Draws of signal-free activity, at least 20: with fewer no p can be below .05.
    n_restarts : int
        Restarts of each decomposition.
    seed : int
        Of split, decompositions and draws.

    Returns
    -------
    DataFrame of k rows
        ``similarity`` (absolute correlation between the halves), ``bar`` (what signal-free activity has to stay
        below: it exceeds this in less than 5 % of draws), ``p`` (corrected over the networks; the smallest
        attainable value is 1 / (1 + n_draws)), ``repeats`` (p < .05).
    """
    if n_draws < 20:
        raise InputError(f"n_draws={n_draws} cannot give a p below .05. Use 20 or more.")

    def decompose(part: Activity) -> Networks:
        return spatial_ica(part, k, n_restarts=n_restarts, seed=seed)

    observed = split_half(activity, decompose, seed)
    null = np.sort(split_half_null(activity, decompose, n_draws, seed))[::-1]
    p = (1 + (null[None, :] >= observed[:, None]).sum(1)) / (1 + n_draws)
    tolerated = -(-(1 + n_draws) // 20) - 2  # as many draws may be as large while p stays below .05
    return pd.DataFrame(
        {"similarity": observed, "bar": null[tolerated], "p": p, "repeats": p < 0.05},
        index=pd.RangeIndex(1, k + 1, name="rank"),
    )
