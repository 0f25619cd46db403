import numpy as np
import pytest
import torch
from conftest import ROOT
from test_grammar_word_activity import TEXTS

from analysis import activity, language, models
from analysis.errors import InputError
from analysis.grammar import words
from analysis.grammar.next_word import likeliest_tag, outlook, tags_of_pieces


@pytest.fixture(scope="module")
def table(lm):
    return words.word_table(lm, TEXTS, min_lemmas=1).table


def test_pieces_have_the_tags_of_the_words_that_begin_with_them(lm, table):
    of_piece = tags_of_pieces(lm, TEXTS, table, ["NOUN", "VERB"])
    ids = activity.tokenize(lm, TEXTS)[1]
    first = [ids[text][at] for text, at in zip(table["text"], table["first"], strict=True)]
    for tag, column in (("NOUN", 0), ("VERB", 1)):
        for piece in set(first):
            tags = [upos for upos, begun in zip(table["upos"], first, strict=True) if begun == piece]
            assert of_piece[piece, column] == pytest.approx(tags.count(tag) / len(tags))
    assert of_piece.sum() == pytest.approx(of_piece[sorted(set(first))].sum())


def test_mass_is_the_models_probability_of_pieces_by_their_tags(lm, table):
    rng = np.random.default_rng(0)
    of_piece = rng.random((len(lm.tokenizer), 3))
    found = outlook(lm, TEXTS, table, of_piece)
    ids = activity.tokenize(lm, TEXTS)[1]
    for row, (text, first) in enumerate(zip(table["text"], table["first"], strict=True)):
        p = lm.model(torch.tensor([ids[text][:first]])).logits[0, -1].double().softmax(-1).numpy()
        np.testing.assert_allclose(found.mass[row], p @ of_piece, rtol=1e-4)


def test_batches_and_order_change_nothing(lm, table):
    of_piece = np.ones((len(lm.tokenizer), 1))
    whole = outlook(lm, TEXTS, table, of_piece)
    turned = outlook(lm, TEXTS, table.iloc[::-1], of_piece, batch_tokens=1)
    assert turned.word[::-1].tolist() == whole.word.tolist()
    np.testing.assert_allclose(whole.mass, 1, rtol=1e-6)


def test_a_word_is_read_from_its_first_letter_to_its_last(lm, table, monkeypatch):
    def writes(text):
        def generate(ids, **_):
            pieces = lm.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
            sequences = torch.cat([ids, torch.tensor([pieces] * len(ids))], 1)
            logits = torch.zeros(len(ids), len(lm.tokenizer))
            return type("Made", (), {"sequences": sequences, "logits": (logits,)})()

        monkeypatch.setattr(lm.model, "generate", generate, raising=False)
        return set(outlook(lm, TEXTS, table, np.ones((len(lm.tokenizer), 1))).word)

    assert writes(" dogs saw") == {"dogs"}
    assert writes(" light-house keeper") == {"light-house"}
    assert writes(" didn't") == {"didn't"}
    assert writes(". The") == {"."}


@pytest.mark.filterwarnings("error")
def test_the_teaching_model_says_words_of_its_language():
    lm = models.load_model(ROOT / "data" / "teaching-model")
    texts = language.passages("stories", "test", 2)
    table = words.word_table(lm, texts, max_tokens=60).table.iloc[20:60]
    of_piece = tags_of_pieces(lm, texts, table, ["NOUN", "VERB", "DET"])
    found = outlook(lm, texts, table, of_piece)
    assert (found.word == table["form"].to_numpy(str)).mean() > 0.3
    assert (found.mass >= 0).all()
    assert (found.mass.sum(1) <= 1 + 1e-6).all()


def test_the_likeliest_tag_takes_account_of_how_common_tags_are():
    mass = np.array([[0.6, 0.2], [0.1, 0.01]])
    assert likeliest_tag(mass, ["NOUN", "ADV"], np.ones(2)).tolist() == ["NOUN", "NOUN"]
    assert likeliest_tag(mass, ["NOUN", "ADV"], np.array([0.8, 0.2])).tolist() == ["ADV", "NOUN"]


def test_no_words_are_refused(lm, table):
    with pytest.raises(InputError, match="There is no word to ask for"):
        outlook(lm, TEXTS, table.iloc[:0], np.ones((len(lm.tokenizer), 1)))
