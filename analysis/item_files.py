"""Tasks by name: those of the teaching language, and multiple-choice items from files of users."""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from analysis import hub, language
from analysis.benchmarks import BENCHMARKS, from_file, from_hub
from analysis.errors import InputError
from analysis.texts import Item

FEWEST = 10
"""Items of a task: fewer tell nothing about an accuracy."""


@dataclass(frozen=True)
class Tasks:
    """Items to be answered.

    Attributes
    ----------
    items : dict of str to list of Item
        By task.
    lead : str
        The task that stands first: one like the texts of the leading kind, where there is one.
    is_like_lead : bool
        Whether it is.
    """

    items: dict[str, list[Item]]
    lead: str
    is_like_lead: bool

    def some(self, n: int) -> dict[str, list[Item]]:
        """Return at most so many items of each task."""
        return {task: items[:n] for task, items in self.items.items()}


def read_tasks(
    source: str, n: int, *, lead: str = "", n_lead: int | None = None, split: str = "test", seed: int = 0
) -> Tasks:
    """Read tasks, some items of each, no two with the same question.

    Parameters
    ----------
    source : str
        ``"teaching"`` for the tasks of the teaching language that its model can do, ``"teaching:sentiment,topic"``
        for some, else files with ``|`` between them, globs too. ``.jsonl``: minimal pairs with ``sentence_good`` and
        ``sentence_bad`` (Warstadt et al. 2020). ``.tsv``: text, a tab, and the word that the model should continue
        with; the words of a file are the choices. ``hub:NAME`` is one of
        :data:`analysis.benchmarks.BENCHMARKS` from the hub, ``hub:NAME:PLACE[:CONFIG[:SPLIT]]`` the same from another
        place, and ``NAME:FILE`` from the file that it is handed on in.
    n : int
        Items of each task; fewer where there are fewer.
    lead : str
        A kind of text. The first task whose items are like it leads: those of its domain in the teaching language, or
        of a file of its name. Where there is none the first task leads.
    n_lead : int, optional
        Items of the leading task, by default n.
    split : str
        Of the teaching language; files are taken as they are.
    seed : int
        Of the choice.

    Raises
    ------
    InputError
        If nothing is there, a file is not of its format, or a task has fewer than ten items.
    """
    if n < FEWEST:
        raise InputError(f"{n} items tell nothing about an accuracy. Use {FEWEST} or more.")
    name, _, chosen = source.partition(":")
    if name == "teaching":
        able = [task for task, about in language.TASKS.items() if not about.beyond]
        names = [task.strip() for task in chosen.split(",")] if chosen else able
        domains = {task: language.TASKS[task].domain if task in language.TASKS else "" for task in names}
        read = {task: partial(_of_language, task, split, seed) for task in names}
    else:
        found = [pair for part in source.split("|") if part.strip() for pair in _loaders(part.strip())]
        read = {task: partial(_some, load, seed) for task, load in found}
        domains = {task: task for task in read}
    if not read:
        raise InputError("No items are named. Give 'teaching', or the path of a file of items.")
    first = next((task for task in read if domains[task] == lead), next(iter(read)))
    order = [first, *(task for task in read if task != first)]
    tasks = {task: read[task](n if task != first else n_lead or n) for task in order}
    for task, items in tasks.items():
        if len(items) < FEWEST:
            raise InputError(f"The task '{task}' has {len(items)} different questions, and {FEWEST} are needed.")
    return Tasks(tasks, first, domains[first] == lead)


def one_per_question(items: Sequence[Item]) -> list[Item]:
    """Keep the first item of each question, so that items are independent of each other."""
    first: dict[tuple[str, ...], Item] = {}
    for item in items:
        first.setdefault((item.context,) if item.context else tuple(sorted(item.choices)), item)
    return list(first.values())


def _matching(pattern: str) -> list[Path]:
    paths = sorted(Path(match) for match in glob.glob(pattern, recursive=True))
    if not paths:
        raise InputError(f"There is no file '{pattern}'. Give 'teaching', or the path of a file of items.")
    return paths


def _of_language(task: str, split: str, seed: int, n: int) -> list[Item]:
    # Twice as many are asked for, since some questions come again with other choices.
    return one_per_question(language.items(task, split, 2 * n, seed))[:n]


def _loaders(part: str) -> list[tuple[str, Callable[[], list[Item]]]]:
    """Return the name of each task that a part of a source names, with what reads all its items."""
    name, _, rest = part.partition(":")
    if part.startswith(hub.PREFIX):
        task, _, place = rest.partition(":")
        if task not in BENCHMARKS:
            raise InputError(f"There is no task '{part}'. Of the hub there are: {', '.join(BENCHMARKS)}.")
        where = hub.parts(hub.PREFIX + place)[:3] if place else ()
        return [(task, partial(from_hub, task, *where))]
    if name in BENCHMARKS and rest:
        return [(name, partial(from_file, name, path)) for path in _matching(rest)[:1]]
    return [(path.stem, partial(_read_file, path)) for path in _matching(part)]


def _some(load: Callable[[], list[Item]], seed: int, n: int) -> list[Item]:
    items = load()
    shuffled = [items[place] for place in np.random.default_rng(seed).permutation(len(items))]
    return one_per_question(shuffled)[:n]


def _read_file(path: Path) -> list[Item]:
    read = _READERS.get(path.suffix)
    if read is None or not path.is_file():
        raise InputError(f"'{path}' cannot be read as items. Known endings: {', '.join(sorted(_READERS))}.")
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is not UTF-8 (byte {error.start}). Convert it, for example with iconv.") from None
    lines = [(number, line) for number, line in enumerate(content.split("\n"), start=1) if line.strip()]
    if not lines:
        raise InputError(f"'{path}' is empty. Give a file that holds items.")
    return read(lines, path)


def _read_pairs(lines: Sequence[tuple[int, str]], path: Path) -> list[Item]:
    items: list[Item] = []
    for number, line in lines:
        try:
            row = json.loads(line)
            good, bad = row["sentence_good"], row["sentence_bad"]
            is_pair = all(isinstance(sentence, str) and sentence.strip() for sentence in (good, bad))
        except (json.JSONDecodeError, KeyError, TypeError):
            is_pair = False
        if not is_pair:
            raise InputError(f"'{path}', line {number}, is no JSON with sentence_good and sentence_bad.")
        # The good one stands first in every second item: a model that finds all alike is right in half of them.
        answer = len(items) % 2
        items.append(Item(path.stem, "", (good, bad) if answer == 0 else (bad, good), answer, str(row.get("UID", ""))))
    return items


def _read_labelled(lines: Sequence[tuple[int, str]], path: Path) -> list[Item]:
    rows = list(csv.reader((line.rstrip("\r") for _, line in lines), delimiter="\t", quoting=csv.QUOTE_NONE))
    for (number, _), row in zip(lines, rows, strict=True):
        if len(row) != 2 or not row[0].strip() or not row[1].strip():
            raise InputError(f"'{path}', line {number}, is not a text, a tab and a label.")
    words = sorted({row[1].strip() for row in rows})
    if not 2 <= len(words) <= 20 or any(word.lstrip("-").isdigit() for word in words):
        raise InputError(
            f"The labels of '{path}' are no choice of words ({', '.join(words[:3])} …). Write out 2 to 20 words that "
            "the model can continue a text with, such as positive and negative."
        )
    choices = tuple(f" {word}" for word in words)
    return [Item(path.stem, row[0].rstrip(), choices, words.index(row[1].strip())) for row in rows]


_READERS: dict[str, Callable[[Sequence[tuple[int, str]], Path], list[Item]]] = {
    ".jsonl": _read_pairs,
    ".tsv": _read_labelled,
}
