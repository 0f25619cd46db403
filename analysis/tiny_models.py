"""Tiny random models of every family that the study can read, made from the family's own configuration class."""

from __future__ import annotations

import dataclasses
from typing import Any

import tokenizers
import torch
import transformers
from torch import nn

from analysis.models import LanguageModel, from_parts, quiet_transformers

HIDDEN, WIDTH, VOCABULARY, CONTEXT = 32, 40, 64, 64
"""Sizes of the tiny models. No other projection is 40 or 80 wide, so that those of the MLP are known by shape."""

SMALL: dict[str, Any] = {
    "attention_heads": 4, "attention_types": [[["global", "local"], 1]], "bos_token_id": 1, "d_model": HIDDEN,
    "depth": 2, "dff": WIDTH, "eos_token_id": 2, "ffn_dim": WIDTH, "head_dim": 8, "hidden_size": HIDDEN,
    "image_size": 32, "initializer_range": 0.2, "intermediate_size": WIDTH, "kv_lora_rank": 16,
    "linear_key_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_value_head_dim": 8,
    "max_position_embeddings": CONTEXT, "n_ctx": CONTEXT, "n_embd": HIDDEN, "n_head": 4, "n_heads": 4,
    "n_inner": WIDTH, "n_layer": 2, "n_layers": 2, "n_positions": CONTEXT, "num_attention_heads": 4, "num_heads": 4,
    "num_hidden_layers": 2, "num_key_value_heads": 2, "num_layers": 2, "pad_token_id": 0, "patch_size": 16,
    "q_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "rotary_dim": 4, "sliding_window": 8,
    "v_head_dim": 8, "vocab_size": VOCABULARY, "word_embed_proj_dim": HIDDEN,
}  # fmt: skip
"""What the families call their sizes, shrunk. A larger initializer_range makes tokens matter to one another."""

_ROPE = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 1, 1]}
_TWICE = {"num_hidden_layers": 4, "layer_types": ["sliding_attention", "full_attention"] * 2, "num_kv_shared_layers": 2}
EXTRA: dict[str, dict[str, Any]] = {
    "bamba": {"mamba_n_heads": 4, "mamba_d_state": 4, "attn_layer_indices": [1]},
    "cohere_compass_text": {
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {"sliding_attention": _ROPE, "full_attention": _ROPE},
    },
    "falcon": {"ffn_hidden_size": WIDTH},
    "falcon_h1": {"mamba_n_heads": 4, "mamba_d_state": 8, "mamba_d_ssm": 32},
    "gemma3n_text": _TWICE | {
        "activation_sparsity_pattern": [0.5, 0.0, 0.0, 0.0], "hidden_size_per_layer_input": 4, "laurel_rank": 4,
        "vocab_size_per_layer_input": VOCABULARY,
    },
    "gemma4_text": _TWICE | {
        "global_head_dim": 16, "hidden_size_per_layer_input": 4, "vocab_size_per_layer_input": VOCABULARY,
    },
    "gemma4_unified_text": _TWICE | {"global_head_dim": 16},
    "gpt_neo": {"window_size": 8},
    "lfm2": {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
    "minicpm3": {"num_key_value_heads": 4},
    "modernbert-decoder": {"local_attention": 8},
    "phi4_multimodal": {
        "vision_config": {
            "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 28, "crop_size": 28,
        },
        "audio_config": {
            "hidden_size": 8, "intermediate_size": 8, "num_blocks": 1, "num_attention_heads": 2,
            "ext_pw_out_channel": 8, "depthwise_separable_out_channel": 8, "nemo_conv_channels": 8,
        },
    },
    "recurrent_gemma": {"num_hidden_layers": 3, "attention_window_size": 8},
    "xlstm": {"ffn_proj_factor": WIDTH / HIDDEN, "ffn_round_up_to_multiple_of": 8},
    "youtu": {"num_key_value_heads": 4},
}  # fmt: skip
"""Fields that one family alone needs, so that each of its kinds of layer is there."""

WIDTHS = {
    "bloom": 4 * HIDDEN, "gpt_neox_japanese": 4 * HIDDEN, "moshi": WIDTH // 2, "mpt": 4 * HIDDEN,
    "openai-gpt": 4 * HIDDEN, "recurrent_gemma": WIDTH // 2,
}  # fmt: skip
"""Neurons per layer where the family derives them from another field."""


def tiny(family: str) -> LanguageModel:
    """Make a small random model of a family, from the family's own configuration class.

    Parameters
    ----------
    family : str
        A ``model_type`` of :data:`analysis.families.DOWN_PROJECTIONS`.

    Returns
    -------
    LanguageModel
        Always the same one. Weights that the family starts at 0, such as biases, are drawn as well, so that nothing
        holds only because they are 0. Its tokenizer knows the words ``w0`` … ``w63``.
    """
    with torch.random.fork_rng(), quiet_transformers():
        torch.manual_seed(0)
        config = tiny_config(transformers.CONFIG_MAPPING[family])
        lm = from_parts(family, transformers.AutoModelForCausalLM.from_config(config), _tokenizer())
        for weight in lm.model.parameters():
            if not weight.any():
                nn.init.normal_(weight, std=SMALL["initializer_range"])
    return lm


def tiny_config(config_class: Any) -> Any:
    """Shrink the fields of a configuration that are known by name, and those of the configurations inside it.

    As many layers are kept as it takes to have each kind of layer of the default configuration once, at least two.
    """
    default = config_class()
    fields = {field.name for field in dataclasses.fields(config_class) if field.init}
    names = fields | set(config_class.attribute_map.values())
    values = {name: value for name, value in SMALL.items() if name in names}
    if "layer_types" in fields and default.layer_types:
        kinds = list(dict.fromkeys(default.layer_types))
        values["layer_types"] = (kinds * 2)[: max(2, len(kinds))]
        values["num_hidden_layers"] = len(values["layer_types"])
    for name in config_class.sub_configs:
        inner = getattr(default, name, None)
        if inner is not None:
            values[name] = tiny_config(type(inner))
    return config_class(**values | EXTRA.get(config_class.model_type, {}))


def _tokenizer() -> Any:
    words = {f"w{number}": number for number in range(VOCABULARY)}
    splits = tokenizers.Tokenizer(tokenizers.models.WordLevel(words))
    splits.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=splits, model_max_length=CONTEXT)
