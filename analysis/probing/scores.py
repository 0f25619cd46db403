"""How good predicted tags are: intervals over lemmas, confusions, selectivity, accuracy by layer and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from analysis.errors import InputError
from analysis.inference import Interval, mean_over_units
from analysis.probing.classifiers import Classifier, Features, Folds, Labels, Rows, classify, item_folds

Floats: TypeAlias = npt.NDArray[np.float64]


def compare(arms: Mapping[str, Labels], tags: Labels, lemmas: Labels, *, seed: int = 0) -> pd.DataFrame:
    """Score predicted tags of several arms on the same items.

    Parameters
    ----------
    arms : mapping of str to ndarray of str, shape (n_items,) or (n_draws, n_items)
        Predicted tags, empty for items that were not tested; a row a draw where an arm was drawn more than once
        (random neurons): it is scored by the mean over draws.
    tags, lemmas : ndarray of str, shape (n_items,)
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame indexed by arm
        ``estimate`` (accuracy) with the 95 % interval ``low``, ``high`` over lemmas; ``balanced`` (mean of the tags'
        recall) with ``balanced_low``, ``balanced_high``; ``f1`` (mean of the tags' F1); ``least``, ``most`` (accuracy
        of single draws); ``n_draws``, ``n_items``, ``n_lemmas``.

    Raises
    ------
    InputError
        If the arms do not test the same items.
    """
    rows = {}
    tested = None
    for name, predictions in arms.items():
        right, mine = _right(predictions, tags)
        if tested is not None and not np.array_equal(tested, mine):
            raise InputError(f"'{name}' does not test the items that '{next(iter(arms))}' tests. Use the same folds.")
        tested = mine
        units = lemmas[mine]
        accuracy = accuracy_interval(right.mean(0), units, seed)
        balanced = accuracy_interval(_balanced(right.mean(0), tags[mine]), units, seed)
        draws = accuracy_of_draws(predictions, tags)
        rows[name] = {
            **_fields(accuracy),
            "balanced": balanced.estimate,
            "balanced_low": balanced.low,
            "balanced_high": balanced.high,
            "f1": per_tag(predictions, tags)["f1"].mean(),
            "least": draws.min(),
            "most": draws.max(),
            "n_draws": len(draws),
            "n_items": int(mine.sum()),
            "n_lemmas": len(np.unique(units)),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("arm")


def accuracy_of_draws(predictions: Labels, tags: Labels) -> Floats:
    """Accuracy of each draw of an arm, shape (n_draws,): what another arm's accuracy is held against."""
    return np.asarray(_right(predictions, tags)[0].mean(1))


def difference(predictions: Labels, others: Labels, tags: Labels, lemmas: Labels, *, seed: int = 0) -> Interval:
    """How much more accurate one arm is than another on the same items, with a 95 % interval over lemmas."""
    right, tested = _right(predictions, tags)
    other_right, other_tested = _right(others, tags)
    if not np.array_equal(tested, other_tested):
        raise InputError("The two arms do not test the same items. Use the same folds.")
    return mean_over_units(right.mean(0) - other_right.mean(0), _codes(lemmas[tested]), seed=seed)


def confusion(predictions: Labels, tags: Labels) -> pd.DataFrame:
    """Share of each tag's items (rows) that is predicted to be each tag (columns); mean over draws."""
    counts = _confusions(predictions, tags)
    return counts.div(counts.sum(axis=1), axis=0)


def per_tag(predictions: Labels, tags: Labels) -> pd.DataFrame:
    """Precision, recall and F1 of each tag, and its number of items ``n``; F1 is 0 for a tag that is never right."""
    counts = _confusions(predictions, tags)
    right, true = np.diag(counts), counts.sum(axis=1).to_numpy()
    given = counts.sum(axis=0).to_numpy()[: len(true)]
    precision = np.divide(right, given, out=np.zeros(len(right)), where=given > 0)
    return pd.DataFrame(
        {"precision": precision, "recall": right / true, "f1": 2 * right / (given + true), "n": true.astype(int)},
        index=counts.index,
    )


def control_tags(tags: Labels, words: Labels, *, per_bin: int = 20, seed: int = 0) -> Labels:
    """Give each word the tag of another of about the same frequency: nothing to learn but the words themselves.

    The control task of Hewitt & Liang (2019). They draw each word's tag from the distribution of tags; exchanging tags
    between words of like frequency keeps that distribution over words and, nearly, over items.

    Parameters
    ----------
    tags, words : ndarray of str, shape (n_items,)
        A word that has several tags counts as its commonest.
    per_bin : int
        Words that exchange tags with each other: neighbours in frequency.
    seed : int

    Returns
    -------
    ndarray of str, shape (n_items,)
    """
    names, codes = np.unique(words, return_inverse=True)
    kinds, tag_codes = np.unique(tags, return_inverse=True)
    counts = np.zeros((len(names), len(kinds)), int)
    np.add.at(counts, (codes, tag_codes), 1)
    usual = counts.argmax(1)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(names))  # so that words of one frequency do not stay in alphabetical order
    by_frequency = shuffled[np.argsort(-counts.sum(1)[shuffled], kind="stable")]
    given = np.empty(len(names), int)
    for start in range(0, len(names), per_bin):
        these = by_frequency[start : start + per_bin]
        given[these] = rng.permutation(usual[these])
    return np.asarray(kinds[given][codes])


def selectivity(
    features: Features,
    tags: Labels,
    forms: Labels,
    classifier: Classifier = "logistic",
    *,
    n_draws: int = 5,
    n_folds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Hold a probe's accuracy against its accuracy on tags that were given to words at random.

    A probe that does well on the control task knows words by heart, and then its accuracy on real tags says little
    about tags (Hewitt & Liang 2019). For words that it was not trained on the control task has no answer: it is at
    chance by construction. So both are measured on words that were trained on, in other items.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
    tags, forms : ndarray of str, shape (n_items,)
    classifier : {"logistic", "cav", "car"}
    n_draws : int
        Control tasks; the mean over them counts.
    n_folds, seed : int

    Returns
    -------
    DataFrame of three rows
        ``real``, ``control`` and ``selectivity`` (real minus control): ``estimate``, ``low``, ``high`` (95 %, over word
        forms), ``n_items``, ``n_forms``.

    Raises
    ------
    InputError
        If no word occurs twice.
    """
    folds = [
        (train, test[np.isin(forms[test], forms[train])])
        for train, test in item_folds(tags, n_folds=n_folds, seed=seed)
    ]
    if any(not len(test) for _, test in folds):
        raise InputError("Too few words occur twice for a control task. Give more text or fewer folds.")
    real, tested = _right(classify(features, tags, folds, classifier), tags)
    control = []
    for draw in range(n_draws):
        given = control_tags(tags, forms, seed=seed + draw)
        control.append(_right(classify(features, given, folds, classifier), given)[0][0])
    units = forms[tested]
    known, learned = real[0], np.mean(control, axis=0)
    found = {
        "real": accuracy_interval(known, units, seed),
        "control": accuracy_interval(learned, units, seed),
        "selectivity": mean_over_units(known - learned, _codes(units), seed=seed),
    }
    numbers = {"n_items": int(tested.sum()), "n_forms": len(np.unique(units))}
    return pd.DataFrame.from_dict({name: {**_fields(i), **numbers} for name, i in found.items()}, orient="index")


def by_layer_and_size(
    features: Features,
    layer_of: Rows,
    rank: Rows,
    sizes: Sequence[int],
    *,
    tags: Labels,
    lemmas: Labels,
    folds: Folds,
    classifier: Classifier = "logistic",
) -> pd.DataFrame:
    """Accuracy of the best neurons of each layer, and of all layers together.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_neurons)
    layer_of : ndarray of int, shape (n_neurons,)
    rank : ndarray of int, shape (n_neurons,)
        Place of each neuron within its layer, 0 for the best; found from other items, or from training items.
    sizes : sequence of int
        How many neurons of a layer to use (k).
    tags, lemmas : ndarray of str, shape (n_items,)
    folds, classifier
        As in :func:`analysis.probing.classifiers.classify`.

    Returns
    -------
    DataFrame, a row for each layer and size
        ``layer`` (from 1; 0 for all together), ``k`` (a layer), and the columns of :func:`compare`.
    """
    if layer_of.shape != rank.shape or features.shape[1:] != rank.shape:
        raise InputError(
            f"{features.shape[1]} features, {len(layer_of)} layers and {len(rank)} ranks do not fit. Use one site."
        )
    cells, arms = [], {}
    for layer in (-1, *np.unique(layer_of)):
        for k in sizes:
            columns = (rank < k) & ((layer_of == layer) | (layer == -1))
            if not columns.any():
                raise InputError(f"k={k} leaves no neuron of layer {layer + 1}. Use 1 or more.")
            arms[f"{layer} {k}"] = classify(features[:, columns], tags, folds, classifier)
            cells.append({"layer": int(layer) + 1, "k": k})
    return pd.concat([pd.DataFrame(cells), compare(arms, tags, lemmas).reset_index(drop=True)], axis=1)


def accuracy_interval(right: Floats, lemmas: Labels, seed: int = 0) -> Interval:
    """Mean of right answers with a 95 % interval over lemmas, kept between 0 and 1.

    Where nothing varies over lemmas (all right, all wrong) the bootstrap has nothing to resample; the interval is then
    the exact one of Clopper & Pearson (1934) with lemmas as trials.
    """
    found = mean_over_units(right, _codes(lemmas), seed=seed)
    if found.low == found.high and found.estimate in (0, 1):
        n = len(np.unique(lemmas))
        exact = binomtest(int(found.estimate) * n, n).proportion_ci()
        return Interval(found.estimate, float(exact.low), float(exact.high))
    return Interval(found.estimate, max(found.low, 0.0), min(found.high, 1.0))


def _right(predictions: Labels, tags: Labels) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Right or wrong for each draw and tested item, shape (n_draws, n_tested), and which items were tested."""
    draws = np.atleast_2d(predictions)
    tested = draws[0] != ""
    if draws.shape[1] != len(tags) or not tested.any() or ((draws != "") != tested).any():
        raise InputError(f"Predictions of shape {predictions.shape} for {len(tags)} tags are empty or do not fit.")
    return (draws[:, tested] == tags[tested]).astype(np.float64), np.asarray(tested)


def _balanced(right: Floats, tags: Labels) -> Floats:
    """Values whose mean is the mean recall of the tags, and whose spread over units is that of this mean.

    The recall of a tag is a ratio, so each item brings its influence on it (Efron & Tibshirani 1993, chapter 22):
    how far it is above its tag's recall, weighted so that all tags count the same.
    """
    _, codes, counts = np.unique(tags, return_inverse=True, return_counts=True)
    recall = np.bincount(codes, right) / counts
    weight = len(tags) / len(counts) / counts
    return np.asarray(recall.mean() + (right - recall[codes]) * weight[codes])


def _confusions(predictions: Labels, tags: Labels) -> pd.DataFrame:
    """Mean number of items over draws, true tags × predicted tags; tags that are predicted only come last."""
    draws = np.atleast_2d(predictions)
    _, tested = _right(draws, tags)
    true = np.tile(tags[tested], len(draws))
    counts = pd.crosstab(pd.Series(true, name="true"), pd.Series(draws[:, tested].ravel(), name="predicted"))
    others = counts.columns.difference(counts.index)  # a lexicon may answer with a tag that no item has
    return counts.reindex(columns=[*counts.index, *others], fill_value=0) / len(draws)


def _codes(units: Labels) -> Rows:
    return np.unique(units, return_inverse=True)[1].astype(np.int64)


def _fields(interval: Interval) -> dict[str, float]:
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
