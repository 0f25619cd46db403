"""The first page: each chapter as a card with its question and a picture of this run."""

import base64
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from PIL import Image

from .chapters import Chapter, Project

MARK = re.compile(r"^% chapters (?P<numbers>[\d ]+)$", re.M)  # a line of book/intro.md: the cards of these chapters
PICTURES = "pictures"  # the folder beside the page that the pictures go to
_WIDTH, _HEIGHT = 440, 250  # pixels: twice what a card is wide, for fine screens


def front_page(text: str, project: Project, notebooks: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """Put cards of chapters into the text of the first page.

    Parameters
    ----------
    text : str
        `book/intro.md`, with lines such as `% chapters 3 4`.
    project : Project
    notebooks : mapping of stem to bytes
        The executed chapters of this book; others get no card.

    Returns
    -------
    text : str
    pictures : dict of str to bytes
        What the cards show, by name below the folder of the page.
    """
    pictures: dict[str, bytes] = {}

    def cards(found: re.Match[str]) -> str:
        numbers = found["numbers"].split()
        shown = [one for one in project.chapters.values() if one.number in numbers and one.stem in notebooks]
        made = []
        for chapter in shown:
            picture, alt = _picture(json.loads(notebooks[chapter.stem]))
            if picture:
                pictures[f"{PICTURES}/{chapter.stem}.png"] = picture
            made += _card(chapter, f"{PICTURES}/{chapter.stem}.png" if picture else "", alt)
        return "\n".join(["::::{grid} 1 2 2 2", ":gutter: 3", "", *made, "::::"]) if made else ""

    return MARK.sub(cards, text), pictures


def _card(chapter: Chapter, picture: str, alt: str) -> list[str]:
    image = [f":img-top: {picture}", f":img-alt: {alt}"] if picture else []
    return [
        f":::{{grid-item-card}} {chapter.number}. {chapter.title}",
        f":link: {chapter.stem}",
        ":link-type: doc",
        ":class-card: study-card",
        *image,
        "",
        chapter.question,
        ":::",
        "",
    ]


def _picture(notebook: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the first figure of a chapter, small, and what is seen on it; empty where there is none."""
    for cell in notebook["cells"]:
        shown = cell.get("metadata", {}).get("mystnb", {})
        for output in cell.get("outputs", []) if "figure" in shown else []:
            if data := output.get("data", {}).get("image/png"):
                alt = " ".join(shown.get("image", {}).get("alt", "").split())
                return _small(base64.b64decode("".join(data))), alt
    return b"", ""


def _small(picture: bytes) -> bytes:
    with Image.open(io.BytesIO(picture)) as image:
        whole = image.convert("RGB")
    whole.thumbnail((_WIDTH - 20, _HEIGHT - 20))
    card = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    card.paste(whole, ((_WIDTH - whole.width) // 2, (_HEIGHT - whole.height) // 2))
    written = io.BytesIO()
    card.save(written, "PNG", optimize=True)
    return written.getvalue()
