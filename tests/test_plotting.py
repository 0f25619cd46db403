"""That each figure shows the data it is given; how it looks is judged by eye."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import plotting
from analysis.decomposition import spatial_ica, standardise
from analysis.description.profiles import profile
from analysis.networks import threshold
from analysis.simulation import planted


@pytest.fixture(scope="module")
def activity():
    return standardise(planted()[0])


@pytest.fixture(scope="module")
def found(activity):
    return spatial_ica(activity, 5, n_restarts=1)


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    assert not plt.get_fignums()


def images(figure):
    return [image.get_array() for axes in figure.axes for image in axes.get_images()]


def test_carpet_shows_one_text_and_keeps_single_neurons_visible(activity):
    values = activity.values.copy()
    values[5, 777] = 40
    changed = type(activity)(values, activity.tokens, activity.layer_sizes, activity.site, activity.model)
    picture = images(plotting.carpet(changed))[0]
    assert picture.shape[1] == 80
    assert picture.max() == 40


def test_networks_are_lit_where_their_masks_are(found):
    figure = plotting.network_pictures(found, at=2)
    pictures = images(figure)[:5]
    masks = threshold(found.maps, 2)
    for picture, mask, row in zip(pictures, masks, found.maps, strict=True):
        assert mask.any()
        assert picture.shape[0] == 2
        assert np.abs(picture).max() == pytest.approx(np.abs(row[mask]).max())
    titles = [axes.get_title("left") for axes in figure.axes[:5]]
    assert titles[0].startswith(f"network 1: {masks[0].sum()} neurons")


def test_layer_counts_are_written_out(found):
    figure = plotting.layer_profile(found)
    numbers = [int(text.get_text()) for text in figure.axes[0].texts]
    assert sum(numbers) == threshold(found.maps).sum()


def test_time_courses(found, activity):
    figure = plotting.time_courses(found, activity.tokens, text=2, shown=[4])
    line = figure.axes[0].lines[-1]
    np.testing.assert_array_equal(line.get_ydata(), found.time_courses[160:240, 4])


def test_recurrence_marks_what_repeats():
    table = pd.DataFrame(
        {"similarity": [0.9, 0.1], "bar": 0.2, "p": [0.05, 1.0], "repeats": [True, False]}, index=[1, 2]
    )
    axes = plotting.split_half(table).axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {"repeats": [0.9], "does not repeat": [0.1]}


def test_profile_leaves_unsure_cells_blank(found, activity):
    table = profile(found, activity.tokens, "domain")
    table.loc[0, ["low", "high"]] = [-1, 1]
    shown = np.ma.filled(np.ma.asarray(images(plotting.profile(table, "domain"))[0], float), np.nan)
    assert np.isnan(shown[0, 0])


def test_spread_and_loss(activity):
    assert len(plotting.spread(activity).axes[0].lines) == 2
    line = plotting.loss_curve([3.0, 2.0, 1.0]).axes[0].lines[0]
    assert list(line.get_ydata()) == [3.0, 2.0, 1.0]
