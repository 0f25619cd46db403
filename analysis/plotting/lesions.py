"""Pictures of lesions: single networks, tasks, sources by kinds, doses, ways to silence, what is kept, pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.inference import Interval
from analysis.lesions.pairs import Dissociation
from analysis.plotting.style import BLUE, GREEN, GREY, ORANGE, STYLE, WIDTH, closed

Values = npt.NDArray[np.float64]
_RISE = "rise of bits per byte"


def lesion_effects(table: pd.DataFrame) -> Figure:
    """Draw what each network's lesion does to each kind of text, beside its matched sets.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.lesions.study.table` makes it; the networks' own kind first. What of an interval leaves the
        range of the estimates and bands is not shown: intervals over few texts can be wide.
    """
    kinds = list(table["kind"].unique())
    top = 1.25 * table[["rise", "band_high"]].to_numpy().max()
    bottom = min(-0.05 * top, 1.25 * table[["rise", "band_low"]].to_numpy().min())
    n_columns = min(4, len(kinds))
    n_rows = -(-len(kinds) // n_columns)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            n_rows, n_columns, figsize=(WIDTH, 0.7 + 1.75 * n_rows), squeeze=False, sharey=True, layout="constrained"
        )
        for axes, kind in zip(grid.flat, kinds, strict=False):
            part = table[table["kind"] == kind]
            role = part["role"].iloc[0]
            axes.vlines(part["network"], part["band_low"], part["band_high"], color=GREY, alpha=0.45, lw=6)
            axes.vlines(part["network"], part["low"], part["high"], color=_ROLES[role], lw=1)
            axes.plot(part["network"], part["rise"], "o", ms=3.5, color=_ROLES[role])
            axes.axhline(0, color="black", lw=0.5)
            axes.set_title(f"{kind} ({role})")
            axes.set_ylim(bottom, top)
            axes.set_xticks([part["network"].min(), part["network"].max()])
        for axes in grid.flat[len(kinds) :]:
            axes.set_visible(False)
        figure.supxlabel("network that is silenced", fontsize=9)
        figure.supylabel(_RISE, fontsize=9)
        handles = [plt.Line2D([], [], marker="o", ms=3.5, lw=1, color=BLUE, label="network, with its interval")]
        handles.append(plt.Line2D([], [], color=GREY, alpha=0.45, lw=6, label="matched sets, 95 %"))
        figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return closed(figure)


_ROLES = {"own": BLUE, "neutral": ORANGE, "other": GREEN}


def lesion_rungs(observed: Interval, draws: Mapping[str, Values], *, label: str = _RISE) -> Figure:
    """Draw an effect with its interval beside what each control does, random or not.

    Parameters
    ----------
    observed : Interval
    draws : mapping of name to ndarray
        Draws of random sets, or the one value of a control that is not random.
    label : str
        What is measured.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.8 + 0.3 * len(draws)), layout="constrained")
        axes.axvspan(observed.low, observed.high, color=BLUE, alpha=0.15, lw=0)
        axes.axvline(observed.estimate, color=BLUE, lw=1.5, label="observed, with its interval")
        for row, values in enumerate(draws.values()):
            axes.hlines(row, *np.quantile(values, [0.025, 0.975]), color=GREY, lw=5, alpha=0.5)
            axes.plot(np.mean(values), row, "D" if len(values) == 1 else "|", ms=5, mew=2, color="black")
        axes.axvline(0, color="black", lw=0.5)
        axes.set_yticks(range(len(draws)), draws)
        axes.set_ylim(len(draws) - 0.5, -0.5)
        axes.set(xlabel=label)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1))
    return closed(figure)


def lesion_accuracies(table: pd.DataFrame, neutral: Sequence[float]) -> Figure:
    """Draw the change of accuracy of each task under each lesion, pale where the interval holds 0; below, neutral text.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.lesions.study.accuracy_table` makes it.
    neutral : sequence of float
        Rise of bits per byte of neutral text under each lesion, in the order of the table.
    """
    lesions, tasks = list(table["lesion"].unique()), list(table["task"].unique())
    cells = table.set_index(["task", "lesion"]).reindex(pd.MultiIndex.from_product([tasks, lesions]))
    shape = (len(tasks), len(lesions))
    changes = cells["change"].to_numpy().reshape(shape)
    sure = ((cells["low"] > 0) | (cells["high"] < 0)).to_numpy().reshape(shape)
    limit = max(0.1, float(np.abs(changes).max()))
    with plt.rc_context(STYLE):
        figure, (axes, below) = plt.subplots(
            2, 1, figsize=(WIDTH, 1.5 + 0.23 * len(tasks)), height_ratios=(len(tasks), 1), sharex=True,
            layout="constrained",
        )  # fmt: skip
        image = axes.imshow(changes, aspect="auto", cmap="RdBu", vmin=-limit, vmax=limit, alpha=np.where(sure, 1, 0.3))
        for (row, column), value in np.ndenumerate(changes):
            colour = "white" if sure[row, column] and abs(value) > 0.65 * limit else "black"
            weight = "bold" if sure[row, column] else "normal"
            axes.text(column, row, f"{value:+.2f}", ha="center", va="center", color=colour, fontsize=6.5, weight=weight)
        intact = cells["intact"].to_numpy().reshape(shape)[:, 0]
        axes.set_yticks(range(len(tasks)), [f"{task} ({value:.2f})" for task, value in zip(tasks, intact, strict=True)])
        axes.set(ylabel="task (accuracy of the intact model)")
        axes.tick_params("x", length=0)
        below.imshow(np.array(neutral)[None], aspect="auto", cmap="Reds", vmin=0, vmax=max(0.1, *neutral))
        for column, value in enumerate(neutral):
            colour = "white" if value > 0.65 * max(0.1, *neutral) else "black"
            below.text(column, 0, f"{value:+.2f}", ha="center", va="center", color=colour, fontsize=6.5)
        below.set_yticks([0], ["neutral text, bits per byte"])
        below.set_xticks(range(len(lesions)), lesions)
        below.set(xlabel="network that is silenced")
        for panel in (axes, below):
            panel.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="change of accuracy", pad=0.01)
    return closed(figure)


def source_by_kind(matrix: pd.DataFrame) -> Figure:
    """Draw the mean effect of the networks of each source (rows) on each kind of text (columns); own cells framed.

    Parameters
    ----------
    matrix : DataFrame
        As :func:`analysis.lesions.study.matrix` makes it.
    """
    values = matrix.to_numpy()
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.3 + 0.34 * len(matrix)), layout="constrained")
        top = float(values.max())
        norm = LogNorm(max(top / 100, 1e-6), max(top, 1e-5), clip=True)
        image = axes.imshow(np.clip(values, norm.vmin, None), aspect="auto", cmap="cividis", norm=norm)
        _write(axes, values, norm, "{:.3f}")
        _frame(axes, [(row, matrix.columns.get_loc(name)) for row, name in enumerate(matrix.index)])
        axes.set_xticks(range(matrix.shape[1]), matrix.columns, rotation=30, ha="right")
        axes.set_yticks(range(len(matrix)), matrix.index)
        axes.set(ylabel="networks of")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label=_RISE, pad=0.01, format="{x:g}")
    return closed(figure)


def lesion_ways(table: pd.DataFrame, kind: str) -> Figure:
    """Draw each network's effect on one kind for each way to silence, beside matched sets silenced in the same way.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.lesions.curves.by_way` makes it.
    kind : str
        The networks' own.
    """
    part = table[table["kind"] == kind]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
        for place, (_, rows) in enumerate(part.groupby("way", sort=False)):
            low, high = rows[["band_low", "band_high"]].iloc[0]
            axes.hlines(
                [low, high], place - 0.4, place + 0.4, color=GREY, lw=1.5, label=None if place else "matched sets, 95 %"
            )
            places = place + np.linspace(-0.32, 0.32, len(rows))
            axes.plot(places, rows["rise"], "o", ms=4, color=BLUE, label=None if place else "a network each")
            axes.hlines(rows["rise"].mean(), place - 0.4, place + 0.4, color=ORANGE, label=None if place else "mean")
        axes.set_yscale("symlog", linthresh=0.01)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticks(range(part["way"].nunique()), part["way"].unique())
        axes.set(ylabel=f"{_RISE} ({kind})")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return closed(figure)


def lesion_doses(table: pd.DataFrame) -> Figure:
    """Draw the effect of a growing part of a network, a panel for each kind of text.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.lesions.curves.dose_response` makes it.
    """
    kinds = list(table["kind"].unique())
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            1, len(kinds), figsize=(WIDTH, 2.7), squeeze=False, sharey=True, layout="constrained"
        )
        top = 1.25 * table["rise"].max()
        bottom = min(0, 1.25 * table["rise"].min()) - 0.03 * top
        for axes, kind in zip(panels[0], kinds, strict=True):
            for order, colour, marker in (("strongest first", BLUE, "o"), ("in random order", ORANGE, "s")):
                part = table[(table["kind"] == kind) & (table["order"] == order)]
                axes.fill_between(part["share"], part["low"], part["high"], color=colour, alpha=0.2, lw=0)
                axes.plot(part["share"], part["rise"], marker=marker, ms=4, color=colour, label=order)
            axes.set(title=kind, xlabel="share of the network", ylim=(bottom, top))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panels[0, 0].set_ylabel(_RISE)
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return closed(figure)


def kept_networks(table: pd.DataFrame) -> Figure:
    """Draw what is left when only networks are kept, beside matched sets that are kept alike.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.lesions.curves.preservation` makes it.
    """
    measures = (("accuracy", "random", "accuracy"), ("rise", "random_rise", _RISE))
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 2.8), layout="constrained")
        for axes, (column, random, label) in zip(panels, measures, strict=True):
            most = 1 if column == "accuracy" else np.inf  # a few items can make more than there is
            low, high = table[f"{random}_low"].clip(upper=most), table[f"{random}_high"].clip(upper=most)
            axes.fill_between(table["share"], low, high, color=GREY, alpha=0.25, lw=0)
            axes.plot(table["share"], table[random], "s--", ms=4, color=GREY, label="matched sets kept, 95 %")
            axes.plot(table["share"], table[column], "o-", ms=4, color=BLUE, label="networks kept")
            axes.set(xlabel="share of all neurons that is kept", ylabel=label)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panels[0].vlines(table["share"], table["low"], table["high"], color=BLUE, lw=1)
        panels[0].axhline(table["intact"].iloc[0], color="black", lw=0.8, ls=":", label="intact model")
        panels[1].axhline(0, color="black", lw=0.8, ls=":")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return closed(figure)


def dissociated_networks(found: Dissociation) -> Figure:
    """Draw one network of each kind by kinds of text, in standard deviations of matched sets; the best pair framed."""
    table = found.standardised
    values = table.to_numpy()
    pair = found.pairs.loc[found.best].astype(float)
    rows, columns = (
        [int(pair[name]) for name in names] for names in (("lesion", "other_lesion"), ("target", "other_target"))
    )
    with plt.rc_context(STYLE):
        size = 1.2 + 0.4 * len(table)
        figure, axes = plt.subplots(figsize=(min(WIDTH, size + 2.6), size), layout="constrained")
        top = max(float(values.max()), 2.0)
        norm = LogNorm(1, top, clip=True)
        image = axes.imshow(np.clip(values, 1, None), aspect="auto", cmap="cividis", norm=norm)
        _write(axes, values, norm, "{:+.1f}")
        _frame(axes, [(row, column) for row in rows for column in columns])
        axes.set_xticks(range(table.shape[1]), table.columns, rotation=30, ha="right")
        axes.set_yticks(range(len(table)), table.index)
        axes.set(ylabel="network")
        axes.spines[:].set_visible(False)
        figure.colorbar(image, label="SD of matched sets", pad=0.01, format="{x:g}")
    return closed(figure)


def last_layer_slip(table: pd.DataFrame) -> Figure:
    """Draw accuracy with networks silenced and with only them kept, with the error of the mask and without.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.lesions.pitfalls.kept_and_silenced` makes it.
    """
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharey=True, layout="constrained")
        for axes, column in zip(panels, ("networks silenced", "only networks kept"), strict=True):
            for (binding, part), colour, marker in zip(
                table.groupby("binding", sort=False), (BLUE, ORANGE), "os", strict=True
            ):
                axes.plot(part["share reported"], part[column], marker=marker, ms=5, color=colour, label=binding)
            axes.axhline(table["intact"].iloc[0], color="black", lw=0.8, ls=":", label="intact model")
            axes.set(
                title=column, xlabel="share of neurons in the networks, as reported", xlim=(0, None), ylim=(0, 1.02)
            )
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panels[0].axhline(
            table["random silenced"].iloc[0], color=GREY, lw=1, ls="--", label="15 % at random silenced instead"
        )
        panels[0].set_ylabel("accuracy")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
    return closed(figure)


def _write(axes: Axes, values: Values, norm: Normalize, pattern: str) -> None:
    for (row, column), value in np.ndenumerate(values):
        colour = "black" if norm(value) > 0.6 else "white"
        axes.text(column, row, pattern.format(value), ha="center", va="center", color=colour, fontsize=7)


def _frame(axes: Axes, cells: Sequence[tuple[int, int]]) -> None:
    for row, column in cells:
        corner = (column - 0.48, row - 0.48)
        axes.add_patch(Rectangle(corner, 0.96, 0.96, fill=False, edgecolor=ORANGE, lw=1.8))
