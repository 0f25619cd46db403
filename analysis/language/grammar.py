# ruff: noqa: E501 - a pattern is one line
"""The constructions of the teaching language, declared as patterns, and sentences made of them.

To add a construction, add a line ``name: pattern`` under the frame that brings the participants it needs (see
`analysis.language.casting` for what each name means and `analysis.language.patterns` for the notation).
"""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.language.casting import cast
from analysis.language.chance import Table
from analysis.language.patterns import Pattern, Scene, fragment, named_lines
from analysis.language.tokens import Tok

CONSTRUCTIONS: dict[str, str] = {
    "intransitive": """
intransitive: {s} {v.past} &how-done .
locative: {s} {v.past} ( in | near ) {place} &when .
frequency-adverb: {s} ( always | often | usually | sometimes | never ) {v.pres@s} ( in the morning/NOUN | at night | ) .
present-progressive: {s} is@s {v.ing} ( now | today/ADV | again ) .
past-progressive: {s} was@s {v.ing} when {s2} &arrived .
present-perfect: {s} has/AUX@s already {v.part} .
time-clause: ( after/SCONJ | before/SCONJ | when ) {s2} {w.past} {o2} , {s} {v.past} .
time-clause: {s} {v.past} ( while | until/SCONJ ) {s2} was@s2 {w.ing} {o2} .
vp-coordination: {s} {v.past} and {v3.past} .
vp-ellipsis: {s} {v.past} , ( and so did {s2} | but {s2} did n't ) .
adverb-question: ( where | when/ADV | why ) did {s} {v.base} ?
yes-no-question: did {s} {v.base} ( yesterday | again | ) ?
negation: {s} ( did n't {v.base} | did not {v.base} | does@s n't {v.base} ( often | ) ) .
negative-inversion: never did {s} {v.base} &manner again .
polarity-ever: ( nobody/PRON | no one/PRON ) ever {v.past} ( in | near ) {place} .
used-to: {s} used/VERB to/PART {v.base} in {place} .
going-to: {s} is@s going to/PART {v.base} ( tomorrow | soon ) .
modal: {s} ( can | must | may | might | should ) {v.base} ( today/ADV | tomorrow | soon | here ) .
subject-relative: {r.the} who {w.past} {o2} {v.past} .
perception-complement: {s2} ( saw/VERB | heard ) {s} {v.base} .
causative: {s2} ( made/VERB | let/VERB ) {s} {v.base} .
fronted-adjunct: in {place} , {s} {v.past} &manner .
concession-clause: ( although | though ) {s2} was@s2 {feel} , {s} {v.past} .
conditional-unreal: if {s} {v.past} , {s2} would be {feel} .
parenthetical: {s} , ( I think/VERB | I believe | it seems/VERB | they say/VERB ) , {v.past} ( again | yesterday | ) .
""",
    "transitive": """
transitive: {s} {v.past} {o} &when .
transitive: {s} {v.past} {o} in {place} .
passive-agent: {o} was@o {v.passive} by {s} .
passive-short: {o} was@o {v.passive} ( yesterday | in {place} | again | ) .
passive-progressive: {o} is@o being/AUX {v.passive} ( now | by {s} ) .
passive-perfect: {o} has/AUX@o been/AUX {v.passive} ( again | already | by {s} ) .
object-relative: {o.the} ( that/PRON | which/PRON | ) {s} {v.past} was@o {oa} .
subject-relative: {p.the} who {v.past} {o} was@p {feel} .
whose-relative: {p.the} whose/PRON &kin {v.past} {o} was@p {feel} .
adverbial-relative: {place} where/SCONJ {s} {v.past} {o} was ( far | near/ADJ | old | new ) .
subject-question: who {v.past} {o} ?
object-question: what did {s} {v.base} ( in {place} | yesterday | ) ?
adverb-question: ( where | when/ADV | why ) did {s} {v.base} {o} ?
yes-no-question: ( did | will | can ) {s} {v.base} {o} ?
tag-question: {s} {v.past} {o} , did n't {s.he} ?
negation: {s} ( did n't | did not | could not | will/AUX not ) {v.base} {o} .
negative-subject: ( nobody/PRON | no one/PRON ) {v.past} {o} .
polarity-ever: ( nobody/PRON | no one/PRON ) has/AUX ever {v.part} {o} .
polarity-any: {s} ( did n't | did not ) {v.base} any {o.noun} .
polarity-any: {s} never {v.past} any {o.noun} .
past-perfect: {s} had/AUX {v.part} {o} before/SCONJ {s2} &arrived .
present-perfect: {s} has/AUX@s {v.part} {o} ( already | again | ) .
past-progressive: {s} was@s {v.ing} {o} when {s2} &arrived .
present-progressive: {s} is@s {v.ing} {o} ( now | today/ADV | ) .
modal: {s} ( must | should | might | may ) {v.base} {o} .
future: ( tomorrow , | next/ADJ <NOUN time unit> , | ) {s} will/AUX {v.base} {o} .
modal-perfect: {s} ( must | may | might | could ) have/AUX {v.part} {o} .
it-cleft: it was {s} who {v.past} {o} .
it-cleft: it was {o} that/PRON {s} {v.past} .
pseudo-cleft: what {s} {v.past} was@o {o.a} .
imperative: ( please/INTJ , | ) {v.imperative} {o} ( now | ) , {name2} .
prohibition: do n't {v.base} {o} ( again | ) !
let-us: let/VERB us {v.base} {o} ( together | tomorrow | now ) .
purpose-clause: {s} &went to/PART {v.base} {o} .
fronted-adjunct: ( in | near ) {place} , {s} {v.past} {o} .
np-coordination: {s} and {s2} {v.past} {o} .
correlative-coordination: ( both/CCONJ {s} and {s2} | either/CCONJ {s} or {s2} | neither/CCONJ {s} nor {s2} ) {v.past} {o} .
clause-coordination: {s} {v.past} {o} , ( and | but ) {s2} {w.past} {o2} .
vp-coordination: {s} {v.past} {o} and {v3.past} .
gapping: {s} {v.past} {o} , and {s2} {og} .
cause-clause: {s} {v.past} {o} because {s.he} was@s {feel} .
concession-clause: although {s} was@s {feel} , {s.he} {v.past} {o} .
time-clause: when {s2} &arrived , {s} was@s {v.ing} {o} .
conditional-real: if {s} {v.pres@s} {o} , {s2} will/AUX be {feel} .
conditional-unreal: if {s} had/AUX {v.part} {o} , {s2} would have/AUX been/AUX {feel} .
apposition: {name2} , {p.a} , {v.past} {o} .
quantifier: ( every | each/DET ) {p.head} {v.past} {o} .
quantifier: ( all | many | few | most/ADJ | some ) {ps.head} {v.past} {o} .
partitive: ( some/PRON | one/NUM | two | many/ADJ ) of {ps.the} {v.past} {o} .
possessive-s: {s} {v.past} {s2.names} {o.noun} .
negative-inversion: never had/AUX {s} {v.part} {o} &manner .
parenthetical: {s} , ( I think/VERB | of course | it seems/VERB ) , {v.past} {o} .
vp-ellipsis: {s} {v.past} {o} , ( and so did {s2} | but {s2} did n't ) .
too-to: {s} was@s too {feel} to/PART {v.base} {o} .
enough-to: {s} was@s {feel} enough/ADV to/PART {v.base} {o} .
so-that: {s} was@s so {feel} that/SCONJ {s.he} {v.past} {o} .
object-infinitive: {s2} ( asked | told | wanted/VERB ) {s} to/PART {v.base} {o} .
causative: {s2} ( made/VERB | let/VERB ) {s} {v.base} {o} .
extraposition: it was ( easy | hard/ADJ | good | wrong/ADJ ) to/PART {v.base} {o} .
raising: {s} ( seemed | appeared/VERB ) to/PART {v.base} {o} .
infinitive-complement: {s} ( wanted | hoped | decided | tried/VERB | forgot ) to/PART {v.base} {o} .
gerund-complement: {s} ( enjoyed | finished/VERB | stopped/VERB | avoided ) {v.gerund} {o} .
""",
    "ditransitive": """
double-object: {s} {v.past} {i} {o.a} .
prepositional-dative: {s} {v.past} {o} to/ADP {i} .
dative-passive: {i} was@i {v.passive} {o.a} by {s} .
passive-agent: {o} was@o {v.passive} to/ADP {i} by {s} .
object-question: what did {s} {v.base} {i} ?
tag-question: {s} {v.past} {i} {o.a} , did n't {s.he} ?
negation: {s} did n't {v.base} {i} ( {o} | anything ) .
object-relative: {o.the} that/PRON {s} {v.past} {i} was@o {oa} .
imperative: {v.imperative} {i} {o} , please/INTJ .
it-cleft: it was {i} to/ADP whom {s} {v.past} {o} .
future: {s} will/AUX {v.base} {o} to/ADP {i} ( tomorrow | soon ) .
""",
    "clausal": """
indirect-speech: {s} {v.past} that/SCONJ {s2} {w.past} {o2} .
indirect-speech: {s} {v.past} {s2} had/AUX {w.part} {o2} .
direct-speech: “ {s2} {w.past} {o2} , ” said {s} .
direct-speech: “ did {s2} {w.base} {o2} ? ” asked {s} .
negation: {s} did n't {v.base} that/SCONJ {s2} {w.past} {o2} .
indirect-question: {s} ( wondered | asked ) ( whether | if ) {s2} {w.past} {o2} .
indirect-question: {s} ( asked | knew ) ( what {s2} had/AUX {w.part} | why {s2} {w.past} {o2} ) .
passive-short: it was {v.passive} that/SCONJ {s2} {w.past} {o2} .
extraposition: it was ( clear/ADJ | strange | true | sad ) that/SCONJ {s2} {w.past} {o2} .
object-question: what did {s} {v.base} that/SCONJ {s2} {w.past} ?
""",
    "quality": """
copula: {s} is@s ( very | quite | not | ) {a} .
linking: {s} ( seemed | became | looked/VERB ) {a} .
comparative: {s} is@s {a.more} than/ADP {t} .
comparative: {s} is@s much/ADV {a.more} than/SCONJ {t} was@t .
superlative: {s} is@s the {a.most} in {place} .
equative: {s} is@s ( as/ADV | not as/ADV ) {a} as/ADP {t} .
adjective-coordination: {s} was@s {a} ( and | but ) {a2} .
yes-no-question: is@s {s} ( really | ) {a} ?
tag-question: {s} is@s {a} , is@s n't {s.he} ?
exclamative-how: how {a} {s} is@s !
exclamative-what: what/DET a {xa} {x.head} !
attractor: {x} ( near | behind | with | beside ) {others} was@x {xa} .
existential: there/PRON ( was | is ) {x.a} in {place} .
existential: there/PRON were ( two | three | many ) {others.noun} in {place} .
locative-inversion: in {place} ( stood | sat | waited ) {p.a} .
clause-coordination: {s} was@s {a} , but {t} was@t not .
""",
    "reflexive": """
reflexive: {s} {v.past} {s.himself} ( again | ) .
reflexive: ( of course , | ) {s} {v.past} {s.himself} in {place} .
negation: {s} did n't {v.base} {s.himself} .
indirect-speech: {s2} said that/SCONJ {s} {v.past} {s.himself} .
reciprocal: {s} and {s2} {v.past} each/DET other/ADJ .
""",
    "particle": """
particle-joined: {s} {v.past} {o} .
particle-shifted: {s} {v.past-bare} {o} {v.rest} .
negation: {s} did n't {v.base-bare} {o} {v.rest} .
imperative: {v.imperative-bare} {o.him} {v.rest} , please/INTJ .
passive-short: {o} was@o {v.passive} .
""",
    "object-quality": """
resultative: {s} painted/VERB {o} <ADJ colour> .
resultative: {s} ( made/VERB | kept/VERB | found/VERB ) {o} {oa} .
""",
    "weather": """
expletive-weather: it ( rained | snowed ) ( all/DET day | in the night | yesterday | ) .
cause-clause: because it was raining , {s} stayed/VERB ( at home | at home ) .
""",
}
"""Constructions by the frame that casts their participants."""

fragment("manner", "<ADV manner -comparison>")
fragment("when", "yesterday", "( this | last/ADJ | that/DET ) ( morning | night )", "again", "")
fragment("how-done", "<ADV manner>", "in {place}", "&when")
fragment("arrived", "( arrived | came/VERB ( in/ADV | home/ADV | back/ADV ) | called/VERB )")
fragment("went", "( went | came/VERB ) ( to/ADP {place} | home/ADV | back/ADV )")
fragment("kin", "( brother | sister | son | daughter | friend )")


def names() -> set[str]:
    """Name the constructions; what else marks a word (the phenomenon of a pair, the kind of a question) is none."""
    return {line.partition(":")[0].strip() for block in CONSTRUCTIONS.values() for line in block.strip().splitlines()}


@lru_cache(maxsize=1)
def grammar() -> dict[str, Table[tuple[Pattern, frozenset[str]]]]:
    """Return the compiled constructions by frame, each with the participants that it needs."""
    found = {}
    for frame, block in CONSTRUCTIONS.items():
        patterns = [line[0] for line in named_lines(block)]
        found[frame] = Table([(p, participants_of(p.source)) for p in patterns], name=frame)
    return found


def participants_of(source: str) -> frozenset[str]:
    """Return the names that a pattern uses, its fragments' included."""
    extra = {"&how-done": " {place}", "&went": " {place}"}
    for name, more in extra.items():
        if name in source:
            source += more
    return frozenset(re.findall(r"\{([a-z0-9]+)", source)) | frozenset(re.findall(r"@([a-z0-9]+)", source))


FRAME_WEIGHTS = {
    "intransitive": 0.20,
    "transitive": 0.36,
    "ditransitive": 0.08,
    "clausal": 0.09,
    "quality": 0.13,
    "reflexive": 0.04,
    "particle": 0.05,
    "object-quality": 0.03,
    "weather": 0.02,
}
"""How often a free sentence is of each frame."""

_FRAMES = Table(tuple(FRAME_WEIGHTS), FRAME_WEIGHTS.values())


def sentence(scene: Scene, frame: str = "") -> list[Tok]:
    """Return one free sentence; its participants are left in the scene.

    Parameters
    ----------
    scene : Scene
        Participants that are there already are used.
    frame : str
        The frame; by default one is drawn.
    """
    frame = frame or scene.dice.draw(_FRAMES)
    pattern, needed = scene.dice.draw(grammar()[frame])
    cast(scene, frame, needed)
    return pattern(scene)
