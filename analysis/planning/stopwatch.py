"""Time the stages of a study, to hold a plan against."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from analysis.planning.plan import Plan


class Stopwatch:
    """Seconds of each stage, added up over its visits.

    Attributes
    ----------
    seconds : dict of stage to float
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what is done in the ``with`` block."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def beside(self, plan: Plan) -> pd.DataFrame:
        """Set what was planned beside what it took.

        Returns
        -------
        DataFrame indexed by stage
            ``planned`` and ``measured`` in seconds, and ``measured / planned``; the last row has the sums.
        """
        stages = [stage for stage in plan.seconds if stage in self.seconds]
        table = pd.DataFrame(
            {
                "planned": [plan.seconds[stage] for stage in stages],
                "measured": [self.seconds[stage] for stage in stages],
            },
            index=pd.Index(stages, name="stage"),
        )
        table.loc["all"] = table.sum()
        return table.assign(**{"measured / planned": table["measured"] / table["planned"]})
