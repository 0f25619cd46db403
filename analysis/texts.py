"""What the study reads: annotated texts and labelled items, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One syntactic word of a text, with its gold annotation where there is one.

    Attributes
    ----------
    form : str
        The word as written.
    start, end : int
        Character offsets into the text, end excluded.
    lemma, upos : str
        Lemma and universal part of speech; empty where unknown.
    feats : str
        Morphological features in CoNLL-U notation, ``"_"`` for none.
    construction : str
        Name of the construction that the word belongs to; empty where unknown.
    """

    form: str
    start: int
    end: int
    lemma: str = ""
    upos: str = ""
    feats: str = "_"
    construction: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A stretch of running text of one domain.

    Attributes
    ----------
    text : str
        The characters that the model reads.
    domain : str
        Where it comes from (``"stories"``, ``"reviews"``, a treebank's name …).
    words : tuple of Word
        Annotated words in reading order; empty for plain text.
    document : str
        Name of the document it was taken from; texts of one document belong to one split.
    sentences : tuple of int
        Index into ``words`` of each sentence's first word; empty for plain text.
    """

    text: str
    domain: str
    words: tuple[Word, ...] = ()
    document: str = ""
    sentences: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A multiple-choice question: the model is right if the gold choice is the likeliest continuation.

    Attributes
    ----------
    task : str
        Name of the task.
    context : str
        What the model reads; empty for minimal pairs, whose choices are whole sentences.
    choices : tuple of str
        Continuations, to be appended to ``context`` as they are (they bring their own leading space).
    answer : int
        Index of the gold choice.
    group : str
        Phenomenon or template within the task, for analyses by kind.
    """

    task: str
    context: str
    choices: tuple[str, ...]
    answer: int
    group: str = ""
