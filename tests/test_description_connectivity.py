import numpy as np
import pandas as pd
import pytest

from analysis.description.connectivity import as_matrix, connectivity, fisher_mean
from analysis.errors import InputError
from analysis.networks import Networks


def networks(courses):
    k = courses.shape[1]
    maps = np.zeros((k, 4), np.float32)
    return Networks(maps, courses.astype(np.float32), np.full(k, 0.1), (4,), "s", "m", np.ones(k), converged=True)


def read(n_texts=30, length=100):
    return pd.DataFrame({"text": np.repeat(np.arange(n_texts), length)})


def test_two_networks_that_go_together_are_found_and_the_third_is_not():
    rng = np.random.default_rng(0)
    courses = rng.standard_normal((3000, 3))
    courses[:, 1] = -0.6 * courses[:, 0] + 0.8 * courses[:, 1]
    table = connectivity(networks(courses), read(), n_draws=40).set_index(["first", "second"])
    assert table.loc[(1, 2), "low"] < -0.6 < table.loc[(1, 2), "high"]
    assert table["together"].to_dict() == {(1, 2): True, (1, 3): False, (2, 3): False}


def test_to_like_the_same_texts_is_not_to_go_together():
    """A level that two networks share in each text is no correlation within texts."""
    rng = np.random.default_rng(1)
    level = np.repeat(3 * rng.standard_normal(30), 100)[:, None]
    courses = rng.standard_normal((3000, 2)) + level
    assert np.corrcoef(courses.T)[0, 1] > 0.8
    row = connectivity(networks(courses), read(), n_draws=20).iloc[0]
    assert abs(row["r"]) < 0.05


def test_unrelated_networks_pass_the_bar_as_seldom_as_promised():
    """In 5 % of families, also when courses are smooth: shifted courses are as smooth."""
    smooth = np.ones(6) / 6
    called = 0
    for seed in range(60):
        noise = np.random.default_rng(seed).standard_normal((600, 4))
        courses = np.apply_along_axis(np.convolve, 0, noise, smooth, "same")
        called += connectivity(networks(courses), read(6), n_draws=40, seed=seed)["together"].any()
    assert called <= 9  # 3 are expected; 10 or more have a chance of .001


def test_fishers_mean_and_its_interval():
    r = np.tanh(np.array([[0.2], [0.4], [0.6]]))
    mean, low, high = fisher_mean(r)
    assert np.arctanh(mean[0]) == pytest.approx(0.4)
    assert np.arctanh(high[0]) - 0.4 == pytest.approx(4.3027 * 0.2 / np.sqrt(3), rel=1e-3)
    assert np.arctanh(low[0]) == pytest.approx(0.8 - np.arctanh(high[0]))
    assert np.isnan(fisher_mean(r[:1])[1]).all()
    assert np.isfinite(fisher_mean(np.ones((2, 1)))[0]).all()


def test_intervals_cover_what_they_promise():
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        _, low, high = fisher_mean(np.tanh(0.3 + 0.2 * rng.standard_normal((12, 1))))
        covered.append(low[0] < np.tanh(0.3) < high[0])
    assert 0.92 < np.mean(covered) < 0.98


def test_a_network_that_is_still_in_one_text_counts_as_unrelated_there():
    courses = np.random.default_rng(0).standard_normal((200, 2))
    courses[:100, 0] = 1
    assert np.isfinite(connectivity(networks(courses), read(2), n_draws=5)["r"]).all()


def test_the_matrix_is_symmetric_with_an_empty_diagonal():
    table = pd.DataFrame({"first": [1, 1, 2], "second": [2, 3, 3], "r": [0.1, 0.2, 0.3]})
    matrix = as_matrix(table)
    assert matrix[0, 2] == matrix[2, 0] == 0.2
    assert np.isnan(np.diag(matrix)).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="The table has 3000 tokens, the time courses 10"):
        connectivity(networks(np.zeros((10, 2))), read())
    with pytest.raises(InputError, match="One network has none to go with"):
        connectivity(networks(np.zeros((3000, 1))), read())
