"""What the words before a word say of its tag: the trivial answer that activity has to beat, and the ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.grammar.word_sets import PARTS, WordSets
from analysis.grammar.word_splits import balanced
from analysis.language.ceiling import next_tag_posterior
from analysis.parallel import spread
from analysis.probing.classifiers import Labels, by_category
from analysis.texts import Text

Floats = npt.NDArray[np.float64]

CONTEXTS: Mapping[str, tuple[int, int]] = {
    "previous word": (1, 0),
    "two previous tags": (0, 2),
    "previous word and two tags": (1, 2),
    "two previous words and three tags": (2, 3),
}
"""How many words and how many tags before the word a classifier is told."""

REACH = max(max(numbers) for numbers in CONTEXTS.values())


def preceding(texts: Sequence[Text], words: pd.DataFrame, n_words: int, n_tags: int) -> Labels:
    """Name the words and the tags before words, nearest first.

    Parameters
    ----------
    texts : sequence of Text
    words : DataFrame
        ``text`` and ``word``, as in :class:`analysis.grammar.words.Words`.
    n_words, n_tags : int

    Returns
    -------
    ndarray of str, shape (n, n_words + n_tags)
        Lower-cased forms, then tags; empty before the start of a text.
    """
    rows = []
    for text, word in zip(words["text"], words["word"], strict=True):
        before = texts[text].words[max(0, word - max(n_words, n_tags)) : word][::-1]
        forms = [each.form.lower() for each in before[:n_words]]
        tags = [each.upos for each in before[:n_tags]]
        rows.append(forms + [""] * (n_words - len(forms)) + tags + [""] * (n_tags - len(tags)))
    return np.array(rows, str).reshape(len(words), n_words + n_tags)


def from_context(sets: WordSets, tested: str, *, seed: int = 0) -> dict[str, Labels]:
    """Predict tags from the words and tags before the word alone, in several ways.

    What is learned from are all words of the earlier parts' texts, as many of each tag as there are of the rarest:
    more than a classifier on activity gets, since what they cost is only to be counted.

    Parameters
    ----------
    sets : WordSets
    tested : {"tune", "test"}
        Part whose chosen words are predicted; no lemma of it, nor of a later part, is learned from.
    seed : int

    Returns
    -------
    dict of str to ndarray of str, shape (n_items,)
        By the names in :data:`CONTEXTS`, for ``sets.items``; empty for items of other parts.
    """
    known = _known(sets, PARTS[: PARTS.index(tested)], seed)
    part = sets.parts[tested]
    tags = np.concatenate([known["upos"].to_numpy(str), part.chosen["upos"].to_numpy(str)])
    fold = (np.arange(len(known)), np.arange(len(known), len(tags)))
    found = {}
    for name, numbers in CONTEXTS.items():
        learned = [preceding(sets.parts[p].texts, group, *numbers) for p, group in known.groupby("part", sort=False)]
        columns = np.concatenate([*learned, preceding(part.texts, part.chosen, *numbers)])
        found[name] = sets.spread(tested, by_category(columns, tags, [fold])[fold[1]])
    return found


def _known(sets: WordSets, parts: Sequence[str], seed: int) -> pd.DataFrame:
    """Words of these parts to learn from, part by part; balanced, without lemmas of other parts."""
    tables = []
    for name in parts:
        table = sets.parts[name].words.table
        mine = table["lemma"].map(sets.part_of.get).isin(parts)
        tables.append(table[mine & table["upos"].isin(sets.tags)].assign(part=name))
    known = pd.concat(tables, ignore_index=True)
    least = int(known["upos"].value_counts().min())
    return balanced(known, sets.tags, least, seed, max_per_lemma=len(known))


def generator_mass(
    texts: Sequence[Text], words: pd.DataFrame, tags: Sequence[str], *, steps: int = 200, n_jobs: int = 1
) -> Floats:
    """Ask the program that made the texts how probable each tag was as the next word's.

    Parameters
    ----------
    texts : sequence of Text
        Passages of the teaching language.
    words : DataFrame
        ``text`` and ``word``.
    tags : sequence of str
    steps : int
        As in :func:`analysis.language.ceiling.next_tag_posterior`.
    n_jobs : int
        Processes side by side.

    Returns
    -------
    ndarray of shape (n_words, n_tags)

    Raises
    ------
    InputError
        If a text is no passage of the teaching language.
    """
    asked = [(texts[text], int(word), steps) for text, word in zip(words["text"], words["word"], strict=True)]
    found = spread(next_tag_posterior, asked, n_jobs=n_jobs)
    return np.array([[one.probability.get(tag, 0.0) for tag in tags] for one in found])
