"""Count which lines and branches of analysis the quick tests run; what no test runs, no test can find wrong.

The tests of the driver, the pages and the audits are left out: they are not about `analysis`, and run chapters in
processes of their own, which are not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from analysis.errors import InputError

from .report import ROOT, Report

SIZE = 95  # per cent that are wanted
_OTHERS = ("audit", "book_lint", "checks", "deep_tier", "environment", "exercises", "run*", "sweep")


def audit(size: int, seed: int) -> Report:
    """Run the tests and count; less than `size` per cent of all is a fault."""
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        found = _counted(Path(folder))
    rows = [_row(path, one) for path, one in sorted(found["files"].items()) if one["summary"]["num_statements"]]
    rows.sort(key=lambda row: float(row["per cent"]))
    total = found["totals"]
    summary = {
        "lines": _share(total["covered_lines"], total["num_statements"]),
        "branches": _share(total["covered_branches"], total["num_branches"]),
        "both": f"{total['percent_covered']:.1f} %",
    }
    few = [] if total["percent_covered"] >= size else [f"{summary['both']} of lines and branches, {size} % are wanted"]
    return Report(summary, [row for row in rows if row["per cent"] != "100.0"], few)


def _counted(folder: Path) -> dict[str, Any]:
    environment = os.environ | {"COVERAGE_FILE": str(folder / "counted")}
    tests = [f"--ignore-glob=tests/test_{name}.py" for name in _OTHERS]
    run = ["run", "--branch", "--source=analysis", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    if subprocess.run([sys.executable, "-m", "coverage", *run], cwd=ROOT, env=environment, check=False).returncode:
        raise InputError("The tests do not pass as they are: mend them first")
    report = folder / "report.json"
    told = [sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)]
    subprocess.run(told, cwd=ROOT, env=environment, check=True)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def _row(path: str, one: dict[str, Any]) -> dict[str, Any]:
    summary = one["summary"]
    # A line that never runs has no branch that does: name it once.
    left = [str(line) for line in one["missing_lines"]]
    left += [f"{start}→{end if end > 0 else 'end'}" for start, end in one["missing_branches"] if str(start) not in left]
    return {
        "module": path,
        "lines": _share(summary["covered_lines"], summary["num_statements"]),
        "branches": _share(summary["covered_branches"], summary["num_branches"]),
        "per cent": f"{summary['percent_covered']:.1f}",
        "never run": ", ".join(left),
    }


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"
