"""That the pictures of pruning and of kinship show the data they are given."""

import numpy as np
import pandas as pd
import pytest

from analysis.plotting import uses as plotting

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")


def costs():
    rows = [
        (method, share, share * rate, share * rate * 0.8, share * rate * 1.2)
        for method, rate in (("networks", 0.2), ("magnitude", 0.05), ("random", 0.19))
        for share in (0.1, 0.2)
    ]
    return pd.DataFrame(rows, columns=["method", "share", "rise", "low", "high"])


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_each_method_has_its_line_and_random_pruning_a_band():
    axes = plotting.pruning_curves(costs(), 0.01).axes[0]
    drawn = lines(axes)
    np.testing.assert_allclose(drawn["networks"].get_ydata(), [0.02, 0.04])
    np.testing.assert_allclose(drawn["magnitude"].get_ydata(), [0.005, 0.01])
    assert "random, 95 % of the draws" in drawn
    band = axes.collections[-1].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(0.1 * 0.19 * 0.8)
    assert band.max() == pytest.approx(0.2 * 0.19 * 1.2)


def test_answers_show_the_row_of_all_tasks():
    table = pd.DataFrame(
        [
            ("networks", "all", 0.9, 0.8, -0.1, -0.2, 0),
            ("networks", "sums", 0.9, 0.1, -0.8, -0.9, -0.7),
            ("random", "all", 0.9, 0.85, -0.05, -0.1, 0),
        ],
        columns=["method", "task", "intact", "accuracy", "change", "low", "high"],
    )
    axes = plotting.pruned_answers(table).axes[0]
    dots = axes.collections[-1].get_offsets()
    np.testing.assert_allclose(dots, [[-0.1, 0], [-0.05, 1]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["networks", "random (range of draws)"]


def test_every_pair_is_a_dot_in_the_row_of_its_relation():
    nulls = pd.DataFrame(
        {"relation": ["same origin", "a × b", "a × b"], "score": [0.9, 0.3, 0.4], "bar": [0.1, 0.1, 0.2]}
    )
    axes = plotting.likeness(nulls, ["same origin", "a × b"], 0.5).axes[0]
    dots = [part.get_offsets() for part in axes.collections if part.get_offsets().size and len(part.get_paths()) == 1]
    scores = {round(float(x), 2): round(float(y)) for part in dots for x, y in part if x > 0.25}
    assert scores == {0.9: 0, 0.3: 1, 0.4: 1}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["same origin", "a × b"]
    assert any(list(line.get_xdata()) == [0.5, 0.5] for line in axes.lines)


def test_the_roc_and_the_number_of_texts():
    roc = pd.DataFrame({"strangers": [0, 0, 1], "kin": [0, 0.9, 1], "cut": [np.inf, 0.5, 0]})
    needed = pd.DataFrame(
        {"texts": [1, 1, 4], "auc": [0.8, 0.9, 1], "kin": [0.3, 0.5, 0.8], "strangers": [0.4, 0.2, 0.3]}
    )
    left, right = plotting.told_apart(roc, 0.95, needed).axes
    assert left.get_title(loc="left") == "area 0.950"
    np.testing.assert_allclose(left.lines[1].get_ydata(), [0, 0.9, 1])
    np.testing.assert_allclose(lines(right)["least alike kin"].get_ydata(), [0.4, 0.8])
    np.testing.assert_allclose(lines(right)["most alike strangers"].get_ydata(), [0.3, 0.3])
    assert [label.get_text() for label in right.get_xticklabels()] == ["1", "4"]


def test_drift_shows_the_scores_and_the_strangers():
    axes = plotting.drift(pd.DataFrame({"steps": [0, 30], "score": [1, 0.7]}), 0.4).axes[0]
    drawn = lines(axes)
    np.testing.assert_allclose(drawn["fine-tuned model and its original"].get_ydata(), [1, 0.7])
    assert list(drawn["most alike strangers"].get_ydata()) == [0.4, 0.4]
