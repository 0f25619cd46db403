"""How much of an attribution falls on sets of neurons, beside matched sets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.claims import Effect
from analysis.inference import Interval, mean_over_units
from analysis.networks import Masks


def share_on(scores: npt.NDArray[np.float32], neurons: npt.NDArray[np.bool_], draws: Masks) -> Effect:
    """Say what share of the attribution of each case falls on some neurons.

    Parameters
    ----------
    scores : ndarray of shape (n_cases, n_neurons)
        Of either sign; their sizes count.
    neurons : ndarray of bool, shape (n_neurons,)
    draws : ndarray of bool, shape (n_draws, n_neurons)
        Sets to compare with.

    Returns
    -------
    Effect
        The share, from 0 to 1, mean over cases with its 95 % interval over them, and that of each draw. A case whose
        scores are all 0 is left out.
    """
    sizes = np.abs(scores.astype(np.float64))
    sizes = sizes[sizes.any(1)]
    shares = sizes / sizes.sum(1, keepdims=True)
    found = mean_over_units(shares[:, neurons].sum(1))
    # With few cases a bootstrap-t interval may leave the range that a share has.
    within = Interval(found.estimate, max(found.low, 0.0), min(found.high, 1.0))
    return Effect(within, len(shares), (shares @ draws.T).mean(0))
