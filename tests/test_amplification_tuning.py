"""That the best is chosen on tune and told on test, that random sets are chosen alike, and what is made of it."""

import copy
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import evaluation
from analysis.amplification import claims, tuning, tuning_report
from analysis.amplification.driving import Strength, read_strengths
from analysis.errors import InputError
from analysis.interventions import applied
from analysis.models import from_parts
from analysis.texts import Item, Text

SITE = "mlp_activation"
STRENGTHS = read_strengths("0|4", "-3|3")  # two of them amplify
WORDS = ["dog", "dogs", "cat", "cats", "house", "light", "two", "nobody", "laughed", "saw", "the", "didn't"]
NEUTRAL = [
    Text("Nobody laughed at the light house.", "demo"),
    Text("The cats didn't see the dog.", "demo"),
    Text("Two dogs laughed.", "demo"),
]
SETS = np.random.default_rng(1).random((5, 3, 72)) < 0.4


def made_up(task, n, seed):
    """Items whose answers are drawn by lot: nothing can be known about them."""
    rng = np.random.default_rng(seed)
    items = []
    for _ in range(n):
        context = "The " + " ".join(rng.choice(WORDS, 4))
        items.append(Item(task, context, (" dog", " cat"), int(rng.integers(2))))
    return items


TUNE = {"one": made_up("one", 12, 0), "other": made_up("other", 12, 1)}
TEST = {"one": made_up("one", 12, 2), "other": made_up("other", 12, 3)}


@pytest.fixture(scope="module")
def loud(lm):
    """The tiny model with larger weights, so that driving its neurons turns answers."""
    model = copy.deepcopy(lm.model)
    for weight in model.parameters():
        weight.mul_(10 if weight.ndim == 2 else 1)
    return from_parts("loud", model, lm.tokenizer)


@pytest.fixture(scope="module")
def stage(loud):
    return tuning.prepare(loud, TUNE, TEST, STRENGTHS, SITE, shortlist=0)


@pytest.fixture(scope="module")
def chosen(stage):
    return {task: tuning.choose(stage, SETS, [task]) for task in TUNE}


def accuracy(lm, items, change=None):
    with applied(lm, *[] if change is None else [change]):
        scores = evaluation.choice_scores(lm, items)
    return np.mean([score.argmax() == item.answer for score, item in zip(scores, items, strict=True)])


def by_hand(lm, items, masks):
    """Gain of each network (rows) at each strength that amplifies."""
    allowed = [strength for strength in STRENGTHS if strength.amplifies]
    before = accuracy(lm, items)
    return np.array([[accuracy(lm, items, s.on(mask, SITE)) - before for s in allowed] for mask in masks])


def test_the_best_on_tune_is_taken_and_told_on_test(stage, chosen):
    for task, choice in chosen.items():
        for row in (0, 3):
            tune, test = (by_hand(stage.lm, part[task], SETS[row]) for part in (TUNE, TEST))
            taken = choice.network[row], stage.strengths.index(choice.strength[row])
            assert choice.tune[row] == pytest.approx(tune.max())
            assert tune[taken] == pytest.approx(tune.max())
            assert choice.test[row] == pytest.approx(test[taken])


def test_for_several_tasks_the_mean_decides(stage):
    choice = tuning.choose(stage, SETS[:2], list(TUNE))
    mean = np.mean([by_hand(stage.lm, TUNE[task], SETS[0]) for task in TUNE], axis=0)
    assert choice.tune[0] == pytest.approx(mean.max())
    assert choice.test[0] == pytest.approx(
        np.mean([choice.right[task][0].mean() - stage.right_before(task).mean() for task in TUNE])
    )


def test_only_what_amplifies_can_be_chosen(stage, chosen):
    assert [str(strength) for strength in stage.strengths] == ["×4", "+3"]
    assert all(strength.amplifies for choice in chosen.values() for strength in choice.strength)


def test_networks_and_random_sets_are_chosen_alike(stage, chosen):
    turned = tuning.choose(stage, SETS[::-1], ["one"])
    alone = tuning.choose(stage, SETS[2:3], ["one"])
    for part in ("network", "predicted", "tune", "test"):
        np.testing.assert_array_equal(getattr(turned, part)[::-1], getattr(chosen["one"], part))
        assert getattr(alone, part)[0] == getattr(chosen["one"], part)[2]
    np.testing.assert_array_equal(tuning.with_draws(SETS[0], SETS[1:]), SETS)


def test_a_shortlist_measures_what_is_foretold_to_be_best(stage):
    short = tuning.choose(replace(stage, shortlist=1), SETS, ["one"])
    every = tuning.choose(stage, SETS, ["one"])
    assert (short.predicted >= every.predicted - 1e-9).all()
    assert (short.tune <= every.tune + 1e-9).all()


def test_where_nothing_turns_the_weakest_dose_is_taken(loud):
    stage = tuning.prepare(loud, TUNE, TEST, read_strengths("2|1.5|3", "2"), SITE)
    idle = np.zeros((2, 3, 72), bool)
    choice = tuning.choose(stage, idle, ["one"])
    assert choice.strength == (Strength(1.5), Strength(1.5))
    assert not choice.tune.any()


def test_luck_on_tune_is_gone_on_test(loud):
    parts = [{"lots": made_up("lots", 40, seed)} for seed in (10, 11)]
    stage = tuning.prepare(loud, *parts, read_strengths("2|4", "1|3"), SITE, shortlist=0)
    sets = np.random.default_rng(5).random((8, 6, 72)) < 0.3
    choice = tuning.choose(stage, sets, ["lots"])
    assert choice.tune.mean() > 0.05
    assert choice.test.mean() < choice.tune.mean() - 0.05


@pytest.mark.parametrize(
    ("tune", "test", "strengths", "message"),
    [
        (TUNE, {"one": TEST["one"]}, STRENGTHS, "Give the same tasks"),
        (TUNE | {"other": TUNE["other"][:5]}, TEST, STRENGTHS, "equally many items.*one 12, other 5"),
        ({"one": TUNE["one"][:2]}, {"one": TEST["one"][:2]}, STRENGTHS, "3 or more"),
        (TUNE, TEST, [Strength(0.5)], "at least one amplifies"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(loud, tune, test, strengths, message):
    with pytest.raises(InputError, match=message):
        tuning.prepare(loud, tune, test, strengths, SITE)


def test_no_question_is_both_chosen_on_and_told(tmp_path):
    tune, test = tuning.read_parts("teaching:sentiment,sums", 12)
    assert list(tune) == ["sentiment", "sums"]
    for task in tune:
        assert len(tune[task]) == len(test[task]) == 12
        assert not {item.context for item in tune[task]} & {item.context for item in test[task]}
    path = tmp_path / "pairs.jsonl"
    pairs = [{"sentence_good": f"{n} dogs see.", "sentence_bad": f"{n} dogs sees."} for n in range(30)]
    path.write_text("\n".join(map(json.dumps, pairs)))
    tune, test = tuning.read_parts(str(path), 10)
    questions = [{tuple(sorted(item.choices)) for item in part["pairs"]} for part in (tune, test)]
    assert [len(each) for each in questions] == [10, 10]
    assert not questions[0] & questions[1]


def test_the_teaching_tasks_have_four_of_each_kind():
    tune, _ = tuning.read_parts("teaching", 10)
    assert tuple(tune) == tuning.TEACHING


def test_table_holds_what_was_chosen(stage, chosen):
    table = tuning_report.gain_table(stage, chosen)
    one = table.loc["one"]
    assert one["before"] == stage.right_before("one").mean()
    assert one["chance"] == 0.5
    assert one["test"] == pytest.approx(chosen["one"].test[0])
    assert one["low"] < one["test"] < one["high"]
    assert one["sham_low"] <= np.median(chosen["one"].test[1:]) <= one["sham_high"]
    assert (table["p_corrected"] >= table["p"] - 1e-9).all()
    assert table["p"].between(1 / 5, 1).all()


def test_curse_lists_networks_and_draws(chosen):
    table = tuning_report.curse(chosen)
    assert table[table["set"] == "matched sets"].groupby("task").size().tolist() == [4, 4]
    own = table[(table["task"] == "other") & (table["set"] == "network")]
    assert own["tune"].item() == chosen["other"].tune[0]


def test_what_shuffled_networks_lose_is_told_over_tasks():
    rows = [
        {"task": task, "set": kind, "tune": 0.2 + lost, "test": 0.2}
        for task, lost in zip("abcd", (0.1, 0.12, 0.08, 0.1), strict=True)
        for kind in ("network", *["matched sets"] * 3)
    ]
    table = tuning_report.curse_table(pd.DataFrame(rows))
    assert table["n"].to_dict() == {"network": 1, "matched sets": 3}
    np.testing.assert_allclose(table[["tune", "test", "lost"]], [[0.3, 0.2, 0.1]] * 2)
    assert (table["low"] > 0).all()
    assert (table["low"] < 0.1).all()
    assert (table["high"] > 0.1).all()


def test_fewer_than_three_tasks_give_no_interval_of_the_curse(chosen):
    lost = tuning_report.broken_promises(tuning_report.curse(chosen))
    assert (lost.low, lost.high) == (-np.inf, np.inf)
    assert lost.estimate == pytest.approx(np.mean([(one.tune - one.test)[1:].mean() for one in chosen.values()]))


def test_bill_pays_the_own_task_what_the_choice_gained(stage, chosen):
    table = tuning_report.bill(stage, SETS[0], chosen)
    assert list(table.index) == list(table.columns) == ["one", "other"]
    np.testing.assert_allclose(np.diag(table), [choice.test[0] for choice in chosen.values()])
    change = chosen["one"].intervention(0, SETS[0], SITE)
    expected = accuracy(stage.lm, TEST["other"], change) - accuracy(stage.lm, TEST["other"])
    assert table.loc["one", "other"] == pytest.approx(expected)


def test_others_are_listed_without_the_own_task_and_without_choices_for_all():
    paid = pd.DataFrame({"one": [0.1, -0.2, 9], "other": [0.3, 0.4, 9]}, index=["one", "other", "all tasks"])
    listed = tuning_report.elsewhere(paid.rename_axis("chosen for"))
    assert sorted(listed.itertuples(index=False, name=None)) == [("one", "other", 0.3), ("other", "one", -0.2)]
    with pytest.raises(InputError, match="Besides 'one' there is no task"):
        tuning_report.elsewhere(paid[["one"]])


def test_an_offset_mends_a_liking_for_one_answer_and_nothing_else(stage):
    def knowing(items, liking):
        return np.eye(2)[[item.answer for item in items]] + np.array([liking, 0])

    liking = replace(
        stage,
        tune_scores={task: knowing(items, 5) for task, items in TUNE.items()},
        test_scores={task: knowing(items, 5) for task, items in TEST.items()},
    )
    gains = tuning_report.offset_gains(liking)
    for task, items in TEST.items():
        assert gains[task] == pytest.approx(np.mean([item.answer == 1 for item in items]))
    free = [replace(item, choices=(f" {n}", " cat")) for n, item in enumerate(TEST["one"])]
    assert list(tuning_report.offset_gains(replace(liking, test=TEST | {"one": free})).index) == ["other"]


def test_the_task_is_chosen_on_tune_as_well(chosen):
    tasks, gains = claims.best_task(chosen)
    for row, task in enumerate(tasks):
        assert chosen[task].tune[row] == max(choice.tune[row] for choice in chosen.values())
        assert gains[row] == chosen[task].test[row]


def test_effects_are_those_of_the_networks_with_draws_beside(stage, chosen):
    task, effect = claims.helps_a_task(stage, SETS, chosen, NEUTRAL)
    assert effect.interval.estimate == pytest.approx(chosen[task].test[0])
    assert len(effect.draws) == 4
    assert effect.n == 12
    overall = tuning.choose(stage, SETS, list(TUNE))
    effect = claims.helps_overall(stage, overall)
    assert effect.n == 24
    assert effect.interval.estimate == pytest.approx(overall.test[0])
    np.testing.assert_array_equal(effect.draws, overall.test[1:])


def test_collapse_is_not_specific_whichever_way_it_goes():
    rng = np.random.default_rng(0)
    gains = (rng.random(40) < 0.3).astype(float)
    drawn_gains, drawn_changes = rng.normal(0, 0.05, 20), rng.normal(0, 0.01, (20, 8))
    calm, shaken = rng.normal(0, 0.002, 8), rng.normal(0.3, 0.01, 8)
    assert claims._beyond(gains, drawn_gains, calm, drawn_changes).low > 0
    for changes in (shaken, -shaken):
        assert claims._beyond(gains, drawn_gains, changes, drawn_changes).high < 0
    with pytest.raises(InputError, match="1 draws have no spread"):
        claims._beyond(gains, drawn_gains[:1], calm, drawn_changes[:1])


def test_adding_is_measured_for_each_network_and_over_all(loud):
    table, effect = claims.adding(loud, NEUTRAL, SETS, SITE, constant=0.5)
    before = evaluation.bits_per_byte(loud, NEUTRAL)["bits_per_byte"]
    changes = []
    for mask in SETS[0]:
        with applied(loud, Strength(constant=0.5).on(mask, SITE)):
            changes.append((evaluation.bits_per_byte(loud, NEUTRAL)["bits_per_byte"] - before).mean())
    np.testing.assert_allclose(table["change"], changes, atol=1e-6)
    assert effect.interval.estimate == pytest.approx(np.mean(changes), abs=1e-6)
    assert effect.draws.shape == (4,)
    assert (table["band_low"] <= table["band_high"]).all()
