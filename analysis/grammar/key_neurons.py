"""Key neurons: the ones most often among an item's most important, for each part of speech, and what chance makes.

A reconstruction of Saki Norouzi et al. (2025), of whose method the following is known: per item the top 5 % of neurons
by attribution are kept; per tag the 100 most often kept are key, which with 14,336 neurons in a layer is 0.7 %; a
chi-squared filter follows. Not known: whether the 5 % and the 100 are of each layer or of the model, and what the
chi-squared table is. Here both are of each layer unless told otherwise, and the table is kept or not, by tag.

The items of one word are not independent, so a test over items finds neurons that follow single words and calls them
grammar. The null that goes with the question exchanges the tags of whole lexemes and repeats the selection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import InputError

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Masks = npt.NDArray[np.bool_]

KEY_SHARE = 0.007
"""The paper's 100 of the 14,336 neurons of a layer; also 14 % of the 5 % that each item keeps."""

KINDS = ("specific", "shared", "general")
"""A key neuron of one tag, of several, of all."""


@dataclass(frozen=True)
class Counts:
    """How often each neuron was among the most important of an item.

    Attributes
    ----------
    used : ndarray of shape (n_lexemes, n_neurons), float32
        Number of the lexeme's items that kept the neuron.
    lexemes : DataFrame of n_lexemes rows
        ``lemma`` and ``tag`` (together a lexeme: *light* the noun and *light* the adjective are two), ``n_items``,
        ``frequency``.
    layer_sizes : tuple of int
    """

    used: Floats
    lexemes: pd.DataFrame
    layer_sizes: tuple[int, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in alphabetical order, which is that of every array with an axis of tags."""
        return tuple(sorted(set(self.lexemes["tag"])))

    @property
    def layer_of(self) -> Ints:
        """Layer of each neuron, shape (n_neurons,)."""
        return np.repeat(np.arange(len(self.layer_sizes)), self.layer_sizes)

    @property
    def tag_codes(self) -> Ints:
        """Index into ``tags`` of each lexeme."""
        return np.searchsorted(self.tags, self.lexemes["tag"].to_numpy(str))

    def by_tag(self, codes: Ints | None = None) -> tuple[Floats, Floats]:
        """Add lexemes up to tags.

        Parameters
        ----------
        codes : ndarray of int, shape (..., n_lexemes), optional
            Tag of each lexeme, by default its own; -1 leaves a lexeme out.

        Returns
        -------
        used : ndarray of shape (..., n_tags, n_neurons)
        n_items : ndarray of shape (..., n_tags, 1)
        """
        codes = self.tag_codes if codes is None else codes
        member = (codes[..., None, :] == np.arange(len(self.tags))[:, None]).astype(np.float32)
        n_items = self.lexemes["n_items"].to_numpy(np.float32)
        return member @ self.used, (member @ n_items)[..., None]


def counts(
    scores: Floats,
    tags: Sequence[str],
    lemmas: Sequence[str],
    layer_sizes: Sequence[int],
    *,
    share: float = 0.05,
    scope: Literal["layer", "model"] = "layer",
    frequency: Floats | None = None,
) -> Counts:
    """Count in how many items each neuron is among the top share, by lexeme.

    Parameters
    ----------
    scores : ndarray of shape (n_items, n_neurons), layer-major
        Contribution of each neuron to each item, of whatever method; only positive ones can be kept. Give absolute
        values to count contributions of either sign. May be a memory map: it is read in blocks.
    tags, lemmas : sequence of str, length n_items
    layer_sizes : sequence of int
    share : float
        Of the neurons, per item.
    scope : {"layer", "model"}
        Whether each layer keeps its own top share, or the share is of all neurons together.
    frequency : ndarray of shape (n_items,), optional
        Of each item's word, for the bins of the null; by default the lexeme's number of items.

    Returns
    -------
    Counts

    Raises
    ------
    InputError
        If the lengths do not fit, a score is not a number, the share makes no sense, or there is only one tag.
    """
    n_items, n_neurons = scores.shape
    if not n_items == len(tags) == len(lemmas) or n_neurons != sum(layer_sizes):
        raise InputError(
            f"Scores of {n_items} items and {n_neurons} neurons do not go with {len(tags)} tags, {len(lemmas)} lemmas "
            f"and layers of {sum(layer_sizes)} neurons. Give one tag and lemma per row, one column per neuron."
        )
    check_share(share)
    codes, lexemes = _lexemes(tags, lemmas, frequency)
    segments = [n_neurons] if scope == "model" else list(layer_sizes)
    used = np.zeros((len(lexemes), n_neurons), np.float32)
    for start in range(0, n_items, 256):
        block = np.asarray(scores[start : start + 256])
        if not np.isfinite(block).all():
            raise InputError(f"Scores of items {start} to {start + len(block) - 1} are not all numbers. Leave out NaN.")
        present, code = np.unique(codes[start : start + 256], return_inverse=True)
        member = (code == np.arange(len(present))[:, None]).astype(np.float32)
        used[present] += member @ (largest(block, segments, share) & (block > 0)).astype(np.float32)
    return Counts(used, lexemes, tuple(layer_sizes))


def check_share(share: float) -> None:
    """Raise :class:`InputError` unless ``share`` is one."""
    if not 0 < share <= 1:
        raise InputError(f"A share of {share} makes no sense. Use one above 0 and at most 1, such as 0.05.")


def _lexemes(tags: Sequence[str], lemmas: Sequence[str], frequency: Floats | None) -> tuple[Ints, pd.DataFrame]:
    """Lexeme of each item, and the table of lexemes."""
    grouped = pd.DataFrame({"lemma": np.asarray(lemmas, str), "tag": np.asarray(tags, str)}).groupby(["tag", "lemma"])
    codes = grouped.ngroup().to_numpy()
    lexemes = grouped.size().reset_index(name="n_items")
    n_of = lexemes["n_items"].to_numpy()
    lexemes["frequency"] = n_of if frequency is None else np.bincount(codes, frequency) / n_of
    if lexemes["tag"].nunique() < 2:
        raise InputError("All items have one tag, so nothing can be told apart. Give items of two tags or more.")
    return codes, lexemes


def largest(values: Floats, sizes: Sequence[int], share: float) -> Masks:
    """Mark the largest values of each layer.

    Parameters
    ----------
    values : ndarray of shape (..., n_neurons)
    sizes : sequence of int
        Neurons in each layer.
    share : float
        Of each layer, at least one neuron.

    Returns
    -------
    ndarray of bool, shape (..., n_neurons)
    """
    marked = np.zeros(values.shape, bool)
    start = 0
    for size in sizes:
        n = max(1, round(share * size))
        part = values[..., start : start + size]
        top = np.argpartition(part, size - n, axis=-1)[..., size - n :]
        np.put_along_axis(marked[..., start : start + size], top, True, axis=-1)
        start += size
    return marked


def select(counts: Counts, share: float = KEY_SHARE, seed: int = 0) -> Masks:
    """Choose each tag's key neurons: in every layer the most often used.

    Parameters
    ----------
    counts : Counts
    share : float
        Of each layer, at least one neuron.
    seed : int
        Ties are broken by lot, for each tag anew: broken by index, they would make tags look alike.

    Returns
    -------
    ndarray of bool, shape (n_tags, n_neurons)
        In the order of ``counts.tags``. A neuron that no item of the tag used is never chosen.
    """
    check_share(share)
    return choose(counts.by_tag()[0], counts.layer_sizes, share, np.random.default_rng(seed))


def choose(used: Floats, layer_sizes: Sequence[int], share: float, rng: np.random.Generator) -> Masks:
    """Mark the most often used of each layer, ties by lot; leading axes of ``used`` are choices of their own."""
    return largest(used + 0.5 * rng.random(used.shape, np.float32), layer_sizes, share) & (used > 0)


def kinds(chosen: Masks) -> npt.NDArray[np.str_]:
    """Name each neuron specific (key for one tag), shared (several) or general (all); empty for none.

    Parameters
    ----------
    chosen : ndarray of bool, shape (n_tags, n_neurons)

    Returns
    -------
    ndarray of str, shape (n_neurons,)
    """
    n = chosen.sum(0)
    return np.select([n == 0, n == 1, n < len(chosen)], ["", *KINDS[:2]], KINDS[2])


def describe(counts: Counts, chosen: Masks) -> pd.DataFrame:
    """List the key neurons.

    Returns
    -------
    DataFrame, one row per neuron that is key for any tag
        ``neuron`` (column of the scores), ``layer``, ``kind``, ``tags`` (those it is key for, blanks between), and by
        the name of each tag the share of its items that used the neuron.
    """
    used, n_items = counts.by_tag()
    neuron = np.flatnonzero(chosen.any(0))
    names = np.array(counts.tags)
    table = pd.DataFrame({"neuron": neuron, "layer": counts.layer_of[neuron], "kind": kinds(chosen)[neuron]})
    table["tags"] = [" ".join(names[chosen[:, column]]) for column in neuron]
    return table.join(pd.DataFrame((used / n_items)[:, neuron].T, columns=names))
