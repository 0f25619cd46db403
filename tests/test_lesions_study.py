"""Tables and claims from lesions: what is planted comes out, and what cannot be tested says why."""

import numpy as np
import pandas as pd
import pytest
from test_lesions_silencing import TEXTS, found, mask

from analysis import claims
from analysis.errors import InputError
from analysis.kinds import Kind
from analysis.lesions import claims as lesion_claims
from analysis.lesions import dealt
from analysis.lesions import pairs as lesion_pairs
from analysis.lesions import silencing as lesions
from analysis.lesions import study as lesion_study
from analysis.lesions.claims import Answers
from analysis.lesions.silencing import Silencing
from analysis.lesions.study import Studied
from analysis.texts import Item

KINDS = ("reviews", "stories", "facts", "news")
MASKS = np.stack([mask(0, 30), mask(1, 31, 60)])


def studied(own="reviews", *, effect=0.2, elsewhere=0.02, n_draws=40, seed=0):
    """Two networks that cost their own kind 0.2 and others 0.02, and matched sets that cost all 0.01."""
    rng = np.random.default_rng(seed)
    rises = {
        kind: (effect if kind == own else elsewhere) + 0.005 * rng.standard_normal((2, 5)) + np.array([[0.05], [-0.05]])
        for kind in KINDS
    }
    neutral = ["stories", "facts"]
    roles = {
        "own": [own],
        "neutral": [kind for kind in neutral if kind != own],
        "other": [kind for kind in KINDS if kind != own and kind not in neutral],
    }
    rows = [
        {"draw": draw, "network": network, "role": role, "kind": parts[draw % len(parts)], "text": draw % 5}
        for draw in range(n_draws)
        for network in range(2)
        for role, parts in roles.items()
        if parts
    ]
    drawn = pd.DataFrame(rows)
    drawn["rise"] = 0.01 + 0.003 * rng.standard_normal(len(drawn))
    kind = Kind(own, [], [], [], is_source=True, is_neutral=own in neutral)
    return Studied(kind, found(MASKS), roles, {kind: [] for kind in KINDS}, rises, drawn)


def answers(silenced, kept, n=40):
    intact = np.arange(n) < 36
    draws = np.random.default_rng(0).normal(-0.02, 0.02, 40)
    return Answers(intact, np.arange(n) < silenced, np.arange(n) < kept, draws, draws)


def test_the_table_has_effects_bands_and_corrected_p():
    one = studied()
    table = lesion_study.table(one)
    assert len(table) == 8
    own = table[table["role"] == "own"]
    np.testing.assert_allclose(own["rise"], one.rises["reviews"].mean(1))
    assert own["neurons"].tolist() == [2, 3]
    assert (own["p"] == 1 / 41).all()
    assert table.loc[table["role"] != "own", "p"].isna().all()
    assert (own["low"] < own["rise"]).all()
    assert (own["rise"] < own["high"]).all()
    assert (table["band_high"] < 0.03).all()


def test_no_p_where_not_every_network_has_its_draws():
    one = studied()
    part = one.drawn[one.drawn["network"] == 0]
    table = lesion_study.table(Studied(one.kind, one.found, one.roles, one.texts, one.rises, part))
    assert table["p"].isna().all()
    assert table.loc[table["network"] == 2, "band_high"].isna().all()


def test_the_matrix_is_the_mean_over_networks_and_texts():
    both = [studied(), studied("news", seed=1)]
    matrix = lesion_study.matrix(both, KINDS)
    assert matrix.loc["reviews", "reviews"] == pytest.approx(both[0].rises["reviews"].mean())
    assert matrix.loc["news", "news"] > 0.15 > matrix.loc["news", "reviews"]


def test_accuracy_changes_with_their_interval():
    right = {"sums": np.array([[1] * 20, [1] * 10 + [0] * 10, [1] * 20], bool)}
    table = lesion_study.accuracy_table(right, ["1", "2"]).set_index("lesion")
    assert table["change"].tolist() == [-0.5, 0]
    assert table.loc["1", "high"] < 0
    assert table.loc["2", "low"] < 0 < table.loc["2", "high"]
    assert table["intact"].tolist() == [1, 1]


def test_networks_are_studied_on_all_kinds_with_their_matched_sets(lm):
    kinds = {
        "pets": Kind("pets", [], [], TEXTS, is_source=True),
        "calm": Kind("calm", [], [], TEXTS[::-1], is_neutral=True),
    }
    design = {"n_draws": 5, "n_each": 2}
    one = lesion_study.study(lm, kinds, found(MASKS), Silencing(), **design)
    assert one.roles == {"own": ["pets"], "neutral": ["calm"], "other": []}
    np.testing.assert_allclose(one.rises["pets"], one.rises["calm"][:, ::-1], atol=1e-5)
    assert len(one.drawn) == 5 * 2 * 2 * 2
    in_turn = lesion_study.study(lm, kinds, found(MASKS), Silencing(), n_sets=1, **design)
    both = one.drawn.merge(in_turn.drawn, on=["draw", "network", "role", "kind", "text"])
    assert len(both) == len(in_turn.drawn) == 20
    np.testing.assert_allclose(both["rise_x"], both["rise_y"], atol=1e-6)
    rivals = lesion_study.beside_rivals(lm, one, [], {"same again": MASKS}, Silencing())
    np.testing.assert_allclose(rivals.loc["same again"], rivals.iloc[0], atol=1e-5)
    loose = lesion_study.looser(lm, one, Silencing(), n_draws=4)
    assert {name: draws.shape for name, draws in loose.items()} == {"same size": (4,), "same size per layer": (4,)}


def test_all_networks_at_once_beside_their_matched_sets(lm):
    kinds = {
        "pets": Kind("pets", [], [], TEXTS * 2, is_source=True),
        "calm": Kind("calm", [], [], TEXTS * 2, is_neutral=True),
    }
    one = lesion_study.study(lm, kinds, found(MASKS), Silencing(), n_draws=3)
    same = np.repeat(MASKS[None], 4, axis=0)
    table = lesion_study.together(lm, one, Silencing(), same, n_each=2 * len(TEXTS))
    assert table["role"].to_dict() == {"pets": "own", "calm": "neutral"}
    np.testing.assert_allclose(table["one"], [one.rises[kind].mean() for kind in table.index])
    union = MASKS.any(0, keepdims=True)
    np.testing.assert_allclose(table["all"], lesions.rises(lm, {"": TEXTS}, union, Silencing())[""].mean(), atol=1e-6)
    np.testing.assert_allclose(table["matched"], table["all"], atol=1e-6)
    assert (table["p"] >= 0.2).all()
    assert (table["low"] <= table["all"]).all()


def test_planted_effects_are_estimated_and_supported():
    both = [studied(), studied("news", seed=1), studied("stories", seed=2)]
    effects, reasons = lesion_claims.effects(both, answers(10, 34))
    assert not reasons
    assert effects["inhibition-raises-perplexity"].interval.estimate == pytest.approx(0.2, abs=0.01)
    assert effects["inhibition-is-specific"].interval.estimate == pytest.approx(0.18, abs=0.01)
    assert effects["inhibition-is-specific"].n == 5 + 5 + 10
    assert effects["inhibition-transfers"].interval.estimate == pytest.approx(0.02, abs=0.01)
    assert effects["inhibition-transfers"].n == 10
    assert effects["inhibition-lowers-accuracy"].interval.estimate == pytest.approx(-26 / 40)
    assert effects["keeping-networks-suffices"].interval.estimate == pytest.approx(-2 / 40)
    found_ = {one.id: one.verdict for one in claims.measure_family(effects, model="m", site="mlp_activation")}
    assert found_["inhibition-raises-perplexity"] == found_["inhibition-is-specific"] == "supported"
    assert found_["inhibition-lowers-accuracy"] == "supported"


def test_an_effect_that_is_the_same_everywhere_is_not_specific():
    both = [studied(elsewhere=0.2), studied("news", elsewhere=0.2, seed=1)]
    effects, _ = lesion_claims.effects(both, None)
    interval = effects["inhibition-is-specific"].interval
    assert interval.low < 0.005 < interval.high or abs(interval.estimate) < 0.01
    assert effects["inhibition-transfers"].interval.estimate == pytest.approx(0.2, abs=0.01)


def test_draws_of_a_family_are_means_over_sources():
    both = [studied(), studied("news", seed=1)]
    effects, _ = lesion_claims.effects(both, None)
    own = [dealt.mean_over_networks(one.drawn, "own") for one in both]
    neutral = [dealt.mean_over_networks(one.drawn, "neutral") for one in both]
    np.testing.assert_allclose(
        effects["inhibition-is-specific"].draws, np.mean(own, axis=0) - np.mean(neutral, axis=0), atol=1e-12
    )
    assert {len(effect.draws) for effect in effects.values()} == {40}


def test_claims_that_cannot_be_tested_say_why():
    effects, reasons = lesion_claims.effects([studied("stories")], None)
    assert list(effects) == ["inhibition-raises-perplexity"]
    assert reasons == {
        "inhibition-lowers-accuracy": "no task is like the texts of stories",
        "keeping-networks-suffices": "no task is like the texts of stories",
        "inhibition-is-specific": "networks were found in neutral text only",
        "inhibition-transfers": "two kinds of text that are not neutral are needed",
    }


def test_answers_under_all_networks_and_under_none_but_them(lm):
    items = [Item("see", f"The dog {n}", (" saw the cat.", " nobody."), n % 2) for n in range(8)]
    sets = np.stack([MASKS] * 3)
    made = lesion_claims.answer(lm, found(MASKS), items, Silencing(), sets, n_each=8)
    np.testing.assert_allclose(made.silenced_draws, made.silenced.mean() - made.intact.mean())
    np.testing.assert_allclose(made.kept_draws, made.kept.mean() - made.intact.mean())


def planted_pairs(effects, seed=0):
    """Rises of three lesions on three kinds, six texts each, beside sets that cost everything about 1."""
    rng = np.random.default_rng(seed)
    kinds = ("reviews", "news", "sums")

    def read():
        return {
            kind: np.array(effects)[:, [place]] + 0.2 * rng.standard_normal((3, 6)) for place, kind in enumerate(kinds)
        }

    null = 1 + 0.3 * rng.standard_normal((60, 3, 3))
    return lesion_pairs.judge([(kind, 0) for kind in kinds], read(), read(), null[:20], null)


def test_the_pair_chosen_on_tune_is_the_planted_one():
    made = planted_pairs([[6, 1, 1], [1, 1.2, 1], [1, 1, 6]])
    pair = made.pairs.loc[made.best]
    assert {made.targets[int(pair["target"])], made.targets[int(pair["other_target"])]} == {"reviews", "sums"}
    assert made.interval.low > 5
    record = lesion_pairs.measured(made, n=12, model="m", site="mlp_activation")
    assert (record.verdict, record.p_corrected) == ("supported", 1 / 61)
    assert made.standardised.loc["reviews 1", "reviews"] > 10


def test_strong_lesions_of_a_fragile_kind_dissociate_nothing():
    made = planted_pairs([[6, 3, 3], [5, 3, 3], [6, 3, 3]])
    assert made.pairs["p_corrected"].min() > 0.05
    assert lesion_pairs.measured(made, n=12, model="m", site="mlp_activation").verdict != "supported"


def test_each_kind_sends_the_network_that_costs_it_most_beyond_the_others():
    tune = {
        "reviews": {"reviews": np.array([[3.0], [4.0]]), "news": np.array([[0.0], [3.0]])},
        "news": {"reviews": np.array([[0.0], [0.0]]), "news": np.array([[1.0], [2.0]])},
    }
    assert lesion_pairs.choose(tune) == [("reviews", 0), ("news", 1)]


def test_a_dissociation_from_reading_to_verdict(lm):
    texts = [*TEXTS, *TEXTS[::-1]]
    kinds = {name: Kind(name, [], texts, texts, is_source=True) for name in ("reviews", "news")}
    networks = {"reviews": found(MASKS), "news": found(MASKS[::-1])}
    made = lesion_pairs.dissociate(lm, kinds, networks, Silencing(), n_draws=6, n_tune_draws=5)
    assert made.effects.shape == (2, 2)
    assert made.null.shape == (6, 2, 2)
    assert np.isfinite(made.null).all()
    with pytest.raises(InputError, match="two kinds of text"):
        lesion_pairs.dissociate(lm, kinds, {"reviews": found(MASKS)}, Silencing())
