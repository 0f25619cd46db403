"""The charts of the brain chapter: what was found, how well, and what it follows."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.brain.components import TOO_MUCH_RIM, TOO_ROUGH
from analysis.brain.mixing import BY, CASES, two_sources
from analysis.plotting.style import BLUE, GREEN, GREY, ORANGE, STYLE, WIDTH, closed


def unmixing(table: pd.DataFrame) -> Figure:
    """Draw the two true maps of each case, and what spatial and temporal ICA make of their mixture."""
    seed = table["seed"].iloc[0]
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(len(CASES), 6, figsize=(WIDTH, 1.55 * len(CASES)), layout="constrained")
        for row, case in zip(grid, CASES, strict=True):
            pictures = [*two_sources(case, seed)[1]]
            titles = ["first source", "second source"]
            for by in BY:
                one = table[(table["case"] == case) & (table["by"] == by) & (table["seed"] == seed)].iloc[0]
                pictures += [*one["maps"]]
                titles += ["spatial ICA" if by == "space" else "temporal ICA", f"worse |r| {one['r']:.2f}"]
            for axes, picture, title in zip(row, pictures, titles, strict=True):
                top = np.abs(picture).max()
                axes.imshow(picture.reshape(24, 24), cmap="RdBu_r", vmin=-top, vmax=top)
                axes.set(title=title, xticks=[], yticks=[])
                axes.spines[:].set_visible(True)
            row[0].set_ylabel(case)
    return closed(figure)


def recovery(tables: dict[str, pd.DataFrame], noise: Sequence[str]) -> Figure:
    """Draw how well each method finds each planted source: correlation and Dice."""
    with plt.rc_context(STYLE):
        figure, both = plt.subplots(1, 2, figsize=(WIDTH, 3.2), sharey=True, layout="constrained")
        for number, (label, table) in enumerate(tables.items()):
            marker, colour = "os^"[number], (BLUE, ORANGE, GREEN)[number]
            place = np.arange(len(table)) + 0.2 * (number - (len(tables) - 1) / 2)
            for axes, column in zip(both, ("r", "dice"), strict=True):
                axes.plot(table[column], place, marker, color=colour, label=label)
        names = next(iter(tables.values()))["source"]
        both[0].set_yticks(range(len(names)), [f"({name})" if name in noise else name for name in names])
        both[0].invert_yaxis()
        for axes, label in zip(both, ("|r| with the planted map", "Dice overlap"), strict=True):
            axes.set(xlabel=label, xlim=(0, 1.03))
            axes.grid(axis="y", color="#E5E5E5")
        figure.legend(*both[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(tables))
    return closed(figure)


def individual(errors: pd.DataFrame) -> Figure:
    """Draw, per network, how far the group's map and the person's own are from the person's true place."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
        names = list(errors["network"].unique())
        for offset, column, colour, marker, label in (
            (-0.15, "group", ORANGE, "s", "from the group's map"),
            (0.15, "own", BLUE, "o", "from the person's own map"),
        ):
            values = [errors.loc[errors["network"] == name, column] for name in names]
            for at, one in enumerate(values):
                axes.plot(np.full(len(one), at + offset), one, marker, color=colour, alpha=0.35, ms=3)
            means = [one.mean() for one in values]
            axes.plot(np.arange(len(names)) + offset, means, marker, color=colour, ms=7, mec="black", label=label)
        axes.set_xticks(range(len(names)), names, rotation=25, ha="right")
        axes.set(ylabel="error of place (mm)", ylim=(0, None))
        axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    return closed(figure)


def stability(table: pd.DataFrame, empty: pd.DataFrame | None = None) -> Figure:
    """Draw how well each component is found again; grey: what components of an empty group reach."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
        if empty is not None:
            top = max(empty["bootstrap"].max(), empty["split_half"].max())
            axes.axhspan(0, top, color=GREY, alpha=0.25, lw=0, label="reached in an empty group")
        spread = np.abs(table[["low", "high"]].to_numpy() - table[["bootstrap"]].to_numpy()).T
        axes.errorbar(table.index, table["bootstrap"], spread, fmt="o", color=BLUE, label="bootstrap, with 90 %")
        axes.plot(table.index, table["split_half"], "x", color=ORANGE, label="split half")
        axes.set_xticks(table.index)
        axes.set(xlabel="component", ylabel="|r| with itself in other samples", ylim=(0, 1.02))
        axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return closed(figure)


def noise_rule(table: pd.DataFrame) -> Figure:
    """Draw the two marks of every component, the bars of the rule, and what each component truly is."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3), layout="constrained")
        for truth, colour, marker, label in ((False, BLUE, "o", "network"), (True, ORANGE, "x", "noise")):
            part = table[table["truth"] == truth]
            axes.plot(part["roughness"], part["rim"], marker, color=colour, label=f"in truth {label}")
        axes.axvline(TOO_ROUGH, color=GREY, ls="--", lw=1)
        axes.axhline(TOO_MUCH_RIM, color=GREY, ls="--", lw=1, label="called noise beyond")
        axes.set(xlabel="roughness of the time course", ylabel="share in the rim", xlim=(0, None), ylim=(0, None))
        axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return closed(figure)


def noise_curve(table: pd.DataFrame) -> Figure:
    """Draw recovery against the ratio of signal to noise: mean and range over groups."""
    over = table.groupby("tsnr")["r"].agg(["mean", "min", "max"])
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
        axes.fill_between(over.index, over["min"], over["max"], color=BLUE, alpha=0.2, lw=0, label="range over groups")
        axes.plot(over.index, over["mean"], "o-", color=BLUE, label="mean over groups")
        axes.axhline(0.9, color=GREY, ls="--", lw=1)
        axes.set_xscale("log")
        axes.set_xticks(over.index, [f"{tsnr:g}" for tsnr in over.index], minor=False)
        axes.minorticks_off()
        axes.set(xlabel="temporal signal-to-noise ratio", ylabel="mean |r| of the networks", ylim=(0, 1))
        axes.legend(loc="lower right")
    return closed(figure)


def findings(table: pd.DataFrame) -> Figure:
    """Draw the effect of every component in every test, filled where it is beyond chance."""
    tests = list(table["test"].unique()) or ["no question fits these scans"]
    with plt.rc_context(STYLE):
        figure, rows = plt.subplots(
            len(tests), 1, figsize=(WIDTH, 1.9 * len(tests) + 0.4), squeeze=False, layout="constrained"
        )
        for axes, test in zip(rows[:, 0], tests, strict=True):
            part = table[table["test"] == test]
            for number, (what, some) in enumerate(part.groupby("follows")):
                colour, marker = plt.get_cmap("tab10")(number % 10), "osD^vP*X<>"[number % 10]
                sure = some["p"] < 0.05
                place = some["component"] + 0.07 * number - 0.035 * part["follows"].nunique()
                axes.plot(place[~sure], some["effect"][~sure], marker, color=colour, mfc="none", ms=5)
                axes.plot(place[sure], some["effect"][sure], marker, color=colour, ms=6, label=what)
            axes.axhline(0, color=GREY, lw=0.5)
            axes.set(title=test, ylabel="mean r" if "people" in test else "effect (SD)")
            axes.set_xticks(sorted(part["component"].unique()))
            if (part["p"] < 0.05).any():
                axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        rows[-1, 0].set_xlabel("component")
    return closed(figure)
