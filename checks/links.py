"""Links within the book: their files, their anchors, what they offer to download."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .faults import Fault
from .pages import Seen, local_path

_PLACELESS = ("", "top")  # anchors that every page has


def link_faults(html: Path, seen: Mapping[str, Seen]) -> Iterator[Fault]:
    """Yield links that lead nowhere.

    Parameters
    ----------
    html : Path
        The folder of the book.
    seen : mapping of page to Seen
        All its pages.
    """
    for page, one in seen.items():
        for element, address, is_download in one.links:
            path = local_path(address)
            if path is not None and (what := _fault(html, path, address, seen, is_download)):
                yield Fault(page, element, what)


def _fault(html: Path, path: Path, address: str, seen: Mapping[str, Seen], is_download: bool) -> str:
    if not path.is_relative_to(html):
        return f"leads out of the book: {path}"
    name = str(path.relative_to(html))
    if not path.is_file():
        return f"leads to {name}, which is not there"
    anchor = unquote(urlsplit(address).fragment)
    if name in seen and anchor not in _PLACELESS and anchor not in seen[name].ids:
        return f"leads to #{anchor}, which {name} does not have"
    if is_download or path.suffix in (".ipynb", ".csv"):
        return _download_fault(path, name)
    return ""


def _download_fault(path: Path, name: str) -> str:
    if not path.stat().st_size:
        return f"offers {name}, which is empty"
    if path.suffix == ".ipynb":
        try:
            if not json.loads(path.read_text(encoding="utf-8"))["cells"]:
                return f"offers {name}, a notebook without cells"
        except (ValueError, KeyError, TypeError):
            return f"offers {name}, which is no notebook"
    return ""
