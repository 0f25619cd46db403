"""Tokens of the teaching language: their features, how they become text with offsets, and CoNLL-U.

A token is a plain tuple, because a corpus makes some twenty million of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from analysis.language.lexicon import Lexeme
from analysis.texts import Text, Word

Tok = tuple[str, str, str, str, str]
"""Form (in lower case unless it is a name), lemma, UPOS, features, construction ("" until one claims it)."""

BREAK: Tok = ("\n", "", "", "", "")
"""No word: the next word begins a line."""
CODE_BREAK: Tok = ("\n", "code", "", "", "")
"""The same in a program: no capital follows."""

TIGHT_LEFT = frozenset({".", ",", "?", "!", ";", ":", ")", "n't", "'s", "'", "'m", "'re", "%"})
"""Forms that follow the word before them without a space."""

_FINITE = {
    "s": "Mood=Ind|Number=Sing|Person=3|Tense=Pres|VerbForm=Fin",
    "am": "Mood=Ind|Number=Sing|Person=1|Tense=Pres|VerbForm=Fin",
    "are": "Mood=Ind|Number=Plur|Tense=Pres|VerbForm=Fin",
    "plural": "Mood=Ind|Number=Plur|Tense=Pres|VerbForm=Fin",
    "past": "Mood=Ind|Tense=Past|VerbForm=Fin",
    "was": "Mood=Ind|Number=Sing|Tense=Past|VerbForm=Fin",
    "were": "Mood=Ind|Number=Plur|Tense=Past|VerbForm=Fin",
    "imperative": "Mood=Imp|VerbForm=Fin",
    "base": "VerbForm=Inf",
    "part": "Tense=Past|VerbForm=Part",
    "ing": "Tense=Pres|VerbForm=Part",
    "gerund": "VerbForm=Ger",
    "modal": "VerbForm=Fin",
}
_DEGREE = {"pos": "Degree=Pos", "comp": "Degree=Cmp", "sup": "Degree=Sup"}
_PRONOUN_TYPE = {
    "personal": "Prs",
    "reflexive": "Prs",
    "possessive": "Prs",
    "demonstrative": "Dem",
    "relative": "Rel",
    "interrogative": "Int",
    "negative": "Neg",
    "indefinite": "Ind",
    "reciprocal": "Rcp",
}
_DET_TYPE = {"demonstrative": "Dem", "negative": "Neg", "interrogative": "Int", "distributive": "Tot"}
_CASE = {"nom": "Nom", "acc": "Acc"}


def _pronoun_features(lexeme: Lexeme, form: str) -> dict[str, str]:
    tags = lexeme.tags
    kind = next((value for tag, value in _PRONOUN_TYPE.items() if tag in tags), "Ind")
    found = {"PronType": kind}
    if "personal" in tags or "reflexive" in tags:
        found |= {"Person": "1" if "first" in tags else "2" if "second" in tags else "3"}
        if "singular" in tags and "plural" not in tags:
            found["Number"] = "Sing"
        elif "plural" in tags and "singular" not in tags:
            found["Number"] = "Plur"
        for tag, value in (("masculine", "Masc"), ("feminine", "Fem"), ("neuter", "Neut")):
            if tag in tags:
                found["Gender"] = value
    if "reflexive" in tags:
        found |= {"Case": "Acc", "Reflex": "Yes"}
    elif "personal" in tags and form == "poss":
        found["Poss"] = "Yes"
    elif "personal" in tags:
        found["Case"] = _CASE[form]
    return found


@cache
def features(lexeme: Lexeme, form: str) -> str:
    """Return a form's morphological features in CoNLL-U notation.

    Parameters
    ----------
    lexeme : Lexeme
        The word.
    form : str
        The form's name; beside the lexicon's own, ``plural``, ``imperative`` and ``gerund`` of a verb.
    """
    found: dict[str, str] = {}
    if lexeme.upos in {"VERB", "AUX"}:
        return _FINITE["modal" if "modal" in lexeme.tags else form]
    if lexeme.upos in {"ADJ", "ADV"} and (lexeme.upos == "ADJ" or len(lexeme.forms) > 1):
        return _DEGREE[form]
    if lexeme.upos in {"NOUN", "PROPN"}:
        found["Number"] = "Plur" if form == "pl" else "Sing"
    elif lexeme.upos == "PRON":
        found = _pronoun_features(lexeme, form)
    elif lexeme.upos == "DET":
        articles = {"the": "Def", "a": "Ind"}
        if lexeme.lemma in articles:
            found = {"Definite": articles[lexeme.lemma], "PronType": "Art"}
        else:
            found["PronType"] = next((v for t, v in _DET_TYPE.items() if t in lexeme.tags), "Ind")
        if lexeme.lemma in {"this", "that"}:
            found["Number"] = "Plur" if form == "pl" else "Sing"
    elif lexeme.upos == "NUM":
        found["NumType"] = "Card"
    elif lexeme.upos == "PART" and "negation" in lexeme.tags:
        found["Polarity"] = "Neg"
    return "|".join(f"{key}={found[key]}" for key in sorted(found)) or "_"


@cache
def token(lexeme: Lexeme, form: str, construction: str = "") -> Tok:
    """Return the token of one form of a lexeme; ``plural`` and the like stand for the base."""
    if form in {"was", "were", "am", "are"}:
        spelt = {"was": "was", "were": "were", "am": "am", "are": "are"}[form]
    else:
        name = {"plural": "base", "imperative": "base", "gerund": "ing", "modal": "base"}.get(form, form)
        spelt = lexeme.forms.get(name, lexeme.lemma)
    return (spelt, lexeme.lemma, lexeme.upos, features(lexeme, form), construction)


@cache
def finite(lexeme: Lexeme, tense: str, number: str, person: int = 3) -> Tok:
    """Return the finite form that agrees with a subject.

    Parameters
    ----------
    lexeme : Lexeme
        A verb or auxiliary.
    tense : str
        ``"pres"`` or ``"past"``.
    number : str
        ``"sg"`` or ``"pl"`` of the subject.
    person : int
        1, 2 or 3.
    """
    plural = number == "pl" or person == 2
    if "modal" in lexeme.tags:
        return token(lexeme, "modal")
    if lexeme.lemma == "be":
        if tense == "past":
            return token(lexeme, "were" if plural else "was")
        return token(lexeme, "are" if plural else "am" if person == 1 else "s")
    if tense == "past":
        return token(lexeme, "past")
    return token(lexeme, "plural" if plural or person == 1 else "s")


@cache
def _takes_an(form: str) -> bool:
    """Say whether *a* becomes *an* before this form: by sound, as far as spelling tells it."""
    low = form.lower()
    if re.match(r"(uni([^mn]|$)|us[aeu]|eu|one\b|once\b|one-)", low):
        return False
    return low[0] in "aeiou" or low.startswith(("hour", "honest", "honour", "heir"))


class Composer:
    """Joins sentences of tokens to one text with offsets: spaces, capitals, quotes, *a* and *an*.

    Attributes
    ----------
    parts : list of str
        The characters so far, in pieces.
    words : list of Word
        The words so far.
    sentences : list of int
        Index of each sentence's first word.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.words: list[Word] = []
        self.sentences: list[int] = []
        self._length = 0
        self._tight = True  # nothing before, or an opening quote or bracket: no space

    def add(self, sentence: Sequence[Tok], capital: bool = True) -> None:
        """Append one sentence.

        Parameters
        ----------
        sentence : sequence of Tok
            Its tokens; a leading `BREAK` begins a line.
        capital : bool
            Whether its first word gets a capital.
        """
        self.sentences.append(len(self.words))
        inside = False
        last = len(sentence) - 1
        for i, (form, lemma, upos, feats, construction) in enumerate(sentence):
            if not upos:
                if self.words:
                    self._append(form)
                self._tight, capital = True, capital and lemma != "code"
                continue
            if lemma == "a" and upos == "DET" and i < last and _takes_an(sentence[i + 1][0]):
                form = "an"  # noqa: PLW2901 - the form is decided here
            quote = form == '"'
            opening = (quote and not inside) or form == "("
            if not (self._tight or form in TIGHT_LEFT or (quote and inside)):
                self._append(" ")
            if quote:
                inside = not inside
            elif capital and form[0].isalnum():
                form, capital = form[0].upper() + form[1:], False  # noqa: PLW2901
            start = self._length
            self._append(form)
            self.words.append(Word(form, start, self._length, lemma, upos, feats, construction))
            self._tight = opening
            # A quote that opens after a full stop begins a sentence, one that goes on after a comma does not.
            capital = capital or (quote and inside and i > 0 and sentence[i - 1][0] in ".?!:")

    def _append(self, piece: str) -> None:
        self.parts.append(piece)
        self._length += len(piece)

    def text(self, domain: str, document: str) -> Text:
        """Return what has been added as one text."""
        return Text("".join(self.parts), domain, tuple(self.words), document, tuple(self.sentences))


def _rows(text: Text, first: int, end: int) -> Iterator[str]:
    """Yield the CoNLL-U lines of the words of one sentence."""
    for i in range(first, end):
        word = text.words[i]
        spaced = i + 1 == len(text.words) or text.words[i + 1].start > word.end
        construction = [f"Construction={word.construction}"] if word.construction else []
        misc = "|".join(construction + ([] if spaced else ["SpaceAfter=No"]))
        yield "\t".join(
            [str(i - first + 1), word.form, word.lemma or "_", word.upos or "_", "_", word.feats, *"___", misc or "_"]
        )


def to_conllu(texts: Iterable[Text]) -> str:
    """Return annotated texts in CoNLL-U.

    Heads and relations are ``_``; a word's construction stands in MISC. Offsets are not written: they follow from
    the forms and ``SpaceAfter``.

    Parameters
    ----------
    texts : iterable of Text
        Texts with words.
    """
    lines: list[str] = []
    for number, text in enumerate(texts, start=1):
        name = text.document or f"{text.domain}-{number}"
        lines.append(f"# newdoc id = {name}")
        ends = (*text.sentences[1:], len(text.words))
        for i, (first, end) in enumerate(zip(text.sentences, ends, strict=True), start=1):
            stretch = text.text[text.words[first].start : text.words[end - 1].end]
            lines.append(f"# sent_id = {name}-{i}")
            lines.append(f"# text = {' '.join(stretch.split())}")
            lines.extend(_rows(text, first, end))
            lines.append("")
    return "\n".join(lines) + "\n"
