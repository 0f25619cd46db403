# ruff: noqa: E501 - a pattern is one line
"""Acceptability: sentences with a fault and their twins without, by phenomenon; declared as patterns.

In ``[ good | bad ]`` stands what differs. A line is ``phenomenon/frame: pattern``; the frame casts the participants
(see `analysis.language.casting`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.language.casting import cast
from analysis.language.chance import Dice, split_of
from analysis.language.grammar import participants_of, sentence
from analysis.language.patterns import Pattern, Scene
from analysis.language.samples import Sample, on_new_line
from analysis.language.tokens import Tok

SCRAMBLE_RATE = 0.12
"""Share of the faulty sentences that are well-formed ones with two neighbours exchanged."""
FREE_RATE = 0.4
"""Share of the well-formed sentences that come from the whole grammar, not from the good twins."""

PHENOMENA = """
agreement/intransitive: {p.the} [ {v.third} | {v.base} ] ( every day | at night | in {place} ) .
agreement/intransitive: {ps.the} [ {v.base} | {v.third} ] ( every day | at night | in {place} ) .
agreement/quality: {others.the} [ are | is ] ( very | not | ) {oxa} .
agreement-attractor/quality: {x} ( near | behind | beside ) {others} [ is | are ] {xa} .
agreement-attractor/quality: {others} ( near | behind | beside ) {x} [ were | was ] {oxa} .
agreement-attractor/intransitive: {p.the} with {ps.the} [ {v.third} | {v.base} ] ( every day | at night ) .
agreement-relative/transitive: {p.the} who knows {ps.the} [ is | are ] {feel} .
agreement-relative/transitive: {ps.the} that/PRON {name2} ( knows | likes/VERB ) [ are | is ] {feel} .
agreement-relative/quality: {others.the} that/PRON {name2} bought [ were | was ] {oxa} .
agreement-there/quality: there/PRON [ is | are ] {x.a} in {place} .
agreement-there/quality: there/PRON [ are | is ] ( two | three | many ) {others.noun} in {place} .
determiner-noun/transitive: {name2} ( saw/VERB | found/VERB | bought ) [ these | this ] {others.noun} .
determiner-noun/transitive: {name2} ( saw/VERB | liked ) [ this | these ] {x.noun} .
determiner-noun/quality: [ those/DET | that/DET ] {others.noun} were {oxa} .
quantifier/quality: [ every | all ] {x.noun} in {place} was {xa} .
quantifier/quality: there/PRON were [ many | much/ADJ ] {others.noun} in {place} .
quantifier/transitive: [ each/DET | both ] {p.head} {v.past} {o} .
reflexive-gender/reflexive: {name2} {v.past} [ {name2.himself} | {name2.herself} ] .
reflexive-gender/reflexive: {name2} did n't {v.base} [ {name2.himself} | {name2.herself} ] .
reflexive-number/reflexive: {ps} {v.past} [ themselves | himself ] .
reflexive-number/reflexive: {p} {v.past} [ {p.himself} | themselves ] .
reflexive-binding/reflexive: {p} who ( met | saw/VERB | helped/VERB ) {ps} {v.past} [ {p.himself} | themselves ] .
polarity/transitive: [ nobody/PRON | everybody ] has/AUX ever {v.part} {o} .
polarity/transitive: {name2} [ did n't | did ] {v.base} anything .
polarity/transitive: {name2} [ never | often ] {v.past} any {o.noun} .
polarity/intransitive: [ no | the ] {p.head} ever {v.past} in {place} .
polarity-scope/transitive: [ no one/PRON | someone ] that/PRON knows {name2} has/AUX ever {v.part} {o} .
case/transitive: [ {p.he} | {p.him} ] {v.past} {o} ( yesterday | in {place} ) .
case/transitive: {name2} and {ps} saw/VERB [ {p.him} | {p.he} ] ( again | yesterday ) .
case/ditransitive: {name2} {v.past} [ {p.him} | {p.he} ] {o.a} .
participle/transitive: {s} [ has/AUX@s {v.part} | has/AUX@s {v.base} ] {o} .
participle/transitive: {o} was@o [ {v.passive} | {v.base} ] ( yesterday | by {name2} ) .
modal-form/transitive: {name2} ( can | must | should | may ) [ {v.base} | {v.third} ] {o} .
modal-form/transitive: did {name2} [ {v.base} | {v.past} ] {o} ?
modal-form/transitive: {s} did n't [ {v.base} | {v.past} ] {o} .
inversion/transitive: what [ did {s} {v.base} | {s} did {v.base} ] ( yesterday | in {place} ) ?
inversion/intransitive: why [ did {s} {v.base} | {s} did {v.base} ] ( yesterday | in {place} ) ?
gap/transitive: what did {s} {v.base} [ yesterday | {o} yesterday ] ?
gap/transitive: {o.the} that/PRON {name2} {v.past} [ was@o | it was@o ] {oa} .
gap/transitive: what did {name2} {v.base} [ | {o} and ] ?
island/transitive: [ what did {name2} say/VERB that/SCONJ {p} {v.past} | what did {p} who {v.past} say/VERB {name2} ] ?
transitivity/transitive: {s} {v.past} [ {o} | ] and {o2} was@o2 {w.passive} .
transitivity/quality: {p} ( slept/VERB | arrived | laughed/VERB | smiled/VERB | waited ) [ | {others} ] ( yesterday | in {place} ) .
infinitive-gerund/transitive: {name2} ( wanted/VERB | decided | hoped ) [ to/PART {v.base} | {v.gerund} ] {o} .
infinitive-gerund/transitive: {name2} ( enjoyed | finished/VERB | avoided ) [ {v.gerund} | to/PART {v.base} ] {o} .
comparative-form/comparable: {s} is@s [ {a.comp} | more {a.comp} ] than/ADP {t} .
comparative-form/comparable: {s} is@s [ {a.comp} | {a.pos} ] than/ADP {t} .
comparative-form/comparable: {s} is@s [ the {a.sup} | the most/ADV {a.sup} ] in {place} .
comparative-form/comparable: {s} is@s as/ADV [ {a.pos} | {a.comp} ] as/ADP {t} .
word-order/quality: the [ {xa} {x.head} | {x.head} {xa} ] ( was | is ) in {place} .
word-order/transitive: {s} [ {v.past} {o} | {o} {v.past} ] ( yesterday | in {place} ) .
word-order/transitive: {s} [ never {v.past} {o} | {v.past} never {o} ] .
tag-question/transitive: {name2} {v.past} {o} , [ did n't | was n't ] {name2.he} ?
tag-question/quality: {s} is@s {a} , [ is@s n't {s.he} | does n't {s.he} ] ?
relative-pronoun/transitive: {p.the} [ who | which/PRON ] {v.past} {o} was {feel} .
relative-pronoun/quality: {x.the} [ which/PRON | who ] ( fell/VERB | broke/VERB ) was {xa} .
double-negation/transitive: {name2} never {v.past} [ {o} | nothing/PRON ] ( yesterday | in {place} ) .
preposition/ditransitive: {s} {v.past} {o} [ to/ADP {i} | {i} ] .
subjectless/intransitive: ( yesterday | in {place} ) , [ {s} {v.past} | {v.past} ] ( again | ) .
control/transitive: {s} was@s too {feel} [ to/PART | ] {v.base} {o} .
coordination/transitive: [ both/CCONJ | either/CCONJ ] {name2} and {p} {v.past} {o} .
coordination/transitive: neither/CCONJ {name2} [ nor | or ] {p} {v.past} {o} .
"""

_HEAD = re.compile(r"([a-z-]+)/([a-z-]+): (.*)")

Entry = tuple[str, str, Pattern, frozenset[str]]
"""Phenomenon, frame, pattern and the participants that it needs."""


@lru_cache(maxsize=1)
def compiled() -> dict[str, tuple[Entry, ...]]:
    """Return the patterns by phenomenon."""
    found: dict[str, tuple[Entry, ...]] = {}
    for line in PHENOMENA.strip().splitlines():
        match = _HEAD.fullmatch(line)
        if match is None:
            raise ValueError(f"no phenomenon and frame: {line!r}")
        name, frame, source = match.groups()
        entry = (name, frame, Pattern(source, name), participants_of(source))
        found[name] = (*found.get(name, ()), entry)
    return found


def _twin(entry: Entry, dice: Dice, split: str, good: bool) -> list[Tok]:
    """Return the sentence that these dice make, well-formed or not."""
    scene = Scene(dice, split, good)
    cast(scene, entry[1], entry[3])
    return entry[2](scene)


CONTENT = {"NOUN", "PROPN", "VERB", "ADJ", "ADV"}


def _combination(sentence: list[Tok]) -> tuple[str, ...]:
    """Return the content words of a sentence: their combination decides the split."""
    return tuple(sorted(lemma for _, lemma, upos, *_ in sentence if upos in CONTENT))


def pair(scene: Scene, phenomenon: str = "") -> tuple[list[Tok], list[Tok], str]:
    """Return a well-formed sentence, its faulty twin and the phenomenon; their words are a combination of the split."""
    dice = scene.dice
    phenomenon = phenomenon or dice.pick(tuple(compiled()))
    while True:
        entry = dice.pick(compiled()[phenomenon])
        start = dice.used
        good = _twin(entry, dice, scene.split, True)
        end, dice.used = dice.used, start
        bad = _twin(entry, dice, scene.split, False)
        dice.used = end
        # Each by itself, since a twin may lack a word and so be the twin of other sentences, too.
        fits = all(split_of("acceptability", *_combination(shown)) == scene.split for shown in (good, bad))
        if fits and [tok[0] for tok in good] != [tok[0] for tok in bad]:  # *beat* and *beat* are no pair
            return good, bad, phenomenon


def _scrambled(scene: Scene) -> list[Tok]:
    """Return a free sentence with two neighbours exchanged, not its last words."""
    made = _free(scene)
    while len(made) < 5:
        made = _free(scene)
    at = scene.dice.between(0, len(made) - 4)
    made[at], made[at + 1] = made[at + 1], made[at]
    return [(*tok[:4], "scramble") for tok in made]


def _free(scene: Scene) -> list[Tok]:
    while True:
        made = sentence(Scene(scene.dice, scene.split))
        if split_of("acceptability", *_combination(made)) == scene.split:
            return made


@lru_cache(maxsize=1)
def _frame() -> tuple[Pattern, Pattern, list[list[Tok]]]:
    answers = [Pattern(word, "judgement")(Scene(Dice(None))) for word in ("yes/INTJ", "no/INTJ")]  # type: ignore[arg-type]
    return Pattern("sentence/NOUN :", "judgement"), Pattern("acceptable :", "judgement"), answers


def judged(scene: Scene, phenomenon: str = "") -> Sample:
    """Return a sentence, well-formed or faulty, to be judged."""
    dice = scene.dice
    fine = dice.random() < 0.5
    draw = dice.random()
    if not phenomenon and fine and draw < FREE_RATE:
        shown, group = _free(scene), "free"
    elif not phenomenon and not fine and draw < SCRAMBLE_RATE:
        shown, group = _scrambled(scene), "scramble"
    else:
        good, bad, group = pair(scene, phenomenon)
        shown = good if fine else bad
    head, stem, answers = _frame()
    return Sample([head(scene), shown], stem(scene), answers, 0 if fine else 1, group)


def judged_lines(scene: Scene) -> list[list[Tok]]:
    """Return a judged sentence as running text, on a line of its own."""
    first, *rest = judged(scene).sentences()
    return [on_new_line(first), *rest]
