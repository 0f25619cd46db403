"""What every command that executes chapters does around the execution."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .chapters import Chapter, Project
from .execution import Run, prepare_kernel
from .files import locked
from .staleness import digest


def run_folder(project: Project, chapter: Chapter, values: Mapping[str, Mapping[str, Any]]) -> Path:
    """Return the folder of a run of one chapter: its own for each set of values of it and of what it needs."""
    return project.build / "runs" / f"{chapter.stem}-{digest(values)[:8]}"


@contextlib.contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Hold the folder of a run, with a clean place to work in and a kernel to start."""
    with locked(run.folder):
        shutil.rmtree(run.work, ignore_errors=True)
        run.work.mkdir(parents=True, exist_ok=True)  # what a killed run left may take a moment to go
        prepare_kernel(run.project)
        yield
        shutil.rmtree(run.work, ignore_errors=True)
