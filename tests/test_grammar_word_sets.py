import itertools

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, third_party

from analysis import language, models
from analysis.errors import InputError
from analysis.grammar import word_splits, words
from analysis.grammar.word_sets import PARTS, ambiguous_words, choose_words, few_of_each, read_parts
from analysis.texts import Text

TAGS = "NOUN,VERB,ADJ"


def length(text):
    return len(text.split())


@pytest.fixture(scope="module")
def lm():
    return models.load_model(ROOT / "data" / "teaching-model")


@pytest.fixture(scope="module")
def texts():
    return {part: language.passages("stories", part, 12) for part in PARTS}


@pytest.fixture(scope="module")
def sets(lm, texts):
    return choose_words(lm, texts, TAGS, 8)


def test_the_teaching_language_gives_its_own_parts():
    parts = read_parts("teaching:stories", None, None, length, 3)
    assert {part: {text.document.split("/")[1] for text in found} for part, found in parts.items()} == {
        part: {part} for part in PARTS
    }


def test_one_treebank_is_divided_by_documents():
    path = str(third_party("text/ud_english_ewt/en_ewt-ud-test.conllu"))
    parts = read_parts(path, None, None, length, 10, max_tokens=60)
    documents = {part: {text.document for text in found} for part, found in parts.items()}
    assert all(documents.values())
    for first, second in itertools.combinations(PARTS, 2):
        assert not documents[first] & documents[second]


def test_three_treebanks_are_taken_as_they_are():
    path = str(third_party("text/ud_english_ewt/en_ewt-ud-test.conllu"))
    parts = read_parts(path, path, path, length, 2, max_tokens=60)
    assert parts["find"] == parts["tune"] == parts["test"]


@pytest.mark.parametrize(("tune", "test"), [("some.conllu", None), (None, "some.conllu")])
def test_two_parts_of_three_are_refused(tune, test):
    with pytest.raises(InputError, match="Give texts for tune and for test, or for neither"):
        read_parts("teaching", tune, test, length, 2)


def test_a_treebank_of_two_documents_cannot_be_divided(tmp_path):
    (tmp_path / "two.txt").write_text("a b c d e f\n\ng h i j k l\n", encoding="utf-8")
    with pytest.raises(InputError, match="2 documents, too few for find, tune, test"):
        read_parts(str(tmp_path / "two.txt"), None, None, length, 5, max_tokens=6)


def test_no_lemma_and_no_form_is_in_two_parts(sets):
    seen = {name: set(part.chosen["lemma"]) | set(part.chosen["form"].str.lower()) for name, part in sets.parts.items()}
    for first, second in itertools.combinations(PARTS, 2):
        assert not seen[first] & seen[second]
    for name, part in sets.parts.items():
        assert set(part.chosen["lemma"].map(sets.part_of)) == {name}


def test_each_part_has_equally_many_words_of_each_tag_and_few_of_a_lemma(sets):
    assert sets.tags == ("ADJ", "NOUN", "VERB")
    for part in sets.parts.values():
        assert len(set(part.chosen["upos"].value_counts())) == 1
        assert len(part.chosen) > 0
        pd.testing.assert_frame_equal(part.chosen, part.words.table.loc[part.chosen.index])
    assert (sets.account["per_tag"] <= 8).all()
    assert sets.account["chosen"].sum() == len(sets.items)


def test_items_are_the_parts_below_each_other_and_predictions_go_to_their_place(sets):
    items = sets.items
    assert list(dict.fromkeys(items["part"])) == list(PARTS)
    spread = sets.spread("tune", np.full(len(sets.parts["tune"].chosen), "NOUN"))
    assert ((spread == "NOUN") == (items["part"] == "tune")).all()
    assert set(spread) == {"", "NOUN"}
    with pytest.raises(InputError, match="Give one a word"):
        sets.spread("tune", np.array(["NOUN"]))


def test_the_same_seed_gives_the_same_words_and_another_seed_others(lm, texts, sets):
    again = choose_words(lm, texts, TAGS, 8)
    pd.testing.assert_frame_equal(again.items, sets.items)
    assert choose_words(lm, texts, TAGS, 8, seed=1).part_of != sets.part_of


def test_all_tags_are_those_with_a_grammar_and_enough_lemmas(lm):
    texts = {part: language.passages("news", part, 40) for part in PARTS}
    found = choose_words(lm, texts, "all", 2).tags
    assert {"ADJ", "NOUN", "VERB"} <= set(found)
    assert not {"PUNCT", "SYM", "X", "DET", "PART"} & set(found)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("NOUN", "names fewer than two tags"),
        ("NOUN,WORT", "No word is tagged WORT. There are: "),
    ],
)
def test_tags_that_cannot_be_compared_are_named(lm, texts, tags, message):
    with pytest.raises(InputError, match=message):
        choose_words(lm, texts, tags, 4)


def test_few_words_are_of_as_many_lemmas_as_can_be():
    items = pd.DataFrame({"upos": ["N"] * 6 + ["V"] * 3, "lemma": list("aaabbc") + list("ddd")}, index=range(10, 19))
    drawn = few_of_each(items, ["N", "V"], 4)
    assert sorted(drawn.loc[drawn["upos"] == "N", "lemma"].unique()) == ["a", "b", "c"]
    assert (drawn["upos"] == "N").sum() == 4
    assert (drawn["upos"] == "V").sum() == 3
    assert drawn.index.is_monotonic_increasing
    assert set(few_of_each(items, ["V"], 4)["upos"]) == {"V"}


def test_ambiguous_words_have_two_tags_and_found_no_neuron(lm):
    texts = {part: language.passages("stories", part, 25) for part in PARTS}
    sets = choose_words(lm, texts, "NOUN,VERB,ADJ,ADV", 8)
    found = ambiguous_words(sets, least=2, at_most=3)
    every = pd.concat(found.values())
    assert len(every)
    assert not (every["lemma"].map(sets.part_of) == "find").any()
    counts = word_splits.homographs(every)
    assert set(counts.index) == set(every["form"].str.lower())  # each of them has two tags here
    assert counts.to_numpy().max() <= 3
    for part, table in found.items():
        pd.testing.assert_frame_equal(table, sets.parts[part].words.table.loc[table.index])


def test_texts_without_ambiguous_words_give_none(sets):
    assert ambiguous_words(sets, least=1000) == {}


def test_passages_without_documents_are_each_their_own(tmp_path):
    paragraphs = [" ".join(f"w{n}-{i}" for i in range(8)) for n in range(8)]
    (tmp_path / "plain.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    parts = read_parts(str(tmp_path / "plain.txt"), None, None, length, 4, max_tokens=8)
    found = [text.text for part in parts.values() for text in part]
    assert sorted(found) == sorted(paragraphs)
    assert [len(part) for part in parts.values()] == [4, 2, 2]
    assert all(isinstance(text, Text) for part in parts.values() for text in part)


SENTENCE = """# text = {n} dogs cannae see the old cats.
1	{n}	{n}	NUM	_	_	3	_	_	_
2	dogs	dog	NOUN	_	_	3	_	_	_
3-4	cannae	_	_	_	_	_	_	_	_
3	can	can	AUX	_	_	5	_	_	_
4	not	not	PART	_	_	5	_	_	_
5	see	see	VERB	_	_	0	_	_	_
5.1	see	see	VERB	_	_	_	_	_	_
6	the	the	DET	_	_	8	_	_	_
7	old	old	ADJ	_	_	8	_	_	_
8	cats	cat	NOUN	_	_	5	_	_	SpaceAfter=No
9	.	.	PUNCT	_	_	5	_	_	_

"""


def treebank(path, *, tagged=True, n_documents=9):
    """Write documents of ten sentences, each with a multiword token and an empty node."""
    lines = []
    for document in range(n_documents):
        lines.append(f"# newdoc id = d{document}\n")
        lines += [SENTENCE.format(n=n) for n in range(10)]
    text = "".join(lines)
    if not tagged:
        rows = [line.split("\t") for line in text.split("\n")]
        text = "\n".join("\t".join([*row[:3], "_", *row[4:]]) if len(row) == 10 else row[0] for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_treebank_without_parts_of_speech_is_one_line(lm, tmp_path):
    parts = read_parts(treebank(tmp_path / "bare.conllu", tagged=False), None, None, length, 3, max_tokens=60)
    with pytest.raises(InputError, match="No word of these texts has a part of speech") as raised:
        choose_words(lm, parts, "NOUN,VERB", 2)
    assert "\n" not in str(raised.value)


def test_multiword_tokens_are_counted_and_empty_nodes_are_no_words(lm, tmp_path):
    parts = read_parts(treebank(tmp_path / "a.conllu"), None, None, length, 3, max_tokens=60)
    table = words.word_table(lm, parts["find"], min_lemmas=1)
    n_words = sum(len(text.words) for text in parts["find"])
    n_sentences = sum(len(text.sentences) for text in parts["find"])
    assert n_words == 9 * n_sentences  # 5.1 is no word
    count = table.account.set_index("reason")["count"]
    assert count.sum() == n_words
    assert count[words.SHARED] == 2 * n_sentences  # what spells another word than the token shares its characters


def test_tags_too_rare_to_be_divided_are_named(lm, tmp_path):
    parts = read_parts(treebank(tmp_path / "a.conllu"), None, None, length, 3, max_tokens=60)
    with pytest.raises(InputError, match=r"Too few lemmas to be in all of find, tune, test: .*VERB") as raised:
        choose_words(lm, parts, "NOUN,VERB", 2)
    assert "\n" not in str(raised.value)
