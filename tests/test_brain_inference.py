"""What components follow, with nulls that must stay null."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from analysis.brain import inference
from analysis.brain.data import Scans
from analysis.errors import InputError


def scans(labels=None, *, n_runs=4, in_step=False):
    """Runs of which only the labels and the common stimulus matter: the courses are given."""
    return Scans((np.zeros((120, 5), np.float32),) * n_runs, 2.0, None, None, labels, in_step, "made")


def random_courses(rng, n_runs=10, n_volumes=120, k=6):
    return [gaussian_filter1d(rng.standard_normal((n_volumes, k)), 1.5, axis=0) for _ in range(n_runs)]


def blocks(rng, n_volumes=120):
    labels = np.full(n_volumes, "rest", dtype="<U5")
    for number, kind in enumerate(rng.permutation(["face"] * 4 + ["house"] * 4)):
        labels[number * 15 + 4 : number * 15 + 12] = kind
    return labels


def response(labels, kind):
    kernel = inference.glover_hrf(2.0, oversampling=1)
    return np.convolve((labels == kind).astype(float), kernel)[: len(labels)]


@pytest.mark.parametrize("against", ["rest", "others"])
def test_a_component_that_follows_blocks_is_found_and_only_it(against):
    rng = np.random.default_rng(0)
    labels = [blocks(rng) for _ in range(10)]
    courses = random_courses(rng)
    for course, run in zip(courses, labels, strict=True):
        course[:, 2] += response(run, "face")
    courses = [course * 7.0 for course in courses]  # units do not matter for p
    table = inference.follows_blocks(courses, labels, 2.0, against=against, n_draws=200)
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
            table = inference.intersubject(courses, n_draws=99, seed=seed)
        else:
            labels = [blocks(rng) for _ in courses]
            table = inference.follows_blocks(courses, labels, 2.0, against=test, n_draws=99, seed=seed)
        hits += table["p"].min() < 0.05
    assert hits <= 8


def test_a_block_cut_short_by_the_end_of_the_run_does_not_count():
    rng = np.random.default_rng(0)
    courses, labels = random_courses(rng, n_runs=4), [blocks(rng) for _ in range(4)]
    for run in labels:
        run[-1] = "house"
    table = inference.follows_blocks(courses, labels, 2.0, n_draws=50)
    assert table["effect"].abs().max() < 2


def test_people_in_step_are_found():
    rng = np.random.default_rng(1)
    courses = random_courses(rng)
    shared = gaussian_filter1d(rng.standard_normal(120), 1.5)
    for course in courses:
        course[:, 4] += shared
    table = inference.intersubject(courses, n_draws=200)
    assert table.loc[table["p"] < 0.05, "component"].tolist() == [5]
    assert table["effect"][4] > 0.4


def test_only_what_is_asked_for_is_tested():
    rng = np.random.default_rng(0)
    labelled = scans(tuple(blocks(rng) for _ in range(4)))
    courses = random_courses(rng, n_runs=4)
    table = inference.findings(labelled, courses, follow="face", n_draws=20)
    assert set(table["follows"]) == {"face"}
    assert set(table["test"]) == {"blocks against rest", "blocks against others"}
    with pytest.raises(InputError, match=r"follow='cat' names blocks that are not there. There are: face, house"):
        inference.findings(labelled, courses, follow="cat")


def test_scans_without_labels_or_a_common_stimulus_allow_no_question():
    table = inference.findings(scans(), [])
    assert table.empty
    assert set(inference.summary(table)["pairs"]) == {"these data do not allow the question"}


def test_one_kind_of_block_is_compared_with_rest_only():
    rng = np.random.default_rng(0)
    one = [np.where(blocks(rng) == "rest", "rest", "face") for _ in range(4)]
    courses = random_courses(rng, n_runs=4)
    with pytest.raises(InputError, match="All blocks are of one kind"):
        inference.follows_blocks(courses, one, 2.0)
    table = inference.findings(scans(tuple(one)), courses, n_draws=20)
    assert set(table["test"]) == {"blocks against rest"}


def test_the_summary_names_what_was_found():
    made = scans(n_runs=8, in_step=True)
    rng = np.random.default_rng(1)
    courses = random_courses(rng, n_runs=8)
    nothing = inference.summary(inference.findings(made, courses, n_draws=40)).loc["people in step"]
    assert nothing["beyond chance"] == 0
    for course in courses:
        course[:, 3] = courses[0][:, 3]
    found = inference.summary(inference.findings(made, courses, n_draws=40)).loc["people in step"]
    assert found[["pairs", "beyond chance", "component", "effect"]].tolist() == [6, 1, 4, "1.00"]
