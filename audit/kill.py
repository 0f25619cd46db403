"""Kill a build, a sweep and a training at random moments, call them again, and compare with an undisturbed run.

Every second time only the program is killed that was called, and what it had started has to notice for itself.
Thirty of each take more than an hour; an audit that is cut off goes on where it was, as long as the code is the same.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import study
from .report import GOING_ON, ROOT, Report, code_digest

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
_DECIDING = ("analysis", "audit", "book/driver")  # the outcome of a kill
_TOO_LATE = "nothing: it had finished"


@dataclass(frozen=True)
class _Tries:
    """The kills of one command so far, each a line of a file."""

    command: str
    seed: int
    path: Path
    rows: list[dict[str, Any]]

    @classmethod
    def so_far(cls, command: str, seed: int, folder: Path) -> _Tries:
        """Read what an audit of the same code and seed has left."""
        path = folder / f"{command.replace(' ', '-')}-{seed}-{code_digest(*_DECIDING)}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        return cls(command, seed, path, [json.loads(line) for line in lines if line.endswith("\n")])

    @property
    def met(self) -> int:
        """How many kills met the command at work."""
        return sum(row["killed"] != _TOO_LATE for row in self.rows)

    def wanted(self, size: int) -> Iterator[int]:
        """Yield the number of each try until so many have met the command at work; how long it takes varies."""
        while self.met < size and len(self.rows) < 3 * size:
            yield len(self.rows)

    def after(self, number: int, seconds: float) -> float:
        """Draw the moment of a kill, the same whether or not those before it were done in one go."""
        return round(random.Random(f"{self.command} {self.seed} {number}").uniform(0.1, seconds), 2)

    def add(self, *, after: float, at_work: bool, outcome: str, redone: str, wrong: bool = False) -> None:
        number = len(self.rows)
        print(f"{self.command} {number}: {outcome}", file=sys.stderr, flush=True)
        row = {
            "command": self.command,
            "after": after,
            "killed": ("all" if is_of_all(number) else "the caller") if at_work else _TOO_LATE,
            "outcome": outcome,
            "redone": redone,
            "fault": wrong or outcome != "equal",
        }
        self.rows.append(row)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def is_of_all(number: int) -> bool:
    """Tell whether all processes are killed this time."""
    return number % 2 == 0


def audit(size: int, seed: int, folder: Path = GOING_ON) -> Report:
    """Kill each command `size` times while it is at work."""
    rows, faults, summary = [], [], {}
    with tempfile.TemporaryDirectory(prefix="killed-") as place:
        for command, kill in (("make book", _book), ("make sweep", _sweep), ("make model", _training)):
            tries = _Tries.so_far(command, seed, folder)
            if tries.met < size:
                kill(Path(place), size, tries)
            found = tries.rows
            rows += found
            equal = sum(row["outcome"] == "equal" for row in found)
            redone = Counter(row["redone"] for row in found)
            again = ", ".join(f"{what} ({times}×)" for what, times in redone.most_common())
            summary[command] = (
                f"{tries.met} kills at work, {len(found) - tries.met} too late; "
                f"{equal} of {len(found)} finished equal; redone: {again}"
            )
            if tries.met < size:
                faults.append(f"{command}: only {tries.met} of {size} kills met it at work")
            faults += [f"{command}, killed after {row['after']} s: {row['outcome']}" for row in found if row["fault"]]
    return Report(summary, [{key: row[key] for key in row if key != "fault"} for row in rows], faults)


def _book(place: Path, size: int, tries: _Tries) -> None:
    _builds(place / "book", study.book, size, tries)


def _sweep(place: Path, size: int, tries: _Tries) -> None:
    _builds(place / "sweep", study.sweep, size, tries)


def _builds(place: Path, command: Callable[[Path], list[str]], size: int, tries: _Tries) -> None:
    template, root = study.write_study(place / "template"), place / "study"  # always one path
    shutil.copytree(template, root)
    whole = study.call(command(root), root)
    expected = study.results_of(root)
    assert whole.code == 0, whole.said
    for number in tries.wanted(size):
        shutil.rmtree(root)
        shutil.copytree(template, root)
        after = tries.after(number, whole.seconds)
        at_work = study.call_and_kill(command(root), root, after, everything=is_of_all(number))
        kept = study.finished(root)
        again = study.call(command(root), root)
        twice = {what for what, times in Counter(study.started(root)).items() if times > 1}
        outcome = "equal" if again.code == 0 and study.results_of(root) == expected else f"code {again.code}: other"
        if lost := twice & kept:
            outcome = f"did finished work again: {', '.join(sorted(lost))}"
        redone = f"{len(twice)} in flight"
        tries.add(after=after, at_work=at_work, outcome=outcome, redone=redone, wrong=len(twice) > _IN_FLIGHT)
        if outcome != "equal":
            print(again.said, file=sys.stderr)


def _training(place: Path, size: int, tries: _Tries) -> None:
    def command(out: Path) -> list[str]:
        options = [part for name, value in _TRAINING.items() for part in (f"--{name}", str(value))]
        where = ["--out", str(out), "--work", str(out.with_suffix(".work"))]
        return [sys.executable, "-m", "analysis.teaching.training", *options, *where]

    whole = study.call(command(place / "whole"), ROOT)
    assert whole.code == 0, whole.said
    expected = _weights(place / "whole")
    for number in tries.wanted(size):
        out = place / "killed"
        for left in (out, out.with_suffix(".work")):
            shutil.rmtree(left, ignore_errors=True)
        after = tries.after(number, whole.seconds)
        at_work = study.call_and_kill(command(out), ROOT, after, everything=is_of_all(number))
        again = study.call(command(out), ROOT)
        outcome = "equal" if again.code == 0 and _weights(out) == expected else f"code {again.code}: other"
        redone = "since the last checkpoint" if "going on after step" in again.said else "from the start"
        tries.add(after=after, at_work=at_work, outcome=outcome, redone=redone)
        if outcome != "equal":
            print(again.said, file=sys.stderr)


def _weights(out: Path) -> str:
    path = out / "model.safetensors"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
