"""Patterns: sentences of the teaching language written as data, compiled to functions that make tagged tokens.

A pattern is a line of words with slots::

    {hero.s} found <a=ADJ size of:toy> <toy=NOUN toy> ( in the park | near/ADP {place.the} ) .

========================  ==========================================================================================
``word``                  a literal; its lemma, part of speech and features come from the lexicon
``word/UPOS``             the same where a form has several parts of speech; ``word/UPOS:form`` names the form, too
``word@name``             a verb in the present or past that agrees with the participant ``name``
``{name}``                a participant as it stands; ``{name.form}`` one of its forms (``the``, ``him``, ``part`` …)
``{hero.s}``              a person as subject, ``.o`` object, ``.p`` possessive: name or pronoun, as the discourse asks
``{verb.pres@name}``      a participant verb that agrees; ``past`` likewise
``<UPOS.form tag -tag>``  a word drawn from the lexicon: with the tags, without those with a minus
``<name=UPOS tag>``       the same, kept as participant ``name``
``<… of@name>``           its ``of:`` (``obj:``, ``subj:``) tag must reach the noun's kind
``<… ~name>``             its combination with ``name`` must belong to the split
``( a | b | )``           one of these, equally likely
``[ good | bad ]``        the first in a well-formed sentence, the second in its ill-formed twin
``&name``                 a fragment from the registry
========================  ==========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from analysis.errors import InputError
from analysis.language.chance import Dice, Table, lexeme_table, partners
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.literals import analyse, literal
from analysis.language.participants import Participant, thing, verb
from analysis.language.tokens import Tok, finite, token

PRONOUN_RATE = 0.75
"""How often a person who was the last subject is called by a pronoun."""

Op = Callable[["Scene", list[Tok]], None]


class Scene:
    """What patterns draw on while a text is made: dice, split, participants, and who is talked about.

    Attributes
    ----------
    dice : Dice
        The source of chance.
    split : str
        Split that combinations must belong to.
    names : dict
        Participants by the name that patterns use.
    topic : Participant or None
        The person whom a pronoun would mean.
    good : bool
        Whether ``[ good | bad ]`` takes the first.
    """

    __slots__ = ("dice", "good", "names", "split", "topic")

    def __init__(self, dice: Dice, split: str = "train", good: bool = True) -> None:
        self.dice = dice
        self.split = split
        self.names: dict[str, Participant] = {}
        self.topic: Participant | None = None
        self.good = good


class Pattern:
    """One compiled pattern; call it with a scene to get its tokens.

    Parameters
    ----------
    source : str
        The pattern as written.
    construction : str
        Name that its tokens get, unless an inner construction has claimed them.
    """

    __slots__ = ("construction", "ops", "source")

    def __init__(self, source: str, construction: str) -> None:
        self.source = source
        self.construction = construction
        try:
            self.ops = _compile(source)
        except InputError as error:
            raise InputError(f"{error} (in the pattern {source!r})") from error

    def __call__(self, scene: Scene) -> list[Tok]:
        """Return the tokens."""
        out: list[Tok] = []
        self.into(scene, out)
        return out

    def into(self, scene: Scene, out: list[Tok]) -> None:
        """Append the tokens to ``out``."""
        start = len(out)
        for op in self.ops:
            op(scene, out)
        name = self.construction
        for i in range(start, len(out)):
            tok = out[i]
            if not tok[4]:
                out[i] = (tok[0], tok[1], tok[2], tok[3], name)


FRAGMENTS: dict[str, Op] = {}
"""What ``&name`` stands for."""


def fragment(name: str, *sources: str, construction: str = "") -> None:
    """Register a fragment: one of several patterns, equally likely."""
    patterns = [Pattern(source, construction) for source in sources]

    def op(scene: Scene, out: list[Tok]) -> None:
        patterns[int(scene.dice.random() * len(patterns))].into(scene, out)

    FRAGMENTS[name] = op


_LEXER = re.compile(r"<[^>]*>|\{[^}]*\}|\[|\]|\(|\)|\||[^\s()\[\]|<>{}]+")


def _compile(source: str) -> tuple[Op, ...]:
    pieces = _LEXER.findall(source)
    ops, end = _sequence(pieces, 0, "")
    if end != len(pieces):
        raise InputError("unbalanced brackets")
    return ops


def _sequence(pieces: list[str], at: int, closer: str) -> tuple[tuple[Op, ...], int]:
    """Compile up to the closing bracket, or a bar, of this level."""
    ops: list[Op] = []
    while at < len(pieces) and pieces[at] not in {"|", closer}:
        piece = pieces[at]
        if piece in {"(", "["}:
            closing = ")" if piece == "(" else "]"
            branches, at = _branches(pieces, at + 1, closing)
            ops.append(_choice(branches) if piece == "(" else _twin(branches))
        else:
            ops.append(_atom(piece))
        at += 1
    return tuple(ops), at


def _branches(pieces: list[str], at: int, closing: str) -> tuple[list[tuple[Op, ...]], int]:
    branches = []
    while True:
        ops, at = _sequence(pieces, at, closing)
        branches.append(ops)
        if at >= len(pieces):
            raise InputError(f"no {closing!r}")
        if pieces[at] == closing:
            return branches, at
        at += 1


def _choice(branches: list[tuple[Op, ...]]) -> Op:
    n = len(branches)

    def op(scene: Scene, out: list[Tok]) -> None:
        for inner in branches[int(scene.dice.random() * n)]:
            inner(scene, out)

    return op


def _twin(branches: list[tuple[Op, ...]]) -> Op:
    good, bad = branches

    def op(scene: Scene, out: list[Tok]) -> None:
        for inner in good if scene.good else bad:
            inner(scene, out)

    return op


def _atom(piece: str) -> Op:
    if piece[0] == "<":
        return _draw(piece[1:-1].split())
    if piece[0] == "{":
        return _slot(piece[1:-1])
    if piece[0] == "&" and len(piece) > 1:
        name = piece[1:]
        return lambda scene, out: FRAGMENTS[name](scene, out)  # noqa: PLW0108 - may be registered later
    if "@" in piece:
        return _agreeing(*piece.split("@"))
    tok = literal('"' if piece in {"“", "”"} else piece)
    return lambda scene, out: out.append(tok)


def _agreeing(piece: str, name: str) -> Op:
    lexeme, form, _ = analyse(piece)
    tense = "past" if form in {"past", "were"} else "pres"

    def op(scene: Scene, out: list[Tok]) -> None:
        subject = scene.names[name]
        out.append(finite(lexeme, tense, subject.number, subject.person))

    return op


def _slot(body: str) -> Op:
    """Compile ``name``, ``name.form`` or ``verb.tense@subject``."""
    body, _, subject = body.partition("@")
    name, _, form = body.partition(".")
    form = form or "np"
    if subject:

        def op(scene: Scene, out: list[Tok]) -> None:
            agent, action = scene.names[subject], scene.names[name]
            out.append(finite(action.lexeme, form, agent.number, agent.person))
            out.extend(action.forms["rest"])

    elif form in {"s", "o", "p"}:

        def op(scene: Scene, out: list[Tok]) -> None:
            _mention(scene, scene.names[name], form, out)

    else:

        def op(scene: Scene, out: list[Tok]) -> None:
            out.extend(scene.names[name].forms[form])

    return op


def _mention(scene: Scene, person: Participant, role: str, out: list[Tok]) -> None:
    """Call a person by name or pronoun; a subject becomes the topic, whom the next pronoun means."""
    known = scene.topic is person
    if known and scene.dice.random() < PRONOUN_RATE:
        out.extend(person.forms[{"s": "he", "o": "him", "p": "his"}[role]])
    else:
        out.extend(person.forms["names" if role == "p" else "np"])
    if role == "s":
        scene.topic = person


def _draw(words: list[str]) -> Op:
    """Compile ``name=UPOS.form tags``."""
    name, _, what = words[0].rpartition("=")
    upos, _, form = what.partition(".")
    tags = tuple(w for w in words[1:] if w[0] not in "-~" and "@" not in w)
    without = tuple(w[1:] for w in words[1:] if w[0] == "-")
    head = next((w[1:] for w in words[1:] if w[0] == "~"), "")
    links = [tuple(w.split("@")) for w in words[1:] if "@" in w]
    if links:
        table, (prefix, target) = None, links[0]
    else:
        table, prefix, target = table_of(upos, tags, without), "", ""

    def op(scene: Scene, out: list[Tok]) -> None:
        here = table or table_of(upos, (*tags, f"{prefix}:{scene.names[target].kind}"), without)
        if head:
            here = partners(scene.names[head].lexeme.lemma, here, scene.split)
        lexeme = scene.dice.draw(here)
        if name:
            scene.names[name] = new_participant(lexeme, "pl" if form == "pl" else "sg")
        out.append(token(lexeme, form or _CITATION.get(upos, "base")))

    return op


_CITATION = {"NOUN": "sg", "PROPN": "sg", "ADJ": "pos", "ADV": "pos"}


def new_participant(lexeme: Lexeme, number: str = "sg") -> Participant:
    """Return what a drawn word becomes when a pattern keeps it."""
    return verb(lexeme) if lexeme.upos in {"VERB", "AUX"} else thing(lexeme, number)


@cache
def homographs() -> frozenset[str]:
    """Return the lemmas that are words of two or more open classes (*walk*, *light*, *past*)."""
    found: dict[str, set[str]] = {}
    for lexeme in load_lexicon().lexemes:
        if lexeme.upos in {"NOUN", "VERB", "ADJ", "ADV", "ADP"}:
            found.setdefault(lexeme.lemma, set()).add(lexeme.upos)
    return frozenset(lemma for lemma, upos in found.items() if len(upos) > 1)


@cache
def table_of(upos: str, tags: tuple[str, ...], without: tuple[str, ...] = ()) -> Table[Lexeme]:
    """Return the table of the words with all ``tags`` and none of ``without``; an empty one is an error.

    Beside the lexicon's tags there is ``homograph``; such words are drawn equally often, so that each is met.
    """
    found = load_lexicon().select(upos, *(tag for tag in tags if tag != "homograph"), without=without)
    if "homograph" in tags:
        found = tuple(x for x in found if x.lemma in homographs())
    if not found:
        raise InputError(f"the lexicon has no {upos} with {' '.join(tags)}: add one to data/lexicon.yml")
    return Table(found) if "homograph" in tags else lexeme_table(found)


Line = tuple[Pattern, ...]
"""One or more sentences that belong together."""

_NAMED = re.compile(r"([a-z][a-z-]*): (.*)", re.DOTALL)


def named_lines(block: str) -> list[Line]:
    """Compile a block of lines ``construction: pattern [// construction: pattern …]``."""
    lines = []
    for source in block.strip().splitlines():
        parts = [_NAMED.fullmatch(part.strip()) for part in source.split("//")]
        if None in parts:
            raise InputError(f"a pattern without a construction's name: write `name: pattern` in {source!r}")
        lines.append(tuple(Pattern(part[2], part[1]) for part in parts if part))
    return lines


def tell(line: Line, scene: Scene, told: list[list[Tok]]) -> None:
    """Append a line's sentences to those told."""
    for pattern in line:
        told.append(pattern(scene))  # noqa: PERF401 - a comprehension would be slower here
