"""Pictures of activity: the carpet, its size by layer, time courses, and the loss of the model's training."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.activity import Activity
from analysis.description.quality import size_by_layer, size_by_position
from analysis.networks import Networks
from analysis.plotting.style import BLUE, GREY, ORANGE, STYLE, WIDTH, closed, pool, sparse


def carpet(activity: Activity, text: int = 0, *, limit: float = 2.5) -> Figure:
    """Draw the activity of all neurons over the tokens of one text, as nilearn draws voxels over volumes.

    Parameters
    ----------
    activity : Activity
        Standardised.
    text : int
        Index of the text.
    limit : float
        Values beyond ± this many standard deviations share the end of the scale.
    """
    at = (activity.tokens["text"] == text).to_numpy()
    values = pool(activity.values[at].T, rows=600)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 4.2), layout="constrained")
        image = axes.imshow(
            values, aspect="auto", cmap="gray", vmin=-limit, vmax=limit, extent=(0.5, at.sum() + 0.5, 1, 0)
        )
        _layer_ticks(axes, activity.layer_sizes)
        axes.set(xlabel="token", ylabel="layer")
        figure.colorbar(image, label="activity (z)", shrink=0.6, pad=0.01)
    return closed(figure)


def spread(activity: Activity) -> Figure:
    """Draw the size of activity in each layer, at the first token and at later ones."""
    table = size_by_layer(activity)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
        for column, colour, marker in (("first token", ORANGE, "s"), ("later tokens", BLUE, "o")):
            axes.semilogy(table.index, table[column], color=colour, marker=marker, label=column)
        places, labels = sparse(table.index)
        axes.set_xticks(table.index[places], labels)
        axes.set(xlabel="layer", ylabel="root mean square activity")
        axes.legend()
    return closed(figure)


def layer_shares(shares: pd.DataFrame) -> Figure:
    """Draw what each layer holds of the variance: layers as rows of the table, one line per column."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
        for column, colour, marker in zip(shares, (ORANGE, BLUE), ("s", "o"), strict=False):
            axes.plot(shares.index, shares[column], color=colour, marker=marker, label=column)
        places, labels = sparse(shares.index)
        axes.set_xticks(shares.index[places], labels)
        axes.set(xlabel="layer", ylabel="share of variance", ylim=(0, None))
        axes.legend()
    return closed(figure)


def positions(activity: Activity, n_positions: int = 32) -> Figure:
    """Draw the size of activity at the first positions of a text, one line per layer, relative to the last one."""
    table = size_by_position(activity, n_positions)
    relative = table.div(table.iloc[:, -1], axis=0)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
        colours = plt.get_cmap("cividis")(np.linspace(0, 0.9, len(relative)))
        for (layer, row), colour in zip(relative.iterrows(), colours, strict=True):
            axes.plot(relative.columns, row, color=colour, lw=1.2, label=str(layer))
        axes.axhline(1, color=GREY, lw=0.6)
        axes.set(xlabel="position in the passage", ylabel=f"activity, position {relative.columns[-1]} = 1")
        if len(relative) <= 12:
            axes.legend(title="layer", ncols=2)
    return closed(figure)


def time_courses(
    networks: Networks, tokens: pd.DataFrame, text: int = 0, *, shown: Sequence[int] = (0, 1, 2)
) -> Figure:
    """Draw how strongly some networks are expressed at each token of one text."""
    at = (tokens["text"] == text).to_numpy()
    with plt.rc_context(STYLE):
        figure, rows = plt.subplots(
            len(shown), 1, figsize=(WIDTH, 1.1 * len(shown) + 0.4), sharex=True, squeeze=False, layout="constrained"
        )
        for axes, network in zip(rows[:, 0], shown, strict=True):
            axes.axhline(0, color=GREY, lw=0.5)
            axes.plot(np.arange(1, at.sum() + 1), networks.time_courses[at, network], color=BLUE, lw=1)
            axes.set(ylabel="z", title=f"network {network + 1}")
        rows[-1, 0].set_xlabel("token")
    return closed(figure)


def loss_curve(losses: Sequence[float], *, window: int = 25) -> Figure:
    """Draw the training loss, in nats per token, with its running mean."""
    steps = np.arange(1, len(losses) + 1)
    smooth = pd.Series(losses).rolling(window, min_periods=1, center=True).mean()
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
        axes.plot(steps, losses, color=GREY, alpha=0.35, lw=0.5, label="each step")
        axes.plot(steps, smooth, color=BLUE, label=f"mean of {window} steps")
        axes.set(xlabel="step", ylabel="loss (nats per token)", ylim=(0, None))
        axes.legend()
    return closed(figure)


def _layer_ticks(axes: Axes, layer_sizes: Sequence[int]) -> None:
    edges = np.cumsum([0, *layer_sizes]) / sum(layer_sizes)
    for edge in edges[1:-1]:
        axes.axhline(edge, color=ORANGE, lw=0.6)
    places, labels = sparse(range(1, len(layer_sizes) + 1))
    axes.set_yticks((edges[:-1] + edges[1:])[places] / 2, labels)
