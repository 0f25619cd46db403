"""Pictures of driven networks: dose and response, slopes, what was chosen, what it held, and who pays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from analysis.plotting.style import BLUE, GREY, ORANGE, STYLE, WIDTH, closed

_WAYS = (("factor", 1.0, "activity times"), ("constant", 0.0, "activity plus"))


def dose_response(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw measured and predicted changes of each network against the strength, a row for each measure.

    Parameters
    ----------
    tables : mapping of label to DataFrame
        As :func:`analysis.amplification.driving.drive_texts` makes them, or one task of
        :func:`analysis.amplification.driving.drive_items`; the label says what changes, and in which unit.
    """
    ways = [way for way in _WAYS if all((table[way[0]] != way[1]).any() for table in tables.values())]
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            len(tables),
            len(ways),
            figsize=(WIDTH, 0.6 + 1.75 * len(tables)),
            sharex="col",
            sharey="row",
            squeeze=False,
            layout="constrained",
        )
        for line, (label, table) in zip(grid, tables.items(), strict=True):
            for axes, (way, rest, _) in zip(line, ways, strict=True):
                _curves(axes, table, way, rest)
            line[0].set_ylabel(label)
            _bound(line[0], table["measured"])
        for axes, (_, _, name) in zip(grid[-1], ways, strict=True):
            axes.set_xlabel(name)
        figure.legend(handles=_line_handles(), loc="outside upper left", ncols=3)
    return closed(figure)


def _curves(axes: Axes, table: pd.DataFrame, way: str, rest: float) -> None:
    """Draw each network's curve through the model as it is, where nothing changes."""
    axes.axhline(0, color=GREY, lw=0.7)
    axes.axvline(rest, color=GREY, lw=0.7, ls=":")
    driven = table[table[way] != rest]
    for _, group in driven.groupby("network"):
        points = pd.concat([group[[way, "measured", "predicted"]], pd.DataFrame({way: [rest]})]).fillna(0)
        points = points.sort_values(way)
        axes.plot(points[way], points["predicted"], "--", color=ORANGE, lw=0.8, alpha=0.7)
        axes.plot(points[way], points["measured"], ".-", color=BLUE, lw=0.9, ms=4, alpha=0.7)


def _bound(axes: Axes, measured: pd.Series) -> None:
    """Keep straight predictions, which may leave for anywhere, from setting the scale."""
    low, high = min(0.0, measured.min()), max(0.0, measured.max())
    margin = 0.15 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)


def _line_handles() -> list[Line2D]:
    return [
        Line2D([], [], color=BLUE, marker=".", lw=0.9, label="measured, each network"),
        Line2D([], [], color=ORANGE, ls="--", lw=0.9, label="predicted by one backward pass"),
        Line2D([], [], color=GREY, ls=":", lw=0.7, label="the model as it is"),
    ]


def score_beside_text(scores: pd.DataFrame, texts: pd.DataFrame) -> Figure:
    """Draw, for each network and strength, the change of accuracy beside the change on neutral text.

    Parameters
    ----------
    scores, texts : DataFrame
        As :func:`analysis.amplification.driving.drive_items` (mean over tasks is drawn) and
        :func:`analysis.amplification.driving.drive_texts` make them, at the same strengths.
    """
    strengths = list(dict.fromkeys(texts["strength"]))
    panels = [
        ("change in accuracy, mean over tasks", scores, "accuracy", "RdBu"),
        ("change on neutral text, bits per byte", texts, "measured", "RdBu_r"),
    ]
    with plt.rc_context(STYLE):
        k = texts["network"].max()
        figure, both = plt.subplots(1, 2, figsize=(WIDTH, 1.3 + 0.2 * k), sharey=True, layout="constrained")
        for axes, (title, table, column, colours) in zip(both, panels, strict=True):
            values = table.pivot_table(column, "network", "strength", aggfunc="mean")[strengths]
            largest = max(float(np.abs(values).max(axis=None)), 1e-9)
            image = axes.imshow(values, cmap=colours, vmin=-largest, vmax=largest, aspect="auto")
            axes.set_title(title)
            axes.set_xticks(range(len(strengths)), strengths, rotation=90)
            axes.set_yticks(range(len(values)), values.index)
            axes.spines[:].set_visible(False)
            figure.colorbar(image, ax=axes, pad=0.01)
        both[0].set_ylabel("network")
        figure.supxlabel("strength", fontsize=9)
    return closed(figure)


def slopes(texts: pd.DataFrame, answers: pd.DataFrame, never_seen: Collection[str] = ()) -> Figure:
    """Draw the slope of the loss in each network's factor, for kinds of text and for answers of tasks.

    Parameters
    ----------
    texts, answers : DataFrame
        As :func:`analysis.amplification.pulls.of_texts` and :func:`analysis.amplification.pulls.of_answers` make them.
    never_seen : collection of str
        Kinds and tasks that training did not show, drawn in another colour.
    """
    panels = ((texts, "bits per byte of texts"), (answers, "bits per answer"))
    heights = [max(2, table["kind"].nunique()) for table, _ in panels]
    with plt.rc_context(STYLE):
        figure, both = plt.subplots(
            2, 1, figsize=(WIDTH, 1.3 + 0.24 * sum(heights)), height_ratios=heights, layout="constrained"
        )
        for axes, (table, label) in zip(both, panels, strict=True):
            kinds = list(dict.fromkeys(table["kind"]))
            for row, kind in enumerate(kinds):
                _row_of_slopes(axes, table[table["kind"] == kind], row, ORANGE if kind in never_seen else BLUE)
            axes.axvline(0, color=GREY, lw=0.7)
            axes.set_yticks(range(len(kinds)), kinds)
            axes.set_ylim(len(kinds) - 0.4, -0.6)
            axes.set_xlabel(f"slope, {label} for a doubling of the network")
        handles = [
            Line2D([], [], marker="o", color="black", ls="", ms=4, label="95 % interval without 0"),
            Line2D([], [], marker="o", mfc="white", color="black", ls="", ms=4, label="with 0"),
            Patch(color=BLUE, label="trained on"),
            Patch(color=ORANGE, label="never seen in training"),
        ]
        figure.legend(handles=handles[: 4 if never_seen else 2], loc="outside upper left", ncols=4)
    return closed(figure)


def _row_of_slopes(axes: Axes, table: pd.DataFrame, row: int, colour: str) -> None:
    places = row + np.linspace(-0.25, 0.25, len(table))
    axes.hlines(places, table["low"], table["high"], color=colour, lw=0.8, alpha=0.6)
    sure = ((table["low"] > 0) | (table["high"] < 0)).to_numpy()
    for chosen, face in ((sure, colour), (~sure, "white")):
        axes.plot(table["slope"][chosen], places[chosen], "o", ms=3.2, mec=colour, mfc=face, mew=0.8)


def gains(table: pd.DataFrame, offsets: pd.Series) -> Figure:
    """Draw the gain of each task on ``test``, beside matched sets chosen alike, chance, and a mere offset.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.amplification.tuning_report.gain_table` makes it.
    offsets : Series
        As :func:`analysis.amplification.tuning_report.offset_gains` makes it.
    """
    rows = np.arange(len(table))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.1 + 0.34 * len(table)), layout="constrained")
        axes.axvline(0, color=GREY, lw=0.7)
        axes.barh(
            rows, table["sham_high"] - table["sham_low"], left=table["sham_low"], height=0.62, color=GREY, alpha=0.3
        )
        axes.hlines(rows, table["low"], table["high"], color=BLUE, lw=1.5)
        axes.plot(table["test"], rows, "o", ms=5, color=BLUE)
        axes.plot(table["tune"], rows, "o", ms=5, mfc="white", color=BLUE)
        axes.plot(table["chance"] - table["before"], rows, "|", ms=11, mew=1.5, color="black")
        at = [table.index.get_loc(task) for task in offsets.index]
        axes.plot(offsets, at, "x", ms=6, mew=1.5, color=ORANGE)
        axes.set_yticks(rows, [f"{task} ({row.before:.2f})" for task, row in table.iterrows()])
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.set_xlabel("change in accuracy")
        figure.legend(handles=_gain_handles(), loc="outside upper left", ncols=3)
    return closed(figure)


def _gain_handles() -> Sequence[Line2D | Patch]:
    return [
        Line2D([], [], marker="o", color=BLUE, lw=1.5, ms=5, label="on test, 95 % interval"),
        Line2D([], [], marker="o", mfc="white", color=BLUE, ls="", ms=5, label="on tune, where it was chosen"),
        Patch(color=GREY, alpha=0.3, label="matched sets chosen alike, on test, 95 %"),
        Line2D([], [], marker="|", color="black", ls="", ms=11, mew=1.5, label="a guess"),
        Line2D([], [], marker="x", color=ORANGE, ls="", ms=6, mew=1.5, label="a mere offset of the answers"),
    ]


def curse(table: pd.DataFrame) -> Figure:
    """Draw what the chosen promised on ``tune`` and held on ``test``: networks, and matched sets chosen alike.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.amplification.tuning_report.curse` makes it.
    """
    tasks = list(dict.fromkeys(table["task"]))
    n_columns = min(5, len(tasks))
    n_rows = -(-len(tasks) // n_columns)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            n_rows, n_columns, figsize=(WIDTH, 0.7 + 1.6 * n_rows), sharey=True, squeeze=False, layout="constrained"
        )
        for axes, task in zip(grid.flat, tasks, strict=False):
            part = table[table["task"] == task]
            own = part["set"] == "network"
            drawn = part.loc[~own, ["tune", "test"]]
            axes.axhline(0, color=GREY, lw=0.7)
            axes.plot([0, 1], drawn.T, "-", color=GREY, lw=0.6, alpha=0.5)
            axes.plot([0, 1], drawn.mean(), "s-", color="black", lw=1.5, ms=4)
            axes.plot([0, 1], part.loc[own, ["tune", "test"]].mean(), "o-", color=BLUE, lw=1.8, ms=5)
            axes.set_title(task, fontsize=8)
            axes.set_xticks([0, 1], ["tune", "test"])
            axes.set_xlim(-0.25, 1.25)
        for axes in grid.flat[len(tasks) :]:
            axes.set_visible(False)
        figure.supylabel("change in accuracy", fontsize=9)
        handles = [
            Line2D([], [], marker="o", color=BLUE, lw=1.8, ms=5, label="best network"),
            Line2D([], [], color=GREY, lw=0.8, label="best matched set of each draw"),
            Line2D([], [], marker="s", color="black", lw=1.5, ms=4, label="their mean"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return closed(figure)


def bill(table: pd.DataFrame, neutral: pd.Series) -> Figure:
    """Draw what each choice does to every task, and to neutral text.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.amplification.tuning_report.bill` makes it.
    neutral : Series
        Change of bits per byte of neutral text under the same choices.
    """
    largest = max(float(np.abs(table).max(axis=None)), 0.05)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(
            1,
            2,
            figsize=(WIDTH, 1.7 + 0.3 * len(table)),
            width_ratios=(table.shape[1], 1.3),
            sharey=True,
            layout="constrained",
        )
        left.imshow(table, cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto")
        _numbers(left, table.to_numpy(), 0.6 * largest)
        for row, task in enumerate(table.index):
            if task in table.columns:
                corner = (table.columns.get_loc(task) - 0.5, row - 0.5)
                left.add_patch(Rectangle(corner, 1, 1, fill=False, ec="black", lw=1.5))
        left.set_xticks(range(table.shape[1]), table.columns, rotation=35, ha="right")
        left.set_yticks(range(len(table)), table.index)
        left.set(ylabel="chosen for", title="change in accuracy")
        most = max(float(neutral.abs().max()), 1e-9)
        right.imshow(neutral.to_numpy()[:, None], cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
        _numbers(right, neutral.to_numpy()[:, None], 0.6 * most)
        right.set_xticks([0], ["neutral text"], rotation=35, ha="right")
        right.set_title("bits per byte")
        for axes in (left, right):
            axes.spines[:].set_visible(False)
    return closed(figure)


def _numbers(axes: Axes, values: np.ndarray, bright: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:+.2f}".replace("-", "−")
        axes.text(
            column, row, text, ha="center", va="center", fontsize=7, color="white" if abs(value) > bright else "black"
        )


def adding(table: pd.DataFrame) -> Figure:
    """Draw what a constant added to each network does to neutral text, beside its matched sets.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.amplification.claims.adding` makes it.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.5), layout="constrained")
        axes.axhline(0, color=GREY, lw=0.7)
        height = table["band_high"] - table["band_low"]
        axes.bar(
            table.index, height, bottom=table["band_low"], width=0.7, color=GREY, alpha=0.3, label="matched sets, 95 %"
        )
        axes.vlines(table.index, table["low"], table["high"], color=BLUE, lw=1.5)
        axes.plot(table.index, table["change"], "o", ms=5, color=BLUE, label="network, 95 % interval over texts")
        axes.set_xticks(table.index)
        axes.set(xlabel="network", ylabel="bits per byte")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return closed(figure)
