import numpy as np
import pytest

from analysis import inference
from analysis.errors import InputError
from analysis.inference import (
    Interval,
    corrected_p,
    mean_over_units,
    paired_proportions,
    random_set_p,
    smallest_p,
    verdict,
)


def test_the_interval_is_over_units_not_values():
    """A hundred tokens of each of ten texts are ten observations."""
    rng = np.random.default_rng(0)
    texts = np.repeat(np.arange(10), 100)
    values = rng.standard_normal(10)[texts] + 0.1 * rng.standard_normal(1000)
    by_text, by_token = mean_over_units(values, texts), mean_over_units(values)
    assert by_text.estimate == pytest.approx(values.mean())
    assert by_text.high - by_text.low > 5 * (by_token.high - by_token.low)
    with pytest.raises(InputError, match="2 units tell nothing"):
        mean_over_units(values[:200], texts[:200])
    assert mean_over_units(np.full(5, 2.0)) == Interval(2.0, 2.0, 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_intervals_over_units_cover(draw):
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(1000):
        effects = rng.standard_normal(25) if draw == "normal" else rng.exponential(1, 25) - 1
        found = mean_over_units(effects, n_draws=600, seed=seed)
        covered += found.low <= 0 <= found.high
    assert 0.93 <= covered / 1000 <= 0.97


@pytest.mark.parametrize(("gained", "lost", "same"), [(0.01, 0.01, 0.5), (0.05, 0.02, 0.6), (0.2, 0.1, 0.4)])
def test_the_score_interval_covers_even_where_few_items_change(gained, lost, same):
    rng = np.random.default_rng(2)
    covered, runs = 0, 600
    for _ in range(runs):
        kind = rng.choice(4, 150, p=[gained, lost, same, 1 - gained - lost - same])
        found = paired_proportions(np.isin(kind, [1, 2]), np.isin(kind, [0, 2]))
        covered += found.low <= gained - lost <= found.high
    assert 0.92 <= covered / runs <= 0.99


def test_at_its_limits_the_interval_s_score_is_the_normal_quantile():
    before = np.array([True] * 12 + [False] * 38)
    after = np.array([False] * 2 + [True] * 10 + [True] * 9 + [False] * 29)
    found = paired_proportions(before, after)
    assert found.estimate == pytest.approx(7 / 50)
    for limit, z in ((found.low, 1.96), (found.high, -1.96)):
        assert inference._tango(9, 2, 50, limit) == pytest.approx(z, abs=1e-3)


def test_nothing_changed_and_everything_changed():
    same = np.ones(40, bool)
    found = paired_proportions(same, same)
    assert found.estimate == 0
    assert found.low == pytest.approx(-found.high)
    assert 0.05 < found.high < 0.12
    assert paired_proportions(same, ~same).low == -1
    with pytest.raises(InputError, match="40 items before and 39 after are no pairs"):
        paired_proportions(same, same[1:])


def test_p_counts_the_set_itself_and_is_uniform_under_the_null():
    assert random_set_p(5.0, np.array([1.0, 2.0, 5.0])) == 0.5
    assert random_set_p(9.0, np.zeros(99)) == smallest_p(99) == 0.01
    rng = np.random.default_rng(3)
    p = np.array([random_set_p(*_split(rng.standard_normal(100))) for _ in range(2000)])
    for level in (0.05, 0.2, 0.5, 0.8):
        assert (p <= level).mean() == pytest.approx(level, abs=0.03)


def _split(values):
    return values[0], values[1:]


def test_the_correction_holds_its_level_over_a_dependent_family_of_unequal_scales():
    rng = np.random.default_rng(4)
    scales = np.array([1, 10, 100, 1, 1])
    hits = 0
    for _ in range(500):
        everything = (rng.standard_normal((200, 5)) + rng.standard_normal((200, 1))) * scales
        hits += corrected_p(everything[0], everything[1:]).min() < 0.05
    assert 0.02 < hits / 500 < 0.08
    observed = np.array([6.0, 0, 0, 0, 0])
    p = corrected_p(observed, rng.standard_normal((99, 5)))
    assert p[0] == 0.01
    assert (p[1:] > 0.2).all()


@pytest.mark.parametrize(
    ("low", "high", "p", "is_specific", "expected"),
    [
        (0.1, 0.3, 0.01, True, "supported"),
        (0.1, 0.3, 0.20, True, "weaker"),
        (0.1, 0.3, 0.01, False, "weaker"),
        (-0.01, 0.02, 0.5, True, "not supported"),
        (-0.3, -0.1, 0.9, True, "not supported"),
        (-0.1, 0.4, 0.2, True, "inconclusive"),
    ],
)
def test_one_rule_for_all_verdicts(low, high, p, is_specific, expected):
    interval = Interval((low + high) / 2, low, high)
    assert verdict(interval, 1, p, 0.05, is_specific=is_specific) == expected
