import numpy as np
import pandas as pd
import pytest
import torch
from test_activity import CAT, PLAIN

from analysis import activity
from analysis.errors import InputError
from analysis.grammar import words
from analysis.grammar.word_activity import at_words, joined
from analysis.texts import Text, Word

DOGS = Text(
    "two dogs laughed",
    "demo",
    (Word("two", 0, 3, "two", "NUM"), Word("dogs", 4, 8, "dog", "NOUN"), Word("laughed", 9, 16, "laugh", "VERB")),
    "",
    (0,),
)
TEXTS = [PLAIN, CAT, DOGS]


@pytest.fixture(scope="module")
def table(lm):
    return words.word_table(lm, TEXTS, min_lemmas=1).table


@pytest.mark.parametrize("site", ["mlp_activation", "mlp_output"])
def test_neurons_are_those_of_the_whole_recording(lm, table, site):
    whole = activity.record(lm, TEXTS, site).values
    seen = at_words(lm, TEXTS, table, site)
    np.testing.assert_allclose(seen.neurons["predict"], whole[table["predict_row"]], atol=1e-6)
    np.testing.assert_allclose(seen.neurons["read"], whole[table["read_row"]], atol=1e-6)
    assert seen.layer_sizes == lm.layer_sizes(site)
    assert len(seen.layer_of) == whole.shape[1]


def test_the_stream_begins_with_the_embedding_and_ends_after_the_last_norm(lm, table):
    seen = at_words(lm, TEXTS, table)
    ids = activity.tokenize(lm, TEXTS)[1]
    token = [ids[text][first - 1] for text, first in zip(table["text"], table["first"], strict=True)]
    embedding = lm.model.get_input_embeddings().weight[token]
    np.testing.assert_allclose(seen.stream["predict"][:, 0], embedding.numpy(), atol=1e-6)
    assert seen.stream["predict"].shape == (len(table), 4, 16)
    row = int(table.index[table["text"] == 1][0])
    logits = lm.model(torch.tensor([ids[1][: table["first"][row]]])).logits[0, -1]
    last = torch.from_numpy(seen.stream["predict"][row, -1])
    np.testing.assert_allclose(lm.model.lm_head(last).numpy(), logits.numpy(), atol=1e-5)


def test_company_order_and_batches_change_nothing(lm, table):
    whole = at_words(lm, TEXTS, table)
    turned = at_words(lm, TEXTS, table.iloc[::-1], batch_tokens=1)
    for arm in ("predict", "read"):
        np.testing.assert_allclose(turned.neurons[arm][::-1], whole.neurons[arm], atol=1e-6)
        np.testing.assert_allclose(turned.stream[arm][::-1], whole.stream[arm], atol=1e-6)


def test_sets_are_put_below_one_another(lm, table):
    parts = [at_words(lm, TEXTS, part) for _, part in table.groupby("text")]
    whole = at_words(lm, TEXTS, table)
    np.testing.assert_allclose(joined(parts).neurons["read"], whole.neurons["read"], atol=1e-6)
    np.testing.assert_allclose(joined(parts).stream["read"], whole.stream["read"], atol=1e-6)


def test_no_hook_stays(lm, table):
    before = [len(module._forward_pre_hooks) + len(module._forward_hooks) for module in lm.down_projections]
    at_words(lm, TEXTS, table)
    assert [len(m._forward_pre_hooks) + len(m._forward_hooks) for m in lm.down_projections] == before


def test_words_that_are_not_there_are_named(lm, table):
    with pytest.raises(InputError, match="There is no word"):
        at_words(lm, TEXTS, table.iloc[:0])
    with pytest.raises(InputError, match="A word is in text 2, but there are 2"):
        at_words(lm, TEXTS[:2], table)
    with pytest.raises(InputError, match="beyond its text's last token"):
        at_words(lm, TEXTS, table, max_tokens=2)
    with pytest.raises(InputError, match="No site is named 'head'"):
        at_words(lm, TEXTS, pd.DataFrame(table), "head")
