#!/usr/bin/env python3
"""Check the form of the chapters and the code in their cells.

    python book/lint.py

A chapter has one `parameters` cell of lines `name: type = default  # help` (at most 20), cells of at most 15 lines
that define nothing, figures with name, caption and alternative text, and code that ruff accepts. Each fault is one
line that names file and line; the exit code is 1 if there are any.
"""

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupytext.myst import myst_to_notebook

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(1, str(ROOT))

from driver.parameters import parse_cell  # noqa: E402

from analysis.errors import InputError  # noqa: E402

MAX_LINES = 15
MAX_PARAMETERS = 20
_DRAWS = {"plotting", "plt", "sns", "niplot"}
# What ruff asks of modules and not of notebooks; bare expressions show results.
_NOT_IN_CELLS = "B018,D,E402,INP"
_TARGET = re.compile(r"\(([\w-]+)\)=$")  # before a paragraph, to be referred to


@dataclass(frozen=True)
class Cell:
    """One code cell: its number among them, the line its code starts on, its code and metadata."""

    number: int
    line: int
    source: str
    metadata: dict[str, Any]

    @property
    def tags(self) -> list[str]:
        """The tags that its options give it."""
        return list(self.metadata.get("tags", []))

    @cached_property
    def tree(self) -> ast.Module | None:
        """The code; None where Python cannot read it, which ruff will tell."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None


def code_cells(text: str) -> list[Cell]:
    """Split a MyST notebook into its code cells."""
    notebook = myst_to_notebook(text, add_source_map=True)
    lines = text.splitlines()
    cells: list[Cell] = []
    for cell, start in zip(notebook.cells, notebook.metadata["source_map"], strict=True):
        if cell.cell_type == "code":
            first = (cell.source.splitlines() or [""])[0]
            line = next((n for n in range(start, len(lines)) if lines[n] == first), start) + 1
            cells.append(Cell(len(cells) + 1, line, cell.source, dict(cell.metadata)))
    return cells


def form_faults(text: str, cells: list[Cell]) -> Iterator[tuple[int, str]]:
    """Yield line and fault for all that is not the business of ruff."""
    if re.search(r"^\s*jupytext_version:", text, re.M):
        yield 1, "leave jupytext_version out of the front matter: it changes with every release"
    if not re.search(r"^# \S", text, re.M):
        yield 1, "no title: the chapter needs a first heading, '# …'"
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.search(r"`(\{[a-z:]+\})`", line):
            yield number, f"{found[1]} inside a code span is shown as it stands: take the outer backticks away"
    tagged = [cell for cell in cells if "parameters" in cell.tags]
    if len(tagged) != 1:
        yield 1, f"{len(tagged)} cells are tagged parameters: a chapter has exactly one"
    for cell in tagged:
        yield from ((cell.line, fault) for fault in parameter_faults(cell.source))
    for cell in cells:
        yield from ((cell.line, f"cell {cell.number}: {fault}") for fault in cell_faults(cell))


def parameter_faults(source: str) -> Iterator[str]:
    """Yield what is wrong with a `parameters` cell."""
    try:
        parameters = parse_cell(source)
    except (InputError, SyntaxError) as error:
        yield f"parameters: {error}"
        return
    for parameter in parameters:
        if not parameter.help:
            yield f"parameters: {parameter.name} has no help: end its line with a comment"


def cell_faults(cell: Cell) -> Iterator[str]:
    """Yield what is wrong with one code cell."""
    most = MAX_PARAMETERS if "parameters" in cell.tags else MAX_LINES
    if (length := len(cell.source.strip().splitlines())) > most:
        yield f"{length} lines, and such a cell holds at most {most}"
    for node in ast.walk(cell.tree) if cell.tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"defines {node.name}: what is worth a name belongs into analysis"
    shown = cell.metadata.get("mystnb") or {}
    if draws(cell) or {"figure", "image"} & shown.keys():
        figure, image = shown.get("figure") or {}, shown.get("image") or {}
        wanted = {
            "figure.name": figure.get("name"),
            "figure.caption": figure.get("caption"),
            "image.alt": image.get("alt"),
        }
        if missing := [f"mystnb.{key}" for key, value in wanted.items() if not value]:
            yield f"a figure without {', '.join(missing)}"


def draws(cell: Cell) -> bool:
    """Tell whether the cell's last statement leaves a figure to be shown."""
    if not cell.tree or not cell.tree.body or cell.source.rstrip().endswith(";"):
        return False
    last = cell.tree.body[-1]
    value = getattr(last, "value", None)
    if isinstance(last, ast.Expr) and isinstance(value, ast.Name):
        return value.id.startswith("fig")
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    module = value.func.value
    return (
        isinstance(module, ast.Name)
        and module.id in _DRAWS
        and not re.search(r"style|theme|close|palette", value.func.attr)
    )


def ruff_faults(path: Path, root: Path, cells: list[Cell]) -> Iterator[tuple[int, str]]:
    """Let ruff read the code cells as the notebook that they are, with the project's own settings."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source) for cell in cells])
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / f"{path.stem}.ipynb"
        jupytext.write(notebook, written)
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=json"]
        command += [f"--config={root / 'pyproject.toml'}", f"--extend-ignore={_NOT_IN_CELLS}", str(written)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    for fault in json.loads(done.stdout):
        cell = cells[fault["cell"] - 1]
        line = cell.line + fault["location"]["row"] - 1
        yield line, f"cell {cell.number}: {fault['code'] or 'syntax'} {fault['message']}"


def lint_chapter(path: Path, root: Path) -> list[str]:
    """Return the faults of one chapter, each as `file:line: fault`."""
    text = path.read_text(encoding="utf-8")
    cells = code_cells(text)
    faults = sorted([*form_faults(text, cells), *ruff_faults(path, root, cells)])
    return [f"{path.relative_to(root)}:{line}: {fault}" for line, fault in faults]


def names_twice(chapters: Iterable[Path], root: Path) -> list[str]:
    """Find figures and targets of one name: a reference leads to one place in the whole book."""
    first: dict[str, str] = {}
    faults = []
    for path in chapters:
        for line, name in _names(path.read_text(encoding="utf-8")):
            place = f"{path.relative_to(root)}:{line}"
            if (earlier := first.setdefault(name, place)) != place:
                faults.append(f"{place}: the name {name} is taken by {earlier}")
    return faults


def _names(text: str) -> Iterator[tuple[int, str]]:
    for cell in code_cells(text):
        if name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
            yield cell.line, name
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TARGET.match(line):
            yield number, found[1]


def main(root: Path = ROOT) -> int:
    """Check all chapters of a project; return the exit code."""
    chapters = sorted((root / "book").glob("[0-9]*_*.md"))
    toc = (root / "_toc.yml").read_text(encoding="utf-8")
    faults = [
        f"{path.relative_to(root)}:1: not in _toc.yml as book/{path.stem}.ipynb"
        for path in chapters
        if f"book/{path.stem}.ipynb" not in toc
    ]
    for path in chapters:
        faults += lint_chapter(path, root)
    faults += names_twice(chapters, root)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(chapters)} chapters, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
