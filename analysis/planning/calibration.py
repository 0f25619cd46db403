"""How fast this machine is: each stage's own code, run for seconds on random numbers of the model's shapes."""

from __future__ import annotations

import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import tokenizers
import torch
import transformers
from sklearn.decomposition import fastica
from sklearn.exceptions import ConvergenceWarning

from analysis import activity, group, many
from analysis.activity import Activity
from analysis.attribution.cases import Case
from analysis.attribution.gradients import integrated_gradients
from analysis.decomposition import standardise
from analysis.interventions import silence
from analysis.lesions.silencing import BATCH_TOKENS
from analysis.models import LanguageModel, from_parts, quiet_transformers
from analysis.planning import work as planned
from analysis.planning.geometry import Geometry, geometry
from analysis.planning.work import Work
from analysis.texts import Text

SECONDS = 10.0
"""What a calibration may take, about."""
_MOST_NEURONS, _MOST_VOCABULARY = 20_000, 16_384  # more would take memory and tell nothing new
_FIRST_GUESS = 1e10  # operations a second, of a slow processor


@dataclass(frozen=True)
class Machine:
    """What was measured.

    Attributes
    ----------
    rates : dict of stage to float
        Operations a second.
    base_memory : float
        Bytes that Python and the libraries take before any model is there.
    threads : int
        That torch computes with.
    """

    rates: dict[str, float]
    base_memory: float
    threads: int


def calibrate(model: Geometry, work: Work, names: tuple[str, ...], seconds: float = SECONDS) -> Machine:
    """Run each stage on a stand-in, and say how many operations a second it does.

    The stand-in is a random Llama with layers as wide as the model's, as many of them as time allows. What a family
    does beside its matrices is left out, so a rate is only as good as the arithmetic is most of the work.

    Parameters
    ----------
    model : Geometry
    work : Work
    names : tuple of str
        Stages, keys of :data:`analysis.planning.work.STAGES`.
    seconds : float
        To be spent on all of them together.
    """
    base = peak_memory()
    each = seconds / len(names)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        lm = _stand_in(model, work, each)
    stand_in = geometry(lm.model.config, lm.name)
    trials = {
        "record": partial(_record, lm, stand_in, work),
        "reduce": partial(_reduce, model, work),
        "decompose": partial(_decompose, model, work),
        "lesions": partial(_lesions, lm, stand_in, work),
        "attribution": partial(_attribution, lm, stand_in, work),
    }
    return Machine({name: _rate(trials[name], each) for name in names}, base, torch.get_num_threads())


def peak_memory() -> float:
    """Bytes that this process has held at most so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _rate(trial: Callable[[], float], seconds: float) -> float:
    """Median operations a second of as many trials as time allows, the first one, which warms caches, left out."""
    started, rates = time.perf_counter(), []
    while True:
        begun = time.perf_counter()
        flop = trial()
        now = time.perf_counter()
        rates.append(flop / (now - begun))
        if now - started + (now - begun) > seconds:
            return statistics.median(rates[1:] or rates)


def _stand_in(model: Geometry, work: Work, seconds: float) -> LanguageModel:
    """Make a random model with layers of the same shape, as deep as can be read in a part of the seconds."""
    width = max(model.layer_sizes["mlp_activation"])
    per_layer = model.layer_weights / model.n_layers
    n_layers = min(model.n_layers, int(seconds / 4 * _FIRST_GUESS / (2 * per_layer * work.length)))
    vocabulary = min(model.vocabulary, _MOST_VOCABULARY)
    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=model.hidden,
        intermediate_size=width,
        num_hidden_layers=max(1, n_layers),
        num_attention_heads=model.heads,
        head_dim=max(2, model.attention // model.heads // 2 * 2),
        max_position_embeddings=max(model.context, int(work.length) + 1),
        bos_token_id=0,
        eos_token_id=None,
    )
    splits = tokenizers.Tokenizer(tokenizers.models.WordLevel({f"w{n}": n for n in range(vocabulary)}))
    splits.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    start = {"bos_token": "w0"}
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=splits, **start, model_max_length=config.max_position_embeddings
    )
    with quiet_transformers():
        loaded = transformers.AutoModelForCausalLM.from_config(config, dtype=getattr(torch, work.dtype))
    return from_parts("stand-in", loaded, tokenizer)


def _texts(model: Geometry, work: Work, n_tokens: int) -> list[Text]:
    """Random words, in texts of the usual length, about so many in all."""
    rng, length = np.random.default_rng(0), max(2, round(work.length))
    n_texts = max(1, round(n_tokens / length))
    words = rng.integers(1, model.vocabulary, (n_texts, length))
    return [Text(" ".join(f"w{word}" for word in row), "x") for row in words]


def _affordable(model: Geometry, work: Work, most: int) -> int:
    """Tokens that are read in half a second or so, one text at least."""
    return max(round(work.length), min(most, work.n_tokens, int(0.5 * _FIRST_GUESS / model.forward(1, work.length))))


def _record(lm: LanguageModel, stand_in: Geometry, work: Work) -> float:
    texts = _texts(stand_in, work, _affordable(stand_in, work, planned.READ_AT_ONCE))
    for one in activity.stream(lm, texts, work.site):
        one.values.sum()
    return stand_in.forward(len(texts) * round(work.length), work.length)


def _reduce(model: Geometry, work: Work) -> float:
    neurons = min(model.neurons(work.site), _MOST_NEURONS)
    length = max(2, round(work.length))
    n_texts = min(work.n_texts, 3)
    values = np.random.default_rng(0).standard_normal((n_texts * length, neurons), np.float32)
    tokens = pd.DataFrame({"text": np.repeat(np.arange(n_texts), length)})
    whole = Activity(values, tokens, (neurons,), work.site, "random numbers")
    group.reduce_texts((standardise(one, constant="keep") for one in whole.by_text()), work.rows)
    return planned.reduction(n_texts * length, length, work.rows, neurons)


def _decompose(model: Geometry, work: Work) -> float:
    neurons, n_turns = min(model.neurons(work.site), _MOST_NEURONS), 5
    rows = np.random.default_rng(0).standard_normal((work.k, neurons))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped on purpose
        fastica(rows.T, whiten=False, fun="logcosh", max_iter=n_turns, tol=1e-12, random_state=0)
    return n_turns * planned.turns(work.k, neurons)


def _lesions(lm: LanguageModel, stand_in: Geometry, work: Work) -> float:
    texts = _texts(stand_in, work, min(_affordable(stand_in, work, BATCH_TOKENS), BATCH_TOKENS))
    masks = np.random.default_rng(0).random((2, stand_in.neurons(work.site))) < 0.05
    many.losses(lm, texts, [None, *(silence(mask, work.site) for mask in masks)])
    n_tokens = len(texts) * round(work.length) * (1 + len(masks))
    return stand_in.forward(n_tokens, work.length, n_tokens)


def _attribution(lm: LanguageModel, stand_in: Geometry, work: Work) -> float:
    ids = np.random.default_rng(0).integers(1, stand_in.vocabulary, max(2, round(work.length / 2)) + 1).tolist()
    integrated_gradients(
        lm, [Case(tuple(ids[:-1]), (ids[-1],))], site=work.site, steps=work.steps, max_steps=work.steps
    )
    return planned.attribution(stand_in, replace(work, n_words=1)).flop
