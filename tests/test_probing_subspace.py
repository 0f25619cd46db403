import numpy as np
import pytest
from scipy.linalg import null_space
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from analysis.errors import InputError
from analysis.probing.classifiers import item_folds, lemma_folds
from analysis.probing.subspace import (
    Subspace,
    angles,
    centre_and_scale,
    find_subspace,
    fit_discriminants,
    principal_axes,
    random_subspaces,
    tag_means,
)
from analysis.probing.subspace_angles import split_half_angles, tag_angles
from analysis.probing.subspace_scores import accuracy_by_dimension, removal

TAGS = np.array(["ADJ", "ADV", "NOUN", "VERB"])


def planted(centres, *, n_lemmas=120, per_lemma=5, word_spread=0.5, mixing=None, seed=0):
    """Items around the centre of their tag, spread by word and by item; noise may be mixed over features."""
    rng = np.random.default_rng(seed)
    lemma = np.repeat(np.arange(n_lemmas), per_lemma)
    code = lemma % len(centres)
    n_features = centres.shape[1]
    noise = (
        rng.standard_normal((len(code), n_features)) + word_spread * rng.standard_normal((n_lemmas, n_features))[lemma]
    )
    features = centres[code] + (noise if mixing is None else noise @ mixing)
    return features, TAGS[code], np.array([f"w{number}" for number in lemma])


def simplex(n_features=20, size=3.0):
    """Four tags that differ in three dimensions, as far from each other as can be."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return size * np.hstack([corners, np.zeros((4, n_features - 3))])


def unscaled(basis):
    n = len(basis)
    return Subspace(np.zeros(n), np.ones(n), basis, basis)


def test_the_planted_subspace_is_found():
    features, tags, _ = planted(simplex())
    found = find_subspace(features, tags)
    assert angles(unscaled(np.eye(20)[:, :3]), found).max() < 12
    assert found.dimension == 3
    first = find_subspace(features, tags, 2)
    np.testing.assert_allclose(first.basis, found.basis[:, :2])
    with pytest.raises(InputError, match="4 tags differ in at most 3 dimensions, not in 4"):
        find_subspace(features, tags, 4)


def test_the_basis_is_what_tags_do_to_activity_and_the_weights_cancel_noise():
    """Two features with the same noise, one of which has the signal as well: the difference is the best reader."""
    rng = np.random.default_rng(1)
    tags = np.repeat(["NOUN", "VERB"], 400)
    shared = rng.standard_normal(800)
    features = np.column_stack([shared + (tags == "NOUN"), shared]) + 0.1 * rng.standard_normal((800, 2))
    found = find_subspace(features, tags)
    pattern, weights = found.basis[:, 0] * found.scale, found.weights[:, 0] / found.scale
    assert abs(pattern[1] / pattern[0]) < 0.15
    assert weights[1] / weights[0] == pytest.approx(-1, abs=0.1)


def test_coordinates_are_white_within_tags():
    rng = np.random.default_rng(2)
    features, tags, _ = planted(simplex(8), n_lemmas=1200, word_spread=0, mixing=np.eye(8) + 0.2 * rng.random((8, 8)))
    coordinates = find_subspace(features, tags).coordinates(features)
    within = coordinates - tag_means(coordinates, np.searchsorted(TAGS, tags), 4)[np.searchsorted(TAGS, tags)]
    np.testing.assert_allclose(np.cov(within.T), np.eye(3), atol=0.02)


def test_without_the_subspace_tags_have_one_mean_and_no_linear_probe_can_tell_them():
    rng = np.random.default_rng(3)
    features, tags, _ = planted(simplex(), mixing=np.eye(20) + 0.2 * rng.standard_normal((20, 20)))
    features = features * np.geomspace(0.01, 100, 20) + 7
    mean, scale = centre_and_scale(features)
    found = find_subspace(features, tags)
    np.testing.assert_allclose(found.projector @ found.projector, found.projector, atol=1e-9)
    assert np.trace(found.projector) == pytest.approx(17)
    left = found.without(features)
    means = tag_means((left - mean) / scale, np.searchsorted(TAGS, tags), 4)
    np.testing.assert_allclose(means, 0, atol=1e-9)
    np.testing.assert_allclose(found.without(left), left, rtol=1e-6)
    accuracy = []
    for activity in (features, left):
        standard = (activity - mean) / scale
        accuracy.append(LogisticRegression().fit(standard, tags).score(standard, tags))
    assert accuracy[0] > 0.8
    assert accuracy[1] < 0.3


def test_angles_between_known_planes():
    plane, turned = np.eye(5)[:, :2], np.eye(5)[:, :2].copy()
    turned[:, 1] = [0, np.cos(0.5), np.sin(0.5), 0, 0]
    np.testing.assert_allclose(angles(unscaled(plane), unscaled(turned)), [0, np.degrees(0.5)], atol=1e-6)
    stretch = np.array([1, 10, 0.1, 3, 7])
    same = Subspace(np.zeros(5), stretch, plane, turned / stretch[:, None])  # other units, the same directions
    np.testing.assert_allclose(angles(unscaled(plane), same), [0, np.degrees(0.5)], atol=1e-6)
    with pytest.raises(InputError, match="5 and 4 features have no angle"):
        angles(unscaled(plane), unscaled(np.eye(4)))


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("which", ["large", "middling", "small"])
def test_random_subspaces_have_the_dimension_and_the_variance_of_their_model(d, which):
    rng = np.random.default_rng(4)
    standard = (
        rng.standard_normal((400, 30)) * np.geomspace(3, 0.3, 30) @ np.linalg.qr(rng.standard_normal((30, 30)))[0]
    )
    variances, components = principal_axes(standard)
    start = {"large": 2, "middling": 10, "small": 24}[which]
    like = components[:, start : start + d]
    drawn = random_subspaces(variances, components, like, n_draws=25, seed=1)
    np.testing.assert_allclose(drawn.transpose(0, 2, 1) @ drawn, np.eye(d)[None].repeat(25, 0), atol=1e-8)
    wanted = np.var(standard @ like, axis=0, ddof=1).sum()
    held = np.var(standard @ drawn, axis=1, ddof=1).sum(1)
    np.testing.assert_allclose(held, wanted, rtol=1e-3)
    overlap = np.abs(np.einsum("api,bpi->ab", drawn, drawn))[~np.eye(25, dtype=bool)]
    assert overlap.min() < 0.9 * d  # they differ
    again = random_subspaces(variances, components, like, n_draws=25, seed=1)
    np.testing.assert_array_equal(drawn, again)


def test_a_variance_that_cannot_be_had_is_approached():
    variances, components = np.array([4.0, 1.0, 1.0]), np.eye(3)
    drawn = random_subspaces(variances, components, np.eye(3)[:, :1], n_draws=3)
    assert (np.abs(drawn[:, 0, 0]) > 0.99).all()
    drawn = random_subspaces(variances, components, np.eye(3)[:, 2:], n_draws=3)
    assert (np.abs(drawn[:, 0, 0]) < 0.05).all()


def test_the_discriminants_are_scikit_learn_s():
    features, tags, _ = planted(
        simplex(10, 1.5), n_lemmas=2000, word_spread=0, mixing=np.diag(np.geomspace(0.5, 2, 10))
    )
    mean, scale = centre_and_scale(features)
    standard = (features - mean) / scale
    found = fit_discriminants(standard, tags)
    known = LinearDiscriminantAnalysis().fit(standard, tags)
    mine = found.predict(found.whitened(standard))
    assert (mine == known.predict(standard)).mean() > 0.998  # with so many items the shrinkage is next to nothing
    by_all_axes = found.predict_by(found.whitened(standard), found.weights)
    assert (by_all_axes == mine).all()


def test_being_blind_to_a_subspace_is_training_in_the_rest():
    rng = np.random.default_rng(5)
    features, tags, _ = planted(simplex(12, 2), mixing=rng.standard_normal((12, 12)))
    standard = features / features.std(0) - (features / features.std(0)).mean(0)
    found = fit_discriminants(standard, tags)
    lost = np.linalg.qr(rng.standard_normal((12, 2)))[0]
    rest = null_space(lost.T)
    covariance = rest.T @ found.root @ found.root.T @ rest
    means = np.stack([(standard @ rest)[tags == tag].mean(0) for tag in TAGS])
    weights = np.linalg.solve(covariance, means.T)
    scores = standard @ rest @ weights - (means.T * weights).sum(0) / 2
    blind = found.predict_without(found.whitened(standard), lost)
    assert (blind == TAGS[scores.argmax(1)]).all()
    assert (blind != found.predict(found.whitened(standard))).any()
    with_it = found.predict_by(found.whitened(standard), rest)
    assert (with_it == blind).all()  # weights that are blind to it are weights within the rest


def test_as_many_dimensions_are_needed_as_were_planted():
    line = np.linspace(-6, 6, 4)[:, None] * np.eye(20)[0]
    for centres, enough in ((line, 1), (simplex(), 3)):
        features, tags, lemmas = planted(centres, mixing=np.diag(np.r_[np.ones(10), 4 * np.ones(10)]))
        table = accuracy_by_dimension(features, tags, lemmas, lemma_folds(tags, lemmas), dimensions=[1, 3, 20])
        accuracy = table.set_index(["kind", "dimension"])["estimate"]
        assert ("discriminants", 20) not in accuracy.index
        assert accuracy["discriminants", enough] > 0.9
        assert accuracy["principal", 20] == pytest.approx(accuracy["discriminants", 3], abs=0.02)
        assert accuracy["random", enough] < 0.75
        assert accuracy["principal", 1] < 0.45  # the largest variance is not about tags
    assert accuracy["discriminants", 1] < 0.7
    with pytest.raises(InputError, match=r"Dimensions \[21\] cannot all be had"):
        accuracy_by_dimension(features, tags, lemmas, lemma_folds(tags, lemmas), dimensions=[21])


def test_taking_out_the_planted_subspace_ends_it_and_random_ones_do_not():
    features, tags, lemmas = planted(simplex(), word_spread=0.2)
    table = removal(features, tags, lemmas, lemma_folds(tags, lemmas), n_draws=40)
    assert table.index.tolist() == [1, 2, 3]
    full = table.loc[3]
    assert full["intact"] > 0.9
    assert full["without"] < 0.4
    assert full["low"] > 0.5
    assert full["drop"] == pytest.approx(full["intact"] - full["without"])
    assert full["random_high"] < 0.45
    assert full["p"] == pytest.approx(1 / 41)
    assert table["drop"].is_monotonic_increasing


def test_where_tags_make_no_difference_there_is_nothing_to_take_out():
    features, tags, lemmas = planted(np.zeros((4, 20)), seed=1)
    table = removal(features, tags, lemmas, lemma_folds(tags, lemmas), n_draws=40)
    assert (table["p"] > 0.05).all()
    assert (table["low"] < 0).all()
    with pytest.raises(InputError, match=r"Dimensions \[4\] cannot all be had here. Use 1 to 3"):
        removal(features, tags, lemmas, item_folds(tags), dimensions=[4])


def test_the_angles_between_tags_are_those_that_were_planted():
    """Nouns and verbs lie close to each other, adjectives opposite to adverbs."""
    centres = np.zeros((4, 40))
    centres[:, :2] = 2 * np.array([[1, 0.1], [-1, 0.1], [-0.1, -1], [0.1, -1]])
    features, tags, lemmas = planted(centres, n_lemmas=200)
    scale = centre_and_scale(features)[1]
    directions = (centres - centres.mean(0)) / scale
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    table = tag_angles(features, tags, lemmas, n_draws=100)
    assert table[["first", "second"]].agg("-".join, axis=1).tolist()[-1] == "NOUN-VERB"
    true = np.degrees(np.arccos((unit @ unit.T)[np.triu_indices(4, 1)]))
    assert ((table["low"] <= true) & (true <= table["high"])).all()
    assert (table["high"] - table["low"])[:5].max() < 30  # near 0° a cosine says little about the angle
    assert np.abs(table["degrees"] - true).mean() < np.abs(table["plain"] - true).mean()  # noise bends angles
    assert table["p"].iloc[-1] < 0.05  # much closer than tags that were exchanged
    assert 90 < table["shuffled_low"].iloc[-1] < 109.5 < table["shuffled_high"].iloc[-1] < 135
    assert table["random_low"].iloc[-1] < 90 < table["random_high"].iloc[-1]


def test_tags_that_mean_nothing_are_at_the_angle_of_exchanged_ones():
    features, tags, lemmas = planted(np.zeros((4, 40)))
    table = tag_angles(features, tags, lemmas, n_draws=100)
    assert (table["p"] > 0.05).all()
    assert (table["high"] - table["low"] > 60).all()  # any angle will do
    two = tag_angles(*(values[np.isin(tags, ["NOUN", "VERB"])] for values in (features, tags, lemmas)), n_draws=20)
    assert two["degrees"].isna().all() or two["degrees"].iloc[0] == pytest.approx(180)  # opposite by construction
    assert two["p"].iloc[0] == 1
    alone = tags.copy()
    alone[lemmas == "w0"] = "INTJ"
    with pytest.raises(InputError, match="fewer than three lemmas"):
        tag_angles(features, alone, lemmas)


@pytest.mark.slow
def test_intervals_of_angles_cover_and_their_p_is_calibrated():
    rng = np.random.default_rng(6)
    centres = np.zeros((3, 30))
    centres[:, :2] = [[1, 0], [0.2, 1], [-1, -0.4]]
    covered, rejected = 0, 0
    runs = 300
    for seed in range(runs):
        features, tags, lemmas = planted(centres, n_lemmas=150, per_lemma=3, seed=seed)
        true_scale = np.sqrt(1.25 + centres.var(0))
        directions = (centres - centres.mean(0)) / true_scale
        unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        table = tag_angles(features, tags, lemmas, n_draws=20, seed=seed)
        true = np.degrees(np.arccos((unit @ unit.T)[0, 1]))
        covered += table.loc[0, "low"] <= true <= table.loc[0, "high"]
        empty = rng.standard_normal(features.shape) + rng.standard_normal((150, 30))[np.repeat(np.arange(150), 3)]
        rejected += (tag_angles(empty, tags, lemmas, n_draws=39, seed=seed)["p"] <= 0.05).any()
    assert 0.91 <= covered / runs <= 0.985
    assert rejected / runs <= 0.08


def test_two_halves_of_the_lemmas_agree_on_a_planted_subspace_only():
    features, tags, lemmas = planted(simplex(40))
    real = split_half_angles(features, tags, lemmas, n_draws=60)
    assert real.index.tolist() == [1, 2, 3]
    assert (real["degrees"] < real[["shuffled_low", "random_low"]].min(axis=1)).all()
    assert real["p"].tolist() == pytest.approx([1 / 61] * 3)
    main = np.diag(np.r_[6 * np.ones(3), np.ones(37)])  # activity varies much in few directions, whatever the tag
    features, tags, lemmas = planted(np.zeros((4, 40)), mixing=main, seed=1)
    empty = split_half_angles(features, tags, lemmas, n_draws=60)
    assert (empty["p"] > 0.05).all()
    two = tags.copy()
    two[lemmas == "w0"] = "INTJ"
    with pytest.raises(InputError, match="INTJ has 1 lemmas"):
        split_half_angles(features, two, lemmas)


def test_the_same_seed_gives_the_same_numbers():
    features, tags, lemmas = planted(simplex(12))
    folds = lemma_folds(tags, lemmas)
    for table in (
        lambda: removal(features, tags, lemmas, folds, n_draws=5),
        lambda: accuracy_by_dimension(features, tags, lemmas, folds, n_draws=3),
        lambda: tag_angles(features, tags, lemmas, n_draws=5),
        lambda: split_half_angles(features, tags, lemmas, n_draws=5),
    ):
        assert table().equals(table())
