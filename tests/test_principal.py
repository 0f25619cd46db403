import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import principal
from analysis.principal import (
    centred_energy,
    centred_over_neurons,
    energy,
    moving_columns,
    strongest_of_both,
    strongest_rows,
)
from analysis.simulation import planted


def falling(n_rows, n_columns, seed):
    """Activity-like: a spectrum that falls slowly, so that neighbouring directions are hard to tell apart."""
    rng = np.random.default_rng(seed)
    n = min(n_rows, n_columns)
    left, right = (np.linalg.qr(rng.standard_normal((size, n)))[0] for size in (n_rows, n_columns))
    return (left * (100 / np.sqrt(1 + np.arange(n)))) @ right.T


@pytest.mark.parametrize("shape", [(60, 900), (900, 60), (700, 900), (900, 700)])
def test_the_strongest_rows_are_those_of_a_full_decomposition(shape):
    matrix = falling(*shape, seed=0).astype(np.float32)
    rows = strongest_rows(matrix, 10, np.random.RandomState(0))
    _, lengths, right = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), lengths[:10], rtol=1e-3)
    captured = np.linalg.norm(matrix @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T) ** 2
    assert captured >= 0.9999 * (lengths[:10] ** 2).sum()
    shared = np.linalg.svd(right[:10] @ (rows.T / np.linalg.norm(rows, axis=1)))[1]
    assert shared[:-1].min() > 0.99  # the last may turn into its neighbour outside
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(unit @ unit.T, np.eye(10), atol=1e-3)


def test_a_block_below_orthogonal_rows_gives_the_strongest_rows_of_the_stack():
    matrix = falling(120, 900, seed=2).astype(np.float32)
    rows = strongest_rows(matrix[:60], 40, np.random.RandomState(0))
    stacked = strongest_rows(np.concatenate([rows, matrix[60:]]), 30, np.random.RandomState(0))
    both = strongest_of_both(rows, matrix[60:], 30)
    assert both.shape == (30, 900)
    signs = np.sign((both * stacked).sum(1, keepdims=True))
    np.testing.assert_allclose(both * signs, stacked, atol=1e-3 * np.abs(stacked).max())


def test_rows_stay_orthogonal_over_hundreds_of_blocks():
    rng = np.random.default_rng(3)
    loud = np.geomspace(30, 1, 200)[:, None] * rng.standard_normal((200, 300))
    rows = strongest_rows(loud[:20].astype(np.float32), 20, np.random.RandomState(0))
    for _ in range(400):
        rows = strongest_of_both(rows, (rng.standard_normal((20, 200)) @ loud).astype(np.float32), 20)
    lengths = np.linalg.norm(rows, axis=1)
    unit = rows.astype(np.float64) / lengths[:, None]
    np.testing.assert_allclose(unit @ unit.T, np.eye(20), atol=1e-3)
    assert (np.diff(lengths) <= 0).all()


def test_other_first_guesses_give_the_same_directions():
    activity, _ = planted(noise=1.0)
    one, other = (strongest_rows(activity.values, 8, np.random.RandomState(seed)) for seed in (0, 1))
    np.testing.assert_allclose(np.abs(one), np.abs(other), atol=0.05 * np.abs(one).max())


def test_what_is_only_rounding_is_no_row():
    matrix = falling(40, 50, seed=1)
    matrix[20:] = matrix[:20]
    assert len(strongest_rows(matrix.astype(np.float32), 30, np.random.RandomState(0))) <= 20


@settings(max_examples=25)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 1000))
def test_all_rows_hold_all_the_energy(n_rows, n_columns, seed):
    matrix = np.random.default_rng(seed).standard_normal((n_rows, n_columns)).astype(np.float32)
    rows = strongest_rows(matrix, min(n_rows, n_columns), np.random.RandomState(seed))
    np.testing.assert_allclose(energy(rows), energy(matrix), rtol=1e-4)
    np.testing.assert_allclose(rows.T @ rows, matrix.T @ matrix, atol=1e-3 * energy(matrix))


def test_a_first_guess_from_a_part_of_the_columns_gives_the_same_rows(monkeypatch):
    matrix = falling(520, 1600, seed=4).astype(np.float32)
    at_random = strongest_rows(matrix, 6, np.random.RandomState(0))
    monkeypatch.setattr(principal, "_MANY", 1000)
    guessed = principal._guess(matrix, 6, np.random.RandomState(0), None)
    assert guessed.shape == (520, 6)
    from_part = strongest_rows(matrix, 6, np.random.RandomState(0))
    lengths = np.linalg.norm(at_random, axis=1)
    np.testing.assert_allclose(np.linalg.norm(from_part, axis=1), lengths, rtol=1e-3)
    shared = np.linalg.svd((at_random / lengths[:, None]) @ (from_part / lengths[:, None]).T)[1]
    assert shared[:-1].min() > 0.99


@pytest.mark.parametrize("shape", [(60, 900), (900, 60), (700, 900), (900, 700)])
def test_centring_on_the_way_gives_the_rows_of_the_centred_matrix(shape):
    shift = 3 * np.random.default_rng(6).standard_normal((shape[0], 1))  # far more than any direction carries
    matrix = (falling(*shape, seed=5) + shift).astype(np.float32)
    centred = (matrix - matrix.mean(1, keepdims=True, dtype=np.float64)).astype(np.float32)
    one = strongest_rows(matrix, 8, np.random.RandomState(0), centre=True)
    other = strongest_rows(centred, 8, np.random.RandomState(0))
    np.testing.assert_allclose(one.mean(1), 0, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1), rtol=1e-3)
    shared = np.linalg.svd(one @ other.T / np.outer(*(np.linalg.norm(rows, axis=1) for rows in (one, other))))[1]
    assert shared[:-1].min() > 0.99  # the last may turn into its neighbour outside


@pytest.mark.parametrize("axis", [0, 1])
def test_the_energy_around_means_is_that_of_the_centred_matrix(axis):
    matrix = np.random.default_rng(7).standard_normal((300, 500)).astype(np.float32) + 5
    centred = matrix - matrix.mean(axis, keepdims=True, dtype=np.float64)
    assert centred_energy(matrix, axis) == pytest.approx((centred**2).sum(), rel=1e-5)


def test_a_column_moves_if_any_row_of_it_is_not_zero():
    values = np.zeros((200, 4), np.float32)
    values[0, 0], values[150, 2], values[70, 3] = 1, -2, np.nan
    assert moving_columns(values).tolist() == [True, False, True, True]


def test_energy_is_right_where_float32_would_not_add_up():
    assert energy(np.full((20_000, 1000), 0.1, np.float32)) == pytest.approx(200_000, rel=1e-5)


def test_neurons_that_never_change_stay_at_zero():
    values = np.array([[1, 0, 3], [2, 0, 6]], np.float32)
    np.testing.assert_array_equal(centred_over_neurons(values), [[-1, 0, 1], [-2, 0, 2]])
