"""Which neurons to silence: the networks of a kind of text, sets that they are compared with, and parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from analysis import controls
from analysis.activity import record
from analysis.decomposition import Constant, spatial_ica, standardise
from analysis.errors import InputError
from analysis.interventions import strongest
from analysis.kinds import Kind
from analysis.lesions.silencing import Usual, usual, without_first
from analysis.models import LanguageModel, Site, untrained
from analysis.networks import Masks, Networks, threshold


@dataclass(frozen=True)
class Found:
    """The networks of one kind of text.

    Attributes
    ----------
    kind : str
    networks : Networks
    masks : ndarray of bool, shape (k, n_neurons)
    usual : Usual
        Of the texts that they were found in.
    """

    kind: str
    networks: Networks
    masks: Masks
    usual: Usual


def find(
    lm: LanguageModel,
    kind: Kind,
    k: int,
    site: Site = "mlp_activation",
    *,
    at: float = 1.96,
    max_tokens: int = 256,
    n_restarts: int = 2,
    constant: Constant = "refuse",
    seed: int = 0,
) -> Found:
    """Find the networks of one kind of text, by spatial ICA of its ``find`` part.

    Parameters
    ----------
    lm : LanguageModel
    kind : Kind
    k : int
        Number of networks.
    site : {"mlp_activation", "mlp_output"}
    at : float
        A neuron belongs to a network if its |z| is above this.
    max_tokens : int
        Longest passage.
    n_restarts, constant, seed
        As in :func:`analysis.decomposition.spatial_ica` and :func:`analysis.decomposition.standardise`.

    Raises
    ------
    InputError
        If a network has no neuron beyond the threshold.
    """
    later = without_first(record(lm, kind.find, site, max_tokens=max_tokens))
    networks = spatial_ica(standardise(later, constant=constant), k, n_restarts=n_restarts, seed=seed)
    masks = threshold(networks.maps, at)
    if not masks.any(1).all():
        number = int(np.flatnonzero(~masks.any(1))[0]) + 1
        raise InputError(f"Network {number} of '{kind.name}' has no neuron beyond {at:g}. Lower the threshold.")
    return Found(kind.name, networks, masks, usual(lm, later))


def matched(found: Found, n_draws: int, seed: int = 0) -> Masks:
    """Draw sets of the same size per layer and contribution: the primary control.

    Returns
    -------
    ndarray of bool, shape (n_draws, k, n_neurons)
        Sets that share a draw overlap as the networks do, so that their union matches the union of the networks.
    """
    sizes, strength = found.networks.layer_sizes, found.usual.contribution
    n_strata = most_strata(found)
    return controls.same_contribution(found.masks, sizes, strength, n_draws, seed, n_strata=n_strata)


def most_strata(found: Found) -> int:
    """Return the strata of contribution that a layer can be cut into, at most ten, so that no network fills one.

    With small layers and large networks deciles run out of other neurons to draw. The fewer the strata, the looser
    the control: say how many there were.
    """
    sizes, strength = found.networks.layer_sizes, found.usual.contribution
    for n_strata in range(10, 1, -1):
        try:
            controls.same_contribution(found.masks, sizes, strength, 0, n_strata=n_strata)
        except InputError:
            continue
        return n_strata
    return 1


def looser(found: Found, n_draws: int, seed: int = 0) -> dict[str, Masks]:
    """Draw sets that are matched in less: ``"same size"`` anywhere, and ``"same size per layer"``.

    Returns
    -------
    dict of str to ndarray of bool, shape (n_draws, k, n_neurons)
    """
    return {
        "same size": controls.same_size(found.masks, n_draws, seed),
        "same size per layer": controls.same_size_per_layer(found.masks, found.networks.layer_sizes, n_draws, seed),
    }


def rivals(
    lm: LanguageModel, kind: Kind, found: Found, *, at: float = 1.96, constant: Constant = "refuse", seed: int = 0
) -> dict[str, Masks]:
    """Return sets that are no matter of chance: neurons that vary most, and networks of the untrained model.

    Parameters
    ----------
    lm : LanguageModel
    kind : Kind
        The one in which the networks were found.
    found : Found
    at, constant, seed
        Of the untrained model's networks, as in :func:`find`; the seed is also that of its weights.

    Returns
    -------
    dict of str to ndarray of bool, shape (k, n_neurons)
    """
    networks, blank = found.networks, untrained(lm, seed)
    site = cast(Site, networks.site)
    return {
        "largest variance": controls.top_variance(found.masks, networks.layer_sizes, found.usual.variance),
        "networks of the untrained model": find(
            blank, kind, networks.k, site, at=at, constant=constant, seed=seed
        ).masks,
    }


def doses(found: Found, network: int, shares: Sequence[float], n_orders: int, seed: int = 0) -> Masks:
    """Take parts of a network, from nothing to all of it: its strongest neurons first, and in random orders.

    Parameters
    ----------
    found : Found
    network : int
        Counted from 0.
    shares : sequence of float
        From 0 to 1.
    n_orders : int
        Random orders.
    seed : int
        Of these.

    Returns
    -------
    ndarray of bool, shape (1 + n_orders, n_shares, n_neurons)
        Strongest first, then the random orders; in each a larger dose contains the smaller ones.
    """
    mask = found.masks[network]
    orders = [found.networks.maps[network], *np.random.default_rng(seed).random((n_orders, mask.size))]
    return np.stack([[strongest(order, mask, share) for share in shares] for order in orders])


def unions(masks: Masks, numbers: Sequence[int]) -> Masks:
    """Put together the first 1, 2, 3 … of some networks.

    Parameters
    ----------
    masks : ndarray of bool, shape (..., k, n_neurons)
        Leading axes, such as draws, stay.
    numbers : sequence of int

    Returns
    -------
    ndarray of bool, shape (..., n_numbers, n_neurons)
    """
    return np.stack([masks[..., :number, :].any(-2) for number in numbers], axis=-2)
