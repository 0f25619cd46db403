"""Does the way of choosing matter? The same items, other scores and other scopes: which neurons, and which layers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.grammar.key_neurons import KEY_SHARE, Counts, select
from analysis.grammar.key_overlap import overlap_of_halves


def compare_choices(
    choices: Mapping[str, Counts], share: float = KEY_SHARE, *, n_splits: int = 20, seed: int = 0
) -> pd.DataFrame:
    """Choose key neurons from several counts, and compare them with the first's.

    Parameters
    ----------
    choices : mapping of str to Counts
        By name, of the same tags and layers; the items may differ.
    share : float
        Of each layer, as in :func:`analysis.grammar.key_neurons.select`.
    n_splits, seed : int
        As in :func:`analysis.grammar.key_overlap.overlap_of_halves`.

    Returns
    -------
    DataFrame indexed by choice
        ``same`` (Jaccard overlap of a tag's neurons with those of the first choice, mean over tags), ``own`` and
        ``other`` (of halves of the lemmas, with itself and with other tags), ``difference`` (own minus other),
        ``n_items``.

    Raises
    ------
    InputError
        If tags or layers differ.
    """
    first = next(iter(choices.values()))
    reference = select(first, share, seed)
    rows = {}
    for name, counts in choices.items():
        if counts.tags != first.tags or counts.layer_sizes != first.layer_sizes:
            raise InputError(f"'{name}' has other tags or layers than '{next(iter(choices))}'. Compare like with like.")
        chosen = select(counts, share, seed)
        same = (chosen & reference).sum(1) / np.maximum((chosen | reference).sum(1), 1)
        own, other = overlap_of_halves(counts, share, n_splits=n_splits, seed=seed)
        rows[name] = {
            "same": float(same.mean()),
            "own": own,
            "other": other,
            "difference": own - other,
            "n_items": int(counts.lexemes["n_items"].sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("choice")


def layer_shares(counts: Counts) -> pd.DataFrame:
    """Share of a tag's kept neurons that lie in each layer, mean over its items.

    Parameters
    ----------
    counts : Counts
        With ``scope="model"``: where each layer keeps as many, there is nothing to be seen.

    Returns
    -------
    DataFrame indexed by layer, from 1
        A column for each tag.
    """
    used = counts.by_tag()[0]
    starts = np.cumsum([0, *counts.layer_sizes[:-1]])
    in_layer = np.add.reduceat(used, starts, axis=1)
    shares = in_layer / np.maximum(in_layer.sum(1, keepdims=True), 1)
    layers = pd.RangeIndex(1, len(counts.layer_sizes) + 1, name="layer")
    return pd.DataFrame(shares.T, index=layers, columns=counts.tags)
