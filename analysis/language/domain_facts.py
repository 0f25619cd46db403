# ruff: noqa: E501 - a pattern is one line
"""Facts: short encyclopedia articles about the fixed world, and questions that they answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from analysis.language.chance import split_of
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.participants import Participant, person, thing
from analysis.language.patterns import Line, Pattern, Scene, named_lines, tell
from analysis.language.samples import Sample, on_new_line, shuffled_choices
from analysis.language.tokens import Tok, token
from analysis.language.world import Country, Creature, Figure, countries, creatures, figures

COUNTRY = """
copula: {name} is a {size} country in {continent} . // copula: its capital/NOUN is {capital} .
apposition: {capital} , the capital/NOUN of {name} , is one of the ( oldest/ADJ | largest | most beautiful ) cities in {continent} .
passive-short: {language} is spoken/VERB in {name} . // existential: there/PRON are {museums} museums in {capital} .
frequency-adverb: most/ADJ people in {name} speak {language} .
np-coordination: {name} and {neighbour} trade/VERB with each/DET other/ADJ .
past-perfect: before/SCONJ the first/ADJ parliament met in {founded} , a king had/AUX ruled/VERB:part the land/NOUN .
passive-agent: the great/ADJ museum of {capital} was built in {founded} by a rich merchant .
transitive: {name} sells {product} to/ADP ( {neighbour} | many countries | the whole/ADJ world ) .
passive-short: a lot/NOUN of {product} is made/VERB:part in the south of the country/NOUN .
subject-relative: travellers who/PRON come/VERB to/ADP {name} ( visit/VERB the museums of {capital} | walk/VERB in the mountains | see/VERB {animals} in the forests ) .
concession-clause: although {name} is {size} , it has/VERB ( many rivers | a long/ADJ coast/NOUN | high/ADJ mountains ) .
comparative: in the north , it is ( colder | wetter/ADJ | drier ) than/ADP in the south .
existential: there/PRON are {animals} in the ( forests | hills | valleys ) of {name} .
time-clause: when winter/NOUN comes/VERB , the roads in the mountains are closed/VERB:part .
it-cleft: it is {product} that/PRON made/VERB:past the country/NOUN rich .
"""

CREATURE = """
copula: {name.a} is a {size} animal/NOUN . // intransitive: it lives/VERB {home.where} .
frequency-adverb: {names} eat {food} .
frequency-adverb: {name.the} ( mostly | usually | often ) eats {food} , but it can ( also | sometimes ) eat ( other/ADJ things | almost anything ) .
present-progressive: while other/ADJ animals are sleeping/VERB , {name.the} is looking for {food} .
object-relative: the food that/PRON {names} like/VERB best/ADV is {food} .
modal: {name.a} can live/VERB for {years} years .
transitive: the greatest/ADJ enemy of {name.the} is {enemy.the} .
time-clause: {names} sleep/VERB by {rest} and look/VERB for food by {active} .
comparative: {names} are ( quicker | quieter/ADJ | shyer | cleverer ) than/SCONJ most/ADJ people think/VERB .
passive-agent: {names} are sometimes eaten/VERB by {enemies} .
clause-coordination: the father is ( bigger | louder/ADJ ) , but the mother is ( faster/ADJ | braver ) .
negation: you will/AUX not find/VERB {names} far/ADV from {home.np} .
conditional-real: if it is afraid , {name.the} ( runs/VERB away | hides | makes/VERB a loud/ADJ noise ) .
quantifier: every spring/NOUN , the mother has/VERB ( two | three | four ) children .
"""

FIGURE = """
apposition: {name.full} , born/VERB in {birthplace} in {born} , was a famous {trade} .
subject-relative: {name.full} , who lived/VERB from {born} to/ADP {died} , was a {trade} from {birthplace} . // intransitive: {name.he} lived in {city} .
past-perfect: before/SCONJ {name.he} became a {trade} , {name.he} had/AUX worked in a ( shop/NOUN | bank/NOUN | factory | school/NOUN ) .
transitive: at the age of {young} , {name.he} left/VERB {birthplace} and moved/VERB to/ADP {city} .
adverbial-relative: in {city} , where/SCONJ {name.he} lived for many years , {name.he} met {name.his} best friend/NOUN .
passive-agent: {name.his} {works} were ( loved/VERB | admired/VERB | read/VERB:part ) by people in many countries .
indirect-speech: {name.he} once said that/SCONJ {city} was the only/ADJ place where/SCONJ {name.he} could work/VERB .
intransitive: {name.he} died/VERB in {city} in {died} , at the age of {age} .
superlative: {name.his} last/ADJ {works} are the ( most/ADV famous | best/ADJ | strangest ) .
dative-passive: in {prize} , {name.he} was given/VERB a ( prize/NOUN | medal ) for {name.his} {works} .
pseudo-cleft: what {name.he} loved/VERB most/ADV was ( music | the sea | silence/NOUN | a good dinner ) .
concession-clause: although {name.he} was never rich , {name.he} ( travelled | gave money to/ADP the poor/ADJ | had/VERB many guests ) .
existential: there/PRON is a street/NOUN in {city} that/PRON has/VERB {name.his} name/NOUN .
"""

QUESTIONS = {
    "capital": "question/NOUN : what is the capital/NOUN of {name} ?",
    "continent": "question/NOUN : where/ADV is {name} ?",
    "language": "question/NOUN : what/DET language is spoken/VERB in {name} ?",
    "home": "question/NOUN : where/ADV does {name.the} live/VERB ?",
    "food": "question/NOUN : what does {name.the} eat ?",
    "birthplace": "question/NOUN : where/ADV was {name.full} born/VERB ?",
    "trade": "question/NOUN : what was {name.full} ?",
}
"""Questions about facts, by the field that answers them."""

STEM = "answer/NOUN :"

SENTENCES = (5, 9)
"""Fewest and most lines of an article."""


def number_token(value: int) -> tuple[Tok, ...]:
    """Return a number in digits."""
    return ((str(value), str(value), "NUM", "NumForm=Digit|NumType=Card", ""),)


def _plain(tokens: tuple[Tok, ...], lexeme: Lexeme | None = None) -> Participant:
    """Return fixed tokens as a participant."""
    return Participant({"np": tokens}, lexeme or load_lexicon().get("NOUN", "number"))


def _adjective(word: str) -> Participant:
    return _plain((token(load_lexicon().get("ADJ", word), "pos"),))


def _noun(lexeme: Lexeme, number: str = "sg") -> Participant:
    """Return a bare noun as a participant: mass nouns in the singular."""
    form = "sg" if "mass" in lexeme.tags or number == "sg" else "pl"
    return _plain((token(lexeme, form),), lexeme)


@cache
def of_country(country: Country) -> dict[str, Participant]:
    """Return the participants of an article about a country."""
    fields = ("name", "capital", "continent", "language", "neighbour")
    found = {field: thing(getattr(country, field)) for field in fields}
    found |= {"size": _adjective(country.size), "product": _noun(country.product)}
    found |= {"founded": _plain(number_token(country.founded)), "museums": _plain(number_token(country.museums))}
    found["animals"] = _noun(country.animal, "pl")
    return found


@cache
def of_creature(creature: Creature) -> dict[str, Participant]:
    """Return the participants of an article about an animal."""
    noun = load_lexicon().get
    home = thing(creature.home)
    home.forms = {**home.forms, "where": (_preposition(creature.home), *home.forms["np"])}
    rest = {"day": "night", "night": "day"}[creature.active]
    return {
        "name": thing(creature.name),
        "names": _noun(creature.name, "pl"),
        "home": home,
        "food": _noun(creature.food, "pl"),
        "size": _adjective(creature.size),
        "years": _plain(number_token(creature.years)),
        "enemy": thing(creature.enemy),
        "enemies": _noun(creature.enemy, "pl"),
        "active": _noun(noun("NOUN", creature.active)),
        "rest": _noun(noun("NOUN", rest)),
    }


@cache
def of_figure(figure: Figure) -> dict[str, Participant]:
    """Return the participants of an article about a person."""
    died = figure.born + figure.age
    works = Pattern(f"{figure.famous_for}/NOUN:pl", "")(Scene(None))  # type: ignore[arg-type]
    numbers = {"born": figure.born, "died": died, "age": figure.age, "young": 19 + figure.age % 9}
    numbers["prize"] = figure.born + figure.age // 2
    return {
        "name": person(figure.first, figure.last),
        "trade": _noun(figure.trade),
        "birthplace": thing(figure.birthplace),
        "city": thing(figure.city),
        "works": _plain(tuple(works)),
        **{name: _plain(number_token(value)) for name, value in numbers.items()},
    }


ON = frozenset(["farm", "hill", "mountain", "beach", "ice", "savanna"])
"""Places that one is on, not in."""


def _preposition(place: Lexeme) -> Tok:
    return token(load_lexicon().get("ADP", "on" if place.lemma in ON else "in"), "base")


Source = tuple[tuple[Line, ...], Callable[[], tuple[Any, ...]], Callable[..., dict[str, Participant]]]


@lru_cache(maxsize=1)
def compiled() -> tuple[Source, ...]:
    """Return, for each kind of article, its lines, its entities and how they are cast."""
    return (
        (tuple(named_lines(COUNTRY)), countries, of_country),
        (tuple(named_lines(CREATURE)), creatures, of_creature),
        (tuple(named_lines(FIGURE)), figures, of_figure),
    )


@cache
def _told_in(kind: int, split: str) -> tuple[tuple[Any, tuple[Line, ...]], ...]:
    """Return the entities with the lines that a split may tell of them; the first line, the definition, is for all."""
    lines, entities, _ = compiled()[kind]
    found = []
    for at, entity in enumerate(entities()):
        # Every combination of an entity with a line belongs to one split, but a short article borrows from train.
        # What is asked about and not in the definition, the language, is told in every split.
        told = [line for line in lines[1:] if "{language}" in line[0].source]
        kept = [line for line in lines[1:] if line in told or split_of(kind, at, line[0].source) == split]
        kept += [line for line in lines[1:] if line not in kept and split_of(kind, at, line[0].source) == "train"]
        found.append((entity, (lines[0], *kept[: SENTENCES[1]])))
    return tuple(found)


def article(scene: Scene) -> list[list[Tok]]:
    """Return one article about a country, an animal or a person."""
    dice = scene.dice
    kind = dice.below(3)
    entity, lines = dice.pick(_told_in(kind, scene.split))
    scene.names.update(compiled()[kind][2](entity))
    count = min(dice.between(*SENTENCES), len(lines)) - 1
    chosen = sorted(dice.sample(range(1, len(lines)), count))
    told: list[list[Tok]] = []
    for i in (0, *chosen):
        tell(lines[i], scene, told)
    return told


@cache
def _questions() -> dict[str, Pattern]:
    return {name: Pattern(source, "fact-question") for name, source in QUESTIONS.items()}


@lru_cache(maxsize=1)
def stem() -> Pattern:
    """Return the beginning of an answer."""
    return Pattern(STEM, "answer")


@cache
def _kind_of_field(field: str) -> int:
    """Return which kind of entity has a field: 0 countries, 1 animals, 2 people."""
    return 0 if field in {"capital", "continent", "language"} else 1 if field in {"home", "food"} else 2


@cache
def _askable(split: str, fields: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Return the entities that a split may ask about, by field."""
    found = {}
    for field in fields:
        entities = enumerate(compiled()[_kind_of_field(field)][1]())
        found[field] = tuple(x for at, x in entities if split_of("fact", field, at) == split)
    return {field: entities for field, entities in found.items() if entities}


def fact_question(scene: Scene, fields: tuple[str, ...] = tuple(QUESTIONS)) -> Sample:
    """Return a question about the world: every fact is told in training, but not every question is asked there."""
    dice = scene.dice
    askable = _askable(scene.split, fields)
    field = dice.pick(tuple(askable))
    entity = dice.pick(askable[field])
    _, everyone, cast = compiled()[_kind_of_field(field)]
    scene.names.update(cast(entity))
    right = getattr(entity, field)
    others = list(dict.fromkeys(getattr(x, field) for x in everyone() if getattr(x, field) is not right))
    wrong = [_answer(x, field) for x in dice.sample(others, 3)]
    choices, answer = shuffled_choices(scene, _answer(right, field), wrong)
    return Sample([_questions()[field](scene)], stem()(scene), choices, answer, field)


def _answer(lexeme: Lexeme, field: str) -> list[Tok]:
    """Return an answer as it stands after *Answer:*; places with *in*, countable food in the plural."""
    lexicon = load_lexicon()
    if field in {"continent", "birthplace"}:
        return [token(lexicon.get("ADP", "in"), "base"), token(lexeme, "sg")]
    if field == "home":
        return [_preposition(lexeme), token(lexicon.get("DET", "the"), "base"), token(lexeme, "sg")]
    if field == "trade":
        return [token(lexicon.get("DET", "a"), "base"), token(lexeme, "sg")]
    return [token(lexeme, "pl" if field == "food" and "mass" not in lexeme.tags else "sg")]


def question_lines(scene: Scene) -> list[list[Tok]]:
    """Return a fact question with its answer as running text."""
    first, *rest = fact_question(scene).sentences()
    return [on_new_line(first), *rest]


COMPLETIONS = {
    "capital": "the capital/NOUN of {name} is",
    "language": "the people of {name} speak",
    "food": "the food that/PRON {names} like/VERB best/ADV is",
}
"""Facts to be completed; the first and second wording never occur in training, the third only within articles."""


@cache
def _completions() -> dict[str, Pattern]:
    return {name: Pattern(source, "completion") for name, source in COMPLETIONS.items()}


def completed_fact(scene: Scene) -> Sample:
    """Return a statement of a fact, in a wording of its own, to be completed."""
    made = fact_question(scene, tuple(COMPLETIONS))
    return Sample([], _completions()[made.group](scene), made.choices, made.answer, made.group)
