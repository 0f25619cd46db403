import copy

import numpy as np
import pytest

from analysis import evaluation, many, sensitivity
from analysis.interventions import Intervention
from analysis.models import from_parts
from analysis.texts import Item, Text

TEXTS = [
    Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo"),
    Text("The cats didn't see the dog.", "demo"),
]
ITEMS = [
    Item("see", "The dog saw", (" the cat.", " nobody at the light house.", " two"), 0),
    Item("see", "The dog saw", (" the cat.", " two dogs."), 1),  # the same context, so rows could be confused
    Item("pair", "", ("The dog saw the cat.", "The dog the saw cat."), 0),
]
SITES = {"mlp_activation": 72, "mlp_output": 48}


@pytest.fixture(scope="module")
def loud(lm):
    """The tiny model with larger weights: with its own, 0.005 is more than a neuron ever does."""
    model = copy.deepcopy(lm.model)
    for weight in model.parameters():
        weight.mul_(10 if weight.ndim == 2 else 1)
    return from_parts("loud", model, lm.tokenizer)


def measured(lm, of, change, step=0.005):
    """Central difference."""
    changes = [change(step), change(-step)]
    if of is sensitivity.of_losses:
        up, down = many.losses(lm, TEXTS, changes)
    else:
        up, down = evaluation.margins(ITEMS, many.choice_scores(lm, ITEMS, changes))
    return (up - down) / 2


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("of", [sensitivity.of_losses, sensitivity.of_margins])
@pytest.mark.parametrize("batch_tokens", [1, 1024])
def test_predictions_are_what_small_changes_do(loud, of, site, batch_tokens):
    found = of(loud, TEXTS if of is sensitivity.of_losses else ITEMS, site, batch_tokens=batch_tokens)
    neurons = np.random.default_rng(0).random(SITES[site]) < 0.4
    for change, predicted in (
        (lambda e: Intervention(neurons, factor=1 + e, site=site), found.predicted(neurons, factor=1.005)),
        (lambda e: Intervention(neurons, constant=e, site=site), found.predicted(neurons, constant=0.005)),
    ):
        np.testing.assert_allclose(measured(loud, of, change), predicted, rtol=0.02, atol=2e-5)


def test_single_neurons_add_up(lm):
    found = sensitivity.of_losses(lm, TEXTS)
    neurons = np.zeros(72, bool)
    neurons[[3, 40]] = True
    alone = [found.predicted(np.arange(72) == neuron, factor=2.0) for neuron in (3, 40)]
    np.testing.assert_allclose(found.predicted(neurons, factor=2.0), sum(alone), rtol=1e-5)
    assert found.to_factor.shape == found.to_constant.shape == (2, 72)


def test_the_model_is_left_as_it_was(lm):
    before = many.losses(lm, TEXTS, [None])
    sensitivity.of_margins(lm, ITEMS)
    np.testing.assert_array_equal(many.losses(lm, TEXTS, [None]), before)
    assert not any(module._forward_pre_hooks for module in lm.down_projections)
    assert all(weight.grad is None and not weight.requires_grad for weight in lm.model.parameters())
