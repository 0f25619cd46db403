# ruff: noqa: E501 - a pattern is one line
"""News: short reports with a topic of four; other topics are touched on the way."""

from __future__ import annotations

from functools import lru_cache

from analysis.language.casting import draw_name
from analysis.language.chance import Table, lexeme_table, partners
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.numerals import digits
from analysis.language.participants import Participant, person, thing
from analysis.language.patterns import Line, Pattern, Scene, named_lines, table_of, tell
from analysis.language.samples import Sample
from analysis.language.tokens import Tok

TOPICS = ("sport", "business", "world", "science")
SENTENCES = (2, 4)
"""Fewest and most sentences on the topic after the first."""
OTHER_RATE = 0.5
"""How often sentences on another topic stand among them."""
NEUTRAL_RATE = 0.35
"""How often a sentence could stand in any report."""
VAGUE_RATE = 0.35
"""How often a report does not begin with its topic but with a sentence that could stand in any."""

REPORTS = {
    "sport": """
transitive: {team.np} ( beat/VERB | defeated ) {team2.np} ( by {a} to/ADP {b} | in the final/NOUN | at home ) on {day} .
transitive: {team.np} ( won/VERB | lost/VERB ) ( a match | the last/ADJ game | another match ) against {team2.np} in {city} on {day} .
apposition: {who.full} , the captain/NOUN of {team.np} , ( scored | missed ) ( a penalty | a goal | two goals ) in the last/ADJ minute .
passive-agent: the ( first | second/ADJ | last/ADJ ) goal was scored by {who.full} .
past-progressive: {team2.np} were ( winning/VERB | leading/VERB ) until/SCONJ {who.full} ( came/VERB on/ADP | fell/VERB | broke/VERB {who.his} leg/NOUN ) .
indirect-speech: the ( coach/NOUN | trainer ) of {team2.np} said that/SCONJ {it} had/AUX ( played/VERB too slowly | trained/VERB:part too little/ADV | deserved/VERB more ) .
direct-speech: “ we ( were too slow/ADJ | never gave up | played/VERB for our fans ) , ” said the ( goalkeeper | captain/NOUN | striker ) .
superlative: it was the ( biggest | longest/ADJ | hardest/ADJ ) match of the season for {team.np} .
negative-inversion: never before/ADV had/AUX so many fans come/VERB:part to/ADP a ( game | match ) .
present-perfect: {team.np} have/AUX now played/VERB {a} games and won/VERB:part {b} .
future: on {day2} , they will/AUX ( meet/VERB | play/VERB ) {team2.np} again in the ( cup/NOUN | league ) .
comparative: {team2.np} ran/VERB more/ADV than/SCONJ {team.np} , but they did not ( score/VERB | win/VERB ) .
concession-clause: although the ( referee | goalkeeper ) was injured/VERB , the match went on/ADP .
cause-clause: the game was stopped/VERB:part because the ( fans | players ) ( fought/VERB | ran/VERB on/ADP the pitch ) .
""",
    "business": """
transitive: {firm.np} ( bought/VERB | sold ) ( a factory | a mine/NOUN | {number} shops/NOUN | an airline ) in {country} on {day} .
transitive: {firm.np} ( raised/VERB | lowered ) the ( price | prices/NOUN ) of {goods} by {number} percent .
intransitive: the ( profit/NOUN | sales | shares/NOUN | income ) of {firm.np} ( rose/VERB | fell/VERB | grew ) by {number} percent on {day} .
passive-agent: {firm.np} was bought/VERB by {firm2.np} for {number} million dollars .
infinitive-complement: {firm.np} ( wants/VERB | plans/VERB | hopes/VERB ) to/PART ( open/VERB a factory | sell/VERB its shops/NOUN | hire/VERB {number} workers ) in {country} .
indirect-speech: {who.full} , the ( manager | owner ) of {firm.np} , said that/SCONJ the ( market/NOUN | economy | demand/NOUN ) was ( weak | strong/ADJ ) .
direct-speech: “ our customers ( want/VERB cheaper {goods} | buy/VERB less/ADJ {goods} | pay/VERB too much/ADV ) , ” said {who.full} .
past-perfect: the ( workers | staff/NOUN ) had/AUX been/AUX on strike/NOUN for {a} weeks .
passive-short: {number} workers ( were hired/VERB | were sacked | lost/VERB their jobs ) .
comparative: {goods} is now ( cheaper/ADJ | more expensive ) than/ADP a year ago/ADV .
existential: there/PRON was a ( crisis | rise/NOUN | loss ) in the {goods} trade/NOUN .
conditional-real: if the ( tax/NOUN | rent/NOUN | cost/NOUN ) rises/VERB again , {firm.np} will/AUX ( close/VERB | move/VERB | lose money ) .
present-perfect: {firm2.np} has/AUX ( borrowed | saved/VERB:part | invested ) {number} million dollars .
object-relative: the ( loan/NOUN | contract/NOUN ) that/PRON the bank/NOUN offered/VERB was too ( small | expensive ) .
""",
    "world": """
transitive: the ( president | government | parliament ) of {country} ( signed/VERB a treaty | warned {country2} | closed/VERB the border/NOUN ) on {day} .
passive-short: {number} ( people | soldiers | protesters ) were ( arrested | injured/VERB | wounded/VERB ) in {city} on {day} .
passive-agent: a ( village | bridge/NOUN | port ) in {country} was ( destroyed | attacked/VERB | occupied/VERB ) by ( rebels/NOUN | soldiers | a flood/NOUN ) .
intransitive: {number} people ( protested/VERB | marched/VERB ) against the ( war | government | law ) in {city} .
indirect-speech: the minister {who.full} said that/SCONJ {country} ( wanted/VERB peace | would defend its border/NOUN | needed/VERB help/NOUN ) .
direct-speech: “ we will/AUX not ( leave/VERB | accept this law | sign/VERB the treaty ) , ” said the ( president | general/NOUN | ambassador ) .
infinitive-complement: {country} and {country2} ( agreed | refused ) to/PART ( meet/VERB in {city} | stop/VERB the war | open/VERB the border/NOUN ) .
past-perfect: the ( talks/NOUN | elections ) had/AUX begun/VERB {b} days before/ADV .
existential: there/PRON was ( an earthquake | a flood/NOUN | a drought ) in the ( north/NOUN | south/NOUN ) of {country} .
time-clause: when the ( rebels/NOUN | soldiers ) left/VERB {city} , the ( refugees | people ) came/VERB back .
passive-short: a new ( president | mayor | parliament ) will/AUX be/AUX elected/VERB:part in {month} .
whose-relative: the general/NOUN whose/DET soldiers ( attacked/VERB | killed/VERB ) the protesters fled to/ADP {country2} .
negation: the ( embassy | government ) of {country2} did not want/VERB to/PART ( answer/VERB | comment/VERB ) .
quantifier: most/ADJ ( voters | refugees | citizens ) were ( women | afraid | poor/ADJ ) .
""",
    "science": """
transitive: ( researchers | scientists | biologists ) in {city} ( discovered | found/VERB ) a new ( planet | virus | species | gene ) .
passive-agent: a new ( ( drug/NOUN | vaccine ) was ( tested/VERB | found/VERB:part ) by ( chemists | doctors ) | ( robot | telescope ) was ( built | invented ) by ( engineers | a professor ) ) in {country} .
indirect-speech: {who.full} , a ( physicist | biologist | professor ) from {city} , said that/SCONJ the ( experiment/NOUN | test/NOUN | study/NOUN ) was ( successful | difficult ) .
direct-speech: “ we do not know/VERB ( why the cells/NOUN die/VERB | how old the fossil is | what the planet is made/VERB:part of ) , ” said {who.full} .
intransitive: the ( rocket | satellite ) ( flew | travelled ) past/ADP {planet} ( in {month} | on {day} ) .
passive-short: the ( rocket | satellite ) was launched/VERB in {month} .
indirect-question: the ( team/NOUN | scientists ) ( studied/VERB | measured/VERB ) how ( {animals} sleep/VERB | {animals} find/VERB their food | the climate changes/VERB ) .
purpose-clause: they used/VERB ( a microscope to/PART measure/VERB the cells/NOUN | a computer to/PART find/VERB the gene | a telescope to/PART watch/VERB the stars/NOUN ) .
conditional-real: if the ( drug/NOUN | vaccine ) works/VERB , it will/AUX ( cure/VERB | help/VERB ) {number} million people .
existential: there/PRON is ( oxygen | water/NOUN | no life ) on {planet} , ( a study/NOUN | an experiment/NOUN ) showed/VERB .
comparative: the new ( telescope | microscope | computer ) is {b} times/ADP faster/ADJ than/ADP the old one/NOUN .
object-relative: the ( bacterium | molecule | fossil ) that/PRON they found/VERB is {number} million years old .
negation: the ( theory | hypothesis ) did not explain the ( results/NOUN | data ) .
pseudo-cleft: what the ( researchers | physicists ) found/VERB was a new ( bacterium | comet | galaxy ) .
""",
}
"""Sentences by topic; the first two of each can open a report."""

NEUTRAL = """
direct-speech: “ it was a ( good | difficult | long/ADJ ) ( day | year ) for all/PRON of us , ” said {who.full} .
indirect-speech: ( a friend/NOUN | a neighbour/NOUN | a newspaper ) said that/SCONJ nobody/PRON had/AUX expected it .
negation: {who.full} did not want/VERB to/PART ( answer/VERB any questions/NOUN | speak to/ADP us ) .
extraposition: it is not yet ( known | certain | sure/ADJ ) what will/AUX happen next/ADV .
time-clause: when the news came/VERB , ( many people | {who.full} ) ( cried/VERB | laughed/VERB | went home ) .
passive-short: the news was ( reported/VERB | announced ) in {city} on {day} .
future: more will/AUX be/AUX known/VERB:part on {day2} .
"""


@lru_cache(maxsize=1)
def compiled() -> tuple[dict[str, tuple[Line, ...]], tuple[Line, ...], Pattern]:
    """Return the lines by topic, those for all, and the stem of the section's name."""
    topics = {topic: tuple(named_lines(block)) for topic, block in REPORTS.items()}
    return topics, tuple(named_lines(NEUTRAL)), Pattern("section/NOUN :", "section")


@lru_cache(maxsize=1)
def _goods() -> Table[Lexeme]:
    words = ["oil", "gold", "coal", "petrol", "gas", "milk", "bread", "coffee", "sugar", "cotton", "steel", "wool"]
    return lexeme_table([x for x in load_lexicon().select("NOUN") if x.lemma in words])


@lru_cache(maxsize=1)
def _animals() -> Table[Lexeme]:
    words = ["bat", "bee", "whale", "dolphin", "wolf", "bear", "bird", "ant", "owl", "elephant", "frog"]
    return lexeme_table([x for x in load_lexicon().select("NOUN") if x.lemma in words])


def _bare(noun: Lexeme, form: str) -> Participant:
    found = thing(noun, "sg" if form == "sg" else "pl")
    return Participant({"np": found.forms["noun"]}, noun, "sg" if form == "sg" else "pl")


def _characters(scene: Scene) -> None:
    """Cast everyone whom a report may name; the main combinations belong to the split."""
    dice, names = scene.dice, scene.names
    for name, tag in (("team", "team"), ("firm", "company"), ("country", "country"), ("day", "day")):
        table = table_of("PROPN", (tag,))
        first = dice.draw(table)
        second = dice.draw_besides(partners(first.lemma, table, scene.split), {first})
        second = second or dice.draw_besides(table, {first}) or first
        names[name], names[f"{name}2"] = thing(first), thing(second)
    names["team"].number = names["team2"].number = "pl"
    names["it"] = names["team2"]
    for name in ("city", "month", "planet"):
        names[name] = thing(dice.draw(table_of("PROPN", (name,))))
    names["who"] = person(draw_name(dice).lexeme, dice.draw(table_of("PROPN", ("surname",))))
    small, large = sorted((dice.between(1, 4), dice.between(2, 6)))
    values = {"a": large + 1, "b": small, "number": dice.pick((5, 10, 12, 20, 30, 40, 50, 100, 200))}
    for name, value in values.items():
        names[name] = Participant({"np": digits(value)}, load_lexicon().get("NOUN", "number"))
    names["goods"] = _bare(dice.draw(_goods()), "sg")
    names["animals"] = _bare(dice.draw(_animals()), "pl")


def report(scene: Scene) -> Sample:
    """Return a report; its section is the topic that most of its sentences are about."""
    dice = scene.dice
    topics, neutral, stem = compiled()
    topic = dice.pick(TOPICS)
    _characters(scene)
    lines = topics[topic]
    first = dice.below(2)
    rest = range(2, len(lines))
    chosen = [lines[i] for i in sorted(dice.sample(rest, dice.between(*SENTENCES)))]
    if dice.chance(OTHER_RATE):
        # Fewer sentences than on the topic itself, which has at least two and its first.
        other = topics[dice.pick([x for x in TOPICS if x != topic])]
        for line in dice.sample(other[2:], dice.between(1, min(2, len(chosen) - 1))):
            chosen.insert(dice.below(len(chosen) + 1), line)
    if dice.chance(NEUTRAL_RATE):
        chosen.insert(dice.below(len(chosen) + 1), dice.pick(neutral))
    opening = [dice.pick(neutral), lines[first]] if dice.chance(VAGUE_RATE) else [lines[first]]
    told: list[list[Tok]] = []
    for line in (*opening, *chosen):
        tell(line, scene, told)
    choices = [[(name, name, "NOUN", "Number=Sing", "section")] for name in TOPICS]
    return Sample(told, stem(scene), choices, TOPICS.index(topic), topic)


@lru_cache(maxsize=1)
def _reworded() -> Pattern:
    return Pattern("this/PRON is news about/ADP", "reworded")


def retitled_report(scene: Scene) -> Sample:
    """Return a report whose topic is asked for in words that training never uses for it."""
    made = report(scene)
    return Sample(made.before, _reworded()(scene), made.choices, made.answer, made.group)
