"""Lesions of the networks of one kind of text, with their matched sets, and tables of what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.inference import corrected_p, mean_over_units, paired_proportions
from analysis.kinds import Kind, roles
from analysis.lesions import dealt
from analysis.lesions import sets as lesion_sets
from analysis.lesions import silencing as lesions
from analysis.lesions.sets import Found
from analysis.lesions.silencing import Rises, Silencing
from analysis.models import LanguageModel
from analysis.networks import Masks
from analysis.texts import Text

Array = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Studied:
    """What lesions of the networks of one kind of text did.

    Attributes
    ----------
    kind : Kind
    found : Found
        The networks of that kind.
    roles : mapping of role to sequence of kinds
        As :func:`analysis.kinds.roles` says.
    texts : mapping of kind to sequence of Text
        What was read.
    rises : dict of kind to ndarray of shape (k, n_texts)
        Networks silenced one at a time.
    drawn : DataFrame
        The same of matched sets, as :func:`analysis.lesions.dealt.rises` returns it.
    """

    kind: Kind
    found: Found
    roles: Mapping[str, Sequence[str]]
    texts: Mapping[str, Sequence[Text]]
    rises: Rises
    drawn: pd.DataFrame

    def per_text(self, role: str) -> Array:
        """Mean rise over networks for each text of a role, shape (n_texts,)."""
        return np.concatenate([self.rises[kind].mean(0) for kind in self.roles[role]])


def study(
    lm: LanguageModel,
    kinds: Mapping[str, Kind],
    found: Found,
    silencing: Silencing,
    *,
    n_draws: int = 100,
    n_sets: int | None = None,
    n_each: int = 1,
    seed: int = 0,
) -> Studied:
    """Silence networks one at a time, and matched sets in their place, and read ``test``.

    Parameters
    ----------
    lm : LanguageModel
    kinds : mapping of str to Kind
    found : Found
    silencing : Silencing
    n_draws : int
        Of matched sets.
    n_sets : int, optional
        How many of the networks have a set in each draw, in turn; all by default.
    n_each : int
        Texts of each role that a matched set reads.
    seed : int
        Of the matched sets.
    """
    parts = roles(kinds, found.kind)
    texts = {name: kind.test for name, kind in kinds.items()}
    sets = dealt.some_in_turn(lesion_sets.matched(found, n_draws, seed), n_sets or len(found.masks))
    rises = lesions.rises(lm, texts, found.masks, silencing)
    drawn = dealt.rises(lm, texts, parts, sets, silencing, n_each=n_each)
    return Studied(kinds[found.kind], found, parts, texts, rises, drawn)


def table(studied: Studied) -> pd.DataFrame:
    """Say what each network's lesion does to each kind of text, beside its matched sets.

    Returns
    -------
    DataFrame
        ``network`` (from 1), ``neurons``, ``kind``, ``role``, ``rise`` in bits per byte with the 95 % interval
        ``low``, ``high`` over texts, ``band_low``, ``band_high``: where 95 % of the matched sets' rises on single
        texts are, and for the networks' own kind ``p``, corrected over the networks (elsewhere NaN).
    """
    drawn, own = studied.drawn, studied.kind.name
    observed = studied.rises[own].mean(1)
    p = corrected_p(observed, dealt.per_network(drawn, "own")) if drawn["network"].nunique() == len(observed) else None
    rows = []
    for role, kind in ((role, kind) for role, kinds in studied.roles.items() for kind in kinds):
        band = drawn.loc[drawn["kind"] == kind, ["network", "rise"]].groupby("network")["rise"].quantile([0.025, 0.975])
        for number, values in enumerate(studied.rises[kind]):
            interval = mean_over_units(values)
            low, high = band.get(number, pd.Series([np.nan, np.nan]))
            rows.append(
                {
                    "network": number + 1,
                    "neurons": int(studied.found.masks[number].sum()),
                    "kind": kind,
                    "role": role,
                    "rise": interval.estimate,
                    "low": interval.low,
                    "high": interval.high,
                    "band_low": low,
                    "band_high": high,
                    "p": p[number] if p is not None and role == "own" else np.nan,
                }
            )
    return pd.DataFrame(rows)


def together(
    lm: LanguageModel, studied: Studied, silencing: Silencing, sets: Masks, *, n_each: int = 1
) -> pd.DataFrame:
    """Silence all networks at once, and read all kinds of text, beside matched sets that are silenced at once.

    Parameters
    ----------
    lm : LanguageModel
    studied : Studied
        The networks, and what was read when each was silenced alone.
    silencing : Silencing
    sets : ndarray of bool, shape (n_draws, k, n_neurons)
        Matched sets of the networks; those of a draw are silenced together.
    n_each : int
        Texts of each kind that a draw reads.

    Returns
    -------
    DataFrame indexed by kind
        ``role``; ``one`` (mean rise of bits per byte, networks one at a time), ``all`` (at once) with the 95 % interval
        ``low``, ``high`` over texts; ``matched`` (mean of the matched sets at once), ``band_low``, ``band_high``
        (where 95 % of them are), ``p`` (corrected over kinds).
    """
    every = np.asarray(studied.found.masks.any(0, keepdims=True))
    rises = lesions.rises(lm, studied.texts, every, silencing)
    each_kind = {kind: [kind] for kinds in studied.roles.values() for kind in kinds}
    drawn = dealt.rises(lm, studied.texts, each_kind, np.asarray(sets.any(1, keepdims=True)), silencing, n_each=n_each)
    draws = np.stack([dealt.mean_over_networks(drawn, kind) for kind in each_kind], axis=1)
    p = corrected_p(np.array([rises[kind].mean() for kind in each_kind]), draws)
    rows = {}
    for role, kind in ((role, kind) for role, kinds in studied.roles.items() for kind in kinds):
        interval, number = mean_over_units(rises[kind][0]), list(each_kind).index(kind)
        low, high = np.quantile(draws[:, number], [0.025, 0.975])
        rows[kind] = {
            "role": role,
            "one": studied.rises[kind].mean(),
            "all": interval.estimate,
            "low": interval.low,
            "high": interval.high,
            "matched": draws[:, number].mean(),
            "band_low": low,
            "band_high": high,
            "p": p[number],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("kind")


def matrix(studied: Sequence[Studied], kinds: Sequence[str]) -> pd.DataFrame:
    """Mean rise over networks, sources in rows and kinds of text in columns."""
    rows = {one.kind.name: [one.rises[kind].mean() for kind in kinds] for one in studied}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(kinds)).rename_axis("networks of")


def looser(
    lm: LanguageModel,
    studied: Studied,
    silencing: Silencing,
    *,
    n_draws: int = 20,
    n_sets: int | None = None,
    n_each: int = 1,
    seed: int = 0,
) -> dict[str, Array]:
    """Mean rise of the networks' own kind under random sets that are matched in less, by control, shape (n_draws,).

    Parameters as in :func:`study`.
    """
    own = {"own": studied.roles["own"]}
    sets = lesion_sets.looser(studied.found, n_draws, seed)
    some = {name: dealt.some_in_turn(one, n_sets or one.shape[1]) for name, one in sets.items()}
    drawn = {name: dealt.rises(lm, studied.texts, own, one, silencing, n_each=n_each) for name, one in some.items()}
    return {name: dealt.mean_over_networks(one, "own") for name, one in drawn.items()}


def beside_rivals(
    lm: LanguageModel,
    studied: Studied,
    others: Sequence[Studied],
    rivals: Mapping[str, Masks],
    silencing: Silencing,
    *,
    n_neutral: int | None = None,
) -> pd.DataFrame:
    """Say what sets that are no matter of chance do to the networks' own kind and to neutral text.

    Parameters
    ----------
    lm : LanguageModel
    studied : Studied
        The networks in question.
    others : sequence of Studied
        Networks of other kinds.
    rivals : mapping of name to ndarray of bool, shape (n_sets, n_neurons)
    silencing : Silencing
    n_neutral : int, optional
        Texts of each neutral kind; all by default.

    Returns
    -------
    DataFrame indexed by set
        ``own`` and ``neutral``: mean rise over sets and texts. The networks in question come first.
    """
    own, neutral = studied.roles["own"], studied.roles["neutral"]
    texts = {kind: studied.texts[kind] for kind in own} | {kind: studied.texts[kind][:n_neutral] for kind in neutral}
    measured = {f"networks of {one.kind.name}": one.rises for one in (studied, *others)}
    measured |= {name: lesions.rises(lm, texts, sets, silencing) for name, sets in rivals.items()}
    rows = {
        name: {
            role: np.mean([rises[kind][:, : len(texts[kind])].mean() for kind in part]) if part else np.nan
            for role, part in (("own", own), ("neutral", neutral))
        }
        for name, rises in measured.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("sets")


def accuracy_table(right: Mapping[str, Right], lesions: Sequence[str]) -> pd.DataFrame:
    """Say how each lesion changes the accuracy of each task.

    Parameters
    ----------
    right : mapping of task to ndarray of bool, shape (1 + n_lesions, n_items)
        The intact model first.
    lesions : sequence of str

    Returns
    -------
    DataFrame
        ``task``, ``lesion``, ``intact`` and ``accuracy``, ``change`` with the 95 % interval ``low``, ``high`` over
        items, ``n``.
    """
    rows = []
    for task, answers in right.items():
        for lesion, after in zip(lesions, answers[1:], strict=True):
            change = paired_proportions(answers[0], after)
            rows.append(
                {
                    "task": task,
                    "lesion": lesion,
                    "intact": answers[0].mean(),
                    "accuracy": after.mean(),
                    "change": change.estimate,
                    "low": change.low,
                    "high": change.high,
                    "n": len(after),
                }
            )
    return pd.DataFrame(rows)
