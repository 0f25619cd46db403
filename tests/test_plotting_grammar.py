"""That the pictures of parts of speech show the data they are given."""

import numpy as np
import pandas as pd
import pytest

from analysis.plotting import grammar

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")
TAGS = ("ADJ", "NOUN")


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def scored(rows, **columns):
    table = pd.DataFrame(rows, columns=["estimate"])
    return table.assign(low=table["estimate"] - 0.1, high=table["estimate"] + 0.05, **columns)


def test_completeness_has_a_line_for_each_layer():
    table = pd.DataFrame({"steps": [20, 40] * 2, "layer": [1, 1, 2, 2], "share": [0.5, 0.9, 0.8, 1.0], "n": 10})
    axes = grammar.completeness(table).axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.5, 0.9], [0.8, 1.0]]
    assert labels(axes) == ["layer 1", "layer 2"]


def test_key_layers_show_shares_counts_and_the_null():
    shares = pd.DataFrame({"ADJ": [0.7, 0.3], "NOUN": [0.5, 0.5]}, index=pd.RangeIndex(1, 3, name="layer"))
    kinds = [(kind, layer) for kind in ("specific", "shared", "general") for layer in ("all", 0, 1)]
    statistics = pd.DataFrame(kinds, columns=["statistic", "layer"]).assign(
        observed=range(9), mean=4.0, low=3.0, high=6.0
    )
    left, right = grammar.key_layers(shares, statistics).axes
    assert left.lines[0].get_ydata().tolist() == [0.7, 0.3]
    heights = [[bar.get_height() for bar in bars] for bars in right.containers]
    assert heights == [[1, 2], [4, 5], [7, 8]]
    nulls = [lines.get_segments() for lines in right.collections]
    assert all({point[1] for point in segment} == {3.0, 6.0} for lines in nulls for segment in lines)


def test_overlaps_are_written_where_they_belong():
    table = pd.DataFrame(
        {"tag": ["ADJ", "ADJ", "NOUN", "NOUN"], "other": ["ADJ", "NOUN"] * 2, "jaccard": [0.5, 0.1, 0.2, 0.4]}
    )
    figure = grammar.overlaps({"narrow": table, "wide": table})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["narrow", "wide"]
    assert [text.get_text() for text in figure.axes[0].texts] == [".50", ".10", ".20", ".40"]


def test_a_design_keeps_its_columns_and_no_more_than_the_first_tokens():
    design = pd.DataFrame({"constant": np.ones(9), "NOUN": np.arange(9.0), "nothing": np.zeros(9)})
    axes = grammar.design_matrix(design, n_tokens=5).axes[0]
    shown = np.ma.filled(axes.get_images()[0].get_array(), np.nan)
    assert shown.shape == (5, 3)
    assert shown[:, 1].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["constant", "NOUN", "nothing"]


def test_responders_share_one_scale():
    tables = {
        arm: pd.DataFrame({"ADJ": [0.1, top]}, index=pd.RangeIndex(1, 3, name="layer"))
        for arm, top in (("predict", 0.2), ("read", 0.8))
    }
    figure = grammar.responders(tables)
    assert {axes.get_images()[0].get_clim() for axes in figure.axes} == {(0, 0.8)}
    assert [text.get_text() for text in figure.axes[1].texts] == [".10", ".80"]


def test_each_pair_of_maps_has_a_mark_for_each_tag_and_one_for_chance():
    rows = [
        {
            "tag": tag,
            "first": "a",
            "second": second,
            "rho": rho,
            "rho_null": 0.0,
            "overlap": rho / 2,
            "overlap_null": 0.05,
        }
        for second in ("b", "c")
        for tag, rho in zip(TAGS, (0.3, 0.6), strict=True)
    ]
    left, right = grammar.map_agreement(pd.DataFrame(rows)).axes
    marks = [float(line.get_xdata()[0]) for line in left.lines if line.get_marker() not in ("x", "None")]
    assert marks == [0.3, 0.6, 0.3, 0.6]
    chance = [float(line.get_xdata()[0]) for line in right.lines if line.get_marker() == "x"]
    assert chance == [0.05] * 4
    assert labels(left) == list(TAGS)


def test_scores_are_in_the_order_of_their_medians():
    table = pd.DataFrame(
        {"method": ["low"] * 3 + ["high"] * 3, "case": [0, 1, 2] * 2, "correlation": [0.1, 0.2, 0.3, 0.7, 0.9, 0.8]}
    )
    axes = grammar.rival_scores(table).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["high", "low"]
    medians = [float(np.ravel(line.get_xdata())[0]) for line in axes.lines if line.get_marker() == "|"]
    assert medians == [0.8, 0.2]


def test_accuracy_is_drawn_by_layer_and_for_all_layers_together():
    table = pd.DataFrame({"layer": [0, 1, 2], "k": 5, "estimate": [0.9, 0.5, 0.6]})
    figure = grammar.accuracy_by_layer({"predict": table, "read": table}, {"chance": 0.25})
    for axes in figure.axes:
        drawn = [(line.get_xdata(), line.get_ydata()) for line in axes.lines]
        assert [list(map(float, values)) for values in drawn[0]] == [[1, 2], [0.5, 0.6]]
        assert [list(map(float, values)) for values in drawn[1]] == [[3], [0.9]]
        assert list(drawn[2][1]) == [0.25, 0.25]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "all"]


def test_classifiers_have_horizontal_intervals_and_a_colour_for_each_source():
    table = scored([0.6, 0.5, 0.9], source=["activity", "other neurons", "the truth"])
    table.index = pd.Index(["a", "b", "c"], name="arm")
    figure = grammar.classifiers(table, 0.25)
    bars = figure.axes[0].containers
    assert [bar.get_label() for bar in bars] == ["activity", "other neurons", "the truth"]
    segment = bars[0].lines[2][0].get_segments()[0]
    np.testing.assert_allclose(segment, [[0.5, 0], [0.65, 0]])
    assert len({bar.lines[0].get_color() for bar in bars}) == 3
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b", "c"]


def test_pitfalls_stand_beside_the_right_way():
    choice = scored([0.5, 0.6, 0.25, 0.5]).assign(
        tags=["real", "real", "exchanged", "exchanged"], **{"chosen on": ["training items", "all items"] * 2}
    )
    known = scored([0.9, 0.6]).assign(features="predict", split=["items", "lemmas"])
    left, right = grammar.pitfalls(choice, known, 0.25).axes
    assert [bar.lines[0].get_ydata().tolist() for bar in left.containers] == [[0.5, 0.25], [0.6, 0.5]]
    assert [bar.lines[0].get_ydata().tolist() for bar in right.containers] == [[0.6], [0.9]]
    assert labels(right) == ["lemmas", "items"]


@pytest.mark.parametrize("n_dimensions", [1, 3])
def test_a_subspace_has_words_accuracies_and_losses(n_dimensions):
    rng = np.random.default_rng(0)
    coordinates = rng.standard_normal((20, n_dimensions))
    kinds = pd.DataFrame(
        {"kind": ["principal", "discriminants", "random"] * 2, "dimension": [1] * 3 + [2] * 3, "estimate": 0.5}
    )
    removal = pd.DataFrame(
        {"drop": [0.1, 0.2], "low": 0.0, "high": 0.3, "random_low": -0.05, "random_high": 0.05}, index=[1, 2]
    )
    words, middle, right = grammar.subspace(coordinates, ["ADJ", "NOUN"] * 10, kinds, removal).axes
    np.testing.assert_array_equal(words.lines[0].get_xdata(), coordinates[::2, 0])
    assert labels(words) == list(TAGS)
    assert labels(middle) == ["discriminants", "principal", "random"]
    assert right.containers[0].lines[0].get_ydata().tolist() == [0.1, 0.2]
