"""The ceiling of prediction: how probable each part of speech is as the next word's, given what was read.

The generator is a program that consumes uniform random numbers. Given the words of a passage so far, these numbers
have a posterior: uniform on all streams that make these very words. The stream that made the passage is an exact draw
from it, so a Markov chain that starts there and moves only to streams that make the same words is in equilibrium from
its first step, and the tags that its states put next are draws from the next-tag posterior.

What the estimate conditions on: the domain, the split, all words of the passage before the one to be predicted, and
where its last piece (story, review, question …) began. Pieces are made independently, so earlier ones say no more.

What it is not: exact for one prefix. The chain changes one number, or all from one number on; a derivation of the
same words that needs several distant changes at once may be missed, and the estimate for that prefix is then too
sharp and its standard error too small. Averaged over passages this bias has one direction: the entropy is too low and
the accuracy of the best guess too high, so the estimate stays what it is called, a ceiling. `Posterior.accepted` says
how freely the chain moved.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from analysis.errors import InputError
from analysis.language.chance import Dice, dice
from analysis.language.domains import WRITERS
from analysis.language.patterns import Scene
from analysis.language.tokens import Composer
from analysis.texts import Text

BATCHES = 10
SINGLE_RATE = 0.5
"""How often a step changes a single number; else it throws all later ones anew, too."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Monte-Carlo estimate of the distribution of the next word's part of speech.

    Attributes
    ----------
    probability : mapping of str to float
        Estimated probability by UPOS, the likeliest first.
    error : mapping of str to float
        Standard error of each, from the means of ten batches of the chain.
    steps, accepted : int
        Steps of the chain, and how many of them changed the random numbers.
    """

    probability: Mapping[str, float]
    error: Mapping[str, float]
    steps: int
    accepted: int

    @property
    def best(self) -> str:
        """The likeliest tag."""
        return next(iter(self.probability))

    @property
    def entropy(self) -> float:
        """Entropy in bits."""
        return -sum(p * math.log2(p) for p in self.probability.values() if p > 0)


def _key(text: Text) -> tuple[str, str, int, int]:
    """Return how a passage was made: domain, split, seed, number."""
    parts = text.document.split("/")
    if len(parts) != 4 or parts[0] not in WRITERS:
        raise InputError(f"text {text.document!r} is no passage of the teaching language: give one of `passages`")
    return parts[0], parts[1], int(parts[2]), int(parts[3])


def _words(domain: str, split: str, throw: Dice) -> list[tuple[str, str]]:
    """Return the forms, as they are written, and tags of one piece."""
    composer = Composer()
    for sentence in WRITERS[domain](Scene(throw, split)):
        composer.add(sentence)
    return [(word.form, word.upos) for word in composer.words]


class _Chain:
    """Streams of numbers for one piece that all make the same first words."""

    def __init__(self, text: Text, at: int, rng: np.random.Generator) -> None:
        self.domain, self.split, _, _ = key = _key(text)
        self.rng = rng
        throw = dice(*key)
        while True:
            start = throw.used
            words = _words(self.domain, self.split, throw)
            if at < len(words):
                break
            at -= len(words)
        self.forms = [form for form, _ in words[:at]]
        self.tag = words[at][1]
        self.values = throw.values[start : throw.used]

    def step(self) -> bool:
        """Change one number, or all from one on; keep the change if the first words stay. Say whether it was kept."""
        used = len(self.values)
        at = int(self.rng.integers(used))
        tail = self.values[at + 1 :] if self.rng.random() < SINGLE_RATE else []
        throw = Dice(self.rng, [*self.values[:at], float(self.rng.random()), *tail])
        words = _words(self.domain, self.split, throw)
        n = len(self.forms)
        if len(words) <= n or any(words[i][0] != form for i, form in enumerate(self.forms)):
            return False
        if self.rng.random() * throw.used > used:  # the way back is chosen among more numbers
            return False
        self.values, self.tag = throw.values[: throw.used], words[n][1]
        return True


def next_tag_posterior(text: Text, at: int, steps: int = 400, seed: int = 0) -> Posterior:
    """Estimate the distribution of the part of speech of one word, given the words before it.

    Parameters
    ----------
    text : Text
        A passage from `passages`; its ``document`` says how it was made, so that it can be made again.
    at : int
        Index of the word to be predicted; the words before it are given.
    steps : int
        Steps of the chain.
    seed : int
        Of the chain.

    Returns
    -------
    Posterior

    Raises
    ------
    InputError
        If the text is not a passage of the teaching language or has no such word.
    """
    _key(text)
    if not 0 <= at < len(text.words):
        raise InputError(f"no word {at} in {text.document!r}: give 0 to {len(text.words) - 1}")
    digest = crc32(f"{text.document}/{at}".encode())
    chain = _Chain(text, at, np.random.default_rng([seed, digest]))
    tags, accepted = [], 0
    for _ in range(steps):
        accepted += chain.step()
        tags.append(chain.tag)
    counts = Counter(tags).most_common()
    batches = np.array_split(np.array(tags), BATCHES)
    means = {tag: [float(np.mean(batch == tag)) for batch in batches] for tag, _ in counts}
    return Posterior(
        {tag: count / steps for tag, count in counts},
        {tag: float(np.std(values, ddof=1) / math.sqrt(BATCHES)) for tag, values in means.items()},
        steps,
        accepted,
    )
