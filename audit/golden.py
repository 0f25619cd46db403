"""Compare the headline numbers of the default build with those that were written down, within a tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from analysis import claim_records
from analysis.claim_records import Measured
from analysis.errors import InputError

from .report import ROOT, Report

SIZE = 0  # all of them
BUILT = ROOT / "_build" / "claims.json"
WRITTEN = Path(__file__).with_name("golden.yml")


def audit(size: int, seed: int) -> Report:
    """Compare the claims of `_build` with `golden.yml`; nothing is drawn and nothing chosen."""
    if not BUILT.exists():
        raise InputError("There is no default build to compare: make book")
    return compare(claim_records.read(BUILT), yaml.safe_load(WRITTEN.read_text(encoding="utf-8")))


def compare(built: list[Measured], written: dict[str, Any]) -> Report:
    """Compare claims with what was written of them.

    Parameters
    ----------
    built : list of Measured
    written : dict
        ``reasons`` by name; ``claims``, each with id, site, estimate, tolerance, because, verdict.

    Returns
    -------
    Report
        A fault for each number that moved too far, each other verdict, and each claim on one side only.
    """
    found = {(one.id, one.site): one for one in built}
    rows: list[dict[str, Any]] = []
    faults = []
    for golden in written["claims"]:
        place = (golden["id"], golden["site"])
        one = found.pop(place, None)
        row = {
            "claim": golden["id"],
            "site": golden["site"],
            "written": golden["estimate"],
            "tolerance": golden["tolerance"],
            "built": None if one is None or one.estimate is None else float(f"{one.estimate:.5g}"),
            "verdict": golden["verdict"] if one is None else one.verdict,
            "because": golden["because"],
        }
        rows.append(row)
        if row["built"] is None or one is None:
            faults.append(f"{' '.join(place)}: was not built")
        elif abs(row["built"] - golden["estimate"]) > golden["tolerance"] + 1e-4 * abs(golden["estimate"]):
            faults.append(f"{' '.join(place)}: {row['built']}, not {golden['estimate']} ± {golden['tolerance']}")
        elif one.verdict != golden["verdict"]:
            faults.append(f"{' '.join(place)}: {one.verdict}, not {golden['verdict']}")
    faults += [f"{' '.join(place)}: is written nowhere" for place, one in found.items() if one.estimate is not None]
    reasons = {f"tolerance because of {name}": why for name, why in written["reasons"].items()}
    return Report({"compared": len(rows), "as written": len(rows) - len(faults)} | reasons, rows, faults)
