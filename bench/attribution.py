"""Integrated gradients of all neurons of the teaching model, 20 steps, beside the plain way to compute them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from analysis import activity, language, models
from analysis.attribution.cases import Case, cases_of_words
from analysis.attribution.gradients import Quantity, integrated_gradients
from bench.record import Record, in_turn

STEPS, N_CASES = 20, 6


def naive(
    lm: models.LanguageModel, case: Case, steps: int, quantity: Quantity = "log_probability"
) -> npt.NDArray[np.float32]:
    """Layer by layer and step by step, each a forward and a backward pass over the whole context."""
    ids = torch.tensor([[*case.context, *case.target[:-1]]], device=lm.device)
    pieces = torch.tensor(case.target, device=lm.device)
    last = len(case.context) - 1
    scores = []
    for module in lm.down_projections:
        seen: list[torch.Tensor] = []
        with torch.no_grad():
            handle = module.register_forward_pre_hook(lambda _module, args, seen=seen: seen.append(args[0]))
            lm.model(input_ids=ids, use_cache=False)
            handle.remove()
        plain = seen[0].reshape(-1, seen[0].shape[-1])[last]
        total = torch.zeros_like(plain)
        for step in range(steps):
            scaled = ((step + 0.5) / steps * plain).requires_grad_()

            def put(_module: Any, args: Any, scaled: torch.Tensor = scaled) -> Any:
                changed = args[0].clone()
                changed.view(-1, changed.shape[-1])[last] = scaled
                return (changed,)

            handle = module.register_forward_pre_hook(put)
            log_probabilities = lm.model(input_ids=ids, use_cache=False).logits[0, last:].log_softmax(-1)
            handle.remove()
            value = log_probabilities.gather(1, pieces[:, None]).sum()
            total += torch.autograd.grad(value.exp() if quantity == "probability" else value, scaled)[0]
        scores.append(plain * total / steps)
    return torch.cat(scores).numpy()


def words_of_passages(lm: models.LanguageModel, n: int) -> list[Case]:
    """Take n words from passages of all domains, none of them near the start."""
    texts = [text for domain in language.DOMAINS for text in language.passages(domain, "find", 4)]
    tokens, _ = activity.tokenize(lm, texts)
    inside = tokens[(tokens["word"] >= 0) & tokens["position"].between(8, 200)]
    words = inside.groupby(["text", "word"])["position"].agg(first="min", last="max").reset_index()
    return cases_of_words(lm, texts, words.sample(n, random_state=0))


def floor(lm: models.LanguageModel, cases: Sequence[Case]) -> None:
    """Compute every position that has to be computed once more, without its context and without a gradient."""
    n_rows = lm.n_layers * STEPS
    with torch.inference_mode():
        for case in cases:
            piece = torch.tensor([[case.context[-1], *case.target[:-1]]], device=lm.device)
            lm.model(input_ids=piece.expand(n_rows, -1), use_cache=False)


def measure(runs: int = 3) -> Record:
    """Seconds per word for ours, the plain way, and the floor; and how far the two results are apart."""
    lm = models.load_model("data/teaching-model")
    cases = words_of_passages(lm, N_CASES)
    found: dict[str, npt.NDArray[np.float32]] = {}

    def ours() -> None:
        found["ours"] = integrated_gradients(lm, cases, steps=STEPS, max_steps=STEPS).scores

    def peer() -> None:
        found["peer"] = np.stack([naive(lm, case, STEPS) for case in cases])

    seconds = in_turn({"ours": ours, "peer": peer, "floor": lambda: floor(lm, cases)}, runs)
    return Record(
        name="attribution",
        ours=seconds["ours"] / N_CASES,
        peer=seconds["peer"] / N_CASES,
        peer_name="one pass over the context per layer and step",
        floor=seconds["floor"] / N_CASES,
        unit="s",
        agreement=float(np.abs(found["ours"] - found["peer"]).max()),
        agreement_name="largest difference of a score, in nats",
        details={
            "steps": STEPS,
            "neurons": found["ours"].shape[1],
            "context_tokens": float(np.mean([len(case.context) for case in cases])),
            "pieces": float(np.mean([len(case.target) for case in cases])),
        },
    )
