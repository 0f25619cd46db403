"""Pictures of networks: their neurons, their layers, what drives them, and whether they repeat."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from nibabel import Nifti1Image
from nilearn import plotting as nilearn_plotting

from analysis.description.connectivity import as_matrix
from analysis.networks import Networks, as_picture, neurons_per_layer, threshold
from analysis.plotting.style import BLUE, GREY, ORANGE, STYLE, WIDTH, closed, pool, sparse


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
                pool(picture.T, rows=300).T,
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
    return closed(figure)


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
        axes.set_xticks(*sparse(counts.columns))
        axes.set(xlabel="layer", ylabel="network")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label="neurons", pad=0.01)
    return closed(figure)


def split_half(table: pd.DataFrame) -> Figure:
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
    return closed(figure)


def profile(table: pd.DataFrame, by: str, *, label: str = "mean time course (z)") -> Figure:
    """Draw the mean strength of each network by part of speech or domain; grey where the interval holds 0."""
    sure = table["mean"].where((table["low"] > 0) | (table["high"] < 0))
    means = table.assign(mean=sure).pivot_table(
        index="network", columns=by, values="mean", dropna=False, observed=False
    )
    limit = float(np.nanmax(np.abs(table["mean"])))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.0 + 0.26 * len(means)), layout="constrained")
        axes.set_facecolor("#B4B4B4")
        image = axes.imshow(means, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_yticks(range(len(means)), means.index)
        axes.set_xticks(range(means.shape[1]), means.columns, rotation=40, ha="right")
        axes.set(ylabel="network")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label=label, pad=0.01)
    return closed(figure)


def connectivity(table: pd.DataFrame) -> Figure:
    """Draw the correlation of time courses of each pair of networks, written out where it is beyond the bar."""
    matrix, together = as_matrix(table), as_matrix(table, "together") == 1
    limit = max(float(np.nanmax(np.abs(matrix))), float(table["bar"].iloc[0]))
    k = len(matrix)
    with plt.rc_context(STYLE):
        side = 1.4 + 0.34 * k
        figure, axes = plt.subplots(figsize=(min(WIDTH, side + 1), side), layout="constrained")
        axes.set_facecolor("#EEEEEE")
        image = axes.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for row, column in np.argwhere(together):
            value = matrix[row, column]
            colour = "white" if abs(value) > 0.65 * limit else "black"
            axes.text(column, row, f"{value:+.2f}", ha="center", va="center", color=colour, fontsize=6)
        axes.set_xticks(*sparse(range(1, k + 1), 40))
        axes.set_yticks(*sparse(range(1, k + 1), 40))
        axes.set(xlabel="network", ylabel="network")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label="r of the time courses", pad=0.01, shrink=0.8)
    return closed(figure)


def nilearn_view(image: Nifti1Image, *, at: float = 1.96) -> Figure:
    """Let nilearn draw one network's image, layers × neurons, as it draws a statistical map of a brain."""
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(WIDTH, 2.4), facecolor="white")
        nilearn_plotting.plot_stat_map(
            image,
            bg_img=None,
            display_mode="z",
            cut_coords=[0],
            threshold=at,
            cmap="RdBu_r",
            black_bg=False,
            annotate=False,
            figure=figure,
        )
    return closed(figure)
