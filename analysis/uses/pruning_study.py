"""Prune by several methods to several sizes, and see what texts and tasks lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.claims import Effect
from analysis.errors import InputError
from analysis.inference import corrected_p, mean_over_units, paired_proportions
from analysis.interventions import Intervention, hold_at_mean, silence
from analysis.lesions import silencing as lesions
from analysis.models import LanguageModel
from analysis.texts import Item, Text
from analysis.uses.pruning import Masks, Worth, as_many_per_layer, lowest

Array = npt.NDArray[np.float64]
CLAIMED = 0.2
"""The share of neurons that the claim is about: a fifth."""


@dataclass(frozen=True)
class Plan:
    """How neurons are removed.

    Attributes
    ----------
    spared : tuple of two int
        First and last layers that are left whole.
    even : bool
        Whether layers lose equal numbers; else one threshold for all.
    compensate : bool
        Whether removed neurons are replaced by what they add on average.
    """

    spared: tuple[int, int] = (1, 1)
    even: bool = False
    compensate: bool = True

    def remove(self, neurons: Masks, worth: Worth) -> Intervention:
        """Return what stands for the removal while the model keeps its shape."""
        return hold_at_mean(neurons, worth.means) if self.compensate else silence(neurons)


@dataclass(frozen=True)
class Pruned:
    """What pruning to several sizes did to texts.

    Attributes
    ----------
    shares : tuple of float
        Of all neurons, removed.
    kinds : ndarray of str, shape (n_texts,)
        Kind of each text.
    neutral : ndarray of bool, shape (n_texts,)
    masks : dict of method to ndarray of bool, shape (n_shares, n_neurons)
        What each method removes.
    rises : dict of method to ndarray of shape (n_shares, n_texts)
        Bits per byte above those of the whole model.
    drawn : ndarray of shape (n_draws, n_shares, n_neutral)
        The same for random pruning of as many in each layer as the networks' method removes; on neutral texts.
    """

    shares: tuple[float, ...]
    kinds: npt.NDArray[np.str_]
    neutral: Masks
    masks: dict[str, Masks]
    rises: dict[str, Array]
    drawn: Array

    def at(self, share: float) -> int:
        """Return the place of a share among those that were tried."""
        places = np.flatnonzero(np.isclose(self.shares, share))
        if not len(places):
            tried = ", ".join(f"{one:g}" for one in self.shares)
            raise InputError(f"A share of {share:g} was not tried. Tried were: {tried}.")
        return int(places[0])


def prune(
    lm: LanguageModel,
    texts: Mapping[str, Sequence[Text]],
    neutral: Sequence[str],
    worth: Worth,
    *,
    shares: Sequence[float],
    plan: Plan,
    n_draws: int = 100,
    seed: int = 0,
) -> Pruned:
    """Remove shares of the neurons by each method, and read.

    All methods remove as many neurons in each layer as the networks' method does, so that they differ in which ones
    and in nothing else.

    Parameters
    ----------
    lm : LanguageModel
    texts : mapping of kind to sequence of Text
        Of ``test``.
    neutral : sequence of str
        Kinds that stand for text in general.
    worth : Worth
    shares : sequence of float
        Of all neurons.
    plan : Plan
    n_draws : int
        Random prunings; one draw is one order of all neurons, which loses its first neurons at each share.
    seed : int
        Of these.
    """
    patterns = [lowest(lm, worth.scores["networks"], share, spared=plan.spared, even=plan.even) for share in shares]
    masks = {
        name: np.stack([as_many_per_layer(lm, scores, pattern) for pattern in patterns])
        for name, scores in worth.scores.items()
    }
    every = [text for part in texts.values() for text in part]
    kinds = np.array([kind for kind, part in texts.items() for _ in part])
    is_neutral = np.isin(kinds, neutral)
    removals = [plan.remove(mask, worth) for part in masks.values() for mask in part]
    read = lesions.rise(lm, every, removals).reshape(len(masks), len(shares), len(every))
    orders = np.random.default_rng(seed).random((n_draws, len(worth.means)))
    random = [as_many_per_layer(lm, order, pattern) for order in orders for pattern in patterns]
    some = [text for text, is_one in zip(every, is_neutral, strict=True) if is_one]
    drawn = lesions.rise(lm, some, [plan.remove(mask, worth) for mask in random])
    by_draw = drawn.reshape(n_draws, len(shares), len(some))
    return Pruned(tuple(shares), kinds, is_neutral, masks, dict(zip(masks, read, strict=True)), by_draw)


def curve(pruned: Pruned) -> pd.DataFrame:
    """Say what each method costs neutral text at each share.

    Returns
    -------
    DataFrame
        ``method``, ``share``, ``rise`` in bits per byte with the 95 % interval ``low``, ``high`` over texts; random
        pruning with its mean over draws, and the band of 95 % of the draws instead of an interval.
    """
    rows = []
    for place, share in enumerate(pruned.shares):
        for method, rises in pruned.rises.items():
            found = mean_over_units(rises[place, pruned.neutral])
            rows.append((method, share, found.estimate, found.low, found.high))
        draws = pruned.drawn[:, place].mean(1)
        rows.append(("random", share, draws.mean(), *np.quantile(draws, [0.025, 0.975])))
    return pd.DataFrame(rows, columns=["method", "share", "rise", "low", "high"])


def by_kind(pruned: Pruned, share: float) -> pd.DataFrame:
    """Give the mean rise of each method (rows) for each kind of text (columns) at one share."""
    place = pruned.at(share)
    kinds = list(dict.fromkeys(pruned.kinds))
    rows = {
        method: [rises[place, pruned.kinds == kind].mean() for kind in kinds] for method, rises in pruned.rises.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=kinds).rename_axis("method")


def effect(pruned: Pruned, share: float) -> tuple[Effect, float]:
    """Estimate what the claim speaks of: networks minus the mean of random pruning, on neutral text.

    Parameters
    ----------
    pruned : Pruned
    share : float
        One of those that were tried.

    Returns
    -------
    effect : Effect
        Over texts; a draw in place of the networks is held against the same mean.
    p_corrected : float
        Over all shares that were tried.
    """
    place = pruned.at(share)
    usual = pruned.drawn.mean(0)
    differences = pruned.rises["networks"][:, pruned.neutral] - usual
    draws = (pruned.drawn - usual).mean(2)
    corrected = corrected_p(differences.mean(1), draws, -1)[place]
    found = Effect(mean_over_units(differences[place]), differences.shape[1], draws[:, place])
    return found, float(corrected)


def beside_networks(pruned: Pruned, share: float) -> pd.DataFrame:
    """Compare each other method with pruning by networks, on the same neutral texts.

    Returns
    -------
    DataFrame indexed by method
        ``difference`` in bits per byte (above 0: networks lose less) with the 95 % interval ``low``, ``high``.
    """
    place = pruned.at(share)
    networks = pruned.rises["networks"][place, pruned.neutral]
    rows = {}
    for method, rises in pruned.rises.items():
        if method != "networks":
            found = mean_over_units(rises[place, pruned.neutral] - networks)
            rows[method] = (found.estimate, found.low, found.high)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "low", "high"]).rename_axis("method")


def without_compensation(
    lm: LanguageModel, texts: Mapping[str, Sequence[Text]], pruned: Pruned, share: float
) -> dict[str, float]:
    """Return what each method costs neutral text where removed neurons leave nothing behind, mean over texts."""
    place = pruned.at(share)
    every = [text for part in texts.values() for text in part]
    some = [text for text, is_one in zip(every, pruned.neutral, strict=True) if is_one]
    rises = lesions.rise(lm, some, [silence(masks[place]) for masks in pruned.masks.values()])
    return dict(zip(pruned.masks, rises.mean(1).tolist(), strict=True))


def answers(
    lm: LanguageModel,
    tasks: Mapping[str, Sequence[Item]],
    pruned: Pruned,
    worth: Worth,
    *,
    share: float,
    plan: Plan,
    n_draws: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Let the model answer items after each pruning, all tasks together and each alone.

    Parameters
    ----------
    lm : LanguageModel
    tasks : mapping of task to sequence of Item
    pruned : Pruned
        Its masks are used.
    worth : Worth
    share : float
    plan : Plan
    n_draws : int
        Random prunings.
    seed : int
        Of these.

    Returns
    -------
    DataFrame
        ``method``, ``task`` (``all`` for all items), ``intact``, ``accuracy``, ``change`` with the 95 % interval
        ``low``, ``high`` over items; random pruning with its mean and the range of its draws.
    """
    place = pruned.at(share)
    pattern = pruned.masks["networks"][place]
    orders = np.random.default_rng(seed).random((n_draws, len(pattern)))
    sets = [
        *(masks[place] for masks in pruned.masks.values()),
        *(as_many_per_layer(lm, one, pattern) for one in orders),
    ]
    right = lesions.right(lm, tasks, [None, *(plan.remove(one, worth) for one in sets)])
    right = {"all": np.concatenate(list(right.values()), axis=1), **right}
    rows = []
    for task, (intact, *after) in right.items():
        for method, one in zip(pruned.masks, after, strict=False):
            found = paired_proportions(intact, one)
            rows.append((method, task, intact.mean(), one.mean(), found.estimate, found.low, found.high))
        draws = np.array([one.mean() for one in after[len(pruned.masks) :]])
        changes = draws - intact.mean()
        rows.append(("random", task, intact.mean(), draws.mean(), changes.mean(), changes.min(), changes.max()))
    return pd.DataFrame(rows, columns=["method", "task", "intact", "accuracy", "change", "low", "high"])
