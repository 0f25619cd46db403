"""A battery of words to be predicted before and after a lesion, and the usual lesions.

Harm is what a lesion takes away, so larger is worse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity
from analysis.errors import InputError
from analysis.grammar.word_sets import WordSets
from analysis.grammar_lesions.word_scores import Array, TagLexicon, by_tag, score_words, tag_lexicon
from analysis.interventions import Intervention, scale
from analysis.lesions import silencing
from analysis.models import LanguageModel, Site
from analysis.texts import Text

Masks: TypeAlias = npt.NDArray[np.bool_]
Measure = Literal["log_probability", "mass", "accuracy"]
MEASURES: tuple[Measure, ...] = ("log_probability", "mass", "accuracy")
LEAST_LEMMAS = 3
"""Lemmas of each tag in a battery: fewer tell nothing about other lemmas."""

Make: TypeAlias = Callable[[Masks, str], Intervention]
"""Makes an intervention of a set of neurons and the domain of what the model is going to read."""


def ways_to_silence(lm: LanguageModel, found: Activity, domains: Iterable[str], seed: int = 0) -> dict[str, Make]:
    """Return the three kinds of lesion by name: ``zero``, ``mean``, ``resample``.

    Parameters
    ----------
    lm : LanguageModel
    found : Activity
        Of ``find`` tokens, in the model's own units, without the first token of each text: here means and donors come
        from, of the same domain as what is read, or of all tokens where that domain is not among them.
    domains : iterable of str
        Of what is going to be read.
    seed : int
        Of the choice of donors.
    """
    of_token = found.tokens["domain"].to_numpy(str)
    tokens = {domain: of_token == domain for domain in domains}
    known = {domain: found.where(here) if here.any() else found for domain, here in tokens.items()}
    usual = {domain: silencing.usual(lm, activity) for domain, activity in known.items()}
    return {way: silencing.Silencing(way, found.site, usual, seed).of for way in silencing.WAYS}


def way_named(ways: Mapping[str, Make], operation: str) -> Make:
    """Return the lesion of a name, or raise :class:`InputError`."""
    if operation not in ways:
        raise InputError(f"No lesion is named '{operation}'. Choose one of: {', '.join(ways)}.")
    return ways[operation]


def amplify(factor: float, site: Site = "mlp_activation") -> Make:
    """Return what multiplies the activity of neurons by a factor, whatever is read."""
    return lambda neurons, _: scale(neurons, factor, site)


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
        Words of these texts, as in :class:`analysis.grammar.words.Words`; all of them are in the battery.
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
        """How well the model does before any lesion: a row for each tag, the mean of each measure, how many words."""
        rows = {name: by_tag(values, self.upos, self.tags)[0] for name, values in self._before.items()}
        counts = self.table.groupby("upos").agg(words=("form", "size"), lemmas=("lemma", "nunique"))
        return pd.DataFrame(rows, index=pd.Index(self.tags, name="tag")).join(counts)

    def harm(self, masks: Masks, make: Make) -> Harm:
        """Make lesions and say what each takes from each word.

        Parameters
        ----------
        masks : ndarray of bool, shape (n_lesions, n_neurons)
        make : callable
            One of :func:`ways_to_silence`, or another.
        """
        after = self._scores(lambda domain: [make(mask, domain) for mask in masks])
        return Harm(*(self._before[measure] - after[measure] for measure in MEASURES))

    @cached_property
    def _before(self) -> dict[Measure, Array]:
        return self._scores(lambda _: [None])

    def _scores(self, interventions_in: Callable[[str], Sequence[Intervention | None]]) -> dict[Measure, Array]:
        """Score the words of each domain under what is to be done there; shape (n_interventions, n_words)."""
        domains = self.table["domain"].to_numpy(str)
        made = {domain: interventions_in(domain) for domain in np.unique(domains).tolist()}
        shape = (len(next(iter(made.values()))), len(self.table))
        found = {measure: np.empty(shape) for measure in MEASURES}
        for domain, to_do in made.items():
            here = np.flatnonzero(domains == domain)
            scores = score_words(self.lm, self.texts, self.table.iloc[here], to_do, self.lexicon)
            found["log_probability"][:, here] = scores.log_probability
            found["mass"][:, here] = scores.own_mass(self.upos[here])
            found["accuracy"][:, here] = scores.right(self.upos[here])
        return found


def assemble(
    lm: LanguageModel, sets: WordSets, part: str, n_texts: int, *, lemmas: Literal["own", "all"] = "own"
) -> Battery:
    """Make a battery of the texts of a part that have most words of the tags, since a battery is read many times.

    Texts are taken one by one, each time the one that adds most to the sum over tags of log(1 + words), so that a rare
    tag counts as much as a frequent one. With which pieces each tag begins is counted in the part ``find``.

    Parameters
    ----------
    lm : LanguageModel
    sets : WordSets
    part : str
        ``"tune"`` or ``"test"``.
    n_texts : int
        Fewer where fewer have a word.
    lemmas : {"own", "all"}
        Only words whose lemma belongs to the part; or all, for what was not found by way of lemmas.

    Raises
    ------
    InputError
        If a tag has no word in the texts that were taken.
    """
    table = sets.parts[part].words.table
    wanted = table[table["upos"].isin(sets.tags)]
    if lemmas == "own":
        wanted = wanted[wanted["lemma"].map(sets.part_of.get) == part]
    counts = pd.crosstab(wanted["text"], wanted["upos"]).reindex(columns=list(sets.tags), fill_value=0)
    taken = _richest(counts.to_numpy(), n_texts)
    if not (counts.iloc[taken].sum() > 0).all():
        raise InputError(
            f"Not all of {', '.join(sets.tags)} have a word in {n_texts} texts of {part}. Read more texts."
        )
    numbers = sorted(counts.index[taken].tolist())
    kept = wanted[wanted["text"].isin(numbers)]
    kept = kept.assign(text=np.searchsorted(numbers, kept["text"])).reset_index(drop=True)
    find = sets.parts["find"]
    lexicon = tag_lexicon(lm, find.texts, find.words.table)
    return Battery(lm, [sets.parts[part].texts[number] for number in numbers], kept, sets.tags, lexicon)


def check_lemmas(battery: Battery) -> None:
    """Refuse a battery with fewer lemmas of a tag than an interval over lemmas needs."""
    n_lemmas = battery.table.groupby("upos")["lemma"].nunique().reindex(list(battery.tags), fill_value=0)
    if n_lemmas.min() < LEAST_LEMMAS:
        raise InputError(
            f"The battery has {n_lemmas.min()} lemmas that are {n_lemmas.idxmin()}, and fewer than {LEAST_LEMMAS} tell "
            "nothing about others. Read more texts, or leave the tag out."
        )


def _richest(counts: npt.NDArray[np.int64], n: int) -> list[int]:
    """Choose rows one by one for the largest sum over columns of log(1 + total)."""
    taken: list[int] = []
    total = np.zeros(counts.shape[1])
    while len(taken) < min(n, len(counts)):
        gain = np.log1p(total + counts).sum(1)
        gain[taken] = -1
        taken.append(int(gain.argmax()))
        total += counts[taken[-1]]
    return taken
