"""Every figure of the book, in one visual language: one light card, colours that the colour-blind can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from analysis.activity import Activity, size_by_layer
from analysis.networks import Networks, as_picture, neurons_per_layer, threshold

WIDTH = 8.0  # inches: the text column of the book
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6E6E6E"  # from the palette of Okabe and Ito (2008)
STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "image.interpolation": "nearest",
}


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
    values = _pool(activity.values[at].T, rows=600)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 4.2), layout="constrained")
        image = axes.imshow(
            values, aspect="auto", cmap="gray", vmin=-limit, vmax=limit, extent=(0.5, at.sum() + 0.5, 1, 0)
        )
        _layer_ticks(axes, activity.layer_sizes)
        axes.set(xlabel="token", ylabel="layer")
        figure.colorbar(image, label="activity (z)", shrink=0.6, pad=0.01)
    return _closed(figure)


def spread(activity: Activity) -> Figure:
    """Draw the size of activity in each layer, at the first token and at later ones."""
    table = size_by_layer(activity)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
        for column, colour, marker in (("first token", ORANGE, "s"), ("later tokens", BLUE, "o")):
            axes.semilogy(table.index, table[column], color=colour, marker=marker, label=column)
        places, labels = _sparse(table.index)
        axes.set_xticks(table.index[places], labels)
        axes.set(xlabel="layer", ylabel="root mean square activity")
        axes.legend()
    return _closed(figure)


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
    return _closed(figure)


def network_pictures(networks: Networks, *, at: float = 1.96) -> Figure:
    """Draw each network as layers × neurons, its neurons lit, as in the first paper's pictures.

    Parameters
    ----------
    networks : Networks
    at : float
        Neurons with absolute z above it are lit, warm where positive, cool where negative.
    """
    n_rows = -(-networks.k // 2)
    top = float(np.abs(networks.maps).max())
    masks = threshold(networks.maps, at)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            n_rows, 2, figsize=(WIDTH, 0.5 + 0.95 * n_rows), squeeze=False, sharex=True, layout="constrained"
        )
        for number, axes in enumerate(grid.flat[: networks.k]):
            mask = masks[number]
            picture = as_picture(np.where(mask, networks.maps[number], 0), networks.layer_sizes)
            n_layers, n_columns = picture.shape
            image = axes.imshow(
                _pool(picture.T, rows=300).T,
                aspect="auto",
                cmap="RdBu_r",
                norm=TwoSlopeNorm(0, -top, top),
                extent=(0, n_columns, n_layers + 0.5, 0.5),
            )
            share = networks.share[number]
            axes.set_title(f"network {number + 1}: {mask.sum()} neurons, {share:.1%} of variance")
            axes.set_yticks([1, n_layers])
        for axes in grid.flat[networks.k :]:
            axes.set_visible(False)
        figure.supylabel("layer", fontsize=9)
        figure.supxlabel("neuron within its layer", fontsize=9)
        figure.colorbar(image, ax=grid, label="map (z)", shrink=min(1, 2.5 / n_rows), pad=0.01)
    return _closed(figure)


def layer_profile(networks: Networks, *, at: float = 1.96) -> Figure:
    """Draw the number of neurons that each network has in each layer."""
    counts = neurons_per_layer(threshold(networks.maps, at), networks.layer_sizes)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.8 + 0.26 * networks.k), layout="constrained")
        image = axes.imshow(counts, aspect="auto", cmap="cividis", vmin=0)
        if counts.shape[1] <= 16:
            for (row, column), value in np.ndenumerate(counts.to_numpy()):
                bright = value > 0.6 * counts.to_numpy().max()
                axes.text(column, row, str(value), ha="center", va="center", color="black" if bright else "white")
        axes.set_yticks(range(networks.k), counts.index)
        axes.set_xticks(*_sparse(counts.columns))
        axes.set(xlabel="layer", ylabel="network")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label="neurons", pad=0.01)
    return _closed(figure)


def recurrence(table: pd.DataFrame) -> Figure:
    """Draw the split-half similarity of matched networks beside what signal-free activity reaches."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
        axes.axhspan(0, table["bar"].iloc[0], color=GREY, alpha=0.25, lw=0, label="reached by signal-free activity")
        for repeats, marker, label in ((True, "o", "repeats"), (False, "x", "does not repeat")):
            part = table[table["repeats"] == repeats]
            axes.plot(part.index, part["similarity"], marker, color=BLUE if repeats else ORANGE, label=label)
        axes.set(xlabel="network, most similar first", ylabel="|r| between the halves", ylim=(0, 1.02))
        axes.set_xticks(table.index)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return _closed(figure)


def profile(table: pd.DataFrame, by: str) -> Figure:
    """Draw the mean strength of each network by part of speech or domain; blank where the interval holds 0."""
    sure = table["mean"].where((table["low"] > 0) | (table["high"] < 0))
    means = table.assign(mean=sure).pivot_table(
        index="network", columns=by, values="mean", dropna=False, observed=False
    )
    limit = float(np.nanmax(np.abs(table["mean"])))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.0 + 0.26 * len(means)), layout="constrained")
        axes.set_facecolor("#EEEEEE")
        image = axes.imshow(means, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_yticks(range(len(means)), means.index)
        axes.set_xticks(range(means.shape[1]), means.columns, rotation=40, ha="right")
        axes.set(ylabel="network")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label="mean time course (z)", pad=0.01)
    return _closed(figure)


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
    return _closed(figure)


def _layer_ticks(axes: Axes, layer_sizes: Sequence[int]) -> None:
    edges = np.cumsum([0, *layer_sizes]) / sum(layer_sizes)
    for edge in edges[1:-1]:
        axes.axhline(edge, color=ORANGE, lw=0.6)
    places, labels = _sparse(range(1, len(layer_sizes) + 1))
    axes.set_yticks((edges[:-1] + edges[1:])[places] / 2, labels)


def _sparse(labels: Sequence[int], most: int = 16) -> tuple[list[int], list[str]]:
    """Choose at most so many tick places and their labels."""
    places = list(range(0, len(labels), -(-len(labels) // most)))
    return places, [str(labels[place]) for place in places]


def _pool(values: npt.NDArray[np.float32], rows: int) -> npt.NDArray[np.float32]:
    """Reduce many rows to at most so many, keeping the strongest value of each group, so that single neurons show."""
    if len(values) <= rows:
        return values
    groups = np.array_split(values, rows)
    strongest = [np.take_along_axis(g, np.abs(np.nan_to_num(g)).argmax(0)[None], 0)[0] for g in groups]
    return np.stack(strongest)


def _closed(figure: Figure) -> Figure:
    """Take a figure out of pyplot, so that a notebook shows it once: where it is returned."""
    plt.close(figure)
    return figure
