"""The audits: what they change, what they count, and what they take for a fault."""

import ast
import json
import random
from dataclasses import replace

import numpy as np
import pytest
import yaml
from conftest import ROOT
from safetensors.numpy import save_file

from analysis import claim_records, declarations
from analysis.claims import not_measured
from analysis.errors import InputError
from audit import __main__ as command
from audit import coverage, faults, fuzz, golden, kill, load, mutants, repeat, report, retrain, study
from audit.mutations import mutants as mutants_of
from audit.report import Report

CODE = """
\"\"\"Text.\"\"\"
def f(a: int = 1) -> bool:
    if a < 2 and not a:
        a += 1
        print(a)
    raise ValueError(a + 1)
"""


def test_a_mutant_is_one_change_that_parses_and_has_a_name_of_its_own():
    found = mutants_of(CODE)
    whole = ast.unparse(ast.parse(CODE))
    changes = {(one.before.splitlines()[0], one.after.splitlines()[0]) for one in found}
    assert ("a < 2", "a <= 2") in changes
    assert ("a < 2 and (not a)", "a < 2 or not a") in changes
    assert ("not a", "a") in changes
    assert ("a += 1", "pass") in changes
    assert ("print(a)", "pass") in changes
    assert ("1", "2") in changes
    assert not any("a + 1" in before for before, _ in changes)  # only raised
    assert len({one.id for one in found}) == len(found)
    for one in found:
        assert ast.unparse(ast.parse(one.source)) != whole
        assert one.function == "f"
    assert [one.id for one in mutants_of("import x\n" + CODE)] == [one.id for one in found]


def test_the_same_change_twice_in_a_function_is_two_mutants():
    first, second = (one for one in mutants_of("def f(a):\n    return [a < 2, a < 2]\n") if one.before == "a < 2")
    assert first.id != second.id
    assert first.source != second.source


def test_a_mutant_is_killed_by_the_test_of_what_it_changes(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "thing.py").write_text("LIMIT = 2\n")
    (tmp_path / "tests/test_thing.py").write_text("import thing\n\ndef test_it():\n    assert thing.LIMIT == 2\n")
    assert mutants._run(tmp_path, ["tests/test_thing.py"], 60)[0] == 0
    (tmp_path / "thing.py").write_text("LIMIT = 3\n")
    assert mutants._run(tmp_path, ["tests/test_thing.py"], 60)[0] == 1
    (tmp_path / "thing.py").write_text("while True:\n    pass\n")
    assert mutants._run(tmp_path, ["tests/test_thing.py"], 3)[0] not in (0, 1)  # ended by the limit


def test_the_score_counts_apart_what_changes_nothing():
    rows = [{"outcome": "killed", "kind": ""}] * 6 + [{"outcome": "survived", "kind": "equal"}] * 2
    score = mutants._score(rows)
    assert score.startswith("6 of 8 killed = 0.75 [")
    assert score.endswith("1.00 without 2 that change nothing")


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    return fuzz._readers(tmp_path_factory.mktemp("fuzz"))


def test_each_reader_reads_its_seeds_and_ends_well_on_changed_ones(readers, tmp_path):
    for reader in readers:
        for seed in reader.seeds:
            path = tmp_path / f"seed{reader.ending}"
            path.write_bytes(seed)
            assert fuzz._outcome(reader, path) == "read", reader.name
        count = fuzz._try(reader, tmp_path, 40, seed=0)
        assert sum(count.outcomes.values()) == 40
        if reader.name.startswith(("texts", "items")):  # what users write; the audit itself judges all
            assert not count.bad


def test_an_input_that_breaks_a_reader_is_counted_with_what_it_was(tmp_path):
    def read(path):
        if b"x" not in path.read_bytes():
            raise KeyError("x")

    count = fuzz._try(fuzz.Reader("odd", ".txt", [b"xyz"], read), tmp_path, 50, seed=1)
    assert count.outcomes["other"] > 0
    assert "KeyError" in count.bad[0]


def test_changed_inputs_depend_on_the_seed_alone():
    def made(seed):
        draw = random.Random(seed)
        return [fuzz.mutate(b"one two three", draw) for _ in range(20)]

    assert made(1) == made(1) != made(2)
    assert len(set(made(1))) > 15


def built(**changed):
    declared = declarations.load(ROOT / "data/claims.yml")
    one = not_measured(declared["networks-recur"])
    return [replace(one, site="mlp_activation", estimate=0.66, verdict="supported", **changed)]


def written(estimate=0.66, tolerance=0.02, verdict="supported"):
    golden = {"id": "networks-recur", "site": "mlp_activation", "estimate": estimate, "tolerance": tolerance}
    return {"reasons": {"r": "since"}, "claims": [golden | {"because": "r", "verdict": verdict}]}


@pytest.mark.parametrize(
    ("made", "expected", "fault"),
    [
        (built(), written(0.65), ""),
        (built(), written(0.6), "0.66, not 0.6 ± 0.02"),
        (built(), written(verdict="weaker"), "supported, not weaker"),
        ([], written(), "was not built"),
        (built(), {"reasons": {}, "claims": []}, "is written nowhere"),
    ],
)
def test_golden_numbers_may_move_by_their_tolerance_only(made, expected, fault):
    found = golden.compare(made, expected).faults
    assert len(found) == bool(fault)
    assert all(fault in line for line in found)


def test_every_claim_of_the_book_has_its_golden_number():
    numbers = yaml.safe_load(golden.WRITTEN.read_text())
    declared = declarations.load(ROOT / "data/claims.yml")
    assert {one["id"] for one in numbers["claims"]} <= declared.keys()
    assert {one["because"] for one in numbers["claims"]} == numbers["reasons"].keys()
    assert len(numbers["claims"]) >= 15


def test_golden_needs_a_build(tmp_path, monkeypatch):
    monkeypatch.setattr(golden, "BUILT", tmp_path / "claims.json")
    with pytest.raises(InputError, match="make book"):
        golden.audit(0, 0)
    (tmp_path / "claims.json").write_text(claim_records.to_json(built()))
    assert golden.audit(0, 0).rows[0]["claim"]


def test_a_report_is_kept_with_day_commit_and_command_and_faults_end_with_1(tmp_path, monkeypatch, capsys):
    found = Report({"tried": 2}, [{"a": 1}], ["it broke"])
    monkeypatch.setattr(golden, "audit", lambda size, seed: found)
    monkeypatch.setattr(command, "keep", lambda *given: report.keep(*given, tables=tmp_path))
    assert command.main(["golden", "--seed", "3"]) == 1
    made = json.loads((tmp_path / "golden.json").read_text())
    assert made["command"] == "python -m audit golden --size 0 --seed 3"
    assert made["rows"] == [{"a": 1}]
    assert {"date", "commit", "machine", "seconds"} <= made.keys()
    assert "it broke" in capsys.readouterr().out
    assert command.main(["silver"]) == 2


def test_damage_is_one_bit_or_a_cut():
    draw = random.Random(0)
    content = bytes(range(200))
    flipped = faults._flip(content, draw)
    assert sum((a ^ b).bit_count() for a, b in zip(content, flipped, strict=True)) == 1
    assert content.startswith(faults._cut(content, draw))


def test_kills_that_were_cut_off_go_on_where_they_were(tmp_path, monkeypatch):
    made = []

    def cut_off_once(place, size, tries):
        for _ in tries.wanted(size):
            made.append(tries.command)
            tries.add(after=tries.after(len(tries.rows), 9), at_work=True, outcome="equal", redone="0 in flight")
            if len(made) == 3:
                raise KeyboardInterrupt

    for name in ("_book", "_sweep", "_training"):
        monkeypatch.setattr(kill, name, cut_off_once)
    with pytest.raises(KeyboardInterrupt):
        kill.audit(2, 0, tmp_path)
    found = kill.audit(2, 0, tmp_path)
    assert made == ["make book"] * 2 + ["make sweep"] * 2 + ["make model"] * 2
    assert len(found.rows) == 6
    assert not found.faults
    assert [row["killed"] for row in found.rows] == ["all", "the caller"] * 3
    monkeypatch.setattr(kill, "code_digest", lambda *_: "other")
    kill.audit(1, 0, tmp_path)
    assert made[6:] == ["make book", "make sweep", "make model"]


def test_a_kill_that_comes_too_late_does_not_count(tmp_path, monkeypatch):
    def every_other_too_late(place, size, tries):
        for number in tries.wanted(size):
            tries.add(after=1, at_work=number % 2 == 1, outcome="equal", redone="0 in flight")

    def always_too_late(place, size, tries):
        for _ in tries.wanted(size):
            tries.add(after=1, at_work=False, outcome="equal", redone="0 in flight")

    monkeypatch.setattr(kill, "_book", every_other_too_late)
    monkeypatch.setattr(kill, "_sweep", every_other_too_late)
    monkeypatch.setattr(kill, "_training", always_too_late)
    found = kill.audit(2, 0, tmp_path)
    assert found.summary["make book"].startswith("2 kills at work, 2 too late; 4 of 4 finished equal")
    assert found.faults == ["make model: only 0 of 2 kills met it at work"]


@pytest.mark.slow
def test_the_study_is_built_killed_and_built_again(tmp_path):
    root = study.write_study(tmp_path / "study")
    assert study.call_and_kill(study.book(root), root, 6, everything=True)
    done = study.call(study.book(root), root)
    assert done.code == 0, done.said
    found = study.results_of(root)
    assert "html/index.html" in found
    assert sum(name.startswith("notebook ") for name in found) == 3
    assert study.finished(root) == {"01_first 0", "02_second 0", "03_alone 0"}
    assert json.loads((root / "_build/claims.json").read_text())["claims"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["long", "reading"])
def test_a_load_is_measured_in_a_process_of_its_own(name):
    found = load._measured(name, 40, 0)
    assert found["seconds"] > 0
    assert found["peak_mb"] > 100
    assert found["found"].endswith("tokens")


def test_coverage_names_a_line_that_never_runs_once():
    counts = {
        "num_statements": 9,
        "covered_lines": 8,
        "num_branches": 4,
        "covered_branches": 2,
        "percent_covered": 76.9,
    }
    branches = [[7, 9], [7, -1], [3, -1]]
    row = coverage._row("a.py", {"summary": counts, "missing_lines": [7], "missing_branches": branches})
    assert (row["lines"], row["branches"], row["never run"]) == ("8 of 9", "2 of 4", "7, 3→end")


def test_builds_that_differ_are_named():
    assert repeat._compared("tables", [{"a": "1", "b": "2"}] * 2)["outcome"] == "equal in 2 builds"
    assert repeat._compared("tables", [{"a": "1", "b": "2"}, {"a": "1"}])["outcome"] == "DIFFERENT: b"
    assert repeat._compared("tables", [{}, {}])["outcome"] == "DIFFERENT: none made"


@pytest.mark.parametrize(
    ("figure", "kills", "faults"),
    [("1", 3, []), ("2", 3, ["figures: DIFFERENT: a"]), ("1", 2, ["only 2 of 3 kills met a build at work"])],
)
def test_a_build_that_was_killed_is_compared_with_those_that_were_not(monkeypatch, figure, kills, faults):
    seen = []

    def built(root, moments=()):
        seen.append(moments)
        found = {"claims": {"a": "1"}, "figures": {"a": figure if moments else "1"}}
        return repeat._Build(found, 100, kills if moments else 0)

    monkeypatch.setattr(repeat, "_built", built)
    monkeypatch.setattr(repeat, "_threads", lambda place, seed: [])
    assert repeat.audit(2, 0).faults == faults
    assert [len(moments) for moments in seen] == [0, 0, 3]
    assert all(5 <= after <= 25 for after in seen[-1])


def test_steps_that_an_earlier_audit_made_are_not_made_again(monkeypatch, tmp_path):
    (tmp_path / "work").mkdir()
    curve = json.dumps([0.5] * 30)
    save_file({"x": np.zeros(1)}, tmp_path / "work/checkpoint.safetensors", {"curve": curve})
    begun = []

    class Training:
        returncode = None

        def __init__(self, command, cwd):
            begun.append(command[command.index("--work") + 1])

        def poll(self):
            return None

        kill = wait = poll

    monkeypatch.setattr(retrain.subprocess, "Popen", Training)
    assert retrain._trained(tmp_path, 20, 2) == [0.5] * 20
    assert begun == [str(tmp_path / "work")]


def test_a_training_is_stopped_at_the_step_and_compared_with_the_shipped_loss(monkeypatch, tmp_path):
    shipped = json.loads((ROOT / "data/teaching-model/loss.json").read_text())["loss"]
    monkeypatch.setattr(retrain, "_trained", lambda folder, size, threads: list(shipped[:size]))
    found = retrain.audit(40, 0, tmp_path)
    assert not found.faults
    assert found.summary["equal to four digits"] == "40"
    assert [row["step"] for row in found.rows] == ["1", "3", "10", "30", "40"]
    monkeypatch.setattr(retrain, "_trained", lambda *_: list(np.array(shipped[:40]) + 0.1 * (np.arange(40) > 5)))
    found = retrain.audit(40, 0, tmp_path)
    assert found.faults
    assert found.summary["first step that differs"] == "7"
