"""Casting: the participants of a free-standing sentence, chosen so that they make sense together.

=================  =================================================================================================
``s``              the subject: a name, or a noun with *the*; fit for the verb
``r``              a subject called by a noun, fit for the verb
``p``, ``ps``      a person called by what he or she does, and several
``x``, ``xa``      a thing and an adjective that suits it
``v``              the frame's verb
``o``, ``og``      an object that the verb takes, and another one
``i``, ``s2``      other persons; ``name2`` one with a name
``w``, ``o2``      another verb with its object, for subordinate clauses
``v3``             a verb without object
``a``, ``a2``      adjectives that suit ``s``; ``t`` another of its kind
``oa``, ``feel``   an adjective that suits ``o``; a feeling of persons
``place``          where it is; ``others`` several other things, ``oxa`` an adjective that suits them
=================  =================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from analysis.language.chance import Dice, Table, lexeme_table, partners
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.participants import Participant, kind_of, noun_phrase, person, thing, verb
from analysis.language.patterns import Scene, table_of
from analysis.language.tokens import Tok, token

NAME_RATE = 0.5
PLURAL_RATE = 0.25
ADJECTIVE_RATE = 0.25

DESCRIBED = frozenset(
    [
        "animal",
        "tool",
        "clothing",
        "food",
        "furniture",
        "vehicle",
        "document",
        "container",
        "toy",
        "building",
        "plant",
        "device",
    ]
)
"""Kinds of noun that get adjectives in free sentences."""

FRAME_TAGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "intransitive": (("intransitive",), ("weather", "film", "particle", "prep", "transitive")),
    "transitive": (("transitive", "passive-ok"), ("particle", "prep", "film", "stative", "emotion")),
    "ditransitive": (("ditransitive", "dative-to", "passive-ok"), ("particle", "prep")),
    "clausal": (("clausal", "subj:person"), ("particle", "prep")),
    "reflexive": (("reflexive-ok",), ("particle", "prep")),
    "particle": (("particle", "separable", "passive-ok"), ()),
}
"""What the verb of each frame must have and must not have."""


@cache
def nouns_for(verb_lexeme: Lexeme, prefix: str) -> Table[Lexeme]:
    """Return the nouns that a verb takes as ``obj`` or ``subj``."""
    wanted = {tag.partition(":")[2] for tag in verb_lexeme.tags if tag.startswith(f"{prefix}:")}
    nouns = load_lexicon().select("NOUN", without=("film", "neg", "pos"))
    return lexeme_table([x for x in nouns if wanted & (x.tags | {kind_of(x)})])


@cache
def verbs_of(frame: str) -> Table[Lexeme]:
    """Return the verbs of a frame that have subjects, and objects where they need them."""
    tags, without = FRAME_TAGS[frame]
    found = load_lexicon().select("VERB", *tags, without=without)
    subjects = table_of("NOUN", ("animate",)).items
    able = [x for x in found if set(subjects) & set(nouns_for(x, "subj").items)]
    if frame in {"transitive", "ditransitive", "particle"}:
        able = [x for x in able if len(nouns_for(x, "obj").items) > 3]
    return lexeme_table(able)


@cache
def roles_for(verb_lexeme: Lexeme) -> Table[Lexeme]:
    """Return the animate nouns that can be a verb's subject."""
    found = nouns_for(verb_lexeme, "subj")
    kept = [(x, w) for x, w in zip(found.items, found.weights(), strict=True) if "animate" in x.tags]
    return Table([x for x, _ in kept], [w for _, w in kept])


FAMILIAR, FAMILIAR_RATE = 12, 0.9
"""How many names of each gender most people have, and how many people have one of them.

Names are words that nothing tells apart but who is called by them. A small model learns to look them up in the text
before it only if it meets each of them often.
"""


@cache
def _familiar(gender: str) -> Table[Lexeme]:
    return Table(table_of("PROPN", (f"person-{gender}",)).items[:FAMILIAR], [1] * FAMILIAR)


def draw_name(dice: Dice, gender: str = "") -> Participant:
    """Return a person with a first name."""
    gender = gender or ("f" if dice.random() < 0.5 else "m")
    everyone = table_of("PROPN", (f"person-{gender}",))
    return person(dice.draw(_familiar(gender) if dice.chance(FAMILIAR_RATE) else everyone))


def role(dice: Dice, noun: Lexeme, number: str = "sg") -> Participant:
    """Return a person or animal called by a noun; a person whose gender the noun leaves open gets one."""
    gender = ""
    if number == "sg" and "person" in noun.tags and not noun.tags & {"male", "female"}:
        gender = "f" if dice.random() < 0.5 else "m"
    return _role(noun, number, gender)


@cache
def _role(noun: Lexeme, number: str, gender: str) -> Participant:
    return noun_phrase(noun, number, gender=gender)


def object_phrase(scene: Scene, head: Lexeme, plural_rate: float = PLURAL_RATE) -> Participant:
    """Return a noun as a participant, sometimes in the plural, sometimes with an adjective that suits it."""
    dice = scene.dice
    number = "pl" if dice.random() < plural_rate and "mass" not in head.tags else "sg"
    kind = kind_of(head)
    if dice.random() < ADJECTIVE_RATE and kind in DESCRIBED:
        return thing(head, number, dice.draw(_adjectives(kind)))
    return thing(head, number)


@cache
def _adjectives(kind: str) -> Table[Lexeme]:
    return table_of("ADJ", (f"of:{kind}",), ("predicative", "nationality", "film", "neg", "order", "relation"))


@cache
def quality(adjective: Lexeme) -> Participant:
    """Return an adjective as a participant with ``pos``, ``more`` and ``most``."""
    lexicon = load_lexicon()
    plain = (token(adjective, "pos"),)
    forms: dict[str, tuple[Tok, ...]] = {"np": plain, "pos": plain}
    forms |= {name: (token(adjective, name),) for name in ("comp", "sup") if name in adjective.forms}
    for name, form, word in (("more", "comp", "more"), ("most", "sup", "most")):
        short = form in adjective.forms
        adverb = (token(lexicon.get("ADV", word), "pos"),)
        forms[name] = (token(adjective, form),) if short else (*adverb, *plain)
    return Participant(forms, adjective)


# One maker per name; each may rely on those above it in MAKERS.


def _subject(scene: Scene) -> Participant:
    dice = scene.dice
    action = scene.names.get("v")
    able = roles_for(action.lexeme) if action else table_of("NOUN", ("person",))
    noun = partners(action.lexeme.lemma, able, scene.split) if action else able
    if dice.random() < NAME_RATE and (action is None or "subj:person" in action.lexeme.tags):
        return draw_name(dice)
    return role(dice, dice.draw(noun), "pl" if dice.random() < PLURAL_RATE else "sg")


def _called(scene: Scene, number: str) -> Participant:
    able = roles_for(scene.names["v"].lexeme)
    return role(scene.dice, scene.dice.draw(partners(scene.names["v"].lexeme.lemma, able, scene.split)), number)


def _other_person(scene: Scene) -> Participant:
    """Return a person who is none of those present."""
    present = {x.lexeme.lemma for x in scene.names.values()}
    while True:
        if scene.dice.random() < NAME_RATE:
            found = draw_name(scene.dice)
        else:
            found = role(scene.dice, scene.dice.draw(table_of("NOUN", ("person", "occupation"))))
        if found.lexeme.lemma not in present:
            return found


def _other_name(scene: Scene) -> Participant:
    present = {x.lexeme.lemma for x in scene.names.values()}
    while (found := draw_name(scene.dice)).lexeme.lemma in present:
        pass
    return found


def _object(scene: Scene, action: str, besides: str = "") -> Participant:
    """Return an object that a verb takes, other than ``besides``."""
    lexeme = scene.names[action].lexeme
    table = partners(lexeme.lemma, nouns_for(lexeme, "obj"), scene.split)
    taken = {scene.names[name].lexeme.lemma for name in (besides, "s", "s2", "i") if name in scene.names}
    for _ in range(8):
        head = scene.dice.draw(table)
        if head.lemma not in taken:
            break
    return object_phrase(scene, head)


def _fitting(scene: Scene, noun: str, besides: str = "", form: str = "pos") -> Participant:
    """Return an adjective that suits a participant, has a form, and is not ``besides``."""
    owner = scene.names[noun]
    taken = scene.names[besides].lexeme if besides else None
    table = partners(owner.lexeme.lemma, _predicates(owner.kind, form), scene.split)
    for _ in range(4):
        if (adjective := scene.dice.draw(table)) is not taken:
            return quality(adjective)
        table = _predicates(owner.kind, form)
    return quality(adjective)


@cache
def _predicates(kind: str, form: str = "pos") -> Table[Lexeme]:
    without = ("attributive", "nationality", "film", "order", "absolute", "relation")
    found = table_of("ADJ", (f"of:{kind}",), without)
    return lexeme_table([x for x in found.items if form in x.forms])


def _same_kind(scene: Scene) -> Participant:
    """Return another of the subject's kind."""
    first = scene.names["s"]
    while True:
        head = scene.dice.draw(table_of("NOUN", (first.kind,), ("neg", "pos")))
        if head is not first.lexeme:
            return role(scene.dice, head) if first.kind == "person" else thing(head)


@cache
def _person_verbs() -> Table[Lexeme]:
    return lexeme_table([x for x in verbs_of("intransitive").items if "subj:person" in x.tags])


@cache
def _feelings() -> Table[Lexeme]:
    return table_of("ADJ", ("emotion", "of:person"), ("attributive", "absolute"))


MAKERS: dict[str, Callable[[Scene], Participant]] = {
    "s": _subject,
    "r": lambda scene: _called(scene, "sg"),
    "p": lambda scene: role(scene.dice, scene.dice.draw(table_of("NOUN", ("person", "occupation")))),
    "ps": lambda scene: role(scene.dice, scene.dice.draw(table_of("NOUN", ("person", "occupation"))), "pl"),
    "x": lambda scene: thing(scene.dice.draw(table_of("NOUN", ("thing",), ("mass",)))),
    "xa": lambda scene: _fitting(scene, "x"),
    "i": _other_person,
    "s2": _other_person,
    "name2": _other_name,
    "o": lambda scene: _object(scene, "v"),
    "og": lambda scene: _object(scene, "v", "o"),
    "w": lambda scene: verb(scene.dice.draw(verbs_of("transitive"))),
    "o2": lambda scene: _object(scene, "w"),
    "v3": lambda scene: verb(scene.dice.draw(_person_verbs())),
    "a": lambda scene: _fitting(scene, "s"),
    "a2": lambda scene: _fitting(scene, "s", "a"),
    "oa": lambda scene: _fitting(scene, "o"),
    "t": _same_kind,
    "feel": lambda scene: quality(scene.dice.draw(_feelings())),
    "place": lambda scene: thing(scene.dice.draw(table_of("NOUN", ("building",)))),
    "others": lambda scene: thing(scene.dice.draw(table_of("NOUN", ("object",), ("mass",))), "pl"),
    "oxa": lambda scene: _fitting(scene, "others"),
}
"""How each participant is found, in the order in which they may depend on each other."""


def cast(scene: Scene, frame: str, needed: frozenset[str]) -> None:
    """Give a scene the participants that a pattern names.

    Parameters
    ----------
    scene : Scene
        Gets new ``names``; ``s`` and others that are there already stay.
    frame : str
        A frame of `FRAME_TAGS`, or ``quality``, ``comparable`` (with an adjective in *-er*),
        ``object-quality`` or ``weather``, without a verb.
    needed : frozenset of str
        Names that the pattern uses.
    """
    names = scene.names
    if frame in FRAME_TAGS and "v" not in names:
        names["v"] = verb(scene.dice.draw(verbs_of(frame)))
    elif frame in {"quality", "comparable"} and "s" not in names:
        names["s"] = _owner_of_quality(scene)
    elif frame == "object-quality":
        names["o"] = object_phrase(scene, scene.dice.draw(table_of("NOUN", ("thing",))))
    if frame == "comparable":
        names["a"] = _fitting(scene, "s", form="comp")
    for name, maker in MAKERS.items():
        if name in needed and name not in names:
            names[name] = maker(scene)


def _owner_of_quality(scene: Scene) -> Participant:
    """Return someone or something that adjectives can describe."""
    dice = scene.dice
    draw = dice.random()
    if draw < 0.25:
        return draw_name(dice)
    number = "pl" if dice.random() < PLURAL_RATE else "sg"
    if draw < 0.45:
        return role(dice, dice.draw(table_of("NOUN", ("person",))), number)
    head = dice.draw(table_of("NOUN", ("animal",) if draw < 0.6 else ("thing",)))
    return thing(head, "sg" if "mass" in head.tags else number)
