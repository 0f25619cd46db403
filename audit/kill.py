"""Kill a build, a sweep and a training at random moments, call them again, and compare with an undisturbed run.

Every second time only the program is killed that was called, and what it had started has to notice for itself.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import study
from .report import ROOT, Report

SIZE = 30
_TRAINING = {
    "n-layers": 2,
    "hidden": 32,
    "mlp": 48,
    "heads": 2,
    "vocabulary": 600,
    "context": 64,
    "steps": 400,
    "words": 100_000,
    "batch": 8,
    "jobs": 1,
    "threads": 1,
    "minutes-per-checkpoint": 0.01,
}
_IN_FLIGHT = 2  # chapters or cells side by side


def audit(size: int, seed: int) -> Report:
    """Kill each command `size` times."""
    rows, faults, summary = [], [], {}
    with tempfile.TemporaryDirectory(prefix="killed-") as place:
        for name, kill in (("book", _book), ("sweep", _sweep), ("training", _training)):
            found = kill(Path(place), size, random.Random(f"{name} {seed}"))
            rows += found
            equal = sum(row["outcome"] == "equal" for row in found)
            redone = Counter(row["redone"] for row in found)
            again = ", ".join(f"{what} ({times}×)" for what, times in redone.most_common())
            summary[name] = f"{equal} of {len(found)} finished equal; redone: {again}"
            faults += [f"{name}, killed after {row['after']} s: {row['outcome']}" for row in found if row["fault"]]
    return Report(summary, [{key: row[key] for key in row if key != "fault"} for row in rows], faults)


def _book(place: Path, size: int, draw: random.Random) -> list[dict[str, Any]]:
    return _builds(place / "book", study.book, size, draw, "make book")


def _sweep(place: Path, size: int, draw: random.Random) -> list[dict[str, Any]]:
    return _builds(place / "sweep", study.sweep, size, draw, "make sweep")


def _builds(
    place: Path, command: Callable[[Path], list[str]], size: int, draw: random.Random, name: str
) -> list[dict[str, Any]]:
    template, root = study.write_study(place / "template"), place / "study"  # always one path
    shutil.copytree(template, root)
    whole = study.call(command(root), root)
    expected = study.results_of(root)
    assert whole.code == 0, whole.said
    rows = []
    for number in range(size):
        shutil.rmtree(root)
        shutil.copytree(template, root)
        after = round(draw.uniform(0.1, whole.seconds), 2)
        at_work = study.call_and_kill(command(root), root, after, everything=number % 2 == 0)
        kept = study.finished(root)
        again = study.call(command(root), root)
        twice = {what for what, times in Counter(study.started(root)).items() if times > 1}
        outcome = "equal" if again.code == 0 and study.results_of(root) == expected else f"code {again.code}: other"
        if lost := twice & kept:
            outcome = f"did finished work again: {', '.join(sorted(lost))}"
        rows.append(
            _row(
                name,
                number,
                after=after,
                at_work=at_work,
                outcome=outcome,
                redone=f"{len(twice)} in flight",
                wrong=len(twice) > _IN_FLIGHT,
            )
        )
        if outcome != "equal":
            print(again.said, file=sys.stderr)
    return rows


def _training(place: Path, size: int, draw: random.Random) -> list[dict[str, Any]]:
    def command(out: Path) -> list[str]:
        options = [part for name, value in _TRAINING.items() for part in (f"--{name}", str(value))]
        where = ["--out", str(out), "--work", str(out.with_suffix(".work"))]
        return [sys.executable, "-m", "analysis.teaching.training", *options, *where]

    whole = study.call(command(place / "whole"), ROOT)
    assert whole.code == 0, whole.said
    expected = _weights(place / "whole")
    rows = []
    for number in range(size):
        out = place / "killed"
        for left in (out, out.with_suffix(".work")):
            shutil.rmtree(left, ignore_errors=True)
        after = round(draw.uniform(0.1, whole.seconds), 2)
        at_work = study.call_and_kill(command(out), ROOT, after, everything=number % 2 == 0)
        again = study.call(command(out), ROOT)
        outcome = "equal" if again.code == 0 and _weights(out) == expected else f"code {again.code}: other"
        redone = "since the last checkpoint" if "going on after step" in again.said else "from the start"
        rows.append(
            _row("make model", number, after=after, at_work=at_work, outcome=outcome, redone=redone, wrong=False)
        )
        if outcome != "equal":
            print(again.said, file=sys.stderr)
    return rows


def _row(
    command: str, number: int, *, after: float, at_work: bool, outcome: str, redone: str, wrong: bool
) -> dict[str, Any]:
    print(f"{command} {number}: {outcome}", file=sys.stderr, flush=True)
    return {
        "command": command,
        "after": after,
        "killed": ("all" if number % 2 == 0 else "the caller") if at_work else "nothing: it had finished",
        "outcome": outcome,
        "redone": redone,
        "fault": wrong or outcome != "equal",
    }


def _weights(out: Path) -> str:
    path = out / "model.safetensors"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
