"""The page on trust, made from the tables of audits."""

import json
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))

from driver.trust_page import TABLES, trust_page

PAGE = "# Trust\n\n% audits\n"


@pytest.fixture
def write(tmp_path):
    def write(name, **changed):
        record = {
            "does": "Breaks things",
            "command": f"python -m audit {name}",
            "date": "2026-01-02",
            "commit": "0123abc",
            "seconds": 120,
            "machine": "2 processors",
            "summary": {"tried": 3},
            "faults": [],
            "rows": [{"fault": "a|b <script>", "outcome": "equal"}],
        }
        (tmp_path / TABLES).mkdir(parents=True, exist_ok=True)
        (tmp_path / TABLES / f"{name}.json").write_text(json.dumps(record | changed))
        return trust_page(PAGE, tmp_path)

    return write


def test_a_table_says_how_it_was_made_and_its_text_stays_text(write):
    text = write("kill")
    assert "`python -m audit kill` on 2026-01-02, at commit `0123abc`, in 2 min; 2 processors." in text
    assert r"| a\|b \<script\> | equal |" in text
    assert "| tried | 3 |" in text
    assert "Not as it should be" not in text


def test_faults_are_shown_and_long_tables_are_folded(write):
    text = write("kill", faults=["it broke"], rows=[{"n": n} for n in range(200)])
    assert "- it broke" in text
    assert "{dropdown} All rows (the first 100 of 200)" in text
    assert "| 99 |" in text
    assert "| 100 |" not in text


def test_what_is_missing_or_damaged_names_the_command(write, tmp_path):
    write("kill")
    (tmp_path / TABLES / "load.json").write_text("{")
    text = trust_page(PAGE, tmp_path)
    assert "No table is stored with this book. Make it: `make audit NAMES=fuzz`." in text
    assert "is damaged. Make it anew: `make audit NAMES=load`." in text


def test_the_stored_tables_can_be_shown():
    text = trust_page((ROOT / "book/trust.md").read_text(), ROOT)
    assert "is damaged" not in text
    assert "% audits" not in text
