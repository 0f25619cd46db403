"""Programs in a tiny language, and what they print."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from analysis.language.chance import split_of
from analysis.language.domain_arithmetic import near
from analysis.language.numerals import digits
from analysis.language.patterns import Pattern, Scene
from analysis.language.samples import Sample, shuffled_choices
from analysis.language.tokens import BREAK, CODE_BREAK, Tok

VARIABLES = ["a", "b", "c", "n", "x", "y"]
LARGEST_START = 9
LARGEST_STEP = 5
REPEATS = (2, 4)
LARGEST_OUTPUT = 40
KINDS = ("straight", "loop", "branch", "swap")
"""Kinds of program: assignments in a row, a loop, a choice, and values that change places."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its lines as words, and its output."""

    lines: tuple[str, ...]
    output: int
    kind: str


def _straight(throw: list[int], names: list[str]) -> Program:
    x, y, z = names
    a, b, c, d = throw
    lines = (f"{x} = {a}", f"{y} = {x} + {b}", f"{z} = {y} + {x}", f"{y} = {z} - {min(c, a + b)}", f"print {y}")
    if d % 3 == 0:
        return Program((*lines[:2], f"print {y}"), a + b, "straight")
    if d % 3 == 1:
        return Program((*lines[:3], f"print {z}"), a + b + a, "straight")
    return Program(lines, a + b + a - min(c, a + b), "straight")


def _loop(throw: list[int], names: list[str]) -> Program:
    x, y, _ = names
    a, b, c, d = throw
    times = REPEATS[0] + d % (REPEATS[1] - REPEATS[0] + 1)
    if c % 2:
        return Program((f"{x} = {a}", f"repeat {times} : {x} = {x} + {b}", f"print {x}"), a + times * b, "loop")
    lines = (f"{x} = {a}", f"{y} = {b}", f"repeat {times} : {x} = {x} + {y}", f"print {x}")
    return Program(lines, a + times * b, "loop")


def _branch(throw: list[int], names: list[str]) -> Program:
    x, y, _ = names
    a, b, c, d = throw
    taken, other = (x, y) if a > b else (y, x)
    value = max(a, b)
    lines = [f"{x} = {a}", f"{y} = {b}", f"if {x} > {y} : print {x} + {c} else : print {y} - {min(c, b)}"]
    if d % 2:
        return Program(tuple(lines), a + c if a > b else b - min(c, b), "branch")
    lines[2] = f"if {x} > {y} : print {x} else : print {y}"
    return Program(tuple(lines), value, "branch") if taken != other else Program((), -1, "branch")


def _swap(throw: list[int], names: list[str]) -> Program:
    x, y, z = names
    a, b, c, d = throw
    lines = (f"{x} = {a}", f"{y} = {b}", f"{z} = {x}", f"{x} = {y}", f"{y} = {z} + {c}")
    return Program((*lines, f"print {x if d % 2 else y}"), b if d % 2 else a + c, "swap")


MAKERS = {"straight": _straight, "loop": _loop, "branch": _branch, "swap": _swap}


def canonical(lines: tuple[str, ...]) -> str:
    """Return a program with its variables renamed in the order of their appearance: what the split hangs on."""
    renamed: dict[str, str] = {}
    words = (word for line in lines for word in [*line.split(), ";"])
    return " ".join(renamed.setdefault(word, f"v{len(renamed)}") if word in VARIABLES else word for word in words)


def program(scene: Scene, kind: str = "") -> Program:
    """Return a program that belongs to the split, whatever its variables are called."""
    dice = scene.dice
    kind = kind or dice.pick(KINDS)
    while True:
        throw = [dice.between(1, LARGEST_START), dice.between(1, LARGEST_STEP), dice.between(1, LARGEST_STEP)]
        throw.append(dice.below(6))
        made = MAKERS[kind](throw, dice.sample(VARIABLES, 3))
        if 0 <= made.output <= LARGEST_OUTPUT and split_of("code", canonical(made.lines)) == scene.split:
            return made


@cache
def _word(form: str, construction: str) -> Tok:
    if form.isdigit():
        return (*digits(int(form))[0][:4], construction)
    if form == ":":
        return (form, form, "PUNCT", "_", construction)
    return (form, form, "X" if form.isalpha() else "SYM", "_", construction)


CONSTRUCTION = {"repeat": "code-loop", "if": "code-branch", "print": "code-print"}


def _statement(line: str) -> list[Tok]:
    words = line.split()
    construction = CONSTRUCTION.get(words[0], "code-assignment")
    return [CODE_BREAK, *(_word(word, construction) for word in words)]


@lru_cache(maxsize=1)
def compiled() -> Pattern:
    """Return the stem of a program's output."""
    return Pattern("output/NOUN :", "code-output")


def code_question(scene: Scene) -> Sample:
    """Return a program and the question of its output."""
    made = program(scene)
    wrong = [list(digits(value)) for value in near(scene, made.output)]
    choices, answer = shuffled_choices(scene, list(digits(made.output)), wrong)
    lines = [_statement(line) for line in made.lines]
    return Sample(lines, [BREAK, *compiled()(scene)], choices, answer, made.kind)


def listing(scene: Scene) -> list[list[Tok]]:
    """Return a program with its output as running text."""
    return code_question(scene).sentences()
