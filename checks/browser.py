"""Chromium as the system has it, and the three ways in which every page is looked at."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.errors import InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


@dataclass(frozen=True)
class View:
    """A window: its name in messages, its width in CSS pixels and the theme that the reader has chosen."""

    name: str
    width: int
    theme: str

    @property
    def is_phone(self) -> bool:
        """Whether the page has to fit without scrolling sideways."""
        return self.width < 500


LIGHT, DARK, PHONE = View("light", 1280, "light"), View("dark", 1280, "dark"), View("390 px", 390, "light")
VIEWS = (LIGHT, DARK, PHONE)


def find_browser() -> str:
    """Return the path of Chromium, or of what `CHROMIUM` names.

    Raises
    ------
    InputError
        If there is none, or no program to drive it.
    """
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        raise InputError(
            f"CHROMIUM names {named}, which cannot be run: give the path of a Chromium"
            if named
            else "The checks of the book need Chromium: install it (apt-get install chromium), or name it by CHROMIUM=…"
        )
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        raise InputError("The checks of the book need packages of the extra 'check': make extras") from None
    return found


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium without a window."""
    path = find_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield started
        finally:
            started.close()


def open_window(started: Browser, view: View) -> BrowserContext:
    """Open a window that has no network and that has chosen its theme."""
    window = started.new_context(
        viewport={"width": view.width, "height": 900},
        color_scheme="dark" if view.theme == "dark" else "light",
        offline=True,
        reduced_motion="reduce",  # a colour half way between two themes has no contrast to speak of
    )
    chosen = "".join(f"localStorage.setItem('{key}', '{view.theme}');" for key in ("mode", "theme"))
    window.add_init_script(f"try {{ {chosen} }} catch (error) {{ /* frames without storage */ }}")
    return window
