from functools import partial

import numpy as np
import pytest

from analysis.decomposition import spatial_ica, standardise
from analysis.errors import InputError
from analysis.networks import correlation
from analysis.recurrence import icasso, stability
from analysis.simulation import planted


def noisy_runs(*, n_runs=10, n_stable=3, n_noise=2, n_neurons=500, seed=0):
    """Runs whose first components are the same up to noise, sign and order, and whose others are new each time."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_t(3, (n_stable, n_neurons))
    runs = []
    for _ in range(n_runs):
        signs = rng.choice([-1, 1], (n_stable, 1))
        kept = signs * truth + 0.2 * rng.standard_normal(truth.shape)
        maps = np.vstack([kept, rng.standard_t(3, (n_noise, n_neurons))])
        runs.append(rng.permutation(maps).astype(np.float32))
    return runs, truth.astype(np.float32)


def test_planted_components_are_tight_clusters_and_noise_is_not():
    runs, truth = noisy_runs()
    clusters = icasso.cluster(runs)
    np.testing.assert_allclose(clusters.score, clusters.index * clusters.runs)
    assert (np.diff(clusters.score) <= 0).all()
    assert (clusters.score[:3] > 0.8).all()
    assert (clusters.score[3:] < 0.3).all()
    assert (clusters.runs[:3] == 1).all()
    assert np.abs(correlation(clusters.centrotypes[:3], truth)).max(0).min() > 0.9
    assert all((clusters.labels == number).sum() == 10 for number in range(3))
    assert (np.bincount(clusters.labels)[3:] == 1).all()  # noise is joined to nothing


def test_a_cluster_of_one_cannot_score_high():
    rng = np.random.default_rng(1)
    clusters = icasso.cluster([rng.standard_normal((2, 300)).astype(np.float32) for _ in range(8)])
    assert clusters.index.min() > 0.9  # the index alone would call each of them stable
    assert clusters.score.max() == pytest.approx(clusters.index.max() / 8)


def test_the_index_is_what_its_definition_says():
    similarity = np.array([[1, 0.8, 0.1], [0.8, 1, 0.3], [0.1, 0.3, 1]])
    assert icasso._tightness(similarity, np.array([0, 1])) == pytest.approx(0.9 - 0.2)
    assert icasso._tightness(similarity, np.array([0, 1, 2])) == pytest.approx(similarity.mean())


@pytest.mark.parametrize(("runs", "least"), [(1, 0.5), (2, 0), (2, 1)])
def test_runs_that_cannot_be_clustered(runs, least):
    with pytest.raises(InputError, match="runs cannot be clustered"):
        icasso.cluster([np.ones((3, 9), np.float32)] * runs, least=least)


def test_a_resample_keeps_the_size_of_each_domain_and_counts_copies_apart():
    activity, _ = planted(n_neurons=20, k=2)
    drawn = icasso.resampled(activity, seed=4)
    assert drawn.tokens["text"].nunique() == 8
    assert drawn.tokens.groupby("text")["domain"].first().value_counts().to_dict() == {"a": 4, "b": 4}
    texts = {rows.tobytes() for rows in activity.values.reshape(8, 80, 20)}
    copies = [rows.tobytes() for rows in drawn.values.reshape(8, 80, 20)]
    assert set(copies) < texts
    assert (icasso.resampled(activity, seed=4).values == drawn.values).all()
    assert not (icasso.resampled(activity, seed=5).values == drawn.values).all()


def test_planted_networks_come_back_in_resamples_and_the_number_of_jobs_changes_nothing():
    activity = planted(k=4, n_neurons=1000, noise=2.0)[0]
    decompose = partial(spatial_ica, k=6, n_restarts=1)
    whole = decompose(activity)
    runs = icasso.bootstrap(activity, decompose, 4, seed=0)
    side_by_side = icasso.bootstrap(activity, decompose, 2, seed=0, n_jobs=2)
    again = icasso.found_again(whole.maps, runs)
    assert again.shape == (4, 6)
    assert (again.mean(0)[:4] > 0.9).all()
    assert (again.mean(0)[4:] < 0.6).all()
    # A worker's BLAS has one thread: other rounding, which moves the directions that are noise, and ICA mixes a little.
    np.testing.assert_allclose(again[:2], icasso.found_again(whole.maps, side_by_side), atol=0.02)


def test_resamples_agree_with_their_origin_even_without_signal():
    """Why resamples give no verdict: they share texts with what they are compared with; halves do not."""
    empty = stability.shifted(standardise(planted(k=4, n_neurons=400)[0]), seed=2)
    decompose = partial(spatial_ica, k=3, n_restarts=1)
    again = icasso.found_again(decompose(empty).maps, icasso.bootstrap(empty, decompose, 5)).mean()
    assert again > stability.split_half(empty, decompose).mean() + 0.05
