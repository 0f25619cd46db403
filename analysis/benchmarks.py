"""The labelled tasks of the first paper as multiple choice: from the hub, or from the files they are handed on in."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis import hub
from analysis.errors import InputError
from analysis.texts import Item

_OTHERS = 3  # answers to other questions of the passage that stand beside the right one


@dataclass(frozen=True)
class Benchmark:
    """How a task is asked, and where its rows come from.

    Attributes
    ----------
    place, config, split : str
        On the hub; the split is the one that the paper evaluates on.
    prompt : str
        With the names of columns in braces.
    words : mapping of str to str
        What the model should go on with, by the name that the data set gives to the label.
    columns : tuple of str
        Of a file without headings; empty where no such files are handed on.
    coded : mapping of str to str
        What the labels of such a file stand for.
    """

    place: str
    config: str
    split: str
    prompt: str
    words: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    coded: Mapping[str, str] = field(default_factory=dict)


_GLUE = "nyu-mll/glue"
# Prompts and answers of the first five are those of EleutherAI's evaluation harness (Gao et al.).
BENCHMARKS: Mapping[str, Benchmark] = {
    "sst2": Benchmark(
        *(_GLUE, "sst2", "validation"),
        "{sentence}\nQuestion: Is this sentence positive or negative?\nAnswer:",
        {"negative": " negative", "positive": " positive"},
        ("sentence", "label"),
        {"0": "negative", "1": "positive"},
    ),
    "cola": Benchmark(
        *(_GLUE, "cola", "validation"),
        "{sentence}\nQuestion: Does this sentence make sense?\nAnswer:",
        {"unacceptable": " no", "acceptable": " yes"},
        ("source", "label", "mark", "sentence"),
        {"0": "unacceptable", "1": "acceptable"},
    ),
    "mrpc": Benchmark(
        *(_GLUE, "mrpc", "validation"),
        "Sentence 1: {sentence1}\nSentence 2: {sentence2}\nQuestion: Do both sentences mean the same thing?\nAnswer:",
        {"not_equivalent": " no", "equivalent": " yes"},
    ),
    "qnli": Benchmark(
        *(_GLUE, "qnli", "validation"),
        "{question}\n{sentence}\nQuestion: Does this response answer the question?\nAnswer:",
        {"entailment": " yes", "not_entailment": " no"},
    ),
    "mnli": Benchmark(
        *(_GLUE, "mnli", "validation_matched"),
        "{premise}\nQuestion: {hypothesis} True, False or Neither?\nAnswer:",
        {"entailment": " True", "neutral": " Neither", "contradiction": " False"},
    ),
    "agnews": Benchmark(
        *("fancyzhx/ag_news", "", "test"),
        "{text}\nQuestion: Is this about the world, sports, business or technology?\nAnswer:",
        {"World": " world", "Sports": " sports", "Business": " business", "Sci/Tech": " technology"},
        ("label", "title", "description"),
        {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"},
    ),
    "squad": Benchmark("rajpurkar/squad", "", "validation", "{context}\nQuestion: {question}\nAnswer:"),
}
"""All by name. In ``squad`` nothing is written freely: the choices are answers to questions about the same passage."""


def from_hub(name: str, place: str = "", config: str = "", split: str = "") -> list[Item]:
    """Read a task from the hub.

    Parameters
    ----------
    name : str
        One of `BENCHMARKS`.
    place, config, split : str
        Where its rows are, if elsewhere: another name on the hub, or a folder. Its labels must have the same names.

    Returns
    -------
    list of Item
        The meaning of a label is read from the data set, so that labels cannot be exchanged.
    """
    task = BENCHMARKS[name]
    rows = hub.load_rows(place or task.place, config or ("" if place else task.config), split or task.split)
    columns = {part.partition("}")[0] for part in task.prompt.split("{")[1:]} | {"label" if task.words else "answers"}
    if missing := sorted(columns - set(rows.features)):
        raise InputError(f"'{place or task.place}' has no column '{missing[0]}', which the task '{name}' needs.")
    if not task.words:
        return _of_passages(name, task, list(rows))
    return _labelled(name, task, hub.with_names(rows, "label", list(task.words), f"hub:{name}"))


def from_file(name: str, path: Path) -> list[Item]:
    """Read a task from the table that it is handed on in: tabs between columns, or commas in a ``.csv``.

    Raises
    ------
    InputError
        If the file has other columns or labels, or contradicts what the labels are known to stand for.
    """
    task = BENCHMARKS[name]
    if not task.columns:
        known = ", ".join(one for one, about in BENCHMARKS.items() if about.columns)
        raise InputError(f"'{name}' has no known form as a file. Take it from the hub (hub:{name}); files: {known}.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            tabs = path.suffix != ".csv"
            read = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(lines)
            rows = [_row(name, task, entry, path, read.line_num) for entry in read if entry and "label" not in entry]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"'{path}' cannot be read as {name} ({' '.join(str(error).split())}).") from None
    _check_classes(task, path)
    return _labelled(name, task, rows)


def _row(name: str, task: Benchmark, entry: Sequence[str], path: Path, line: int) -> dict[str, str]:
    if len(entry) != len(task.columns):
        raise InputError(f"'{path}', line {line}, has {len(entry)} columns; {name} has {', '.join(task.columns)}.")
    row = dict(zip(task.columns, (value.strip() for value in entry), strict=True))
    label = task.coded.get(row["label"])
    if label is None:
        raise InputError(f"'{path}', line {line}: the label {row['label']!r} is none of {', '.join(task.coded)}.")
    if row.get("mark") == "*" and label != "unacceptable":  # linguists mark what is not acceptable so
        raise InputError(f"'{path}', line {line}, is marked * by its author, but labelled {label}.")
    if "title" in row:
        row["text"] = f"{row['title']} {row['description']}"
    return {**row, "label": label}


def _check_classes(task: Benchmark, path: Path) -> None:
    """Hold the labels against the list of classes that lies beside the file, where there is one."""
    beside = path.with_name("classes.txt")
    if beside.is_file() and (names := beside.read_text(encoding="utf-8").split("\n")):
        named = [name.strip() for name in names if name.strip()]
        if named != list(task.coded.values()):
            raise InputError(f"'{beside}' names the labels {', '.join(named)}, not {', '.join(task.coded.values())}.")


def _labelled(name: str, task: Benchmark, rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    labels, choices = list(task.words), tuple(task.words.values())
    return [Item(name, task.prompt.format_map(row), choices, labels.index(row["label"])) for row in rows]


def _of_passages(name: str, task: Benchmark, rows: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Make choices of the answers to the questions of one passage; questions without three others are left out."""
    answers: dict[str, list[str]] = {}
    for row in rows:
        if row["answers"]["text"]:
            answers.setdefault(row["context"], []).append(row["answers"]["text"][0])
    items = []
    for number, row in enumerate(rows):
        right = row["answers"]["text"]
        # An answer that is part of another would be right or wrong by a hair.
        others = [
            one
            for one in dict.fromkeys(answers.get(row["context"], []))
            if not any(one.lower() in mine.lower() or mine.lower() in one.lower() for mine in right)
        ]
        if not right or len(others) < _OTHERS:
            continue
        rng = np.random.default_rng(number)
        chosen = [right[0], *(others[place] for place in rng.permutation(len(others))[:_OTHERS])]
        order = rng.permutation(len(chosen))
        choices = tuple(f" {chosen[place]}" for place in order)
        items.append(Item(name, task.prompt.format_map(row), choices, int(np.flatnonzero(order == 0)[0])))
    return items
