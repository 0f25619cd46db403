"""Claims: declared before they are measured, judged by one rule, kept without loss."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT

from analysis import claim_records, claims, declarations, results
from analysis.claims import Effect, against, band, measure, not_testable, passed, save
from analysis.errors import InputError
from analysis.inference import Interval, corrected_p

DECLARED = ROOT / "data" / "claims.yml"
ENTRY = {
    "id": "it-rises",
    "kind": "paper",
    "statement": "It rises.",
    "source": "someone, somewhere",
    "chapter": "05",
    "estimand": "change of it",
    "over": "texts",
    "unit": "bits",
    "direction": "up",
    "control": "random sets",
    "family": "lesions",
    "smallest_effect": 0.1,
    "because": "so",
    "sites": ["mlp_activation"],
    "needs_specificity": False,
}


def declare(folder, *changes):
    """Write one claim for each dict of changes; a value of None leaves the field out."""
    entries = [{k: v for k, v in {**ENTRY, **change}.items() if v is not None} for change in changes]
    content = {"controls": {"random sets": "…"}, "families": {"lesions": "…", "mine": "…"}, "claims": entries}
    path = folder / "claims.yml"
    path.write_text(yaml.safe_dump(content))
    return path


RISE = Interval(0.3, 0.2, 0.4)


def take(path, interval=RISE, draws=None, p_corrected="same", site="mlp_activation", **more):
    draws = np.linspace(-0.1, 0.1, 99) if draws is None else draws
    control = against("random sets", interval.estimate, draws)
    p_corrected = control.p if p_corrected == "same" else p_corrected
    given = {"n": 12, "model": "m", "site": site, "controls": [control], "p_corrected": p_corrected}
    return measure("it-rises", interval, path=path, **given | more)


def test_what_the_design_lists_is_declared_and_every_entry_is_whole():
    declared = declarations.load(DECLARED)
    assert len(declared) >= 16
    assert {claim.chapter for claim in declared.values()} <= {f"{number:02}" for number in range(1, 11)}
    assert {claim.direction for claim in declared.values()} == {1, -1, 0}
    for claim in declared.values():
        assert set(claim.sites) <= {"mlp_activation", "mlp_output"}
        assert claim.statement.endswith(".")
        assert claim.kind == "paper" or claim.source.startswith("this book")
    # What a paper's text does not say is marked, and each cited key is in the bibliography.
    keys = {claim.source.split(",")[0] for claim in declared.values() if claim.kind == "paper"}
    bibliography = (ROOT / "book" / "references.bib").read_text()
    assert all(key.startswith("arXiv ") or f"{{{key}," in bibliography for key in keys)
    # The first paper's claims are reported at the site that it recorded as well.
    assert all("mlp_output" in c.sites for c in declared.values() if c.source.startswith("liu2025functional"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "claim 1 (it-rises): unknown field colour"),
        ({"unit": None}, "missing field unit"),
        ({"direction": "sideways"}, "direction is 'sideways'. Choose from: up, down, either"),
        ({"control": "hope"}, "control is 'hope'. Choose from: random sets"),
        ({"family": "hers"}, "family is 'hers'. Choose from: lesions, mine"),
        ({"kind": "theirs"}, "kind is 'theirs'"),
        ({"needs_specificity": "no"}, "needs_specificity is 'no'"),
        ({"smallest_effect": 0}, "smallest_effect must be a number above 0"),
        ({"smallest_effect": "small"}, "smallest_effect must be a number above 0"),
        ({"chapter": 5}, "chapter must be text"),
        ({"statement": " "}, "statement must be text"),
        ({"sites": "mlp_output"}, "sites must be a list"),
    ],
)
def test_a_fault_in_a_declaration_is_one_line(tmp_path, change, message):
    with pytest.raises(InputError) as error:
        declarations.load(declare(tmp_path, change))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_two_claims_of_one_id_and_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"claim 2: 'it-rises' is declared twice"):
        declarations.load(declare(tmp_path, {}, {"unit": "nats"}))
    for content, message in (
        ("a: [", "claims.yml"),
        ("a: 1", "must hold"),
        ("{controls: {}, families: {}, claims: {}}", "list of"),
        (None, "Run from the project's root"),
    ):
        path = tmp_path / "other" / "claims.yml"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if content:
            path.write_text(content)
        with pytest.raises(InputError, match=message):
            declarations.load(path)


def test_declared_fields_come_from_the_declaration(tmp_path):
    made = take(declare(tmp_path, {}))
    assert made.verdict == "supported"
    assert made.reason == ""
    assert (made.statement, made.source, made.chapter, made.unit, made.family) == (
        *("It rises.", "someone, somewhere", "05", "bits", "lesions"),
    )
    assert (made.estimate, made.ci_low, made.ci_high, made.n) == (0.3, 0.2, 0.4, 12)
    assert made.p == made.p_corrected == 0.01
    with pytest.raises(InputError, match=r"'it-falls' is not declared in .*claims.yml. Declared are: it-rises"):
        measure(
            "it-falls",
            Interval(1, 0, 2),
            n=1,
            model="m",
            site="s",
            controls=[],
            p_corrected=None,
            path=declare(tmp_path, {}),
        )


def test_too_few_draws_carry_no_corrected_claim(tmp_path):
    path = declare(tmp_path, {})
    few = take(path, draws=np.linspace(-0.1, 0.1, 19))
    assert few.p == 0.05
    assert few.verdict == "weaker"
    assert "19 draws of random sets are too few" in few.reason
    only_a_band = take(path, controls=[band("random sets", np.zeros(20))], p_corrected=None)
    assert (only_a_band.verdict, only_a_band.p) == ("weaker", None)
    assert "20 draws of random sets are too few" in only_a_band.reason


def test_each_verdict_says_why(tmp_path):
    path = declare(tmp_path, {})
    assert "corrected p = 0.40" in take(path, p_corrected=0.4).reason
    assert take(path, Interval(0.02, -0.05, 0.09)).verdict == "not supported"
    assert "±0.1" in take(path, Interval(0.02, -0.05, 0.09)).reason
    assert take(path, Interval(0.1, -0.3, 0.5)).verdict == "inconclusive"
    assert "as well as effects of interest" in take(path, Interval(0.1, -0.3, 0.5)).reason


def test_a_family_is_corrected_over_its_claims_each_in_its_direction(tmp_path):
    path = declare(tmp_path, {}, {"id": "it-falls", "direction": "down"}, {"id": "other", "family": "mine"})
    draws = np.random.default_rng(0).standard_normal((2, 199))
    given = {
        "it-rises": Effect(Interval(2.0, 1.0, 3.0), 5, draws[0], [band("untrained", np.zeros(3))]),
        "it-falls": Effect(Interval(-9.0, -9.5, -8.5), 7, draws[1]),
    }
    rises, falls = claims.measure_family(given, model="m", site="mlp_activation", path=path)
    expected = corrected_p(np.array([2.0, -9.0]), draws.T, [1, -1])
    assert [rises.p_corrected, falls.p_corrected] == list(expected)
    assert rises.p < rises.p_corrected
    assert falls.p == falls.p_corrected == 0.005
    assert [control.name for control in rises.controls] == ["random sets", "untrained"]
    assert (rises.n, falls.n) == (5, 7)
    for other, message in (("other", "one family at a time; these are of lesions, mine"), ("it-rises", "3, 199")):
        wrong = {**given, other: Effect(Interval(2.0, 1.0, 3.0), 5, np.zeros(3))}
        with pytest.raises(InputError, match=message):
            claims.measure_family(wrong, model="m", site="mlp_activation", path=path)


def test_a_claim_without_direction_is_supported_on_either_side(tmp_path):
    path = declare(tmp_path, {"direction": "either"})
    for side in (1, -1):
        interval = Interval(0.3 * side, 0.3 * side - 0.1, 0.3 * side + 0.1)
        control = against("random sets", interval.estimate, np.linspace(-0.1, 0.1, 99), 0)
        assert take(path, interval, controls=[control], p_corrected=control.p).verdict == "supported"


def test_no_worse_than_is_judged_from_its_reference(tmp_path):
    path = declare(tmp_path, {"reference": -0.5, "smallest_effect": 0.05})
    kept_at_random = np.linspace(-0.9, -0.7, 99)
    assert take(path, Interval(-0.2, -0.4, 0.0), kept_at_random).verdict == "supported"
    assert take(path, Interval(-0.2, -0.6, 0.0)).verdict == "inconclusive"
    assert take(path, Interval(-0.9, -1.0, -0.8)).verdict == "not supported"


def test_specificity_is_asked_for_where_it_is_claimed(tmp_path):
    path = declare(tmp_path, {"needs_specificity": True})
    with pytest.raises(InputError, match=r"is about specificity: give inference\.specificity"):
        take(path)
    specific = take(path, specificity=Interval(0.2, 0.1, 0.3))
    general = take(path, specificity=Interval(0.2, -0.1, 0.3))
    assert (specific.verdict, general.verdict) == ("supported", "weaker")
    assert general.reason == "no more than on neutral text"
    claim = declarations.load(path)["it-rises"]
    assert [passed(one, one.controls[-1], claim) for one in (specific, general)] == [True, False]


def test_elsewhere_and_without_means_a_claim_is_not_testable(tmp_path):
    path = declare(tmp_path, {})
    elsewhere = take(path, site="mlp_output")
    assert (elsewhere.verdict, elsewhere.reason) == ("not testable here", "the claim is about mlp_activation")
    assert elsewhere.estimate == 0.3
    without = not_testable("it-rises", "no such task in this language", model="m", site="mlp_activation", path=path)
    assert (without.verdict, without.estimate, without.controls) == ("not testable here", None, ())
    with pytest.raises(InputError, match="Say why 'it-rises' cannot be tested"):
        not_testable("it-rises", " ", model="m", site="s", path=path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"interval": Interval(float("nan"), 0, 1)}, "give finite numbers in order"),
        ({"interval": Interval(0.5, 1, 0)}, "give finite numbers in order"),
        ({"n": 0}, "n is 0; give the number of texts"),
        ({"controls": []}, "has 'random sets' for its primary control; given were: none"),
        ({"controls": [band("random sets", np.zeros(9))] * 2}, "controls share a name"),
        ({"controls": [band("random sets", np.zeros(9))], "p_corrected": 0.2}, "'random sets' has no p"),
        ({"p_corrected": None}, "the corrected p is None"),
        ({"p_corrected": 0.001}, "99 draws it is at least 0.01"),
        ({"p_corrected": 1.2}, "the corrected p is 1.2"),
    ],
)
def test_numbers_that_cannot_belong_together_are_refused(tmp_path, more, message):
    with pytest.raises(InputError) as error:
        take(declare(tmp_path, {}), **more)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_control_is_passed_by_its_p_or_by_leaving_its_band_on_the_claimed_side(tmp_path):
    path = declare(tmp_path, {})
    claim = declarations.load(path)["it-rises"]
    made = take(path)
    low, high = band("low", np.full(5, 0.2)), band("high", np.full(5, 0.5))
    assert [passed(made, control, claim) for control in (made.controls[0], low, high)] == [True, True, False]
    falling = declarations.load(declare(tmp_path, {"direction": "down"}))["it-rises"]
    assert [passed(made, control, falling) for control in (low, high)] == [False, True]


def test_records_survive_json_and_tables(tmp_path):
    path = declare(tmp_path, {"needs_specificity": True}, {"id": "it-cannot"})
    first = take(path, Interval(1 / 3, 0.2, 0.4), specificity=Interval(0.2, 0.1, 0.3))
    second = not_testable("it-cannot", "no such task", model="m", site="mlp_activation", path=path)
    save(tmp_path / "run", first)
    save(tmp_path / "run", [second])
    assert claim_records.read(tmp_path / "run" / "claims.json") == [first, second]
    frame = pd.read_csv(tmp_path / "run" / "tables" / "claims.csv")
    back = claim_records.from_table(frame, declarations.load(path), "deep")
    assert [one.profile for one in back] == ["deep", "deep"]
    assert back[0].estimate == pytest.approx(first.estimate, rel=1e-5)
    assert (back[0].controls, back[0].n, back[0].chapter) == (first.controls, 12, "05")
    assert back[1] == claim_records.Measured(**vars(second) | {"profile": "deep"})
    # Saved again, it takes the old one's place.
    save(tmp_path / "run", take(path, Interval(0.5, 0.4, 0.6), specificity=Interval(0.2, 0.1, 0.3)))
    assert [one.estimate for one in claim_records.read(tmp_path / "run" / "claims.json")] == [0.5, None]


def test_equal_claims_are_equal_files(tmp_path):
    for name in "ab":
        save(tmp_path / name, take(declare(tmp_path, {})))
    for place in ("claims.json", "tables/claims.csv"):
        assert (tmp_path / "a" / place).read_bytes() == (tmp_path / "b" / place).read_bytes()


def test_the_table_is_kept_by_the_deep_tier_as_it_is(tmp_path):
    save(tmp_path / "run", take(declare(tmp_path, {})))
    made = {"command": "make", "seconds": 1, "files": {}}
    results.keep("large", tmp_path / "run" / "tables", made, tmp_path / "store")
    beside = results.side_by_side(["large"], "claims", tmp_path / "store")
    assert beside.loc[("large", "it-rises"), "verdict"] == "supported"


@pytest.mark.parametrize("content", ["{", "[]", '{"claims": [{"id": "x"}]}'])
def test_damaged_records_are_one_line(tmp_path, content):
    path = Path(tmp_path / "claims.json")
    path.write_text(content)
    with pytest.raises(InputError, match=r"holds no claims, or is damaged"):
        claim_records.read(path)
    with pytest.raises(InputError, match="There are no claims at"):
        claim_records.read(tmp_path / "absent.json")


def test_a_stored_table_of_other_claims_is_refused(tmp_path):
    frame = claim_records.table([take(declare(tmp_path, {}))])
    declared = declarations.load(declare(tmp_path, {"id": "other"}))
    with pytest.raises(InputError, match=r"stored claims of 'deep' do not fit .*Run: make results NAMES=deep"):
        claim_records.from_table(frame, declared, "deep")


def test_the_record_has_the_fields_that_readers_of_the_file_were_promised(tmp_path):
    record = json.loads(claim_records.to_json([take(declare(tmp_path, {}))]))["claims"][0]
    promised = (
        "id kind statement source chapter model site estimate unit ci_low ci_high n controls p family p_corrected"
    )
    assert list(record) == [*promised.split(), "profile", "verdict", "reason"]
    assert list(record["controls"][0]) == ["name", "draws", "p", "low", "high"]


def test_the_overview_writes_the_numbers_as_the_interval_deserves(tmp_path):
    path = declare(tmp_path, {})
    row = claims.overview([take(path, Interval(-0.01234, -0.02345, -0.001))]).loc["It rises."]
    assert row["estimate"] == "−0.012 [−0.023, −0.001] bits"
    assert row["verdict"] == "not supported"
    blank = not_testable("it-rises", "no task", model="m", site="s", path=path)
    assert claims.overview([blank])["estimate"].tolist() == [""]
