"""The simulated group is what it was asked to be."""

import numpy as np
import pytest

from analysis.brain import simulation as fmri_simulation
from analysis.brain.simulation import NETWORKS, simulate
from analysis.errors import InputError


def test_places_are_those_of_the_tables():
    table = fmri_simulation.places()
    assert tuple(table["network"].unique()) == NETWORKS
    count = table["network"].value_counts()
    assert count["auditory"] == 12
    assert count["cerebellar"] == 18
    language = table[table["network"] == "language"]
    assert (language["x"] < 0).all()
    assert (table.loc[table["network"] == "visual", "y"] < -40).all()


def test_the_signal_is_what_was_asked_for():
    """Changes of one to two per cent at the peak, on a mean near 1,000."""
    quiet = simulate(n_people=2, n_volumes=120, resolution=8, tsnr=1e9, seed=1)
    networks = quiet.courses[..., : len(NETWORKS)]
    highest = networks.max((0, 1))
    assert highest.min() > 0.9
    assert highest.max() < 2.05
    assert networks.min() > -1
    assert quiet.scans.runs[0].mean() == pytest.approx(1000, rel=0.1)
    assert (quiet.maps.max(1) <= 1 + 1e-6).all()


def test_noise_has_the_stated_ratio():
    empty = simulate(n_people=2, n_volumes=120, resolution=4, tsnr=50, change=(0, 0), seed=1)
    run = empty.scans.runs[0]
    assert np.median(run.mean(0) / run.std(0)) == pytest.approx(50, rel=0.05)


def test_same_seed_same_group_other_seed_another():
    first, again, other = (simulate(n_people=2, n_volumes=60, resolution=8, seed=seed) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(first.scans.runs, again.scans.runs, strict=True))
    assert (first.scans.labels[0] == again.scans.labels[0]).all()
    assert not (first.scans.runs[0] == other.scans.runs[0]).all()


@pytest.mark.parametrize("bad", [{"n_people": 1}, {"n_volumes": 30}, {"tsnr": 0}, {"resolution": 1}])
def test_numbers_that_cannot_be_simulated(bad):
    with pytest.raises(InputError, match="cannot be simulated"):
        simulate(**bad)
