"""Two ways to be wrong about what activity tells: to choose on what is tested, and to test words that are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.attribution.rivals import mean_difference
from analysis.errors import InputError
from analysis.probing.classifiers import Features, Labels, Rows, classify, item_folds, lemma_folds
from analysis.probing.scores import compare, control_tags


def chosen_on_the_tested(
    features: Features, tags: Labels, lemmas: Labels, n_chosen: int, *, n_folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Choose the neurons that differ most between tags, once from what trains and once from all items.

    Both with the real tags and with tags exchanged between lemmas, where nothing is to be found: there, what is above
    chance comes from the choice.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_neurons)
    tags, lemmas : ndarray of str, shape (n_items,)
    n_chosen : int
        Neurons that the classifier may use, those of the largest differences of means in standard deviations.
    n_folds, seed : int

    Returns
    -------
    DataFrame
        ``tags`` (real, exchanged), ``chosen on`` (training items, all items), and the columns of
        :func:`analysis.probing.scores.compare`.
    """
    if not 1 <= n_chosen <= features.shape[1]:
        raise InputError(f"{n_chosen} of {features.shape[1]} neurons cannot be chosen. Use 1 or more, but not more.")
    spread = features.std(0)
    standard = (features / np.where(spread > 0, spread, 1)).astype(np.float32)
    tables = []
    for name, given in (("real", tags), ("exchanged", control_tags(tags, lemmas, seed=seed))):

        def most_different(rows: Rows, given: Labels = given) -> Rows:
            apart = mean_difference(standard[rows], given[rows]).to_numpy().sum(0)
            return np.argsort(-apart, kind="stable")[:n_chosen]

        folds = lemma_folds(given, lemmas, n_folds=n_folds, seed=seed)
        arms = {
            "training items": classify(features, given, folds, choose=most_different),
            "all items": classify(features, given, folds, choose=most_different, choose_on="all"),
        }
        scored = compare(arms, given, lemmas, seed=seed).rename_axis("chosen on").reset_index()
        tables.append(scored.assign(tags=name))
    return pd.concat(tables, ignore_index=True)


def known_words(
    features: Mapping[str, Features], tags: Labels, lemmas: Labels, *, n_folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Split the same items at random, where words leak, and by lemma, where they do not.

    Parameters
    ----------
    features : mapping of str to ndarray of shape (n_items, n_features)
        By name.
    tags, lemmas : ndarray of str, shape (n_items,)
    n_folds, seed : int

    Returns
    -------
    DataFrame
        ``features``, ``split`` (items, lemmas), and the columns of :func:`analysis.probing.scores.compare`.
    """
    splits = {
        "items": item_folds(tags, n_folds=n_folds, seed=seed),
        "lemmas": lemma_folds(tags, lemmas, n_folds=n_folds, seed=seed),
    }
    names = [(name, split) for name in features for split in splits]
    arms = {f"{name} {split}": classify(features[name], tags, splits[split]) for name, split in names}
    scored = compare(arms, tags, lemmas, seed=seed).reset_index(drop=True)
    return pd.concat([pd.DataFrame(names, columns=["features", "split"]), scored], axis=1)
