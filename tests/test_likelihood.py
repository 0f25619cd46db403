import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import likelihood
from analysis.errors import InputError
from analysis.likelihood import Request
from analysis.texts import Item, Text


def rows(batches):
    return [
        tuple(ids[: int(mask.sum())].tolist())
        for batch in batches
        for ids, mask in zip(batch.ids, batch.mask, strict=True)
    ]


def test_choices_of_one_token_are_one_row_that_ends_before_them(lm):
    requests = [Request((1, 2, 3, choice), 1) for choice in (4, 5, 6)]
    (batch,) = likelihood.arrange(lm, requests, 100)
    assert rows([batch]) == [(1, 2, 3)]
    assert (batch.rows.tolist(), batch.columns.tolist()) == ([0], [2])  # one place, whose logits are asked for once
    assert sorted(zip(batch.request.tolist(), batch.token.tolist(), strict=True)) == [(0, 4), (1, 5), (2, 6)]


def test_what_begins_another_row_is_contained_in_it(lm):
    requests = [Request((1, 2, 3), 1), Request((1, 2, 3, 4, 5), 2), Request((1, 2, 9), 1), Request((1, 7, 8), 2)]
    assert sorted(rows(likelihood.arrange(lm, requests, 100))) == [(1, 2, 3, 4), (1, 7)]
    apart = [Request(one.ids, one.n_scored, group) for group, one in enumerate(requests)]
    batches = likelihood.arrange(lm, apart, 100)
    assert sorted(rows(batches)) == [(1, 2), (1, 2), (1, 2, 3, 4), (1, 7)]
    groups = np.concatenate([batch.groups for batch in batches])
    assert rows(batches)[groups.tolist().index(1)] == (1, 2, 3, 4)


token_ids = st.lists(st.integers(3, 6), min_size=2, max_size=7).map(tuple)  # few tokens, so that many begin alike
requests = st.lists(
    token_ids.flatmap(lambda ids: st.builds(Request, st.just(ids), st.integers(1, len(ids) - 1))), min_size=1
)


@settings(max_examples=25)
@given(requests, st.sampled_from([1, 10, 200]))
def test_scores_are_those_of_each_request_alone(lm, wanted, batch_tokens):
    batches = likelihood.arrange(lm, wanted, batch_tokens)
    together = likelihood.log_likelihoods(lm, batches, len(wanted))
    for request, score in zip(wanted, together, strict=True):
        with torch.inference_mode():
            logp = lm.model(input_ids=torch.tensor([request.ids])).logits[0].log_softmax(-1)
        n = len(request.ids)
        alone = sum(logp[i - 1, request.ids[i]].item() for i in range(n - request.n_scored, n))
        assert score == pytest.approx(alone, abs=1e-4)
    assert all(batch.ids.numel() <= batch_tokens or len(batch.ids) == 1 for batch in batches)


def test_only_the_logits_that_count_are_computed(lm):
    seen = []
    handle = lm.model.lm_head.register_forward_hook(lambda _m, _args, output: seen.append(output.shape))
    items = [Item("t", "The dog saw the cat", (" the", " two"), 0), Item("t", "Nobody laughed", (" at", " and"), 0)]
    requests = likelihood.requests_of_items(lm, items)
    likelihood.log_likelihoods(lm, likelihood.arrange(lm, requests, 100), len(requests))
    handle.remove()
    assert [tuple(shape[:2]) for shape in seen] == [(1, 2)]
    assert not lm.model.lm_head._forward_pre_hooks


def test_texts_without_a_token_to_predict_are_named(lm):
    with pytest.raises(InputError, match="The text '' has no token to predict"):
        likelihood.requests_of_texts(lm, [Text("The dog", "x"), Text("", "x")])


def test_a_tokenizer_without_start_and_end_is_told_what_it_lacks(lm):
    class Bare:
        bos_token_id = eos_token_id = None
        backend_tokenizer = lm.tokenizer.backend_tokenizer

    bare = type(lm)("bare", lm.model, Bare(), lm.down_projections)
    with pytest.raises(InputError, match="'bare' has neither a start nor an end token"):
        likelihood.requests_of_items(bare, [Item("t", "", ("The dog", "The cat"), 0)])
