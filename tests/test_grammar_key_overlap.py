import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.grammar.key_choices import compare_choices, layer_shares
from analysis.grammar.key_neurons import counts, select
from analysis.grammar.key_overlap import overlap_of_halves, own_overlap, split_half

SIZES = (60, 60)


def planted(tag_effect, lemma_effect=0.5, *, n_lemmas=20, n_items=4, n_tags=3, seed=0):
    """Counts of scores in which each tag raises six neurons of each layer, and each lemma raises some of its own."""
    rng = np.random.default_rng(seed)
    tags = np.repeat([f"T{n}" for n in range(n_tags)], n_lemmas * n_items)
    lemmas = np.repeat([f"l{n}" for n in range(n_tags * n_lemmas)], n_items)
    scores = rng.standard_normal((len(tags), sum(SIZES)))
    scores += np.repeat(rng.standard_normal((n_tags * n_lemmas, sum(SIZES))), n_items, 0) * lemma_effect
    for number in range(n_tags):
        for start in (0, 60):
            scores[tags == f"T{number}", start + 6 * number : start + 6 * number + 6] += tag_effect
    return counts(scores, tags, lemmas, SIZES, share=0.1)


def test_tags_that_have_neurons_of_their_own_overlap_with_themselves_only():
    found = own_overlap(planted(4.0), 0.1, n_draws=50)
    assert found.own > 0.95
    assert found.other < 0.05
    assert found.difference.low > 0.8
    assert found.difference.estimate == pytest.approx(found.own - found.other)
    assert (found.draws < found.difference.estimate).all()
    assert found.n_lemmas == 60


def test_tags_that_mean_nothing_overlap_no_more_with_themselves_than_with_others():
    found = own_overlap(planted(0.0), 0.1, n_draws=50)
    assert found.difference.low < 0 < found.difference.high
    assert found.draws.min() < found.difference.estimate < found.draws.max()
    assert abs(found.draws.mean()) < 0.03


def test_the_overlaps_are_those_of_split_halves():
    made = planted(1.0)
    own, other = overlap_of_halves(made, 0.1, n_splits=60)
    table = split_half(made, 0.1, n_splits=60)
    same = table["tag"] == table["other"]
    assert own == pytest.approx(table.loc[same, "jaccard"].mean(), abs=0.03)
    assert other == pytest.approx(table.loc[~same, "jaccard"].mean(), abs=0.03)


def test_the_same_seed_gives_the_same_numbers_and_more_draws_keep_the_estimate():
    made = planted(1.0)
    first, again, more = (own_overlap(made, 0.1, n_draws=n, n_splits=5) for n in (5, 5, 9))
    assert first.difference == again.difference == more.difference
    np.testing.assert_array_equal(first.draws, again.draws)


@pytest.mark.slow
def test_the_interval_is_too_wide_rather_than_too_narrow():
    found = [
        own_overlap(planted(0.8, 1.0, seed=seed), 0.1, n_draws=1, n_splits=10, seed=seed).difference
        for seed in range(60)
    ]
    mean = np.mean([each.estimate for each in found])
    assert np.mean([each.low <= mean <= each.high for each in found]) >= 0.95
    widths = [each.high - each.low for each in found]
    assert np.mean(widths) < 12 * np.std([each.estimate for each in found])  # and still of some use


@pytest.mark.parametrize("function", [own_overlap, overlap_of_halves])
def test_a_tag_with_few_lemmas_cannot_be_halved(function):
    with pytest.raises(InputError, match="'T0' has 3 lemmas, too few to halve"):
        function(planted(1.0, n_lemmas=3))


def test_choices_are_held_against_the_first():
    made, other = planted(3.0), planted(3.0, seed=1)
    table = compare_choices({"first": made, "again": made, "other words": other}, 0.1)
    assert table.loc["first", "same"] == table.loc["again", "same"] == 1
    assert 0.8 < table.loc["other words", "same"] <= 1  # what is planted is the same
    assert (table["difference"] == table["own"] - table["other"]).all()
    assert table["n_items"].tolist() == [240, 240, 240]
    chosen = [select(each, 0.1) for each in (made, other)]
    jaccard = ((chosen[0] & chosen[1]).sum(1) / (chosen[0] | chosen[1]).sum(1)).mean()
    assert table.loc["other words", "same"] == pytest.approx(jaccard)


def test_choices_of_other_tags_are_refused():
    with pytest.raises(InputError, match="'b' has other tags or layers than 'a'"):
        compare_choices({"a": planted(1.0), "b": planted(1.0, n_tags=2)})


def test_layer_shares_say_where_the_most_important_neurons_lie():
    rng = np.random.default_rng(0)
    scores = rng.random((40, 120)) * 0.1
    scores[:, :12] += 1  # ten per cent of the model, all in the first layer
    tags, lemmas = np.repeat(["A", "B"], 20), [f"l{n}" for n in range(40)]
    shares = layer_shares(counts(scores, tags, lemmas, SIZES, share=0.1, scope="model"))
    expected = pd.DataFrame({"A": [1.0, 0.0], "B": [1.0, 0.0]}, index=pd.RangeIndex(1, 3, name="layer"))
    pd.testing.assert_frame_equal(shares, expected, check_dtype=False)
