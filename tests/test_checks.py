"""The gates of the rendered book, on small pages with one fault each; skipped where there is no browser."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from analysis.errors import InputError
from checks import __main__ as command
from checks.browser import LIGHT, browser, find_browser, open_window
from checks.faults import Fault
from checks.pages import pages_of
from checks.pictures import cut_edges, is_blank

PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<script>document.documentElement.dataset.theme = localStorage.getItem("theme")</script></head>
<body><main class="bd-article"><h1 id="top-heading">Page</h1>{body}</main></body></html>"""


@pytest.fixture(scope="module")
def has_browser():
    try:
        find_browser()
    except InputError as reason:
        pytest.skip(str(reason))


def write(folder, **bodies):
    """Write a book of the pages given, a page that they may link to, and pictures and notebooks."""
    rng = np.random.default_rng(0)
    drawing = np.full((60, 80, 3), 255, np.uint8)
    drawing[10:50, 10:70] = rng.integers(0, 255, (40, 60, 3))
    Image.fromarray(drawing).save(folder / "drawing.png")
    Image.fromarray(np.roll(drawing, 20, axis=1)).save(folder / "cut.png")
    Image.new("RGB", (60, 60), "white").save(folder / "empty.png")
    (folder / "one.ipynb").write_text('{"cells": [{}]}')
    (folder / "none.ipynb").write_text('{"cells": []}')
    (folder / "other.html").write_text(PAGE.format(body='<p id="here">Words.</p>'))
    for name, body in bodies.items():
        (folder / f"{name}.html").write_text(PAGE.format(body=body))
    return folder


GOOD = """<p><a href="other.html#here">there</a> <a href="#top-heading">up</a> <a href="one.ipynb" download>notebook</a>
<a href="https://example.org">elsewhere</a></p><img src="drawing.png" alt="a drawing">
<div style="overflow-x: auto" tabindex="0"><div style="width: 900px">wide, but it scrolls in itself</div></div>"""


# What is wrong in the body of a page, the element that the fault names, and what it says.
FAULTS = [
    ("<script>console.error('so bad')</script>", "", "console: so bad"),
    ("<script>nothing.there()</script>", "", "script: nothing is not defined"),
    ('<img src="https://example.org/a.png" alt="a">', "", "asks the network for https://example.org/a.png"),
    ('<p class="wide" style="width: 700px">wide</p>', "p.wide", "scrolls sideways at 390 px"),
    ('<img src="gone.png" alt="gone">', "img", "a picture that cannot be shown"),
    ('<img id="blank" src="empty.png" alt="empty">', "img#blank", "an empty picture (dark)"),
    ('<div style="overflow: hidden; width: 40px"><img src="drawing.png" alt="a"></div>', "img", "cut off by"),
    ('<img src="cut.png" alt="cut">', "img", "drawn across the right edge of cut.png"),
    ('<img src="drawing.png">', "img", "critical: Images must have alternative text"),
    (
        '<p style="color: #aaa; background: #fff">pale</p>',
        "p",
        "serious: Elements must meet minimum color contrast",
    ),
    ('<a href="gone.html">gone</a>', "a", "leads to gone.html, which is not there"),
    ('<a href="other.html#there">there</a>', "a", "leads to #there, which other.html does not have"),
    ('<a href="none.ipynb" download>notebook</a>', "a", "offers none.ipynb, a notebook without cells"),
    ('<a href="../elsewhere.html">out</a>', "a", "leads out of the book"),
    (
        '<script>document.documentElement.dataset.theme = "light"</script>',
        "html",
        "shows the theme light where dark",
    ),
]


@pytest.fixture(scope="module")
def told(has_browser, tmp_path_factory):
    """All faults of one book: a good first page that is too heavy, and one page for each fault."""
    heavy = GOOD + "<script>/* " + "long " * 320_000 + "*/</script>"
    bodies = {f"page-{number}": f"<p>Words.</p>{body}" for number, (body, _, _) in enumerate(FAULTS)}
    folder = write(tmp_path_factory.mktemp("book"), index=heavy, **bodies)
    return [str(fault) for fault in command.check(folder)]


def test_a_good_page_has_no_fault_but_its_weight(told):
    assert [line for line in told if line.startswith("index")] == ["index.html: weighs 1.6 MB; at most 1.5 MB"]
    assert not [line for line in told if line.startswith("other")]


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[what for _, _, what in FAULTS])
def test_each_fault_is_one_line_with_page_and_element(told, number):
    _, element, what = FAULTS[number]
    place = f"page-{number}.html: {element}"
    assert any(line.startswith(place) and what in line for line in told), told
    assert all("\n" not in line for line in told)


def test_faults_end_with_1_a_good_book_with_0(has_browser, tmp_path, capsys):
    assert command.main([str(write(tmp_path, index=GOOD))]) == 0
    assert "2 pages, 3 windows each: 0 faults" in capsys.readouterr().out
    assert command.main([str(write(tmp_path, index="<img src='gone.png' alt='gone'>"))]) == 1


def test_without_a_browser_it_says_so_and_ends_with_2(tmp_path, monkeypatch, capsys):
    write(tmp_path, index=GOOD)
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    assert command.main([str(tmp_path)]) == 2
    monkeypatch.delenv("CHROMIUM")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert command.main([str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "no-such-browser" in said[0]
    assert "apt-get install chromium" in said[1]


def test_without_a_book_it_names_the_command(tmp_path, capsys):
    assert command.main([str(tmp_path)]) == 2
    assert "make book" in capsys.readouterr().err


def test_an_index_that_sends_the_reader_on_is_no_page(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/intro.html").write_text("")
    (tmp_path / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=book/intro.html" />')
    assert pages_of(tmp_path) == ["book/intro.html"]
    (tmp_path / "book/intro.html").unlink()
    with pytest.raises(InputError, match=r"book/intro\.html, which is not there"):
        pages_of(tmp_path)


def test_pictures_are_judged_by_their_pixels(tmp_path):
    html = write(tmp_path)
    assert is_blank((html / "empty.png").read_bytes())
    assert not is_blank((html / "drawing.png").read_bytes())
    assert cut_edges(html / "drawing.png") == []
    assert cut_edges(html / "cut.png") == ["left", "right"]


def test_a_fault_of_a_page_as_a_whole_names_no_element():
    assert str(Fault("a.html", "", "is\n  heavy")) == "a.html: is heavy"


@pytest.mark.slow
def test_the_book_of_the_smoke_profile_passes_all_gates(has_browser):
    made = [sys.executable, "book/run.py", "book", "--profile", "smoke"]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True, timeout=1800)
    assert [str(fault) for fault in command.check(ROOT / "_build/runs/smoke/html")] == []


@pytest.mark.slow
def test_markup_in_a_treebank_stays_text_in_the_browser(has_browser, tmp_path):
    forms = ["<script>document.title='taken'</script>", "<img/src=x/onerror=document.title='taken'>", "dogs", "&amp;"]
    rows = [f"{n}\t{form}\t{form}\tNOUN\t_\t_\t{n - 1}\tdep\t_\t_" for n, form in enumerate(forms * 3, start=1)]
    bank = tmp_path / "<img src=x onerror=document.title='taken'>.conllu"
    bank.write_text(("\n".join(rows) + "\n\n") * 200)
    made = [sys.executable, "book/run.py", "chapter", "3", "--profile", "smoke", "--parameters", f'texts="{bank}"']
    done = subprocess.run(made, cwd=ROOT, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    folder = ROOT / "_build/runs" / done.stdout.split()[1]
    with browser() as started, open_window(started, LIGHT) as window:
        page = window.new_page()
        page.goto((folder / "html/book/03_networks.html").as_uri())
        page.wait_for_timeout(1000)
        assert page.title() != "taken"
        assert "document.title='taken'" in page.inner_text("main").replace(" ", "")
        assert page.locator("main img[src=x]").count() == 0
        assert page.locator("main script", has_text="taken").count() == 0
    shutil.rmtree(folder)
