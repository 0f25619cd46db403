import numpy as np
import pytest
import torch

from analysis.activity import record
from analysis.contribution import contribution
from analysis.errors import InputError
from analysis.interventions import applied, silence
from analysis.texts import Text
from analysis.tiny_models import tiny

TEXTS = [Text("w5 w9 w11 w3 w7 w8", "x"), Text("w4 w9 w1", "x")]


@pytest.mark.parametrize("family", ["llama", "gpt2"])  # GPT-2 keeps its weights transposed
def test_it_is_the_size_of_what_goes_missing_when_the_neuron_is_silenced(family):
    lm = tiny(family)
    activity = record(lm, TEXTS)
    expected = contribution(lm, activity)
    first = activity.layer_sizes[0]
    for neuron in (0, 17, first + 3):
        layer, place = divmod(neuron, first)
        alone = np.arange(len(expected)) == neuron
        before = record(lm, TEXTS, "mlp_output").values
        with applied(lm, silence(alone)):
            after = record(lm, TEXTS, "mlp_output").values
        width = lm.layer_sizes("mlp_output")[0]
        missing = (before - after)[:, layer * width : (layer + 1) * width]
        assert place < first
        np.testing.assert_allclose(np.sqrt((missing**2).sum(1).mean()), expected[neuron], rtol=1e-3)


def test_at_the_output_it_is_the_root_mean_square():
    lm = tiny("llama")
    activity = record(lm, TEXTS, "mlp_output")
    np.testing.assert_allclose(contribution(lm, activity), np.sqrt((activity.values**2).mean(0)), rtol=1e-6)


def test_activity_of_another_model_is_refused(lm):
    with pytest.raises(InputError, match=r"is that of 'gpt2', not of 'tiny'. Record this model"):
        contribution(lm, record(tiny("gpt2"), TEXTS))


def test_the_model_is_only_looked_at():
    lm = tiny("llama")
    weights = [module.weight.clone() for module in lm.down_projections]
    contribution(lm, record(lm, TEXTS))
    assert all(torch.equal(a, module.weight) for a, module in zip(weights, lm.down_projections, strict=True))
