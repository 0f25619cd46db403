"""Exercises and their solutions: taken out for students, put to the test for everybody."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .chapters import Chapter

_SOLUTION = re.compile(r"^(?P<in> *)(?P<f>`{3,}|:{3,})\{dropdown\} Solution.*?^(?P=in)(?P=f)[ \t]*\n?", re.M | re.S)
_CODE = re.compile(r"^ *```python\n(?P<code>.*?)^ *```[ \t]*$", re.M | re.S)
_ASSIGNMENT = re.compile(r"`(?P<name>\w+)=(?P<value>[^`\s]+)`")
_ITEM = re.compile(r"^(\d+)\. ", re.M)
_HEADING = re.compile(r"^## Exercises *$", re.M)
_NEXT = re.compile(r"^## ", re.M)
_CHECK = "# check\n"
_OPEN = "answer = ...  # yours"
_SECONDS = 300


@dataclass(frozen=True)
class Exercise:
    """One exercise whose solution is code.

    Attributes
    ----------
    stem, number : str
        Chapter and number within it.
    start : str
        What is given: the lines above the answer.
    solution : str
        The reference: lines that leave something in `answer`.
    check : str
        Lines that raise an error where the answer is wrong.
    """

    stem: str
    number: str
    start: str
    solution: str
    check: str

    @property
    def open(self) -> str:
        """What a student starts from."""
        return f"{self.start}{_OPEN}"


def exercises(chapter: Chapter) -> list[Exercise]:
    """Find the exercises of a chapter whose solutions hold code that ends in `# check` and its tests."""
    found = []
    for number, code in solution_code(chapter):
        above, _, check = code.partition(_CHECK)
        start, assigned, answer = above.partition("answer =")
        if assigned and check:
            found.append(Exercise(chapter.stem, number, start, f"{start}answer ={answer}", check))
    return found


def solution_code(chapter: Chapter) -> list[tuple[str, str]]:
    """Return number and Python of all solutions that hold some; those without a check go on from the chapter's end."""
    return [
        (number, re.sub(rf"^ {{0,{len(solution['in'])}}}", "", block["code"], flags=re.M))
        for number, text in _items(_section(chapter.source)[1])
        for solution in _SOLUTION.finditer(text)
        for block in _CODE.finditer(solution[0])
    ]


def solution_runs(chapter: Chapter) -> list[tuple[str, str]]:
    """Return number and `name=value` of all parameters that exercises and solutions ask to run the chapter with."""
    found = [
        (number, f"{one['name']}={one['value']}")
        for number, text in _items(_section(chapter.source)[1])
        for one in _ASSIGNMENT.finditer(text)
        if one["name"] in chapter.parameters
    ]
    return list(dict.fromkeys(found))


def solutions(chapter: Chapter) -> list[str]:
    """Return all solutions of a chapter as they stand."""
    return [found[0] for found in _SOLUTION.finditer(_section(chapter.source)[1])]


def without_solutions(text: str) -> str:
    """Return Markdown without its solutions."""
    return re.sub(r"\n{3,}", "\n\n", _SOLUTION.sub("", text))


def passes(exercise: Exercise, answer: str, root: Path) -> bool:
    """Run an answer and its check, in a process of its own; True if nothing was wrong.

    Parameters
    ----------
    exercise : Exercise
    answer : str
        Python that leaves something in `answer`.
    root : Path
        The folder that holds `analysis`.
    """
    code = f"{answer}\n{exercise.check}"
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def worksheet(notebook: Mapping[str, Any], chapter: Chapter) -> dict[str, Any]:
    """Return a notebook to work in: no outputs, no solutions, and a cell for the answer below each exercise."""
    coded = {one.number: one.open for one in exercises(chapter)}
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cells.append(cell | {"outputs": [], "execution_count": None})
            continue
        before, section, after = _section("".join(cell["source"]))
        cells.append(cell | {"source": without_solutions(before).rstrip() + "\n"})
        for number, text in _items(section):
            cells.append(_text(without_solutions(text).rstrip() + "\n", f"{cell.get('id', 'cell')}-exercise-{number}"))
            cells.append(_answer(coded.get(number, ""), number))
        if after:
            cells.append(_text(without_solutions(after), f"{cell.get('id', 'cell')}-after"))
    return dict(notebook) | {"cells": cells}


def student_edition(
    pages: Mapping[str, bytes], chapters: Mapping[str, Chapter]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the executed notebooks without solutions, and the worksheets, both by stem."""
    shown, work = {}, {}
    for stem, content in pages.items():
        notebook = json.loads(content)
        work[stem] = _written(worksheet(notebook, chapters[stem]))
        cells = [
            cell | {"source": without_solutions("".join(cell["source"]))} if cell["cell_type"] == "markdown" else cell
            for cell in notebook["cells"]
        ]
        shown[stem] = _written(notebook | {"cells": cells})
    return shown, work


def _written(notebook: Mapping[str, Any]) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def answers(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands in the answer cells of a worksheet, by the number of the exercise."""
    return {
        cell["metadata"]["exercise"]: "".join(cell["source"])
        for cell in notebook["cells"]
        if "exercise" in cell["metadata"]
    }


def _text(source: str, name: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _answer(source: str, number: str) -> dict[str, Any]:
    metadata = {"tags": ["answer"], "exercise": number}
    empty: dict[str, Any] = {"cell_type": "code", "outputs": [], "execution_count": None}
    return empty | {"id": f"answer-{number}", "metadata": metadata, "source": source}


def _section(text: str) -> tuple[str, str, str]:
    """Split a text into what comes before its exercises, the exercises, and the rest."""
    heading = _HEADING.search(text)
    if not heading:
        return text, "", ""
    following = _NEXT.search(text, heading.end())
    end = following.start() if following else len(text)
    first = _ITEM.search(text, heading.end(), end)
    start = first.start() if first else end
    return text[:start], text[start:end], text[end:]


def _items(section: str) -> Iterator[tuple[str, str]]:
    starts = [(found.start(), found[1]) for found in _ITEM.finditer(section)]
    ends = [*(start for start, _ in starts), len(section)][1:]
    for (start, number), end in zip(starts, ends, strict=True):
        yield number, section[start:end]
