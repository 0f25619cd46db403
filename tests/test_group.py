import gc
import weakref

import numpy as np
import pytest
from sklearn.decomposition import IncrementalPCA

from analysis.activity import Activity
from analysis.decomposition import spatial_ica
from analysis.errors import InputError
from analysis.group import dual_regression, group_ica, reduce_texts, time_courses
from analysis.networks import correlation, match
from analysis.simulation import planted


def texts_of(activity):
    for text in activity.tokens["text"].unique():
        yield activity.where((activity.tokens["text"] == text).to_numpy())


@pytest.fixture(scope="module")
def group():
    activity, maps = planted(k=6, n_texts=12, tokens_per_text=60, n_neurons=1500, noise=2.0)
    return activity, maps


def test_text_by_text_finds_what_all_texts_at_once_give(group):
    activity, maps = group
    reduced = reduce_texts(texts_of(activity), m=40)
    streamed, whole = group_ica(reduced, 6), spatial_ica(activity, 6)
    assert match(correlation(streamed.maps, whole.maps))[1].min() > 0.99
    assert match(correlation(streamed.maps, maps))[1].mean() > 0.95
    np.testing.assert_allclose(streamed.share, whole.share, rtol=0.02)
    assert reduced.rows.shape == (40, 1500)
    assert reduced.n_tokens == len(activity.tokens)


def test_the_reduction_spans_what_scikit_learns_incremental_pca_spans(group):
    activity, _ = group
    centred = activity.values - activity.values.mean(1, keepdims=True)
    peer = IncrementalPCA(6, batch_size=60).fit(centred).components_
    ours = reduce_texts(texts_of(activity), m=40).rows[:6]
    ours = ours / np.linalg.norm(ours, axis=1, keepdims=True)
    assert np.linalg.svd(peer @ ours.T)[1].min() > 0.99


def test_rows_are_orthogonal_and_no_energy_is_lost_where_all_rows_are_kept():
    activity, _ = planted(k=3, n_texts=2, tokens_per_text=20, n_neurons=200)
    reduced = reduce_texts(texts_of(activity), m=40)
    gram = reduced.rows @ reduced.rows.T
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-3 * gram.max())
    assert (np.diff(np.diag(gram)) <= 0).all()
    assert np.trace(gram) == pytest.approx(reduced.energy, rel=1e-4)


def test_the_texts_are_read_one_at_a_time(group):
    """Memory cannot grow with the number of texts if none is kept."""
    activity, _ = group
    alive: list[weakref.ref] = []

    def stream():
        for text in texts_of(activity):
            alive.append(weakref.ref(text.values))
            yield text
            del text
            gc.collect()
            assert sum(ref() is not None for ref in alive) <= 2  # the first stays for its names, and the current one

    reduce_texts(stream(), m=20)
    assert len(alive) == 12


def test_single_texts_have_maps_and_time_courses_of_their_own(group):
    """A text in which one network has moved to other neurons: its own map follows, the group's does not."""
    activity, _ = group
    rng = np.random.default_rng(3)
    found = group_ica(reduce_texts(texts_of(activity), m=40), 6)
    moved = np.roll(found.maps, 700, axis=1)[2]
    own = np.vstack([found.maps[:2], [0.5 * found.maps[2] + 0.5 * moved], found.maps[3:]])
    courses = rng.standard_normal((300, 6))
    values = (courses @ own + rng.standard_normal((300, 1500))).astype(np.float32)
    tokens = activity.tokens.iloc[:300].assign(text=0).reset_index(drop=True)
    text = Activity(values, tokens, activity.layer_sizes, activity.site, activity.model)
    single = dual_regression(found, text)
    for j in range(6):
        assert abs(np.corrcoef(single.time_courses[:, j], courses[:, j])[0, 1]) > 0.95
    ours, groups = (abs(np.corrcoef(maps[2], own[2])[0, 1]) for maps in (single.maps, found.maps))
    assert ours > 0.95 > groups
    assert 0.2 < single.share.sum() <= 1
    np.testing.assert_allclose(single.maps.std(1), 1, atol=1e-3)


def test_time_courses_of_the_group_are_those_of_the_whole_decomposition(group):
    activity, _ = group
    whole = spatial_ica(activity, 6)
    again = time_courses(whole, activity)
    for ours, theirs in zip(again.T, whole.time_courses.T, strict=True):
        assert np.corrcoef(ours, theirs)[0, 1] > 0.999


def test_rounding_is_no_row_and_no_network():
    """Activity of rank 5 has five rows, whatever number is asked for; more networks are refused."""
    rng = np.random.default_rng(0)
    activity, _ = planted(k=3, n_neurons=400)
    values = (rng.standard_normal((640, 5)) @ rng.standard_t(3, (5, 400))).astype(np.float32)
    low = Activity(values, activity.tokens, activity.layer_sizes, activity.site, activity.model)
    reduced = reduce_texts(texts_of(low), m=50)
    assert len(reduced.rows) == 5
    unit = reduced.rows / np.linalg.norm(reduced.rows, axis=1, keepdims=True)
    np.testing.assert_allclose(unit @ unit.T, np.eye(5), atol=1e-3)
    with pytest.raises(InputError, match="k=10 networks cannot be found"):
        group_ica(reduced, 10)


def test_a_neuron_that_never_changes_is_in_no_network():
    rng = np.random.default_rng(1)
    activity, _ = planted(k=3, n_neurons=600, noise=1.0)
    skewed = rng.standard_normal((640, 3)) @ rng.exponential(1, (3, 600)) + rng.standard_normal((640, 600))
    skewed[:, :200] = 0
    silent = Activity(skewed.astype(np.float32), activity.tokens, activity.layer_sizes, activity.site, activity.model)
    found = group_ica(reduce_texts(texts_of(silent), m=30), 3)
    for maps in (found.maps, dual_regression(found, silent).maps):
        assert (maps[:, :200] == 0).all()
        assert np.abs(maps[:, 200:]).max() > 2


def test_what_does_not_belong_together_is_refused(group):
    activity, _ = group
    other = Activity(activity.values, activity.tokens, activity.layer_sizes, "mlp_output", "planted")
    with pytest.raises(InputError, match="cannot be reduced together"):
        reduce_texts([activity, other], m=10)
    with pytest.raises(InputError, match="no activity to reduce"):
        reduce_texts([], m=10)
    with pytest.raises(InputError, match="m=0 rows keep nothing"):
        reduce_texts([activity], m=0)
    reduced = reduce_texts([activity], m=10)
    with pytest.raises(InputError, match="k=11 networks cannot be found"):
        group_ica(reduced, 11)
    with pytest.raises(InputError, match="Record the same site of the same model"):
        time_courses(group_ica(reduced, 3), other)
