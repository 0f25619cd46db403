"""What a benchmark reports, and how time and memory are taken."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Record:
    """One line of ``_build/bench.json``.

    Attributes
    ----------
    name : str
    ours, peer : float
        In ``unit``; less is better.
    peer_name : str
        What was measured beside ours, in the same run.
    floor : float
        What no method can go below, in the same unit.
    unit : str
    agreement : float
        How well ours does the job, or how far the two agree; ``agreement_name`` says which.
    agreement_name : str
    details : dict
        What else was measured.
    """

    name: str
    ours: float
    peer: float
    peer_name: str
    floor: float
    unit: str
    agreement: float
    agreement_name: str
    details: Mapping[str, Any]

    @property
    def ratio(self) -> float:
        """Peer over ours: larger is better."""
        return self.peer / self.ours

    def as_dict(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {**vars(self), "ratio": self.ratio}


def in_turn(functions: Mapping[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Median seconds of each function, run in turn (A B C A B C …), so that a drift of the machine hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()  # a first run warms caches and is not counted
    for _ in range(runs):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


def peak_gigabytes() -> float:
    """Most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # Linux counts in kilobytes
