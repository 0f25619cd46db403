"""Chance for the teaching language: dice that can be thrown again, weighted tables, and splits by hash."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

from analysis.errors import InputError
from analysis.language.lexicon import ZIPF_SHIFT, Lexeme

T = TypeVar("T")

SPLITS = ("train", "find", "tune", "test")
SHARES = {"train": 0.70, "find": 0.10, "tune": 0.10, "test": 0.10}
"""Share of the combinations (verb with object, entity with question, pair of numbers …) of each split."""


class Table(Generic[T]):
    """Things with weights, ready to be drawn from.

    Parameters
    ----------
    items : sequence
        What is drawn.
    weights : iterable of float, optional
        Their weights; equal by default.
    """

    __slots__ = ("cumulative", "items", "name")

    def __init__(self, items: Sequence[T], weights: Iterable[float] | None = None, name: str = "") -> None:
        self.items = tuple(items)
        self.cumulative = list(accumulate(weights if weights is not None else [1.0] * len(self.items)))
        self.name = name

    def weights(self) -> list[float]:
        """Return the weights, one per item."""
        return [b - a for a, b in zip([0.0, *self.cumulative], self.cumulative, strict=False)]


class Dice:
    """A stream of uniform numbers that remembers what it threw, so that a text can be thrown again with changes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where new numbers come from.
    values : sequence of float
        Numbers to be thrown first.
    """

    __slots__ = ("_rng", "used", "values")

    def __init__(self, rng: np.random.Generator, values: Sequence[float] = ()) -> None:
        self._rng = rng
        self.values = list(values)
        self.used = 0

    def random(self) -> float:
        """Return a number in [0, 1)."""
        used = self.used
        if used == len(self.values):
            self.values.extend(self._rng.random(64).tolist())
        self.used = used + 1
        return self.values[used]

    def below(self, n: int) -> int:
        """Return one of 0 … n - 1."""
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        """Return one of low … high, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, p: float) -> bool:
        """Return True with probability p."""
        return self.random() < p

    def pick(self, items: Sequence[T]) -> T:
        """Return one item, all equally likely."""
        return items[int(self.random() * len(items))]

    def draw(self, table: Table[T]) -> T:
        """Return one item of a table by weight."""
        at = bisect_right(table.cumulative, self.random() * table.cumulative[-1])
        return table.items[min(at, len(table.items) - 1)]

    def draw_besides(self, table: Table[T], taken: Collection[T], tries: int = 12) -> T | None:
        """Return one item of a table that is not among those taken, or None if none comes in so many draws."""
        for _ in range(tries):
            if (item := self.draw(table)) not in taken:
                return item
        return None

    def sample(self, items: Sequence[T], n: int) -> list[T]:
        """Return n different items in random order."""
        left = list(items)
        return [left.pop(int(self.random() * len(left))) for _ in range(n)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return all items in random order."""
        return self.sample(items, len(items))


def dice(*key: str | int) -> Dice:
    """Return the dice that belong to a key (seed, split, domain, number of the text …)."""
    digest = blake2b("|".join(map(str, key)).encode(), digest_size=16).digest()
    return Dice(np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little"))))


@lru_cache(maxsize=2_000_000)
def split_of(*key: str | int) -> str:
    """Return the one split that a combination belongs to, decided by its hash."""
    digest = blake2b("|".join(map(str, key)).encode(), digest_size=8).digest()
    at = int.from_bytes(digest, "little") / 2**64
    for split in SPLITS[1:]:
        at -= SHARES[split]
        if at < 0:
            return split
    return "train"


def check_split(split: str) -> None:
    """Raise `InputError` unless ``split`` is one of `SPLITS`."""
    if split not in SPLITS:
        raise InputError(f"no split {split!r}: use one of {', '.join(SPLITS)}")


def lexeme_table(lexemes: Sequence[Lexeme], name: str = "") -> Table[Lexeme]:
    """Return lexemes with Zipf's weights by their rank among all words of their part of speech."""
    return Table(lexemes, [1 / (x.rank + ZIPF_SHIFT) for x in lexemes], name)


_PARTNERS: dict[tuple[str, int, str], Table[Lexeme]] = {}


def partners(head: str, table: Table[Lexeme], split: str) -> Table[Lexeme]:
    """Return the part of a table whose combinations with ``head`` belong to a split.

    This is what makes ``test`` ask for generalisation: *open the drawer* may be seen in training and *open the chest*
    only later. Where a split has none, it borrows those of ``train``; where ``train`` has none either, any will do.

    Parameters
    ----------
    head : str
        Lemma that the items combine with.
    table : Table
        The candidates; it must live as long as the program.
    split : str
        One of `SPLITS`.
    """
    key = (head, id(table), split)
    if key not in _PARTNERS:
        pairs = list(zip(table.items, table.weights(), strict=True))
        kept: list[tuple[Lexeme, float]] = []
        for wanted in (split, "train"):
            kept = kept or [(x, w) for x, w in pairs if split_of(head, x.lemma) == wanted]
        kept = kept or pairs
        _PARTNERS[key] = Table([x for x, _ in kept], [w for _, w in kept])
    return _PARTNERS[key]
