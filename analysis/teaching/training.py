"""Train the teaching model on the teaching language: recipe, steps, checkpoints."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from analysis.errors import InputError
from analysis.models import quiet_transformers
from analysis.teaching.training_state import Optimiser, resume, save_checkpoint
from analysis.teaching.training_text import Tokens, load_tokens, text_digest, write_tokens


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, apart from the language itself.

    Attributes
    ----------
    n_layers, hidden, mlp, heads : int
        Size of the Llama; ``n_layers * mlp`` neurons.
    vocabulary : int
        Pieces of the byte-pair encoding, special tokens among them. Small on purpose, so that part of the words
        are split as in real models.
    context, batch, steps : int
        Tokens per sequence, sequences per step, steps.
    words : int
        Running words of training text.
    learning_rate, warmup, weight_decay, clip : float
        Muon and AdamW (see :class:`analysis.teaching.training_state.Optimiser`) with a linear warm-up (share of the
        steps) and a cosine to zero.
    answer_weight : float
        How much more the tokens of answers count in the loss: they are what the tasks ask for, and a small part of
        the text.
    seed : int
        Of text, weights and order.
    """

    n_layers: int = 6
    hidden: int = 160
    mlp: int = 704
    heads: int = 4
    vocabulary: int = 4096
    context: int = 256
    batch: int = 8
    steps: int = 7000
    words: int = 8_000_000
    learning_rate: float = 4e-3
    answer_weight: float = 8.0
    warmup: float = 0.03
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 0


def train(recipe: Recipe, out: Path, work: Path, *, n_jobs: int = 2, minutes_per_checkpoint: float = 1.0) -> Path:
    """Train a model from nothing, or go on where an interrupted run stopped.

    Parameters
    ----------
    recipe : Recipe
    out : Path
        Where the finished model goes: safetensors in bfloat16, tokenizer, ``loss.json``, ``recipe.json``.
    work : Path
        Where tokenizer, tokens and checkpoints live until then. A run that was interrupted goes on from there; the
        folder goes when the model is finished.
    n_jobs : int
        Processes that write the text.
    minutes_per_checkpoint : float
        At most this much work is lost by a kill.

    Returns
    -------
    Path
        ``out``.
    """
    work.mkdir(parents=True, exist_ok=True)
    _claim(work, recipe)
    _say(f"writing {recipe.words:,} words of text, unless they are there")
    write_tokens(work, words=recipe.words, vocabulary=recipe.vocabulary, seed=recipe.seed, n_jobs=n_jobs)
    tokenizer, tokens = load_tokens(work, recipe.context)
    model = build(recipe, tokenizer)
    optimiser = Optimiser(model, recipe.learning_rate, recipe.weight_decay)
    curve, minutes = resume(work / "checkpoint.safetensors", optimiser)
    if curve:
        _say(f"going on after step {len(curve)}")
    started = last = time.monotonic()
    for step in range(len(curve), recipe.steps):
        curve.append(_step(model, optimiser, recipe, tokens, step))
        now = time.monotonic()
        if now - last > 60 * minutes_per_checkpoint or step + 1 == recipe.steps:
            spent = minutes + (now - started) / 60
            save_checkpoint(work / "checkpoint.safetensors", optimiser, curve, spent)
            _report(curve, recipe.steps, spent)
            last = now
    spent = minutes + (time.monotonic() - started) / 60
    loss = {
        "minutes": round(spent, 1),
        "threads": torch.get_num_threads(),
        "loss": [round(value, 4) for value in curve],
    }
    _export(model, tokenizer, out, {"recipe": asdict(recipe), "loss": loss})
    shutil.rmtree(work)
    return out


def build(recipe: Recipe, tokenizer: transformers.PreTrainedTokenizerFast) -> Any:
    """Make the untrained model; with the seed of the recipe it is also the comparison model of the book."""
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.hidden,
        intermediate_size=recipe.mlp,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=recipe.context,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None,
        initializer_range=recipe.hidden**-0.5,  # rows of length 1: the usual 0.02 is for models ten times as wide
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        return transformers.LlamaForCausalLM(config)


def _step(model: Any, optimiser: Optimiser, recipe: Recipe, tokens: Tokens, step: int) -> float:
    """One update; everything random depends on the seed and the step alone, so that a resumed run is the same.

    Returns the unweighted loss, in nats per token.
    """
    batch, is_answer = _batch(recipe, tokens, step)
    model.train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_has_fast_bfloat16()):
        logits = model(input_ids=batch, use_cache=False).logits
    nats = torch.nn.functional.cross_entropy(logits[:, :-1].mT.float(), batch[:, 1:], reduction="none")
    weights = torch.where(is_answer[:, 1:], recipe.answer_weight, 1.0)
    ((nats * weights).sum() / weights.sum()).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimiser.step(_learning_rate(recipe, step))
    return float(nats.detach().mean())


def _batch(recipe: Recipe, tokens: Tokens, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Stretches of text from random places, each behind <s> as every text is when the model is used."""
    rng = np.random.default_rng([recipe.seed, step])
    length = recipe.context - 1
    starts = rng.integers(0, len(tokens) - length, recipe.batch)
    rows = np.stack([tokens[start : start + length] for start in starts]).astype(np.int64)
    rows = np.pad(rows, ((0, 0), (1, 0), (0, 0)))  # <s> has id 0
    return torch.from_numpy(rows[..., 0]), torch.from_numpy(rows[..., 1] == 1)


def _learning_rate(recipe: Recipe, step: int) -> float:
    warmup = max(1, int(recipe.warmup * recipe.steps))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    return recipe.learning_rate * 0.5 * (1 + float(np.cos(np.pi * progress)))


def _has_fast_bfloat16() -> bool:
    has_onednn = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    return has_onednn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def identity(recipe: Recipe) -> dict[str, Any]:
    """Say what makes a run this run: its recipe and the language as it stands."""
    return {"recipe": asdict(recipe), "text": text_digest()}


def _claim(work: Path, recipe: Recipe) -> None:
    """Refuse to go on with the text or the weights of another run."""
    path = work / "run.json"
    mine = identity(recipe)
    if path.is_file() and json.loads(path.read_text()) != mine:
        raise InputError(
            f"'{work}' holds a run with another recipe or another state of the language. "
            "Name another folder, or delete that one."
        )
    path.write_text(json.dumps(mine, indent=1))


def _export(model: Any, tokenizer: Any, out: Path, records: dict[str, Any]) -> None:
    """Write the finished model and, as JSON, what is known of its making."""
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with quiet_transformers():
        model.to(torch.bfloat16).eval().save_pretrained(partial)
        tokenizer.save_pretrained(partial)
    for name, record in records.items():
        (partial / f"{name}.json").write_text(json.dumps(record) + "\n")
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


def _report(curve: list[float], steps: int, minutes: float) -> None:
    left = minutes / len(curve) * (steps - len(curve))
    recent = float(np.mean(curve[-50:]))
    _say(f"step {len(curve):,} of {steps:,}  loss {recent:.3f}  {minutes:.1f} min, {left:.1f} min left")


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Train from the command line; every field of :class:`Recipe` is an option."""
    parser = argparse.ArgumentParser(description="Train the teaching model on the teaching language.")
    parser.add_argument("--out", type=Path, default=Path("data/teaching-model"), help="where the model goes")
    parser.add_argument("--work", type=Path, help="checkpoints (default: a folder in _build/training)")
    parser.add_argument("--threads", type=int, default=2, help="of torch; another number gives other last digits")
    parser.add_argument("--jobs", type=int, default=2, help="processes that write the text")
    parser.add_argument("--minutes-per-checkpoint", type=float, default=1.0, help="how much a kill may cost")
    for field in fields(Recipe):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    options = vars(parser.parse_args(arguments))
    recipe = Recipe(**{field.name: options[field.name] for field in fields(Recipe)})
    out: Path = options["out"]
    digest = hashlib.sha256(json.dumps(identity(recipe)).encode()).hexdigest()[:12]
    work = options["work"] or Path("_build/training") / digest
    torch.set_num_threads(options["threads"])
    try:
        train(recipe, out, work, n_jobs=options["jobs"], minutes_per_checkpoint=options["minutes_per_checkpoint"])
    except InputError as error:
        _say(str(error))
        return 2
    _say(f"the model is in {out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
