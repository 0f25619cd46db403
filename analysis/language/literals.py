"""Literal words of patterns: which lexeme and form a spelling means."""

from __future__ import annotations

from functools import lru_cache

from analysis.errors import InputError
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.tokens import Tok, token

_USUAL = """
ADP: in on at for of with by over up down out off near from about through around inside outside across
ADP: along past than behind under between against towards
DET: the a an this these those no all some any every each another both
AUX: is are was were be been did does do had has have can could will would may might must should
PRON: he him she her it they them we us you i me what who
CCONJ: and but or
ADV: so very too still even just only never again then soon now always often more most less once how why
ADV: where ever yet already almost there later back home ago next
SCONJ: because although if while though unless whether when
ADJ: good bad best old new first last little big small long short own other many few
NUM: one two three four five six seven eight nine ten
NOUN: man day time year morning evening night house way end film story idea
"""
DEFAULTS = {word: line.split(":")[0] for line in _USUAL.split("\n") if line for word in line.split()[1:]}
"""Part of speech of a literal that has several, where the pattern names none."""

CONTRACTED = {"ca": "can", "wo": "will", "'m": "be", "'re": "be", "'ll": "will"}
FORM_ORDER = ("sg", "pos", "nom", "past", "s", "base", "acc")


@lru_cache(maxsize=1)
def _analyses() -> dict[str, list[tuple[Lexeme, str]]]:
    """Return every form of the lexicon with what it can be."""
    found: dict[str, list[tuple[Lexeme, str]]] = {}
    for lexeme in load_lexicon().lexemes:
        for name, form in lexeme.forms.items():
            found.setdefault(form if lexeme.upos == "PROPN" else form.lower(), []).append((lexeme, name))
    return found


def analyse(piece: str) -> tuple[Lexeme, str, str]:
    """Return the lexeme, the form's name and the spelling of a literal ``word[/UPOS[:form]]``."""
    word, _, tag = piece.rpartition("/") if len(piece) > 1 and "/" in piece else (piece, "", "")
    upos, _, form = tag.partition(":")
    lemma = CONTRACTED.get(word)
    if lemma:
        upos = "AUX"
        form = "are" if word == "'re" else "am" if word == "'m" else "base"
    found = _analyses().get(lemma or word, []) or _analyses().get(word.lower(), [])
    upos = upos or (DEFAULTS.get(word.lower(), "") if len({x.upos for x, _ in found}) > 1 else "")
    kept = [(x, name) for x, name in found if (not upos or x.upos == upos) and (not form or name == form)]
    if lemma and not kept:
        kept = [(load_lexicon().get("AUX", lemma), form)]
    if not kept:
        raise InputError(f"the lexicon has no {piece!r}: add it to data/lexicon.yml")
    if len({x.upos for x, _ in kept}) > 1:
        raise InputError(f"{piece!r} may be {', '.join(sorted({x.upos for x, _ in kept}))}: name one")
    kept.sort(key=lambda pair: (FORM_ORDER.index(pair[1]) if pair[1] in FORM_ORDER else 9, pair[0].rank))
    return (*kept[0], word)


def literal(piece: str) -> Tok:
    """Return the token of a literal."""
    lexeme, form, word = analyse(piece)
    if lexeme.upos == "PROPN" or lexeme.lemma == "I":
        word = lexeme.forms[form]
    _, lemma, upos, feats, _ = token(lexeme, form)
    return (word, lemma, upos, feats, "")
