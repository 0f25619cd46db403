"""The card that opens a chapter: what this run took, its parameters, and how to run it with others."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from .cache import Entry
from .chapters import Chapter
from .markdown import in_code, plain
from .parameters import as_text

_WORDS_A_MINUTE = 180


def with_card(notebook: dict[str, Any], chapter: Chapter, values: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Return the executed notebook (as JSON holds it) with a card after its title."""
    cells = list(notebook["cells"])
    for number, cell in enumerate(cells):
        text = "".join(cell["source"])
        heading = re.search(r"^# .+\n?", text, re.M) if cell["cell_type"] == "markdown" else None
        if heading:
            before, after = text[: heading.end()].rstrip(), text[heading.end() :].lstrip("\n")
            card = _card(notebook, chapter, values, entry)
            cells[number] = cell | {"source": f"{before}\n\n{card}\n\n{after}".rstrip()}
            break
    return notebook | {"cells": cells}


def _card(notebook: dict[str, Any], chapter: Chapter, values: Mapping[str, Any], entry: Entry) -> str:
    prose = " ".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
    minutes = max(1, round(len(prose.split()) / _WORDS_A_MINUTE))
    facts = [
        f"{minutes} min to read",
        f"{_seconds(entry.seconds)} to run",
        f"{entry.peak_memory_mb:,.0f} MB at most in memory",
    ]
    if (chapter.path.parent / "explorer.md").exists():
        facts.append("{doc}`networks in the explorer <explorer>`")
    return "\n".join(
        [
            "::::::{div} chapter-card",
            " · ".join(facts),
            "",
            f"Download: {_downloads(chapter)}",
            "",
            "::::{dropdown} Parameters, and how to run this chapter with your own model",
            *_table(chapter, values),
            "",
            "```bash",
            *_commands(chapter, values),
            "```",
            "::::",
            "::::::",
        ]
    )


def _downloads(chapter: Chapter) -> str:
    """Link what lies beside the page: see `_ext/chapter_pages.py`."""
    place = f"../_sources/book/{chapter.stem}"
    kinds = {".ipynb": "notebook as executed", "-clean.ipynb": "notebook without outputs", ".md": "text"}
    return ", ".join(f'<a href="{place}{end}" download>{words}</a>' for end, words in kinds.items())


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _table(chapter: Chapter, values: Mapping[str, Any]) -> list[str]:
    if not chapter.parameters:
        return ["This chapter has no parameters."]
    changed = {name: value for name, value in values.items() if value != chapter.defaults[name]}
    head = ["name", "type", "default", *(["this run"] if changed else []), "what it is"]
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for parameter in chapter.parameters.values():
        row = [in_code(parameter.name), in_code(parameter.type), in_code(as_text(parameter.default))]
        if changed:
            row.append(in_code(as_text(changed[parameter.name])) if parameter.name in changed else "")
        row.append(plain(parameter.help))
        lines.append(f"| {' | '.join(row)} |")
    return lines


def _commands(chapter: Chapter, values: Mapping[str, Any]) -> list[str]:
    changed = {name: value for name, value in values.items() if value != chapter.defaults[name]}
    lines = []
    if changed:
        lines = ["# this run", _command(chapter, changed), ""]
    if not chapter.parameters:
        return [*lines, f"make chapter CHAPTER={chapter.number}"]
    own = {"model": "path/or/name-on-the-hub", "texts": "path/to/*.txt"}
    own = {name: value for name, value in own.items() if name in chapter.parameters}
    first = next(iter(chapter.parameters.values()))
    return [*lines, "# your run", _command(chapter, own or {first.name: first.default})]


def _command(chapter: Chapter, values: Mapping[str, Any]) -> str:
    # Inside the double quotes of P, spaces are held together by single ones.
    words = (
        f"{name}={shlex.quote(as_text(value)) if ' ' in as_text(value) else as_text(value)}"
        for name, value in values.items()
    )
    return f'make chapter CHAPTER={chapter.number} P="{" ".join(words)}"'
