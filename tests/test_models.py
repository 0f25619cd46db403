import copy
import dataclasses
import importlib.util
import json

import numpy as np
import pytest
import torch
import transformers
from conftest import third_party
from safetensors.torch import load_file

from analysis import models
from analysis.activity import record
from analysis.errors import InputError
from analysis.texts import Text
from analysis.tiny_models import tiny


@pytest.fixture
def saved(lm, tmp_path):
    lm.model.save_pretrained(tmp_path)
    lm.tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_what_is_saved_is_what_is_loaded(lm, saved):
    loaded = models.load_model(saved)
    text = [Text("The dog saw the cat.", "x")]
    assert (record(loaded, text).values == record(lm, text).values).all()
    assert loaded.context == 64
    assert loaded.n_layers == 3


def test_a_real_model_loads_and_predicts():
    lm = models.load_model(third_party("models/stories260K"))
    ids = torch.tensor([lm.tokenizer("Once upon a time, there was a little").input_ids])
    with torch.inference_mode():
        loss = lm.model(input_ids=ids, labels=ids).loss
    assert loss < 2.0  # a random model of this vocabulary has 6.2


def test_bfloat16_is_a_choice(saved):
    assert next(models.load_model(saved, dtype="bfloat16").model.parameters()).dtype == torch.bfloat16


def test_a_tokenizer_that_cuts_and_pads_is_stopped_from_it(lm, saved):
    path = saved / "tokenizer.json"
    path.write_text(
        json.dumps(
            json.loads(path.read_text())
            | {
                "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
            }
        )
    )
    text = [Text("The dog saw the cat.", "x")]
    assert len(record(models.load_model(saved), text).values) == len(record(lm, text).values) > 4


def rewrite_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="There is no model folder"):
        models.load_model(tmp_path / "nothing")


def test_a_folder_without_a_configuration(tmp_path):
    with pytest.raises(InputError, match=r"no config\.json"):
        models.load_model(tmp_path)


def test_a_hub_id_without_a_network(monkeypatch):
    monkeypatch.setattr(models, "hub_is_reachable", lambda: False)
    with pytest.raises(InputError, match=r"Cannot load 'nobody/no-such-model' from the hub \(is there a network"):
        models.load_model("nobody/no-such-model")


def test_weights_that_are_a_pickle_are_refused(saved):
    weights = load_file(saved / "model.safetensors")
    (saved / "model.safetensors").unlink()
    torch.save(weights, saved / "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors only"):
        models.load_model(saved)


def test_damaged_weights(saved):
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="Cannot load"):
        models.load_model(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model_type": "bert", "architectures": ["BertModel"]},
            "family 'bert' is an encoder, which reads in both directions",
        ),
        ({"model_type": "t5", "architectures": ["T5Model"]}, "encoder-decoder"),
        ({"model_type": "mamba", "architectures": ["MambaForCausalLM"]}, "family 'mamba' is a state-space model"),
        (
            {"model_type": "mixtral", "architectures": ["MixtralForCausalLM"]},
            "family 'mixtral' is a mixture of experts",
        ),
        ({"model_type": "vit", "architectures": ["ViTModel"]}, "family 'vit' is no causal decoder with a known MLP"),
        ({"model_type": "doge", "is_moe": True}, "says is_moe=True, which makes a 'doge' a mixture of experts"),
        ({"model_type": "no-such-thing"}, "Cannot load"),
    ],
)
def test_models_of_the_wrong_kind(saved, changes, message):
    rewrite_config(saved, **changes)
    with pytest.raises(InputError, match=message):
        models.load_model(saved)


def test_remote_code_is_not_run_unless_asked_for(saved):
    (saved / "evil.py").write_text("raise SystemExit('remote code was run')\n")
    rewrite_config(saved, model_type="evil", auto_map={"AutoConfig": "evil.EvilConfig"})
    with pytest.raises(InputError, match="Cannot load"):
        models.load_model(saved)


def test_a_dtype_and_a_site_that_do_not_exist(saved, lm):
    with pytest.raises(InputError, match="No dtype is named 'float8'"):
        models.load_model(saved, dtype="float8")
    with pytest.raises(InputError, match=r"No site is named 'attention'\. Choose one of: mlp_activation, mlp_output"):
        lm.layer_sizes("attention")


def test_the_context_is_that_of_the_text_part_of_a_model_that_also_sees():
    assert tiny("gemma3").context == 64


def test_spreading_over_devices_needs_accelerate(saved, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match="device_map='auto' needs the package accelerate: install the extra 'large'"):
        models.load_model(saved, device_map="auto")


def test_a_spread_model_is_the_same_model(saved, lm):
    pytest.importorskip("accelerate")
    text = [Text("The dog saw the cat.", "x")]
    spread = models.load_model(saved, device_map="auto")
    np.testing.assert_allclose(record(spread, text).values, record(lm, text).values, rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match="Cannot load"):
        models.load_model(saved, device_map="everywhere")


TEMPLATE = "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<answer>"


def test_a_chat_is_worded_by_the_tokenizer_and_begins_once(lm):
    chatty = dataclasses.replace(lm, tokenizer=copy.deepcopy(lm.tokenizer))
    chatty.tokenizer.chat_template = TEMPLATE
    chat = models.as_chat(chatty, "The dog saw the cat.")
    assert chat == "<user>The dog saw the cat.\n<answer>"
    assert record(chatty, [Text(chat, "x")]).tokens.piece.tolist().count("<s>") == 1


def test_a_chat_keeps_its_beginning_where_the_tokenizer_adds_none():
    plain = tiny("llama")
    plain.tokenizer.bos_token = "w1"
    plain.tokenizer.chat_template = "{{ bos_token }} {{ messages[0].content }}"
    chat = models.as_chat(plain, "w8 w9")
    assert chat == "w1 w8 w9"
    assert record(plain, [Text(chat, "x")]).tokens.piece.tolist() == ["w1", "w8", "w9"]


def test_a_model_that_is_no_chat_model(lm):
    with pytest.raises(InputError, match="'tiny' has no chat template, so it is no instruct model"):
        models.as_chat(lm, "Hello.")


def test_a_model_without_the_site_it_should_have(lm):
    broken = transformers.LlamaForCausalLM(lm.model.config)
    del broken.model.layers[1].mlp.down_proj
    with pytest.raises(InputError, match=r"has no 'model\.layers\.1\.mlp\.down_proj'"):
        models.from_parts("broken", broken, lm.tokenizer)


def test_the_untrained_model_has_new_weights_that_its_seed_decides(lm):
    state = torch.random.get_rng_state()
    one, same, other = (models.untrained(lm, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    text = [Text("The dog saw the cat.", "x")]
    values = [record(each, text).values for each in (one, same, other, lm)]
    assert (values[0] == values[1]).all()
    assert not np.allclose(values[0], values[2])
    assert not np.allclose(values[0], values[3])
    assert one.layer_sizes("mlp_activation") == lm.layer_sizes("mlp_activation")
    assert one.name == "tiny, untrained (seed 1)"
    assert not any(weight.requires_grad for weight in one.model.parameters())
    assert next(one.model.parameters()).dtype == next(lm.model.parameters()).dtype


def test_an_untrained_real_model_predicts_no_better_than_a_guess():
    trained = models.load_model(third_party("models/stories260K"))
    blank = models.untrained(trained)
    ids = torch.tensor([trained.tokenizer("Once upon a time, there was a little").input_ids])
    with torch.inference_mode():
        losses = [each.model(input_ids=ids, labels=ids).loss for each in (trained, blank)]
    assert losses[0] < 2.0
    assert losses[1] > 5.5
