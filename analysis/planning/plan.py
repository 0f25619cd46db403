"""A plan: what each stage of a study takes on this machine, in seconds and bytes, before it is begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import tokenizers

from analysis import passages
from analysis.planning.calibration import Machine, calibrate
from analysis.planning.geometry import Geometry, geometry, read_config
from analysis.planning.work import STAGES, Stage, Work, stages

BYTES_A_TOKEN = 4
"""Where no tokenizer is at hand: usual for English text and a vocabulary of some ten thousand pieces."""


@dataclass(frozen=True)
class Plan:
    """What a study will take.

    Attributes
    ----------
    model : Geometry
    work : Work
    stages : tuple of Stage
    machine : Machine
    """

    model: Geometry
    work: Work
    stages: tuple[Stage, ...]
    machine: Machine

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each stage."""
        return {stage.name: stage.flop / self.machine.rates[stage.name] for stage in self.stages}

    @property
    def memory(self) -> float:
        """Bytes at most, Python and the libraries included."""
        return self.machine.base_memory + max(stage.memory for stage in self.stages)

    def table(self) -> pd.DataFrame:
        """Return a row for each stage: ``what``, ``GFLOP``, ``seconds``, ``MB`` (at most, Python included)."""
        rows = {
            stage.name: {
                "what": stage.what,
                "GFLOP": stage.flop / 1e9,
                "seconds": self.seconds[stage.name],
                "MB": (self.machine.base_memory + stage.memory) / 1e6,
            }
            for stage in self.stages
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("stage")


def plan(
    model: str,
    texts: str,
    *,
    n_texts: int = 60,
    min_tokens: int = 128,
    max_tokens: int = 256,
    revision: str | None = None,
    names: Sequence[str] = tuple(STAGES),
    seconds: float = 10.0,
    **work: Any,
) -> Plan:
    """Plan a study: read the configuration, count the tokens, measure this machine.

    Parameters
    ----------
    model : str
        As in :func:`analysis.planning.geometry.read_config`.
    texts : str
        As in :func:`analysis.passages.choose_passages`.
    n_texts, min_tokens, max_tokens : int
        Passages to read, and their length.
    revision : str, optional
        Branch, tag or commit on the hub.
    names : sequence of str
        Stages, keys of :data:`analysis.planning.work.STAGES`.
    seconds : float
        For the calibration.
    **work
        What else :class:`analysis.planning.work.Work` holds.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        If the model cannot be studied, or there are no such texts.
    """
    shape = geometry(read_config(model, revision), model)
    longest = min(max_tokens, shape.context)
    count, shortest = counter(model), min(min_tokens, longest)
    chosen = passages.choose_passages(texts, count, n_texts, min_tokens=shortest, max_tokens=longest)
    lengths = [max(2, min(count(text.text), longest)) for text in chosen]
    amount = Work(n_texts=len(lengths), n_tokens=sum(lengths), **work)
    return Plan(shape, amount, tuple(stages(shape, amount, names)), calibrate(shape, amount, tuple(names), seconds))


def counter(model: str) -> Callable[[str], int]:
    """Count tokens with the model's own tokenizer if it lies on this machine, else by bytes."""
    path = Path(model).expanduser()
    path = (path if path.is_dir() else path.parent) / "tokenizer.json"
    if not path.is_file():
        return lambda text: -(-len(text.encode()) // BYTES_A_TOKEN)
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def in_words(plan: Plan) -> str:
    """Write a plan for a terminal."""
    model, work, machine = plan.model, plan.work, plan.machine
    sites = ", ".join(f"{model.neurons(site):,} at {site}" for site in model.layer_sizes)
    lines = [
        f"{model.name}: {model.family}, {model.n_layers} layers, {model.parameters:,} parameters",
        f"neurons: {sites}",
        f"planned: {work.site}, {work.dtype}, {machine.threads} thread{'s' * (machine.threads > 1)}",
        f"texts: {work.n_texts:,} passages, {work.n_tokens:,} tokens ({work.length:.0f} each)",
        "",
        f"{'stage':<12}{'arithmetic':>14}{'time':>9}{'memory':>9}  what",
    ]
    for stage in plan.stages:
        memory = amount_of_memory(machine.base_memory + stage.memory)
        amounts = f"{arithmetic(stage.flop):>14}{duration(plan.seconds[stage.name]):>9}{memory:>9}"
        lines.append(f"{stage.name:<12}{amounts}  {stage.what}")
    total = sum(plan.seconds.values())
    lines += [
        f"{'all':<12}{arithmetic(sum(stage.flop for stage in plan.stages)):>14}{duration(total):>9}"
        f"{amount_of_memory(plan.memory):>9}",
        "",
        "Times were scaled up from trials on this machine just now. How long",
        "a decomposition turns cannot be known. Figures and tests come on top.",
    ]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Write seconds as one would say them."""
    for limit, unit, size in ((100, "s", 1), (6000, "min", 60), (48 * 3600, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.{0 if seconds / size >= 10 else 1}f} {unit}"
    return f"{seconds / 86400:.0f} days"


def amount_of_memory(n_bytes: float) -> str:
    """Write bytes in MB or GB."""
    return f"{n_bytes / 1e6:,.0f} MB" if n_bytes < 2e9 else f"{n_bytes / 1e9:,.1f} GB"


def arithmetic(flop: float) -> str:
    """Write operations with a prefix."""
    for size, prefix in ((1e18, "E"), (1e15, "P"), (1e12, "T")):
        if flop >= size:
            return f"{flop / size:,.1f} {prefix}FLOP"
    return f"{flop / 1e9:,.1f} GFLOP"
