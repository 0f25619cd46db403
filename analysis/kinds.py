"""Kinds of text, each in three parts that share no document: to find networks in, to choose on, to test on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from analysis.activity import count_tokens
from analysis.errors import InputError
from analysis.models import LanguageModel
from analysis.passages import choose_passages
from analysis.texts import Text

FEWEST = 3
"""Texts of a part: fewer tell nothing about other texts."""


@dataclass(frozen=True)
class Kind:
    """One kind of text.

    Attributes
    ----------
    name : str
    find, tune, test : list of Text
        No document is in two of them. Those of ``find`` are whole passages, the others are cut to one length.
    is_source : bool
        Whether networks are to be found in it.
    is_neutral : bool
        Whether it stands for text in general.
    """

    name: str
    find: list[Text]
    tune: list[Text]
    test: list[Text]
    is_source: bool = False
    is_neutral: bool = False


def read_kinds(
    lm: LanguageModel,
    datasets: str,
    neutral: str,
    *,
    n_find: int = 24,
    n_tune: int = 4,
    n_test: int = 8,
    max_tokens: int = 128,
    seed: int = 0,
) -> dict[str, Kind]:
    """Read kinds of text, each named by a source as in :func:`analysis.passages.choose_passages`.

    ``teaching:reviews,news`` is two kinds; a file, or a pattern that names several, is one.

    The parts of the teaching language are its own splits. A file is dealt out, whole documents to one part; where
    it names no documents each passage counts as one.

    Parameters
    ----------
    lm : LanguageModel
        Its tokens count.
    datasets : str
        Sources with ``|`` between them: where networks are to be found, the first one leads; after ``||`` those that
        are only to be read.
    neutral : str
        Sources with ``|`` between them that stand for text in general; networks may be found in these too.
    n_find, n_tune, n_test : int
        Passages of each part; a file with fewer gives each part its share.
    max_tokens : int
        Length that passages of ``tune`` and ``test`` are cut to, special tokens included; 128 or more.
    seed : int
        Of the choice of passages.

    Returns
    -------
    dict of str to Kind
        Those of ``datasets`` first, in their order.

    Raises
    ------
    InputError
        If no networks could be found or compared, or a source has too few passages.
    """
    found_in, _, only_read = datasets.partition("||")
    listed = [_listed(group) for group in (found_in, neutral, only_read)]
    if not listed[0] or not listed[1]:
        raise InputError("Name at least one source in datasets and one in neutral, with | between several.")
    if max_tokens < 128 or min(n_find, n_tune, n_test) < FEWEST:
        raise InputError(
            f"max_tokens={max_tokens} is below 128, or a part has fewer than {FEWEST} texts: that shows nothing."
        )
    sources = list(dict.fromkeys(source for group in listed for source in group))
    read = partial(_read, lm, sizes=(n_find, n_tune, n_test), max_tokens=max_tokens, seed=seed)
    return {
        name: replace(read(name, source), is_source=source in listed[0], is_neutral=source in listed[1])
        for name, source in zip(short_names(sources), sources, strict=True)
    }


def short_names(sources: Sequence[str]) -> list[str]:
    """Name each source as shortly as tells them apart: domain or file, with its folder where files share a name."""
    short = [source.partition(":")[2] if source.startswith("teaching:") else Path(source).stem for source in sources]
    if len(set(short)) == len(short):
        return short
    return [
        source if source.startswith("teaching") else f"{Path(source).parent.name}/{name}"
        for source, name in zip(sources, short, strict=True)
    ]


def roles(kinds: Mapping[str, Kind], source: str) -> dict[str, list[str]]:
    """Say what each kind is to the networks of a source: ``own``, ``neutral``, or ``other``.

    Returns
    -------
    dict of str to list of str
        Names of kinds by role; the source is its own and nothing else, even where it is neutral to others.
    """
    rest = [kind for kind in kinds.values() if kind.name != source]
    return {
        "own": [source],
        "neutral": [kind.name for kind in rest if kind.is_neutral],
        "other": [kind.name for kind in rest if not kind.is_neutral],
    }


def cut(lm: LanguageModel, texts: Sequence[Text], max_tokens: int) -> list[Text]:
    """Cut texts to so many tokens, special tokens included; annotation is left behind."""
    return [Text(_beginning(lm, text.text, max_tokens), text.domain, document=text.document) for text in texts]


def _beginning(lm: LanguageModel, text: str, max_tokens: int) -> str:
    encoding = lm.tokenizer.backend_tokenizer.encode(text)
    return text[: encoding.offsets[min(max_tokens, len(encoding.ids)) - 1][1]]


def _listed(sources: str) -> list[str]:
    """Split at ``|``; several domains of the teaching language are as many sources."""
    listed: list[str] = []
    for source in (part.strip() for part in sources.split("|")):
        name, _, domains = source.partition(":")
        listed += [f"teaching:{one.strip()}" for one in domains.split(",")] if name == "teaching" else [source]
    return [source for source in listed if source]


def _read(
    lm: LanguageModel, name: str, source: str, *, sizes: tuple[int, int, int], max_tokens: int, seed: int
) -> Kind:
    count = partial(count_tokens, lm)
    longest = max(256, max_tokens)
    if source.partition(":")[0] == "teaching":
        splits = zip(("find", "tune", "test"), sizes, strict=True)
        parts = [choose_passages(source, count, n, split=split, seed=seed) for split, n in splits]
    else:
        found = choose_passages(source, count, sum(sizes), min_tokens=128, max_tokens=longest, seed=seed)
        parts = _dealt(found, sizes)
    if (fewest := min(map(len, parts))) < FEWEST:
        raise InputError(
            f"'{source}' has too few passages of 128 tokens: one of three parts would get {fewest}, and {FEWEST} are "
            "needed. Give more text, or documents that are shorter."
        )
    return Kind(name, parts[0], cut(lm, parts[1], max_tokens), cut(lm, parts[2], max_tokens))


def _dealt(texts: Sequence[Text], sizes: Sequence[int]) -> list[list[Text]]:
    """Deal whole documents, the largest first, to the part that lacks most of its share."""
    documents: dict[str | int, list[Text]] = {}
    for number, text in enumerate(texts):
        documents.setdefault(text.document or number, []).append(text)
    parts: list[list[Text]] = [[] for _ in sizes]
    for document in sorted(documents.values(), key=len, reverse=True):
        least = min(range(len(sizes)), key=lambda part: len(parts[part]) / sizes[part])
        parts[least].extend(document)
    return [part[:size] for part, size in zip(parts, sizes, strict=True)]
