#!/usr/bin/env python3
"""Say what a study of a model takes, before anything is downloaded or run.

    python book/plan.py --model path/to/model --texts path/to/texts "k=20 n_texts=200"

`make plan` calls it. Of a model only the configuration is read.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(1, str(ROOT))  # `analysis`, where it is not installed
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # as the kernels of the chapters have; it counts only before numpy and torch are imported

from driver.chapters import Project  # noqa: E402
from driver.planning import make_plan  # noqa: E402

from analysis.errors import InputError  # noqa: E402
from analysis.planning.plan import in_words  # noqa: E402


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="book/plan.py", description="Say what a study of a model takes.")
    parser.add_argument("values", nargs="*", help="name=value of what is to be other than usual")
    parser.add_argument("--model", default="", help="a folder, a config.json, or a hub id")
    parser.add_argument("--texts", default="", help="as the chapters take them")
    parser.add_argument("--chapter", default="", help="5, 05 or the stem of its file: its values, its stages")
    parser.add_argument("--profile", default="", help="a file of book/profiles, without .yml")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: this one)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = parse_arguments(arguments)
    project = Project(options.root.resolve())
    assignments = " ".join(options.values)
    try:
        where = {"chapter": options.chapter, "profile": options.profile}
        made = make_plan(project, options.model, options.texts, assignments, **where)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(in_words(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
