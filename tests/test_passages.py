import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_datasets import CONLLU, write

from analysis import datasets, language, passages
from analysis.errors import InputError
from analysis.texts import Text


def count(text):
    return len(text.split())


def sentences(tmp_path):
    return datasets.load_texts(write(tmp_path / "a.conllu", CONLLU)) * 1


def test_passages_keep_words_and_never_cross_a_document(tmp_path):
    texts = [text for text in sentences(tmp_path) for _ in range(5)]
    made = passages.join_texts(texts, count, min_tokens=6, max_tokens=16)
    assert {passage.document for passage in made} == {"first"}  # the second document stays below six words
    for passage in made:
        assert count(passage.text) >= 6
        assert all(passage.text[w.start : w.end] == w.form for w in passage.words if w.form not in {"vamos", "nos"})
        assert [passage.words[first].form for first in passage.sentences] == ["She"] * len(passage.sentences)


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 20), st.integers(0, 20))
def test_passages_have_the_length_asked_for(sizes, shortest, more):
    texts = [Text(" ".join(["w"] * size), "d") for size in sizes]
    made = passages.join_texts(texts, count, min_tokens=shortest, max_tokens=shortest + more)
    for passage in made:
        n = count(passage.text)
        assert n >= shortest
        assert n <= shortest + more or n in sizes  # only a text that is too long by itself exceeds the limit
    assert sum(count(p.text) for p in made) <= sum(sizes)


def test_passages_are_chosen_evenly_and_the_same_each_time(tmp_path):
    write(tmp_path / "a.txt", "\n".join(["one two three"] * 9))
    write(tmp_path / "b.txt", "\n".join(["four five six"] * 3))
    chosen = passages.choose_passages(tmp_path / "*.txt", count, 4, min_tokens=3, max_tokens=3)
    assert [passage.domain for passage in chosen] == ["a", "b", "a", "b"]
    assert chosen == passages.choose_passages(tmp_path / "*.txt", count, 4, min_tokens=3, max_tokens=3)
    assert len(passages.choose_passages(tmp_path / "*.txt", count, 99, min_tokens=3, max_tokens=3)) == 12


def test_what_cannot_be_chosen(tmp_path):
    path = write(tmp_path / "a.txt", "short")
    with pytest.raises(InputError, match="has no passage of 128 tokens"):
        passages.choose_passages(path, count, 1)
    with pytest.raises(InputError, match="0 passages are none"):
        passages.choose_passages(path, count, 0)
    for source in (path, "teaching"):
        with pytest.raises(InputError, match="Use 0 < min <= max"):
            passages.choose_passages(source, count, 1, min_tokens=9, max_tokens=8)
    with pytest.raises(InputError, match="no domain 'poems'"):
        passages.choose_passages("teaching:poems", count, 1)


def test_the_teaching_language_is_a_source_like_any_other():
    chosen = passages.choose_passages("teaching:news,code", count, 3)
    assert [passage.domain for passage in chosen] == ["news", "code", "news"]
    assert {passage.domain for passage in passages.choose_passages("teaching", count, 8)} == set(language.DOMAINS)
    assert all(passage.document.split("/")[1] == "find" for passage in chosen)
