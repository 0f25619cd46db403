# ruff: noqa: E501 - a pattern is one line
"""Arithmetic in words: sums, and small stories that end in a question of how many."""

from __future__ import annotations

from functools import lru_cache

from analysis.language.casting import draw_name
from analysis.language.chance import Table, lexeme_table, split_of
from analysis.language.domain_facts import stem
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.numerals import LIMIT, numeral
from analysis.language.participants import Participant, thing
from analysis.language.patterns import Line, Pattern, Scene, named_lines, tell
from analysis.language.samples import Sample, on_new_line, shuffled_choices
from analysis.language.tokens import Tok

LARGEST = {"plus": 20, "minus": 30, "times": 9}
"""The largest number of a table, by operation."""
LARGEST_STEP = 12
"""The largest number in a word problem and in a sum of three."""
SUM_RATE = 0.5
"""Share of plain sums among the questions."""
TABLE_RATE = 0.4
"""Share of the tables, sums of two numbers that are learnt by heart, among the plain sums of training."""

TABLE = "question/NOUN : ( what is | how much/ADJ is ) {x} {operation} {y} ?"
SUM = "question/NOUN : ( what is | how much/ADJ is ) {x} {operation} {y} {then} {z} ?"

PROBLEMS = {
    "more-less": """
transitive: {who.np} has/VERB {x} {goods} . // vp-coordination: {who.he} ( buys {y} more/ADJ | finds {y} more/ADJ | gets {y} more/ADJ from {other.np} ) and ( gives {z} of them to/ADP {other.np} | loses {z} of them | sells {z} of them ) .
""",
    "less-more": """
past-perfect: {who.np} had/AUX bought {x} {goods} . // clause-coordination: {who.he} ( lost/VERB | sold ) {z} of them , but then {other.np} gave {who.him} {y} .
existential: there/PRON were {x} {goods} ( in the bag | in the box/NOUN | on the table/NOUN ) . // transitive: {other.np} took {z} of them away . // transitive: later , {who.np} put {y} new ones/NOUN:pl there/ADV .
""",
    "two-people": """
clause-coordination: {who.np} has/VERB {x} {goods} , and {other.np} has/VERB {y} . // transitive: together they give {z} to/ADP a friend/NOUN .
""",
    "comparison": """
transitive: {who.np} has/VERB {x} {goods} . // comparative: {other.np} has/VERB {y} more/ADJ than/ADP {who.np} .
""",
    "difference": """
clause-coordination: {who.np} has/VERB {x} {goods} , and {other.np} has/VERB {z} less/ADJ .
""",
}
"""Word problems by kind; the answers are in `solve`."""

ASK = {
    "more-less": "question/NOUN : how many {goods} does {who.np} have/VERB now ?",
    "less-more": "question/NOUN : how many {goods} are there/PRON ( now | in the end ) ?",
    "two-people": "question/NOUN : how many {goods} do they ( still have/VERB | have/VERB left/VERB:part ) ?",
    "comparison": "question/NOUN : how many {goods} does {other.np} have/VERB ?",
    "difference": "question/NOUN : how many {goods} does {other.np} have/VERB ?",
}


def solve(kind: str, x: int, y: int, z: int) -> int:
    """Return the answer of a word problem."""
    steps = {"comparison": x + y, "difference": x - z}
    return steps.get(kind, x + y - z)


def calculate(operation: str, x: int, y: int) -> int:
    """Return the value of a sum."""
    return {"plus": x + y, "minus": x - y, "times": x * y}[operation]


@lru_cache(maxsize=1)
def compiled() -> tuple[Pattern, Pattern, dict[str, tuple[Line, ...]], dict[str, Pattern]]:
    """Return the patterns of tables, sums, problems and their questions."""
    problems = {kind: tuple(named_lines(block)) for kind, block in PROBLEMS.items()}
    questions = {kind: Pattern(source, "how-many-question") for kind, source in ASK.items()}
    return Pattern(TABLE, "sum-question"), Pattern(SUM, "sum-question"), problems, questions


@lru_cache(maxsize=1)
def _goods() -> Table[Lexeme]:
    nouns = load_lexicon().select("NOUN", "toy", without=("mass",)) + load_lexicon().select(
        "NOUN", "fruit", without=("mass",)
    )
    books = tuple(x for x in load_lexicon().select("NOUN") if x.lemma in _COUNTED)
    return lexeme_table(tuple(dict.fromkeys(nouns + books)))


_COUNTED = frozenset(
    [
        "book",
        "coin",
        "egg",
        "flower",
        "key",
        "ticket",
        "stamp",
        "pencil",
        "card",
        "fish",
        "hen",
        "sheep",
        "letter",
        "cake",
        "cup",
        "shirt",
    ]
)


def number(value: int) -> Participant:
    """Return a number as a participant."""
    return Participant({"np": numeral(value)}, load_lexicon().get("NOUN", "number"))


def near(scene: Scene, value: int) -> list[int]:
    """Return three wrong answers near the right one."""
    steps = scene.dice.shuffled((-1, 1, -2, 2, 10, -10, 3, -3))
    return [value + step for step in steps if 0 <= value + step <= LIMIT][:3]


def _answered(scene: Scene, value: int, before: list[list[Tok]], group: str) -> Sample:
    wrong = [list(numeral(other)) for other in near(scene, value)]
    choices, answer = shuffled_choices(scene, list(numeral(value)), wrong)
    return Sample(before, stem()(scene), choices, answer, group)


def _sign(operation: str) -> Participant:
    return thing(load_lexicon().get("ADP", operation))


def table_question(scene: Scene) -> Sample:
    """Return a sum of two numbers: for training alone, where all of them are told."""
    dice, operations = scene.dice, tuple(LARGEST)
    while True:
        operation = dice.pick(operations)
        x, y = dice.between(1, LARGEST[operation]), dice.between(1, LARGEST[operation])
        if calculate(operation, x, y) >= 0:
            break
    scene.names |= {"x": number(x), "y": number(y), "operation": _sign(operation)}
    return _answered(scene, calculate(operation, x, y), [compiled()[0](scene)], operation)


def sum_question(scene: Scene) -> Sample:
    """Return a sum of three numbers that, in this order and with these signs, belong to the split."""
    dice, names = scene.dice, scene.names
    while True:
        first, then = dice.pick(("plus", "minus")), dice.pick(("plus", "minus"))
        x, y, z = (dice.between(1, LARGEST_STEP) for _ in range(3))
        subtotal = calculate(first, x, y)
        total = calculate(then, subtotal, z)
        if min(subtotal, total) >= 0 and split_of("sum", x, first, y, then, z) == scene.split:
            break
    names |= {"x": number(x), "y": number(y), "z": number(z), "operation": _sign(first), "then": _sign(then)}
    return _answered(scene, total, [compiled()[1](scene)], f"{first}-{then}")


TWO_NUMBERS = ("comparison", "difference")
"""Kinds of problem that tell two numbers, not three."""


def problem(scene: Scene, kind: str = "") -> Sample:
    """Return a word problem whose numbers belong to the split."""
    dice, names = scene.dice, scene.names
    kind = kind or dice.pick(tuple(PROBLEMS))
    while True:
        x, y, z = (dice.between(2, LARGEST_STEP) for _ in range(3))
        shown = (x, y) if kind in TWO_NUMBERS else (x, y, z)
        if z < x and split_of(kind, *shown) == scene.split:
            break
    names["who"] = draw_name(dice)
    while (other := draw_name(dice)) is names["who"]:
        pass
    goods = thing(dice.draw(_goods()), "pl")
    names |= {"other": other, "x": number(x), "y": number(y), "z": number(z)}
    names["goods"] = Participant({"np": goods.forms["noun"]}, goods.lexeme, "pl")
    before: list[list[Tok]] = []
    tell(dice.pick(compiled()[2][kind]), scene, before)
    before.append(compiled()[3][kind](scene))
    return _answered(scene, solve(kind, x, y, z), before, kind)


def _plain_sum(scene: Scene) -> Sample:
    is_table = scene.split == "train" and scene.dice.chance(TABLE_RATE)
    return table_question(scene) if is_table else sum_question(scene)


def exercise(scene: Scene) -> list[list[Tok]]:
    """Return one question with its answer as running text, on a line of its own."""
    made = _plain_sum(scene) if scene.dice.chance(SUM_RATE) else problem(scene)
    first, *rest = made.sentences()
    return [on_new_line(first), *rest]
