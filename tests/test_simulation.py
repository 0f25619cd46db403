from analysis.decomposition import standardise
from analysis.simulation import planted, recovery


def test_planted_networks_are_found_in_their_own_units_and_lost_by_standardising():
    """Loud and quiet members of a network are all equally loud after it; chapter 2 tells that price."""
    activity, maps = planted(k=8)
    assert recovery(activity, maps) > 0.95
    assert recovery(standardise(activity), maps) < 0.6
