from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import kurtosis

from analysis.decomposition import spatial_ica, standardise
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
    found = repeats.split_anew(sets, decompose, 2)
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
    alone = repeats.split_anew(sets[:1], decompose, 1)
    assert alone.kurtosis == pytest.approx(expected, rel=1e-4)
    seed = stability.seeds(0, 1)[0]
    assert alone.table[0, 0] == pytest.approx(stability.split_half(sets[0], decompose, seed).mean(), abs=1e-6)


def test_without_co_activation_nothing_is_alike_nor_sparse(sets):
    empty = repeats.signal_free(sets[:2], decompose, 3)
    assert empty.within.shape == (3,)
    assert empty.tables.max() < 0.4
    assert empty.kurtosis.max() < 0.5


def test_resampled_halves_share_no_text():
    activity, _ = planted(n_neurons=20, k=2)
    seen = []

    def remember(part):
        seen.append({rows.tobytes() for rows in part.values.reshape(-1, 80, 20)})
        return spatial_ica(part, 1, n_restarts=1)

    assert repeats.resampled_halves([activity], remember, 5).tables.shape == (5, 1, 1)
    assert len(seen) == 10
    assert not any(first & second for first, second in zip(seen[::2], seen[1::2], strict=True))


def test_an_interval_is_centred_and_as_wide_as_the_draws_say():
    interval = repeats.around(0.5, np.array([0.1, 0.2, 0.3]))
    assert (interval.low + interval.high) / 2 == pytest.approx(0.5)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.1)


def test_a_model_with_networks_differs_from_one_without_and_not_from_itself(sets):
    empty = [stability.shifted(each, 1) for each in sets[:2]]
    trained, untrained = (
        (repeats.split_anew(texts, decompose, 2), repeats.resampled_halves(texts, decompose, 5))
        for texts in (sets[:2], empty)
    )
    table = repeats.beside(["a", "b"], trained, untrained)
    assert (table["trained"] > 0.9).all()
    assert (table["untrained"] < 0.35).all()
    assert (table["difference_low"] > 0).all()
    same = repeats.beside(["a", "b"], trained, trained)
    assert (same[["difference", "difference_low", "difference_high"]] == 0).all(axis=None)


def test_what_is_planted_is_sparser_and_more_alike_than_chance_gives(sets):
    ways = (repeats.split_anew, repeats.resampled_halves, repeats.signal_free)
    same = repeats.beyond_signal_free(*(way(sets[:2], decompose, 4) for way in ways))
    for name, (interval, chance) in same.items():
        assert interval.low > 0.3, name
        assert chance.mean() == pytest.approx(0, abs=1e-12)
        assert np.abs(chance).max() < interval.low
    strangers = repeats.beyond_signal_free(*(way(sets[1:], decompose, 4) for way in ways))
    assert strangers["within"][0].low > 0.3
    assert strangers["between"][0].estimate < 0.2
