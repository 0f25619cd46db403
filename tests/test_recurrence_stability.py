from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from analysis.decomposition import spatial_ica, standardise
from analysis.errors import InputError
from analysis.networks import correlation
from analysis.recurrence import stability
from analysis.simulation import planted


def test_shifting_keeps_each_neuron_and_breaks_the_rest():
    activity, _ = planted(n_neurons=50)
    moved = stability.shifted(activity, seed=1)
    for rows in activity.tokens.groupby("text").indices.values():
        before, after = activity.values[rows], moved.values[rows]
        np.testing.assert_array_equal(np.sort(before, axis=0), np.sort(after, axis=0))
        spectrum = [np.abs(np.fft.rfft(part.astype(np.float64), axis=0)) for part in (before, after)]
        np.testing.assert_allclose(*spectrum, atol=1e-3)  # so the autocorrelation is kept as well
        assert not (before == after).all(0).all()
    off_diagonal = ~np.eye(50, dtype=bool)
    spread = [np.abs(np.corrcoef(part.values.T)[off_diagonal]).mean() for part in (activity, moved)]
    assert spread[1] < spread[0] / 2


def test_halves_share_no_text_and_hold_as_much_of_each_domain():
    activity, _ = planted()
    first, second = stability.halves(activity, seed=3)
    texts = [set(half.tokens["text"]) for half in (first, second)]
    assert not texts[0] & texts[1]
    assert texts[0] | texts[1] == set(range(8))
    for half in (first, second):
        assert (half.tokens["domain"] == "a").mean() == 0.5
    with pytest.raises(InputError, match="One text cannot be split"):
        stability.halves(activity.where((activity.tokens["text"] == 0).to_numpy()), seed=0)


def test_texts_of_one_document_stay_in_one_half():
    activity, _ = planted()
    document = activity.tokens["text"].map(dict(enumerate(["x", "x", "", "", "x", "y", "", ""])))  # a: 0-3, b: 4-7
    activity = replace(activity, tokens=activity.tokens.assign(document=document))
    for seed in range(10):
        first, _ = stability.halves(activity, seed)
        inside = set(first.tokens["text"])
        assert (0 in inside) == (1 in inside)  # one document of domain a; the x of domain b is another
        assert 2 <= len(inside) <= 6
    one = activity.where((activity.tokens["text"] < 2).to_numpy())
    with pytest.raises(InputError, match="nor can texts of one document"):
        stability.halves(one, seed=0)


def test_planted_networks_repeat_and_only_they():
    activity, _ = planted(k=4, n_neurons=1000, noise=2.0)
    table = stability.recurrence(activity, 6, n_draws=20, n_restarts=1)
    assert table["repeats"].tolist() == [True] * 4 + [False] * 2
    assert table["p"].iloc[0] == pytest.approx(1 / 21)
    assert (table["repeats"] == (table["similarity"] > table["bar"])).all()
    with pytest.raises(InputError, match="n_draws=19 cannot give a p below"):
        stability.recurrence(activity, 6, n_draws=19)


def test_no_network_repeats_in_signal_free_activity():
    activity, _ = planted(k=4, n_neurons=400, n_texts=6)
    empty = stability.shifted(standardise(activity), seed=11)
    table = stability.recurrence(empty, 5, n_draws=20, n_restarts=1)
    assert not table["repeats"].any()


def test_side_by_side_gives_the_same_verdict():
    activity, _ = planted(k=2, n_neurons=200, n_texts=4)
    one, two = (stability.recurrence(activity, 3, n_draws=20, n_restarts=1, n_jobs=n) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, atol=1e-6)


def test_each_network_is_followed_into_the_halves():
    activity = planted(k=4, n_neurons=1000, noise=2.0)[0]
    decompose = partial(spatial_ica, k=6, n_restarts=1)
    first, second = stability.decompose_halves(activity, decompose, 0)
    table = stability.trace(decompose(activity), first, second)
    assert sorted(table["first"]) == sorted(table["second"]) == list(range(6))
    np.testing.assert_allclose(np.sort(table["similarity"])[::-1], stability.split_half(activity, decompose))
    for _, row in table.iterrows():
        pair = correlation(first.maps[[int(row["first"])]], second.maps[[int(row["second"])]])
        assert row["similarity"] == pytest.approx(abs(pair.item()))
    assert (table["similarity"].iloc[:4] > 0.9).all()  # the planted ones are the strongest


def test_asking_for_more_than_was_planted_gives_components_that_do_not_repeat():
    activity = planted(k=4, n_neurons=1000, noise=2.0)[0]
    curve = stability.model_order(activity, [4, 8], n_draws=20)
    assert curve["repeat"].tolist() == [4, 4]
    assert curve.loc[4, "least"] > 0.9
    assert curve.loc[8, "least"] < 0.3
    whole = stability.recurrence(activity, 4, n_draws=20, n_restarts=1)
    assert curve.loc[4, "mean"] == pytest.approx(whole["similarity"].mean(), abs=0.01)


def test_a_model_order_curve_of_signal_free_activity_is_empty():
    empty = stability.shifted(standardise(planted(k=4, n_neurons=300)[0]), seed=5)
    assert stability.model_order(empty, [2, 4], n_draws=20)["repeat"].tolist() == [0, 0]


def test_the_most_consistent_networks_are_those_of_all_data_sets():
    decompose = partial(spatial_ica, k=4, n_restarts=1)
    activity = planted(k=4, n_neurons=1000, noise=2.0)[0]
    found = decompose(activity)
    changed = found.maps[::-1].copy()
    changed[[0, 1]] = np.random.default_rng(0).standard_normal((2, 1000))  # places 3 and 2 of the first
    chosen = stability.consistent([found, type(found)(**(vars(found) | {"maps": changed}))], 2)
    assert chosen[[0, 1]].to_numpy().tolist() in ([[0, 3], [1, 2]], [[1, 2], [0, 3]])
    assert chosen["similarity"].min() > 0.99


@pytest.mark.parametrize(("n_draws", "tolerated"), [(20, 0), (38, 0), (39, 0), (40, 1), (99, 3), (100, 4), (139, 5)])
def test_the_bar_is_where_p_falls_below_five_per_cent(monkeypatch, n_draws, tolerated):
    activity, _ = planted(n_neurons=50, k=2)
    null = np.linspace(0.1, 0.9, n_draws)
    monkeypatch.setattr(stability, "split_half_null", lambda *_: null)
    for similarity in (null[-1 - tolerated] + 1e-6, null[-1 - tolerated] - 1e-6):
        monkeypatch.setattr(stability, "split_half", lambda *_, s=similarity: np.array([s]))
        row = stability.recurrence(activity, 1, n_draws=n_draws).iloc[0]
        assert row["repeats"] == (row["p"] < 0.05) == (similarity > row["bar"])


@pytest.mark.slow
def test_signal_free_activity_is_called_recurrent_no_more_often_than_promised():
    """Of 200 data sets without co-activation, at most 21 with any network called recurrent at .05."""
    false_alarms = 0
    for seed in range(200):
        activity, _ = planted(k=4, n_neurons=150, n_texts=4, tokens_per_text=60, seed=seed)
        empty = stability.shifted(standardise(activity), seed=seed)
        false_alarms += stability.recurrence(empty, 4, n_draws=20, n_restarts=1, seed=seed)["repeats"].any()
    assert false_alarms <= 21


def test_restarts_agree_where_there_is_nothing_to_find():
    """Why agreement over restarts is no evidence: it is high on signal-free activity, where split halves are not."""
    activity, _ = planted(k=4, n_neurons=600)
    empty = stability.shifted(standardise(activity), seed=2)
    restarts = spatial_ica(empty, 3, n_restarts=5).restart_agreement.mean()
    halves = stability.split_half(empty, partial(spatial_ica, k=3, n_restarts=1)).mean()
    assert restarts > 0.6
    assert halves < 0.3
