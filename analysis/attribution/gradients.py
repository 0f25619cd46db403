"""Integrated gradients: how much each neuron adds to the prediction of a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from analysis.attribution.cases import Case
from analysis.attribution.patching import CaseGroup, Patch, patched, read_cases
from analysis.errors import InputError
from analysis.models import LanguageModel, Site

Array = npt.NDArray[np.float32]
Quantity = Literal["log_probability", "probability"]
"""What is attributed: the log-probability of the target (in nats) or its probability."""

TOLERANCE = 0.02


@dataclass(frozen=True)
class Attribution:
    """Integrated gradients of all neurons for some cases, with the books that they must balance.

    Attributes
    ----------
    scores : ndarray of shape (n_cases, n_neurons), float32
        Layer-major, in units of the quantity; positive where the neuron speaks for the target.
    change : ndarray of shape (n_cases, n_layers)
        What the quantity loses when the whole layer is silent at that position: what the scores of the layer's
        neurons should sum to.
    steps : ndarray of int, shape (n_cases, n_layers)
        Points of the path that the scores were computed with.
    layer_sizes : tuple of int
    quantity : {"log_probability", "probability"}
    site : {"mlp_activation", "mlp_output"}
    tolerance : float
        Largest relative gap that counts as complete.
    """

    scores: Array
    change: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]
    layer_sizes: tuple[int, ...]
    quantity: Quantity
    site: Site
    tolerance: float

    @property
    def gap(self) -> npt.NDArray[np.float64]:
        """|sum of scores − change| / |change|, shape (n_cases, n_layers)."""
        edges = np.cumsum([0, *self.layer_sizes[:-1]])
        return _gap(np.add.reduceat(self.scores, edges, axis=1, dtype=np.float64), self.change)

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Where the gap is below the tolerance, shape (n_cases, n_layers)."""
        return self.gap < self.tolerance


def argmax_cases(lm: LanguageModel, cases: Sequence[Case]) -> list[Case]:
    """Replace each target by the one token that the model itself finds likeliest there."""
    found = list(cases)
    for rows, group in read_cases(lm, cases):
        for row, token in zip(rows, group.likeliest.tolist(), strict=True):
            found[row] = Case(cases[row].context, (token,))
    return found


def integrated_gradients(
    lm: LanguageModel,
    cases: Sequence[Case],
    quantity: Quantity = "log_probability",
    site: Site = "mlp_activation",
    *,
    steps: int = 20,
    max_steps: int = 320,
    tolerance: float = TOLERANCE,
    batch_positions: int = 512,
) -> Attribution:
    """Attribute the prediction of each word to the neurons at the position before it.

    Integrated gradients (Sundararajan et al. 2017) as Dai et al. (2022) use them for MLP neurons: one layer at a time
    goes on a straight path from silence to what it did, the later layers respond, and a neuron's score is its
    activity times the mean gradient along the path. The integral is taken by the midpoint rule. Where the scores of
    a layer do not sum to what they should, that case and layer is computed again with twice the steps.

    A word of several pieces is read piece by piece as it stands in the text (teacher forcing) and its quantity is
    that of all pieces together; the neurons are those at the position before the first. How Saki Norouzi et al.
    (2025) treat such words is not known.

    Parameters
    ----------
    lm : LanguageModel
        In float32: at half precision the sums are too coarse to be complete.
    cases : sequence of Case
        With the word of the text as target, or with :func:`argmax_cases` the model's own.
    quantity : {"log_probability", "probability"}
        Dai et al. use the probability.
    site : {"mlp_activation", "mlp_output"}
    steps : int
        Points of the path at first.
    max_steps : int
        Points at most; equal to ``steps`` for one round.
    tolerance : float
        Gap relative to the change of the quantity below which a case and layer is done.
    batch_positions : int
        Positions that one forward pass may compute. It bounds memory, not the result.

    Returns
    -------
    Attribution

    Raises
    ------
    InputError
        If a case does not fit the model, or quantity, site or steps make no sense.
    """
    if not 1 <= steps <= max_steps:
        raise InputError(f"steps={steps} and max_steps={max_steps} do not fit. Use 1 <= steps <= max_steps.")
    check_quantity(quantity)
    sizes = lm.layer_sizes(site)
    columns = layer_columns(sizes)
    scores = np.zeros((len(cases), sum(sizes)), np.float32)
    change, used = np.zeros((len(cases), len(sizes))), np.zeros((len(cases), len(sizes)), np.int64)
    for rows, group in read_cases(lm, cases, site):
        index = np.array(rows)
        whole = in_quantity(group.log_probability, quantity).cpu().numpy()
        pending = np.ones((len(rows), len(sizes)), bool)
        n_steps = steps
        while n_steps <= max_steps and pending.any():
            midpoints = (torch.arange(n_steps) + 0.5) / n_steps
            factors = torch.cat([torch.zeros(1), midpoints])  # the first is the silent layer
            for layer, case, values, gradient in gradients(
                lm, group, pending, factors, quantity, batch_positions=batch_positions
            ):
                found = (gradient[:, 1:].mean(1) * group.activity[layer][case].float()).cpu().numpy()
                done = case.cpu().numpy()
                scores[index[done], columns[layer]] = found
                change[index[done], layer] = whole[done] - values[:, 0].cpu().numpy()
                used[index[done], layer] = n_steps
                pending[done, layer] = _gap(found.sum(1, dtype=np.float64), change[index[done], layer]) >= tolerance
            n_steps *= 2
    return Attribution(scores, change, used, sizes, quantity, site, tolerance)


def completeness_table(attribution: Attribution) -> pd.DataFrame:
    """Say how many cases were complete with how many steps.

    Returns
    -------
    DataFrame, one row per number of steps and layer
        ``steps``, ``layer`` (counted from 1), ``share`` (of the cases whose gap fell below the tolerance with so many
        steps or fewer), ``n`` (cases). Its mean over layers is the share of all cases and layers.
    """
    ladder = np.unique(attribution.steps)
    done = attribution.complete & (attribution.steps <= ladder[:, None, None])  # ladder × cases × layers
    share = pd.DataFrame(done.mean(1), index=ladder, columns=range(1, done.shape[2] + 1))
    table = share.rename_axis("steps").reset_index().melt("steps", var_name="layer", value_name="share")
    return table.astype({"layer": int}).assign(n=done.shape[1])


def gradients(
    lm: LanguageModel,
    group: CaseGroup,
    pending: npt.NDArray[np.bool_],
    factors: torch.Tensor,
    quantity: Quantity,
    *,
    batch_positions: int,
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Gradient of a quantity by one layer's activity, where that activity is scaled.

    Parameters
    ----------
    lm : LanguageModel
    group : CaseGroup
    pending : ndarray of bool, shape (n_cases, n_layers)
        Which cases and layers.
    factors : Tensor of shape (n_factors,)
        What the activity of the layer is multiplied by.
    quantity : {"log_probability", "probability"}
    batch_positions : int
        Positions that one forward pass may compute.

    Yields
    ------
    layer : int
    case : Tensor of int, shape (n,)
        Index into the cases of the group.
    values : Tensor of shape (n, n_factors), float64
        The quantity.
    gradient : Tensor of shape (n, n_factors, width), float32
    """
    # Sorted by layer: a pass that holds late layers only needs no gradient through the early ones.
    pairs = np.argwhere(pending.T)
    at_once = max(1, batch_positions // (len(factors) * group.positions_per_row))
    scale = factors.to(group.ids.device)[:, None]
    for first in range(0, len(pairs), at_once):
        layer, case = pairs[first : first + at_once].T
        with torch.inference_mode(mode=False), torch.enable_grad():
            patches = [_scaled(group, one, case[layer == one], scale) for one in np.unique(layer).tolist()]
            values = in_quantity(patched(lm, group, patches), quantity)
            found = torch.autograd.grad(values.sum(), [patch.values for patch in patches])
        parts = torch.split(values.detach(), [len(patch.case) for patch in patches])
        for patch, part, gradient in zip(patches, parts, found, strict=True):
            yield patch.layer, patch.case, part, gradient


def layer_columns(sizes: Sequence[int]) -> list[slice]:
    """Where each layer's neurons are in a layer-major array."""
    return [slice(first, last) for first, last in pairwise(np.cumsum([0, *sizes]).tolist())]


def check_quantity(quantity: str) -> None:
    """Raise :class:`InputError` unless ``quantity`` is one of :data:`Quantity`."""
    known = get_args(Quantity)
    if quantity not in known:
        raise InputError(f"No quantity is named '{quantity}'. Choose one of: {', '.join(known)}.")


def in_quantity(log_probability: torch.Tensor, quantity: Quantity) -> torch.Tensor:
    """Turn log-probabilities into the quantity that is attributed."""
    return log_probability.exp() if quantity == "probability" else log_probability


def _scaled(group: CaseGroup, layer: int, case: npt.NDArray[np.int64], scale: torch.Tensor) -> Patch:
    chosen = torch.from_numpy(case).to(group.ids.device)
    values = group.activity[layer][chosen].float()[:, None] * scale
    return Patch(layer, chosen, values.requires_grad_())


def _gap(total: npt.NDArray[np.float64], change: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Relative to the change; a layer that changes nothing is complete if its scores sum to nothing."""
    error = np.abs(total - change)
    return np.divide(error, np.abs(change), out=np.where(error > 0, np.inf, 0.0), where=change != 0)
