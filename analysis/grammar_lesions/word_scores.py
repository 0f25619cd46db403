"""What a model expects at each annotated word, under many interventions: the word itself, and its part of speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from analysis import likelihood
from analysis.activity import tokenize
from analysis.errors import InputError
from analysis.interventions import Intervention, applied, first_layer
from analysis.likelihood import Batch, Request
from analysis.models import LanguageModel
from analysis.sharing import Trunk, last_mlp_at
from analysis.texts import Text

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TagLexicon:
    """Which parts of speech each piece of the vocabulary begins.

    Attributes
    ----------
    tags : tuple of str
        In alphabetical order.
    shares : ndarray of shape (n_pieces, n_tags), float32
        Of the words that begin with the piece, the share that have the tag; a row of zeros where no word does.
    """

    tags: tuple[str, ...]
    shares: npt.NDArray[np.float32]


def tag_lexicon(lm: LanguageModel, texts: Sequence[Text], table: pd.DataFrame) -> TagLexicon:
    """Count with which pieces the words of each part of speech begin.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
        Texts that the results do not use.
    table : DataFrame
        Words of all tags in these texts, as in :class:`analysis.grammar.words.Words`.

    Returns
    -------
    TagLexicon
    """
    _, ids = tokenize(lm, texts)
    tags, codes = np.unique(table["upos"].to_numpy(str), return_inverse=True)
    pieces = [ids[text][first] for text, first in zip(table["text"], table["first"], strict=True)]
    counts = np.zeros((_n_pieces(lm), len(tags)), np.float32)
    np.add.at(counts, (pieces, codes), 1)
    total = counts.sum(1, keepdims=True)
    return TagLexicon(tuple(tags.tolist()), np.divide(counts, total, out=counts, where=total > 0))


@dataclass(frozen=True)
class WordScores:
    """What a model expected at some words, under each intervention.

    Attributes
    ----------
    log_probability : ndarray of shape (n_interventions, n_words)
        Of the word that stands there, in nats, summed over its pieces.
    mass : ndarray of shape (n_interventions, n_words, n_tags), float32
        Probability of a word of each tag in its place: each piece that may begin the word counts for a tag by the
        share of its words that have it. What is missing to 1 are pieces that begin no word known.
    tags : tuple of str
        Those of the lexicon.
    """

    log_probability: Array
    mass: npt.NDArray[np.float32]
    tags: tuple[str, ...]

    def own_mass(self, upos: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Probability of a word of the tag that each word has, shape (n_interventions, n_words)."""
        return self.mass[:, np.arange(self.mass.shape[1]), self._codes(upos)]

    def right(self, upos: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether the tag with most mass is the word's own, shape (n_interventions, n_words)."""
        return np.asarray(self.mass.argmax(2) == self._codes(upos))

    def _codes(self, upos: npt.ArrayLike) -> npt.NDArray[np.int64]:
        names = np.asarray(upos, str)
        if unknown := set(names.tolist()) - set(self.tags):
            raise InputError(f"The lexicon of tags knows no {min(unknown)}. Make it from texts that have all the tags.")
        return np.searchsorted(self.tags, names)


def score_words(
    lm: LanguageModel,
    texts: Sequence[Text],
    table: pd.DataFrame,
    interventions: Sequence[Intervention | None],
    lexicon: TagLexicon,
    *,
    batch_tokens: int = 1024,
) -> WordScores:
    """Read texts under each intervention, and say what was expected at each word.

    A text is read once for all its words, up to the last of them, and the vocabulary is computed at the words only.
    A word of several pieces is scored piece by piece as it stands in the text (teacher forcing).

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    table : DataFrame
        Words of these texts: ``text``, ``first`` and ``last`` as in :class:`analysis.grammar.words.Words`.
    interventions : sequence of Intervention or None
        None is the model as it is.
    lexicon : TagLexicon
    batch_tokens : int
        Tokens, padding included, that one forward pass may read. It bounds memory, not the result.

    Returns
    -------
    WordScores
        Words in the order of the table.

    Raises
    ------
    InputError
        If there is no word, or one has nothing before it or reaches beyond what the model reads.
    """
    requests = _requests(lm, texts, table)
    sums = np.zeros((len(interventions), len(requests)))
    mass = np.zeros((*sums.shape, len(lexicon.tags)), np.float32)
    shares = torch.from_numpy(lexicon.shares).to(lm.device)
    for batch in likelihood.arrange(lm, requests, batch_tokens):
        request = batch.request.cpu().numpy()
        words, first = np.unique(request, return_index=True)  # a word's pieces come in order
        begins = batch.place[torch.from_numpy(first).to(lm.device)]
        for number, expected in enumerate(_expected(lm, batch, interventions)):
            np.add.at(sums[number], request, expected[batch.place, batch.token].double().cpu().numpy())
            mass[number, words] = (expected[begins].exp() @ shares).cpu().numpy()
    return WordScores(sums, mass, lexicon.tags)


def by_tag(values: npt.NDArray[Any], upos: npt.ArrayLike, tags: Sequence[str]) -> Array:
    """Mean over the words of each tag, shapes (..., n_words) to (..., n_tags).

    Raises
    ------
    InputError
        If a tag has no word.
    """
    member = np.asarray(upos, str)[:, None] == np.asarray(tags, str)
    if not member.any(0).all():
        raise InputError(f"There is no word of {tags[int(member.any(0).argmin())]}. Leave the tag out, or read more.")
    return np.asarray(values.astype(np.float64) @ (member / member.sum(0)))


def _requests(lm: LanguageModel, texts: Sequence[Text], table: pd.DataFrame) -> list[Request]:
    """Ask for each word after all that stands before it; what one text is asked for is then read as one row."""
    if table.empty:
        raise InputError("There is no word to score. Read more text, or ask for other tags.")
    _, ids = tokenize(lm, texts)
    requests = []
    for row, (text, first, last) in enumerate(table[["text", "first", "last"]].itertuples(index=False)):
        if not 1 <= first <= last < len(ids[text]):
            raise InputError(
                f"Row {row} of the words is at tokens {first} to {last} of text {text}. It needs a token before it, "
                "and an end within the model's context."
            )
        requests.append(Request(tuple(ids[text][: last + 1]), last - first + 1))
    return requests


def _n_pieces(lm: LanguageModel) -> int:
    return int(lm.model.get_output_embeddings().weight.shape[0])


def _expected(lm: LanguageModel, batch: Batch, interventions: Sequence[Intervention | None]) -> Iterator[torch.Tensor]:
    """Yield what the model expects at the places of a batch under each intervention, shape (n_places, n_pieces)."""
    begins = [first_layer(lm, one) for one in interventions]
    trunk = Trunk(lm, {layer for layer in begins if layer is not None})
    by_token = any(one is not None and one.by_token for one in interventions)
    with nullcontext() if by_token else last_mlp_at(lm, batch):
        with trunk.recorded():
            unchanged = _log_probabilities(lm, batch)
        for intervention, layer in zip(interventions, begins, strict=True):
            if intervention is None or layer is None:
                yield unchanged
                continue
            with trunk.given_back(layer), applied(lm, intervention):
                changed = _log_probabilities(lm, batch)
            yield changed


def _log_probabilities(lm: LanguageModel, batch: Batch) -> torch.Tensor:
    with torch.inference_mode(), _only_at(lm, batch):
        logits = lm.model(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False).logits[0]
        return logits.float().log_softmax(-1).to(lm.device)


@contextmanager
def _only_at(lm: LanguageModel, batch: Batch) -> Iterator[None]:
    """Show the model's last layer only the places that count: over a large vocabulary the rest costs most."""

    def choose(_module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = args[0]
        return (hidden[batch.rows.to(hidden.device), batch.columns.to(hidden.device)][None], *args[1:])

    handle = lm.model.get_output_embeddings().register_forward_pre_hook(choose)
    try:
        yield
    finally:
        handle.remove()
