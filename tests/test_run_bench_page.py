"""The page of benchmarks, made from the stored record."""

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))

from driver.bench_page import KEPT, bench_page

from analysis import results

PAGE = "# Benchmarks\n\n% benchmarks\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bench").mkdir()
    Path("bench/sums.py").write_text("1 + 1\n")
    files = results.fingerprint([Path("bench/sums.py")])
    record = {
        "machine": {"processors": 2, "processor": "A|B", "architecture": "x86_64", "memory_gb": 8.1, "threads": 2},
        "date": "2026-01-02",
        "versions": {"numpy": "2.0"},
        "benchmarks": [
            {
                "name": "some_sums",
                "does": "Adds numbers",
                "ours": 2.0,
                "peer": 8.0,
                "peer_name": "by hand",
                "floor": 0.0,
                "ratio": 4.0,
                "unit": "s",
                "agreement": 0.5,
                "agreement_name": "largest difference",
                "details": {"n": 12_345, "by_size": {"small": 0.25}},
                "files": files,
            }
        ],
    }
    path = tmp_path / KEPT
    path.write_text(json.dumps(record))
    return tmp_path


def test_ours_the_peer_and_the_floor_are_shown_with_machine_and_day(root):
    page = bench_page(PAGE, root)
    assert "2026-01-02" in page
    assert r"A\|B" in page
    for row in ("| ours | this project | 2 |", "| peer | by hand | 8 |", "| floor | what nothing can go below | 0 |"):
        assert row in page
    assert "**4.00** times ours" in page
    assert "\nAdds numbers.\n" in page
    assert "12,345" in page
    assert "small 0.25" in page
    assert "Out of date" not in page
    assert 'aria-label="ours 2, peer 8, floor 0 s"' in page


def test_a_benchmark_is_marked_when_its_code_has_changed_or_gone(root):
    (root / "bench" / "sums.py").write_text("2 + 2\n")
    assert "*Out of date:* `bench/sums.py` changed since" in bench_page(PAGE, root)
    (root / "bench" / "sums.py").unlink()
    assert "*Out of date:* `bench/sums.py`" in bench_page(PAGE, root)


@pytest.mark.parametrize("content", [None, "no JSON", "{}"])
def test_without_a_record_the_page_says_how_to_make_one(root, content):
    (root / KEPT).unlink()
    if content is not None:
        (root / KEPT).write_text(content)
    assert "make bench-record" in bench_page(PAGE, root)


def test_the_stored_record_holds_every_benchmark():
    path = ROOT / KEPT
    if not path.is_file():
        pytest.skip("no full run is stored")
    made = json.loads(path.read_text())
    names = {record["name"] for record in made["benchmarks"]}
    assert {"planner_time", "planner_memory", "attribution", "group_ica", "recording_overhead"} <= names
    assert all(record["files"] and record["does"] for record in made["benchmarks"])
