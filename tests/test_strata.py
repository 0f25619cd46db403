import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.controls import same_contribution
from analysis.strata import strata_for


def test_wide_layers_allow_all_strata_and_narrow_ones_fewer():
    few = np.zeros(200, bool)
    few[[3, 150]] = True
    assert strata_for(few, (100, 100)) == 10
    many = np.zeros((2, 200), bool)
    many[1, :10] = True
    assert strata_for(many, (100, 100)) == 5
    assert strata_for(np.ones(200, bool), (100, 100)) == 1
    assert strata_for(np.zeros(200, bool), (100, 100), 7) == 7


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(4, 60), min_size=1, max_size=3))
def test_no_stratum_runs_out(seed, sizes):
    rng = np.random.default_rng(seed)
    masks = rng.random((2, sum(sizes))) < rng.uniform(0, 0.4)
    starts = np.cumsum([0, *sizes[:-1]])
    if (np.add.reduceat(masks, starts, axis=1) * 2 > sizes).any():
        return  # more than half of a layer
    n = strata_for(masks, sizes, 20)
    drawn = same_contribution(masks, sizes, rng.random(sum(sizes)), 2, n_strata=n)
    assert (drawn.sum(-1) == masks.sum(-1)).all()
