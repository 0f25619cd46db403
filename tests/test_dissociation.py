"""Double dissociation: found where it is planted, and not where a matrix is only uneven."""

import numpy as np
import pytest
from scipy.stats import kstest

from analysis.dissociation import (
    choose_pairing,
    contrast,
    diagonal_excess,
    dissociated_pairs,
    smaller,
    standardised,
)
from analysis.errors import InputError
from analysis.inference import Interval

OWN = np.array([[0, 0], [1, 1]])
FRAGILITY = np.array([0.1, 1.0, 2.0, 5.0])


def uneven(rng, n_draws, n_lesions=4, n_targets=4, severity=1.0):
    """Draw a matrix and its matched sets: sets that do more or less, targets that are fragile, nothing specific."""
    shape = (n_draws + 1, n_lesions, n_targets)
    made = (1 + 0.3 * rng.standard_normal((*shape[:2], 1)) + 0.3 * rng.standard_normal(shape)) * FRAGILITY[:n_targets]
    made[0] *= np.reshape(severity, (-1, 1))
    return made[0], made[1:]


def own(k):
    return np.stack([np.arange(k)] * 2, axis=1)


def test_a_planted_double_dissociation_is_found_and_named():
    effects, null = uneven(np.random.default_rng(0), 199)
    effects[2, 1] += 5 * FRAGILITY[1]
    effects[0, 3] += 5 * FRAGILITY[3]
    found = dissociated_pairs(effects, null, np.array([[1, 0], [2, 1], [3, 2], [0, 3]]))
    best = found.loc[found["p_corrected"].idxmin()]
    assert tuple(best[["lesion", "target", "other_lesion", "other_target"]]) == (2, 1, 0, 3)
    assert best["p"] == best["p_corrected"] == 1 / 200
    assert best["smaller"] == min(best["first"], best["second"])
    assert (found.drop(best.name)["p_corrected"] > 0.05).all()
    assert len(found) == 6


def test_one_lesion_alone_dissociates_nothing():
    effects, null = uneven(np.random.default_rng(1), 199)
    effects[0, 0] += 10
    found = dissociated_pairs(effects, null, own(4))
    assert found["first"].max() > 5
    assert found["p_corrected"].min() > 0.05


def test_the_larger_p_of_the_two_contrasts_counts():
    rng = np.random.default_rng(2)
    effects, null = rng.standard_normal((2, 2)), rng.standard_normal((99, 2, 2))
    z, z_null = standardised(effects, null)
    p = [(1 + (z_null[:, i, i] - z_null[:, i, 1 - i] >= z[i, i] - z[i, 1 - i]).sum()) / 100 for i in range(2)]
    found = dissociated_pairs(effects, null, OWN)
    assert found["p"].item() == max(p)
    assert found["p_corrected"].item() >= max(p)


def test_effects_are_in_standard_deviations_of_their_matched_sets_and_each_draw_is_judged_by_the_others():
    effects, null = uneven(np.random.default_rng(3), 20)
    z, z_null = standardised(effects, null)
    np.testing.assert_allclose(z, (effects - null.mean(0)) / null.std(0, ddof=1))
    others = np.delete(null, 7, axis=0)
    np.testing.assert_allclose(z_null[7], (null[7] - others.mean(0)) / others.std(0, ddof=1))


def test_units_and_the_order_of_draws_do_not_matter():
    rng = np.random.default_rng(4)
    effects, null = uneven(rng, 99)
    found = dissociated_pairs(effects, null, own(4))
    scale, shift = np.array([1, 10, 0.01, 3]), rng.standard_normal((4, 4))
    moved = dissociated_pairs(effects * scale + shift, rng.permutation(null) * scale + shift, own(4))
    np.testing.assert_allclose(moved, found)


def test_pairing_takes_what_a_lesion_hurts_beyond_the_rest_and_no_lesion_twice():
    effects, null = uneven(np.random.default_rng(5), 99, n_lesions=6)
    effects[5] *= 4  # hurts everything: matched with nothing for that alone
    for target, lesion in enumerate([3, 0, 4, 1]):
        effects[lesion, target] += 4 * FRAGILITY[target]
    assert choose_pairing(effects, null).tolist() == [[3, 0], [0, 1], [4, 2], [1, 3]]
    assert choose_pairing(effects[:2], null[:, :2]).shape == (2, 2)


def test_matches_that_stand_out_from_the_rest_need_not_be_a_dissociation():
    """Severe lesions matched with two abilities, mild ones with none."""
    effects, null = uneven(np.random.default_rng(6), 199, n_targets=2, severity=[2.5, 2.5, 1, 1])
    assert diagonal_excess(effects, null, OWN) > 1
    assert dissociated_pairs(effects, null, OWN)["p_corrected"].item() > 0.2


def test_an_interval_over_items_surrounds_the_contrast_of_the_table():
    rng = np.random.default_rng(7)
    effects, null = uneven(rng, 99)
    items = effects[:, :, None] + rng.standard_normal((4, 4, 30))
    items += (effects - items.mean(-1))[:, :, None]
    found = dissociated_pairs(effects, null, OWN).loc[0]
    first = contrast(items[0, 0], items[0, 1], null[:, 0, 0], null[:, 0, 1])
    second = contrast(items[1, 1], items[1, 0], null[:, 1, 1], null[:, 1, 0])
    assert (first.estimate, second.estimate) == pytest.approx((found["first"], found["second"]))
    both = smaller(first, second)
    assert both.estimate == pytest.approx(found["smaller"])
    assert (both.low, both.high) == (min(first.low, second.low), min(first.high, second.high))
    # Over lemmas it is wider than over their words.
    lemmas = np.repeat(np.arange(6), 5)
    by_lemma = contrast(
        np.repeat(items[0, 0][:6], 5), items[0, 1], null[:, 0, 0], null[:, 0, 1], own_units=lemmas, other_units=None
    )
    by_word = contrast(np.repeat(items[0, 0][:6], 5), items[0, 1], null[:, 0, 0], null[:, 0, 1])
    assert by_lemma.high - by_lemma.low > 1.2 * (by_word.high - by_word.low)


@pytest.mark.parametrize(
    ("effects", "null", "message"),
    [
        (np.zeros((2, 2)), np.zeros((9, 2, 3)), "do not fit effects of shape"),
        (np.zeros((2, 2)), np.zeros((3, 2, 2)), "Give four or more"),
        (np.zeros((2, 2)), np.zeros((9, 2, 2)), "All sets matched to lesion 0 do the same to target 0"),
    ],
)
def test_draws_that_cannot_judge_are_refused(effects, null, message):
    with pytest.raises(InputError, match=message):
        dissociated_pairs(effects, null, OWN)


def test_a_pairing_that_is_none_is_refused():
    effects, null = uneven(np.random.default_rng(8), 9)
    for pairing in ([[0, 0]], [[0, 0], [0, 1]], [[0, 1], [2, 1]]):
        with pytest.raises(InputError, match="two or more matches, without a lesion or target twice"):
            dissociated_pairs(effects, null, np.array(pairing))


@pytest.mark.slow
@pytest.mark.parametrize("n_draws", [100, 400])
def test_p_is_uniform_where_one_of_the_two_contrasts_is_real_and_the_other_is_not(n_draws):
    """The case that an intersection-union test must hold its level in; elsewhere it is below."""
    rng = np.random.default_rng(9)
    p = []
    for _ in range(2000):
        effects, null = uneven(rng, n_draws, 2, 2)
        effects[0, 0] += 10 * FRAGILITY[0]
        p.append(dissociated_pairs(effects, null, OWN)["p"].item())
    assert kstest(np.array(p) - rng.random(len(p)) / (n_draws + 1), "uniform").pvalue > 0.001
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.015)


@pytest.mark.slow
@pytest.mark.parametrize("severity", [1.0, [1.0, 1.5, 2.0, 3.0]])
def test_a_matrix_without_specificity_yields_a_dissociated_pair_in_at_most_five_per_cent(severity):
    rng = np.random.default_rng(10)
    hits, excess = 0, []
    for _ in range(1500):
        effects, null = uneven(rng, 100, severity=severity)
        hits += dissociated_pairs(effects, null, own(4))["p_corrected"].min() <= 0.05
        excess.append(diagonal_excess(effects, null, own(4)))
    assert hits / 1500 <= 0.05
    assert np.quantile(excess, 0.9) > 0.33  # the description alone would often be taken for specificity


@pytest.mark.slow
def test_pairings_chosen_on_other_items_yield_no_pair_either():
    """The cells of lesions that really differ are alike on `tune` and `test`; only what repeats may count."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(1500):
        effects, null = uneven(rng, 100)
        noise = 0.3 * FRAGILITY
        tune, test = (
            (effects + noise * rng.standard_normal(effects.shape), null + noise * rng.standard_normal(null.shape))
            for _ in range(2)
        )
        hits += dissociated_pairs(*test, choose_pairing(*tune))["p_corrected"].min() <= 0.05
    assert hits / 1500 <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("truths", [(2.0, 2.0), (2.0, 4.0)])
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_intervals_of_contrasts_and_of_the_smaller_of_two_cover(truths, draw):
    rng = np.random.default_rng(12)
    null = rng.standard_normal((200, 2))
    null = (null - null.mean(0)) / null.std(0, ddof=1)
    single, both = [], []
    for seed in range(1000):
        noise = rng.standard_normal((2, 20)) if draw == "normal" else rng.exponential(1, (2, 20)) - 1
        rest = rng.standard_normal((2, 30))
        made = [
            contrast(truth + 3 * own, other, null[:, 0], null[:, 1], seed=seed)
            for truth, own, other in zip(truths, noise, rest, strict=True)
        ]
        single.append(made[0].low <= 2 <= made[0].high)
        both.append(smaller(*made))
    assert 0.93 <= np.mean(single) <= 0.97
    # The limit that a claim stands on errs as seldom as a single interval's; two equal skewed effects seem smaller.
    assert np.mean([interval.low > 2 for interval in both]) <= 0.03
    least = 0.93 if draw == "normal" or truths[1] > 2 else 0.88
    assert least <= np.mean([interval.low <= 2 <= interval.high for interval in both]) <= 0.97


def test_the_smaller_is_taken_limit_by_limit():
    assert smaller(Interval(1, 0, 2), Interval(0.5, 0.4, 3)) == Interval(0.5, 0, 2)
