"""Portraits of networks: what is saved is what was found, and nothing of other networks."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis import portraits
from analysis.errors import InputError
from analysis.networks import Networks

SIZES = (4, 3)


@pytest.fixture
def networks():
    maps = np.array([[3.0, 0, -2, 0, 0, 0, 2.5], [0, 0, 0, 0, -4.04, 0, 0]], np.float32)
    nan = np.full(2, np.nan)
    return Networks(maps, np.zeros((5, 2), np.float32), np.ones(2), SIZES, "mlp_activation", "tiny", nan, True)


def saved(path, networks, panels=(), **rest):
    return json.loads(portraits.save(path / "deep" / "portraits.json", networks, "stories", panels, **rest).read_text())


def test_lit_neurons_have_their_layer_their_place_and_their_sign(tmp_path, networks):
    lit = saved(tmp_path, networks, at=1.96)["lit"]
    assert lit[0] == {"n": 3, "layer": [1, 1, 2], "neuron": [1, 3, 3], "z": [3.0, -2.0, 2.5]}
    assert lit[1] == {"n": 1, "layer": [2], "neuron": [1], "z": [-4.0]}


def test_of_many_lit_neurons_the_strongest_are_kept_and_all_are_counted(tmp_path, networks):
    lit = saved(tmp_path, networks, at=1.96, most=2)["lit"][0]
    assert (lit["n"], lit["z"]) == (3, [3.0, 2.5])


def test_a_panel_keeps_values_intervals_and_bands_and_leaves_out_what_is_not_known(tmp_path, networks):
    table = pd.DataFrame(
        {"network": [1, 2, 2], "kind": ["a", "a", "b"], "rise": [0.12345, 1, np.nan], "low": [0.1, np.nan, 0]}
    )
    table["high"], table["c"], table["d"] = 0.2, -1.0, np.array([1, 2, 3])
    how = {"label": "kind", "value": "rise", "interval": ("low", "high"), "band": ("c", "d")}
    panel = saved(tmp_path, networks, [portraits.panel("Cost", "bits", table, **how)], at=2)["panels"][0]
    assert (panel["title"], panel["unit"]) == ("Cost", "bits")
    first = {"network": 1, "label": "a", "value": 0.123, "low": 0.1, "high": 0.2, "band_low": -1.0, "band_high": 1}
    assert panel["rows"] == [
        first,
        {"network": 2, "label": "a", "value": 1.0, "high": 0.2, "band_low": -1.0, "band_high": 2},
    ]


def test_one_value_a_network_needs_no_label():
    table = pd.DataFrame({"network": [1], "r": [0.5], "other": ["x"]})
    assert portraits.panel("r", "", table, value="r").rows.to_dict("records") == [
        {"network": 1, "value": 0.5, "label": ""}
    ]


def test_contexts_are_kept_as_they_stand(tmp_path, networks):
    context = {"z": 2.5, "before": "the\n“", "token": "dog", "after": "", "upos": "NOUN", "domain": "news", "more": 1}
    found = saved(tmp_path, networks, at=2, contexts=[pd.DataFrame([context])] * 2)["contexts"]
    assert found[1] == [{name: value for name, value in context.items() if name != "more"}]


def test_what_is_about_other_networks_is_refused_in_one_line(tmp_path, networks):
    table = pd.DataFrame({"network": [3], "r": [0.5]})
    with pytest.raises(InputError, match=r"'r' is about networks beyond 1 to 2"):
        saved(tmp_path, networks, [portraits.panel("r", "", table, value="r")], at=2)
    with pytest.raises(InputError, match="contexts of 1"):
        saved(tmp_path, networks, at=2, contexts=[pd.DataFrame()])
    with pytest.raises(InputError, match="'r' has no column low, rr"):
        portraits.panel("r", "", table, value="rr", interval=("low", "r"))
