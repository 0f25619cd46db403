"""The machine-readable accounts of a run: `run.json` and `claims.json`."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis import claim_records, claims, declarations
from analysis.claim_records import Measured
from analysis.declarations import Claim
from analysis.errors import InputError

from .chapters import Project
from .execution import Outcome, Run
from .files import write_atomically
from .staleness import THREADS, versions


def run_record(project: Project, profile: str, outcomes: list[Outcome]) -> dict[str, Any]:
    """Return what was run, and on what.

    Parameters
    ----------
    project : Project
        Whose commit is recorded.
    profile : str
        The name of the profile.
    outcomes : list of Outcome
        One a chapter; a cached one reports the execution it comes from.
    """
    return {
        "profile": profile,
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


def write_record(path: Path, record: Mapping[str, Any], seconds: float) -> None:
    """Write the record of a run, and what the whole of it took, rendering included."""
    whole = {"profile": record["profile"], "seconds": round(seconds, 2), **record}
    write_atomically(path, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def write_claims(path: Path, run: Run, profile: str, outcomes: list[Outcome]) -> None:
    """Write what became of each declared claim, in the order of `data/claims.yml`.

    A claim that no chapter of the run measured is there without numbers and says why; but where its own chapter
    failed or was skipped nothing is known of it, and it is left out. A project without declarations has no such file.

    Parameters
    ----------
    path : Path
        The file to write.
    run : Run
        Its saved results hold the claims of each chapter, executed or cached.
    profile : str
        The name of the run.
    outcomes : list of Outcome
        One a chapter.
    """
    source = run.project.root / declarations.DECLARED
    if not source.exists():
        return
    declared = declarations.load(source)
    measured: dict[str, list[Measured]] = {}
    for outcome in outcomes:
        for one in _measured_by(run, outcome):
            if one.id not in declared:
                raise InputError(
                    f"{outcome.task.chapter.stem} measured '{one.id}', which {source.name} does not declare"
                )
            measured.setdefault(one.id, []).append(replace(one, profile=profile))
    records: list[Measured] = []
    for claim in declared.values():
        if claim.id in measured:
            records += sorted(measured[claim.id], key=lambda one: _place(one, claim))
        elif missing := _not_measured(claim, run.project, outcomes):
            records.append(replace(missing, profile=profile))
    write_atomically(path, claim_records.to_json(records))


def _measured_by(run: Run, outcome: Outcome) -> list[Measured]:
    stem = outcome.task.chapter.stem
    saved = run.artifacts / stem / "claims.json"
    if outcome.entry is None or not saved.exists():
        return []
    return [replace(one, chapter=stem) for one in claim_records.read(saved)]


def _place(one: Measured, claim: Claim) -> tuple[str, int, str, str]:
    site = claim.sites.index(one.site) if one.site in claim.sites else len(claim.sites)
    return one.chapter, site, one.site, one.model


def _not_measured(claim: Claim, project: Project, outcomes: list[Outcome]) -> Measured | None:
    """Say why a claim has no numbers; None if its chapter failed or was skipped."""
    stems = {chapter.number.zfill(2): stem for stem, chapter in project.chapters.items()}
    stem = stems.get(claim.chapter)
    mine = [outcome for outcome in outcomes if outcome.task.chapter.stem == stem]
    if any(outcome.entry is None for outcome in mine):
        return None
    if stem is None:
        reason = "its chapter is not in this book"
    else:
        reason = "its chapter did not measure it" if mine else "its chapter is not part of this run"
    return replace(claims.not_measured(claim), chapter=stem or claim.chapter, reason=reason)


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
