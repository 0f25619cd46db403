"""Pictures of recurrence: template counts, stability of each network, model order, data sets, the untrained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from analysis.networks import Networks, as_picture
from analysis.plotting.style import BLUE, GREY, ORANGE, STYLE, WIDTH, closed, pool, sparse
from analysis.recurrence.icasso import Clusters

Values = npt.NDArray[np.float64]


def template_counts(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw, for each data set, how many networks of single texts overlap each template, beside chance.

    Parameters
    ----------
    tables : mapping of data set to DataFrame
        As :func:`analysis.recurrence.templates.compare` makes them.
    """
    n_rows = -(-len(tables) // 2)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            n_rows, 2, figsize=(WIDTH, 0.6 + 1.9 * n_rows), squeeze=False, sharey=True, layout="constrained"
        )
        for axes, (name, table) in zip(grid.flat, tables.items(), strict=False):
            axes.bar(table.index, table["counted"], color=BLUE, alpha=0.45, label="counted, as in the paper")
            axes.plot(table.index, table["once"], "o", ms=4, color=BLUE, label="paired one to one")
            axes.axhline(table["signal_free_high"].iloc[0], color=ORANGE, label="signal-free texts, largest, 95 %")
            axes.plot(table.index, table["chance_high"], "_", ms=9, mew=2, color="black", label="random sets, 95 %")
            axes.set_title(name)
            axes.set_xticks(*_ticks(table.index))
        for axes in grid.flat[len(tables) :]:
            axes.set_visible(False)
        figure.supxlabel("template", fontsize=9)
        figure.supylabel("networks of single texts", fontsize=9)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
    return closed(figure)


def amount_of_text(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw how like the templates networks are, against the amount of text that they were found in."""
    tokens = np.concatenate([table["tokens"] for table in tables.values()])
    low, high = tokens.min() * 0.9, tokens.max() * 1.1
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
        for (name, table), colour, marker in zip(tables.items(), _colours(len(tables)), "osD^vPX*" * 9, strict=False):
            means = table.groupby("texts")[["tokens", "similarity"]].mean()
            axes.plot(table["tokens"], table["similarity"], ".", ms=6, mew=0, color=colour, alpha=0.4)
            axes.plot(means["tokens"], means["similarity"], marker=marker, ms=5, color=colour, label=name)
        axes.set(xscale="log", xlabel="tokens decomposed together", ylabel="mean |r| with templates", ylim=(0, 1.02))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks([tick for tick in (125, 250, 500, 1000, 2000, 4000, 8000, 16000) if low <= tick <= high])
        axes.legend(loc="lower right", ncols=2)
    return closed(figure)


def evidence(checks: Mapping[str, tuple[Values, Values]]) -> Figure:
    """Draw the agreement that several checks report for real and for signal-free activity.

    Parameters
    ----------
    checks : mapping of name to (real, signal-free)
        Each an array of one agreement per network.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
        for place, values in enumerate(checks.values()):
            for side, (agreement, colour, marker) in enumerate(zip(values, (BLUE, ORANGE), ("o", "x"), strict=True)):
                centre = place + (-0.17, 0.17)[side]
                label = ("real activity", "signal-free activity")[side] if place == 0 else None
                offsets = np.linspace(-0.1, 0.1, len(agreement))
                axes.plot(centre + offsets, agreement, marker, ms=4, color=colour, label=label)
                axes.hlines(np.mean(agreement), centre - 0.13, centre + 0.13, color=colour, lw=1.5)
        axes.set_xticks(range(len(checks)), checks)
        axes.set(ylabel="|r|, one mark per network", ylim=(0, 1.02))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return closed(figure)


def stability(halves: pd.DataFrame, bar: float, resamples: Values, resample_bar: float) -> Figure:
    """Draw for each network how it is found again in resampled texts and in halves, with a bar for either.

    Parameters
    ----------
    halves : DataFrame
        As :func:`analysis.recurrence.stability.trace` makes it.
    bar : float
        What signal-free halves stay below.
    resamples : ndarray of shape (n_draws, k)
        Similarity of each network to its partner in each resample.
    resample_bar : float
        What signal-free resamples stay below.
    """
    low, high = np.quantile(resamples, [0.025, 0.975], axis=0)
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 2.9), sharey=True, layout="constrained")
        panels[0].vlines(halves.index, low, high, color=BLUE, lw=1.5)
        panels[0].plot(halves.index, resamples.mean(0), "o", ms=5, color=BLUE)
        above = (halves["similarity"] > bar).to_numpy()
        panels[1].plot(halves.index[above], halves["similarity"][above], "o", ms=5, color=BLUE, label="repeats")
        panels[1].plot(halves.index[~above], halves["similarity"][~above], "x", color=ORANGE, label="does not")
        for axes, level, title in zip(panels, (resample_bar, bar), ("resampled texts", "halves"), strict=True):
            axes.axhspan(0, level, color=GREY, alpha=0.25, lw=0)
            axes.set(title=title, xlabel="network", ylim=(0, 1.02))
            axes.set_xticks(*_ticks(halves.index))
        panels[0].set_ylabel("|r| with the partner")
        panels[1].legend(loc="lower left", bbox_to_anchor=(0.3, 1), ncols=2)
    return closed(figure)


def icasso(clusters: Clusters, empty: Clusters, *, shown: int = 10) -> Figure:
    """Draw the components of all runs, sorted by cluster, and the best clusters' scores beside signal-free ones."""
    order = np.argsort(clusters.labels, kind="stable")
    edges = np.flatnonzero(np.diff(clusters.labels[order])) + 0.5
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.3), width_ratios=(1.1, 1), layout="constrained")
        image = left.imshow(clusters.similarity[np.ix_(order, order)], cmap="cividis", vmin=0, vmax=1)
        for edge in edges[:shown]:
            left.axhline(edge, color="white", lw=0.5)
            left.axvline(edge, color="white", lw=0.5)
        left.set(xticks=[], yticks=[], xlabel="components of all resamples, by cluster")
        left.spines[:].set_visible(False)
        figure.colorbar(image, ax=left, label="|r|", shrink=0.8, pad=0.01)
        scores, hollow = clusters.score[:shown], empty.score[:shown]
        right.bar(range(1, len(scores) + 1), scores, color=BLUE, label="real activity")
        right.plot(range(1, len(hollow) + 1), hollow, "x", color=ORANGE, label="signal-free")
        right.set(xlabel="cluster", ylabel="stability index × share of resamples", ylim=(0, 1.02))
        right.set_xticks(*_ticks(range(1, shown + 1)))
        right.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return closed(figure)


def model_order(table: pd.DataFrame) -> Figure:
    """Draw how many networks repeat, and how well, against the number that was asked for."""
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.6), layout="constrained")
        left.plot(table.index, table.index, "--", color=GREY, label="all")
        left.plot(table.index, table["repeat"], "o-", color=BLUE, label="repeat")
        left.set(ylabel="networks", ylim=(0, None))
        right.plot(table.index, table["mean"], "o-", color=BLUE, label="mean")
        right.plot(table.index, table["least"], "s-", color=ORANGE, label="least similar")
        right.fill_between(table.index, 0, table["bar"], color=GREY, alpha=0.25, lw=0, label="signal-free")
        right.set(ylabel="|r| between the halves", ylim=(0, 1.02))
        for axes in (left, right):
            axes.set_xticks(table.index)
            axes.set_xlabel("networks asked for (k)")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return closed(figure)


def pairs(
    rows: Mapping[str, Sequence[tuple[Networks, int]]], *, at: float = 1.96, columns: Sequence[str] = ()
) -> Figure:
    """Draw matched networks side by side, layers × neurons, with the signs of each row made to agree.

    Parameters
    ----------
    rows : mapping of title to sequence of (networks, place)
        In each row, which network (counted from 0) of which decomposition.
    at : float
        Neurons with absolute z above it are lit.
    columns : sequence of str
        Heads of the columns.
    """
    n_columns = max(map(len, rows.values()))
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            len(rows),
            n_columns,
            figsize=(WIDTH, 0.5 + 1.15 * len(rows)),
            squeeze=False,
            sharex=True,
            sharey=True,
            layout="constrained",
        )
        for line, (title, members) in zip(grid, rows.items(), strict=True):
            reference = members[0][0].maps[members[0][1]]
            for axes, (networks, place) in zip(line, members, strict=False):
                _lit(axes, networks, place, at, reference)
            line[0].set_ylabel(title)
        for axes, head in zip(grid[0], columns, strict=False):
            axes.set_title(head)
        figure.supxlabel("neuron within its layer (rows of each picture: layers)", fontsize=9)
    return closed(figure)


def _lit(axes: Axes, networks: Networks, place: int, at: float, reference: npt.NDArray[np.float32]) -> None:
    own = networks.maps[place]
    own = own * (1 if own @ reference >= 0 else -1)
    picture = as_picture(np.clip(np.where(np.abs(own) > at, own, 0), -6, 6), networks.layer_sizes)
    n_layers, width = picture.shape
    axes.imshow(
        pool(picture.T, rows=150).T,
        aspect="auto",
        cmap="RdBu_r",
        vmin=-6,
        vmax=6,
        extent=(0, width, n_layers + 0.5, 0.5),
    )
    axes.set_yticks([1, n_layers])


def across(tables: Mapping[str, Values], names: Sequence[str], bar: float) -> Figure:
    """Draw the similarity of the networks of each data set to those of each other; split halves on the diagonal."""
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            1, len(tables), figsize=(WIDTH, 1.6 + 0.36 * len(names)), squeeze=False, sharey=True, layout="constrained"
        )
        for axes, (title, table) in zip(panels[0], tables.items(), strict=True):
            image = axes.imshow(table, cmap="cividis", vmin=0, vmax=1)
            for (row, column), value in np.ndenumerate(table):
                colour = "black" if value > 0.55 else "white"
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
            axes.set_title(title)
            axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
            axes.set_yticks(range(len(names)), names)
            axes.spines[:].set_visible(False)
        side = figure.colorbar(image, ax=panels, label="mean |r|", shrink=0.8, pad=0.01)
        side.ax.axhline(bar, color=ORANGE, lw=2)
    return closed(figure)


def untrained(table: pd.DataFrame) -> Figure:
    """Draw the split-half similarity of the trained and the untrained model on each data set, with intervals."""
    places = np.arange(len(table))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + 0.42 * len(table)), layout="constrained")
        for model, offset, colour, marker in (("trained", -0.13, BLUE, "o"), ("untrained", 0.13, ORANGE, "s")):
            axes.hlines(places + offset, table[f"{model}_low"], table[f"{model}_high"], color=colour, lw=1.5)
            axes.plot(table[model], places + offset, marker, ms=5, color=colour, label=model)
        axes.set_yticks(places, table.index)
        axes.set_ylim(len(table) - 0.5, -0.5)
        axes.set(xlabel="mean |r| between halves of the texts", xlim=(0, 1.02))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return closed(figure)


def _ticks(labels: Sequence[int]) -> tuple[list[int], list[str]]:
    places, names = sparse(list(labels), most=12)
    return [labels[place] for place in places], names


def _colours(n: int) -> list[str]:
    palette = [BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", GREY]
    return [palette[place % len(palette)] for place in range(n)]
