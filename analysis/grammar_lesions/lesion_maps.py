"""Lesion–symptom maps of parts of speech: which parcels each tag hangs on, by many lesions and by single ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import InputError
from analysis.grammar_lesions import symptom_mapping
from analysis.grammar_lesions.battery import Battery, Make, Masks
from analysis.grammar_lesions.parcels import silenced
from analysis.grammar_lesions.word_scores import Array, by_tag

METHODS = {"difference": "univariate", "weight": "ridge"}
"""Columns of a map, and the methods that they come from."""


@dataclass(frozen=True)
class TagMaps:
    """What random lesions of parcels did to the words of each tag, and what each parcel does alone.

    Attributes
    ----------
    parcels : ndarray of bool, shape (n_parcels, n_neurons)
    layer_of : ndarray of int, shape (n_parcels,)
        The layer that most of a parcel's neurons are in.
    lesions : ndarray of bool, shape (n_lesions, n_parcels)
    deficits : ndarray of shape (n_lesions, n_tags)
        Mean loss of log-probability of the tag's words, in nats.
    alone : ndarray of shape (n_parcels, n_tags)
        The same with one parcel silenced and no other: what a map should show.
    tags : tuple of str
    """

    parcels: Masks
    layer_of: npt.NDArray[np.int64]
    lesions: Masks
    deficits: Array
    alone: Array
    tags: tuple[str, ...]

    @property
    def specific(self) -> TagMaps:
        """The same for what a tag loses beyond the mean of the others, since some lesions harm everything."""
        return replace(self, deficits=_beyond_others(self.deficits), alone=_beyond_others(self.alone))

    def mapped(self, n_draws: int = 1000, seed: int = 0) -> pd.DataFrame:
        """Map all tags by both methods of :mod:`analysis.grammar_lesions.symptom_mapping`; adds ``alone``."""
        found = symptom_mapping.map_lesions(self.lesions, self.deficits, self.tags, n_draws=n_draws, seed=seed)
        return found.assign(alone=self.alone.T.ravel())

    def held_out(self, seed: int = 0) -> pd.DataFrame:
        """Predict left-out lesions, as :func:`analysis.grammar_lesions.symptom_mapping.held_out`."""
        return symptom_mapping.held_out(self.lesions, self.deficits, self.tags, seed=seed)

    def agreement(self, chosen: Masks, n_draws: int = 2000, seed: int = 0) -> pd.DataFrame:
        """Compare every map of a tag with the truth, and with where its key neurons are.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n_tags, n_neurons)
            Key neurons of each tag; of a parcel the share of its neurons that are key counts.
        n_draws, seed : int
            As in :func:`analysis.grammar_lesions.symptom_mapping.map_agreement`.

        Returns
        -------
        DataFrame, one row per tag and pair of maps
            ``tag``, ``first``, ``second`` (of *alone*, *univariate*, *ridge*, *key neurons*), ``rank_r``, ``low``,
            ``high``, ``p``, ``n_parcels``.
        """
        table = self.mapped(n_draws=1, seed=seed)
        share = (self.parcels.astype(np.float64) @ chosen.T) / self.parcels.sum(1, keepdims=True)
        parts = []
        for place, tag in enumerate(self.tags):
            own = table[table["symptom"] == tag]
            maps = {"alone": self.alone[:, place]}
            maps |= {method: own[column].to_numpy() for column, method in METHODS.items()}
            maps["key neurons"] = share[:, place]
            found = symptom_mapping.map_agreement(maps, self.layer_of, n_draws=n_draws, seed=seed)
            parts.append(found.assign(tag=tag))
        return pd.concat(parts, ignore_index=True).set_index("tag").reset_index()


def map_tags(battery: Battery, parcels: Masks, lesions: Masks, make: Make, layer_of: npt.NDArray[np.int64]) -> TagMaps:
    """Make all lesions, and read the battery after each.

    Parameters
    ----------
    battery : Battery
    parcels : ndarray of bool, shape (n_parcels, n_neurons)
        From :func:`analysis.grammar_lesions.parcels.parcels`, or the masks of networks.
    lesions : ndarray of bool, shape (n_lesions, n_parcels)
        From :func:`analysis.grammar_lesions.parcels.random_lesions`.
    make : callable
        As for :meth:`analysis.grammar_lesions.battery.Battery.harm`.
    layer_of : ndarray of int, shape (n_neurons,)
        Layer of each neuron.

    Raises
    ------
    InputError
        If lesions are not of these parcels.
    """
    if lesions.shape[1] != len(parcels):
        raise InputError(f"Lesions of {lesions.shape[1]} parcels do not fit {len(parcels)}. Draw them for these.")
    harm = battery.harm(np.concatenate([silenced(lesions, parcels), parcels]), make)
    means = by_tag(harm.log_probability, battery.upos, battery.tags)
    place = np.array([np.bincount(layer_of[parcel]).argmax() for parcel in parcels])
    return TagMaps(parcels, place, lesions, means[: len(lesions)], means[len(lesions) :], battery.tags)


def _beyond_others(values: Array) -> Array:
    others = (values.sum(1, keepdims=True) - values) / (values.shape[1] - 1)
    return np.asarray(values - others)
