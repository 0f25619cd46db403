"""Functional connectivity: which networks are strong and weak together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.errors import InputError
from analysis.networks import Networks

Floats = npt.NDArray[np.float64]
_ALMOST_ONE = 1 - 1e-6  # the z of a perfect correlation would be infinite


def fisher_mean(r: Floats, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Average correlations over texts by Fisher's z, with a t interval over texts.

    Parameters
    ----------
    r : ndarray of shape (n_texts, ...)
        Correlations, one a text.
    level : float
        Of the interval.

    Returns
    -------
    mean, low, high : ndarray of shape (...)
        Back on the scale of correlations; the limits are NaN where there is one text only.
    """
    z = np.arctanh(np.clip(r, -_ALMOST_ONE, _ALMOST_ONE))
    mean = z.mean(0)
    if len(z) < 2:
        unknown = np.full(mean.shape, np.nan)
        return np.tanh(mean), unknown, unknown
    half = stats.t.ppf(0.5 + level / 2, len(z) - 1) * z.std(0, ddof=1) / np.sqrt(len(z))
    return np.tanh(mean), np.tanh(mean - half), np.tanh(mean + half)


def connectivity(networks: Networks, tokens: pd.DataFrame, *, n_draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Correlate the time courses of networks within each text, and average over texts.

    Within texts, so that two networks that merely like the same texts do not count as working together (Biswal et al.
    1995 is the brain's counterpart, within one scan). The bar is what time courses reach that have nothing to do with
    each other: each is shifted circularly by its own number of tokens within each text.

    Parameters
    ----------
    networks : Networks
        With time courses.
    tokens : DataFrame
        The token table, one row per row of ``networks.time_courses``.
    n_draws : int
        Draws of shifted time courses.
    seed : int

    Returns
    -------
    DataFrame, a row for each pair
        ``first``, ``second`` (networks, from 1), ``r``, ``low``, ``high`` (95 % interval over texts), ``bar`` (the
        largest |r| of all pairs exceeds it in 5 % of draws; one for the whole family), ``together`` (|r| > bar).

    Raises
    ------
    InputError
        If the table does not fit, or there is one network only.
    """
    if len(tokens) != len(networks.time_courses):
        raise InputError(
            f"The table has {len(tokens)} tokens, the time courses {len(networks.time_courses)}. "
            "Use the table of the activity that gave the time courses."
        )
    if networks.k < 2:
        raise InputError("One network has none to go with. Find two or more.")
    courses = [networks.time_courses[rows].astype(np.float64) for rows in tokens.groupby("text").indices.values()]
    first, second = np.triu_indices(networks.k, 1)
    mean, low, high = fisher_mean(np.stack([_correlate(course) for course in courses])[:, first, second])
    rng = np.random.default_rng(seed)
    largest = np.empty(n_draws)
    for draw in range(n_draws):
        shifted = np.stack([_correlate(_shift(course, rng)) for course in courses])[:, first, second]
        largest[draw] = np.abs(fisher_mean(shifted)[0]).max()
    bar = float(np.quantile(largest, 0.95, method="higher"))
    table = {"first": first + 1, "second": second + 1, "r": mean, "low": low, "high": high}
    return pd.DataFrame({**table, "bar": bar, "together": np.abs(mean) > bar})


def as_matrix(table: pd.DataFrame, column: str = "r") -> Floats:
    """Lay pairs out as a symmetric matrix of shape (k, k) with an empty (NaN) diagonal."""
    k = int(table["second"].max())
    matrix = np.full((k, k), np.nan)
    matrix[table["first"] - 1, table["second"] - 1] = table[column]
    matrix[table["second"] - 1, table["first"] - 1] = table[column]
    return matrix


def _correlate(course: Floats) -> Floats:
    """Correlation of columns, 0 where one is constant."""
    centred = course - course.mean(0)
    norms = np.linalg.norm(centred, axis=0)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    return unit.T @ unit


def _shift(course: Floats, rng: np.random.Generator) -> Floats:
    offsets = rng.integers(0, len(course), course.shape[1])
    return np.take_along_axis(course, (np.arange(len(course))[:, None] + offsets) % len(course), axis=0)
