"""That each picture of a brain shows the data it is given; how it looks is judged by eye."""

import numpy as np
import pytest

from analysis.brain.data import Scans
from analysis.brain.simulation import NETWORKS, simulate
from analysis.plotting import brain as plotting

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")


@pytest.fixture(scope="module")
def group():
    return simulate(n_people=2, n_volumes=60, resolution=8, seed=1)


@pytest.fixture(scope="module")
def maps(group):
    return group.maps[: len(NETWORKS)]


def titles(figure):
    return {axes.get_title(loc) for axes in figure.axes for loc in ("left", "center")} - {""}


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


def test_components_are_pictures_or_a_table(group, maps):
    assert titles(plotting.components(group.scans, maps[:2])) == {"component 1", "component 2"}
    nodes = Scans((np.zeros((30, 5), np.float32),), None, None, None, None, False, "nodes")
    values = np.arange(10, dtype=np.float32).reshape(2, 5)
    picture = plotting.components(nodes, values).axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(picture, values)
