"""Labelled samples: one making, two readings, as training text and as a multiple-choice item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.language.patterns import Scene
from analysis.language.tokens import BREAK, Composer, Tok
from analysis.texts import Item

ANSWER = re.compile(r"\b(?:Verdict|Section|Acceptable|Answer|Output):(?P<answer>[^.\n]*\.)")
"""Where the answer of a labelled sample stands in running text."""

FULL_STOP: Tok = (".", ".", "PUNCT", "_", "")


@dataclass(slots=True)
class Sample:
    """Something that can be asked: what is read first, the stem of the answer, and the choices.

    Attributes
    ----------
    before : list of sentences
        What is read before the stem.
    stem : list of Tok
        The beginning of the last sentence, for instance *Verdict:*.
    choices : list of lists of Tok
        The answers to choose from.
    answer : int
        Index of the right one.
    group : str
        Kind of sample within its task.
    """

    before: list[list[Tok]]
    stem: list[Tok]
    choices: list[list[Tok]]
    answer: int
    group: str = ""

    def sentences(self) -> list[list[Tok]]:
        """Return the sample as running text, with the right answer."""
        last = [*self.stem, *self.choices[self.answer], FULL_STOP]
        return [*self.before, stamped(last, self.group)]

    def item(self, task: str) -> Item:
        """Return the sample as an item."""
        context = Composer()
        for sentence in self.before:
            context.add(sentence)
        context.add(self.stem)
        text = "".join(context.parts).lstrip("\n")
        return Item(task, text, tuple(" " + spell(x) for x in self.choices), self.answer, self.group)


def stamped(sentence: Sequence[Tok], construction: str) -> list[Tok]:
    """Return a sentence whose unclaimed tokens belong to a construction."""
    return [tok if tok[4] else (*tok[:4], construction) for tok in sentence]


def spell(tokens: Sequence[Tok]) -> str:
    """Return tokens as text, without a capital."""
    composer = Composer()
    composer.add(tokens, capital=False)
    return "".join(composer.parts)


def shuffled_choices(scene: Scene, right: list[Tok], wrong: Sequence[list[Tok]]) -> tuple[list[list[Tok]], int]:
    """Return all choices in random order and the index of the right one."""
    order = scene.dice.shuffled(range(len(wrong) + 1))
    options = [right, *wrong]
    return [options[i] for i in order], order.index(0)


def on_new_line(sentence: list[Tok]) -> list[Tok]:
    """Return a sentence that begins a line."""
    return [BREAK, *sentence]
