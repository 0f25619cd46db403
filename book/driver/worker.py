"""Execute one chapter with papermill, in a process of its own.

Started by `execution.py` as a program. Reads one job as a line of JSON from standard input and writes events as
lines of JSON to standard output: `{"cell": i, "of": n, "seconds": s or null}` when a cell starts and ends, and at
last `{"result": …}`. When standard input ends, the program that asked is gone: so is this one then.
"""

import json
import os
import re
import resource
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import jupytext
import papermill
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import ERROR_MARKER_TAG
from traitlets.config import Config

_MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # the unit of ru_maxrss is bytes there, KiB elsewhere
_IN_KERNEL, _EXTENSION = Path(__file__).with_name("in_kernel"), "figure_extension"
_EVENTS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever else prints goes to the log


def _tell(**event: Any) -> None:
    print(json.dumps(event), file=_EVENTS)


def _is_code(cell: NotebookNode) -> bool:
    """Tell whether a cell counts: code that the chapter's source holds."""
    return cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])


class _TellingEngine(NBClientEngine):
    """papermill's own engine, telling of each code cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Wrap papermill's two callbacks of a cell, then let it do its work."""
        code = [id(cell) for cell in nb_man.nb.cells if _is_code(cell)]
        cell_start, cell_complete, started = nb_man.cell_start, nb_man.cell_complete, [0.0]

        def tell(cell: NotebookNode, seconds: float | None) -> None:
            if id(cell) in code:
                _tell(cell=code.index(id(cell)) + 1, of=len(code), seconds=seconds)

        def start(cell: NotebookNode, *rest: Any, **named: Any) -> None:
            started[0] = time.perf_counter()
            tell(cell, None)
            cell_start(cell, *rest, **named)

        def complete(cell: NotebookNode, *rest: Any, **named: Any) -> None:
            cell_complete(cell, *rest, **named)
            tell(cell, time.perf_counter() - started[0])

        nb_man.cell_start, nb_man.cell_complete = start, complete
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


def _clean(notebook: NotebookNode, root: Path) -> NotebookNode:
    """Take out what depends on the machine and the moment: paths and times."""
    for key in ("papermill", "jupytext"):
        notebook.metadata.pop(key, None)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r"\A# Parameters\n", "# parameters of this run\n", cell.source)
        for output in cell.get("outputs", []):
            _without_paths(output, root)
    return notebook


def _without_paths(output: NotebookNode, root: Path) -> None:
    """Write paths inside the project relative to it, and those inside the home folder with ~."""

    def relative(text: str) -> str:
        text = text.replace(f"{root}/", "").replace(str(root), ".")
        return text.replace(f"{Path.home()}/", "~/")

    if "text" in output:
        output.text = relative(output.text)
    if "traceback" in output:
        output.traceback = [relative(line) for line in output.traceback]
        output.evalue = relative(output.evalue)
    for kind, content in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(content, str):
            output.data[kind] = relative(content)


def _failure(error: PapermillExecutionError, notebook: NotebookNode) -> dict[str, Any]:
    """Describe where and how a chapter failed."""
    cells = [cell for cell in notebook.cells if ERROR_MARKER_TAG not in cell.metadata.get("tags", [])]
    code = [index for index, cell in enumerate(cells) if _is_code(cell)]
    return {
        "cell": code.index(error.cell_index) + 1 if error.cell_index in code else 0,
        "of": len(code),
        "error": error.ename,
        "message": error.evalue,
        "line": (error.source.strip().splitlines() or [""])[0],
        "traceback": [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in error.traceback],
    }


def _execute(job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    notebook = jupytext.reads(Path(job["source"]).read_text(encoding="utf-8"), fmt="md:myst")
    notebook.metadata.kernelspec = {"name": "book", "display_name": "Python 3", "language": "python"}
    plain, executed = Path(job["notebook"]).with_suffix(".plain.ipynb"), Path(job["notebook"])
    jupytext.write(notebook, plain, fmt="ipynb")
    # Sockets in a folder of their own: over TCP two kernels can race for a port, and two that share
    # a folder answer each other.
    config = Config({"KernelManager": {"transport": "ipc", "ip": str(scratch / "k")}})
    config.NotebookClient.extra_arguments = [f"--IPKernelApp.extra_extensions={_EXTENSION}"]
    papermill_engines.register("telling", _TellingEngine)
    started = time.perf_counter()
    failure = None
    try:
        papermill.execute_notebook(
            plain,
            executed,
            parameters=job["parameters"],
            engine_name="telling",
            kernel_name="book",
            progress_bar=False,
            start_timeout=180,
            cwd=job["root"],
            config=config,
        )
    except PapermillExecutionError as error:
        failure = _failure(error, jupytext.read(executed))
    seconds = time.perf_counter() - started
    jupytext.write(_clean(jupytext.read(executed), Path(job["root"])), executed, fmt="ipynb")
    plain.unlink()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _MEBIBYTE
    return {"seconds": round(seconds, 2), "peak_memory_mb": round(peak, 1), "failure": failure}


def main() -> None:
    """Do the one job, in a scratch folder whose path is short enough for sockets."""
    job = json.loads(sys.stdin.readline())
    base = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108
    scratch = Path(tempfile.mkdtemp(prefix="book-", dir=base))
    os.environ["JUPYTER_RUNTIME_DIR"] = str(scratch)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(_IN_KERNEL)]))

    def leave_with_the_parent() -> None:
        os.read(0, 1)  # not sys.stdin: its lock would be held when the interpreter ends
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)  # the kernel notices within a second

    threading.Thread(target=leave_with_the_parent, daemon=True).start()
    try:
        _tell(result=_execute(job, scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
