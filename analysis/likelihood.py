"""Log-likelihood of continuations: what to read for them, in as few rows as will do, and the model's answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from analysis.errors import InputError
from analysis.models import LanguageModel
from analysis.texts import Item, Text

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Request:
    """Token ids of one context with one continuation.

    Attributes
    ----------
    ids : tuple of int
    n_scored : int
        How many of them, at the end, are the continuation.
    group : int
        Requests of one group may share a row of a batch.
    """

    ids: tuple[int, ...]
    n_scored: int
    group: int = 0


@dataclass(frozen=True)
class Batch:
    """What one forward pass reads, and where its answers are.

    Attributes
    ----------
    ids, mask : Tensor of int, shape (n_rows, n_tokens)
        Padded on the right, where nothing that counts can see it; the mask is 0 there.
    rows, columns : Tensor of int, shape (n_places,)
        The places whose next token is asked for.
    groups : Tensor of int, shape (n_rows,)
        Group of each row.
    place, token, request : Tensor of int, shape (n_scored,)
        Each scored token: the place that predicts it, its id, and the request that it belongs to.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    groups: torch.Tensor
    place: torch.Tensor
    token: torch.Tensor
    request: torch.Tensor


def requests_of_items(lm: LanguageModel, items: Sequence[Item]) -> list[Request]:
    """Turn each choice of each item into a request, by the conventions of EleutherAI's evaluation harness.

    Context and choice are tokenised together, the spaces that end the context count with the choice, an empty context
    is the start token alone, and what exceeds the model's context is cut on the left.
    """
    return [_request(lm, item.context, choice) for item in items for choice in item.choices]


def requests_of_texts(lm: LanguageModel, texts: Sequence[Text]) -> tuple[list[Request], list[int]]:
    """Turn each text into a request for all its tokens but the first, cut on the right to the model's context.

    Returns
    -------
    requests : list of Request
    n_bytes : list of int
        UTF-8 bytes of what is scored.
    """
    requests, n_bytes = [], []
    for text in texts:
        encoding = lm.tokenizer.backend_tokenizer.encode(text.text)
        ids = tuple(encoding.ids[: lm.context])
        if len(ids) < 2:
            raise InputError(f"The text '{text.text[:30]}' has no token to predict. Leave it out.")
        starts = _prefix(lm) == list(ids[:1])
        requests.append(Request(ids, len(ids) - 1))
        skipped = 0 if starts else encoding.offsets[0][1]  # without a start token the first piece is not predicted
        n_bytes.append(len(text.text[skipped : encoding.offsets[len(ids) - 1][1]].encode()))
    return requests, n_bytes


def arrange(lm: LanguageModel, requests: Sequence[Request], batch_tokens: int) -> list[Batch]:
    """Arrange requests into passes, each row read once, and rows of like length together.

    The last token of a request predicts nothing and is not read. So the one-token choices of a context are one row;
    and a row that is the beginning of another one is contained in it, since a token sees only what stands before it.

    Parameters
    ----------
    lm : LanguageModel
    requests : sequence of Request
    batch_tokens : int
        Tokens, padding included, that one pass may read; a longer row is read alone.
    """
    read = [(request.group, *request.ids[:-1]) for request in requests]
    rows: list[tuple[int, ...]] = []
    asked: list[list[int]] = []
    for number in sorted(range(len(read)), key=read.__getitem__, reverse=True):  # what begins a row comes after it
        if not rows or rows[-1][: len(read[number])] != read[number]:
            rows.append(read[number])
            asked.append([])
        asked[-1].append(number)
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
    made = []
    for part in _parts([len(rows[row]) - 1 for row in order], batch_tokens):
        chosen = order[part]
        made.append(_batch(lm, [rows[row] for row in chosen], [asked[row] for row in chosen], requests))
    return made


def log_likelihoods(lm: LanguageModel, batches: Sequence[Batch], n_requests: int) -> Scores:
    """Sum the log-probabilities of each request's scored tokens, in nats.

    Parameters
    ----------
    lm : LanguageModel
    batches : sequence of Batch
        From :func:`arrange`.
    n_requests : int
        How many requests there are.

    Returns
    -------
    ndarray of shape (n_requests,)
        0 for requests that are in none of the batches.
    """
    sums = np.zeros(n_requests)
    with torch.inference_mode():
        for batch in batches:
            sums += batch_log_likelihoods(lm, batch, n_requests).cpu().numpy()
    return sums


def batch_log_likelihoods(lm: LanguageModel, batch: Batch, n_requests: int) -> torch.Tensor:
    """Do the same for one batch, as a tensor: where gradients are on, they pass."""
    with _only_these_logits(lm, batch):
        logits = lm.model(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False).logits[0]
    found = logits.float().log_softmax(-1)[batch.place.to(logits.device), batch.token.to(logits.device)].double()
    sums = torch.zeros(n_requests, dtype=torch.float64, device=found.device)
    return sums.index_add(0, batch.request.to(found.device), found)


@contextmanager
def _only_these_logits(lm: LanguageModel, batch: Batch) -> Iterator[None]:
    """Show the model's last layer only the places that count: over a large vocabulary the rest costs most."""
    head = lm.model.get_output_embeddings()
    handle = head.register_forward_pre_hook(partial(_chosen, batch.rows, batch.columns))
    try:
        yield
    finally:
        handle.remove()


def _chosen(rows: torch.Tensor, columns: torch.Tensor, _module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    hidden = args[0]
    return (hidden[rows.to(hidden.device), columns.to(hidden.device)][None], *args[1:])


def _batch(
    lm: LanguageModel, rows: list[tuple[int, ...]], asked: list[list[int]], requests: Sequence[Request]
) -> Batch:
    lengths = np.array([len(row) - 1 for row in rows])
    ids = np.zeros((len(rows), lengths.max()), np.int64)
    for number, (_, *row) in enumerate(rows):
        ids[number, : len(row)] = row
    mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
    wanted = [
        (row, position - 1, requests[number].ids[position], number)
        for row, numbers in enumerate(asked)
        for number in numbers
        for position in range(len(requests[number].ids) - requests[number].n_scored, len(requests[number].ids))
    ]
    row, column, token, request = np.array(wanted, np.int64).T
    places, place = np.unique(np.stack([row, column]), axis=1, return_inverse=True)
    groups = np.array([row[0] for row in rows])
    return Batch(
        *(torch.from_numpy(part).to(lm.device) for part in (ids, mask, *places, groups, place, token, request))
    )


def _parts(lengths: Sequence[int], batch_tokens: int) -> list[slice]:
    """Cut rows, longest first, into neighbours that together stay within the tokens that a pass may read."""
    edges, longest = [0], 0
    for row, length in enumerate(lengths):
        longest = longest or length
        if row > edges[-1] and longest * (row + 1 - edges[-1]) > batch_tokens:
            edges.append(row)
            longest = length
    return [slice(*pair) for pair in pairwise([*edges, len(lengths)]) if pair[0] < pair[1]]


def _prefix(lm: LanguageModel) -> list[int]:
    """Return the token before the first word: the start token, or the end token in families that have no other."""
    token = lm.tokenizer.bos_token_id
    token = lm.tokenizer.eos_token_id if token is None else token
    if token is None:
        raise InputError(f"The tokenizer of '{lm.name}' has neither a start nor an end token; name one in its files.")
    return [int(token)]


def _request(lm: LanguageModel, context: str, choice: str) -> Request:
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
    return Request(tuple(together[-lm.context - 1 :]), min(n_scored, lm.context))  # the last one is not read
