"""Do networks repeat? Halves and resamples of the texts, against activity without co-activation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity
from analysis.decomposition import spatial_ica
from analysis.errors import InputError
from analysis.group import Reduced, group_ica
from analysis.networks import Networks, correlation, match
from analysis.parallel import spread
from analysis.principal import centred_over_neurons, energy, strongest_rows

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
    """Split into two random halves by document (a text of no named document is one); in a domain as evenly as can be.

    Neighbouring passages of one document share names and topic, which would make the halves more alike than texts are.
    """
    units = document_of(activity)
    domain = activity.tokens["domain"].groupby(units).first()
    if len(domain) < 2:
        raise InputError("One text cannot be split in halves, nor can texts of one document. Read two or more.")
    order = np.random.default_rng(seed).permutation(len(domain))
    by_domain = domain.iloc[order].sort_values(kind="stable").index  # random within each domain
    first = np.isin(units, by_domain[::2])
    return activity.where(first), activity.where(~first)


def document_of(activity: Activity) -> npt.NDArray[np.int64]:
    """Return the number of the document of each token; a text of no named document is one by itself."""
    text = activity.tokens["text"].astype(str)
    if "document" not in activity.tokens:
        return np.asarray(pd.factorize(text)[0])
    named = activity.tokens["domain"] + "/" + activity.tokens["document"]
    return np.asarray(pd.factorize(named.where(activity.tokens["document"] != "", text))[0])


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
    first, second = decompose_halves(activity, decompose, seed)
    _, similarity = match(correlation(first.maps, second.maps))
    return np.sort(similarity)[::-1]


def split_half_null(
    activity: Activity, decompose: Decompose, n_draws: int = 20, seed: int = 0, n_jobs: int = 1
) -> npt.NDArray[np.float64]:
    """Split-half similarity of signal-free activity: the largest of the k values in each draw, shape (n_draws,).

    The largest, so that "some network exceeds it" keeps its error rate over all networks of a decomposition.
    """
    draws = [[one] for one in seeds(seed, n_draws)]
    return np.array(spread(_empty_half, draws, shared=(activity, decompose), n_jobs=n_jobs))


def _empty_half(activity: Activity, decompose: Decompose, seed: int) -> float:
    return float(split_half(shifted(activity, seed), decompose, seed).max())


def recurrence(
    activity: Activity, k: int, *, n_draws: int = 20, n_restarts: int = 3, seed: int = 0, n_jobs: int = 1
) -> pd.DataFrame:
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
    n_jobs : int
        Draws that are decomposed side by side. It changes no number.

    Returns
    -------
    DataFrame of k rows
        As :func:`verdict` makes it, most similar network first.
    """
    check_draws(n_draws)
    decompose = partial(spatial_ica, k=k, n_restarts=n_restarts, seed=seed)
    observed = split_half(activity, decompose, seed)
    return verdict(observed, split_half_null(activity, decompose, n_draws, seed, n_jobs))


def verdict(observed: npt.NDArray[np.float64], null: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Hold the similarity of each network against the largest of each signal-free draw.

    Parameters
    ----------
    observed : ndarray of shape (k,)
        Absolute correlation between the halves.
    null : ndarray of shape (n_draws,)
        The largest such value of each draw of signal-free activity, at least 20 of them.

    Returns
    -------
    DataFrame of k rows
        ``similarity`` (as observed), ``bar`` (what signal-free activity has to stay below: it exceeds this in less
        than 5 % of draws), ``p`` (corrected over the networks; the smallest attainable value is 1 / (1 + n_draws)),
        ``repeats`` (p < .05).
    """
    n_draws = len(null)
    check_draws(n_draws)
    p = (1 + (null[None, :] >= observed[:, None]).sum(1)) / (1 + n_draws)
    tolerated = -(-(1 + n_draws) // 20) - 2  # as many draws may be as large while p stays below .05
    return pd.DataFrame(
        {"similarity": observed, "bar": np.sort(null)[::-1][tolerated], "p": p, "repeats": p < 0.05},
        index=pd.RangeIndex(1, len(observed) + 1, name="rank"),
    )


def trace(networks: Networks, first: Networks, second: Networks) -> pd.DataFrame:
    """Follow each network of all texts into two halves that were decomposed on their own.

    Parameters
    ----------
    networks, first, second : Networks
        Of all texts, and of each half.

    Returns
    -------
    DataFrame of k rows, one per network
        ``first`` and ``second`` (its counterparts, counted from 0), ``similarity`` of these two to each other. The k
        values are those of :func:`split_half`, in the order of ``networks``.
    """
    mine, _ = match(correlation(networks.maps, first.maps))
    partner, similarity = match(correlation(first.maps, second.maps))
    return pd.DataFrame(
        {"first": mine, "second": partner[mine], "similarity": similarity[mine]},
        index=pd.RangeIndex(1, networks.k + 1, name="network"),
    )


def model_order(
    activity: Activity, ks: Sequence[int], *, n_draws: int = 20, seed: int = 0, max_iter: int = 200, n_jobs: int = 1
) -> pd.DataFrame:
    """Split-half recurrence for several numbers of networks, each with a null of its own.

    Each half is reduced once, to as many rows as the largest k needs, and decomposed from there for each k.

    Parameters
    ----------
    activity : Activity
        Standardised within texts.
    ks : sequence of int
    n_draws, seed, n_jobs
        As in :func:`recurrence`.
    max_iter : int
        When FastICA gives up; signal-free activity seldom converges.

    Returns
    -------
    DataFrame, one row per k
        ``repeat`` (how many networks do), ``mean`` and ``least`` (similarity over the k pairs), ``bar``.
    """
    check_draws(n_draws)
    observed = _orders(activity, ks, seed, max_iter)
    draws = [[ks, one, max_iter] for one in seeds(seed, n_draws)]
    null = spread(_empty_orders, draws, shared=[activity], n_jobs=n_jobs)
    rows = []
    for place, similarity in enumerate(observed):
        table = verdict(similarity, np.array([draw[place] for draw in null]))
        means = {"repeat": int(table["repeats"].sum()), "mean": similarity.mean(), "least": similarity.min()}
        rows.append(means | {"bar": table["bar"].iloc[0]})
    return pd.DataFrame(rows, index=pd.Index(ks, name="k"))


def _orders(activity: Activity, ks: Sequence[int], seed: int, max_iter: int) -> list[npt.NDArray[np.float64]]:
    first, second = (_reduced(half, max(ks), seed) for half in halves(activity, seed))
    return [_similarity(first, second, k, seed, max_iter) for k in ks]


def _reduced(half: Activity, m: int, seed: int) -> Reduced:
    centred = centred_over_neurons(half.values)
    rows = strongest_rows(centred, m, np.random.RandomState(seed))
    return Reduced(rows, len(centred), energy(centred), half.layer_sizes, half.site, half.model)


def _similarity(first: Reduced, second: Reduced, k: int, seed: int, max_iter: int) -> npt.NDArray[np.float64]:
    maps = [group_ica(half, k, n_restarts=1, seed=seed, max_iter=max_iter).maps for half in (first, second)]
    return match(correlation(*maps))[1]


def _empty_orders(activity: Activity, ks: Sequence[int], seed: int, max_iter: int) -> list[float]:
    return [float(values.max()) for values in _orders(shifted(activity, seed), ks, seed, max_iter)]


def consistent(networks: Sequence[Networks], n: int) -> pd.DataFrame:
    """Choose the networks of the first data set that are most alike in all others.

    Parameters
    ----------
    networks : sequence of Networks
        Of each data set.
    n : int
        How many to choose.

    Returns
    -------
    DataFrame of n rows
        One column per data set with the place of the network there, counted from 0; ``similarity``: mean absolute
        correlation with the partners. Chosen because they are the largest, so new texts will give less.
    """
    pairs = [match(correlation(networks[0].maps, other.maps)) for other in networks[1:]]
    table = pd.DataFrame({place + 1: partner for place, (partner, _) in enumerate(pairs)})
    table.insert(0, 0, np.arange(networks[0].k))
    table["similarity"] = np.mean([similarity for _, similarity in pairs], axis=0)
    return table.nlargest(n, "similarity").reset_index(drop=True)


def decompose_halves(activity: Activity, decompose: Decompose, seed: int = 0) -> tuple[Networks, Networks]:
    """Decompose two halves of the texts separately."""
    first, second = halves(activity, seed)
    return decompose(first), decompose(second)


def seeds(seed: int, n_draws: int) -> list[int]:
    """Derive one seed for each draw."""
    return [int(state) for state in np.random.SeedSequence(seed).generate_state(n_draws)]


def check_draws(n_draws: int) -> None:
    """Raise `InputError` if so few draws can show nothing at .05."""
    if n_draws < 20:
        raise InputError(f"n_draws={n_draws} cannot give a p below .05. Use 20 or more.")
