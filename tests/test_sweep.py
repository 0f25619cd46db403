"""`make sweep`, on a project of one small chapter."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))

import run  # noqa: E402
from driver import sweep as driver  # noqa: E402
from driver import sweep_page  # noqa: E402
from driver.chapters import Project  # noqa: E402
from test_parallel import address  # noqa: E402, F401 (a fixture)

HEAD = "---\nkernelspec: {name: python3, display_name: Python 3}\n"
NEEDED = (
    HEAD
    + """---

# Base

```{code-cell}
:tags: [parameters]
seed: int = 0  # of all
```

```{code-cell}
from pathlib import Path

with Path("started").open("a") as log:
    log.write(f"base {seed}\\n")
```
"""
)
CHAPTER = (
    HEAD
    + """needs: ["01"]
---

# Sums

```{code-cell}
:tags: [parameters]
n: int = 5  # how many
model: str = "a"  # whose
seed: int = 0  # of all
```

```{code-cell}
import os
import time
from pathlib import Path

import pandas as pd

from analysis import results
from analysis.errors import InputError

if n > 90:
    raise InputError(f"n is {n}: give less")
assert n >= 0, "negative"
with Path("started").open("a") as log:
    log.write(f"{n} {model} {seed}\\n")
while Path("wait").exists() and f"{n} {model}" in Path("wait").read_text().splitlines():
    time.sleep(0.1)
out = Path(os.environ["FMRI_LM_RUN"], os.environ["FMRI_LM_CHAPTER"])
results.save_table(out, "sums", pd.DataFrame({"part": ["x", "y"], "sum": [n, n + seed], "model of": model}))
effect = {"id": ["sum"], "site": ["mlp_output"], "estimate": [n + 0.5], "ci_low": [n], "ci_high": [n + 1]}
results.save_table(out, "claims", pd.DataFrame(effect | {"unit": "numbers", "verdict": "supported"}))
```
"""
)
OVER = 'chapter: "02"\nparameters: {seed: 7}\nover: {n: [1, 2], model: [a, b]}\n'


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "study"
    files = {
        "book/01_base.md": NEEDED,
        "book/02_sums.md": CHAPTER,
        "book/03_mute.md": HEAD + "---\n\n# Mute\n\n```{code-cell}\n:tags: [parameters]\nn: int = 1\n```\n",
        "book/profiles/default.yml": "all: {}\n",
        "book/profiles/large.yml": "all: {seed: 3}\n",
        "_toc.yml": "format: jb-book\nroot: book/intro\nchapters:\n"
        + "".join(f"  - file: book/{name}.ipynb\n" for name in ("01_base", "02_sums", "03_mute")),
        "_build/kernel/matplotlib/fontlist-none.json": "",
        "many.yml": OVER,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def unrendered(monkeypatch):
    """Leave Jupyter Book out, for speed: the page is its source."""

    def render(project, html, work, text, files):
        html.mkdir(parents=True, exist_ok=True)
        (html / "index.html").write_text(text)
        for name, content in files.items():
            (html / name).write_bytes(content)

    monkeypatch.setattr(sweep_page, "render_page", render)


def sweep(project, *more, name="many.yml"):
    return run.main(["sweep", str(project / name), "--root", str(project), *more])


def started(project):
    path = project / "started"
    return path.read_text().splitlines() if path.exists() else []


def table(project, name="many"):
    return pd.read_csv(project / "_build/sweeps" / name / "table.csv", dtype=str, keep_default_na=False)


def test_every_combination_is_a_run_of_its_own_and_all_are_one_table(project, unrendered, capsys):
    assert sweep(project) == 0
    found = table(project)
    assert list(found.columns) == ["n", "model", "run", "table", "row", "column", "value"]
    sums = found[(found["table"] == "sums") & (found["column"] == "sum")]
    assert list(zip(sums["n"], sums["model"], sums["row"], sums["value"], strict=True)) == [
        (n, model, part, value)
        for n in "12"
        for model in "ab"
        for part, value in (("x", n), ("y", str(int(n) + 7)))  # the seed is the same in all
    ]
    assert set(found.loc[found["column"] == "status", "value"]) == {"executed"}
    assert found["run"].nunique() == 4
    assert all((project / "_build/runs" / name / "run.json").exists() for name in found["run"].unique())
    assert started(project).count("base 7") == 1  # what all need is executed once
    page = (project / "_build/sweeps/many/html/index.html").read_text()
    assert "at 4 combinations of n and model; 4 of them finished" in page
    assert "| sum | 2 | b | 2.5 | \\[2, 3\\] | numbers | supported |" in page
    assert (project / "_build/sweeps/many/html/estimates.svg").read_text().count("<svg") == 1
    capsys.readouterr()
    assert sweep(project) == 0
    assert "4 cells, 4 finished before" in capsys.readouterr().out
    assert len(started(project)) == 5


def test_a_cell_is_the_run_that_make_chapter_would_give(project, unrendered, monkeypatch):
    (project / "many.yml").write_text('chapter: "02"\nover: {n: [4]}\n')
    assert sweep(project, "--profile", "large") == 0
    monkeypatch.setattr(run, "render", lambda site: True)
    arguments = ["chapter", "2", "--profile", "large", "--parameters", "n=4", "--root", str(project)]
    assert run.main(arguments) == 0
    assert [path.name for path in (project / "_build/runs").iterdir()] == [table(project)["run"].iloc[0]]
    assert started(project) == ["base 3", "4 a 3"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for leftover processes in /proc")
def test_a_killed_sweep_goes_on_with_the_cell_that_it_was_at(project, unrendered):
    (project / "wait").write_text("2 a\n")
    command = [sys.executable, str(ROOT / "book/run.py"), "sweep", str(project / "many.yml"), "--root", str(project)]
    process = subprocess.Popen([*command, "--jobs", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while "2 a 7" not in started(project):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    while any(f"FMRI_LM_RUN={project}".encode() in environment for environment in environments()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (project / "wait").unlink()
    before = started(project)
    assert sweep(project) == 0
    assert sorted(started(project)[len(before) :]) == ["2 a 7", "2 b 7"]
    assert table(project).query("column == 'status'")["value"].tolist() == ["executed"] * 4


def environments():
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and path.name != str(os.getpid()):
            try:
                yield (path / "environ").read_bytes()
            except OSError:
                continue


@pytest.mark.parametrize("case", [(99, 2, "InputError: n is 99"), (-1, 1, "AssertionError: neg")])
def test_a_cell_that_fails_is_named_and_the_others_are_kept(project, unrendered, capsys, case):
    value, code, error = case
    (project / "many.yml").write_text(f'chapter: "02"\nover: {{n: [1, {value}]}}\n')
    assert sweep(project) == code
    said = capsys.readouterr().err
    assert f"n={value}: {error}" in said
    assert said.count("\n") == 1
    assert table(project).query("column == 'status'")["value"].tolist() == ["executed", "failed"]
    page = (project / "_build/sweeps/many/html/index.html").read_text()
    assert error in page


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("over: {n: [1]}", "names no chapter"),
        ("[1, 2]", "names no chapter"),
        ("chapter: [", "many.yml:"),
        ('chapter: "07"\nover: {n: [1]}', "there is no chapter '07'"),
        ('chapter: "03"\nover: {n: [1]}', "03_mute saves no table and no claim"),
        ('chapter: "02"\nover: {n: [1]}\novr: {}', "there is no key 'ovr' (did you mean over?)"),
        ('chapter: "02"', "'over' gives no parameter that varies"),
        ('chapter: "02"\nover: {}', "'over' gives no parameter that varies"),
        ('chapter: "02"\nover: {n: []}', "n must have a list of at least one value, and '[]' is none"),
        ('chapter: "02"\nover: {n: 3}', "n must have a list of at least one value, and '3' is none"),
        ('chapter: "02"\nover: {n: [1, 2, 1]}', "n is 1 twice"),
        ('chapter: "02"\nover: {m: [1]}', "has no parameter 'm'"),
        ('chapter: "02"\nover: {n: [many]}', "n must be int, and 'many' is not"),
        ('chapter: "02"\nparameters: {n: x}\nover: {seed: [1]}', "n must be int, and 'x' is not"),
        ('chapter: "02"\nparameters: {n: 1}\nover: {n: [1]}', "'n' stands in both 'parameters' and 'over'"),
        ('chapter: "02"\nparameters: [n]\nover: {n: [1]}', "'parameters' must give each name a value"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(project, capsys, content, message):
    (project / "many.yml").write_text(content)
    assert sweep(project) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (project / "_build/runs").exists()


def test_a_file_that_is_not_there(project, capsys):
    assert sweep(project, name="none.yml") == 2
    assert "none.yml" in capsys.readouterr().err


@pytest.mark.slow
def test_cells_go_to_a_cluster_and_give_the_same_table(project, unrendered, monkeypatch, address):  # noqa: F811
    assert sweep(project) == 0
    here = table(project).query("table != 'cell'")
    shutil.rmtree(project / "_build/sweeps")
    shutil.rmtree(project / "_build/runs")
    shutil.rmtree(project / "_build/cache")
    monkeypatch.setenv("SCHEDULER", address)
    done = []
    monkeypatch.setattr(driver, "execute_cell", lambda *_: done.append("here"))
    assert sweep(project) == 0
    assert not done
    assert table(project).query("table != 'cell'").equals(here)
    assert len(started(project)) == 10


@pytest.mark.parametrize("path", sorted((ROOT / "book" / "sweeps").glob("*.yml")), ids=lambda path: path.stem)
def test_our_sweeps_fit_our_chapters(path):
    found = driver.read_sweep(Project(ROOT), path, "default")
    assert len(found.cells) == len({cell.run.folder for cell in found.cells}) > 1
    assert json.dumps(found.cells[0].varied)
