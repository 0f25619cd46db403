"""Turn white rows until they are as independent as can be, from several random starts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import fastica
from sklearn.exceptions import ConvergenceWarning

from analysis.networks import match
from analysis.parallel import spread

Rows = npt.NDArray[np.float64]

_PART = 10_000  # samples that tell starts apart; with more, only the kept start sees all of them
_PART_PER_SQUARE = 25  # but at least as many for each entry of the rotation


@dataclass(frozen=True)
class Turned:
    """The kept rotation: independent sources of unit variance, and how far the restarts agree with it."""

    sources: Rows
    agreement: npt.NDArray[np.float64]
    converged: bool


@dataclass(frozen=True)
class _Start:
    rotation: Rows
    length: float
    converged: bool


def turn(white: Rows, n_restarts: int, rng: np.random.RandomState, max_iter: int, tol: float) -> Turned:
    """Turn white rows until they are as independent as can be; of several starts keep the sparsest.

    Where there are more than 10,000 samples (and more than 25 k²), the starts are made on a random part of them, and
    the one that is kept goes on with all. The agreement of the restarts is that of the starts.

    Parameters
    ----------
    white : ndarray of shape (k, n_samples)
        Uncorrelated, of mean 0 and unit variance.
    n_restarts : int
    rng : RandomState
        Of the starts.
    max_iter, tol : int, float
        When FastICA stops.
    """
    k, n_samples = white.shape
    size = max(_PART, _PART_PER_SQUARE * k**2)
    is_part = n_samples > size and n_restarts > 1
    part = white[:, np.sort(rng.choice(n_samples, size, replace=False))] if is_part else white
    starts = spread(_rotate, [(rng.randint(2**31 - 1), max_iter, tol) for _ in range(n_restarts)], shared=[part])
    best = min(range(n_restarts), key=lambda start: starts[start].length)
    others = [start.rotation for number, start in enumerate(starts) if number != best]
    agreement = _agreement(starts[best].rotation, others, white)
    kept = _rotate(white, None, max_iter, tol, starts[best].rotation) if is_part else starts[best]
    sources = kept.rotation @ white
    return Turned(sources / sources.std(1, keepdims=True), agreement, kept.converged)


def _rotate(white: Rows, seed: int | None, max_iter: int, tol: float, first: Rows | None = None) -> _Start:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        how = {"fun": "logcosh", "max_iter": max_iter, "tol": tol, "w_init": first, "random_state": seed}
        _, rotation, sources = fastica(white.T, whiten=False, **how)
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    length = float((np.abs(sources).sum(0) / sources.std(0)).sum())
    return _Start(rotation, length, converged)


def _agreement(best: Rows, others: list[Rows], white: Rows) -> npt.NDArray[np.float64]:
    """Mean absolute correlation of each source with its partner in the other starts, from the rotations alone."""
    if not others:
        return np.full(len(best), np.nan)
    products = white @ white.T
    lengths = [np.sqrt(np.einsum("ij,ij->i", one @ products, one)) for one in (best, *others)]
    return np.mean(
        [
            match(best @ products @ other.T / np.outer(lengths[0], length))[1]
            for other, length in zip(others, lengths[1:], strict=True)
        ],
        axis=0,
    )
