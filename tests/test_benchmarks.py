"""Tasks and texts of the hub from folders of files, and from the files that they are handed on in."""

import json
import sys

import pytest
from conftest import third_party

from analysis import hub, item_files
from analysis.benchmarks import BENCHMARKS, from_file, from_hub
from analysis.datasets import load_texts
from analysis.errors import InputError
from analysis.passages import choose_passages

ROWS = {
    "sst2": {"sentence": ["dull", "lovely"]},
    "cola": {"sentence": ["Him ran.", "He ran."]},
    "mrpc": {"sentence1": ["a", "b"], "sentence2": ["c", "d"]},
    "qnli": {"question": ["who?", "why?"], "sentence": ["he", "so"]},
    "mnli": {"premise": ["p", "q", "r"], "hypothesis": ["h", "i", "j"]},
    "agnews": {"text": ["w", "s", "b", "t"]},
}


@pytest.fixture
def library(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return pytest.importorskip("datasets", reason="the extra 'data' is not installed")


def folder(library, path, columns, names=None, split="validation"):
    """Write a data set as a folder of one parquet file, labels with their names where there are any."""
    found = library.Dataset.from_dict(columns)
    if names:
        found = found.cast_column("label", library.ClassLabel(names=names))
    path.mkdir(parents=True, exist_ok=True)
    found.to_parquet(path / f"{split}-00000.parquet")
    return path


def ask(task, path):
    return from_hub(task, str(path), split="validation")


@pytest.mark.parametrize("task", ROWS)
def test_labels_mean_what_the_data_set_says_in_whatever_order_it_names_them(library, tmp_path, task):
    names = list(BENCHMARKS[task].words)
    columns = {key: values[: len(names)] for key, values in ROWS[task].items()} | {"label": list(range(len(names)))}
    usual = ask(task, folder(library, tmp_path / "a", columns, names))
    assert [item.choices[item.answer] for item in usual] == list(BENCHMARKS[task].words.values())
    exchanged = ask(task, folder(library, tmp_path / "b", columns, names[::-1]))
    assert [item.choices[item.answer] for item in exchanged] == list(BENCHMARKS[task].words.values())[::-1]
    assert [item.context for item in usual] == [item.context for item in exchanged]
    assert all(value in item.context for item, value in zip(usual, next(iter(columns.values())), strict=True))


@pytest.mark.parametrize(
    ("names", "labels", "message"),
    [
        (None, [0, 1], "should be negative, positive, and the data set does not say what they mean"),
        (["bad", "good"], [0, 1], "should be negative, positive, and the data set names them bad, good"),
        (["negative", "positive"], [0, -1], "has rows without a label. Name a split that has them"),
        (["negative", "positive"], [0, None], "has rows without a label"),
    ],
)
def test_labels_that_cannot_be_trusted_are_refused(library, tmp_path, names, labels, message):
    path = folder(library, tmp_path / "a", {"sentence": ["x", "y"], "label": labels}, names)
    with pytest.raises(InputError, match=message):
        ask("sst2", path)


def test_questions_about_a_passage_have_answers_of_that_passage_as_choices(library, tmp_path):
    answers = ["Anna", "Paris", "in 1900", "a ship", "the ship"]
    rows = {
        "context": ["About Anna."] * 5 + ["Another."] * 2,
        "question": [f"q{number}" for number in range(7)],
        "answers": [{"text": [one], "answer_start": [0]} for one in [*answers, "x", "y"]],
    }
    items = ask("squad", folder(library, tmp_path / "a", rows))
    assert [item.choices[item.answer] for item in items] == [f" {answer}" for answer in answers]
    for item in items:
        assert len(set(item.choices)) == 4
        assert {choice.strip() for choice in item.choices} <= set(answers)
    assert len({item.answer for item in items}) > 1
    assert all("Another." not in item.context for item in items)  # too few other answers


def test_a_task_is_named_in_a_list_of_sources(library, tmp_path):
    rows = {"sentence": [f"film {number}" for number in range(30)], "label": [0, 1] * 15}
    path = folder(library, tmp_path / "films", rows, ["positive", "negative"])
    file = tmp_path / "dev.tsv"
    file.write_text("".join(f"gj04\t{n % 2}\t{'' if n % 2 else '*'}\tSentence {n}.\n" for n in range(20)))
    tasks = item_files.read_tasks(f"hub:sst2:{path} | cola:{file}", 12, seed=3)
    assert {task: len(items) for task, items in tasks.items.items()} == {"sst2": 12, "cola": 12}
    for item in tasks.items["sst2"]:
        assert item.choices[item.answer] == (" negative", " positive")[int(item.context.split()[1]) % 2 == 0]
    for item in tasks.items["cola"]:
        assert item.choices[item.answer] == (" no", " yes")[int(item.context.split()[1][:-1]) % 2]


@pytest.mark.parametrize(
    ("task", "path", "n", "begins", "answer"),
    [
        ("sst2", "text/sst2/dev.tsv", 872, "one long string of cliches", " negative"),
        ("cola", "text/cola/in_domain_dev.tsv", 527, "The sailors rode the breeze", " yes"),
        ("agnews", "text/agnews/test.csv", 7600, "Fears for T N pension", " business"),
    ],
)
def test_the_files_that_tasks_are_handed_on_in(task, path, n, begins, answer):
    items = from_file(task, third_party(path))
    assert len(items) == n
    assert items[0].context.startswith(begins)
    assert items[0].choices[items[0].answer] == answer
    assert {item.answer for item in items} == set(range(len(items[0].choices)))


@pytest.mark.parametrize(
    ("task", "name", "content", "message"),
    [
        ("sst2", "a.tsv", "one\t0\ntwo\t3\n", "line 2: the label '3' is none of 0, 1"),
        ("sst2", "a.tsv", "one\t0\ntwo\n", "line 2, has 1 columns; sst2 has sentence, label"),
        ("cola", "a.tsv", "gj04\t1\t*\tHim ran.\n", "line 1, is marked \\* by its author, but labelled acceptable"),
        ("mrpc", "a.tsv", "x\t0\n", "'mrpc' has no known form as a file. Take it from the hub"),
        ("agnews", "a.csv", '"3","t","d"\n', "names the labels Sports, World, not World, Sports"),
    ],
)
def test_files_that_are_something_else_are_refused_in_one_line(tmp_path, task, name, content, message):
    (tmp_path / name).write_text(content)
    (tmp_path / "classes.txt").write_text("Sports\nWorld\n" if task == "agnews" else "")
    if task != "agnews":
        (tmp_path / "classes.txt").unlink()
    with pytest.raises(InputError, match=message) as caught:
        from_file(task, tmp_path / name)
    assert "\n" not in str(caught.value)


def test_texts_of_the_hub_are_read_by_split_and_column(library, tmp_path):
    long = " ".join(["word"] * 150)
    rows = {"title": ["A", "B"], "body": [long, f"{long} more"], "stars": [1, 2]}
    path = folder(library, tmp_path / "reviews", rows, split="train")
    assert [text.text for text in load_texts(f"hub:{path}")] == rows["body"]
    assert [text.text for text in load_texts(f"hub:{path}::train:title")] == ["A", "B"]
    assert {text.domain for text in load_texts(f"hub:{path}")} == {"reviews"}
    assert len(choose_passages(f"hub:{path}", lambda text: len(text.split()), 2)) == 2
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "test.jsonl").write_text(json.dumps({"text": "One."}) + "\n")
    assert [text.text for text in load_texts(f"hub:{tmp_path / 'lines'}")] == ["One."]


def test_what_the_hub_does_not_have_is_one_line(library, tmp_path, monkeypatch):
    path = folder(library, tmp_path / "reviews", {"body": ["x"], "stars": [1]})
    asked = {
        f"hub:{path}::test": "has no split 'test'. It has: validation",
        f"hub:{path}:::stars": "has no column of text 'stars'. It has: body",
        f"hub:{path}:odd": "cannot be loaded",
        f"hub:{tmp_path / 'none'}": "cannot be loaded",
        "hub:": "is not of the form hub:NAME",
        "hub:a:b:c:d:e": "is not of the form hub:NAME",
    }
    for source, message in asked.items():
        with pytest.raises(InputError, match=message) as caught:
            load_texts(source)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="has no column 'label', which the task 'sst2' needs"):
        ask("sst2", path)
    with pytest.raises(InputError, match=r"There is no task 'hub:sst3'. Of the hub there are: sst2"):
        item_files.read_tasks("hub:sst3", 10)

    def offline(*_, **__):
        raise ConnectionError("Couldn't reach the Hub\nand more")

    monkeypatch.setattr(library, "load_dataset", offline)
    with pytest.raises(InputError, match=r"Couldn't reach the Hub. Check its name and the network") as caught:
        load_texts("hub:owner/name")
    assert "\n" not in str(caught.value)


def test_name_configuration_split_and_revision_reach_the_library(library, monkeypatch):
    asked = []

    def load(place, config, revision):
        asked.append((place, config, revision))
        return {"validation": library.Dataset.from_dict({"text": ["x"]}), "train": None}

    monkeypatch.setattr(library, "load_dataset", load)
    assert [text.domain for text in load_texts("hub:owner/name@v2:first")] == ["name-first"]
    assert asked == [("owner/name", "first", "v2")]
    with pytest.raises(InputError, match="'nyu-mll/glue' has no column 'label'"):
        from_hub("sst2")
    assert asked[1] == ("nyu-mll/glue", "sst2", None)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match=r"needs the library datasets. Install the extra 'data'"):
        hub.load_rows("owner/name")
