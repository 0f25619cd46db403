"""That driving networks does what one intervention at a time does, and that slopes are the gradients they claim."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch

from analysis import evaluation, likelihood, sensitivity
from analysis.amplification import driving as amplification
from analysis.amplification import pulls
from analysis.amplification.driving import Strength, read_strengths
from analysis.errors import InputError
from analysis.interventions import applied
from analysis.models import from_parts
from analysis.texts import Item, Text

TEXTS = [
    Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo"),
    Text("The cats didn't see the dog.", "demo"),
    Text("Two dogs laughed.", "demo"),
]
ITEMS = [
    Item("see", "The dog saw", (" the cat.", " nobody at the light house."), 0),
    Item("see", "The dog saw", (" the cat.", " two dogs."), 1),
    Item("see", "The cats didn't ", ("see", "laugh at two dogs"), 1),
    Item("see", "", ("The dog saw the cat.", "The dog the saw cat."), 0),
]
MASKS = np.random.default_rng(0).random((2, 72)) < 0.4
SITE = "mlp_activation"


@pytest.fixture(scope="module")
def loud(lm):
    """The tiny model with larger weights, so that driving its neurons matters."""
    model = copy.deepcopy(lm.model)
    for weight in model.parameters():
        weight.mul_(10 if weight.ndim == 2 else 1)
    return from_parts("loud", model, lm.tokenizer)


def test_strengths_are_read_in_order_and_without_the_model_as_it_is():
    assert [str(each) for each in read_strengths("2|1|0.5", "1|-0.5|0")] == ["×0.5", "×2", "−0.5", "+1"]
    assert [each.amplifies for each in read_strengths("0|3", "-2|2")] == [False, True, False, True]
    assert [each.dose for each in read_strengths("0|3", "-2")] == [1, 2, 2]
    assert read_strengths("", "1") == [Strength(constant=1)]


@pytest.mark.parametrize(
    ("factors", "constants", "message"),
    [
        ("2|strong", "", "factors='2|strong' is no list of numbers"),
        ("2", "1|inf", "constants='1|inf' is no list of numbers"),
        ("0|1", "-1", "hold nothing that amplifies"),
        ("", "", "hold nothing that amplifies"),
    ],
)
def test_strengths_that_make_no_sense_are_refused(factors, constants, message):
    with pytest.raises(InputError, match=message.replace("|", r"\|")):
        read_strengths(factors, constants)


def test_texts_change_as_under_one_intervention_at_a_time(loud):
    strengths = read_strengths("0|3", "1")
    table = amplification.drive_texts(loud, TEXTS, MASKS, strengths, SITE)
    before = evaluation.bits_per_byte(loud, TEXTS)["bits_per_byte"]
    for row, (network, strength) in zip(table.itertuples(), [(n, s) for n in range(2) for s in strengths], strict=True):
        with applied(loud, strength.on(MASKS[network], SITE)):
            after = evaluation.bits_per_byte(loud, TEXTS)["bits_per_byte"]
        assert (row.network, row.strength) == (network + 1, str(strength))
        assert row.measured == pytest.approx((after - before).mean(), abs=1e-6)


def test_items_change_as_under_one_intervention_at_a_time(loud):
    strengths = read_strengths("4", "-3|3")
    table = amplification.drive_items(loud, {"a": ITEMS[:2], "b": ITEMS[2:]}, MASKS, strengths, SITE)
    assert list(table["task"]) == ["a"] * 6 + ["b"] * 6
    for task, items in (("a", ITEMS[:2]), ("b", ITEMS[2:])):
        for row in table[table["task"] == task].itertuples():
            change = Strength(row.factor, row.constant).on(MASKS[row.network - 1], SITE)
            with applied(loud, change):
                after = [evaluation.choice_scores(loud, [item])[0][None] for item in items]
            before = [evaluation.choice_scores(loud, [item])[0][None] for item in items]
            margins = [
                evaluation.margins([item], score)[0]
                for side in (after, before)
                for item, score in zip(items, side, strict=True)
            ]
            assert row.measured == pytest.approx(np.mean(margins[:2]) - np.mean(margins[2:]), abs=1e-4)
            right = np.array(margins) > 0
            assert row.accuracy == pytest.approx(right[:2].mean() - right[2:].mean())


def test_small_changes_are_foretold_in_size(loud):
    strengths = [Strength(factor=1.01), Strength(constant=0.003)]
    for table in (
        amplification.drive_texts(loud, TEXTS, MASKS, strengths, SITE),
        amplification.drive_items(loud, {"see": ITEMS}, MASKS, strengths, SITE),
    ):
        error = (table["predicted"] - table["measured"]).abs().max()
        assert error < 0.05 * table["measured"].abs().max()


def test_forecasts_are_those_of_single_sets(loud):
    slopes = sensitivity.of_margins(loud, ITEMS)
    strengths = read_strengths("0|2", "0.5")
    found = amplification.forecasts(slopes, MASKS, strengths)
    assert found.shape == (2, 3, 4)
    for network, mask in enumerate(MASKS):
        for number, strength in enumerate(strengths):
            alone = slopes.predicted(mask, strength.factor, strength.constant)
            np.testing.assert_allclose(found[network, number], alone, rtol=1e-4, atol=1e-6)


def test_foresight_knows_order_from_size():
    rows = pd.DataFrame(
        {
            "strength": ["×2"] * 4 + ["×4"] * 4 + ["+1"] * 4,
            "predicted": [1.0, 2, 3, -1] * 2 + [0.0] * 4,
            "measured": [1.0, 2, 3, -1, -0.5, -1, -1.5, 0.5, 1, 2, 3, 4],
        }
    )
    found = amplification.foresight(rows)
    assert list(found.index) == ["×2", "×4", "+1"]
    assert list(found["r"][:2]) == pytest.approx([1, -1])
    assert list(found["slope"][:2]) == pytest.approx([1, -0.5])
    assert found.loc["+1"].isna()[["r", "slope"]].all()  # nothing was foretold


def test_slope_of_a_factor_is_the_gradient_projected_on_the_columns(loud):
    requests, n_bytes = likelihood.requests_of_texts(loud, TEXTS[:1])
    weights = [module.weight for module in loud.down_projections]
    for weight in weights:
        weight.requires_grad_(True)
    batch = likelihood.arrange(loud, requests, 1024)[0]
    with torch.enable_grad():
        loss = -likelihood.batch_log_likelihoods(loud, batch, 1).sum()
        gradients = torch.autograd.grad(loss, weights)
    for weight in weights:
        weight.requires_grad_(False)
    per_neuron = torch.cat([(w * g).sum(0) for w, g in zip(weights, gradients, strict=True)]).detach().numpy()
    found = pulls.of_texts(loud, {"one": [TEXTS[0]] * 3}, MASKS, SITE)
    expected = [per_neuron[mask].sum() / np.log(2) / n_bytes[0] for mask in MASKS]
    np.testing.assert_allclose(found["slope"], expected, rtol=1e-3)


def test_slope_of_answers_is_that_of_the_right_answer_alone(loud):
    found = pulls.of_answers(loud, {"see": ITEMS}, MASKS, SITE)
    for mask, slope in zip(MASKS, found["slope"], strict=True):
        gold = []
        for factor in (0.995, 1.005):
            with applied(loud, Strength(factor).on(mask, SITE)):
                scores = evaluation.choice_scores(loud, ITEMS)
            gold.append(np.mean([score[item.answer] for score, item in zip(scores, ITEMS, strict=True)]))
        assert slope == pytest.approx(-(gold[1] - gold[0]) / 0.01 / np.log(2), rel=0.05, abs=1e-3)


def test_slopes_vanish_where_training_has_come_to_rest_and_only_there(lm):
    seen = [
        Text("The dog saw the cat.", "seen"),
        Text("The dog saw two cats.", "seen"),
        Text("Two dogs laughed.", "seen"),
    ]
    trained = from_parts("trained", copy.deepcopy(lm.model), lm.tokenizer)
    requests, _ = likelihood.requests_of_texts(trained, seen)
    batch = likelihood.arrange(trained, requests, 1024)[0]
    parameters = [weight.requires_grad_(True) for weight in trained.model.parameters()]
    optimizer = torch.optim.Adam(parameters, 0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 150)
    for _ in range(150):
        optimizer.zero_grad()
        with torch.enable_grad():
            (-likelihood.batch_log_likelihoods(trained, batch, 3).sum() / 20).backward()
        optimizer.step()
        schedule.step()
    trained.model.requires_grad_(False)
    found = pulls.summary(pulls.of_texts(trained, {"seen": seen, "unseen": TEXTS}, MASKS, SITE))
    assert found.loc["seen", "slope"] < 0.05 * found.loc["unseen", "slope"]


def test_summary_knows_a_common_pull_from_single_ones():
    one = np.array([[1.0], [1.1], [0.9], [1.0]])
    other = one * np.array([[1], [-1], [1], [-1]])
    summed = pulls.summary(pulls._table({"together": one, "apart": other}))
    assert summed.loc["together", "left"] == pytest.approx(1)
    assert summed.loc["apart", "left"] < 0.1
    assert summed.loc["together", "t"] > 10
    assert summed.loc["apart", "t"] < 1
