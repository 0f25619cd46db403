import numpy as np
import pandas as pd
import pytest
import torch
from test_grammar_words import text_of

from analysis import activity
from analysis.errors import InputError
from analysis.grammar import words
from analysis.grammar_lesions.word_scores import TagLexicon, by_tag, score_words, tag_lexicon
from analysis.interventions import applied, hold_at_mean, resample, silence

TEXTS = [
    text_of("The/DET dog/NOUN saw/VERB two/NUM cats/NOUN and/CCONJ nobody/PRON laughed/VERB", "a"),
    text_of("The/DET cat/NOUN didn't/VERB see/VERB the/DET light/ADJ house/NOUN", "b"),
    text_of("Two/NUM dogs/NOUN see/VERB the/DET light/NOUN", "b"),
]


@pytest.fixture(scope="module")
def table(lm):
    found = words.word_table(lm, TEXTS, min_lemmas=1).table
    assert found["n_pieces"].max() > 1  # else words of several pieces would not be tested
    return found.sample(frac=1, random_state=0)  # in no order


@pytest.fixture(scope="module")
def lexicon(lm, table):
    return tag_lexicon(lm, TEXTS, table)


def interventions():
    rng = np.random.default_rng(0)
    donors = rng.standard_normal((20, 72)).astype(np.float32)
    sets = rng.random((3, 72)) < 0.3
    late = np.arange(72) >= 60
    return [None, silence(sets[0]), hold_at_mean(sets[1], donors.mean(0)), resample(sets[2], donors), silence(late)]


def naive(lm, word, intervention=None):
    """Log-probability of each piece of a word, and of the whole vocabulary in place of its first, by plain passes."""
    ids = activity.tokenize(lm, TEXTS)[1][word["text"]][: word["last"] + 1]
    with torch.no_grad():
        if intervention is None:
            logits = lm.model(torch.tensor([ids])).logits[0]
        else:
            with applied(lm, intervention):
                logits = lm.model(torch.tensor([ids])).logits[0]
    expected = logits.double().log_softmax(-1).numpy()
    pieces = range(word["first"], word["last"] + 1)
    return sum(expected[place - 1, ids[place]] for place in pieces), expected[word["first"] - 1]


@pytest.mark.parametrize("batch_tokens", [1, 16, 1024])
def test_words_are_scored_as_plain_passes_score_them(lm, table, lexicon, batch_tokens):
    asked = interventions()
    scores = score_words(lm, TEXTS, table, asked, lexicon, batch_tokens=batch_tokens)
    for number, intervention in enumerate(asked):
        found = [naive(lm, word, intervention) for _, word in table.iterrows()]
        np.testing.assert_allclose(scores.log_probability[number], [one for one, _ in found], rtol=1e-5, atol=1e-5)
        mass = np.exp([whole for _, whole in found]) @ lexicon.shares
        np.testing.assert_allclose(scores.mass[number], mass, rtol=1e-4, atol=1e-6)


def test_a_piece_counts_for_the_tags_of_the_words_that_it_begins(lm):
    texts = [text_of("a/DET light/NOUN the/DET light/ADJ the/DET light/NOUN the/DET light/NOUN"), TEXTS[0]]
    found = words.word_table(lm, texts, min_lemmas=1).table
    lexicon = tag_lexicon(lm, texts, found)
    assert lexicon.tags == tuple(sorted(lexicon.tags))
    ids = activity.tokenize(lm, texts)[1]
    light = found[found["form"] == "light"].iloc[0]
    shares = dict(zip(lexicon.tags, lexicon.shares[ids[0][light["first"]]].tolist(), strict=True))
    assert shares["NOUN"] == 0.75
    assert shares["ADJ"] == 0.25
    totals = lexicon.shares.sum(1)
    assert set(totals.round(5).tolist()) == {0.0, 1.0}  # known or not


def test_own_mass_and_right_are_about_the_words_own_tag(lm, table):
    upos = table["upos"].to_numpy(str)
    n_pieces = lm.model.config.vocab_size
    nouns_only = np.zeros((n_pieces, 2), np.float32)
    nouns_only[:, 0] = 1
    pair = table[np.isin(upos, ["NOUN", "VERB"])]
    scores = score_words(lm, TEXTS, pair, [None], TagLexicon(("NOUN", "VERB"), nouns_only))
    is_noun = (pair["upos"] == "NOUN").to_numpy()
    np.testing.assert_allclose(scores.own_mass(pair["upos"])[0], is_noun, atol=1e-5)
    assert scores.right(pair["upos"])[0].tolist() == is_noun.tolist()


def test_means_by_tag_leave_leading_axes_as_they_are():
    values = np.arange(12.0).reshape(2, 1, 6)
    means = by_tag(values, ["A", "B", "A", "B", "B", "C"], ["B", "A"])
    assert means.tolist() == [[[8 / 3, 1.0]], [[26 / 3, 7.0]]]


def test_what_cannot_be_scored_is_said_in_one_line(lm, table, lexicon):
    with pytest.raises(InputError, match="There is no word to score"):
        score_words(lm, TEXTS, table.iloc[:0], [None], lexicon)
    with pytest.raises(InputError, match="Row 0 of the words is at tokens 0 to 0 of text 1"):
        score_words(lm, TEXTS, pd.DataFrame({"text": [1], "first": [0], "last": [0]}), [None], lexicon)
    with pytest.raises(InputError, match="no word of X"):
        by_tag(np.zeros((1, 2)), ["A", "A"], ["A", "X"])
    with pytest.raises(InputError, match="knows no INTJ"):
        score_words(lm, TEXTS, table, [None], lexicon).own_mass(["INTJ"] * len(table))
