"""What came of a choice on ``tune``: gain, winner's curse, what other tasks pay, a rival that touches no neuron."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import evaluation, inference
from analysis.amplification.tuning import Choice, Stage
from analysis.errors import InputError
from analysis.inference import Interval
from analysis.lesions import silencing
from analysis.networks import Masks

Array = npt.NDArray[np.float64]


def interval(stage: Stage, choice: Choice) -> Interval:
    """Gain of the chosen network on ``test``, with a score interval over items."""
    before = np.concatenate([stage.right_before(task) for task in choice.tasks])
    after = np.concatenate([choice.right[task][0] for task in choice.tasks])
    return inference.paired_proportions(before, after)


def gain_table(stage: Stage, choices: Mapping[str, Choice]) -> pd.DataFrame:
    """Put what was chosen for each task beside the random sets that were chosen alike.

    Parameters
    ----------
    stage : Stage
    choices : mapping of name to Choice

    Returns
    -------
    DataFrame indexed by name
        ``before`` (accuracy on ``test``), ``chance``, ``network`` (from 1), ``strength``, ``predicted``, ``tune``,
        ``test`` with ``low`` and ``high`` (95 % over items), ``sham_low`` and ``sham_high`` (band of the random sets'
        gains on ``test``), ``p`` and ``p_corrected`` (over the rows).
    """
    rows = []
    for choice in choices.values():
        own, sham = interval(stage, choice), choice.test[1:]
        chances = [1 / len(item.choices) for task in choice.tasks for item in stage.test[task]]
        rows.append(
            {
                "before": np.mean([stage.right_before(task).mean() for task in choice.tasks]),
                "chance": np.mean(chances),
                "network": int(choice.network[0]) + 1,
                "strength": str(choice.strength[0]),
                "predicted": choice.predicted[0],
                "tune": choice.tune[0],
                "test": own.estimate,
                "low": own.low,
                "high": own.high,
                "sham_low": np.quantile(sham, 0.025),
                "sham_high": np.quantile(sham, 0.975),
                "p": inference.random_set_p(choice.test[0], sham),
            }
        )
    test = np.stack([choice.test for choice in choices.values()], axis=1)
    table = pd.DataFrame(rows, index=pd.Index(choices, name="task"))
    table["p_corrected"] = inference.corrected_p(test[0], test[1:])
    return table


def curse(choices: Mapping[str, Choice]) -> pd.DataFrame:
    """Say what the best option promised on ``tune`` and what it held on ``test``.

    Returns
    -------
    DataFrame of one row for each choice and set
        ``task``, ``set`` ("network" or "matched sets"), ``tune``, ``test``.
    """
    tables = []
    for name, choice in choices.items():
        kind = np.where(np.arange(len(choice.tune)) == 0, "network", "matched sets")
        tables.append(pd.DataFrame({"task": name, "set": kind, "tune": choice.tune, "test": choice.test}))
    return pd.concat(tables, ignore_index=True)


def broken_promises(promised: pd.DataFrame, chosen: str = "matched sets") -> Interval:
    """Gain on ``tune`` minus gain on ``test``: what a choice loses on items that it never saw.

    Parameters
    ----------
    promised : DataFrame
        As :func:`curse` makes it.
    chosen : {"matched sets", "network"}
        Matched sets are networks whose neurons are shuffled: what they lose is the winner's curse alone.

    Returns
    -------
    Interval
        Mean over tasks, with an interval over tasks: draws share their items, so they are not independent. A single
        task also shows which of its halves has the easier items.
    """
    lost = promised.assign(lost=promised["tune"] - promised["test"])
    per_task = lost[lost["set"] == chosen].groupby("task", sort=False)["lost"].mean().to_numpy()
    if len(per_task) < 3:
        return Interval(float(per_task.mean()), float("-inf"), float("inf"))
    return inference.mean_over_units(per_task)


def curse_table(promised: pd.DataFrame) -> pd.DataFrame:
    """Sum up :func:`curse` over tasks: by set, ``n`` draws, ``tune``, ``test``, ``lost`` with ``low`` and ``high``."""
    table = promised.groupby("set", sort=False).agg(
        n=("task", lambda task: int(task.value_counts().iloc[0])), tune=("tune", "mean"), test=("test", "mean")
    )
    found = [broken_promises(promised, chosen) for chosen in table.index]
    return table.assign(
        lost=[one.estimate for one in found], low=[one.low for one in found], high=[one.high for one in found]
    )


def bill(stage: Stage, masks: Masks, choices: Mapping[str, Choice]) -> pd.DataFrame:
    """Say what the other tasks pay: change of accuracy on ``test`` of every task under each choice.

    Parameters
    ----------
    stage : Stage
    masks : ndarray of bool, shape (k, n_neurons)
        The networks.
    choices : mapping of name to Choice

    Returns
    -------
    DataFrame
        Indexed by what was chosen for; a column for each task that pays or gains.
    """
    made = [choice.intervention(0, masks, stage.site) for choice in choices.values()]
    after = silencing.right(stage.lm, stage.test, made)
    changes = {task: answers.mean(1) - stage.right_before(task).mean() for task, answers in after.items()}
    return pd.DataFrame(changes, index=pd.Index(choices, name="chosen for"))


def elsewhere(paid: pd.DataFrame) -> pd.DataFrame:
    """List what choices made for one task do to others.

    Parameters
    ----------
    paid : DataFrame
        As :func:`bill` makes it; rows that are no task, such as a choice for all of them, are left out.

    Returns
    -------
    DataFrame
        ``chosen for``, ``task``, ``change``.

    Raises
    ------
    InputError
        If there is only one task.
    """
    if paid.shape[1] < 2:
        raise InputError(f"Besides '{paid.columns[0]}' there is no task that could pay. Give two or more.")
    long = paid.reset_index(names="chosen for").melt("chosen for", var_name="task", value_name="change")
    is_other = (long["chosen for"] != long["task"]) & long["chosen for"].isin(paid.columns)
    return long[is_other].reset_index(drop=True)


def offset_gains(stage: Stage) -> pd.Series:
    """Gain on ``test`` by a rival that touches no neuron: each answer's mean score on ``tune`` is subtracted.

    A model that likes one answer whatever is asked can be mended so (Zhao et al. 2021). What an amplified network
    gains beyond it is not merely a shift from one answer to another.

    Parameters
    ----------
    stage : Stage

    Returns
    -------
    Series indexed by task
        Only tasks whose items all offer the same answers.
    """
    gains = {}
    for task, items in stage.test.items():
        if len({item.choices for item in (*items, *stage.tune[task])}) == 1:
            scores = stage.test_scores[task] - stage.tune_scores[task].mean(0)
            gains[task] = evaluation.right(items, scores).mean() - stage.right_before(task).mean()
    return pd.Series(gains, name="offset", dtype=float).rename_axis("task")
