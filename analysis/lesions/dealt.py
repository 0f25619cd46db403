"""What matched sets do, where each of many sets reads a part of the texts: dealt out evenly, so that all are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import evaluation, likelihood, many
from analysis.errors import InputError
from analysis.lesions.silencing import BATCH_TOKENS, Silencing
from analysis.models import LanguageModel
from analysis.networks import Masks
from analysis.texts import Item, Text

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def parts(n_draws: int, k: int, n: int, n_each: int) -> Places:
    """Deal n texts to sets: each gets so many, neighbours of one draw different ones, and over draws all get all.

    A thousand matched sets that each read all texts would cost hours, and most of it would go into knowing each set's
    effect better than its neighbours differ. Reading a part adds the differences between texts to those between sets,
    so that a p-value against such draws errs on the safe side.

    Parameters
    ----------
    n_draws, k : int
        There are so many draws of k sets.
    n : int
        Texts.
    n_each : int
        Texts that a set reads; from n on all of them.

    Returns
    -------
    ndarray of int, shape (n_draws, k, n_each)
    """
    if n_each < 1:
        raise InputError(f"Sets that read {n_each} texts show nothing. Use 1 or more.")
    each = min(n_each, n)
    first = np.arange(n_draws)[:, None] + np.arange(k)
    return np.asarray((each * first[..., None] + np.arange(each)) % n)


def some_in_turn(sets: Masks, n: int) -> Masks:
    """Keep so many of the k sets of each draw, the next ones each time, and empty the others.

    Parameters
    ----------
    sets : ndarray of bool, shape (n_draws, k, n_neurons)
    n : int
        How many to keep in each draw; from k on all of them.
    """
    n_draws, k, _ = sets.shape
    kept = np.zeros((n_draws, k), bool)
    np.put_along_axis(kept, parts(n_draws, 1, k, n)[:, 0], values=True, axis=1)
    return np.asarray(sets & kept[..., None])


def rises(
    lm: LanguageModel,
    texts: Mapping[str, Sequence[Text]],
    roles: Mapping[str, Sequence[str]],
    sets: Masks,
    silencing: Silencing,
    *,
    n_each: int = 1,
) -> pd.DataFrame:
    """Change of bits per byte under each set, on the texts that it is dealt: so many of each role.

    Parameters
    ----------
    lm : LanguageModel
    texts : mapping of kind to sequence of Text
    roles : mapping of role to sequence of kinds
        As :func:`analysis.kinds.roles` says; the texts of a role's kinds are dealt in turn. Empty roles are left out.
    sets : ndarray of bool, shape (n_draws, k, n_neurons)
        A set without neurons is left out.
    silencing : Silencing
    n_each : int
        Texts of each role that a set reads.

    Returns
    -------
    DataFrame
        ``draw``, ``network`` (from 0), ``role``, ``kind``, ``text``, ``rise``; one row for each set and text.
    """
    groups = {role: _in_turn(texts, kinds) for role, kinds in roles.items() if kinds}
    table = pd.DataFrame([row for role in groups for row in _dealt_rows(role, groups[role], sets, n_each)])
    table = table.sort_values(["draw", "network"], kind="stable").reset_index(drop=True)
    nats = np.zeros(len(table))
    packets: dict[tuple[tuple[str, int], ...], list[Places]] = {}
    for rows in table.groupby(["draw", "network"], sort=False).indices.values():
        read = table.iloc[rows]
        packets.setdefault(tuple(zip(read["kind"], read["text"], strict=True)), []).append(rows)
    for packet, places in packets.items():
        first = table.iloc[[rows[0] for rows in places]]
        wanted = sets[first["draw"].to_numpy(), first["network"].to_numpy()]
        nats[np.stack(places)] = _losses(lm, texts, packet, wanted, silencing)
    scale = _bytes_and_nats(lm, texts)
    n_bytes, intact = np.array([scale[key] for key in zip(table["kind"], table["text"], strict=True)]).T
    return table.assign(rise=(nats - intact) / np.log(2) / n_bytes)


def accuracy_changes(
    lm: LanguageModel,
    items: Sequence[Item],
    sets: Masks,
    silencing: Silencing,
    kind: str,
    *,
    n_each: int = 12,
) -> Array:
    """Change of accuracy under each set, on the items that it is dealt.

    Parameters
    ----------
    lm : LanguageModel
    items : sequence of Item
    sets : ndarray of bool, shape (n_draws, n_neurons)
    silencing : Silencing
    kind : str
        Whose usual activity replaces that of the neurons, where it is not zero.
    n_each : int
        Items that a set answers.

    Returns
    -------
    ndarray of shape (n_draws,)
    """
    dealt = parts(len(sets), 1, len(items), n_each)[:, 0]
    intact = evaluation.right(items, many.choice_scores(lm, items, [None], batch_tokens=BATCH_TOKENS))[0]
    changes = np.zeros(len(sets))
    starts, which = np.unique(dealt, axis=0, return_inverse=True)
    for number, part in enumerate(starts):
        chosen = [items[place] for place in part]
        draws = np.flatnonzero(which.ravel() == number)
        lesions = [silencing.of(sets[draw], kind) for draw in draws]
        scores = many.choice_scores(lm, chosen, lesions, batch_tokens=BATCH_TOKENS)
        changes[draws] = evaluation.right(chosen, scores).mean(1) - intact[part].mean()
    return changes


def mean_over_networks(drawn: pd.DataFrame, role: str) -> Array:
    """Mean rise of each draw's sets on texts of a role, networks weighing equally, shape (n_draws,)."""
    table = drawn[drawn["role"] == role]
    return np.asarray(table.groupby(["draw", "network"])["rise"].mean().groupby("draw").mean().to_numpy())


def per_network(drawn: pd.DataFrame, role: str) -> Array:
    """Rise under each draw's set of each network on texts of a role, shape (n_draws, k); NaN for sets left out."""
    table = drawn[drawn["role"] == role]
    return np.asarray(table.pivot_table(index="draw", columns="network", values="rise").to_numpy())


def _in_turn(texts: Mapping[str, Sequence[Text]], kinds: Sequence[str]) -> list[tuple[str, int]]:
    """List kind and number of each text, a text of each kind before the second of any."""
    turns = zip_longest(*([(kind, number) for number in range(len(texts[kind]))] for kind in kinds))
    return [place for turn in turns for place in turn if place is not None]


def _dealt_rows(role: str, places: Sequence[tuple[str, int]], sets: Masks, n_each: int) -> list[dict[str, object]]:
    dealt = parts(sets.shape[0], sets.shape[1], len(places), n_each)
    return [
        {"draw": draw, "network": network, "role": role, "kind": places[at][0], "text": places[at][1]}
        for draw, network in zip(*np.nonzero(sets.any(-1)), strict=True)
        for at in dealt[draw, network]
    ]


def _losses(
    lm: LanguageModel,
    texts: Mapping[str, Sequence[Text]],
    packet: Sequence[tuple[str, int]],
    sets: Masks,
    silencing: Silencing,
) -> Array:
    """Nats of each text of a packet under each set, shape (n_sets, n_texts)."""
    chosen = [texts[kind][number] for kind, number in packet]
    if not silencing.hangs_on_kind:  # one pass reads texts of all kinds
        lesions = [silencing.of(one, "") for one in sets]
        return many.losses(lm, chosen, lesions, batch_tokens=BATCH_TOKENS)
    kinds = np.array([kind for kind, _ in packet])
    nats = np.empty((len(sets), len(packet)))
    for kind in np.unique(kinds):
        columns = np.flatnonzero(kinds == kind)
        lesions = [silencing.of(one, str(kind)) for one in sets]
        part = [chosen[column] for column in columns]
        nats[:, columns] = many.losses(lm, part, lesions, batch_tokens=BATCH_TOKENS)
    return nats


def _bytes_and_nats(
    lm: LanguageModel, texts: Mapping[str, Sequence[Text]]
) -> dict[tuple[str, int], tuple[float, float]]:
    """Bytes of each text, and the intact model's loss on it."""
    found: dict[tuple[str, int], tuple[float, float]] = {}
    for kind, part in texts.items():
        _, n_bytes = likelihood.requests_of_texts(lm, part)
        nats = many.losses(lm, part, [None], batch_tokens=BATCH_TOKENS)[0]
        found |= {(kind, number): both for number, both in enumerate(zip(n_bytes, nats, strict=True))}
    return found
