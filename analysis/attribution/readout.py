"""The log-probability increase: a neuron's own vector, read out by the norm and unembedding of its model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from analysis.attribution.cases import Case, check_cases
from analysis.attribution.gradients import Array, layer_columns
from analysis.attribution.patching import CaseGroup, log_probability, read_cases
from analysis.errors import InputError
from analysis.interventions import applied, silence
from analysis.models import LanguageModel, Site

KEEPS_ITS_SHAPE = frozenset({"gpt_bigcode"})
"""Families that give the last layer's output the shape of the input: there one token is read for each vector."""


def log_probability_increase(
    lm: LanguageModel, cases: Sequence[Case], site: Site = "mlp_activation", *, batch_positions: int = 1024
) -> Array:
    """Read out what each neuron's own vector says about the word, later layers left out (Yu & Ananiadou 2024).

    The residual stream as it enters a layer's MLP is read out directly, by the final norm and the unembedding, once
    as it is and once with the neuron's contribution (activity × its column of the down-projection) added; the score
    is the difference of the two log-probabilities. No gradient, no later layer and no later position takes part, so
    of a word of several pieces it scores the first. The norm is that of the vector which is read out, while the
    authors' program keeps the norm of the last layer.

    Parameters
    ----------
    lm : LanguageModel
    cases : sequence of Case
    site : {"mlp_activation", "mlp_output"}
        A neuron of ``mlp_output`` contributes its one coordinate.
    batch_positions : int
        Vectors that are read out at once.

    Returns
    -------
    ndarray of shape (n_cases, n_neurons), float32
        In nats. It costs one unembedding per neuron.

    Raises
    ------
    InputError
        If the family scales or normalises what an MLP gives before it joins the residual stream: a neuron then has
        no vector of its own.
    """
    sizes = lm.layer_sizes(site)
    columns, found = layer_columns(sizes), np.empty((len(cases), sum(sizes)), np.float32)
    check_cases(lm, cases)
    _check_that_mlps_add(lm, cases[0].context)
    for rows, group in read_cases(lm, cases, site):
        for layer, without in enumerate(_residuals_before_mlp(lm, group)):
            vectors = _vectors(lm.down_projections[layer], site).to(lm.device)
            for number, row in enumerate(rows):
                contributions = group.activity[layer][number].float()[:, None] * vectors
                residuals = without[number] + torch.cat([torch.zeros_like(contributions[:1]), contributions])
                parts = torch.split(residuals, batch_positions)
                target = group.targets[number, :1]
                scores = torch.cat([log_probability(_read_out(lm, part), target.expand(len(part))) for part in parts])
                found[row, columns[layer]] = (scores[1:] - scores[0]).float().cpu().numpy()
    return found


def _decoder_layers(lm: LanguageModel) -> list[nn.Module]:
    """Find the module that holds each down-projection and adds to the residual stream."""
    names = {module: name for name, module in lm.model.named_modules()}
    return [lm.model.get_submodule(re.sub(r"(\.\d+)\..*", r"\1", names[module])) for module in lm.down_projections]


@contextmanager
def _collecting(modules: Sequence[nn.Module], where: torch.Tensor) -> Iterator[list[torch.Tensor]]:
    """Collect what modules give at some places of the flattened batch, as float32."""
    seen: list[torch.Tensor] = []

    def collect(_module: nn.Module, _args: Any, output: Any) -> None:
        values = output if isinstance(output, torch.Tensor) else output[0]
        seen.append(values.reshape(-1, values.shape[-1])[where.to(values.device)].to(where.device).float())

    with ExitStack() as stack:
        for module in modules:
            stack.callback(module.register_forward_hook(collect).remove)
        yield seen


def _check_that_mlps_add(lm: LanguageModel, context: Sequence[int]) -> None:
    """Raise unless each layer, its MLP silenced, ends where subtracting what its MLP gave says."""
    ids = torch.tensor([context], device=lm.device)
    layers, last = _decoder_layers(lm), torch.tensor([len(context) - 1], device=lm.device)
    sizes = lm.layer_sizes("mlp_output")
    owner = np.repeat(np.arange(len(sizes)), sizes)
    with torch.no_grad(), _collecting(layers, last) as whole, _collecting(lm.down_projections, last) as given:
        lm.model(input_ids=ids, use_cache=False)
    eps = torch.finfo(next(lm.model.parameters()).dtype).eps
    for layer in range(lm.n_layers):
        silenced = applied(lm, silence(owner == layer, "mlp_output"))
        with torch.no_grad(), silenced, _collecting(layers[layer : layer + 1], last) as without:
            lm.model(input_ids=ids, use_cache=False)
        error = torch.linalg.norm(whole[layer] - given[layer] - without[0])
        if error > 8 * eps * torch.linalg.norm(torch.cat([without[0], given[layer]])):  # more than rounding
            raise InputError(
                f"In '{lm.name}' ({lm.model.config.model_type}) what an MLP gives is scaled or normalised before it "
                "joins the residual stream, so that a neuron has no vector of its own there. Use another score."
            )


def _residuals_before_mlp(lm: LanguageModel, group: CaseGroup) -> list[torch.Tensor]:
    """Residual stream at the last token of each context without what the layer's own MLP adds: (n_cases, hidden)."""
    where = torch.arange(len(group.ids), device=lm.device) * group.ids.shape[1] + group.lengths - 1
    layers = _decoder_layers(lm)
    with torch.no_grad(), _collecting(layers, where) as whole, _collecting(lm.down_projections, where) as given:
        lm.model(input_ids=group.ids, attention_mask=group.mask, use_cache=False)
    return [after - part for after, part in zip(whole, given, strict=True)]


def _vectors(module: nn.Module, site: Site) -> torch.Tensor:
    """Return what each neuron adds to the residual stream per unit of its activity, shape (width, hidden)."""
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    weight = weight.float() if isinstance(module, Conv1D) else weight.float().T
    return weight if site == "mlp_activation" else torch.eye(weight.shape[1], device=weight.device)


def _read_out(lm: LanguageModel, residual: torch.Tensor) -> torch.Tensor:
    """Logits of vectors that stand in for the last layer's output, (n, hidden) to (n, vocabulary).

    The model reads one token, and its last layer's output is exchanged: so norm, unembedding and whatever else the
    family does there are the model's own.
    """
    n_tokens = len(residual) if lm.model.config.model_type in KEEPS_ITS_SHAPE else 1
    token = torch.zeros((n_tokens, 1), dtype=torch.long, device=lm.device)
    rows = residual.reshape(n_tokens, -1, residual.shape[-1])

    def exchange(_module: nn.Module, _args: Any, output: Any) -> Any:
        if isinstance(output, torch.Tensor):
            return rows.to(output)
        return type(output)([rows.to(output[0]), *output[1:]])

    with torch.no_grad(), ExitStack() as stack:
        stack.callback(_decoder_layers(lm)[-1].register_forward_hook(exchange).remove)
        logits: torch.Tensor = lm.model(input_ids=token, use_cache=False).logits
    return logits.flatten(0, 1).to(residual.device)
