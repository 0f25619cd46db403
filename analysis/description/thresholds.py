"""Where to cut: what counts as more than activity without co-activation gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import InputError
from analysis.networks import Maps, threshold

Floats = npt.NDArray[np.float64]


def false_discovery(maps: Maps, null_maps: Maps, rate: float = 0.05, *, two_sided: bool = True) -> Floats:
    """Find for each map the bar beyond which at most a share ``rate`` of the marked neurons is expected to be false.

    The p of a neuron is the share of null values that are as large; the step-up rule of Benjamini and Hochberg then
    sets the bar, as Genovese et al. (2002) do for brain maps. Nothing is assumed about the form of the null.

    Parameters
    ----------
    maps : ndarray of shape (k, n_neurons)
        In z units.
    null_maps : ndarray of shape (n_null, n_neurons)
        Maps of signal-free activity, pooled.
    rate : float
        Between 0 and 1.
    two_sided : bool

    Returns
    -------
    ndarray of shape (k,)
        Use with ``>``; infinite for a map that has nothing to mark.

    Raises
    ------
    InputError
        If the rate makes no sense or the null is empty.
    """
    if not 0 < rate < 1:
        raise InputError(f"A false-discovery rate of {rate} makes no sense. Use one between 0 and 1, such as 0.05.")
    if not null_maps.size:
        raise InputError("There are no null maps to compare with. Draw signal-free activity at least once.")
    null = np.sort(_size(null_maps, two_sided).ravel())
    bars = np.full(len(maps), np.inf)
    for row, values in enumerate(_size(maps, two_sided)):
        ordered = np.sort(values)[::-1]
        as_large = len(null) - np.searchsorted(null, ordered, side="left")
        p = (1 + as_large) / (1 + len(null))
        passed = np.flatnonzero(p <= rate * np.arange(1, len(p) + 1) / len(p))
        if passed.size:
            below = ordered[ordered < ordered[passed[-1]]]
            bars[row] = below[0] if below.size else -np.inf
    return bars


def rules(
    maps: Maps,
    shifted: Maps,
    *,
    bars: Sequence[float] = (1.96, 3.6),
    rate: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Count how many neurons each rule marks, in maps with and without something to find.

    Parameters
    ----------
    maps : ndarray of shape (k, n_neurons)
    shifted : ndarray of shape (n_draws, k, n_neurons)
        Maps of signal-free activity, at least two draws. The last draw is what is counted under ``shifted``; the
        false-discovery rule learns from the others.
    bars : sequence of float
        The first paper's 1.96 and 3.6.
    rate : float
        Of false discoveries.
    seed : int
        Of the Gaussian maps.

    Returns
    -------
    DataFrame
        A row for each rule and side; ``real``, ``shifted``, ``Gaussian``: neurons marked, mean over the k maps;
        ``lowest bar``: of the false-discovery rule in the real maps, else the bar itself.
    """
    if len(shifted) < 2:
        raise InputError(f"{len(shifted)} draws of signal-free activity are too few to count in one. Use 2 or more.")
    normal = np.random.default_rng(seed).standard_normal(maps.shape).astype(np.float32)
    counted = {"real": maps, "shifted": shifted[-1], "Gaussian": normal}
    null = shifted[:-1].reshape(-1, maps.shape[1])
    rows = []
    for two_sided in (True, False):
        size = "|z|" if two_sided else "z"
        for at in bars:
            numbers = {name: threshold(m, at, two_sided=two_sided).sum(1).mean() for name, m in counted.items()}
            rows.append({"rule": f"{size} > {at:g}", **numbers, "lowest bar": at})
        found = {name: false_discovery(m, null, rate, two_sided=two_sided) for name, m in counted.items()}
        numbers = {name: (_size(m, two_sided) > found[name][:, None]).sum(1).mean() for name, m in counted.items()}
        rows.append({"rule": f"{rate:.0%} false discoveries, {size}", **numbers, "lowest bar": found["real"].min()})
    return pd.DataFrame(rows).set_index("rule")


def _size(maps: Maps, two_sided: bool) -> Maps:
    return np.abs(maps) if two_sided else maps
