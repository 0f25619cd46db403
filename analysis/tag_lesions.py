"""What lesions do to the words of each part of speech: a battery of words, matrices of lesions × tags, doses.

Harm is what a lesion takes away, so larger is worse. A lesion of the key neurons of one tag is selective if it harms
that tag's words more than others', measured by what matched sets of neurons do to the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import dissociation, interventions
from analysis.activity import Activity
from analysis.errors import InputError
from analysis.inference import Interval, mean_over_units
from analysis.interventions import Intervention
from analysis.models import LanguageModel
from analysis.texts import Text
from analysis.word_scores import Array, TagLexicon, by_tag, score_words

Masks: TypeAlias = npt.NDArray[np.bool_]
Measure = Literal["log_probability", "mass", "accuracy"]
Make: TypeAlias = Callable[[Masks, str], Intervention]
"""Makes an intervention of a set of neurons and the domain of what the model is going to read."""

_DRAWS_AT_ONCE = 16  # it bounds memory, not the result


def operations(found: Activity, seed: int = 0) -> dict[str, Make]:
    """Return the three kinds of lesion by name: ``zero``, ``mean``, ``resample``.

    Parameters
    ----------
    found : Activity
        Of ``find`` tokens: the means, and the donors of each domain (all tokens, where a domain was not read).
    seed : int
        Of the choice of donors.
    """
    means = found.values.mean(0, dtype=np.float64)
    domains = found.tokens["domain"].to_numpy()
    donors = {str(domain): found.values[domains == domain] for domain in np.unique(domains)}
    return {
        "zero": lambda neurons, _: interventions.silence(neurons, found.site),
        "mean": lambda neurons, _: interventions.hold_at_mean(neurons, means, found.site),
        "resample": lambda neurons, domain: interventions.resample(
            neurons, donors.get(domain, found.values), seed, found.site
        ),
    }


@dataclass(frozen=True)
class Harm:
    """What interventions take away from words; each array has the shape (n_interventions, n_words).

    Attributes
    ----------
    log_probability : ndarray
        Of the word that stands there, in nats.
    mass : ndarray
        Probability of a word of its tag.
    accuracy : ndarray
        1 where the tag with most probability was the word's own and is no more, -1 the other way round.
    """

    log_probability: Array
    mass: Array
    accuracy: Array


@dataclass(frozen=True)
class Battery:
    """Words of several tags to be predicted before and after a lesion, like the tests of an aphasia clinic.

    Attributes
    ----------
    lm : LanguageModel
    texts : sequence of Text
    table : DataFrame
        Words of these texts, as in :class:`analysis.words.Words`; all of them are in the battery.
    tags : tuple of str
        In the order in which results have them; each has words.
    lexicon : TagLexicon
        From other texts.
    """

    lm: LanguageModel
    texts: Sequence[Text]
    table: pd.DataFrame
    tags: tuple[str, ...]
    lexicon: TagLexicon

    @cached_property
    def upos(self) -> npt.NDArray[np.str_]:
        """Tag of each word."""
        return self.table["upos"].to_numpy(str)

    @cached_property
    def lemmas(self) -> npt.NDArray[np.int64]:
        """Number of each word's lemma: the unit that was sampled."""
        return np.unique(self.table["lemma"].to_numpy(str), return_inverse=True)[1]

    @cached_property
    def intact(self) -> pd.DataFrame:
        """How well the model does before any lesion: a row for each tag, with the mean of each measure."""
        rows = {name: by_tag(values, self.upos, self.tags)[0] for name, values in self._scores([None]).items()}
        counts = self.table.groupby("upos").agg(words=("form", "size"), lemmas=("lemma", "nunique"))
        return pd.DataFrame(rows, index=pd.Index(self.tags, name="tag")).join(counts)

    def harm(self, masks: Masks, make: Make) -> Harm:
        """Make lesions and say what each takes from each word.

        Parameters
        ----------
        masks : ndarray of bool, shape (n_lesions, n_neurons)
        make : callable
            One of :func:`operations`, or another.
        """
        scores = self._scores([None, *masks], make)
        return Harm(*(values[0] - values[1:] for values in scores.values()))

    def _scores(self, masks: Sequence[Masks | None], make: Make | None = None) -> dict[Measure, Array]:
        found = {name: np.empty((len(masks), len(self.table))) for name in ("log_probability", "mass", "accuracy")}
        domains = self.table["domain"].to_numpy()
        for domain in pd.unique(domains):
            here = np.flatnonzero(domains == domain)
            made = [None if make is None or mask is None else make(mask, domain) for mask in masks]
            scores = score_words(self.lm, self.texts, self.table.iloc[here], made, self.lexicon)
            found["log_probability"][:, here] = scores.log_probability
            found["mass"][:, here] = scores.own_mass(self.upos[here])
            found["accuracy"][:, here] = scores.right(self.upos[here])
        return found
