"""The parts of the decomposition of brains that need no simulated brain."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from analysis.brain import components as fmri
from analysis.brain.data import Scans, clean
from analysis.errors import InputError


def scans(*, n_runs=8, n_volumes=60, n_nodes=300, k=3, noise=1.0, seed=0, tr=2.0):
    """Nodes made of k heavy-tailed maps, the same in all runs; and the maps and courses."""
    rng = np.random.default_rng(seed)
    maps = rng.standard_t(3, (k, n_nodes))
    courses = gaussian_filter1d(rng.standard_normal((n_runs, n_volumes, k)), 1.5, axis=1)
    courses /= courses.std(1, keepdims=True)
    runs = courses @ maps + noise * rng.standard_normal((n_runs, n_volumes, n_nodes))
    made = Scans(tuple(runs.astype(np.float32)), tr, None, None, None, True, "made")
    return made, maps.astype(np.float32), courses


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
