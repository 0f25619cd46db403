"""Exercises: students get none of the solutions, and the solutions pass their own tests."""

import json
import re
import shutil
import sys

import nbformat
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))

import answers as command
import run
from driver.chapters import Chapter, Project
from driver.exercises import (
    answers,
    exercises,
    passes,
    solution_code,
    solution_runs,
    solutions,
    student_edition,
    without_solutions,
    worksheet,
)

CHAPTER = """# Title

Words.

## Exercises

1. *Easy.* Why?

   ```{dropdown} Solution
   Because of `this`.
   ```

2. *Hard.* How many?

   ````{dropdown} Solution
   ```python
   import math

   # Twice two.
   answer = math.factorial(2) * 2

   # check
   assert answer == 4
   ```

   Four.
   ````

## What would change our mind

Nothing.
"""
CHAPTERS = Project(ROOT).chapters
REFERENCES = [one for chapter in CHAPTERS.values() for one in exercises(chapter)]


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "05_a.md"
    path.write_text(CHAPTER)
    return Chapter("05_a", path)


@pytest.fixture
def notebook():
    cells = [nbformat.v4.new_markdown_cell(CHAPTER), nbformat.v4.new_code_cell("1 + 1", execution_count=1)]
    cells.append(nbformat.v4.new_markdown_cell("No exercise."))
    cells[1].outputs = [nbformat.v4.new_output("stream", text="2")]
    return json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))


def test_the_book_has_exercises_with_tests():
    assert len(REFERENCES) >= 2


@pytest.mark.parametrize("exercise", REFERENCES, ids=lambda one: f"{one.stem}-{one.number}")
def test_each_solution_passes_its_test_and_no_answer_does_not(exercise):
    assert passes(exercise, exercise.solution, ROOT)
    assert not passes(exercise, exercise.open, ROOT)
    assert not passes(exercise, "", ROOT)


def test_a_solution_with_code_is_cut_into_start_answer_and_check(chapter):
    (one,) = exercises(chapter)
    assert (one.stem, one.number) == ("05_a", "2")
    assert one.start == "import math\n\n# Twice two.\n"
    assert one.solution.strip().endswith("answer = math.factorial(2) * 2")
    assert one.check == "assert answer == 4\n"
    assert one.open.endswith("# Twice two.\nanswer = ...  # yours")


def test_solutions_go_and_all_else_stays():
    assert without_solutions(CHAPTER) == (
        "# Title\n\nWords.\n\n## Exercises\n\n1. *Easy.* Why?\n\n2. *Hard.* How many?\n\n"
        "## What would change our mind\n\nNothing.\n"
    )


def test_a_worksheet_has_a_cell_for_each_answer_and_shows_nothing_of_the_solutions(chapter, notebook):
    made = worksheet(notebook, chapter)
    nbformat.validate(nbformat.from_dict(made))
    assert answers(made) == {"1": "", "2": "import math\n\n# Twice two.\nanswer = ...  # yours"}
    text = json.dumps(made)
    assert not [word for word in ("factorial", "Because", "Solution", '"2"]') if word in text]
    assert all(not cell["outputs"] for cell in made["cells"] if cell["cell_type"] == "code")
    kinds = [(cell["cell_type"], "".join(cell["source"])[:12]) for cell in made["cells"]]
    assert kinds[1:3] == [("markdown", "1. *Easy.* W"), ("code", "")]
    assert kinds[5][1].startswith("## What")


def test_the_student_edition_keeps_outputs_in_the_book_and_not_in_the_worksheet(chapter, notebook):
    shown, work = student_edition({"05_a": json.dumps(notebook).encode()}, {"05_a": chapter})
    assert b"Solution" not in shown["05_a"]
    assert b'"stream"' in shown["05_a"]
    assert b'"stream"' not in work["05_a"]


def test_answers_are_checked_from_the_worksheets(tmp_path, capsys):
    assert command.main(["--reference"]) == 0
    assert "not yet" not in capsys.readouterr().out
    first = REFERENCES[0]
    cell = {"metadata": {"exercise": first.number}, "source": first.solution}
    (tmp_path / f"{first.stem}.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert command.main([str(tmp_path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert f"{first.stem}, exercise {first.number}: right" in said
    assert sum(line.endswith("not yet") for line in said) == len(REFERENCES) - 1


def test_folders_and_files_that_are_no_worksheets_are_one_line(tmp_path, capsys):
    assert command.main([str(tmp_path / "gone")]) == 2
    assert "make student" in capsys.readouterr().err
    (tmp_path / f"{REFERENCES[0].stem}.ipynb").write_text("{")
    assert command.main([str(tmp_path)]) == 2
    assert "is no notebook" in capsys.readouterr().err


# Solutions that go on from the end of their chapter, at the parameters of the smoke profile


def test_solutions_hold_no_call_outside_the_blocks_that_are_executed():
    found = [one for chapter in CHAPTERS.values() for one in solutions(chapter)]
    prose = [re.sub(r"```python.*?```", "", one, flags=re.S) for one in found]
    assert len(prose) >= 30
    assert [one for one in prose if re.search(r"`[\w.]+\([^`]*\)`", one)] == []


def test_parameters_that_solutions_name_are_found(chapter):
    source = CHAPTER.replace("Because of `this`.", "Run it with `k=3`, or `other=4`, or `texts=a|b`.")
    chapter.path.write_text("```{code-cell}\n:tags: [parameters]\nk: int = 1\ntexts: str = 'x'\n```\n" + source)
    assert solution_runs(Chapter("05_a", chapter.path)) == [("1", "k=3"), ("1", "texts=a|b")]


def executed(monkeypatch, capsys, root, stem, parameters=""):
    monkeypatch.setattr(run, "render", lambda site: False)
    order = ["chapter", stem, "--profile", "smoke", "--parameters", parameters, "--root", str(root)]
    assert run.main(order) == 0, capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("stem", [stem for stem, chapter in CHAPTERS.items() if solution_code(chapter)])
def test_all_code_of_solutions_runs_at_the_end_of_its_chapter(stem, tmp_path, monkeypatch, capsys):
    for name in ("analysis", "data", "_toc.yml", "constraints.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "book").mkdir()
    for chapter in CHAPTERS.values():
        shutil.copy(chapter.path, tmp_path / "book")
    shutil.copytree(ROOT / "book" / "profiles", tmp_path / "book" / "profiles")
    cells = "".join(f"\n```{{code-cell}}\n{code}```\n" for _, code in solution_code(CHAPTERS[stem]))
    path = tmp_path / "book" / f"{stem}.md"
    path.write_text(path.read_text(encoding="utf-8") + cells, encoding="utf-8")
    executed(monkeypatch, capsys, tmp_path, stem)


MORE = {"tags=all": "n_texts=150 n_words=120 n_scans=60"}  # where the texts of the smoke profile are too few


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stem", "parameters"),
    [(stem, given) for stem, chapter in CHAPTERS.items() for _, given in solution_runs(chapter)],
)
def test_chapters_run_with_the_parameters_that_solutions_ask_for(stem, parameters, monkeypatch, capsys):
    executed(monkeypatch, capsys, ROOT, stem, f"{parameters} {MORE.get(parameters, '')}")
