"""Matched random sets: what any neurons of that kind would have done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.errors import InputError

Masks = npt.NDArray[np.bool_]
PerNeuron = npt.NDArray[np.floating[Any]]
Strata = npt.NDArray[np.int64]
_AT_ONCE = 64  # draws; it bounds memory, and being fixed it lets the first draws of a seed stay when more are asked for


def same_size(masks: Masks, n_draws: int, seed: int = 0) -> Masks:
    """Draw random sets with as many neurons as given ones, anywhere in the model: the loosest control.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_neurons,) or (k, n_neurons)
        The set or sets to be matched; their own neurons may be drawn as well.
    n_draws : int
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_draws, n_neurons) or (n_draws, k, n_neurons)
        Sets that share a draw overlap as the given ones do: a draw moves all of them in one and the same way, so that
        the largest effect over the family can be compared with the largest of each draw.
    """
    return _drawn(masks, np.zeros(masks.shape[-1], np.int64), n_draws, seed)


def same_size_per_layer(masks: Masks, layer_sizes: Sequence[int], n_draws: int, seed: int = 0) -> Masks:
    """Draw random sets with as many neurons in each layer as given ones have.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_neurons,) or (k, n_neurons)
        The set or sets to be matched; their own neurons may be drawn as well.
    layer_sizes : sequence of int
        Neurons in each layer.
    n_draws : int
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_draws, n_neurons) or (n_draws, k, n_neurons)
        As in :func:`same_size`.
    """
    return _drawn(masks, _layers(masks, layer_sizes), n_draws, seed)


def same_contribution(
    masks: Masks,
    layer_sizes: Sequence[int],
    contribution: PerNeuron,
    n_draws: int,
    seed: int = 0,
    *,
    n_strata: int = 10,
) -> Masks:
    """Draw random sets with as many neurons in each layer and each stratum of contribution: the primary control.

    A set of strong neurons does more than a set of weak ones, whatever else it is. So the neurons of a layer are
    ranked by how much they move what the layer adds, cut into equal strata, and drawn from the same strata.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_neurons,) or (k, n_neurons)
        The set or sets to be matched; their own neurons may be drawn as well.
    layer_sizes : sequence of int
        Neurons in each layer.
    contribution : ndarray of shape (n_neurons,)
        From :func:`analysis.contribution.contribution`.
    n_draws : int
    seed : int
    n_strata : int
        Strata of each layer, deciles by default.

    Returns
    -------
    ndarray of bool, shape (n_draws, n_neurons) or (n_draws, k, n_neurons)
        As in :func:`same_size`.

    Raises
    ------
    InputError
        If a stratum runs out: a set holds all its neurons, so that nothing is left to be drawn.
    """
    layers = _layers(masks, layer_sizes)
    strata = layers * n_strata + _ranked(layers, contribution, n_strata)
    for stratum in np.unique(strata):
        members = strata == stratum
        if masks[..., members].all(-1).any():
            raise InputError(
                f"A set holds all {members.sum()} neurons of stratum {stratum % n_strata + 1} of {n_strata} in layer "
                f"{stratum // n_strata + 1}, so nothing can be drawn there. Use fewer strata, or a smaller set."
            )
    return _drawn(masks, strata, n_draws, seed)


def top_variance(masks: Masks, layer_sizes: Sequence[int], variance: PerNeuron) -> Masks:
    """Take as many neurons in each layer as given sets have, those of largest variance: a rival without chance.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_neurons,) or (k, n_neurons)
    layer_sizes : sequence of int
        Neurons in each layer.
    variance : ndarray of shape (n_neurons,)
        Of each neuron's activity over tokens.

    Returns
    -------
    ndarray of bool, of the shape of ``masks``
    """
    layers = _layers(masks, layer_sizes)
    _check_neurons(variance, layers)
    taken = np.zeros_like(masks)
    for layer in range(len(layer_sizes)):
        members = np.flatnonzero(layers == layer)
        place = np.empty(len(members), np.int64)
        place[np.argsort(-variance[members], kind="stable")] = np.arange(len(members))
        taken[..., members] = place < masks[..., members].sum(-1, keepdims=True)
    return taken


def _layers(masks: Masks, layer_sizes: Sequence[int]) -> Strata:
    """Return the layer of each neuron."""
    if masks.shape[-1] != sum(layer_sizes):
        raise InputError(f"The set covers {masks.shape[-1:]} neurons, the layers {sum(layer_sizes)}. Use one site.")
    return np.repeat(np.arange(len(layer_sizes)), layer_sizes)


def _check_neurons(values: PerNeuron, layers: Strata) -> None:
    if values.shape != layers.shape or not np.isfinite(values).all():
        raise InputError(
            f"A set of {len(layers)} neurons needs as many finite values, not {values.shape}. Use one site."
        )


def _ranked(layers: Strata, contribution: PerNeuron, n_strata: int) -> Strata:
    """Cut each layer into strata of contribution, weakest first, as equal in number as can be."""
    _check_neurons(contribution, layers)
    stratum = np.empty(len(layers), np.int64)
    for layer in np.unique(layers):
        members = np.flatnonzero(layers == layer)
        order = members[np.argsort(contribution[members], kind="stable")]
        stratum[order] = np.arange(len(members)) * n_strata // len(members)
    return stratum


def _drawn(masks: Masks, strata: Strata, n_draws: int, seed: int) -> Masks:
    """Shuffle the neurons of each stratum, in each draw in one way for all sets."""
    rng = np.random.default_rng(seed)
    strata_used = [
        np.flatnonzero(strata == stratum) for stratum in np.unique(strata[masks.reshape(-1, len(strata)).any(0)])
    ]
    drawn = np.empty((n_draws, *masks.shape), bool)
    for start in range(0, n_draws, _AT_ONCE):
        part = drawn[start : start + _AT_ONCE]
        source = np.tile(np.arange(len(strata)), (_AT_ONCE, 1))
        for members in strata_used:
            source[:, members] = rng.permuted(source[:, members], axis=1)
        part[...] = np.moveaxis(masks[..., source[: len(part)]], -2, 0)
    return drawn
