"""What the planner says beside what the same work then takes, for three models: seconds, and most memory held."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from analysis import activity, controls, decomposition, group, models, networks, passages
from analysis.activity import Activity
from analysis.attribution.cases import Case
from analysis.attribution.gradients import integrated_gradients
from analysis.lesions import dealt
from analysis.lesions import silencing as lesions
from analysis.lesions.silencing import Silencing
from analysis.models import LanguageModel
from analysis.planning import calibration
from analysis.planning import plan as planning
from analysis.planning import work as planned
from analysis.planning.work import STAGES, Work
from analysis.texts import Text
from bench.record import Record

TEACHING = Path("data/teaching-model")
STORIES, TREEBANK = (
    Path("../shared/data/models/stories260K"),
    "../shared/data/text/ud_english_ewt/en_ewt-ud-test.conllu",
)
LLAMA = {
    "hidden_size": 64,
    "intermediate_size": 172,
    "num_hidden_layers": 5,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
}
QWEN = {
    "hidden_size": 512,
    "intermediate_size": 2816,
    "num_hidden_layers": 10,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
}
SIZES = {
    "teaching model": {"n_texts": 20, "n_draws": 4, "lesion_texts": 4},
    "stories260K": {"n_texts": 60, "n_draws": 20},
    "random Qwen": {"n_texts": 8, "n_draws": 1, "lesion_texts": 2, "n_words": 3, "k": 4, "n_restarts": 2},
}
"""What is to be done with each model. The last one is made on the spot, and does less, because it is larger."""


def prepare(name: str, folder: Path) -> tuple[str, str]:
    """Return the place of a model and of texts; a random model is written to the folder.

    Where the model and texts of others are absent, a random model of the same shape reads the teaching language.
    """
    if name == "teaching model":
        return str(TEACHING), "teaching"
    if name == "stories260K" and STORIES.exists() and Path(TREEBANK).exists():
        return str(STORIES), TREEBANK
    sizes = QWEN if name == "random Qwen" else LLAMA
    lm = models.load_model(TEACHING)
    config_class = transformers.Qwen2Config if name == "random Qwen" else transformers.LlamaConfig
    config = config_class(**sizes, vocab_size=20_000 if name == "random Qwen" else 4096, bos_token_id=0, eos_token_id=1)
    torch.manual_seed(0)
    with models.quiet_transformers():
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        lm.tokenizer.save_pretrained(folder)
    return str(folder), "teaching"


def read(model: str, texts: str, n_texts: int) -> tuple[LanguageModel, list[Text]]:
    """Load a model and choose passages."""
    lm = models.load_model(model)
    return lm, passages.choose_passages(texts, partial(activity.count_tokens, lm), n_texts)


def walk(lm: LanguageModel, texts: list[Text], work: Work) -> dict[str, float]:
    """Do all stages as a study does them, and return the seconds of each."""
    marks = {"record": 0.0}

    def recorded() -> Iterator[Activity]:
        stream = activity.stream(lm, texts, work.site)
        while True:
            started = time.perf_counter()
            one = next(stream, None)
            marks["record"] += time.perf_counter() - started
            if one is None:
                return
            yield decomposition.standardise(lesions.without_first(one), constant="keep")

    started = time.perf_counter()
    reduced = group.reduce_texts(recorded(), work.rows)
    marks["reduce"] = time.perf_counter() - started - marks["record"]
    started = time.perf_counter()
    masks = networks.threshold(group.group_ica(reduced, work.k, n_restarts=work.n_restarts).maps, 1.96)
    marks["decompose"] = time.perf_counter() - started
    started = time.perf_counter()
    silencing, read_again = Silencing(site=work.site), {"own": texts[: work.lesion_texts]}
    sets = controls.same_size_per_layer(masks, reduced.layer_sizes, work.n_draws)
    lesions.rises(lm, read_again, masks, silencing)
    dealt.rises(lm, read_again, {"own": ["own"]}, sets, silencing, n_each=work.draw_texts)
    marks["lesions"] = time.perf_counter() - started
    started = time.perf_counter()
    integrated_gradients(lm, _cases(lm, texts, work.n_words), site=work.site, steps=work.steps, max_steps=work.steps)
    marks["attribution"] = time.perf_counter() - started
    return marks


def _cases(lm: LanguageModel, texts: list[Text], n_words: int) -> list[Case]:
    """Take single tokens, none of them near the start of its text."""
    _, inputs = activity.tokenize(lm, texts)
    rng = np.random.default_rng(0)
    places = [(ids, int(rng.integers(8, len(ids)))) for ids in inputs[:n_words]]
    return [Case(tuple(ids[:place]), (ids[place],)) for ids, place in places]


def observe(model: str, texts: str, sizes: dict[str, Any]) -> dict[str, Any]:
    """Do the work, in a process that has done nothing else."""
    lm, chosen = read(model, texts, sizes["n_texts"])
    work = Work(**sizes | {"n_texts": len(chosen), "n_tokens": len(activity.tokenize(lm, chosen)[0])})
    return {"seconds": walk(lm, chosen, work), "peak": calibration.peak_memory()}


def foresee(model: str, texts: str, sizes: dict[str, Any]) -> dict[str, Any]:
    """Plan the work; the peer is what one would do by hand: two operations a weight, and the weights in memory."""
    plan = planning.plan(model, texts, **sizes)
    machine, shape, work = plan.machine, plan.model, plan.work
    n_read = work.n_tokens + ((1 + work.k) * work.lesion_texts + work.k * work.n_draws * work.draw_texts) * work.length
    by_hand = 2 * shape.parameters * n_read / _fastest_product()
    return {
        "seconds": plan.seconds,
        "peak": plan.memory,
        "seconds_by_hand": by_hand,
        "peak_by_hand": machine.base_memory + shape.parameters * planned.BYTES[work.dtype],
    }


def _fastest_product() -> float:
    """Operations a second of a large matrix product, as a processor is advertised."""
    left, right = torch.randn(1024, 1024), torch.randn(1024, 1024)
    taken = []
    for _ in range(10):
        started = time.perf_counter()
        torch.nn.functional.linear(left, right)
        taken.append(time.perf_counter() - started)
    return 2 * 1024**3 / min(taken)


def measure() -> list[Record]:
    """Plan and do the work of each model in turn, each in a process of its own."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, sizes in SIZES.items():
            model, texts = prepare(name, Path(folder, name))
            found[name] = {what: _apart(what, model, texts, sizes) for what in ("foresee", "observe")}
    wrong = {name: _compared(one["foresee"], one["observe"]) for name, one in found.items()}
    worst = {key: max(one[key] for one in wrong.values()) for key in next(iter(wrong.values()))}
    return [
        Record(
            name="planner_time",
            ours=worst["seconds"],
            peer=worst["seconds_by_hand"],
            peer_name="two operations a weight and token, at the speed of a matrix product",
            floor=1.0,
            unit="times off",
            agreement=worst["seconds"],
            agreement_name="largest factor between planned and measured seconds, of three models",
            details={name: one["seconds told"] for name, one in _told(found).items()},
        ),
        Record(
            name="planner_memory",
            ours=worst["peak"],
            peer=worst["peak_by_hand"],
            peer_name="Python, its libraries and the weights",
            floor=0.0,
            unit="% off",
            agreement=worst["peak"],
            agreement_name="largest difference between planned and measured peak, of three models, in %",
            details={name: one["peak told"] for name, one in _told(found).items()},
        ),
    ]


def _apart(what: str, model: str, texts: str, sizes: dict[str, int]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.planner", what, model, texts, json.dumps(sizes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _compared(foreseen: dict[str, Any], observed: dict[str, Any]) -> dict[str, float]:
    """How far off: a factor for seconds, per cent for memory."""
    seconds, peak = sum(observed["seconds"].values()), observed["peak"]
    factors = {
        "seconds": sum(foreseen["seconds"].values()) / seconds,
        "seconds_by_hand": foreseen["seconds_by_hand"] / seconds,
    }
    shares = {key: foreseen[key] / peak for key in ("peak", "peak_by_hand")}
    return {key: max(one, 1 / one) for key, one in factors.items()} | {
        key: 100 * abs(one - 1) for key, one in shares.items()
    }


def _told(found: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Planned and measured numbers, for the record."""
    told = {}
    for name, one in found.items():
        planned_seconds, measured_seconds = one["foresee"]["seconds"], one["observe"]["seconds"]
        by_stage = {f"{stage}_planned": planned_seconds[stage] for stage in STAGES}
        by_stage |= {f"{stage}_measured": measured_seconds[stage] for stage in STAGES}
        total = {"planned_s": sum(planned_seconds.values()), "measured_s": sum(measured_seconds.values())}
        memory = {"planned_mb": one["foresee"]["peak"] / 1e6, "measured_mb": one["observe"]["peak"] / 1e6}
        told[name] = {"seconds told": total | by_stage, "peak told": memory}
    return told


if __name__ == "__main__":
    _, task, place, source, numbers = sys.argv
    print(json.dumps({"foresee": foresee, "observe": observe}[task](place, source, json.loads(numbers))))
