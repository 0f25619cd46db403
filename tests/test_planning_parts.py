"""The stopwatch, the table of families by what they were told, and the share of an attribution."""

import time

import numpy as np
import pandas as pd
import pytest
import transformers

from analysis.attribution.shares import share_on
from analysis.planning.calibration import Machine
from analysis.planning.conformance import as_html, by_status
from analysis.planning.geometry import geometry
from analysis.planning.plan import Plan
from analysis.planning.stopwatch import Stopwatch
from analysis.planning.work import Stage, Work


def test_a_stopwatch_adds_up_visits_and_stands_beside_the_plan():
    clock = Stopwatch()
    for _ in range(2):
        with clock("record"):
            time.sleep(0.02)
    with pytest.raises(ZeroDivisionError), clock("lesions"):
        raise ZeroDivisionError
    shape = geometry(transformers.GPT2Config(n_layer=1, n_embd=8, n_head=2), "small")
    stages = tuple(Stage(name, "", 1e9, 0) for name in ("record", "reduce", "lesions"))
    plan = Plan(shape, Work(1, 10), stages, Machine(dict.fromkeys(("record", "reduce", "lesions"), 1e9), 0, 1))
    table = clock.beside(plan)
    assert table.index.tolist() == ["record", "lesions", "all"]
    assert table.loc["record", "planned"] == 1
    assert 0.04 <= table.loc["record", "measured"] < 1
    assert table.loc["all", "measured"] == pytest.approx(table["measured"].iloc[:2].sum())


def test_families_that_were_told_the_same_are_one_row(tmp_path):
    path = tmp_path / "families.csv"
    path.write_text(
        "family,status\na,passed\nb,The family 'b' is odd. Give another.\n"
        "c,The family 'c' is odd. Give another.\nd,bfloat16 is too far\n"
    )
    table = by_status(path)
    assert table.index.tolist() == ["passed", "is odd", "bfloat16 is too far"]
    assert table["n"].tolist() == [1, 2, 1]
    assert table.loc["is odd", "families"] == "b, c"


def test_families_are_folded_away_by_what_they_were_told():
    table = pd.DataFrame({"n": [2, 1], "families": ["a, b", "c"]}, index=["passed", "is <odd>"])
    first, second = as_html(table).splitlines()
    assert first == "<details open><summary>passed (2)</summary><p>a, b</p></details>"
    assert second == "<details><summary>is &lt;odd&gt; (1)</summary><p>c</p></details>"


def test_the_stored_table_counts_every_family_once():
    table = by_status()
    assert table.loc["passed", "n"] >= 60
    names = ", ".join(table["families"]).split(", ")
    assert len(names) == len(set(names)) == table["n"].sum()


def test_the_share_of_an_attribution_is_that_of_its_size():
    scores = np.array([[3, -1, 0, 0], [0, 0, 1, -1], [1, 1, -1, 1], [0, 0, 0, 0]], np.float32)
    neurons = np.array([True, False, False, False])
    draws = np.array([[False, True, False, False], [True, True, True, True]])
    effect = share_on(scores, neurons, draws)
    assert effect.n == 3
    assert effect.interval.estimate == pytest.approx((0.75 + 0 + 0.25) / 3)
    assert 0 <= effect.interval.low < effect.interval.high <= 1
    np.testing.assert_allclose(effect.draws, [(0.25 + 0 + 0.25) / 3, 1])
