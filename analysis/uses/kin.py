"""Relatives of a model: fine-tuned, pruned, its neurons in another order, scaled without a change of function."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from analysis.activity import tokenize
from analysis.errors import InputError
from analysis.models import LanguageModel, from_parts
from analysis.texts import Text
from analysis.uses.pruning import column_lengths
from analysis.uses.rewritten_models import neurons_by_layer, pruned, rearranged


def fine_tuned(
    lm: LanguageModel,
    texts: Sequence[Text],
    *,
    steps: int = 40,
    learning_rate: float = 1e-3,
    batch: int = 4,
    max_tokens: int = 128,
    seed: int = 0,
) -> LanguageModel:
    """Train a copy of the model on other texts, all weights, with AdamW.

    Parameters
    ----------
    lm : LanguageModel
        Stays as it is.
    texts : sequence of Text
        Of the beginnings of which each step reads a few.
    steps : int
    learning_rate : float
        Constant.
    batch : int
        Texts of a step.
    max_tokens : int
        Of each text.
    seed : int
        Of their order.
    """
    if steps < 1:
        raise InputError(f"{steps} steps of fine-tuning are none. Use 1 or more.")
    model = copy.deepcopy(lm.model).train().requires_grad_(requires_grad=True)
    _, inputs = tokenize(lm, texts, max_tokens)
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # of dropout, where a family has it
        for _ in range(steps):
            rows = [inputs[place] for place in rng.integers(0, len(inputs), batch)]
            ids = torch.full((batch, max(map(len, rows))), -100)
            for row, one in enumerate(rows):
                ids[row, : len(one)] = torch.tensor(one)
            ids = ids.to(lm.device)
            read = {"input_ids": ids.clamp(min=0), "attention_mask": (ids >= 0).long()}
            loss = model(**read, labels=ids, use_cache=False).loss  # -100 is not asked for
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
    return from_parts(f"{lm.name}, fine-tuned", model, lm.tokenizer)


def thinned(lm: LanguageModel, share: float) -> LanguageModel:
    """Remove the share of neurons of each layer whose columns in the down-projection are shortest."""
    lengths = column_lengths(lm)
    removed = np.zeros(len(lengths), bool)
    for part in neurons_by_layer(lm):
        order = np.argsort(lengths[part], kind="stable")
        removed[part.start + order[: round(share * len(order))]] = True
    return pruned(lm, removed)


def shuffled(lm: LanguageModel, seed: int = 0) -> LanguageModel:
    """Put the neurons of each layer in another order; the model computes what it did."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(size) for size in lm.layer_sizes("mlp_activation")]
    return rearranged(lm, orders, name=f"{lm.name}, neurons shuffled")


def rescaled(lm: LanguageModel, seed: int = 0, *, spread: float = 0.5) -> LanguageModel:
    """Make each neuron louder or softer, and what it leads to the other way round; the model computes what it did.

    Parameters
    ----------
    lm : LanguageModel
        With a linear part named ``up_proj`` beside the gate, as in Llama and its many kin.
    seed : int
    spread : float
        Standard deviation of the logarithm of the factors.

    Raises
    ------
    InputError
        If the family has no such part.
    """
    model = copy.deepcopy(lm.model)
    made = from_parts(f"{lm.name}, rescaled", model, lm.tokenizer)
    parents = {child: parent for parent in model.modules() for child in parent.children()}
    rng = np.random.default_rng(seed)
    for module in made.down_projections:
        mlp: Any = parents[module]
        down: Any = module
        up = getattr(mlp, "up_proj", None)
        if up is None or getattr(mlp, "gate_proj", None) is None:
            raise InputError(
                f"The MLPs of '{lm.name}' have no gate and linear part beside it, so scaling a neuron would change "
                "what the model computes. Leave that relative out."
            )
        factors = torch.from_numpy(rng.lognormal(0, spread, down.weight.shape[1])).to(down.weight)
        up.weight.mul_(factors[:, None])
        if up.bias is not None:
            up.bias.mul_(factors)
        down.weight.div_(factors)
    return made


def relatives(
    lm: LanguageModel, texts: Sequence[Text], *, share: float, steps: int, seed: int = 0
) -> dict[str, LanguageModel]:
    """Make one relative of each kind, and one that went through all of it.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
        To fine-tune on.
    share : float
        To remove.
    steps : int
        Of fine-tuning.
    seed : int
    """
    tuned = fine_tuned(lm, texts, steps=steps, seed=seed)
    return {
        "original": lm,
        "fine-tuned": tuned,
        "pruned": thinned(lm, share),
        "shuffled and scaled": rescaled(shuffled(lm, seed), seed),
        "all of these": rescaled(shuffled(thinned(tuned, share), seed), seed),
    }
