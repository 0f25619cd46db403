"""That the pictures of rivals, single texts and connectivity show the data they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import nifti, plotting
from analysis.description.alternatives import Comparison


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    assert not plt.get_fignums()


def image(figure):
    return next(array.get_array() for axes in figure.axes for array in axes.get_images())


def test_rivals_show_every_network_and_the_median():
    rng = np.random.default_rng(0)
    methods = np.repeat(["ICA", "PCA"], 5)
    real = pd.DataFrame({"method": methods, "kurtosis": rng.random(10) * 20, "similarity": rng.random(10)})
    figure = plotting.rivals(Comparison(real, real.assign(draw=0), np.zeros((1, 5, 3), np.float32)))
    for axes, column in zip(figure.axes, ("kurtosis", "similarity"), strict=True):
        drawn = [line.get_xdata() for line in axes.lines if line.get_marker() == "o"]
        np.testing.assert_array_equal(np.concatenate(drawn), real[column])
        medians = [float(np.ravel(line.get_xdata())[0]) for line in axes.lines if line.get_marker() == "|"]
        assert medians == list(real.groupby("method")[column].median())
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["ICA", "PCA"]


def test_agreement_shows_sizes_without_signs():
    figure = plotting.agreement(np.array([[-0.9, 0.1], [0.2, 0.8]]), "ours", "theirs")
    np.testing.assert_allclose(image(figure), [[0.9, 0.1], [0.2, 0.8]])
    assert [text.get_text() for text in figure.axes[0].texts] == [".90", ".10", ".20", ".80"]


def test_single_texts_show_interval_and_twin():
    ways = ("alone, with the group", "dual regression, with the group")
    rows = [
        {"network": n, "compared": way + twin, "r": r, "low": r - 0.1, "high": r + 0.1}
        for way in ways
        for twin, r in (("", 0.6), (" (shifted)", 0.2))
        for n in (1, 2)
    ]
    axes = plotting.single_texts(pd.DataFrame(rows)).axes[0]
    filled = [bars.lines[0].get_ydata() for bars in axes.containers]
    assert [list(values) for values in filled] == [[0.6, 0.6], [0.6, 0.6]]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["dual regression", "alone", "dual regression, shifted", "alone, shifted"]


def test_site_layers_draw_each_column():
    shares = pd.DataFrame({"a": [0.2, 0.8], "b": [0.5, 0.5]}, index=pd.RangeIndex(1, 3, name="layer"))
    axes = plotting.site_layers(shares).axes[0]
    assert {line.get_label(): list(line.get_ydata()) for line in axes.lines}["a"] == [0.2, 0.8]


def test_connectivity_writes_only_what_is_beyond_the_bar():
    table = pd.DataFrame(
        {"first": [1, 1, 2], "second": [2, 3, 3], "r": [0.5, -0.01, -0.3], "bar": 0.1, "together": [True, False, True]}
    )
    figure = plotting.connectivity(table)
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["+0.50", "+0.50", "-0.30", "-0.30"]
    assert np.ma.filled(np.ma.asarray(image(figure), float), np.nan)[2, 0] == -0.01


def test_nilearn_draws_the_image_of_a_network():
    maps = np.zeros((1, 40), np.float32)
    maps[0, [3, 25]] = [4, -5]
    figure = plotting.nilearn_view(nifti.to_image(maps, (20, 20)), at=2)
    shown = [np.ma.compressed(np.ma.masked_invalid(i.get_array())) for axes in figure.axes for i in axes.get_images()]
    values = np.concatenate(shown)
    assert values.max() == 4
    assert values.min() == -5
