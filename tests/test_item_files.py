import json

import pytest
from conftest import third_party

from analysis import item_files, language
from analysis.errors import InputError
from analysis.texts import Item


def pairs_file(tmp_path, n=30, name="agreement.jsonl"):
    path = tmp_path / name
    rows = [{"sentence_good": f"Dogs {i} run.", "sentence_bad": f"Dogs {i} runs.", "UID": "agr"} for i in range(n)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def labelled_file(tmp_path, rows):
    path = tmp_path / "films.tsv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_minimal_pairs_put_the_good_sentence_first_in_every_second_item(tmp_path):
    tasks = item_files.read_tasks(str(pairs_file(tmp_path)), 30)
    items = tasks.items["agreement"]
    assert all("run." in item.choices[item.answer] for item in items)
    assert sum(item.answer for item in items) == 15
    assert {item.context for item in items} == {""}
    assert {item.group for item in items} == {"agr"}
    assert len({item.choices for item in items}) == 30


def test_labelled_lines_offer_the_words_of_the_file(tmp_path):
    rows = [f"the film was {i}\t{'good' if i % 2 else 'bad'}" for i in range(12)]
    items = item_files.read_tasks(str(labelled_file(tmp_path, rows)), 12).items["films"]
    assert {item.choices for item in items} == {(" bad", " good")}
    for item in items:
        assert item.answer == int(item.context.split()[-1]) % 2


def test_the_choice_hangs_on_the_seed_alone(tmp_path):
    path = str(pairs_file(tmp_path))
    one, same, other = (item_files.read_tasks(path, 10, seed=seed).items for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_the_task_that_is_like_the_leading_texts_leads_and_gets_more():
    tasks = item_files.read_tasks("teaching:judgement,sentiment,sums", 10, lead="reviews", n_lead=15)
    assert tasks.lead == next(iter(tasks.items)) == "sentiment"
    assert tasks.is_like_lead
    assert {task: len(items) for task, items in tasks.items.items()} == {"sentiment": 15, "judgement": 10, "sums": 10}
    assert all(len(items) == 10 for items in tasks.some(10).values())
    assert not item_files.read_tasks("teaching:judgement", 10, lead="reviews").is_like_lead


def test_a_file_leads_where_it_has_the_name_of_the_leading_texts(tmp_path):
    first, second = pairs_file(tmp_path), pairs_file(tmp_path, name="zebra.jsonl")
    tasks = item_files.read_tasks(f"{first} | {second}", 10, lead="zebra")
    assert tasks.lead == "zebra"
    assert tasks.is_like_lead


def test_all_tasks_of_the_language_but_those_it_has_not_learned():
    tasks = item_files.read_tasks("teaching", 10)
    assert set(tasks.items) == {name for name, task in language.TASKS.items() if not task.beyond}


def test_no_question_stands_twice():
    items = item_files.read_tasks("teaching:fact-question", 20).items["fact-question"]
    assert len({item.context for item in items}) == len(items)
    twice = [Item("t", "where?", (" a", " b"), 0), Item("t", "where?", (" a", " c"), 0), Item("t", "who?", (" a",), 0)]
    assert item_files.one_per_question(twice) == [twice[0], twice[2]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"sentence_good": "x"}', "line 1, is no JSON with sentence_good and sentence_bad"),
        ("a.jsonl", "\n{", "line 2, is no JSON"),
        ("a.tsv", "a film\tgood\nno label", "line 2, is not a text, a tab and a label"),
        ("a.tsv", "a film\t1\nanother\t0", "no choice of words"),
        ("a.tsv", "a film\tgood\nanother\tgood", "no choice of words"),
        ("a.tsv", "", "is empty"),
        ("a.txt", "text", "Known endings: .jsonl, .tsv"),
    ],
)
def test_files_of_other_forms_are_refused_with_the_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        item_files.read_tasks(str(path), 10)


def test_too_little_is_refused(tmp_path):
    with pytest.raises(InputError, match="9 items tell nothing"):
        item_files.read_tasks("teaching", 9)
    with pytest.raises(InputError, match="has 5 different questions"):
        item_files.read_tasks(str(pairs_file(tmp_path, n=5)), 10)
    with pytest.raises(InputError, match="There is no file"):
        item_files.read_tasks(str(tmp_path / "none.jsonl"), 10)
    with pytest.raises(InputError, match="no task 'none'"):
        item_files.read_tasks("teaching:none", 10)
    path = tmp_path / "latin.tsv"
    path.write_bytes(b"caf\xe9\tgood")
    with pytest.raises(InputError, match="not UTF-8"):
        item_files.read_tasks(str(path), 10)


def test_blimp_is_read():
    path = third_party("text/blimp/transitive.jsonl")
    items = item_files.read_tasks(str(path), 50).items["transitive"]
    assert len(items) == 50
    assert all(len(set(item.choices)) == 2 for item in items)
