"""The page on trust: what the last audits found, from their stored tables."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .markdown import plain

MARK = "% audits"  # the line of book/trust.md that the tables take the place of
TABLES = Path("audit/tables")
_ORDER = ("kill", "faults", "fuzz", "mutants", "coverage", "load", "repeat", "retrain", "golden")
_OPEN, _SHOWN = 30, 100  # rows: more are folded away, and still more are only in the file


def trust_page(text: str, root: Path) -> str:
    """Put the stored tables into the text of their page.

    Parameters
    ----------
    text : str
        `book/trust.md`, with a line `% audits`.
    root : Path
        The project.
    """
    parts = [_audit(name, root / TABLES / f"{name}.json") for name in _ORDER]
    return re.sub(rf"^{MARK}$", lambda _: "\n".join(parts), text, flags=re.M)


def _audit(name: str, path: Path) -> str:
    make = f"`make audit NAMES={name}`"
    title = f"## {name.title()}\n"
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        return f"{title}\n{_shown(made, name)}"
    except FileNotFoundError:
        return f"{title}\nNo table is stored with this book. Make it: {make}.\n"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{title}\n`{TABLES / path.name}` is damaged. Make it anew: {make}.\n"


def _shown(made: Mapping[str, Any], name: str) -> str:
    about = f"`{made['command']}` on {made['date']}, at commit `{made['commit']}`, in {made['seconds'] / 60:.0f} min; "
    lines = [f"{_plain(made['does'])}.", "", about + f"{_plain(made['machine'])}.", ""]
    lines += _table([{"": what, "found": found} for what, found in made["summary"].items()])
    if made["faults"]:
        lines += ["Not as it should be:", "", *(f"- {_plain(str(fault)[:300])}" for fault in made["faults"]), ""]
    rows = made["rows"]
    if len(rows) > _OPEN:
        more = f" (the first {_SHOWN} of {len(rows)})" if len(rows) > _SHOWN else ""
        return "\n".join([*lines, f":::{{dropdown}} All rows{more}", *_table(rows[:_SHOWN]), ":::", ""])
    return "\n".join([*lines, *_table(rows)])


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    heads = list(rows[0])
    body = [[_plain(" ".join(str("" if row[head] is None else row[head]).split())) for head in heads] for row in rows]
    above = [[_plain(head) for head in heads], ["---"] * len(heads)]
    lines = ["| " + " | ".join(cells) + " |" for cells in [*above, *body]]
    return [*lines, ""]


def _plain(text: str) -> str:
    return plain(text, "`>{}#~")
