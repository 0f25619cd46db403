from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kurtosis, ttest_1samp, ttest_ind

from analysis.decomposition import spatial_ica, standardise
from analysis.errors import InputError
from analysis.recurrence import repeats, stability
from analysis.simulation import planted

decompose = partial(spatial_ica, k=4, n_restarts=1)


def few_neurons_each(seed, noise_seed):
    """Activity of four networks of a tenth of the neurons each, which standardising leaves as sparse as they are."""
    activity, _ = planted(k=4, n_neurons=1000)
    maps = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], (4, 1000), p=[0.05, 0.9, 0.05])
    rng = np.random.default_rng(noise_seed)
    values = 2 * rng.standard_normal((640, 4)) @ maps + rng.standard_normal((640, 1000))
    return standardise(replace(activity, values=values.astype(np.float32)))


@pytest.fixture(scope="module")
def sets():
    """The first two have the same networks with other courses and noise, the third has networks of its own."""
    return [few_neurons_each(*seeds) for seeds in ((0, 1), (0, 2), (1, 3))]


def test_data_sets_with_the_same_networks_and_with_others(sets):
    found = repeats.leave_out(sets, decompose, n_splits=2, n_groups=3).whole
    assert found.tables.shape == (2, 3, 3)
    table = found.table
    np.testing.assert_allclose(table, table.T)
    assert table[0, 1] > 0.9
    assert (np.diag(table) > 0.9).all()
    assert table[:2, 2].max() < 0.3
    np.testing.assert_allclose(found.within, [np.diag(one).mean() for one in found.tables])
    np.testing.assert_allclose(found.between, [one[~np.eye(3, dtype=bool)].mean() for one in found.tables])
    first, second = stability.decompose_halves(sets[0], decompose, stability.seeds(0, 2)[0])
    expected = np.mean([kurtosis(half.maps, axis=1) for half in (first, second)])
    alone = repeats.leave_out(sets[:1], decompose, n_splits=1, n_groups=2).whole
    assert alone.kurtosis == pytest.approx(expected, rel=1e-4)
    seed = stability.seeds(0, 1)[0]
    assert alone.table[0, 0] == pytest.approx(stability.split_half(sets[0], decompose, seed).mean(), abs=1e-6)


def test_without_co_activation_nothing_is_alike_nor_sparse(sets):
    empty = repeats.signal_free(sets[:2], decompose, 3)
    assert empty.within.shape == (3,)
    assert empty.tables.max() < 0.4
    assert empty.kurtosis.max() < 0.5


def test_each_text_is_left_out_once_of_every_split_and_the_rest_is_as_it_was():
    activity, _ = planted(n_neurons=20, k=2, n_texts=5)
    seen = []

    def remember(part):
        seen.append(frozenset(rows.tobytes() for rows in part.values.reshape(-1, 80, 20)))
        return spatial_ica(part, 1, n_restarts=1)

    found = repeats.leave_out([activity], remember, n_splits=2)
    assert found.without.tables.shape == (5, 1, 1)
    assert found.taken_from.tolist() == [0] * 5
    texts = {rows.tobytes() for rows in activity.values.reshape(-1, 80, 20)}
    for split in (seen[:7], seen[7:]):  # two halves, then five of them with one text less
        first, second = split[:2]
        assert not first & second
        assert first | second == texts
        left = [next(iter(half - part)) for part in split[2:] for half in (first, second) if part < half]
        assert sorted(left) == sorted(texts)


def test_what_is_left_out_of_one_data_set_changes_only_its_row_and_column(sets):
    found = repeats.leave_out(sets, decompose, n_splits=1, n_groups=2)
    assert found.taken_from.tolist() == [0, 0, 1, 1, 2, 2]
    for table, place in zip(found.without.tables, found.taken_from, strict=True):
        same = table == found.whole.tables[0]
        np.testing.assert_array_equal(table, table.T)
        others = np.arange(3) != place
        assert same[np.ix_(others, others)].all()
        assert not same[place].any()


def test_documents_are_dealt_whole_to_as_many_groups_as_asked():
    activity, _ = planted(n_neurons=20, k=2)  # eight texts
    tokens = activity.tokens.assign(document=(activity.tokens["text"] // 2).map(str))
    groups = repeats._groups(replace(activity, tokens=tokens), 2, 0)
    assert sorted(np.concatenate(groups)) == list(range(8))
    assert all(len(group) == 4 and set(group // 2 * 2) <= set(group) for group in groups)
    with pytest.raises(InputError, match="over 3 documents of a data set cannot be had"):
        repeats._groups(activity.where((activity.tokens["text"] < 3).to_numpy()), 20, 0)


def test_the_interval_of_a_mean_is_students():
    values = np.random.default_rng(0).standard_normal(12)
    without = (values.sum() - values) / 11
    interval = repeats._interval(values.mean(), without, np.zeros(12, int))
    expected = ttest_1samp(values, 0).confidence_interval()
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_a_sum_over_data_sets_is_welchs():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal(8), 4 * rng.standard_normal(12)
    without = np.concatenate([(one.sum() - one) / 7 - other.mean(), one.mean() - (other.sum() - other) / 11])
    interval = repeats._interval(one.mean() - other.mean(), without, np.repeat([0, 1], [8, 12]))
    expected = ttest_ind(one, other, equal_var=False).confidence_interval()
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def few_texts(seed, loud):
    """Ten short texts of one population: three networks, each text with strengths of its own, in noise."""
    rng = np.random.default_rng(seed)
    maps = np.random.default_rng(99).choice([-1.0, 0.0, 1.0], (3, 150), p=[0.1, 0.8, 0.1])
    strength = loud * rng.lognormal(0, 0.5, (10, 1, 3))
    values = (strength * rng.standard_normal((10, 25, 3))).reshape(250, 3) @ maps + rng.standard_normal((250, 150))
    activity, _ = planted(k=3, n_texts=10, tokens_per_text=25, n_neurons=150)
    return standardise(replace(activity, values=values.astype(np.float32)))


@pytest.mark.slow
def test_intervals_over_texts_cover_as_often_as_they_say():
    """Trained minus untrained on 120 samples of texts: the interval holds the mean of all samples in .91 to .99."""
    three = partial(spatial_ica, k=3, n_restarts=1, max_iter=100)
    rows = []
    for seed in range(120):
        models = [repeats.leave_out([few_texts(seed, loud)], three, seed=seed) for loud in (0.8, 0.5)]
        rows.append(repeats.beside(["set"], *models).iloc[0])
    table = pd.DataFrame(rows)
    for name in ("trained", "untrained", "difference"):
        covered = table[f"{name}_low"].le(table[name].mean()) & table[f"{name}_high"].ge(table[name].mean())
        assert 0.91 <= covered.mean() <= 0.99, (name, covered.mean())


def test_a_model_with_networks_differs_from_one_without_and_not_from_itself(sets):
    empty = [stability.shifted(each, 1) for each in sets[:2]]
    trained, untrained = (repeats.leave_out(texts, decompose, n_splits=2, n_groups=4) for texts in (sets[:2], empty))
    table = repeats.beside(["a", "b"], trained, untrained)
    assert table.index.tolist() == ["a", "b", repeats.BETWEEN]
    assert table.loc[repeats.BETWEEN, "trained"] == pytest.approx(trained.whole.between.mean())
    assert (table["trained"] > 0.9).all()
    assert (table["untrained"] < 0.35).all()
    assert (table["difference_low"] > 0).all()
    same = repeats.beside(["a", "b"], trained, trained)
    assert (same[["difference", "difference_low", "difference_high"]] == 0).all(axis=None)


def test_what_is_planted_is_sparser_and_more_alike_than_chance_gives(sets):
    how = {"n_splits": 2, "n_groups": 4}
    same, strangers = (
        repeats.beyond_signal_free(repeats.leave_out(some, decompose, **how), repeats.signal_free(some, decompose, 4))
        for some in (sets[:2], sets[1:])
    )
    for name, (interval, chance) in same.items():
        assert interval.low > 0.3, name
        assert chance.mean() == pytest.approx(0, abs=1e-12)
        assert np.abs(chance).max() < interval.low
    assert strangers["within"][0].low > 0.3
    assert strangers["between"][0].estimate < 0.2
