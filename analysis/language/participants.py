"""Participants of a text: persons, things and actions, each with all the ways to mention it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.tokens import Tok, token

KINDS = frozenset(
    [
        "person",
        "animal",
        "place",
        "building",
        "vehicle",
        "tool",
        "furniture",
        "clothing",
        "food",
        "drink",
        "plant",
        "body",
        "nature",
        "material",
        "container",
        "document",
        "artwork",
        "device",
        "event",
        "time",
        "group",
        "feeling",
        "idea",
        "quality",
        "action",
        "substance",
        "toy",
        "money",
        "weather",
        "quantity",
        "fixture",
        "part",
    ]
)
"""The kinds of noun that the lexicon knows."""


ADVERB_PARTICLES = frozenset({"away", "back", "together", "apart", "home"})
"""Particles of verbs that are adverbs; the others are adpositions."""


@dataclass(slots=True, eq=False)
class Participant:
    """Someone or something that a text talks about.

    Attributes
    ----------
    forms : mapping of str to sequence of Tok
        The ways to mention it. ``np`` is the neutral one; pronouns stand under ``he``, ``him``, ``his``,
        ``himself`` whatever the gender and number; a thing has ``the``, ``a``, ``this`` and the bare ``noun``;
        a verb has its forms.
    lexeme : Lexeme
        Its head word.
    number : str
        ``"sg"`` or ``"pl"``.
    person : int
        1, 2 or 3.
    gender : str
        ``"m"``, ``"f"`` or ``"n"``.
    kind : str
        The noun's kind; ``"person"`` for names of persons.
    """

    forms: Mapping[str, Sequence[Tok]]
    lexeme: Lexeme
    number: str = "sg"
    person: int = 3
    gender: str = "n"
    kind: str = ""
    notes: dict[str, str] = field(default_factory=dict)


@cache
def kind_of(noun: Lexeme) -> str:
    """Return the one kind of a noun, ``person`` for names of persons, else ``""``."""
    if noun.upos == "PROPN":
        named = {"person-f": "person", "person-m": "person", "surname": "person", "team": "group"}
        named |= {"city": "place", "country": "place", "company": "group", "title": "artwork", "river": "nature"}
        return next((kind for tag, kind in named.items() if tag in noun.tags), "")
    return next(iter(noun.tags & KINDS), "")


@cache
def pronouns(gender: str, number: str, person: int = 3) -> dict[str, tuple[Tok, ...]]:
    """Return the pronouns of a participant by role."""
    lexicon = load_lexicon()
    singular = {"m": ("he", "himself"), "f": ("she", "herself"), "n": ("it", "itself")}[gender]
    nominative, reflexive = ("they", "themselves") if number == "pl" else singular
    if person == 1:
        nominative, reflexive = ("we", "ourselves") if number == "pl" else ("I", "myself")
    elif person == 2:
        nominative, reflexive = ("you", "yourself")
    personal = lexicon.get("PRON", nominative)
    return {
        "he": (token(personal, "nom"),),
        "him": (token(personal, "acc") if "acc" in personal.forms else token(personal, "nom"),),
        "his": (token(personal, "poss"),),
        "himself": (token(lexicon.get("PRON", reflexive), "nom"),),
    }


@cache
def _word(upos: str, lemma: str, form: str = "base") -> Tok:
    return token(load_lexicon().get(upos, lemma), form)


def _genitive(tokens: Sequence[Tok]) -> tuple[Tok, ...]:
    tail = _word("PART", "'s", "base")
    if tokens[-1][3] == "Number=Plur" and tokens[-1][0].endswith("s"):
        tail = ("'", *tail[1:])
    return (*tokens, tail)


@cache
def person(name: Lexeme, surname: Lexeme | None = None) -> Participant:
    """Return a person with a name; the surname stands in ``full``."""
    gender = "f" if "person-f" in name.tags else "m"
    called = (token(name, "sg"),)
    full = called if surname is None else (*called, token(surname, "sg"))
    forms: dict[str, Sequence[Tok]] = {"np": called, "name": called, "full": full, "names": _genitive(called)}
    forms |= {"the": called, "a": called, **pronouns(gender, "sg")}
    forms["herself"] = pronouns("m" if gender == "f" else "f", "sg")["himself"]  # the wrong one, for faulty twins
    child, grown = ("girl", "woman") if gender == "f" else ("boy", "man")
    a, young = _word("DET", "a", "base"), _word("ADJ", "young", "pos")
    forms["a-child"] = (a, _word("NOUN", child, "sg"))
    forms["a-young"] = (a, young, _word("NOUN", grown, "sg"))
    forms["called"] = (_word("VERB", "call", "part"),)
    forms["my"] = (_word("PRON", "I", "poss"),)
    return Participant(forms, name, "sg", 3, gender, "person")


def noun_phrase(
    head: Lexeme, number: str = "sg", before: Sequence[Tok] = (), after: Sequence[Tok] = (), gender: str = ""
) -> Participant:
    """Return a thing or a person called by a noun, with what stands before the noun and after it.

    Parameters
    ----------
    head : Lexeme
        The noun.
    number : str
        ``"sg"`` or ``"pl"``; ignored for mass nouns.
    before, after : sequence of Tok
        Adjectives; a phrase or clause.
    gender : str
        ``"m"`` or ``"f"`` for a person whose noun leaves it open.
    """
    mass = "mass" in head.tags
    number = "sg" if mass else number
    core = (*before, token(head, number), *after)
    plural = number == "pl"
    the, a = _word("DET", "the", "base"), _word("DET", "a", "base")
    some = _word("DET", "some", "base")
    forms: dict[str, Sequence[Tok]] = {
        "noun": core,
        "the": (the, *core),
        "a": (some, *core) if mass or plural else (a, *core),
    }
    forms["this"] = (_word("DET", "this", "pl" if plural else "base"), *core)
    forms["that"] = (_word("DET", "that", "pl" if plural else "base"), *core)
    forms["bare"] = core if mass or plural else forms["a"]
    forms["np"] = forms["the"]
    forms["names"] = _genitive(forms["the"])
    forms["head"] = (token(head, number),)
    forms["last"] = (the, token(head, number))
    gender = gender or ("m" if "male" in head.tags else "f" if "female" in head.tags else "n")
    kind = kind_of(head)
    forms |= pronouns(gender, number)
    return Participant(forms, head, number, 3, gender, kind)


@lru_cache(maxsize=200_000)
def thing(head: Lexeme, number: str = "sg", adjective: Lexeme | None = None) -> Participant:
    """Return a participant called by a noun, perhaps with one adjective; a name stands for itself."""
    if head.upos != "NOUN":
        forms: dict[str, Sequence[Tok]] = {form: (token(head, form),) for form in head.forms}
        forms["np"] = (token(head, next(iter(head.forms))),)
        forms |= {"names": _genitive(forms["np"]), **pronouns("n", "sg")}
        return Participant(forms, head, kind=kind_of(head))
    return noun_phrase(head, number, (token(adjective, "pos"),) if adjective else ())


@cache
def speaker(which: int, number: str = "sg") -> Participant:
    """Return *I* (1, sg), *we* (1, pl) or *you* (2) as a participant."""
    forms = pronouns("n", number, which)
    lemma = forms["he"][0][1]
    return Participant(
        {**forms, "np": forms["he"], "the": forms["he"]}, load_lexicon().get("PRON", lemma), number, which
    )


@cache
def verb(action: Lexeme) -> Participant:
    """Return a verb with its forms; a particle or preposition follows unless the form ends in ``-bare``."""
    small = action.values.get("particle") or action.values.get("prep")
    rest = (_word("ADV" if small in ADVERB_PARTICLES else "ADP", small),) if small else ()
    names = ("base", "part", "ing", "past", "s", "plural", "gerund", "imperative")
    bare: dict[str, Sequence[Tok]] = {name: (token(action, name),) for name in names if action.upos == "VERB"}
    forms: dict[str, Sequence[Tok]] = {name: (*toks, *rest) for name, toks in bare.items()}
    forms |= {f"{name}-bare": toks for name, toks in bare.items()}
    forms["rest"] = rest
    if bare:
        forms["third"] = forms["s"]
        forms["np"] = bare["base"]
        part = bare["part"][0]
        forms["passive"] = ((part[0], part[1], part[2], "Tense=Past|VerbForm=Part|Voice=Pass", ""), *rest)
    return Participant(forms, action)
