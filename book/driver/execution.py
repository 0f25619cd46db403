"""Execute what is stale, side by side where independent, each chapter in a process of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from .cache import Cache, Entry
from .chapters import Chapter, Project
from .files import link_tree, write_atomically
from .progress import Progress
from .staleness import THREADS, chapter_key, project_digest

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Task:
    """One chapter with the values and the hash of this run."""

    chapter: Chapter
    values: dict[str, Any]
    key: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a task: `executed`, `cached`, `failed` or `skipped`."""

    task: Task
    status: str
    entry: Entry | None = None
    failure: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Where one run reads and writes."""

    project: Project
    folder: Path

    @property
    def artifacts(self) -> Path:
        """The saved results, one folder a chapter."""
        return self.folder / "artifacts"

    @property
    def failed(self) -> Path:
        """The partial notebooks of chapters that failed."""
        return self.folder / "failed"

    @property
    def work(self) -> Path:
        """What is being made; cleared when a run starts."""
        return self.folder / "work"


def plan(
    project: Project, chapters: list[Chapter], values: dict[str, dict[str, Any]], *, is_deep: bool = False
) -> list[Task]:
    """Hash each chapter after those that it needs; `is_deep` as in `chapter_key`."""
    base = project_digest(project)
    tasks: dict[str, Task] = {}
    for chapter in chapters:
        needs = tuple(project.chapter(name).stem for name in chapter.needs)
        keys = [tasks[need].key for need in needs]
        key = chapter_key(chapter, values[chapter.stem], base, keys, project.root, is_deep=is_deep)
        tasks[chapter.stem] = Task(chapter, values[chapter.stem], key, needs)
    return list(tasks.values())


def execute(run: Run, tasks: list[Task], jobs: int, progress: Progress) -> list[Outcome]:
    """Bring every task to its outcome: from the cache, by execution, or not at all if what it needs failed.

    Parameters
    ----------
    run : Run
        Where saved results and partial notebooks go.
    tasks : list of Task
        Each after those that it needs.
    jobs : int
        How many chapters may execute at once.
    progress : Progress
        Is told of every start, cell and end.

    Returns
    -------
    list of Outcome
        In the order of `tasks`.
    """
    cache = Cache(run.project.build / "cache")
    outcomes: dict[str, Outcome] = {}
    waiting = {task.chapter.stem: task for task in tasks}
    running: dict[Future[Outcome], str] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool, _Workers(progress) as workers:
        while waiting or running:
            for stem, task in list(waiting.items()):
                if not all(need in outcomes for need in task.needs):
                    continue
                del waiting[stem]
                if any(outcomes[need].entry is None for need in task.needs):
                    outcomes[stem] = Outcome(task, "skipped")
                elif entry := cache.get(stem, task.key):
                    cache.publish_artifacts(entry, run.artifacts / stem)
                    outcomes[stem] = Outcome(task, "cached", entry)
                else:
                    running[pool.submit(_execute_one, run, task, cache, workers)] = stem
            done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                outcomes[running.pop(future)] = future.result()
            progress.tick()
    return [outcomes[task.chapter.stem] for task in tasks]


def _execute_one(run: Run, task: Task, cache: Cache, workers: "_Workers") -> Outcome:
    stem = task.chapter.stem
    made = run.work / stem
    results = run.artifacts / stem
    for folder in (made, results):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    notebook = made / "notebook.ipynb"
    job = {
        "stem": stem,
        "source": str(task.chapter.path),
        "notebook": str(notebook),
        "root": str(run.project.root),
        # Only what differs from the chapter's own defaults: an injected cell that repeats them tells nothing.
        "parameters": {k: v for k, v in task.values.items() if v != task.chapter.defaults[k]},
    }
    workers.progress.start(stem)
    result = workers.call(job, _environment(run, stem), run.work / f"{stem}.log")
    if result["failure"]:
        workers.progress.end(stem, "failed", result["seconds"])
        if notebook.exists():
            write_atomically(run.failed / f"{stem}.ipynb", notebook.read_bytes())
        return Outcome(task, "failed", failure=result["failure"])
    entry = Entry(made, result["seconds"], result["peak_memory_mb"])
    link_tree(results, entry.artifacts)
    entry = cache.put(stem, task.key, entry, run.work)
    (run.failed / f"{stem}.ipynb").unlink(missing_ok=True)
    workers.progress.end(stem, "executed", entry.seconds, entry.peak_memory_mb)
    return Outcome(task, "executed", entry)


class _Workers:
    """The processes at work; leaving the `with` block ends them."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopping = threading.Event()

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the workers' standard input: their sign to clean up and leave."""
        self._stopping.set()
        for process in list(self._processes):
            with contextlib.suppress(OSError, AttributeError):
                process.stdin.close()  # type: ignore[union-attr]

    def call(self, job: dict[str, Any], environment: dict[str, str], log: Path) -> dict[str, Any]:
        """Start a worker, pass its events on and return its result."""
        result: dict[str, Any] | None = None
        last: dict[str, Any] = {"cell": 0, "of": 0, "seconds": None}
        if self._stopping.is_set():
            return {"seconds": 0.0, "failure": _death(last, "interrupted before it started")}
        with log.open("w", encoding="utf-8") as errors, _start(environment, errors) as process:
            assert process.stdin
            assert process.stdout
            self._processes.add(process)
            print(json.dumps(job), file=process.stdin, flush=True)
            if self._stopping.is_set():  # since it was started
                self.stop()
            for line in process.stdout:
                event = json.loads(line)
                result = event.get("result", result)
                if "cell" in event:
                    last = event
                    self.progress.cell(job["stem"], event["cell"], event["of"], event["seconds"])
        self._processes.discard(process)
        return result or {"seconds": 0.0, "failure": _death(last, log.read_text("utf-8", "replace"))}


def _start(environment: dict[str, str], errors: TextIO) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # -P: the modules beside the worker are the driver's, not the worker's.
        [sys.executable, "-P", str(_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        text=True,
        start_new_session=True,  # Ctrl-C reaches the driver only, and the driver ends its workers
    )


def _death(last: dict[str, Any], log: str) -> dict[str, Any]:
    """Describe the failure of a worker that left no result, from its last event and what it wrote to stderr."""
    lines = log.strip().splitlines()[-20:] or ["WorkerDied: killed, it seems; most often memory has run out"]
    kind, _, message = lines[-1].partition(": ")
    if kind.endswith("DeadKernelError"):
        message = "the kernel died; most often memory has run out"
    return last | {"error": kind.split(".")[-1], "message": message, "line": "", "traceback": lines}


def _environment(run: Run, stem: str) -> dict[str, str]:
    """Set all that could make one machine's results differ from another's."""
    own = run.project.build / "kernel"
    environment = os.environ | {
        "FMRI_LM_RUN": str(run.artifacts),
        "FMRI_LM_CHAPTER": stem,
        "JUPYTER_PATH": str(own),
        "IPYTHONDIR": str(own / "ipython"),
        "MPLCONFIGDIR": str(own / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NILEARN_DATA": str(run.project.build / "nilearn_data"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(run.project.root), os.environ.get("PYTHONPATH")])),
        "PYTHONHASHSEED": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # Progress bars go to stderr, which the book takes for a fault.
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TQDM_DISABLE": "1",
    }
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(THREADS))
    environment.pop("PYTHONSTARTUP", None)
    return environment


def prepare_kernel(project: Project) -> None:
    """Describe the kernel that is this Python, whatever kernels the user has; find the fonts once."""
    own = project.build / "kernel"
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    write_atomically(own / "kernels" / "book" / "kernel.json", json.dumps(spec))
    if not list((own / "matplotlib").glob("fontlist-*.json")):
        # Else the first chapter on a slow machine is told of it on stderr.
        subprocess.run(
            [sys.executable, "-c", "import matplotlib.font_manager"],
            env=os.environ | {"MPLCONFIGDIR": str(own / "matplotlib"), "MPLBACKEND": "agg"},
            stderr=subprocess.DEVNULL,
            check=False,
        )
