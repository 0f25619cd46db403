"""Answers under lesions beside matched sets: the same count, whoever makes it, and a set against itself is nothing."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from test_lesions_dealt import SETS

from analysis import many
from analysis.lesions import answering
from analysis.lesions import silencing as lesions
from analysis.lesions.silencing import Silencing, Usual
from analysis.texts import Item

WORDS = (" cat", " dog", " house", " light", " two", " nobody")
FAR = np.random.default_rng(2).standard_normal(72) * 50  # a random model keeps most answers unless it is pushed
FAR[0] = 0
PUSHED = Silencing("mean", "mlp_activation", {"pets": Usual(FAR, FAR, FAR, FAR[None])})
WAY = {"silencing": PUSHED, "kind": "pets"}


@pytest.fixture(scope="module")
def tasks(lm):
    """Questions with two answers; right is what the intact model says, so that any change is a loss."""
    made = {}
    for first in (" dog", " house"):
        items = [Item("see", f"The{first} saw the", pair, 0) for pair in combinations(WORDS, 2)]
        said = many.choice_scores(lm, items, [None])[0].argmax(-1)
        made[first] = [replace(one, answer=int(best)) for one, best in zip(items, said, strict=True)]
    return made | {" dog": made[" dog"][:6]}


def answered(lm, tasks, masks, silencing):
    made = [None, *(silencing.of(one, "pets") for one in [*masks, masks.any(0)])]
    return lesions.right(lm, tasks, made)


def test_sets_that_answer_everything_have_the_change_of_networks_that_are_the_same(lm, tasks):
    right = answered(lm, tasks, SETS[0], PUSHED)
    table = answering.beside_matched(lm, tasks, right, SETS[:1], **WAY, n_sets=2, n_each=15)
    assert table.index.tolist() == ["one network", "all networks"]
    assert (table["change"] < 0).all()
    np.testing.assert_allclose(table["change"], table["matched"], atol=1e-12)
    np.testing.assert_allclose(table["band_low"], table["band_high"], atol=1e-12)
    by_hand = np.concatenate(list(right.values()), axis=1).mean(1)
    assert table.loc["one network", "change"] == pytest.approx(by_hand[1:3].mean() - by_hand[0])
    assert table.loc["all networks", "change"] == pytest.approx(by_hand[3] - by_hand[0])


def test_networks_that_change_answers_stand_out_from_sets_that_do_not(lm, tasks):
    """Half of the neurons pushed far, beside sets of one neuron that is put where it all but is."""
    masks = np.zeros((2, 72), bool)
    masks[:, 1::2] = True
    sets = np.zeros((8, 2, 72), bool)
    sets[..., 0] = True
    right = answered(lm, tasks, masks, PUSHED)
    table = answering.beside_matched(lm, tasks, right, sets, **WAY, n_sets=1, n_each=4)
    assert (table["low"] <= table["change"]).all()
    assert (table["change"] <= table["high"]).all()
    assert (table["high"] < table["band_low"]).all()
