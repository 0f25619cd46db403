"""Single neurons: what each of them does when it alone is silenced, and what random lesions would find of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr

from analysis.attribution.cases import cases_of_words
from analysis.attribution.rivals import single_ablation
from analysis.errors import InputError
from analysis.grammar.word_sets import few_of_each
from analysis.grammar_lesions.battery import Battery, Masks
from analysis.grammar_lesions.symptom_mapping import map_lesions
from analysis.grammar_lesions.word_scores import Array, by_tag
from analysis.models import Site


@dataclass(frozen=True)
class NeuronMaps:
    """What each neuron does when it alone is silenced, at the position before the word.

    Attributes
    ----------
    alone : ndarray of shape (n_tags, n_neurons)
        Mean loss of log-probability of the tag's words, in nats.
    tags : tuple of str
    n_words : int
        Words of all tags that were asked.
    """

    alone: Array
    tags: tuple[str, ...]
    n_words: int

    def add_up(self, parcels: Masks, together: Array) -> pd.Series:
        """Compare what parcels do with the sum of what their neurons do one by one.

        Parameters
        ----------
        parcels : ndarray of bool, shape (n_parcels, n_neurons)
        together : ndarray of shape (n_parcels, n_tags)
            Loss by each parcel, as in :class:`analysis.grammar_lesions.lesion_maps.TagMaps`.

        Returns
        -------
        Series, one value per tag
            Rank correlation over parcels.
        """
        sums = parcels.astype(np.float64) @ self.alone.T
        found = [float(spearmanr(one, other).statistic) for one, other in zip(sums.T, together.T, strict=True)]
        return pd.Series(found, index=pd.Index(self.tags, name="tag"))

    def found_by_lesions(
        self, n_lesions: int = 500, share: float = 0.05, *, n_draws: int = 200, seed: int = 0
    ) -> pd.DataFrame:
        """Say how much of this a lesion-symptom map of random neurons would find, in the best of cases.

        Deficits are the sums of what the silenced neurons do alone, without any noise. What a model really does is
        never as simple, so this is more than random lesions can give.

        Parameters
        ----------
        n_lesions : int
        share : float
            Of the neurons that each lesion silences.
        n_draws, seed : int
            Permutations, and the start of all random choice.

        Returns
        -------
        DataFrame, one row per tag
            ``univariate``, ``ridge`` (neurons with a corrected p below .05 in either map), ``n_neurons``, ``rank_r``
            (of the ridge map with the truth, over neurons).

        Raises
        ------
        InputError
            If a lesion would silence no neuron, or all.
        """
        n_neurons = self.alone.shape[1]
        each = round(share * n_lesions)
        if not 5 <= each <= n_lesions - 5:
            raise InputError(
                f"share={share:g} of {n_lesions} lesions silences each neuron {each} times. Use 5 or more."
            )
        column = np.arange(n_lesions) < each
        rng = np.random.default_rng(seed)
        lesions = np.stack([rng.permutation(column) for _ in range(n_neurons)], axis=1)
        rows = []
        for tag, truth in zip(self.tags, self.alone, strict=True):
            table = map_lesions(lesions, lesions @ truth, [tag], n_draws=n_draws, seed=seed)
            marked = (table[["p", "ridge_p"]] < 0.05).sum()
            rank_r = float(spearmanr(table["weight"], truth).statistic)
            row = {"univariate": int(marked["p"]), "ridge": int(marked["ridge_p"])}
            rows.append(row | {"n_neurons": n_neurons, "rank_r": rank_r})
        return pd.DataFrame(rows, index=pd.Index(self.tags, name="tag"))


def silence_each(battery: Battery, n_per_tag: int, site: Site = "mlp_activation", seed: int = 0) -> NeuronMaps:
    """Silence every neuron by itself, with zero, before some words of the battery.

    Parameters
    ----------
    battery : Battery
    n_per_tag : int
        Words of each tag, of as many lemmas as can be: every word costs one row for every neuron of the model.
    site : {"mlp_activation", "mlp_output"}
    seed : int
        Of the choice of words.
    """
    words = few_of_each(battery.table, battery.tags, n_per_tag, seed)
    cases = cases_of_words(battery.lm, battery.texts, words)
    lost: npt.NDArray[np.floating] = single_ablation(battery.lm, cases, site=site)
    return NeuronMaps(by_tag(lost.T, words["upos"].to_numpy(str), battery.tags).T, battery.tags, len(words))
