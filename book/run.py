#!/usr/bin/env python3
"""Execute the chapters and render the book.

    python book/run.py book [--profile smoke]
    python book/run.py student
    python book/run.py chapter 3 --parameters "model=path/to/model k=20"
    python book/run.py results recurrence
    python book/run.py sweep book/sweeps/seeds.yml

`make book`, `make chapter`, `make results` and `make sweep` call it. Only what is stale is executed. The default book
goes to `_build/html`; every other run to a folder of its own below `_build/runs`.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(1, str(ROOT))  # `analysis`, where it is not installed

from driver.chapters import Chapter, Project  # noqa: E402
from driver.execution import Outcome, Run, execute, plan  # noqa: E402
from driver.exercises import student_edition  # noqa: E402
from driver.files import is_full, is_of_the_machine, locked, write_atomically  # noqa: E402
from driver.orders import at_work, run_folder  # noqa: E402
from driver.parameters import parse_assignments  # noqa: E402
from driver.profiles import Profile, load_profile, values_for_chapter_run  # noqa: E402
from driver.progress import Progress  # noqa: E402
from driver.record import run_record, write_claims, write_record  # noqa: E402
from driver.rendering import RenderError, Site, page_notebooks, render  # noqa: E402
from driver.results import make, wanted_results  # noqa: E402
from driver.shipped import refuse_damaged  # noqa: E402
from driver.sweep import Sweep, carry_out, execute_cell, read_sweep  # noqa: E402

from analysis import parallel  # noqa: E402
from analysis.errors import InputError  # noqa: E402

_TRACEBACK_LINES = 25
_NO_ROOM = "there is no room left on the disk: make some, then give the command again"


@dataclass(frozen=True)
class Order:
    """What a command asks for.

    `notebooks` is where the executed chapters are left; `complete` says that all chapters are there, so that no
    link may fail; `page` is the page to open; `for_students` leaves solutions out, and worksheets as notebooks.
    """

    run: Run
    profile: Profile
    chapters: list[Chapter]
    values: dict[str, dict[str, object]]
    notebooks: Path
    complete: bool
    page: str
    for_students: bool = False

    @property
    def name(self) -> str:
        """What tells this run from others: the profile, or the folder of a run with parameters of its own."""
        return self.profile.name if self.run.folder == self.run.project.build else self.run.folder.name


def book_order(project: Project, profile_name: str) -> Order:
    profile = load_profile(project, profile_name)
    chapters = project.with_needs(list(project.chapters.values()))
    default = profile_name == "default"
    folder = project.build if default else project.build / "runs" / profile_name
    notebooks = project.root / "book" if default else folder / "notebooks"
    values = {chapter.stem: profile.values(chapter) for chapter in chapters}
    return Order(Run(project, folder), profile, chapters, values, notebooks, True, "index.html")


def student_order(project: Project, profile_name: str) -> Order:
    order = book_order(project, profile_name)
    folder = project.build / "student"
    return replace(order, run=Run(project, folder), notebooks=folder / "notebooks", for_students=True)


def chapter_order(project: Project, name: str, profile_name: str, parameters: str) -> Order:
    chapter = project.chapter(name)
    profile = load_profile(project, profile_name)
    chapters = project.with_needs([chapter])
    values = values_for_chapter_run(chapters, profile, parse_assignments(parameters))
    folder = run_folder(project, chapter, values)
    return Order(
        Run(project, folder), profile, chapters, values, folder / "notebooks", False, f"book/{chapter.stem}.html"
    )


def fulfil(order: Order, jobs: int, progress: Progress) -> int:
    """Execute, record, render; return the exit code."""
    started = time.monotonic()
    run, project = order.run, order.run.project
    with at_work(run):
        outcomes = execute(run, plan(project, order.chapters, order.values), jobs, progress)
        place, claims = run.folder / "run.json", run.folder / "claims.json"
        record = run_record(project, order.profile.name, outcomes)
        write_claims(claims, run, order.name, outcomes)
        failed = [outcome for outcome in outcomes if outcome.entry is None]
        if failed:
            write_record(place, record, time.monotonic() - started)
            return report_failures(failed, run)
        pages = left = page_notebooks(outcomes)
        if order.for_students:
            pages, left = student_edition(pages, project.chapters)
        for stem, content in left.items():
            target = order.notebooks / f"{stem}.ipynb"
            if not target.exists() or target.read_bytes() != content:
                write_atomically(target, content)
        try:
            html = run.folder / "html"
            site = Site(
                project, html, run.work, pages, claims, run.artifacts, order.complete, order.for_students, record
            )
            rendered = render(site)
        finally:
            seconds = time.monotonic() - started
            write_record(place, record, seconds)
    executed = sum(outcome.status == "executed" for outcome in outcomes)
    progress.say(
        f"{shown(run.folder / 'html' / order.page)}: chapters: {executed} executed, {len(outcomes) - executed} cached; "
        f"pages {'rendered' if rendered else 'unchanged'}; {seconds:.1f} s"
    )
    return 0


def sweep(wanted: Sweep, cell: str, jobs: int, progress: Progress) -> int:
    """Execute the cells of a sweep and make its table and page; or, for a worker, one cell alone."""
    if cell:
        os.environ.pop(parallel.VARIABLE, None)  # a worker that waits for workers could wait for itself
        execute_cell(next(one for one in wanted.cells if one.run.folder.name == cell), progress)
        return 0
    from driver.sweep_page import write_page  # noqa: PLC0415 (draws, and so loads what other commands do not need)

    with locked(wanted.folder):
        carry_out(wanted, jobs, progress)
        write_page(wanted)
    missing = [one for one in wanted.cells if not one.is_finished]
    for one in missing:
        partial = one.run.failed / f"{wanted.chapter.stem}.ipynb"
        kept = f" (partial notebook: {shown(partial)})" if partial.exists() else ""
        print(f"{one.label}: {one.error or 'not finished'}{kept}", file=sys.stderr)
    finished = len(wanted.cells) - len(missing)
    progress.say(f"{shown(wanted.folder / 'html' / 'index.html')}: {finished} of {len(wanted.cells)} cells")
    return 0 if not missing else 2 if all(one.error.startswith("InputError") for one in missing) else 1


def report_failures(outcomes: list[Outcome], run: Run) -> int:
    """Say what failed and where the partial notebooks are; return 2 if the user can mend it all, else 1."""
    if is_full(run.folder):
        print(f"{shown(run.folder)}: {_NO_ROOM}", file=sys.stderr)
        return 2
    code = 2
    for outcome in outcomes:
        failure, stem = outcome.failure, outcome.task.chapter.stem
        if not failure:
            print(f"{stem}: skipped, because it needs a chapter that failed", file=sys.stderr)
            continue
        place = f"{stem}, cell {failure['cell']} of {failure['of']}" if failure["of"] else stem
        partial = run.failed / f"{stem}.ipynb"
        kept = f" (partial notebook: {shown(partial)})" if partial.exists() else ""
        if failure["error"] == "InputError" or is_of_the_machine(failure["message"]):
            print(f"{place}: {failure['message']}{kept}", file=sys.stderr)
            continue
        code = 1
        tail = "\n".join(failure["traceback"]).splitlines()[-_TRACEBACK_LINES:]
        print(*tail, f"{place}: {failure['error']}: {failure['message']}{kept}", sep="\n", file=sys.stderr)
    return code


def explain(error: InputError | OSError | RenderError, project: Project) -> int:
    """Say in one line what the user can mend and return 2; of faults in pages say all and return 1; raise a bug."""
    if isinstance(error, InputError):
        print(error, file=sys.stderr)
    elif isinstance(error, OSError) and is_of_the_machine(str(error)):
        print(f"{error}: make room, or make it a folder to write to, then give the command again", file=sys.stderr)
    elif is_full(project.build):
        print(f"{shown(project.build)}: {_NO_ROOM}", file=sys.stderr)
    elif isinstance(error, RenderError):
        print(error, "The pages were not renewed: mend the faults above.", sep="\n", file=sys.stderr)
        return 1
    else:
        raise error
    return 2


def shown(path: Path) -> str:
    """Write a path relative to where the user is, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="book/run.py", description="Execute the chapters and render the book.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("book", help="all chapters")
    commands.add_parser("student", help="all chapters without solutions, and worksheets")
    chapter = commands.add_parser("chapter", help="one chapter, with your parameters")
    chapter.add_argument("chapter", help="5, 05 or the stem of its file")
    chapter.add_argument("--parameters", default="", help="name=value name='with spaces'")
    deep = commands.add_parser("results", help="the deep tier: tables for data/results")
    deep.add_argument("names", nargs="*", help="entries of book/results.yml; all by default")
    swept = commands.add_parser("sweep", help="one chapter at many combinations of parameters")
    swept.add_argument("source", type=Path, help="a file that says which; see book/sweeps")
    swept.add_argument("--cell", default="", help=argparse.SUPPRESS)
    for command in commands.choices.values():
        command.add_argument("--profile", default="default", help="a file of book/profiles, without .yml")
        command.add_argument("--jobs", default="2", help="how many chapters execute side by side")
        command.add_argument("--root", type=Path, default=ROOT, help="the project (default: this one)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = parse_arguments(arguments)
    project = Project(options.root.resolve())
    try:
        if not options.jobs.isdigit() or int(options.jobs) < 1:
            raise InputError(f"JOBS must be a whole number of at least 1, and {options.jobs!r} is not")
        if (address := os.environ.get(parallel.VARIABLE)) and not getattr(options, "cell", ""):
            parallel.cluster(address)  # before an hour of work, not in the midst of it
        refuse_damaged(project)
        if options.command == "sweep":
            wanted = read_sweep(project, options.source, options.profile)
            return sweep(wanted, options.cell, int(options.jobs), Progress())
        if options.command == "results":
            failed = make(project, wanted_results(project, options.names), Progress())
            return report_failures(failed, Run(project, project.build / "results")) if failed else 0
        if options.command in ("book", "student"):
            order = (student_order if options.command == "student" else book_order)(project, options.profile)
        else:
            order = chapter_order(project, options.chapter, options.profile, options.parameters)
            print(f"run {order.run.folder.name}")
        return fulfil(order, int(options.jobs), Progress())
    except (InputError, OSError, RenderError) as error:
        return explain(error, project)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from what is finished", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
