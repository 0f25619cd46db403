"""What to look at in a recording before any network is looked for: its sizes by layer, position and neuron."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity


def size_by_layer(activity: Activity) -> pd.DataFrame:
    """Root mean square of activity in each layer, at the first token of a text and at later ones.

    Returns
    -------
    DataFrame of n_layers rows
        ``first token`` and ``later tokens``, in the model's own units; layers counted from 1.
    """
    first = (activity.tokens["position"] == 0).to_numpy()
    sizes = {
        "first token": _mean_squares(activity, first).mean(0) ** 0.5,
        "later tokens": _mean_squares(activity, ~first).mean(0) ** 0.5,
    }
    return pd.DataFrame(sizes, index=_layers(activity))


def loudness(activity: Activity) -> float:
    """Say how many times larger activity is in the loudest layer than in the quietest, the first tokens left out."""
    sizes = size_by_layer(activity)["later tokens"]
    return float(sizes.max() / sizes.min())


def size_by_position(activity: Activity, n_positions: int = 32) -> pd.DataFrame:
    """Root mean square of activity at the first positions of a text, over texts.

    Returns
    -------
    DataFrame of n_layers rows and n_positions columns
        In the model's own units; layers and positions counted from 1. Fewer columns where all texts are shorter.
    """
    near = (activity.tokens["position"] < n_positions).to_numpy()
    squares = pd.DataFrame(_mean_squares(activity, near), columns=_layers(activity))
    means = squares.groupby(activity.tokens.loc[near, "position"].to_numpy() + 1).mean()
    return (means**0.5).T.rename_axis(columns="position")


def variance_by_layer(activity: Activity) -> pd.Series:
    """Share of each layer in the variance of all neurons over tokens: what a decomposition would see of it.

    Returns
    -------
    Series of n_layers
        Sums to 1; layers counted from 1.
    """
    variance = activity.values.var(0, dtype=np.float64)
    per_layer = np.add.reduceat(variance, _edges(activity))
    return pd.Series(per_layer / per_layer.sum(), index=_layers(activity), name="share of variance")


def largest_values(activity: Activity) -> pd.DataFrame:
    """Find the largest value of each layer, beside the usual size there.

    A few coordinates of large models are thousands of times larger than the rest at a few tokens, mostly the first
    (*massive activations*; Sun et al. 2024). They would be mistaken for networks.

    Returns
    -------
    DataFrame of n_layers rows
        ``largest`` (with its sign) and ``median`` (of absolute values), ``ratio`` of the two, ``neuron`` (within its
        layer, from 0), ``position`` (from 1) and ``piece`` where it stands.
    """
    rows = []
    for start, stop in zip(_edges(activity), np.cumsum(activity.layer_sizes), strict=True):
        block = np.abs(activity.values[:, start:stop])
        token, neuron = np.unravel_index(block.argmax(), block.shape)
        median = float(np.median(block))
        rows.append(
            {
                "largest": float(activity.values[token, start + neuron]),
                "median": median,
                "ratio": float(block[token, neuron]) / median if median > 0 else np.inf,
                "neuron": int(neuron),
                "position": int(activity.tokens["position"].iloc[token]) + 1,
                "piece": activity.tokens["piece"].iloc[token],
            }
        )
    return pd.DataFrame(rows, index=_layers(activity))


def _edges(activity: Activity) -> npt.NDArray[np.int64]:
    return np.cumsum([0, *activity.layer_sizes])[:-1]


def _layers(activity: Activity) -> pd.RangeIndex:
    return pd.RangeIndex(1, len(activity.layer_sizes) + 1, name="layer")


def _mean_squares(activity: Activity, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Mean square over the neurons of each layer at some tokens, shape (n_rows, n_layers)."""
    squares = activity.values[rows].astype(np.float64) ** 2
    return np.asarray(np.add.reduceat(squares, _edges(activity), axis=1) / activity.layer_sizes)
