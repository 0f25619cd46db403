"""40 lesions × 200 items of the teaching model's tasks, beside two ways in which a user would write it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from analysis import evaluation, inference, language, likelihood, many, models
from analysis.interventions import Intervention, applied, silence
from analysis.likelihood import Request
from analysis.models import LanguageModel
from analysis.texts import Item
from bench.record import Record

MODEL, LESIONS, ROUNDS = "data/teaching-model", 40, 4
ITEMS = 200
TASKS = (
    "sentiment", "topic", "judgement", "minimal-pairs", "passage-who", "fact-question", "sums", "word-problems",
    "program-output", "story-ending",
)  # fmt: skip
Scores = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]


def plain(lm: LanguageModel, requests: Sequence[Request], masks: Masks, n_rows: int) -> Scores:
    """One mask at a time by a hook on each layer: all choices as rows of padded batches, all logits."""
    order = sorted(range(len(requests)), key=lambda number: len(requests[number].ids))
    scores = np.empty((len(masks), len(requests)))
    for row, mask in zip(scores, masks, strict=True):
        parts = np.split(mask, np.cumsum(lm.layer_sizes("mlp_activation"))[:-1])
        with ExitStack() as stack, torch.inference_mode():
            for module, part in zip(lm.down_projections, parts, strict=True):
                stack.callback(module.register_forward_pre_hook(_zero(torch.from_numpy(part))).remove)
            for start in range(0, len(order), n_rows):
                numbers = order[start : start + n_rows]
                row[numbers] = _scored(lm, [requests[number] for number in numbers])
    return scores


def _zero(part: torch.Tensor) -> Any:
    return lambda _module, args: (args[0].masked_fill(part, 0.0),)


def _scored(lm: LanguageModel, requests: Sequence[Request]) -> Scores:
    longest = max(len(request.ids) for request in requests)
    ids = torch.tensor([[*request.ids, *[0] * (longest - len(request.ids))] for request in requests])
    mask = torch.tensor([[1] * len(request.ids) + [0] * (longest - len(request.ids)) for request in requests])
    logp = lm.model(input_ids=ids, attention_mask=mask, use_cache=False).logits.log_softmax(-1)
    of_next = logp[:, :-1].gather(2, ids[:, 1:, None])[..., 0].double()
    ends = [len(request.ids) - 1 for request in requests]
    return np.array(
        [row[end - one.n_scored : end].sum() for row, end, one in zip(of_next, ends, requests, strict=True)]
    )


def measure() -> list[Record]:
    """Time ours, the plain way at batch 1 and at its best batch, in turn over parts of the lesions."""
    lm = models.load_model(MODEL)
    items = [item for task in TASKS for item in language.items(task, "test", ITEMS // len(TASKS))]
    masks = np.random.default_rng(0).random((LESIONS, sum(lm.layer_sizes("mlp_activation")))) < 0.05
    requests = likelihood.requests_of_items(lm, items)
    n_rows, _ = min(
        ((n, _taken(partial(plain, lm, requests, masks[:1], n))[1]) for n in (4, 8, 16, 32)), key=itemgetter(1)
    )
    load_before = os.getloadavg()[0]
    half = models.load_model(MODEL, dtype="bfloat16")
    ways = {
        "ours": lambda part: _flat(many.choice_scores(lm, items, _lesions(part))),
        "best": lambda part: plain(lm, requests, part, n_rows),
        "batch 1": lambda part: plain(lm, requests, part, 1),
        "one at a time, our batches": lambda part: _one_at_a_time(lm, items, part),
        "bfloat16": lambda part: _flat(many.choice_scores(half, items, _lesions(part))),
    }
    found, seconds, processor = _in_turn(ways, masks)
    away = {name: np.abs(found[name] - found["ours"]) for name in ways}
    agreement = {name: float((one / np.maximum(1, np.abs(found["ours"]))).max()) for name, one in away.items()}
    details = {
        "items": len(items),
        "lesions": LESIONS,
        "scores_per_second": LESIONS * len(items) / seconds["ours"],
        "one_at_a_time_seconds": seconds["one at a time, our batches"],
        "largest_difference_nats": {name: float(away[name].max()) for name in ("best", "one at a time, our batches")},
        "bfloat16_seconds": seconds["bfloat16"],
        "processor_seconds": processor,
        "processor_ratio": {name: processor[name] / processor["ours"] for name in ("batch 1", "best")},
        "load_before_and_after": [load_before, os.getloadavg()[0]],
        **_effect_of_precision(lm, half, items, masks, found),
    }
    floor = _floor(lm, requests)
    return [
        Record(
            name=name,
            ours=seconds["ours"],
            peer=seconds[peer],
            peer_name=described,
            floor=floor,
            unit="s",
            agreement=agreement[peer],
            agreement_name="largest relative difference of a log-likelihood",
            details=details,
        )
        for name, peer, described in (
            ("interventions_batch1", "batch 1", "one lesion and one choice at a time, all logits"),
            ("interventions_best", "best", f"one lesion at a time, {n_rows} choices a batch, all logits"),
        )
    ]


def _lesions(masks: Masks) -> list[Intervention]:
    return [silence(mask) for mask in masks]


def _flat(scores: Scores) -> Scores:
    return scores[:, np.isfinite(scores).all(0)]


def _one_at_a_time(lm: LanguageModel, items: Sequence[Item], masks: Masks) -> Scores:
    found = []
    for mask in masks:
        with applied(lm, silence(mask)):
            found.append(np.concatenate(evaluation.choice_scores(lm, items)))
    return np.array(found)


def _taken(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock, seconds of the processor (which other work on the machine does not add to), and result."""
    clock, processor = time.perf_counter(), time.process_time()
    found = function()
    return time.perf_counter() - clock, time.process_time() - processor, found


def _in_turn(
    ways: dict[str, Callable[[Masks], Scores]], masks: Masks
) -> tuple[dict[str, Scores], dict[str, float], dict[str, float]]:
    """Give each way parts of the lesions in turn; all parts take as long, and the quickest one counts for each."""
    for way in ways.values():
        way(masks[:1])  # warms caches and is not counted
    done: dict[str, list[tuple[float, float, Scores]]] = {name: [] for name in ways}
    for part in np.split(masks, ROUNDS):
        for name, way in ways.items():
            done[name].append(_taken(partial(way, part)))
    found = {name: np.concatenate([scores for *_, scores in parts]) for name, parts in done.items()}
    clock = {name: ROUNDS * min(seconds for seconds, _, _ in parts) for name, parts in done.items()}
    processor = {name: ROUNDS * min(seconds for _, seconds, _ in parts) for name, parts in done.items()}
    return found, clock, processor


def _effect_of_precision(
    lm: LanguageModel, half: LanguageModel, items: Sequence[Item], masks: Masks, found: dict[str, Scores]
) -> dict[str, float]:
    """Set what bfloat16 does to an effect, the mean change of the gold choice's score, beside the effect's interval."""
    gold = np.cumsum([0, *(len(item.choices) for item in items)])[:-1] + [item.answer for item in items]
    before = {
        "ours": _flat(many.choice_scores(lm, items, [None])),
        "bfloat16": _flat(many.choice_scores(half, items, [None])),
    }
    changes = {name: (found[name] - before[name])[:, gold] for name in before}
    widths = [inference.mean_over_units(change) for change in changes["ours"]]
    shift = np.abs(changes["bfloat16"].mean(1) - changes["ours"].mean(1))
    return {
        "bfloat16_largest_shift_of_an_effect": float(shift.max()),
        "bfloat16_largest_shift_over_half_interval": float(
            max(one / ((width.high - width.low) / 2) for one, width in zip(shift, widths, strict=True))
        ),
    }


def _floor(lm: LanguageModel, requests: Sequence[Request]) -> float:
    """Seconds of the matrix products alone that differ between lesions, at the speed of this processor."""
    batches = likelihood.arrange(lm, requests, 1024)
    n_read, n_asked = sum(int(one.mask.sum()) for one in batches), sum(len(one.rows) for one in batches)
    layer = lm.model.base_model.layers[0]
    attention, mlp = (sum(weight.numel() for weight in part.parameters()) for part in (layer.self_attn, layer.mlp))
    down, head = layer.mlp.down_proj.weight.numel(), lm.model.lm_head.weight.numel()
    # The first layer up to its down-projection is common to all; of the last MLP and the head few places count.
    each = (lm.n_layers - 1) * attention + (lm.n_layers - 2) * mlp + down
    products = LESIONS * 2 * (n_read * each + n_asked * (mlp + head))
    left, right = torch.randn(512, layer.mlp.gate_proj.in_features), layer.mlp.gate_proj.weight
    with torch.inference_mode():
        fastest = min(
            _taken(lambda: [torch.nn.functional.linear(left, right) for _ in range(50)])[0] for _ in range(20)
        )
    return products / (2 * 50 * len(left) * right.numel() / fastest)
