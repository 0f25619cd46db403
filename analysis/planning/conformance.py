"""What the conformance test said of each family, sorted by what it said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

RESULTS = Path("data/results/architectures.csv")
"""Written by ``python -m analysis.architectures``."""


def by_status(path: Path = RESULTS) -> pd.DataFrame:
    """Gather the families that were told the same.

    Returns
    -------
    DataFrame indexed by status, the one with most families first after ``passed``
        ``n`` and ``families``. The name of the family is left out of the status.
    """
    table = pd.read_csv(path)
    status = [
        said.replace(f"The family '{family}' ", "").split(". ")[0]
        for family, said in table[["family", "status"]].itertuples(index=False)
    ]
    grouped = table["family"].groupby(pd.Series(status, name="status"))
    found = pd.DataFrame({"n": grouped.size(), "families": grouped.agg(", ".join)})
    passed = found.index == "passed"
    return pd.concat([found[passed], found[~passed].sort_values("n", ascending=False, kind="stable")])
