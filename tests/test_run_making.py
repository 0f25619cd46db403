"""The page that says how the book was made, from the record of a run."""

import json
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))

from driver.making import making_page

from analysis import claim_records, declarations
from analysis.claim_records import Control
from analysis.claims import not_measured

PAGE = "# How\n\n% record\n\nEnd.\n"
CHAPTER = {"status": "cached", "seconds": 61.4, "peak_memory_mb": 1234.5, "inputs_hash": "0123456789abcdef"}
RECORD = {
    "profile": "default",
    "chapters": {
        "03_networks": CHAPTER | {"parameters": {"texts": "a|b", "k": 10}},
        "04_recurrence": CHAPTER | {"status": "executed", "parameters": {}},
        "05_inhibition": CHAPTER | {"parameters": {}},
    },
    "versions": {"numpy": "2.1"},
    "commit": {"id": "abcdef0123456789", "dirty": True},
    "machine": {"system": "Linux", "architecture": "x86_64", "cpus": 2, "memory_gb": 8.1, "threads": 1},
}


def figure(*kinds):
    outputs = [{"data": dict.fromkeys(kinds, "")}]
    return {"cell_type": "code", "metadata": {"mystnb": {"figure": {"name": "fig"}}}, "outputs": outputs}


@pytest.fixture
def page(tmp_path):
    claim = next(iter(declarations.load(ROOT / declarations.DECLARED).values()))
    record = json.loads(claim_records.to_json([not_measured(claim)]))["claims"][0]
    controls = [vars(Control("same size", 100, 0.01)), vars(Control("untrained", 0))]
    record |= {"chapter": "03_networks", "verdict": "supported", "controls": controls}
    claims = tmp_path / "claims.json"
    claims.write_text(json.dumps({"claims": [record]}))
    injected = {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "outputs": []}
    cells = [{"cell_type": "markdown"}, injected, figure("image/png", "text/csv"), figure("image/png")]
    notebooks = {"03_networks": {"cells": cells}, "04_recurrence": {"cells": cells[:2]}}
    written = {stem: json.dumps(content).encode() for stem, content in notebooks.items()}
    return lambda **changed: making_page(PAGE, RECORD | changed, written, claims)


def test_each_chapter_of_this_book_has_time_memory_counts_and_a_short_hash(page):
    assert "| {doc}`chapter 3 <03_networks>` | 61 | 1,234 | 2 | 2 | 1 | 1 | 2 | `0123456789ab` |" in page()
    assert "| {doc}`chapter 4 <04_recurrence>` | 61 | 1,234 | 0 | 0 | 0 | 0 | 0 | `0123456789ab` |" in page()
    assert "05_inhibition" not in page()
    assert "2 chapters, 123 s" in page()


def test_parameters_versions_commit_and_machine_are_told(page):
    assert "| `texts` | `a\\|b` |\n| `k` | `10` |" in page()
    assert ":::{dropdown} 04 recurrence\nNone.\n:::" in page()
    assert "| numpy | 2.1 |" in page()
    assert "`abcdef012345`, with changes that are not committed" in page()
    assert "2 processors, 8.1 GB of memory" in page()
    assert "no version control" in page(commit=None)
    assert page().endswith("End.\n")


def test_the_page_does_not_change_where_a_chapter_only_comes_from_the_cache(page):
    cached = {stem: one | {"status": "cached"} for stem, one in RECORD["chapters"].items()}
    assert page() == page(chapters=cached)


def test_a_run_without_a_record_of_claims_has_none(page, tmp_path):
    (tmp_path / "claims.json").unlink()
    assert "| 2 | 2 | 1 | 0 | 0 |" in page()
