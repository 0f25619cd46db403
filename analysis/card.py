"""What the teaching model is and can do, in figures: written by code, so that a test can write them again."""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis import language
from analysis.evaluation import accuracy_table, bits_per_byte, choice_scores
from analysis.language.lexicon import load_lexicon
from analysis.models import LanguageModel, load_model
from analysis.texts import Text

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
    sample = list(language.corpus(300_000, seed=1))
    return {
        **_language_figures(sample),
        **_model_figures(lm, sample),
        "train_minutes": json.loads((folder / "loss.json").read_text())["minutes"],
        "tasks": evaluate_tasks(lm, n_items),
        "domains": evaluate_domains(lm, n_passages),
    }


def evaluate_tasks(lm: LanguageModel, n_items: int) -> dict[str, dict[str, Any]]:
    """Accuracy of each task on its split ``test``, beside chance and the commonest answer."""
    items = [item for task in language.TASKS for item in language.items(task, "test", n_items)]
    table = accuracy_table(items, choice_scores(lm, items))
    return {
        str(task): {
            "accuracy": round(row["accuracy"], 4),
            "chance": round(row["chance"], 4),
            "majority": round(row["majority"], 4),
            "n": int(row["n"]),
            "zero_shot": language.TASKS[str(task)].zero_shot,
        }
        for task, row in table.iterrows()
    }


def evaluate_domains(lm: LanguageModel, n_passages: int) -> dict[str, float]:
    """Bits per byte of each domain on its split ``test``."""
    texts = [text for domain in language.DOMAINS for text in language.passages(domain, "test", n_passages)]
    sums = bits_per_byte(lm, texts).groupby("domain", sort=False)[["nats", "bytes"]].sum()
    return {str(domain): round(row["nats"] / np.log(2) / row["bytes"], 4) for domain, row in sums.iterrows()}


def _language_figures(sample: Sequence[Text]) -> dict[str, Any]:
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    lemmas, constructions = set(), set()
    for text in sample:
        for word in text.words:
            tags[word.form.lower()][word.upos] += 1
            lemmas.add((word.lemma, word.upos))
            constructions.add(word.construction)
    lexicon = load_lexicon()
    return {
        "lemmas": len({(lexeme.lemma, lexeme.upos) for lexeme in lexicon.lexemes}),
        "lemmas_in_sample": len(lemmas),
        "upos_tags": len({lexeme.upos for lexeme in lexicon.lexemes}),
        "homographs": len(lexicon.homographs()),
        "homographs_often_in_each": sum(sum(n >= OFTEN for n in counts.values()) >= 2 for counts in tags.values()),
        "constructions": len(constructions - {""}),
        "sample_words": sum(len(text.words) for text in sample),
    }


def _model_figures(lm: LanguageModel, sample: Sequence[Text]) -> dict[str, Any]:
    types = sorted({word.form for text in sample for word in text.words if word.form[0].isalpha()})
    encoded = lm.tokenizer.backend_tokenizer.encode_batch([f" {form}" for form in types], add_special_tokens=False)
    return {
        "parameters": sum(parameter.numel() for parameter in lm.model.parameters()),
        "mlp_neurons": sum(lm.layer_sizes("mlp_activation")),
        "layers": lm.n_layers,
        "pieces": len(lm.tokenizer),
        "split_word_share": round(float(np.mean([len(pieces.ids) > 1 for pieces in encoded])), 4),
        "megabytes": round(sum(path.stat().st_size for path in Path(lm.name).glob("*.safetensors")) / 1e6, 2),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write ``card.json`` into the model's folder."""
    parser = argparse.ArgumentParser(description=describe.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=500)
    options = parser.parse_args(arguments)
    card = describe(options.folder, n_items=options.items)
    (options.folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    for task, row in card["tasks"].items():
        print(f"{task:20} {row['accuracy']:.3f}  chance {row['chance']:.2f}  majority {row['majority']:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
