import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from torch import nn
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from analysis import architectures
from analysis.families import DOWN_PROJECTIONS, PATHS, WITHOUT_SITE, refusal
from analysis.interventions import Intervention
from analysis.models import from_parts, quiet_transformers
from analysis.tiny_models import EXTRA, tiny, tiny_config

# One for each way in which families differ.
REPRESENTATIVE = (
    "bloom",  # neurons are four times the hidden size; positions are in the attention
    "falcon",  # attention and MLP side by side
    "gemma2",  # norms before and after; alternating windows
    "gemma3",  # inside a model that also sees
    "gpt2",  # Conv1D, learned positions
    "llama",
    "mpt",  # the MLP adds the residual itself
    "openai-gpt",  # norms after
    "opt",  # the down-projection hangs in the layer itself
    "phi",  # biases everywhere
    "phi3",  # gate and up in one projection
    "qwen3_5_text",  # linear attention in some layers
)


@pytest.mark.parametrize("family", REPRESENTATIVE)
def test_a_family_passes_all_checks(family):
    assert architectures.failures(tiny(family)) == []


@pytest.mark.slow
def test_the_stored_table_is_what_the_code_gives():
    found = architectures.conformance()
    stored = pd.read_csv(architectures.RESULTS)
    pd.testing.assert_frame_equal(found, stored)
    assert set(found.family) == set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    assert (found.status == "passed").sum() >= 60
    fails_otherwise = ~found.status.str.startswith(("passed", "The family", "padding on the left"))
    assert not fails_otherwise.any()


def test_every_registered_family_is_in_one_table():
    families = [*PATHS, *(family for some in WITHOUT_SITE.values() for family in some)]
    assert len(families) == len(set(families)) == sum(map(len, [*DOWN_PROJECTIONS.values(), *WITHOUT_SITE.values()]))
    assert set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) <= set(families)


def test_a_family_without_the_site_gets_one_line_that_says_why():
    assert architectures.outcome("mixtral") == refusal("mixtral")
    assert refusal("mixtral").startswith("The family 'mixtral' is a mixture of experts: which MLP")
    assert "is no causal decoder with a known MLP" in refusal("something-new")


def test_a_tiny_model_is_always_the_same_and_leaves_the_generator_alone():
    state = torch.random.get_rng_state()
    one, two = tiny("gpt2"), tiny("gpt2")
    assert torch.equal(torch.random.get_rng_state(), state)
    for weight, same in zip(one.model.parameters(), two.model.parameters(), strict=True):
        assert weight.any()
        assert torch.equal(weight, same)


def test_a_tiny_model_has_each_kind_of_layer():
    kinds = tiny_config(transformers.CONFIG_MAPPING["qwen3_5_text"]).layer_types
    assert sorted(kinds) == ["full_attention", "linear_attention"]


def random_model(family):
    with torch.random.fork_rng(), quiet_transformers():
        torch.manual_seed(0)
        config = tiny_config(transformers.CONFIG_MAPPING[family])
        return transformers.AutoModelForCausalLM.from_config(config).eval().requires_grad_(requires_grad=False)


def failures_at(family, path):
    """What is found wrong where someone names another place as the down-projection."""
    return architectures.failures(from_parts(family, random_model(family), tiny("llama").tokenizer, path))


def test_the_output_of_the_attention_is_not_taken_for_neurons():
    assert "the recorded width is not the configuration's" in failures_at(
        "llama", "model.layers.{layer}.self_attn.o_proj"
    )


def test_a_shared_expert_is_not_taken_for_the_whole_mlp(monkeypatch):
    sizes = {"moe_intermediate_size": 40, "shared_expert_intermediate_size": 40, "num_experts": 4}
    monkeypatch.setitem(EXTRA, "qwen2_moe", sizes)
    wrong = failures_at("qwen2_moe", "model.layers.{layer}.mlp.shared_expert.down_proj")
    assert "gradients pass around the neurons" in wrong


def test_an_encoder_is_not_taken_for_a_decoder():
    wrong = failures_at("bert", "bert.encoder.layer.{layer}.output.dense")
    assert "later tokens change what is read of earlier ones" in wrong


def test_layers_that_are_left_out_are_noticed(monkeypatch):
    monkeypatch.setitem(EXTRA, "mllama_text_model", {"cross_attention_layers": [1]})
    wrong = failures_at("mllama", "model.layers.{layer}.mlp.down_proj")
    assert "what is recorded is not what the down-projection reads" in wrong


def test_a_model_that_does_not_know_padding_is_noticed():
    left = [line for line in architectures.CHECKS if line.startswith("padding on the left")]
    assert architectures.failures(tiny("rwkv")) == left


def test_an_intervention_that_does_too_little_or_too_much_is_noticed(monkeypatch):
    lm = tiny("llama")
    real = architectures.applied
    monkeypatch.setattr(architectures, "applied", lambda lm, _intervention: real(lm))
    assert "silencing a layer is not an MLP that outputs its bias" in architectures.failures(lm)

    def nudge(lm, intervention):
        return real(lm, intervention, Intervention(np.ones_like(intervention.neurons), 1.001, site=intervention.site))

    monkeypatch.setattr(architectures, "applied", nudge)
    assert "an empty intervention changes the output" in architectures.failures(lm)


def test_a_recorder_that_leaves_something_behind_is_noticed(monkeypatch):
    lm = tiny("llama")
    real = architectures.record

    def careless(lm, *args, **options):
        lm.down_projections[0].register_forward_pre_hook(lambda _module, args: (args[0] * 1.0,))
        return real(lm, *args, **options)

    monkeypatch.setattr(architectures, "record", careless)
    assert architectures.failures(lm) == ["recording changes the output"]


@pytest.mark.slow
@pytest.mark.parametrize("family", WITHOUT_SITE["is an encoder, which reads in both directions"])
def test_what_is_called_an_encoder_reads_in_both_directions(family):
    model = random_model(family)
    if family == "xmod":
        model.set_default_language("en_XX")
    ids = torch.arange(8, 18)[None]
    other = ids.clone()
    other[0, -1] = 40
    with torch.inference_mode():
        one, two = (model(input_ids=each, attention_mask=torch.ones_like(each)).logits for each in (ids, other))
    assert not torch.allclose(one[0, :-1], two[0, :-1], atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", next(some for reason, some in WITHOUT_SITE.items() if reason.startswith("is a mixture of experts"))
)
def test_what_is_called_a_mixture_has_experts(family):
    config = transformers.CONFIG_MAPPING[family]().get_text_config()
    settings = {name for name in vars(config) if "expert" in name or "moe" in name}
    assert settings or family in {"dbrx"}  # it keeps them in a configuration of its own


@pytest.mark.slow
def test_a_state_space_model_has_no_mlp(monkeypatch):
    monkeypatch.setitem(EXTRA, "mamba2", {"num_heads": 8, "head_dim": 8, "state_size": 8, "n_groups": 1})
    for family in WITHOUT_SITE["is a state-space model: its layers have no MLP"]:
        kinds = {
            name.split(".")[-1] for name, part in random_model(family).named_modules() if isinstance(part, nn.Linear)
        }
        assert kinds <= {"in_proj", "x_proj", "dt_proj", "out_proj", "lm_head"}
