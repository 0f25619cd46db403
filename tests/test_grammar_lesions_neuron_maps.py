import numpy as np
import pytest

from analysis.errors import InputError
from analysis.grammar.words import word_table
from analysis.grammar_lesions import planted_grammar
from analysis.grammar_lesions.battery import Battery
from analysis.grammar_lesions.neuron_maps import NeuronMaps, silence_each
from analysis.grammar_lesions.word_scores import tag_lexicon

TAGS = planted_grammar.TAGS
VERB = TAGS.index("VERB")


@pytest.fixture(scope="module")
def planted():
    return planted_grammar.plant("VERB", seed=1)


@pytest.fixture(scope="module")
def each(planted):
    texts = planted_grammar.read(2, seed=3)
    table = word_table(planted.lm, texts).table
    battery = Battery(planted.lm, texts, table, TAGS, tag_lexicon(planted.lm, texts, table))
    return silence_each(battery, 4)


def made(strong):
    """One neuron that does much or little, and 1,999 that do a little."""
    alone = 0.01 * np.random.default_rng(0).standard_normal((1, 2000))
    alone[0, 7] = strong
    return NeuronMaps(alone, ("VERB",), 10)


def test_verbs_lose_by_each_of_the_planted_neurons_and_other_tags_do_not(planted, each):
    assert each.n_words == 16
    others = np.delete(each.alone, VERB, axis=0)
    assert each.alone[VERB, planted.neurons].min() > 3 * others[:, planted.neurons].max()
    assert each.alone[VERB, planted.neurons].mean() > 10 * np.abs(each.alone[VERB, ~planted.neurons].mean())


def test_parcels_that_are_sums_of_their_neurons_add_up(each):
    cut = np.arange(800) // 80 == np.arange(10)[:, None]
    sums = cut @ each.alone.T
    assert each.add_up(cut, sums).tolist() == pytest.approx([1.0] * 4)
    assert each.add_up(cut, -sums)["VERB"] == pytest.approx(-1.0)


def test_lesions_find_a_neuron_that_does_much_and_none_that_does_little():
    much, little = (made(strong).found_by_lesions(n_draws=50).loc["VERB"] for strong in (0.3, 0.02))
    assert much["univariate"] >= 1
    assert much["ridge"] >= 1
    assert little["univariate"] <= 1
    assert much["n_neurons"] == 2000
    assert 0 < little["rank_r"] < 1


def test_lesions_of_too_few_neurons_are_refused():
    with pytest.raises(InputError, match="silences each neuron 2 times"):
        made(1.0).found_by_lesions(100, 0.02)
