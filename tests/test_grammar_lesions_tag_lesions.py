import numpy as np
import pandas as pd
import pytest

from analysis import controls
from analysis.errors import InputError
from analysis.evaluation import bits_per_byte, choice_scores
from analysis.grammar.words import word_table
from analysis.grammar_lesions import planted_grammar
from analysis.grammar_lesions.battery import Battery, Harm
from analysis.grammar_lesions.tag_lesions import (
    LesionMatrix,
    lesion_matrix,
    own_and_others,
    own_losses,
    selectivity,
    side_effects,
)
from analysis.grammar_lesions.word_scores import tag_lexicon
from analysis.interventions import applied, silence
from analysis.texts import Item, Text

TAGS = planted_grammar.TAGS
VERB = TAGS.index("VERB")


def zero(mask, _domain):
    return silence(mask)


@pytest.fixture(scope="module")
def planted():
    return planted_grammar.plant("VERB", seed=2)


@pytest.fixture(scope="module")
def battery(planted):
    texts = planted_grammar.read(6, seed=1)
    table = word_table(planted.lm, texts).table
    return Battery(planted.lm, texts, table, TAGS, tag_lexicon(planted.lm, texts, table))


@pytest.fixture(scope="module")
def masks(planted):
    """The planted neurons for verbs, as many others for the other tags."""
    made = np.stack([np.roll(planted.neurons, shift) for shift in (3, 5, 7, 0)])
    made[:VERB] &= ~planted.neurons
    return made


def synthetic(effects, noise=0.1, n=40, seed=0):
    """A matrix as lesions with these effects would give, in standard deviations of matched sets; n lemmas a tag."""
    rng = np.random.default_rng(seed)
    upos = np.repeat(TAGS, n)
    table = word_table_of(upos)
    harm = np.repeat(effects, n, axis=1) + noise * rng.standard_normal((4, 4 * n))
    null = rng.standard_normal((99, 4, 4))
    battery = Battery(None, [], table, TAGS, None)
    return LesionMatrix(battery, Harm(harm, harm, harm), {"log_probability": null, "mass": null, "accuracy": 0 * null})


def word_table_of(upos):
    return pd.DataFrame({"upos": upos, "lemma": [f"{tag}{n}" for n, tag in enumerate(upos)], "form": "x"})


def test_the_wired_cell_stands_out_and_draws_keep_their_index(planted, battery, masks):
    sizes = planted.lm.layer_sizes("mlp_activation")
    drawn = controls.same_size_per_layer(masks, sizes, 20)
    matrix = lesion_matrix(battery, masks, drawn, zero)
    cells = matrix.cells().set_index(["lesion", "target"])
    assert cells["z"].idxmax() == ("VERB", "VERB")
    assert cells.loc[("VERB", "VERB"), "p"] == pytest.approx(1 / 21)
    one = battery.harm(drawn[17], zero)  # draw 17, in a block of its own
    for place, tag in enumerate(TAGS):
        np.testing.assert_allclose(
            matrix.null["log_probability"][17][:, place], one.log_probability[:, battery.upos == tag].mean(1), atol=1e-6
        )


def test_sets_have_to_be_as_many_as_tags(battery, masks):
    with pytest.raises(InputError, match="3 lesions and draws of shape"):
        lesion_matrix(battery, masks[:3], masks[None, :3], zero)


def test_the_pair_is_chosen_on_tune_and_read_on_test():
    tune = synthetic(np.diag([0.0, 4.0, 4.0, 0.0]))
    test = synthetic(np.diag([9.0, 6.0, 5.0, 9.0]), seed=1)  # on test another pair is better
    found = selectivity(tune, test)
    assert (found.chosen["tag"], found.chosen["other"]) == ("ADV", "NOUN")
    assert len(found.pairs) == 6
    assert found.interval.low < found.interval.estimate < found.interval.high
    assert found.interval.estimate == pytest.approx(found.chosen["smaller"], abs=0.1)
    assert found.interval.estimate == pytest.approx(5, abs=1)
    assert found.chosen["p_corrected"] == pytest.approx(0.01)
    assert found.n_lemmas == 80


def test_a_strong_lesion_and_a_fragile_tag_are_no_dissociation():
    strong = np.array([8.0, 1.0, 1.0, 1.0])[:, None] + np.array([5.0, 0.0, 0.0, 0.0])
    found = selectivity(synthetic(strong), synthetic(strong, seed=1))
    assert found.chosen["smaller"] < 1.5
    assert found.chosen["p_corrected"] > 0.05


def test_what_helps_is_what_harms_with_the_sign_turned():
    helps = synthetic(-5 * np.eye(4))
    assert selectivity(helps, helps).pairs["smaller"].max() < 0
    assert selectivity(helps.gain, helps.gain).pairs["p_corrected"].max() == pytest.approx(0.01)
    for measure in ("log_probability", "mass", "accuracy"):
        np.testing.assert_array_equal(helps.gain.effects(measure), -helps.effects(measure))


def test_own_losses_stand_beside_what_matched_sets_stay_below():
    matrix = synthetic(np.diag([1.0, 2.0, 3.0, 4.0]) + 9 * (1 - np.eye(4)), noise=0)
    table = own_losses(matrix)
    assert table.index.tolist() == list(TAGS)
    np.testing.assert_allclose(table["nats"], [1, 2, 3, 4])
    below = (matrix.null["mass"][:, [0, 1, 2, 3], [0, 1, 2, 3]] <= table["mass matched"].to_numpy()).mean(0)
    np.testing.assert_allclose(below, 0.975, atol=0.01)
    np.testing.assert_allclose(table["tag right matched"], 0, atol=1e-12)


def test_own_words_and_the_mean_of_the_others_are_told_apart():
    effects = np.arange(16.0).reshape(4, 4)
    cells = synthetic(effects, noise=0).cells()
    table = own_and_others(cells)
    np.testing.assert_allclose(table["own harm"], [0, 5, 10, 15], atol=1e-12)
    assert table.loc["ADJ", "other harm"] == pytest.approx(2)
    assert table.loc["VERB", "other z"] == pytest.approx(
        cells.query("lesion == 'VERB' and target != 'VERB'")["z"].mean()
    )


def test_cells_where_all_draws_do_the_same_have_no_z():
    cells = synthetic(np.eye(4)).cells("accuracy")
    assert cells["z"].isna().all()
    assert cells["p"].between(0, 1).all()
    assert (cells["low"] <= cells["harm"]).all()
    assert (cells["harm"] <= cells["high"]).all()


def test_side_effects_are_measured_on_other_texts_and_items(lm):
    rng = np.random.default_rng(0)
    neutral = [Text(f"The dog saw {n} cats, and nobody laughed.", domain) for n, domain in enumerate("aabb")]
    pairs = [Item("pairs", "The dog saw", (" the cat.", " nobody at the light house."), n % 2) for n in range(8)]
    masks = rng.random((2, 72)) < 0.5
    battery = Battery(lm, [], word_table_of(["NOUN", "VERB"]), ("NOUN", "VERB"), None)
    found = side_effects(battery, np.concatenate([masks, masks]), zero, neutral, pairs)
    assert found.index.tolist() == ["NOUN", "VERB"] * 2
    pd.testing.assert_frame_equal(found.iloc[:2], found.iloc[2:])
    whole = bits_per_byte(lm, neutral)["bits_per_byte"].mean()
    right = [score.argmax() == item.answer for item, score in zip(pairs, choice_scores(lm, pairs), strict=True)]
    for mask, (_, row) in zip(masks, found.iterrows(), strict=False):
        with applied(lm, silence(mask)):
            assert row["bits_per_byte"] == pytest.approx(bits_per_byte(lm, neutral)["bits_per_byte"].mean() - whole)
            after = [s.argmax() == item.answer for item, s in zip(pairs, choice_scores(lm, pairs), strict=True)]
        assert row["accuracy"] == np.mean(after) - np.mean(right)
        assert row["bits_low"] <= row["bits_per_byte"] <= row["bits_high"]
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
