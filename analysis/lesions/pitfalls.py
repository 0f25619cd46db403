"""Three errors of published lesion studies of language models, made here on purpose, to see what each would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import evaluation, many
from analysis.activity import record
from analysis.decomposition import temporal_ica
from analysis.errors import InputError
from analysis.inference import Interval, mean_over_units
from analysis.interventions import silence
from analysis.kinds import Kind
from analysis.lesions import dealt
from analysis.lesions import sets as lesion_sets
from analysis.lesions import silencing as lesions
from analysis.lesions.sets import Found
from analysis.lesions.silencing import Silencing
from analysis.models import LanguageModel
from analysis.networks import threshold
from analysis.texts import Item

Neurons = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

PAPER_KEPT = {10: (1235, 659, 0.0), 64: (9390, 3196, 0.8624), 128: (14854, 3832, 0.93)}
PAPER_KEPT |= {256: (18702, 4045, 0.9381), 512: (26513, 4095, 0.9404)}
"""ChatGLM3-6B-base on SST-2, from the outputs stored in a notebook that came with the code of arXiv 2502.20408,
version 1: by number of networks, how many neurons are in any of them, how many of these are in the last layer, and
accuracy with only them kept."""
PAPER_LAYERS, PAPER_WIDTH, PAPER_INTACT = 28, 4096, 0.9392


def paper_table() -> pd.DataFrame:
    """Say what the first paper reports of keeping networks only, and what its code did.

    Returns
    -------
    DataFrame indexed by number of networks
        ``kept, as reported`` (share of all neurons), ``kept, as applied`` (the last layer's share, in every layer),
        ``accuracy``.
    """
    rows = {
        k: (neurons / (PAPER_LAYERS * PAPER_WIDTH), last / PAPER_WIDTH, accuracy)
        for k, (neurons, last, accuracy) in PAPER_KEPT.items()
    }
    columns = ["kept, as reported", "kept, as applied", "accuracy"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("networks")


def as_the_last_layer(neurons: Neurons, layer_sizes: Sequence[int]) -> Neurons:
    """Give every layer the last layer's part of a set: what a hook does that looks its layer up when it runs.

    In a loop over layers, ``lambda: mask[layer]`` asks for ``layer`` at the time of the call, when the loop is over.

    Parameters
    ----------
    neurons : ndarray of bool, shape (..., n_neurons)
    layer_sizes : sequence of int
        All alike.

    Returns
    -------
    ndarray of bool, of the same shape
    """
    if len(set(layer_sizes)) > 1 or neurons.shape[-1] != sum(layer_sizes):
        raise InputError("Layers of different sizes cannot share a mask. This error needs layers that are all alike.")
    return np.tile(neurons[..., -layer_sizes[-1] :], len(layer_sizes))


def anywhere(n_neurons: int, share: float, seed: int = 0) -> Neurons:
    """Take each neuron with the same probability, whatever its layer and strength: the unmatched control."""
    return np.asarray(np.random.default_rng(seed).random(n_neurons) < share)


def decoy(contribution: npt.NDArray[np.floating], layer_sizes: Sequence[int], seed: int = 0) -> Neurons:
    """Draw a set that is no network but strong: half of the tenth of each layer's neurons that contribute most.

    Parameters
    ----------
    contribution : ndarray of shape (n_neurons,)
    layer_sizes : sequence of int
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_neurons,)
    """
    rng = np.random.default_rng(seed)
    parts = []
    for strength in np.split(np.asarray(contribution), np.cumsum(layer_sizes)[:-1]):
        strongest = np.argsort(-strength, kind="stable")[: max(2, len(strength) // 10)]
        parts.append(np.isin(np.arange(len(strength)), rng.permutation(strongest)[: len(strongest) // 2]))
    return np.concatenate(parts)


def labels_read(words: Sequence[str]) -> Numbers:
    """Say which label a scorer reads from each answer if it takes the first label word that the answer contains.

    *unacceptable* contains *acceptable*, so that its label is never read.

    Parameters
    ----------
    words : sequence of str
        The answer of each label.

    Returns
    -------
    ndarray of int, shape (n_labels,)
    """
    return np.array([next(label for label, word in enumerate(words) if word in answer) for answer in words])


def scored(chosen: Numbers, items: Sequence[Item], read: Sequence[int] | Numbers) -> npt.NDArray[np.float64]:
    """Accuracy by a scorer that reads labels in its own way.

    Parameters
    ----------
    chosen : ndarray of int, shape (..., n_items)
        Which choice the model took.
    items : sequence of Item
    read : sequence of int
        The label that is read from each choice; 0, 1, 2 … is right, and 1, 0 is two labels swapped.

    Returns
    -------
    ndarray of shape (...)
    """
    gold = np.array([item.answer for item in items])
    return np.asarray((np.asarray(read)[chosen] == gold).mean(-1))


def kept_and_silenced(
    lm: LanguageModel,
    kind: Kind,
    items: Sequence[Item],
    numbers: Sequence[int],
    *,
    at: float = 1.96,
    max_tokens: int = 256,
    random_share: float = 0.15,
    seed: int = 0,
) -> pd.DataFrame:
    """Find networks as the first paper's first code did, and silence and keep them with its error and without.

    The output of the MLPs as it comes, temporal ICA, one-sided threshold; all networks together.

    Parameters
    ----------
    lm : LanguageModel
    kind : Kind
        Where networks are found.
    items : sequence of Item
        A task of that kind.
    numbers : sequence of int
        Of networks.
    at : float
        Threshold; the code has 1.96 and 3.6.
    max_tokens : int
        Longest passage.
    random_share : float
        Of all neurons, silenced at random beside it; the paper has 15 %.
    seed : int

    Returns
    -------
    DataFrame of one row per number of networks and binding
        ``networks``, ``binding`` (``each layer its own`` or ``the last layer's for all``), ``share reported``,
        ``share applied``, and accuracies: ``networks silenced``, ``only networks kept``, ``random silenced``,
        ``intact``.
    """
    recorded = record(lm, kind.find, "mlp_output", max_tokens=max_tokens)
    later = recorded.where((recorded.tokens["position"] > 0).to_numpy())
    sizes = later.layer_sizes
    random = anywhere(sum(sizes), random_share, seed)
    rows = []
    for k in numbers:
        found = temporal_ica(later, k, n_restarts=1, max_iter=200, seed=seed)
        union = np.asarray(threshold(found.maps, at, two_sided=False).any(0))
        bindings = {"each layer its own": union, "the last layer's for all": as_the_last_layer(union, sizes)}
        for binding, applied in bindings.items():
            lesions = [*(silence(neurons, "mlp_output") for neurons in (applied, ~applied, random)), None]
            accuracy = evaluation.right(items, many.choice_scores(lm, items, lesions)).mean(1)
            shares = {"share reported": union.mean(), "share applied": applied.mean()}
            rows.append({"networks": k, "binding": binding} | shares | dict(zip(_DONE, accuracy, strict=True)))
    return pd.DataFrame(rows)


_DONE = ("networks silenced", "only networks kept", "random silenced", "intact")


def unmatched(
    lm: LanguageModel, kind: Kind, found: Found, silencing: Silencing, *, n_draws: int = 20, seed: int = 0
) -> tuple[Interval, dict[str, npt.NDArray[np.float64]]]:
    """Silence a strong set that is no network (:func:`decoy`), beside random sets that are matched in less and less.

    Parameters
    ----------
    lm : LanguageModel
    kind : Kind
        What is read, on ``test``.
    found : Found
        Its networks; what is known of their neurons' strength is used, and not the networks.
    silencing : Silencing
    n_draws, seed : int

    Returns
    -------
    observed : Interval
        Rise of bits per byte, over texts.
    draws : dict of control to ndarray of shape (n_draws,)
        The strictest control first.
    """
    strong = decoy(found.usual.contribution, found.networks.layer_sizes, seed)
    alone = replace(found, masks=strong[None])
    sets = {"matched sets": lesion_sets.matched(alone, n_draws, seed), **lesion_sets.looser(alone, n_draws, seed)}
    texts = {kind.name: kind.test}
    observed = lesions.rises(lm, texts, alone.masks, silencing)[kind.name][0]
    draws = {
        name: dealt.mean_over_networks(dealt.rises(lm, texts, {"own": [kind.name]}, one, silencing), "own")
        for name, one in sets.items()
    }
    return mean_over_units(observed), draws
