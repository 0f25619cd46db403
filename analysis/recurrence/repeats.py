"""Halves of several data sets decomposed again and again: as they are, with texts resampled, without signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import kurtosis

from analysis.activity import Activity
from analysis.inference import Interval
from analysis.networks import Networks, correlation, match
from analysis.parallel import spread
from analysis.recurrence.icasso import resampled
from analysis.recurrence.stability import Decompose, halves, seeds, shifted

Values = npt.NDArray[np.float64]
Prepare = Callable[[Activity, int], Activity]


@dataclass(frozen=True)
class Repeats:
    """What the networks of halves of the same data sets are like, in one draw after another.

    Attributes
    ----------
    tables : ndarray of shape (n_draws, n_sets, n_sets)
        Mean matched similarity: on the diagonal between the halves of a set, elsewhere the mean over the four pairs of
        halves of two sets. So all cells compare networks of equally much text.
    kurtosis : ndarray of shape (n_draws,)
        Mean excess kurtosis of all maps.
    """

    tables: Values
    kurtosis: Values

    @property
    def table(self) -> Values:
        """Mean over draws, shape (n_sets, n_sets)."""
        return np.asarray(self.tables.mean(0))

    @property
    def within(self) -> Values:
        """Mean over the data sets, in each draw, shape (n_draws,)."""
        return np.asarray(np.einsum("dii->d", self.tables) / self.tables.shape[1])

    @property
    def between(self) -> Values:
        """Mean over pairs of different data sets, in each draw, shape (n_draws,)."""
        n = self.tables.shape[1]
        return np.asarray((self.tables.sum((1, 2)) - n * self.within) / (n * (n - 1)))


def split_anew(
    activities: Sequence[Activity], decompose: Decompose, n_splits: int = 5, seed: int = 0, n_jobs: int = 1
) -> Repeats:
    """Split the documents of each data set at random, several times: the mean over splits is the estimate."""
    return _repeat(activities, decompose, _as_it_is, seeds(seed, n_splits), n_jobs)


def resampled_halves(
    activities: Sequence[Activity], decompose: Decompose, n_draws: int = 20, seed: int = 0, n_jobs: int = 1
) -> Repeats:
    """Split anew, then resample the texts within each half; no document is in both.

    A resampled half holds fewer different texts, so the draws lie lower than :func:`split_anew`: use their spread, not
    their middle (:func:`around`). Draws of two models that read the same texts are paired if their seed is the same.
    """
    return _repeat(activities, decompose, resampled, seeds(seed, n_draws), n_jobs)


def signal_free(
    activities: Sequence[Activity], decompose: Decompose, n_draws: int = 20, seed: int = 0, n_jobs: int = 1
) -> Repeats:
    """Shift each neuron by its own offset before the halves are decomposed: what there is without co-activation."""
    return _repeat(activities, decompose, shifted, seeds(seed, n_draws), n_jobs)


def _as_it_is(half: Activity, _seed: int) -> Activity:
    return half


def _repeat(
    activities: Sequence[Activity], decompose: Decompose, prepare: Prepare, draws: Sequence[int], n_jobs: int
) -> Repeats:
    shared = (activities, decompose, prepare)
    drawn = spread(_once, [[seed] for seed in draws], shared=shared, n_jobs=n_jobs)
    tables, peaked = zip(*drawn, strict=True)
    return Repeats(np.array(tables), np.array(peaked))


def _once(activities: Sequence[Activity], decompose: Decompose, prepare: Prepare, seed: int) -> tuple[Values, float]:
    found = [tuple(decompose(prepare(half, seed)) for half in halves(each, seed)) for each in activities]
    peaked = [kurtosis(one.maps.astype(np.float64), axis=1).mean() for pair in found for one in pair]
    return _similarities(found), float(np.mean(peaked))


def _similarities(found: Sequence[Sequence[Networks]]) -> Values:
    table = np.empty((len(found), len(found)))
    for row, mine in enumerate(found):
        for column, other in enumerate(found):
            pairs = [mine] if row == column else [(a, b) for a in mine for b in other]
            table[row, column] = np.mean([match(correlation(a.maps, b.maps))[1].mean() for a, b in pairs])
    return table


def around(estimate: float, draws: Values) -> Interval:
    """Interval of 95 % around an estimate by the standard deviation of its bootstrap draws (normal approximation).

    The draws of :func:`resampled_halves` also hold the luck of a single split, which a mean over splits does not, so
    around such a mean the interval is too wide: on simulated texts it covered the truth more often than 95 %.
    """
    margin = 1.96 * float(draws.std(ddof=1))
    return Interval(float(estimate), float(estimate) - margin, float(estimate) + margin)


def beside(names: Sequence[str], trained: tuple[Repeats, Repeats], untrained: tuple[Repeats, Repeats]) -> pd.DataFrame:
    """Compare how well networks repeat in two models that read the same texts.

    Parameters
    ----------
    names : sequence of str
        Of the data sets.
    trained, untrained : pair of Repeats
        From :func:`split_anew` and :func:`resampled_halves`, with the same seed for both models.

    Returns
    -------
    DataFrame indexed by data set
        ``trained``, ``untrained``, ``difference`` (mean split-half similarity), each with ``_low`` and ``_high``: 95 %
        over texts of this model, not over training runs.
    """
    values = [repeats.table.diagonal() for repeats, _ in (trained, untrained)]
    draws = [np.einsum("dii->di", repeats.tables) for _, repeats in (trained, untrained)]
    both = {"trained": 0, "untrained": 1}
    columns: dict[str, list[float]] = {}
    for name in ("trained", "untrained", "difference"):
        value = values[both[name]] if name in both else values[0] - values[1]
        drawn = draws[both[name]] if name in both else draws[0] - draws[1]
        intervals = [around(one, column) for one, column in zip(value, drawn.T, strict=True)]
        columns[name] = [interval.estimate for interval in intervals]
        columns[f"{name}_low"] = [interval.low for interval in intervals]
        columns[f"{name}_high"] = [interval.high for interval in intervals]
    return pd.DataFrame(columns, index=pd.Index(names))


def beyond_signal_free(estimates: Repeats, draws: Repeats, empty: Repeats) -> Mapping[str, tuple[Interval, Values]]:
    """Say how far networks are sparser and more alike than without co-activation, beside what chance gives.

    Parameters
    ----------
    estimates, draws, empty : Repeats
        From :func:`split_anew`, :func:`resampled_halves` and :func:`signal_free`.

    Returns
    -------
    mapping of str to (Interval, ndarray of shape (n_draws,))
        For ``"kurtosis"``, ``"within"`` and ``"between"``: the mean minus that of signal-free activity, with its
        interval over texts; and the same of each signal-free draw.
    """
    found = {}
    for name in ("kurtosis", "within", "between"):
        chance = getattr(empty, name)
        interval = around(getattr(estimates, name).mean(), getattr(draws, name))
        found[name] = (interval.minus(float(chance.mean())), chance - chance.mean())
    return found
