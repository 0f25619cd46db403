"""Same form, other tag: the words of which nobody can know the tag by knowing the word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.controls import same_size_per_layer
from analysis.grammar.key_decoding import classify_sets
from analysis.grammar.word_activity import WordActivity, at_words, joined
from analysis.grammar.word_sets import WordSets, ambiguous_words
from analysis.models import LanguageModel
from analysis.probing.classifiers import Labels, Rows, by_category, classify, homograph_fold, lexicon, only_tested
from analysis.probing.scores import compare

Masks = npt.NDArray[np.bool_]

LEAST_LEMMAS = 3
"""With fewer there is no interval."""


def homographs_read(
    lm: LanguageModel,
    sets: WordSets,
    seen: WordActivity,
    masks: Mapping[str, Masks],
    *,
    least: int = 5,
    max_tokens: int | None = None,
    n_draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Tell the tags of homographs from what the model does when it has read them.

    Homographs are those of tune and test whose lemmas found no neuron; classifiers are trained on the chosen words of
    all parts that share neither form nor lemma with any homograph.

    Parameters
    ----------
    lm : LanguageModel
    sets : WordSets
    seen : WordActivity
        At ``sets.items``.
    masks : mapping of str to ndarray of bool, shape (n_neurons,)
        Sets of neurons by name.
    least : int
        How often a form must have each of two tags.
    max_tokens : int, optional
        As in the table of words.
    n_draws : int
        Random sets, with as many neurons per layer as the first set of ``masks``.
    seed : int

    Returns
    -------
    DataFrame indexed by arm
        The columns of :func:`analysis.probing.scores.compare`, and ``n_forms``. Empty if these
        homographs have fewer than three lemmas, which tell nothing about others.
    """
    ambiguous = ambiguous_words(sets, least=least, seed=seed)
    if len(set().union(*(table["lemma"] for table in ambiguous.values()))) < LEAST_LEMMAS:
        return pd.DataFrame()
    parts = [
        at_words(lm, sets.parts[p].texts, table, seen.site, max_tokens=max_tokens) for p, table in ambiguous.items()
    ]
    everything = joined([seen, *parts])
    words = pd.concat([sets.items, *ambiguous.values()], ignore_index=True)
    tags, lemmas = words["upos"].to_numpy(str), words["lemma"].to_numpy(str)
    forms, previous = (words[name].str.lower().to_numpy(str) for name in ("form", "previous_form"))
    fold = _fold(tags, forms, lemmas, len(sets.items), least=least, seed=seed)
    tested = fold[1]
    random = same_size_per_layer(next(iter(masks.values())), seen.layer_sizes, n_draws, seed)
    answer = partial(classify, tags=tags, folds=[fold])
    neurons, stream = everything.neurons["read"], everything.stream["read"]
    arms = {
        **{name: answer(neurons[:, mask]) for name, mask in masks.items()},
        "random, same size per layer": classify_sets(neurons, random, tags, [fold]),
        "all neurons": answer(neurons),
        "residual stream, last": answer(stream[:, -1]),
        "embedding of the word's last piece": answer(stream[:, 0]),
        "previous word": by_category(previous, tags, [fold]),
        "lexicon of the form": only_tested(lexicon(forms, forms[tested], tags[tested]), [fold]),
    }
    return compare(arms, tags, lemmas, seed=seed).assign(n_forms=len(np.unique(forms[tested])))


def _fold(tags: Labels, forms: Labels, lemmas: Labels, n_items: int, *, least: int, seed: int) -> tuple[Rows, Rows]:
    """Train on those of the first items that share nothing with a homograph; test as many of each tag of a form."""
    rest = slice(n_items, None)
    tested = n_items + homograph_fold(tags[rest], forms[rest], lemmas[rest], least=least, seed=seed)[0][1]
    shared = np.isin(forms, forms[rest]) | np.isin(lemmas, lemmas[rest])
    return np.flatnonzero(~shared[:n_items]), tested
