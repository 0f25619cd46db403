"""Pictures as pixels: is there anything in them, and is anything cut off at their edge."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

_SAME = 12  # of 255: how far the shades of one colour lie apart


def is_blank(screenshot: bytes) -> bool:
    """Tell whether a picture, as the reader sees it, is one colour all over."""
    with Image.open(io.BytesIO(screenshot)) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=np.int16)
    inner = pixels[2:-2, 2:-2] if min(pixels.shape[:2]) > 8 else pixels
    return bool(np.ptp(inner.reshape(-1, 3), axis=0).max() <= _SAME)


def cut_edges(path: Path) -> list[str]:
    """Name the edges of a picture that something is drawn across.

    A drawing keeps a margin: where the outermost row of pixels has more than one colour, a label or a line goes on
    beyond it.
    """
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGBA"), dtype=np.int16)
    edges = {"top": pixels[0], "bottom": pixels[-1], "left": pixels[:, 0], "right": pixels[:, -1]}
    return [name for name, edge in edges.items() if np.ptp(edge, axis=0).max() > _SAME]
