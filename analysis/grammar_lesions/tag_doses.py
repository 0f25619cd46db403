"""Doses of a lesion: more or fewer of a tag's key neurons, silenced or driven in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.grammar.key_files import KeyNeurons
from analysis.grammar.key_neurons import KEY_SHARE, largest
from analysis.grammar_lesions.battery import Battery, Make, Masks, check_lemmas
from analysis.grammar_lesions.word_scores import by_tag
from analysis.inference import mean_over_units

DOSES = (0.001, KEY_SHARE, 0.03, 0.1)
"""Shares of each layer to silence: the paper's, as far as it is known, one below it and two above."""


def sets_at(key: KeyNeurons, shares: Sequence[float]) -> dict[float, Masks]:
    """Choose each tag's key neurons at several doses; larger sets contain smaller ones, and those that were saved.

    Parameters
    ----------
    key : KeyNeurons
    shares : sequence of float
        Of each layer.

    Returns
    -------
    dict of float to ndarray of bool, shape (n_tags, n_neurons)
        A neuron that no item of the tag used is in none of them.
    """
    ties = np.random.default_rng(0).random(key.rate.shape)
    order = (
        key.rate + 1e-4 * key.chosen + 1e-6 * ties
    )  # rates are shares of hundreds of items, so this only breaks ties
    return {share: largest(order, key.layer_sizes, share) & (key.rate > 0) for share in shares}


def dose_table(battery: Battery, sets: Mapping[float, Masks], makes: Mapping[str, Make], seed: int = 0) -> pd.DataFrame:
    """Give each lesion in several doses and ways.

    Parameters
    ----------
    battery : Battery
    sets : mapping of dose to ndarray of bool, shape (n_tags, n_neurons)
        The share of each layer, and the key neurons of each tag at that share.
    makes : mapping of str to callable
        Operations by name.
    seed : int
        Of the intervals.

    Returns
    -------
    DataFrame, one row per operation, dose and lesion
        ``operation``, ``dose``, ``lesion``, ``neurons`` (how many), ``own`` (mean loss of log-probability of the tag's
        words, nats) with the 95 % interval ``low``, ``high`` over lemmas, and ``other`` (mean over the other tags).

    Raises
    ------
    InputError
        If the battery has too few lemmas of a tag for an interval.
    """
    check_lemmas(battery)
    rows = []
    for operation, make in makes.items():
        for dose, masks in sets.items():
            harm = battery.harm(masks, make).log_probability
            means = by_tag(harm, battery.upos, battery.tags)
            for place, tag in enumerate(battery.tags):
                here = battery.upos == tag
                own = mean_over_units(harm[place, here], battery.lemmas[here], seed=seed)
                row = {"operation": operation, "dose": dose, "lesion": tag, "neurons": int(masks[place].sum())}
                row |= {"own": own.estimate, "low": own.low, "high": own.high}
                rows.append(row | {"other": float(np.delete(means[place], place).mean())})
    return pd.DataFrame(rows)
