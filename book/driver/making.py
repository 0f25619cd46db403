"""The page that says how the book was made: what each chapter took and was given, versions, machine."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import claim_records, claims
from analysis.claim_records import Measured
from analysis.errors import InputError

from .figure_links import has_data
from .markdown import in_code, plain
from .parameters import as_text

MARK = "% record"  # the line of book/making.md that the tables take the place of
_KEY = 12  # characters of a hash that is shown


def making_page(text: str, record: Mapping[str, Any], notebooks: Mapping[str, bytes], measured: Path) -> str:
    """Put the record of a run into the text of its page.

    Parameters
    ----------
    text : str
        `book/making.md`, with a line `% record`.
    record : mapping
        From `record.run_record`. What changes from one rendering to the next without the book's content, such as
        whether a chapter came from the cache, is not shown.
    notebooks : mapping of stem to bytes
        The executed chapters of this book.
    measured : Path
        `claims.json` of this build; it may be absent or damaged.
    """
    try:
        here = [one for one in claim_records.read(measured) if one.verdict != claims.NOT_MEASURED]
    except InputError:
        here = []
    chapters = {stem: one for stem, one in record["chapters"].items() if stem in notebooks}
    lines = [
        *_summary(record, chapters),
        "## Chapters",
        "",
        "| chapter | seconds | memory (MB) | cells | figures | with data | claims | controls | hash |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        *[_row(stem, one, notebooks[stem], here) for stem, one in chapters.items()],
        "",
        "## Parameters",
        "",
        *[line for stem, one in chapters.items() for line in _parameters(stem, one)],
        "## Versions",
        "",
        "| package | version |",
        "| --- | --- |",
        *[f"| {plain(name)} | {plain(version)} |" for name, version in record["versions"].items()],
        "",
    ]
    return re.sub(rf"^{MARK}$", lambda _: "\n".join(lines), text, flags=re.M)


def _summary(record: Mapping[str, Any], chapters: Mapping[str, Any]) -> list[str]:
    machine, commit = record["machine"], record["commit"]
    seconds = sum(one["seconds"] for one in chapters.values())
    state = "unknown: no version control"
    if commit:
        state = f"`{commit['id'][:_KEY]}`" + (", with changes that are not committed" if commit["dirty"] else "")
    return [
        f"Profile: *{plain(record['profile'])}*",
        f": {len(chapters)} chapters, {seconds:,.0f} s of execution in all.",
        "",
        "Commit",
        f": {state}.",
        "",
        "Machine",
        f": {machine['system']}, {machine['architecture']}, {machine['cpus']} processors, "
        f"{machine['memory_gb']:g} GB of memory; linear algebra in {machine['threads']} thread in each chapter.",
        "",
    ]


def _row(stem: str, one: Mapping[str, Any], notebook: bytes, measured: list[Measured]) -> str:
    cells = [
        cell
        for cell in json.loads(notebook)["cells"]
        if cell["cell_type"] == "code" and "injected-parameters" not in cell["metadata"].get("tags", [])
    ]
    figures = [cell for cell in cells if "figure" in cell["metadata"].get("mystnb", {})]
    mine = [claim for claim in measured if claim.chapter == stem]
    numbers = [
        f"{one['seconds']:,.0f}",
        f"{one['peak_memory_mb']:,.0f}",
        len(cells),
        len(figures),
        sum(has_data(cell) for cell in figures),
        len({claim.id for claim in mine}),
        sum(len(claim.controls) for claim in mine),
    ]
    link = f"{{doc}}`chapter {stem[:2].lstrip('0')} <{stem}>`"
    return f"| {link} | {' | '.join(map(str, numbers))} | `{one['inputs_hash'][:_KEY]}` |"


def _parameters(stem: str, one: Mapping[str, Any]) -> list[str]:
    rows = [f"| {in_code(name)} | {in_code(as_text(value))} |" for name, value in one["parameters"].items()]
    table = ["| parameter | value |", "| --- | --- |", *rows] if rows else ["None."]
    return [f":::{{dropdown}} {stem.replace('_', ' ')}", *table, ":::", ""]
