"""How well does a model do: answers to multiple-choice items, bits per byte of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.stats import binomtest

from analysis.errors import InputError
from analysis.models import LanguageModel
from analysis.texts import Item, Text


@dataclass(frozen=True, slots=True)
class _Request:
    """Token ids of one context with one continuation, and how many of them are continuation."""

    ids: tuple[int, ...]
    n_scored: int


def choice_scores(
    lm: LanguageModel, items: Sequence[Item], *, batch_tokens: int = 8192
) -> list[npt.NDArray[np.float64]]:
    """Log-likelihood of each choice of each item, summed over its tokens, in nats.

    The conventions are those of EleutherAI's evaluation harness: context and choice are tokenised together, the
    spaces that end the context count with the choice, an empty context is the start token alone, and what exceeds
    the model's context is cut on the left.

    Parameters
    ----------
    lm : LanguageModel
    items : sequence of Item
    batch_tokens : int
        Tokens, padding included, that one forward pass may read.

    Returns
    -------
    list of ndarray of shape (n_choices,)
        In the order of the items.
    """
    requests = [_request(lm, item.context, choice) for item in items for choice in item.choices]
    order = sorted(range(len(requests)), key=lambda number: -len(requests[number].ids))  # little padding
    scores = np.empty(len(requests))
    for batch in _batches(order, requests, batch_tokens):
        scores[batch] = _log_likelihoods(lm, [requests[number] for number in batch])
    ends = np.cumsum([len(item.choices) for item in items])
    return np.split(scores, ends[:-1])


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


def bits_per_byte(lm: LanguageModel, texts: Sequence[Text], *, batch_tokens: int = 8192) -> pd.DataFrame:
    """How well the model predicts running text, comparable between tokenizers.

    Each text is read from its start token; what exceeds the context is left out.

    Returns
    -------
    DataFrame of one row per text
        ``domain``, ``nats`` (summed over tokens), ``tokens``, ``bytes`` (UTF-8, of the part that was read),
        ``bits_per_byte``.
    """
    requests, n_bytes = [], []
    for text in texts:
        encoding = lm.tokenizer.backend_tokenizer.encode(text.text)
        ids = tuple(encoding.ids[: lm.context])
        first = 1 if _prefix(lm) == list(ids[:1]) else 0
        requests.append(_Request(ids, len(ids) - max(first, 1)))
        skipped = 0 if first else encoding.offsets[0][1]  # without a start token the first piece is not predicted
        n_bytes.append(len(text.text[skipped : encoding.offsets[len(ids) - 1][1]].encode()))
    nats = np.empty(len(requests))
    for batch in _batches(range(len(requests)), requests, batch_tokens):
        nats[batch] = -_log_likelihoods(lm, [requests[number] for number in batch])
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


def _prefix(lm: LanguageModel) -> list[int]:
    """Return the token before the first word: the start token, or the end token in families that have no other."""
    token = lm.tokenizer.bos_token_id
    token = lm.tokenizer.eos_token_id if token is None else token
    if token is None:
        raise InputError(f"The tokenizer of '{lm.name}' has neither a start nor an end token; name one in its files.")
    return [int(token)]


def _request(lm: LanguageModel, context: str, choice: str) -> _Request:
    stripped = context.rstrip()
    choice = context[len(stripped) :] + choice

    def encode(text: str) -> list[int]:
        ids: list[int] = lm.tokenizer.backend_tokenizer.encode(text).ids
        return ids

    if stripped:
        before, together = encode(stripped), encode(stripped + choice)
    else:
        together = encode(choice)
        starts = together[:1] == _prefix(lm)
        before, together = _prefix(lm), together if starts else _prefix(lm) + together
    n_scored = len(together) - len(before)
    if n_scored < 1:
        raise InputError(f"The choice '{choice}' has no token of its own. Reword it.")
    return _Request(tuple(together[-lm.context :]), min(n_scored, lm.context - 1))


def _batches(order: Sequence[int], requests: Sequence[_Request], batch_tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    longest = 0
    for number in order:
        grown = max(longest, len(requests[number].ids))
        if batch and grown * (len(batch) + 1) > batch_tokens:
            yield batch
            batch, grown = [], len(requests[number].ids)
        batch.append(number)
        longest = grown
    if batch:
        yield batch


def _log_likelihoods(lm: LanguageModel, requests: Sequence[_Request]) -> npt.NDArray[np.float64]:
    """Sum the log-probabilities of the scored tokens; padding is on the right, where nothing scored can see it."""
    longest = max(len(request.ids) for request in requests)
    ids = torch.tensor([[*request.ids, *[0] * (longest - len(request.ids))] for request in requests])
    lengths = torch.tensor([len(request.ids) for request in requests])
    position = torch.arange(longest)
    mask = position < lengths[:, None]
    first = lengths - torch.tensor([request.n_scored for request in requests])
    scored = mask & (position >= first[:, None])
    ids, mask, scored = (tensor.to(lm.device) for tensor in (ids, mask, scored))
    with torch.inference_mode():
        logits = lm.model(input_ids=ids, attention_mask=mask.long(), use_cache=False).logits
        rows, columns = scored.nonzero(as_tuple=True)
        chosen = logits[rows, columns - 1].float().log_softmax(-1)  # the place before predicts the token
        gold = chosen.gather(1, ids[rows, columns][:, None])[:, 0].double()
        sums = torch.zeros(len(requests), dtype=torch.float64, device=gold.device).index_add_(0, rows, gold)
    return sums.cpu().numpy()
