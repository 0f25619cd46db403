"""Train the teaching model again from its seed, and compare the loss at each step with the one that is shipped.

Fewer steps than all of them are the first steps of the same training. Last digits differ between processors and grow
from step to step, so that weights need not be equal elsewhere; the loss must be. All take three quarters of an hour; an
audit that is cut off, or asked for more steps later, goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import safe_open

from analysis.errors import InputError

from .report import GOING_ON, ROOT, Report, code_digest

SIZE = 7_000  # steps: all
_MODEL = ROOT / "data" / "teaching-model"
_FAR = 0.02  # nats, on average
_SHOWN = (1, 3, 10, 30, 100, 300, 1_000, 3_000)


def audit(size: int, seed: int, folder: Path = GOING_ON) -> Report:
    """Compare the first `size` steps; the seed is that of the recipe."""
    shipped = json.loads((_MODEL / "loss.json").read_text(encoding="utf-8"))
    place = folder / f"retrained-{code_digest('analysis')}"
    again = np.array(_trained(place, size, shipped["threads"]))
    if len(again) == len(shipped["loss"]):
        shutil.rmtree(place)
    before = np.array(shipped["loss"][: len(again)])
    apart = np.abs(again.round(4) - before)
    other = np.flatnonzero(apart)
    summary = {
        "steps compared": f"{len(again):,} of {len(shipped['loss']):,}",
        "equal to four digits": f"{len(again) - len(other):,}",
        "first step that differs": f"{other[0] + 1:,}" if other.size else "none",
        "mean difference in nats": f"{apart.mean():.4f}",
    }
    faults = [f"the loss is {apart.mean():.3f} nats away on average"] if apart.mean() > _FAR else []
    return Report(summary, _rows(before, again), faults)


def _rows(before: npt.NDArray[np.float64], again: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    steps = sorted({*(step for step in _SHOWN if step < len(again)), len(again)})
    return [
        {"step": f"{step:,}", "loss of the shipped model": before[step - 1], "now": round(again[step - 1], 4)}
        for step in steps
    ]


def _trained(folder: Path, size: int, threads: int) -> list[float]:
    """Train as `make model` does, or go on with it; stop once so many steps are in a checkpoint."""
    out, work = folder / "model", folder / "work"
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--out", str(out), "--work", str(work), "--threads", str(threads), "--minutes-per-checkpoint", "0.2"]
    process = subprocess.Popen([sys.executable, "-m", "analysis.teaching.training", *options], cwd=ROOT)
    while process.poll() is None:
        curve = _curve(work / "checkpoint.safetensors")
        if len(curve) >= size:
            process.kill()
            process.wait()
            return curve[:size]
        time.sleep(1)
    if process.returncode:
        raise InputError("The training ended before its time; what it said stands above")
    losses: list[float] = json.loads((out / "loss.json").read_text(encoding="utf-8"))["loss"]
    return losses[:size]


def _curve(checkpoint: Path) -> list[float]:
    if not checkpoint.exists():
        return []
    with safe_open(checkpoint, framework="numpy") as stored:
        losses: list[float] = json.loads(stored.metadata()["curve"])
    return losses
