"""What the teaching model is and can do, in figures: written by code, so that a test can write them again."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from analysis import language
from analysis.evaluation import accuracy_table, bits_per_byte, choice_scores
from analysis.language import grammar
from analysis.language.lexicon import load_lexicon
from analysis.models import LanguageModel, load_model

SAMPLE_WORDS = 3_000_000
UNSEEN = 999_999_999  # a seed of text that no training run writes
OFTEN = 20  # a tag of a homograph counts if its form has it this often in the sample: often enough to test on


def describe(folder: Path, *, n_items: int = 500, n_passages: int = 20) -> dict[str, Any]:
    """Describe a teaching model and the language it learned.

    Parameters
    ----------
    folder : Path
        The model, with its ``loss.json``.
    n_items : int
        Items of each task, from split ``test``.
    n_passages : int
        Passages of each domain for bits per byte, from split ``test``.

    Returns
    -------
    dict
        Ready for JSON; ``tasks`` has ``accuracy``, ``chance``, ``majority`` and ``n`` of each task, ``domains`` the
        bits per byte of each domain.
    """
    lm = load_model(folder)
    counts = _count_forms(SAMPLE_WORDS)
    return {
        **_language_figures(counts),
        **_model_figures(lm, sorted({form for form, _, _, _ in counts if form[0].isalpha()})),
        "train_minutes": json.loads((folder / "loss.json").read_text())["minutes"],
        "tasks": evaluate_tasks(lm, n_items),
        "domains": evaluate_domains(lm, n_passages),
    }


def evaluate_tasks(lm: LanguageModel, n_items: int) -> dict[str, dict[str, Any]]:
    """Accuracy of each task on its split ``test``, beside chance and the commonest answer.

    The interval (95 %, Wilson) is as wide as the number of different questions makes it: items that repeat a question
    with other wrong answers are not counted as new evidence.
    """
    items = [item for task in language.TASKS for item in language.items(task, "test", n_items)]
    scores = choice_scores(lm, items)
    table = accuracy_table(items, scores)
    questions = {task: {i.context or str(sorted(i.choices)) for i in items if i.task == task} for task in table.index}
    return {str(task): _task_row(str(task), row, len(questions[task])) for task, row in table.iterrows()}


def _task_row(task: str, row: pd.Series, n_questions: int) -> dict[str, Any]:
    right = round(row["accuracy"] * n_questions)
    interval = binomtest(right, n_questions).proportion_ci(method="wilson")
    described = language.TASKS[task]
    return {
        "accuracy": round(row["accuracy"], 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "chance": round(row["chance"], 4),
        "majority": round(row["majority"], 4),
        "n": int(row["n"]),
        "questions": n_questions,
        "kind": "zero-shot" if described.zero_shot else "not learned" if described.beyond else "trained",
    }


def evaluate_domains(lm: LanguageModel, n_passages: int) -> dict[str, float]:
    """Bits per byte of each domain on its split ``test``."""
    texts = [text for domain in language.DOMAINS for text in language.passages(domain, "test", n_passages)]
    sums = bits_per_byte(lm, texts).groupby("domain", sort=False)[["nats", "bytes"]].sum()
    return {str(domain): round(row["nats"] / np.log(2) / row["bytes"], 4) for domain, row in sums.iterrows()}


def task_table(card: dict[str, Any]) -> pd.DataFrame:
    """Lay the tasks of a card out as a table: trained, zero-shot and not learned, the easiest of each first."""
    table = pd.DataFrame.from_dict(card["tasks"], orient="index")
    table["kind"] = pd.Categorical(table["kind"], ["trained", "zero-shot", "not learned"], ordered=True)
    return table.sort_values(["kind", "accuracy"], ascending=[True, False]).round(2)


def _count_forms(n_words: int) -> Counter[tuple[str, str, str, str]]:
    """Count form, lemma, tag and construction together in text that the model was not trained on."""
    return Counter(
        (word.form, word.lemma, word.upos, word.construction)
        for text in language.corpus(n_words, seed=UNSEEN)
        for word in text.words
    )


def _language_figures(counts: Counter[tuple[str, str, str, str]]) -> dict[str, Any]:
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    for (form, _, upos, _), n in counts.items():
        tags[form.lower()][upos] += n
    lexicon = load_lexicon()
    return {
        "lemmas": len({(lexeme.lemma, lexeme.upos) for lexeme in lexicon.lexemes}),
        "lemmas_in_sample": len({(lemma, upos) for _, lemma, upos, _ in counts}),
        "upos_tags": len({lexeme.upos for lexeme in lexicon.lexemes}),
        "homographs": len(lexicon.homographs()),
        "homographs_often_in_each": sum(sum(n >= OFTEN for n in of.values()) >= 2 for of in tags.values()),
        "constructions": len({construction for _, _, _, construction in counts} & grammar.names()),
        "sample_words": counts.total(),
    }


def _model_figures(lm: LanguageModel, forms: list[str]) -> dict[str, Any]:
    encoded = lm.tokenizer.backend_tokenizer.encode_batch([f" {form}" for form in forms], add_special_tokens=False)
    return {
        "parameters": sum(parameter.numel() for parameter in lm.model.parameters()),
        "mlp_neurons": sum(lm.layer_sizes("mlp_activation")),
        "layers": lm.n_layers,
        "pieces": len(lm.tokenizer),
        "split_word_share": round(float(np.mean([len(pieces.ids) > 1 for pieces in encoded])), 4),
        "megabytes": round(sum(path.stat().st_size for path in Path(lm.name).glob("*.safetensors")) / 1e6, 2),
    }
