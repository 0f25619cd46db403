import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.activity import Activity
from analysis.decomposition import in_deviations, spatial_ica, standardise, temporal_ica
from analysis.errors import InputError
from analysis.networks import correlation, match
from analysis.simulation import planted


@pytest.mark.parametrize("seed", range(5))
def test_planted_networks_are_found(seed):
    """Heavy-tailed maps in noise three times as large: each found once, with |r| of at least .95 on average."""
    activity, maps = planted(k=8, noise=3.0, seed=seed)
    found = spatial_ica(activity, 8, seed=seed)
    _, similarity = match(correlation(found.maps, maps))
    assert similarity.mean() >= 0.95
    assert similarity.min() >= 0.9
    assert found.converged


def test_the_subspace_is_found_even_where_the_rotation_cannot_be():
    """Normal maps leave the rotation open, so only the space they span can be compared."""
    rng = np.random.default_rng(0)
    activity, _ = planted(k=4)
    maps = rng.standard_normal((4, activity.values.shape[1]))
    values = rng.standard_normal((len(activity.tokens), 4)) @ maps + rng.standard_normal(activity.values.shape)
    found = spatial_ica(replace(activity, values), 4)
    basis = np.linalg.qr((maps - maps.mean(1, keepdims=True)).T)[0]
    unit = found.maps.T / np.linalg.norm(found.maps.T, axis=0)
    np.testing.assert_allclose(np.linalg.norm(basis.T @ unit, axis=0), 1, atol=0.02)


def replace(activity, values):
    return Activity(values.astype(np.float32), activity.tokens, activity.layer_sizes, activity.site, activity.model)


def test_maps_time_courses_and_shares_fit_together():
    activity, _ = planted(noise=0.5)
    found = spatial_ica(activity, 8)
    assert found.maps.shape == (8, 2000)
    assert found.time_courses.shape == (640, 8)
    np.testing.assert_allclose(found.maps.mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(found.maps.std(1), 1, atol=1e-4)
    np.testing.assert_allclose(found.maps @ found.maps.T / 2000, np.eye(8), atol=1e-3)
    assert (np.diff(found.share) <= 0).all()
    # Little noise, so k products give the activity back.
    centred = activity.values - activity.values.mean(1, keepdims=True)
    fitted = centred @ found.maps.T / 2000 @ found.maps
    explained = 1 - ((centred - fitted) ** 2).sum() / (centred**2).sum()
    assert found.share.sum() == pytest.approx(explained, abs=1e-3)
    assert explained > 0.9
    for course, column in zip(found.time_courses.T, (centred @ found.maps.T).T, strict=True):
        assert np.corrcoef(course, column)[0, 1] == pytest.approx(1, abs=1e-5)
    assert ((found.maps.astype(np.float64) ** 3).mean(1) > 0).all()  # the heavier tail is positive


def test_temporal_ica_finds_heavy_tailed_time_courses_where_the_maps_are_normal():
    """What spatial analysis cannot turn, since normal maps leave the rotation open, temporal analysis can."""
    rng = np.random.default_rng(0)
    courses, maps = rng.standard_t(3, (640, 5)), rng.standard_normal((5, 2000))
    activity = replace(planted()[0], courses @ maps + rng.standard_normal((640, 2000)))
    found = {name: ica(activity, 5) for name, ica in (("temporal", temporal_ica), ("spatial", spatial_ica))}
    similarity = {name: match(correlation(one.maps, maps.astype(np.float32)))[1] for name, one in found.items()}
    assert similarity["temporal"].min() > 0.95 > similarity["spatial"].max()
    temporal = found["temporal"]
    assert temporal.time_courses.shape == (640, 5)
    np.testing.assert_allclose(np.corrcoef(temporal.time_courses.T), np.eye(5), atol=1e-3)
    np.testing.assert_allclose(temporal.maps.mean(1), 0, atol=1e-4)
    np.testing.assert_allclose(temporal.maps.std(1), 1, atol=1e-3)
    assert 0.8 < temporal.share.sum() < 1


def test_same_seed_same_networks_other_seed_same_optimum():
    activity, _ = planted()
    first, again, other = (spatial_ica(activity, 8, seed=seed) for seed in (1, 1, 2))
    assert (first.maps == again.maps).all()
    assert match(correlation(first.maps, other.maps))[1].min() > 0.99
    assert first.restart_agreement.min() > 0.99
    assert np.isnan(spatial_ica(activity, 8, n_restarts=1).restart_agreement).all()


def test_standardising_is_done_within_each_text():
    activity, _ = planted()
    scaled = activity.values * np.where(activity.tokens["text"].to_numpy() == 0, 100, 1)[:, None] + 7
    done = standardise(replace(activity, scaled))
    for rows in activity.tokens.groupby("text").indices.values():
        np.testing.assert_allclose(done.values[rows].mean(0), 0, atol=1e-4)
        np.testing.assert_allclose(done.values[rows].std(0), 1, atol=1e-4)
    assert (activity.values == planted()[0].values).all()  # the caller's array is untouched


def test_a_constant_neuron_is_refused_or_kept_at_zero():
    activity, _ = planted()
    values = activity.values.copy()
    values[:, 1500] = 0.1
    values[activity.tokens["text"] == 0, 3] = 2.5  # silent in one text only: allowed
    with pytest.raises(InputError, match=r"1 of 2000 neurons never change \(the first is neuron 1500, in layer 2\)"):
        standardise(replace(activity, values))
    kept = standardise(replace(activity, values), constant="keep").values
    assert (kept[:, 1500] == 0).all()
    assert (kept[activity.tokens["text"] == 0, 3] == 0).all()
    assert np.isfinite(kept).all()
    with pytest.raises(InputError, match="constant='drop' is unknown"):
        standardise(activity, constant="drop")


def test_a_neuron_that_is_silent_in_one_text_is_0_there():
    activity, _ = planted(k=2, n_texts=2, tokens_per_text=10, n_neurons=30)
    values = activity.values.copy()
    values[activity.tokens["text"] == 0, 3] = 0
    standard = standardise(replace(activity, values)).values
    assert np.isfinite(standard).all()
    assert (standard[activity.tokens["text"] == 0, 3] == 0).all()
    assert standard[activity.tokens["text"] == 1, 3].std() == pytest.approx(1, rel=1e-5)


def test_networks_without_time_courses_stay_without():
    assert in_deviations(np.zeros((0, 3))).shape == (0, 3)


def test_a_column_comes_in_its_standard_deviations_unless_it_is_constant():
    columns = np.array([[3.0, 7], [1, 7]])
    np.testing.assert_array_equal(in_deviations(columns), [[3, 7], [1, 7]])
    np.testing.assert_array_equal(in_deviations(columns * [4, 1]), [[3, 7], [1, 7]])


def test_a_constant_neuron_is_in_no_network_even_where_all_others_share_a_signal():
    activity, _ = planted(k=3, noise=1.0)
    values = activity.values + np.random.default_rng(1).standard_normal((640, 1)).astype(np.float32) * 5
    values[:, :40] = 3.0
    found = spatial_ica(standardise(replace(activity, values), constant="keep"), 4, n_restarts=2)
    assert (found.maps[:, :40] == 0).all()
    assert (np.abs(found.maps[:, 40:]).max(1) > 1.96).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_activity_that_is_not_finite_is_refused(bad):
    activity, _ = planted()
    values = activity.values.copy()
    values[7, 1200] = bad
    for function in (standardise, lambda a: spatial_ica(a, 3)):
        with pytest.raises(InputError, match=r"not finite \(token 7, neuron 1200 in layer 2\)"):
            function(replace(activity, values))


@pytest.mark.parametrize(
    ("k", "n_restarts", "message"),
    [
        (640, 1, "k=640 networks cannot be found in 640 tokens of 2000 neurons"),
        (0, 1, "k=0 networks"),
        (3, 0, "n_restarts=0 starts nothing"),
    ],
)
def test_numbers_that_do_not_fit(k, n_restarts, message):
    activity, _ = planted()
    with pytest.raises(InputError, match=message):
        spatial_ica(activity, k, n_restarts=n_restarts)


def test_a_run_that_does_not_converge_says_so():
    tokens = pd.DataFrame({"text": np.zeros(40, int), "position": np.arange(40), "domain": "x"})
    noise = np.random.default_rng(0).standard_normal((40, 400)).astype(np.float32)
    activity = Activity(noise, tokens, (400,), "mlp_activation", "noise")
    assert not spatial_ica(activity, 30, n_restarts=1, max_iter=2).converged


@pytest.mark.parametrize("decompose", [spatial_ica, temporal_ica])
@settings(max_examples=15)
@given(st.integers(1, 6), st.integers(0, 1000), st.integers(-20, 20))
def test_networks_have_one_form_whatever_the_activity_and_its_unit(decompose, k, seed, power):
    activity, _ = planted(k=4, n_texts=2, tokens_per_text=20, n_neurons=60)
    values = np.random.default_rng(seed).laplace(size=activity.values.shape)
    found = decompose(replace(activity, values), k, n_restarts=2, seed=seed)
    n_tokens, n_neurons = values.shape
    assert found.maps.shape == (k, n_neurons)
    assert found.time_courses.shape == (n_tokens, k)
    np.testing.assert_allclose(found.maps.mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(found.maps.std(1), 1, rtol=1e-5)
    np.testing.assert_allclose(found.time_courses.std(0), 1, rtol=1e-5)
    assert ((found.maps.astype(np.float64) ** 3).mean(1) >= 0).all()
    assert (np.diff(found.share) <= 0).all()
    assert 0 < found.share.sum() <= 1 + 1e-5
    sources = found.maps if decompose is spatial_ica else found.time_courses.T
    np.testing.assert_allclose(sources @ sources.T / sources.shape[1], np.eye(k), atol=1e-3)
    in_another_unit = decompose(replace(activity, 2.0**power * values), k, n_restarts=2, seed=seed)
    if found.converged:  # else the last digits may lead elsewhere
        assert match(correlation(in_another_unit.maps, found.maps))[1].min() > 0.99


@settings(max_examples=15)
@given(st.integers(0, 1000), st.lists(st.floats(0.01, 100), min_size=2, max_size=2), st.integers(-50, 50))
def test_standardising_forgets_the_level_and_scale_of_each_text(seed, scales, level):
    activity, _ = planted(k=4, n_texts=2, tokens_per_text=20, n_neurons=30)
    values = np.random.default_rng(seed).normal(size=activity.values.shape)
    once = standardise(replace(activity, values)).values
    factor = np.asarray(scales)[activity.tokens["text"], None]
    np.testing.assert_allclose(standardise(replace(activity, factor * values + level)).values, once, atol=0.02)
    np.testing.assert_allclose(standardise(replace(activity, once)).values, once, atol=1e-5)
