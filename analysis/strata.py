"""How finely random sets can be matched to given ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt


def strata_for(masks: npt.NDArray[np.bool_], layer_sizes: Sequence[int], most: int = 10) -> int:
    """Say in how many strata of each layer sets can be matched without a stratum running out.

    Where a stratum holds little more than a set takes from it, a random set is the set itself. So every stratum has to
    hold twice as many neurons as any set has in the layer, even if all of them are in one stratum.

    Parameters
    ----------
    masks : ndarray of bool, shape (n_neurons,) or (k, n_neurons)
    layer_sizes : sequence of int
    most : int

    Returns
    -------
    int
        From 1 to ``most``.
    """
    edges = np.cumsum([0, *layer_sizes])
    taken = [int(masks[..., start:stop].sum(-1).max()) for start, stop in pairwise(edges)]
    fits = [size // (2 * n) for size, n in zip(layer_sizes, taken, strict=True) if n]
    return max(1, min([most, *fits]))
