import numpy as np
import pytest
import torch

from analysis.activity import record
from analysis.controls import same_size_per_layer
from analysis.errors import InputError
from analysis.interventions import Intervention, applied, silence
from analysis.texts import Text

TEXT = [Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo")]


def logits(lm):
    with torch.inference_mode():
        return lm.model(input_ids=torch.tensor([lm.tokenizer(TEXT[0].text).input_ids])).logits


def chosen(*neurons, n=72):
    mask = np.zeros(n, bool)
    mask[list(neurons)] = True
    return mask


def test_each_layer_gets_its_own_mask(lm):
    """The error of a published code base: a hook that looks its mask up late gives every layer the last one's."""
    before = record(lm, TEXT).values
    with applied(lm, silence(chosen(0, 1, 30))):
        during = record(lm, TEXT).values
    assert (during[:, [0, 1, 30]] == 0).all()
    untouched_layer_1 = np.setdiff1d(np.arange(24), [0, 1])
    np.testing.assert_array_equal(during[:, untouched_layer_1], before[:, untouched_layer_1])
    later = np.setdiff1d(np.arange(24, 72), [30])
    assert (np.abs(during[:, later]).max(0) > 0).all()


def test_silencing_equals_cutting_the_columns_of_the_down_projection(lm):
    module = lm.down_projections[1]
    with applied(lm, silence(chosen(24, 29))):
        silenced = logits(lm)
    kept = module.weight.data.clone()
    try:
        module.weight.data[:, [0, 5]] = 0
        cut = logits(lm)
    finally:
        module.weight.data.copy_(kept)
    torch.testing.assert_close(silenced, cut)
    assert not torch.equal(silenced, logits(lm))


def test_scaling_and_adding_do_what_they_say(lm):
    before = record(lm, TEXT).values
    with applied(lm, Intervention(chosen(3), factor=2.0, constant=0.5)):
        during = record(lm, TEXT).values
    np.testing.assert_allclose(during[:, 3], 2 * before[:, 3] + 0.5, rtol=1e-6)


def test_the_output_site(lm):
    before = record(lm, TEXT, "mlp_output").values
    with applied(lm, Intervention(chosen(2, n=48), constant=1.0, site="mlp_output")):
        during = record(lm, TEXT, "mlp_output").values
    np.testing.assert_allclose(during[:, 2], before[:, 2] + 1.0, rtol=1e-5)


@pytest.mark.parametrize("nothing", [Intervention(np.ones(72, bool)), silence(np.zeros(72, bool))])
def test_a_change_of_no_strength_is_bit_identical(lm, nothing):
    before = logits(lm)
    with applied(lm, nothing):
        assert torch.equal(logits(lm), before)


def fail_inside(lm, outer):
    with applied(lm, silence(chosen(40))):
        assert not torch.equal(logits(lm), outer)
        raise RuntimeError("inside")


def test_blocks_nest_and_leave_nothing_behind(lm):
    before = logits(lm)
    with applied(lm, silence(chosen(0))):
        outer = logits(lm)
        with pytest.raises(RuntimeError, match="inside"):
            fail_inside(lm, outer)
        assert torch.equal(logits(lm), outer)
    assert torch.equal(logits(lm), before)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in lm.down_projections)


def test_neurons_that_do_not_fit_leave_no_hook_behind(lm):
    with pytest.raises(InputError, match=r"names \(71,\) bool; this model needs \(72,\) bool"):  # noqa: SIM117
        with applied(lm, silence(chosen(0)), silence(chosen(0, n=71))):
            pass
    assert not any(module._forward_pre_hooks for module in lm.down_projections)


def test_random_sets_have_the_size_of_each_layer():
    mask = chosen(0, 1, 2, 30, n=72)
    drawn = same_size_per_layer(mask, (24, 24, 24), 200, seed=1)
    assert (drawn[:, :24].sum(1) == 3).all()
    assert (drawn[:, 24:48].sum(1) == 1).all()
    assert not drawn[:, 48:].any()
    assert drawn[:, :48].any(0).all()  # every neuron of these layers can be drawn
    assert (drawn == same_size_per_layer(mask, (24, 24, 24), 200, seed=1)).all()
    with pytest.raises(InputError, match="Use one site"):
        same_size_per_layer(mask, (24, 24), 2)
