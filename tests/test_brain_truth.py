"""That the method finds what was planted in the simulated group, and that the scores say so."""

import numpy as np
import pytest

from analysis.brain import components as fmri
from analysis.brain import truth as fmri_truth
from analysis.brain.data import clean, rim
from analysis.brain.simulation import NETWORKS, NOISE, simulate
from analysis.errors import InputError
from analysis.networks import match

K = 14


@pytest.fixture(scope="module")
def group():
    return simulate(n_people=16, n_volumes=200, resolution=6, seed=5)


@pytest.fixture(scope="module")
def cleaned(group):
    return clean(group.scans)


@pytest.fixture(scope="module")
def found(cleaned):
    return fmri.group_ica(fmri.reduce_runs(cleaned, K), K)


def mean_r(maps, group):
    return fmri_truth.recovery(maps, group)["r"][: len(NETWORKS)].mean()


def test_planted_networks_are_found_at_a_ratio_of_50(group, found):
    assert mean_r(found.maps, group) >= 0.9


def test_nilearn_finds_the_same(group, cleaned, found):
    canica = fmri.nilearn_maps(cleaned, K, "canica")
    assert mean_r(canica, group) >= 0.88
    both = [fmri_truth.recovery(maps, group) for maps in (canica, found.maps)]
    assert np.abs(both[0]["r"] - both[1]["r"])[: len(NETWORKS)].max() < 0.1


def test_dictionary_learning_finds_most(group, cleaned):
    assert mean_r(fmri.nilearn_maps(cleaned, K, "dictionary"), group) >= 0.6


def test_recovery_of_the_truth_is_perfect_and_of_noise_is_not(group):
    """Whatever the order and the sign."""
    turned = fmri_truth.recovery(-group.maps[::-1], group)
    assert turned["r"].min() > 0.999
    assert turned["component"].tolist() == list(range(len(group.names), 0, -1))
    assert turned["dice"][: len(NETWORKS)].min() > 0.6
    noise = np.random.default_rng(0).standard_normal(group.maps.shape).astype(np.float32)
    assert fmri_truth.recovery(noise, group)["r"].max() < 0.1


def test_fewer_components_than_sources_are_refused(group):
    with pytest.raises(InputError, match="k=3 components cannot hold the 10 planted sources"):
        fmri_truth.recovery(group.maps[:3], group)


def test_recovery_falls_as_noise_grows():
    curve = fmri_truth.noise_curve((5, 60), (0,), 12, n_people=8, n_volumes=90, resolution=6)
    low, high = curve.set_index("tsnr")["r"]
    assert low < 0.5 < high


def test_dual_regression_finds_a_person_s_own_place_better_than_the_group(group, cleaned, found):
    own = [fmri.dual_regression(run, found.maps)[1] for run in cleaned.runs]
    errors = fmri_truth.individual_errors(group, found.maps, own)
    assert len(errors) == 16 * len(NETWORKS)
    assert errors["own"].mean() < 0.85 * errors["group"].mean()
    others = fmri_truth.individual_errors(group, found.maps, own[::-1])  # another person's maps do not help
    assert others["own"].mean() > errors["group"].mean()


def test_the_noise_rule_is_right_on_groups_it_was_not_set_on():
    marked = fmri_truth.marked_groups(range(20, 22), K, n_people=16, n_volumes=200, resolution=8)
    assert marked["truth"].any()
    assert not marked["truth"].all()
    assert (marked["noise"] == marked["truth"]).mean() >= 0.9
    assert marked.loc[~marked["truth"], "noise"].mean() <= 0.1


def test_each_mark_of_the_rule_catches_its_kind(group, cleaned):
    sources = group.maps
    courses = [course.astype(np.float32) for course in group.courses]
    marks = fmri.looks_like_noise(cleaned, sources, courses)
    movement, pulsation = (marks.iloc[group.names.index(name)] for name in NOISE)
    assert movement["rim"] > fmri.TOO_MUCH_RIM
    assert pulsation["roughness"] > fmri.TOO_ROUGH
    assert not marks["noise"][: len(NETWORKS)].any()
    assert 0.1 < rim(group.scans.mask).mean() < 0.6


def test_networks_come_back_in_other_people_and_an_empty_group_has_none(cleaned, group, found):
    reduced = fmri.reduce_runs(cleaned, K)
    table = fmri.stability(reduced, found, n_draws=5)
    network = ~fmri_truth.is_noise(found.maps, group)
    assert network.sum() == len(NETWORKS)
    assert table["split_half"][network].median() > 0.75
    nothing = clean(simulate(n_people=16, n_volumes=200, resolution=6, change=(0, 0), seed=5).scans)
    empty = fmri.reduce_runs(nothing, K)
    none = fmri.stability(empty, fmri.group_ica(empty, K, n_restarts=1), n_draws=2)
    assert none["split_half"].max() < 0.8 * table["split_half"][network].min()


def test_displacement_follows_a_shift(group):
    """A map that is moved by one voxel to the right is found further to the right, in every network."""
    volume = np.zeros((len(NETWORKS), *group.scans.mask.shape), np.float32)
    inside = np.asarray(group.scans.mask.dataobj, bool)
    volume[:, inside] = group.maps[: len(NETWORKS)]
    moved = np.roll(volume, 1, axis=1)[:, inside]
    before, after = (fmri_truth.displacements(maps, group.scans.mask) for maps in (group.maps[: len(NETWORKS)], moved))
    direction = np.sign(group.scans.mask.affine[0, 0])
    assert ((after - before)[:, 0] * direction > 1).all()
    assert np.abs((after - before)[:, 1:]).max() < 1.5


def test_exercises_say_what_is_true():
    """Medium: matching; hard: people at one place are found better, and scattered ones worse."""
    partner, value = match(np.array([[0.9, 0.8], [0.8, 0.1]]))
    assert partner.tolist() == [1, 0]
    assert value.sum() == pytest.approx(1.6)
    same, usual, far = (
        fmri_truth.noise_curve([100], [0], 15, n_people=16, n_volumes=200, resolution=8, shift_mm=shift)["r"][0]
        for shift in (0, 3, 6)
    )
    assert same > usual + 0.02
    assert usual > far + 0.05
