"""Task fMRI of a language model: words of each part of speech are the events, every neuron has a time course.

As in a group study of brains, a linear model is fitted to each text alone, with confounds; the effects of the texts are
then tested against zero. There is no haemodynamic response, since a neuron answers at its token, and no inference on
clusters, since neighbouring indices mean nothing. Words are a fixed effect here (Clark 1973): a neuron of one frequent
noun passes for one of nouns. That it is no single word, :func:`analysis.grammar.key_null.permutation` has to show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from nilearn.glm import compute_contrast
from nilearn.glm.first_level import run_glm
from scipy.stats import false_discovery_control
from scipy.stats import t as student_t

from analysis.activity import Activity
from analysis.errors import InputError

Floats = npt.NDArray[np.float64]
Arm = Literal["predict", "read"]


@dataclass(frozen=True)
class TagMaps:
    """What each part of speech does to each neuron, beyond what the confounds do.

    Attributes
    ----------
    tags : tuple of str
    effect : ndarray of shape (n_tags, n_neurons)
        Of the tag's words against the words of the other tags, mean over documents, in standard deviations of the
        neuron (over all tokens but the first of each text).
    t, p, q : ndarray of shape (n_tags, n_neurons)
        One-sample t over documents, two-sided p, and p corrected for false discoveries over the neurons of a tag
        (Benjamini & Hochberg 1995).
    partial_r2 : ndarray of shape (n_tags, n_neurons)
        Share of the variance left by everything else that the contrast explains, adjusted so that it is 0 on average
        where there is nothing; mean over texts.
    account : DataFrame, one row per tag
        ``tag``, ``texts`` and ``documents`` that count; texts left out because they lack the tag or all others
        (``absent``) or because confounds cannot be told from the contrast (``confounded``).
    arm : {"predict", "read"}
    """

    tags: tuple[str, ...]
    effect: Floats
    t: Floats
    p: Floats
    q: Floats
    partial_r2: Floats
    account: pd.DataFrame
    arm: Arm


def fit(
    activity: Activity, words: pd.DataFrame, tags: Sequence[str], arm: Arm = "predict", *, min_documents: int = 30
) -> TagMaps:
    """Fit texts one by one, and test the effects of each tag against the other tags over documents.

    In the contrast of a text the other tags weigh by their number of events there.

    Parameters
    ----------
    activity : Activity
        Whole texts.
    words : DataFrame
        ``table`` of :func:`analysis.grammar.words.word_table` for the same texts and ``max_tokens``.
        Words of tags that are not compared stay in the model as events of their own.
    tags : sequence of str
        To be compared.
    arm : {"predict", "read"}
        Whether a word's event is at the token before it, or at its last piece.
    min_documents : int
        Texts of one document are averaged before the test; those that name none count one by one.

    Returns
    -------
    TagMaps

    Raises
    ------
    InputError
        If table and activity do not belong together, there are fewer than two tags, or a tag can be compared in too
        few documents.
    """
    if len(tags := list(dict.fromkeys(tags))) < 2:
        raise InputError(f"{len(tags)} tags cannot be compared. Give two or more, such as NOUN and VERB.")
    _check_rows(activity, words)
    scale = activity.values[activity.tokens["position"].to_numpy() > 0].std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1
    rows_of = activity.tokens.groupby("text").indices
    found: dict[str, list[tuple[str, Floats, Floats]]] = {tag: [] for tag in tags}
    fates = pd.DataFrame(0, index=tags, columns=["absent", "confounded"])
    for number, group in words.groupby("text"):
        matrix = design(group, len(rows_of[number]), arm)
        contrasts = {tag: _contrast(matrix, tags, tag) for tag in tags}
        fits = _fit_text(activity.values[rows_of[number]] / scale, matrix, contrasts)
        unit = str(group["document"].iloc[0]) or f"text {number}"
        for tag, fitted in fits.items():
            if isinstance(fitted, str):
                fates.loc[tag, fitted] += 1
            else:
                found[tag].append((unit, *fitted))
    return _over_documents(found, fates, arm, min_documents)


def _check_rows(activity: Activity, words: pd.DataFrame) -> None:
    rows, tokens = words["read_row"].to_numpy(), activity.tokens
    fits = len(rows) > 0 and rows.max() < len(tokens)
    for column, of_word in (("text", "text"), ("position", "last")):
        fits = fits and bool((tokens[column].to_numpy()[rows] == words[of_word].to_numpy()).all())
    if not fits:
        raise InputError(
            "The table of words does not belong to this activity. Make both from the same texts and max_tokens."
        )


def design(words: pd.DataFrame, n_tokens: int, arm: Arm = "predict") -> pd.DataFrame:
    """Make the design matrix of one text.

    Parameters
    ----------
    words : DataFrame
        The text's rows of the table of words.
    n_tokens : int
        Length of the text.
    arm : {"predict", "read"}

    Returns
    -------
    DataFrame of n_tokens rows
        ``constant``; a column of events for each tag, by its name; the confounds ``position``, ``first token``, ``log
        frequency`` and ``pieces`` of the word (centred over events, 0 elsewhere), and ``after NOUN`` … for the tag of
        the word before. Redundant columns are kept.
    """
    at = (words["first"] - 1 if arm == "predict" else words["last"]).to_numpy()
    columns = {"constant": np.ones(n_tokens)}
    for tag in sorted(set(words["upos"])):
        columns[tag] = _events(at, n_tokens, words["upos"] == tag)
    columns["position"] = np.linspace(-0.5, 0.5, n_tokens)
    columns["first token"] = _events(np.zeros(1, np.int64), n_tokens, np.ones(1))
    for name, column in (("log frequency", "log_frequency"), ("pieces", "n_pieces")):
        columns[name] = _events(at, n_tokens, words[column] - words[column].mean())
    for tag in sorted(set(words["previous_upos"]) - {""}):
        columns[f"after {tag}"] = _events(at, n_tokens, words["previous_upos"] == tag)
    return pd.DataFrame(columns)


def _events(at: npt.NDArray[np.int64], n_tokens: int, values: npt.ArrayLike) -> Floats:
    course = np.zeros(n_tokens)
    course[at] = np.asarray(values, dtype=np.float64)
    return course


def _contrast(matrix: pd.DataFrame, tags: Sequence[str], tag: str) -> Floats | None:
    """Weigh the columns for a tag against the other tags; None where the text lacks one side."""
    others = [other for other in tags if other != tag and other in matrix]
    if tag not in matrix or not others:
        return None
    n_events = matrix[others].sum()
    weights = pd.Series(0.0, index=matrix.columns)
    weights[tag] = 1
    weights[others] = -n_events / n_events.sum()
    return weights.to_numpy()


def _fit_text(
    values: npt.NDArray[np.floating], matrix: pd.DataFrame, contrasts: Mapping[str, Floats | None]
) -> dict[str, tuple[Floats, Floats] | Literal["absent", "confounded"]]:
    """Effect and adjusted partial R² of each neuron by contrast, or why there is none."""
    X = matrix.to_numpy()
    kept = _independent(X)
    df = len(X) - len(kept)
    row_space = np.linalg.pinv(X) @ X
    # nilearn counts columns, not the rank, for the residual variance: redundant ones have to go first.
    labels, results = run_glm(values.astype(np.float64), X[:, kept], noise_model="ols")
    fits: dict[str, tuple[Floats, Floats] | Literal["absent", "confounded"]] = {}
    for tag, weights in contrasts.items():
        if weights is None:
            fits[tag] = "absent"
        elif df < 1 or not np.allclose(weights @ row_space, weights, atol=1e-6):
            fits[tag] = "confounded"
        else:
            with np.errstate(divide="ignore"):  # nilearn inverts the variance of neurons that are silent here
                made = compute_contrast(labels, results, weights[kept], stat_type="t")
            effect, variance = made.effect.ravel(), made.variance.ravel()
            t2 = np.divide(effect**2, variance, out=np.zeros_like(effect), where=variance > 0)
            fits[tag] = effect, (t2 - 1) / (t2 + df)
    return fits


def _independent(X: Floats) -> list[int]:
    """Find the columns that those before them do not explain."""
    kept: list[int] = []
    basis = np.zeros((len(X), 0))
    for column in range(X.shape[1]):
        rest = X[:, column] - basis @ (basis.T @ X[:, column])
        rest -= basis @ (basis.T @ rest)  # once more, against rounding
        size = np.linalg.norm(rest)
        if size > 1e-8 * max(1.0, float(np.linalg.norm(X[:, column]))):
            kept.append(column)
            basis = np.column_stack([basis, rest / size])
    return kept


def _over_documents(
    found: Mapping[str, list[tuple[str, Floats, Floats]]], fates: pd.DataFrame, arm: Arm, min_documents: int
) -> TagMaps:
    effect, t, p, q, r2, account = [], [], [], [], [], []
    for tag, fits in found.items():
        units, code = np.unique([unit for unit, _, _ in fits], return_inverse=True)
        if len(units) < min_documents:
            raise InputError(
                f"'{tag}' can be compared in {len(units)} documents, fewer than {min_documents}. "
                "Give more or longer texts, or leave that tag out."
            )
        effects = np.stack([one for _, one, _ in fits])
        means = np.stack([effects[code == unit].mean(0) for unit in range(len(units))])
        effect.append(means.mean(0))
        error = means.std(0, ddof=1) / np.sqrt(len(units))
        t.append(np.divide(effect[-1], error, out=np.zeros_like(error), where=error > 0))  # 0 for a silent neuron
        p.append(2 * student_t.sf(np.abs(t[-1]), len(units) - 1))
        q.append(false_discovery_control(p[-1]))
        r2.append(np.mean([one for _, _, one in fits], axis=0))
        account.append({"tag": tag, "texts": len(fits), "documents": len(units), **fates.loc[tag]})
    return TagMaps(
        tuple(found), np.stack(effect), np.stack(t), np.stack(p), np.stack(q), np.stack(r2), pd.DataFrame(account), arm
    )
