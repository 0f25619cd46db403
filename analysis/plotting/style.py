"""What all figures share: one light card, colours that the colour-blind can tell apart, small helpers."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

WIDTH = 8.0  # inches: the text column of the book
# From the palette of Okabe and Ito (2008).
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6E6E6E"
STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "image.interpolation": "nearest",
}


def sparse(labels: Sequence[int], most: int = 16) -> tuple[list[int], list[str]]:
    """Choose at most so many tick places and their labels."""
    places = list(range(0, len(labels), -(-len(labels) // most)))
    return places, [str(labels[place]) for place in places]


def pool(values: npt.NDArray[np.float32], rows: int) -> npt.NDArray[np.float32]:
    """Reduce many rows to at most so many, keeping the strongest value of each group, so that single neurons show."""
    if len(values) <= rows:
        return values
    groups = np.array_split(values, rows)
    strongest = [np.take_along_axis(g, np.abs(np.nan_to_num(g)).argmax(0)[None], 0)[0] for g in groups]
    return np.stack(strongest)


def closed(figure: Figure) -> Figure:
    """Take a figure out of pyplot, so that a notebook shows it once: where it is returned."""
    plt.close(figure)
    return figure
