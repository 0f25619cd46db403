"""That the pictures of driven networks show the data they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from analysis.plotting import amplification as plotting
from analysis.plotting.style import BLUE, GREY, ORANGE

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")


def driven(**columns):
    rows = [
        {"network": network, "factor": factor, "constant": constant, "strength": name, "measured": value * network}
        for network in (1, 2)
        for factor, constant, name, value in (
            (0.5, 0, "×0.5", 0.3),
            (2, 0, "×2", 0.1),
            (1, -1, "−1", 0.2),
            (1, 1, "+1", -0.4),
        )
    ]
    return pd.DataFrame(rows).assign(predicted=9.0, **columns)


def lines(axes, style):
    return [line for line in axes.lines if line.get_linestyle() == style and len(line.get_xdata()) > 2]


def test_every_network_has_a_measured_and_a_predicted_curve_through_the_model_as_it_is():
    figure = plotting.dose_response({"text": driven(), "task": driven()})
    assert len(figure.axes) == 4
    left, right = figure.axes[:2]
    assert [list(line.get_xdata()) for line in lines(left, "-")] == [[0.5, 1, 2]] * 2
    assert [list(line.get_ydata()) for line in lines(left, "-")] == [[0.3, 0, 0.1], [0.6, 0, 0.2]]
    assert [list(line.get_ydata()) for line in lines(right, "-")] == [[0.2, 0, -0.4], [0.4, 0, -0.8]]
    assert [list(line.get_ydata()) for line in lines(left, "--")] == [[9, 0, 9]] * 2


def test_predictions_do_not_set_the_scale():
    axes = plotting.dose_response({"text": driven()}).axes[0]
    assert axes.get_ylim()[1] < 1


def test_a_kind_of_strength_that_was_not_tried_has_no_panel():
    table = driven()
    assert len(plotting.dose_response({"text": table[table["constant"] == 0]}).axes) == 1


def test_scores_are_means_over_tasks_beside_text():
    scores = pd.concat([driven(task="a", accuracy=0.1), driven(task="b", accuracy=0.3)])
    figure = plotting.score_beside_text(scores, driven())
    left, right = (axes.get_images()[0].get_array() for axes in figure.axes[:2])
    np.testing.assert_allclose(left, np.full((2, 4), 0.2))
    np.testing.assert_allclose(right[1], [0.6, 0.2, 0.4, -0.8])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["×0.5", "×2", "−1", "+1"]


def pulled(kinds):
    rows = [
        {"kind": kind, "network": network, "slope": slope, "low": slope - 1, "high": slope + 1}
        for kind in kinds
        for network, slope in ((1, 0.5), (2, 3.0))
    ]
    return pd.DataFrame(rows)


def test_slopes_are_filled_where_sure_and_orange_where_never_seen():
    figure = plotting.slopes(pulled(["reviews"]), pulled(["sums", "reworded"]), ["reworded"])
    below = figure.axes[1]
    assert [label.get_text() for label in below.get_yticklabels()] == ["sums", "reworded"]
    marks = [line for line in below.lines if line.get_marker() == "o"]
    filled = [line for line in marks if to_hex(line.get_markerfacecolor()) != "#ffffff"]
    assert [list(line.get_xdata()) for line in filled] == [[3.0], [3.0]]
    assert [line.get_markeredgecolor() for line in filled] == [BLUE, ORANGE]
    assert len(figure.legends[0].get_texts()) == 4
    assert len(plotting.slopes(pulled(["a"]), pulled(["b"])).legends[0].get_texts()) == 2


def test_gains_show_promise_sham_chance_and_offset():
    table = pd.DataFrame(
        {
            "before": [0.3, 0.9],
            "chance": [0.5, 0.25],
            "tune": [0.4, 0.1],
            "test": [0.2, -0.05],
            "low": [0.1, -0.2],
            "high": [0.3, 0.1],
            "sham_low": [-0.1, -0.1],
            "sham_high": [0.25, 0.05],
        },
        index=pd.Index(["reworded", "sums"], name="task"),
    )
    axes = plotting.gains(table, pd.Series({"sums": 0.07})).axes[0]
    marks = {line.get_marker(): list(line.get_xdata()) for line in axes.lines if line.get_markerfacecolor() != "white"}
    assert marks["o"] == [0.2, -0.05]
    assert marks["|"] == pytest.approx([0.2, -0.65])
    assert marks["x"] == [0.07]
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [
        pytest.approx((-0.1, 0.35)),
        pytest.approx((-0.1, 0.15)),
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["reworded (0.30)", "sums (0.90)"]
    cross = next(line for line in axes.lines if line.get_marker() == "x")
    assert list(cross.get_ydata()) == [1]


def test_curse_has_a_panel_for_each_task_and_a_line_for_each_set():
    table = pd.DataFrame(
        {
            "task": ["a"] * 3 + ["b"] * 3,
            "set": ["network", "matched sets", "matched sets"] * 2,
            "tune": [0.3, 0.2, 0.4, 0, 0, 0],
            "test": [0.1, 0.0, 0.2, 0, 0, 0],
        }
    )
    figure = plotting.curse(table)
    assert [axes.get_title("left") for axes in figure.axes] == ["a", "b"]
    first = [list(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_ydata()) == 2]
    drawn = [line.get_color() for line in figure.axes[0].lines]
    assert drawn.count(GREY) == 3  # two draws and the line at zero
    assert [0.3, 0.1] in first
    assert pytest.approx([0.3, 0.1]) in [first[-2], first[-1]]


def test_bill_frames_the_own_task_and_writes_numbers():
    table = pd.DataFrame({"a": [0.1, -0.2, 0], "b": [0, 0.3, 0]}, index=["a", "b", "all tasks"])
    figure = plotting.bill(table, pd.Series([0.01, 0.2, 0], index=table.index))
    left, right = figure.axes
    assert [patch.get_xy() for patch in left.patches] == [(-0.5, -0.5), (0.5, 0.5)]
    assert [text.get_text() for text in left.texts] == ["+0.10", "+0.00", "−0.20", "+0.30", "+0.00", "+0.00"]
    assert [text.get_text() for text in right.texts] == ["+0.01", "+0.20", "+0.00"]


def test_adding_shows_networks_over_their_matched_sets():
    table = pd.DataFrame(
        {
            "change": [0.02, 0.01],
            "low": [0.01, 0],
            "high": [0.03, 0.02],
            "band_low": [0, 0.01],
            "band_high": [0.04, 0.02],
        },
        index=pd.Index([1, 2], name="network"),
    )
    axes = plotting.adding(table).axes[0]
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    assert list(dots.get_ydata()) == [0.02, 0.01]
    assert [(bar.get_y(), bar.get_height()) for bar in axes.patches] == [(0, 0.04), (0.01, 0.01)]
