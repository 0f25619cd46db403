import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis import inference
from analysis.errors import InputError
from analysis.inference import (
    Interval,
    chosen_on_tune,
    corrected_p,
    mean_over_units,
    paired_proportions,
    random_set_p,
    smallest_p,
    specificity,
    verdict,
)


def test_resamples_of_one_unit_do_not_widen_an_interval_without_bounds():
    for seed in range(20):
        values = np.random.default_rng(seed).normal(0.1, 0.03, 3)
        found = mean_over_units(values, seed=seed)
        assert found.high - found.low < 1000 * values.std()


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


def test_of_many_normal_values_the_intervals_are_those_of_t():
    rng = np.random.default_rng(5)
    here, there = rng.normal(0.4, 1, 200), rng.normal(0.1, 2, 150)
    by_t = stats.ttest_1samp(here, 0).confidence_interval()
    found = mean_over_units(here)
    assert [found.low, found.high] == pytest.approx([by_t.low, by_t.high], abs=0.1 * (by_t.high - by_t.low))
    by_welch = stats.ttest_ind(here, there, equal_var=False).confidence_interval()
    found = specificity(here, there)
    assert [found.low, found.high] == pytest.approx(
        [by_welch.low, by_welch.high], abs=0.1 * (by_welch.high - by_welch.low)
    )


def test_the_standard_error_of_a_mean_is_that_of_scipy():
    values = np.random.default_rng(6).normal(size=7)
    error = inference._standard_error(values[None], np.ones((1, 7)), np.array([values.mean()]))
    assert error[0] == pytest.approx(stats.sem(values))


DRAWS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "exponential": lambda rng, n: rng.exponential(1, n) - 1,
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n) - np.exp(0.5),
}


@pytest.mark.slow
@pytest.mark.parametrize("n", [7, 10, 20, 40])
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_intervals_over_units_cover(draw, n):
    rng = np.random.default_rng(1)
    found = [mean_over_units(DRAWS[draw](rng, n), n_draws=1000, seed=seed) for seed in range(1500)]
    assert 0.93 <= covered(found, 0) <= 0.97


@pytest.mark.slow
def test_where_one_unit_outweighs_the_rest_intervals_cover_less_and_how_much_less_is_known():
    rng = np.random.default_rng(2)
    found = [mean_over_units(DRAWS["lognormal"](rng, 10), n_draws=1000, seed=seed) for seed in range(1500)]
    assert 0.89 <= covered(found, 0) <= 0.94


@pytest.mark.slow
def test_intervals_cover_over_units_of_unequal_size():
    rng = np.random.default_rng(3)
    found = []
    for seed in range(1000):
        texts = np.repeat(np.arange(20), rng.integers(1, 40, 20))
        values = rng.standard_normal(20)[texts] + rng.standard_normal(len(texts))
        found.append(mean_over_units(values, texts, n_draws=1000, seed=seed))
    assert 0.93 <= covered(found, 0) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("here", "there"), [((12, "normal"), (40, "normal")), ((20, "exponential"), (12, "normal"))])
def test_specificity_covers_the_difference_of_two_samples_of_unequal_size_and_spread(here, there):
    rng = np.random.default_rng(4)
    found = []
    for seed in range(1500):
        claimed, neutral = 3 * DRAWS[here[1]](rng, here[0]) + 1, DRAWS[there[1]](rng, there[0])
        found.append(specificity(claimed, neutral, n_draws=1000, seed=seed))
    assert 0.93 <= covered(found, 1) <= 0.97


def covered(intervals, truth):
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


def test_specificity_is_the_difference_of_the_means_and_is_over_units():
    rng = np.random.default_rng(5)
    texts = np.repeat(np.arange(10), 30)
    claimed = rng.standard_normal(10)[texts] + 0.1 * rng.standard_normal(300)
    neutral = rng.standard_normal(50)
    by_text, by_token = specificity(claimed, neutral, texts), specificity(claimed, neutral)
    assert by_text.estimate == by_token.estimate == pytest.approx(claimed.mean() - neutral.mean())
    assert by_text.high - by_text.low > 1.5 * (by_token.high - by_token.low)
    # With nothing on the neutral side, it is the interval of the other.
    alone, beside = mean_over_units(claimed, texts), specificity(claimed, np.zeros(50), texts)
    assert (beside.low, beside.high) == pytest.approx((alone.low, alone.high))
    with pytest.raises(InputError, match="2 units tell nothing"):
        specificity(claimed, neutral[:2])


@pytest.mark.parametrize(
    ("n", "gained", "lost", "least", "most"),
    [
        (40, 0.0, 0.02, 0.97, 1.0),  # hardly anything changes: too wide, where the percentile bootstrap covers .55
        (40, 0.1, 0.05, 0.94, 0.98),
        (150, 0.01, 0.01, 0.95, 0.99),
        (300, 0.02, 0.05, 0.935, 0.97),
        (300, 0.1, 0.2, 0.935, 0.965),
    ],
)
def test_the_score_interval_covers_even_where_few_items_change(n, gained, lost, least, most):
    drawn = np.random.default_rng(2).multinomial(n, [gained, lost, 1 - gained - lost], 20000)
    outcomes, times = np.unique(drawn, axis=0, return_counts=True)
    hit = [covered([paired_proportions(*answers(*outcome))], gained - lost) for outcome in outcomes]
    assert least <= np.average(hit, weights=times) <= most


def answers(gained, lost, same):
    before = np.repeat([False, True, True], [gained, lost, same])
    after = np.repeat([True, False, True], [gained, lost, same])
    return before, after


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


def test_p_counts_the_set_itself():
    draws = np.array([1.0, 2.0, 5.0])
    assert [random_set_p(5.0, draws, direction) for direction in (1, -1)] == [0.5, 1.0]
    assert random_set_p(1.0, draws, -1) == 0.5
    assert random_set_p(9.0, np.zeros(99)) == smallest_p(99) == 0.01
    assert random_set_p(-9.0, np.zeros(99), 0) == random_set_p(9.0, np.zeros(99), 0) == 0.01
    assert random_set_p(0.0, np.zeros(99)) == 1


@pytest.mark.parametrize("direction", [1, -1, 0])
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_p_is_uniform_under_the_null_in_every_direction(draw, direction):
    rng = np.random.default_rng(3)
    drawn = DRAWS[draw](rng, (3000, 100))
    p = np.array([random_set_p(values[0], values[1:], direction) for values in drawn])
    for level in (0.05, 0.2, 0.5, 0.8):
        assert (p <= level).mean() == pytest.approx(level, abs=0.025)


@pytest.mark.slow
@pytest.mark.parametrize("direction", [1, 0, [1, -1, 0, 1, -1]])
def test_the_correction_holds_its_level_over_a_dependent_family_of_unequal_scales(direction):
    rng = np.random.default_rng(4)
    scales = np.array([1, 10, 100, 1, 1])
    hits = np.zeros(2)
    for _ in range(2000):
        everything = (rng.standard_normal((200, 5)) + rng.standard_normal((200, 1))) * scales
        p = corrected_p(everything[0], everything[1:], direction)
        everything[0, 2] += 1000 if np.ndim(direction) == 0 else 0  # one true effect must not lend the others a p
        hits += p.min() <= 0.05, np.delete(corrected_p(everything[0], everything[1:], direction), 2).min() <= 0.05
    assert 0.035 < hits[0] / 2000 < 0.065
    assert hits[1] / 2000 < 0.065


def test_the_correction_takes_each_effect_in_its_direction():
    rng = np.random.default_rng(5)
    draws = rng.standard_normal((99, 3))
    observed = np.array([6.0, -6.0, -6.0])
    p = corrected_p(observed, draws, [1, -1, 0])
    assert list(p) == [0.01, 0.01, 0.01]
    assert (corrected_p(observed, draws, [-1, 1, 0])[:2] == 1).all()
    assert (corrected_p(np.array([6.0, 0, 0]), draws)[1:] > 0.2).all()
    alone = corrected_p(observed[:1] / 4, draws[:, :1])
    assert alone[0] == random_set_p(1.5, draws[:, 0])


def test_what_was_chosen_on_tune_is_read_on_test():
    tune, test = np.array([[1.0, 3.0, 2.0], [5.0, 0.0, 4.0]]), np.array([[7.0, 8.0, 9.0], [1.0, 2.0, 3.0]])
    assert list(chosen_on_tune(tune, test)) == [8.0, 1.0]
    assert list(chosen_on_tune(tune, test, -1)) == [7.0, 2.0]
    assert chosen_on_tune(tune[0], test[0]) == 8.0


def test_a_choice_is_judged_fairly_only_beside_sets_that_were_chosen_alike():
    """Ten options of unequal worth, but no worthier than those of any random set."""
    rng = np.random.default_rng(6)
    worth = rng.standard_normal((1500, 50, 10))
    tune, test = (worth + 0.5 * rng.standard_normal(worth.shape) for _ in range(2))
    best = chosen_on_tune(tune, test)
    fair = [random_set_p(row[0], row[1:]) for row in best]
    unfair = [random_set_p(row[0], others[1:, 0]) for row, others in zip(best, test, strict=True)]
    assert np.mean(np.array(fair) <= 0.1) == pytest.approx(0.1, abs=0.025)
    assert np.mean(np.array(unfair) <= 0.1) > 0.4
    assert (tune.max(-1) - best).mean() > 0.2  # the winner's curse


@pytest.mark.parametrize(
    ("limits", "direction", "p", "is_specific", "expected"),
    [
        ((0.1, 0.3), 1, 0.01, True, "supported"),
        ((-0.3, -0.1), -1, 0.01, True, "supported"),
        ((-0.3, -0.1), 0, 0.01, True, "supported"),
        ((0.1, 0.3), 1, 0.05, True, "weaker"),
        ((0.1, 0.3), 1, None, True, "weaker"),
        ((0.1, 0.3), 1, 0.01, False, "weaker"),
        ((-0.01, 0.02), 1, 0.5, True, "not supported"),
        ((0.01, 0.02), 1, 0.01, True, "not supported"),
        ((-0.3, -0.1), 1, 0.9, True, "not supported"),
        ((0.1, 0.3), -1, 0.9, True, "not supported"),
        ((-0.1, 0.4), 1, 0.2, True, "inconclusive"),
        ((-0.1, 0.4), 0, 0.01, True, "inconclusive"),
    ],
)
def test_one_rule_for_all_verdicts(limits, direction, p, is_specific, expected):
    interval = Interval(sum(limits) / 2, *limits)
    assert verdict(interval, direction, p, 0.05, is_specific=is_specific) == expected
    moved = interval.minus(-0.5)
    assert verdict(moved, direction, p, 0.05, is_specific=is_specific, reference=0.5) == expected


VALUES = arrays(np.float64, st.integers(3, 12), elements=st.floats(-10, 10).map(lambda value: round(value, 3)))


@settings(max_examples=40)
@given(VALUES, st.integers(-5, 5), st.integers(0, 100))
def test_intervals_follow_a_shift_and_turn_with_the_sign(values, shift, seed):
    found = mean_over_units(values, seed=seed, n_draws=200)
    moved = mean_over_units(values + shift, seed=seed, n_draws=200)
    turned = mean_over_units(-values, seed=seed, n_draws=200)
    assert found.estimate == pytest.approx(values.mean())
    limits = [found.low, found.high]
    if np.ptp(values):  # else all limits are the estimate, up to rounding
        slack = {"rel": 1e-6, "abs": 1e-6}
        assert [moved.low, moved.high] == pytest.approx([limit + shift for limit in limits], **slack)
        assert [-turned.high, -turned.low] == pytest.approx(limits, **slack)


PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60).map(np.array)


@given(PAIRS, st.floats(0.5, 0.99))
def test_intervals_of_paired_proportions_hold_the_change_and_turn_with_it(pairs, level):
    before, after = pairs.T
    found, back = paired_proportions(before, after, level), paired_proportions(after, before, level)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.estimate == pytest.approx(after.mean() - before.mean())
    assert [-back.high, -back.low] == pytest.approx([found.low, found.high], abs=1e-6)
    wider = paired_proportions(before, after, 0.999)
    assert wider.low <= found.low + 1e-9
    assert found.high <= wider.high + 1e-9


DRAWN = arrays(np.float64, (19, 3), elements=st.floats(-3, 3))


@given(arrays(np.float64, 3, elements=st.floats(-3, 3)), DRAWN, st.sampled_from([-1, 0, 1]))
def test_corrected_p_values_are_possible_and_never_smaller_than_single_ones(observed, draws, direction):
    corrected = corrected_p(observed, draws, direction)
    single = [random_set_p(one, column, direction) for one, column in zip(observed, draws.T, strict=True)]
    assert (corrected >= np.array(single) - 1e-12).all()
    assert ((corrected >= smallest_p(19) - 1e-12) & (corrected <= 1)).all()
    np.testing.assert_allclose(corrected * 20, np.round(corrected * 20), atol=1e-9)


LIMITS = st.tuples(*[st.floats(-2, 2)] * 3).map(sorted)


@given(LIMITS, st.sampled_from([None, 0.01, 0.2]), st.floats(0.01, 1), st.booleans())
def test_verdicts_mirror_and_support_only_what_lies_on_the_claimed_side(limits, p, smallest, is_specific):
    low, estimate, high = limits
    up = verdict(Interval(estimate, low, high), 1, p, smallest, is_specific=is_specific)
    down = verdict(Interval(-estimate, -high, -low), -1, p, smallest, is_specific=is_specific)
    assert up == down
    if up == "supported":
        assert low > 0
        assert high >= smallest
        assert p == 0.01
        assert is_specific
    if low <= 0 <= high:
        assert up in ("inconclusive", "not supported")
