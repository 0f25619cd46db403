"""What a smaller model spares: bytes on disk and time, measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from analysis.interventions import Intervention, applied
from analysis.models import LanguageModel, load_model, quiet_transformers


def saved(lm: LanguageModel, folder: Path) -> LanguageModel:
    """Save a model and its tokenizer in Hugging Face format, and load it as anybody would.

    Returns
    -------
    LanguageModel
        Named by the folder.
    """
    with quiet_transformers():
        lm.model.save_pretrained(folder)
        lm.tokenizer.save_pretrained(folder)
    dtype = str(next(lm.model.parameters()).dtype).removeprefix("torch.")
    return load_model(folder, dtype=dtype, device=str(lm.device))


def megabytes(folder: Path) -> float:
    """Size of the weights in a folder, in millions of bytes."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 1e6


def tokens_per_second(
    models: Mapping[str, LanguageModel], *, n_texts: int = 4, length: int = 128, n_rounds: int = 7
) -> dict[str, list[float]]:
    """Time forward passes of several models in turn, so that what else the machine does hits all alike.

    Parameters
    ----------
    models : mapping of name to LanguageModel
    n_texts, length : int
        Of a batch of tokens that mean nothing.
    n_rounds : int

    Returns
    -------
    dict of name to list of float
        One number a round.
    """
    found: dict[str, list[float]] = {name: [] for name in models}
    for number in range(n_rounds + 1):
        for name, lm in models.items():
            ids = torch.arange(n_texts * length, device=lm.device).reshape(n_texts, length) % len(lm.tokenizer)
            began = time.perf_counter()
            with torch.inference_mode():
                lm.model(input_ids=ids, use_cache=False).logits[0, 0, 0].item()
            if number:  # the first pass warms up
                found[name].append(n_texts * length / (time.perf_counter() - began))
    return found


def compare(models: Mapping[str, LanguageModel], *, n_rounds: int = 7) -> pd.DataFrame:
    """Put models that were saved side by side; the first one is the measure.

    Returns
    -------
    DataFrame indexed by name
        ``neurons``, ``parameters``, ``MB``, ``tokens per second`` (of the fastest round), ``faster`` (median over
        rounds of the ratio to the first model in the same round).
    """
    speeds = tokens_per_second(models, n_rounds=n_rounds)
    first = np.array(next(iter(speeds.values())))
    rows = {
        name: (
            sum(lm.layer_sizes("mlp_activation")),
            sum(weight.numel() for weight in lm.model.parameters()),
            megabytes(Path(lm.name)),
            max(speeds[name]),
            float(np.median(np.array(speeds[name]) / first)),
        )
        for name, lm in models.items()
    }
    columns = ["neurons", "parameters", "MB", "tokens per second", "faster"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("model")


def largest_difference(lm: LanguageModel, masked: Intervention, smaller: LanguageModel, *, length: int = 128) -> float:
    """Return the largest difference between the logits of a masked model and of the smaller one that stands for it."""
    ids = torch.arange(length, device=lm.device)[None] % len(lm.tokenizer)
    with torch.inference_mode():
        with applied(lm, masked):
            wanted = lm.model(input_ids=ids, use_cache=False).logits
        return float((smaller.model(input_ids=ids, use_cache=False).logits - wanted).abs().max())
