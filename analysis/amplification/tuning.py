"""Choose a network and a strength on ``tune``, report them on ``test``, and let random sets be chosen alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis import evaluation, many, sensitivity
from analysis.amplification.driving import Strength, forecasts
from analysis.errors import InputError
from analysis.interventions import Intervention
from analysis.item_files import read_tasks
from analysis.lesions import silencing as lesions
from analysis.lesions.silencing import BATCH_TOKENS
from analysis.likelihood import Scores
from analysis.models import LanguageModel, Site
from analysis.networks import Masks
from analysis.sensitivity import Sensitivity
from analysis.texts import Item

Array = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]
Tasks = Mapping[str, Sequence[Item]]
FEWEST = 3
"""Items of a task: fewer tell nothing about other items."""
TEACHING = (
    *("sentiment", "fact-question", "sums", "program-output"),
    *("sentiment-reworded", "topic-reworded", "restaurants", "passage-completion"),
)
"""Of the teaching language: four tasks that training shows and four that it never does, none of them long."""


@dataclass(frozen=True)
class Stage:
    """All that a choice rests on but the sets themselves; networks and random sets are chosen on one and the same.

    Attributes
    ----------
    lm : LanguageModel
    site : {"mlp_activation", "mlp_output"}
    strengths : tuple of Strength
        What may be chosen.
    tune, test : mapping of task to sequence of Item
        Equally many items of each task.
    slopes : mapping of task to Sensitivity
        Of the margins of ``tune`` items.
    tune_scores, test_scores : mapping of task to ndarray of shape (n_items, n_choices)
        Of the model as it is.
    shortlist : int
        How many options the prediction passes on to be measured; 0 measures all.
    """

    lm: LanguageModel
    site: Site
    strengths: tuple[Strength, ...]
    tune: Tasks
    test: Tasks
    slopes: Mapping[str, Sensitivity]
    tune_scores: Mapping[str, Scores]
    test_scores: Mapping[str, Scores]
    shortlist: int

    def right_before(self, task: str) -> Right:
        """Say which ``test`` items of a task the model answers right as it is."""
        return evaluation.right(self.test[task], self.test_scores[task])


def read_parts(source: str, n: int, seed: int = 0) -> tuple[dict[str, list[Item]], dict[str, list[Item]]]:
    """Read the items to choose on and those to report on; no question is in both.

    Parameters
    ----------
    source : str
        ``"teaching"`` for the tasks in :data:`TEACHING`, else as in :func:`analysis.item_files.read_tasks`. The
        teaching language has its own splits; the items of a file are halved.
    n : int
        Items of each task in each part.
    seed : int

    Returns
    -------
    tune, test : dict of task to list of Item
    """
    source = f"teaching:{','.join(TEACHING)}" if source == "teaching" else source
    if source.startswith("teaching:"):
        tune, test = (read_tasks(source, n, split=split, seed=seed).items for split in ("tune", "test"))
        return tune, test
    both = read_tasks(source, 2 * n, seed=seed).items
    halves = {name: len(items) // 2 for name, items in both.items()}
    return (
        {name: items[: halves[name]] for name, items in both.items()},
        {name: items[halves[name] : 2 * halves[name]] for name, items in both.items()},
    )


def prepare(
    lm: LanguageModel,
    tune: Tasks,
    test: Tasks,
    strengths: Sequence[Strength],
    site: Site = "mlp_activation",
    *,
    shortlist: int = 4,
) -> Stage:
    """Score all items with the model as it is, and differentiate those of ``tune``.

    Parameters
    ----------
    lm : LanguageModel
    tune, test : mapping of task to sequence of Item
        The same tasks; equally many items of each, so that the mean over tasks is the mean over items.
    strengths : sequence of Strength
        Those that amplify may be chosen; the others are left out.
    site : {"mlp_activation", "mlp_output"}
    shortlist : int
        As in :class:`Stage`.

    Raises
    ------
    InputError
        If the tasks differ or their numbers of items do, or nothing amplifies.
    """
    allowed = tuple(strength for strength in strengths if strength.amplifies)
    if not allowed or shortlist < 0:
        raise InputError("Give strengths of which at least one amplifies, and a shortlist of 0 or more options.")
    if list(tune) != list(test) or not tune:
        raise InputError(f"On tune there are {', '.join(tune)}; on test {', '.join(test)}. Give the same tasks.")
    for part in (tune, test):
        numbers = {name: len(items) for name, items in part.items()}
        if len(set(numbers.values())) > 1 or min(numbers.values()) < FEWEST:
            listed = ", ".join(f"{name} {n}" for name, n in numbers.items())
            raise InputError(
                f"Each task needs equally many items, {FEWEST} or more. There are: {listed}. Ask for fewer of each."
            )
    slopes = {name: sensitivity.of_margins(lm, items, site, batch_tokens=BATCH_TOKENS) for name, items in tune.items()}
    return Stage(lm, site, allowed, tune, test, slopes, _as_it_is(lm, tune), _as_it_is(lm, test), shortlist)


def _as_it_is(lm: LanguageModel, tasks: Tasks) -> dict[str, Scores]:
    return {name: many.choice_scores(lm, items, [None], batch_tokens=BATCH_TOKENS)[0] for name, items in tasks.items()}


@dataclass(frozen=True)
class Choice:
    """What was chosen among the networks (row 0), and among the random sets of each draw (the other rows).

    Attributes
    ----------
    tasks : tuple of str
        Those that it was to help; the gains are means over them.
    network : ndarray of int, shape (n_sets,)
        Counted from 0.
    strength : tuple of Strength
    predicted, tune, test : ndarray of shape (n_sets,)
        Gain of accuracy: foretold on ``tune`` by the backward pass, measured there, and measured on ``test``.
    right : mapping of task to ndarray of bool, shape (n_sets, n_items)
        Answers on ``test`` under what was chosen.
    """

    tasks: tuple[str, ...]
    network: npt.NDArray[np.int64]
    strength: tuple[Strength, ...]
    predicted: Array
    tune: Array
    test: Array
    right: Mapping[str, Right]

    def intervention(self, row: int, masks: Masks, site: Site) -> Intervention:
        """Return what was chosen in a row, among its masks of shape (k, n_neurons)."""
        return self.strength[row].on(masks[self.network[row]], site)


def with_draws(masks: Masks, draws: Masks) -> Masks:
    """Put the networks (k, n_neurons) before their random sets (n_draws, k, n_neurons), to be chosen alike."""
    return np.concatenate([masks[None], draws])


def choose(stage: Stage, sets: Masks, tasks: Sequence[str]) -> Choice:
    """Choose, in each row of sets alike, one of them and a strength, so that the tasks gain most on ``tune``.

    All options are ranked by the gain that the backward pass foretells: the share of items whose margin would stay or
    come above 0. The first of them are measured, and the best of these is taken; what ties goes to the option
    foretold to be better, then to the weaker dose, so that nothing is driven hard for nothing.

    Parameters
    ----------
    stage : Stage
    sets : ndarray of bool, shape (n_sets, k, n_neurons)
        As :func:`with_draws` makes them.
    tasks : sequence of str
        One task, or several that are to gain on average.
    """
    order, predicted = zip(*(_ranked(stage, masks, tasks) for masks in sets), strict=True)
    n = stage.shortlist or len(order[0])
    listed = np.array([one[:n] for one in order])  # (n_sets, n): option = network × n_strengths + strength
    pairs = [(row, option) for row, options in enumerate(listed) for option in options]
    measured = _gains(stage.tune, stage.tune_scores, _answers(stage, stage.tune, sets, pairs, tasks), tasks)
    measured = measured.reshape(listed.shape)
    best = measured.argmax(1)
    rows = np.arange(len(sets))
    taken = listed[rows, best]
    network, strength = np.divmod(taken, len(stage.strengths))
    right = _answers(stage, stage.test, sets, list(zip(rows, taken, strict=True)), tasks)
    return Choice(
        tuple(tasks),
        network,
        tuple(stage.strengths[number] for number in strength),
        np.array([one[option] for one, option in zip(predicted, taken, strict=True)]),
        measured[rows, best],
        _gains(stage.test, stage.test_scores, right, tasks),
        right,
    )


def _ranked(stage: Stage, masks: Masks, tasks: Sequence[str]) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the options, best first, and the gain of accuracy that is foretold for each."""
    gain, margin = np.zeros((2, len(masks), len(stage.strengths)))
    for task in tasks:
        before = evaluation.margins(stage.tune[task], stage.tune_scores[task])
        change = forecasts(stage.slopes[task], masks, stage.strengths)
        gain += ((before + change > 0).mean(-1) - (before > 0).mean()) / len(tasks)
        margin += change.mean(-1)
    dose = np.tile([strength.dose for strength in stage.strengths], len(masks))
    return np.lexsort((-margin.ravel(), dose, -gain.ravel().round(9))), gain.ravel()


def _answers(
    stage: Stage, items: Tasks, sets: Masks, pairs: Sequence[tuple[int, int]], tasks: Sequence[str]
) -> dict[str, Right]:
    """Answer the items of the tasks under the options of rows, each of shape (n_pairs, n_items)."""
    made = []
    for row, option in pairs:
        network, strength = divmod(option, len(stage.strengths))
        made.append(stage.strengths[strength].on(sets[row, network], stage.site))
    return lesions.right(stage.lm, {task: items[task] for task in tasks}, made)


def _gains(items: Tasks, before: Mapping[str, Scores], right: Mapping[str, Right], tasks: Sequence[str]) -> Array:
    gains = [right[task].mean(1) - evaluation.right(items[task], before[task]).mean() for task in tasks]
    return np.asarray(np.mean(gains, axis=0))
