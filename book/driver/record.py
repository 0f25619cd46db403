"""The machine-readable account of a run, `run.json`."""

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from .chapters import Project
from .execution import Outcome
from .files import write_atomically
from .staleness import THREADS, versions


def write_record(path: Path, project: Project, profile: str, outcomes: list[Outcome], seconds: float) -> None:
    """Write what was run, on what, and what it took.

    Parameters
    ----------
    path : Path
        The file to write.
    project : Project
        Whose commit is recorded.
    profile : str
        The name of the profile.
    outcomes : list of Outcome
        One a chapter; a cached one reports the execution it comes from.
    seconds : float
        Of the whole run, rendering included.
    """
    record = {
        "profile": profile,
        "seconds": round(seconds, 2),
        "chapters": {outcome.task.chapter.stem: _chapter(outcome) for outcome in outcomes},
        "versions": versions(),
        "commit": _commit(project.root),
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "cpus": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "threads": THREADS,
        },
    }
    write_atomically(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _chapter(outcome: Outcome) -> dict[str, Any]:
    entry = outcome.entry
    record = {
        "status": outcome.status,
        "seconds": entry.seconds if entry else None,
        "peak_memory_mb": entry.peak_memory_mb if entry else None,
        "parameters": outcome.task.values,
        "inputs_hash": outcome.task.key,
    }
    if outcome.failure:
        record["error"] = f"{outcome.failure['error']}: {outcome.failure['message']}"
    return record


def _commit(root: Path) -> dict[str, Any] | None:
    """Return the commit and whether files differ from it; None outside version control."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {"id": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
