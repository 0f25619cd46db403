"""Key neurons: the ones most often among an item's most important, for each part of speech, and what chance makes.

A reconstruction of Saki Norouzi et al. (2025), of whose method the following is known: per item the top 5 % of neurons
by attribution are kept; per tag the 100 most often kept are key, which with 14,336 neurons in a layer is 0.7 %; a
chi-squared filter follows. Not known: whether the 5 % and the 100 are of each layer or of the model, and what the
chi-squared table is. Here both are of each layer unless told otherwise, and the table is kept or not, by tag.

The items of one word are not independent, so a test over items finds neurons that follow single words and calls them
grammar. The null that goes with the question exchanges the tags of whole lexemes and repeats the selection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, false_discovery_control

from analysis.errors import InputError
from analysis.inference import corrected_p

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
    _check_share(share)
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


def _check_share(share: float) -> None:
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
    _check_share(share)
    return _choose(counts.by_tag()[0], counts.layer_sizes, share, np.random.default_rng(seed))


def _choose(used: Floats, layer_sizes: Sequence[int], share: float, rng: np.random.Generator) -> Masks:
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


def chi_squared(counts: Counts) -> pd.DataFrame:
    """Test each neuron for independence of being used and tag, over items: the paper's filter, as far as it is known.

    Not valid where an item's word comes back: items of one lexeme are no independent observations. See
    :func:`permutation` for the test that is.

    Returns
    -------
    DataFrame, one row per neuron
        ``layer``, ``chi2`` (n_tags - 1 degrees of freedom), ``p``, ``q`` (Benjamini & Hochberg 1995 over all neurons),
        ``cramers_v``, ``tag`` (of the highest rate of use).
    """
    used, n_items = counts.by_tag()
    statistic = _chi2(used, n_items)
    p = chi2.sf(statistic, len(counts.tags) - 1)
    return pd.DataFrame(
        {
            "layer": counts.layer_of,
            "chi2": statistic,
            "p": p,
            "q": false_discovery_control(p),
            "cramers_v": np.sqrt(statistic / n_items.sum()),
            "tag": np.array(counts.tags)[(used / n_items).argmax(0)],
        }
    )


def _chi2(used: Floats, n_items: Floats) -> Floats:
    """Pearson's statistic of the tables used or not × tag, shape (..., n_neurons)."""
    rate = used.sum(-2, keepdims=True) / n_items.sum(-2, keepdims=True)
    variance = n_items * rate * (1 - rate)
    squares = (used - n_items * rate) ** 2
    return np.divide(squares, variance, out=np.zeros_like(squares), where=variance > 0).sum(-2)


@dataclass(frozen=True)
class Permutation:
    """What the choice of key neurons gives, beside what it gives when lexemes exchange their tags.

    Attributes
    ----------
    statistics : DataFrame
        A row for each ``statistic``, ``layer`` (``"all"`` or its number), ``tag`` and ``other`` (``"all"`` where it is
        over tags): ``observed``; ``mean``, ``low``, ``high`` of the null (2.5 and 97.5 %); ``p_more`` and ``p_less``
        (one-sided). *selectivity*: how much more often the tag's items use its key neurons than other tags' items do,
        mean over the neurons, in shares of items; *jaccard*: overlap of two tags' sets; *specific*, *shared* and
        *general*: number of key neurons of one tag, several, all.
    neurons : DataFrame, one row per neuron
        ``layer``, ``chi2``, ``p`` of it against the null, ``p_corrected`` (maximum statistic over neurons).
    n_draws : int
    """

    statistics: pd.DataFrame
    neurons: pd.DataFrame
    n_draws: int


def permutation(
    counts: Counts, share: float = KEY_SHARE, *, n_draws: int = 200, n_bins: int = 5, seed: int = 0
) -> Permutation:
    """Exchange the tags of lexemes of like frequency, and repeat the whole choice of key neurons each time.

    Parameters
    ----------
    counts : Counts
    share : float
        As in :func:`select`.
    n_draws : int
        The smallest p is 1 / (1 + n_draws).
    n_bins : int
        Quantiles of the lexemes' frequency within which tags are exchanged.
    seed : int
    """
    _check_share(share)
    used, n_items = counts.by_tag()
    chosen = select(counts, share, seed)
    observed = _statistics(used / n_items, chosen, counts.layer_sizes)
    chi = _chi2(used, n_items)
    rng = np.random.default_rng([seed, 1])
    drawn, drawn_chi = [], []
    for codes in _exchanged(counts, n_draws, n_bins, rng):
        used, n_items = counts.by_tag(codes)
        chosen = _choose(used, counts.layer_sizes, share, rng)
        drawn.append(_statistics(used / n_items, chosen, counts.layer_sizes))
        drawn_chi.append(_chi2(used, n_items))
    null, null_chi = np.concatenate(drawn), np.concatenate(drawn_chi)
    low, high = np.quantile(null, [0.025, 0.975], axis=0)
    statistics = _labels(counts).assign(
        observed=observed,
        mean=null.mean(0),
        low=low,
        high=high,
        p_more=(1 + (null >= observed).sum(0)) / (1 + n_draws),
        p_less=(1 + (null <= observed).sum(0)) / (1 + n_draws),
    )
    neurons = pd.DataFrame({"layer": counts.layer_of, "chi2": chi})
    neurons["p"] = (1 + (null_chi >= chi).sum(0)) / (1 + n_draws)
    neurons["p_corrected"] = corrected_p(chi.astype(np.float64), null_chi.astype(np.float64))
    return Permutation(statistics, neurons, n_draws)


def _exchanged(counts: Counts, n_draws: int, n_bins: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Yield tags of lexemes, exchanged within frequency bins, in blocks of shape (at most 25, n_lexemes)."""
    codes = counts.tag_codes
    frequency = counts.lexemes["frequency"].to_numpy()
    bins = np.searchsorted(np.quantile(frequency, np.arange(1, n_bins) / n_bins), frequency)
    place = np.argsort(bins, kind="stable")
    for start in range(0, n_draws, 25):
        keys = rng.random((min(25, n_draws - start), len(codes)))
        order = np.lexsort((keys, np.broadcast_to(bins, keys.shape)), axis=-1)
        exchanged = np.empty(keys.shape, np.int64)
        exchanged[:, place] = codes[order]
        yield exchanged


def _statistics(rate: Floats, chosen: Masks, layer_sizes: Sequence[int]) -> Floats:
    """All statistics of one choice, or of a block of them; shape (..., n_statistics), in the order of `_labels`."""
    starts = np.cumsum([0, *layer_sizes[:-1]])
    n_tags = rate.shape[-2]

    def over(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """Sum each layer, after the sum of all."""
        parts = np.add.reduceat(values.astype(np.float64), starts, axis=-1)
        return np.concatenate([parts.sum(-1, keepdims=True), parts], axis=-1)

    others = (rate.sum(-2, keepdims=True) - rate) / (n_tags - 1)
    selectivity = over((rate - others) * chosen) / np.maximum(over(chosen), 1)
    pairs = list(combinations(range(n_tags), 2))
    a, b = chosen[..., [i for i, _ in pairs], :], chosen[..., [j for _, j in pairs], :]
    jaccard = over(a & b) / np.maximum(over(a | b), 1)
    n = chosen.sum(-2)
    kind = np.stack([over(n == 1), over((n > 1) & (n < n_tags)), over(n == n_tags)], -2)
    blocks = [selectivity, selectivity.mean(-2, keepdims=True), jaccard, jaccard.mean(-2, keepdims=True), kind]
    joined = np.concatenate(blocks, axis=-2)
    return joined.reshape(*joined.shape[:-2], -1)


def _labels(counts: Counts) -> pd.DataFrame:
    tags = [*counts.tags, "all"]
    rows = [("selectivity", tag, "all") for tag in tags]
    rows += [("jaccard", *pair) for pair in [*combinations(counts.tags, 2), ("all", "all")]]
    rows += [(kind, "all", "all") for kind in KINDS]
    layers = ["all", *range(len(counts.layer_sizes))]
    named = [(statistic, layer, tag, other) for statistic, tag, other in rows for layer in layers]
    return pd.DataFrame(named, columns=["statistic", "layer", "tag", "other"])


def split_half(counts: Counts, share: float = KEY_SHARE, *, n_splits: int = 50, seed: int = 0) -> pd.DataFrame:
    """Choose key neurons in two halves of the lexemes, and compare each tag's set with every tag's of the other half.

    A tag with itself says how far such a set can be trusted; two tags can agree no more than that.

    Returns
    -------
    DataFrame
        ``tag``, ``other``, ``jaccard`` (mean over splits), ``low`` and ``high`` (2.5 and 97.5 % of the splits).

    Raises
    ------
    InputError
        If a tag has only one lexeme.
    """
    _check_share(share)
    codes, tags = counts.tag_codes, counts.tags
    if (n_lexemes := np.bincount(codes)).min() < 2:
        raise InputError(f"'{tags[int(n_lexemes.argmin())]}' has one lemma, which has no halves. Leave that tag out.")
    rng = np.random.default_rng(seed)
    found = np.zeros((n_splits, len(tags), len(tags)))
    for split in range(n_splits):
        place = pd.Series(rng.random(len(codes))).groupby(codes).rank().to_numpy()
        first = place % 2 == 1
        halves = np.stack([np.where(first, codes, -1), np.where(first, -1, codes)])
        a, b = _choose(counts.by_tag(halves)[0], counts.layer_sizes, share, rng).astype(np.float64)
        both = a @ b.T
        found[split] = both / (a.sum(1)[:, None] + b.sum(1) - both)
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    named = pd.MultiIndex.from_product([tags, tags], names=["tag", "other"]).to_frame(index=False)
    return named.assign(jaccard=found.mean(0).ravel(), low=low.ravel(), high=high.ravel())
