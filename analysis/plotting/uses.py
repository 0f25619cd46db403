"""Pictures of two uses of networks: what pruning costs, and which models are told to share an origin."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.plotting.style import BLUE, GREEN, GREY, ORANGE, STYLE, WIDTH, closed

_LOOKS = {
    "networks": (BLUE, "o", "-"),
    "networks of all layers": (BLUE, "v", ":"),
    "contribution": (ORANGE, "s", "-"),
    "variance": (GREEN, "^", "-"),
    "magnitude": ("black", "D", "-"),
    "random": (GREY, None, "--"),
}


def pruning_curves(table: pd.DataFrame, smallest: float) -> Figure:
    """Draw what each method costs against the share of neurons that is removed.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.uses.pruning_study.curve` makes it.
    smallest : float
        A cost that matters; below it the axis is linear, above it logarithmic.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
        for method, part in table.groupby("method", sort=False):
            colour, marker, line = _LOOKS[method]
            if method == "random":
                axes.fill_between(part["share"], part["low"], part["high"], color=colour, alpha=0.25, lw=0)
            elif method == "networks":
                axes.vlines(part["share"], part["low"], part["high"], color=colour, lw=1)
            label = "random, 95 % of the draws" if method == "random" else method
            axes.plot(part["share"], part["rise"], color=colour, marker=marker, ls=line, ms=4, label=label)
        axes.set_yscale("symlog", linthresh=smallest)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.set_xticks(sorted(table["share"].unique()))
        axes.axhline(0, color="black", lw=0.5)
        axes.set(xlabel="share of all neurons that is removed", ylabel="rise of bits per byte, neutral text")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return closed(figure)


def pruned_answers(table: pd.DataFrame) -> Figure:
    """Draw the change of accuracy after each pruning, all tasks together.

    Parameters
    ----------
    table : DataFrame
        As :func:`analysis.uses.pruning_study.answers` makes it.
    """
    part = table[table["task"] == "all"].reset_index(drop=True)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + 0.28 * len(part)), layout="constrained")
        colours = [_LOOKS[method][0] for method in part["method"]]
        axes.hlines(part.index, part["low"], part["high"], color=colours, lw=1.5)
        axes.scatter(part["change"], part.index, color=colours, s=20, zorder=3)
        axes.axvline(0, color="black", lw=0.5)
        names = [f"{name} (range of draws)" if name == "random" else name for name in part["method"]]
        axes.set_yticks(part.index, names)
        axes.set_ylim(len(part) - 0.5, -0.5)
        axes.set(xlabel=f"change of accuracy, all tasks (the whole model: {part['intact'].iloc[0]:.2f})")
    return closed(figure)


def likeness(nulls: pd.DataFrame, order: Sequence[str], cut: float) -> Figure:
    """Draw the score of every pair of models, a row for each relation, beside what no shared text would give.

    Parameters
    ----------
    nulls : DataFrame
        As :func:`analysis.uses.origins.against_nulls` makes it.
    order : sequence of str
        The relations.
    cut : float
        The paper's.
    """
    rng = np.random.default_rng(0)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.0 + 0.42 * len(order)), layout="constrained")
        for row, relation in enumerate(order):
            part = nulls[nulls["relation"] == relation]
            colour = BLUE if relation == "same origin" else ORANGE
            places = row + rng.uniform(-0.25, 0.25, len(part))
            axes.scatter(part["score"], places, color=colour, s=12, alpha=0.6, lw=0)
            axes.vlines(part["bar"].mean(), row - 0.4, row + 0.4, color=GREY, lw=2)
        axes.axvline(cut, color="black", lw=0.8, ls=":", label="the cut of the paper's code")
        axes.plot([], [], color=GREY, lw=2, label="95 % of shifted courses lie below")
        axes.set_yticks(range(len(order)), order)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set(xlabel="best mean rank correlation of two networks")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return closed(figure)


def told_apart(roc: pd.DataFrame, area: float, needed: pd.DataFrame) -> Figure:
    """Draw the ROC, and how kin and strangers come apart with the number of texts.

    Parameters
    ----------
    roc : DataFrame
        As :func:`analysis.uses.origins.curve` makes it.
    area : float
        Under it.
    needed : DataFrame
        As :func:`analysis.uses.origins.by_number` makes it.
    """
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), layout="constrained")
        left.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=":")
        left.plot(roc["strangers"], roc["kin"], color=BLUE, drawstyle="steps-post")
        left.set(
            xlabel="strangers that are called kin", ylabel="kin that is called kin", xlim=(-0.02, 1), ylim=(0, 1.02)
        )
        left.set_title(f"area {area:.3f}")
        for column, colour, name in (("kin", BLUE, "least alike kin"), ("strangers", ORANGE, "most alike strangers")):
            means = needed.groupby("texts")[column].mean()
            right.plot(needed["texts"], needed[column], "o", color=colour, ms=3.5, alpha=0.5)
            right.plot(means.index, means, color=colour, label=name)
        right.set_xscale("log", base=2)
        right.set_xticks(sorted(needed["texts"].unique()))
        right.xaxis.set_major_formatter("{x:g}")
        right.minorticks_off()
        right.set(xlabel="texts", ylabel="best mean rank correlation")
        right.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return closed(figure)


def drift(table: pd.DataFrame, strangers: float) -> Figure:
    """Draw how a fingerprint fades while a model is fine-tuned.

    Parameters
    ----------
    table : DataFrame
        ``steps`` and ``score`` against the original.
    strangers : float
        The highest score of strangers.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.4), layout="constrained")
        axes.plot(table["steps"], table["score"], "o-", color=BLUE, ms=4, label="fine-tuned model and its original")
        axes.axhline(strangers, color=ORANGE, ls="--", lw=1, label="most alike strangers")
        axes.set(xlabel="steps of fine-tuning", ylabel="best mean rank correlation", ylim=(0, 1.03))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return closed(figure)
