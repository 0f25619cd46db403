import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import networks
from analysis.errors import InputError

MASKS = np.array([[1, 1, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]], bool)


def test_overlap_is_intersection_over_union():
    np.testing.assert_allclose(networks.overlap(MASKS, MASKS[:2]), [[1, 0], [0, 1], [0, 0]])
    assert networks.overlap(np.array([[1, 1, 0, 0]], bool), np.array([[0, 1, 1, 0]], bool)) == pytest.approx(1 / 3)


def test_threshold_one_and_two_sided():
    maps = np.array([[-3.0, 0.0, 2.0]], np.float32)
    assert networks.threshold(maps).tolist() == [[True, False, True]]
    assert networks.threshold(maps, two_sided=False).tolist() == [[False, False, True]]
    assert networks.threshold(maps, 2.5).tolist() == [[True, False, False]]


@given(st.integers(0, 10_000))
def test_matching_finds_a_hidden_order_and_signs(seed):
    rng = np.random.default_rng(seed)
    maps = rng.standard_normal((6, 200)).astype(np.float32)
    order = rng.permutation(6)
    other = maps[order] * rng.choice([-1, 1], (6, 1)).astype(np.float32)
    partner, value = networks.match(networks.correlation(maps, other))
    assert (order[partner] == np.arange(6)).all()
    np.testing.assert_allclose(value, 1, atol=1e-5)


def test_matching_sets_of_different_size():
    similarity = np.array([[0.1, 0.9], [-0.8, 0.2], [0.3, 0.3]])
    partner, value = networks.match(similarity)
    assert partner.tolist() == [1, 0, -1]
    assert value.tolist() == [0.9, 0.8, 0.0]


@given(arrays(np.float32, (3, 50), elements=st.floats(-100, 100, width=32)))
def test_correlation_is_numpys(maps):
    ours = networks.correlation(maps, maps)
    spread = maps.astype(np.float64).std(1) > 1e-3
    if spread.sum() > 1:
        np.testing.assert_allclose(
            ours[np.ix_(spread, spread)], np.corrcoef(maps[spread].astype(np.float64)), atol=1e-6
        )
    assert np.isfinite(ours).all()


def test_neurons_are_counted_in_their_layers():
    counts = networks.neurons_per_layer(MASKS, (2, 4))
    assert counts.to_numpy().tolist() == [[2, 1], [0, 1], [0, 0]]
    with pytest.raises(InputError, match="The masks cover 6 neurons, the layers 5"):
        networks.neurons_per_layer(MASKS, (2, 3))


def test_a_picture_has_a_row_per_layer():
    picture = networks.as_picture(np.arange(5, dtype=np.float32), (2, 3))
    assert picture[1].tolist() == [2, 3, 4]
    assert picture[0, :2].tolist() == [0, 1]
    assert np.isnan(picture[0, 2])


def test_agreement_is_of_matched_maps():
    maps = np.eye(3, 30, dtype=np.float32)
    table = networks.agreement(maps, {"turned": -maps[[2, 0, 1]], "other": np.roll(maps, 3, axis=1)})
    assert table.loc["turned"].tolist() == pytest.approx([1, 1, 0])
    assert table.loc["other", "below .9"] == 3


def test_shares_of_layers_sum_to_one_or_are_empty():
    assert networks.share_per_layer(MASKS, (2, 4)).tolist() == [0.5, 0.5]
    assert networks.share_per_layer(MASKS[2:], (2, 4)).tolist() == [0, 0]


MAPS = arrays(np.float32, (3, 20), elements=st.floats(-5, 5, width=32))


@given(MAPS, st.floats(0, 5), st.floats(0, 5))
def test_masks_shrink_as_the_threshold_rises_and_know_both_signs(maps, one, other):
    low, high = sorted((one, other))
    assert not (networks.threshold(maps, high) & ~networks.threshold(maps, low)).any()
    positive, negative = (networks.threshold(signed, low, two_sided=False) for signed in (maps, -maps))
    np.testing.assert_array_equal(networks.threshold(maps, low), positive | negative)
    assert not (positive & negative).any()


@given(arrays(bool, (3, 20)), arrays(bool, (4, 20)))
def test_overlap_is_a_share_the_same_both_ways_and_one_only_for_equal_masks(a, b):
    found = networks.overlap(a, b)
    np.testing.assert_array_equal(found, networks.overlap(b, a).T)
    assert ((found >= 0) & (found <= 1)).all()
    equal = (a[:, None] == b[None]).all(-1) & a.any(1)[:, None]
    np.testing.assert_array_equal(found == 1, equal)
