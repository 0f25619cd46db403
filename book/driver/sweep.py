"""A sweep: one chapter at every combination of some parameters, side by side, gathered in one table."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import yaml

from analysis import parallel
from analysis.errors import InputError

from .chapters import Chapter, Project
from .execution import Run, Task, execute, plan
from .files import write_atomically
from .orders import at_work, run_folder
from .parameters import as_text, did_you_mean, fit, load_yaml, refuse_unknown
from .profiles import Profile, load_profile
from .progress import Progress
from .record import run_record, write_claims, write_record
from .staleness import digest

_KEYS = ("chapter", "parameters", "over")


@dataclass(frozen=True)
class Cell:
    """One combination: what varies, and the run that computes it, in the folder that `make chapter` would use."""

    varied: dict[str, Any]
    run: Run
    tasks: list[Task]

    @property
    def label(self) -> str:
        """What tells this cell from the others."""
        return " ".join(f"{name}={as_text(value)}" for name, value in self.varied.items())

    @property
    def record(self) -> dict[str, Any]:
        """What the last run of the cell wrote of its chapter, if it was a run of what there is now; else nothing."""
        task = self.tasks[-1]
        try:
            chapters = json.loads((self.run.folder / "run.json").read_text(encoding="utf-8"))["chapters"]
            mine: dict[str, Any] = chapters[task.chapter.stem]
        except (OSError, ValueError, KeyError):
            return {}
        return mine if mine["inputs_hash"] == task.key else {}

    @property
    def is_finished(self) -> bool:
        """Whether its results are there."""
        return self.record.get("status") in ("executed", "cached")

    @property
    def error(self) -> str:
        """What its last run failed with, if it did."""
        return "" if self.is_finished else str(self.record.get("error", ""))


@dataclass(frozen=True)
class Sweep:
    """All cells of one file, in its order."""

    source: Path
    profile: str
    project: Project
    chapter: Chapter
    cells: list[Cell]

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.source.stem

    @property
    def folder(self) -> Path:
        """Where the table and the page go."""
        return self.project.build / "sweeps" / self.name


def read_sweep(project: Project, path: Path, profile_name: str) -> Sweep:
    """Read a file with `chapter`, `parameters` (the same in all cells) and `over` (a list for each name that varies).

    Raises
    ------
    InputError
        If it is no such file, names what the chapter does not have, or gives no cell or one cell twice.
    """
    where = str(path)
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{where}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or "chapter" not in content:
        raise InputError(f"{where} names no chapter. Write 'chapter:', 'over:' and, if need be, 'parameters:'")
    for key in content:
        if key not in _KEYS:
            raise InputError(f"{where}: there is no key {key!r}{did_you_mean(str(key), _KEYS)}; use {', '.join(_KEYS)}")
    chapter = project.chapter(str(content["chapter"]))
    if "save_table" not in chapter.code and "claims.save" not in chapter.code:
        raise InputError(f"{where}: {chapter.stem} saves no table and no claim, so a sweep has nothing to gather")
    fixed, over = content.get("parameters") or {}, _over(content.get("over"), where)
    if not isinstance(fixed, dict):
        raise InputError(f"{where}: 'parameters' must give each name a value, and {as_text(fixed)!r} does not")
    for name in fixed.keys() & over.keys():
        raise InputError(f"{where}: {name!r} stands in both 'parameters' and 'over'; give it one place")
    refuse_unknown([*fixed, *over], chapter.parameters, f"{where}: {chapter.stem}")
    fitted = {name: fit(chapter.parameters[name], value, where) for name, value in fixed.items()}
    lists = {name: [fit(chapter.parameters[name], value, where) for value in values] for name, values in over.items()}
    for name, values in lists.items():
        if repeated := [value for place, value in enumerate(values) if value in values[:place]]:
            raise InputError(f"{where}: {name} is {as_text(repeated[0])} twice, so two cells would be the same")
    profile = load_profile(project, profile_name)
    combinations = (dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values()))
    cells = [_cell(project, chapter, profile, fitted, varied) for varied in combinations]
    return Sweep(path, profile_name, project, chapter, cells)


def _over(over: Any, where: str) -> dict[str, list[Any]]:
    if not isinstance(over, dict) or not over:
        raise InputError(f"{where}: 'over' gives no parameter that varies. Write 'over: {{seed: [0, 1, 2]}}'")
    for name, values in over.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"{where}: {name} must have a list of at least one value, and {as_text(values)!r} is none")
    return over


def _cell(project: Project, chapter: Chapter, profile: Profile, fixed: dict[str, Any], varied: dict[str, Any]) -> Cell:
    chapters = project.with_needs([chapter])
    given = fixed | varied
    values = {
        one.stem: profile.values(one) | {name: value for name, value in given.items() if name in one.parameters}
        for one in chapters
    }
    return Cell(varied, Run(project, run_folder(project, chapter, values)), plan(project, chapters, values))


def carry_out(sweep: Sweep, jobs: int, progress: Progress) -> None:
    """Execute the cells that have no result yet, and write the table of all that have one.

    A cell is finished when the record of its run says so; what a killed sweep has finished is not done again.

    Parameters
    ----------
    sweep : Sweep
    jobs : int
        Cells side by side on this machine. Where a cluster is named its workers take the cells, and they must see
        the project's folder under the same path.
    progress : Progress
    """
    waiting = [cell for cell in sweep.cells if not cell.is_finished]
    progress.say(f"{sweep.name}: {len(sweep.cells)} cells, {len(sweep.cells) - len(waiting)} finished before")
    for wave in _waves(waiting):
        if os.environ.get(parallel.VARIABLE):
            call = partial(subprocess.run, capture_output=True, text=True, check=False)
            for cell, done in zip(wave, parallel.spread(call, [[command(sweep, cell)] for cell in wave]), strict=True):
                said = (done.stderr.strip().splitlines() or [""])[-1]
                progress.say(f"{cell.label}: {'finished' if cell.is_finished else said}")
        else:  # threads, since each chapter is a process of its own
            joblib.Parallel(jobs, prefer="threads")(joblib.delayed(execute_cell)(cell, progress) for cell in wave)
    write_atomically(sweep.folder / "table.csv", table(sweep).to_csv(index=False, lineterminator="\n"))


def execute_cell(cell: Cell, progress: Progress) -> None:
    """Execute one cell into its folder, where its record says what became of it."""
    with at_work(cell.run):
        outcomes = execute(cell.run, cell.tasks, 1, _OneLine(cell.label, progress))
        name = cell.run.folder.name
        write_claims(cell.run.folder / "claims.json", cell.run, name, outcomes)
        seconds = sum(outcome.entry.seconds for outcome in outcomes if outcome.entry)
        write_record(cell.run.folder / "run.json", run_record(cell.run.project, name, outcomes), seconds)


def command(sweep: Sweep, cell: Cell) -> list[str]:
    """Return what executes one cell as a program."""
    program = [sys.executable, str(Path(__file__).parents[1] / "run.py"), "sweep", str(sweep.source.resolve())]
    place = ["--cell", cell.run.folder.name, "--profile", sweep.profile, "--root", str(sweep.project.root)]
    return program + place


def _waves(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    """Put one cell of those that need the same chapters first, so that the others find these executed."""
    first: dict[str, Cell] = {}
    for cell in cells:
        needed = [task.key for task in cell.tasks[:-1]]
        first.setdefault(digest(needed) if needed else cell.run.folder.name, cell)
    yield list(first.values())
    if rest := [cell for cell in cells if cell not in first.values()]:
        yield rest


class _OneLine(Progress):
    """Progress of one cell among several: its starts and ends, in the voice of the whole sweep."""

    def __init__(self, label: str, whole: Progress) -> None:
        super().__init__()
        self._label, self._whole = label, whole

    def say(self, line: str) -> None:
        self._whole.say(f"{self._label}: {line}")

    def cell(self, stem: str, number: int, of: int, seconds: float | None) -> None:
        """Say nothing of single cells of a notebook: there are too many at once."""

    def tick(self) -> None:
        """Leave the line in place to whoever has it."""


def table(sweep: Sweep) -> pd.DataFrame:
    """Gather what the cells saved, one value a row.

    Returns
    -------
    DataFrame
        What varies, one column each; ``run`` (the cell's folder), ``table``, ``row`` (the first columns that tell the
        rows of that table apart), ``column``, ``value`` as it was saved. The table ``cell`` says what became of each.
    """
    parts = []
    for cell in sweep.cells:
        record = cell.record
        about = {"status": record.get("status", "missing"), "seconds": record.get("seconds"), "error": cell.error}
        about["peak_memory_mb"] = record.get("peak_memory_mb")
        rows = [("cell", "", name, value) for name, value in about.items() if value not in (None, "")]
        rows += [(name, *entry) for name, saved in tables(cell).items() for entry in _long(saved)]
        part = pd.DataFrame(rows, columns=["table", "row", "column", "value"])
        part.insert(0, "run", cell.run.folder.name)
        for place, (name, value) in enumerate(cell.varied.items()):
            part.insert(place, name, as_text(value))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def tables(cell: Cell) -> dict[str, pd.DataFrame]:
    """Read the tables that a finished cell saved, as text."""
    if not cell.is_finished:
        return {}
    paths = sorted((cell.run.artifacts / cell.tasks[-1].chapter.stem / "tables").glob("*.csv"))
    return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths}


def _long(saved: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Give the row, the column and the value of each entry; the first columns that are unique together are the row."""
    widths = range(1, saved.shape[1])
    names = next((n for n in widths if not saved.duplicated(list(saved.columns[:n])).any()), 0)
    for number, row in enumerate(saved.itertuples(index=False)):
        label = " / ".join(row[:names]) if names else str(number)
        for name, value in zip(saved.columns[names:], row[names:], strict=True):
            yield label, name, value
