"""Pictures of lesions of grammar: doses, lesions × parts of speech, maps of parcels, two maps of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.grammar_lesions.planted_grammar import Recovery
from analysis.plotting.style import BLUE, GREY, ORANGE, STYLE, WIDTH, closed

_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_LOSS = "loss of log-probability (nats)"


def doses(table: pd.DataFrame, matched: pd.DataFrame, ways: Mapping[str, str]) -> Figure:
    """Draw what lesions of several doses take from the own tag's words and from others', one panel per operation.

    Parameters
    ----------
    table : DataFrame
        From :func:`analysis.grammar_lesions.tag_doses.dose_table`.
    matched : DataFrame indexed by dose
        ``low``, ``high``: what matched sets take from the own tag's words, mean over tags; drawn for the operation
        that it is named after in ``matched.attrs["operation"]``.
    ways : mapping of str to str
        Titles of the operations to be shown.
    """
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            1, len(ways), figsize=(WIDTH, 3.2), squeeze=False, sharey=True, layout="constrained"
        )
        for axes, (operation, title) in zip(panels[0], ways.items(), strict=True):
            part = table[table["operation"] == operation]
            means = part.groupby("dose")[["own", "other"]].mean()
            if operation == matched.attrs["operation"]:
                axes.fill_between(
                    100 * matched.index.to_numpy(), matched["low"], matched["high"], color=GREY, alpha=0.3, lw=0,
                    label="matched sets, own tag (95 %)",
                )  # fmt: skip
            for (tag, line), marker in zip(part.groupby("lesion"), _MARKS, strict=False):
                axes.plot(
                    100 * line["dose"], line["own"], color=BLUE, lw=0.7, marker=marker, ms=4, alpha=0.7, label=tag
                )
            axes.plot(100 * means.index, means["own"], color=BLUE, lw=2.2, label="own tag, mean")
            axes.plot(100 * means.index, means["other"], color=ORANGE, lw=2.2, ls="--", label="other tags, mean")
            axes.axhline(0, color=GREY, lw=0.7)
            axes.set(title=title, xscale="log", xlabel="dose (% of each layer)")
            axes.set_yscale("symlog", linthresh=0.02, linscale=0.5)
            axes.set_xticks(100 * means.index, [f"{100 * dose:g}" for dose in means.index], minor=False)
            axes.minorticks_off()
        panels[0, 0].set_ylabel(_LOSS)
        panels[0, 0].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        shown = dict(zip(*reversed(_all_handles(panels[0])), strict=True))
        figure.legend(shown.values(), shown.keys(), loc="outside upper left", ncols=4)
    return closed(figure)


def lesion_matrices(
    tables: Mapping[str, pd.DataFrame], *, row: str = "key neurons silenced of", value: str = "harm"
) -> Figure:
    """Draw harm, lesions × tags, in standard deviations of matched sets; frames where more than chance.

    Parameters
    ----------
    tables : mapping of title to DataFrame
        From :meth:`analysis.grammar_lesions.tag_lesions.LesionMatrix.cells`.
    row, value : str
        What rows and colours are, where it is no lesion.
    """
    with plt.rc_context(STYLE):
        n_tags = next(iter(tables.values()))["lesion"].nunique()
        figure, panels = plt.subplots(
            1, len(tables), figsize=(WIDTH, 1.3 + 0.52 * n_tags), squeeze=False, sharey=True, layout="constrained"
        )
        for axes, (title, cells) in zip(panels[0], tables.items(), strict=True):
            _matrix(axes, cells)
            axes.set_title(title)
            axes.set_xlabel("words of")
        panels[0, 0].set_ylabel(row)
        image = panels[0, -1].images[0]
        figure.colorbar(image, ax=panels, label=f"{value} (SD of matched sets)", pad=0.01, shrink=0.9, extend="both")
    return closed(figure)


def amplification(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw how log-probabilities change with the factor that key neurons are multiplied by, one panel per dose.

    Parameters
    ----------
    curves : mapping of title to DataFrame
        From :func:`analysis.grammar_lesions.tag_doses.dose_table`, with the factor in the column ``factor``.
    """
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(curves), figsize=(WIDTH, 3.0), squeeze=False, layout="constrained")
        for axes, (title, table) in zip(panels[0], curves.items(), strict=True):
            means = table.groupby("factor")[["own", "other"]].mean()
            for (tag, line), marker in zip(table.groupby("lesion"), _MARKS, strict=False):
                axes.plot(line["factor"], -line["own"], color=BLUE, lw=0.7, marker=marker, ms=4, alpha=0.7, label=tag)
            axes.plot(means.index, -means["own"], color=BLUE, lw=2.2, label="own tag, mean")
            axes.plot(means.index, -means["other"], color=ORANGE, lw=2.2, ls="--", label="other tags, mean")
            axes.axhline(0, color=GREY, lw=0.7)
            axes.axvline(1, color=GREY, lw=0.7, ls=":")
            axes.set(title=title, xlabel="factor (0: silenced, 1: as it is)")
        panels[0, 0].set_ylabel("change of log-probability (nats)")
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=6)
    return closed(figure)


def lesion_maps(mapped: pd.DataFrame) -> Figure:
    """Draw for each tag what two lesion maps say of each parcel, against what the parcel does when silenced alone.

    Parameters
    ----------
    mapped : DataFrame
        From :meth:`analysis.grammar_lesions.lesion_maps.TagMaps.mapped`.
    """
    tags = mapped["symptom"].unique()
    columns = min(len(tags), 4)
    rows = -(-len(tags) // columns)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            rows, columns, figsize=(WIDTH, 0.7 + 2.3 * rows), squeeze=False, layout="constrained"
        )
        for axes, tag in zip(grid.flat, tags, strict=False):
            part = mapped[mapped["symptom"] == tag]
            limits = [part["alone"].min(), part["alone"].max()]
            axes.plot(limits, limits, color=GREY, lw=0.8, ls=":", label="as alone")
            for column, p, colour, marker, label in (
                ("difference", "p", ORANGE, "s", "univariate"),
                ("weight", "ridge_p", BLUE, "o", "ridge"),
            ):
                sure = (part[p] < 0.05).to_numpy()
                axes.plot(part["alone"][~sure], part[column][~sure], marker, ms=3.5, mfc="none", mew=0.8, color=colour)
                axes.plot(part["alone"][sure], part[column][sure], marker, ms=4, color=colour, label=label)
            axes.set_title(tag)
        for axes in grid.flat[len(tags) :]:
            axes.set_visible(False)
        figure.supxlabel("harm of the parcel alone (nats)", fontsize=9)
        figure.supylabel("harm by the map (nats)", fontsize=9)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return closed(figure)


def lesion_power(table: pd.DataFrame) -> Figure:
    """Draw how often planted causes are found, and how often others are, against their size.

    Parameters
    ----------
    table : DataFrame
        From :func:`analysis.grammar_lesions.symptom_mapping.power`.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.7), layout="constrained")
        for (method, part), colour, marker in zip(table.groupby("method"), (BLUE, ORANGE), "os", strict=True):
            axes.fill_between(part["effect"], part["low"], part["high"], color=colour, alpha=0.2, lw=0)
            axes.plot(part["effect"], part["hit_rate"], color=colour, marker=marker, ms=4, label=f"{method}: found")
            axes.plot(
                part["effect"], part["false_rate"], color=colour, marker=marker, ms=4, mfc="none", ls=":",
                label=f"{method}: false alarm anywhere",
            )  # fmt: skip
        axes.axhline(0.05, color=GREY, lw=0.7)
        axes.set(xlabel="effect of a true parcel (SD of the noise)", ylabel="share", ylim=(-0.02, 1.02))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return closed(figure)


def two_maps(tables: Mapping[str, pd.DataFrame], harm: pd.DataFrame) -> Figure:
    """Draw which networks hold more key neurons than chance, and what silencing each network does to each tag.

    Parameters
    ----------
    tables : mapping of title to DataFrame
        From :func:`analysis.grammar.enrichment.enrichment`.
    harm : DataFrame
        Loss of log-probability, tags × networks.
    """
    n = len(tables) + 1
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            n, 1, figsize=(WIDTH, n * (0.75 + 0.25 * len(harm))), sharex=True, layout="constrained"
        )
        top = max(2.0, *(float(np.nanmax(table["ratio"])) for table in tables.values()))
        for axes, (title, table) in zip(panels, tables.items(), strict=False):
            ratio = table.pivot_table(index="set", columns="network", values="ratio", dropna=False)
            image = axes.imshow(ratio, aspect="auto", cmap="PuOr_r", norm=TwoSlopeNorm(1, 0, top))
            _frames(axes, table["p_corrected"].to_numpy().reshape(ratio.shape) < 0.05)
            _write(axes, table["shared"].to_numpy().reshape(ratio.shape), "{:d}", _from_one(ratio.to_numpy(), top))
            _ticks(axes, ratio.index, ratio.columns)
            axes.set_title(title)
            figure.colorbar(image, ax=axes, label="ratio to chance", pad=0.01)
        limit = float(np.abs(harm.to_numpy()).max())
        image = panels[-1].imshow(harm, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit)
        _write(panels[-1], harm.to_numpy(), "{:+.2f}", np.abs(harm.to_numpy()) / limit)
        _ticks(panels[-1], harm.index, harm.columns)
        panels[-1].set(title="the network silenced", xlabel="network")
        figure.colorbar(image, ax=panels[-1], label="loss (nats)", pad=0.01)
    return closed(figure)


def planted(recovery: Recovery) -> Figure:
    """Draw each neuron's association with the tag in a planted model, and what lesions of all tags' key neurons do."""
    neurons = recovery.neurons
    place = np.arange(len(neurons))
    true, sure = neurons["planted"].to_numpy(), recovery.found.any(0)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=(1.5, 1), layout="constrained")
        left.plot(place[~true & ~sure], neurons["chi2"][~true & ~sure], ".", ms=3, color=GREY, label="other neurons")
        left.plot(place[~true & sure], neurons["chi2"][~true & sure], "x", color="black", label="false alarms")
        left.plot(place[true & ~sure], neurons["chi2"][true & ~sure], "o", mfc="none", color=ORANGE, label="missed")
        left.plot(place[true & sure], neurons["chi2"][true & sure], "o", ms=5, color=ORANGE, label="planted and found")
        for edge in np.flatnonzero(np.diff(neurons["layer"])) + 0.5:
            left.axvline(edge, color=GREY, lw=0.7, ls=":")
        left.set_yscale("symlog", linthresh=10)
        left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        left.set(xlabel="neuron, layer by layer", ylabel="chi-squared, use × tag", ylim=(0, 2 * neurons["chi2"].max()))
        left.legend(loc="lower left", bbox_to_anchor=(-0.05, 1), ncols=2, columnspacing=1)
        _matrix(right, recovery.matrix.cells())
        right.set(xlabel="words of", ylabel="key neurons silenced of")
        figure.colorbar(
            right.images[0], ax=right, label="harm (SD of matched sets)", shrink=0.8, pad=0.02, extend="both"
        )
    return closed(figure)


def _matrix(axes: Axes, cells: pd.DataFrame) -> None:
    """Colour by z, with z and harm written, and frames around cells beyond chance."""
    names = list(cells["lesion"].unique())
    shape = (len(names), -1)
    z, harm = cells["z"].to_numpy().reshape(shape), cells["harm"].to_numpy().reshape(shape)
    axes.set_facecolor("#EEEEEE")
    axes.imshow(z, cmap="RdBu_r", vmin=-6, vmax=6, aspect="auto")
    for (row, column), value in np.ndenumerate(z):
        colour = "white" if abs(value) > 4 else "black"
        shown = "–" if np.isnan(value) else f"{value:+.1f}".replace("-", "−")
        axes.text(column, row - 0.12, shown, ha="center", va="center", color=colour)
        below = f"{harm[row, column]:+.3f}".replace("-", "−")
        axes.text(column, row + 0.24, below, ha="center", va="center", color=colour, fontsize=6)
    _frames(axes, cells["p_corrected"].to_numpy().reshape(shape) < 0.05)
    _ticks(axes, names, list(cells["target"].unique()))


def _frames(axes: Axes, marked: np.ndarray) -> None:
    for row, column in np.argwhere(marked):
        axes.add_patch(Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, fill=False, lw=1.6, ec="black"))


def _write(axes: Axes, values: np.ndarray, form: str, darkness: np.ndarray) -> None:
    if values.shape[1] > 20:
        return
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if darkness[row, column] > 0.7 else "black"
        axes.text(column, row, form.format(value).replace("-", "−"), ha="center", va="center", color=colour, fontsize=7)


def _from_one(ratio: np.ndarray, top: float) -> np.ndarray:
    """Distance from 1, as a share of what the colours span on that side."""
    return np.where(ratio > 1, (ratio - 1) / (top - 1), 1 - ratio)


def _ticks(axes: Axes, rows: Sequence[object], columns: Sequence[object]) -> None:
    axes.set_yticks(range(len(rows)), [str(row) for row in rows])
    axes.set_xticks(range(len(columns)), [str(column) for column in columns])
    axes.spines[:].set_visible(False)


def _all_handles(panels: Sequence[Axes]) -> tuple[list[object], list[str]]:
    """Return handles and labels of all panels."""
    found = [axes.get_legend_handles_labels() for axes in panels]
    return [handle for handles, _ in found for handle in handles], [label for _, labels in found for label in labels]
