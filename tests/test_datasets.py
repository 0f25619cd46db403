import conllu
import pytest
from conftest import third_party
from hypothesis import given
from hypothesis import strategies as st

from analysis import datasets
from analysis.errors import InputError

CONLLU = """# newdoc id = first
# text = She didn't go to vámonos.
1\tShe\tshe\tPRON\t_\tCase=Nom|Person=3\t0\t_\t_\t_
2-3\tdidn't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdid\tdo\tAUX\t_\t_\t0\t_\t_\t_
3\tn't\tnot\tPART\t_\t_\t0\t_\t_\t_
4\tgo\tgo\tVERB\t_\t_\t0\t_\t_\t_
4.1\tgo\tgo\tVERB\t_\t_\t_\t_\t_\t_
5\tto\tto\tADP\t_\t_\t0\t_\t_\t_
6-7\tvámonos\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
6\tvamos\tir\tVERB\t_\t_\t0\t_\t_\t_
7\tnos\tnosotros\tPRON\t_\t_\t0\t_\t_\t_
8\t.\t.\tPUNCT\t_\t_\t0\t_\t_\tSpaceAfter=No

# newdoc id = second
1\tYes\tyes\tINTJ\t_\t_\t0\t_\t_\t_

"""


def write(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def test_conllu_with_multiword_tokens_and_empty_nodes(tmp_path):
    first, second = datasets.load_texts(write(tmp_path / "a.conllu", CONLLU))
    assert first.text == "She didn't go to vámonos."
    assert [w.form for w in first.words] == ["She", "did", "n't", "go", "to", "vamos", "nos", "."]
    assert first.text[first.words[2].start : first.words[2].end] == "n't"
    assert first.words[0].feats == "Case=Nom|Person=3"
    # A word that does not spell its part of the token shares the token's characters.
    assert {first.text[w.start : w.end] for w in first.words[5:6]} == {"vámonos"}
    assert (first.document, second.document) == ("first", "second")


def test_a_treebank_is_read_whole():
    path = third_party("text/ud_english_ewt/en_ewt-ud-dev.conllu")
    texts = datasets.load_texts(path)
    gold = conllu.parse(path.read_text(encoding="utf-8"))
    assert len(texts) == 2001
    assert [text.text for text in texts] == [sentence.metadata["text"] for sentence in gold]
    for text, sentence in zip(texts, gold, strict=True):
        expected = [token["form"] for token in sentence if isinstance(token["id"], int)]
        assert [word.form for word in text.words] == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "One text.\nTwo texts.\n"),
        ("a.json", '["One text.", "Two texts."]'),
        ("a.jsonl", '{"label": 1, "text": "One text."}\n{"label": 0, "text": "Two texts."}\n'),
        ("a.tsv", "1\tOne text.\n0\tTwo texts.\n"),
        ("a.csv", '1,"One text."\n0,"Two texts."\n'),
        ("a.csv", 'label,text\n1,"One text."\n0,"Two texts."\n'),
    ],
)
def test_each_format_gives_its_texts(tmp_path, name, content):
    texts = datasets.load_texts(write(tmp_path / name, content))
    assert [text.text for text in texts] == ["One text.", "Two texts."]
    assert {text.domain for text in texts} == {"a"}


@pytest.mark.parametrize(
    ("path", "n", "start"),
    [
        ("text/sst2/dev.tsv", 872, "one long string of cliches"),
        ("text/cola/in_domain_dev.tsv", 527, "The sailors rode the breeze"),
        ("text/agnews/test.csv", 7600, "Unions representing workers"),
        ("text/tinystories/stories_1000.json", 1000, "One day, a little girl"),
        ("text/blimp/passive_1.jsonl", 1000, "Lucille's sisters"),
    ],
)
def test_real_corpora(path, n, start):
    texts = datasets.load_texts(third_party(path))
    assert len(texts) == n
    assert texts[0].text.startswith(start)


def test_long_fields_and_odd_line_ends(tmp_path):
    long = "word " * 40_000
    assert datasets.load_texts(write(tmp_path / "a.tsv", f"1\t{long}\n"))[0].text == long.strip()
    (odd,) = datasets.load_texts(write(tmp_path / "a.jsonl", '{"text": "One\u2028line."}\n'))
    assert odd.text == "One\u2028line."


def test_a_pattern_names_several_files(tmp_path):
    write(tmp_path / "a.txt", "One.")
    write(tmp_path / "b.txt", "Two.")
    assert [text.domain for text in datasets.load_texts(tmp_path / "*.txt")] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b"  \n\n", "is empty"),
        ("a.txt", "caf\xe9".encode("latin-1"), "is not UTF-8"),
        ("a.conllu", b"This is plain prose.\nNot a treebank.\n", "is not CoNLL-U"),
        ("a.conllu", b"1\tShe\tshe\n\n", "is not CoNLL-U"),
        ("a.conllu", b"# only a comment\n\n", "holds no text|is not CoNLL-U"),
        ("a.json", b'{"text": "x"}', "holds no JSON list"),
        ("a.json", b'["x", ', "is not JSON"),
        ("a.jsonl", b'{"text": "x"}\n{"text": \n', r"line 2, is not JSON"),
        ("a.json", b'["x", 3]', "mixes texts with other things"),
        ("a.json", b"[]", "holds no text"),
        ("a.docx", b"x", "Known endings"),
    ],
)
def test_files_that_cannot_be_read_get_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        datasets.load_texts(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        datasets.load_texts(tmp_path / "nothing.txt")


FORMS = st.text(st.characters(categories=("L", "M", "N", "P", "S")), min_size=1, max_size=8)
WORDS = st.lists(st.tuples(FORMS, st.sampled_from(["NOUN", "VERB", "PUNCT"]), st.booleans()), min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_any_sentences_come_back_from_conllu_at_their_characters(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("banks") / "bank.conllu"
    rows = [
        [
            f"{n}\t{form}\t{form}\t{upos}\t_\t_\t_\t_\t_\t{'_' if is_spaced else 'SpaceAfter=No'}"
            for n, (form, upos, is_spaced) in enumerate(sentence, start=1)
        ]
        for sentence in sentences
    ]
    path.write_text("".join("\n".join(lines) + "\n\n" for lines in rows), encoding="utf-8")
    texts = datasets.load_texts(path)
    assert len(texts) == len(sentences)
    for text, sentence in zip(texts, sentences, strict=True):
        written = "".join(form + " " * is_spaced for form, _, is_spaced in sentence).rstrip()
        assert text.text == written
        assert [(word.form, word.upos) for word in text.words] == [(form, upos) for form, upos, _ in sentence]
        assert all(text.text[word.start : word.end] == word.form for word in text.words)
