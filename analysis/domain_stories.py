"""Stories: characters who persist, a place, a problem, attempts and an end."""

from __future__ import annotations

from functools import cache, lru_cache

from analysis.casting import draw_name, role
from analysis.chance import Table, lexeme_table, partners
from analysis.lexicon import Lexeme
from analysis.participants import kind_of, thing
from analysis.patterns import Line, Scene, named_lines, table_of, tell
from analysis.story_plots import COMMON, PLOTS
from analysis.tokens import Tok

ADJECTIVE_RATE = 0.7
"""How often the thing that a story is about has an adjective."""

Stage = tuple[tuple[Line, ...], int]
"""Lines of which some are told, and how many."""


def parse_stages(block: str) -> tuple[dict[str, str], list[Stage]]:
    """Read a plot: settings ``name = tags``, stages headed ``> name [count]``, inclusions ``< name [count]``."""
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


@cache
def _kin(gender: str) -> Table[Lexeme]:
    return table_of("NOUN", ("family", gender), ("child",))


@cache
def _heads(source: str) -> Table[Lexeme]:
    """Return the nouns of a setting: tags, alternatives separated by bars."""
    if source == "PROPN":
        return table_of("PROPN", ("city",))
    found: dict[Lexeme, None] = {}
    for tags in source.split("|"):
        wanted = [tag for tag in tags.split() if tag[0] != "-"]
        without = [tag[1:] for tag in tags.split() if tag[0] == "-"]
        found |= dict.fromkeys(table_of("NOUN", tuple(wanted), ("mass", "neg", *without)).items)
    return lexeme_table(list(found))


@cache
def _looks(kind: str) -> Table[Lexeme]:
    """Return the plain adjectives for a kind of thing: what one can see."""
    seen = ("colour", "size", "age", "material", "shape")
    without = ("predicative", "attributive", "neg", "film")
    return lexeme_table([x for x in table_of("ADJ", (f"of:{kind}",), without).items if x.tags & frozenset(seen)])


def _characters(scene: Scene, settings: dict[str, str]) -> None:
    """Choose who and what the story is about; hero and thing are a combination of the split."""
    dice, names = scene.dice, scene.names
    names["hero"] = draw_name(dice)
    while (friend := draw_name(dice)) is names["hero"]:
        pass
    names["friend"] = friend
    names["elder"] = role(dice, dice.draw(_kin("male" if dice.random() < 0.5 else "female")))
    for name, source in settings.items():
        head = dice.draw(partners(names["hero"].lexeme.lemma, _heads(source), scene.split))
        looks = head.upos == "NOUN" and dice.random() < ADJECTIVE_RATE
        names[name] = thing(head, "sg", dice.draw(_looks(kind_of(head))) if looks else None)


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
