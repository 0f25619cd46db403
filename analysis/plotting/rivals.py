"""Pictures of networks beside their rivals: other methods, other programs, other sites, single texts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from analysis.description.alternatives import Comparison
from analysis.plotting.style import BLUE, GREY, ORANGE, STYLE, WIDTH, closed, sparse

_MARKS = ("o", "s", "^", "D", "v", "P")


def rivals(comparison: Comparison) -> Figure:
    """Draw kurtosis and split-half similarity of each method's networks beside the same of signal-free activity."""
    real, null = comparison.networks, comparison.null
    methods = list(real["method"].unique())
    panels = (("kurtosis", "excess kurtosis of the map"), ("similarity", "|r| between the halves"))
    with plt.rc_context(STYLE):
        figure, both = plt.subplots(1, 2, figsize=(WIDTH, 3.2), layout="constrained", sharey=True)
        for axes, (column, label) in zip(both, panels, strict=True):
            for row, method in enumerate(methods):
                chance = null.loc[null["method"] == method, column]
                low, high = np.quantile(chance, [0.025, 0.975])
                axes.plot([low, high], [row + 0.2] * 2, color=GREY, lw=5, alpha=0.5, solid_capstyle="butt")
                values = real.loc[real["method"] == method, column]
                axes.plot(values, [row - 0.1] * len(values), "o", mfc="none", color=BLUE, ms=5)
                axes.plot(values.median(), row - 0.1, "|", color=ORANGE, ms=16, mew=2)
            axes.set(xlabel=label)
        both[0].set_xscale("symlog", linthresh=1)
        both[0].xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        both[0].set_yticks(range(len(methods)), methods)
        both[0].invert_yaxis()
        both[1].set_xlim(-0.02, 1.02)
        handles = [
            plt.Line2D([], [], marker="o", mfc="none", color=BLUE, ls="", label="each network"),
            plt.Line2D([], [], marker="|", color=ORANGE, ls="", ms=12, mew=2, label="median"),
            plt.Line2D([], [], color=GREY, lw=5, alpha=0.5, label="signal-free activity, 95 % of networks"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return closed(figure)


def agreement(similarity: npt.NDArray[np.float64], rows: str, columns: str) -> Figure:
    """Draw the absolute correlation of two sets of maps, already in matched order."""
    size = np.abs(similarity)
    with plt.rc_context(STYLE):
        side = 1.4 + 0.34 * len(size)
        figure, axes = plt.subplots(figsize=(min(WIDTH, side + 1), side), layout="constrained")
        image = axes.imshow(size, cmap="cividis", vmin=0, vmax=1)
        _numbers(axes, size, bright=0.6)
        axes.set_yticks(*sparse(range(1, size.shape[0] + 1), 40))
        axes.set_xticks(*sparse(range(1, size.shape[1] + 1), 40))
        axes.set(ylabel=rows, xlabel=columns)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label="|r| of the maps", pad=0.01, shrink=0.8)
    return closed(figure)


def single_texts(table: pd.DataFrame) -> Figure:
    """Draw how far maps of single texts resemble the group's, two ways, beside signal-free twins of the texts."""
    ways = ("dual regression, with the group", "alone, with the group")
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
        for way, colour, marker, step in zip(ways, (BLUE, ORANGE), "os", (-0.12, 0.12), strict=True):
            part = table[table["compared"] == way]
            error = np.abs(part[["low", "high"]].to_numpy().T - part["r"].to_numpy())
            places = part["network"] + step
            label = way.split(",")[0]
            axes.errorbar(places, part["r"], error, fmt=marker, color=colour, ms=4, lw=1, label=label)
            twin = table[table["compared"] == f"{way} (shifted)"]
            axes.plot(places, twin["r"], marker, mfc="none", color=colour, ms=4, alpha=0.8, label=f"{label}, shifted")
        axes.set(xlabel="network", ylabel="r with the group's map", ylim=(min(0, table["r"].min()), 1.02))
        axes.set_xticks(sorted(table["network"].unique()))
        handles, labels = axes.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: labels[i].startswith("alone"))
        order.sort(key=lambda i: "shifted" in labels[i])
        axes.legend(
            [handles[i] for i in order], [labels[i] for i in order], loc="lower left", bbox_to_anchor=(0, 1), ncols=4
        )
    return closed(figure)


def site_layers(shares: pd.DataFrame) -> Figure:
    """Draw the share of lit neurons in each layer (rows), for each way of recording (columns)."""
    colours = (BLUE, BLUE, ORANGE, ORANGE, GREY, GREY)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
        axes.axhline(1 / len(shares), color=GREY, lw=0.7, ls=":", label="evenly over layers")
        for number, name in enumerate(shares):
            style = "-" if number % 2 == 0 else "--"
            axes.plot(shares.index, shares[name], style, color=colours[number], marker=_MARKS[number], ms=4, label=name)
        places, labels = sparse(shares.index)
        axes.set_xticks(shares.index[places], labels)
        axes.set(xlabel="layer", ylabel="share of lit neurons", ylim=(0, None))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return closed(figure)


def _numbers(axes: plt.Axes, values: npt.NDArray[np.float64], bright: float) -> None:
    if len(values) <= 16:
        for (row, column), value in np.ndenumerate(values):
            colour = "black" if value > bright else "white"
            axes.text(column, row, f"{value:.2f}".lstrip("0"), ha="center", va="center", color=colour, fontsize=7)
