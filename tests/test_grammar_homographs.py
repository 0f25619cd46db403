import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from analysis import language, models
from analysis.grammar import homographs
from analysis.grammar.word_activity import at_words, joined
from analysis.grammar.word_sets import PARTS, choose_words


@pytest.fixture(scope="module")
def lm():
    return models.load_model(ROOT / "data" / "teaching-model")


@pytest.fixture(scope="module")
def read(lm):
    texts = {part: language.passages("stories", part, 25) for part in PARTS}
    sets = choose_words(lm, texts, "NOUN,VERB,ADJ,ADV", 8)
    seen = joined([at_words(lm, part.texts, part.chosen) for part in sets.parts.values()])
    return sets, seen


def test_who_knows_only_the_form_is_right_once_in_two(lm, read):
    sets, seen = read
    masks = {"key": np.arange(4224) % 300 == 0}
    table = homographs.homographs_read(lm, sets, seen, masks, least=2, n_draws=3)
    assert table.loc["lexicon of the form", "estimate"] == pytest.approx(0.5)
    assert (table["n_items"] == table["n_items"].iloc[0]).all()
    assert (table["n_forms"] >= 3).all()
    assert table.loc["random, same size per layer", "n_draws"] == 3
    assert table.index[0] == "key"
    again = homographs.homographs_read(lm, sets, seen, masks, least=2, n_draws=3)
    pd.testing.assert_frame_equal(again, table)


def test_nothing_is_learned_from_the_forms_and_lemmas_that_are_tested(lm, read, monkeypatch):
    sets, seen = read
    folds = []
    plain = homographs._fold

    def fold(tags, forms, lemmas, n_items, **how):
        train, test = plain(tags, forms, lemmas, n_items, **how)
        folds.append(
            (set(forms[train]) & set(forms[test]), set(lemmas[train]) & set(lemmas[test]), test.min() - n_items)
        )
        return train, test

    monkeypatch.setattr(homographs, "_fold", fold)
    homographs.homographs_read(lm, sets, seen, {"key": np.arange(4224) < 24}, least=2, n_draws=2)
    assert folds[0][:2] == (set(), set())
    assert folds[0][2] >= 0


def test_without_homographs_the_table_is_empty(lm, read):
    assert homographs.homographs_read(lm, *read, {"key": np.arange(4224) < 24}, least=1000).empty
