"""That networks' neurons are found where they are planted, the right numbers go, and costs are what they are."""

import copy

import numpy as np
import pandas as pd
import pytest

from analysis import evaluation
from analysis.activity import Activity
from analysis.errors import InputError
from analysis.models import from_parts
from analysis.texts import Item, Text
from analysis.uses import pruning, pruning_study
from analysis.uses.pruning import Worth
from analysis.uses.pruning_study import Plan, Pruned
from analysis.uses.rewritten_models import pruned

TEXTS = [
    Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo"),
    Text("The cats didn't see the dog, and nobody saw the two cats.", "demo"),
    Text("Two dogs laughed at the cat, and the cat laughed at nobody.", "demo"),
]
PLANTED = np.zeros((3, 24), bool)
PLANTED[0, [1, 4, 9]] = PLANTED[1, [0, 20, 21]] = PLANTED[2, [5, 6, 7]] = True


def planted_activity(seed):
    """Noise of 72 neurons over 200 tokens; in each layer three soft ones have a sparse signal in common."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((200, 3, 24)) * rng.uniform(1, 20, 24)
    for layer in range(3):
        signal = rng.laplace(size=200) * (rng.random(200) < 0.3)
        chosen = PLANTED[layer]
        together = 3 * signal[:, None] + rng.standard_normal((200, 3))
        values[:, layer, chosen] = 0.01 * together * rng.uniform(1, 20, 3)
    tokens = pd.DataFrame({"text": 0, "position": np.arange(1, 201), "domain": "demo"})
    return Activity(values.reshape(200, 72).astype(np.float32), tokens, (24, 24, 24), "mlp_activation", "planted")


def test_neurons_of_planted_networks_are_worth_most_whatever_their_size(lm, monkeypatch):
    numbers = iter(range(4))
    monkeypatch.setattr(pruning, "record", lambda *_args, **_options: planted_activity(next(numbers)))
    worth = pruning.judge(lm, [TEXTS] * 4, 1)
    scores = worth.scores["networks"].reshape(3, 24)
    for layer in range(3):
        # In each layer the three planted neurons are the first three.
        assert set(np.argsort(-scores[layer])[:3]) == set(np.flatnonzero(PLANTED[layer]))
    assert set(worth.scores) == set(pruning.METHODS)
    # The largest variance is elsewhere, so that this was no matter of size.
    assert not PLANTED.ravel()[np.argsort(-worth.scores["variance"])[:9]].any()


def test_moments_over_batches_are_those_of_all_tokens(lm, monkeypatch):
    made = [planted_activity(0), planted_activity(1)]
    made[1] = made[1].where(np.arange(200) < 50)  # batches of different lengths
    numbers = iter(made)
    monkeypatch.setattr(pruning, "record", lambda *_args, **_options: next(numbers))
    worth = pruning.judge(lm, [TEXTS] * 2, 2)
    every = np.concatenate([one.values for one in made]).astype(np.float64)
    np.testing.assert_allclose(worth.means, every.mean(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(worth.scores["variance"], every.var(0), rtol=1e-4)
    lengths = np.concatenate([module.weight.norm(dim=0).numpy() for module in lm.down_projections])
    np.testing.assert_allclose(worth.scores["magnitude"], lengths, rtol=1e-5)
    np.testing.assert_allclose(worth.scores["contribution"], np.sqrt((every**2).mean(0)) * lengths, rtol=1e-4)


def test_no_batch_is_refused(lm):
    with pytest.raises(InputError, match="no batch"):
        pruning.judge(lm, [], 2)


def test_texts_are_taken_in_turn_and_batched_across_kinds():
    groups = [["a1", "a2", "a3"], ["b1", "b2"]]
    assert pruning.in_turn(groups) == ["a1", "b1", "a2", "b2"]
    assert pruning.in_batches(groups) == [["a1", "b1"], ["a2", "b2"]]


def test_equal_numbers_go_from_each_open_layer_and_the_lowest_first(lm):
    scores = np.random.default_rng(0).random(72)
    removed = pruning.lowest(lm, scores, 1 / 3, spared=(1, 0)).reshape(3, 24)
    assert removed.sum(1).tolist() == [0, 12, 12]
    for layer in (1, 2):
        part = scores.reshape(3, 24)[layer]
        assert part[removed[layer]].max() < part[~removed[layer]].min()


def test_one_threshold_holds_for_all_open_layers(lm):
    scores = np.random.default_rng(0).random(72)
    scores[24:48] += 0.4
    removed = pruning.lowest(lm, scores, 0.25, spared=(0, 1), even=False)
    assert removed.sum() == 18
    assert scores[:48][removed[:48]].max() < scores[:48][~removed[:48]].min()
    assert removed[:24].sum() > removed[24:48].sum()
    assert not removed[48:].any()


def test_more_than_there_is_cannot_be_removed(lm):
    with pytest.raises(InputError, match="Spare fewer"):
        pruning.lowest(lm, np.zeros(72), 0.5, spared=(1, 1))


def test_random_numbers_follow_the_pattern_layer_by_layer_and_nest(lm):
    small, large = np.zeros(72, bool), np.zeros(72, bool)
    small[:5], large[:9], large[30:33] = True, True, True
    orders = np.random.default_rng(0).random((6, 72))
    one, other = (pruning.as_many_per_layer(lm, orders, pattern) for pattern in (small, large))
    assert (one.reshape(6, 3, 24).sum(2) == [5, 0, 0]).all()
    assert (other.reshape(6, 3, 24).sum(2) == [9, 3, 0]).all()
    assert not (one & ~other).any()
    assert len({row.tobytes() for row in one}) == 6


# --- what pruning costs ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loud(lm):
    """The tiny model with larger weights, so that its neurons matter."""
    model = copy.deepcopy(lm.model)
    for weight in model.parameters():
        weight.mul_(8 if weight.ndim == 2 else 1)
    return from_parts("loud", model, lm.tokenizer)


@pytest.fixture(scope="module")
def worth():
    rng = np.random.default_rng(0)
    return Worth({name: rng.random(72) for name in pruning.METHODS}, rng.standard_normal(72) * 0.1)


def test_costs_are_those_of_models_that_really_lost_the_neurons(loud, worth):
    plan = Plan((0, 0), even=True)
    texts = {"neutral": TEXTS[:2], "other": TEXTS[2:]}
    found = pruning_study.prune(loud, texts, ["neutral"], worth, shares=(0.25, 0.5), plan=plan, n_draws=3)
    intact = evaluation.bits_per_byte(loud, TEXTS)["bits_per_byte"]
    for method in ("networks", "magnitude"):
        for place in range(2):
            smaller = pruned(loud, found.masks[method][place], worth.means)
            after = evaluation.bits_per_byte(smaller, TEXTS)["bits_per_byte"]
            np.testing.assert_allclose(found.rises[method][place], after - intact, atol=1e-4)
    assert found.drawn.shape == (3, 2, 2)
    assert found.kinds.tolist() == ["neutral", "neutral", "other"]
    bare = pruning_study.without_compensation(loud, texts, found, 0.5)
    after = evaluation.bits_per_byte(pruned(loud, found.masks["variance"][1]), TEXTS[:2])["bits_per_byte"]
    assert bare["variance"] == pytest.approx((after - intact[:2]).mean(), abs=1e-4)


def test_all_methods_remove_as_many_in_each_layer_as_networks_do(loud, worth):
    texts = {"neutral": TEXTS}
    found = pruning_study.prune(loud, texts, ["neutral"], worth, shares=(0.2,), plan=Plan((1, 0)), n_draws=1)
    counts = {name: masks.reshape(1, 3, 24).sum(2).tolist() for name, masks in found.masks.items()}
    assert len({str(one) for one in counts.values()}) == 1
    assert counts["networks"][0][0] == 0
    assert sum(counts["networks"][0]) == round(0.2 * 72)


def made(networks, *, n_draws=60, seed=0):
    """Random pruning costs 0.10 and 0.20 at two shares; networks cost as told, contribution half of random."""
    rng = np.random.default_rng(seed)
    base = np.array([0.1, 0.2])
    by_text = 0.01 * rng.standard_normal((2, 10))
    drawn = base[:, None] + by_text + 0.01 * rng.standard_normal((n_draws, 2, 1))
    rises = {
        "networks": np.array(networks)[:, None] + by_text + 0.002 * rng.standard_normal((2, 10)),
        "contribution": base[:, None] / 2 + by_text,
    }
    rises = {name: np.concatenate([one, one + 1], axis=1) for name, one in rises.items()}
    kinds = np.repeat(["stories", "reviews"], 10)
    masks = {name: np.zeros((2, 72), bool) for name in rises}
    return Pruned((0.1, 0.2), kinds, kinds == "stories", masks, rises, drawn)


def test_a_planted_gain_is_found_with_its_size_and_p_over_shares():
    effect, p = pruning_study.effect(made([0.05, 0.12]), 0.2)
    assert effect.interval.estimate == pytest.approx(-0.08, abs=0.005)
    assert effect.interval.high < -0.07
    assert effect.n == 10
    assert p == pytest.approx(1 / 61)
    np.testing.assert_allclose(effect.draws.mean(), 0, atol=1e-12)


def test_no_gain_is_no_gain():
    effect, p = pruning_study.effect(made([0.1, 0.2]), 0.2)
    assert abs(effect.interval.estimate) < 0.01
    assert p > 0.1


def test_a_loss_has_a_large_p():
    _, p = pruning_study.effect(made([0.15, 0.3]), 0.2)
    assert p > 0.9


def test_the_p_pays_for_the_other_shares():
    # At the one share networks are just beyond most draws; the other share adds chances to be as extreme.
    one = made([0.1, 0.183], n_draws=200)
    effect, p = pruning_study.effect(one, 0.2)
    alone = (1 + (effect.draws <= effect.interval.estimate).sum()) / 201
    assert alone < p


def test_the_curve_and_the_tables_hold_the_numbers():
    one = made([0.05, 0.12])
    curve = pruning_study.curve(one).set_index(["method", "share"])
    assert curve.loc[("contribution", 0.2), "rise"] == pytest.approx(0.1, abs=0.01)
    assert curve.loc[("random", 0.1), "low"] < 0.1 < curve.loc[("random", 0.1), "high"]
    by_kind = pruning_study.by_kind(one, 0.1)
    assert by_kind.loc["networks", "reviews"] - by_kind.loc["networks", "stories"] == pytest.approx(1)
    beside = pruning_study.beside_networks(one, 0.2)
    assert beside.loc["contribution", "difference"] == pytest.approx(-0.02, abs=0.005)
    assert beside.loc["contribution", "high"] < 0


def test_a_share_that_was_not_tried_names_those_that_were():
    with pytest.raises(InputError, match=r"0\.1, 0\.2"):
        pruning_study.effect(made([0.1, 0.2]), 0.3)


def test_answers_count_items_right_and_wrong(loud, worth):
    items = [
        Item("see", "The dog saw", (" the cat.", " nobody at the light house."), number % 2) for number in range(12)
    ]
    plan = Plan((0, 0), even=True)
    found = pruning_study.prune(loud, {"n": TEXTS}, ["n"], worth, shares=(0.5,), plan=plan, n_draws=2)
    table = pruning_study.answers(loud, {"see": items}, found, worth, share=0.5, plan=plan, n_draws=2)
    assert (table["intact"] == 0.5).all()  # the same question with either answer: one of the two is right
    assert (table["accuracy"] == 0.5).all()
    assert set(table["method"]) == {*pruning.METHODS, "random"}
    assert set(table["task"]) == {"all", "see"}
