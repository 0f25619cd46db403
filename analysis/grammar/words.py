"""Words on the token axis: which of a model's tokens belong to which annotated word, and which words are fit for use.

Two arms, never mixed. *Predict*: the position before the word, where the model is about to say it. *Read*: the word's
last piece, where the model has just seen all of it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import InputError
from analysis.models import LanguageModel
from analysis.texts import Text, Word

Ints = npt.NDArray[np.int64]

USED = "in the table"
NO_TAG = "no part of speech"
SHARED = "shares its characters with another word"
NO_PIECE = "no piece"
STRADDLED = "a piece runs into another word"
CUT = "beyond the last token read"
NOTHING_BEFORE = "no token before it"
RARE = "too few lemmas have its tag"
REASONS = (USED, NO_TAG, SHARED, NO_PIECE, STRADDLED, CUT, NOTHING_BEFORE, RARE)
"""What may become of a word; one that fails in several ways counts under the first."""

NO_LEMMA = ("", "_")
"""How a treebank leaves a lemma out."""


@dataclass(frozen=True)
class Words:
    """The annotated words of some texts and where a model meets them.

    Attributes
    ----------
    table : DataFrame, one row per usable word
        ``text`` (index into the texts), ``word`` (index into the text's words), ``form`` (as written), ``lemma``
        (lower case; the form where there is none), ``upos``, ``previous_upos`` and ``previous_form`` (of the word
        before, also across a full stop; empty at the start of a text), ``position`` (in its sentence, in words, 0
        first), ``first`` and ``last`` (tokens of its text where its pieces begin and end; a piece that is only the
        space before the word is its first), ``n_pieces``, ``predict_row`` and ``read_row`` (rows of the token table
        that :func:`analysis.activity.record` makes of the same texts: the token before ``first``, and ``last``),
        ``log_frequency`` (natural logarithm of the form's relative frequency), ``domain``, ``document``.
    account : DataFrame, one row per fate
        ``reason``, ``count``, ``share`` (of all words), ``example``; the counts add up to all words of the texts.
    """

    table: pd.DataFrame
    account: pd.DataFrame

    @property
    def aligned(self) -> float:
        """Share of the words within reach (tagged, read) whose pieces are all their own."""
        count = self.account.set_index("reason")["count"]
        lost = int(count[[SHARED, NO_PIECE, STRADDLED]].sum())
        return 1 - lost / int(count.drop([NO_TAG, CUT]).sum())


def word_table(
    lm: LanguageModel,
    texts: Sequence[Text],
    *,
    max_tokens: int | None = None,
    min_lemmas: int = 3,
    reference: Mapping[str, int] | None = None,
) -> Words:
    """Find the tokens of every annotated word, and say which words cannot be used and why.

    Parameters
    ----------
    lm : LanguageModel
        Its tokenizer and context.
    texts : sequence of Text
        Sentences of a treebank, or passages joined from them.
    max_tokens : int, optional
        Cut each text to this many tokens, as in :func:`analysis.activity.record`.
    min_lemmas : int
        A tag with fewer lemmas is left out: it cannot be split so that no lemma is on both sides.
    reference : mapping of str to int, optional
        Counts of lower-cased forms to take frequencies from, such as :func:`form_counts` of other texts; by default
        those of the texts themselves. One is added to every count.

    Returns
    -------
    Words

    Raises
    ------
    InputError
        If there are no texts, no word has a part of speech, or no word can be used.
    """
    if max_tokens is not None and max_tokens < 1:
        raise InputError(f"max_tokens={max_tokens} leaves nothing to read. Use 1 or more.")
    if not any(word.upos for text in texts for word in text.words):
        raise InputError("No word of these texts has a part of speech. Give a treebank with a filled UPOS column.")
    limit = min(max_tokens or lm.context, lm.context)
    rows: list[dict[str, Any]] = []
    before = 0
    for number, text in enumerate(texts):
        encoding = lm.tokenizer.backend_tokenizer.encode(text.text)
        rows += _rows(text, number, before, _align(text, encoding, limit))
        before += min(limit, len(encoding.ids))
    every = pd.DataFrame(rows)
    used = every[every["reason"] == USED]
    n_lemmas = used.groupby("upos")["lemma"].nunique()
    rare = n_lemmas.index[n_lemmas < min_lemmas]
    every.loc[used.index[used["upos"].isin(rare)], "reason"] = RARE
    table = every[every["reason"] == USED].drop(columns="reason").reset_index(drop=True)
    if table.empty:
        worst = every["reason"].value_counts().index[0]
        raise InputError(f"None of the {len(every)} words can be used, mostly because: {worst}. Give other texts.")
    table["log_frequency"] = _log_frequency(table["form"], form_counts(texts) if reference is None else reference)
    return Words(table, _account(every))


def form_counts(texts: Sequence[Text]) -> Counter[str]:
    """Count the lower-cased forms of texts."""
    return Counter(word.form.lower() for text in texts for word in text.words)


def _align(text: Text, encoding: Any, limit: int) -> tuple[Ints, Ints, list[str]]:
    """First and last piece of each word, and what becomes of the word."""
    n_words = len(text.words)
    first, last = np.full((2, n_words), -1)
    straddled = np.zeros(n_words, bool)
    owner, claims = np.full(len(text.text) + 1, -1), np.zeros(len(text.text) + 1, np.int64)
    for index, word in enumerate(text.words):
        owner[word.start : word.end] = index
        claims[word.start : word.end] += 1
    for piece, (start, end) in enumerate(encoding.offsets):
        touched = set(owner[start:end].tolist()) - {-1}
        for index in touched:
            first[index] = piece if first[index] < 0 else first[index]
            last[index] = piece
            straddled[index] |= len(touched) > 1
    for index, piece in enumerate(first - 1):
        # Some tokenizers write the space before a word as a piece of its own: saying it is saying the word.
        if piece >= 0 and not encoding.special_tokens_mask[piece]:
            start, end = encoding.offsets[piece]
            first[index] -= not text.text[start:end].strip(" ")
    fates = {
        NO_TAG: [not word.upos for word in text.words],
        SHARED: [bool((claims[word.start : word.end] > 1).any()) for word in text.words],
        NO_PIECE: first < 0,
        STRADDLED: straddled,
        CUT: last >= limit,
        NOTHING_BEFORE: first == 0,
    }
    holds = [np.asarray(fate, bool) for fate in fates.values()]
    return first, last, np.select(holds, list(fates), USED).tolist()


def _rows(text: Text, number: int, before: int, aligned: tuple[Ints, Ints, list[str]]) -> list[dict[str, Any]]:
    """Describe every word of one text, whose tokens follow ``before`` others."""
    starts = np.zeros(len(text.words), np.int64)
    starts[[at for at in text.sentences if at < len(text.words)]] = 1
    sentence_start = np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
    rows = []
    for index, (word, first, last, reason) in enumerate(zip(text.words, *aligned, strict=True)):
        previous = text.words[index - 1] if index else Word("", 0, 0)
        rows.append(
            {
                "text": number,
                "word": index,
                "form": word.form,
                "lemma": (word.form if word.lemma in NO_LEMMA else word.lemma).lower(),
                "upos": word.upos,
                "previous_upos": previous.upos,
                "previous_form": previous.form,
                "position": index - int(sentence_start[index]),
                "first": first,
                "last": last,
                "n_pieces": last - first + 1,
                "predict_row": before + first - 1,
                "read_row": before + last,
                "domain": text.domain,
                "document": text.document,
                "reason": reason,
            }
        )
    return rows


def _log_frequency(forms: pd.Series, counts: Mapping[str, int]) -> pd.Series:
    total = math.log(sum(counts.values()) + len(counts) + 1)
    return forms.str.lower().map(lambda form: math.log(counts.get(form, 0) + 1) - total)


def _account(every: pd.DataFrame) -> pd.DataFrame:
    count = every["reason"].value_counts().reindex(REASONS, fill_value=0)
    example = every.groupby("reason")["form"].first().reindex(REASONS, fill_value="")
    return pd.DataFrame(
        {
            "reason": REASONS,
            "count": count.to_numpy(),
            "share": count.to_numpy() / len(every),
            "example": example.to_numpy(),
        }
    )
