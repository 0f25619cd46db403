"""Take neurons out of a model for good, or put them in another order: a plain model of the same family comes out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from analysis.errors import InputError
from analysis.families import down_projection_path
from analysis.interventions import Intervention, applied, hold_at_mean, silence
from analysis.models import LanguageModel, from_parts, quiet_transformers

Neurons = npt.NDArray[np.bool_]
Order = npt.NDArray[np.int64]
_WIDTHS = ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size")
"""What configurations call the number of neurons of a layer."""
_CLOSE = 1e-3
"""How far the outputs of two models that compute the same may differ, as a share of their size: rounding, no more."""


def pruned(lm: LanguageModel, removed: Neurons, means: npt.NDArray[np.floating[Any]] | None = None) -> LanguageModel:
    """Remove neurons for good: their rows of what leads into the MLP, and their columns of what leads out.

    Parameters
    ----------
    lm : LanguageModel
        Stays as it is.
    removed : ndarray of bool, shape (n_neurons,)
        As many in each layer, since a Hugging Face configuration has one width for all.
    means : ndarray of shape (n_neurons,), optional
        Mean activity of each neuron. What the removed ones add on average is then kept, as a bias of the
        down-projection (An et al. 2024).

    Returns
    -------
    LanguageModel
        A smaller model of the same class, which saves and loads as any other. It computes what ``lm`` does while the
        neurons are silenced, or held at their means; this is checked on a few tokens.

    Raises
    ------
    InputError
        If the numbers differ between layers, nothing would be left, or the family cannot be made narrower.
    """
    sizes = lm.layer_sizes("mlp_activation")
    if removed.shape != (sum(sizes),):
        raise InputError(f"The mask covers {removed.shape} neurons, the model has ({sum(sizes)},).")
    parts = np.split(removed, np.cumsum(sizes)[:-1])
    kept = [np.flatnonzero(~part) for part in parts]
    if len({len(one) for one in kept}) > 1 or not len(kept[0]):
        counts = ", ".join(str(len(one)) for one in kept)
        raise InputError(f"The layers would keep {counts} neurons. Keep one and the same number, above 0, in each.")
    bias = None if means is None else _added(lm, parts, means)
    smaller = rearranged(lm, kept, bias=bias, name=f"{lm.name}, pruned")
    _check_same(lm, silence(removed) if means is None else hold_at_mean(removed, means), smaller)
    return smaller


def rearranged(
    lm: LanguageModel, orders: Sequence[Order], *, bias: Sequence[torch.Tensor] | None = None, name: str = ""
) -> LanguageModel:
    """Build the model anew from some of its neurons, in any order.

    Parameters
    ----------
    lm : LanguageModel
    orders : sequence of ndarray of int
        For each layer the neurons that it is to have, counted within the layer; as many in each.
    bias : sequence of Tensor of shape (hidden size,), optional
        To be added to the bias of each layer's down-projection.
    name : str
        Of the new model.

    Returns
    -------
    LanguageModel
        With copies of the weights, in the same precision and on the same device.
    """
    config, places = copy.deepcopy(lm.model.config), _neuron_axes(lm)
    setattr(config.get_text_config(), _width_field(lm), len(orders[0]))
    if bias is not None and _down_bias(lm, 0) is None:
        _allow_bias(config)
    with torch.random.fork_rng(), quiet_transformers():
        model = type(lm.model)(config)
    state = dict(lm.model.state_dict())
    for key, (layer, axis, copies) in places.items():
        width = lm.layer_sizes("mlp_activation")[layer]
        index = torch.from_numpy(np.concatenate([orders[layer] + width * n for n in range(copies)]))
        state[key] = state[key].index_select(axis, index.to(state[key].device))
    new = model.state_dict()
    state |= {key: torch.zeros_like(value) for key, value in new.items() if key not in state}
    model.load_state_dict(state)
    model = model.to(device=lm.device, dtype=next(lm.model.parameters()).dtype)
    model.generation_config = copy.deepcopy(lm.model.generation_config)
    made = from_parts(name or lm.name, model, lm.tokenizer)
    for layer, extra in enumerate(bias or ()):
        module: Any = made.down_projections[layer]
        module.bias.add_(extra.to(module.bias))
    return made


def _neuron_axes(lm: LanguageModel) -> dict[str, tuple[int, int, int]]:
    """Say of each weight that has an axis of neurons: its layer, that axis, and how often the neurons are there.

    A model twice as wide is laid out without memory; what is longer there has an axis of neurons. Where two parts are
    fused in one weight, such as gate and up, all neurons of the one come before those of the other.
    """
    wide = _laid_out(lm, _width_field(lm), factor=2).state_dict()
    prefix, _, _ = down_projection_path(lm.model.config, lm.name).partition("{layer}")
    sizes = lm.layer_sizes("mlp_activation")
    found = {}
    for key, weight in lm.model.state_dict().items():
        longer = [axis for axis, (a, b) in enumerate(zip(weight.shape, wide[key].shape, strict=True)) if a != b]
        if longer:
            layer = int(key.removeprefix(prefix).partition(".")[0])
            found[key] = (layer, longer[0], (wide[key].shape[longer[0]] - weight.shape[longer[0]]) // sizes[layer])
    return found


def _width_field(lm: LanguageModel) -> str:
    """Find the field of the configuration that decides how many neurons each layer has."""
    config = lm.model.config.get_text_config()
    sizes = lm.layer_sizes("mlp_activation")
    for field in _WIDTHS:
        if len(set(sizes)) == 1 and isinstance(getattr(config, field, ""), int | None):  # a list is not one width
            wide = from_parts(lm.name, _laid_out(lm, field, factor=2), lm.tokenizer).layer_sizes("mlp_activation")
            if wide == tuple(2 * size for size in sizes):
                return field
    raise InputError(
        f"The configuration of '{lm.name}' ({lm.model.config.model_type}) has no one width for all its layers, so no "
        "narrower model of its class can be built. Silence the neurons instead."
    )


def _laid_out(lm: LanguageModel, field: str, factor: int) -> Any:
    """Lay out a model of another width, without memory for its weights."""
    config = copy.deepcopy(lm.model.config)
    setattr(config.get_text_config(), field, factor * lm.layer_sizes("mlp_activation")[0])
    with torch.device("meta"), quiet_transformers():
        return type(lm.model)(config)


def _added(lm: LanguageModel, removed: Sequence[Neurons], means: npt.NDArray[np.floating[Any]]) -> list[torch.Tensor]:
    """Return what the removed neurons of each layer add on average: their means, down-projected, without the bias."""
    start, added = 0, []
    for part, module in zip(removed, lm.down_projections, strict=True):
        held = torch.from_numpy(np.where(part, means[start : start + len(part)], 0).astype(np.float32))
        weight: Any = module.weight
        both = torch.stack([held, torch.zeros_like(held)]).to(weight)
        with_means, without = module(both)
        added.append(with_means - without)
        start += len(part)
    return added


def _down_bias(lm: LanguageModel, layer: int) -> Any:
    return getattr(lm.down_projections[layer], "bias", None)


def _allow_bias(config: Any) -> None:
    if not hasattr(config.get_text_config(), "mlp_bias"):
        raise InputError(
            f"The down-projections of a '{config.model_type}' have no bias that could keep what removed neurons add on "
            "average. Prune it without compensation."
        )
    config.get_text_config().mlp_bias = True


def _check_same(lm: LanguageModel, masked: Intervention, other: LanguageModel) -> None:
    """Refuse a model that does not compute what the masked one does: its family fuses weights in some other way."""
    with applied(lm, masked):
        wanted = _logits(lm)
    error = (_logits(other) - wanted).norm() / (wanted - wanted.mean()).norm()
    tolerance = _CLOSE if wanted.dtype == torch.float32 else 50 * _CLOSE
    if not error < tolerance:
        raise InputError(
            f"A narrower '{lm.model.config.model_type}' does not compute what the masked one does (they differ by "
            f"{error:.1%}). Silence the neurons instead."
        )


def _logits(lm: LanguageModel) -> torch.Tensor:
    ids = torch.arange(min(16, lm.context, len(lm.tokenizer)), device=lm.device)[None]
    with torch.inference_mode():
        logits: torch.Tensor = lm.model(input_ids=ids, use_cache=False).logits
    return logits


def neurons_by_layer(lm: LanguageModel) -> Iterator[slice]:
    """Yield the place of each layer's neurons among all."""
    edges = np.cumsum([0, *lm.layer_sizes("mlp_activation")])
    for start, end in pairwise(edges):
        yield slice(int(start), int(end))
