"""Would a model gain if a network were louder? The slope of its loss, on what it was trained on and elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import inference, sensitivity
from analysis.amplification.driving import per_byte
from analysis.lesions.silencing import BATCH_TOKENS
from analysis.models import LanguageModel, Site
from analysis.networks import Masks
from analysis.sensitivity import Sensitivity
from analysis.texts import Item, Text

Array = npt.NDArray[np.float64]


def of_texts(lm: LanguageModel, texts: Mapping[str, Sequence[Text]], masks: Masks, site: Site) -> pd.DataFrame:
    """Slope of bits per byte in each network's factor, for each kind of text.

    The factor multiplies all that a neuron says, so the slope is the gradient of the neuron's column in the
    down-projection, projected on that column. Where training has come to rest, the mean gradient on what was trained
    on is zero, and with it this slope; single texts still pull, one way or the other.

    Parameters
    ----------
    lm : LanguageModel
    texts : mapping of kind to sequence of Text
    masks : ndarray of bool, shape (k, n_neurons)
    site : {"mlp_activation", "mlp_output"}

    Returns
    -------
    DataFrame of one row for each kind and network
        ``kind``, ``network`` (from 1), ``slope`` with ``low`` and ``high`` (95 % over texts), ``t`` (slope over its
        standard error), ``single`` (mean absolute slope of single texts).
    """
    found = {}
    for kind, part in texts.items():
        slopes = per_byte(lm, part, sensitivity.of_losses(lm, part, site, batch_tokens=BATCH_TOKENS))
        found[kind] = _summed(slopes, masks)
    return _table(found)


def of_answers(lm: LanguageModel, tasks: Mapping[str, Sequence[Item]], masks: Masks, site: Site) -> pd.DataFrame:
    """Slope of the loss on the right answer, in bits per answer, in each network's factor, for each task.

    Parameters
    ----------
    lm : LanguageModel
    tasks : mapping of name to sequence of Item
    masks, site
        As in :func:`of_texts`.

    Returns
    -------
    DataFrame
        As in :func:`of_texts`.
    """
    return _table({name: _answer_slopes(lm, items, masks, site) / np.log(2) for name, items in tasks.items()})


def _answer_slopes(lm: LanguageModel, items: Sequence[Item], masks: Masks, site: Site) -> Array:
    """Slope of -log p(answer | context): that of context with answer, minus that of the context."""
    whole = [Text(item.context + item.choices[item.answer], item.task) for item in items]
    slopes = _summed(sensitivity.of_losses(lm, whole, site, batch_tokens=BATCH_TOKENS), masks)
    asked = [number for number, item in enumerate(items) if item.context.strip()]
    if asked:
        before = [Text(items[number].context.rstrip(), items[number].task) for number in asked]
        slopes[asked] -= _summed(sensitivity.of_losses(lm, before, site, batch_tokens=BATCH_TOKENS), masks)
    return slopes


def _summed(slopes: Sensitivity, masks: Masks) -> Array:
    """Slope of each unit in each network's factor, shape (n_units, k)."""
    return np.stack([slopes.predicted(mask, factor=2) for mask in masks], axis=1)


def _table(found: Mapping[str, Array]) -> pd.DataFrame:
    rows = []
    for kind, slopes in found.items():
        for network, column in enumerate(slopes.T, start=1):
            interval = inference.mean_over_units(column)
            error = column.std(ddof=1) / np.sqrt(len(column))
            rows.append(
                {
                    "kind": kind,
                    "network": network,
                    "slope": interval.estimate,
                    "low": interval.low,
                    "high": interval.high,
                    "t": interval.estimate / error if error > 0 else 0.0,
                    "single": np.abs(column).mean(),
                }
            )
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up the slopes of each kind over networks.

    Returns
    -------
    DataFrame indexed by kind
        ``slope`` (mean absolute slope of all units together), ``single`` (of single units), ``left`` (the first over
        the second: what is left of single pulls when all pull together), ``t`` (root mean square; about 1 where the
        slopes are zero but for the choice of units).
    """
    groups = table.assign(slope=table["slope"].abs(), square=table["t"] ** 2).groupby("kind", sort=False)
    summed = groups[["slope", "single"]].mean()
    summed["left"] = summed["slope"] / summed["single"]
    summed["t"] = np.sqrt(groups["square"].mean())
    return summed
