"""What lesions change in the answers of all tasks together, beside matched sets that answer the same questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.inference import mean_over_units
from analysis.lesions import dealt
from analysis.lesions.silencing import Silencing
from analysis.models import LanguageModel
from analysis.networks import Masks
from analysis.texts import Item

Array = npt.NDArray[np.float64]


def beside_matched(
    lm: LanguageModel,
    tasks: Mapping[str, Sequence[Item]],
    right: Mapping[str, npt.NDArray[np.bool_]],
    sets: Masks,
    *,
    silencing: Silencing,
    kind: str,
    n_sets: int,
    n_each: int,
) -> pd.DataFrame:
    """Change of accuracy over all questions, networks one at a time and all at once, beside their matched sets.

    A network that turns as many answers right as wrong changes nothing here: ups and downs cancel, in networks and
    in matched sets alike.

    Parameters
    ----------
    lm : LanguageModel
    tasks : mapping of task to sequence of Item
    right : mapping of task to ndarray of bool, shape (1 + k + 1, n_items)
        Answers of the intact model, with each network silenced, and with all of them.
    sets : ndarray of bool, shape (n_draws, k, n_neurons)
        Matched sets of the networks.
    silencing : Silencing
    kind : str
        Whose usual activity replaces that of the neurons, where it is not zero.
    n_sets : int
        How many of the k sets of a draw answer alone, in turn.
    n_each : int
        Questions of each task that a set answers, in turn; too few make the bands too wide, not too narrow.

    Returns
    -------
    DataFrame indexed by ``lesion``: "one network", "all networks"
        ``change`` of accuracy with the 95 % interval ``low``, ``high`` over questions; ``matched`` (mean over draws),
        ``band_low``, ``band_high`` (where 95 % of the draws are).
    """
    answers = np.concatenate([right[task] for task in tasks], axis=1).astype(float)
    changes = {
        "one network": answers[1:-1].mean(0) - answers[0],
        "all networks": answers[-1] - answers[0],
    }
    some = dealt.some_in_turn(sets, n_sets)
    alone = some[some.any(-1)]
    change = partial(dealt.accuracy_changes, lm, silencing=silencing, kind=kind, n_each=n_each)
    drawn = {
        "one network": _over_tasks(tasks, lambda items: change(items, alone)).reshape(len(sets), -1).mean(1),
        "all networks": _over_tasks(tasks, lambda items: change(items, np.asarray(sets.any(1)))),
    }
    rows = {}
    for lesion, values in changes.items():
        interval = mean_over_units(values)
        low, high = np.quantile(drawn[lesion], [0.025, 0.975])
        rows[lesion] = {
            "change": interval.estimate,
            "low": interval.low,
            "high": interval.high,
            "matched": drawn[lesion].mean(),
            "band_low": low,
            "band_high": high,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lesion")


def _over_tasks(tasks: Mapping[str, Sequence[Item]], change: Callable[[Sequence[Item]], Array]) -> Array:
    """Mean over tasks, questions weighing equally."""
    return np.asarray(
        np.average([change(items) for items in tasks.values()], axis=0, weights=[*map(len, tasks.values())])
    )
