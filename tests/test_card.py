"""The card of the shipped model says what the shipped files say."""

import json

import pytest
from conftest import ROOT

from analysis import card, datasheet, language, models

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
        assert row["accuracy"] == pytest.approx(expected["accuracy"], abs=0.02), task
        assert {k: v for k, v in row.items() if k != "accuracy"} == {
            k: v for k, v in expected.items() if k != "accuracy"
        }
    assert again["domains"] == pytest.approx(CARD["domains"], abs=0.02)


def test_the_card_covers_every_task_and_domain():
    assert CARD["tasks"].keys() == language.TASKS.keys()
    assert CARD["domains"].keys() == set(language.DOMAINS)
    table = card.task_table(CARD)
    assert table["zero-shot"].is_monotonic_increasing
    assert len(table) == len(language.TASKS)


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
