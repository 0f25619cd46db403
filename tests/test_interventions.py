import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.activity import record
from analysis.errors import InputError
from analysis.interventions import (
    Intervention,
    add,
    applied,
    first_layer,
    hold_at_mean,
    keep_only,
    resample,
    scale,
    silence,
    strongest,
)
from analysis.texts import Text
from analysis.tiny_models import tiny

TEXT = [Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo")]
TEXTS = [*TEXT, Text("The cats didn't see the dog.", "demo"), Text("Two dogs saw the light.", "demo")]
DONORS = np.random.default_rng(0).standard_normal((50, 72)).astype(np.float32)


def ids_of(lm, text):
    return torch.tensor([lm.tokenizer(text.text).input_ids])


def logits(lm):
    with torch.inference_mode():
        return lm.model(input_ids=ids_of(lm, TEXT[0])).logits


def chosen(*neurons, n=72):
    mask = np.zeros(n, bool)
    mask[list(neurons)] = True
    return mask


def recorded(lm, intervention, texts=TEXT, **options):
    with applied(lm, intervention):
        return record(lm, texts, intervention.site, **options).values


def test_each_layer_gets_its_own_mask(lm):
    """The error of a published code base: a hook that looks its mask up late gives every layer the last one's."""
    before = record(lm, TEXT).values
    during = recorded(lm, silence(chosen(0, 1, 30)))
    assert (during[:, [0, 1, 30]] == 0).all()
    untouched_layer_1 = np.setdiff1d(np.arange(24), [0, 1])
    np.testing.assert_array_equal(during[:, untouched_layer_1], before[:, untouched_layer_1])
    later = np.setdiff1d(np.arange(24, 72), [30])
    assert (np.abs(during[:, later]).max(0) > 0).all()


def test_silencing_equals_cutting_the_columns_of_the_down_projection(lm):
    module = lm.down_projections[1]
    with applied(lm, silence(chosen(24, 29))):
        silenced = logits(lm)
    kept = module.weight.data.clone()
    try:
        module.weight.data[:, [0, 5]] = 0
        cut = logits(lm)
    finally:
        module.weight.data.copy_(kept)
    torch.testing.assert_close(silenced, cut)
    assert not torch.equal(silenced, logits(lm))


def test_scaling_and_adding_do_what_they_say(lm):
    before = record(lm, TEXT).values
    both = recorded(lm, Intervention(chosen(3), factor=2.0, constant=0.5))
    np.testing.assert_allclose(both[:, 3], 2 * before[:, 3] + 0.5, rtol=1e-6)
    np.testing.assert_allclose(recorded(lm, scale(chosen(3), 3.0))[:, 3], 3 * before[:, 3], rtol=1e-6)
    np.testing.assert_allclose(recorded(lm, add(chosen(3), -1.0))[:, 3], before[:, 3] - 1, rtol=1e-6)


def test_a_mean_is_held_at_every_token(lm):
    means = np.linspace(-1, 1, 72)
    during = recorded(lm, hold_at_mean(chosen(3, 50), means))
    np.testing.assert_allclose(during[:, [3, 50]], np.tile(means[[3, 50]], (len(during), 1)), rtol=1e-6)


def test_the_output_site(lm):
    before = record(lm, TEXT, "mlp_output").values
    during = recorded(lm, add(chosen(2, n=48), 1.0, "mlp_output"))
    np.testing.assert_allclose(during[:, 2], before[:, 2] + 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    "nothing",
    [
        Intervention(np.ones(72, bool)),
        silence(np.zeros(72, bool)),
        resample(np.zeros(72, bool), DONORS),
        silence(np.ones(72, bool)).at([]),
        keep_only(np.ones((1, 72), bool)),
        Intervention(np.ones(48, bool), constant=np.zeros(48), site="mlp_output"),
    ],
)
def test_a_change_of_no_strength_is_bit_identical(lm, nothing):
    before = logits(lm)
    with applied(lm, nothing):
        assert torch.equal(logits(lm), before)


# Where it works


@pytest.mark.parametrize("positions", [slice(1, 4), slice(3, None), [0, 2], np.array([5])])
def test_only_the_named_positions_change(lm, positions):
    before, during = record(lm, TEXTS).values, recorded(lm, silence(chosen(3)).at(positions), TEXTS)
    position = record(lm, TEXTS).tokens["position"].to_numpy()
    there = np.isin(position, np.arange(100)[positions])
    assert (during[there, 3] == 0).all()
    np.testing.assert_array_equal(during[~there, 3], before[~there, 3])


def test_positions_below_0_are_no_counts_from_the_start(lm):
    for positions in (slice(-2, None), [0, -1]):
        with pytest.raises(InputError, match="has none below 0"), applied(lm, silence(chosen(3)).at(positions)):
            pass


# Donors


def test_all_neurons_of_the_set_come_from_one_donor_token(lm):
    during = recorded(lm, resample(chosen(3, 30, 71), DONORS))[:, [3, 30, 71]]
    rows = [np.flatnonzero(np.isclose(DONORS[:, [3, 30, 71]], row, rtol=1e-6).all(1)) for row in during]
    assert all(len(row) == 1 for row in rows)
    assert len({int(row[0]) for row in rows}) > len(rows) / 2  # another donor at another token


def test_donors_do_not_depend_on_the_batch_or_on_the_set(lm):
    alone = [recorded(lm, resample(chosen(3), DONORS, seed=1), [text]) for text in TEXTS]
    together = recorded(lm, resample(chosen(3), DONORS, seed=1), TEXTS)
    np.testing.assert_array_equal(np.concatenate(alone)[:, 3], together[:, 3])
    with_more = recorded(lm, resample(chosen(3, 4, 60), DONORS, seed=1), TEXTS)
    np.testing.assert_array_equal(with_more[:, 3], together[:, 3])
    assert not np.array_equal(recorded(lm, resample(chosen(3), DONORS, seed=2), TEXTS)[:, 3], together[:, 3])


def test_every_donor_is_as_likely_as_any(lm):
    """Donors numbered by their own value; 64 different texts of about 60 tokens, four donors."""
    rng = np.random.default_rng(0)
    words = ["the", "dog", "saw", "cat", "cats", "two", "dogs", "light", "house", "nobody", "laughed"]
    texts = [Text(" ".join(rng.choice(words, 30)), "demo") for _ in range(64)]
    numbers = np.tile(np.arange(4.0)[:, None], (1, 72))
    activity = record(lm, texts)
    inside = (activity.tokens["position"] > 2).to_numpy()  # texts that begin alike have the same donors there
    drawn = recorded(lm, resample(chosen(3), numbers), texts)[inside, 3]
    expected = len(drawn) / 4
    assert ((np.bincount(drawn.astype(int)) - expected) ** 2 / expected).sum() < 16.3  # chi-squared, p = .001


def test_generation_with_a_cache_has_the_donors_of_one_pass(lm):
    seen = []
    with applied(lm, resample(chosen(3), DONORS)), torch.inference_mode():
        handle = lm.down_projections[0].register_forward_pre_hook(
            lambda _m, args: seen.append(args[0][0, :, 3].clone())
        )
        written = lm.model.generate(ids_of(lm, TEXT[0]), max_new_tokens=6, do_sample=False)
        step_by_step = torch.cat(seen)
        lm.model(input_ids=written)
        handle.remove()
    assert len(step_by_step) == written.shape[1] - 1  # the last one was not read
    assert torch.equal(step_by_step, seen[-1][:-1])


def test_a_cache_from_before_the_intervention_is_refused(lm):
    ids = ids_of(lm, TEXT[0])
    with torch.inference_mode():
        cache = lm.model(input_ids=ids[:, :4], use_cache=True).past_key_values
        with (
            applied(lm, resample(chosen(3), DONORS)),
            pytest.raises(InputError, match="filled before the intervention"),
        ):
            lm.model(input_ids=ids[:, 4:], past_key_values=cache)


def test_embeddings_in_place_of_ids_are_refused(lm):
    vectors = torch.zeros(1, 5, 16)
    with applied(lm, silence(chosen(3)).at([0])), pytest.raises(InputError, match="a model that is given token ids"):
        lm.model(inputs_embeds=vectors)


@pytest.mark.parametrize("family", ["gpt2", "opt", "bloom", "gpt_neox", "lfm2"])
def test_positions_and_donors_in_other_families(family):
    """OPT folds texts and tokens into one axis, GPT-2 counts positions in a table, others do not count at all."""
    lm = tiny(family)
    texts = [Text("w5 w9 w11 w3 w7 w8", "x"), Text("w4 w9 w1", "x")]
    before = record(lm, texts)
    neurons = np.random.default_rng(0).random(before.values.shape[1]) < 0.5
    donors = np.random.default_rng(1).standard_normal((9, len(neurons))).astype(np.float32)
    first = (before.tokens["position"] == 0).to_numpy()
    with applied(lm, resample(neurons, donors).at([0])):
        during = record(lm, texts).values
    assert np.isclose(during[first][:, None][..., neurons], donors[:, neurons], rtol=1e-5).all(-1).any(1).all()
    of_first_layer = neurons & (np.arange(len(neurons)) < before.layer_sizes[0])
    np.testing.assert_array_equal(during[~first][:, of_first_layer], before.values[~first][:, of_first_layer])


# Sets


def test_keeping_only_some_networks_silences_the_rest(lm):
    kept = np.stack([chosen(0, 1), chosen(1, 40)])
    during = recorded(lm, keep_only(kept))
    assert (np.abs(during[:, [0, 1, 40]]).max(0) > 0).all()
    assert (np.delete(during, [0, 1, 40], axis=1) == 0).all()
    means = np.arange(72.0)
    during = recorded(lm, keep_only(kept, means))
    np.testing.assert_allclose(
        np.delete(during, [0, 1, 40], 1), np.tile(np.delete(means, [0, 1, 40]), (len(during), 1))
    )


def test_doses_take_the_strongest_first_and_contain_one_another():
    strength = np.array([0.1, -5.0, 2.0, 3.0, -0.2])
    neurons = np.array([True, True, True, False, True])
    doses = [np.flatnonzero(strongest(strength, neurons, share)).tolist() for share in (0, 0.25, 0.5, 0.75, 1)]
    assert doses == [[], [1], [1, 2], [1, 2, 4], [0, 1, 2, 4]]
    with pytest.raises(InputError, match="is no part of a network"):
        strongest(strength, neurons, 1.5)


# Hook hygiene


def hooks(lm):
    modules = [lm.model, lm.model.base_model, lm.model.get_input_embeddings(), *lm.down_projections]
    return [hook for module in modules for hook in (*module._forward_pre_hooks, *module._forward_hooks)]


def fail_inside(lm, outer):
    with applied(lm, silence(chosen(40)).at([0]), resample(chosen(41), DONORS)):
        assert not torch.equal(logits(lm), outer)
        raise RuntimeError("inside")


def test_blocks_nest_and_leave_nothing_behind(lm):
    before = logits(lm)
    with applied(lm, silence(chosen(0))):
        outer = logits(lm)
        with pytest.raises(RuntimeError, match="inside"):
            fail_inside(lm, outer)
        assert torch.equal(logits(lm), outer)
    assert torch.equal(logits(lm), before)
    assert not hooks(lm)


def test_nested_blocks_equal_one_block_of_both(lm):
    both = silence(chosen(0, 50)).at(slice(1, None)), add(chosen(0), 2.0)
    with applied(lm, *both):
        together = logits(lm)
    with applied(lm, both[0]), applied(lm, both[1]):
        assert torch.equal(logits(lm), together)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (silence(chosen(0, n=71)), r"names \(71,\) bool; this model needs \(72,\) bool"),
        (hold_at_mean(chosen(0), np.zeros(71)), r"constants have the shape \(71,\). Give one number, or 72"),
        (resample(chosen(0), DONORS[:, :5]), r"donors have the shape \(50, 5\). Give tokens × all 72 neurons"),
        (resample(chosen(0), DONORS[:0]), r"donors have the shape \(0, 72\)"),
    ],
)
def test_what_does_not_fit_leaves_no_hook_behind(lm, wrong, message):
    with pytest.raises(InputError, match=message), applied(lm, silence(chosen(0)).at([0]), wrong):
        pass
    assert not hooks(lm)


SETS = st.sets(st.integers(0, 71), max_size=72).map(lambda neurons: chosen(*neurons))


@settings(max_examples=25)
@given(SETS, st.floats(-3, 3), st.floats(-2, 2))
def test_only_the_set_changes_until_a_layer_reads_what_was_changed(lm, neurons, factor, constant):
    before = record(lm, TEXT).values
    during = recorded(lm, Intervention(neurons, factor, constant))
    changed = before * np.float32(factor) + np.float32(constant)
    reached = 24 * (1 + first) if (first := first_layer(lm, silence(neurons))) is not None else 72
    expected = np.where(neurons, changed, before)[:, :reached]
    np.testing.assert_allclose(during[:, :reached], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(record(lm, TEXT).values, before)


@settings(max_examples=15)
@given(SETS, SETS)
def test_silencing_two_sets_is_silencing_both_in_any_order(lm, one, other):
    both = recorded(lm, silence(one | other))
    for first, second in ((one, other), (other, one)):
        with applied(lm, silence(first), silence(second)):
            np.testing.assert_array_equal(record(lm, TEXT).values, both)


@settings(max_examples=25)
@given(SETS, st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000))
def test_doses_are_parts_of_the_set_and_of_one_another(neurons, one, other, seed):
    strength = np.random.default_rng(seed).normal(size=72)
    small, large = (strongest(strength, neurons, share) for share in sorted((one, other)))
    assert not (small & ~large).any()
    assert not (large & ~neurons).any()
    assert large.sum() == round(max(one, other) * neurons.sum())
    if small.any() and (neurons & ~small).any():
        assert np.abs(strength[small]).min() >= np.abs(strength[neurons & ~small]).max()
