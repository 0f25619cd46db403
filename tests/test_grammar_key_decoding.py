import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.grammar import key_decoding
from analysis.grammar.key_neurons import counts, select
from analysis.probing import classifiers

SIZES = (8, 12)
LAYER_OF = np.repeat([0, 1], SIZES)


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    tags = np.repeat(["A", "B"], 40)
    scores = rng.random((80, 20))
    scores[tags == "A", 2] += 1
    scores[tags == "B", 11] += 1
    return counts(scores, tags, [f"l{n}" for n in range(80)], SIZES, share=0.25)


def test_a_part_is_tested_on_what_the_parts_before_teach():
    items = pd.DataFrame({"part": ["find", "tune", "test", "find", "tune"]})
    ((train, test),) = key_decoding.fold_of(items, "tune")
    assert (train.tolist(), test.tolist()) == ([0, 3], [1, 4])
    ((train, test),) = key_decoding.fold_of(items, "test")
    assert (train.tolist(), test.tolist()) == ([0, 1, 3, 4], [2])
    with pytest.raises(InputError, match="Nothing stands before 'find'"):
        key_decoding.fold_of(items, "find")


def test_ranks_are_of_each_layer_and_the_best_of_any_tag(made):
    rank = key_decoding.best_first(made)
    assert rank[2] == rank[11] == 0
    for layer, size in enumerate(SIZES):
        inside = rank[layer == LAYER_OF]
        assert inside.min() == 0
        assert 1 <= (inside == 0).sum() <= 2  # one a tag
        assert (inside < size).all()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_places_below_k_are_the_k_most_used_of_each_tag(k):
    """Without ties the set is that of the selection."""
    rng = np.random.default_rng(1)
    used = np.stack([rng.permutation(20) + 1.0, rng.permutation(20) + 1.0]).astype(np.float32)
    base = counts(np.ones((2, 20)), ["A", "B"], ["a", "b"], (20,), share=1.0)
    made = type(base)(used, base.lexemes, base.layer_sizes)
    mask = key_decoding.key_mask(key_decoding.best_first(made), np.zeros(20, int), 1, k)
    np.testing.assert_array_equal(mask, select(made, k / 20).any(0))


def test_the_worst_are_as_many_in_each_layer_and_others(made):
    rank = key_decoding.best_first(made)
    mask = key_decoding.key_mask(rank, LAYER_OF, key_decoding.ALL_LAYERS, 2)
    worst = key_decoding.highest_instead(mask, rank, LAYER_OF)
    assert not (mask & worst).any()
    for layer in (0, 1):
        here = layer == LAYER_OF
        assert worst[here].sum() == mask[here].sum()
        assert rank[here & worst].min() >= rank[here & ~worst & ~mask].max(initial=0)


def test_others_are_ranked_within_their_layer_and_what_has_no_score_comes_last():
    layer_of = np.repeat([0, 1], 3)
    mask = np.array([True, False, False, True, True, False])
    score = np.array([1.0, np.nan, 2.0, -5.0, np.nan, -4.0])
    found = key_decoding.highest_instead(mask, score, layer_of)
    assert found.tolist() == [False, False, True, True, False, True]


def test_a_cell_is_one_layer_or_all(made):
    rank = key_decoding.best_first(made)
    every = key_decoding.key_mask(rank, LAYER_OF, key_decoding.ALL_LAYERS, 3)
    single = [key_decoding.key_mask(rank, LAYER_OF, layer, 3) for layer in (1, 2)]
    np.testing.assert_array_equal(every, single[0] | single[1])
    assert not single[0][8:].any()


def test_sizes_are_shares_of_the_smallest_layer():
    assert key_decoding.sizes_for([0.0015, 0.007, 0.02, 0.05, 0.14], [704] * 6) == [1, 5, 14, 35, 99]
    assert key_decoding.sizes_for([0.0015, 0.007, 0.02], [172, 400]) == [1, 3]


def test_of_equally_accurate_cells_the_one_with_fewest_neurons_is_chosen():
    table = pd.DataFrame({"layer": [0, 1, 2, 2], "k": [5, 5, 5, 9], "estimate": [0.7, 0.7, 0.7, 0.7]})
    assert key_decoding.chosen_cell(table) == (1, 5)
    assert key_decoding.chosen_cell(table.assign(estimate=[0.7, 0.7, 0.7, 0.8])) == (2, 9)


def test_each_set_is_classified_by_its_own_neurons():
    rng = np.random.default_rng(0)
    tags = np.repeat(["A", "B"], 60)
    features = rng.standard_normal((120, 6))
    features[:, 2] += 4 * (tags == "A")
    folds = classifiers.item_folds(tags)
    masks = np.eye(6, dtype=bool)[[2, 4]]
    found = key_decoding.classify_sets(features, masks, tags, folds)
    assert found.shape == (2, 120)
    assert (found == tags).mean(1)[0] > 0.9
    assert (found == tags).mean(1)[1] < 0.7
    np.testing.assert_array_equal(found[0], classifiers.classify(features[:, [2]], tags, folds))
