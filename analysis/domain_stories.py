"""Stories: characters who persist, a place, a problem, attempts and an end."""

from __future__ import annotations

from functools import lru_cache

from analysis.casting import draw_name, role
from analysis.chance import lexeme_table, partners
from analysis.grammar import named_patterns
from analysis.lexicon import load_lexicon
from analysis.participants import person, thing
from analysis.patterns import Pattern, Scene, table_of
from analysis.story_plots import COMMON, PLOTS
from analysis.tokens import Tok

Stage = tuple[tuple[Pattern, ...], int]
"""Patterns of which some are told, and how many."""


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
    return settings, [(tuple(named_patterns("\n".join(lines))), count) for lines, count in stages]


@lru_cache(maxsize=1)
def compiled() -> list[tuple[str, dict[str, str], list[Stage]]]:
    """Return all plots, compiled."""
    return [(name, *parse_stages(block)) for name, block in PLOTS.items()]


def _characters(scene: Scene, settings: dict[str, str]) -> None:
    """Choose who and what the story is about; hero and thing are a combination of the split."""
    dice, names = scene.dice, scene.names
    names["hero"] = draw_name(dice)
    while (friend := draw_name(dice)) is names["hero"]:
        pass
    names["friend"] = friend
    kin = table_of("NOUN", ("family", "male") if dice.random() < 0.5 else ("family", "female"), ("child",))
    names["elder"] = role(dice, dice.draw(kin))
    hero = names["hero"].lexeme.lemma
    for name, source in settings.items():
        heads = [x for tags in source.split("|") for x in table_of("NOUN", tuple(tags.split()), ("mass",)).items]
        head = dice.draw(partners(hero, _joined(tuple(dict.fromkeys(heads))), scene.split))
        colours = table_of("ADJ", (f"of:{next(iter(head.tags & _KINDS))}",), _PLAIN)
        names[name] = thing(head, "sg", dice.draw(colours) if dice.random() < 0.7 else None)
