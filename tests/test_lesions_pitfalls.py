"""The published errors, made on purpose: each does what it is said to do."""

from contextlib import ExitStack

import numpy as np
import pytest
import torch
from test_lesions_silencing import TEXTS, found, mask

from analysis.errors import InputError
from analysis.interventions import silence
from analysis.kinds import Kind
from analysis.lesions import pitfalls
from analysis.lesions import silencing as lesions
from analysis.lesions.silencing import Silencing
from analysis.texts import Item, Text

ITEMS = [Item("judge", f"The dog {n}", (" saw the cat.", " nobody."), int(n >= 6)) for n in range(10)]


def test_a_hook_that_looks_its_layer_up_late_gives_all_layers_the_last_ones_mask(lm):
    neurons = np.random.default_rng(0).random(72) < 0.3
    rows = neurons.reshape(3, 24)
    ids = torch.tensor([lm.tokenizer("The dog saw the cat.").input_ids])
    with ExitStack() as stack, torch.inference_mode():
        for layer, module in enumerate(lm.down_projections):
            late = lambda _module, args: (args[0] * ~torch.from_numpy(rows[layer]),)  # noqa: E731, B023
            stack.callback(module.register_forward_pre_hook(late).remove)
        wrong = lm.model(input_ids=ids).logits
    slipped = pitfalls.as_the_last_layer(neurons, (24, 24, 24))
    assert (slipped.reshape(3, 24) == rows[-1]).all()
    with lesions.applied(lm, silence(slipped)), torch.inference_mode():
        torch.testing.assert_close(lm.model(input_ids=ids).logits, wrong)


def test_layers_that_differ_cannot_share_a_mask():
    with pytest.raises(InputError, match="layers that are all alike"):
        pitfalls.as_the_last_layer(mask(1), (20, 26, 26))
    with pytest.raises(InputError, match="layers that are all alike"):
        pitfalls.as_the_last_layer(mask(1), (24, 24))


def test_the_papers_numbers():
    table = pitfalls.paper_table()
    assert table["kept, as reported"].round(3).tolist() == [0.011, 0.082, 0.130, 0.163, 0.231]
    assert table["kept, as applied"].round(3).tolist() == [0.161, 0.780, 0.936, 0.988, 1.0]
    assert table["accuracy"].iloc[-1] > pitfalls.PAPER_INTACT


def test_the_substring_scorer_never_reads_the_second_label():
    assert pitfalls.labels_read(("acceptable", "unacceptable")).tolist() == [0, 0]
    assert pitfalls.labels_read(("positive", "negative")).tolist() == [0, 1]
    chosen = np.random.default_rng(0).integers(0, 2, (50, 10))
    blind = pitfalls.scored(chosen, ITEMS, pitfalls.labels_read(("acceptable", "unacceptable")))
    assert (blind == 0.6).all()  # the share of the first label, whatever is chosen


def test_swapped_labels_turn_accuracy_round():
    chosen = np.random.default_rng(0).integers(0, 2, (50, 10))
    right = pitfalls.scored(chosen, ITEMS, [0, 1])
    np.testing.assert_allclose(pitfalls.scored(chosen, ITEMS, [1, 0]), 1 - right)
    gold = np.array([item.answer for item in ITEMS])
    assert pitfalls.scored(gold, ITEMS, [0, 1]) == 1


def test_the_unmatched_control_takes_any_neuron():
    taken = pitfalls.anywhere(20_000, 0.15, seed=1)
    assert taken.mean() == pytest.approx(0.15, abs=0.01)
    np.testing.assert_array_equal(taken, pitfalls.anywhere(20_000, 0.15, seed=1))


def test_the_decoy_is_half_of_the_strongest_tenth_of_each_layer():
    strength = np.random.default_rng(0).random(300)
    drawn = pitfalls.decoy(strength, (100, 200))
    assert [drawn[:100].sum(), drawn[100:].sum()] == [5, 10]
    assert strength[:100][drawn[:100]].min() >= np.sort(strength[:100])[-10]
    assert (drawn != pitfalls.decoy(strength, (100, 200), seed=1)).any()


def test_a_decoy_beside_three_controls(lm):
    kind = Kind("pets", [], [], [*TEXTS, Text("Two dogs saw the cat.", "pets")])
    observed, draws = pitfalls.unmatched(lm, kind, found(mask(0)), Silencing(), n_draws=5)
    assert list(draws) == ["matched sets", "same size", "same size per layer"]
    assert all(values.shape == (5,) for values in draws.values())
    assert observed.low <= observed.estimate <= observed.high


def test_both_bindings_are_applied_to_the_same_networks(lm):
    kind = Kind("pets", [Text(text.text * 3, "pets") for text in TEXTS] * 3, [], [])
    table = pitfalls.kept_and_silenced(lm, kind, ITEMS, [2, 4], at=1.5)
    assert table["networks"].tolist() == [2, 2, 4, 4]
    own, slipped = (part for _, part in table.groupby("binding", sort=False))
    np.testing.assert_allclose(own["share reported"], own["share applied"])
    np.testing.assert_array_equal(own["share reported"].to_numpy(), slipped["share reported"].to_numpy())
    assert table["intact"].nunique() == 1
    assert table[["networks silenced", "only networks kept", "random silenced"]].isin(np.arange(11) / 10).all(axis=None)
