"""What the conformance test said of each family, sorted by what it said."""

from __future__ import annotations

import html
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


def as_html(table: pd.DataFrame) -> str:
    """Write the table of :func:`by_status` as folds of a page, one for each status, the first one open.

    A search in the page finds families in those that are open, and in most browsers in the others too.
    """
    folds = [
        f"<details{' open' if number == 0 else ''}><summary>{html.escape(status)} ({row.n})</summary>"
        f"<p>{html.escape(row.families)}</p></details>"
        for number, (status, row) in enumerate(table.iterrows())
    ]
    return "\n".join(folds)
