"""Other answers to the question which neurons matter for a word, and the direct one: silence each and look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.stats import rankdata

from analysis.attribution.cases import Case
from analysis.attribution.gradients import Array, Quantity, check_quantity, gradients, in_quantity, layer_columns
from analysis.attribution.patching import Patch, patched, read_cases
from analysis.errors import InputError
from analysis.models import LanguageModel, Site

NEURONS_PER_ROW_BLOCK = 64  # rows that share one copy of the context: fewer copy more, more attend to more


def activity_before(lm: LanguageModel, cases: Sequence[Case], site: Site = "mlp_activation") -> Array:
    """Activity at the position before the word, the simplest score of all.

    Returns
    -------
    ndarray of shape (n_cases, n_neurons), float32
        In the model's own units.
    """
    found = np.empty((len(cases), sum(lm.layer_sizes(site))), np.float32)
    for rows, group in read_cases(lm, cases, site):
        found[rows] = torch.cat(group.activity, 1).float().cpu().numpy()
    return found


def gradient_times_activation(
    lm: LanguageModel,
    cases: Sequence[Case],
    quantity: Quantity = "log_probability",
    site: Site = "mlp_activation",
    *,
    batch_positions: int = 512,
) -> Array:
    """First-order estimate of what silencing each neuron would take away (Shrikumar et al. 2016).

    Parameters and meaning as in :func:`analysis.attribution.gradients.integrated_gradients`, whose path this
    replaces by its end point.

    Returns
    -------
    ndarray of shape (n_cases, n_neurons), float32
        In units of the quantity.
    """
    check_quantity(quantity)
    sizes = lm.layer_sizes(site)
    columns, found = layer_columns(sizes), np.empty((len(cases), sum(sizes)), np.float32)
    for rows, group in read_cases(lm, cases, site):
        everything = np.ones((len(rows), lm.n_layers), bool)
        for layer, case, _, slope in gradients(
            lm, group, everything, torch.ones(1), quantity, batch_positions=batch_positions
        ):
            product = slope[:, 0] * group.activity[layer][case].float()
            found[np.array(rows)[case.cpu().numpy()], columns[layer]] = product.cpu().numpy()
    return found


def single_ablation(
    lm: LanguageModel,
    cases: Sequence[Case],
    quantity: Quantity = "log_probability",
    site: Site = "mlp_activation",
    *,
    batch_positions: int = 1024,
) -> Array:
    """Silence every neuron by itself at the position before the word: the reference for all other scores.

    Parameters and meaning as in :func:`analysis.attribution.gradients.integrated_gradients`.
    It costs one row per neuron.

    Returns
    -------
    ndarray of shape (n_cases, n_neurons), float32
        What the quantity loses, so that a neuron that speaks for the word is positive, as in the other scores.
    """
    check_quantity(quantity)
    sizes = lm.layer_sizes(site)
    columns, found = layer_columns(sizes), np.empty((len(cases), sum(sizes)), np.float32)
    for rows, group in read_cases(lm, cases, site):
        whole = in_quantity(group.log_probability, quantity)[:, None]
        for layer, activity in enumerate(group.activity):
            for neurons in torch.split(torch.arange(activity.shape[1], device=lm.device), NEURONS_PER_ROW_BLOCK):
                at_once = max(1, batch_positions // (len(neurons) * group.positions_per_row))
                where = columns[layer].start + neurons.cpu().numpy()
                others = 1 - torch.eye(activity.shape[1], device=lm.device)[neurons]
                for case in torch.split(torch.arange(len(rows), device=lm.device), at_once):
                    patch = Patch(layer, case, activity[case][:, None] * others)
                    with torch.no_grad():
                        left = in_quantity(patched(lm, group, [patch]), quantity)
                    lost = (whole[case] - left).float().cpu().numpy()
                    found[np.ix_(np.array(rows)[case.cpu().numpy()], where)] = lost
    return found


def mean_difference(activity: Array, tags: npt.ArrayLike) -> pd.DataFrame:
    """How far apart the tags lie in each neuron (Probeless, Antverg & Belinkov 2022).

    Parameters
    ----------
    activity : ndarray of shape (n_cases, n_neurons)
    tags : array-like of str, shape (n_cases,)

    Returns
    -------
    DataFrame of shape (n_tags, n_neurons), float32
        Sum over the other tags of |mean of this tag − mean of the other|. The published score, which is over all
        pairs of tags, is half the sum of the rows.
    """
    means = _means_by_tag(activity, tags)
    values = means.to_numpy()
    scores = np.stack([np.abs(mean - values).sum(0) for mean in values])
    return pd.DataFrame(scores.astype(np.float32), index=means.index)


def activation_entropy(active: npt.NDArray[np.bool_], tags: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Entropy over tags of how often a neuron is active (LAPE, Tang et al. 2024, with tags in place of languages).

    Parameters
    ----------
    active : ndarray of bool, shape (n_cases, n_neurons)
        The authors call a neuron active where its gate is open, which for an ungated MLP is ``activity > 0``.
    tags : array-like of str, shape (n_cases,)

    Returns
    -------
    ndarray of shape (n_neurons,), float32
        In nats, from 0 (active for one tag only) to log of the number of tags (for all alike); NaN where a neuron is
        never active, which sorts last.
    """
    shares = _means_by_tag(active.astype(np.float32), tags).to_numpy()
    total = shares.sum(0)
    relative = np.divide(shares, total, out=np.full_like(shares, np.nan), where=total > 0)
    logs = np.log(relative, out=np.zeros_like(relative), where=relative != 0)
    return (-(relative * logs).sum(0)).astype(np.float32)


def rank_agreement(scores: Mapping[str, Array], reference: Array) -> pd.DataFrame:
    """Compare scores with a reference, case by case.

    Parameters
    ----------
    scores : mapping of str to ndarray of shape (n_cases, n_neurons)
        By the name of the method.
    reference : ndarray of shape (n_cases, n_neurons)
        Such as :func:`single_ablation`.

    Returns
    -------
    DataFrame
        ``method``, ``case``, ``correlation`` (Spearman, over all neurons of the case).
    """
    wanted = _standard_ranks(reference)
    parts = []
    for method, values in scores.items():
        if values.shape != reference.shape:
            raise InputError(f"'{method}' has scores of {values.shape}, the reference of {reference.shape}.")
        correlation = (_standard_ranks(values) * wanted).mean(1)
        parts.append(pd.DataFrame({"method": method, "case": range(len(values)), "correlation": correlation}))
    return pd.concat(parts, ignore_index=True)


def _standard_ranks(values: Array) -> npt.NDArray[np.float64]:
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    spread = ranks.std(1, keepdims=True)
    return np.divide(ranks, spread, out=np.full_like(ranks, np.nan), where=spread > 0)


def _means_by_tag(values: Array, tags: npt.ArrayLike) -> pd.DataFrame:
    names, codes = np.unique(np.asarray(tags), return_inverse=True)
    if len(codes) != len(values) or len(names) < 2:
        raise InputError(
            f"{len(codes)} tags of {len(names)} kinds do not fit {len(values)} cases. Give one tag per case and at "
            "least two kinds."
        )
    belongs = np.eye(len(names))[codes]  # cases × tags
    return pd.DataFrame((belongs / belongs.sum(0)).T @ values, index=pd.Index(names, name="tag"))
