"""The mixing model by hand: two sources, spatial against temporal ICA."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.decomposition import fastica

from analysis.decomposition import whiten
from analysis.networks import correlation, match

Array = npt.NDArray[np.float64]
Case = Literal["apart", "overlapping", "in step"]
By = Literal["space", "time"]
CASES: tuple[Case, ...] = get_args(Case)
BY: tuple[By, ...] = get_args(By)


def two_sources(case: Case, seed: int = 0) -> tuple[Array, Array, Array]:
    """Mix two sources in a picture of 24 × 24 voxels over 240 volumes.

    Parameters
    ----------
    case : {"apart", "overlapping", "in step"}
        Whether the maps overlap, or the time courses go together; "apart" for neither.
    seed : int

    Returns
    -------
    values : ndarray of shape (240, 576)
    maps : ndarray of shape (2, 576)
    courses : ndarray of shape (240, 2)
    """
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:24, :24]
    centres = [(12, 9), (12, 15)] if case == "overlapping" else [(7, 7), (17, 16)]
    radius = 6 if case == "overlapping" else 4
    maps = np.array([((down - y) ** 2 + (across - x) ** 2 <= radius**2).ravel() for y, x in centres], float)
    courses = switching(rng, 240, 2, on=24, off=24)
    if case == "in step":
        again = rng.random(240) < 0.15
        courses[:, 1] = np.where(again, courses[:, 1], courses[:, 0])
    return courses @ maps + 0.3 * rng.standard_normal((240, 576)), maps, courses


def switching(rng: np.random.Generator, n_steps: int, n: int, *, on: float, off: float) -> Array:
    """Switch on for about `on` steps and off for about `off`, at random; shape (n_steps, n)."""
    states = np.zeros((n_steps, n))
    for column in states.T:
        lengths = rng.exponential(np.tile([off, on], n_steps // 4)).astype(int) + 1
        column[:] = np.repeat(np.arange(len(lengths)) % 2, lengths)[rng.integers(0, 40) :][: len(column)]
    return states


def unmix(values: npt.NDArray[np.float64], k: int, by: By, seed: int = 0) -> npt.NDArray[np.float32]:
    """Decompose a table of volumes by voxels by spatial or by temporal ICA; return the maps, shape (k, n_voxels).

    Spatial ICA makes the maps independent; temporal ICA makes the time courses independent and finds the maps by
    regression on them.
    """
    centred = (values - values.mean(0)).astype(np.float32)
    table = centred - centred.mean(1, keepdims=True) if by == "space" else centred.T
    white = whiten(table, k, np.random.RandomState(seed))
    _, _, sources = fastica(white.T, whiten=False, fun="logcosh", max_iter=1000, random_state=seed)
    if by == "time":
        sources = np.linalg.lstsq(sources, centred, rcond=None)[0].T
    return np.asarray(sources.T, np.float32)


def unmixing(seeds: Sequence[int]) -> pd.DataFrame:
    """Unmix two sources in each case, from space and from time, once for each seed.

    Returns
    -------
    DataFrame
        ``case``, ``by`` ("space" or "time"), ``seed``, ``r`` (absolute correlation with the true map, the worse of the
        two), ``maps`` (the two maps found, in the order and with the sign of the true ones).
    """
    rows = []
    for case, by, seed in itertools.product(CASES, BY, seeds):
        values, true, _ = two_sources(case, seed)
        found = unmix(values, 2, by, seed)
        similarity = correlation(true.astype(np.float32), found)
        partner, r = match(similarity)
        maps = found[partner] * np.sign(similarity[[0, 1], partner])[:, None]
        rows.append({"case": case, "by": by, "seed": seed, "r": r.min(), "maps": maps})
    return pd.DataFrame(rows)
