from contextlib import ExitStack

import numpy as np
import pytest

from analysis import evaluation, many
from analysis.families import DOWN_PROJECTIONS
from analysis.interventions import Intervention, applied, hold_at_mean, resample, silence
from analysis.texts import Item, Text
from analysis.tiny_models import tiny

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


EVERY_FAMILY = sorted({family for families in DOWN_PROJECTIONS.values() for family in families} - {"emu3_text_model"})
"""That one is a part of emu3 and no model by itself."""


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


def test_one_intervention_alone(lm):
    """Too few to share anything, and the same numbers."""
    lesion = interventions()[1]
    np.testing.assert_allclose(
        many.losses(lm, TEXTS, [lesion])[0], many.losses(lm, TEXTS, interventions())[1], atol=1e-5
    )


def test_nothing_to_do_is_an_empty_table(lm):
    assert many.losses(lm, TEXTS, []).shape == (0, 3)
    assert many.losses(lm, [], [None]).shape == (1, 0)
    assert many.choice_scores(lm, [], [None]).shape == (1, 0, 0)
    assert evaluation.choice_scores(lm, []) == []


def test_a_model_that_is_already_changed(lm):
    """The block around it counts for all of them, also for what they share."""
    outer = [silence(np.arange(72) % 5 == 0), resample(np.arange(72) % 7 == 0, np.ones((3, 72), np.float32))]
    for around in outer:
        with applied(lm, around):
            together = many.losses(lm, TEXTS, interventions())
            expected = one_at_a_time(lm, lambda: evaluation.bits_per_byte(lm, TEXTS)["nats"])
        np.testing.assert_allclose(together, expected, atol=1e-5)


def as_one_at_a_time_in(family):
    """Different families share different parts: two use of one dropout, layers that keep keys for later ones …"""
    lm = tiny(family)
    lm.tokenizer.eos_token = "w0"
    texts = [Text("w5 w9 w11 w3 w7 w8 w5 w5", "x"), Text("w4 w9 w1", "x")]
    rng = np.random.default_rng(0)
    changes = [None]
    for site in ("mlp_activation", "mlp_output"):
        sizes = lm.layer_sizes(site)
        neurons = rng.random(sum(sizes)) < 0.3
        of_last_layer = neurons & (np.arange(sum(sizes)) >= sum(sizes[:-1]))
        changes += [silence(neurons, site), silence(of_last_layer, site), Intervention(neurons, 2.0, 0.5, site)]
    by_token = [silence(neurons, site).at([1, 2]), silence(of_last_layer, site).at(slice(1, None))]
    for these in (changes, changes + by_token):
        together = many.losses(lm, texts, these)
        for found, intervention in zip(together, these, strict=True):
            with applied(lm, *[] if intervention is None else [intervention]):
                np.testing.assert_allclose(found, evaluation.bits_per_byte(lm, texts)["nats"], atol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "opt", "phi", "falcon", "gemma2", "gemma3n_text", "openai-gpt", "rwkv"])
def test_other_families(family):
    as_one_at_a_time_in(family)


@pytest.mark.slow
@pytest.mark.parametrize("family", EVERY_FAMILY)
def test_every_family(family):
    as_one_at_a_time_in(family)


def test_what_is_below_the_first_change_is_computed_once(lm):
    """Three lesions of the last layer: the first layer runs once, for the model as it is; the last MLP at one place."""
    of_last_layer = [silence(np.arange(72) == neuron) for neuron in (60, 61, 62)]
    seen = []
    mlps = [layer.mlp for layer in lm.model.model.layers]
    with ExitStack() as stack:
        for number, mlp in enumerate(mlps):
            handle = mlp.gate_proj.register_forward_hook(lambda _m, args, _o, n=number: seen.append((n, args[0].shape)))
            stack.callback(handle.remove)
        item = Item("see", "The dog saw", (" the", " two"), 0)
        many.choice_scores(lm, [item], of_last_layer)
    assert [number for number, _ in seen].count(0) == 1
    assert {shape[:2] for number, shape in seen if number == 2} == {(1, 1)}


def test_nothing_is_left_behind(lm):
    before, hooks = many.losses(lm, TEXTS, [None]), _hooks(lm)
    many.choice_scores(lm, ITEMS, interventions())
    np.testing.assert_array_equal(many.losses(lm, TEXTS, [None]), before)
    assert _hooks(lm) == hooks
    assert not any("forward" in vars(module) for module in lm.model.modules())


def _hooks(lm):
    """Count the hooks; transformers leaves some of its own behind where hidden states were asked for."""
    return [(len(module._forward_pre_hooks), len(module._forward_hooks)) for module in lm.model.modules()]
