"""A small book of three chapters, to do harm to: the driver and `analysis` are the real ones, the numbers are not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from .report import ROOT

_HEAD = "---\nkernelspec: {name: python3, display_name: Python 3}\nneeds: [%s]\n---\n\n# %s\n\n"
_CELLS = """```{code-cell} python
:tags: [parameters]
seed: int = 0  # of all
```

```{code-cell} python
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import claims, results
from analysis.inference import Interval

stem, run = os.environ["FMRI_LM_CHAPTER"], Path(os.environ["FMRI_LM_RUN"])
log = os.open("started", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(log, f"{stem} {seed}\\n".encode())
time.sleep(0.3)
```

```{code-cell} python
before = sum(len(path.read_text()) for path in run.glob(f"{needed}/tables/*.csv"))
numbers = np.random.default_rng([seed, before]).normal(size=(200, 8))
results.save_table(run / stem, "numbers", pd.DataFrame(numbers))
numbers[:3]
```

```{code-cell} python
time.sleep(0.3)
effect = claims.Effect(Interval(0.3, 0.2, 0.4), 12, np.linspace(-0.1, 0.1, 99))
made = claims.measure_family({f"it-rises-{stem[:2]}": effect}, model="data/teaching-model", site="mlp_activation")
claims.save(run / stem, made)
```

(claim-it-rises-%s)=
It rises.
"""
CHAPTERS = {"01_first": "", "02_second": '"01"', "03_alone": ""}
_CLAIM = {
    "statement": "It rises.",
    "direction": "up",
    "kind": "ours",
    "source": "this audit",
    "estimand": "change",
    "over": "texts",
    "unit": "bits",
    "control": "random sets",
    "family": "all",
    "smallest_effect": 0.1,
    "because": "less would be nothing",
    "sites": ["mlp_activation"],
    "needs_specificity": False,
}
SWEEP = 'chapter: "02"\nover: {seed: [0, 1, 2]}\n'
_MARK = "AUDITED"  # in the environment of all that a command starts


def write_study(root: Path) -> Path:
    """Write the book; `analysis` is a copy, since its hash counts."""
    declared = [_CLAIM | {"id": f"it-rises-{stem[:2]}", "chapter": stem[:2]} for stem in CHAPTERS]
    content = {"controls": {"random sets": "as many"}, "families": {"all": "…"}, "claims": declared}
    files = {
        "_toc.yml": "format: jb-book\nroot: book/intro\nchapters:\n"
        + "".join(f"  - file: book/{stem}.ipynb\n" for stem in CHAPTERS),
        "book/intro.md": "# Study\n\nSee {doc}`01_first`.\n",
        "book/references.bib": "",
        "book/profiles/default.yml": "all: {}\n",
        "data/claims.yml": yaml.safe_dump(content),
        "sweep.yml": SWEEP,
    }
    for stem, needs in CHAPTERS.items():
        needed = "01_first" if needs else "none"
        cells = _CELLS.replace("{needed}", needed).replace("%s", stem[:2])
        files[f"book/{stem}.md"] = _HEAD % (needs, stem[3:].title()) + cells
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    bare = shutil.ignore_patterns("__pycache__")
    for name in ("analysis", "_ext", "book/_static"):
        shutil.copytree(ROOT / name, root / name, ignore=bare)
    shutil.copy(ROOT / "_config.yml", root)
    # No chapter draws, so none has to wait for the list of fonts.
    fonts = root / "_build/kernel/matplotlib/fontlist-none.json"
    fonts.parent.mkdir(parents=True)
    fonts.write_text("")
    return root


def book(root: Path) -> list[str]:
    """Return the command that builds the whole book."""
    return [sys.executable, str(ROOT / "book/run.py"), "book", "--root", str(root)]


def sweep(root: Path) -> list[str]:
    """Return the command that carries out the sweep of three cells."""
    return [sys.executable, str(ROOT / "book/run.py"), "sweep", str(root / "sweep.yml"), "--root", str(root)]


@dataclass(frozen=True)
class Done:
    """How a command ended: code, what it said on stderr, and after how many seconds."""

    code: int
    said: str
    seconds: float

    @property
    def is_one_line(self) -> bool:
        """Whether it ended as a user's mistake does."""
        return self.code == 2 and len(self.said.strip().splitlines()) == 1 and "Traceback" not in self.said


def call(command: list[str], folder: Path, limit: float = 900) -> Done:
    """Run a command to its end, for so many seconds at most."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=limit)
    return Done(done.returncode, done.stderr, time.monotonic() - started)


def call_and_kill(command: list[str], folder: Path, after: float, *, everything: bool) -> bool:
    """Start a command and kill it with signal 9; return whether it was still at work.

    Parameters
    ----------
    command : list of str
    folder : Path
        Where it is started.
    after : float
        Seconds until the kill.
    everything : bool
        Kill what it has started too, at the same moment; otherwise that has to notice for itself.
    """
    token = f"{os.getpid()}-{time.monotonic_ns()}"
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, env=os.environ | {_MARK: token}, stdout=silent, stderr=silent)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        if everything:
            for one in _all_with(token):
                _kill(one)
        process.kill()
        process.wait()
        return True
    return False


def _all_with(token: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{_MARK}={token}".encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:  # it has ended meanwhile, or is another user's
            continue
    return found


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def results_of(root: Path) -> dict[str, str]:
    """Digest what the builds of a study have found: claims, tables, executed notebooks; and name what must not be."""
    build = root / "_build"
    paths = [*build.glob("artifacts/*/*"), *build.glob("artifacts/*/tables/*"), build / "claims.json"]
    paths += [*build.glob("runs/*/artifacts/*/tables/*"), *build.glob("runs/*/claims.json")]
    found = {str(path.relative_to(root)): _digest(path) for path in sorted(paths) if path.is_file()}
    for path in sorted(build.glob("cache/*/*/notebook.ipynb")):
        found[f"notebook {path.parts[-3]} {path.parts[-2]}"] = _digest(path)
    for path in sorted(root.glob("book/*.ipynb")):
        found[str(path.relative_to(root))] = str(len(json.loads(path.read_bytes())["cells"]))  # its card has times
    table = build / "sweeps/sweep/table.csv"
    if table.exists():
        lines = [line for line in table.read_text().splitlines() if ",cell," not in line]
        found["sweep"] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    for page in ("html/index.html", "sweeps/sweep/html/index.html"):
        if (build / page).exists():
            found[page] = "there"
    return found


def finished(root: Path) -> set[str]:
    """Name the executions that are in the cache, each by chapter and seed."""
    found = set()
    for path in root.glob("_build/cache/*/*/record.json"):
        notebook = json.loads((path.parent / "notebook.ipynb").read_bytes())
        given = [cell for cell in notebook["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
        seed = "".join(given[0]["source"]).split("=")[-1].strip() if given else "0"
        found.add(f"{path.parts[-3]} {seed}")
    return found


def started(root: Path) -> list[str]:
    """Name all executions that were begun, in order."""
    log = root / "started"
    return log.read_text().splitlines() if log.exists() else []


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
