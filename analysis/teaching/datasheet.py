"""The datasheet of the teaching language and its model, as a page: figures from the card, words from here."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.teaching.card import OFTEN, describe, task_table

TEMPLATE = """# The teaching language and its model

This page is written by `python -m analysis.teaching.datasheet data/teaching-model` from `teaching-model/card.json`.
Change neither by hand.

## The language

| | |
|---|---|
| lemmas | {lemmas:,} ({lemmas_in_sample:,} of them in {sample_words:,} running words) |
| parts of speech (UPOS) | {upos_tags} |
| forms with two or more of them | {homographs}; {homographs_often_in_each} occur {often} times or more in each of two |
| constructions, by name | {constructions} |

**Why it was made.** To give the study a language whose truth is known: the tag of each word, the label of each item,
the distribution of what may come next. It is a tool for studying models, not a sample of English.

**What it is made of.** `lexicon.yml` lists the words with what they mean; the modules of `analysis/language` hold the
constructions and eight domains, each after a kind of data that the papers use: stories and facts (WikiText), film
reviews with a verdict (SST-2), news with a section (AG News), acceptability and minimal pairs (CoLA, BLiMP), passages
with questions (SQuAD), arithmetic in words (MathQA) and a tiny programming language (CodeNet). All of it was written
for this project; no corpus was used.

**Splits.** `train`, `find`, `tune` and `test` share no item. Which combinations may occur in which split (a verb with
its object, an adjective with what it judges, a person with a value, two numbers, an entity with a question) is decided
by hashing the combination, so `test` asks for new combinations of known parts. Some tasks have fewer different
questions than items; the table below counts them. Such items repeat a question with other wrong answers, so an interval
belongs over questions, not items. One task is an exception: the statements of `fact-completion` are facts of the
articles, which training tells.

**What is true in it.** Capitals, continents and languages of countries are meant to be right. Persons, firms, teams and
films are invented, and so are products, museums, founding years, animals' ages and all news. Do not learn facts from
it.

**What it cannot do.** Its sentences are right, but their sequence is only as sensible as the patterns behind it: a
review may praise a film that it then calls the shortest ever made, and a story may take an abrupt turn. It has no
dialect, no spelling mistakes, no rare constructions, and the values of those who wrote it.

## The model

| | |
|---|---|
| architecture | Llama, {layers} layers, {mlp_neurons:,} MLP neurons, {parameters:,} parameters |
| vocabulary | {pieces:,} byte-level pieces; {split_percent:.0f} % of the word types are two pieces or more |
| size | {megabytes} MB of safetensors (bfloat16) |
| training | {train_minutes} minutes; `make model` repeats it |
| use | reading this book and trying methods; it knows nothing of the world |

### What it can do, on `test`

{tasks}

*Chance* is one over the number of choices, *majority* what always giving the commonest answer would reach. Zero-shot
tasks have a format, or talk of things, that training never shows. *Not learned* are tasks that training shows and the
model does not do. It copies a name that a passage has told, which is all that `passage-who` asks for; it does not keep
apart who of three people did what, and asked what somebody did it answers from memory, since people and things that go
together in training never go together in `test`. The intervals count questions, not items; accuracies are of this one
model.

### How well it predicts, on `test`

{domains}

## Licence

Language and model are part of this project: the code that writes them is under the MIT licence, the texts and weights
under CC BY 4.0.
"""


def as_markdown(card: dict[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    card : dict
        From `analysis.teaching.card.describe`.

    Returns
    -------
    str
        Markdown.
    """
    domains = [(domain, f"{bits:.3f}") for domain, bits in card["domains"].items()]
    rows = [
        (
            task,
            f"{row.accuracy:.2f}",
            f"{row.low:.2f} to {row.high:.2f}",
            f"{row.chance:.2f}",
            f"{row.majority:.2f}",
            row.n,
            row.questions,
            row.kind,
        )
        for task, row in task_table(card).iterrows()
    ]
    return TEMPLATE.format(
        **{name: value for name, value in card.items() if name not in {"tasks", "domains"}},
        often=OFTEN,
        split_percent=100 * card["split_word_share"],
        tasks=_table(TASK_COLUMNS, rows),
        domains=_table(("domain", "bits per byte"), domains),
    )


TASK_COLUMNS = ("task", "accuracy", "95 % interval", "chance", "majority", "items", "questions", "kind")


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    """Describe a model: ``card.json`` into its folder, ``README.md`` beside the folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    try:
        card = describe(folder)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    page = as_markdown(card)
    (folder.parent / "README.md").write_text(page)
    print(page)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
