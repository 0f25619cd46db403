"""`make results`, on a project of one small chapter."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))

import run  # noqa: E402
from driver.chapters import Project  # noqa: E402
from driver.results import wanted_results  # noqa: E402

from analysis import claim_records, claims, declarations  # noqa: E402

CHAPTER = """---
kernelspec: {name: python3, display_name: Python 3}
---

# Sums

```{code-cell} python
:tags: [parameters]
n: int = 5  # how many
texts: str = "none"  # what to read
```

```{code-cell} python
import os
from pathlib import Path

import pandas as pd

from analysis import results

assert n < 100, "too many"
out = Path(os.environ["FMRI_LM_RUN"], os.environ["FMRI_LM_CHAPTER"])
results.save_table(out, "sums", pd.DataFrame({"n": [n], "sum": [n * (n + 1) // 2]}))
```
"""
RESULTS = """
large: {chapter: "01", parameters: {n: 50}}
theirs: {chapter: "01", parameters: {texts: ../absent.txt}}
broken: {chapter: "01", parameters: {n: 100}}
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "01_sums.md").write_text(CHAPTER)
    (tmp_path / "book" / "results.yml").write_text(RESULTS)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters: [{file: book/01_sums.ipynb}]\n")
    return tmp_path


def results_of(project, *names):
    return run.main(["results", *names, "--root", str(project)])


def test_tables_are_kept_with_what_made_them_and_the_second_time_comes_from_the_cache(project, capsys):
    assert results_of(project, "large") == 0
    folder = project / "data" / "results" / "large"
    assert (folder / "sums.csv").read_text() == "n,sum\n50,1275\n"
    made = json.loads((folder / "made.json").read_text())
    assert (made["command"], made["chapter"], made["parameters"]["n"]) == ("make results NAMES=large", "01_sums", 50)
    assert "book/01_sums.md" in made["files"]
    capsys.readouterr()
    assert results_of(project, "large") == 0
    assert "executing" not in capsys.readouterr().out


def test_measured_claims_are_kept_as_a_table_for_the_page_of_claims(project):
    declared = declarations.load(ROOT / "data" / "claims.yml")["networks-recur"]
    (project / "measured.json").write_text(claim_records.to_json([claims.not_measured(declared)]))
    copied = '(out / "claims.json").write_text(Path("measured.json").read_text())\n```\n'
    (project / "book" / "01_sums.md").write_text(CHAPTER.rstrip("`\n") + "\n" + copied)
    assert results_of(project, "large") == 0
    folder = project / "data" / "results" / "large"
    assert "networks-recur" in (folder / "measured.csv").read_text()
    assert (folder / "sums.csv").exists()


def test_what_is_absent_is_left_out_and_said(project, capsys):
    assert results_of(project, "theirs") == 0
    assert "theirs: left out, because ../absent.txt is not here" in capsys.readouterr().out
    (project.parent / "absent.txt").write_text("here now")
    assert results_of(project, "theirs") == 0
    made = json.loads((project / "data" / "results" / "theirs" / "made.json").read_text())
    assert "../absent.txt" in made["files"]


def test_a_failed_run_keeps_no_table(project, capsys):
    assert results_of(project, "broken") == 1
    assert "AssertionError: too many" in capsys.readouterr().err
    assert not (project / "data").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("large: {parameters: {n: 1}}", "large names no chapter"),
        ("large: [", "book/results.yml:"),
        ("large: {chapter: '07'}", "there is no chapter '07'"),
        ("large: {chapter: '01', parameters: {m: 1}}", "has no parameter 'm'"),
        ("other: {chapter: '01'}", "there is no result 'large'"),
    ],
)
def test_a_mistake_in_the_list_is_one_line(project, capsys, content, message):
    (project / "book" / "results.yml").write_text(content)
    assert results_of(project, "large") == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_every_entry_of_the_book_fits_its_chapter_and_one_takes_over_what_another_says():
    entries = {one.name: one.values for one in wanted_results(Project(ROOT), [])}
    assert entries["fmri-story"]["n_bootstrap"] == entries["fmri-haxby"]["n_bootstrap"] == 4
    assert entries["fmri-story"]["fmri"] != entries["fmri-haxby"]["fmri"]


@pytest.mark.parametrize("name", ["inhibition-mlp_output", "inhibition-stories260K"])
def test_what_chapter_5_says_in_words_of_its_stored_runs_is_so(name):
    verdict = pd.read_csv(ROOT / "data/results" / name / "claims.csv").set_index("id")["verdict"]
    assert verdict["inhibition-raises-perplexity"] == "weaker"
    assert verdict["inhibition-is-specific"] == "not supported"
    assert verdict["networks-dissociate"] == "inconclusive"


def test_what_chapter_4_says_in_words_of_its_stored_runs_is_so():
    beside = pd.read_csv(ROOT / "data/results/recurrence-stories260K/untrained.csv")
    assert (beside["difference_low"] <= 0).all()
    assert beside["difference_high"].iloc[-1] < 0
    *within, between = pd.read_csv(ROOT / "data/results/recurrence-mlp-output/untrained.csv").to_dict("records")
    assert all(row["difference_low"] > 0 for row in within)
    assert between["difference_high"] < 0
    for name in ("recurrence-stories260K", "recurrence-mlp-output"):
        controls = pd.read_csv(ROOT / "data/results" / name / "measured.csv")["controls"].map(json.loads)
        assert {control["draws"] for each in controls for control in each} == {20}


def test_what_chapter_7_says_in_words_of_its_stored_run_is_so():
    arms = pd.read_csv(ROOT / "data/results/key-neurons-stories260K/classifiers.csv", index_col="arm")
    assert arms.loc["key neurons, the paper's share", "estimate"] >= arms.loc["the paper's share, matched", "most"]
    assert arms.loc["key neurons, the paper's share", "low"] > arms.loc["the paper's share, matched", "estimate"]
