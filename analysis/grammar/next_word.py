"""What a model is about to say: its likeliest next word, and how much of its expectation falls on each tag.

Late in a model activity is turned into the next word. A classifier on that activity may know no more than what the
model is about to say; so the tag of what it is about to say is what such a classifier has to beat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from transformers import GenerationConfig

from analysis.activity import tokenize
from analysis.errors import InputError
from analysis.models import LanguageModel
from analysis.texts import Text

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.str_]

MOST_PIECES = 8
"""Pieces that a word may have; what is longer is cut, and then no lexicon knows it."""

_WORD = re.compile(r"\s*([^\W_]+(?:[-'\u2019][^\W_]+)*|\S)")


@dataclass(frozen=True)
class Outlook:
    """What a model expects in place of some words.

    Attributes
    ----------
    word : ndarray of str, shape (n_words,)
        The likeliest next word, piece after piece the likeliest.
    mass : ndarray of shape (n_words, n_tags)
        Probability that the model puts on first pieces, times how often a word that begins so has each tag.
    """

    word: Labels
    mass: Floats


def tags_of_pieces(lm: LanguageModel, texts: Sequence[Text], words: pd.DataFrame, tags: Sequence[str]) -> Floats:
    """Count in annotated texts how often a word that begins with each piece has each tag.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    words : DataFrame
        Table of :func:`analysis.grammar.words.word_table` for these texts, words of all tags.
    tags : sequence of str

    Returns
    -------
    ndarray of shape (vocabulary, n_tags)
        Shares of all words that begin so, 0 where none does; a row sums to less than 1 where other tags begin so too.
    """
    inputs = tokenize(lm, texts)[1]
    piece = [inputs[text][first] for text, first in zip(words["text"], words["first"], strict=True)]
    size = lm.model.get_output_embeddings().weight.shape[0]
    total = np.bincount(piece, minlength=size)
    of_tag = [np.bincount(np.array(piece)[(words["upos"] == tag).to_numpy()], minlength=size) for tag in tags]
    return np.stack(of_tag, axis=1) / np.maximum(total, 1)[:, None]


def outlook(
    lm: LanguageModel, texts: Sequence[Text], words: pd.DataFrame, of_piece: Floats, *, batch_tokens: int = 2048
) -> Outlook:
    """Ask a model what it expects in place of each word.

    Contexts of one length are read together, so that nothing is padded and company changes nothing.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    words : DataFrame
        ``text`` and ``first``, as in :class:`analysis.grammar.words.Words`.
    of_piece : ndarray of shape (vocabulary, n_tags)
        From :func:`tags_of_pieces`.
    batch_tokens : int
        Tokens of context that are read at once.

    Returns
    -------
    Outlook
        In the order of the rows.

    Raises
    ------
    InputError
        If there is no word.
    """
    if words.empty:
        raise InputError("There is no word to ask for. Give rows of a table of words.")
    inputs = tokenize(lm, texts)[1]
    lengths = words["first"].to_numpy()
    starts = [inputs[text][:first] for text, first in zip(words["text"], lengths, strict=True)]
    said, mass = np.empty(len(words), object), np.empty((len(words), of_piece.shape[1]))
    weights = torch.from_numpy(of_piece).to(lm.device)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        at_once = max(1, batch_tokens // int(length))
        for part in np.split(rows, range(at_once, len(rows), at_once)):
            ids = torch.tensor([starts[row] for row in part], device=lm.device)
            written, logits = _continued(lm, ids)
            mass[part] = (logits.double().softmax(-1) @ weights[: logits.shape[-1]]).cpu().numpy()
            said[part] = [_first_word(lm, ids[n], written[n]) for n in range(len(part))]
    return Outlook(said.astype(str), mass)


def _continued(lm: LanguageModel, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces that the model writes, each the likeliest, and the logits of the first."""
    config = GenerationConfig(
        max_new_tokens=min(MOST_PIECES, lm.context - ids.shape[1]),
        do_sample=False,
        repetition_penalty=1.0,
        pad_token_id=0,
        output_logits=True,
        return_dict_in_generate=True,
    )
    with torch.inference_mode():
        made = lm.model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
    return made.sequences, made.logits[0]


def _first_word(lm: LanguageModel, context: torch.Tensor, written: torch.Tensor) -> str:
    # Pieces next to each other may be one character, and a lone piece may lose its space: so both are decoded whole.
    before = lm.tokenizer.decode(context, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    after = lm.tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    found = _WORD.match(after[len(before) :])
    return found[1] if found else ""


def likeliest_tag(mass: Floats, tags: Sequence[str], shares: Floats) -> Labels:
    """Choose each word's likeliest tag where all tags are equally many among the words.

    Parameters
    ----------
    mass : ndarray of shape (n_words, n_tags)
        Probability of each tag in running text.
    tags : sequence of str
    shares : ndarray of shape (n_tags,)
        How common each tag is in running text. A sample with equally many words of each tag has more of the rare
        ones; the odds there are those of running text divided by the shares (Bayes' rule).

    Returns
    -------
    ndarray of str, shape (n_words,)
    """
    return np.array(tags, str)[(mass / shares).argmax(1)]
