"""Predictions to be explained: a context, and the word that comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.activity import tokenize
from analysis.errors import InputError
from analysis.models import LanguageModel
from analysis.texts import Text


@dataclass(frozen=True, slots=True)
class Case:
    """A prediction to be explained: what the model has read, and the word that comes next.

    Attributes
    ----------
    context : tuple of int
        Token ids from the start of a text to the position that predicts the word.
    target : tuple of int
        Token ids of the word's pieces.
    """

    context: tuple[int, ...]
    target: tuple[int, ...]


def cases_of_words(lm: LanguageModel, texts: Sequence[Text], words: pd.DataFrame) -> list[Case]:
    """Make one case of each word of a table.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
        Tokenised as :func:`analysis.activity.tokenize` does.
    words : DataFrame
        ``text`` (index into the texts), ``first`` and ``last`` (positions of the word's first and last piece in
        that text's tokens). Other columns are not looked at.

    Returns
    -------
    list of Case
        In the order of the table.

    Raises
    ------
    InputError
        If a column is missing, or a word has nothing before it, no piece, or a place outside its text.
    """
    missing = {"text", "first", "last"} - set(words.columns)
    if missing:
        raise InputError(f"The table of words has no column '{min(missing)}'. It needs text, first and last.")
    _, inputs = tokenize(lm, texts)
    cases = []
    for row, (text, first, last) in enumerate(words[["text", "first", "last"]].itertuples(index=False)):
        if not 0 <= text < len(inputs) or not 1 <= first <= last < len(inputs[text]):
            raise InputError(
                f"Row {row} of the words is at tokens {first} to {last} of text {text}. It needs a text that is there, "
                "a token before it, and an end within the model's context."
            )
        cases.append(Case(tuple(inputs[text][:first]), tuple(inputs[text][first : last + 1])))
    return cases


def check_cases(lm: LanguageModel, cases: Sequence[Case]) -> None:
    """Raise :class:`InputError` unless there are cases and each of them fits the model."""
    if not cases:
        raise InputError("There is no case to explain. Give words that have something before them.")
    n_tokens = len(lm.model.get_input_embeddings().weight)
    for number, case in enumerate(cases):
        if not case.context or not case.target:
            raise InputError(f"Case {number} has no {'target' if case.context else 'context'}. Leave it out.")
        if len(case.context) + len(case.target) - 1 > lm.context:
            raise InputError(
                f"Case {number} has {len(case.context)} tokens before a word of {len(case.target)}; '{lm.name}' reads "
                f"{lm.context}. Take the words from shorter texts."
            )
        if max(*case.context, *case.target) >= n_tokens:
            raise InputError(
                f"Case {number} has tokens that '{lm.name}' does not know; make the cases with its own tokenizer."
            )
