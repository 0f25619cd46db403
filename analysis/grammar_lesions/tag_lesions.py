"""Lesions × parts of speech: matrices with matched sets, double dissociations between tags, side effects.

A lesion of the key neurons of one tag is selective if it harms that tag's words more than others', measured by what
matched sets of neurons do to the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import dissociation, evaluation, many
from analysis.errors import InputError
from analysis.grammar_lesions.battery import MEASURES, Battery, Harm, Make, Masks, Measure
from analysis.grammar_lesions.word_scores import Array, by_tag
from analysis.inference import Interval, corrected_p, mean_over_units, paired_proportions, random_set_p
from analysis.texts import Item, Text

_DRAWS_AT_ONCE = 16  # it bounds memory, not the result
_SHORT: Mapping[Measure, str] = {"log_probability": "nats", "mass": "mass", "accuracy": "tag right"}


@dataclass(frozen=True)
class LesionMatrix:
    """Lesions × tags, with what matched sets do in the same places.

    Attributes
    ----------
    battery : Battery
    harm : Harm
        Of the lesions, word by word; lesion *i* is that of the key neurons of tag *i* of the battery.
    null : mapping of measure to ndarray of shape (n_draws, n_lesions, n_tags)
        Mean harm of matched sets; a draw has the same index for all lesions.
    """

    battery: Battery
    harm: Harm
    null: Mapping[Measure, Array]

    @property
    def gain(self) -> LesionMatrix:
        """The same with all signs turned, for what is meant to help: more of it is better."""
        turned = Harm(*(-getattr(self.harm, measure) for measure in MEASURES))
        return replace(self, harm=turned, null={measure: -draws for measure, draws in self.null.items()})

    def effects(self, measure: Measure = "log_probability") -> Array:
        """Mean harm of each lesion to the words of each tag, shape (n_lesions, n_tags)."""
        return by_tag(getattr(self.harm, measure), self.battery.upos, self.battery.tags)

    def cells(self, measure: Measure = "log_probability", seed: int = 0) -> pd.DataFrame:
        """List all cells.

        Returns
        -------
        DataFrame, one row per lesion and tag
            ``lesion``, ``target``, ``harm`` with the 95 % interval ``low``, ``high`` over lemmas; ``null_low``,
            ``null_high`` (95 % of matched sets), ``z`` (harm in standard deviations of matched sets, from their mean;
            NaN where they all do the same), ``p`` and ``p_corrected`` (more harm than matched sets; over all cells).
        """
        battery, values, null = self.battery, getattr(self.harm, measure), self.null[measure]
        observed, draws = self.effects(measure).ravel(), null.reshape(len(null), -1)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        spread = draws.std(0, ddof=1)
        z = np.divide(observed - draws.mean(0), spread, out=np.full_like(spread, np.nan), where=spread > 0)
        intervals = [
            mean_over_units(row[battery.upos == tag], battery.lemmas[battery.upos == tag], seed=seed)
            for row in values
            for tag in battery.tags
        ]
        return pd.DataFrame(
            {
                "lesion": np.repeat(battery.tags, len(battery.tags)),
                "target": np.tile(battery.tags, len(values)),
                "harm": observed,
                "low": [interval.low for interval in intervals],
                "high": [interval.high for interval in intervals],
                "null_low": low,
                "null_high": high,
                "z": z,
                "p": [random_set_p(one, column) for one, column in zip(observed, draws.T, strict=True)],
                "p_corrected": corrected_p(observed, draws),
            }
        )


def lesion_matrix(battery: Battery, masks: Masks, drawn: Masks, make: Make) -> LesionMatrix:
    """Measure lesions and their matched sets.

    Parameters
    ----------
    battery : Battery
    masks : ndarray of bool, shape (n_tags, n_neurons)
        The key neurons of each tag of the battery.
    drawn : ndarray of bool, shape (n_draws, n_tags, n_neurons)
        Matched sets, as :func:`analysis.controls.same_contribution` draws them.
    make : callable
        As for :meth:`Battery.harm`.

    Raises
    ------
    InputError
        If there is not one set of neurons for each tag.
    """
    if len(masks) != len(battery.tags) or drawn.shape[1:] != masks.shape:
        raise InputError(
            f"{len(masks)} lesions and draws of shape {drawn.shape} do not fit {len(battery.tags)} tags. Give one set "
            "of neurons for each tag of the battery, and draws of all of them."
        )
    null: dict[Measure, list[Array]] = {measure: [] for measure in MEASURES}
    for start in range(0, len(drawn), _DRAWS_AT_ONCE):
        part = drawn[start : start + _DRAWS_AT_ONCE]
        harm = battery.harm(part.reshape(-1, part.shape[-1]), make)
        for measure in MEASURES:
            means = by_tag(getattr(harm, measure), battery.upos, battery.tags)
            null[measure].append(means.reshape(len(part), len(masks), -1))
    joined = {measure: np.concatenate(parts) for measure, parts in null.items()}
    return LesionMatrix(battery, battery.harm(masks, make), joined)


def own_losses(matrix: LesionMatrix) -> pd.DataFrame:
    """List what each lesion takes from the words of its own tag, by every measure, beside its matched sets.

    Parameters
    ----------
    matrix : LesionMatrix

    Returns
    -------
    DataFrame, one row per lesion
        ``nats`` (log-probability), ``mass`` (probability of the tag), ``tag right`` (share of words); beside each, with
        ``matched`` behind the name, what 97.5 % of the matched sets stay below.
    """
    columns = {}
    for measure, name in _SHORT.items():
        columns[name] = matrix.effects(measure).diagonal()
        columns[f"{name} matched"] = np.quantile(matrix.null[measure].diagonal(axis1=1, axis2=2), 0.975, axis=0)
    return pd.DataFrame(columns, index=pd.Index(matrix.battery.tags, name="lesion"))


def own_and_others(cells: pd.DataFrame) -> pd.DataFrame:
    """Put beside each other what a lesion does to its own tag and, on average, to the others.

    Parameters
    ----------
    cells : DataFrame
        From :meth:`LesionMatrix.cells`.

    Returns
    -------
    DataFrame, one row per lesion
        ``own harm``, ``other harm``, ``own z``, ``other z``.
    """
    is_own = cells["lesion"] == cells["target"]
    means = {
        f"{whose} {name}": cells[mine].groupby("lesion")[name].mean()
        for name in ("harm", "z")
        for whose, mine in (("own", is_own), ("other", ~is_own))
    }
    return pd.DataFrame(means)


@dataclass(frozen=True)
class Selectivity:
    """Double dissociations between tags, and the pair that was chosen before the test.

    Attributes
    ----------
    pairs : DataFrame, one row per pair of tags
        ``tag``, ``other``; ``first`` (harm of the lesion of ``tag`` to its own words minus that to the other's, in
        standard deviations of matched sets), ``second`` (likewise for ``other``), ``smaller`` of both, ``p``,
        ``p_corrected``, and ``tune``: the smaller of both on the words that the pair was chosen with.
    chosen : Series
        The row of ``pairs`` that was best on ``tune``.
    interval : Interval
        Of its ``smaller``, over lemmas.
    n_lemmas : int
        Lemmas of its two tags.
    """

    pairs: pd.DataFrame
    chosen: pd.Series
    interval: Interval
    n_lemmas: int


def selectivity(tune: LesionMatrix, test: LesionMatrix, seed: int = 0) -> Selectivity:
    """Choose the pair of tags that dissociates best on ``tune``, and test all pairs on ``test``.

    Each tag goes with its own key neurons. See :mod:`analysis.dissociation`.

    Parameters
    ----------
    tune, test : LesionMatrix
        The same lesions on words of different lemmas in different texts.
    seed : int
        Of the interval.
    """
    battery = test.battery
    own = np.stack([np.arange(len(battery.tags))] * 2, axis=1)
    before, pairs = (
        dissociation.dissociated_pairs(matrix.effects(), matrix.null["log_probability"], own) for matrix in (tune, test)
    )
    names = np.array(battery.tags)
    table = pd.DataFrame({"tag": names[pairs["lesion"]], "other": names[pairs["other_lesion"]]})
    table = table.join(pairs[["first", "second", "smaller", "p", "p_corrected"]]).assign(tune=before["smaller"])
    chosen = table.loc[table["tune"].idxmax()]
    a, b = battery.tags.index(chosen["tag"]), battery.tags.index(chosen["other"])
    interval = dissociation.smaller(_contrast(test, a, b, seed), _contrast(test, b, a, seed))
    n_lemmas = battery.table.loc[battery.table["upos"].isin([chosen["tag"], chosen["other"]]), "lemma"].nunique()
    return Selectivity(table, chosen, interval, int(n_lemmas))


def _contrast(matrix: LesionMatrix, own: int, other: int, seed: int) -> Interval:
    """Harm of a lesion to the words of its own tag minus that to those of another, with an interval over lemmas."""
    battery, harm, null = matrix.battery, matrix.harm.log_probability[own], matrix.null["log_probability"][:, own]
    here, there = (battery.upos == battery.tags[place] for place in (own, other))
    return dissociation.contrast(
        harm[here],
        harm[there],
        null[:, own],
        null[:, other],
        own_units=battery.lemmas[here],
        other_units=battery.lemmas[there],
        seed=seed,
    )


def side_effects(
    battery: Battery, masks: Masks, make: Make, neutral: Sequence[Text], pairs: Sequence[Item], *, seed: int = 0
) -> pd.DataFrame:
    """Say what lesions do to everything else: running text, and judgements of grammar.

    Parameters
    ----------
    battery : Battery
        Its model, and its tags as names of the lesions.
    masks : ndarray of bool, shape (n_tags, n_neurons) or (several times n_tags, n_neurons)
        A lesion for each tag, or several rounds of them.
    make : callable
        It has to know the domains of the texts, and the empty one for the items.
    neutral : sequence of Text
    pairs : sequence of Item
        Multiple choice, such as minimal pairs.
    seed : int
        Of the intervals.

    Returns
    -------
    DataFrame, one row per lesion
        ``bits_per_byte``, rise on the neutral texts, with the 95 % interval ``bits_low``, ``bits_high`` over texts;
        ``accuracy``, change on the items, with the interval ``accuracy_low``, ``accuracy_high`` over items.
    """
    rises = np.empty((len(masks), len(neutral)))
    domains = np.array([text.domain for text in neutral])
    for domain in np.unique(domains).tolist():
        here = np.flatnonzero(domains == domain)
        texts = [neutral[place] for place in here.tolist()]
        nats = many.losses(battery.lm, texts, [None, *(make(mask, domain) for mask in masks)])
        n_bytes = evaluation.bits_per_byte(battery.lm, texts)["bytes"].to_numpy()
        rises[:, here] = (nats[1:] - nats[0]) / np.log(2) / n_bytes
    scores = many.choice_scores(battery.lm, pairs, [None, *(make(mask, "") for mask in masks)])
    before, *after = evaluation.right(pairs, scores)
    rows = []
    for rise, right in zip(rises, after, strict=True):
        bits, accuracy = mean_over_units(rise, seed=seed), paired_proportions(before, right)
        row = {
            "bits_per_byte": bits.estimate,
            "bits_low": bits.low,
            "bits_high": bits.high,
            "accuracy": accuracy.estimate,
        }
        rows.append(row | {"accuracy_low": accuracy.low, "accuracy_high": accuracy.high})
    return pd.DataFrame(rows, index=pd.Index(np.resize(battery.tags, len(rows)), name="lesion"))
