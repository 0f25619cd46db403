"""Parcels, groups of neurons few enough for lesions to tell them apart; and random lesions made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.utils.extmath import randomized_svd

from analysis.errors import InputError

Masks = npt.NDArray[np.bool_]

MOST = 60  # parcels: with 500 lesions of three parcels each, every one of 60 is silenced 25 times
_COMPONENTS = 20  # more brought no higher correlation within parcels in texts that they were not found from


def parcels(values: npt.NDArray[np.float32], layer_sizes: Sequence[int], n: int = MOST, *, seed: int = 0) -> Masks:
    """Group the neurons of each layer by how alike their time courses are.

    K-means on time courses, reduced to 20 components and brought to length 1, so that the distance is that of
    correlation and parcels come out about equally large. (Thirion et al. 2014 find Ward's clustering to fit brains
    better; in the teaching model it leaves most of a layer in one parcel, which no design of lesions can use.) Parcels
    are units to lesion by, and no claim that a layer falls into such groups.

    Parameters
    ----------
    values : ndarray of shape (n_tokens, n_neurons)
        Activity, layer-major; standardised within texts if differences in level between texts shall not count.
    layer_sizes : sequence of int
        Neurons in each layer.
    n : int
        How many in all, at most 60; as many in each layer, so it may come out lower.
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_parcels, n_neurons)
        Every neuron is in one parcel. Within a layer the largest parcel comes first.

    Raises
    ------
    InputError
        If there are more layers than parcels, or too many parcels for the neurons.
    """
    each = n // len(layer_sizes)
    if values.shape[1:] != (sum(layer_sizes),):
        raise InputError(
            f"The activity covers {values.shape[1:]} neurons, the layers {sum(layer_sizes)}. Use one site."
        )
    if not 1 <= each <= min(layer_sizes) or n > MOST:
        raise InputError(
            f"{n} parcels cannot be spread over {len(layer_sizes)} layers of {min(layer_sizes)} neurons or more. "
            f"Use {len(layer_sizes)} to {MOST}."
        )
    edges = np.cumsum([0, *layer_sizes])
    found = np.zeros((each * len(layer_sizes), values.shape[1]), bool)
    for layer, (start, stop) in enumerate(pairwise(edges)):
        labels = _clusters(values[:, start:stop], each, seed)
        found[layer * each + labels, np.arange(start, stop)] = True
    return found


def random_lesions(n_parcels: int, n_lesions: int = 500, *, expected: float = 3.0, seed: int = 0) -> Masks:
    """Draw lesions that silence random parcels, every parcel equally often and independently of the others.

    Strokes follow vessels, so that parcels are lesioned together and lesion size has to be controlled for; here nothing
    has to be.

    Parameters
    ----------
    n_parcels : int
    n_lesions : int
        At least 500 for 60 parcels; :func:`analysis.grammar_lesions.symptom_mapping.power` says what fewer can find.
    expected : float
        Mean number of parcels that a lesion silences. A few lesions may be empty: these are intact models.
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_lesions, n_parcels)

    Raises
    ------
    InputError
        If a parcel would be silenced, or spared, in fewer than five lesions.
    """
    each = round(n_lesions * expected / max(n_parcels, 1))
    if not 5 <= each <= n_lesions - 5:
        raise InputError(
            f"{n_lesions} lesions of {expected:g} out of {n_parcels} parcels silence each parcel {each} times. "
            "Use more lesions or fewer parcels, so that each is silenced and spared 5 times or more."
        )
    column = np.arange(n_lesions) < each
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(column) for _ in range(n_parcels)], axis=1)


def silenced(lesions: Masks, parcels: Masks) -> Masks:
    """Say which neurons each lesion silences.

    Parameters
    ----------
    lesions : ndarray of bool, shape (n_lesions, n_parcels)
    parcels : ndarray of bool, shape (n_parcels, n_neurons)
        Clusters or the masks of networks; these may overlap.

    Returns
    -------
    ndarray of bool, shape (n_lesions, n_neurons)
    """
    return np.asarray(lesions.astype(np.float32) @ parcels.astype(np.float32) > 0)


def _clusters(values: npt.NDArray[np.float32], k: int, seed: int) -> npt.NDArray[np.int64]:
    """Cluster of each neuron of a layer, shape (n_neurons,); 0 is the largest."""
    courses = _length_one((values - values.mean(0)).T)
    left, strengths, _ = randomized_svd(courses, min(_COMPONENTS, *courses.shape), n_iter=4, random_state=seed)
    labels = KMeans(k, n_init=10, random_state=seed).fit_predict(_length_one(left * strengths))
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    return np.asarray(np.argsort(order)[labels])


def _length_one(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
