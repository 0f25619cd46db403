"""That the pictures of lesions show the data they are given."""

import numpy as np
import pandas as pd
import pytest
from test_lesions_study import planted_pairs, studied

from analysis.inference import Interval
from analysis.lesions import study
from analysis.plotting import lesions as plotting

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_lesion_effects_have_a_panel_per_kind_and_a_dot_per_network():
    table = study.table(studied())
    figure = plotting.lesion_effects(table)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == [
        "reviews (own)",
        "stories (neutral)",
        "facts (neutral)",
        "news (other)",
    ]
    for axes in shown:
        dots = next(line for line in axes.lines if line.get_marker() == "o")
        kind = axes.get_title(loc="left").split(" (")[0]
        np.testing.assert_array_equal(dots.get_ydata(), table.loc[table["kind"] == kind, "rise"])


def test_an_interval_that_is_very_wide_does_not_flatten_the_rest():
    table = study.table(studied())
    table.loc[3, "high"] = 1e6
    low, high = plotting.lesion_effects(table).axes[0].get_ylim()
    assert high < 1
    assert low < 0


def test_rungs_show_observed_bands_and_single_values():
    draws = {"matched sets": np.arange(11) / 10, "largest variance": np.array([0.7])}
    axes = plotting.lesion_rungs(Interval(0.5, 0.4, 0.6), draws).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(draws)
    marks = {line.get_marker(): line.get_xdata()[0] for line in axes.lines if line.get_marker() in "|D"}
    assert marks == {"|": 0.5, "D": 0.7}
    assert axes.lines[0].get_xdata()[0] == 0.5


def test_accuracies_are_written_and_bold_where_the_interval_excludes_zero():
    right = {
        "sums": np.array([[1] * 20, [1] * 8 + [0] * 12, [1] * 20], bool),
        "topic": np.array([[0] * 20, [0] * 20, [1] * 20], bool),
    }
    axes, below = plotting.lesion_accuracies(study.accuracy_table(right, ["1", "all"]), [0.02, 0.5]).axes[:2]
    assert texts_of(below) == ["+0.02", "+0.50"]
    assert [label.get_text() for label in below.get_xticklabels()] == ["1", "all"]
    assert texts_of(axes) == ["-0.60", "+0.00", "+0.00", "+1.00"]
    assert [text.get_weight() for text in axes.texts] == ["bold", "normal", "normal", "bold"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sums (1.00)", "topic (0.00)"]


def test_the_matrix_frames_each_source_in_its_own_column():
    matrix = pd.DataFrame({"a": [0.3, 0.01], "b": [-0.02, 0.4], "c": [0.1, 0.2]}, index=["a", "b"])
    axes = plotting.source_by_kind(matrix).axes[0]
    assert texts_of(axes) == ["0.300", "-0.020", "0.100", "0.010", "0.400", "0.200"]
    assert [(round(p.get_x() + 0.48), round(p.get_y() + 0.48)) for p in axes.patches] == [(0, 0), (1, 1)]


def test_ways_show_each_network_and_the_bands():
    rows = [
        {"way": way, "kind": kind, "network": n, "rise": 0.1 * n, "band_low": 0, "band_high": 0.01, "matched": 0.005}
        for way in ("zero", "mean")
        for kind in ("reviews", "stories")
        for n in (1, 2)
    ]
    axes = plotting.lesion_ways(pd.DataFrame(rows), "reviews").axes[0]
    assert [list(line.get_ydata()) for line in axes.lines if line.get_marker() == "o"] == [[0.1, 0.2]] * 2
    assert [label.get_text() for label in axes.get_xticklabels()] == ["zero", "mean"]


def test_doses_have_a_line_for_each_order():
    rows = [
        {"kind": kind, "order": order, "share": share, "rise": share, "low": share - 0.1, "high": 99}
        for kind in ("reviews", "stories")
        for order in ("strongest first", "in random order")
        for share in (0, 0.5, 1)
    ]
    figure = plotting.lesion_doses(pd.DataFrame(rows))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["reviews", "stories"]
    assert all(list(line.get_ydata()) == [0, 0.5, 1] for axes in figure.axes for line in axes.lines)
    assert figure.axes[0].get_ylim()[1] < 2


def test_what_is_kept_stays_below_one():
    table = pd.DataFrame(
        {
            "share": [0.1, 0.4], "accuracy": [0.5, 0.9], "low": [0.4, 0.8], "high": [0.6, 1.0], "intact": 0.95,
            "rise": [2.0, 0.5], "random": [0.6, 0.9], "random_low": [0.4, 0.7], "random_high": [0.8, 1.2],
            "random_rise": [1.0, 0.2], "random_rise_low": [0.9, 0.1], "random_rise_high": [1.1, 0.3],
        },
        index=[1, 10],
    )  # fmt: skip
    left, right = plotting.kept_networks(table).axes
    assert left.collections[0].get_paths()[0].vertices[:, 1].max() == 1
    assert {line.get_label(): list(line.get_ydata()) for line in right.lines}["networks kept"] == [2.0, 0.5]


def test_the_best_pair_is_framed():
    made = planted_pairs([[6, 1, 1], [1, 1.2, 1], [1, 1, 6]])
    axes = plotting.dissociated_networks(made).axes[0]
    cells = {(round(p.get_y() + 0.48), round(p.get_x() + 0.48)) for p in axes.patches}
    assert cells == {(0, 0), (0, 2), (2, 0), (2, 2)}
    assert texts_of(axes)[0] == f"{made.standardised.iloc[0, 0]:+.1f}"


def test_the_slip_shows_both_bindings():
    rows = [
        {
            "networks": k, "binding": binding, "share reported": k / 100, "share applied": 0.5,
            "networks silenced": 0.4,
            "only networks kept": 0.8, "random silenced": 0.9, "intact": 0.95,
        }
        for k in (10, 30)
        for binding in ("each layer its own", "the last layer's for all")
    ]  # fmt: skip
    left, right = plotting.last_layer_slip(pd.DataFrame(rows)).axes
    assert [line.get_label() for line in right.lines][:2] == ["each layer its own", "the last layer's for all"]
    assert list(left.lines[0].get_xdata()) == [0.1, 0.3]
