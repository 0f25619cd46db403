#!/usr/bin/env python3
"""Check the answers in a folder of worksheets, or the reference solutions.

    python book/answers.py _build/student/notebooks
    python book/answers.py --reference

One line for each exercise that has a test; the exit code is 1 if an answer is wrong or missing.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(1, str(ROOT))

from driver.chapters import Project  # noqa: E402
from driver.exercises import answers, exercises, passes  # noqa: E402

from analysis.errors import InputError  # noqa: E402


def given(folder: Path, stem: str) -> dict[str, str]:
    """Read the answers of one chapter's worksheet; none where it is not there."""
    path = folder / f"{stem}.ipynb"
    if not path.is_file():
        return {}
    try:
        return answers(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no notebook. Take it from the student edition: make student") from None


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="book/answers.py", description="Check answers to exercises.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "_build" / "student" / "notebooks")
    parser.add_argument("--reference", action="store_true", help="check the solutions of the book instead")
    options = parser.parse_args(arguments)
    wrong = 0
    try:
        if not options.reference and not options.folder.is_dir():
            raise InputError(f"There are no worksheets at {options.folder}. Make them first: make student")
        for chapter in Project(ROOT).chapters.values():
            written = {} if options.reference else given(options.folder, chapter.stem)
            for one in exercises(chapter):
                is_right = passes(one, one.solution if options.reference else written.get(one.number, ""), ROOT)
                wrong += not is_right
                print(f"{chapter.stem}, exercise {one.number}: {'right' if is_right else 'not yet'}")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
