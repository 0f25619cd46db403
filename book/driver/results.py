"""The deep tier: chapters executed at large budgets, their tables kept in `data/results`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from analysis import claim_records, results
from analysis.errors import InputError

from .chapters import Chapter, Project
from .execution import Outcome, Run, execute, plan
from .files import files_below
from .orders import at_work
from .parameters import did_you_mean, fit, load_yaml, refuse_unknown
from .progress import Progress
from .staleness import CLAIMS, named_files, versions

MEASURED = "measured"
"""The stored table of the claims that a run measured, for the page of claims."""


@dataclass(frozen=True)
class Wanted:
    """One entry of `book/results.yml`."""

    name: str
    chapter: Chapter
    values: dict[str, Any]

    @property
    def command(self) -> str:
        """What makes it again."""
        return f"make results NAMES={self.name}"


def wanted_results(project: Project, names: list[str]) -> list[Wanted]:
    """Read `book/results.yml`: all entries, or those that are named."""
    path = project.root / "book" / "results.yml"
    try:
        entries: Any = load_yaml(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"book/results.yml: {' '.join(str(error).split())}") from None
    if not isinstance(entries, dict):
        raise InputError(
            "book/results.yml must hold a section for each result, 'name:' with its chapter and parameters"
        )
    for name in names:
        if name not in entries:
            raise InputError(
                f"there is no result {name!r}{did_you_mean(name, entries)}; they are: {', '.join(entries)}"
            )
    return [_wanted(project, name, entries[name]) for name in names or entries]


def _wanted(project: Project, name: str, entry: Any) -> Wanted:
    if not isinstance(entry, dict) or "chapter" not in entry:
        raise InputError(f"book/results.yml: {name} names no chapter. Write 'chapter:' and, if need be, 'parameters:'")
    chapter = project.chapter(str(entry["chapter"]))
    given = entry.get("parameters") or {}
    refuse_unknown(given, chapter.parameters, f"result {name}: {chapter.stem}")
    values = {key: fit(chapter.parameters[key], value, f"result {name}") for key, value in given.items()}
    return Wanted(name, chapter, chapter.defaults | values)


def make(project: Project, wanted: list[Wanted], progress: Progress) -> list[Outcome]:
    """Execute what is not in the cache, one after the other, and keep the tables; return what failed.

    What a run names and this machine lacks is left out with a line that says so, so that the project's own results
    can be made anywhere.
    """
    failed = []
    for one in wanted:
        if missing := _missing(project, one):
            progress.say(f"{one.name}: left out, because {missing} is not here")
            continue
        run = Run(project, project.build / "results" / one.name)
        with at_work(run):
            chapters = project.with_needs([one.chapter])
            shared = {
                chapter.stem: chapter.defaults
                | {name: value for name, value in one.values.items() if name in chapter.parameters}
                for chapter in chapters
            }
            files = _files(project, one)  # before the run: what is changed meanwhile did not decide it
            outcomes = execute(run, plan(project, chapters, shared, is_deep=True), 1, progress)
        failed += [outcome for outcome in outcomes if outcome.entry is None]
        if outcomes[-1].entry is not None:
            made_here = run.artifacts / one.chapter.stem
            add_measured(made_here)
            made = _made(one, outcomes[-1], files)
            folder = results.keep(one.name, made_here / "tables", made, project.root / results.STORE)
            progress.say(f"{one.name}: tables in {folder.relative_to(project.root)}")
    return failed


def add_measured(made: Path) -> None:
    """Lay the claims that a run measured beside its tables: a table that a chapter calls claims may be for readers."""
    if (record := made / "claims.json").is_file():
        results.save_table(made, MEASURED, claim_records.table(claim_records.read(record)))


def _files(project: Project, one: Wanted) -> dict[str, str]:
    """Return the digests of all that decides a run: modules, the chapter, the pins, data, and files that it names."""
    folder = project.root / "data"
    data = [path for path in files_below(folder) if "results" not in path.parts] if folder.is_dir() else []
    paths = [project.root / path for path in results.modules_used(one.chapter.code, project.root)]
    paths += [one.chapter.path, project.root / "constraints.txt", *(data if _is_about_ours(one) else [])]
    paths += [project.root / CLAIMS] if "claims." in one.chapter.code else []
    digests = results.fingerprint(path for path in paths if path.is_file())
    digests |= {path: digest[:16] for value in one.values.values() for path, digest in _outside(value, project)}
    return {os.path.relpath(path, project.root): digest for path, digest in digests.items()}


def _made(one: Wanted, outcome: Outcome, files: dict[str, str]) -> dict[str, Any]:
    entry = outcome.entry
    assert entry
    return {
        "command": one.command,
        "chapter": one.chapter.stem,
        "parameters": one.values,
        "seconds": entry.seconds,
        "peak_memory_mb": entry.peak_memory_mb,
        "versions": versions(),
        "files": files,
    }


def _is_about_ours(one: Wanted) -> bool:
    """Tell whether a run uses the teaching model or language."""
    return any(word in str(value) for value in one.values.values() for word in ("teaching", "data/"))


def _outside(value: Any, project: Project) -> list[tuple[str, str]]:
    """Digests of the files outside the project that a parameter names, their paths from the project's root."""
    texts = value.split("|") if isinstance(value, str) else []
    named = [pair for text in texts if text.startswith("../") for pair in named_files(text, project.root)]
    return [(str(project.root / path.lstrip("/")), digest) for path, digest in named]


def _missing(project: Project, one: Wanted) -> str:
    """Name the first file or folder that a parameter points to outside the project and that is absent."""
    for value in one.values.values():
        for text in str(value).split("|") if isinstance(value, str) else []:
            if text.startswith("../") and not named_files(text, project.root):
                return text
    return ""
