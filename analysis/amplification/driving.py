"""Drive networks harder or softer, at many strengths: what happens, and what one backward pass had foretold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import evaluation, likelihood, many, sensitivity
from analysis.errors import InputError
from analysis.interventions import Intervention
from analysis.lesions.silencing import BATCH_TOKENS, rise
from analysis.models import LanguageModel, Site
from analysis.networks import Masks
from analysis.sensitivity import Sensitivity
from analysis.texts import Item, Text

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Strength:
    """How hard a network is driven, at all tokens: its activity times a factor, plus a constant.

    Attributes
    ----------
    factor, constant : float
        As in :class:`analysis.interventions.Intervention`; 1 and 0 leave the model as it is.
    """

    factor: float = 1.0
    constant: float = 0.0

    def __str__(self) -> str:
        """Write it as in ×1.5 or −0.5."""
        sign = "" if self.constant < 0 else "+"
        return (f"{sign}{self.constant:g}" if self.constant else f"×{self.factor:g}").replace("-", "−")

    @property
    def amplifies(self) -> bool:
        """Whether it drives the neurons up: a factor above 1, or a constant above 0."""
        return self.factor > 1 or self.constant > 0

    @property
    def dose(self) -> float:
        """How far from the model as it is."""
        return abs(self.factor - 1) + abs(self.constant)

    def on(self, neurons: npt.NDArray[np.bool_], site: Site) -> Intervention:
        """Return the intervention on some neurons."""
        return Intervention(neurons, self.factor, self.constant, site)


def read_strengths(factors: str, constants: str) -> list[Strength]:
    """Read the strengths that are to be tried: one factor or one constant each.

    Parameters
    ----------
    factors, constants : str
        Numbers with ``|`` between them; either may be empty. Factor 1 and constant 0 need not be named, they are the
        model as it is.

    Returns
    -------
    list of Strength
        The factors, then the constants, each in rising order.

    Raises
    ------
    InputError
        If something is no number, or none of them amplifies.
    """
    scaled = [Strength(factor=value) for value in _numbers("factors", factors) if value != 1]
    added = [Strength(constant=value) for value in _numbers("constants", constants) if value != 0]
    if not any(strength.amplifies for strength in scaled + added):
        raise InputError(
            f"factors='{factors}' and constants='{constants}' hold nothing that amplifies. Name a factor above 1, or a "
            "constant above 0."
        )
    return scaled + added


def _numbers(name: str, given: str) -> list[float]:
    try:
        values = [float(part) for part in given.split("|") if part.strip()]
    except ValueError:
        values = [math.nan]
    if not all(math.isfinite(value) for value in values):
        raise InputError(f"{name}='{given}' is no list of numbers. Put | between them, as in 0|0.5|2.")
    return sorted(set(values))


def drive_texts(
    lm: LanguageModel, texts: Sequence[Text], masks: Masks, strengths: Sequence[Strength], site: Site
) -> pd.DataFrame:
    """Drive each network at each strength and read texts.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    masks : ndarray of bool, shape (k, n_neurons)
    strengths : sequence of Strength
    site : {"mlp_activation", "mlp_output"}

    Returns
    -------
    DataFrame of k × n_strengths rows
        ``network`` (from 1), ``factor``, ``constant``, ``strength`` (in words), ``measured`` and ``predicted``: change
        of bits per byte, mean over texts; predicted as if the loss were linear, by one backward pass.
    """
    changes = rise(lm, texts, [strength.on(mask, site) for mask in masks for strength in strengths])
    slopes = per_byte(lm, texts, sensitivity.of_losses(lm, texts, site, batch_tokens=BATCH_TOKENS))
    table = _grid(len(masks), strengths)
    table["measured"] = changes.mean(1)
    table["predicted"] = [slopes.predicted(mask, s.factor, s.constant).mean() for mask in masks for s in strengths]
    return table


def per_byte(lm: LanguageModel, texts: Sequence[Text], of_losses: Sensitivity) -> Sensitivity:
    """Turn derivatives of losses in nats into derivatives of bits per byte."""
    _, n_bytes = likelihood.requests_of_texts(lm, texts)
    unit = np.float32(np.log(2)) * np.array(n_bytes, np.float32)[:, None]
    return Sensitivity(of_losses.to_factor / unit, of_losses.to_constant / unit)


def drive_items(
    lm: LanguageModel,
    tasks: Mapping[str, Sequence[Item]],
    masks: Masks,
    strengths: Sequence[Strength],
    site: Site,
) -> pd.DataFrame:
    """Drive each network at each strength and answer the items of each task.

    Parameters
    ----------
    lm : LanguageModel
    tasks : mapping of name to sequence of Item
    masks, strengths, site
        As in :func:`drive_texts`.

    Returns
    -------
    DataFrame of n_tasks × k × n_strengths rows
        ``task`` and the columns of :func:`drive_texts`, where ``measured`` and ``predicted`` are changes of the margin
        (nats, mean over items); also ``accuracy`` and ``predicted_accuracy``, changes of the share of right answers,
        of which the second counts items whose margin would stay or come above 0.
    """
    interventions = [strength.on(mask, site) for mask in masks for strength in strengths]
    tables = []
    for name, items in tasks.items():
        scores = many.choice_scores(lm, items, [None, *interventions], batch_tokens=BATCH_TOKENS)
        margins, right = evaluation.margins(items, scores), evaluation.right(items, scores)
        slopes = sensitivity.of_margins(lm, items, site, batch_tokens=BATCH_TOKENS)
        forecast = forecasts(slopes, masks, strengths).reshape(len(interventions), -1)
        table = _grid(len(masks), strengths)
        table.insert(0, "task", name)
        table["measured"] = (margins[1:] - margins[0]).mean(1)
        table["predicted"] = forecast.mean(1)
        table["accuracy"] = right[1:].mean(1) - right[0].mean()
        table["predicted_accuracy"] = (margins[0] + forecast > 0).mean(1) - right[0].mean()
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def forecasts(slopes: Sensitivity, masks: Masks, strengths: Sequence[Strength]) -> Array:
    """Predict the change of each unit's score for each set at each strength, shape (k, n_strengths, n_units)."""
    sets = masks.astype(np.float32)
    by_factor, by_constant = sets @ slopes.to_factor.T, sets @ slopes.to_constant.T
    return np.stack([(s.factor - 1) * by_factor + s.constant * by_constant for s in strengths], 1, dtype=np.float64)


def foresight(driven: pd.DataFrame, by: str = "strength") -> pd.DataFrame:
    """Say how well the prediction orders what was measured, over networks (and tasks), by default at each strength.

    Returns
    -------
    DataFrame
        Indexed by that column, in the order of the table: ``r`` between predicted and measured changes, ``slope`` of
        measured on predicted (1 where the prediction has the right size), ``n``.
    """
    rows = {}
    for key, group in driven.groupby(by, sort=False):
        predicted, measured = group["predicted"].to_numpy(), group["measured"].to_numpy()
        varies = len(group) > 2 and predicted.std() > 0 and measured.std() > 0
        r = np.corrcoef(predicted, measured)[0, 1] if varies else np.nan
        slope = (predicted @ measured) / (predicted @ predicted) if predicted.any() else np.nan
        rows[key] = {"r": r, "slope": slope, "n": len(group)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(by)


def _grid(k: int, strengths: Sequence[Strength]) -> pd.DataFrame:
    rows = [
        {"network": network + 1, "factor": s.factor, "constant": s.constant, "strength": str(s)}
        for network in range(k)
        for s in strengths
    ]
    return pd.DataFrame(rows)
