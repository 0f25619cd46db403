"""The explorer, walked through with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .browser import DARK, PHONE, View, open_window
from .faults import Fault
from .pages import look

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = "book/explorer.html"
_MOST = 3_000_000  # bytes, all that it loads included
_MOST_TABS = 120
_CHOICE = "explorer-network"


def explorer_faults(started: Browser, html: Path) -> Iterator[Fault]:
    """Yield what the keyboard cannot reach or does not change, if the book has an explorer."""
    if not (html / PAGE).is_file() or f'id="{_CHOICE}"' not in (html / PAGE).read_text(encoding="utf-8"):
        return
    for view in (PHONE, DARK):
        window = open_window(started, view)
        window.set_default_timeout(20_000)
        page = window.new_page()
        page.goto((html / PAGE).as_uri())
        yield from _walk(page, view)
        window.close()
    window = open_window(started, DARK)
    weight = look(window, html, PAGE, DARK).weight
    window.close()
    if weight > _MOST:
        yield Fault(PAGE, "", f"weighs {weight / 1e6:.1f} MB; at most {_MOST / 1e6} MB")


def _walk(page: Page, view: View) -> Iterator[Fault]:
    page.wait_for_selector("#explorer[data-ready]")
    for _ in range(_MOST_TABS):
        if page.evaluate("document.activeElement.id") == _CHOICE:
            break
        page.keyboard.press("Tab")
    else:
        yield Fault(PAGE, f"#{_CHOICE}", f"cannot be reached with the Tab key ({view.name})")
        return
    before = _state(page)
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(f'#explorer[data-ready="{page.input_value(f"#{_CHOICE}")}"]')
    after = _state(page)
    for part, was, now in zip(("choice", "words", "drawing of neurons", "address"), before, after, strict=True):
        if was == now:
            yield Fault(PAGE, f"#{_CHOICE}", f"an arrow key does not change the {part} ({view.name})")
    for chart in page.query_selector_all(".explorer-chart"):
        if not chart.query_selector("svg path, svg line"):
            yield Fault(PAGE, ".explorer-chart", f"a chart without a mark ({view.name})")


def _state(page: Page) -> tuple[str, str, str, str]:
    words = page.inner_text("#explorer-about")
    return page.input_value(f"#{_CHOICE}"), words, page.inner_html("#explorer-map"), page.url
