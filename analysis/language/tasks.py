"""Tasks: labelled items of the domains, and a few in formats that training never shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.language import acceptability, domain_reviews
from analysis.language.chance import check_split, dice
from analysis.language.domain_arithmetic import problem, sum_question
from analysis.language.domain_code import code_question
from analysis.language.domain_facts import completed_fact, fact_question
from analysis.language.domain_news import report, retitled_report
from analysis.language.domain_passages import passage_completion, passage_question, who_question
from analysis.language.patterns import Scene
from analysis.language.samples import Sample
from analysis.language.story_endings import ending_question
from analysis.language.tokens import Composer, Tok
from analysis.texts import Item


@dataclass(frozen=True, slots=True)
class Task:
    """What a task is.

    Attributes
    ----------
    domain : str
        Domain whose texts it mirrors.
    choices : int
        Number of choices.
    description : str
        What is asked, in one line.
    zero_shot : bool
        Whether its format or its domain never occurs in training.
    beyond : bool
        Whether the shipped model has not learned it, though training shows it: kept to say so.
    """

    domain: str
    choices: int
    description: str
    zero_shot: bool = False
    beyond: bool = False

    @property
    def chance(self) -> float:
        """Accuracy of guessing."""
        return 1 / self.choices


TASKS: Mapping[str, Task] = {
    "sentiment": Task("reviews", 2, "a film review with mixed evidence: positive or negative"),
    "topic": Task("news", 4, "a news report that touches several topics: its section"),
    "judgement": Task("acceptability", 2, "a sentence: acceptable or not"),
    "minimal-pairs": Task("acceptability", 2, "two sentences that differ in one fault, each called acceptable"),
    "passage-who": Task("passages", 3, "the question of who, after a passage; only one of the names stands in it"),
    "passage-question": Task("passages", 3, "any question after a passage; all answers stand in it", beyond=True),
    "fact-question": Task("facts", 4, "a question about the fixed world, told but never asked in training"),
    "sums": Task("arithmetic", 4, "a sum of three numbers in words, never seen with these signs in this order"),
    "word-problems": Task("arithmetic", 4, "a small story of numbers, in one or two steps"),
    "program-output": Task("code", 4, "what a program of three to six lines prints"),
    "story-ending": Task("stories", 2, "the sentence that goes on with a story's own people and things"),
    "sentiment-reworded": Task("reviews", 2, "the same reviews, asked for in other words", zero_shot=True),
    "restaurants": Task("reviews", 2, "sentiment of reviews of restaurants", zero_shot=True),
    "gadgets": Task("reviews", 2, "sentiment of reviews of gadgets", zero_shot=True),
    "topic-reworded": Task("news", 4, "the same reports, asked for in other words", zero_shot=True),
    "fact-completion": Task("facts", 4, "a fact as a statement to be completed, as articles put it"),
    "passage-completion": Task("passages", 3, "a passage and a statement about it to be completed", zero_shot=True),
}
"""All tasks by name."""


def _written(sentence: list[Tok]) -> str:
    composer = Composer()
    composer.add(sentence)
    return "".join(composer.parts)


CLAIM = "Sentence: {} Acceptable: yes."
"""A minimal pair is two such claims, of which one is false.

The bare sentences would not do: in the domain of acceptability every second sentence is faulty, so that a model which
knows the language perfectly finds both of a pair about as likely until the claim is made.
"""


def _minimal_pair(scene: Scene) -> Item:
    good, bad, phenomenon = acceptability.pair(scene)
    texts = [CLAIM.format(_written(sentence)) for sentence in (good, bad)]
    answer = scene.dice.below(2)
    return Item("minimal-pairs", "", tuple(texts if answer == 0 else reversed(texts)), answer, phenomenon)


SAMPLERS: dict[str, Callable[[Scene], Sample]] = {
    "sentiment": domain_reviews.review,
    "topic": report,
    "judgement": acceptability.judged,
    "passage-who": who_question,
    "passage-question": passage_question,
    "fact-question": fact_question,
    "sums": sum_question,
    "word-problems": problem,
    "program-output": code_question,
    "story-ending": ending_question,
    "sentiment-reworded": domain_reviews.reworded_review,
    "restaurants": lambda scene: domain_reviews.review(scene, domain_reviews.voice("restaurants")),
    "gadgets": lambda scene: domain_reviews.review(scene, domain_reviews.voice("gadgets")),
    "topic-reworded": retitled_report,
    "fact-completion": completed_fact,
    "passage-completion": passage_completion,
}


def _make(task: str, scene: Scene) -> Item:
    if task == "minimal-pairs":
        return _minimal_pair(scene)
    return SAMPLERS[task](scene).item(task)


def items(task: str, split: str, n: int, seed: int = 0) -> list[Item]:
    """Return different items of a task.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    split : str
        ``"train"``, ``"find"``, ``"tune"`` or ``"test"``.
    n : int
        How many; fewer come back where a split has fewer (small worlds have few facts).
    seed : int
        Same seed, same items.

    Returns
    -------
    list of Item
        No context with its choices stands twice.
    """
    if task not in TASKS:
        raise InputError(f"no task {task!r}: use one of {', '.join(TASKS)}")
    check_split(split)
    found: dict[tuple[str, tuple[str, ...]], Item] = {}
    for number in range(20 * n):
        if len(found) == n:
            break
        item = _make(task, Scene(dice("items", task, split, seed, number), split))
        found.setdefault((item.context, tuple(sorted(item.choices))), item)
    return list(found.values())
