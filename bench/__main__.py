"""Run all benchmarks, each in a process of its own, and write ``_build/bench.json``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

NAMES = ("attribution", "group_ica", "interventions", "planner", "recording", "streaming")
OUT = Path("_build/bench.json")


def main() -> int:
    """Run the named benchmarks, or all of them; those not named keep their last record."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all by default")
    parser.add_argument("--threads", type=int, default=2, help="of BLAS and torch")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measured = importlib.import_module(f"bench.{options.measure}").measure()
        print(json.dumps([record.as_dict() for record in (measured if isinstance(measured, list) else [measured])]))
        return 0
    if unknown := set(options.names) - set(NAMES):
        print(f"no benchmark '{min(unknown)}': use {', '.join(NAMES)}", file=sys.stderr)
        return 2
    records = {one["name"]: one for one in json.loads(OUT.read_text())["benchmarks"]} if OUT.is_file() else {}
    for name in options.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        for record in _measured(name, options.threads):
            records[record["name"]] = record
            print(
                "{name}: ours {ours:.3g} {unit}, {peer_name} {peer:.3g} {unit} (ratio {ratio:.2f}), floor {floor:.3g}; "
                "{agreement_name} {agreement:.2g}; {details}".format(**record)
            )
        _write({"machine": _machine(options.threads), "benchmarks": list(records.values())})
    return 0


def _measured(name: str, threads: int) -> list[dict[str, Any]]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "bench", "--measure", name]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _machine(threads: int) -> dict[str, object]:
    return {"processors": os.cpu_count(), "architecture": platform.machine(), "threads": threads}


def _write(content: dict[str, object]) -> None:
    OUT.parent.mkdir(exist_ok=True)
    partial = OUT.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(OUT)


if __name__ == "__main__":
    raise SystemExit(main())
