import numpy as np
import pytest

from analysis.controls import same_size_per_layer
from analysis.errors import InputError
from analysis.grammar.enrichment import enrichment, networks_of

SIZES = (300, 300)


def some(rng, n, weights=None):
    mask = np.zeros(600, bool)
    mask[rng.choice(600, n, replace=False, p=weights)] = True
    return mask


def test_a_planted_overlap_is_found_and_nothing_else():
    rng = np.random.default_rng(0)
    networks = np.stack([some(rng, 60) for _ in range(5)])
    chosen = np.stack([some(rng, 20), some(rng, 20)])
    chosen[1] = False
    chosen[1, np.flatnonzero(networks[3])[:14]] = True
    table = enrichment(chosen, networks, rng.random(600), SIZES, ["NOUN", "VERB"])
    hit = table[table["p_corrected"] < 0.05]
    assert hit[["set", "network", "shared", "share_of_set"]].to_numpy().tolist() == [["VERB", 4, 14, 1.0]]
    found = networks_of(table)
    assert found.loc["VERB", "network"] == 4
    assert found["enriched"].to_dict() == {"NOUN": False, "VERB": True}
    assert found["also"].to_dict() == {"NOUN": "", "VERB": ""}


def test_a_network_of_two_sets_names_the_other():
    rng = np.random.default_rng(1)
    networks = np.stack([some(rng, 60) for _ in range(3)])
    members = np.flatnonzero(networks[2])
    chosen = np.zeros((2, 600), bool)
    chosen[0, members[:15]] = True
    chosen[1, members[10:25]] = True
    found = networks_of(enrichment(chosen, networks, rng.random(600), SIZES, ["NOUN", "VERB"]))
    assert found["network"].tolist() == [3, 3]
    assert found["also"].to_dict() == {"NOUN": "VERB", "VERB": "NOUN"}


def test_neurons_that_are_frequent_in_everything_are_not_called_enriched():
    """Two maps that both like frequent neurons, and nothing else, overlap more than sets of the same size do."""
    alarms = {"matched": 0, "same size": 0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        frequency = rng.random(600)
        weights = frequency**4 / (frequency**4).sum()
        networks, chosen = some(rng, 60, weights)[None], some(rng, 20, weights)[None]
        table = enrichment(chosen, networks, frequency, SIZES, ["NOUN"], n_draws=99, seed=seed)
        alarms["matched"] += int(table["p"].iloc[0] < 0.05)
        shared = (same_size_per_layer(chosen[0], SIZES, 99, seed) & networks).sum(1)
        alarms["same size"] += int((1 + (shared >= (chosen & networks).sum()).sum()) / 100 < 0.05)
    assert alarms["matched"] <= 4
    assert alarms["same size"] >= 15


def test_sets_and_networks_have_to_fit():
    masks = np.ones((2, 600), bool)
    with pytest.raises(InputError, match="3 names"):
        enrichment(masks, masks, np.ones(600), SIZES, ["A", "B", "C"])
    with pytest.raises(InputError, match="a set is empty"):
        enrichment(np.zeros((1, 600), bool), masks, np.ones(600), SIZES, ["A"])
