"""Change the code in small ways and see whether the tests of the module notice.

mutmut and cosmic-ray do this too, but neither draws a seeded sample, and a limit on the clock takes a busy machine
for an endless loop. So this counts seconds of the processor. Each mutant is a copy of the project with one change; the
tests run in a fork of a process that has the large libraries loaded, since loading them takes longer than most tests.
"""

from __future__ import annotations

import importlib
import os
import random
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from scipy import stats

from analysis.errors import InputError

from .mutations import Mutant, mutants
from .report import ROOT, Report

SIZE = 40
TESTED = {
    "decomposition": ("decomposition", "rotation"),
    "networks": ("networks",),
    "interventions": ("interventions",),
    "inference": ("inference",),
    "attribution": ("attribution_gradients",),
}
READ = Path(__file__).with_name("survivors.yml")  # what was made of survivors, by id
_COPIED = ("analysis", "bench", "book", "data", "tests", "pyproject.toml", "constraints.txt", "_config.yml", "_toc.yml")
_LOADED = ("pytest", "hypothesis", "torch", "transformers", "sklearn.decomposition", "pandas", "nilearn.glm", "conllu")
_LIBRARIES = ("analysis", "audit")  # must not be loaded before a fork: the copy's own are
_PASSED, _FAILED = 0, 1


def audit(size: int, seed: int) -> Report:
    """Test `size` mutants of each module."""
    for name in _LOADED:
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)
    read = yaml.safe_load(READ.read_text(encoding="utf-8")) or {} if READ.exists() else {}
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copied = _copy(Path(place) / "study")
        for module, tested in TESTED.items():
            tests = [f"tests/test_{name}.py" for name in tested]
            code, used = _run(copied, tests, 600)
            if code != _PASSED:
                raise InputError(f"The tests of {module} do not pass as they are: mend them first")
            for path, mutant in _sample(copied, module, size, seed):
                whole = (copied / path).read_text(encoding="utf-8")
                (copied / path).write_text(mutant.source, encoding="utf-8")
                code, _ = _run(copied, tests, 10 + 5 * used)
                (copied / path).write_text(whole, encoding="utf-8")
                rows.append(_row(module, path, mutant, code, read))
                print(f"{module} {len(rows)}: {rows[-1]['outcome']}", file=sys.stderr, flush=True)
            summary[module] = _score([row for row in rows if row["module"] == module])
    summary["all"] = _score(rows)
    survivors = [row for row in rows if row["outcome"] == "survived"]
    return Report(summary, survivors, [f"not read yet: {row['id']}" for row in survivors if not row["read"]])


def _score(rows: Sequence[dict[str, Any]]) -> str:
    """Return killed of all, with the share and its 95 % score interval; and of those that could be killed."""
    killed, equal = (sum(row["outcome"] == what or row["kind"] == what for row in rows) for what in ("killed", "equal"))
    low, high = stats.binomtest(killed, len(rows)).proportion_ci(method="wilson")
    share = killed / len(rows)
    besides = f"; {killed / max(1, len(rows) - equal):.2f} without {equal} that change nothing" if equal else ""
    return f"{killed} of {len(rows)} killed = {share:.2f} [{low:.2f}, {high:.2f}]{besides}"


def _row(module: str, path: Path, mutant: Mutant, code: int, read: dict[str, Any]) -> dict[str, Any]:
    kind, _, why = str(read.get(mutant.id, "")).partition(": ")
    return {
        "module": module,
        "id": mutant.id,
        "where": f"{path}:{mutant.line} {mutant.function}",
        "before": mutant.before[:200],
        "after": mutant.after[:200],
        "outcome": "survived" if code == _PASSED else "killed",
        "kind": kind if code == _PASSED else "",
        "read": why,
    }


def _copy(to: Path) -> Path:
    to.mkdir()
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb"))
        else:
            shutil.copy2(ROOT / name, to / name)
    return to


def _sample(root: Path, module: str, size: int, seed: int) -> list[tuple[Path, Mutant]]:
    """Draw mutants of a module, or of all modules of a package."""
    place = Path("analysis", module)
    paths = sorted(path.relative_to(root) for path in (root / place).glob("*.py")) or [place.with_suffix(".py")]
    every = [(path, one) for path in paths for one in mutants((root / path).read_text(encoding="utf-8"))]
    return random.Random(f"{module} {seed}").sample(every, min(size, len(every)))


def _run(root: Path, tests: Sequence[str], seconds: float) -> tuple[int, float]:
    """Run tests in a fork; return 0 only if all passed, and the seconds of the processor that it took."""
    child = os.fork()
    if child == 0:
        code = _FAILED
        try:
            code = _tested(root, tests, seconds)
        except BaseException:  # a fork must not go on as its parent
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def _tested(root: Path, tests: Sequence[str], seconds: float) -> int:
    limit = int(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silent, stream)
    for name in [name for name in sys.modules if name.split(".")[0] in _LIBRARIES]:
        del sys.modules[name]
    sys.dont_write_bytecode = True  # two mutants of one second and one size would share it
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.chdir(root)
    sys.path[:] = [str(root), *(place for place in sys.path if place not in ("", str(ROOT)))]
    pytest = importlib.import_module("pytest")
    options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore", "--hypothesis-seed=0"]
    return int(pytest.main([*options, f"--rootdir={root}", *tests]))
