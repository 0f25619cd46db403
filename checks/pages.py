"""One page in one window: console, requests, width, figures, accessibility."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from analysis.errors import InputError

from .browser import View
from .faults import Fault
from .pictures import cut_edges, is_blank

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

_IN_PAGE = Path(__file__).with_name("in_page.js").read_text(encoding="utf-8")
_SETTLED = "async () => { await document.fonts.ready; await window.MathJax?.startup?.promise; }"
# A page from a file may neither fetch its style sheets again, which are judged as the page shows them, nor talk with
# the frames in it, whose content another program made; that each has a title is still asked for.
_OPTIONS = {"resultTypes": ["violations"], "preload": False, "iframes": False}
_REFRESH = re.compile(r'http-equiv="refresh"[^>]*url=([^"\s>]+)', re.I)
_GRAVE = ("serious", "critical")
_SMALLEST = 24  # CSS pixels: what is smaller is an icon


@dataclass(frozen=True)
class Seen:
    """What a page was found to hold.

    Attributes
    ----------
    page : str
        Path below the folder of the book.
    faults : list of Fault
    links : list of (element, address, is_download)
    ids : set of str
        What an anchor may name.
    files : set of Path
        What the browser loaded for the page, itself included.
    """

    page: str
    faults: list[Fault] = field(default_factory=list)
    links: list[tuple[str, str, bool]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)

    @property
    def weight(self) -> int:
        """Bytes of all that was loaded."""
        return sum(file.stat().st_size for file in self.files if file.is_file())


def pages_of(html: Path) -> list[str]:
    """Return the pages of a built book, the first page first; an index that only sends the reader on is none.

    Raises
    ------
    InputError
        If there is no book.
    """
    index = html / "index.html"
    if not index.is_file():
        raise InputError(f"There is no book at {html}. Make it first: make book")
    sent = _REFRESH.search(index.read_text(encoding="utf-8"))
    first = sent[1] if sent else index.name
    if not (html / first).is_file():
        raise InputError(f"{index} leads to {first}, which is not there. Make the book again: make book")
    paths = (path.relative_to(html) for path in sorted(html.rglob("*.html")))
    names = [str(path) for path in paths if path.parts[0] not in ("_static", "_sources", "_images")]
    return [first, *(name for name in names if name not in (first, index.name))]


def local_path(address: str) -> Path | None:
    """Return the file that an address leads to; None where it leads to the network."""
    parts = urlsplit(address)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def look(window: BrowserContext, html: Path, name: str, view: View) -> Seen:
    """Open a page and collect its faults and its links."""
    seen = Seen(name)
    page = window.new_page()
    _listen(page, seen, view)
    page.goto((html / name).as_uri(), wait_until="load")
    page.evaluate(_SETTLED)
    found = page.evaluate(_IN_PAGE)
    seen.links.extend((element, address, bool(download)) for element, address, download in found["links"])
    seen.ids.update(found["ids"])
    if found["theme"] and found["theme"] != view.theme:
        seen.faults.append(Fault(name, "html", f"shows the theme {found['theme']} where {view.theme} was chosen"))
    if view.is_phone and found["overflow"] is not None:
        widest = ", ".join(found["overflow"]) or "html"
        seen.faults.append(Fault(name, widest, f"scrolls sideways at {view.width} px"))
    seen.faults.extend(_figures(page, name, view, found["figures"]))
    if not view.is_phone:
        seen.faults.extend(_accessibility(page, name, view))
    page.close()
    return seen


def _listen(page: Page, seen: Seen, view: View) -> None:
    def add(what: str, element: str = "") -> None:
        seen.faults.append(Fault(seen.page, element, what))

    def requested(address: str) -> None:
        path = local_path(address)
        if path is not None:
            seen.files.add(path)
        elif urlsplit(address).scheme not in ("data", "blob", "about"):
            add(f"asks the network for {address}")

    def logged(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            add(f"console: {message.text}")

    page.on("console", logged)
    page.on("pageerror", lambda error: add(f"script: {error}"))
    page.on("request", lambda request: requested(request.url))
    page.on("requestfailed", lambda request: add(f"cannot load {Path(urlsplit(request.url).path).name}"))


def _figures(page: Page, name: str, view: View, figures: list[dict[str, Any]]) -> Iterator[Fault]:
    for one in figures:
        place = one["element"]
        if one["broken"]:
            yield Fault(name, place, f"a picture that cannot be shown: {one['src']}")
        elif min(one["width"], one["height"]) < _SMALLEST:
            if one["src"] and min(one["width"], one["height"]) < 1:
                yield Fault(name, place, f"a picture of no size ({view.name})")
        elif one["clipped"]:
            yield Fault(name, place, f"cut off by {one['clipped']} ({view.name})")
        elif not view.is_phone and is_blank(page.locator(f'[data-checked="{one["number"]}"]').screenshot()):
            yield Fault(name, place, f"an empty picture ({view.name})")
        path = local_path(one["src"]) if one["src"] else None
        if path and path.suffix == ".png" and path.is_file() and view.theme == "light" and not view.is_phone:
            yield from (Fault(name, place, f"drawn across the {edge} edge of {path.name}") for edge in cut_edges(path))


@functools.cache
def _axe() -> Any:
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def _accessibility(page: Page, name: str, view: View) -> Iterator[Fault]:
    for violation in _axe().run(page, options=_OPTIONS).response["violations"]:
        if violation["impact"] in _GRAVE:
            for node in violation["nodes"]:
                element = " ".join(str(part) for part in node["target"])
                yield Fault(name, element, f"{violation['impact']}: {violation['help']} ({view.name})")
