import numpy as np
import pytest
from test_grammar_words import text_of

from analysis.activity import record
from analysis.errors import InputError
from analysis.grammar import word_sets, words
from analysis.grammar_lesions.battery import Battery, amplify, assemble, check_lemmas, way_named, ways_to_silence
from analysis.grammar_lesions.word_scores import score_words, tag_lexicon
from analysis.interventions import silence

TAGS = ("NOUN", "VERB")
FIND = [
    text_of("The/DET dog/NOUN saw/VERB two/NUM cats/NOUN", "stories"),
    text_of("The/DET cat/NOUN didn't/VERB see/VERB the/DET light/NOUN house/NOUN", "news"),
]
TEST = [
    text_of("Two/NUM dogs/NOUN", "stories"),
    text_of("The/DET cats/NOUN see/VERB the/DET dog/NOUN and/CCONJ two/NUM houses/NOUN", "news"),
    text_of("And/CCONJ nobody/PRON laughed/VERB", "stories"),
    text_of("The/DET dog/NOUN laughed/VERB and/CCONJ saw/VERB two/NUM dogs/NOUN", "news"),
]


@pytest.fixture(scope="module")
def sets(lm):
    """As chapter 7 makes them, but with parts chosen by hand: dogs and laughing are for the test."""
    texts = {"find": FIND, "tune": FIND, "test": TEST}
    tables = {part: words.word_table(lm, given, min_lemmas=1) for part, given in texts.items()}
    part_of = {"dog": "test", "dogs": "test", "laughed": "test", "cats": "find", "houses": "find", "see": "tune"}
    parts = {part: word_sets.WordSet(tuple(texts[part]), tables[part], tables[part].table.iloc[:0]) for part in texts}
    return word_sets.WordSets(parts, TAGS, part_of)


@pytest.fixture(scope="module")
def battery(lm, sets):
    return assemble(lm, sets, "test", 4)


def test_only_words_of_the_parts_own_lemmas_are_tested(lm, sets, battery):
    assert sorted(battery.table["lemma"]) == ["dog", "dog", "dogs", "dogs", "laughed", "laughed"]
    assert battery.tags == TAGS
    every = assemble(lm, sets, "test", 4, lemmas="all")
    assert set(every.table["lemma"]) == {"dog", "dogs", "cats", "houses", "see", "laughed", "saw"}
    for one in (battery, every):  # places are those of the texts that were kept
        forms = [one.texts[row["text"]].words[row["word"]].form for _, row in one.table.iterrows()]
        assert forms == one.table["form"].tolist()


def test_texts_with_most_words_of_all_tags_are_read_first(lm, sets):
    one = assemble(lm, sets, "test", 1)
    assert [text.text for text in one.texts] == [TEST[3].text]
    two = assemble(lm, sets, "test", 2, lemmas="all")
    assert [text.text for text in two.texts] == [TEST[1].text, TEST[3].text]


def test_a_battery_without_a_tag_is_refused(lm, sets):
    none = word_sets.WordSets(sets.parts, TAGS, {"dog": "test"})
    with pytest.raises(InputError, match="Not all of NOUN, VERB have a word in 4 texts of test"):
        assemble(lm, none, "test", 4)


def test_a_battery_with_too_few_lemmas_for_an_interval_is_refused(battery):
    with pytest.raises(InputError, match="1 lemmas that are VERB"):
        check_lemmas(battery)


def test_intact_says_how_well_the_model_does_and_how_many_words_there_are(battery):
    intact = battery.intact
    assert intact["words"].to_dict() == {"NOUN": 4, "VERB": 2}
    assert intact["lemmas"].to_dict() == {"NOUN": 2, "VERB": 1}
    assert (intact["log_probability"] < 0).all()
    assert intact["mass"].between(0, 1).all()


def test_harm_is_what_is_lost_word_by_word(lm, battery):
    mask = np.random.default_rng(0).random(72) < 0.4
    empty = np.zeros_like(mask)
    harm = battery.harm(np.stack([mask, empty]), lambda neurons, _: silence(neurons))
    scores = score_words(lm, battery.texts, battery.table, [None, silence(mask)], battery.lexicon)
    np.testing.assert_allclose(harm.log_probability[0], -np.diff(scores.log_probability, axis=0)[0], atol=1e-5)
    np.testing.assert_allclose(harm.mass[0], -np.diff(scores.own_mass(battery.upos), axis=0)[0], atol=1e-5)
    assert np.abs(harm.log_probability[0]).max() > 1e-4
    for values in (harm.log_probability, harm.mass, harm.accuracy):
        assert not values[1].any()  # a lesion of nothing takes nothing


def test_amplifying_multiplies_whatever_is_read():
    mask = np.arange(72) < 3
    made = amplify(2.5, "mlp_output")(mask, "any")
    assert (made.factor, made.site, made.neurons.sum()) == (2.5, "mlp_output", 3)


def test_each_domain_has_its_own_means_and_donors(lm):
    found = record(lm, FIND)
    mask = np.ones(72, bool)
    domains = found.tokens["domain"].to_numpy()
    ways = ways_to_silence(lm, found, ["news", "poems"], seed=3)
    assert list(ways) == ["zero", "mean", "resample"]
    assert ways["zero"](mask, "news").factor == 0
    mean = ways["mean"](mask, "news")
    np.testing.assert_allclose(mean.constant, found.values[domains == "news"].mean(0), rtol=1e-5)
    donors = ways["resample"](mask, "news").donors
    known = {row.tobytes() for row in found.values[domains == "news"]}
    assert {row.tobytes() for row in donors} <= known
    assert way_named(ways, "mean") is ways["mean"]
    with pytest.raises(InputError, match="No lesion is named 'cut'"):
        way_named(ways, "cut")
    elsewhere = ways["mean"](mask, "poems")  # a domain that was not read to find neurons
    np.testing.assert_allclose(elsewhere.constant, found.values.mean(0), rtol=1e-5)


def test_words_of_several_domains_are_put_back_in_their_places(lm, sets):
    table = words.word_table(lm, TEST, min_lemmas=1).table
    table = table[table["upos"].isin(TAGS)].sample(frac=1, random_state=1)
    battery = Battery(lm, TEST, table, TAGS, tag_lexicon(lm, FIND, sets.parts["find"].words.table))
    mask = np.random.default_rng(1).random((1, 72)) < 0.4
    harm = battery.harm(mask, lambda neurons, _: silence(neurons)).log_probability[0]
    whole = score_words(lm, TEST, table, [None, silence(mask[0])], battery.lexicon).log_probability
    np.testing.assert_allclose(harm, whole[0] - whole[1], atol=1e-5)
