import numpy as np
import pandas as pd
import pytest

from analysis.activity import Activity
from analysis.decomposition import standardise
from analysis.description import alternatives
from analysis.errors import InputError
from analysis.group import group_ica, reduce_texts
from analysis.networks import correlation, match


def planted(k=5, n_texts=8, n_neurons=800, seed=0):
    """Standardised activity in which each network drives 5 % of the neurons; and the maps."""
    rng = np.random.default_rng(seed)
    maps = np.where(rng.random((k, n_neurons)) < 0.05, rng.choice([-1.5, 1.5], (k, n_neurons)), 0)
    tokens = pd.DataFrame({"text": np.repeat(np.arange(n_texts), 60), "domain": "a"})
    strength = np.linspace(1.3, 0.8, k)
    values = rng.standard_normal((len(tokens), k)) * strength @ maps + rng.standard_normal((len(tokens), n_neurons))
    sizes = (n_neurons // 2, n_neurons - n_neurons // 2)
    return standardise(Activity(values.astype(np.float32), tokens, sizes, "mlp_activation", "planted")), maps


@pytest.fixture(scope="module")
def activity():
    return planted()[0]


@pytest.fixture(scope="module")
def truth():
    return planted()[1].astype(np.float32)


@pytest.fixture(scope="module")
def reduced(activity):
    return reduce_texts([activity], 40)


@pytest.fixture(scope="module")
def found(reduced):
    return group_ica(reduced, 5)


@pytest.fixture(scope="module")
def comparison(activity):
    return alternatives.compare(activity, 5, 40, n_draws=3)


def test_ica_and_dictionary_find_planted_maps_and_the_others_do_not(reduced, truth):
    like = {name: match(correlation(method(reduced, 5, 0), truth))[1] for name, method in alternatives.METHODS.items()}
    assert like["ICA"].min() > 0.9
    assert like["dictionary learning"].min() > 0.75
    assert like["PCA"].mean() < 0.85
    assert like["random rotation"].mean() < 0.85


def test_a_rotation_spans_what_ica_spans_and_every_seed_is_another(reduced, found):
    turned = alternatives.rotation(reduced, 5, 0)
    bases = [np.linalg.qr(maps.T.astype(float))[0] for maps in (turned, found.maps - found.maps.mean(1)[:, None])]
    assert np.linalg.svd(bases[0].T @ bases[1])[1].min() > 0.99
    assert match(correlation(turned, alternatives.rotation(reduced, 5, 1)))[1].mean() < 0.9


def test_a_dictionary_has_neurons_at_exactly_zero(reduced):
    assert (alternatives.dictionary(reduced, 5, 0) == 0).mean() > 0.05


def test_kurtosis_tells_ica_from_its_nulls(comparison):
    table = comparison.table()
    assert table.loc["ICA", "kurtosis, real"] > 3 * max(0, table.loc["ICA", "kurtosis, shifted, 95 %"])
    assert table.loc["ICA", "kurtosis, real"] > 1.3 * table.loc["random rotation", "kurtosis, real"]
    # Sparse by force: without a network as well.
    assert table.loc["dictionary learning", "kurtosis, shifted"] > 3 * abs(table.loc["ICA", "kurtosis, shifted"])


def test_planted_networks_repeat_and_signal_free_ones_do_not(comparison):
    assert comparison.similarity().min() > 0.8
    assert comparison.largest_by_chance().shape == (3,)
    assert comparison.largest_by_chance().max() < 0.2
    turned = comparison.similarity("random rotation")
    assert 0.2 < np.median(turned) < np.median(comparison.similarity())


def test_the_comparison_holds_every_network_of_every_draw(comparison):
    assert comparison.shifted_maps.shape == (3, 5, 800)
    assert len(comparison.networks) == 4 * 5
    assert len(comparison.null) == 3 * 4 * 5
    np.testing.assert_allclose(comparison.shifted_maps.std(-1), 1, atol=1e-3)
    assert np.isfinite(comparison.null[["kurtosis", "similarity"]].to_numpy()).all()


def test_a_neuron_that_never_moves_changes_no_kurtosis(activity):
    still = np.zeros((len(activity.tokens), 500), np.float32)
    more = Activity(np.hstack([activity.values, still]), activity.tokens, (400, 900), activity.site, activity.model)
    with_still = alternatives.compare(more, 5, 40, n_draws=1).networks
    without = alternatives.compare(activity, 5, 40, n_draws=1).networks
    kurtosis = [table.loc[table["method"] == "PCA", "kurtosis"].to_numpy() for table in (with_still, without)]
    np.testing.assert_allclose(*kurtosis, rtol=0.05)


def test_asking_for_more_or_fewer_networks(reduced, found):
    table = alternatives.orders(reduced, found, [3, 5, 10])
    assert table.loc[5, "lowest |r|"] > 0.999
    assert table["matched"].tolist() == [3, 5, 5]
    assert table["share"].is_monotonic_increasing


def test_scikit_learn_alone_gives_the_same_group_networks(activity, found):
    peer = alternatives.incremental_pca(activity.by_text(), 5, 40)
    assert match(correlation(found.maps, peer))[1].min() > 0.98


@pytest.mark.parametrize("k", [4, 5, 8, 12])
def test_no_direction_is_lost_on_the_way_through_scikit_learn(activity, k):
    peer = alternatives.incremental_pca(activity.by_text(), k, 40)
    np.testing.assert_allclose(np.corrcoef(peer), np.eye(k), atol=0.02)


def test_nilearns_canica_gives_the_same_group_networks(activity, found):
    one_image = alternatives.canica([activity], 5)
    assert match(correlation(found.maps, one_image))[1].min() > 0.98
    image_by_image = alternatives.canica(activity.by_text(), 5)
    assert match(correlation(found.maps, image_by_image))[1].mean() > 0.9


def test_texts_come_one_by_one_and_whole(activity):
    texts = list(activity.by_text())
    assert [text.tokens["text"].unique().tolist() for text in texts] == [[number] for number in range(8)]
    np.testing.assert_array_equal(np.concatenate([text.values for text in texts]), activity.values)


def test_what_cannot_be_compared_is_refused(activity):
    with pytest.raises(InputError, match="k=5, m=5, n_draws=3 compare nothing"):
        alternatives.compare(activity, 5, 5, n_draws=3)
    with pytest.raises(InputError, match="One text cannot be split"):
        alternatives.compare(next(activity.by_text()), 5, 40)
    with pytest.raises(InputError, match="fewer than m=900 tokens"):
        alternatives.incremental_pca([activity], 5, 900)
    with pytest.raises(InputError, match="no activity to decompose"):
        alternatives.canica([], 5)
