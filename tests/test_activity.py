import numpy as np
import pytest
import torch
from conftest import third_party

from analysis import activity, datasets, models
from analysis.errors import InputError
from analysis.texts import Text, Word

CAT = Text(
    "The cats didn't see.",
    "demo",
    (
        Word("The", 0, 3, "the", "DET"),
        Word("cats", 4, 8, "cat", "NOUN"),
        Word("did", 9, 12, "do", "AUX"),
        Word("n't", 12, 15, "not", "PART"),
        Word("see", 16, 19, "see", "VERB"),
        Word(".", 19, 20, ".", "PUNCT"),
    ),
)
PLAIN = Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo")


def test_each_layer_stands_in_its_own_columns(lm):
    recorded = activity.record(lm, [PLAIN])
    ids = torch.tensor([lm.tokenizer(PLAIN.text).input_ids])
    seen = []
    handle = lm.down_projections[1].register_forward_pre_hook(lambda _module, args: seen.append(args[0][0]))
    lm.model(input_ids=ids)
    handle.remove()
    np.testing.assert_allclose(recorded.values[:, 24:48], seen[0].numpy(), atol=1e-6)
    assert recorded.layer_sizes == (24, 24, 24)
    assert (recorded.layer_of == np.repeat([0, 1, 2], 24)).all()


def test_batching_and_streaming_give_what_one_text_at_a_time_gives(lm):
    texts = [PLAIN, CAT, PLAIN, CAT, CAT]
    alone = np.concatenate([activity.record(lm, [text]).values for text in texts])
    for batch_tokens in (1, 40, 4096):
        together = activity.record(lm, texts, batch_tokens=batch_tokens)
        np.testing.assert_allclose(together.values, alone, atol=1e-5)
        streamed = [part.values for part in activity.stream(lm, texts, batch_tokens=batch_tokens)]
        np.testing.assert_allclose(np.concatenate(streamed), alone, atol=1e-5)
        assert len(streamed) == len(texts)


def test_recording_fills_the_array_it_is_given(lm):
    tokens, _ = activity.tokenize(lm, [PLAIN])
    out = np.zeros((len(tokens), 72), np.float32)
    assert activity.record(lm, [PLAIN], out=out).values is out
    assert np.abs(out).min(1).max() > 0
    with pytest.raises(InputError, match="these texts need float32"):
        activity.record(lm, [PLAIN], out=out[:-1])


def test_recording_changes_nothing_and_leaves_no_hook_behind(lm):
    ids = torch.tensor([lm.tokenizer(PLAIN.text).input_ids])
    before = lm.model(input_ids=ids).logits
    activity.record(lm, [PLAIN])
    assert torch.equal(before, lm.model(input_ids=ids).logits)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in lm.model.modules())


def test_hooks_go_when_the_model_fails(lm, monkeypatch):
    def fail(**_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(lm.model.base_model, "forward", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        activity.record(lm, [PLAIN])
    assert not any(module._forward_pre_hooks for module in lm.down_projections)


def test_every_piece_knows_its_word(lm):
    table = activity.record(lm, [CAT]).tokens
    assert table["word"].iloc[0] == -1  # the start token
    spelled = table[table["word"] >= 0].groupby("word")["piece"].sum().str.replace("Ġ", "")
    # A piece that runs over the end of a word ("didn", "'t") belongs to the word in which it begins.
    assert spelled.tolist() == ["The", "cats", "didn", "'t", "see", "."]
    assert (table["upos"].iloc[1:] == [CAT.words[w].upos for w in table["word"].iloc[1:]]).all()
    assert (table["position"] == np.arange(len(table))).all()


def test_words_of_a_real_tokenizer_and_treebank_are_found():
    lm = models.load_model(third_party("models/stories260K"))
    texts = datasets.load_texts(third_party("text/ud_english_ewt/en_ewt-ud-test.conllu"))[:400]
    table, _ = activity.tokenize(lm, texts)
    found = table[table["word"] >= 0].groupby("text")["word"].nunique()
    words = [len({(w.start, w.end) for w in text.words}) for text in texts]
    assert found.tolist() == words


def test_texts_are_cut_at_the_limit_and_at_the_context(lm):
    long = Text("The dog saw the cat. " * 40, "demo")
    assert len(activity.record(lm, [long], max_tokens=10).values) == 10
    assert len(activity.record(lm, [long]).values) == lm.context


def test_nothing_to_read(lm):
    with pytest.raises(InputError, match="There is no text to read"):
        activity.record(lm, [])
    with pytest.raises(InputError, match="No site is named 'mlp'"):
        activity.record(lm, [PLAIN], "mlp")
    with pytest.raises(InputError, match="max_tokens=0 leaves nothing"):
        activity.record(lm, [PLAIN], max_tokens=0)
