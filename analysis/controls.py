"""Matched random sets: what any neurons of that kind would have done."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.errors import InputError

Masks = npt.NDArray[np.bool_]


def same_size_per_layer(mask: npt.NDArray[np.bool_], layer_sizes: Sequence[int], n_draws: int, seed: int = 0) -> Masks:
    """Draw random sets with as many neurons in each layer as a given set has.

    Parameters
    ----------
    mask : ndarray of bool, shape (n_neurons,)
        The set to be matched. Its own neurons may be drawn as well.
    layer_sizes : sequence of int
        Neurons in each layer.
    n_draws : int
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_draws, n_neurons)
    """
    if mask.shape != (sum(layer_sizes),):
        raise InputError(f"The set covers {mask.shape} neurons, the layers {sum(layer_sizes)}. Use one site.")
    rng = np.random.default_rng(seed)
    drawn = np.zeros((n_draws, len(mask)), bool)
    start = 0
    for size in layer_sizes:
        wanted = int(mask[start : start + size].sum())
        for row in drawn:
            row[start + rng.choice(size, wanted, replace=False)] = True
        start += size
    return drawn
