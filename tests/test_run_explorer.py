"""From the portraits that chapters save to the page of the explorer."""

import io
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from analysis import portraits
from analysis.networks import Networks

sys.path.insert(0, str(ROOT / "book"))

from driver.chapters import Project
from driver.explorer import explorer_page

TEXT = "# Explorer\n\nWords.\n\n% explorer\n"


@pytest.fixture
def artifacts(tmp_path):
    """Portraits of two networks, saved by two chapters."""
    maps = np.array([[3, 0, 0, -2.5], [0, 2.2, 0, 0]], np.float32)
    nan = np.full(2, np.nan)
    networks = Networks(maps, np.zeros((5, 2), np.float32), np.ones(2), (2, 2), "mlp_activation", "m", nan, True)
    table = pd.DataFrame({"network": [1, 2], "kind": ["</script>", "a"], "rise": [0.5, -0.5]})
    panel = portraits.panel("Cost", "bits", table, label="kind", value="rise")
    for stem in ("03_networks", "05_inhibition"):
        portraits.save(tmp_path / stem / portraits.NAME, networks, "stories & news", [panel], at=2)
    return tmp_path


def data_of(page):
    return json.loads(re.search(r'id="explorer-data">(.*)</script>', page)[1])


def test_the_page_offers_each_network_of_each_chapter_of_this_book(artifacts):
    page, _ = explorer_page(TEXT, Project(ROOT), artifacts, ["05_inhibition", "03_networks", "01_fmri"])
    assert page.startswith("# Explorer\n\nWords.\n\n")
    values = re.findall(r'<option value="([^"]+)"', page)
    assert values == ["03_networks-1", "03_networks-2", "05_inhibition-1", "05_inhibition-2"]
    assert 'label="Chapter 3: stories &amp; news"' in page
    assert [one["chapter"] for one in data_of(page)["portraits"]] == ["03_networks", "05_inhibition"]


def test_what_other_runs_left_is_not_shown(artifacts):
    page, _ = explorer_page(TEXT, Project(ROOT), artifacts, ["03_networks"])
    assert "05_inhibition" not in page


def test_data_cannot_end_the_script_that_holds_them(artifacts):
    page, _ = explorer_page(TEXT, Project(ROOT), artifacts, ["03_networks"])
    assert data_of(page)["portraits"][0]["panels"][0]["rows"][0]["label"] == "</script>"
    assert page.count("</script>") == page.count("<script")


def test_the_drawings_name_their_data_and_nothing_from_elsewhere(artifacts):
    specs = data_of(explorer_page(TEXT, Project(ROOT), artifacts, ["03_networks"])[0])
    assert specs["map"]["data"] == {"name": "lit"}
    assert {layer["data"]["name"] for layer in specs["panel"]["layer"] if "data" in layer} <= {"rows"}
    assert '"url"' not in json.dumps(specs)


def test_without_portraits_the_page_says_so(tmp_path):
    page, tables = explorer_page(TEXT, Project(ROOT), tmp_path, ["03_networks"])
    assert not tables
    assert "nothing to choose from" in page
    assert "<script" not in page


def test_the_numbers_of_the_pictures_can_be_taken_away(artifacts):
    page, tables = explorer_page(TEXT, Project(ROOT), artifacts, ["03_networks"])
    assert "{download}`chapter 3 <tables/03_networks.csv>`" in page
    table = pd.read_csv(io.BytesIO(tables["tables/03_networks.csv"]))
    assert list(table["value"]) == [0.5, -0.5]
    assert list(table["label"]) == ["</script>", "a"]
    assert set(table["measure"]) == {"Cost"}
