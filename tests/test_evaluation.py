import numpy as np
import pytest
import torch
from conftest import third_party

from analysis import datasets, evaluation, models
from analysis.errors import InputError
from analysis.texts import Item, Text

ITEMS = [
    Item("see", "The dog saw", (" the cat.", " nobody at the light house."), 0),
    Item("see", "The cats didn't ", ("see", "laugh at two dogs"), 1),
    Item("pair", "", ("The dog saw the cat.", "The dog the saw cat."), 0),
]


def naive(lm, context, choice):
    """One sequence at a time, no batch, no padding."""
    before = lm.tokenizer(context.rstrip()).input_ids
    ids = torch.tensor([lm.tokenizer(context + choice).input_ids])
    logp = lm.model(input_ids=ids).logits[0].log_softmax(-1)
    return sum(logp[i - 1, ids[0, i]].item() for i in range(len(before), ids.shape[1]))


@pytest.mark.parametrize("batch_tokens", [1, 60, 8192])
def test_scores_are_those_of_one_sequence_at_a_time(lm, batch_tokens):
    scores = evaluation.choice_scores(lm, ITEMS, batch_tokens=batch_tokens)
    for item, score in zip(ITEMS, scores, strict=True):
        expected = [naive(lm, item.context, choice) for choice in item.choices]
        np.testing.assert_allclose(score, expected, atol=1e-4)


def test_a_context_that_is_too_long_is_cut_on_the_left(lm):
    item = Item("long", "The dog saw the cat. " * 40, ("Nobody laughed.", "Two dogs."), 0)
    score = evaluation.choice_scores(lm, [item])[0]
    ids = lm.tokenizer(item.context + item.choices[0]).input_ids[-lm.context - 1 :]
    logp = lm.model(input_ids=torch.tensor([ids[:-1]])).logits[0].log_softmax(-1)  # the last one predicts nothing
    n = len(lm.tokenizer(item.context + item.choices[0]).input_ids) - len(lm.tokenizer(item.context.rstrip()).input_ids)
    expected = sum(logp[i - 1, ids[i]].item() for i in range(len(ids) - n, len(ids)))
    assert score[0] == pytest.approx(expected, abs=1e-4)


def test_right_gold_and_margin_of_many_scores():
    items = [Item("t", "c", (" a", " b", " d"), 0), Item("t", "c", (" a", " b"), 1)]
    one = np.array([[-1.0, -3.0, -2.0], [-1.0, -4.0, -np.inf]])
    scores = np.stack([one, [[-5.0, -3.0, -2.0], [-2.0, -1.5, -np.inf]]])
    assert evaluation.right(items, scores).tolist() == [[True, False], [False, True]]
    assert evaluation.gold_scores(items, scores).tolist() == [[-1.0, -4.0], [-5.0, -1.5]]
    assert evaluation.margins(items, scores).tolist() == [[1.0, -3.0], [-3.0, 0.5]]
    assert evaluation.accuracy_table(items, one).loc["t", "accuracy"] == 0.5


def test_accuracy_with_chance_majority_and_interval():
    items = [Item("t", "c", (" a", " b"), answer) for answer in (0, 0, 0, 1)]
    scores = [np.array([1.0, 0.0])] * 3 + [np.array([1.0, 0.0])]
    row = evaluation.accuracy_table(items, scores).loc["t"]
    assert (row["accuracy"], row["chance"], row["majority"], row["n"]) == (0.75, 0.5, 0.75, 4)
    assert row["low"] == pytest.approx(0.301, abs=0.001)  # Wilson, 3 of 4
    assert row["high"] == pytest.approx(0.954, abs=0.001)


def test_bits_per_byte_of_a_model_that_knows_nothing(lm):
    """Random weights are close to a uniform guess: log2 of the vocabulary per token."""
    table = evaluation.bits_per_byte(lm, [Text("The dog saw the cat.", "a"), Text("Nobody laughed — at dogs.", "b")])
    assert table["bytes"].tolist() == [20, 27]
    bits_per_token = table["nats"] / np.log(2) / table["tokens"]
    np.testing.assert_allclose(bits_per_token, np.log2(len(lm.tokenizer)), rtol=0.03)
    np.testing.assert_allclose(table["bits_per_byte"] * table["bytes"], bits_per_token * table["tokens"])


def test_a_real_model_prefers_stories_it_knows():
    lm = models.load_model(third_party("models/stories260K"))
    texts = datasets.load_texts(third_party("text/tinystories/stories_1000.json"))[:20]
    table = evaluation.bits_per_byte(lm, texts)
    perplexity = np.exp(table["nats"].sum() / table["tokens"].sum())
    assert 3.0 < perplexity < 6.0


def test_a_choice_without_a_token(lm):
    with pytest.raises(InputError, match="has no token of its own"):
        evaluation.choice_scores(lm, [Item("t", "The dog", ("", " saw"), 1)])


def test_a_real_model_writes_the_same_story_for_the_same_seed():
    lm = models.load_model(third_party("models/stories260K"))
    state = torch.get_rng_state()
    stories = [evaluation.continue_text(lm, "Once upon a time", max_tokens=20, seed=seed) for seed in (1, 1, 2)]
    assert stories[0] == stories[1] != stories[2]
    assert stories[0].startswith("Once upon a time")
    assert torch.equal(state, torch.get_rng_state())
    assert len(evaluation.continue_text(lm, "Once", max_tokens=3, temperature=0)) > len("Once")
