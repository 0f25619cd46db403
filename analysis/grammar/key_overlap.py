"""Do tags have key neurons of their own? A tag's set against its own and others' sets, found from other lemmas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student_t

from analysis.errors import InputError
from analysis.grammar.key_neurons import KEY_SHARE, Counts, check_share, choose
from analysis.grammar.key_null import exchanged
from analysis.inference import Interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OwnOverlap:
    """How much more a tag's key neurons overlap with its own in other lemmas than with another tag's.

    Attributes
    ----------
    own, other : float
        Jaccard overlap between two halves of the lemmas, of a tag with itself and with another; mean over tags and
        pairs.
    difference : Interval
        Own minus other, with a 95 % interval over lemmas.
    draws : ndarray of shape (n_draws,)
        The difference where lexemes have exchanged their tags.
    n_lemmas : int
    """

    own: float
    other: float
    difference: Interval
    draws: Floats
    n_lemmas: int


def own_overlap(
    counts: Counts,
    share: float = KEY_SHARE,
    *,
    n_splits: int = 20,
    n_groups: int = 20,
    n_draws: int = 100,
    n_bins: int = 5,
    seed: int = 0,
) -> OwnOverlap:
    """Choose key neurons in two halves of the lemmas, many times, and compare within and between tags.

    The interval is a jackknife over groups of lemmas (Shao & Tu 1995, section 2.3): a bootstrap would put one lemma
    into both halves. It is too wide rather than too narrow: the overlap of two choices hangs on lemmas jointly, and
    then the jackknife exceeds the true variance (Efron & Stein 1981); on simulated counts its standard errors were 1.6
    to 1.9 times the true ones. It is about key neurons chosen from as many lemmas as here; sets from more may overlap
    more.

    Parameters
    ----------
    counts : Counts
    share : float
        Of each layer, as in :func:`analysis.grammar.key_neurons.select`.
    n_splits : int
        Halvings, over which overlaps are averaged; the same in all that is compared.
    n_groups : int
        Groups of lemmas, each left out once; fewer where there are fewer lemmas.
    n_draws, n_bins, seed : int
        As in :func:`analysis.grammar.key_null.permutation`.

    Returns
    -------
    OwnOverlap

    Raises
    ------
    InputError
        If a tag has fewer than four lemmas: a half of it, with some left out, may be empty.
    """
    codes = _codes(counts)
    rng = np.random.default_rng(seed)
    first = np.stack([_half(codes, rng) for _ in range(n_splits)])
    _, lemma = np.unique(counts.lexemes["lemma"].to_numpy(str), return_inverse=True)
    n_lemmas = int(lemma.max()) + 1
    n_groups = min(n_groups, n_lemmas)
    group = _groups(codes, lemma, n_groups, rng)
    own, other = _overlaps(counts, codes, first, share, seed)
    left = [
        np.subtract(*_overlaps(counts, np.where(group == g, -1, codes), first, share, seed)) for g in range(n_groups)
    ]
    spread = (n_groups - 1) / n_groups * ((np.array(left) - np.mean(left)) ** 2).sum()
    reach = float(student_t.ppf(0.975, n_groups - 1) * np.sqrt(spread))
    draws_of_tags = np.concatenate(list(exchanged(counts, n_draws, n_bins, np.random.default_rng([seed, 1]))))
    draws = []
    for drawn in draws_of_tags:
        halves = np.stack([_half(drawn, rng) for _ in range(n_splits)])
        draws.append(np.subtract(*_overlaps(counts, drawn, halves, share, seed)))
    difference = own - other
    interval = Interval(difference, difference - reach, difference + reach)
    return OwnOverlap(own, other, interval, np.array(draws), n_lemmas)


def overlap_of_halves(
    counts: Counts, share: float = KEY_SHARE, *, n_splits: int = 20, seed: int = 0
) -> tuple[float, float]:
    """Only the two overlaps of :func:`own_overlap`: of a tag with itself, and with another.

    Parameters as there.
    """
    codes, rng = _codes(counts), np.random.default_rng(seed)
    first = np.stack([_half(codes, rng) for _ in range(n_splits)])
    return _overlaps(counts, codes, first, share, seed)


def _codes(counts: Counts) -> Ints:
    """Tags of the lexemes, if they are enough to be halved."""
    codes = counts.tag_codes
    if (n_of := np.bincount(codes)).min() < 4:
        raise InputError(
            f"'{counts.tags[int(n_of.argmin())]}' has {n_of.min()} lemmas, too few to halve. Leave it out."
        )
    return codes


def _half(codes: Ints, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Mark half of each tag's lexemes."""
    order = np.lexsort((rng.random(len(codes)), codes))
    place = np.empty(len(codes), np.int64)
    place[order] = np.arange(len(codes))
    return np.asarray((place - np.searchsorted(codes[order], codes)) % 2 == 0)


def _groups(codes: Ints, lemma: Ints, n_groups: int, rng: np.random.Generator) -> Ints:
    """Deal lemmas out to groups, tag after tag, so that none takes much of one tag; a lemma's lexemes stay together."""
    tag_of = np.zeros(lemma.max() + 1, np.int64)
    tag_of[lemma] = codes
    order = np.lexsort((rng.random(len(tag_of)), tag_of))
    group = np.empty(len(tag_of), np.int64)
    group[order] = np.arange(len(tag_of)) % n_groups
    return group[lemma]


def _overlaps(
    counts: Counts, codes: Ints, first: npt.NDArray[np.bool_], share: float, seed: int
) -> tuple[float, float]:
    """Mean Jaccard overlap between halves: of a tag with itself, and with another."""
    halves = np.stack([np.where(first, codes, -1), np.where(first, -1, codes)])  # halves × splits × lexemes
    rng = np.random.default_rng([seed, 2])  # ties alike in all that is compared
    a, b = choose(counts.by_tag(halves)[0], counts.layer_sizes, share, rng).astype(np.float32)
    both = a @ b.transpose(0, 2, 1)
    jaccard = both / np.maximum(a.sum(-1)[:, :, None] + b.sum(-1)[:, None] - both, 1)
    n = len(counts.tags)
    same = np.eye(n, dtype=bool)
    return float(jaccard[:, same].mean()), float(jaccard[:, ~same].mean())


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
    check_share(share)
    codes, tags = counts.tag_codes, counts.tags
    if (n_lexemes := np.bincount(codes)).min() < 2:
        raise InputError(f"'{tags[int(n_lexemes.argmin())]}' has one lemma, which has no halves. Leave that tag out.")
    rng = np.random.default_rng(seed)
    found = np.zeros((n_splits, len(tags), len(tags)))
    for split in range(n_splits):
        place = pd.Series(rng.random(len(codes))).groupby(codes).rank().to_numpy()
        first = place % 2 == 1
        halves = np.stack([np.where(first, codes, -1), np.where(first, -1, codes)])
        a, b = choose(counts.by_tag(halves)[0], counts.layer_sizes, share, rng).astype(np.float64)
        both = a @ b.T
        found[split] = both / (a.sum(1)[:, None] + b.sum(1) - both)
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    named = pd.MultiIndex.from_product([tags, tags], names=["tag", "other"]).to_frame(index=False)
    return named.assign(jaccard=found.mean(0).ravel(), low=low.ravel(), high=high.ravel())
