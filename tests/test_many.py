import numpy as np
import pytest

from analysis import evaluation, many
from analysis.interventions import Intervention, applied, hold_at_mean, resample, silence
from analysis.texts import Item, Text

ITEMS = [
    Item("see", "The dog saw", (" the cat.", " nobody at the light house.", " two"), 0),
    Item("see", "The dog saw", (" two dogs.", " the cat."), 1),
    Item("see", "The cats didn't ", ("see", "laugh at two dogs"), 1),
    Item("pair", "", ("The dog saw the cat.", "The dog the saw cat."), 0),
]
TEXTS = [
    Text("Nobody laughed at the light house, and two dogs saw the cat.", "a"),
    Text("The cats didn't see the dog.", "b"),
    Text("Two dogs.", "b"),
]


def interventions():
    rng = np.random.default_rng(0)
    donors = rng.standard_normal((20, 72)).astype(np.float32)
    sets = rng.random((4, 72)) < 0.3
    of_last_layer = np.arange(72) >= 60
    return [
        None,
        silence(sets[0]),
        Intervention(sets[1], factor=2.0, constant=-0.3),
        hold_at_mean(sets[2], donors.mean(0)),
        resample(sets[3], donors, seed=4),
        silence(of_last_layer),
        silence(sets[1]).at(slice(2, None)),
        silence(rng.random(48) < 0.3, "mlp_output"),
        silence(np.zeros(72, bool)),
    ]


def one_at_a_time(lm, measure):
    found = []
    for intervention in interventions():
        with applied(lm, *[] if intervention is None else [intervention]):
            found.append(measure())
    return found


@pytest.mark.parametrize("batch_tokens", [1, 40, 1024])
def test_items_score_as_one_intervention_at_a_time(lm, batch_tokens):
    together = many.choice_scores(lm, ITEMS, interventions(), batch_tokens=batch_tokens)
    expected = one_at_a_time(lm, lambda: evaluation.choice_scores(lm, ITEMS))
    assert together.shape == (9, 4, 3)
    for scores, items in zip(together, expected, strict=True):
        for score, item in zip(scores, items, strict=True):
            np.testing.assert_allclose(score[: len(item)], item, atol=1e-5)
            assert (score[len(item) :] == -np.inf).all()
    effects = np.abs(together[1:-1, :, :2] - together[0, :, :2])
    assert effects.max((1, 2)).min() > 1e-3  # each of them does something


@pytest.mark.parametrize("batch_tokens", [1, 40, 1024])
def test_texts_lose_as_one_intervention_at_a_time(lm, batch_tokens):
    together = many.losses(lm, TEXTS, interventions(), batch_tokens=batch_tokens)
    expected = one_at_a_time(lm, lambda: evaluation.bits_per_byte(lm, TEXTS)["nats"])
    np.testing.assert_allclose(together, expected, atol=1e-5)


def test_a_model_that_is_already_changed(lm):
    """The block around it counts for all of them, also for what they share."""
    outer = [silence(np.arange(72) % 5 == 0), resample(np.arange(72) % 7 == 0, np.ones((3, 72), np.float32))]
    for around in outer:
        with applied(lm, around):
            together = many.losses(lm, TEXTS, interventions())
            expected = one_at_a_time(lm, lambda: evaluation.bits_per_byte(lm, TEXTS)["nats"])
        np.testing.assert_allclose(together, expected, atol=1e-5)


def test_nothing_is_left_behind(lm):
    before = many.losses(lm, TEXTS, [None])
    many.choice_scores(lm, ITEMS, interventions())
    np.testing.assert_array_equal(many.losses(lm, TEXTS, [None]), before)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in lm.model.modules())
    assert not any("forward" in vars(module) for module in lm.model.modules())
