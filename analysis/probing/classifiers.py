"""Does activity tell a word's tag? Classifiers, what they must beat, and the control task.

Every arm of a comparison is an array of predicted tags, one an item, whatever made them: a classifier on key neurons or
on random ones, the previous word, a lexicon, the generator's posterior. One function scores them all alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from analysis.errors import InputError

Features: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.str_]
Rows: TypeAlias = npt.NDArray[np.int64]
Folds: TypeAlias = Sequence[tuple[Rows, Rows]]
Classifier = Literal["logistic", "cav", "car"]

# On features of variance 1; regularised to where lemma-disjoint accuracy on the teaching model has its plateau.
_MAKERS: Mapping[str, Callable[[], BaseEstimator]] = {
    "logistic": lambda: LogisticRegression(C=0.01, max_iter=1000),
    "cav": lambda: LinearSVC(C=0.001, dual=False),
    "car": lambda: SVC(kernel="rbf", cache_size=500),
}


def lemma_folds(
    tags: Labels, lemmas: Labels, *, fresh: npt.NDArray[np.bool_] | None = None, n_folds: int = 5, seed: int = 0
) -> list[tuple[Rows, Rows]]:
    """Split items so that no lemma that is tested was trained on; each is tested once.

    Parameters
    ----------
    tags, lemmas : ndarray of str, shape (n_items,)
    fresh : ndarray of bool, shape (n_items,), optional
        Items of texts that nothing was learned from: if given, only these are tested, and only the others train.
    n_folds : int
    seed : int

    Returns
    -------
    list of (train, test)
        Indices of items.

    Raises
    ------
    InputError
        If there is one tag only, or a tag has fewer lemmas than there are folds.
    """
    _check_items(tags, lemmas)
    for tag in np.unique(tags):
        n = len(np.unique(lemmas[tags == tag]))
        if n < n_folds:
            raise InputError(f"{tag} has {n} lemmas, too few for {n_folds} folds. Leave it out or give more text.")
    split = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(lemmas, tags, lemmas)
    if fresh is None:
        return list(split)
    if fresh.all() or not fresh.any():
        raise InputError(f"{int(fresh.sum())} of {len(fresh)} items are fresh. Give some to train on and some to test.")
    return [(train[~fresh[train]], test[fresh[test]]) for train, test in split]


def item_folds(tags: Labels, *, n_folds: int = 5, seed: int = 0) -> list[tuple[Rows, Rows]]:
    """Split items whatever their lemma: word identity leaks, and a probe may know the tag by knowing the word.

    A pitfall to be shown, and the split of the control task, which has no answer for unseen words.
    """
    return list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(tags, tags))


def homograph_fold(
    tags: Labels, forms: Labels, lemmas: Labels, *, least: int = 5, seed: int = 0
) -> list[tuple[Rows, Rows]]:
    """Train without homographs and test on them: same form, other tag.

    Parameters
    ----------
    tags, forms, lemmas : ndarray of str, shape (n_items,)
    least : int
        How often a form must have each of at least two tags. As many items of each of these tags are tested, so that
        who knows the form and nothing else is right once in two (or three …).
    seed : int
        Of the choice where a form has one tag more often.

    Returns
    -------
    list of one (train, test)
        The items that train share neither form nor lemma with any that is tested.

    Raises
    ------
    InputError
        If no form has two tags so often.
    """
    _check_items(tags, lemmas, forms)
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"form": forms, "tag": tags}).groupby(["form", "tag"]).indices
    cells = pd.Series(rows).loc[lambda cell: cell.map(len) >= least]
    test = []
    for _, form in cells.groupby(level=0):
        if len(form) > 1:
            test += [rng.permutation(cell)[: form.map(len).min()] for cell in form]
    if not test:
        raise InputError(f"No form has two tags {least} times each. Lower 'least' or give more text.")
    tested = np.sort(np.concatenate(test))
    shared = np.isin(forms, forms[tested]) | np.isin(lemmas, lemmas[tested])
    return [(np.flatnonzero(~shared), tested)]


def classify(
    features: Features,
    tags: Labels,
    folds: Folds,
    classifier: Classifier = "logistic",
    *,
    choose: Callable[[Rows], Rows] | None = None,
    choose_on: Literal["train", "all"] = "train",
) -> Labels:
    """Predict the tags of each fold's test items by a classifier trained on its other items.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
        Activity; scaled to mean 0 and variance 1 of the training items.
    tags : ndarray of str, shape (n_items,)
    folds : sequence of (train, test)
    classifier : {"logistic", "cav", "car"}
        Logistic regression; a linear support vector machine, whose normals are concept activation vectors (Kim et
        al. 2018); one with a radial kernel, for concept activation regions (Crabbé & van der Schaar 2022).
    choose : callable, optional
        From rows to columns: which features to use, found from these items.
    choose_on : {"train", "all"}
        Which rows that is asked for. ``"all"`` chooses on the items that are tested as well: a pitfall to be shown.

    Returns
    -------
    ndarray of str, shape (n_items,)
        Predicted tags, empty for items that no fold tests.

    Raises
    ------
    InputError
        If features and tags do not fit, or features are not finite.
    """
    check_features(features, tags)
    everything = np.arange(len(tags))

    def predicted(train: Rows, test: Rows) -> Labels:
        columns = slice(None) if choose is None else choose(train if choose_on == "train" else everything)
        model = make_pipeline(StandardScaler(), _MAKERS[classifier]())
        return _fitted(model, features[train][:, columns], tags[train]).predict(features[test][:, columns])

    return _over_folds(tags, folds, predicted)


def majority(tags: Labels, folds: Folds) -> Labels:
    """Predict the commonest tag of the training items."""
    return _over_folds(tags, folds, lambda train, test: np.full(len(test), _commonest(tags[train])))


def by_category(columns: npt.NDArray[np.str_], tags: Labels, folds: Folds) -> Labels:
    """Predict tags from categories alone: the previous word, the tags before, the piece that the model expects.

    Logistic regression on one-hot categories. It may weigh several columns that overlap, which naive Bayes counts
    twice, and for an unseen category it answers with what is usual among categories, not among items: previous words
    that were not seen are of the open classes.

    Parameters
    ----------
    columns : ndarray of str, shape (n_items,) or (n_items, n_columns)
    tags : ndarray of str, shape (n_items,)
    folds : sequence of (train, test)

    Returns
    -------
    ndarray of str, shape (n_items,)
        Predicted tags, empty for items that no fold tests.
    """
    table = columns.reshape(len(tags), -1)

    def predicted(train: Rows, test: Rows) -> Labels:
        model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=1000))
        return _fitted(model, table[train], tags[train]).predict(table[test])

    return _over_folds(tags, folds, predicted)


def lexicon(forms: Labels, known_forms: Labels, known_tags: Labels) -> Labels:
    """Look up the commonest tag of each form in annotated text; the commonest of all where the form is not there.

    Parameters
    ----------
    forms : ndarray of str, shape (n_items,)
        Of the words themselves, or what the model would say instead (its likeliest next word).
    known_forms, known_tags : ndarray of str, shape (n_known,)
        The annotated text. With the items' own forms and tags: the most that knowing the form alone can give.

    Returns
    -------
    ndarray of str, shape (n_items,)
    """
    _check_items(known_tags, known_forms)
    entries = {
        form: _commonest(known_tags[rows]) for form, rows in pd.Series(known_forms).groupby(known_forms).indices.items()
    }
    usual = _commonest(known_tags)
    return np.array([entries.get(form, usual) for form in forms], known_tags.dtype)


def only_tested(predictions: Labels, folds: Folds) -> Labels:
    """Empty the predictions for items that no fold tests, so that what needs no training is scored on the same ones."""
    tested = np.isin(np.arange(predictions.shape[-1]), np.concatenate([test for _, test in folds]))
    return np.where(tested, predictions, "")


def check_features(features: Features, tags: Labels) -> None:
    """Raise an :class:`InputError` unless there is a row of finite features for each tag, and more than one tag."""
    _check_items(tags)
    if features.ndim != 2 or len(features) != len(tags) or not features.size:
        raise InputError(f"Features of shape {features.shape} do not fit {len(tags)} tags. Give one row an item.")
    if not np.isfinite(features).all():
        raise InputError("Some features are not finite. Record them anew, or leave these items out.")


def _over_folds(tags: Labels, folds: Folds, predicted: Callable[[Rows, Rows], Labels]) -> Labels:
    """Gather what is predicted for the test items of all folds."""
    gathered = np.full(len(tags), "", tags.dtype)
    for train, test in folds:
        if not len(train) or not len(test):
            raise InputError(
                f"A fold trains on {len(train)} and tests {len(test)} items. Use fewer folds or more items."
            )
        gathered[test] = predicted(train, test)
    return gathered


def _fitted(model: Pipeline, inputs: npt.NDArray[np.generic], tags: Labels) -> Pipeline:
    if len(np.unique(tags)) < 2:
        raise InputError(f"All training items are {tags[0]}. A classifier needs two tags or more.")
    return model.fit(inputs, tags)


def _commonest(tags: Labels) -> str:
    names, counts = np.unique(tags, return_counts=True)
    return str(names[counts.argmax()])


def _check_items(tags: Labels, *others: Labels) -> None:
    if any(len(other) != len(tags) for other in others):
        raise InputError(
            f"Tags and words differ in number: {[len(tags), *map(len, others)]}. Give one of each an item."
        )
    if len(np.unique(tags)) < 2 or (tags == "").any():
        raise InputError("The items need two tags or more, and none may be empty. Leave out words without a tag.")
