import math

import numpy as np
import pandas as pd
import pytest
import tokenizers
import transformers
from conftest import ROOT, third_party
from hypothesis import given
from hypothesis import strategies as st
from test_activity import CAT, PLAIN

from analysis import activity, datasets, language, models, passages
from analysis.errors import InputError
from analysis.grammar import word_splits, words
from analysis.models import from_parts
from analysis.texts import Text, Word

OPEN_CLASS = ["NOUN", "VERB", "ADJ", "ADV"]


def text_of(tagged, domain="demo"):
    """A text of words written ``form/UPOS``, one space between them."""
    made, at = [], 0
    for item in tagged.split():
        form, _, upos = item.partition("/")
        made.append(Word(form, at, at + len(form), form.lower(), upos))
        at += len(form) + 1
    return Text(" ".join(word.form for word in made), domain, tuple(made), "", (0,))


def model_with(lm, pieces, prefix=()):
    """The tiny model behind a tokenizer of given pieces, the likeliest first; ``▁`` is a space."""
    scores = [("<unk>", 0.0), *[(piece, float(-10 - i)) for i, piece in enumerate(pieces)]]
    backend = tokenizers.Tokenizer(tokenizers.models.Unigram(scores, unk_id=0))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(split=False, prepend_scheme="never")
    if prefix:
        backend.add_special_tokens(["<s>"])
        backend.post_processor = tokenizers.processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", backend.token_to_id("<s>"))]
        )
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=64)
    return from_parts("pieces", lm.model, fast)


def fates(found):
    return found.account.set_index("reason")["count"].to_dict()


def nouns(lemmas_by_form, upos="NOUN"):
    return pd.DataFrame([{"form": form, "lemma": lemma, "upos": upos} for form, lemma in lemmas_by_form])


def test_a_word_runs_from_its_first_piece_to_its_last_and_is_predicted_from_the_piece_before(lm):
    texts = [PLAIN, CAT]
    table = words.word_table(lm, texts, min_lemmas=1).table
    tokens = activity.record(lm, texts).tokens
    position, number = tokens["position"].to_numpy(), tokens["text"].to_numpy()
    assert set(table["text"]) == {1}  # plain text has no words
    assert (number[table["predict_row"]] == 1).all()
    assert (position[table["predict_row"]] == table["first"] - 1).all()
    assert (position[table["read_row"]] == table["last"]).all()
    pieces = tokens["piece"].to_numpy()
    for word in table.itertuples():
        spelled = "".join(pieces[word.read_row - word.n_pieces + 1 : word.read_row + 1])
        assert spelled.replace("Ġ", "") == word.form
    the = table.iloc[0]
    assert (the["form"], the["first"], the["previous_upos"], the["previous_form"]) == ("The", 1, "", "")
    assert table.set_index("form").loc["see", ["previous_upos", "previous_form", "lemma"]].tolist() == [
        "PART",
        "n't",
        "see",
    ]


def test_words_that_share_a_piece_are_left_out_and_counted(lm):
    found = words.word_table(lm, [CAT], min_lemmas=1)
    assert found.table["form"].tolist() == ["The", "cats", "see", "."]
    account = found.account.set_index("reason")
    assert account.loc[words.STRADDLED, ["count", "example"]].tolist() == [2, "did"]  # "didn", "'t"
    assert account["count"].sum() == len(CAT.words)
    assert found.aligned == pytest.approx(4 / 6)


def test_each_reason_is_counted_under_its_name(lm):
    spanish = Text("a del no", "demo", (Word("de", 2, 5, "", "ADP"), Word("el", 2, 5, "", "DET"), Word("no", 6, 8)))
    assert fates(words.word_table(lm, [spanish, CAT], min_lemmas=1)) == {
        words.USED: 4,
        words.NO_TAG: 1,
        words.SHARED: 2,
        words.NO_PIECE: 0,
        words.STRADDLED: 2,
        words.CUT: 0,
        words.NOTHING_BEFORE: 0,
        words.RARE: 0,
    }
    empty = Text("The ab", "demo", (Word("The", 0, 3, "", "DET"), Word("", 3, 3, "", "X")))
    assert fates(words.word_table(lm, [empty], min_lemmas=1))[words.NO_PIECE] == 1
    five = [text_of("The/DET dog/NOUN saw/VERB two/NUM dogs/NOUN")]
    cut = words.word_table(lm, five * 2, max_tokens=3, min_lemmas=1)
    assert fates(cut)[words.CUT] == 10 - len(cut.table) > 0
    assert cut.table["last"].max() < 3
    tokens, _ = activity.tokenize(lm, five * 2, 3)
    assert (tokens["word"].to_numpy()[cut.table["read_row"]] == cut.table["word"]).all()
    rare = words.word_table(lm, five, min_lemmas=2)
    assert fates(rare)[words.RARE] == 3
    assert rare.table["upos"].tolist() == ["NOUN", "NOUN"]


def test_without_a_start_token_nothing_stands_before_the_first_word(lm):
    bare = model_with(lm, ["a", "b", "▁", "▁b"])
    found = words.word_table(bare, [text_of("a/X b/X")], min_lemmas=1)
    assert fates(found)[words.NOTHING_BEFORE] == 1
    assert found.table[["form", "predict_row", "read_row"]].to_numpy().tolist() == [["b", 0, 1]]


def test_a_space_of_its_own_belongs_to_the_word_after_it_and_a_start_token_to_none(lm):
    spaced = model_with(lm, ["a", "b", "c", "▁"], prefix=("<s>",))
    table = words.word_table(spaced, [text_of("a/X bc/X")], min_lemmas=1).table
    assert table[["form", "first", "last", "n_pieces"]].to_numpy().tolist() == [["a", 1, 1, 1], ["bc", 2, 4, 3]]


def test_a_character_of_several_bytes_is_the_words_own(lm):
    table = words.word_table(lm, [text_of("The/DET é/NOUN 日/NOUN .../PUNCT")], min_lemmas=1).table
    assert table["form"].tolist() == ["The", "é", "日", "..."]
    tokens, _ = activity.tokenize(lm, [text_of("The/DET é/NOUN 日/NOUN .../PUNCT")])
    for word in table.itertuples():
        inside = tokens.iloc[word.predict_row + 1 : word.read_row + 1]
        assert set(inside["word"]) <= {word.word, -1}
        assert (tokens["word"] == word.word).sum() == (inside["word"] == word.word).sum()


def test_lemmas_fall_back_on_forms_and_positions_start_anew_with_each_sentence(lm):
    parts = [text_of("The/DET dog/NOUN"), text_of("Two/NUM cats/NOUN saw/VERB")]
    unlemmatised = [
        Text(t.text, t.domain, tuple(Word(w.form, w.start, w.end, "_", w.upos) for w in t.words), "d", t.sentences)
        for t in parts
    ]
    [joined] = passages.join_texts(unlemmatised, lambda s: len(s.split()), min_tokens=5, max_tokens=9)
    table = words.word_table(lm, [joined], min_lemmas=1).table
    assert table["lemma"].tolist() == ["the", "dog", "two", "cats", "saw"]
    assert table["position"].tolist() == [0, 1, 0, 1, 2]
    assert table["previous_upos"].tolist() == ["", "DET", "NOUN", "NUM", "NOUN"]


def test_frequencies_come_from_the_texts_or_from_a_reference(lm):
    texts = [text_of("the/DET dog/NOUN saw/VERB The/DET cat/NOUN")]
    own = words.word_table(lm, texts, min_lemmas=1).table.set_index("form")["log_frequency"]
    assert own["the"] == own["The"] == pytest.approx(math.log(3 / 10))  # two of five, four forms and one for the unseen
    given = words.word_table(lm, texts, min_lemmas=1, reference={"dog": 8}).table.set_index("form")["log_frequency"]
    assert given["dog"] == pytest.approx(math.log(9 / 10))
    assert given["cat"] == pytest.approx(math.log(1 / 10))


def test_texts_without_words_to_use_are_named(lm):
    untagged = Text(CAT.text, "demo", tuple(Word(w.form, w.start, w.end) for w in CAT.words))
    for texts in ([PLAIN], [untagged], []):
        with pytest.raises(InputError, match="filled UPOS column"):
            words.word_table(lm, texts)
    with pytest.raises(InputError, match="mostly because: too few lemmas have its tag"):
        words.word_table(lm, [CAT], min_lemmas=9)
    with pytest.raises(InputError, match="max_tokens=0"):
        words.word_table(lm, [CAT], max_tokens=0)


@pytest.mark.parametrize("which", ["teaching", "stories260K"])
@pytest.mark.parametrize("kind", ["sentences", "passages"])
def test_nearly_all_words_of_a_treebank_align(which, kind):
    folder = ROOT / "data/teaching-model" if which == "teaching" else third_party("models/stories260K")
    treebank = third_party("text/ud_english_ewt/en_ewt-ud-test.conllu")
    lm = models.load_model(folder)
    if kind == "sentences":
        texts = datasets.load_texts(treebank)[:300]
    else:
        texts = passages.choose_passages(treebank, lambda s: activity.count_tokens(lm, s), 20)
    found = words.word_table(lm, texts)
    assert found.aligned > 0.97
    tokens, _ = activity.tokenize(lm, texts)
    assert (tokens["word"].to_numpy()[found.table["read_row"]] == found.table["word"]).all()
    assert (tokens["upos"].to_numpy()[found.table["read_row"]] == found.table["upos"]).all()
    assert (tokens["word"].to_numpy()[found.table["predict_row"]] != found.table["word"]).all()
    assert found.account["count"].sum() == sum(len(text.words) for text in texts)


def test_no_lemma_and_no_form_is_in_two_parts_and_every_tag_in_all(lm):
    model = models.load_model(ROOT / "data/teaching-model")
    texts = [text for domain in ("stories", "news") for text in language.passages(domain, "find", 6)]
    table = words.word_table(model, texts).table
    table = table[table["upos"].isin(OPEN_CLASS)]
    part = word_splits.split_lemmas(table, seed=3)
    assert part.index.equals(table.index)
    for kind in (table["lemma"], table["form"].str.lower()):
        assert len(set(zip(kind, part, strict=True))) == kind.nunique()
    lemmas = table.assign(part=part).pivot_table(index="part", columns="upos", values="lemma", aggfunc="nunique")
    assert ((lemmas.loc["find"] / lemmas.sum() - 0.5).abs() < 0.06).all()
    assert part.equals(word_splits.split_lemmas(table, seed=3))
    assert not part.equals(word_splits.split_lemmas(table, seed=4))


@given(st.integers(3, 40), st.lists(st.floats(0.05, 1), min_size=1, max_size=3))
def test_a_split_keeps_to_its_shares(n, shares):
    part = word_splits.split_lemmas(
        nouns([(f"w{i}", f"w{i}") for i in range(n)]), 0, dict(zip("abc", shares, strict=False))
    )
    wanted = np.array(shares) / sum(shares)
    counts = part.value_counts().reindex(list("abc"[: len(shares)])).to_numpy()
    assert counts.sum() == n
    assert (np.abs(counts - n * wanted) < 2).all()


def test_homographs_are_split_with_their_lemmas():
    chained = [("saw", "see"), ("saw", "saw"), ("saws", "saw"), ("sees", "see")]
    alone = [(f"w{i}", f"w{i}") for i in range(20)]
    for seed in range(5):
        part = word_splits.split_lemmas(nouns(chained + alone), seed)
        assert len(set(part.iloc[:4])) == 1


def test_a_tag_too_rare_to_split_is_named():
    table = pd.concat([nouns([(c, c) for c in "abcdef"]), nouns([("to", "to"), ("not", "not")], "PART")])
    with pytest.raises(InputError, match="Too few lemmas to be in all of find, tune, test: PART"):
        word_splits.split_lemmas(table)
    assert set(word_splits.split_lemmas(table, 0, {"find": 0.5, "test": 0.5})) == {"find", "test"}
    with pytest.raises(InputError, match="do not divide"):
        word_splits.split_lemmas(table, 0, {"find": 0.0})


def test_a_balanced_draw_is_balanced_and_no_lemma_dominates():
    table = pd.concat(
        [nouns([("a", "a")] * 50 + [(c, c) for c in "bcdefghij"]), nouns([(c, c) for c in "xyzuvw"], "VERB")]
    )
    table = table.reset_index(drop=True)
    drawn = word_splits.balanced(table, ["NOUN", "VERB"], 6, 1, max_per_lemma=2)
    assert drawn["upos"].value_counts().to_dict() == {"NOUN": 6, "VERB": 6}
    assert drawn["lemma"].value_counts().max() <= 2
    assert drawn.equals(table.loc[drawn.index])
    alone = word_splits.balanced(table, ["NOUN"], 6, 1, max_per_lemma=2)
    assert drawn[drawn["upos"] == "NOUN"].equals(alone)
    with pytest.raises(InputError, match="'VERB' has 6 words with at most 2 of a lemma, not 7"):
        word_splits.balanced(table, ["NOUN", "VERB"], 7, 1, max_per_lemma=2)


def test_homographs_are_the_forms_of_two_tags_most_even_first():
    as_nouns = nouns([("light", "light")] * 3 + [("Run", "run")] * 9 + [("dog", "dog")])
    table = pd.concat([as_nouns, nouns([("run", "run")], "VERB"), nouns([("light", "light")] * 2, "ADJ")])
    found = word_splits.homographs(table)
    assert found.to_dict("index") == {
        "light": {"ADJ": 2, "NOUN": 3, "VERB": 0},
        "run": {"ADJ": 0, "NOUN": 9, "VERB": 1},
    }
    assert word_splits.homographs(table, min_count=2).index.tolist() == ["light"]
    assert word_splits.homographs(table, min_count=4).empty


FORMS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8)


@given(st.lists(st.tuples(FORMS, st.booleans()), min_size=1, max_size=12))
def test_a_usable_word_is_spelt_by_its_own_pieces_and_no_others(lm, drawn):
    written, annotated = "the cat ", [Word("the", 0, 3, "the", "DET"), Word("cat", 4, 7, "cat", "NOUN")]
    for form, is_spaced in drawn:
        annotated.append(Word(form, len(written), len(written) + len(form), form, "NOUN"))
        written += form + " " * is_spaced
    text = Text(written, "any", tuple(annotated), "", (0,))
    tokens = activity.tokenize(lm, [text])[0]
    found = words.word_table(lm, [text], min_lemmas=1)
    assert 1 in set(found.table["word"])  # "cat" is whatever follows
    for row in found.table.itertuples():
        pieces = tokens.iloc[row.first : row.last + 1]
        assert len(pieces) == row.n_pieces
        covered = set().union(*(range(start, end) for start, end in zip(pieces["start"], pieces["end"], strict=True)))
        word = annotated[row.word]
        assert {at for at in covered if not written[at].isspace()} == set(range(word.start, word.end))
    assert found.account["count"].sum() == len(annotated)
