"""Pictures of parts of speech in neurons: who is key, what maps agree on, what activity tells, where it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.plotting.style import BLUE, GREEN, GREY, ORANGE, STYLE, WIDTH, closed, sparse

# From the palette of Okabe and Ito (2008), with a mark each for those who see no colour.
_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_SOURCES = {
    "activity": (BLUE, "o"),
    "other neurons": (GREY, "s"),
    "the words before": (ORANGE, "D"),
    "what the model is about to say": (GREEN, "^"),
    "the truth": ("#000000", "*"),
}
_KINDS = {"specific": BLUE, "shared": ORANGE, "general": GREEN}


def completeness(table: pd.DataFrame) -> Figure:
    """Draw the share of complete cases over the number of steps, a line for each layer."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
        layers = sorted(table["layer"].unique())
        shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(layers)))
        for layer, colour in zip(layers, shades, strict=True):
            part = table[table["layer"] == layer]
            axes.plot(part["steps"], part["share"], "o-", ms=4, color=colour, label=f"layer {layer}")
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted(table["steps"].unique()), sorted(table["steps"].unique()))
        axes.minorticks_off()
        axes.set(xlabel="steps of the path", ylabel="share of complete cases")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=6, fontsize=8)
    return closed(figure)


def key_layers(shares: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw where the most important neurons lie, and how many key neurons have one tag, several, or all.

    Parameters
    ----------
    shares : DataFrame
        From :func:`analysis.grammar.key_choices.layer_shares`.
    statistics : DataFrame
        Of an :class:`analysis.grammar.key_null.Permutation`.
    """
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), layout="constrained")
        for tag, colour, mark in zip(shares, _cycle(_COLOURS), _cycle(_MARKS), strict=False):
            left.plot(shares.index, shares[tag], mark, ls="-", ms=4, color=colour, label=tag)
        left.axhline(1 / len(shares), color=GREY, lw=0.7, ls=":")
        left.set(xlabel="layer", ylabel="share of an item's top neurons", ylim=(0, None))
        left.set_xticks(*_ticks(shares.index))
        left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8)
        kinds = statistics[statistics["statistic"].isin(_KINDS) & (statistics["layer"] != "all")]
        for step, (kind, colour) in zip((-0.25, 0, 0.25), _KINDS.items(), strict=True):
            part = kinds[kinds["statistic"] == kind]
            places = part["layer"].astype(int) + 1 + step
            right.bar(places, part["observed"], 0.22, color=colour, label=kind)
            right.vlines(places, part["low"], part["high"], color="black", lw=1)
            right.plot(places, part["mean"], "_", color="black", ms=6)
        right.set(xlabel="layer", ylabel="key neurons")
        right.set_xticks(*_ticks(sorted(kinds["layer"].astype(int).unique() + 1)))
        right.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8)
    return closed(figure)


def overlaps(halves: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the Jaccard overlap of tags' key neurons between halves of the lemmas, a square for each share."""
    with plt.rc_context(STYLE):
        figure, row = plt.subplots(1, len(halves), figsize=(WIDTH, 3.2), squeeze=False, layout="constrained")
        for axes, (name, table) in zip(row[0], halves.items(), strict=True):
            square = table.pivot_table(index="tag", columns="other", values="jaccard")
            _numbered(axes, square, vmin=0)
            axes.set(title=name, xlabel="key neurons of the other half", ylabel="key neurons of one half")
    return closed(figure)


def design_matrix(design: pd.DataFrame, n_tokens: int = 120) -> Figure:
    """Draw the first tokens of a text's design matrix as imaging labs do: a row a token, a column a regressor."""
    part = design.head(n_tokens)
    spread = part.abs().max().replace(0, 1)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.6), layout="constrained")
        axes.imshow(part / spread, aspect="auto", cmap="gray", vmin=-1, vmax=1)
        axes.set_xticks(range(part.shape[1]), part.columns, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
        axes.set(ylabel="token")
        axes.spines[:].set_visible(False)
    return closed(figure)


def responders(shares: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw for each arm the share of each layer's neurons (rows) that respond to each tag (columns)."""
    top = max(float(table.to_numpy().max()) for table in shares.values())
    with plt.rc_context(STYLE):
        rows = len(next(iter(shares.values())))
        figure, row = plt.subplots(
            1, len(shares), figsize=(WIDTH, 0.9 + 0.32 * rows), squeeze=False, layout="constrained"
        )
        for axes, (name, table) in zip(row[0], shares.items(), strict=True):
            _numbered(axes, table, vmin=0, vmax=max(top, 0.01))
            axes.set(title=name, ylabel="layer")
    return closed(figure)


def map_agreement(table: pd.DataFrame) -> Figure:
    """Draw how far maps of the same tag agree, a row a pair of methods, a mark a tag; crosses where chance would be."""
    pairs = list(dict.fromkeys(zip(table["first"], table["second"], strict=True)))
    tags = list(dict.fromkeys(table["tag"]))
    panels = (("rho", "rank correlation over neurons"), ("overlap", "overlap of the strongest"))
    with plt.rc_context(STYLE):
        figure, both = plt.subplots(1, 2, figsize=(WIDTH, 1.2 + 0.4 * len(pairs)), sharey=True, layout="constrained")
        for axes, (column, label) in zip(both, panels, strict=True):
            for place, pair in enumerate(pairs):
                for number, tag in enumerate(tags):
                    chosen = (table["first"] == pair[0]) & (table["second"] == pair[1]) & (table["tag"] == tag)
                    row = table[chosen].iloc[0]
                    height = place + 0.14 * (number - (len(tags) - 1) / 2)
                    axes.plot(row[f"{column}_null"], height, "x", color=GREY, ms=4)
                    colour, mark = _COLOURS[number % len(_COLOURS)], _MARKS[number % len(_MARKS)]
                    axes.plot(row[column], height, mark, color=colour, ms=5, label=tag if place == 0 else None)
            axes.axvline(0, color=GREY, lw=0.6)
            axes.set(xlabel=label)
        both[0].set_yticks(range(len(pairs)), [f"{first} – {second}" for first, second in pairs])
        both[0].invert_yaxis()
        both[0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=8)
    return closed(figure)


def rival_scores(table: pd.DataFrame) -> Figure:
    """Draw for each score how its order of neurons agrees with single ablation: a dot a case, a stroke the median."""
    methods = table.groupby("method")["correlation"].median().sort_values(ascending=False).index
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + 0.4 * len(methods)), layout="constrained")
        for place, method in enumerate(methods):
            values = table.loc[table["method"] == method, "correlation"].to_numpy()
            spread = np.random.default_rng(0).uniform(-0.15, 0.15, len(values))
            axes.plot(values, place + spread, "o", mfc="none", color=BLUE, ms=4, alpha=0.7)
            axes.plot(np.nanmedian(values), place, "|", color=ORANGE, ms=18, mew=2)
        axes.axvline(0, color=GREY, lw=0.6)
        axes.set_yticks(range(len(methods)), methods)
        axes.invert_yaxis()
        axes.set(xlabel="rank correlation with single ablation", xlim=(min(-0.1, table["correlation"].min()), 1.02))
    return closed(figure)


def accuracy_by_layer(tables: Mapping[str, pd.DataFrame], lines: Mapping[str, float]) -> Figure:
    """Draw accuracy over layers, a panel for each table and a line for each number of neurons a tag.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        From :func:`analysis.probing.scores.by_layer_and_size`.
    lines : mapping of str to float
        Accuracies to be drawn through all panels.
    """
    with plt.rc_context(STYLE):
        figure, row = plt.subplots(
            1, len(tables), figsize=(WIDTH, 3.3), sharey=True, squeeze=False, layout="constrained"
        )
        for axes, (name, table) in zip(row[0], tables.items(), strict=True):
            sizes = sorted(table["k"].unique())
            shades = plt.get_cmap("viridis")(np.linspace(0.85, 0, len(sizes)))
            for k, colour in zip(sizes, shades, strict=True):
                part = table[table["k"] == k].sort_values("layer")
                single, joint = part[part["layer"] > 0], part[part["layer"] == 0]
                axes.plot(single["layer"], single["estimate"], "o-", ms=4, color=colour, label=f"{k} a tag")
                axes.plot(single["layer"].max() + 1, joint["estimate"], "o", ms=6, color=colour)
            for number, (label, height) in enumerate(lines.items()):
                style = (":", "--", "-.")[number % 3]
                axes.axhline(height, color=GREY, lw=1, ls=style, label=label)
            layers = single["layer"].tolist()
            axes.set_xticks([*layers, layers[-1] + 1], [*map(str, layers), "all"])
            axes.set(title=name, xlabel="layer")
        row[0][0].set(ylabel="accuracy")
        figure.legend(*row[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=4, fontsize=8)
    return closed(figure)


def classifiers(table: pd.DataFrame, chance: float) -> Figure:
    """Draw the accuracy of every arm with its interval, coloured by where the arm gets its answer from.

    Parameters
    ----------
    table : DataFrame indexed by arm
        ``estimate``, ``low``, ``high``, and ``source``: activity, other neurons, the words before, what the model is
        about to say, or the truth.
    chance : float
        Share of the commonest tag.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.0 + 0.27 * len(table)), layout="constrained")
        axes.axvline(chance, color=GREY, lw=0.8, ls=":")
        for source, (colour, mark) in _SOURCES.items():
            places = np.flatnonzero(table["source"] == source)
            part = table.iloc[places]
            error = [part["estimate"] - part["low"], part["high"] - part["estimate"]]
            if len(part):
                axes.errorbar(part["estimate"], places, xerr=error, fmt=mark, color=colour, ms=5, lw=1, label=source)
        axes.set_yticks(range(len(table)), table.index)
        axes.invert_yaxis()
        axes.set(xlabel="accuracy on words of unseen lemmas", xlim=(0, 1.02))
        axes.grid(axis="x", lw=0.4, alpha=0.5)
        figure.legend(loc="outside upper left", ncols=3, fontsize=8)
    return closed(figure)


def pitfalls(choice: pd.DataFrame, known: pd.DataFrame, chance: float) -> Figure:
    """Draw two ways to be wrong: neurons chosen on what is tested (left), and words that are known (right)."""
    panels = (
        (choice, "tags", "chosen on", ("training items", "all items"), "neurons chosen on"),
        (known, "features", "split", ("lemmas", "items"), "items split by"),
    )
    with plt.rc_context(STYLE):
        figure, both = plt.subplots(1, 2, figsize=(WIDTH, 2.9), sharey=True, layout="constrained")
        for axes, (table, rows, by, ways, title) in zip(both, panels, strict=True):
            names = list(dict.fromkeys(table[rows]))
            for way, colour, mark, step in zip(ways, (BLUE, ORANGE), "os", (-0.08, 0.08), strict=True):
                part = table[table[by] == way].set_index(rows).loc[names]
                error = [part["estimate"] - part["low"], part["high"] - part["estimate"]]
                places = np.arange(len(names)) + step
                axes.errorbar(places, part["estimate"], error, fmt=mark, color=colour, ms=5, lw=1, label=way)
            axes.axhline(chance, color=GREY, lw=0.8, ls=":")
            axes.set_xticks(range(len(names)), names)
            axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 1.02))
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, title=title, alignment="left")
        both[0].set(ylabel="accuracy", xlabel="tags")
        both[1].set(xlabel="activity")
    return closed(figure)


def subspace(
    coordinates: npt.NDArray[np.float64], tags: Sequence[str], by_dimension: pd.DataFrame, removal: pd.DataFrame
) -> Figure:
    """Draw fresh words along the two strongest directions, accuracy by dimension, and what taking it out costs.

    Parameters
    ----------
    coordinates : ndarray of shape (n_items, 2 or more)
    tags : sequence of str, length n_items
    by_dimension, removal : DataFrame
        From :mod:`analysis.probing.subspace_scores`.
    """
    with plt.rc_context(STYLE):
        figure, (words, middle, right) = plt.subplots(1, 3, figsize=(WIDTH, 3.0), layout="constrained")
        for number, tag in enumerate(sorted(set(tags))):
            here = np.asarray(tags) == tag
            colour, mark = _COLOURS[number % len(_COLOURS)], _MARKS[number % len(_MARKS)]
            second = coordinates[here, min(1, coordinates.shape[1] - 1)]
            words.plot(coordinates[here, 0], second, mark, color=colour, ms=3, alpha=0.5, mew=0, label=tag)
        words.set(xlabel="first direction", ylabel="second direction")
        words.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8, markerscale=2)
        for kind, colour, mark in (("discriminants", BLUE, "o"), ("principal", ORANGE, "s"), ("random", GREY, "x")):
            part = by_dimension[by_dimension["kind"] == kind]
            middle.plot(part["dimension"], part["estimate"], mark, ls="-", ms=4, color=colour, label=kind)
        middle.set(xlabel="dimensions kept", ylabel="accuracy")
        middle.set_xscale("log")
        dimensions = sorted(by_dimension["dimension"].unique())
        middle.set_xticks(dimensions, dimensions)
        middle.minorticks_off()
        middle.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1, fontsize=8)
        right.fill_between(
            removal.index, removal["random_low"], removal["random_high"], color=GREY, alpha=0.3, lw=0, label="random"
        )
        error = [removal["drop"] - removal["low"], removal["high"] - removal["drop"]]
        right.errorbar(removal.index, removal["drop"], error, fmt="o", color=BLUE, ms=5, lw=1, label="discriminants")
        right.axhline(0, color=GREY, lw=0.6)
        right.set_xticks(removal.index)
        right.set(xlabel="dimensions taken out", ylabel="accuracy lost", xlim=(0.6, removal.index.max() + 0.4))
        right.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1, fontsize=8)
    return closed(figure)


def _numbered(axes: Axes, table: pd.DataFrame, *, vmin: float, vmax: float | None = None) -> None:
    """Draw a table as a picture with its numbers."""
    values = table.to_numpy(float)
    top = vmax or max(float(values.max()), 0.01)
    axes.imshow(values, cmap="cividis", vmin=vmin, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = "black" if value > 0.6 * top else "white"
        axes.text(column, row, f"{value:.2f}".lstrip("0"), ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(table.columns)), table.columns)
    axes.set_yticks(range(len(table.index)), table.index)
    axes.spines[:].set_visible(False)


def _cycle(values: Sequence[str]) -> list[str]:
    return list(values) * 3


def _ticks(labels: Sequence[int]) -> tuple[list[int], list[str]]:
    places, shown = sparse(list(labels))
    return [list(labels)[place] for place in places], shown
