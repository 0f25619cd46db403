"""Ten times the texts, 64 networks, a text of 2,000 tokens, a treebank of 50,000 sentences: time and memory.

Each line is a process of its own. Time may grow in proportion and no more; memory at most by what is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from analysis import language
from analysis.activity import count_tokens, record, stream
from analysis.datasets import load_texts
from analysis.grammar.words import word_table
from analysis.group import group_ica, reduce_texts
from analysis.models import from_parts, load_model
from analysis.passages import choose_passages
from analysis.texts import Text

from .report import ROOT, Report

SIZE = 10  # times as much
_STEEPER = 1.3  # than in proportion: a machine that others use measures no better
_MODEL = ROOT / "data" / "teaching-model"
_TEXTS, _SENTENCES, _K = 24, 5_000, 64


def audit(size: int, seed: int) -> Report:
    """Measure every case at once and `size` times the amount."""
    rows, faults = [], []
    for name, (_, what, once, kept) in _CASES.items():
        found = [_measured(name, once * times, seed) for times in (1, size)]
        growth = found[1]["seconds"] / found[0]["seconds"]
        more = found[1]["peak_mb"] - found[0]["peak_mb"]
        for times, one in zip((1, size), found, strict=True):
            took = {"seconds": round(one["seconds"], 2), "peak MB": round(one["peak_mb"]), "found": one["found"]}
            rows.append({"what": what, "amount": f"{once * times:,}", "times": times, **took})
        if growth > _STEEPER * size:
            faults.append(f"{name}: {size} times the work took {growth:.1f} times as long")
        if more > kept * once * (size - 1) / 1e6 + 100:
            faults.append(f"{name}: {size} times the work took {more:.0f} MB more")
    return Report({"cases": len(_CASES), "times": size, "in proportion": len(_CASES) - len(faults)}, rows, faults)


def _measured(name: str, amount: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "audit.load", name, str(amount), str(seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    print(name, amount, done.stdout.decode().strip(), file=sys.stderr, flush=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _networks(amount: int, seed: int) -> Callable[[], str]:
    """Find 64 networks in so many passages, read one at a time."""
    lm = load_model(_MODEL)
    texts = choose_passages("teaching", lambda text: count_tokens(lm, text), amount, seed=seed)

    def work() -> str:
        reduced = reduce_texts(stream(lm, texts), 2 * _K)
        return f"{group_ica(reduced, _K, n_restarts=1).k} networks in {len(texts)} texts"

    return work


def _reading(amount: int, seed: int) -> Callable[[], str]:
    """Record so many passages, text by text."""
    lm = load_model(_MODEL)
    texts = choose_passages("teaching", lambda text: count_tokens(lm, text), amount, seed=seed)
    return lambda: f"{sum(len(activity.values) for activity in stream(lm, texts)):,} tokens"


def _long(amount: int, seed: int) -> Callable[[], str]:
    """Record one text of so many tokens by a model with a context of that length."""
    file = str(_MODEL / "tokenizer.json")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=file, model_max_length=amount)
    sizes = {"hidden_size": 160, "intermediate_size": 704, "num_hidden_layers": 6, "num_attention_heads": 4}
    config = transformers.LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=amount, **sizes)
    torch.manual_seed(seed)
    lm = from_parts("long", transformers.LlamaForCausalLM(config), tokenizer)
    text = Text("the dog " * amount, "long")
    return lambda: f"{len(record(lm, [text]).values):,} tokens"


def _treebank(amount: int, seed: int) -> Callable[[], str]:
    """Read a treebank of so many sentences and find its words in the model's tokens."""
    lm = load_model(_MODEL)
    text = next(iter(language.corpus(2_000, seed)))
    rows = [
        f"{place}\t{word.form}\t{word.lemma or '_'}\t{word.upos or '_'}\t_\t_\t{place - 1}\tdep\t_\t_"
        for place, word in enumerate(text.words[:12], start=1)
    ]
    path = Path(tempfile.mkdtemp()) / "bank.conllu"
    path.write_text("".join("\n".join(rows) + "\n\n" for _ in range(amount)), encoding="utf-8")

    def work() -> str:
        texts = load_texts(path)
        words = word_table(lm, texts, min_lemmas=1)
        path.unlink()
        return f"{len(texts):,} sentences, {len(words.table):,} words"

    return work


# What to do, what it is called, how much of it, and how many bytes each unit may keep: what is asked for is kept, as
# tables of tokens and words, and activity as float32.
_CASES: dict[str, tuple[Callable[[int, int], Callable[[], str]], str, int, int]] = {
    "reading": (_reading, "passages read, one at a time", _TEXTS, 100_000),
    "networks": (_networks, f"passages decomposed into {_K} networks", _TEXTS, 100_000),
    "long": (_long, "tokens of one text recorded", 200, 80_000),
    "treebank": (_treebank, "sentences of a treebank read, their words aligned", _SENTENCES, 40_000),
}


def main() -> None:
    """Measure one case and print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m audit.load")
    parser.add_argument("name")
    parser.add_argument("amount", type=int)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    work = _CASES[options.name][0](options.amount, options.seed)
    started = time.process_time()  # other work on the machine would bend the clock's
    found = work()
    seconds = time.process_time() - started
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "found": found}))


if __name__ == "__main__":
    main()
