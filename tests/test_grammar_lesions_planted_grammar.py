import numpy as np
import pytest

from analysis import activity
from analysis.contribution import contribution
from analysis.errors import InputError
from analysis.grammar_lesions import planted_grammar
from analysis.grammar_lesions.planted_grammar import TAGS
from analysis.interventions import silence


@pytest.fixture(scope="module")
def recovery():
    return planted_grammar.recover(planted_grammar.plant("VERB"), n_texts=20, n_draws=50)


def test_exactly_what_was_planted_is_found_and_for_no_other_tag(recovery):
    planted = recovery.planted.neurons
    assert planted.sum() == 6
    assert recovery.found[TAGS.index("VERB")].tolist() == planted.tolist()
    assert not np.delete(recovery.found, TAGS.index("VERB"), axis=0).any()
    assert (recovery.hits, recovery.false_alarms) == (6, 0)


def test_only_the_lesion_of_the_planted_neurons_harms_only_its_own_tag(recovery):
    cells = recovery.matrix.cells().set_index(["lesion", "target"])
    beyond = cells.index[cells["p_corrected"] < 0.05].tolist()
    assert beyond == [("VERB", "VERB")]
    assert cells.loc[("VERB", "VERB"), "harm"] > 0.5
    others = cells.drop(("VERB", "VERB"))["harm"]
    assert others.abs().max() < 0.2


def test_verbs_are_foreseen_by_the_planted_neurons_alone(recovery):
    matrix = recovery.matrix
    battery = matrix.battery
    assert (battery.intact["accuracy"] > 0.8).all()  # each tag is foreseen
    harm = battery.harm(recovery.planted.neurons[None], lambda mask, _: silence(mask))
    left = battery.intact["mass"].to_numpy() - harm.mass[0][:, None].T @ (
        (battery.upos[:, None] == np.array(TAGS)) / (battery.upos[:, None] == np.array(TAGS)).sum(0)
    )
    assert left[0, TAGS.index("VERB")] < 1 / len(TAGS)  # no better than a guess


def test_other_neurons_write_as_much_as_the_planted_ones():
    planted = planted_grammar.plant("NOUN", seed=1)
    strength = contribution(planted.lm, activity.record(planted.lm, planted_grammar.read(10)))
    for size, mask in zip(strength.reshape(4, -1)[1:], planted.neurons.reshape(4, -1)[1:], strict=True):
        assert mask.sum() == 2
        assert size[mask].max() < size[~mask].max()


def test_endings_announce_the_next_part_of_speech():
    texts = planted_grammar.read(20, seed=5)
    pairs = [
        (word.form.rpartition("-")[2].upper(), after.upos)
        for text in texts
        for word, after in zip(text.words, text.words[1:], strict=False)
    ]
    assert np.mean([told == came for told, came in pairs]) == pytest.approx(
        0.925, abs=0.03
    )  # .9 and chance of the rest
    assert [text.text for text in texts] == [text.text for text in planted_grammar.read(20, seed=5)]
    assert all(text.text[word.start : word.end] == word.form for text in texts for word in text.words)


def test_there_are_four_tags():
    with pytest.raises(InputError, match="No tag is named 'PRON'"):
        planted_grammar.plant("PRON")


@pytest.mark.slow
def test_over_seeds_and_tags_all_is_found_and_false_alarms_are_rare():
    found = [
        planted_grammar.recover(planted_grammar.plant(tag, seed), n_texts=20, n_draws=100, seed=seed)
        for tag in TAGS
        for seed in range(5)
    ]
    assert all(one.hits == 6 for one in found)
    assert sum(one.false_alarms > 0 for one in found) <= 4  # .05 each, at most 4 of 20 in 99.7 %
