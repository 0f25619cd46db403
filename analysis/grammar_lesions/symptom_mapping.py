"""Lesion-symptom mapping: many random lesions, one deficit, and a map of the parcels that cause it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, rankdata
from scipy.stats import t as student
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold

from analysis.errors import InputError
from analysis.inference import corrected_p, mean_over_units

Floats: TypeAlias = npt.NDArray[np.float64]
Masks: TypeAlias = npt.NDArray[np.bool_]

_METHODS = ("ridge", "univariate", "number")
_PENALTIES = np.logspace(-1, 4, 16)  # a column of 500 lesions, 25 of them with the parcel, has a sum of squares of 24


def map_lesions(
    lesions: Masks, deficits: Floats, symptoms: Sequence[str] = (), *, n_draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Map which parcels cause a deficit: each on its own, and all at once.

    *Mass-univariate*, as in voxel-based lesion-symptom mapping (Bates et al. 2003): lesions with the parcel against
    lesions without. *Ridge*: one regression on all parcels, with the penalty that predicts left-out lesions best; what
    other parcels do is then no noise. Both are corrected by the largest statistic over all parcels and symptoms of
    permuted lesions (Nichols & Holmes 2002).

    Parameters
    ----------
    lesions : ndarray of bool, shape (n_lesions, n_parcels)
    deficits : ndarray of shape (n_lesions,) or (n_lesions, n_symptoms)
        Larger is worse, by convention: for example the fall of log-probability.
    symptoms : sequence of str
        Names; by default numbers.
    n_draws : int
        Permutations.
    seed : int

    Returns
    -------
    DataFrame
        A row for each symptom and parcel: ``symptom``, ``parcel``; ``difference`` (mean deficit with minus without),
        ``t``, ``p``; ``weight`` (of the ridge, in units of the deficit), ``z``, ``ridge_p``. p two-sided and corrected.

    Raises
    ------
    InputError
        If lesions and deficits do not fit, or one of them does not vary.
    """
    table, names = _checked(lesions, deficits, symptoms)
    n, n_parcels = lesions.shape
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (n_draws, 1)), axis=1)
    present = lesions - lesions.mean(0)
    rows = []
    largest = np.zeros((2, n_draws))
    for name, values in zip(names, table.T, strict=True):
        with_draws = np.column_stack([values, values[order].T])
        difference, t = _mass_univariate(present, with_draws)
        weight, z = _ridge(present, with_draws, _penalty(present, values))
        drawn = np.abs(np.stack([t[:, 1:], z[:, 1:]])).max(1)
        largest = np.maximum(largest, drawn)
        columns = {"difference": difference[:, 0], "t": t[:, 0], "weight": weight[:, 0], "z": z[:, 0]}
        rows.append(pd.DataFrame({"symptom": name, "parcel": np.arange(n_parcels), **columns}))
    found = pd.concat(rows, ignore_index=True)
    found.insert(4, "p", _p(found["t"].to_numpy(), largest[0]))
    found["ridge_p"] = _p(found["z"].to_numpy(), largest[1])
    return found


def held_out(
    lesions: Masks, deficits: Floats, symptoms: Sequence[str] = (), *, n_folds: int = 10, seed: int = 0
) -> pd.DataFrame:
    """Predict the deficits of lesions that were left out, and correlate with what they were.

    Parameters
    ----------
    lesions, deficits, symptoms
        As in :func:`map_lesions`.
    n_folds, seed : int

    Returns
    -------
    DataFrame
        ``symptom``; ``method``: ``ridge``; ``univariate`` (the differences of the silenced parcels, summed); ``number``
        (how many parcels are silenced, whichever: what any map has to beat); ``r`` (mean over folds, by Fisher's z;
        predictions of all folds together would correlate negatively with what cannot be predicted) with the 95 %
        interval ``low``, ``high``, widened because folds share what they were trained on (Nadeau & Bengio 2003);
        ``n_lesions``.

    Raises
    ------
    InputError
        As :func:`map_lesions`, or if a fold would have fewer than ten lesions.
    """
    table, names = _checked(lesions, deficits, symptoms)
    if len(lesions) < 10 * n_folds or n_folds < 3:
        raise InputError(
            f"{len(lesions)} lesions are too few for {n_folds} folds of 10. Use 3 folds or more, of 10 or more."
        )
    r = np.empty((n_folds, len(_METHODS), table.shape[1]))
    for fold, (train, test) in enumerate(KFold(n_folds, shuffle=True, random_state=seed).split(lesions)):
        mean = lesions[train].mean(0)
        for method, predicted in enumerate(_predictions(lesions[train] - mean, table[train], lesions[test] - mean)):
            r[fold, method] = _correlations(predicted, table[test])
    middle, low, high = _over_folds(r)
    rows = [
        {"symptom": name, "method": method, "r": middle[m, s], "low": low[m, s], "high": high[m, s]}
        for s, name in enumerate(names)
        for m, method in enumerate(_METHODS)
    ]
    return pd.DataFrame(rows).assign(n_lesions=len(lesions))


def power(
    lesions: Masks,
    effects: Sequence[float],
    *,
    n_true: int = 3,
    n_simulations: int = 100,
    n_draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Plant parcels that cause a deficit, and count how often the map finds them.

    Parameters
    ----------
    lesions : ndarray of bool, shape (n_lesions, n_parcels)
        The design that is to be used.
    effects : sequence of float
        Deficit that a true parcel adds, in standard deviations of everything else; 0 for the rate of false alarms
        where there is nothing.
    n_true : int
        Parcels that cause it; each simulation draws them anew.
    n_simulations, n_draws, seed : int

    Returns
    -------
    DataFrame
        ``effect``, ``method`` (``univariate``, ``ridge``); ``hit_rate`` (share of true parcels with corrected p < .05)
        with the 95 % interval ``low``, ``high`` over simulations; ``false_rate`` (share of simulations that mark any
        other parcel), ``n_simulations``.

    Raises
    ------
    InputError
        If there are not so many parcels.
    """
    n, n_parcels = lesions.shape
    if not 0 < n_true < n_parcels:
        raise InputError(f"n_true={n_true} does not fit {n_parcels} parcels. Plant 1 to {n_parcels - 1}.")
    rng = np.random.default_rng(seed)
    rows = []
    for effect in effects:
        hits: dict[str, list[float]] = {"p": [], "ridge_p": []}
        alarms: dict[str, list[bool]] = {"p": [], "ridge_p": []}
        for simulation in range(n_simulations):
            true = np.isin(np.arange(n_parcels), rng.choice(n_parcels, n_true, replace=False))
            deficits = effect * lesions[:, true].sum(1) + rng.standard_normal(n)
            found = map_lesions(lesions, deficits, n_draws=n_draws, seed=seed + simulation)
            for column, marked in (found[["p", "ridge_p"]] < 0.05).items():
                hits[column].append(marked[true].mean())
                alarms[column].append(marked[~true].any())
        for column, method in (("p", "univariate"), ("ridge_p", "ridge")):
            rate = mean_over_units(np.array(hits[column]), seed=seed)
            numbers = {"hit_rate": rate.estimate, "low": max(rate.low, 0.0), "high": min(rate.high, 1.0)}
            false_rate = float(np.mean(alarms[column]))
            rows.append({"effect": effect, "method": method, **numbers, "false_rate": false_rate})
    return pd.DataFrame(rows).assign(n_simulations=n_simulations)


def map_agreement(
    maps: Mapping[str, Floats], layer_of: npt.NDArray[np.int64], *, n_draws: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Say how far maps of the same parcels agree, beyond agreeing on which layers matter.

    Parameters
    ----------
    maps : mapping of str to ndarray of shape (n_parcels,)
        For example the deficit by each parcel silenced alone (the truth), differences and weights of
        :func:`map_lesions`, the share of key neurons.
    layer_of : ndarray of int, shape (n_parcels,)
        Layer of each parcel; all zero where parcels span layers.
    n_draws, seed : int
        Permutations of parcels within layers.

    Returns
    -------
    DataFrame
        A row for each pair: ``first``, ``second``, ``rank_r`` (Spearman) with the 95 % interval ``low``, ``high`` over
        parcels (Bonett & Wright 2000); ``p`` (one-sided, against parcels exchanged within layers, corrected over the
        pairs), ``n_parcels``.
    """
    sizes = {len(layer_of), *(len(values) for values in maps.values())}
    if len(sizes) > 1 or len(maps) < 2 or len(layer_of) < 4:
        raise InputError(f"Maps of {sorted(sizes)} parcels cannot be compared. Give two or more of the same parcels.")
    ranks = np.stack([rankdata(values) for values in maps.values()])
    ranks = ranks - ranks.mean(1, keepdims=True)
    if (ranks == 0).all(1).any():
        raise InputError("A map is the same everywhere, so nothing agrees with it. Leave it out.")
    ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)
    pairs = np.triu_indices(len(maps), 1)
    observed = (ranks @ ranks.T)[pairs]
    rng = np.random.default_rng(seed)
    by_layer = np.argsort(layer_of, kind="stable")
    draws = np.empty((n_draws, len(observed)))
    exchanged = np.empty(len(layer_of), np.int64)
    for draw in draws:
        exchanged[by_layer] = np.lexsort((rng.random(len(layer_of)), layer_of))
        draw[:] = (ranks[:, exchanged] @ ranks.T)[pairs]
    z = np.arctanh(np.clip(observed, -1 + 1e-9, 1 - 1e-9))
    half = norm.ppf(0.975) * np.sqrt((1 + observed**2 / 2) / (len(layer_of) - 3))
    names = np.array(list(maps))
    table = {"first": names[pairs[0]], "second": names[pairs[1]], "rank_r": observed}
    table |= {"low": np.tanh(z - half), "high": np.tanh(z + half), "p": corrected_p(observed, draws)}
    return pd.DataFrame(table).assign(n_parcels=len(layer_of))


def _predictions(present: Floats, deficits: Floats, new: Floats) -> tuple[Floats, Floats, Floats]:
    """Deficits of new lesions by each method, shape (n_new, n_symptoms); all lesions come centred by the known ones."""
    ridge = RidgeCV(_PENALTIES, alpha_per_target=True).fit(present, deficits)
    weights = ridge.coef_.reshape(deficits.shape[1], -1).T
    number = np.repeat(new.sum(1, keepdims=True), deficits.shape[1], axis=1)
    return new @ weights, new @ _mass_univariate(present, deficits)[0], number


def _over_folds(r: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean and interval of correlations over folds, the first axis."""
    z = np.arctanh(np.clip(r, -1 + 1e-9, 1 - 1e-9))
    n = len(z)
    half = student.ppf(0.975, n - 1) * z.std(0, ddof=1) * np.sqrt(1 / n + 1 / (n - 1))
    return np.tanh(z.mean(0)), np.tanh(z.mean(0) - half), np.tanh(z.mean(0) + half)


def _correlations(first: Floats, second: Floats) -> Floats:
    """Correlation of columns, 0 where one is constant."""
    first, second = first - first.mean(0), second - second.mean(0)
    lengths = np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
    return np.divide((first * second).sum(0), lengths, out=np.zeros(len(lengths)), where=lengths > 0)


def _mass_univariate(present: Floats, deficits: Floats) -> tuple[Floats, Floats]:
    """Mean deficit with each parcel minus without, and its t, shapes (n_parcels, n_columns); lesions come centred."""
    centred = deficits - deficits.mean(0)
    products = present.T @ centred
    size = (present**2).sum(0)[:, None]
    r = products / np.sqrt(size * (centred**2).sum(0))
    t = r * np.sqrt((len(present) - 2) / np.maximum(1 - r**2, 1e-12))
    return np.asarray(products / size), np.asarray(t)


def _penalty(present: Floats, deficit: Floats) -> float:
    return float(RidgeCV(_PENALTIES).fit(present, deficit).alpha_)


def _ridge(present: Floats, deficits: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Weights, and weights by their standard error, shapes (n_parcels, n_columns); lesions come centred."""
    n, n_parcels = present.shape
    if n_parcels < n:
        operator = np.linalg.solve(present.T @ present + penalty * np.eye(n_parcels), present.T)
    else:  # the same, and faster
        operator = np.linalg.solve(present @ present.T + penalty * np.eye(n), present).T
    centred = deficits - deficits.mean(0)
    weights = operator @ centred
    freedom = len(present) - 1 - (operator.T * present).sum()
    noise = np.sqrt(((centred - present @ weights) ** 2).sum(0) / freedom)
    error = np.sqrt((operator**2).sum(1))[:, None] * np.maximum(noise, 1e-12)
    return np.asarray(weights), np.asarray(weights / error)


def _p(statistic: Floats, largest: Floats) -> Floats:
    """Corrected two-sided p by the largest statistic of each draw."""
    return np.asarray((1 + (largest >= np.abs(statistic)[:, None]).sum(1)) / (1 + len(largest)))


def _checked(lesions: Masks, deficits: Floats, symptoms: Sequence[str]) -> tuple[Floats, list[str]]:
    """Deficits of shape (n_lesions, n_symptoms) and the symptoms' names."""
    table = np.asarray(deficits, np.float64).reshape(len(deficits), -1)
    names = list(symptoms) or [str(number) for number in range(table.shape[1])]
    if len(table) != len(lesions) or len(names) != table.shape[1]:
        raise InputError(
            f"{len(lesions)} lesions do not fit {len(table)} rows of {table.shape[1]} deficits, {len(names)} names. "
            "Give one row a lesion and one name a column."
        )
    if not np.isfinite(table).all() or (np.ptp(table, axis=0) == 0).any():
        raise InputError("A deficit is not finite or the same after every lesion. Leave this symptom out.")
    if (np.ptp(lesions.astype(np.int8), axis=0) == 0).any():
        raise InputError("A parcel is silenced in every lesion or in none. Leave it out or draw more lesions.")
    return table, names
