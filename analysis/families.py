"""The families of causal language models: where each has its MLP neurons, or why it has none to study. Tables only."""

from __future__ import annotations

from typing import Any

from analysis.errors import InputError

DOWN_PROJECTIONS: dict[str, tuple[str, ...]] = {
    "model.layers.{layer}.mlp.down_proj": (
        "apertus", "arcee", "bitnet", "cohere", "cohere2", "cohere_compass_text", "cwm", "diffllama", "doge", "emu3",
        "emu3_text_model", "ernie4_5", "exaone4", "gemma", "gemma2", "gemma3_text", "gemma3n_text", "gemma4_text",
        "gemma4_unified_text", "glm", "glm4", "granite", "granite_swa", "helium", "hunyuan_v1_dense", "hyperclovax",
        "internlm3", "iquestcoder", "jais2", "llama", "minicpm3", "ministral", "ministral3", "mistral", "nemotron",
        "olmo", "olmo2", "olmo3", "olmo_hybrid", "phi3", "phi4_multimodal", "qwen2", "qwen3", "qwen3_5",
        "qwen3_5_text", "seed_oss", "smollm3", "stablelm", "vaultgemma", "youtu",
    ),
    "model.layers.{layer}.mlp.Wo": ("modernbert-decoder",),
    "model.layers.{layer}.mlp.c_proj": ("starcoder2",),
    "model.layers.{layer}.mlp.dense_4h_to_h": ("persimmon",),
    "model.layers.{layer}.mlp.fc2": ("moshi", "nanochat", "phi"),
    "model.layers.{layer}.mlp_block.down_proj": ("recurrent_gemma",),
    "model.layers.{layer}.feed_forward.down_proj": ("bamba", "falcon_h1"),
    "model.layers.{layer}.feed_forward.w2": ("lfm2", "lfm3"),
    "model.layers.{layer}.fc2": ("xglm",),
    "model.decoder.layers.{layer}.fc2": ("opt",),
    "model.language_model.layers.{layer}.mlp.down_proj": (
        "gemma3", "gemma4", "gemma4_unified", "got_ocr2", "moss_transcribe_diarize",
    ),
    "model.language_model.layers.{layer}.mlp.dense_4h_to_h": ("fuyu",),
    "backbone.blocks.{layer}.ffn.proj_down": ("xlstm",),
    "biogpt.layers.{layer}.fc2": ("biogpt",),
    "git.encoder.layer.{layer}.output.dense": ("git",),
    "gpt_neox.layers.{layer}.mlp.dense_4h_to_h": ("gpt_neox",),
    "gpt_neox_japanese.layers.{layer}.mlp.dense_4h_to_h": ("gpt_neox_japanese",),
    "rwkv.blocks.{layer}.feed_forward.value": ("rwkv",),
    "transformer.blocks.{layer}.ffn.down_proj": ("mpt",),
    "transformer.h.{layer}.ffn.2": ("ctrl",),
    "transformer.h.{layer}.mlp.c_proj": ("gpt-sw3", "gpt2", "gpt_bigcode", "gpt_neo", "openai-gpt"),
    "transformer.h.{layer}.mlp.dense_4h_to_h": ("bloom", "falcon"),
    "transformer.h.{layer}.mlp.fc_out": ("codegen", "gptj"),
}  # fmt: skip
"""The path of the down-projection in each family; ``{layer}`` stands for the layer's index.

To support a family, add its ``model_type`` here and run ``python -m analysis.architectures``.
"""

WITHOUT_SITE: dict[str, tuple[str, ...]] = {
    "is a mixture of experts: which MLP reads a token depends on the token": (
        "afmoe", "aria_text", "axk1", "axk2", "bailing_hybrid", "beam", "cohere2_moe", "dbrx", "deepseek_v2",
        "deepseek_v3", "deepseek_v32", "deepseek_v4", "dots1", "dots3_note", "dots3_note_text", "ernie4_5_moe",
        "exaone_moe", "flex_olmo", "flint", "glm4_moe", "glm4_moe_lite", "glm_moe_dsa", "gpt_oss", "granitemoe",
        "granitemoe_swa", "granitemoehybrid", "granitemoeshared", "hunyuan_v1_moe", "hy_v3", "hy_v4", "inkling2_text",
        "inkling_text", "jamba", "jetmoe", "kimi_linear", "kolibri1", "laguna", "lfm2_moe", "llama4", "llama4_text",
        "longcat_flash", "mellum", "mimo_v2_flash", "minimax", "minimax_m2", "minimax_m3_vl_text", "mixtral",
        "olmoe", "phimoe", "qwen2_moe", "qwen3_5_moe", "qwen3_5_moe_text", "qwen3_moe", "qwen3_next",
        "qwen4_exp", "qwen4_exp_text", "solar_open", "zaya",
    ),
    "is a state-space model: its layers have no MLP": ("falcon_mamba", "mamba", "mamba2"),
    "has an MLP in some of its layers only": ("nemotron_h", "zamba", "zamba2"),
    "is an encoder, which reads in both directions": (
        "bert", "bert-generation", "big_bird", "camembert", "data2vec-text", "electra", "ernie", "megatron-bert",
        "rembert", "roberta", "roberta-prelayernorm", "roc_bert", "roformer", "xlm", "xlm-roberta", "xlm-roberta-xl",
        "xlnet", "xmod",
    ),
    "is the decoder half of an encoder-decoder": (
        "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "marian", "mbart", "musicgen", "musicgen_melody",
        "mvp", "pegasus", "plbart", "prophetnet", "trocr", "whisper",
    ),
    "drafts tokens for another model, whose keys and values it needs": ("gemma4_assistant", "gemma4_unified_assistant"),
    "runs its layers several times for each token": ("hrm_text",),
    "reads bytes that it groups into patches, not tokens": ("blt",),
    "puts tokens of its own before the text": ("cpmant",),
    "pads its input to whole chunks and hashes what it attends to at random": ("reformer",),
    "leaves its cross-attention layers out where there is no image": ("mllama",),
    "sees through the package timm, with which it was not tried (its text part is 'gemma3n_text')": ("gemma3n",),
}  # fmt: skip
"""Why a family that transformers can run as a causal language model has no site that this study can use."""

OTHER_MODELS: dict[str, tuple[object, ...]] = {
    "is_moe": (True,),
    "enable_moe_block": (True,),
    "use_bidirectional_attention": (True, "all"),
}
"""Settings of a configuration that make a dense decoder into something else, although its family is in the table."""

PATHS = {family: path for path, families in DOWN_PROJECTIONS.items() for family in families}
"""The same by family."""

_REASONS = {family: reason for reason, families in WITHOUT_SITE.items() for family in families}


def down_projection_path(config: Any, name: str) -> str:
    """Look up where a model has its down-projections.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
    name : str
        What the user calls the model; for the message.

    Returns
    -------
    str
        With ``{layer}`` for the layer's index.

    Raises
    ------
    InputError
        If its family has no site, is not in the table, or its settings make it no dense decoder.
    """
    family = config.model_type
    if family not in PATHS and family not in _REASONS and getattr(config, "is_encoder_decoder", False):
        raise InputError(f"'{name}' is an encoder-decoder ({family}). Give a dense decoder-only model.")
    if family not in PATHS:
        raise InputError(f"'{name}' cannot be studied. {refusal(family)}")
    text_config = config.get_text_config()
    for setting, values in OTHER_MODELS.items():
        if getattr(text_config, setting, None) in values:
            raise InputError(
                f"'{name}' cannot be studied. Its configuration says {setting}={getattr(text_config, setting)}, which "
                f"makes a '{family}' a mixture of experts or an encoder. Give a dense decoder-only model."
            )
    return PATHS[family]


def refusal(family: str) -> str:
    """Say in one line why models of a family cannot be studied.

    Parameters
    ----------
    family : str
        A ``model_type`` that is not in :data:`DOWN_PROJECTIONS`.
    """
    if family in _REASONS:
        return f"The family '{family}' {_REASONS[family]}. Give a dense decoder-only model."
    return (
        f"The family '{family}' is no causal decoder with a known MLP. Give one of data/results/architectures.csv, or "
        "add it to DOWN_PROJECTIONS in analysis/families.py if each of its layers has one MLP."
    )
