"""Which neurons a model might do without: by networks, as in 2508.05239, and by what needs no networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity, record
from analysis.contribution import contribution
from analysis.decomposition import Constant, spatial_ica, standardise
from analysis.errors import InputError
from analysis.lesions.silencing import without_first
from analysis.models import LanguageModel
from analysis.texts import Text

Scores = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Worth:
    """What the neurons of a model are worth, each way to judge them in an order of its own.

    Attributes
    ----------
    scores : mapping of str to ndarray of shape (n_neurons,)
        By method; the lowest go first.
    means : ndarray of shape (n_neurons,)
        Mean activity over the tokens that were read.
    """

    scores: Mapping[str, Scores]
    means: npt.NDArray[np.float64]


METHODS = ("networks", "networks of all layers", "contribution", "variance", "magnitude")
"""Ways to judge neurons. The first is the paper's."""


def judge(
    lm: LanguageModel,
    batches: Sequence[Sequence[Text]],
    k: int,
    *,
    max_tokens: int = 256,
    constant: Constant = "keep",
    seed: int = 0,
) -> Worth:
    """Read batches of texts and judge each neuron by all methods.

    - *networks*: the largest absolute z of the neuron in any network of any batch; each layer is decomposed by itself,
      as in the code of 2508.05239. Keeping what lies above a threshold keeps the union of all thresholded networks.
    - *networks of all layers*: the same, all layers of a batch decomposed together, as in the rest of this book.
    - *contribution*: typical activity (root mean square) times the length of the vector that the neuron adds.
    - *variance* of its activity.
    - *magnitude*: length of its column in the down-projection; the only one that reads no text.

    Parameters
    ----------
    lm : LanguageModel
    batches : sequence of sequence of Text
        Of ``find``. Each is decomposed by itself.
    k : int
        Networks of each layer of each batch, and of each batch where layers go together.
    max_tokens : int
        Longest text.
    constant : {"refuse", "keep"}
        As in :func:`analysis.decomposition.standardise`.
    seed : int
        Of the decompositions.

    Raises
    ------
    InputError
        If there is no batch, or k networks cannot be found in one.
    """
    if not batches:
        raise InputError("There is no batch of texts to find networks in. Give one or more.")
    by_layer, together, moments = [], [], []
    for number, batch in enumerate(batches):
        activity = without_first(record(lm, batch, max_tokens=max_tokens))
        even = standardise(activity, constant=constant)
        by_layer.append(np.concatenate([_largest(part, k, seed + number) for part in layers(even)]))
        together.append(_largest(even, k, seed + number))
        moments.append((len(activity.values), *_moments(activity)))
    counts, means, squares = (np.array(part) for part in zip(*moments, strict=True))
    mean, square = np.average(means, 0, counts), np.average(squares, 0, counts)
    lengths = column_lengths(lm)
    scores = {
        "networks": np.max(by_layer, axis=0),
        "networks of all layers": np.max(together, axis=0),
        "contribution": np.sqrt(square) * lengths,
        "variance": square - mean**2,
        "magnitude": lengths,
    }
    return Worth(scores, mean)


def in_turn(groups: Sequence[Sequence[Text]]) -> list[Text]:
    """Take the first text of each group, then the second of each, and so on until one group is empty."""
    return [text for texts in zip(*groups, strict=False) for text in texts]


def in_batches(groups: Sequence[Sequence[Text]]) -> list[list[Text]]:
    """Make batches that have one text of each group."""
    return [list(texts) for texts in zip(*groups, strict=False)]


def layers(activity: Activity) -> list[Activity]:
    """Cut activity into that of single layers."""
    edges = np.cumsum(activity.layer_sizes)[:-1]
    parts = np.split(activity.values, edges, axis=1)
    return [
        Activity(np.ascontiguousarray(part), activity.tokens, (size,), activity.site, activity.model)
        for part, size in zip(parts, activity.layer_sizes, strict=True)
    ]


def _largest(activity: Activity, k: int, seed: int) -> Scores:
    maps = spatial_ica(activity, k, n_restarts=1, seed=seed, max_iter=200).maps
    return np.abs(maps).max(0).astype(np.float64)


def _moments(activity: Activity) -> tuple[Scores, Scores]:
    values = activity.values
    return values.mean(0, dtype=np.float64), np.einsum("tn,tn->n", values, values, dtype=np.float64) / len(values)


def column_lengths(lm: LanguageModel) -> Scores:
    """Length of the vector that each neuron adds when it is 1: what a neuron that is 1 everywhere contributes."""
    sizes = lm.layer_sizes("mlp_activation")
    ones = Activity(np.ones((1, sum(sizes)), np.float32), pd.DataFrame(index=[0]), sizes, "mlp_activation", lm.name)
    return contribution(lm, ones)


def lowest(
    lm: LanguageModel, scores: Scores, share: float, *, spared: tuple[int, int] = (0, 0), even: bool = True
) -> Masks:
    """Mark the neurons of lowest score, so that a wanted share of all neurons goes.

    Parameters
    ----------
    lm : LanguageModel
    scores : ndarray of shape (..., n_neurons)
    share : float
        Of all MLP neurons of the model, spared layers among them.
    spared : tuple of two int
        How many of the first and of the last layers are left whole. The paper's code: 3 and 2 (of 32).
    even : bool
        Whether each layer that is not spared loses the same number. Otherwise one threshold holds for all, as in the
        paper's code, and layers lose what lies below it.

    Returns
    -------
    ndarray of bool, of the shape of ``scores``

    Raises
    ------
    InputError
        If the share is more than what the layers that are not spared have.
    """
    sizes = np.array(lm.layer_sizes("mlp_activation"))
    first, last = spared
    open_layers = np.arange(len(sizes))[first : len(sizes) - last]
    layer_of = np.repeat(np.arange(len(sizes)), sizes)
    wanted = round(share * sizes.sum())
    if not 0 <= wanted < sizes[open_layers].sum():
        raise InputError(
            f"With {first} first and {last} last of {len(sizes)} layers spared, a share of {share:g} cannot go. "
            "Spare fewer, or remove less."
        )
    groups = [layer_of == layer for layer in open_layers] if even else [np.isin(layer_of, open_layers)]
    marked = np.zeros(scores.shape, bool)
    for group in groups:
        marked |= _lowest_of(scores, group, round(wanted / len(groups)))
    return marked


def as_many_per_layer(lm: LanguageModel, scores: Scores, pattern: Masks) -> Masks:
    """Mark the neurons of lowest score, in each layer as many as a given mask marks there.

    Parameters
    ----------
    lm : LanguageModel
    scores : ndarray of shape (..., n_neurons)
        Random numbers give random pruning of as many in each layer; the same numbers with a larger pattern contain
        the smaller one.
    pattern : ndarray of bool, shape (n_neurons,)
    """
    sizes = lm.layer_sizes("mlp_activation")
    layer_of = np.repeat(np.arange(len(sizes)), sizes)
    marked = np.zeros(scores.shape, bool)
    for layer in range(len(sizes)):
        group = layer_of == layer
        marked |= _lowest_of(scores, group, int(pattern[group].sum()))
    return marked


def _lowest_of(scores: Scores, group: Masks, n: int) -> Masks:
    """Mark the n lowest of a group of neurons; ties by their order."""
    members = np.flatnonzero(group)
    order = np.argsort(scores[..., members], axis=-1, kind="stable")[..., :n]
    marked = np.zeros(scores.shape, bool)
    np.put_along_axis(marked, members[order], values=True, axis=-1)
    return marked
