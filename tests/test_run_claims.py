"""From the claims that chapters save to `claims.json` and to the page of claims."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))

import run
from driver.cache import Entry
from driver.chapters import Project
from driver.claims_page import claims_page
from driver.execution import Outcome, Run, Task
from driver.record import write_claims
from driver.results import add_measured

from analysis import claims, results
from analysis.errors import InputError
from analysis.inference import Interval

HEAD = "---\nkernelspec: {name: python3, display_name: Python 3}\n---\n\n"
CHAPTER = (
    HEAD
    + """# Inhibition

```{code-cell} python
:tags: [parameters]
high: float = 0.4  # end of the interval
```

```{code-cell} python
import os
from pathlib import Path

import numpy as np

from analysis import claims
from analysis.inference import Interval

effect = claims.Effect(Interval(0.3, 0.2, high), 12, np.linspace(-0.1, 0.1, 99))
made = claims.measure_family({"it-rises": effect}, model="data/teaching-model", site="mlp_activation")
claims.save(Path(os.environ["FMRI_LM_RUN"], os.environ["FMRI_LM_CHAPTER"]), made)
```

(claim-it-rises)=
It rises.
"""
)
FIELDS = {
    "kind": "paper",
    "source": "liu2025functional, somewhere (read)",
    "estimand": "change of |it|",
    "over": "texts",
    "unit": "bits",
    "control": "random sets",
    "family": "lesions",
    "smallest_effect": 0.1,
    "because": "less would be nothing",
    "sites": ["mlp_activation", "mlp_output"],
    "needs_specificity": False,
}
CLAIMS = [
    {"id": "it-rises", "statement": "It rises.", "chapter": "05", "direction": "up"},
    {"id": "it-falls", "statement": "It falls.", "chapter": "05", "direction": "down"},
    {"id": "it-moves", "statement": "It moves.", "chapter": "06", "direction": "either"},
    {"id": "it-stays", "statement": "It stays.", "chapter": "09", "direction": "up", "kind": "ours"},
]


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = tmp_path / "study"
    declared = {
        "controls": {"random sets": "as many neurons"},
        "families": {"lesions": "…"},
        "claims": [FIELDS | claim for claim in CLAIMS],
    }
    files = {
        "data/claims.yml": yaml.safe_dump(declared),
        "book/05_inhibition.md": CHAPTER,
        "book/06_more.md": HEAD + "# More\n\n```{code-cell} python\n1\n```\n",
        "book/intro.md": "# Intro\n\nSee {doc}`claims`.\n",
        "book/profiles/default.yml": "all: {}\n",
        "_toc.yml": """
format: jb-book
root: book/intro
parts:
  - caption: At a glance
    chapters: [{file: book/claims}]
  - caption: Chapters
    numbered: true
    chapters: [{file: book/05_inhibition.ipynb}, {file: book/06_more.ipynb}]
  - caption: Back matter
    chapters: [{file: book/bibliography}]
""",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name in ("book/claims.md", "book/references.bib", "book/bibliography.md", "_config.yml"):
        shutil.copy(ROOT / name, root / name)
    monkeypatch.chdir(root)
    return root


def effect(estimate, n=12):
    return claims.Effect(Interval(estimate, estimate - 0.1, estimate + 0.1), n, np.linspace(-0.05, 0.05, 99))


def saved(run, stem, site="mlp_activation", **estimates):
    effects = {name.replace("_", "-"): effect(value) for name, value in estimates.items()}
    claims.save(run.artifacts / stem, claims.measure_family(effects, model="data/teaching-model", site=site))


def outcomes(project, **entries):
    """One outcome a chapter: whole where it has an entry."""
    return [
        Outcome(Task(chapter, {}, "key", ()), "executed" if whole else "failed", Entry(Path(), 1, 1) if whole else None)
        for chapter in project.chapters.values()
        if (whole := entries.get(f"ch{chapter.number}")) is not None
    ]


def collected(run, profile="default", **entries):
    path = run.folder / "claims.json"
    write_claims(path, run, profile, outcomes(run.project, **entries))
    return json.loads(path.read_text())["claims"]


def a_run(root):
    return Run(Project(root), root / "_build")


def test_every_declared_claim_is_there_in_order_measured_or_with_a_reason(root):
    run = a_run(root)
    saved(run, "05_inhibition", site="mlp_output", it_falls=-0.3, it_rises=0.2)
    saved(run, "05_inhibition", it_rises=0.3)
    records = collected(run, profile="smoke", ch5=True, ch6=True)
    found = [(one["id"], one["site"], one["verdict"]) for one in records]
    assert found == [
        ("it-rises", "mlp_activation", "supported"),
        ("it-rises", "mlp_output", "supported"),
        ("it-falls", "mlp_output", "supported"),
        ("it-moves", "", "not measured in this run"),
        ("it-stays", "", "not measured in this run"),
    ]
    assert {one["profile"] for one in records} == {"smoke"}
    assert [one["chapter"] for one in records] == ["05_inhibition"] * 3 + ["06_more", "09"]
    reasons = [one["reason"] for one in records[3:]]
    assert reasons == ["its chapter did not measure it", "its chapter is not in this book"]


def test_a_failed_chapter_leaves_its_claims_out_even_if_older_ones_lie_there(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3)
    assert [one["id"] for one in collected(run, ch5=False, ch6=True)] == ["it-moves", "it-stays"]


def test_a_run_of_one_chapter_says_what_is_not_part_of_it(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3)
    records = collected(run, ch5=True)
    assert [one["reason"] for one in records if one["id"] == "it-moves"] == ["its chapter is not part of this run"]


def test_the_same_run_gives_the_same_file(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3, it_falls=-0.2)
    collected(run, ch5=True, ch6=True)
    first = (run.folder / "claims.json").read_bytes()
    shutil.rmtree(run.artifacts)
    saved(run, "05_inhibition", it_falls=-0.2)
    saved(run, "05_inhibition", it_rises=0.3)
    assert len(collected(run, ch5=True, ch6=True)) == 4
    again = json.loads((run.folder / "claims.json").read_text())["claims"]
    for one, other in zip(json.loads(first)["claims"], again, strict=True):
        assert one | {"p_corrected": 0} == other | {"p_corrected": 0}  # the family was another, the order is the same


def test_a_project_without_declarations_has_no_claims(root):
    (root / "data/claims.yml").unlink()
    run = a_run(root)
    write_claims(run.folder / "claims.json", run, "default", [])
    assert not (run.folder / "claims.json").exists()


def test_a_claim_that_is_no_longer_declared_is_one_line(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3)
    path = run.artifacts / "05_inhibition" / "claims.json"
    path.write_text(path.read_text().replace("it-rises", "it-was"))
    with pytest.raises(InputError, match=r"05_inhibition measured 'it-was', which claims.yml does not declare"):
        collected(run, ch5=True, ch6=True)


def page(root, chapters=("05_inhibition", "06_more")):
    text = (root / "book/claims.md").read_text()
    return claims_page(text, Project(root), root / "_build/claims.json", chapters)


def test_the_page_shows_numbers_controls_verdict_and_links_to_the_paragraph(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3, it_falls=0.3)
    collected(run, ch5=True, ch6=True)
    text = page(root)
    assert "% claims" not in text
    rises, falls, moves, stays = re.split(r"\(about-it-", text)[1:]
    assert "{ref}`chapter 5 <claim-it-rises>`: the teaching model, `mlp_activation`, 12 texts" in rises
    assert "+0.30 [+0.20, +0.40] bits" in rises
    assert re.search(r"✓ random sets \(p = 0\.010, corrected 0\.0\d\d; 99 draws\)", rises)
    assert '<span class="verdict supported">supported</span>' in rises
    assert "{cite:t}`liu2025functional`, somewhere (read)." in rises
    assert "±0.1, because less would be nothing" in rises
    # It went the other way: drawn to the left, and said so.
    assert "{doc}`chapter 5 <05_inhibition>`" in falls
    assert "✗ random sets" in falls
    assert "not supported" in falls
    positions = [float(re.search(r'circle cx="([\d.]+)"', part)[1]) for part in (rises, falls)]
    assert positions[0] > 100 > positions[1]
    assert sum(positions) == pytest.approx(200, abs=0.2)
    assert "[not measured in this run]{.verdict}: its chapter did not measure it." in moves
    assert "*(ours)*" in stays
    assert "Of 4 declared claims: 1 supported, 1 not supported, 2 not measured in this run." in text
    assert "## Chapter 9 (not in this book yet)" in text
    assert "random sets\n: as many neurons." in text


def test_intervals_share_an_axis_on_which_small_effects_are_even(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3, it_moves=-40.0)
    collected(run, ch5=True, ch6=True)
    rises, _, moves, _ = re.split(r"\(about-it-", page(root))[1:]
    bands = [
        re.search(r'rect class="small" x="([\d.]+)" y="0" width="([\d.]+)"', part).groups() for part in (rises, moves)
    ]
    assert bands[0] == bands[1]
    assert float(bands[0][0]) + float(bands[0][1]) / 2 == pytest.approx(100, abs=0.1)
    assert 0 < float(re.search(r'circle cx="([\d.]+)"', moves)[1]) < 15


@pytest.mark.parametrize("content", [None, "{", '{"claims": [{"id": "it-rises"}]}'])
def test_the_page_says_that_nothing_was_measured(root, content):
    if content:
        (root / "_build").mkdir()
        (root / "_build/claims.json").write_text(content)
    text = page(root)
    assert "This build has no record of measured claims" in text
    assert text.count("[not measured in this run]{.verdict}.") == 4


def test_links_lead_only_to_chapters_that_are_there(root):
    run = a_run(root)
    saved(run, "05_inhibition", it_rises=0.3)
    collected(run, ch5=True)
    text = page(root, chapters=())
    assert "chapter 5: the teaching model" in text
    assert "{ref}" not in text


def test_the_deep_tier_stands_beside_and_says_when_it_is_out_of_date(root):
    made = {"command": "make results NAMES=deep", "seconds": 60, "files": {}}
    for name, files in (("deep", {}), ("old", {"data/claims.yml": "0000"})):
        measured = claims.measure_family({"it-rises": effect(0.5, 300)}, model="../shared/tiny|x", site="mlp_output")
        claims.save(root / "made", measured)
        results.save_table(root / "made", "claims", claims.overview(measured))  # for the chapter's readers
        add_measured(root / "made")
        results.keep(name, root / "made" / "tables", made | {"files": files}, root / results.STORE)
    rows = [line for line in page(root).splitlines() if line.startswith("| deep tier")]
    assert [re.split(": ", row)[0] for row in rows] == ["| deep tier, *deep*", "| deep tier, *old (out of date)*"]
    assert all(r"tiny\|x, `mlp_output`, 300 texts" in row for row in rows)


def test_stored_claims_that_are_no_longer_declared_do_not_stop_the_book(root):
    claims.save(root / "made", claims.measure_family({"it-rises": effect(0.5)}, model="m", site="mlp_output"))
    add_measured(root / "made")
    made = {"command": "make results NAMES=deep", "seconds": 60, "files": {}}
    results.keep("deep", root / "made" / "tables", made, root / results.STORE)
    path = root / "data/claims.yml"
    path.write_text(path.read_text().replace("it-rises", "it-climbs"))
    assert "| deep tier" not in page(root)


def test_our_page_has_its_mark_and_its_place():
    assert (ROOT / "book/claims.md").read_text().count("\n% claims\n") == 1
    assert "book/claims\n" in (ROOT / "_toc.yml").read_text()


@pytest.mark.slow
def test_a_book_with_claims_is_rendered_without_a_warning_and_again_when_they_change(root, capsys):
    shutil.copytree(ROOT / "_ext", root / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
    assert run.main(["book", "--root", str(root)]) == 0
    html = (root / "_build/html/book/claims.html").read_text()
    assert 'href="05_inhibition.html#claim-it-rises"' in html
    assert '<svg class="forest"' in html
    assert "+0.30 [+0.20, +0.40] bits" in html
    first = (root / "_build/claims.json").read_bytes()

    # From the cache: the same claims, the same pages.
    shutil.rmtree(root / "_build/artifacts")
    assert run.main(["book", "--root", str(root)]) == 0
    assert (root / "_build/claims.json").read_bytes() == first
    assert "pages unchanged" in capsys.readouterr().out

    chapter = root / "book/05_inhibition.md"
    chapter.write_text(chapter.read_text().replace("high: float = 0.4", "high: float = 0.5"))
    assert run.main(["book", "--root", str(root)]) == 0
    assert "+0.30 [+0.20, +0.50] bits" in (root / "_build/html/book/claims.html").read_text()

    # A run with parameters of its own has claims of its own.
    assert run.main(["chapter", "5", "--parameters", "high=0.6", "--root", str(root)]) == 0
    folder = next((root / "_build/runs").iterdir())
    record = json.loads((folder / "claims.json").read_text())["claims"][0]
    assert (record["ci_high"], record["profile"]) == (0.6, folder.name)

    chapter.write_text(chapter.read_text().replace("import os", "1 / 0"))
    assert run.main(["book", "--root", str(root)]) == 1
    left = json.loads((root / "_build/claims.json").read_text())["claims"]
    assert [one["id"] for one in left] == ["it-moves", "it-stays"]
