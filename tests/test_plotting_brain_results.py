"""That each chart of the brain chapter shows the data it is given; how it looks is judged by eye."""

import numpy as np
import pandas as pd
import pytest

from analysis.brain import mixing
from analysis.brain import truth as fmri_truth
from analysis.brain.simulation import NOISE, simulate
from analysis.plotting import brain_results as plotting

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")


def test_unmixing_shows_each_case_and_what_was_found():
    table = mixing.unmixing([0])
    figure = plotting.unmixing(table)
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == ["apart", "overlapping", "in step"]
    pictures = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert len(pictures) == 18
    assert np.abs(np.corrcoef(pictures[0].ravel(), pictures[2].ravel())[0, 1]) > 0.9


def test_recovery_draws_every_source_for_every_method():
    group = simulate(n_people=2, n_volumes=60, resolution=8, seed=1)
    table = fmri_truth.recovery(group.maps, group)
    figure = plotting.recovery({"a": table, "b": table}, NOISE)
    assert [line.get_xdata().tolist() for line in figure.axes[0].lines] == [table["r"].tolist()] * 2
    assert "(movement)" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_lines_and_points_are_those_of_the_tables():
    errors = pd.DataFrame({"person": [1, 2], "network": ["a", "a"], "group": [4.0, 6.0], "own": [1.0, 2.0]})
    drawn = [line.get_ydata().tolist() for line in plotting.individual(errors).axes[0].lines]
    assert [4.0, 6.0] in drawn
    assert [1.5] in drawn
    curve = pd.DataFrame({"tsnr": [10, 10, 50], "seed": [0, 1, 0], "r": [0.2, 0.4, 0.9]})
    np.testing.assert_allclose(plotting.noise_curve(curve).axes[0].lines[0].get_ydata(), [0.3, 0.9])
    rule = pd.DataFrame({"roughness": [0.1, 1.0], "rim": [0.4, 0.5], "truth": [False, True]})
    assert plotting.noise_rule(rule).axes[0].lines[1].get_xdata().tolist() == [1.0]


def test_stability_draws_the_bar_of_the_empty_group():
    table = pd.DataFrame({"bootstrap": [0.9], "low": [0.8], "high": [0.95], "split_half": [0.7]}, index=[1])
    empty = table * 0.3
    (bar,) = plotting.stability(table, empty).axes[0].patches
    assert bar.get_height() == pytest.approx(0.27)
    assert not plotting.stability(table).axes[0].patches


def test_findings_are_filled_where_p_is_small_and_may_be_none():
    table = pd.DataFrame(
        {"test": "people in step", "follows": "the other people", "component": [1, 2], "effect": [0.5, 0.1]}
    ).assign(p=[0.001, 0.5], z=[9.0, 0.1])
    hollow, filled, _ = plotting.findings(table).axes[0].lines
    assert filled.get_ydata().tolist() == [0.5]
    assert hollow.get_markerfacecolor() == "none"
    (empty,) = plotting.findings(table[:0]).axes
    assert empty.get_title("left") == "no question fits these scans"
