import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

from analysis import results
from analysis.errors import InputError

TABLE = pd.DataFrame({"network": [1, 2], "r": [1 / 3, 0.98765432]})


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("module.py").write_text("x = 1")
    return tmp_path / "store"


def kept(store, **made):
    results.save_table("run", "stability", TABLE)
    made = {"command": "make results NAMES=a", "seconds": 90, "files": results.fingerprint([Path("module.py")])} | made
    return results.keep("a", Path("run/tables"), made, store)


def test_of_a_chapter_only_its_code_decides(tmp_path):
    chapter = tmp_path / "chapter.md"
    cell = "```{code-cell} python\n---\nmystnb:\n  figure: {caption: As it was.}\n---\nx = 1\n```\n"
    seen = []
    for text in (cell, "Prose. " + cell.replace("As it was", "Other"), cell.replace("x = 1", "x = 2")):
        chapter.write_text("# Title\n\n" + text.replace("Prose. ", "Prose.\n\n"))
        seen += results.fingerprint([chapter]).values()
    assert seen[0] == seen[1] != seen[2]


def test_a_table_comes_back_with_what_made_it(store):
    kept(store)
    found = results.find("a", store)
    pd.testing.assert_frame_equal(found.table("stability"), TABLE.round(6), atol=1e-6)
    assert found.changed == []
    assert found.label == "make results NAMES=a (1.5 min; up to date)"
    with pytest.raises(InputError, match=r"has no table 'other'\. It has: stability"):
        found.table("other")


def test_a_changed_or_lost_module_marks_the_result_out_of_date(store):
    kept(store)
    Path("module.py").write_text("x = 2")
    found = results.find("a", store)
    assert found.changed == ["module.py"]
    assert "out of date: module.py changed since" in found.label
    Path("module.py").unlink()
    assert results.find("a", store).changed == ["module.py"]


def test_what_lies_outside_the_project_and_is_absent_is_not_judged(store):
    kept(store, files={"../elsewhere/texts.txt": "0123"})
    assert results.find("a", store).changed == []


def test_a_second_run_replaces_the_tables_of_the_first(store):
    kept(store)
    Path("run/tables/stability.csv").unlink()
    results.save_table("run", "templates", TABLE.set_index("network"))
    folder = results.keep("a", Path("run/tables"), {"command": "c", "seconds": 1, "files": {}}, store)
    assert sorted(path.name for path in folder.iterdir()) == ["made.json", "templates.csv"]
    assert list(results.find("a", store).table("templates").columns) == ["network", "r"]


def test_what_is_not_there_or_damaged_is_one_line(store):
    with pytest.raises(InputError, match=r"no stored result 'b'\. Make it: make results NAMES=b"):
        results.find("b", store)
    folder = kept(store)
    for damaged in ("{", "{}", "[]"):
        (folder / "made.json").write_text(damaged)
        with pytest.raises(InputError, match="record of the result 'a' is damaged"):
            results.find("a", store)
    with pytest.raises(InputError, match="saved no table"):
        results.keep("a", Path("nowhere"), {}, store)


def test_results_stand_side_by_side_and_absent_ones_are_left_out(store):
    kept(store)
    both = results.side_by_side(["a", "b"], "stability", store)
    assert both.index.names == ["result", "network"]
    assert both.index.tolist() == [("a", 1), ("a", 2)]
    assert results.side_by_side(["b"], "stability", store).empty
    assert results.labels(["a", "b"], store)[1] == "b: not stored"
    assert results.labels(["a"], store)[0].endswith("up to date)")


def test_equal_tables_are_equal_files(store):
    results.save_table("one", "t", TABLE)
    results.save_table("two", "t", TABLE + 1e-12)
    assert Path("one/tables/t.csv").read_bytes() == Path("two/tables/t.csv").read_bytes()


def test_the_modules_behind_a_chapter_are_found_through_their_imports():
    used = results.modules_used("from analysis import group\nimport numpy")
    names = {path.stem for path in used}
    assert {"group", "decomposition", "networks", "activity", "models", "errors"} <= names
    assert not {"training", "fmri", "style"} & names
    assert Path("analysis/language/domains.py") in results.modules_used("from analysis.language import domains")
    assert not any("plotting" in path.parts for path in results.modules_used("from analysis import plotting, group"))


@pytest.mark.parametrize("folder", sorted((ROOT / "data" / "results").glob("*/made.json")), ids=lambda p: p.parent.name)
def test_stored_results_say_what_made_them(folder):
    made = json.loads(folder.read_text())
    assert made.keys() == {"command", "chapter", "parameters", "seconds", "peak_memory_mb", "versions", "files"}
    assert made["files"]
