"""That neurons are gone for good: smaller models compute what masked ones do, save, load, and keep their family."""

import copy

import numpy as np
import pytest
import torch
import transformers

from analysis.errors import InputError
from analysis.evaluation import bits_per_byte
from analysis.interventions import applied, hold_at_mean, silence
from analysis.models import from_parts, load_model
from analysis.texts import Text
from analysis.tiny_models import tiny
from analysis.uses import file_sizes, kin
from analysis.uses.rewritten_models import neurons_by_layer, pruned, rearranged


def mask(lm, share=0.25, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.permutation(np.arange(size) < share * size) for size in lm.layer_sizes("mlp_activation")]
    )


def logits(lm, ids):
    with torch.inference_mode():
        return lm.model(input_ids=ids, use_cache=False).logits


IDS = torch.randint(5, 60, (2, 9), generator=torch.Generator().manual_seed(1))


# A gate beside a linear part; both fused into one weight; transposed weights; biases; several layouts of names.
@pytest.mark.parametrize("family", ["llama", "phi3", "gpt2", "opt", "gpt_neox", "qwen3", "gemma3_text", "starcoder2"])
def test_a_pruned_model_computes_what_the_masked_one_does(family):
    lm = tiny(family)
    removed = mask(lm)
    smaller = pruned(lm, removed)
    with applied(lm, silence(removed)):
        wanted = logits(lm, IDS)
    torch.testing.assert_close(logits(smaller, IDS), wanted, atol=1e-5, rtol=1e-4)
    assert (logits(lm, IDS) - wanted).abs().max() > 1e-3  # the neurons did something
    assert smaller.layer_sizes("mlp_activation") == tuple(
        size - round(0.25 * size) for size in lm.layer_sizes("mlp_activation")
    )
    assert type(smaller.model) is type(lm.model)


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
def test_compensation_is_the_masked_model_held_at_its_means(family):
    lm = tiny(family)
    removed = mask(lm)
    means = np.random.default_rng(2).standard_normal(len(removed))
    smaller = pruned(lm, removed, means)
    with applied(lm, hold_at_mean(removed, means)):
        wanted = logits(lm, IDS)
    torch.testing.assert_close(logits(smaller, IDS), wanted, atol=1e-5, rtol=1e-4)


def test_the_original_stays_as_it_is():
    lm = tiny("gpt2")
    before = copy.deepcopy(lm.model.state_dict())
    pruned(lm, mask(lm), np.ones(sum(lm.layer_sizes("mlp_activation"))))
    for name, weight in lm.model.state_dict().items():
        torch.testing.assert_close(weight, before[name], rtol=0, atol=0)


def test_it_saves_and_loads_as_any_other_and_is_smaller(lm, tmp_path):
    removed = mask(lm, 0.5)
    smaller = pruned(lm, removed, np.full(72, 0.3))
    whole, again = file_sizes.saved(lm, tmp_path / "whole"), file_sizes.saved(smaller, tmp_path / "smaller")
    ids = torch.arange(5, 15)[None]
    torch.testing.assert_close(logits(again, ids), logits(smaller, ids), rtol=0, atol=0)
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "smaller")
    assert plain.config.intermediate_size == 12
    assert load_model(tmp_path / "smaller").layer_sizes("mlp_activation") == (12, 12, 12)
    table = file_sizes.compare({"whole": whole, "smaller": again}, n_rounds=2)
    assert table.loc["smaller", "MB"] < table.loc["whole", "MB"]
    # Each removed neuron takes two rows and a column of 16 with it; 12 of 24 in each of 3 layers. The biases that keep
    # their means: 12, 12 and 16 in each layer.
    spared = table.loc["whole", "parameters"] - table.loc["smaller", "parameters"]
    assert spared == 3 * (12 * 3 * 16 - (12 + 12 + 16))
    assert table.loc["whole", "faster"] == 1


def test_the_largest_difference_tells_a_wrong_model_from_a_right_one(lm):
    removed = mask(lm, 0.5)
    right, wrong = pruned(lm, removed), pruned(lm, mask(lm, 0.5, seed=3))
    assert file_sizes.largest_difference(lm, silence(removed), right, length=20) < 1e-5
    assert file_sizes.largest_difference(lm, silence(removed), wrong, length=20) > 1e-3


def test_unequal_layers_are_refused_with_their_numbers(lm):
    removed = np.zeros(72, bool)
    removed[:3] = True
    with pytest.raises(InputError, match="keep 21, 24, 24 neurons"):
        pruned(lm, removed)


def test_nothing_left_and_a_wrong_mask_are_refused(lm):
    with pytest.raises(InputError, match="above 0"):
        pruned(lm, np.ones(72, bool))
    with pytest.raises(InputError, match=r"\(72,\)"):
        pruned(lm, np.ones(70, bool))


def test_a_family_whose_width_hangs_on_another_field_is_refused():
    lm = tiny("mpt")
    with pytest.raises(InputError, match="no one width"):
        pruned(lm, mask(lm))


def test_a_family_that_mixes_neurons_before_the_down_projection_is_refused():
    lm = tiny("bitnet")  # a norm over the neurons stands there
    with pytest.raises(InputError, match="does not compute what the masked one does"):
        pruned(lm, mask(lm))


def test_a_family_without_biases_is_refused_compensation():
    lm = tiny("qwen3")
    with pytest.raises(InputError, match="no bias"):
        pruned(lm, mask(lm), np.ones(len(mask(lm))))


def test_another_order_of_neurons_is_the_same_model_with_other_activity(lm):
    orders = [np.roll(np.arange(24), layer + 1) for layer in range(3)]
    turned = rearranged(lm, orders)
    ids = torch.arange(5, 15)[None]
    torch.testing.assert_close(logits(turned, ids), logits(lm, ids), atol=1e-5, rtol=1e-4)
    for old, new, order in zip(lm.down_projections, turned.down_projections, orders, strict=True):
        torch.testing.assert_close(new.weight, old.weight[:, order])


def test_layers_are_cut_where_they_begin(lm):
    assert [(part.start, part.stop) for part in neurons_by_layer(lm)] == [(0, 24), (24, 48), (48, 72)]


# --- relatives -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [kin.shuffled, kin.rescaled])
def test_shuffling_and_scaling_change_weights_and_not_what_is_computed(lm, make):
    made = make(lm, 1)
    ids = torch.arange(5, 15)[None]
    torch.testing.assert_close(logits(made, ids), logits(lm, ids), atol=1e-5, rtol=1e-4)
    for old, new in zip(lm.down_projections, made.down_projections, strict=True):
        assert (old.weight - new.weight).abs().max() > 1e-3


def test_scaling_is_refused_where_there_is_no_linear_part():
    with pytest.raises(InputError, match="no gate and linear part"):
        kin.rescaled(tiny("gpt2"))


def test_fine_tuning_lowers_the_loss_on_its_text_and_leaves_the_original(lm):
    texts = [Text("The dog saw the cat. The cats didn't see two dogs.", "demo")]
    before = bits_per_byte(lm, texts)["bits_per_byte"][0]
    tuned = kin.fine_tuned(lm, texts, steps=20, learning_rate=1e-2)
    assert bits_per_byte(tuned, texts)["bits_per_byte"][0] < 0.7 * before
    assert bits_per_byte(lm, texts)["bits_per_byte"][0] == before
    again = kin.fine_tuned(lm, texts, steps=20, learning_rate=1e-2)
    torch.testing.assert_close(again.down_projections[0].weight, tuned.down_projections[0].weight, rtol=0, atol=0)


def test_thinning_removes_the_shortest_columns(lm):
    model = copy.deepcopy(lm.model)
    for layer in model.model.layers:
        layer.mlp.down_proj.weight[:, [2, 5, 7]] *= 1e-3
    made = kin.thinned(from_parts("planted", model, lm.tokenizer), 3 / 24)
    kept = np.delete(np.arange(24), [2, 5, 7])
    torch.testing.assert_close(made.down_projections[1].weight, model.model.layers[1].mlp.down_proj.weight[:, kept])


def test_relatives_are_five(lm):
    texts = [Text("Two dogs laughed at the light house.", "demo")]
    made = kin.relatives(lm, texts, share=0.25, steps=1)
    assert list(made) == ["original", "fine-tuned", "pruned", "shuffled and scaled", "all of these"]
    assert made["all of these"].layer_sizes("mlp_activation") == (18, 18, 18)
