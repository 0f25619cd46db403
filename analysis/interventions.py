"""What to do to which neurons, as a value; done to a model while a ``with`` block lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from analysis.errors import InputError
from analysis.models import LanguageModel, Site, check_site
from analysis.reading import Reading

Neurons: TypeAlias = npt.NDArray[np.bool_]
PerNeuron: TypeAlias = npt.NDArray[np.floating[Any]]
Change: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Intervention:
    """A change of some neurons: activity times ``factor`` plus ``constant``, or what a donor token has in its place.

    The functions below make the usual ones: :func:`silence`, :func:`hold_at_mean`, :func:`resample`, :func:`scale`,
    :func:`add`, :func:`keep_only`.

    Attributes
    ----------
    neurons : ndarray of bool, shape (n_neurons,)
        Which ones, layer-major.
    factor : float
        0 silences, above 1 amplifies.
    constant : float or ndarray of shape (n_neurons,)
        In the model's own units. Factor 1 and constant 0 leave the model's output bit for bit as it is.
    site : {"mlp_activation", "mlp_output"}
        Where the neurons are.
    positions : slice or sequence of int, optional
        The tokens where it works, counted from the start of what the model reads (0 is the first token, a start token
        where there is one); all by default. A batch must be padded on the right, so that counts begin with the text.
    donors : ndarray of shape (n_donors, n_neurons), optional
        Activity of donor tokens. Where given, factor and constant are not used: at each token all neurons of the set
        take, together, the activity of one donor.
    seed : int
        Of the choice of donors. A token's donor is decided by the seed and by what was read up to that token, so it
        depends neither on the batch nor on the set: with one seed and one array of donors, all sets get the same, and
        texts that begin alike have the same donors until they part.
    """

    neurons: Neurons
    factor: float = 1.0
    constant: float | PerNeuron = 0.0
    site: Site = "mlp_activation"
    positions: slice | Sequence[int] | None = None
    donors: PerNeuron | None = None
    seed: int = 0

    @property
    def by_token(self) -> bool:
        """Whether it does not do the same at every token."""
        return self.positions is not None or self.donors is not None

    def at(self, positions: slice | Sequence[int] | None) -> Intervention:
        """Return the same change at some tokens only; ``slice(1, None)`` spares the first, often a start token."""
        return replace(self, positions=positions)


def silence(neurons: Neurons, site: Site = "mlp_activation") -> Intervention:
    """Set neurons to zero. Zero may be far from what a neuron ever does, so this is the coarsest of lesions."""
    return Intervention(neurons, factor=0.0, site=site)


def hold_at_mean(neurons: Neurons, means: PerNeuron, site: Site = "mlp_activation") -> Intervention:
    """Hold neurons at their mean: they say nothing about the token, but the layers above get what they are used to.

    Parameters
    ----------
    neurons : ndarray of bool, shape (n_neurons,)
    means : ndarray of shape (n_neurons,)
        Mean activity of all neurons, over tokens that the results do not use.
    site : {"mlp_activation", "mlp_output"}
    """
    return Intervention(neurons, factor=0.0, constant=means, site=site)


def resample(neurons: Neurons, donors: PerNeuron, seed: int = 0, site: Site = "mlp_activation") -> Intervention:
    """Give the neurons, together, what they do at another token: each value and each combination does occur.

    Parameters
    ----------
    neurons : ndarray of bool, shape (n_neurons,)
    donors : ndarray of shape (n_donors, n_neurons)
        Activity of all neurons at donor tokens; take them from the domain that the model is going to read.
    seed : int
    site : {"mlp_activation", "mlp_output"}
    """
    return Intervention(neurons, donors=donors, seed=seed, site=site)


def scale(neurons: Neurons, factor: float, site: Site = "mlp_activation") -> Intervention:
    """Multiply the activity of neurons, in the model's own units; the sign of what they say stays."""
    return Intervention(neurons, factor=factor, site=site)


def add(neurons: Neurons, constant: float | PerNeuron, site: Site = "mlp_activation") -> Intervention:
    """Add a constant to the activity of neurons, in the model's own units."""
    return Intervention(neurons, constant=constant, site=site)


def keep_only(masks: Neurons, means: PerNeuron | None = None, site: Site = "mlp_activation") -> Intervention:
    """Silence all neurons that are in none of some networks, or hold them at their means.

    Parameters
    ----------
    masks : ndarray of bool, shape (k, n_neurons) or (n_neurons,)
        The networks to be kept.
    means : ndarray of shape (n_neurons,), optional
    site : {"mlp_activation", "mlp_output"}
    """
    others = ~np.any(np.atleast_2d(masks), axis=0, keepdims=True)[0]
    return silence(others, site) if means is None else hold_at_mean(others, means, site)


def strongest(strength: PerNeuron, neurons: Neurons, share: float) -> Neurons:
    """Part of a set: the share of its neurons that belong to it most, for a dose between nothing and all of it.

    Parameters
    ----------
    strength : ndarray of shape (n_neurons,)
        The map of the network; its absolute value counts.
    neurons : ndarray of bool, shape (n_neurons,)
        The set.
    share : float
        From 0 to 1; doses contain one another.

    Returns
    -------
    ndarray of bool, shape (n_neurons,)
    """
    if not 0 <= share <= 1:
        raise InputError(f"A share of {share} is no part of a network. Use 0 to 1.")
    members = np.flatnonzero(neurons)
    ranked = members[np.argsort(-np.abs(strength[members]), kind="stable")]
    part = np.zeros_like(neurons)
    part[ranked[: round(share * len(members))]] = True
    return part


@contextmanager
def applied(lm: LanguageModel, *interventions: Intervention) -> Iterator[None]:
    """Change a model while the block lasts; blocks nest, and the changes go whatever happens inside.

    Parameters
    ----------
    lm : LanguageModel
    *interventions : Intervention
        In the order in which they work.

    Raises
    ------
    InputError
        If an intervention does not fit the model, or names positions that are no counts from the start.
    """
    with ExitStack() as stack:
        by_token = any(one.by_token for one in interventions)
        reading = stack.enter_context(Reading.of(lm)) if by_token else None
        for intervention in interventions:
            for module, change in zip(lm.down_projections, changes(lm, intervention, reading), strict=True):
                if change is not None:
                    stack.callback(_attach(module, change, intervention.site).remove)
        yield


def first_layer(lm: LanguageModel, intervention: Intervention | None) -> int | None:
    """Say where an intervention begins; the layers below never change. None if it has no neuron, or is none."""
    if intervention is None or not _checked(lm, intervention).any():
        return None
    edges = np.cumsum(lm.layer_sizes(intervention.site))
    return int(np.searchsorted(edges, intervention.neurons.argmax(), side="right"))


def changes(lm: LanguageModel, intervention: Intervention, reading: Reading | None) -> list[Change | None]:
    """Say for each layer how its activity changes; None where no neuron does."""
    per_layer = partial(_per_layer, lm, intervention.site)
    masks = per_layer(_checked(lm, intervention))
    if intervention.donors is not None:
        assert reading is not None
        choose = partial(reading.donor, len(intervention.donors), intervention.seed)
        made: list[Change] = [partial(_replaced, *one, choose) for one in _donated(lm, intervention, masks)]
    else:
        factors = per_layer(np.where(intervention.neurons, intervention.factor, 1).astype(np.float32))
        constants = per_layer(np.where(intervention.neurons, intervention.constant, 0).astype(np.float32))
        made = [partial(_scaled, factor, constant) for factor, constant in zip(factors, constants, strict=True)]
    if intervention.positions is not None:
        assert reading is not None
        where = partial(reading.at, intervention.positions)
        made = [partial(_only_at, where, change) for change in made]
    return [change if mask.any() else None for mask, change in zip(masks, made, strict=True)]


def _checked(lm: LanguageModel, intervention: Intervention) -> Neurons:
    """Return the neurons of an intervention that fits the model."""
    check_site(intervention.site)
    n_neurons = sum(lm.layer_sizes(intervention.site))
    neurons, constant, donors = intervention.neurons, np.asarray(intervention.constant), intervention.donors
    if neurons.shape != (n_neurons,) or neurons.dtype != np.bool_:
        raise InputError(
            f"The intervention names {neurons.shape} {neurons.dtype}; this model needs ({n_neurons},) bool at "
            f"'{intervention.site}'."
        )
    if constant.shape not in {(), (n_neurons,)}:
        raise InputError(
            f"The constants have the shape {constant.shape}. Give one number, or {n_neurons} at this site."
        )
    if donors is not None and (donors.ndim != 2 or donors.shape[1] != n_neurons or not len(donors)):
        raise InputError(
            f"The donors have the shape {donors.shape}. Give tokens × all {n_neurons} neurons of the site."
        )
    if intervention.positions is not None:
        _check_positions(intervention.positions)
    return neurons


def _check_positions(positions: slice | Sequence[int]) -> None:
    named = (positions.start or 0, positions.stop or 0) if isinstance(positions, slice) else positions
    if any(position < 0 for position in named):
        raise InputError(f"Positions count from the start of the text, so {positions} has none below 0. Use 0 or more.")


def _per_layer(lm: LanguageModel, site: Site, values: npt.NDArray[Any]) -> list[torch.Tensor]:
    edges = np.cumsum(lm.layer_sizes(site))[:-1]
    return [torch.from_numpy(part).to(lm.device) for part in np.split(values, edges, axis=-1)]


def _donated(
    lm: LanguageModel, intervention: Intervention, masks: list[torch.Tensor]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield for each layer which of its neurons are replaced, and what the donors have there."""
    assert intervention.donors is not None
    start = 0
    for mask in masks:
        neurons = mask.cpu().nonzero()[:, 0]
        donated = np.asarray(intervention.donors[:, start + neurons.numpy()], np.float32)
        yield neurons.to(lm.device), torch.from_numpy(donated).to(lm.device)
        start += len(mask)


def _attach(module: nn.Module, change: Change, site: Site) -> Any:
    # The layer's change is bound here and not looked up when the hook runs: a loop variable looked up later would give
    # every layer the last layer's mask.
    if site == "mlp_activation":
        return module.register_forward_pre_hook(lambda _module, args: (change(args[0]), *args[1:]))
    return module.register_forward_hook(lambda _module, _args, output: change(output))


def _scaled(factor: torch.Tensor, constant: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    return torch.addcmul(constant.to(activity), activity, factor.to(activity))


def _replaced(
    neurons: torch.Tensor, donated: torch.Tensor, choose: Callable[[torch.Tensor], torch.Tensor], activity: torch.Tensor
) -> torch.Tensor:
    changed = activity.clone()
    changed[..., neurons.to(activity.device)] = donated.to(activity)[choose(activity)]
    return changed


def _only_at(where: Callable[[torch.Tensor], torch.Tensor], change: Change, activity: torch.Tensor) -> torch.Tensor:
    return torch.where(where(activity), change(activity), activity)
