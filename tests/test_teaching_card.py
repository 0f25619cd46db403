"""The card of the shipped model says what the shipped files say."""

import json

import pytest
from conftest import ROOT

from analysis import language, models
from analysis.teaching import card, datasheet

FOLDER = ROOT / "data" / "teaching-model"
CARD = json.loads((FOLDER / "card.json").read_text())


@pytest.mark.slow
def test_the_card_is_recomputed_from_the_shipped_files():
    again = card.describe(FOLDER)
    assert again.keys() == CARD.keys()
    for name in again.keys() - {"tasks", "domains"}:
        assert again[name] == CARD[name], name
    for task, row in again["tasks"].items():
        expected = CARD["tasks"][task]
        measured = {"accuracy", "low", "high"}
        for name in measured:
            assert row[name] == pytest.approx(expected[name], abs=0.02), (task, name)
        assert {k: v for k, v in row.items() if k not in measured} == {
            k: v for k, v in expected.items() if k not in measured
        }
    assert again["domains"] == pytest.approx(CARD["domains"], abs=0.02)


def test_the_card_covers_every_task_and_domain():
    assert CARD["tasks"].keys() == language.TASKS.keys()
    assert CARD["domains"].keys() == set(language.DOMAINS)
    table = card.task_table(CARD)
    assert table["kind"].is_monotonic_increasing
    assert len(table) == len(language.TASKS)


def test_the_tasks_leave_room_to_fall_and_to_rise():
    """At a ceiling nothing can improve and at chance nothing can break; zero-shot tasks were never trained at all."""
    trained = {task: row["accuracy"] for task, row in CARD["tasks"].items() if row["kind"] == "trained"}
    graded = [task for task, accuracy in trained.items() if 0.70 <= accuracy <= 0.97]
    assert len(graded) >= 4
    assert all(accuracy > 0.90 for task, accuracy in trained.items() if task not in graded), trained
    assert sum(row["kind"] == "zero-shot" for row in CARD["tasks"].values()) >= 2
    for row in CARD["tasks"].values():
        assert row["low"] <= row["accuracy"] <= row["high"]
        if row["kind"] == "not learned":
            assert row["low"] <= row["chance"] <= row["high"]


def test_the_shipped_model_is_what_the_book_needs():
    lm = models.load_model(FOLDER)
    assert lm.n_layers == CARD["layers"] >= 6
    assert sum(lm.layer_sizes("mlp_activation")) == CARD["mlp_neurons"] >= 4000
    assert CARD["pieces"] <= 4096
    assert CARD["megabytes"] <= 16
    assert CARD["split_word_share"] >= 0.15
    assert CARD["lemmas"] >= 1500
    assert CARD["upos_tags"] >= 12
    assert CARD["homographs_often_in_each"] >= 120
    assert CARD["constructions"] >= 60
    assert CARD["train_minutes"] <= 60


def test_the_datasheet_is_the_card_in_words():
    assert (ROOT / "data" / "README.md").read_text() == datasheet.as_markdown(CARD)
