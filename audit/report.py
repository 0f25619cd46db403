"""The account of one audit, and where it is kept."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "audit" / "tables"
GOING_ON = ROOT / "_build" / "audit"
"""Where an audit that takes long keeps what it has, and goes on from when it was cut off."""


@dataclass(frozen=True)
class Report:
    """What an audit found.

    Attributes
    ----------
    summary : mapping
        A few figures by name.
    rows : sequence of mapping
        The table; all rows have the same keys.
    faults : sequence of str
        One line for each thing that must not be: the exit code is 1 if there is one.
    """

    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    faults: Sequence[str] = field(default_factory=list)


def code_digest(*folders: str) -> str:
    """Digest the Python files of some folders of the project: what was begun with other code is not gone on with."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def keep(name: str, does: str, command: str, seconds: float, report: Report, *, tables: Path = TABLES) -> Path:
    """Write a report with the day, the commit, the command and the machine behind it."""
    record = {
        "does": does,
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "seconds": round(seconds),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}",
        "summary": dict(report.summary),
        "faults": list(report.faults),
        "rows": [dict(row) for row in report.rows],
    }
    tables.mkdir(parents=True, exist_ok=True)
    path = tables / f"{name}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def _commit() -> str:
    """Return the commit at work, with a plus where files differ from it."""
    try:
        words = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
