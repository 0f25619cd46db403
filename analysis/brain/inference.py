"""What do components follow? Blocks and other people, against shifted courses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from nilearn.glm.first_level.hemodynamic_models import glover_hrf

from analysis.brain.data import REST, Labels, Matrix, Scans
from analysis.errors import InputError


def follows_blocks(
    courses: Sequence[Matrix],
    labels: Sequence[Labels],
    tr: float,
    *,
    against: Literal["others", "rest"] = "others",
    follow: str = "all",
    n_draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Ask whether a component responds to one kind of block: more or less than to the others, or than to rest.

    The response to a block is the regression of the time course on the block's expected haemodynamic response.
    Against the others, the effect of a kind is its mean response less theirs, and the null permutes the kinds of the
    blocks within each run. Against rest, it is the mean response, and the null shifts each run's courses circularly by
    an offset of the run's own. Two-sided; p is corrected over components and kinds by the largest standardised effect
    (Nichols and Holmes 2002).

    Parameters
    ----------
    courses : sequence of ndarray of shape (n_volumes, k)
        One per run.
    labels : sequence of ndarray of str, shape (n_volumes,)
    tr : float
        Seconds.
    against : {"others", "rest"}
    follow : str
        Kinds of block to ask about, separated by blanks, or ``"all"``; p is corrected over those.
    n_draws : int
        Draws of the null; the smallest p is 1 / (1 + n_draws).
    seed : int

    Returns
    -------
    DataFrame
        One row per component and kind: ``component``, ``follows``, ``effect`` (standard deviations of the time
        course), ``z``, ``p``.

    Raises
    ------
    InputError
        If a kind of block is asked for that is not there, or there is nothing to compare it with.
    """
    rng = np.random.default_rng(seed)
    weights, kinds = zip(*(_block_weights(run, tr) for run in labels), strict=True)
    order = np.concatenate(kinds)
    names = _asked(follow, order, against)

    def responses(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        moved = (np.roll(course, offset, axis=0) for course, offset in zip(courses, offsets, strict=True))
        return np.concatenate([weight @ course for weight, course in zip(weights, moved, strict=True)])

    observed = responses(np.zeros(len(courses), int))
    effects = [_by_kind(observed, order, names, against)]
    for _ in range(n_draws):
        if against == "others":
            permuted = np.concatenate([rng.permutation(run) for run in kinds])
            effects.append(_by_kind(observed, permuted, names, against))
        else:
            offsets = np.array([rng.integers(0, len(course)) for course in courses])
            effects.append(_by_kind(responses(offsets), order, names, against))
    rows = itertools.product(names.tolist(), range(1, observed.shape[1] + 1))
    return _corrected(pd.DataFrame(rows, columns=["follows", "component"]), np.array(effects), two_sided=True)


def _asked(follow: str, kinds: Labels, against: str) -> Labels:
    there = np.unique(kinds)
    names = there if follow == "all" else np.unique(follow.split())
    if not len(names) or not np.isin(names, there).all():
        raise InputError(f"follow='{follow}' names blocks that are not there. There are: {', '.join(there) or 'none'}.")
    if len(there) < 2 and against == "others":
        raise InputError(f"All blocks are of one kind ({there[0]}), so it cannot be compared with others.")
    return names


def _block_weights(labels: Labels, tr: float) -> tuple[npt.NDArray[np.float64], Labels]:
    """Return what turns a time course into the response to each block, shape (n_blocks, n_volumes), and their kinds.

    A block that the run's end cuts short, so that little of its response is seen, is left out.
    """
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    spans = [span for span in np.split(np.arange(len(labels)), starts[1:]) if labels[span[0]] != REST]
    boxes = np.zeros((len(spans), len(labels)))
    for box, span in zip(boxes, spans, strict=True):
        box[span] = 1
    kernel = glover_hrf(tr, oversampling=1)
    expected = np.array([np.convolve(box, kernel)[: len(labels)] for box in boxes]).reshape(len(spans), -1)
    size = np.square(expected).sum(1)
    whole = size > 0.25 * size.max(initial=0)
    design = np.column_stack([expected[whole].T, np.ones(len(labels))])
    return np.linalg.pinv(design)[:-1], labels[np.array([span[0] for span in spans], int)][whole]


def _by_kind(responses: npt.NDArray[np.float64], kinds: Labels, names: Labels, against: str) -> npt.NDArray[np.float64]:
    """Average the responses of each kind, shape (n_kinds * k,)."""
    means = np.array([responses[kinds == name].mean(0) for name in names])
    if against == "others":
        means -= np.array([responses[kinds != name].mean(0) for name in names])
    return means.ravel()


def intersubject(courses: Sequence[Matrix], *, n_draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Correlate each person's time course with the mean of all others (Hasson et al. 2004), component by component.

    The null shifts each person's courses circularly by an offset of that person's own: each keeps its pace, the people
    lose step. p is corrected over components by the largest standardised correlation.

    Parameters
    ----------
    courses : sequence of ndarray of shape (n_volumes, k)
        One per person, in step.
    n_draws : int
        Shifts; the smallest p is 1 / (1 + n_draws).
    seed : int

    Returns
    -------
    DataFrame of k rows
        ``component``, ``effect`` (mean correlation over people), ``z``, ``p``.
    """
    table = np.stack([course / course.std(0) for course in courses]).astype(np.float64)
    table -= table.mean(1, keepdims=True)
    n_people, n_volumes, k = table.shape
    rng = np.random.default_rng(seed)
    offsets = rng.integers(0, n_volumes, (n_draws, n_people))
    draws = [_shift(table, one) for one in offsets.tolist()]
    effects = np.array([_leave_one_out(table), *draws])
    return _corrected(pd.DataFrame({"component": np.arange(1, k + 1)}), effects)


def _shift(table: npt.NDArray[np.float64], offsets: Sequence[int]) -> npt.NDArray[np.float64]:
    moved = np.stack([np.roll(course, offset, axis=0) for course, offset in zip(table, offsets, strict=True)])
    return _leave_one_out(moved)


def _leave_one_out(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    others = table.sum(0) - table
    products = (table * others).sum(1) / np.linalg.norm(table, axis=1) / np.linalg.norm(others, axis=1)
    return np.asarray(products.mean(0))


def _corrected(rows: pd.DataFrame, effects: npt.NDArray[np.float64], *, two_sided: bool = False) -> pd.DataFrame:
    """Add effect, z and max-corrected p, from effects of shape (1 + n_draws, n_rows) with the observed one first."""
    z = (effects - effects[1:].mean(0)) / effects[1:].std(0)
    size = np.abs(z) if two_sided else z
    p = (1 + (size[1:].max(1)[None, :] >= size[0][:, None]).sum(1)) / len(effects)
    return rows.assign(effect=effects[0], z=z[0], p=p)


def findings(
    scans: Scans, courses: Sequence[Matrix], *, follow: str = "all", n_draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Put every question to the components that the scans allow: blocks where there are labels, people in step.

    Parameters
    ----------
    scans : Scans
    courses : sequence of ndarray of shape (n_volumes, k)
        One per run.
    follow : str
        Kinds of block to ask about, separated by blanks, or ``"all"``; p is corrected over those.
    n_draws, seed : int

    Returns
    -------
    DataFrame
        ``test``, ``follows``, ``component``, ``effect``, ``z``, ``p``; empty where no question fits the scans.

    Raises
    ------
    InputError
        As :func:`follows_blocks`.
    """
    tables = []
    if scans.labels is not None and scans.tr:
        ask = partial(follows_blocks, courses, scans.labels, scans.tr, follow=follow, n_draws=n_draws, seed=seed)
        tables.append(ask(against="rest").assign(test="blocks against rest"))
        if len(np.unique(np.concatenate(scans.labels))) > 2:
            tables.append(ask(against="others").assign(test="blocks against others"))
    if scans.same_stimulus:
        shared = intersubject(courses, n_draws=n_draws, seed=seed)
        tables.append(shared.assign(test="people in step", follows="the other people"))
    columns = ["test", "follows", "component", "effect", "z", "p"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Say for each question how much is beyond chance, and what is furthest from it.

    Returns
    -------
    DataFrame, one row per question, asked or not
        ``pairs`` (of component and what it may follow), ``beyond chance`` (p < .05), and of the pair with the largest
        standardised effect ``component``, ``follows``, ``effect``, ``p``.
    """
    rows: dict[str, list[Any]] = {}
    for question in ("blocks against rest", "blocks against others", "people in step"):
        asked = table[table["test"] == question]
        if asked.empty:
            rows[question] = ["these data do not allow the question", "", "", "", "", ""]
            continue
        top = asked.loc[asked["z"].abs().idxmax()]
        furthest = [top["component"], top["follows"], f"{top['effect']:.2f}", f"{top['p']:.3f}"]
        rows[question] = [len(asked), int((asked["p"] < 0.05).sum()), *furthest]
    columns = ["pairs", "beyond chance", "component", "follows", "effect", "p"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("question")
