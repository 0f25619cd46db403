"""Tags from the activity of key neurons: which layer, how many, and what a given number of others would have told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import InputError
from analysis.grammar.key_neurons import Counts
from analysis.grammar.word_sets import PARTS
from analysis.probing.classifiers import Classifier, Features, Folds, Labels, Rows, classify

Masks: TypeAlias = npt.NDArray[np.bool_]

ALL_LAYERS = 0
"""What stands for all layers together where layers are counted from 1, as in
:func:`analysis.probing.scores.by_layer_and_size`."""


def fold_of(items: pd.DataFrame, tested: str) -> list[tuple[Rows, Rows]]:
    """Train on the words of the parts before, test on those of one part.

    Parameters
    ----------
    items : DataFrame
        ``part`` of each word, as in :class:`analysis.grammar.word_sets.WordSets`.
    tested : {"tune", "test"}

    Returns
    -------
    list of one (train, test)
    """
    if tested not in PARTS[1:]:
        raise InputError(f"Nothing stands before '{tested}'. Test on one of: {', '.join(PARTS[1:])}.")
    part = items["part"].to_numpy(str)
    earlier = np.isin(part, PARTS[: PARTS.index(tested)])
    return [(np.flatnonzero(earlier), np.flatnonzero(part == tested))]


def best_first(counts: Counts, seed: int = 0) -> Rows:
    """Rank neurons within their layers by how often items of some tag used them.

    A neuron's place is the best that it has with any tag: so the neurons of places below k are those that are among
    the k most often used of one tag or more.

    Parameters
    ----------
    counts : Counts
    seed : int
        Ties are broken by lot, for each tag anew.

    Returns
    -------
    ndarray of int, shape (n_neurons,)
        0 is best.
    """
    used = counts.by_tag()[0]
    lot = np.random.default_rng(seed).random(used.shape)
    place = np.empty(used.shape, np.int64)
    for layer in range(len(counts.layer_sizes)):
        members = np.flatnonzero(counts.layer_of == layer)
        order = np.lexsort((lot[:, members], -used[:, members]), axis=-1)
        np.put_along_axis(place, members[order], np.arange(len(members)), axis=-1)
    return np.asarray(place.min(0))


def highest_instead(
    mask: npt.NDArray[np.bool_], score: npt.NDArray[np.number], layer_of: Rows
) -> npt.NDArray[np.bool_]:
    """Take as many neurons in each layer as a set has, those of the highest score.

    Parameters
    ----------
    mask : ndarray of bool, shape (n_neurons,)
    score : ndarray of shape (n_neurons,)
        A place (the last ones are taken) or another way to rank neurons; NaN comes last.
    layer_of : ndarray of int, shape (n_neurons,)
    """
    falling = np.nan_to_num(-score.astype(np.float64), nan=np.inf)
    taken = np.zeros_like(mask)
    for layer in np.unique(layer_of):
        members = np.flatnonzero(layer_of == layer)
        order = members[np.argsort(falling[members], kind="stable")]
        taken[order[: int(mask[members].sum())]] = True
    return taken


def sizes_for(shares: Sequence[float], layer_sizes: Sequence[int]) -> list[int]:
    """Numbers of neurons a tag and layer for shares of a layer, at least one, none twice."""
    return sorted({max(1, round(share * min(layer_sizes))) for share in shares})


def chosen_cell(table: pd.DataFrame) -> tuple[int, int]:
    """Layer and number of the most accurate cell of a table by layer and size; of equals the one with fewest neurons.

    Parameters
    ----------
    table : DataFrame
        From :func:`analysis.probing.scores.by_layer_and_size`, on words of tune.

    Returns
    -------
    layer : int
        Counted from 1, :data:`ALL_LAYERS` for all together.
    k : int
    """
    single = table["layer"] != ALL_LAYERS
    order = table.assign(single=single).sort_values(
        ["estimate", "k", "single", "layer"], ascending=[False, True, False, True]
    )
    return int(order["layer"].iloc[0]), int(order["k"].iloc[0])


def key_mask(rank: Rows, layer_of: Rows, layer: int, k: int) -> npt.NDArray[np.bool_]:
    """Mark the neurons of a cell: places below k, in one layer (from 1) or in all (:data:`ALL_LAYERS`)."""
    return np.asarray((rank < k) & ((layer_of == layer - 1) | (layer == ALL_LAYERS)))


def classify_sets(
    features: Features, masks: Masks, tags: Labels, folds: Folds, classifier: Classifier = "logistic"
) -> Labels:
    """Predict tags from each of several sets of neurons.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_neurons)
    masks : ndarray of bool, shape (n_sets, n_neurons)
    tags, folds, classifier
        As in :func:`analysis.probing.classifiers.classify`.

    Returns
    -------
    ndarray of str, shape (n_sets, n_items)
    """
    return np.stack([classify(features[:, mask], tags, folds, classifier) for mask in masks])
