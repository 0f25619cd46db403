"""Try the study's machinery on a tiny random model of every family of causal language models.

``python -m analysis.architectures`` writes the outcome, family by family, to ``data/results/architectures.csv``.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from torch import nn
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from analysis.activity import record
from analysis.families import PATHS, refusal
from analysis.interventions import Intervention, applied, silence
from analysis.models import LanguageModel, Site, quiet_transformers
from analysis.texts import Text
from analysis.tiny_models import HIDDEN, VOCABULARY, WIDTH, WIDTHS, tiny

RESULTS = Path(__file__).parents[1] / "data" / "results" / "architectures.csv"


def _texts() -> list[Text]:
    """Three texts of different lengths, longer than a sliding window, of words that stand for nothing special."""
    rng = np.random.default_rng(0)
    return [Text(" ".join(f"w{n}" for n in rng.integers(8, VOCABULARY, size)), "x") for size in (11, 17, 5)]


def _ids(lm: LanguageModel) -> list[list[int]]:
    return [lm.tokenizer(text.text).input_ids for text in _texts()]


def _logits(lm: LanguageModel) -> torch.Tensor:
    with torch.inference_mode():
        return lm.model(input_ids=torch.tensor(_ids(lm)[:1]), use_cache=False).logits


def _seen(lm: LanguageModel, **inputs: torch.Tensor) -> list[torch.Tensor]:
    """Run the model and list what each call of a down-projection was given, in the order of the calls."""
    seen: list[torch.Tensor] = []
    handles = [
        module.register_forward_pre_hook(lambda _module, args: seen.append(args[0])) for module in lm.down_projections
    ]
    try:
        lm.model(**inputs, use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _rows(lm: LanguageModel, **inputs: torch.Tensor) -> torch.Tensor:
    """Activity of all layers side by side, shape (n_texts, n_tokens, n_neurons)."""
    shape = inputs["input_ids"].shape
    with torch.inference_mode():
        return torch.cat([seen.reshape(*shape, -1) for seen in _seen(lm, **inputs)], dim=-1)


def _agree(one: Any, other: Any, tolerance: float = 1e-5) -> bool:
    """Whether the root mean square of the difference is at most this share of that of the values."""
    one, other = torch.as_tensor(one).float(), torch.as_tensor(other).float()
    return one.shape == other.shape and bool((one - other).square().mean() <= tolerance**2 * other.square().mean())


def _has_the_width(lm: LanguageModel) -> bool:
    width = WIDTHS.get(lm.name, WIDTH)
    return lm.layer_sizes("mlp_activation") == (width,) * lm.n_layers and (
        lm.layer_sizes("mlp_output") == (HIDDEN,) * lm.n_layers
    )


def _records_what_is_there(lm: LanguageModel) -> bool:
    """Check that each neuron is there once per token, layer by layer, and that the weights make the output of it."""
    text, ids = _texts()[:1], torch.tensor(_ids(lm)[:1])
    activity, output = record(lm, text).values, record(lm, text, "mlp_output").values
    with torch.inference_mode():
        seen = _seen(lm, input_ids=ids)
        if len(seen) != lm.n_layers or not _agree(activity, torch.cat([x.reshape(ids.numel(), -1) for x in seen], -1)):
            return False
        parts = torch.split(torch.from_numpy(activity), list(lm.layer_sizes("mlp_activation")), dim=-1)
        return _agree(output, torch.cat([module(x) for module, x in zip(lm.down_projections, parts, strict=True)], -1))


def _recording_changes_nothing(lm: LanguageModel) -> bool:
    before = _logits(lm)
    record(lm, _texts())
    return torch.equal(_logits(lm), before) and not any(
        module._forward_pre_hooks or module._forward_hooks for module in lm.down_projections
    )


def _nothing_asked_nothing_changed(lm: LanguageModel) -> bool:
    before = _logits(lm)
    for site in get_args(Site):
        n_neurons = sum(lm.layer_sizes(site))
        for idle in (silence(np.zeros(n_neurons, bool), site), Intervention(np.ones(n_neurons, bool), site=site)):
            with applied(lm, idle):
                if not torch.equal(_logits(lm), before):
                    return False
    return True


def _only(lm: LanguageModel, layer: int) -> Intervention:
    """Silence all neurons of one layer."""
    sizes = lm.layer_sizes("mlp_activation")
    return silence(np.repeat(np.arange(len(sizes)), sizes) == layer)


def _silence_leaves_the_bias(lm: LanguageModel) -> bool:
    before = _logits(lm)
    for layer, module in enumerate(lm.down_projections):
        bias = module.bias if isinstance(module.bias, torch.Tensor) else torch.zeros(())
        handle = module.register_forward_hook(lambda _module, _args, output, bias=bias: torch.zeros_like(output) + bias)
        try:
            expected = _logits(lm)
        finally:
            handle.remove()
        with applied(lm, _only(lm, layer)):
            silenced = _logits(lm)
        if not _agree(silenced, expected) or _agree(silenced, before):
            return False
    return True


def _gradients_pass_the_site(lm: LanguageModel) -> bool:
    """Check that they reach the neurons, and that what feeds the MLP reaches the output through the neurons alone."""
    for layer, module in enumerate(lm.down_projections):
        feeding = _weights_that_feed(lm, module)
        site, *before = _gradients(lm, module, feeding)
        with applied(lm, _only(lm, layer)):
            _, *silenced = _gradients(lm, module, feeding)
        if not (site > 0 and before and min(before) > 0 and max(silenced) == 0):
            return False
    return True


def _weights_that_feed(lm: LanguageModel, module: nn.Module) -> list[nn.Parameter]:
    """List the layer's other weights with an axis of as many as there are neurons, or twice (gate and up, fused)."""
    path = next(name for name, part in lm.model.named_modules() if part is module)
    layer = lm.model.get_submodule(re.sub(r"(?<=\.\d)\..*", "", path))  # up to the first index, the layer's
    width = WIDTHS.get(lm.name, WIDTH)
    own = {id(weight) for weight in module.parameters()}
    return [
        weight
        for weight in layer.parameters()
        if weight.ndim > 1 and id(weight) not in own and {width, 2 * width} & set(weight.shape)
    ]


def _gradients(lm: LanguageModel, module: nn.Module, weights: list[nn.Parameter]) -> list[float]:
    """Largest gradient of the output by the neurons that a down-projection reads, then by each weight."""
    seen: list[torch.Tensor] = []
    handle = module.register_forward_pre_hook(lambda _module, args: seen.append(args[0]))
    for weight in [lm.model.get_input_embeddings().weight, *weights]:
        weight.requires_grad = True
    try:
        logits = lm.model(input_ids=torch.tensor(_ids(lm)[:1]), use_cache=False).logits
        found = torch.autograd.grad(logits.square().sum(), [*seen, *weights], allow_unused=True)
    finally:
        handle.remove()
        lm.model.requires_grad_(requires_grad=False)
    return [0.0 if gradient is None else float(gradient.abs().max()) for gradient in found]


def _later_tokens_do_not_matter(lm: LanguageModel) -> bool:
    ids = torch.tensor(_ids(lm)[:1])
    other = ids.clone()
    other[0, -1] = 8 + (other[0, -1] - 7) % (VOCABULARY - 8)
    one, two = _rows(lm, input_ids=ids)[0], _rows(lm, input_ids=other)[0]
    return _agree(one[:-1], two[:-1]) and not _agree(one[-1], two[-1])


def _batches_do_not_matter(lm: LanguageModel) -> bool:
    """Compare texts padded on the right, as :func:`analysis.activity.record` does it, with texts read alone."""
    return _agree(record(lm, _texts()).values, record(lm, _texts(), batch_tokens=1).values)


def _padding_on_the_left_does_not_matter(lm: LanguageModel) -> bool:
    """Compare with texts read alone, where tokens after padding are told their positions as in generation."""
    rows = _ids(lm)
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    inputs = {"input_ids": ids, "attention_mask": mask}
    if "position_ids" in inspect.signature(lm.model.forward).parameters:
        inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    return _agree(_rows(lm, **inputs)[mask.bool()], record(lm, _texts(), batch_tokens=1).values)


def _bfloat16_is_nearly_the_same(lm: LanguageModel) -> bool:
    half = copy.deepcopy(lm)
    half.model.to(torch.bfloat16)
    values = record(half, _texts()).values
    return _agree(values, record(lm, _texts()).values, 0.1) and _nothing_asked_nothing_changed(half)


CHECKS: dict[str, Callable[[LanguageModel], bool]] = {
    "the recorded width is not the configuration's": _has_the_width,
    "what is recorded is not what the down-projection reads": _records_what_is_there,
    "recording changes the output": _recording_changes_nothing,
    "an empty intervention changes the output": _nothing_asked_nothing_changed,
    "silencing a layer is not an MLP that outputs its bias": _silence_leaves_the_bias,
    "gradients pass around the neurons": _gradients_pass_the_site,
    "later tokens change what is read of earlier ones": _later_tokens_do_not_matter,
    "batches and padding on the right change what is recorded": _batches_do_not_matter,
    "padding on the left changes what is recorded (this study pads on the right)": _padding_on_the_left_does_not_matter,
    "bfloat16 is too far from float32": _bfloat16_is_nearly_the_same,
}
"""What a family must pass, by the line that it gets where it does not."""


def outcome(family: str) -> str:
    """Try a family.

    Parameters
    ----------
    family : str
        A ``model_type`` of transformers.

    Returns
    -------
    str
        ``"passed"``, or a line that says what it fails, or why its models cannot be studied.
    """
    if family not in PATHS:
        return refusal(family)
    return "; ".join(failures(tiny(family))) or "passed"


def failures(lm: LanguageModel) -> list[str]:
    """Run all checks on a model of :func:`analysis.tiny_models.tiny` and list the lines of those it fails."""
    with quiet_transformers():
        return [line for line, check in CHECKS.items() if not check(lm)]


def conformance(families: Iterable[str] = tuple(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)) -> pd.DataFrame:
    """Try families, by default all that transformers can run as causal language models.

    Returns
    -------
    DataFrame
        ``family``, in alphabetical order, and ``status`` as :func:`outcome` words it.
    """
    return pd.DataFrame([(family, outcome(family)) for family in sorted(families)], columns=["family", "status"])


def main() -> int:
    """Try all families and write the table."""
    table = conformance()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(RESULTS, index=False)
    print(f"{(table.status == 'passed').sum()} of {len(table)} families passed: {RESULTS}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
