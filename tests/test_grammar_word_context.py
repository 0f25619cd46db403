import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from analysis import language, models
from analysis.errors import InputError
from analysis.grammar.word_context import CONTEXTS, from_context, generator_mass, preceding
from analysis.grammar.word_sets import PARTS, WordSet, WordSets, choose_words
from analysis.grammar.words import Words
from analysis.language.ceiling import next_tag_posterior
from analysis.texts import Text, Word

TEXT = Text(
    "The dogs saw us",
    "demo",
    (Word("The", 0, 3, "the", "DET"), Word("dogs", 4, 8, "dog", "NOUN"), Word("saw", 9, 12, "see", "VERB"),
     Word("us", 13, 15, "we", "PRON")),
)  # fmt: skip


def test_nearest_words_come_first_then_tags_and_nothing_before_the_start():
    rows = pd.DataFrame({"text": [0, 0, 0], "word": [0, 1, 3]})
    assert preceding([TEXT], rows, 2, 1).tolist() == [
        ["", "", ""],
        ["the", "", "DET"],
        ["saw", "dogs", "VERB"],
    ]
    assert preceding([TEXT], rows, 0, 3)[2].tolist() == ["VERB", "NOUN", "DET"]
    assert preceding([TEXT], rows.iloc[:0], 1, 2).shape == (0, 3)


@pytest.fixture(scope="module")
def sets():
    """In every part, x is followed by nouns and y by verbs; the lemmas of the parts differ."""
    parts, part_of = {}, {}
    for part in PARTS:
        texts, rows = [], []
        for n in range(30):
            tag = ("NOUN", "VERB")[n % 2]
            lemma = f"{part}{n % 10}"
            part_of[lemma] = part
            before = Word("xy"[n % 2], 0, 1, "x", "DET")
            texts.append(Text(f"x {lemma}", "demo", (before, Word(lemma, 2, 2 + len(lemma), lemma, tag))))
            rows.append({"text": n, "word": 1, "form": lemma, "lemma": lemma, "upos": tag, "first": 1, "last": 1})
        table = pd.DataFrame(rows)
        parts[part] = WordSet(tuple(texts), Words(table, pd.DataFrame()), table.iloc[:12])
    return WordSets(parts, ("NOUN", "VERB"), part_of)


@pytest.mark.parametrize("tested", ["tune", "test"])
def test_what_comes_before_is_learned_from_the_parts_before(sets, tested):
    found = from_context(sets, tested)
    assert list(found) == list(CONTEXTS)
    items = sets.items
    here = (items["part"] == tested).to_numpy()
    assert (found["previous word"][here] == items["upos"].to_numpy(str)[here]).all()
    for predicted in found.values():
        assert ((predicted != "") == here).all()
    # All tags before are DET: there is nothing to be learned from them.
    assert len(set(found["two previous tags"][here])) == 1


def test_nothing_is_learned_from_words_of_the_tested_lemmas(sets):
    """A word of a test lemma that stands in a text of find says the opposite, and must not be believed."""
    find = sets.parts["find"]
    table = find.words.table
    spoiled = [
        Text(f"{'xy'[n % 2]} test{n % 10}", "demo", (Word("yx"[n % 2], 0, 1), Word("test", 2, 6))) for n in range(200)
    ]
    rows = pd.DataFrame(
        [
            {"text": 30 + n, "word": 1, "form": "f", "lemma": f"test{n % 10}", "upos": ("NOUN", "VERB")[n % 2]}
            for n in range(200)
        ]
    )
    words = Words(pd.concat([table, rows], ignore_index=True), pd.DataFrame())
    other = WordSets(
        {**sets.parts, "find": WordSet((*find.texts, *spoiled), words, find.chosen)}, sets.tags, sets.part_of
    )
    for name, predicted in from_context(other, "test").items():
        assert predicted.tolist() == from_context(sets, "test")[name].tolist()


def test_the_words_before_say_something_in_the_teaching_language():
    texts = {part: language.passages("stories", part, 20) for part in PARTS}
    sets = choose_words(models.load_model(ROOT / "data" / "teaching-model"), texts, "NOUN,VERB", 20)
    predicted = from_context(sets, "test")["previous word"]
    tags = sets.items["upos"].to_numpy(str)
    assert (predicted == tags)[predicted != ""].mean() > 0.6


def test_the_generator_is_asked_word_by_word():
    texts = language.passages("stories", "test", 1)
    rows = pd.DataFrame({"text": [0, 0], "word": [3, 9]})
    tags = ["NOUN", "VERB"]
    mass = generator_mass(texts, rows, tags, steps=20)
    for row, word in enumerate([3, 9]):
        posterior = next_tag_posterior(texts[0], word, 20).probability
        assert mass[row].tolist() == [posterior.get(tag, 0.0) for tag in tags]
    assert np.array_equal(generator_mass(texts, rows, tags, steps=20), mass)


def test_other_texts_have_no_generator():
    with pytest.raises(InputError, match="no passage of the teaching language"):
        generator_mass([TEXT], pd.DataFrame({"text": [0], "word": [1]}), ["NOUN"])
