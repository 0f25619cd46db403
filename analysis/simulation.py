"""Activity whose networks are known, to try a method before it is believed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.activity import Activity
from analysis.decomposition import spatial_ica
from analysis.networks import Maps, correlation, match


def planted(
    *, k: int = 8, n_texts: int = 8, tokens_per_text: int = 80, n_neurons: int = 2000, noise: float = 3.0, seed: int = 0
) -> tuple[Activity, Maps]:
    """Make activity of k networks with heavy-tailed maps (Student's t, 3 degrees of freedom) in normal noise.

    Parameters
    ----------
    k, n_texts, tokens_per_text, n_neurons : int
        Sizes. The first half of the texts is of domain ``a``, the second of ``b``.
    noise : float
        Standard deviation of the noise; that of a time course is 1 and of a map 1.7.
    seed : int

    Returns
    -------
    activity : Activity
    maps : ndarray of shape (k, n_neurons), float32
    """
    rng = np.random.default_rng(seed)
    n_tokens = n_texts * tokens_per_text
    maps = rng.standard_t(3, (k, n_neurons))
    values = rng.standard_normal((n_tokens, k)) @ maps + noise * rng.standard_normal((n_tokens, n_neurons))
    tokens = pd.DataFrame(
        {
            "text": np.repeat(np.arange(n_texts), tokens_per_text),
            "position": np.tile(np.arange(tokens_per_text), n_texts),
            "domain": np.repeat(["a", "b"], n_tokens // 2),
        }
    )
    sizes = (n_neurons // 2, n_neurons - n_neurons // 2)
    return Activity(values.astype(np.float32), tokens, sizes, "mlp_activation", "planted"), maps.astype(np.float32)


def recovery(activity: Activity, maps: Maps, seed: int = 0) -> float:
    """Mean absolute correlation of the planted maps with those that spatial ICA finds, matched one to one."""
    found = spatial_ica(activity, len(maps), n_restarts=3, seed=seed)
    return float(match(correlation(found.maps, maps))[1].mean())
