"""Matched sets that read a part of the texts: nothing is left out, nothing is changed, and p errs on the safe side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_lesions_silencing import TEXTS, USUAL

from analysis import inference
from analysis.errors import InputError
from analysis.interventions import silence
from analysis.lesions import dealt
from analysis.lesions import silencing as lesions
from analysis.lesions.silencing import Silencing
from analysis.texts import Item, Text

READ = {"pets": TEXTS, "else": [Text("Two dogs.", "else"), Text("The light house.", "else"), Text("A cat.", "else")]}
ROLES = {"own": ["pets"], "other": ["else"], "neutral": []}
SETS = np.random.default_rng(1).random((6, 2, 72)) < 0.2
ITEMS = [
    Item("see", f"The dog saw {n}", (" the cat.", " nobody at the light house.", " two dogs"), n % 3) for n in range(6)
]


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 9), st.integers(1, 12))
def test_texts_are_dealt_evenly(n_draws, k, n, n_each):
    dealt_out = dealt.parts(n_draws, k, n, n_each)
    each = min(n, n_each)
    assert dealt_out.shape == (n_draws, k, each)
    assert all(len(set(row)) == each for row in dealt_out.reshape(-1, each))
    for draw in dealt_out:  # within a draw, no text is read twice before all are read
        assert np.ptp(np.bincount(draw.ravel(), minlength=n)) <= 1
    whole = dealt.parts(n, k, n, n_each)
    assert np.ptp(np.bincount(whole.ravel(), minlength=n)) == 0


def test_no_text_is_no_part():
    with pytest.raises(InputError, match="read 0 texts"):
        dealt.parts(2, 2, 3, 0)


@pytest.mark.parametrize("way", ["zero", "resample"])
@pytest.mark.parametrize("n_each", [1, 2, 9])
def test_what_a_set_does_to_its_part_is_what_it_does_there(lm, way, n_each):
    silencing = Silencing(way, "mlp_activation", USUAL | {"else": USUAL["pets"]})
    table = dealt.rises(lm, READ, ROLES, SETS, silencing, n_each=n_each)
    whole = lesions.rises(lm, READ, SETS.reshape(-1, 72), silencing)
    for row in table.itertuples():
        expected = whole[row.kind].reshape(6, 2, -1)[row.draw, row.network, row.text]
        assert row.rise == pytest.approx(expected, abs=1e-5)
    counts = table.groupby(["draw", "network", "role"]).size().unstack()
    assert (counts["own"] == min(n_each, 2)).all()
    assert (counts["other"] == min(n_each, 3)).all()
    assert set(table["role"]) == {"own", "other"}


def test_kinds_of_a_role_are_read_in_turn(lm):
    table = dealt.rises(lm, READ, {"both": ["pets", "else"]}, SETS, Silencing())
    assert table.groupby(["kind", "text"]).ngroups == 5
    assert table["kind"].iloc[:2].tolist() == ["pets", "else"]


def test_means_over_networks_and_single_networks(lm):
    table = dealt.rises(lm, READ, ROLES, SETS, Silencing(), n_each=2)
    single = dealt.per_network(table, "own")
    assert single.shape == (6, 2)
    np.testing.assert_allclose(dealt.mean_over_networks(table, "own"), single.mean(1))


def test_some_in_turn_gives_every_network_its_turn(lm):
    kept = dealt.some_in_turn(SETS, 1)
    assert (kept.any(-1).sum(1) == 1).all()
    assert kept.any(-1).sum(0).tolist() == [3, 3]
    np.testing.assert_array_equal(dealt.some_in_turn(SETS, 5), SETS)
    table = dealt.rises(lm, READ, ROLES, kept, Silencing())
    assert len(table) == 12
    assert len(dealt.mean_over_networks(table, "own")) == 6
    assert np.isnan(dealt.per_network(table, "own")).sum() == 6


def test_changes_of_accuracy_are_those_of_the_items_dealt(lm):
    sets = SETS[:, 0]
    changes = dealt.accuracy_changes(lm, ITEMS, sets, Silencing(), "pets", n_each=4)
    answers = lesions.right(lm, {"see": ITEMS}, [None, *map(silence, sets)])["see"]
    for draw, part in enumerate(dealt.parts(6, 1, 6, 4)[:, 0]):
        assert changes[draw] == pytest.approx(answers[1 + draw, part].mean() - answers[0, part].mean())
    everything = dealt.accuracy_changes(lm, ITEMS, sets, Silencing(), "pets", n_each=6)
    np.testing.assert_allclose(everything, answers[1:].mean(1) - answers[0].mean())


def test_p_against_draws_that_read_a_part_errs_on_the_safe_side():
    """A network that is nothing but one more matched set, in 2,000 simulations: p below .05 in no more than 5 %."""
    rng = np.random.default_rng(0)
    n_draws, k, n, n_simulations = 99, 5, 6, 2000
    rows, columns = np.arange(n_draws)[:, None], np.arange(k)
    part = dealt.parts(n_draws, k, n, 1)[..., 0]
    p = []
    for _ in range(n_simulations):
        set_effects = rng.standard_normal((n_draws + 1, k, 1))
        effects = set_effects + rng.standard_normal(n) + 0.5 * rng.standard_normal((n_draws + 1, k, n))
        draws = effects[1:][rows, columns, part].mean(1)
        p.append(inference.random_set_p(effects[0].mean(), draws))
    assert np.mean(np.array(p) < 0.05) < 0.055
