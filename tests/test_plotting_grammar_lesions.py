"""That the pictures of lesions of grammar show the data they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis.grammar_lesions import planted_grammar
from analysis.grammar_lesions.planted_grammar import Recovery
from analysis.plotting import grammar_lesions as drawing

pytestmark = pytest.mark.usefixtures("no_figure_left_open_and_no_warning")

TAGS = ("ADJ", "NOUN", "VERB")


def cells(z, p=1.0):
    values = np.asarray(z, float)
    names = TAGS[: len(values)]
    table = pd.DataFrame({"lesion": np.repeat(names, len(names)), "target": np.tile(names, len(names))})
    return table.assign(z=values.ravel(), harm=np.nan_to_num(values).ravel() / 100, p_corrected=p)


def dose_rows(operation):
    rows = [
        {"operation": operation, "dose": dose, "lesion": tag, "own": 10 * dose + n, "other": dose, "factor": 20 * dose}
        for dose in (0.007, 0.1)
        for n, tag in enumerate(TAGS)
    ]
    return pd.DataFrame(rows)


def lines(axes):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def test_doses_have_a_panel_for_each_way_with_means_and_matched_sets():
    table = pd.concat([dose_rows("zero"), dose_rows("mean").assign(own=5.0)])
    matched = pd.DataFrame({"low": [-1.0, -2.0], "high": [1.0, 2.0]}, index=pd.Index([0.007, 0.1], name="dose"))
    matched.attrs["operation"] = "zero"
    figure = drawing.doses(table, matched, {"zero": "set to zero", "mean": "held at the mean"})
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["set to zero", "held at the mean"]
    x, y = lines(first)["own tag, mean"]
    np.testing.assert_allclose(x, [0.7, 10])
    np.testing.assert_allclose(y, [1.07, 2])
    assert lines(second)["own tag, mean"][1] == [5, 5]
    np.testing.assert_allclose(lines(first)["NOUN"][1], [1.07, 2])
    assert [len(axes.collections) for axes in figure.axes] == [1, 0]  # matched sets only where they were measured
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(names) == len(set(names))


def test_matrices_write_z_and_harm_and_frame_what_is_beyond_chance():
    sure = np.where(np.eye(3), 0.01, 0.5).ravel()
    figure = drawing.lesion_matrices({"a": cells(np.diag([9.0, 2, 3]), sure), "b": cells(np.full((3, 3), np.nan))})
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.images[0].get_array(), np.diag([9.0, 2, 3]))
    written = [text.get_text() for text in first.texts]
    assert "+9.0" in written
    assert "+0.090" in written
    assert sorted(patch.get_xy() for patch in first.patches) == [(n - 0.47, n - 0.47) for n in range(3)]
    assert not second.patches
    assert [text.get_text() for text in second.texts][::2] == ["–"] * 9
    assert first.get_ylabel() == "key neurons silenced of"
    driven = drawing.lesion_matrices({"a": cells(np.eye(3), sure)}, row="key neurons driven of", value="gain")
    assert driven.axes[0].get_ylabel() == "key neurons driven of"
    assert driven.axes[1].get_ylabel() == "gain (SD of matched sets)"


def test_amplification_turns_harm_into_change():
    table = dose_rows("x")
    axes = drawing.amplification({"0.7 %": table}).axes[0]
    means = table.groupby("factor")["own"].mean()
    np.testing.assert_allclose(lines(axes)["own tag, mean"][1], -means)
    assert list(lines(axes)["VERB"][0]) == sorted(set(table["factor"]))


def mapped():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"symptom": np.repeat(TAGS, 10), "parcel": np.tile(np.arange(10), 3)})
    for column in ("difference", "weight", "alone"):
        table[column] = rng.standard_normal(30)
    return table.assign(p=np.tile([0.01] * 4 + [0.5] * 6, 3), ridge_p=1.0)


def test_lesion_maps_fill_what_is_significant():
    table = mapped()
    axes = drawing.lesion_maps(table).axes[0]
    own = table[table["symptom"] == "ADJ"]
    assert lines(axes)["univariate"][1] == own["difference"].iloc[:4].tolist()
    assert lines(axes)["ridge"][1] == []
    assert sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() in {"o", "s"}) == 20


def test_power_shows_hits_and_false_alarms():
    table = pd.DataFrame(
        [
            {"effect": effect, "method": method, "hit_rate": effect, "low": 0, "high": 1, "false_rate": 0.05}
            for effect in (0.2, 0.8)
            for method in ("ridge", "univariate")
        ]
    )
    axes = drawing.lesion_power(table).axes[0]
    assert lines(axes)["ridge: found"] == ([0.2, 0.8], [0.2, 0.8])
    assert lines(axes)["univariate: false alarm anywhere"][1] == [0.05, 0.05]


def test_two_maps_count_shared_neurons_and_show_what_lesions_of_networks_do():
    table = pd.DataFrame(
        {
            "set": np.repeat(TAGS, 2),
            "network": np.tile([1, 2], 3),
            "shared": [1, 2, 3, 4, 5, 6],
            "ratio": [1.0, np.nan, 3.0, 1.0, 1.0, 1.0],
            "p_corrected": [1, 1, 0.01, 1, 1, 1],
        }
    )
    harm = pd.DataFrame(np.arange(6.0).reshape(3, 2) - 2, index=TAGS, columns=[1, 2])
    figure = drawing.two_maps({"0.7 %": table}, harm)
    first, second = figure.axes[:2]
    assert [text.get_text() for text in first.texts] == ["1", "2", "3", "4", "5", "6"]
    assert [patch.get_xy() for patch in first.patches] == [(-0.47, 0.53)]
    np.testing.assert_array_equal(second.images[0].get_array(), harm)
    assert second.texts[0].get_text() == "−2.00"


def test_planted_neurons_are_marked_by_what_became_of_them():
    neurons = pd.DataFrame(
        {
            "layer": [0, 0, 1, 1],
            "chi2": [1.0, 30.0, 99.0, 5.0],
            "p_corrected": [1.0, 0.01, 0.01, 0.9],
            "planted": [False, False, True, True],
        }
    )
    matrix = type("M", (), {"cells": lambda self: cells(np.zeros((3, 3)))})()
    recovery = Recovery(planted_grammar.plant(), neurons, np.eye(4, dtype=bool)[1:3], matrix)
    shown = lines(drawing.planted(recovery).axes[0])
    assert shown["other neurons"] == ([0], [1])
    assert shown["false alarms"] == ([1], [30])
    assert shown["planted and found"] == ([2], [99])
    assert shown["missed"] == ([3], [5])


def test_no_figure_is_left_in_pyplot():
    drawing.lesion_maps(mapped())
    assert not plt.get_fignums()
