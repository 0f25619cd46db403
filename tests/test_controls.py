import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import controls
from analysis.errors import InputError

SIZES = (24, 24, 24)


def chosen(*neurons, n=72):
    mask = np.zeros(n, bool)
    mask[list(neurons)] = True
    return mask


def test_sets_of_the_same_size_lie_anywhere():
    drawn = controls.same_size(chosen(0, 1, 2, 30), 300, seed=1)
    assert drawn.shape == (300, 72)
    assert (drawn.sum(1) == 4).all()
    assert drawn.any(0).all()


def test_sets_of_the_same_size_per_layer():
    drawn = controls.same_size_per_layer(chosen(0, 1, 2, 30), SIZES, 200, seed=1)
    assert (drawn[:, :24].sum(1) == 3).all()
    assert (drawn[:, 24:48].sum(1) == 1).all()
    assert not drawn[:, 48:].any()
    assert drawn[:, :48].any(0).all()  # every neuron of these layers can be drawn, those of the set among them


masks = arrays(bool, (2, 72))


@settings(max_examples=30)
@given(masks, st.integers(0, 1000))
def test_contribution_is_matched_in_strata_of_each_layer(two, seed):
    contribution = np.random.default_rng(seed).exponential(size=72)
    strata = np.concatenate([np.argsort(np.argsort(part)) * 4 // 24 for part in np.split(contribution, 3)])
    cells = strata + 4 * np.repeat([0, 1, 2], 24)
    counts = np.array([np.bincount(cells[mask], minlength=12) for mask in two])
    if (counts == 6).any():
        with pytest.raises(InputError, match="nothing can be drawn there"):
            controls.same_contribution(two, SIZES, contribution, 3, seed, n_strata=4)
        return
    drawn = controls.same_contribution(two, SIZES, contribution, 3, seed, n_strata=4)
    for draw in drawn:
        np.testing.assert_array_equal([np.bincount(cells[mask], minlength=12) for mask in draw], counts)


def test_each_neuron_of_a_stratum_is_as_likely_as_any():
    """All are equally strong, so that a set of 3 is matched by any 3 of its stratum (chi-squared, p = .001)."""
    drawn = controls.same_contribution(chosen(0, 5, 11), SIZES, np.ones(72), 2000, seed=3, n_strata=2)
    counts = drawn.sum(0)
    assert counts[12:].sum() == 0  # the other stratum and the other layers
    assert ((counts[:12] - 500) ** 2 / 500).sum() * 12 / 9 < 31.3  # 3 of 12 without replacement vary less


def test_a_stratum_that_runs_out_is_named():
    contribution = np.arange(72.0)
    with pytest.raises(InputError, match=r"holds all 3 neurons of stratum 8 of 8 in layer 2, so nothing can be drawn"):
        controls.same_contribution(chosen(45, 46, 47), SIZES, contribution, 5, n_strata=8)


def test_sets_of_one_draw_overlap_as_the_networks_do():
    """So the largest effect of a draw is that of a family with the same dependence between its members."""
    rng = np.random.default_rng(0)
    networks = rng.random((4, 72)) < 0.2
    contribution = rng.random(72)
    for drawn in (
        controls.same_size(networks, 20),
        controls.same_size_per_layer(networks, SIZES, 20),
        controls.same_contribution(networks, SIZES, contribution, 20, n_strata=2),
    ):
        assert drawn.shape == (20, 4, 72)
        overlap = np.einsum("dan,dbn->dab", drawn.astype(int), drawn.astype(int))
        assert (overlap == networks.astype(int) @ networks.T.astype(int)).all()
        assert len(np.unique(drawn[:, 0], axis=0)) == 20


def test_a_seed_fixes_the_draws_and_more_draws_begin_with_the_same():
    network = np.random.default_rng(0).random(72) < 0.2
    few = controls.same_size_per_layer(network, SIZES, 70, seed=5)
    np.testing.assert_array_equal(controls.same_size_per_layer(network, SIZES, 200, seed=5)[:70], few)
    assert (controls.same_size_per_layer(network, SIZES, 70, seed=6) != few).any()


def test_the_neurons_that_vary_most_are_taken_in_each_layer():
    variance = np.concatenate([np.arange(24.0), np.arange(24.0)[::-1], np.ones(24)])
    both = np.stack([chosen(0, 1, 30), chosen(70)])
    taken = controls.top_variance(both, SIZES, variance)
    assert [np.flatnonzero(one).tolist() for one in taken] == [[22, 23, 24], [48]]
    np.testing.assert_array_equal(controls.top_variance(both[0], SIZES, variance), taken[0])


def test_arrays_of_different_sites_are_told_apart():
    mask = chosen(0)
    with pytest.raises(InputError, match="Use one site"):
        controls.same_size_per_layer(mask, (24, 24), 2)
    with pytest.raises(InputError, match=r"as many finite values, not \(48,\). Use one site"):
        controls.same_contribution(mask, SIZES, np.ones(48), 2)
    with pytest.raises(InputError, match="finite"):
        controls.top_variance(mask, SIZES, np.full(72, np.nan))
