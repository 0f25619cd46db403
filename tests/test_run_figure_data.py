"""The data of a figure: everything that its axes hold, as one table, and a link to it below the picture."""

import csv
import io
import json
import sys

import matplotlib as mpl
import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure

sys.path.insert(0, str(ROOT / "book"))
sys.path.insert(0, str(ROOT / "book" / "driver" / "in_kernel"))

import figure_data
from driver.figure_links import with_data_links


def rows(figure):
    text = figure_data.to_csv(figure)
    assert text == figure_data.to_csv(figure)
    return [{name: word for name, word in row.items() if word} for row in csv.DictReader(io.StringIO(text))]


@pytest.fixture
def axes():
    return Figure().subplots()


def test_lines_points_and_lines_across(axes):
    axes.set(title="A", xlabel="dose", ylabel="loss")
    axes.plot([0, 1], [2, 3.5], label="first")
    axes.plot([4], [5], "o")
    axes.axhline(7, label="chance")
    head = {"panel": "A", "x_axis": "dose", "y_axis": "loss"}
    assert rows(axes.figure) == [
        head | {"series": "first", "kind": "line", "x": "0", "y": "2"},
        head | {"series": "first", "kind": "line", "x": "1", "y": "3.5"},
        head | {"series": "2", "kind": "points", "x": "4", "y": "5"},
        head | {"series": "chance", "kind": "reference line", "y": "7"},
    ]


def test_error_bars_are_one_row_each_with_both_ends(axes):
    axes.errorbar([1, 2], [10, 20], yerr=[[1, 2], [3, 4]], xerr=0.5, fmt="o", capsize=3, label="effect")
    base = {"panel": "1", "series": "effect", "kind": "interval"}
    assert rows(axes.figure) == [
        base | {"x": "1", "y": "10", "x_low": "0.5", "x_high": "1.5", "y_low": "9", "y_high": "13"},
        base | {"x": "2", "y": "20", "x_low": "1.5", "x_high": "2.5", "y_low": "18", "y_high": "24"},
    ]


def test_error_bars_without_points(axes):
    axes.errorbar([1, 2], [10, 20], yerr=1, fmt="none")
    assert [(row["x"], row["y_low"], row["y_high"]) for row in rows(axes.figure)] == [
        ("1", "9", "11"),
        ("2", "19", "21"),
    ]


def test_a_heat_map_is_read_where_it_is_drawn_and_without_its_empty_cells(axes):
    values = np.array([[1.0, 2.0], [np.nan, 4.0]])
    drawn = axes.imshow(values)
    axes.set_yticks([0, 1], ["nouns", "verbs"])
    axes.figure.colorbar(drawn)
    base = {"panel": "1", "series": "1", "kind": "heat map"}
    assert rows(axes.figure) == [
        base | {"x": "0", "y": "0", "value": "1", "y_name": "nouns"},
        base | {"x": "1", "y": "0", "value": "2", "y_name": "nouns"},
        base | {"x": "1", "y": "1", "value": "4", "y_name": "verbs"},
    ]


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_a_heat_map_with_an_extent_and_a_mesh_agree(axes, origin):
    values = np.arange(6.0).reshape(2, 3)
    axes.imshow(values, extent=(0, 30, 0, 20), origin=origin)
    other = Figure().subplots()
    other.pcolormesh([0, 10, 20, 30], [0, 10, 20], values if origin == "lower" else values[::-1])
    cells = [{(row["x"], row["y"]): row["value"] for row in rows(one.figure)} for one in (axes, other)]
    assert cells[0] == cells[1]
    assert cells[0]["5", "5"] == ("0" if origin == "lower" else "3")


def test_bars_upright_and_level_with_the_names_at_their_ticks(axes):
    axes.bar(["a", "b"], [3, 4])
    level = Figure().subplots()
    level.barh([0, 1], [3, 4], left=[0, 1])
    assert [(row["x_name"], row["y"]) for row in rows(axes.figure)] == [("a", "3"), ("b", "4")]
    assert [(row["x"], row["y"]) for row in rows(level.figure)] == [("3", "0"), ("5", "1")]
    assert rows(level.figure)[1]["x_low"] == "1"


@pytest.mark.parametrize("labels", [[5, 6], ["5", "6"], ["\N{MINUS SIGN}1", "0.5"]])
def test_numbers_at_ticks_are_no_names(axes, labels):
    axes.plot([0, 1], [2, 3])
    axes.set_xticks([0, 1], labels)
    assert all("x_name" not in row for row in rows(axes.figure))


def test_points_beside_a_tick_have_its_name(axes):
    axes.scatter([0.9, 1.1, 1.6], [1, 2, 3], c=[7, 8, 9])
    axes.set_xticks([1, 2], ["zero", "mean"])
    assert [(row["x_name"], row["value"]) for row in rows(axes.figure)] == [("zero", "7"), ("zero", "8"), ("mean", "9")]


def test_bands_intervals_and_spans(axes):
    axes.fill_between([0, 1, 2], [1, 1, 1], [3, 4, 5])
    axes.hlines([6], 1, 2)
    axes.vlines([7], 0, 3)
    axes.axhspan(8, 9)
    found = [{key: row[key] for key in row if key not in ("panel", "series")} for row in rows(axes.figure)]
    assert found[:3] == [
        {"kind": "band", "x": str(x), "y_low": "1", "y_high": str(high)} for x, high in enumerate([3, 4, 5])
    ]
    assert {"kind": "interval", "y": "6", "x_low": "1", "x_high": "2"} in found
    assert {"kind": "interval", "x": "7", "y_low": "0", "y_high": "3"} in found
    assert {"kind": "span", "y_low": "8", "y_high": "9"} in found


def test_a_legend_made_by_hand_names_what_has_its_colour(axes):
    axes.plot([0], [1], color="red")
    axes.plot([0], [2], color="blue")
    axes.legend(handles=[mpl.lines.Line2D([], [], color="red", label="lesion")])
    assert [row["series"] for row in rows(axes.figure)] == ["lesion", "2"]


def test_pictures_have_no_data(axes):
    axes.imshow(np.zeros((4, 4, 3)))
    assert figure_data.to_csv(axes.figure) is None
    brain = Figure().subplots()
    brain.plot([0, 1])
    brain.axis("off")
    assert figure_data.to_csv(brain.figure) is None
    solid = Figure().add_subplot(projection="3d")
    solid.plot_trisurf([0, 1, 0], [0, 0, 1], [1, 2, 3])
    assert figure_data.to_csv(solid.figure) is None
    large = Figure().subplots()
    large.imshow(np.zeros((200, 101)))
    assert figure_data.to_csv(large.figure) is None


def notebook(outputs, figure):
    cell = {"cell_type": "code", "metadata": {"mystnb": {"figure": figure}}, "outputs": outputs}
    return json.dumps({"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# A"}, cell]}).encode()


def test_a_caption_leads_to_the_data_which_leave_the_notebook():
    outputs = [{"output_type": "display_data", "data": {"image/png": "P", "text/csv": ["x\n", "1\n"]}}]
    made, tables = with_data_links(notebook(outputs, {"name": "fig-a", "caption": "A line.\n"}))
    assert tables == {"_data/fig-a.csv": b"x\n1\n"}
    cell = json.loads(made)["cells"][1]
    assert cell["outputs"][0]["data"] == {"image/png": "P"}
    assert cell["metadata"]["mystnb"]["figure"]["caption"] == "A line. [data (CSV)](_data/fig-a.csv)"


def test_a_picture_gets_no_link():
    given = notebook([{"output_type": "display_data", "data": {"image/png": "P"}}], {"name": "fig-a", "caption": "A."})
    made, tables = with_data_links(given)
    assert tables == {}
    assert json.loads(made) == json.loads(given)
