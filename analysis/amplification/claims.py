"""What the claims about amplified networks rest on: an effect, its interval, and what matched sets did alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import inference
from analysis.amplification.driving import Strength
from analysis.amplification.tuning import Choice, Stage
from analysis.amplification.tuning_report import interval
from analysis.claims import Effect
from analysis.errors import InputError
from analysis.inference import Interval
from analysis.lesions.silencing import rise
from analysis.models import LanguageModel, Site
from analysis.networks import Masks
from analysis.texts import Text

Array = npt.NDArray[np.float64]


def best_task(choices: Mapping[str, Choice]) -> tuple[list[str], Array]:
    """Choose the task as well: in each set the one that gained most on ``tune``.

    Parameters
    ----------
    choices : mapping of task to Choice
        Of the same sets.

    Returns
    -------
    tasks : list of str
        One for each set.
    test : ndarray of shape (n_sets,)
        Gain of that task on ``test``.
    """
    tune, test = (np.stack([getattr(choice, part) for choice in choices.values()], -1) for part in ("tune", "test"))
    names = list(choices)
    return [names[place] for place in tune.argmax(-1)], inference.chosen_on_tune(tune, test)


def helps_a_task(
    stage: Stage, sets: Masks, choices: Mapping[str, Choice], neutral: Sequence[Text]
) -> tuple[str, Effect]:
    """Estimate the gain of a task with network, strength and task chosen on ``tune``.

    Specific is a gain that exceeds the size of the change on neutral text, up or down, each in standard deviations of
    what the matched sets do there: so what shakes the whole model is not called help for a task.

    Parameters
    ----------
    stage : Stage
    sets : ndarray of bool, shape (1 + n_draws, k, n_neurons)
        Those that the choices were made from.
    choices : mapping of task to Choice
    neutral : sequence of Text

    Returns
    -------
    task : str
        The one that the networks were chosen to help.
    effect : Effect
    """
    tasks, test = best_task(choices)
    chosen = [choices[task].intervention(row, sets[row], stage.site) for row, task in enumerate(tasks)]
    changes = rise(stage.lm, neutral, chosen)
    own = choices[tasks[0]]
    gains = own.right[tasks[0]][0].astype(float) - stage.right_before(tasks[0])
    return tasks[0], Effect(
        interval(stage, own), len(gains), test[1:], specificity=_beyond(gains, test[1:], changes[0], changes[1:])
    )


def _beyond(gains: Array, drawn_gains: Array, changes: Array, drawn_changes: Array) -> Interval:
    """Gain in items minus the size of the change in texts, each standardised by the matched sets."""
    if len(drawn_gains) < 2:
        raise InputError(f"{len(drawn_gains)} draws have no spread. Use 2 or more.")
    # Accuracy comes in steps of one item: a spread below that is not known to be smaller than it.
    item_spread = max(drawn_gains.std(ddof=1), 1 / len(gains))
    text_spread = drawn_changes.mean(1).std(ddof=1)
    size = np.sign(changes.mean()) * changes
    return inference.specificity(gains / item_spread, size / text_spread)


def helps_overall(stage: Stage, choice: Choice) -> Effect:
    """Estimate the mean gain over all tasks with one network and one strength chosen for all of them."""
    return Effect(interval(stage, choice), sum(len(stage.test[task]) for task in choice.tasks), choice.test[1:])


def adding(
    lm: LanguageModel, texts: Sequence[Text], sets: Masks, site: Site, constant: float = 1.0
) -> tuple[pd.DataFrame, Effect]:
    """Add a constant to the neurons of each network, and estimate what neutral text pays or gains.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    sets : ndarray of bool, shape (1 + n_draws, k, n_neurons)
        The networks first, then matched sets of each draw.
    site : {"mlp_activation", "mlp_output"}
    constant : float

    Returns
    -------
    table : DataFrame indexed by network (from 1)
        ``change`` of bits per byte, ``low``, ``high`` (95 % over texts), ``band_low``, ``band_high`` (of its matched
        sets).
    effect : Effect
        Mean over networks.
    """
    strength = Strength(constant=constant)
    made = [strength.on(mask, site) for masks in sets for mask in masks]
    changes = rise(lm, texts, made).reshape(*sets.shape[:2], -1)
    rows = []
    for network, (own, drawn) in enumerate(zip(changes[0], changes[1:].mean(2).T, strict=True), start=1):
        found = inference.mean_over_units(own)
        low, high = np.quantile(drawn, [0.025, 0.975])
        values = {"change": found.estimate, "low": found.low, "high": found.high, "band_low": low, "band_high": high}
        rows.append({"network": network} | values)
    mean = inference.mean_over_units(changes[0].mean(0))
    return pd.DataFrame(rows).set_index("network"), Effect(mean, len(texts), changes[1:].mean((1, 2)))
