"""The parts of the brain analysis that need no simulated brain, with nulls that must stay null."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from analysis import fmri
from analysis.errors import InputError
from analysis.fmri_data import Scans, clean


def scans(*, n_runs=8, n_volumes=60, n_nodes=300, k=3, noise=1.0, seed=0, tr=2.0):
    """Nodes made of k heavy-tailed maps, the same in all runs; and the maps and courses."""
    rng = np.random.default_rng(seed)
    maps = rng.standard_t(3, (k, n_nodes))
    courses = gaussian_filter1d(rng.standard_normal((n_runs, n_volumes, k)), 1.5, axis=1)
    courses /= courses.std(1, keepdims=True)
    runs = courses @ maps + noise * rng.standard_normal((n_runs, n_volumes, n_nodes))
    made = Scans(tuple(runs.astype(np.float32)), tr, None, None, None, True, "made")
    return made, maps.astype(np.float32), courses


def random_courses(rng, n_runs=10, n_volumes=120, k=6):
    return [gaussian_filter1d(rng.standard_normal((n_volumes, k)), 1.5, axis=0) for _ in range(n_runs)]


def blocks(rng, n_volumes=120):
    labels = np.full(n_volumes, "rest", dtype="<U5")
    for number, kind in enumerate(rng.permutation(["face"] * 4 + ["house"] * 4)):
        labels[number * 15 + 4 : number * 15 + 12] = kind
    return labels


def response(labels, kind):
    kernel = fmri.glover_hrf(2.0, oversampling=1)
    return np.convolve((labels == kind).astype(float), kernel)[: len(labels)]


def test_group_ica_and_dual_regression_go_to_the_group_and_back():
    made, maps, courses = scans()
    found = fmri.group_ica(fmri.reduce_runs(made, 3), 3)
    partner, r = fmri.match(fmri.correlation(maps, found.maps))
    assert r.min() > 0.98
    own_courses, own_maps = fmri.dual_regression(made.runs[2], found.maps)
    for source in range(3):
        assert abs(np.corrcoef(own_courses[:, partner[source]], courses[2, :, source])[0, 1]) > 0.98
        assert abs(np.corrcoef(own_maps[partner[source]], maps[source])[0, 1]) > 0.95
    np.testing.assert_allclose(own_courses.std(0), 1, atol=1e-4)


@pytest.mark.parametrize("k", [0, 60, 300])
def test_too_many_components_for_the_volumes(k):
    with pytest.raises(InputError, match=r"k=\d+ components cannot be found in made: its run 1 has 60 volumes of 300"):
        fmri.reduce_runs(scans()[0], k)


def test_cleaning_takes_out_drift_and_scale():
    made, _, _ = scans(n_runs=1, n_volumes=120)
    slow = np.cos(np.pi * np.arange(120) / 120)[:, None] * 50 + np.arange(120)[:, None]
    drifting = clean(Scans((made.runs[0] * 3 + slow.astype(np.float32),), 2.0, None, None, None, False, "x"))
    still = clean(made)
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(drifting.runs[0].T, still.runs[0].T, strict=True)]
    assert min(r) > 0.999
    np.testing.assert_allclose(drifting.runs[0].std(0, ddof=1), 1, atol=1e-3)


def test_stability_tells_shared_maps_from_none():
    made, _, _ = scans()
    reduced = fmri.reduce_runs(made, 3)
    assert fmri.stability(reduced, fmri.group_ica(reduced, 3), n_draws=4)["split_half"].min() > 0.95
    noise, _, _ = scans(k=1, noise=1e3)
    reduced = fmri.reduce_runs(noise, 3)
    assert fmri.stability(reduced, fmri.group_ica(reduced, 3), n_draws=4)["split_half"].max() < 0.5


def test_too_few_runs_for_halves():
    made, _, _ = scans(n_runs=3)
    reduced = fmri.reduce_runs(made, 3)
    with pytest.raises(InputError, match="3 runs cannot be split in halves"):
        fmri.stability(reduced, fmri.group_ica(reduced, 3))


@pytest.mark.parametrize("against", ["rest", "others"])
def test_a_component_that_follows_blocks_is_found_and_only_it(against):
    rng = np.random.default_rng(0)
    labels = [blocks(rng) for _ in range(10)]
    courses = random_courses(rng)
    for course, run in zip(courses, labels, strict=True):
        course[:, 2] += response(run, "face")
    courses = [course * 7.0 for course in courses]  # units do not matter for p
    table = fmri.follows_blocks(courses, labels, 2.0, against=against, n_draws=200)
    assert table.loc[table["z"].idxmax(), ["component", "follows"]].tolist() == [3, "face"]
    sure = table[table["p"] < 0.05]
    assert set(sure["component"]) == {3}
    assert table["p"].min() == pytest.approx(1 / 201)


@pytest.mark.parametrize("test", ["rest", "others", "step"])
def test_courses_that_follow_nothing_are_seldom_called_significant(test):
    """Of 60 signal-free studies at most 8 find anything at .05: more has a probability of 1 %."""
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        courses = random_courses(rng, n_runs=6, k=4)
        if test == "step":
            table = fmri.intersubject(courses, n_draws=99, seed=seed)
        else:
            labels = [blocks(rng) for _ in courses]
            table = fmri.follows_blocks(courses, labels, 2.0, against=test, n_draws=99, seed=seed)
        hits += table["p"].min() < 0.05
    assert hits <= 8


def test_a_block_cut_short_by_the_end_of_the_run_does_not_count():
    rng = np.random.default_rng(0)
    courses, labels = random_courses(rng, n_runs=4), [blocks(rng) for _ in range(4)]
    for run in labels:
        run[-1] = "house"
    table = fmri.follows_blocks(courses, labels, 2.0, n_draws=50)
    assert table["effect"].abs().max() < 2


def test_people_in_step_are_found():
    rng = np.random.default_rng(1)
    courses = random_courses(rng)
    shared = gaussian_filter1d(rng.standard_normal(120), 1.5)
    for course in courses:
        course[:, 4] += shared
    table = fmri.intersubject(courses, n_draws=200)
    assert table.loc[table["p"] < 0.05, "component"].tolist() == [5]
    assert table["effect"][4] > 0.4


def test_only_what_is_asked_for_is_tested():
    rng = np.random.default_rng(0)
    made, _, _ = scans(n_runs=4, n_volumes=120)
    labelled = Scans(made.runs, 2.0, None, None, tuple(blocks(rng) for _ in range(4)), False, "made")
    courses = random_courses(rng, n_runs=4)
    table = fmri.findings(labelled, courses, follow="face", n_draws=20)
    assert set(table["follows"]) == {"face"}
    assert set(table["test"]) == {"blocks against rest", "blocks against others"}
    with pytest.raises(InputError, match=r"follow='cat' names blocks that are not there. There are: face, house"):
        fmri.findings(labelled, courses, follow="cat")


def test_scans_without_labels_or_a_common_stimulus_allow_no_question():
    made, _, _ = scans()
    alone = Scans(made.runs, 2.0, None, None, None, False, "made")
    table = fmri.findings(alone, [])
    assert table.empty
    assert set(fmri.summary(table)["pairs"]) == {"these data do not allow the question"}


def test_one_kind_of_block_is_compared_with_rest_only():
    rng = np.random.default_rng(0)
    one = [np.where(blocks(rng) == "rest", "rest", "face") for _ in range(4)]
    courses = random_courses(rng, n_runs=4)
    with pytest.raises(InputError, match="All blocks are of one kind"):
        fmri.follows_blocks(courses, one, 2.0)
    made, _, _ = scans(n_runs=4, n_volumes=120)
    table = fmri.findings(Scans(made.runs, 2.0, None, None, tuple(one), False, "x"), courses, n_draws=20)
    assert set(table["test"]) == {"blocks against rest"}


def test_the_summary_names_what_was_found():
    made, _, _ = scans()
    rng = np.random.default_rng(1)
    courses = random_courses(rng, n_runs=8)
    nothing = fmri.summary(fmri.findings(made, courses, n_draws=40)).loc["people in step"]
    assert nothing["beyond chance"] == 0
    for course in courses:
        course[:, 3] = courses[0][:, 3]
    found = fmri.summary(fmri.findings(made, courses, n_draws=40)).loc["people in step"]
    assert found[["pairs", "beyond chance", "component", "effect"]].tolist() == [6, 1, 4, "1.00"]
