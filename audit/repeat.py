"""Build the book of the smoke profile from nothing, again and again; read and decompose with one thread and with two.

Builds must give equal claims, tables and figures, to the last byte; so must one that is killed with signal 9 three
times on its way, at random moments, and called again each time. Chapter 10 and the table of speeds of chapter 9
measure time, which no two builds have in common. Threads add up in another order, so there the last digits may differ:
within the tolerance that is shown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis import claim_records
from analysis.activity import count_tokens, record
from analysis.decomposition import spatial_ica, standardise
from analysis.errors import InputError
from analysis.models import load_model
from analysis.networks import correlation, match
from analysis.passages import choose_passages

from . import study
from .kill import is_of_all
from .report import ROOT, Report

SIZE = 2  # builds that nothing disturbs
_KILLS = 3
_TIMED = {"10_your_own_model", "sizes.csv"}  # a chapter, and a table of chapter 9
_PROJECT = (
    *("_config.yml", "_ext", "_toc.yml", "analysis", "book", "constraints.txt", "data"),
    *("audit/tables", "bench/recorded.json"),
)
_MODEL = ROOT / "data" / "teaching-model"
_LARGEST_STEP = 1e-4  # of activity, in standard deviations
_SMALLEST_R = 0.99  # of matched maps: FastICA stops at small steps, and two networks can turn a few degrees within that


def audit(size: int, seed: int) -> Report:
    """Compare `size` cold builds, and two numbers of threads."""
    with tempfile.TemporaryDirectory(prefix="repeated-") as folder:
        place = Path(folder)
        builds = [_built(place / f"build-{number}") for number in range(size)]
        kills = _moments(builds[0].seconds, seed)
        builds.append(_built(place / "killed", kills))
        rows = [_compared(kind, [one.found[kind] for one in builds]) for kind in builds[0].found]
        rows += _threads(place, seed)
    faults = [f"{row['what']}: {row['outcome']}" for row in rows if not row["outcome"].startswith(("equal", "within"))]
    faults += [] if builds[-1].kills == _KILLS else [f"only {builds[-1].kills} of {_KILLS} kills met a build at work"]
    summary = {
        "builds": size,
        "one more, killed after": " and again after ".join(f"{after} s" for after in kills),
        "as it should be": f"{len(rows) - len(faults)} of {len(rows)}",
    }
    return Report(summary, rows, faults)


@dataclass(frozen=True)
class _Build:
    """What was found, by kind and name; how long it took; and how many kills met it at work."""

    found: dict[str, dict[str, str]]
    seconds: float
    kills: int


def _moments(seconds: float, seed: int) -> list[float]:
    """Draw when to kill: each within the first quarter of an undisturbed build, so that there is work left."""
    rng = random.Random(seed)
    return [round(rng.uniform(5, seconds / 4), 1) for _ in range(_KILLS)]


def _built(root: Path, kills: Sequence[float] = ()) -> _Build:
    """Build a copy of the project; digest its claims, tables and figures by name."""
    bare = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for name in _PROJECT:
        to = root / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(ROOT / name, to, ignore=bare) if (ROOT / name).is_dir() else shutil.copy(ROOT / name, to)
    command = [sys.executable, str(ROOT / "book/run.py"), "book", "--profile", "smoke", "--root", str(root)]
    at_work = sum(
        study.call_and_kill(command, root, after, everything=is_of_all(number)) for number, after in enumerate(kills)
    )
    done = study.call(command, root, limit=7200)
    if done.code:
        raise InputError(f"The book cannot be built: {' '.join(done.said.split())[-300:]}")
    claims = claim_records.read(root / "_build/runs/smoke/claims.json")
    tables = {
        str(path.relative_to(root)): _digest(path.read_bytes())
        for path in sorted(root.glob("_build/runs/smoke/artifacts/*/tables/*.csv"))
        if _TIMED.isdisjoint(path.parts)
    }
    figures: dict[str, str] = {}
    for path in sorted(root.glob("_build/cache/*/*/notebook.ipynb")):
        if _TIMED.isdisjoint(path.parts):
            figures |= _figures(path)
    shutil.rmtree(root)
    named = {f"{one.id} at {one.site}": repr(one) for one in claims}
    return _Build({"claims": named, "tables": tables, "figures": figures}, done.seconds, at_work)


def _figures(path: Path) -> dict[str, str]:
    """Digest every picture that a notebook shows."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    pictures = [data["image/png"] for data in shown if "image/png" in data]
    return {f"{path.parts[-3]} {number}": _digest("".join(one).encode()) for number, one in enumerate(pictures)}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _compared(kind: str, found: list[dict[str, str]]) -> dict[str, Any]:
    names = sorted(set().union(*found))
    other = [name for name in names if len({one.get(name) for one in found}) > 1]
    outcome = (
        f"equal in {len(found)} builds" if names and not other else f"DIFFERENT: {', '.join(other) or 'none made'}"
    )
    return {"what": kind, "number": len(names), "outcome": outcome}


def _threads(place: Path, seed: int) -> list[dict[str, Any]]:
    """Compare what one and two threads record, and the networks in it."""
    made = []
    for threads in ("1", "2"):
        out = place / f"threads-{threads}.npz"
        environment = os.environ | dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads
        )
        command = [sys.executable, "-m", "audit.repeat", str(out), str(seed)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        made.append(np.load(out))
    one, two = made
    step = float((np.abs(one["activity"] - two["activity"]) / one["activity"].std(0)).max())
    r = match(correlation(one["maps"], two["maps"]))[1].min()
    share = float(np.abs(one["share"] - two["share"]).max())
    return [
        {
            "what": "activity, one and two threads",
            "number": one["activity"].size,
            "outcome": f"{'within' if step <= _LARGEST_STEP else 'BEYOND'} {_LARGEST_STEP:g} SD: at most {step:.1g}",
        },
        {
            "what": "networks, one and two threads",
            "number": len(one["maps"]),
            "outcome": f"{'within' if r >= _SMALLEST_R else 'BEYOND'} |r| {_SMALLEST_R}: at least {r:.6f}; "
            f"shares of variance differ by {share:.1g} at most",
        },
    ]


def main() -> None:
    """Record and decompose some passages, and keep the numbers."""
    parser = argparse.ArgumentParser(prog="python -m audit.repeat")
    parser.add_argument("out", type=Path)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    lm = load_model(_MODEL)
    texts = choose_passages("teaching", lambda text: count_tokens(lm, text), 24, seed=options.seed)
    activity = standardise(record(lm, texts), constant="keep")
    networks = spatial_ica(activity, 10, seed=options.seed)
    np.savez(options.out, activity=record(lm, texts).values, maps=networks.maps, share=networks.share)


if __name__ == "__main__":
    main()
