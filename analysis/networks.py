"""Functional networks as values: maps over neurons, masks, overlap, matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from analysis.errors import InputError

Maps = npt.NDArray[np.float32]
Masks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Networks:
    """The networks of one decomposition.

    Attributes
    ----------
    maps : ndarray of shape (k, n_neurons), float32
        One map a row, in units of its own standard deviation over neurons (z), the heavier tail positive.
    time_courses : ndarray of shape (n_tokens, k), float32
        How strongly each network is expressed at each token, in standard deviations.
    share : ndarray of shape (k,)
        Share of the activity's variance that each network explains.
    layer_sizes : tuple of int
        Number of neurons in each layer; the maps are layer-major.
    site, model : str
        Where the activity came from.
    restart_agreement : ndarray of shape (k,)
        Mean absolute correlation with the matched map of the other restarts; NaN for a single start. It says that
        the optimum is the same each time, not that the network is in the data.
    converged : bool
        Whether the iteration of the kept restart met its tolerance.
    """

    maps: Maps
    time_courses: npt.NDArray[np.float32]
    share: npt.NDArray[np.float64]
    layer_sizes: tuple[int, ...]
    site: str
    model: str
    restart_agreement: npt.NDArray[np.float64]
    converged: bool

    @property
    def k(self) -> int:
        """Number of networks."""
        return len(self.maps)


def threshold(maps: Maps, at: float = 1.96, *, two_sided: bool = True) -> Masks:
    """Mark the neurons that belong to each network.

    Parameters
    ----------
    maps : ndarray of shape (k, n_neurons)
        In z units.
    at : float
        The first paper's 1.96 and 3.6 are usual. On a normal distribution ±1.96 marks 5 % of any map, whether or
        not there is a network.
    two_sided : bool
        Mark strongly negative neurons as well; the sign of an independent component is arbitrary.

    Returns
    -------
    ndarray of bool, shape (k, n_neurons)
    """
    return (np.abs(maps) if two_sided else maps) > at


def overlap(a: Masks, b: Masks) -> npt.NDArray[np.float64]:
    """Intersection over union of every mask of ``a`` with every mask of ``b``; 0 where both are empty.

    Parameters
    ----------
    a, b : ndarray of bool, shapes (k_a, n_neurons) and (k_b, n_neurons)

    Returns
    -------
    ndarray of shape (k_a, k_b)
    """
    left, right = a.astype(np.float64), b.astype(np.float64)
    both = left @ right.T
    either = left.sum(1)[:, None] + right.sum(1)[None, :] - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def correlation(a: Maps, b: Maps) -> npt.NDArray[np.float64]:
    """Pearson correlation over neurons of every map of ``a`` with every map of ``b``, shape (k_a, k_b)."""
    return np.asarray(_unit(a) @ _unit(b).T)


def _unit(maps: Maps) -> npt.NDArray[np.float64]:
    centred = maps.astype(np.float64) - maps.mean(1, keepdims=True, dtype=np.float64)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)


def match(
    similarity: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Pair the networks of two decompositions one to one, so that the sum of absolute similarity is largest.

    The order and the sign of independent components are arbitrary, hence matching before any comparison
    (Hungarian algorithm; Kuhn 1955).

    Parameters
    ----------
    similarity : ndarray of shape (k_a, k_b)
        Correlation or overlap.

    Returns
    -------
    partner : ndarray of int, shape (k_a,)
        Index into the second set, -1 where it has fewer networks.
    value : ndarray of shape (k_a,)
        Absolute similarity to the partner, 0 where there is none.
    """
    rows, columns = linear_sum_assignment(-np.abs(similarity))
    partner = np.full(len(similarity), -1)
    partner[rows] = columns
    value = np.zeros(len(similarity))
    value[rows] = np.abs(similarity[rows, columns])
    return partner, value


def agreement(reference: Maps, others: Mapping[str, Maps]) -> pd.DataFrame:
    """Say how far other maps of the same neurons agree with reference maps, each matched one to one.

    Parameters
    ----------
    reference : ndarray of shape (k, n_neurons)
    others : mapping of str to ndarray of shape (k, n_neurons)

    Returns
    -------
    DataFrame, a row for each of the others
        ``mean |r|``, ``lowest |r|`` over the reference maps, and ``below .9``: how many stay below that.
    """
    rows = {}
    for name, maps in others.items():
        value = match(correlation(reference, maps))[1]
        rows[name] = {"mean |r|": value.mean(), "lowest |r|": value.min(), "below .9": int((value < 0.9).sum())}
    return pd.DataFrame.from_dict(rows, orient="index").astype({"below .9": int})


def neurons_per_layer(masks: Masks, layer_sizes: Sequence[int]) -> pd.DataFrame:
    """Count the marked neurons of each network in each layer: rows are networks, columns layers."""
    if masks.shape[1] != sum(layer_sizes):
        raise InputError(f"The masks cover {masks.shape[1]} neurons, the layers {sum(layer_sizes)}. Use one site.")
    edges = np.cumsum([0, *layer_sizes])[:-1]
    counts = np.add.reduceat(masks.astype(np.int64), edges, axis=1)
    return pd.DataFrame(
        counts,
        index=pd.RangeIndex(1, len(masks) + 1, name="network"),
        columns=pd.RangeIndex(1, len(layer_sizes) + 1, name="layer"),
    )


def share_per_layer(masks: Masks, layer_sizes: Sequence[int]) -> pd.Series:
    """Share of all marked neurons that lies in each layer; 0 everywhere if none is marked."""
    counts = neurons_per_layer(masks, layer_sizes).sum()
    return counts / max(1, counts.sum())


def as_picture(row: npt.NDArray[np.float32], layer_sizes: Sequence[int]) -> npt.NDArray[np.float32]:
    """Lay a map out as layers × neurons, first layer in the first row; narrower layers end in NaN."""
    picture = np.full((len(layer_sizes), max(layer_sizes)), np.nan, np.float32)
    start = 0
    for layer, size in enumerate(layer_sizes):
        picture[layer, :size] = row[start : start + size]
        start += size
    return picture
