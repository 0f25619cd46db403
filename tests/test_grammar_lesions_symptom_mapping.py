import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_ind
from sklearn.linear_model import Ridge
from sklearn.metrics import adjusted_rand_score

from analysis.errors import InputError
from analysis.grammar_lesions import symptom_mapping
from analysis.grammar_lesions.parcels import parcels, random_lesions, silenced
from analysis.grammar_lesions.symptom_mapping import held_out, map_agreement, map_lesions, power

SIZES = (90, 60)


def courses(n_groups=3, noise=0.6, seed=0):
    """Neurons of two layers that follow one of a few signals of their layer; each has a level and a strength."""
    rng = np.random.default_rng(seed)
    group = np.concatenate([rng.integers(0, n_groups, size) + n_groups * layer for layer, size in enumerate(SIZES)])
    signals = rng.standard_normal((500, 2 * n_groups))
    values = signals[:, group] + noise * rng.standard_normal((500, sum(SIZES)))
    return (values * rng.uniform(0.1, 10, sum(SIZES)) + rng.normal(0, 5, sum(SIZES))).astype(np.float32), group


def test_parcels_are_the_neurons_that_are_active_together_whatever_their_strength():
    values, group = courses()
    found = parcels(values, SIZES, 6)
    assert found.shape == (6, 150)
    assert (found.sum(0) == 1).all()
    assert adjusted_rand_score(group, found.argmax(0)) > 0.95
    layer = np.repeat([0, 1], SIZES)
    assert (layer[found.argmax(1)] == [0, 0, 0, 1, 1, 1]).all()
    assert not found[:3, 90:].any()
    assert not found[3:, :90].any()
    assert (np.diff(found.sum(1))[[0, 1, 3, 4]] <= 0).all()  # the largest comes first
    np.testing.assert_array_equal(found, parcels(values, SIZES, 7))  # as many in each layer


def test_silent_neurons_do_no_harm_and_parcels_that_cannot_be_are_refused():
    values, _ = courses()
    values[:, :3] = 0
    assert parcels(values, SIZES, 6).sum() == 150
    for n in (1, 61, 200):
        with pytest.raises(InputError, match=f"{n} parcels cannot be spread over 2 layers"):
            parcels(values, SIZES, n)
    with pytest.raises(InputError, match="Use one site"):
        parcels(values, (90, 61), 6)


def test_every_parcel_is_silenced_equally_often_and_independently():
    lesions = random_lesions(60, 500, expected=3, seed=1)
    assert lesions.shape == (500, 60)
    assert (lesions.sum(0) == 25).all()
    assert lesions.sum() / 500 == 3
    r = np.corrcoef(lesions.T.astype(float))[np.triu_indices(60, 1)]
    assert abs(r.mean()) < 0.01
    assert np.abs(r).max() < 0.25
    np.testing.assert_array_equal(lesions, random_lesions(60, 500, seed=1))
    with pytest.raises(InputError, match="silence each parcel 2 times"):
        random_lesions(60, 50)


def test_a_lesion_silences_the_union_of_its_parcels():
    masks = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 1]], bool)
    found = silenced(np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], bool), masks)
    np.testing.assert_array_equal(found, np.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]], bool))


def deficits(lesions, effects, noise=1.0, seed=0):
    return lesions @ effects + noise * np.random.default_rng(seed).standard_normal(len(lesions))


def test_both_maps_find_the_planted_parcels_and_nothing_else():
    lesions = random_lesions(60, 500)
    effects = np.zeros(60)
    effects[[3, 17, 42]] = 1.5
    found = map_lesions(lesions, deficits(lesions, effects))
    for column in ("p", "ridge_p"):
        assert found.loc[found[column] < 0.05, "parcel"].tolist() == [3, 17, 42]
        assert found[column].min() == pytest.approx(1 / 1001)
    assert found.loc[found["p"] < 0.05, "difference"].to_numpy() == pytest.approx([1.5] * 3, abs=0.6)
    assert (found.loc[found["p"] < 0.05, "weight"] > 0.4).all()  # shrunk


def test_each_symptom_has_its_own_map_and_the_correction_is_over_all():
    lesions = random_lesions(20, 300, expected=2)
    effects = np.zeros((2, 20))
    effects[0, 4], effects[1, 9] = 2, -2
    both = np.column_stack([deficits(lesions, row, seed=place) for place, row in enumerate(effects)])
    found = map_lesions(lesions, both * [1, 1000], ["noun", "verb"], n_draws=200)
    marked = found[found["p"] < 0.05]
    assert list(zip(marked["symptom"], marked["parcel"], strict=True)) == [("noun", 4), ("verb", 9)]
    assert marked["t"].iloc[1] < 0  # two-sided: a lesion may help
    alone = map_lesions(lesions, both[:, 0], n_draws=200)
    np.testing.assert_allclose(alone["t"], found["t"][:20])
    assert (alone["p"].to_numpy() <= found["p"][:20].to_numpy()).all()
    assert alone["symptom"].unique().tolist() == ["0"]


def test_the_statistics_are_those_of_scipy_and_scikit_learn(monkeypatch):
    lesions = random_lesions(12, 120, expected=2)
    values = deficits(lesions, np.arange(12) / 6)
    monkeypatch.setattr(symptom_mapping, "_penalty", lambda present, deficit: 7.0)
    found = map_lesions(lesions, values, n_draws=20)
    for parcel in range(12):
        with_it, without = values[lesions[:, parcel]], values[~lesions[:, parcel]]
        assert found.loc[parcel, "difference"] == pytest.approx(with_it.mean() - without.mean())
        assert found.loc[parcel, "t"] == pytest.approx(ttest_ind(with_it, without).statistic)
    np.testing.assert_allclose(found["weight"], Ridge(7.0).fit(lesions, values).coef_)


def test_without_a_penalty_z_is_the_t_of_multiple_regression():
    rng = np.random.default_rng(2)
    present = random_lesions(4, 80, expected=1).astype(float)
    present -= present.mean(0)
    values = (present @ [1.0, 0, 0, 2] + rng.standard_normal(80))[:, None]
    weights, z = symptom_mapping._ridge(present, values, 0.0)
    residual = values - values.mean() - present @ weights
    error = np.sqrt(np.diag(np.linalg.inv(present.T @ present)) * (residual**2).sum() / (80 - 1 - 4))
    np.testing.assert_allclose(z[:, 0], weights[:, 0] / error)


def test_with_more_parcels_than_lesions_ridge_is_still_that_of_scikit_learn(monkeypatch):
    rng = np.random.default_rng(4)
    lesions = rng.random((60, 90)) < 0.3
    deficits = lesions[:, :5].sum(1) + rng.standard_normal(60)
    monkeypatch.setattr(symptom_mapping, "_penalty", lambda present, deficit: 10.0)
    found = map_lesions(lesions, deficits, n_draws=20)
    np.testing.assert_allclose(found["weight"], Ridge(10.0).fit(lesions, deficits).coef_, atol=1e-8)


def test_ridge_sees_what_other_parcels_hide_from_single_comparisons():
    """Many strong parcels are noise to one that is looked at alone, and none to one of all at once."""
    lesions = random_lesions(20, 500, expected=5)
    effects = np.full(20, 3.0)
    effects[0] = 0.7
    found = map_lesions(lesions, deficits(lesions, effects, noise=0.5))
    assert found.loc[0, "p"] > 0.05
    assert found.loc[0, "ridge_p"] < 0.01


def _false_alarms(runs):
    lesions = random_lesions(40, 300, expected=3)
    p = np.array(
        [
            map_lesions(lesions, np.random.default_rng(run).standard_exponential(300), n_draws=99, seed=run)[
                ["p", "ridge_p"]
            ].min()
            for run in range(runs)
        ]
    )
    return p


def test_where_nothing_was_planted_the_smallest_corrected_p_is_seldom_small():
    p = _false_alarms(120)
    assert ((p < 0.05).mean(0) < 0.12).all()
    assert ((p < 0.5).mean(0) > 0.3).all()


@pytest.mark.slow
def test_the_corrected_p_is_uniform_where_nothing_was_planted():
    p = _false_alarms(1500)
    for level in (0.05, 0.2, 0.5):
        np.testing.assert_allclose((p <= level).mean(0), level, atol=2.6 * np.sqrt(level * (1 - level) / 1500))


def test_left_out_lesions_are_predicted_where_there_is_something_to_predict():
    lesions = random_lesions(30, 500)
    effects = np.zeros(30)
    effects[:5] = 2
    values = np.column_stack([deficits(lesions, effects), deficits(lesions, effects * 0, seed=1)])
    values = np.column_stack([values, lesions.sum(1) + 0.1 * values[:, 1]])
    table = held_out(lesions, values, ["real", "none", "size"]).set_index(["symptom", "method"])
    assert table.loc[("real", "ridge"), "low"] > 0.5
    assert table.loc[("real", "univariate"), "low"] > 0.5
    assert table.loc[("real", "number"), "high"] < 0.5
    assert table.loc[("size", "number"), "r"] > 0.99
    for method in ("ridge", "univariate"):
        assert table.loc[("none", method), "low"] < 0 < table.loc[("none", method), "high"]
    assert (table["n_lesions"] == 500).all()


@pytest.mark.slow
def test_predictions_of_nothing_do_not_correlate_and_intervals_cover():
    lesions = random_lesions(30, 200, expected=3)
    rows = [held_out(lesions, np.random.default_rng(run).standard_normal(200), seed=run) for run in range(300)]
    for method in range(3):
        found = np.array([row.iloc[method][["r", "low", "high"]].to_numpy(float) for row in rows])
        assert abs(found[:, 0].mean()) < 0.015
        assert ((found[:, 1] <= 0) & (found[:, 2] >= 0)).mean() > 0.92


def test_power_grows_with_the_effect_and_false_alarms_do_not():
    table = power(random_lesions(30, 300), [0.0, 0.7, 2.0], n_true=2, n_simulations=25, n_draws=60)
    assert len(table) == 6
    rate = table.set_index(["effect", "method"])
    for method in ("univariate", "ridge"):
        hits = rate.xs(method, level="method")["hit_rate"]
        assert hits[0.0] < 0.1 < hits[0.7] < hits[2.0]
        assert hits[2.0] > 0.95
    assert (rate["false_rate"] <= 0.2).all()
    assert ((rate["low"] >= 0) & (rate["low"] <= rate["hit_rate"]) & (rate["high"] <= 1)).all()


def test_maps_agree_beyond_agreeing_on_layers():
    rng = np.random.default_rng(3)
    layer_of = np.repeat(np.arange(5), 12)
    by_layer = 3.0 * layer_of
    truth = by_layer + rng.standard_normal(60)
    maps = {"truth": truth, "near": truth + 0.3 * rng.standard_normal(60), "layers": by_layer + rng.standard_normal(60)}
    table = map_agreement(maps, layer_of).set_index(["first", "second"])
    assert table.loc[("truth", "near"), "rank_r"] == pytest.approx(spearmanr(maps["truth"], maps["near"]).statistic)
    assert table.loc[("truth", "near"), "p"] < 0.01
    assert table.loc[("truth", "layers"), "rank_r"] > 0.7
    assert table.loc[("truth", "layers"), "p"] > 0.05
    everywhere = map_agreement(maps, np.zeros(60, int)).set_index(["first", "second"])
    assert everywhere.loc[("truth", "layers"), "p"] < 0.01
    assert (table["low"] < table["rank_r"]).all()
    assert (table["n_parcels"] == 60).all()


def test_the_interval_of_a_perfect_agreement_ends_at_one():
    maps = {"one": np.arange(10.0), "two": np.arange(10.0) ** 3, "three": -np.arange(10.0)}
    table = map_agreement(maps, np.zeros(10, int))
    assert table["rank_r"].tolist() == pytest.approx([1, -1, -1])
    assert table.loc[0, "high"] == pytest.approx(1)


def test_what_cannot_be_mapped_is_said_in_one_line():
    lesions = random_lesions(10, 100)
    values = np.random.default_rng(0).standard_normal((100, 2))
    with pytest.raises(InputError, match="100 lesions do not fit 99 rows"):
        map_lesions(lesions, values[1:])
    with pytest.raises(InputError, match="of 2 deficits, 1 names"):
        held_out(lesions, values, ["one"])
    with pytest.raises(InputError, match="100 lesions are too few for 11 folds"):
        held_out(lesions, values, n_folds=11)
    with pytest.raises(InputError, match="not finite or the same after every lesion"):
        map_lesions(lesions, values * [0, 1])
    with pytest.raises(InputError, match="in every lesion or in none"):
        map_lesions(np.column_stack([lesions, np.zeros(100, bool)]), values)
    with pytest.raises(InputError, match=r"Maps of \[9, 10\] parcels cannot be compared"):
        map_agreement({"a": np.arange(10.0), "b": np.arange(9.0)}, np.zeros(10, int))
    with pytest.raises(InputError, match="the same everywhere"):
        map_agreement({"a": np.arange(10.0), "b": np.ones(10)}, np.zeros(10, int))
    with pytest.raises(InputError, match="Plant 1 to 9"):
        power(lesions, [1.0], n_true=10)
