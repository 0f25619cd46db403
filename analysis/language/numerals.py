"""Numbers in words, as tokens and back."""

from __future__ import annotations

from functools import cache

from analysis.language.tokens import Tok

UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
LIMIT = 99


def in_words(value: int) -> str:
    """Return a number of 0 … 99 in words: *thirty-four*."""
    if not 0 <= value <= LIMIT:
        raise ValueError(f"{value} is not between 0 and {LIMIT}")
    if value < 20:
        return UNITS[value]
    tens, units = divmod(value, 10)
    return TENS[tens - 2] + (f"-{UNITS[units]}" if units else "")


@cache
def numeral(value: int) -> tuple[Tok]:
    """Return the token of a number in words."""
    word = in_words(value)
    return ((word, word, "NUM", "NumForm=Word|NumType=Card", ""),)


@cache
def digits(value: int) -> tuple[Tok]:
    """Return the token of a number in digits."""
    return ((str(value), str(value), "NUM", "NumForm=Digit|NumType=Card", ""),)
