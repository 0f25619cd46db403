"""From effects and their nulls to intervals, p-values and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from analysis.errors import InputError

Array = npt.NDArray[np.float64]
Verdict = Literal["supported", "weaker", "not supported", "inconclusive"]


@dataclass(frozen=True)
class Interval:
    """An estimate and what it may as well be."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def mean_over_units(
    values: Array,
    units: npt.NDArray[np.int64] | None = None,
    *,
    n_draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Mean with a bootstrap interval over the units that were sampled: texts, documents or lemmas, not tokens.

    The bootstrap-t interval (Efron & Tibshirani 1993, chapter 12): each resample's mean is studentised by its own
    standard error, since the percentile interval is too narrow where units are few.

    Parameters
    ----------
    values : ndarray of shape (n,)
        For a paired difference: the differences.
    units : ndarray of int, shape (n,), optional
        Unit of each value, by default each its own; a unit's values are summed, and weigh by their number.
    n_draws : int
        Resamples.
    seed : int
    level : float
        Coverage.

    Raises
    ------
    InputError
        If there are fewer than three units.
    """
    _, codes = np.unique(np.arange(len(values)) if units is None else units, return_inverse=True)
    counts = np.bincount(codes).astype(np.float64)
    sums: Array = np.bincount(codes, values).astype(np.float64)
    if len(counts) < 3:
        raise InputError(f"{len(counts)} units tell nothing about other units. Use three or more.")
    mean = sums.sum() / counts.sum()
    error = _standard_error(sums[None], counts[None], np.array([mean]))[0]
    if error == 0:
        return Interval(float(mean), float(mean), float(mean))
    drawn = np.random.default_rng(seed).integers(0, len(counts), (n_draws, len(counts)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    errors = _standard_error(sums[drawn], counts[drawn], means)
    t = (means - mean)[errors > 0] / errors[errors > 0]
    low, high = np.quantile(t, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(mean - high * error), float(mean - low * error))


def _standard_error(sums: Array, counts: Array, means: Array) -> Array:
    """Linearised standard error of a ratio of sums over units, shape (n_draws,)."""
    n = counts.shape[1]
    residuals = sums - means[:, None] * counts
    return np.asarray(np.sqrt(n / (n - 1) * (residuals**2).sum(1)) / counts.sum(1))


def paired_proportions(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_], level: float = 0.95) -> Interval:
    """Change of a proportion on the same items, with Tango's (1998) score interval.

    The percentile bootstrap fails here: where few of the items change, it covers far too rarely.

    Parameters
    ----------
    before, after : ndarray of bool, shape (n_items,)
        Right or wrong.
    level : float
        Coverage.

    Returns
    -------
    Interval
        Of ``after`` minus ``before``.
    """
    if before.shape != after.shape or not before.size:
        raise InputError(f"{before.size} items before and {after.size} after are no pairs. Score the same items twice.")
    gained, lost, n = int((after & ~before).sum()), int((before & ~after).sum()), before.size
    estimate = (gained - lost) / n
    z = float(norm.ppf((1 + level) / 2))

    def beyond(difference: float, sign: int) -> float:
        return _tango(gained, lost, n, difference) - sign * z

    low = -1.0 if estimate == -1 else brentq(beyond, -1 + 1e-9, estimate, (1,))
    high = 1.0 if estimate == 1 else brentq(beyond, estimate, 1 - 1e-9, (-1,))
    return Interval(estimate, float(low), float(high))


def _tango(gained: int, lost: int, n: int, difference: float) -> float:
    """Score statistic of a hypothetical difference of paired proportions (Tango 1998, equations 2 to 5)."""
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    likely_lost = (np.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = n * (2 * likely_lost + difference * (1 - difference))
    return float((gained - lost - n * difference) / np.sqrt(variance)) if variance > 1e-15 else 0.0


def random_set_p(observed: float, draws: Array) -> float:
    """Share of random sets that do at least as much: (1 + number) / (1 + draws), never 0."""
    return float((1 + (draws >= observed).sum()) / (1 + len(draws)))


def corrected_p(observed: Array, draws: Array) -> Array:
    """Correct p-values of a family by the largest studentised statistic of each draw (Westfall & Young 1993).

    Parameters
    ----------
    observed : ndarray of shape (n_effects,)
        Larger is more extreme.
    draws : ndarray of shape (n_draws, n_effects)
        The same effects of random sets; a row shares one draw, so that dependence between effects is kept.

    Returns
    -------
    ndarray of shape (n_effects,)
    """
    everything = np.vstack([observed, draws])
    spread = everything.std(0)
    studentised = (everything - everything.mean(0)) / np.where(spread > 0, spread, 1)
    largest = studentised[1:].max(1)
    return np.asarray((1 + (largest[:, None] >= studentised[0]).sum(0)) / (1 + len(draws)))


def smallest_p(n_draws: int) -> float:
    """Return the smallest p that so many draws can give; no claim at a level below it can be made."""
    return 1 / (1 + n_draws)


def verdict(
    interval: Interval, direction: int, p_corrected: float, smallest_effect: float, *, is_specific: bool = True
) -> Verdict:
    """Say what is left of a claim, by one rule for all.

    Parameters
    ----------
    interval : Interval
        Of the effect.
    direction : {1, -1}
        What the claim says.
    p_corrected : float
        Against the primary random sets.
    smallest_effect : float
        Smallest effect of interest, in the unit of the effect.
    is_specific : bool
        Whether the effect exceeds that on neutral text, where the claim says so.

    Returns
    -------
    {"supported", "weaker", "not supported", "inconclusive"}
        *Supported*: the interval lies on the claimed side of 0, p is below .05, and the effect is specific; *weaker*:
        it lies there, but one of the other two fails; *not supported*: it lies within ± the smallest effect of
        interest, or on the other side of 0; *inconclusive*: anything else.
    """
    on_side = interval.excludes_zero and np.sign(interval.estimate) == direction
    if on_side:
        return "supported" if p_corrected < 0.05 and is_specific else "weaker"
    within = -smallest_effect < interval.low and interval.high < smallest_effect
    return "not supported" if within or interval.excludes_zero else "inconclusive"
