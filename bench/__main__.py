"""Run all benchmarks, each in a process of its own, and write ``_build/bench.json``.

``--keep`` runs all of them and stores the record with the book, with the machine, the day and the code behind it.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from analysis import results

NAMES = ("attribution", "group_ica", "interventions", "planner", "recording", "streaming")
OUT = Path("_build/bench.json")
KEPT = Path("bench/recorded.json")
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers")


def main() -> int:
    """Run the named benchmarks, or all of them; those not named keep their last record."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all by default")
    parser.add_argument("--threads", type=int, default=2, help="of BLAS and torch")
    parser.add_argument("--keep", action="store_true", help=f"measure all and store the record as {KEPT}")
    parser.add_argument("--full", action="store_true", help="at the largest size, where a benchmark has one: minutes")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        module = importlib.import_module(f"bench.{options.measure}")
        measured = getattr(module, "measure_full", module.measure)() if options.full else module.measure()
        found = measured if isinstance(measured, list) else [measured]
        print(json.dumps([record.as_dict() | _described(options.measure) for record in found]))
        return 0
    if unknown := set(options.names) - set(NAMES):
        print(f"no benchmark '{min(unknown)}': use {', '.join(NAMES)}", file=sys.stderr)
        return 2
    if options.keep and options.names:
        print("--keep stores a full run: name no benchmark", file=sys.stderr)
        return 2
    records = {one["name"]: one for one in json.loads(OUT.read_text())["benchmarks"]} if OUT.is_file() else {}
    for name in options.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        for record in _measured(name, options.threads, options.full):
            records[record["name"]] = record
            print(
                "{name}: ours {ours:.3g} {unit}, {peer_name} {peer:.3g} {unit} (ratio {ratio:.2f}), floor {floor:.3g}; "
                "{agreement_name} {agreement:.2g}; {details}".format(**record)
            )
        _write({"machine": _machine(options.threads), "benchmarks": list(records.values())})
    if options.keep:
        KEPT.write_text(json.dumps(json.loads(OUT.read_text()) | _when(), indent=1, ensure_ascii=False) + "\n")
        print(KEPT)
    return 0


def _described(name: str) -> dict[str, Any]:
    """Say what a benchmark does, and digest the code that decides it."""
    sources = [Path("bench", f"{name}.py"), Path("bench/record.py")]
    files = [*sources, *results.modules_used(sources[0].read_text(encoding="utf-8"), Path())]
    does = (sys.modules[f"bench.{name}"].__doc__ or "").strip().splitlines()[0].rstrip(".")
    return {"does": does, "files": results.fingerprint(files)}


def _when() -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "versions": versions}


def _measured(name: str, threads: int, full: bool) -> list[dict[str, Any]]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "bench", "--measure", name, *(["--full"] if full else [])]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _machine(threads: int) -> dict[str, object]:
    information = Path("/proc/cpuinfo")  # where there is one; elsewhere the platform's own word must do
    named = re.search(r"model name\s*: (.+)", information.read_text()) if information.is_file() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processors": os.cpu_count(),
        "processor": named[1] if named else platform.processor(),
        "architecture": platform.machine(),
        "memory_gb": memory,
        "threads": threads,
    }


def _write(content: dict[str, object]) -> None:
    OUT.parent.mkdir(exist_ok=True)
    partial = OUT.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(OUT)


if __name__ == "__main__":
    raise SystemExit(main())
