"""What to do to which neurons, as a value; done to a model while a ``with`` block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from analysis.errors import InputError
from analysis.models import LanguageModel, Site, check_site

Neurons = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Intervention:
    """A change of some neurons at every token: activity times ``factor`` plus ``constant``.

    Attributes
    ----------
    neurons : ndarray of bool, shape (n_neurons,)
        Which ones, layer-major.
    factor, constant : float
        Factor 0 silences (a lesion by zero), above 1 amplifies; the constant is in the model's own units. Factor 1 and
        constant 0 leave the model's output bit for bit as it is.
    site : {"mlp_activation", "mlp_output"}
        Where the neurons are.
    """

    neurons: Neurons
    factor: float = 1.0
    constant: float = 0.0
    site: Site = "mlp_activation"


def silence(neurons: Neurons, site: Site = "mlp_activation") -> Intervention:
    """Set neurons to zero. Zero may be far from what a neuron ever does, so this is the coarsest of lesions."""
    return Intervention(neurons, factor=0.0, site=site)


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
        If an intervention names another number of neurons than the model has.
    """
    with ExitStack() as stack:
        for intervention in interventions:
            for module, mask in zip(lm.down_projections, _masks(lm, intervention), strict=True):
                if mask.any():
                    stack.callback(_attach(module, mask, intervention).remove)
        yield


def _masks(lm: LanguageModel, intervention: Intervention) -> list[torch.Tensor]:
    """Cut the neurons into one mask per layer."""
    check_site(intervention.site)
    sizes = lm.layer_sizes(intervention.site)
    if intervention.neurons.shape != (sum(sizes),) or intervention.neurons.dtype != np.bool_:
        raise InputError(
            f"The intervention names {intervention.neurons.shape} {intervention.neurons.dtype}; this model needs "
            f"({sum(sizes)},) bool at '{intervention.site}'."
        )
    return list(torch.split(torch.from_numpy(intervention.neurons).to(lm.device), list(sizes)))


def _attach(module: nn.Module, mask: torch.Tensor, intervention: Intervention) -> Any:
    # The layer's mask is bound here and not looked up when the hook runs: a loop variable looked up later would give
    # every layer the last layer's mask.
    change = partial(_changed, mask, intervention.factor, intervention.constant)
    if intervention.site == "mlp_activation":
        return module.register_forward_pre_hook(lambda _module, args: (change(args[0]), *args[1:]))
    return module.register_forward_hook(lambda _module, _args, output: change(output))


def _changed(mask: torch.Tensor, factor: float, constant: float, activity: torch.Tensor) -> torch.Tensor:
    return torch.where(mask, activity * factor + constant, activity)
