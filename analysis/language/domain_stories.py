"""Stories: characters who persist, a place, a problem, attempts and an end."""

from __future__ import annotations

from functools import cache, lru_cache

from analysis.language.casting import draw_name, nouns_for, role
from analysis.language.chance import Table, lexeme_table, partners
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.participants import kind_of, thing, verb
from analysis.language.patterns import Line, Scene, named_lines, table_of, tell
from analysis.language.story_plots import PLOTS
from analysis.language.story_stages import COMMON
from analysis.language.tokens import Tok

ADJECTIVE_RATE = 0.7
"""How often the thing that a story is about has an adjective."""

Stage = tuple[tuple[Line, ...], int]
"""Lines of which some are told, and how many."""


def parse_stages(block: str) -> tuple[dict[str, str], list[Stage]]:
    """Read a plot: settings ``name = nouns``, stages headed ``> name [count]``, inclusions ``< name [count]``."""
    settings: dict[str, str] = {}
    stages: list[tuple[list[str], int]] = []
    for line in block.strip().splitlines():
        if line.startswith((">", "<")):
            name, *count = line[1:].split()
            lines = COMMON[name].strip().splitlines() if line[0] == "<" else []
            stages.append((lines, int(count[0]) if count else 1))
        elif not stages:
            key, _, value = line.partition(" = ")
            settings[key] = value
        else:
            stages[-1][0].append(line)
    return settings, [(tuple(named_lines("\n".join(lines))), count) for lines, count in stages]


@lru_cache(maxsize=1)
def compiled() -> list[tuple[dict[str, str], list[Stage]]]:
    """Return all plots, compiled."""
    return [parse_stages(block) for block in PLOTS.values()]


ELDERS = {"m": ("father", "uncle", "grandfather"), "f": ("mother", "aunt", "grandmother")}
PLAIN_KINDS = frozenset({"food", "animal"})
"""Kinds that get no colour or size: brown lemons make no good stories."""


@cache
def _heads(source: str) -> Table[Lexeme]:
    """Return the nouns of a setting that the lexicon knows."""
    if source == "PROPN":
        return table_of("PROPN", ("city",))
    nouns = {x.lemma: x for x in load_lexicon().select("NOUN")}
    return lexeme_table([nouns[lemma] for lemma in source.split() if lemma in nouns])


@cache
def _deeds() -> Table[Lexeme]:
    """Return the verbs with an object that are nouns, too: they are talked about."""
    found = table_of("VERB", ("homograph", "transitive", "passive-ok"), ("particle", "prep", "film", "neg")).items
    return Table([x for x in found if len(nouns_for(x, "obj").items) > 3])


@cache
def _looks(kind: str) -> Table[Lexeme]:
    """Return the plain adjectives for a kind of thing: what one can see."""
    seen = frozenset({"colour", "size", "age", "material", "shape"})
    found = load_lexicon().select("ADJ", f"of:{kind}", without=("predicative", "attributive", "neg", "film"))
    return lexeme_table([x for x in found if x.tags & seen and kind not in PLAIN_KINDS])


def _characters(scene: Scene, settings: dict[str, str]) -> None:
    """Choose who and what the story is about; hero and thing are a combination of the split."""
    dice, names = scene.dice, scene.names
    names["hero"] = draw_name(dice)
    while (friend := draw_name(dice)) is names["hero"]:
        pass
    names["friend"] = friend
    elder = dice.pick(ELDERS["m" if dice.random() < 0.5 else "f"])
    names["elder"] = role(dice, load_lexicon().get("NOUN", elder))
    names["act"] = verb(dice.draw(_deeds()))
    aims = partners(names["act"].lexeme.lemma, nouns_for(names["act"].lexeme, "obj"), scene.split)
    names["aim"] = thing(dice.draw(aims))
    for name, source in settings.items():
        head = dice.draw(partners(names["hero"].lexeme.lemma, _heads(source), scene.split))
        looks = _looks(kind_of(head)) if head.upos == "NOUN" else Table[Lexeme](())
        described = looks.items and dice.random() < ADJECTIVE_RATE
        names[name] = thing(head, "sg", dice.draw(looks) if described else None)


def story(scene: Scene) -> list[list[Tok]]:
    """Return the sentences of one story."""
    settings, stages = scene.dice.pick(compiled())
    _characters(scene, settings)
    told: list[list[Tok]] = []
    for lines, count in stages:
        chosen = [scene.dice.below(len(lines))]
        while len(chosen) < count:
            if (more := scene.dice.below(len(lines))) not in chosen:
                chosen.append(more)
        for i in sorted(chosen):
            tell(lines[i], scene, told)
    return told
