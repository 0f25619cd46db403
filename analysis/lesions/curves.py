"""How the effect of a lesion hangs on its size, its kind, and on what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import evaluation, many
from analysis.inference import mean_over_units, paired_proportions
from analysis.kinds import Kind
from analysis.lesions import dealt
from analysis.lesions import sets as lesion_sets
from analysis.lesions import silencing as lesions
from analysis.lesions.sets import Found
from analysis.lesions.silencing import WAYS, Silencing
from analysis.lesions.study import Studied
from analysis.models import LanguageModel
from analysis.networks import Masks
from analysis.texts import Item

Array = npt.NDArray[np.float64]


def dose_response(
    lm: LanguageModel,
    found: Found,
    network: int,
    kinds: Mapping[str, Kind],
    silencing: Silencing,
    *,
    shares: Sequence[float],
    n_orders: int = 4,
    seed: int = 0,
) -> pd.DataFrame:
    """Silence a growing part of one network, its strongest neurons first and in random orders.

    Parameters
    ----------
    lm : LanguageModel
    found : Found
    network : int
        Counted from 0.
    kinds : mapping of str to Kind
        What is read, on ``test``.
    silencing : Silencing
    shares : sequence of float
        From 0 to 1.
    n_orders, seed : int
        Random orders.

    Returns
    -------
    DataFrame
        ``kind``, ``order`` (``strongest first`` or ``in random order``), ``share``, ``rise`` in bits per byte (mean
        over texts and orders), ``low``, ``high``: for the strongest the 95 % interval over texts, for random orders
        the least and the most of them.
    """
    parts = lesion_sets.doses(found, network, shares, n_orders, seed)
    # Nothing and all of a network are the same set in every order.
    different, which = np.unique(parts.reshape(-1, parts.shape[-1]), axis=0, return_inverse=True)
    rows = []
    for name, kind in kinds.items():
        read = lesions.rises(lm, {name: kind.test}, different, silencing)[name]
        first, *others = read[which.reshape(parts.shape[:2])]
        by_order = np.mean(others, axis=-1)
        for number, share in enumerate(shares):
            interval = mean_over_units(first[number])
            random = by_order[:, number]
            common = {"kind": name, "share": share}
            found_first = {"rise": interval.estimate, "low": interval.low, "high": interval.high}
            found_random = {"rise": random.mean(), "low": random.min(), "high": random.max()}
            rows.append(common | {"order": "strongest first"} | found_first)
            rows.append(common | {"order": "in random order"} | found_random)
    return pd.DataFrame(rows)


def by_way(
    lm: LanguageModel,
    studied: Studied,
    kinds: Mapping[str, Kind],
    silencing: Silencing,
    *,
    matched: Masks,
    n_neutral: int | None = None,
) -> pd.DataFrame:
    """Silence networks in each of three ways: zero, the mean, the activity at another token.

    Parameters
    ----------
    lm : LanguageModel
    studied : Studied
        What is known of the networks' lesions made in the way of ``silencing``; it is not measured again.
    kinds : mapping of str to Kind
        The networks' own kind first; on ``test``.
    silencing : Silencing
        With what neurons usually do in each of these kinds.
    matched : ndarray of bool, shape (n_draws, k, n_neurons)
        Random sets, read on the networks' own kind.
    n_neutral : int, optional
        Texts of each other kind; all by default.

    Returns
    -------
    DataFrame
        ``way``, ``kind``, ``network`` (from 1), ``rise`` (mean over texts), and for their own kind ``band_low``,
        ``band_high``: where 95 % of the matched sets' rises on single texts are, and ``matched``, their mean.
    """
    own = studied.kind.name
    texts = {name: kind.test if name == own else kind.test[:n_neutral] for name, kind in kinds.items()}
    rows = []
    for way in WAYS:
        if way == silencing.way:
            rises = {name: studied.rises[name][:, : len(part)] for name, part in texts.items()}
            drawn = studied.drawn[studied.drawn["role"] == "own"]
        else:
            one = replace(silencing, way=way)
            rises = lesions.rises(lm, texts, studied.found.masks, one)
            drawn = dealt.rises(lm, texts, {"own": [own]}, matched, one)
        low, high = np.quantile(drawn["rise"], [0.025, 0.975])
        random = {"band_low": low, "band_high": high, "matched": drawn["rise"].mean()}
        for kind, values in rises.items():
            for number, rise in enumerate(values.mean(1)):
                row = {"way": way, "kind": kind, "network": number + 1, "rise": rise}
                rows.append(row | (random if kind == own else {}))
    return pd.DataFrame(rows)


def preservation(
    lm: LanguageModel,
    studied: Studied,
    items: Sequence[Item],
    silencing: Silencing,
    *,
    numbers: Sequence[int],
    matched: Masks,
    n_each: int = 12,
) -> pd.DataFrame:
    """Silence all neurons but those of the first 1, 2, 3 … networks, beside random sets that are kept alike.

    Parameters
    ----------
    lm : LanguageModel
    studied : Studied
        The networks; bits per byte on the texts of their own kind.
    items : sequence of Item
        A task like texts of that kind.
    silencing : Silencing
    numbers : sequence of int
        Networks that are kept, strongest first.
    matched : ndarray of bool, shape (n_draws, k, n_neurons)
    n_each : int
        Items that a matched set answers.

    Returns
    -------
    DataFrame indexed by number of networks
        ``share`` of all neurons that is kept; ``accuracy``, with ``low`` and ``high`` from the 95 % interval of its
        change; ``intact``; ``rise`` in bits per byte; ``random`` and ``random_rise``: mean accuracy and rise of
        matched sets that are kept, with ``random_low`` … ``random_rise_high``, where 95 % of them are.
    """
    own = studied.kind.name
    texts = {own: studied.texts[own]}
    kept = lesion_sets.unions(studied.found.masks, numbers)
    drawn = lesion_sets.unions(matched, numbers)
    answers = many.choice_scores(lm, items, [None, *(silencing.of(~one, own) for one in kept)])
    intact, *after = evaluation.right(items, answers)
    rises = lesions.rises(lm, texts, ~kept, silencing)[own].mean(1)
    random = dealt.rises(lm, texts, {"own": [own]}, ~drawn, silencing)
    by_number = dealt.per_network(random, "own")
    rows = {}
    for place, number in enumerate(numbers):
        change = paired_proportions(intact, after[place])
        changes = dealt.accuracy_changes(lm, items, ~drawn[:, place], silencing, own, n_each=n_each)
        rows[number] = {
            "share": kept[place].mean(),
            "accuracy": after[place].mean(),
            "low": intact.mean() + change.low,
            "high": intact.mean() + change.high,
            "intact": intact.mean(),
            "rise": rises[place],
            **_banded("random", intact.mean() + changes),
            **_banded("random_rise", by_number[:, place]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("networks")


def _banded(name: str, draws: Array) -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {name: float(draws.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
