"""The lint of the chapters: a good one passes, each fault is told with its place."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))

import lint  # noqa: E402

GOOD = """---
kernelspec:
  name: python3
  display_name: Python 3
---

# A title

```{code-cell} python
:tags: [parameters]
k: int = 3  # number of networks
```

Prose. See {eq}`a` and {glue:text}`k`.

```{code-cell} python
from pathlib import Path

from analysis import plotting

x = len(list(Path().iterdir())) * k
x
```

```{code-cell} python
---
mystnb:
  figure: {name: fig-a, caption: A figure.}
  image: {alt: what is seen}
---
plotting.carpet(x)
```
"""


@pytest.fixture
def faults(tmp_path):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "book").mkdir()
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis/__init__.py").touch()
    path = tmp_path / "book/02_a.md"

    def find(text):
        path.write_text(text)
        return lint.lint_chapter(path, tmp_path)

    return find


def test_a_good_chapter_passes(faults):
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "fault"),
    [
        (
            "---\nkernelspec",
            "---\njupytext: {text_representation: {\n  jupytext_version: '1'}}\nkernelspec",
            1,
            "jupytext_version",
        ),
        ("# A title\n", "", 1, "no title"),
        ("Prose.", "Of `{glue:text}`model``.", 14, "{glue:text} inside a code span"),
        (":tags: [parameters]\n", "", 1, "0 cells are tagged parameters"),
        ("k: int = 3", "k = 3", 11, "'k = 3' is not of the form"),
        ("k: int = 3", "k: int = 'x'", 11, "default of k"),
        ("  # number of networks", "", 11, "k has no help"),
        ("x\n```", "def f(): ...\n```", 17, "cell 2: defines f"),
        ("x\n```", "x = 1\n" * 15 + "```", 17, "cell 2: 20 lines"),
        (", caption: A figure.", "", 31, "cell 3: a figure without mystnb.figure.caption"),
        ("  image: {alt: what is seen}\n", "", 30, "cell 3: a figure without mystnb.image.alt"),
        (
            "---\nmystnb:\n  figure: {name: fig-a, caption: A figure.}\n  image: {alt: what is seen}\n---\n",
            "",
            26,
            "mystnb.figure.name",
        ),
        ("x = len(", "import os\nx = len(", 21, "cell 2: F401"),
        ("iterdir())) * k", "iterdir())) * kk", 21, "cell 2: F821"),
        ("* k\nx\n", "* k\nx = (\n", 22, "cell 2: invalid-syntax"),
    ],
)
def test_a_fault_is_told_with_its_place(faults, old, new, line, fault):
    assert GOOD.count(old) >= 1
    found = faults(GOOD.replace(old, new, 1))
    assert any(one.startswith(f"book/02_a.md:{line}: ") and fault in one for one in found), found


@pytest.mark.parametrize(
    ("code", "drawn"),
    [
        ("fig", True),
        ("fig = plotting.carpet(x)", True),
        ("ax.set(title='a')\nplt.show()", True),
        ("plotting.carpet(x)\nplt.close()", False),
        ("plotting.use_style()", False),
        ("fig.axes", False),
        ("table = networks.table(x)", False),
    ],
)
def test_draws_looks_at_the_last_statement(code, drawn):
    assert lint.draws(lint.Cell(1, 1, code, {})) is drawn


def test_main_wants_every_chapter_in_the_contents(tmp_path, faults, capsys):
    faults(GOOD)
    (tmp_path / "_toc.yml").write_text("root: book/intro\n")
    assert lint.main(tmp_path) == 1
    assert "book/02_a.md:1: not in _toc.yml" in capsys.readouterr().out
    (tmp_path / "_toc.yml").write_text("chapters: [{file: book/02_a.ipynb}]\n")
    assert lint.main(tmp_path) == 0


def test_one_name_stands_for_one_place_in_the_book(tmp_path, faults, capsys):
    faults(GOOD)
    (tmp_path / "book/03_b.md").write_text(GOOD)
    (tmp_path / "_toc.yml").write_text("chapters: [{file: book/02_a.ipynb}, {file: book/03_b.ipynb}]\n")
    assert lint.main(tmp_path) == 1
    assert "is taken by book/02_a.md" in capsys.readouterr().out
