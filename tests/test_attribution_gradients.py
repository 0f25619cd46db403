import copy

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

from analysis.activity import record
from analysis.attribution.cases import Case, cases_of_words
from analysis.attribution.gradients import argmax_cases, completeness_table, integrated_gradients
from analysis.attribution.patching import Patch, patched, read_cases
from analysis.attribution.readout import log_probability_increase
from analysis.attribution.rivals import (
    activation_entropy,
    activity_before,
    gradient_times_activation,
    mean_difference,
    rank_agreement,
    single_ablation,
)
from analysis.attribution.shares import share_on
from analysis.errors import InputError
from analysis.families import PATHS
from analysis.interventions import applied, silence
from analysis.models import from_parts, load_model
from analysis.texts import Text
from analysis.tiny_models import tiny
from bench.attribution import naive, words_of_passages

# Unequal contexts and targets of one, two and three pieces, in no order.
CASES = [
    Case((0, 31, 7, 120, 55), (9, 14)),
    Case((0,), (200,)),
    Case((0, 5, 6, 8, 10, 11, 12, 90, 250, 3), (17,)),
    Case((0, 44, 45), (46, 47, 48)),
    Case((0, 61, 62, 63, 64, 65, 66), (67, 68)),
]
TEXTS = [Text("The dog saw the cat.", "x"), Text("Nobody laughed at the light house.", "x")]
SCORES = {
    "integrated gradients": lambda lm, cases: integrated_gradients(lm, cases, steps=20, max_steps=20).scores,
    "gradient times activation": gradient_times_activation,
    "log-probability increase": log_probability_increase,
    "single ablation": single_ablation,
}


def log_probability(lm, case):
    """Of the whole target, by teacher forcing, from one plain pass."""
    with torch.inference_mode():
        logits = lm.model(input_ids=torch.tensor([[*case.context, *case.target[:-1]]]), use_cache=False).logits[0]
    predicted = logits[len(case.context) - 1 :].double().log_softmax(-1)
    return float(predicted[range(len(case.target)), list(case.target)].sum())


@pytest.fixture(scope="module")
def vivid(lm):
    """The tiny model with larger weights, so that its answers are far from linear and differ between cases."""
    model = copy.deepcopy(lm.model)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight.mul_(8)
    return from_parts("vivid", model, lm.tokenizer)


# One of each way to attend: plain positions, rotation, half of it rotated beside the MLP, distances, windows, one
# head for all, keys shared between layers, recurrence.
KINDS = (
    "gpt2", "llama", "gpt_neox", "bloom", "mpt", "gpt_neo", "mistral", "gemma2", "gemma3n_text", "gpt_bigcode", "opt",
    "qwen3_5_text", "openai-gpt",
)  # fmt: skip
OTHERS = sorted(set(PATHS) - set(KINDS) - {"emu3_text_model"})  # which is a part of emu3 and no model by itself
FAMILIES = [*KINDS, *(pytest.param(family, marks=pytest.mark.slow) for family in OTHERS)]

# The third is longer than the window of the tiny models.
SMALL_CASES = [
    Case((3, 31, 7, 12, 55), (9, 14)),
    Case((4,), (20,)),
    Case((5, 6, 8, 10, 11, 12, 40, 25, 3, 44, 45, 46), (17,)),
    Case((6, 7, 8, 9, 10), (48, 49)),
]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_fast_way_equals_the_plain_way_in_every_family(family):
    lm = tiny(family)
    fast = integrated_gradients(lm, SMALL_CASES, steps=2, max_steps=2).scores
    plain = np.stack([naive(lm, case, 2) for case in SMALL_CASES])
    np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-5 * np.abs(plain).max())


def test_rows_share_a_context_wherever_attention_allows_it():
    def shares(lm):
        return [group.cache is not None for _, group in read_cases(lm, SMALL_CASES[1:3])]

    assert shares(tiny("llama")) == shares(tiny("gpt2")) == [True]
    assert shares(tiny("bloom")) == shares(tiny("qwen3_5_text")) == [False]
    mistral = tiny("mistral")  # with a window of 8 tokens
    assert [group.cache is not None for _, group in read_cases(mistral, SMALL_CASES)] == [False, True]
    falcon = tiny("falcon")
    assert shares(falcon) == [True]
    config = copy.deepcopy(falcon.model.config)
    config.alibi = True
    torch.manual_seed(0)
    lm = from_parts("falcon", transformers.AutoModelForCausalLM.from_config(config), falcon.tokenizer)
    assert shares(lm) == [False]
    fast = integrated_gradients(lm, SMALL_CASES, steps=2, max_steps=2).scores
    np.testing.assert_allclose(fast, np.stack([naive(lm, case, 2) for case in SMALL_CASES]), atol=1e-5)


@pytest.mark.parametrize("quantity", ["log_probability", "probability"])
def test_the_fast_way_equals_the_plain_way_where_the_model_is_far_from_linear(vivid, quantity):
    fast = integrated_gradients(vivid, CASES, quantity, steps=7, max_steps=7).scores
    plain = np.stack([naive(vivid, case, 7, quantity) for case in CASES])
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES.keys())
def test_scores_do_not_depend_on_their_company(vivid, score):
    together = score(vivid, CASES)
    assert together.dtype == np.float32
    assert together.shape == (5, 72)
    for row, case in enumerate(CASES):
        np.testing.assert_allclose(together[row], score(vivid, [case])[0], rtol=1e-3, atol=2e-5)


def test_scores_do_not_depend_on_the_size_of_a_batch(vivid):
    for function in (gradient_times_activation, single_ablation, log_probability_increase):
        small, large = (function(vivid, CASES, batch_positions=size) for size in (30, 10_000))
        np.testing.assert_allclose(small, large, rtol=1e-3, atol=2e-5)
    one, all_ = (
        integrated_gradients(vivid, CASES, steps=4, max_steps=16, batch_positions=size) for size in (1, 10_000)
    )
    np.testing.assert_array_equal(one.steps, all_.steps)
    np.testing.assert_allclose(one.scores, all_.scores, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("site", ["mlp_activation", "mlp_output"])
def test_scores_of_a_layer_sum_to_what_silencing_the_layer_takes_away(vivid, site):
    found = integrated_gradients(vivid, CASES, site=site)
    for layer, size in enumerate(found.layer_sizes):
        mask = np.zeros(sum(found.layer_sizes), bool)
        mask[layer * size : (layer + 1) * size] = True
        # In the last layer nothing before the last position matters for the first piece: silence it everywhere.
        if layer == vivid.n_layers - 1:
            for row in (1, 2):
                with applied(vivid, silence(mask, site)):
                    without = log_probability(vivid, CASES[row])
                lost = log_probability(vivid, CASES[row]) - without
                assert found.change[row, layer] == pytest.approx(lost, rel=1e-4, abs=1e-5)
    assert found.complete.all()
    sums = found.scores.reshape(5, 3, -1).sum(2)
    np.testing.assert_allclose(sums, found.change, rtol=0.021)


def test_more_steps_close_the_gap(vivid):
    gaps = [integrated_gradients(vivid, CASES, steps=n, max_steps=n).gap.max() for n in (2, 20, 200)]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 1e-3


def test_steps_are_doubled_only_where_the_gap_asks_for_it(vivid):
    found = integrated_gradients(vivid, CASES, steps=2, max_steps=64, tolerance=0.005)
    once = integrated_gradients(vivid, CASES, steps=2, max_steps=2, tolerance=0.005)
    assert set(np.unique(found.steps)) <= {2, 4, 8, 16, 32, 64}
    assert len(np.unique(found.steps)) > 2
    np.testing.assert_array_equal(found.steps == 2, once.complete)
    assert (found.complete | (found.steps == 64)).all()
    table = completeness_table(found)
    assert list(table.columns) == ["steps", "layer", "share", "n"]
    assert (table["n"] == len(CASES)).all()
    for _, layer in table.groupby("layer"):
        assert layer["share"].is_monotonic_increasing
    first = table[table["steps"] == 2].sort_values("layer")["share"]
    np.testing.assert_allclose(first, once.complete.mean(0))


def test_a_change_near_certainty_keeps_its_digits(lm):
    """With logits of 40 the difference of logit and logsumexp would be rounding and nothing else."""
    model = copy.deepcopy(lm.model)
    case = CASES[2]
    with torch.inference_mode():
        hidden = model.model(input_ids=torch.tensor([case.context])).last_hidden_state[0, -1]
    with torch.no_grad():
        model.lm_head.weight[case.target[0]] = 20 * hidden / hidden.dot(hidden)
    sure = from_parts("sure", model, lm.tokenizer)
    assert -1e-4 < log_probability(sure, case) < 0
    found = integrated_gradients(sure, [case], steps=40)
    assert found.complete.all()
    assert 0 < np.abs(found.change).max() < 1e-4


def test_the_first_piece_alone_is_not_the_word(vivid):
    """Later pieces count, and they feel the change through attention and not only through the first."""
    word = Case((0, 44, 45), (46, 47, 48))
    [(_, reading)] = read_cases(vivid, [word])
    assert float(reading.log_probability[0]) == pytest.approx(log_probability(vivid, word), rel=1e-5)
    zero = Patch(0, torch.tensor([0]), torch.zeros(1, 1, 24))
    without = float(patched(vivid, reading, [zero])[0, 0])
    last = [
        float(patched(vivid, one, [zero])[0, 0]) for _, one in read_cases(vivid, [Case(word.context, word.target[:2])])
    ]
    assert without != pytest.approx(last[0], abs=1e-3)


def wired(lm, strength, token=77, neuron=5):
    """Let one neuron of the last layer speak for one token, whatever the model reads."""
    model = copy.deepcopy(lm.model)
    mlp = model.model.layers[2].mlp
    with torch.no_grad():
        mlp.up_proj.weight[neuron] *= 40
        mlp.gate_proj.weight[neuron] = mlp.up_proj.weight[neuron]  # the same sign twice: never negative
        towards = model.lm_head.weight[token] / model.lm_head.weight[token].norm()
        mlp.down_proj.weight[:, neuron] = strength * towards
    return from_parts("wired", model, lm.tokenizer)


@pytest.mark.parametrize("name", SCORES)
def test_a_neuron_wired_to_a_word_comes_first_for_that_word_and_no_other(lm, name):
    planted = wired(lm, strength=0.1)
    scores = SCORES[name](planted, [Case(case.context, (77,)) for case in CASES])
    assert (scores.argmax(1) == 2 * 24 + 5).all()
    # For words that point the other way it is the last to be suspected.
    alike = torch.nn.functional.cosine_similarity(lm.model.lm_head.weight[[77]], lm.model.lm_head.weight)
    opposed = torch.nonzero(alike < -0.3).flatten().tolist()
    others = SCORES[name](planted, [Case(CASES[0].context, (token,)) for token in opposed[:20]])
    assert len(others) == 20
    assert (others.argmin(1) == 2 * 24 + 5).mean() > 0.5
    assert not (others.argmax(1) == 2 * 24 + 5).any()


def test_a_neuron_that_drowns_all_others_is_seen_along_the_path_and_not_at_its_end(lm):
    """The final norm takes out its size, so that the gradient at what it did is nil: why a path is integrated."""
    drowned = wired(lm, strength=30)
    cases = [Case(case.context, (77,)) for case in CASES[1:2]]
    found = {name: score(drowned, cases)[0] for name, score in SCORES.items()}
    for name in ("integrated gradients", "single ablation", "log-probability increase"):
        assert found[name].argmax() == 2 * 24 + 5, name
    assert found["gradient times activation"][2 * 24 + 5] < 1e-2 * found["single ablation"].max()


def test_single_ablation_is_what_silencing_the_neuron_does(vivid):
    lost = single_ablation(vivid, CASES[1:3])
    whole = [log_probability(vivid, case) for case in CASES[1:3]]
    for neuron in (0, 23, 24, 60, 71):
        mask = np.zeros(72, bool)
        mask[neuron] = True
        with applied(vivid, silence(mask)):
            without = [log_probability(vivid, case) for case in CASES[1:3]]
        assert lost[0, neuron] == pytest.approx(whole[0] - without[0], abs=1e-4)  # its context is one token long
        if neuron >= 48:  # what a last layer does at earlier tokens reaches nothing
            assert lost[1, neuron] == pytest.approx(whole[1] - without[1], abs=1e-4)


def test_gradient_times_activation_is_the_slope_of_scaling_a_layer(vivid):
    slopes = gradient_times_activation(vivid, CASES).reshape(5, 3, -1).sum(2)
    step = torch.tensor([[1 - 1e-2], [1 + 1e-2]])
    for rows, reading in read_cases(vivid, CASES):
        for layer in range(3):
            values = reading.activity[layer][:, None] * step
            low, high = patched(vivid, reading, [Patch(layer, torch.arange(len(rows)), values)]).T
            np.testing.assert_allclose(slopes[rows, layer], (high - low) / 2e-2, rtol=0.02, atol=2e-3)


# What an MLP gives is normalised or scaled before it is added, so that a neuron has no vector in the residual stream.
WITHOUT_VECTORS = {
    "exaone4", "gemma2", "gemma3", "gemma3_text", "gemma3n_text", "gemma4", "gemma4_text", "gemma4_unified",
    "gemma4_unified_text", "git", "glm4", "hyperclovax", "lfm3", "minicpm3", "olmo2", "olmo3",
    "olmo_hybrid", "openai-gpt", "rwkv",
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_log_probability_increase_is_what_the_model_says_of_a_neuron_alone(family):
    """In the last layer: all its neurons but one silent, against all silent."""
    lm, case = tiny(family), SMALL_CASES[2]
    if family in WITHOUT_VECTORS:
        with pytest.raises(InputError, match=r"scaled or normalised .* Use another score"):
            log_probability_increase(lm, [case])
        return
    module, size = lm.down_projections[-1], lm.layer_sizes("mlp_activation")[-1]
    if isinstance(module.bias, torch.Tensor):
        module.bias.zero_()  # it belongs to no neuron
    found = log_probability_increase(lm, [case])[0]
    silent = np.arange(len(found)) >= len(found) - size
    with applied(lm, silence(silent)):
        without = log_probability(lm, case)
    for neuron in (len(found) - size, len(found) - 1):
        alone = silent.copy()
        alone[neuron] = False
        with applied(lm, silence(alone)):
            assert found[neuron] == pytest.approx(log_probability(lm, case) - without, rel=1e-3, abs=5e-6)
    assert np.abs(found).max() > 1e-4


def test_log_probability_increase_at_the_output_site(vivid):
    found = log_probability_increase(vivid, CASES[2:3], "mlp_output")[0]
    silent = np.arange(48) >= 32
    alone = silent.copy()
    alone[40] = False
    values = []
    for mask in (alone, silent):
        with applied(vivid, silence(mask, "mlp_output")):
            values.append(log_probability(vivid, CASES[2]))
    assert found[40] == pytest.approx(values[0] - values[1], abs=1e-4)


def test_activity_is_that_of_the_token_before_the_word(vivid):
    recorded = record(vivid, TEXTS)
    table = pd.DataFrame({"text": [1, 0, 1], "first": [2, 1, 5], "last": [4, 1, 5]})
    found = activity_before(vivid, cases_of_words(vivid, TEXTS, table))
    for row, (text, first) in enumerate(zip(table["text"], table["first"], strict=True)):
        there = (recorded.tokens["text"] == text) & (recorded.tokens["position"] == first - 1)
        np.testing.assert_allclose(found[row], recorded.values[there][0], rtol=1e-4, atol=1e-6)


def test_half_precision_gives_float32(vivid):
    half = from_parts("half", copy.deepcopy(vivid.model).bfloat16(), vivid.tokenizer)
    for name, score in SCORES.items():
        coarse, fine = score(half, CASES), score(vivid, CASES)
        assert coarse.dtype == np.float32, name
        assert np.corrcoef(coarse.ravel(), fine.ravel())[0, 1] > 0.8, name


def hooks_and_gradients(lm):
    modules = list(lm.model.modules())
    return (
        sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in modules),
        sum(weight.requires_grad or weight.grad is not None for weight in lm.model.parameters()),
    )


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES.keys())
def test_nothing_is_left_behind_even_after_an_error(vivid, score, monkeypatch):
    score(vivid, CASES)
    assert hooks_and_gradients(vivid) == (0, 0)

    def fail(*_args, **_options):
        raise RuntimeError("inside")

    passes = {"left": 1}  # the plain reading succeeds, what follows fails
    plain = vivid.model.lm_head.forward

    def fail_later(*args, **options):
        passes["left"] -= 1
        return plain(*args, **options) if passes["left"] >= 0 else fail()

    monkeypatch.setattr(vivid.model.lm_head, "forward", fail_later)
    with pytest.raises(RuntimeError, match="inside"):
        score(vivid, CASES[1:3])
    assert hooks_and_gradients(vivid) == (0, 0)


def test_a_caller_who_turned_gradients_off_gets_the_same(vivid):
    expected = integrated_gradients(vivid, CASES).scores
    with torch.inference_mode():
        np.testing.assert_array_equal(integrated_gradients(vivid, CASES).scores, expected)
    with torch.no_grad():
        np.testing.assert_array_equal(integrated_gradients(vivid, CASES).scores, expected)


def test_the_argmax_is_the_token_that_the_model_would_write(vivid):
    for case, before in zip(argmax_cases(vivid, CASES), CASES, strict=True):
        with torch.inference_mode():
            logits = vivid.model(input_ids=torch.tensor([case.context])).logits[0, -1]
        assert case == Case(before.context, (int(logits.argmax()),))


def test_cases_of_words_are_contexts_and_pieces(lm):
    ids = [lm.tokenizer.backend_tokenizer.encode(text.text).ids for text in TEXTS]
    table = pd.DataFrame({"text": [1, 0], "first": [2, 1], "last": [4, 1], "upos": ["VERB", "NOUN"]})
    first, second = cases_of_words(lm, TEXTS, table)
    assert first == Case(tuple(ids[1][:2]), tuple(ids[1][2:5]))
    assert second == Case(tuple(ids[0][:1]), tuple(ids[0][1:2]))


@pytest.mark.parametrize("place", [(2, 1, 1), (-1, 1, 1), (0, 0, 0), (0, 2, 1), (0, 3, 99)])
def test_words_that_are_not_there(lm, place):
    table = pd.DataFrame([(0, 1, 1), place], columns=["text", "first", "last"])
    with pytest.raises(
        InputError, match=rf"Row 1 of the words is at tokens {place[1]} to {place[2]} of text {place[0]}"
    ):
        cases_of_words(lm, TEXTS, table)


def test_a_table_of_words_without_places(lm):
    with pytest.raises(InputError, match="no column 'first'"):
        cases_of_words(lm, TEXTS, pd.DataFrame({"text": [0], "last": [1]}))


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([], "There is no case to explain"),
        ([CASES[0], Case((), (3,))], "Case 1 has no context"),
        ([Case((3,), ())], "Case 0 has no target"),
        ([Case((3,) * 64, (3, 4))], r"64 tokens before a word of 2; 'tiny' reads 64\. Take the words from shorter"),
        ([CASES[0], Case((3,), (5000,))], "Case 1 has tokens that 'tiny' does not know"),
    ],
)
def test_cases_that_cannot_be_explained(lm, cases, message):
    for score in SCORES.values():
        with pytest.raises(InputError, match=message):
            score(lm, cases)


def test_settings_that_make_no_sense(lm):
    with pytest.raises(InputError, match="steps=20 and max_steps=10 do not fit"):
        integrated_gradients(lm, CASES, max_steps=10)
    for function in (integrated_gradients, gradient_times_activation, single_ablation):
        with pytest.raises(InputError, match=r"No quantity is named 'logit'\. Choose one of: log_probability"):
            function(lm, CASES, "logit")
        with pytest.raises(InputError, match="No site is named 'attention'"):
            function(lm, CASES, site="attention")


def test_mean_difference_has_the_known_values():
    activity = np.array([[0, 1], [2, 1], [4, 1], [10, 3]], np.float32)
    table = mean_difference(activity, ["A", "A", "B", "C"])
    assert list(table.index) == ["A", "B", "C"]
    np.testing.assert_allclose(table, [[3 + 9, 2], [3 + 6, 2], [9 + 6, 4]])
    pairs = [3 + 9 + 6, 0 + 2 + 2]  # the published score: over pairs of tags
    np.testing.assert_allclose(table.sum() / 2, pairs)


def test_activation_entropy_is_low_for_a_neuron_of_one_tag():
    tags = ["A"] * 4 + ["B"] * 2
    active = np.array([[1, 1, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]], bool)
    entropy = activation_entropy(active, tags)
    np.testing.assert_allclose(entropy, [0, np.log(2), np.nan, np.log(2)], atol=1e-6)
    assert np.argsort(entropy)[0] == 0
    assert np.argsort(entropy)[-1] == 2


def test_rank_agreement_sees_order_and_nothing_else():
    reference = np.random.default_rng(0).standard_normal((3, 500)).astype(np.float32)
    noise = np.random.default_rng(1).standard_normal((3, 500)).astype(np.float32)
    table = rank_agreement({"same": np.exp(reference), "opposite": -reference, "noise": noise}, reference)
    assert table.index.is_unique
    means = table.groupby("method")["correlation"].mean()
    assert means["same"] == pytest.approx(1)
    assert means["opposite"] == pytest.approx(-1)
    assert abs(means["noise"]) < 0.1
    assert len(table) == 9


def test_tags_and_scores_of_another_shape():
    activity = np.zeros((3, 2), np.float32)
    with pytest.raises(InputError, match="2 tags of 2 kinds do not fit 3 cases"):
        mean_difference(activity, ["A", "B"])
    with pytest.raises(InputError, match="at least two kinds"):
        activation_entropy(activity > 0, ["A"] * 3)
    with pytest.raises(InputError, match=r"'x' has scores of \(3, 1\), the reference of \(3, 2\)"):
        rank_agreement({"x": activity[:, :1]}, activity)


@pytest.mark.slow
def test_the_teaching_model_balances_its_books_and_agrees_with_ablation():
    lm = load_model("data/teaching-model")
    cases = words_of_passages(lm, 8)
    found = integrated_gradients(lm, cases)
    assert found.complete.mean() > 0.9
    np.testing.assert_allclose(
        integrated_gradients(lm, cases[:2], steps=4, max_steps=4).scores,
        np.stack([naive(lm, case, 4) for case in cases[:2]]),
        atol=1e-5,
    )
    reference = single_ablation(lm, cases)
    table = rank_agreement({"ours": found.scores, "activity": activity_before(lm, cases)}, reference)
    means = table.groupby("method")["correlation"].mean()
    assert means["ours"] > 0.5 > means["activity"]


def test_a_share_is_never_more_than_all():
    scores = np.array([[1.0, 0.0, 0.0], [0.99, 0.01, 0.0], [0.6, 0.2, 0.2], [0.98, 0.01, 0.01]])
    effect = share_on(scores, np.array([True, False, False]), np.eye(3, dtype=bool))
    assert 0 <= effect.interval.low < effect.interval.estimate < effect.interval.high <= 1
    np.testing.assert_allclose(effect.draws.sum(), 1)
