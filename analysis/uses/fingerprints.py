"""The fingerprint of a model: what its networks do, token by token, while it reads texts that others read as well."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from analysis import controls
from analysis.activity import Activity, record
from analysis.decomposition import Constant, spatial_ica, standardise
from analysis.errors import InputError
from analysis.lesions.silencing import without_first
from analysis.models import LanguageModel, Site
from analysis.networks import threshold
from analysis.principal import strongest_rows
from analysis.texts import Text

Array = npt.NDArray[np.float64]
Ends = npt.NDArray[np.int64]
Courses: TypeAlias = Callable[[Activity, Activity, int, int], Array]
FEWEST = 10
"""Places in a text where two models have both ended a token: fewer tell nothing about a correlation."""


@dataclass(frozen=True)
class Fingerprint:
    """What the networks of one model did while it read.

    Attributes
    ----------
    model : str
    courses : tuple of ndarray of shape (n_tokens, k)
        One array a text.
    ends : tuple of ndarray of int, shape (n_tokens,)
        The character after each token, in each text.
    """

    model: str
    courses: tuple[Array, ...]
    ends: tuple[Ends, ...]

    def of(self, texts: Sequence[int]) -> Fingerprint:
        """Return the part of some texts."""
        return replace(
            self, courses=tuple(self.courses[text] for text in texts), ends=tuple(self.ends[text] for text in texts)
        )


def network_activity(raw: Activity, even: Activity, k: int, seed: int, *, at: float = 3.6) -> Array:
    """Take the mean activity of each network's neurons as it is, those beyond ±3.6, as the code of 2601.22692 does."""
    masks = threshold(spatial_ica(even, k, n_restarts=1, seed=seed, max_iter=200).maps, at)
    masks = masks[masks.any(1)]
    return _mean_over(raw, masks)


def network_courses(raw: Activity, even: Activity, k: int, seed: int) -> Array:
    """Take how strongly each network is expressed, by its whole map."""
    return spatial_ica(even, k, n_restarts=1, seed=seed, max_iter=200).time_courses.astype(np.float64)


def principal_courses(raw: Activity, even: Activity, k: int, seed: int) -> Array:
    """Take the strongest principal components over tokens: no independence, no sparsity."""
    del raw
    rows = strongest_rows(even.values.T, k, np.random.RandomState(seed))
    return rows.T.astype(np.float64)


def random_activity(raw: Activity, even: Activity, k: int, seed: int, *, share: float = 0.01) -> Array:
    """Take the mean activity of random sets of neurons, as many in each layer: no networks at all.

    Each model has sets of its own: with one draw for all, a copy whose neurons keep their numbers would be known by
    them.
    """
    del even
    seed += zlib.crc32(raw.model.encode())
    sizes = raw.layer_sizes
    pattern = np.concatenate([np.arange(size) < max(1, round(share * size)) for size in sizes])
    return _mean_over(raw, controls.same_size_per_layer(pattern, sizes, k, seed))


COURSES: dict[str, Courses] = {
    "mean activity of networks": network_activity,
    "time courses of networks": network_courses,
    "principal components": principal_courses,
    "random sets of neurons": random_activity,
}
"""What may stand in a fingerprint. The first is the paper's."""


def _mean_over(raw: Activity, masks: npt.NDArray[np.bool_]) -> Array:
    weights = masks.T.astype(np.float32) / masks.sum(1)
    return np.asarray(raw.values @ weights, np.float64)


def read(
    lm: LanguageModel, texts: Sequence[Text], site: Site = "mlp_activation", *, constant: Constant = "keep"
) -> tuple[Activity, Activity]:
    """Record a model on texts, the first token of each left out; return the activity as it is, and standardised."""
    raw = without_first(record(lm, texts, site))
    return raw, standardise(raw, constant=constant)


def fingerprint(
    raw: Activity, even: Activity, k: int, texts: Sequence[int] | None = None, *, courses: str = "", seed: int = 0
) -> Fingerprint:
    """Take the fingerprint of a model.

    Parameters
    ----------
    raw, even : Activity
        From :func:`read`.
    k : int
        Networks, fewer where a network has no neuron beyond the threshold.
    texts : sequence of int, optional
        Of the texts that were read, those that are used; networks are found in them alone.
    courses : str
        One of :data:`COURSES`, by default the first.
    seed : int
        Of the decomposition.

    Raises
    ------
    InputError
        If k networks cannot be found, or none has a neuron beyond the threshold.
    """
    texts = range(int(raw.tokens["text"].max()) + 1) if texts is None else texts
    chosen = np.isin(raw.tokens["text"].to_numpy(), list(texts))
    raw, even = raw.where(chosen), even.where(chosen)
    make = COURSES[courses or next(iter(COURSES))]
    values = make(raw, even, k, seed)
    if not values.shape[1]:
        raise InputError(f"No network of '{raw.model}' has a neuron beyond the threshold. Use fewer networks.")
    text_of, ends = raw.tokens["text"].to_numpy(), raw.tokens["end"].to_numpy()
    return Fingerprint(
        raw.model,
        tuple(values[text_of == text] for text in texts),
        tuple(ends[text_of == text].astype(np.int64) for text in texts),
    )


def aligned(one: Ends, other: Ends) -> tuple[Ends, Ends]:
    """Pair the tokens of two tokenizers: those that end at the same character.

    Cutting both to the shorter count of tokens, as the code of 2601.22692 does, compares other words with one another
    as soon as two tokenizers differ.

    Parameters
    ----------
    one, other : ndarray of int, shapes (n_tokens,) and (m_tokens,)
        The character after each token; where several tokens end at one, which happens within a character, the last.

    Returns
    -------
    Places in ``one`` and in ``other``.
    """
    _, here, there = np.intersect1d(one[::-1], other[::-1], return_indices=True)
    return len(one) - 1 - here, len(other) - 1 - there


def paired_ranks(one: Fingerprint, other: Fingerprint) -> list[tuple[Array, Array]]:
    """Ranks of both models' courses where both have ended a token, text by text, each of mean 0 and length 1.

    Raises
    ------
    InputError
        If they were not taken on the same texts, or their tokens end together too rarely.
    """
    if len(one.courses) != len(other.courses):
        raise InputError(f"'{one.model}' and '{other.model}' were not read on the same texts. Give both the same.")
    pairs = []
    for text in range(len(one.courses)):
        here, there = aligned(one.ends[text], other.ends[text])
        if len(here) < FEWEST:
            raise InputError(
                f"'{one.model}' and '{other.model}' end a token together in {len(here)} places of text {text}, and "
                f"{FEWEST} are needed. Give longer texts, or cut both from one string."
            )
        pairs.append((_ranks(one.courses[text][here]), _ranks(other.courses[text][there])))
    return pairs


def _ranks(values: Array) -> Array:
    ranks = rankdata(values, axis=0)
    centred = ranks - ranks.mean(0)
    length = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(length > 0, length, 1))


def similarity(one: Fingerprint, other: Fingerprint) -> Array:
    """Mean over texts of Spearman's rho between the courses of two models, shape (k_one, k_other)."""
    return np.asarray(np.mean([a.T @ b for a, b in paired_ranks(one, other)], axis=0))


def score(one: Fingerprint, other: Fingerprint) -> float:
    """Return the largest mean rho over all pairs of networks, as in 2601.22692: how much alike two models are."""
    return float(similarity(one, other).max())


def shifted_scores(one: Fingerprint, other: Fingerprint, n_draws: int, seed: int = 0) -> Array:
    """Scores when nothing in the text ties two models together: the null for the largest of many pairs.

    All courses of the other model are shifted within each text, round and round, by one random offset. So each course
    keeps its slow changes and the courses of a model keep what they have to do with each other.

    Returns
    -------
    ndarray of shape (n_draws,)
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((n_draws, one.courses[0].shape[1], other.courses[0].shape[1]))
    pairs = paired_ranks(one, other)
    for here, there in pairs:
        n = len(there)
        rows = (np.arange(n) + rng.integers(1, n, n_draws)[:, None]) % n
        total += np.einsum("tk,dtl->dkl", here, there[rows], optimize=True)
    return np.asarray(total.max((1, 2)) / len(pairs))


def other_text_scores(one: Fingerprint, other: Fingerprint) -> Array:
    """Scores when the two models read different texts: what position in a text alone makes alike.

    Each text of the one is held against the next text of the other, then against the one after it, and so on; tokens
    are paired by their number.

    Returns
    -------
    ndarray of shape (n_texts - 1,)
    """
    n = len(one.courses)
    found = []
    for step in range(1, n):
        rho = []
        for text in range(n):
            here, there = one.courses[text], other.courses[(text + step) % n]
            length = min(len(here), len(there))
            rho.append(_ranks(here[:length]).T @ _ranks(there[:length]))
        found.append(np.mean(rho, axis=0).max())
    return np.array(found)
