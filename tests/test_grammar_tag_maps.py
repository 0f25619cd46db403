import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from analysis.errors import InputError
from analysis.grammar import tag_maps
from analysis.grammar.glm import TagMaps
from analysis.grammar.key_neurons import counts

SIZES = (30, 20)
TAGS = ("A", "B", "C")


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    tags = np.repeat(TAGS, 60)
    values = rng.standard_normal((180, 50))
    for number, tag in enumerate(TAGS):
        values[tags == tag, 10 * number : 10 * number + 3] += 2
    return values, tags


def test_a_classifiers_map_shows_the_neurons_of_each_tag(features):
    values, tags = features
    maps = tag_maps.probe_map(values, tags)
    assert maps.shape == (3, 50)
    for number in range(3):
        assert set(np.argsort(-maps[number])[:3]) == {10 * number, 10 * number + 1, 10 * number + 2}
    np.testing.assert_allclose(maps.sum(0), 0, atol=1e-3)  # what speaks for one tag speaks against the others


def test_with_two_tags_one_map_is_the_other_turned(features):
    values, tags = features
    two = tags != "C"
    maps = tag_maps.probe_map(values[two], tags[two])
    np.testing.assert_array_equal(maps[0], -maps[1])
    assert maps[0, :3].min() > 0
    assert maps[1, 10:13].min() > 0


def test_selectivity_is_use_by_the_tag_minus_use_by_the_others(features):
    values, tags = features
    made = counts(values, tags, [f"l{n}" for n in range(180)], SIZES, share=0.1)
    maps = tag_maps.selectivity_map(made)
    np.testing.assert_allclose(maps.sum(0), 0, atol=1e-6)
    used, n_items = made.by_tag()
    rate = used / n_items
    np.testing.assert_allclose(maps[1], rate[1] - (rate[0] + rate[2]) / 2, atol=1e-6)


@pytest.fixture
def glm():
    q = np.ones((2, 50))
    q[0, :15] = 0.01
    q[0, 30:35] = 0.04
    r2 = np.zeros((2, 50))
    r2[0, :15] = 0.1
    r2[0, 34] = 0.5
    empty = np.zeros((2, 50))
    account = pd.DataFrame({"tag": ["A", "B"], "texts": [9, 8], "documents": [7, 6], "absent": 0, "confounded": 0})
    return TagMaps(("A", "B"), empty, empty, empty, q, r2, account, "predict")


def test_responders_are_counted_by_layer(glm):
    table = tag_maps.responders(glm, SIZES)
    assert table.index.tolist() == [1, 2]
    assert table["A"].tolist() == [0.5, 0.25]
    assert table["B"].tolist() == [0.0, 0.0]
    assert tag_maps.responders(glm, SIZES, q=0.02)["A"].tolist() == [0.5, 0.0]


def test_effects_are_summed_up_over_responders(glm):
    table = tag_maps.effect_sizes(glm)
    assert table.loc["A"].tolist() == [0.4, 0.1, 0.5, 9, 7]
    assert table.loc["B", "responding"] == 0
    assert table.loc["B", ["median", "largest"]].isna().all()


def test_maps_agree_tag_by_tag_whatever_their_sign():
    rng = np.random.default_rng(0)
    first = rng.standard_normal((2, 50))
    second = np.stack([-2 * first[0], rng.standard_normal(50)])
    table = tag_maps.agreement_by_tag({"one": first, "two": second}, ("A", "B"), SIZES, n_draws=50).set_index("tag")
    assert table.loc["A", "rho"] == pytest.approx(1)
    assert table.loc["A", "rho_p"] == pytest.approx(1 / 51)
    assert abs(table.loc["B", "rho"]) < 0.4


def test_maps_without_a_row_for_each_tag_are_named():
    with pytest.raises(InputError, match="Maps need a row for each of 2 tags"):
        tag_maps.agreement_by_tag({"one": np.ones((2, 50)), "two": np.ones((3, 50))}, ("A", "B"), SIZES)


def test_maps_that_share_neurons_agree_and_those_that_share_only_layers_do_not():
    rng = np.random.default_rng(0)
    sizes = (150, 150)
    layer = np.repeat([0.0, 3.0], 150)
    a = rng.standard_normal(300) + layer
    maps = {"a": a, "like a": a + rng.standard_normal(300), "other": rng.standard_normal(300) + layer}
    table = tag_maps.agreement(maps, sizes, share=0.1, n_draws=400).set_index(["first", "second"])
    alike, apart = table.loc[("a", "like a")], table.loc[("a", "other")]
    assert alike["rho"] == pytest.approx(spearmanr(a, maps["like a"]).statistic)
    assert apart["rho"] == pytest.approx(spearmanr(a, maps["other"]).statistic)
    assert apart["rho"] > 0.5
    assert apart["rho"] == pytest.approx(apart["rho_null"], abs=0.1)
    assert alike["rho_p"] == alike["overlap_p"] == 1 / 401
    assert min(apart["rho_p"], apart["overlap_p"]) > 0.05
    top = [{*np.argsort(m[:150])[-15:], *(150 + np.argsort(m[150:])[-15:])} for m in (a, maps["like a"])]
    assert alike["overlap"] == pytest.approx(len(top[0] & top[1]) / 30)
    assert alike["overlap_null"] == pytest.approx(0.1, abs=0.02)


def test_a_map_agrees_with_itself_and_not_with_its_opposite():
    a = np.random.default_rng(1).standard_normal(100)
    table = tag_maps.agreement({"a": a, "again": 5 * a, "opposite": -a}, (60, 40), n_draws=99)
    assert table["rho"].tolist() == pytest.approx([1, -1, -1])
    assert table["overlap"].tolist() == pytest.approx([1, 0, 0])
    assert table["rho_p"].tolist() == [0.01, 1, 1]


def test_maps_that_do_not_cover_the_neurons_are_named():
    a = np.arange(10.0)
    with pytest.raises(InputError, match="Not so: short, hole"):
        tag_maps.agreement({"a": a, "short": a[1:], "hole": np.where(a == 3, np.nan, a)}, (10,))
    with pytest.raises(InputError, match="two maps or more"):
        tag_maps.agreement({"a": a}, (10,))
