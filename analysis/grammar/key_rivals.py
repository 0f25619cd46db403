"""Scores that could take the place of integrated gradients, case by case, for the same words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.attribution.cases import Case
from analysis.attribution.gradients import Quantity
from analysis.attribution.readout import log_probability_increase
from analysis.attribution.rivals import activity_before, gradient_times_activation, mean_difference
from analysis.errors import InputError
from analysis.models import LanguageModel, Site

Array = npt.NDArray[np.float32]


def rivals(
    lm: LanguageModel,
    cases: Sequence[Case],
    tags: npt.ArrayLike,
    quantity: Quantity = "log_probability",
    site: Site = "mlp_activation",
) -> dict[str, Array]:
    """Score neurons for each case in every other way.

    Parameters
    ----------
    lm : LanguageModel
    cases : sequence of Case
    tags : array-like of str, shape (n_cases,)
    quantity : {"log_probability", "probability"}
        For the gradient.
    site : {"mlp_activation", "mlp_output"}

    Returns
    -------
    dict of str to ndarray of shape (n_cases, n_neurons), float32
        ``gradient × activation``, ``log-probability increase`` (left out for families in which a neuron has no vector
        of its own), ``mean difference`` (of the case's tag: alike for all cases of a tag), ``activity``.
    """
    activity = activity_before(lm, cases, site)
    apart = mean_difference(activity, tags)
    found = {"gradient × activation": gradient_times_activation(lm, cases, quantity, site)}
    if (increase := _increase(lm, cases, site)) is not None:
        found["log-probability increase"] = increase
    return {**found, "mean difference": apart.loc[np.asarray(tags)].to_numpy(np.float32), "activity": activity}


def _increase(lm: LanguageModel, cases: Sequence[Case], site: Site) -> Array | None:
    try:
        return log_probability_increase(lm, cases, site)
    except InputError:  # the family lets no neuron have a vector of its own
        return None
