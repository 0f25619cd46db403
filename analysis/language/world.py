"""A small fixed world, so that facts agree with each other: countries, animals, trades and people who never lived.

Capitals, languages, habitats and food come from the lexicon; what the lexicon leaves open is decided once, by dice
that never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analysis.language.chance import Dice, dice
from analysis.language.lexicon import Lexeme, load_lexicon

WORLD_SEED = 1
CENTURIES = (1600, 1990)


@dataclass(frozen=True, slots=True)
class Country:
    """One country: its name and what is known of it, as lexemes and numbers."""

    name: Lexeme
    capital: Lexeme
    continent: Lexeme
    language: Lexeme
    neighbour: Lexeme
    product: Lexeme
    animal: Lexeme
    size: str
    founded: int
    museums: int


@dataclass(frozen=True, slots=True)
class Creature:
    """One animal: where it lives, what it eats, how it is."""

    name: Lexeme
    home: Lexeme
    food: Lexeme
    size: str
    active: str
    years: int
    enemy: Lexeme


@dataclass(frozen=True, slots=True)
class Figure:
    """One person of the encyclopedia."""

    first: Lexeme
    last: Lexeme
    trade: Lexeme
    birthplace: Lexeme
    city: Lexeme
    born: int
    age: int
    famous_for: str


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


LARGE = _words("elephant whale giraffe horse bear camel lion tiger shark cow dolphin crocodile zebra kangaroo panda")
SMALL = _words(
    "mouse ant bee fly butterfly spider worm snail frog robin hamster shrimp insect crab bat hedgehog squirrel rabbit "
    "crow pigeon otter snake rat duck hen parrot salmon gull owl kitten puppy turtle penguin cat"
)


def _lexeme(upos: str, lemma: str) -> Lexeme:
    return load_lexicon().get(upos, lemma)


@lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    """Return the countries of the lexicon whose capital, continent and language it knows."""
    found = []
    names = load_lexicon().select("PROPN", "country", "capital", "lies", "speaks")
    goods = load_lexicon().select("NOUN", "food", "mass") + load_lexicon().select("NOUN", "material", "mass")
    goods = tuple(x for x in goods if x.lemma not in {"food", "meat", "jam", "ham"})
    beasts = load_lexicon().select("NOUN", "animal", "wild")
    for name in names:
        throw = dice(WORLD_SEED, "country", name.lemma)
        beside = [x for x in names if x.values["lies"] == name.values["lies"] and x is not name]
        neighbour = throw.pick(beside or [x for x in names if x is not name])
        found.append(
            Country(
                name,
                _lexeme("PROPN", name.values["capital"]),
                _lexeme("PROPN", name.values["lies"]),
                _lexeme("PROPN", name.values["speaks"]),
                neighbour,
                throw.pick(goods),
                throw.pick(beasts),
                throw.pick(("large", "small")),
                throw.between(*CENTURIES),
                throw.between(2, 30),
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def creatures() -> tuple[Creature, ...]:
    """Return the animals whose home and food the lexicon knows."""
    found = []
    nouns = {x.lemma: x for x in load_lexicon().select("NOUN")}
    for name in load_lexicon().select("NOUN", "animal", "home", "eats"):
        throw = dice(WORLD_SEED, "animal", name.lemma)
        enemies = [x for x in load_lexicon().select("NOUN", "animal", "home") if name.lemma == x.values.get("eats")]
        small = name.lemma in SMALL
        found.append(
            Creature(
                name,
                nouns[name.values["home"]],
                nouns[name.values["eats"]],
                "large" if name.lemma in LARGE else "small" if small else throw.pick(("large", "small")),
                throw.pick(("day", "night")),
                throw.between(2, 5) if small else throw.between(8, 60),
                enemies[0] if enemies else nouns["hunter"],
            )
        )
    return tuple(found)


FAME = {
    "writer": ("novels", "stories", "plays"),
    "painter": ("portraits", "statues", "paintings"),
    "singer": ("songs", "tunes"),
    "musician": ("songs", "tunes"),
    "physicist": ("experiments", "theories"),
    "chemist": ("experiments", "medicines"),
    "biologist": ("studies", "discoveries"),
    "scientist": ("discoveries", "theories"),
    "poet": ("poems", "letters"),
    "director": ("films", "comedies"),
    "engineer": ("bridges", "machines"),
    "dancer": ("shows", "performances"),
}


@lru_cache(maxsize=1)
def figures(count: int = 160) -> tuple[Figure, ...]:
    """Return the people of the encyclopedia, each with a name of their own."""
    lexicon = load_lexicon()
    firsts = lexicon.select("PROPN", "person-f") + lexicon.select("PROPN", "person-m")
    lasts = lexicon.select("PROPN", "surname")
    cities = lexicon.select("PROPN", "city")
    throw = dice(WORLD_SEED, "figures")
    names = throw.sample([(a, b) for a in firsts for b in lasts], count)
    return tuple(_figure(throw, first, last, cities) for first, last in names)


def _figure(throw: Dice, first: Lexeme, last: Lexeme, cities: tuple[Lexeme, ...]) -> Figure:
    trade = throw.pick([x for x in FAME if _known(x)])
    birthplace, city = throw.sample(cities, 2)
    return Figure(
        first,
        last,
        _lexeme("NOUN", trade),
        birthplace,
        city,
        throw.between(1780, 1940),
        throw.between(38, 92),
        throw.pick(FAME[trade]),
    )


def _known(lemma: str) -> bool:
    return any(x.lemma == lemma for x in load_lexicon().select("NOUN", "person"))
