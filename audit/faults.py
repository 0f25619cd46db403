"""Damage files, fill the disk, forbid writing and the network, build twice at once; then look at what comes of it.

Each row is one fault and one command. It may end in the result of an undisturbed run, or in one line with exit code 2
after which, with the fault gone, the same command ends in that result. Anything else is a fault of ours.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import study
from .report import ROOT, Report

SIZE = 2  # places of each file that are damaged
_ALONE = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
_MODEL = "data/teaching-model"
_LIST = "book/driver/shipped.sha256"
_FINISHED = "finished"  # where there is no undisturbed run to compare with


@dataclass(frozen=True)
class _Bench:
    """A built study, what it found, and the draws of this audit."""

    place: Path
    expected: dict[str, str]
    draw: random.Random
    rows: list[dict[str, Any]] = field(default_factory=list)

    def fresh(self, *, built: bool) -> Path:
        """Make the study anew, as it was before its build or after it; always under the same path."""
        root = self.place / "study"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.place / ("built" if built else "bare"), root)
        return root

    def note(self, fault: str, done: study.Done, again: study.Done | None, root: Path, command: str = "book") -> None:
        """Judge what a command did in spite of a fault, and what it did once the fault had gone."""
        if done.code == 0:
            outcome = "equal" if study.results_of(root) == self.expected else "OTHER RESULTS"
        elif not done.is_one_line:
            outcome = f"code {done.code} and {len(done.said.splitlines())} lines"
        elif again and (again.code or study.results_of(root) != self.expected):
            outcome = f"one line, code 2; afterwards OTHER RESULTS (code {again.code})"
        else:
            outcome = "one line, code 2; equal afterwards" if again else "one line, code 2"
        said = done.said.strip().replace(f"{root}/", "").replace(str(root), ".") if done.code else ""
        row = {"fault": fault, "command": command, "times": 1, "outcome": outcome}
        print(f"{fault}: {outcome}", file=sys.stderr, flush=True)
        self.rows.append(row | {"redone": _redone(root) if done.code == 0 else "", "said": said[-300:]})


def audit(size: int, seed: int) -> Report:
    """Try each fault; files are damaged at `size` places each."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        place = Path(folder)
        study.write_study(place / "bare")
        bench = _Bench(place, {}, random.Random(seed))
        root = bench.fresh(built=False)
        whole = study.call(study.book(root), root)
        assert whole.code == 0, whole.said
        (root / "started").unlink()
        shutil.copytree(root, place / "built")
        bench.expected.update(study.results_of(root))
        for part in (_damaged, _damaged_models, _read_only, _full, _at_once, _without_network):
            part(bench, size)
    rows = list(_gathered(bench.rows))
    bad = [row for row in rows if not row["outcome"].startswith(("equal", "one line", _FINISHED))]
    bad += [row for row in rows if "OTHER" in row["outcome"] and row not in bad]
    good = sum(row["times"] for row in rows) - sum(row["times"] for row in bad)
    summary = {"tried": sum(row["times"] for row in rows), "equal, or one line and code 2": good}
    return Report(summary, rows, [f"{row['fault']}: {row['outcome']}: {row['said']}" for row in bad])


def _gathered(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Put rows that differ in nothing but what was said into one."""
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("fault", "command", "outcome", "redone"))
        if key in groups:
            groups[key]["times"] += 1
        else:
            groups[key] = dict(row)
    yield from groups.values()


def _redone(root: Path) -> str:
    if not (root / "_build/run.json").exists():
        return ""
    chapters = json.loads((root / "_build/run.json").read_text())["chapters"]
    return ", ".join(stem for stem, one in chapters.items() if one["status"] == "executed") or "nothing"


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _flip(content: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << draw.randrange(8))]) + content[place + 1 :]


_DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {"cut": _cut, "one bit flipped": _flip}


def _damaged(bench: _Bench, size: int) -> None:
    """Damage what a build leaves, in place, and build again."""
    kinds = {
        "cached notebook": "_build/cache/01_first/*/notebook.ipynb",
        "record of a cached chapter": "_build/cache/02_second/*/record.json",
        "cached table": "_build/cache/01_first/*/artifacts/tables/numbers.csv",
        "table of the run": "_build/artifacts/01_first/tables/numbers.csv",
        "executed notebook beside its source": "book/02_second.ipynb",
        "run.json": "_build/run.json",
        "claims.json": "_build/claims.json",
        "claims of a chapter": "_build/artifacts/03_alone/claims.json",
    }
    for kind, pattern in kinds.items():
        for how, damage in _DAMAGES.items():
            for _ in range(size):
                root = bench.fresh(built=True)
                path = next(root.glob(pattern))
                path.write_bytes(damage(path.read_bytes(), bench.draw))
                done = study.call(study.book(root), root)
                bench.note(f"{kind}: {how}", done, None, root)


def _damaged_models(bench: _Bench, size: int) -> None:
    """Damage a file of the model that the study ships; then put it back."""
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        for how, damage in _DAMAGES.items():
            for _ in range(size):
                root = bench.fresh(built=True)
                shutil.copytree(ROOT / _MODEL, root / _MODEL)
                lines = [line for line in (ROOT / _LIST).read_text().splitlines() if f"  {_MODEL}/" in line]
                (root / _LIST).parent.mkdir(parents=True)
                (root / _LIST).write_text("\n".join(lines) + "\n")
                path = root / _MODEL / name
                path.write_bytes(damage(path.read_bytes(), bench.draw))
                done = study.call(study.book(root), root)
                bench.note(f"shipped {name}: {how}", done, None, root)


def _script(root: Path, before: str, after: str) -> tuple[study.Done, study.Done]:
    """Build with a file system of its own below `root`, and again when it has been changed; return both ends."""
    command = " ".join(study.book(root))
    text = f"{before} && {{ {command} 2>{root}.1; echo $? >{root}.1.code; {after} && {command} 2>{root}.2; "
    text += f"echo $? >{root}.2.code; rm -rf {root}.out; cp -a {root}/. {root}.out; }}"
    subprocess.run([*_ALONE, text], check=True, cwd="/", stdout=subprocess.DEVNULL)
    ends = []
    for number in (1, 2):
        code = Path(f"{root}.{number}.code").read_text()
        ends.append(study.Done(int(code), Path(f"{root}.{number}").read_text(), 0.0))
    shutil.rmtree(root)
    shutil.move(f"{root}.out", root)
    return ends[0], ends[1]


def _read_only(bench: _Bench, size: int) -> None:
    """Forbid writing to the project's folder, before a first build and after one."""
    for built in (False, True):
        root = bench.fresh(built=built)
        bind = f"mount --bind {root} {root} && mount -o remount,bind,ro {root}"
        done, again = _script(root, bind, f"mount -o remount,bind,rw {root}")
        bench.note(f"read-only folder, {'built' if built else 'not built'} before", done, again, root)


def _full(bench: _Bench, size: int) -> None:
    """Give the project's folder so few bytes that the disk fills up at one stage or another."""
    bare = sum(path.stat().st_size for path in (bench.place / "bare").rglob("*") if path.is_file()) // 1024
    built = sum(path.stat().st_size for path in (bench.place / "built").rglob("*") if path.is_file()) // 1024
    for number in range(4 * size):
        root = bench.fresh(built=False)
        # Each file takes whole pages, so the study needs more than the sum of its bytes.
        more = int((built - bare) * (number / (4 * size)) ** 2)
        space = (bench.place / "bare").rglob("*")
        pages = sum(-(-path.stat().st_size // 4096) * 4 + 4 for path in space) + more + 64
        fill = f"mount -t tmpfs -o size={pages}k none {root} && cp -a {bench.place / 'bare'}/. {root}"
        done, again = _script(root, fill, f"mount -o remount,size=1g {root}")
        bench.note("disk full at one moment or another", done, again, root)


def _at_once(bench: _Bench, size: int) -> None:
    """Start two builds at the same moment: in one folder, and in two that share the cache."""
    for _ in range(size):
        root = bench.fresh(built=False)
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(study.call, [study.book(root)] * 2, [root] * 2))
        for one in sorted(done, key=lambda one: one.code):
            bench.note(f"two builds at once in one folder: the {'one' if one.code == 0 else 'other'}", one, None, root)
    for _ in range(2 * size):
        root = bench.fresh(built=False)
        chapter = [*study.book(root)[:2], "chapter", "2", "--root", str(root)]
        with ThreadPoolExecutor(2) as pool:
            book, other = pool.map(study.call, [study.book(root), chapter], [root] * 2)
        shutil.rmtree(root / "_build/runs", ignore_errors=True)
        bench.note("a book and a chapter at once", book, None, root)
        bench.note("a book and a chapter at once", other, None, root, "chapter")


def _without_network(bench: _Bench, size: int) -> None:
    """Build where there is no network but the machine's own address."""
    root = bench.fresh(built=False)
    command = " ".join(study.book(root))
    alone = ["unshare", "--net", "sh", "-c", f"ip link set lo up && exec {command}"]
    bench.note("no network (a namespace with loopback only)", study.call(alone, root), None, root)
    if os.environ.get("FULL"):
        smoke = f"ip link set lo up && exec {sys.executable} book/run.py book --profile smoke"
        done = study.call(["unshare", "--net", "sh", "-c", smoke], ROOT)
        outcome = _FINISHED if done.code == 0 else f"code {done.code}"
        row = {"fault": "no network (a namespace with loopback only)", "command": "book PROFILE=smoke", "times": 1}
        bench.rows.append(row | {"outcome": outcome, "redone": "", "said": done.said[-300:]})
