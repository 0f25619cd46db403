"""Passages: texts long enough to decompose, chosen from whatever the user reads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from analysis import language
from analysis.datasets import load_texts
from analysis.errors import InputError
from analysis.texts import Text, Word


def choose_passages(
    source: str | Path,
    count_tokens: Callable[[str], int],
    n: int,
    *,
    split: str = "find",
    min_tokens: int = 128,
    max_tokens: int = 256,
    seed: int = 0,
) -> list[Text]:
    """Choose n passages, evenly over the domains or files that a source names.

    Parameters
    ----------
    source : str or Path
        ``"teaching"`` for all domains of the teaching language, ``"teaching:stories"`` or
        ``"teaching:stories,reviews"`` for some, else what :func:`load_texts` reads.
    count_tokens : callable
        Number of tokens of a string, special tokens left out.
    n : int
        How many in all; fewer where there are fewer.
    split : str
        Part of the teaching language to take them from; files are taken as they are.
    min_tokens, max_tokens : int
        Length, as in :func:`join_texts`.
    seed : int
        Of the choice.

    Returns
    -------
    list of Text

    Raises
    ------
    InputError
        If the source does not exist or yields no passage of that length.
    """
    if n < 1:
        raise InputError(f"{n} passages are none. Ask for 1 or more.")
    _check_length(min_tokens, max_tokens)
    name, _, domains = str(source).partition(":")
    if name == "teaching":
        wanted = domains.split(",") if domains else list(language.DOMAINS)
        return _interleave([language.passages(domain, split, -(-n // len(wanted)), seed) for domain in wanted], n)
    found: dict[str, list[Text]] = {}
    for passage in join_texts(load_texts(source), count_tokens, min_tokens=min_tokens, max_tokens=max_tokens):
        found.setdefault(passage.domain, []).append(passage)
    if not found:
        raise InputError(f"'{source}' has no passage of {min_tokens} tokens. Give more text, or lower min_tokens.")
    rng = np.random.default_rng(seed)
    return _interleave([[group[i] for i in rng.permutation(len(group))] for group in found.values()], n)


def _interleave(groups: Sequence[Sequence[Text]], n: int) -> list[Text]:
    """Take from each group in turn until n are taken or all are empty."""
    turns = itertools.zip_longest(*groups)
    return [text for turn in turns for text in turn if text is not None][:n]


def join_texts(
    texts: Iterable[Text], count_tokens: Callable[[str], int], *, min_tokens: int = 128, max_tokens: int = 256
) -> list[Text]:
    """Join short texts of one document into passages long enough to decompose.

    A single sentence or review is too short: a decomposition into k networks needs many more tokens than k.

    Parameters
    ----------
    texts : iterable of Text
        In reading order. Neighbours are joined while domain and document stay the same.
    count_tokens : callable
        Number of tokens of a string, special tokens left out.
    min_tokens, max_tokens : int
        A passage is closed once it has ``min_tokens``; a text that would carry it past ``max_tokens`` starts the
        next one. What stays shorter than ``min_tokens`` is left out; what is longer in itself is kept whole, and
        recording cuts it.

    Returns
    -------
    list of Text
    """
    _check_length(min_tokens, max_tokens)
    done: list[Text] = []
    parts: list[Text] = []
    length = 0
    for text in texts:
        size = count_tokens(text.text)
        same = bool(parts) and (text.domain, text.document) == (parts[0].domain, parts[0].document)
        if not same or length + size > max_tokens:
            parts, length = [], 0
        parts.append(text)
        length += size
        if length >= min_tokens:
            done.append(_join(parts))
            parts, length = [], 0
    return done


def _check_length(min_tokens: int, max_tokens: int) -> None:
    if not 0 < min_tokens <= max_tokens:
        raise InputError(f"min_tokens={min_tokens} and max_tokens={max_tokens} do not fit. Use 0 < min <= max.")


def _join(parts: Sequence[Text]) -> Text:
    pieces: list[str] = []
    words: list[Word] = []
    sentences: list[int] = []
    offset = 0
    for part in parts:
        sentences += [len(words) + first for first in part.sentences]
        words += [
            Word(w.form, w.start + offset, w.end + offset, w.lemma, w.upos, w.feats, w.construction) for w in part.words
        ]
        pieces.append(part.text)
        offset += len(part.text) + 1
    return Text(" ".join(pieces), parts[0].domain, tuple(words), parts[0].document, tuple(sentences))
