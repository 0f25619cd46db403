"""Endings of stories: the true next sentence against one with a person or a thing of another story."""

from __future__ import annotations

from analysis.language.casting import draw_name
from analysis.language.domain_stories import story
from analysis.language.patterns import Scene
from analysis.language.samples import Sample
from analysis.language.tokens import Tok

FEWEST = 6
"""Sentences that are read at least."""


def _recast(sentence: list[Tok], old: str, new: str) -> list[Tok]:
    return [(new, new, *tok[2:]) if tok[0] == old else tok for tok in sentence]


def ending_question(scene: Scene) -> Sample:
    """Return a story's beginning and two ways to go on: with its own person, or with a stranger.

    The sentence is a later one that names the hero or the friend; the stranger has the same gender, so that only the
    story tells who is meant.
    """
    dice = scene.dice
    while True:
        told = story(scene)
        hero, friend = (scene.names[name] for name in ("hero", "friend"))
        names = {hero.lexeme.lemma: hero, friend.lexeme.lemma: friend}
        later = [i for i in range(FEWEST, len(told)) if any(tok[0] in names for tok in told[i])]
        if later:
            break
    at = dice.pick(later)
    old = next(tok[0] for tok in told[at] if tok[0] in names)
    while (stranger := draw_name(dice, names[old].gender).lexeme.lemma) in names:
        pass
    first, *rest = told[at]
    true = [(first[0][0].upper() + first[0][1:], *first[1:]), *rest]
    choices = [true, _recast(true, old, stranger)]
    answer = dice.below(2)
    if answer:
        choices.reverse()
    return Sample(told[: at - 1], told[at - 1], choices, answer, "hero" if names[old] is hero else "friend")
