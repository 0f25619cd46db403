"""Resample the texts, decompose each resample, and cluster the components of all (ICASSO)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from analysis.activity import Activity
from analysis.errors import InputError
from analysis.networks import Maps, Networks, correlation, match
from analysis.parallel import spread
from analysis.recurrence.stability import Decompose, seeds


def resampled(activity: Activity, seed: int) -> Activity:
    """Draw as many texts as there are, with replacement within each domain; each copy counts as a text of its own."""
    rng = np.random.default_rng(seed)
    rows_of = activity.tokens.groupby("text").indices
    domain_of = activity.tokens.groupby("text")["domain"].first()
    drawn = [t for _, texts in domain_of.groupby(domain_of).groups.items() for t in rng.choice(texts, len(texts))]
    rows = np.concatenate([rows_of[text] for text in drawn])
    tokens = activity.tokens.iloc[rows].reset_index(drop=True)
    tokens["text"] = np.repeat(np.arange(len(drawn)), [len(rows_of[text]) for text in drawn])
    return Activity(activity.values[rows], tokens, activity.layer_sizes, activity.site, activity.model)


def bootstrap(
    activity: Activity, decompose: Decompose, n_draws: int = 20, seed: int = 0, n_jobs: int = 1
) -> list[Networks]:
    """Decompose resamples of the texts (Efron 1979), each from its own random start where ``decompose`` has one."""
    draws = [[one] for one in seeds(seed, n_draws)]
    return spread(_resample, draws, shared=(activity, decompose), n_jobs=n_jobs)


def _resample(activity: Activity, decompose: Decompose, seed: int) -> Networks:
    return decompose(resampled(activity, seed))


def found_again(maps: Maps, runs: Iterable[Networks]) -> npt.NDArray[np.float64]:
    """Absolute correlation of each map with its partner in each run, shape (n_runs, k).

    A resample shares about 63 % of its texts with what it was drawn from, so signal-free activity gives much more than
    0 here: compare with the same on :func:`shifted` activity.
    """
    return np.array([match(correlation(maps, run.maps))[1] for run in runs])


@dataclass(frozen=True)
class Clusters:
    """Clusters of components, highest score first.

    Attributes
    ----------
    centrotypes : ndarray of shape (n_clusters, n_neurons), float32
        The member of each cluster that is most like the others.
    index : ndarray of shape (n_clusters,)
        Stability: mean absolute correlation within the cluster minus that with all other components; at most 1.
    runs : ndarray of shape (n_clusters,)
        Share of the runs that have a component in the cluster.
    score : ndarray of shape (n_clusters,)
        Index times runs. The index alone is highest for a cluster of a single component; this product is ours.
    labels : ndarray of int, shape (n_runs * k,)
        Cluster of each component, run after run.
    similarity : ndarray of shape (n_runs * k, n_runs * k)
        Absolute correlations.
    """

    centrotypes: Maps
    index: npt.NDArray[np.float64]
    runs: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]


def cluster(runs: Sequence[Maps], *, least: float = 0.5) -> Clusters:
    """Cluster the maps of several runs by average linkage on one minus their absolute correlation.

    Himberg et al. (2004), "Validating the independent components of neuroimaging time series via clustering and
    visualization". They cut the tree into as many clusters as a run has components; where some of these are noise,
    that cut joins them to others by force. Here the tree is cut by similarity, and noise stays in small clusters.
    The index only means something against that of signal-free activity: clusters are tighter within than without in
    any data, since that is how they are made.

    Parameters
    ----------
    runs : sequence of ndarray of shape (k, n_neurons)
        Maps of each run, for example of resampled texts; two or more.
    least : float
        Clusters are joined while their mean absolute correlation is at least this, between 0 and 1.

    Returns
    -------
    Clusters
    """
    if len(runs) < 2 or not 0 < least < 1:
        raise InputError(f"{len(runs)} runs cannot be clustered at least={least}. Use 2 runs or more, 0 < least < 1.")
    maps = np.concatenate(runs)
    run_of = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    similarity = np.clip(np.abs(correlation(maps, maps)), 0, 1)
    tree = linkage(squareform(1 - similarity, checks=False), method="average")
    raw = fcluster(tree, 1 - least, criterion="distance")
    members = [np.flatnonzero(raw == label) for label in np.unique(raw)]
    index = np.array([_tightness(similarity, inside) for inside in members])
    share = np.array([len(np.unique(run_of[inside])) / len(runs) for inside in members])
    order = np.argsort(-index * share, kind="stable")
    labels = np.empty(len(maps), np.int64)
    for number, place in enumerate(order):
        labels[members[place]] = number
    centres = [inside[similarity[np.ix_(inside, inside)].sum(1).argmax()] for inside in members]
    centrotypes = maps[np.array(centres)[order]]
    return Clusters(centrotypes, index[order], share[order], (index * share)[order], labels, similarity)


def _tightness(similarity: npt.NDArray[np.float64], inside: npt.NDArray[np.int64]) -> float:
    outside = np.setdiff1d(np.arange(len(similarity)), inside)
    within = similarity[np.ix_(inside, inside)].mean()
    return float(within - (similarity[np.ix_(inside, outside)].mean() if outside.size else 0))
