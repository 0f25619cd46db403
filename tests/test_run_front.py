"""The first page: a card for each chapter of this book, with its question and its first figure."""

import base64
import io
import json
import sys

import pytest
from conftest import ROOT
from PIL import Image

sys.path.insert(0, str(ROOT / "book"))

from driver.chapters import Project
from driver.front import front_page

TEXT = "# Study\n\nFirst.\n\n% chapters 3 4\n\nThen.\n\n% chapters 9\n"


def notebook(size=None):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# A"}]
    if size:
        written = io.BytesIO()
        Image.new("RGB", size, "red").save(written, "PNG")
        data = {"image/png": base64.b64encode(written.getvalue()).decode()}
        figure = {"mystnb": {"figure": {"name": "fig"}, "image": {"alt": "a red\nfield"}}}
        cells.append({"cell_type": "code", "metadata": figure, "outputs": [{"data": data}]})
    return json.dumps({"cells": cells}).encode()


@pytest.fixture
def made():
    return front_page(TEXT, Project(ROOT), {"03_networks": notebook((900, 300)), "04_recurrence": notebook()})


def test_chapters_of_this_book_get_a_card_with_their_question(made):
    text, _ = made
    assert text.count("{grid-item-card}") == 2
    assert ":link: 03_networks\n:link-type: doc" in text
    assert Project(ROOT).chapters["03_networks"].question in text
    assert text.index("First.") < text.index("03_networks") < text.index("Then.")


def test_chapters_that_are_not_there_leave_nothing(made):
    assert made[0].endswith("Then.\n\n\n")
    assert "% chapters" not in made[0]


def test_a_card_shows_the_first_figure_small_and_says_what_is_seen(made):
    text, pictures = made
    assert list(pictures) == ["pictures/03_networks.png"]
    assert ":img-top: pictures/03_networks.png\n:img-alt: a red field" in text
    assert text.count(":img-top:") == 1
    with Image.open(io.BytesIO(pictures["pictures/03_networks.png"])) as image:
        assert image.size == (440, 250)
        assert image.getpixel((0, 0)) == (255, 255, 255)
        assert image.getpixel((220, 125)) == (255, 0, 0)


@pytest.mark.parametrize("stem", list(Project(ROOT).chapters))
def test_each_chapter_opens_with_a_question(stem):
    question = Project(ROOT).chapters[stem].question
    assert question.endswith("?")
    assert len(question) < 300
