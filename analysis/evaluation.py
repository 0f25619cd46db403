"""How well does a model do: answers to multiple-choice items, bits per byte of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.stats import binomtest

from analysis import likelihood
from analysis.likelihood import Scores
from analysis.models import LanguageModel
from analysis.texts import Item, Text


def choice_scores(lm: LanguageModel, items: Sequence[Item], *, batch_tokens: int = 1024) -> list[Scores]:
    """Log-likelihood of each choice of each item, summed over its tokens, in nats.

    The conventions are those of EleutherAI's evaluation harness (:func:`analysis.likelihood.requests_of_items`).

    Parameters
    ----------
    lm : LanguageModel
    items : sequence of Item
    batch_tokens : int
        Tokens, padding included, that one forward pass may read. It bounds memory, not the result; on a processor few
        are also the fastest, since they stay in its cache.

    Returns
    -------
    list of ndarray of shape (n_choices,)
        In the order of the items.
    """
    requests = likelihood.requests_of_items(lm, items)
    scores = likelihood.log_likelihoods(lm, likelihood.arrange(lm, requests, batch_tokens), len(requests))
    ends = np.cumsum([len(item.choices) for item in items])
    return [scores[end - len(item.choices) : end] for end, item in zip(ends, items, strict=True)]


def right(items: Sequence[Item], scores: Scores) -> npt.NDArray[np.bool_]:
    """Whether the gold choice is the likeliest.

    Parameters
    ----------
    items : sequence of Item
    scores : ndarray of shape (..., n_items, n_choices)
        As :func:`analysis.many.choice_scores` returns them.

    Returns
    -------
    ndarray of bool, shape (..., n_items)
    """
    return np.asarray(scores.argmax(-1) == [item.answer for item in items])


def gold_scores(items: Sequence[Item], scores: Scores) -> Scores:
    """Log-likelihood of the gold choice, shape (..., n_items), from scores of shape (..., n_items, n_choices)."""
    return scores[..., np.arange(len(items)), [item.answer for item in items]]


def margins(items: Sequence[Item], scores: Scores) -> Scores:
    """Log-likelihood of the gold choice minus that of the likeliest other one; above 0 where the model is right.

    It moves before accuracy does, so it shows effects that turn no answer. Shapes as in :func:`gold_scores`.
    """
    others = scores.copy()
    others[..., np.arange(len(items)), [item.answer for item in items]] = -np.inf
    return gold_scores(items, scores) - others.max(-1)


def accuracy_table(items: Sequence[Item], scores: Sequence[npt.NDArray[np.float64]]) -> pd.DataFrame:
    """Accuracy of each task beside what needs no model.

    Returns
    -------
    DataFrame indexed by task
        ``accuracy`` with the 95 % Wilson interval ``low``, ``high`` (over items of this model), ``chance`` (one over
        the number of choices), ``majority`` (share of the commonest answer), ``n``.
    """
    rows = pd.DataFrame(
        {
            "task": [item.task for item in items],
            "right": [int(np.argmax(score)) == item.answer for item, score in zip(items, scores, strict=True)],
            "chance": [1 / len(item.choices) for item in items],
            "gold": [item.choices[item.answer] if item.context else str(item.answer) for item in items],
        }
    )
    table = rows.groupby("task", sort=False).agg(
        accuracy=("right", "mean"),
        chance=("chance", "mean"),
        majority=("gold", lambda gold: gold.value_counts(normalize=True).iloc[0]),
        n=("right", "size"),
    )
    right = (table["accuracy"] * table["n"]).round().astype(int)
    intervals = [binomtest(k, n).proportion_ci(method="wilson") for k, n in zip(right, table["n"], strict=True)]
    table.insert(1, "low", [interval.low for interval in intervals])
    table.insert(2, "high", [interval.high for interval in intervals])
    return table


def bits_per_byte(lm: LanguageModel, texts: Sequence[Text], *, batch_tokens: int = 1024) -> pd.DataFrame:
    """How well the model predicts running text, comparable between tokenizers.

    Each text is read from its start token; what exceeds the context is left out.

    Returns
    -------
    DataFrame of one row per text
        ``domain``, ``nats`` (summed over tokens), ``tokens``, ``bytes`` (UTF-8, of the part that was read),
        ``bits_per_byte``.
    """
    requests, n_bytes = likelihood.requests_of_texts(lm, texts)
    nats = -likelihood.log_likelihoods(lm, likelihood.arrange(lm, requests, batch_tokens), len(requests))
    return pd.DataFrame(
        {
            "domain": [text.domain for text in texts],
            "nats": nats,
            "tokens": [request.n_scored for request in requests],
            "bytes": n_bytes,
            "bits_per_byte": nats / np.log(2) / n_bytes,
        }
    )


def continue_text(
    lm: LanguageModel, prompt: str, *, max_tokens: int = 60, temperature: float = 0.8, seed: int = 0
) -> str:
    """Let the model write on from a prompt.

    Parameters
    ----------
    lm : LanguageModel
    prompt : str
    max_tokens : int
        How many tokens to write; fewer where the context is full.
    temperature : float
        0 takes the likeliest token each time.
    seed : int
        Of the drawing; the global generator is left as it was.

    Returns
    -------
    str
        Prompt and continuation.
    """
    ids = torch.tensor([lm.tokenizer.backend_tokenizer.encode(prompt).ids], device=lm.device)
    drawing = {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}
    room = min(max_tokens, lm.context - ids.shape[1])
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        written = lm.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=room, **drawing)
    text: str = lm.tokenizer.decode(written[0], skip_special_tokens=True)
    return text
