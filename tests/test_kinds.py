import pytest
from conftest import third_party

from analysis import kinds
from analysis.errors import InputError

SMALL = {"n_find": 4, "n_tune": 3, "n_test": 3}


def documents(tmp_path, sizes):
    """Write a treebank whose documents hold so many sentences, each long enough to be a passage."""
    lines = []
    for number, size in enumerate(sizes):
        lines.append(f"# newdoc id = document-{number}")
        for sentence in range(size):
            words = [f"w{number}x{sentence}x{place}" for place in range(50)]
            lines += [f"{place}\t{word}\t_\tNOUN\t_\t_\t0\troot\t_\t_" for place, word in enumerate(words, start=1)]
            lines.append("")
    path = tmp_path / "bank.conllu"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_parts_of_a_file_share_no_document(lm, tmp_path):
    source = documents(tmp_path, [3, 1, 2, 1, 1, 2, 1, 1, 1, 1])
    kind = kinds.read_kinds(lm, source, source, n_find=6, n_tune=3, n_test=3)["bank"]
    parts = [{text.document for text in part} for part in (kind.find, kind.tune, kind.test)]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    assert [len(part) for part in (kind.find, kind.tune, kind.test)] == [6, 3, 3]
    assert kind.is_source
    assert kind.is_neutral


def test_domains_of_the_teaching_language_are_kinds_of_their_own(lm):
    found = kinds.read_kinds(lm, "teaching:reviews, news || teaching:code", "teaching:news|teaching:facts", **SMALL)
    assert list(found) == ["reviews", "news", "facts", "code"]
    assert [kind.is_source for kind in found.values()] == [True, True, False, False]
    assert [kind.is_neutral for kind in found.values()] == [False, True, True, False]
    for name, kind in found.items():
        for split, part in (("find", kind.find), ("tune", kind.tune), ("test", kind.test)):
            assert all(text.document.startswith(f"{name}/{split}/") for text in part)
    assert kinds.roles(found, "reviews") == {"own": ["reviews"], "neutral": ["news", "facts"], "other": ["code"]}
    assert kinds.roles(found, "news") == {"own": ["news"], "neutral": ["facts"], "other": ["reviews", "code"]}


def test_test_passages_are_cut_to_one_length_and_those_to_find_networks_in_are_not(lm):
    kind = kinds.read_kinds(lm, "teaching:stories", "teaching:stories", **SMALL)["stories"]
    lengths = [[len(lm.tokenizer(text.text).input_ids) for text in part] for part in (kind.find, kind.tune, kind.test)]
    assert min(lengths[0]) > 128
    assert all(126 <= length <= 129 for part in lengths[1:] for length in part)  # a cut word may split differently


def test_cutting_keeps_the_beginning(lm):
    text = kinds.read_kinds(lm, "teaching:stories", "teaching:stories", **SMALL)["stories"].find[0]
    (short,) = kinds.cut(lm, [text], 20)
    assert text.text.startswith(short.text)
    assert short.document == text.document
    assert kinds.cut(lm, [text], 10**6)[0].text == text.text


def test_files_of_one_name_are_told_apart_by_their_folder():
    assert kinds.short_names(["teaching:news", "a/x.txt"]) == ["news", "x"]
    assert kinds.short_names(["b/x.txt", "a/x.txt"]) == ["b/x", "a/x"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"neutral": ""}, "at least one source in datasets and one in neutral"),
        ({"datasets": "||teaching:news"}, "at least one source in datasets"),
        ({"max_tokens": 100}, "max_tokens=100 is below 128"),
        ({"n_test": 2}, "fewer than 3 texts"),
    ],
)
def test_what_cannot_be_studied_is_refused(lm, changed, message):
    options = {"datasets": "teaching:reviews", "neutral": "teaching:news"} | SMALL | changed
    with pytest.raises(InputError, match=message):
        kinds.read_kinds(lm, **options)


def test_a_file_with_few_passages_is_refused(lm, tmp_path):
    source = documents(tmp_path, [1, 1, 1, 1, 1])
    with pytest.raises(InputError, match="too few passages of 128 tokens"):
        kinds.read_kinds(lm, source, "teaching:news", **SMALL)


def test_a_real_treebank_is_dealt_out_by_document(lm):
    source = str(third_party("text/ud_english_ewt/en_ewt-ud-test.conllu"))
    kind = kinds.read_kinds(lm, source, source, **SMALL)["en_ewt-ud-test"]
    assert not {text.document for text in kind.find} & {text.document for text in kind.test}
