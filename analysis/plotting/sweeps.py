"""What a sweep found: each estimate of every cell with its interval."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.plotting.style import BLUE, GREY, STYLE, WIDTH, closed

_ACROSS = 3


def estimates(table: pd.DataFrame) -> Figure:
    """Draw one panel a claim and one line a cell; filled where the claim is supported.

    Parameters
    ----------
    table : DataFrame
        ``claim``, ``cell``, ``estimate``, ``ci_low``, ``ci_high`` (numbers), ``unit``, ``verdict``; one row for each
        cell of each claim.
    """
    claims, cells = list(dict.fromkeys(table["claim"])), list(dict.fromkeys(table["cell"]))
    across = min(_ACROSS, len(claims))
    down = -(-len(claims) // across)
    with plt.rc_context(STYLE):
        size = (WIDTH, down * (0.9 + 0.24 * len(cells)))
        figure, grid = plt.subplots(down, across, figsize=size, squeeze=False, sharey=True, layout="constrained")
        for axes, claim in zip(grid.flat, claims, strict=False):
            part = table[table["claim"] == claim].set_index("cell").reindex(cells)
            for place, row in enumerate(part.itertuples()):
                fill = BLUE if row.verdict == "supported" else "white"
                axes.plot([row.ci_low, row.ci_high], [place, place], color=BLUE, lw=1)
                axes.plot(row.estimate, place, "o", color=BLUE, markerfacecolor=fill, ms=4)
            axes.axvline(0, color=GREY, lw=0.6, zorder=0)
            axes.set_title(textwrap.fill(claim, 30))
            axes.set_xlabel(textwrap.fill(str(part["unit"].dropna().iloc[0]), 34))
            axes.set_yticks(np.arange(len(cells)), [textwrap.shorten(cell, 44) for cell in cells])
        grid.flat[0].set_ylim(len(cells) - 0.5, -0.5)  # shared by all: the first cell on top
        for axes in grid.flat[len(claims) :]:
            axes.remove()
    return closed(figure)
