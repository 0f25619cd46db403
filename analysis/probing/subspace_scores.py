"""What the subspace of tags does for a probe: accuracy by dimension, and what is left when it is taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.inference import random_set_p
from analysis.probing.classifiers import Features, Folds, Labels, Rows, check_features, lemma_folds
from analysis.probing.scores import compare, difference
from analysis.probing.subspace import centre_and_scale, fit_discriminants, orthonormal, principal_axes, random_subspaces

Arms: TypeAlias = dict[tuple[str, int], Labels]


def accuracy_by_dimension(
    features: Features,
    tags: Labels,
    lemmas: Labels,
    folds: Folds,
    *,
    dimensions: Sequence[int] = (),
    n_draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Accuracy by the first d discriminants, by the first d principal components, and by random directions.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
    tags, lemmas : ndarray of str, shape (n_items,)
    folds : sequence of (train, test)
        Lemma-disjoint ones, unless word identity is meant to leak.
    dimensions : sequence of int
        By default 1 up to one less than there are tags. There are no more discriminants than that, and so no random
        directions in their likeness; principal components there are.
    n_draws : int
        Random subspaces of the dimension and the variance of the discriminants, for each fold.
    seed : int

    Returns
    -------
    DataFrame
        ``kind`` (principal, discriminants, random), ``dimension``, and the columns of
        :func:`analysis.probing.scores.compare`.
    """
    check_features(features, tags)
    chosen = _dimensions(dimensions, tags, features.shape[1])

    def predicted(train: Rows, test: Rows) -> Arms:
        mean, scale = centre_and_scale(features[train])
        standard = (features[train] - mean) / scale
        found = fit_discriminants(standard, tags[train])
        white = found.whitened((features[test] - mean) / scale)
        variances, components = principal_axes(standard)
        readers = orthonormal(found.weights)
        arms: Arms = {}
        for d in chosen:
            arms["principal", d] = found.predict_by(white, components[:, :d])
            if d <= readers.shape[1]:
                arms["discriminants", d] = found.predict_by(white, readers[:, :d])
                random = random_subspaces(variances, components, readers[:, :d], n_draws=n_draws, seed=seed)
                arms["random", d] = np.stack([found.predict_by(white, subspace) for subspace in random])
        return arms

    arms = _over_folds(tags, folds, predicted)
    names = pd.DataFrame(list(arms), columns=["kind", "dimension"])
    table = compare({f"{kind} {d}": found for (kind, d), found in arms.items()}, tags, lemmas, seed=seed)
    return pd.concat([names, table.reset_index(drop=True)], axis=1)


def removal(
    features: Features,
    tags: Labels,
    lemmas: Labels,
    folds: Folds,
    *,
    dimensions: Sequence[int] = (),
    n_draws: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """Take the subspace of tags out and see what a probe can still tell, against random subspaces taken out.

    In each fold the subspace is found from half of the training lemmas, and the probe (linear discriminants) is
    trained on the other half, blind to the subspace. On the lemmas from which the subspace was found, nothing would be
    left by construction.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
    tags, lemmas : ndarray of str, shape (n_items,)
    folds : sequence of (train, test)
    dimensions : sequence of int
        By default 1 up to one less than there are tags, which is the largest.
    n_draws : int
        Random subspaces of equal dimension and variance, for each fold.
    seed : int

    Returns
    -------
    DataFrame indexed by dimension
        ``intact``, ``without`` (accuracy); ``drop`` with the 95 % interval ``low``, ``high`` over lemmas; ``random``
        (mean drop by random subspaces) with ``random_low``, ``random_high`` (95 % of draws); ``p`` (share of random
        subspaces that do as much harm); ``n_draws``, ``n_items``, ``n_lemmas``.
    """
    check_features(features, tags)
    chosen = _dimensions(dimensions, tags, len(np.unique(tags)) - 1)

    def predicted(train: Rows, test: Rows) -> Arms:
        first, second = lemma_folds(tags[train], lemmas[train], n_folds=2, seed=seed)[0]
        mean, scale = centre_and_scale(features[train])
        standard = (features[train] - mean) / scale
        patterns = fit_discriminants(standard[first], tags[train][first]).patterns
        probe = fit_discriminants(standard[second], tags[train][second])
        white = probe.whitened((features[test] - mean) / scale)
        axes = principal_axes(standard)
        arms: Arms = {("intact", 0): probe.predict(white)}
        for d in chosen:
            random = random_subspaces(*axes, patterns[:, :d], n_draws=n_draws, seed=seed)
            arms["without", d] = probe.predict_without(white, patterns[:, :d])
            arms["random", d] = np.stack([probe.predict_without(white, subspace) for subspace in random])
        return arms

    arms = _over_folds(tags, folds, predicted)
    rows = {d: _drop(arms, d, tags, lemmas, seed) for d in chosen}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("dimension")


def _drop(arms: Arms, d: int, tags: Labels, lemmas: Labels, seed: int) -> dict[str, float]:
    intact, without, random = arms["intact", 0], arms["without", d], arms["random", d]
    tested = intact != ""
    drop = difference(intact, without, tags, lemmas, seed=seed)
    before = float((intact == tags)[tested].mean())
    drops = before - (random == tags)[:, tested].mean(1)
    low, high = np.quantile(drops, [0.025, 0.975])
    return {
        "intact": before,
        "without": before - drop.estimate,
        "drop": drop.estimate,
        "low": drop.low,
        "high": drop.high,
        "random": float(drops.mean()),
        "random_low": float(low),
        "random_high": float(high),
        "p": random_set_p(drop.estimate, drops),
        "n_draws": len(drops),
        "n_items": int(tested.sum()),
        "n_lemmas": len(np.unique(lemmas[tested])),
    }


def _dimensions(wanted: Sequence[int], tags: Labels, largest: int) -> list[int]:
    chosen = list(wanted) or list(range(1, min(len(np.unique(tags)), largest + 1)))
    if min(chosen) < 1 or max(chosen) > largest:
        raise InputError(f"Dimensions {chosen} cannot all be had here. Use 1 to {largest}.")
    return chosen


def _over_folds(tags: Labels, folds: Folds, predicted: Callable[[Rows, Rows], Arms]) -> Arms:
    """Gather what each arm predicts for the test items of all folds, empty elsewhere."""
    gathered: Arms = {}
    for train, test in folds:
        for key, found in predicted(train, test).items():
            arm = gathered.setdefault(key, np.full((*found.shape[:-1], len(tags)), "", tags.dtype))
            arm[..., test] = found
    return gathered
