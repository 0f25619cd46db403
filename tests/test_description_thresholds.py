import numpy as np
import pytest

from analysis.description.thresholds import false_discovery, rules
from analysis.errors import InputError


def planted(k=4, n=4000, strong=100, size=6.0, seed=0):
    """Normal maps in which the first neurons are strong, half of them negative."""
    maps = np.random.default_rng(seed).standard_normal((k, n)).astype(np.float32)
    maps[:, :strong] += size * np.where(np.arange(strong) % 2, -1, 1)
    return maps


def empty(n_maps=20, n=4000, seed=1):
    return np.random.default_rng(seed).standard_normal((n_maps, n)).astype(np.float32)


def test_planted_neurons_are_found_at_the_promised_rate():
    maps = planted()
    marked = np.abs(maps) > false_discovery(maps, empty(), 0.05)[:, None]
    assert marked[:, :100].mean() > 0.97
    false = marked[:, 100:].sum(1) / marked.sum(1)
    assert 0 < false.mean() < 0.08


def test_one_side_finds_the_positive_half():
    maps = planted()
    marked = maps > false_discovery(maps, empty(), 0.05, two_sided=False)[:, None]
    assert marked[:, 0:100:2].mean() > 0.97
    assert not marked[:, 1:100:2].any()


def test_nothing_is_marked_where_there_is_nothing():
    assert np.isinf(false_discovery(empty(10, seed=5), empty())).sum() >= 9


def test_the_null_is_the_data_and_not_the_normal_distribution():
    """Heavy tails that the null has too are no network."""
    rng = np.random.default_rng(0)
    heavy, null = (rng.standard_t(3, (10, 4000)).astype(np.float32) for _ in range(2))
    assert np.isinf(false_discovery(heavy, null)).sum() >= 8
    assert np.isfinite(false_discovery(heavy, empty())).all()


def test_the_bar_is_that_of_benjamini_and_hochberg():
    null = np.arange(1, 100, dtype=np.float32)[None]  # p of a value v is (100 - v + 1) / 100, about
    maps = np.array([[100, 98, 50, 3]], np.float32)
    # p: .01, .03, .51, .98; at a rate of .1 the steps are .025, .05, .075, .1
    assert false_discovery(maps, null, 0.1).tolist() == [50.0]
    assert false_discovery(maps, null, 0.04).tolist() == [98.0]
    assert false_discovery(maps, null, 0.03).tolist() == [np.inf]


def test_rules_count_in_maps_with_and_without_networks():
    shifted = np.stack([empty(4, seed=seed) for seed in range(6)])
    table = rules(planted(), shifted)
    assert list(table.columns) == ["real", "shifted", "Gaussian", "lowest bar"]
    assert table.loc["|z| > 1.96", "Gaussian"] == pytest.approx(200, rel=0.1)  # 5 % of 4,000
    assert table.loc["z > 1.96", "Gaussian"] == pytest.approx(100, rel=0.15)
    assert table.loc["|z| > 3.6", "shifted"] < 5
    assert table.loc["5% false discoveries, |z|", "real"] == pytest.approx(105, abs=6)
    assert table.loc["5% false discoveries, z", "real"] == pytest.approx(52, abs=4)
    assert table.loc["5% false discoveries, |z|", ["shifted", "Gaussian"]].max() <= 1


def test_the_draw_that_is_counted_does_not_set_the_bar():
    shifted = np.stack([empty(4, seed=seed) for seed in range(3)])
    before = rules(planted(), shifted).loc["5% false discoveries, |z|", "lowest bar"]
    shifted[-1] *= 100
    after = rules(planted(), shifted)
    assert after.loc["5% false discoveries, |z|", "lowest bar"] == before
    assert after.loc["5% false discoveries, |z|", "shifted"] > 3000


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="rate of 5 makes no sense"):
        false_discovery(planted(), empty(), 5)
    with pytest.raises(InputError, match="no null maps"):
        false_discovery(planted(), np.zeros((0, 4000), np.float32))
    with pytest.raises(InputError, match="1 draws of signal-free activity are too few"):
        rules(planted(), empty(4)[None])
