"""That each figure shows the data it is given; how it looks is judged by eye."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import fmri_simulation
from analysis.fmri_data import Scans
from analysis.fmri_simulation import NETWORKS, NOISE, simulate
from analysis.plotting import brain as plotting


@pytest.fixture(scope="module")
def group():
    return simulate(n_people=2, n_volumes=60, resolution=8, seed=1)


@pytest.fixture(scope="module")
def maps(group):
    return group.maps[: len(NETWORKS)]


@pytest.fixture(autouse=True)
def no_figure_left_open_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield
    assert not plt.get_fignums()


def titles(figure):
    return {axes.get_title(loc) for axes in figure.axes for loc in ("left", "center")} - {""}


def test_unmixing_shows_each_case_and_what_was_found():
    table = fmri_simulation.unmixing([0])
    figure = plotting.unmixing(table)
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == ["apart", "overlapping", "in step"]
    pictures = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert len(pictures) == 18
    assert np.abs(np.corrcoef(pictures[0].ravel(), pictures[2].ravel())[0, 1]) > 0.9


def test_carpet_has_a_column_for_each_volume(group):
    figure = plotting.brain_carpet(group.scans)
    (picture,) = [image.get_array() for axes in figure.axes for image in axes.get_images()]
    assert picture.shape == (group.scans.n_voxels, 60)


def test_all_networks_are_named(group, maps):
    figure = plotting.all_networks({"planted": maps}, NETWORKS, group.scans.mask)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(NETWORKS)
    assert "planted" in titles(figure)


def test_glass_brains_and_surface_carry_their_names(group, maps):
    assert titles(plotting.glass_brains(maps[:3], NETWORKS[:3], group.scans.mask)) >= set(NETWORKS[:3])
    figure = plotting.on_surface(maps[:2], NETWORKS[:2], group.scans.mask)
    assert titles(figure) >= set(NETWORKS[:2])
    assert len(figure.axes) == 4


def test_the_map_and_its_viewer_cut_at_the_peak(group, maps):
    figure = plotting.stat_map(maps[1], group.scans.mask)
    words = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    points = plotting.masking.unmask(maps[1], group.scans.mask)
    _, y, _ = plotting._peak(points)
    assert f"y={y:.0f}" in words
    view = plotting.viewer(maps[1], group.scans.mask, "the visual network")
    assert '<iframe title="the visual network"' in view._repr_html_()
    assert len(view._repr_html_()) < 600_000


def test_connectome_shows_the_matrix(group, maps):
    matrix = np.eye(8)
    matrix[0, 6] = matrix[6, 0] = -0.5
    figure = plotting.connectome(matrix, NETWORKS, maps, group.scans.mask)
    picture = figure.axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(picture, matrix)


def test_recovery_draws_every_source_for_every_method(group):
    table = fmri_simulation.recovery(group.maps, group)
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


def test_components_are_pictures_or_a_table(group, maps):
    assert titles(plotting.components(group.scans, maps[:2])) == {"component 1", "component 2"}
    nodes = Scans((np.zeros((30, 5), np.float32),), None, None, None, None, False, "nodes")
    values = np.arange(10, dtype=np.float32).reshape(2, 5)
    picture = plotting.components(nodes, values).axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(picture, values)


def test_findings_are_filled_where_p_is_small_and_may_be_none():
    table = pd.DataFrame(
        {"test": "people in step", "follows": "the other people", "component": [1, 2], "effect": [0.5, 0.1]}
    ).assign(p=[0.001, 0.5], z=[9.0, 0.1])
    hollow, filled, _ = plotting.findings(table).axes[0].lines
    assert filled.get_ydata().tolist() == [0.5]
    assert hollow.get_markerfacecolor() == "none"
    assert titles(plotting.findings(table[:0])) == {"no question fits these scans"}
