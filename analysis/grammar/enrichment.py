"""Two maps of one model: whether neurons that matter for something are in a network more often than chance has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.controls import same_contribution
from analysis.errors import InputError
from analysis.inference import corrected_p
from analysis.strata import strata_for

Array = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]

MOST_STRATA = 30
"""Strata of frequency in each layer. Key neurons are the most frequent of all, so that deciles would be too coarse."""


def enrichment(
    chosen: Masks,
    networks: Masks,
    frequency: npt.NDArray[np.floating],
    layer_sizes: Sequence[int],
    names: Sequence[str],
    *,
    n_draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Count the neurons of each set in each network, beside sets as frequent in the same layers.

    Overlap as such says little: both maps like some layers, and neurons that are strong in everything are in many
    networks and among the most important of many items. So the null are random sets with as many neurons in each
    layer and each stratum of how often a neuron is used at all: :data:`MOST_STRATA` of them, fewer in narrow layers.

    Parameters
    ----------
    chosen : ndarray of bool, shape (n_sets, n_neurons)
        Such as the key neurons of each tag.
    networks : ndarray of bool, shape (k, n_neurons)
    frequency : ndarray of shape (n_neurons,)
        How often each neuron is used, whatever for: the share of all items that kept it, say.
    layer_sizes : sequence of int
    names : sequence of str
        Of the sets.
    n_draws : int
        Random sets; the sets of one draw overlap as the given ones do.
    seed : int

    Returns
    -------
    DataFrame, one row per set and network
        ``set``, ``network`` (counted from 1), ``shared`` (neurons), ``expected`` (mean of the random sets), ``low``,
        ``high`` (95 % of them), ``ratio`` of shared and expected, ``p`` and ``p_corrected`` (more shared than by
        chance; corrected over all rows), ``share_of_set``.

    Raises
    ------
    InputError
        If shapes do not fit, or a set is empty.
    """
    if chosen.shape[1:] != networks.shape[1:] or len(names) != len(chosen) or not chosen.any(1).all():
        raise InputError(
            f"Sets of shape {chosen.shape}, {len(names)} names and networks of shape {networks.shape} do not fit, or a "
            "set is empty. Give a name to each set, and masks of one site."
        )
    n_strata = strata_for(chosen, layer_sizes, MOST_STRATA)
    draws = same_contribution(chosen, layer_sizes, frequency, n_draws, seed, n_strata=n_strata)
    observed = _shared(chosen, networks)
    null = _shared(draws, networks).reshape(n_draws, -1)
    flat = observed.ravel()
    low, high = np.quantile(null, [0.025, 0.975], axis=0)
    expected = null.mean(0)
    return pd.DataFrame(
        {
            "set": np.repeat(np.asarray(names, str), len(networks)),
            "network": np.tile(np.arange(1, len(networks) + 1), len(chosen)),
            "shared": flat.astype(np.int64),
            "expected": expected,
            "low": low,
            "high": high,
            "ratio": np.divide(flat, expected, out=np.full_like(flat, np.nan), where=expected > 0),
            "p": (1 + (null >= flat).sum(0)) / (1 + n_draws),
            "p_corrected": corrected_p(flat, null),
            "share_of_set": (observed / chosen.sum(1, keepdims=True)).ravel(),
        }
    )


def networks_of(table: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Name each set's network, if it has one, and the sets that have it too.

    Parameters
    ----------
    table : DataFrame
        From :func:`enrichment`.
    alpha : float
        For the corrected p.

    Returns
    -------
    DataFrame, one row per set
        Of the set's most enriched network: ``network``, ``shared``, ``expected``, ``ratio``, ``p_corrected``;
        ``enriched`` (whether that is below alpha) and ``also`` (other sets that are enriched there, blanks between).
        A network is that of one set alone if it is enriched and nothing stands in ``also``.
    """
    rank = table.assign(order=-table["ratio"].fillna(0)).sort_values(["p_corrected", "order"], kind="stable")
    best = rank.drop_duplicates("set").set_index("set").loc[table["set"].unique()]
    found = best[["network", "shared", "expected", "ratio", "p_corrected"]]
    enriched = table[table["p_corrected"] < alpha]
    others = [
        " ".join(enriched.loc[(enriched["network"] == network) & (enriched["set"] != name), "set"])
        for name, network in found["network"].items()
    ]
    return found.assign(enriched=found["p_corrected"] < alpha, also=others)


def _shared(sets: Masks, networks: Masks) -> Array:
    """Neurons in common, shapes (..., n_neurons) and (k, n_neurons) to (..., k)."""
    return np.asarray(sets.astype(np.float32) @ networks.T.astype(np.float32), np.float64)
