"""Two sources, mixed and unmixed."""

from analysis.brain import mixing


def test_spatial_and_temporal_ica_fail_where_their_own_assumption_does():
    r = mixing.unmixing(range(6)).groupby(["case", "by"])["r"].mean()
    assert r["apart", "space"] > 0.95
    assert r["apart", "time"] > 0.9
    assert r["overlapping", "time"] > 0.9
    assert r["overlapping", "space"] < 0.75
    assert r["in step", "space"] > 0.9
    assert r["in step", "time"] < 0.75
