"""What recording costs beside a plain forward pass of the same model over the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import transformers

from analysis import activity, language, models
from analysis.models import LanguageModel
from analysis.texts import Text
from bench.record import Record, in_turn, peak_gigabytes

_CUT = 256  # tokens of a text at most

# The geometry of Qwen2.5-7B (its published configuration): layers, widths, heads.
SEVEN_BILLION = {"layers": 28, "hidden": 3584, "neurons": 18_944, "heads": 28, "shared": 4}
# As many layers, all widths a tenth, so that a layer has a hundredth of the weights.
A_HUNDREDTH = {"layers": 28, "hidden": 364, "neurons": 1924, "heads": 14, "shared": 2}


def measure(runs: int = 5) -> list[Record]:
    """Measure on the teaching model, and on random weights in bfloat16 with the proportions of Qwen2.5-7B."""
    return [_teaching(runs), _scaled(runs)]


def _teaching(runs: int) -> Record:
    """Stream the teaching model's activity into a running sum, and read the same texts without recording."""
    lm = models.load_model("data/teaching-model")
    texts = [text for domain in language.DOMAINS for text in language.passages(domain, "find", 12)]
    for _ in activity.stream(lm, texts[:5], max_tokens=_CUT):
        pass
    few = peak_gigabytes()
    n_tokens = _tokens(lm, texts)
    seconds = in_turn({"ours": lambda: _record(lm, texts), "peer": lambda: _plain(lm, texts)}, runs)
    for _ in range(max(1, 100_000 // n_tokens)):
        _record(lm, texts)
    return _beside(
        "recording_overhead",
        seconds,
        {"tokens": n_tokens, "peak_gb_after_1000_tokens": few, "peak_gb_after_100000_tokens": peak_gigabytes()},
    )


def _scaled(runs: int) -> Record:
    """Record a hundredth of a large model into one array, and say on paper what that means for the large one.

    The array is made once. Streaming hands out a new one for each text, which its reader may keep; what the system
    takes to find new memory weighs on a model as wide and as shallow in arithmetic as this one, and stands beside.

    What recording adds grows with the recorded values, what the model does with its arithmetic. A model ten times as
    wide does ten times as much arithmetic for each recorded value, so recording weighs a tenth there, as long as
    values are moved as fast in proportion. That is arithmetic, not a measurement.
    """
    tokenizer = models.load_model("data/teaching-model").tokenizer
    lm = models.from_parts("a hundredth of Qwen2.5-7B", _random(A_HUNDREDTH, len(tokenizer)), tokenizer)
    texts = [text for domain in language.DOMAINS for text in language.passages(domain, "find", 1)]
    n_tokens = _tokens(lm, texts)
    out = np.zeros((n_tokens, sum(lm.layer_sizes("mlp_activation"))), np.float32)
    ways = {
        "ours": lambda: activity.record(lm, texts, max_tokens=_CUT, out=out),
        "peer": lambda: _plain(lm, texts),
        "streamed": lambda: _record(lm, texts),
    }
    seconds = in_turn(ways, runs)
    small, large = _arithmetic(A_HUNDREDTH), _arithmetic(SEVEN_BILLION)
    return _beside(
        "recording_scale",
        seconds,
        {
            "tokens": n_tokens,
            "dtype": "bfloat16",
            "layer_weights": _weights(A_HUNDREDTH),
            "share_of_plain_tokens_per_second": seconds["peer"] / seconds["ours"],
            "streamed_seconds": seconds["streamed"],
            "operations_per_recorded_value": small,
            "on_paper_full_size_operations_per_recorded_value": large,
            "on_paper_full_size_ours_over_plain": 1 + (seconds["ours"] / seconds["peer"] - 1) * small / large,
        },
    )


def _random(shape: dict[str, int], vocabulary: int) -> Any:
    config = transformers.Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=shape["hidden"],
        intermediate_size=shape["neurons"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        num_key_value_heads=shape["shared"],
        max_position_embeddings=512,
    )
    torch.manual_seed(0)
    return transformers.Qwen2ForCausalLM(config).to(torch.bfloat16)


def _weights(shape: dict[str, int]) -> int:
    """Count the weights of all layers: queries and outputs, keys and values, three matrices of the MLP."""
    hidden = shape["hidden"]
    attention = 2 * hidden * hidden * (1 + shape["shared"] / shape["heads"])
    return round(shape["layers"] * (attention + 3 * hidden * shape["neurons"]))


def _arithmetic(shape: dict[str, int]) -> float:
    """Multiplications and additions that a token takes, for each value that is recorded of it."""
    return 2 * _weights(shape) / (shape["layers"] * shape["neurons"])


def _tokens(lm: LanguageModel, texts: Sequence[Text]) -> int:
    return sum(map(len, activity.tokenize(lm, texts, _CUT)[1]))


def _plain(lm: LanguageModel, texts: Sequence[Text]) -> None:
    _, inputs = activity.tokenize(lm, texts, _CUT)  # as recording does
    for batch in activity.batches(inputs, 4096):
        ids, mask = activity.pad(batch, lm.device)
        with torch.inference_mode():
            lm.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False)


def _record(lm: LanguageModel, texts: Sequence[Text]) -> None:
    for text in activity.stream(lm, texts, max_tokens=_CUT):
        text.values.sum(0)


def _beside(name: str, seconds: dict[str, float], details: dict[str, Any]) -> Record:
    return Record(
        name=name,
        ours=seconds["ours"],
        peer=seconds["peer"],
        peer_name="the plain forward pass",
        floor=seconds["peer"],
        unit="s",
        agreement=seconds["ours"] / seconds["peer"],
        agreement_name="ours over the plain pass",
        details=details,
    )
