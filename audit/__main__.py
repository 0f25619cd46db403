"""Run audits and keep their tables in `audit/tables`: python -m audit [NAME …] [--size N] [--seed S]."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from analysis.errors import InputError

from .report import keep

NAMES = ("coverage", "faults", "fuzz", "golden", "kill", "load", "mutants", "repeat", "retrain")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 1 where an audit found a fault, 2 where it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m audit", description="Try on purpose what can go wrong.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all by default")
    parser.add_argument("--size", type=int, help="how many kills, inputs or mutants (default: each audit's own)")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        print(f"There is no audit '{min(unknown)}': use {', '.join(NAMES)}", file=sys.stderr)
        return 2
    found = False
    for name in options.names or NAMES:
        module = importlib.import_module(f"audit.{name}")
        size = module.SIZE if options.size is None else options.size
        started = time.monotonic()
        try:
            report = module.audit(size, options.seed)
        except InputError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        does = (module.__doc__ or "").strip().splitlines()[0].rstrip(".")
        command = f"python -m audit {name} --size {size} --seed {options.seed}"
        path = keep(name, does, command, time.monotonic() - started, report)
        print(f"{name}: " + "; ".join(f"{key} {value}" for key, value in report.summary.items()))
        print(*report.faults, sep="\n", end="\n" if report.faults else "")
        print(path)
        found = found or bool(report.faults)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
