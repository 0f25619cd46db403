"""The domains: what each is made of, and how texts of at least a given length are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analysis.errors import InputError
from analysis.language.acceptability import judged_lines
from analysis.language.chance import Dice, Table, check_split, dice
from analysis.language.domain_arithmetic import exercise
from analysis.language.domain_code import listing
from analysis.language.domain_facts import article, question_lines
from analysis.language.domain_news import report
from analysis.language.domain_passages import passage_with_questions
from analysis.language.domain_reviews import review
from analysis.language.domain_stories import story
from analysis.language.patterns import Scene
from analysis.language.samples import on_new_line
from analysis.language.tokens import Composer, Tok
from analysis.texts import Text

FACT_QUESTION_RATE = 0.35
"""How often questions follow an article of facts."""

Sentences = list[list[Tok]]


def _reviews(scene: Scene) -> Sentences:
    first, *rest = review(scene).sentences()
    return [on_new_line(first), *rest]


def _news(scene: Scene) -> Sentences:
    first, *rest = report(scene).sentences()
    return [on_new_line(first), *rest]


def _stories(scene: Scene) -> Sentences:
    first, *rest = story(scene)
    return [on_new_line(first), *rest]


def _facts(scene: Scene) -> Sentences:
    first, *rest = article(scene)
    told = [on_new_line(first), *rest]
    if scene.dice.chance(FACT_QUESTION_RATE):
        told += question_lines(scene) + question_lines(scene)
    return told


def _passages(scene: Scene) -> Sentences:
    first, *rest = passage_with_questions(scene)
    return [on_new_line(first), *rest]


WRITERS: dict[str, Callable[[Scene], Sentences]] = {
    "stories": _stories,
    "reviews": _reviews,
    "news": _news,
    "facts": _facts,
    "passages": _passages,
    "arithmetic": exercise,
    "code": listing,
    "acceptability": judged_lines,
}
"""What makes one piece of each domain: a story, a review with its verdict, a question with its answer …"""

MIXTURE = {
    "stories": 0.26,
    "reviews": 0.13,
    "news": 0.12,
    "facts": 0.11,
    "passages": 0.12,
    "arithmetic": 0.08,
    "code": 0.07,
    "acceptability": 0.11,
}
"""Share of each domain in the words of the training corpus."""

DOMAINS = tuple(WRITERS)


def check_domain(domain: str) -> None:
    """Raise `InputError` unless ``domain`` is one of `DOMAINS`."""
    if domain not in WRITERS:
        raise InputError(f"no domain {domain!r}: use one of {', '.join(DOMAINS)}")


def document(domain: str, split: str, throw: Dice, min_words: int, name: str) -> Text:
    """Return whole pieces of a domain, as many as make ``min_words`` words."""
    write = WRITERS[domain]
    composer = Composer()
    while len(composer.words) < min_words:
        for sentence in write(Scene(throw, split)):
            composer.add(sentence)
    return composer.text(domain, name)


def passages(domain: str, split: str, n: int, seed: int = 0, min_words: int = 150) -> list[Text]:
    """Return running texts of one domain, annotated word by word.

    Parameters
    ----------
    domain : str
        One of `DOMAINS`.
    split : str
        ``"train"``, ``"find"``, ``"tune"`` or ``"test"``.
    n : int
        How many.
    seed : int
        Same seed, same texts; text *i* does not depend on ``n``.
    min_words : int
        Fewest words of a text; it ends with the piece (story, review …) that reaches them.

    Returns
    -------
    list of Text
        Their ``document`` is ``domain/split/seed/number``.
    """
    check_domain(domain)
    check_split(split)
    keys = [(domain, split, seed, i) for i in range(n)]
    return [document(domain, split, dice(*key), min_words, "/".join(map(str, key))) for key in keys]


def corpus(n_words: int, seed: int = 0, min_words: int = 120) -> Iterator[Text]:
    """Yield the training mixture: texts of split ``train``, domains drawn so that `MIXTURE` holds in words.

    Parameters
    ----------
    n_words : int
        Stop when so many words have been yielded.
    seed : int
        Same seed, same texts.
    min_words : int
        Fewest words of a text.
    """
    chooser = dice("corpus", seed)
    table = Table(tuple(MIXTURE), MIXTURE.values())
    made = dict.fromkeys(MIXTURE, 0)
    number = 0
    while (total := sum(made.values())) < n_words:
        domain = chooser.draw(table)
        if made[domain] > MIXTURE[domain] * (total + min_words):
            continue
        name = f"corpus/{seed}/{number}"
        text = document(domain, "train", dice("corpus", domain, seed, number), min_words, name)
        made[domain] += len(text.words)
        number += 1
        yield text
