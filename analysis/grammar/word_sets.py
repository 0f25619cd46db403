"""Words for three purposes that share neither text nor lemma: to find neurons, to tune choices, and to test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import InputError
from analysis.grammar.word_splits import SHARES, balanced, homographs, split_lemmas
from analysis.grammar.words import Words, form_counts, word_table
from analysis.models import LanguageModel
from analysis.passages import choose_passages
from analysis.texts import Text

Labels = npt.NDArray[np.str_]

PARTS = tuple(SHARES)
"""find (neurons are chosen), tune (their number and layer are chosen), test (results)."""

ALL_TAGS = "all"
NO_GRAMMAR = frozenset({"PUNCT", "SYM", "X", "_", ""})
"""What ``all`` leaves out: marks, and words that have no part of speech."""

LEAST_LEMMAS = 20
"""Lemmas that a tag needs to be among ``all``: with fewer, a quarter of them is no sample."""


@dataclass(frozen=True)
class WordSet:
    """One part: its texts, all their words, and those that serve the part's purpose.

    Attributes
    ----------
    texts : tuple of Text
    words : Words
        All usable words, with the account of the others.
    chosen : DataFrame
        Rows of ``words.table`` (with its index): equally many of each tag, and only lemmas of this part.
    """

    texts: tuple[Text, ...]
    words: Words
    chosen: pd.DataFrame


@dataclass(frozen=True)
class WordSets:
    """The three parts.

    Attributes
    ----------
    parts : mapping of str to WordSet
        By the names in :data:`PARTS`.
    tags : tuple of str
        In alphabetical order.
    part_of : mapping of str to str
        The part that each lemma belongs to.
    """

    parts: Mapping[str, WordSet]
    tags: tuple[str, ...]
    part_of: Mapping[str, str]

    @property
    def items(self) -> pd.DataFrame:
        """The chosen words of all parts below each other, with a column ``part``, numbered from 0."""
        return pd.concat([part.chosen.assign(part=name) for name, part in self.parts.items()], ignore_index=True)

    def spread(self, part: str, predictions: Labels) -> Labels:
        """Put predicted tags of one part's words where they stand among all :attr:`items`, with nothing elsewhere."""
        here = (self.items["part"] == part).to_numpy()
        if predictions.shape != (int(here.sum()),):
            raise InputError(f"{len(predictions)} predictions for {here.sum()} words of {part}. Give one a word.")
        spread = np.full(len(here), "", predictions.dtype)
        spread[here] = predictions
        return spread

    @property
    def account(self) -> pd.DataFrame:
        """How many words each part has and keeps.

        Returns
        -------
        DataFrame, one row per part
            ``texts``, ``documents``, ``words``, ``aligned`` (share whose pieces are all their own), ``chosen``,
            ``lemmas`` (of these), ``per_tag``.
        """
        rows = {
            name: {
                "texts": len(part.texts),
                "documents": len({text.document or f"text {n}" for n, text in enumerate(part.texts)}),
                "words": int(part.words.account["count"].sum()),
                "aligned": part.words.aligned,
                "chosen": len(part.chosen),
                "lemmas": part.chosen["lemma"].nunique(),
                "per_tag": len(part.chosen) // len(self.tags),
            }
            for name, part in self.parts.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("part")


def read_parts(
    source: str,
    tune_source: str | None,
    test_source: str | None,
    count_tokens: Callable[[str], int],
    n_texts: int,
    *,
    max_tokens: int = 256,
    seed: int = 0,
) -> dict[str, list[Text]]:
    """Choose the passages of each part.

    Parameters
    ----------
    source : str
        Domains of the teaching language, such as ``"teaching:stories,news"``, or a treebank.
    tune_source, test_source : str or None
        Where the other two parts come from. None for the teaching language: its own parts of those names. None for a
        treebank: a quarter of its documents each. Give both or neither.
    count_tokens : callable
        Number of tokens of a string, special tokens left out.
    n_texts : int
        Passages of each part.
    max_tokens : int
        As in :func:`analysis.passages.choose_passages`; the least is half of it, at most 128.
    seed : int

    Raises
    ------
    InputError
        If only one of the two is given, or a treebank has too few documents to be divided.
    """
    choose = partial(
        choose_passages,
        count_tokens=count_tokens,
        min_tokens=min(128, max_tokens // 2),
        max_tokens=max_tokens,
        seed=seed,
    )
    if (tune_source is None) != (test_source is None):
        raise InputError("Give texts for tune and for test, or for neither.")
    if tune_source is not None and test_source is not None:
        sources = dict(zip(PARTS, (source, tune_source, test_source), strict=True))
        return {part: choose(each, n=n_texts, split=part) for part, each in sources.items()}
    if source.partition(":")[0] == "teaching":
        return {part: choose(source, n=n_texts, split=part) for part in PARTS}
    return _divided(choose(source, n=3 * n_texts), source, seed)


def _divided(passages: Sequence[Text], source: str, seed: int) -> dict[str, list[Text]]:
    """Give whole documents to the parts; a passage of no document is one by itself."""
    names = [passage.document or f"passage {number}" for number, passage in enumerate(passages)]
    documents = list(dict.fromkeys(names))
    if len(documents) < len(PARTS):
        raise InputError(
            f"'{source}' has passages of {len(documents)} documents, too few for {', '.join(PARTS)}. "
            "Give more text, or texts for tune and for test."
        )
    edges = np.maximum(1, np.round(np.cumsum(list(SHARES.values())) * len(documents)).astype(int))
    order = np.random.default_rng(seed).permutation(len(documents))
    part_of = {documents[n]: PARTS[int(np.searchsorted(edges, place, "right"))] for place, n in enumerate(order)}
    return {part: [p for p, name in zip(passages, names, strict=True) if part_of[name] == part] for part in PARTS}


def choose_words(
    lm: LanguageModel,
    texts: Mapping[str, Sequence[Text]],
    tags: str,
    n_per_tag: int,
    *,
    max_tokens: int = 256,
    max_per_lemma: int = 10,
    seed: int = 0,
) -> WordSets:
    """Divide the lemmas among the parts, and draw equally many words of each tag from each part.

    Parameters
    ----------
    lm : LanguageModel
    texts : mapping of str to sequence of Text
        From :func:`read_parts`.
    tags : str
        Parts of speech with commas between, or ``"all"``: those that have a grammar and :data:`LEAST_LEMMAS` lemmas.
    n_per_tag : int
        Of each tag in each part; fewer where a tag has fewer, and then fewer of all tags.
    max_tokens, max_per_lemma, seed : int
        As in :func:`analysis.grammar.words.word_table` and :func:`analysis.grammar.word_splits.balanced`.

    Returns
    -------
    WordSets

    Raises
    ------
    InputError
        If fewer than two tags are asked for or there, or one is missing in a part.
    """
    reference = form_counts([text for part in texts.values() for text in part])
    found = {
        part: word_table(lm, given, max_tokens=max_tokens, min_lemmas=1, reference=reference)
        for part, given in texts.items()
    }
    every = pd.concat([words.table.assign(part=part) for part, words in found.items()])
    wanted = _wanted(every, tags)
    every = every[every["upos"].isin(wanted)].reset_index(names="row")
    every["belongs"] = split_lemmas(every, seed)
    own = every[every["belongs"] == every["part"]]
    how = {"n_per_tag": n_per_tag, "seed": seed, "max_per_lemma": max_per_lemma}
    chosen = {part: _balanced(own[own["part"] == part], part, wanted, **how) for part in found}
    parts = {part: WordSet(tuple(texts[part]), words, words.table.loc[chosen[part]]) for part, words in found.items()}
    return WordSets(parts, wanted, dict(zip(every["lemma"], every["belongs"], strict=True)))


def _wanted(every: pd.DataFrame, tags: str) -> tuple[str, ...]:
    n_lemmas = every.groupby("upos")["lemma"].nunique()
    if tags == ALL_TAGS:
        return tuple(sorted(set(n_lemmas.index[n_lemmas >= LEAST_LEMMAS]) - NO_GRAMMAR))
    wanted = tuple(sorted({tag.strip() for tag in tags.split(",")} - {""}))
    if missing := [tag for tag in wanted if tag not in n_lemmas]:
        raise InputError(f"No word is tagged {', '.join(missing)}. There are: {', '.join(n_lemmas.index)}.")
    if len(wanted) < 2:
        raise InputError(f"'{tags}' names fewer than two tags, and one cannot be told from itself. Name two or more.")
    return wanted


def _balanced(
    own: pd.DataFrame, part: str, tags: Sequence[str], *, n_per_tag: int, seed: int, max_per_lemma: int
) -> pd.Index:
    """Rows of the part's table to be used."""
    most = own.groupby(["upos", "lemma"]).size().clip(upper=max_per_lemma).groupby("upos").sum().reindex(tags)
    n = int(min(n_per_tag, most.min())) if most.notna().all() else 0
    if n < 1:
        raise InputError(f"'{most.isna().idxmax()}' has no word of its own for {part}. Leave it out or read more text.")
    return pd.Index(balanced(own, tags, n, seed, max_per_lemma)["row"])


def few_of_each(items: pd.DataFrame, tags: Sequence[str], n_per_tag: int, seed: int = 0) -> pd.DataFrame:
    """Draw fewer words for what is expensive, of as many lemmas as can be.

    Parameters
    ----------
    items : DataFrame
        ``upos`` and ``lemma``.
    tags : sequence of str
    n_per_tag : int
        At most.
    seed : int

    Returns
    -------
    DataFrame
        Rows of ``items``, in its order and with its index: a second word of a lemma only once each lemma has one.
    """
    shuffled = items.sample(frac=1, random_state=seed)
    turn = shuffled.groupby(["upos", "lemma"]).cumcount()
    drawn = shuffled.iloc[np.argsort(turn.to_numpy(), kind="stable")].groupby("upos").head(n_per_tag)
    return items.loc[items.index.isin(drawn.index) & items["upos"].isin(tags)]


def ambiguous_words(sets: WordSets, *, least: int = 5, at_most: int = 20, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Find the words of tune and test whose form has two of the tags, and whose lemma found no neuron.

    Parameters
    ----------
    sets : WordSets
    least : int
        How often a form must have each of two tags, in both parts together.
    at_most : int
        Of one form and tag.
    seed : int

    Returns
    -------
    dict of str to DataFrame
        By part, rows of its table.
    """
    tables = []
    for part in PARTS[1:]:
        table = sets.parts[part].words.table
        known = table["lemma"].map(sets.part_of.get)
        tables.append(table[table["upos"].isin(sets.tags) & (known != PARTS[0])].assign(part=part))
    every = pd.concat(tables).reset_index(names="row")
    every["lower"] = every["form"].str.lower()
    counts = homographs(every, least)
    kept = every[every["lower"].isin(counts.index)]
    enough = kept.groupby(["lower", "upos"])["row"].transform("size") >= least
    kept = kept[enough].sample(frac=1, random_state=seed)
    kept = kept[kept.groupby(["lower", "upos"]).cumcount() < at_most].sort_index()
    return {part: sets.parts[part].words.table.loc[group["row"]] for part, group in kept.groupby("part", sort=False)}
