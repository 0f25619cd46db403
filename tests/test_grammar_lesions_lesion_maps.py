import numpy as np
import pytest

from analysis.errors import InputError
from analysis.grammar.words import word_table
from analysis.grammar_lesions import parcels, planted_grammar
from analysis.grammar_lesions.battery import Battery
from analysis.grammar_lesions.lesion_maps import TagMaps, map_tags
from analysis.grammar_lesions.word_scores import tag_lexicon
from analysis.interventions import silence

TAGS = planted_grammar.TAGS
VERB = TAGS.index("VERB")


@pytest.fixture(scope="module")
def planted():
    return planted_grammar.plant("VERB", seed=1)


@pytest.fixture(scope="module")
def maps(planted):
    """Twelve parcels of one layer each; all planted neurons of layer 2 are in parcel 4."""
    texts = planted_grammar.read(2, seed=3)
    table = word_table(planted.lm, texts).table
    battery = Battery(planted.lm, texts, table, TAGS, tag_lexicon(planted.lm, texts, table))
    layer_of = np.repeat(np.arange(4), 200)
    place = np.tile(np.repeat(np.arange(3), [67, 67, 66]), 4) + 3 * layer_of
    place[planted.neurons & (layer_of == 1)] = 4
    cut = place == np.arange(12)[:, None]
    lesions = parcels.random_lesions(12, 120, expected=2)
    return map_tags(battery, cut, lesions, lambda mask, _: silence(mask), layer_of)


@pytest.fixture(scope="module")
def made():
    """Maps that are known: symptoms are sums over the silenced parcels, and noise."""
    rng = np.random.default_rng(0)
    alone = np.where(rng.random((20, 2)) < 0.3, rng.random((20, 2)), 0.0) + 0.01 * rng.random((20, 2))
    lesions = parcels.random_lesions(20, 400, expected=2)
    deficits = lesions @ alone + 0.05 * rng.standard_normal((400, 2))
    cut = np.arange(200) // 10 == np.arange(20)[:, None]
    return TagMaps(cut, np.repeat(np.arange(4), 5), lesions, deficits, alone, ("NOUN", "VERB"))


def test_a_parcel_alone_does_what_its_lesion_does(planted, maps):
    assert maps.alone.shape == (12, 4)
    assert maps.deficits.shape == (120, 4)
    assert maps.layer_of.tolist() == np.repeat(np.arange(4), 3).tolist()
    assert maps.alone[:, VERB].argmax() == 4
    only = maps.lesions.sum(1) == 1
    assert only.any()
    for lesion, deficit in zip(maps.lesions[only], maps.deficits[only], strict=True):
        np.testing.assert_allclose(deficit, maps.alone[lesion.argmax()], atol=1e-5)


def test_the_map_finds_the_parcel_that_a_tag_hangs_on(maps):
    table = maps.mapped(n_draws=100)
    verbs = table[table["symptom"] == "VERB"]
    assert verbs["weight"].idxmax() == verbs.index[4]
    assert verbs["ridge_p"].iloc[4] < 0.05
    np.testing.assert_allclose(verbs["alone"], maps.alone[:, VERB])
    assert maps.held_out().query("symptom == 'VERB' and method == 'ridge'")["r"].item() > 0.5


def test_maps_agree_with_the_truth_and_with_key_neurons_only_where_these_are(made):
    chosen = np.zeros((2, 200), bool)
    chosen[0] = made.alone[:, 0].repeat(10) > np.random.default_rng(1).random(200)  # where nouns hang, many are key
    chosen[1, ::7] = True  # evenly: nothing to do with where verbs hang
    table = made.agreement(chosen, n_draws=500).set_index(["tag", "first", "second"])
    assert len(table) == 2 * 6
    for tag in ("NOUN", "VERB"):
        assert table.loc[(tag, "alone", "ridge"), "rank_r"] > 0.6
        assert table.loc[(tag, "alone", "ridge"), "p"] < 0.05
    assert table.loc[("NOUN", "alone", "key neurons"), "p"] < 0.05
    assert table.loc[("VERB", "alone", "key neurons"), "p"] > 0.05


def test_specific_maps_are_about_what_a_tag_loses_beyond_the_others(made):
    specific = made.specific
    np.testing.assert_allclose(specific.deficits[:, 0], made.deficits[:, 0] - made.deficits[:, 1])
    np.testing.assert_allclose(specific.alone[:, 1], made.alone[:, 1] - made.alone[:, 0])
    assert specific.tags == made.tags


def test_lesions_have_to_be_of_the_parcels():
    with pytest.raises(InputError, match="Lesions of 3 parcels do not fit 2"):
        map_tags(None, np.ones((2, 8), bool), np.ones((5, 3), bool), None, np.zeros(8, int))
