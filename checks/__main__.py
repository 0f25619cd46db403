"""Open every page of the built book in Chromium and say what is wrong.

    python -m checks [_build/html]

One line for each fault, with page and element. Exit code 1 if there are any, 2 where no browser can be had.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.errors import InputError

from .browser import LIGHT, VIEWS, browser, open_window
from .explorer import explorer_faults
from .faults import Fault
from .links import link_faults
from .pages import Seen, look, pages_of

_FIRST_PAGE = 1_500_000  # bytes, all that it loads included


def check(html: Path) -> list[Fault]:
    """Look at every page of a book in every window, and follow its links.

    Parameters
    ----------
    html : Path
        The folder that holds `index.html`.

    Returns
    -------
    list of Fault
        In the order of the pages, each once.
    """
    html = html.resolve()
    names = pages_of(html)
    faults: list[Fault] = []
    seen: dict[str, Seen] = {}
    with browser() as started:
        for view in VIEWS:
            window = open_window(started, view)
            for name in names:
                one = look(window, html, name, view)
                faults += one.faults
                if view == LIGHT:
                    seen[name] = one
            window.close()
        faults += explorer_faults(started, html)
    faults += link_faults(html, seen)
    if (weight := seen[names[0]].weight) > _FIRST_PAGE:
        faults.append(Fault(names[0], "", f"weighs {weight / 1e6:.1f} MB; at most {_FIRST_PAGE / 1e6} MB"))
    return sorted(set(faults))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m checks", description="Look at the built book in a browser.")
    parser.add_argument("html", nargs="?", type=Path, default=Path("_build/html"), help="the folder of the book")
    options = parser.parse_args(arguments)
    try:
        faults = check(options.html)
        pages = len(pages_of(options.html))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{pages} pages, {len(VIEWS)} windows each: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
