"""Double dissociation: two lesions, two abilities, each lesion hurting its own more than the other's.

One lesion that hurts A more than B shows little, since A may be the more fragile. Two lesions with opposite patterns
cannot be explained so (Teuber 1955; Shallice 1988). An effect is the harm a lesion does: larger is worse.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from analysis.errors import InputError
from analysis.inference import Array, Interval, corrected_p, specificity

Pairing = npt.NDArray[np.int64]


def standardised(effects: Array, null: Array) -> tuple[Array, Array]:
    """Measure effects by what matched sets do in the same place.

    Without this, a large set of neurons and a fragile ability would look like specificity.

    Parameters
    ----------
    effects : ndarray of shape (n_lesions, n_targets)
    null : ndarray of shape (n_draws, n_lesions, n_targets)
        The same for sets matched to each lesion; a draw has the same index for all lesions.

    Returns
    -------
    effects : ndarray of shape (n_lesions, n_targets)
        In standard deviations of the matched sets, from their mean.
    null : ndarray of shape (n_draws, n_lesions, n_targets)
        Each draw likewise by all other draws, as if it were the lesion in question.

    Raises
    ------
    InputError
        If the shapes do not fit, there are fewer than four draws, or the draws of a cell are all the same.
    """
    if null.shape[1:] != effects.shape or effects.ndim != 2 or len(null) < 4:
        raise InputError(f"Draws of shape {null.shape} do not fit effects of shape {effects.shape}. Give four or more.")
    n = len(null)
    mean, spread = null.mean(0), null.std(0, ddof=1)
    if not (spread > 0).all():
        lesion, target = np.argwhere(~(spread > 0))[0]
        raise InputError(f"All sets matched to lesion {lesion} do the same to target {target}. Draw from more neurons.")
    deviation = null - mean
    others = ((n - 1) * spread**2 - deviation**2 * n / (n - 1)) / (n - 2)  # variance of the draws without this one
    return (effects - mean) / spread, deviation * n / (n - 1) / np.sqrt(others)


def choose_pairing(effects: Array, null: Array) -> Pairing:
    """Give each ability the lesion that hurts it most beyond the others: to be done on ``tune``.

    Parameters
    ----------
    effects, null : ndarray
        As for :func:`standardised`.

    Returns
    -------
    ndarray of int, shape (min(n_lesions, n_targets), 2)
        Lesion and target of each match, in the order of the targets; no lesion and no target twice. Best in sum
        (Kuhn 1955).
    """
    z, _ = standardised(effects, null)
    own = z - (z.sum(1, keepdims=True) - z) / max(z.shape[1] - 1, 1)
    matches = np.stack(linear_sum_assignment(own, maximize=True), axis=1)
    return np.asarray(matches[np.argsort(matches[:, 1])])


def dissociated_pairs(effects: Array, null: Array, pairing: Pairing) -> pd.DataFrame:
    """Test all pairs of matches for a double dissociation: on ``test``.

    A pair needs both of its contrasts, so its p is the larger of the two (intersection-union test, Berger 1982). The
    p of the contrasts are corrected over all contrasts before, so that the pairs are corrected too: none can pass
    unless both of its contrasts do.

    Parameters
    ----------
    effects, null : ndarray
        As for :func:`standardised`.
    pairing : ndarray of int, shape (n_matches, 2)
        Lesion and target, as :func:`choose_pairing` returns them.

    Returns
    -------
    DataFrame of one row per pair of matches
        ``lesion``, ``target``, ``other_lesion``, ``other_target``; ``first`` (effect of the lesion on its target
        minus that on the other target, in standard deviations of matched sets), ``second`` (likewise for the other
        lesion), ``smaller`` of both, ``p``, ``p_corrected``.

    Raises
    ------
    InputError
        If a lesion or target is matched twice, or there are fewer than two matches.
    """
    if len(pairing) < 2 or any(len(set(column)) < len(column) for column in pairing.T):
        raise InputError("A pairing needs two or more matches, without a lesion or target twice.")
    z, z_null = standardised(effects, null)
    pairs = list(combinations(range(len(pairing)), 2))
    ordered = np.array([*pairs, *[(b, a) for a, b in pairs]])  # first contrasts of all pairs, then second ones
    (lesions, targets), others = pairing[ordered[:, 0]].T, pairing[ordered[:, 1], 1]
    contrasts = z[lesions, targets] - z[lesions, others]
    draws = z_null[:, lesions, targets] - z_null[:, lesions, others]
    single = (1 + (draws >= contrasts).sum(0)) / (1 + len(draws))
    corrected = corrected_p(contrasts, draws)
    both = contrasts.reshape(2, -1)
    return pd.DataFrame(
        {
            "lesion": lesions[: len(pairs)],
            "target": targets[: len(pairs)],
            "other_lesion": lesions[len(pairs) :],
            "other_target": targets[len(pairs) :],
            "first": both[0],
            "second": both[1],
            "smaller": both.min(0),
            "p": single.reshape(2, -1).max(0),
            "p_corrected": corrected.reshape(2, -1).max(0),
        }
    )


def contrast(
    own: Array,
    other: Array,
    own_null: Array,
    other_null: Array,
    *,
    own_units: npt.NDArray[np.int64] | None = None,
    other_units: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Interval:
    """One contrast of :func:`dissociated_pairs` with an interval over items.

    Parameters
    ----------
    own, other : ndarray of shape (n,) and (m,)
        Effect of one lesion on each item of its own target and of the other.
    own_null, other_null : ndarray of shape (n_draws,)
        Mean effect of each matched set on the same items.
    own_units, other_units : ndarray of int, optional
        What was sampled, such as the lemma of each item.
    seed : int

    Returns
    -------
    Interval
        In standard deviations of the matched sets, which are taken as known.
    """
    here, there = ((v - d.mean()) / d.std(ddof=1) for v, d in ((own, own_null), (other, other_null)))
    return specificity(here, there, own_units, other_units, seed=seed)


def smaller(first: Interval, second: Interval) -> Interval:
    """Interval of the smaller of two effects: the estimate of a claim that needs both.

    Its lower limit exceeds the truth no more often than that of a single interval. Where the two effects are equal,
    the smaller estimate errs on the low side: of 20 exponential effects each, intervals of 95 % covered .90.
    """
    return Interval(*(min(a, b) for a, b in zip(_values(first), _values(second), strict=True)))


def _values(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high


def diagonal_excess(effects: Array, null: Array, pairing: Pairing) -> float:
    """Mean standardised effect of the matches minus that of all other cells: a description, not a test.

    A matrix without any specificity can give a large value, when lesions that do much are matched with abilities that
    are fragile.
    """
    z, _ = standardised(effects, null)
    is_match = np.zeros(z.shape, bool)
    is_match[tuple(pairing.T)] = True
    return float(z[is_match].mean() - z[~is_match].mean())
