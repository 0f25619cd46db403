"""Do networks of different kinds of text dissociate them: the pairing chosen on ``tune``, tested on ``test``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import dissociation
from analysis.claim_records import Control, Measured
from analysis.claims import measure
from analysis.errors import InputError
from analysis.inference import Interval
from analysis.kinds import Kind
from analysis.lesions import dealt
from analysis.lesions import sets as lesion_sets
from analysis.lesions import silencing as lesions
from analysis.lesions.sets import Found
from analysis.lesions.silencing import Rises, Silencing
from analysis.models import LanguageModel
from analysis.networks import Masks
from analysis.texts import Text

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dissociation:
    """A table of lesions by kinds of text, and the best pair in it.

    Attributes
    ----------
    lesions : list of (str, int)
        Kind and number (from 0) of each lesion's network, one of each kind.
    targets : list of str
        Kinds, in the order of the columns.
    effects : ndarray of shape (n_lesions, n_targets)
        Rise of bits per byte on ``test``.
    null : ndarray of shape (n_draws, n_lesions, n_targets)
        The same of matched sets.
    pairing : ndarray of int, shape (n_targets, 2)
        Lesion and target, chosen on ``tune``.
    pairs : DataFrame
        All pairs of matches on ``test`` (:func:`analysis.dissociation.dissociated_pairs`), with ``on_tune``: the
        smaller contrast there.
    best : int
        Row of ``pairs`` with the largest ``on_tune``.
    interval : Interval
        Of the smaller contrast of that pair on ``test``, over texts, in standard deviations of matched sets.
    """

    lesions: list[tuple[str, int]]
    targets: list[str]
    effects: Array
    null: Array
    pairing: dissociation.Pairing
    pairs: pd.DataFrame
    best: int
    interval: Interval

    @property
    def standardised(self) -> pd.DataFrame:
        """Effects in standard deviations of matched sets, lesions in rows."""
        names = [f"{kind} {number + 1}" for kind, number in self.lesions]
        z, _ = dissociation.standardised(self.effects, self.null)
        return pd.DataFrame(z, index=pd.Index(names, name="network"), columns=self.targets)


def choose(tune: Mapping[str, Rises]) -> list[tuple[str, int]]:
    """Choose of each kind the network whose lesion hurts it most beyond the other kinds.

    Parameters
    ----------
    tune : mapping of source to dict of kind to ndarray of shape (k, n_texts)
        Rises on ``tune``; only kinds that are sources count.
    """
    chosen = []
    for source, rises in tune.items():
        others = [rises[kind].mean(1) for kind in tune if kind != source]
        chosen.append((source, int((rises[source].mean(1) - np.mean(others, axis=0)).argmax())))
    return chosen


def dissociate(
    lm: LanguageModel,
    kinds: Mapping[str, Kind],
    found: Mapping[str, Found],
    silencing: Silencing,
    *,
    n_draws: int = 100,
    n_tune_draws: int = 20,
    n_each: int = 1,
    seed: int = 0,
) -> Dissociation:
    """Look for a pair of networks that doubly dissociate two kinds of text.

    Parameters
    ----------
    lm : LanguageModel
    kinds : mapping of str to Kind
    found : mapping of str to Found
        Networks of two kinds or more; these kinds are also the targets.
    silencing : Silencing
    n_draws, n_tune_draws : int
        Matched sets of each lesion on ``test`` and on ``tune``.
    n_each : int
        Texts of each kind that a matched set reads.
    seed : int
        Of the matched sets.

    Returns
    -------
    Dissociation
    """
    if len(found) < 2:
        raise InputError("A dissociation needs networks of two kinds of text. Name two or more in datasets.")
    tune = {name: kinds[name].tune for name in found}
    test = {name: kinds[name].test for name in found}
    on_tune = {name: lesions.rises(lm, tune, one.masks, silencing) for name, one in found.items()}
    chosen = choose(on_tune)
    masks = np.stack([found[name].masks[number] for name, number in chosen])
    sets = np.stack([lesion_sets.matched(found[name], n_draws, seed)[:, number] for name, number in chosen], axis=1)
    return judge(
        chosen,
        {target: np.stack([on_tune[name][target][number] for name, number in chosen]) for target in tune},
        lesions.rises(lm, test, masks, silencing),
        _null(lm, tune, sets[:n_tune_draws], silencing, n_each),
        _null(lm, test, sets, silencing, n_each),
    )


def judge(
    chosen: Sequence[tuple[str, int]], on_tune: Rises, on_test: Rises, tune_null: Array, test_null: Array
) -> Dissociation:
    """Pair lesions with kinds on ``tune``, take the pair that is best there, and test all pairs on ``test``.

    Parameters
    ----------
    chosen : sequence of (str, int)
        The lesions.
    on_tune, on_test : dict of kind to ndarray of shape (n_lesions, n_texts)
        Rises of bits per byte.
    tune_null, test_null : ndarray of shape (n_draws, n_lesions, n_kinds)
        Mean rises under matched sets.
    """
    targets = list(on_test)
    tuned, effects = (np.stack([rises[name].mean(1) for name in targets], axis=1) for rises in (on_tune, on_test))
    pairing = dissociation.choose_pairing(tuned, tune_null)
    pairs = dissociation.dissociated_pairs(effects, test_null, pairing)
    pairs["on_tune"] = dissociation.dissociated_pairs(tuned, tune_null, pairing)["smaller"]
    best = int(pairs["on_tune"].idxmax())
    interval = _interval(on_test, test_null, targets, pairs.loc[best])
    return Dissociation(list(chosen), targets, effects, test_null, pairing, pairs, best, interval)


def measured(found: Dissociation, *, n: int, model: str, site: str) -> Measured:
    """Give the verdict on the claim that two networks dissociate two kinds of text.

    Parameters
    ----------
    found : Dissociation
    n : int
        Texts of the two kinds on ``test``.
    model, site : str
    """
    pair = found.pairs.loc[found.best]
    control = Control("matched sets", len(found.null), p=float(pair["p"]))
    return measure(
        "networks-dissociate",
        found.interval,
        n=n,
        model=model,
        site=site,
        controls=[control],
        p_corrected=float(pair["p_corrected"]),
    )


def _null(
    lm: LanguageModel, texts: Mapping[str, Sequence[Text]], sets: Masks, silencing: Silencing, n_each: int
) -> Array:
    """Mean rise of each kind under each matched set, shape (n_draws, n_lesions, n_kinds)."""
    drawn = dealt.rises(lm, texts, {kind: [kind] for kind in texts}, sets, silencing, n_each=n_each)
    return np.stack([dealt.per_network(drawn, kind) for kind in texts], axis=-1)


def _interval(values: Rises, null: Array, targets: Sequence[str], pair: pd.Series) -> Interval:
    both = []
    for lesion, own, other in (("lesion", "target", "other_target"), ("other_lesion", "other_target", "target")):
        row, here, there = int(pair[lesion]), int(pair[own]), int(pair[other])
        both.append(
            dissociation.contrast(
                values[targets[here]][row], values[targets[there]][row], null[:, row, here], null[:, row, there]
            )
        )
    return dissociation.smaller(*both)
