import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy.stats import ttest_ind

from analysis.activity import Activity, record
from analysis.errors import InputError
from analysis.grammar import glm
from analysis.grammar import words as words_
from analysis.language import passages
from analysis.models import load_model

TAGS = ["NOUN", "VERB", "ADJ"]
N_TEXTS, N_TOKENS, N_NEURONS = 40, 120, 300


def reading(seed=0, n_texts=N_TEXTS):
    """Words of one or two tokens after a start token; nouns are rarer and longer, begin texts, follow adjectives, and
    become more frequent as a text goes on.
    """
    rng = np.random.default_rng(seed)
    tokens, words = [], []
    for text in range(n_texts):
        tokens += [{"text": text, "position": position} for position in range(N_TOKENS)]
        at, previous = 1, ""
        while at < N_TOKENS - 1:
            noun = 0.8 if previous in {"ADJ", ""} else 0.1 + 0.4 * at / N_TOKENS
            likely = [noun, 0.4 * (1 - noun), 0.6 * (1 - noun)]
            upos = str(rng.choice(TAGS, p=likely))
            n_pieces = 1 + int(rng.random() < (0.6 if upos == "NOUN" else 0.2))
            words.append(
                {
                    "text": text,
                    "upos": upos,
                    "previous_upos": previous,
                    "first": at,
                    "last": at + n_pieces - 1,
                    "n_pieces": n_pieces,
                    "read_row": text * N_TOKENS + at + n_pieces - 1,
                    "log_frequency": rng.normal(-6 if upos == "NOUN" else -4),
                    "document": "",
                }
            )
            at, previous = at + n_pieces, upos
    return pd.DataFrame(tokens), pd.DataFrame(words)


def planted(arm, seed=0, n_texts=N_TEXTS):
    """Neurons that follow nouns (0) and verbs (1), and some that follow only what goes along with tags (2 to 6)."""
    tokens, words = reading(seed, n_texts)
    values = np.random.default_rng(seed + 1).standard_normal((len(tokens), N_NEURONS)).astype(np.float32)
    at = words["read_row"].to_numpy() if arm == "read" else words["read_row"].to_numpy() - words["n_pieces"].to_numpy()
    values[at, 0] += words["upos"] == "NOUN"
    values[at, 1] += words["upos"] == "VERB"
    values[:, 2] += tokens["position"] / 20
    values[at, 3] += words["log_frequency"]
    values[at, 4] += 3 * words["n_pieces"]
    values[at, 5] += 3 * (words["previous_upos"] == "ADJ")
    values[tokens["position"] == 0, 6] += 500
    return Activity(values, tokens, (200, 100), "mlp_activation", "planted"), words, at


@pytest.mark.parametrize("arm", ["predict", "read"])
def test_planted_neurons_are_found_and_those_of_confounds_are_not(arm):
    activity, words, at = planted(arm)
    maps = glm.fit(activity, words, TAGS, arm)
    noun = (words["upos"] == "NOUN").to_numpy()
    raw = ttest_ind(activity.values[at[noun]], activity.values[at[~noun]]).pvalue
    assert (raw[2:6] < 1e-3).all()  # without confounds they would pass for neurons of nouns
    assert maps.tags == tuple(TAGS)
    assert np.flatnonzero(maps.q[0] < 0.001).tolist() == [0, 1]
    assert (np.diag(maps.effect[:2, :2]) > 0.5).all()
    assert (maps.effect[[0, 1], [1, 0]] < 0).all()
    assert (maps.p[:, 2:7] > 0.01).all()
    assert (maps.q[:, 2:] < 0.05).mean() < 0.005
    assert 0.03 < (maps.p[:, 7:] < 0.05).mean() < 0.07
    assert maps.partial_r2[0].argmax() == 0
    assert abs(maps.partial_r2[:, 7:].mean()) < 0.003
    assert maps.account["texts"].tolist() == [N_TEXTS] * 3


def test_each_arm_sees_its_own_tokens():
    activity, words, _ = planted("read")
    words = words.assign(n_pieces=2, first=words["last"] - 1)  # so that the arms share no token of one word
    assert glm.fit(activity, words, TAGS, "predict").q[0, 0] > glm.fit(activity, words, TAGS, "read").q[0, 0]


def test_the_scale_of_a_neuron_changes_nothing_and_a_silent_one_has_no_effect():
    activity, words, _ = planted("read", n_texts=30)
    scaled = activity.values * np.linspace(0.01, 100, N_NEURONS, dtype=np.float32)
    scaled[:, 9] = 0
    ours = glm.fit(activity, words, TAGS, "read")
    other = glm.fit(Activity(scaled, activity.tokens, (200, 100), "mlp_activation", ""), words, TAGS, "read")
    rest = np.arange(N_NEURONS) != 9
    np.testing.assert_allclose(other.t[:, rest], ours.t[:, rest], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(other.effect[:, rest], ours.effect[:, rest], rtol=1e-3, atol=1e-4)
    assert (other.p[:, 9] == 1).all()
    assert (other.effect[:, 9] == 0).all()


def test_the_effect_is_that_of_least_squares():
    activity, words, _ = planted("read", n_texts=3)
    one = words[words["text"] == 0]
    matrix = glm.design(one, N_TOKENS, "read")
    maps = glm.fit(activity, words, TAGS, "read", min_documents=3)
    scale = activity.values[activity.tokens["position"] > 0].std(0)
    effects = []
    for text in range(3):
        part = words[words["text"] == text]
        matrix = glm.design(part, N_TOKENS, "read")
        beta = np.linalg.lstsq(matrix, activity.values[text * N_TOKENS :][:N_TOKENS] / scale, rcond=None)[0]
        n = part["upos"].value_counts()
        of = dict(zip(matrix.columns, beta, strict=True))
        others = (n["VERB"] * of["VERB"] + n["ADJ"] * of["ADJ"]) / (n["VERB"] + n["ADJ"])
        effects.append(of["NOUN"] - others)
    np.testing.assert_allclose(maps.effect[0], np.mean(effects, 0), atol=1e-4)
    t = np.mean(effects, 0) / (np.std(effects, 0, ddof=1) / np.sqrt(3))
    np.testing.assert_allclose(maps.t[0], t, rtol=1e-3)


def test_partial_r2_is_the_drop_in_residual_variance():
    activity, words, _ = planted("read", n_texts=3)
    two = words[words["upos"] != "ADJ"]
    maps = glm.fit(activity, two, ["NOUN", "VERB"], "read", min_documents=3)
    found = []
    for text in range(3):
        y = activity.values[text * N_TOKENS :][:N_TOKENS]
        full = glm.design(two[two["text"] == text], N_TOKENS, "read")
        less = full.assign(NOUN=full["NOUN"] + full["VERB"]).drop(columns="VERB")  # the contrast alone is gone
        rss, df = [], []
        for X in (less, full):
            beta, _, rank, _ = np.linalg.lstsq(X, y, rcond=None)
            rss.append(((y - X.to_numpy() @ beta) ** 2).sum(0))
            df.append(N_TOKENS - rank)
        found.append(1 - (rss[1] / df[1]) / (rss[0] / df[0]))
    np.testing.assert_allclose(maps.partial_r2[0], np.mean(found, 0), atol=1e-4)


def test_texts_that_lack_a_tag_are_left_out_of_its_contrast_only():
    activity, words, _ = planted("read")
    words = words[~((words["upos"] == "ADJ") & (words["text"] < 5))]
    words = words.assign(previous_upos=words["previous_upos"].where(words["text"] != 7, words["upos"]))
    account = glm.fit(activity, words, TAGS, "read").account.set_index("tag")
    assert account.loc["ADJ"].tolist() == [34, 34, 5, 1]
    assert account.loc["NOUN"].tolist() == [39, 39, 0, 1]  # in text 7 the tag before is the tag itself
    with pytest.raises(InputError, match="'ADJ' can be compared in 34 documents, fewer than 36"):
        glm.fit(activity, words, TAGS, "read", min_documents=36)


def test_texts_of_one_document_count_once():
    activity, words, _ = planted("read")
    paired = words.assign(document=(words["text"] // 2).map("d{}".format))
    maps = glm.fit(activity, paired, TAGS, "read", min_documents=20)
    alone = glm.fit(activity, words, TAGS, "read")
    assert maps.account[["texts", "documents"]].to_numpy().tolist() == [[40, 20]] * 3
    np.testing.assert_allclose(maps.effect, alone.effect, atol=1e-6)
    assert maps.p[0, 0] > alone.p[0, 0]


def test_what_cannot_be_compared_is_named():
    activity, words, _ = planted("read", n_texts=3)
    with pytest.raises(InputError, match="1 tags cannot be compared"):
        glm.fit(activity, words, ["NOUN", "NOUN"])
    for other in (words.iloc[:0], words.assign(last=words["last"] + 1), words.assign(read_row=words["read_row"] + 999)):
        with pytest.raises(InputError, match="does not belong to this activity"):
            glm.fit(activity, other, TAGS)
    with pytest.raises(InputError, match="'INTJ' can be compared in 0 documents"):
        glm.fit(activity, words, ["INTJ", "NOUN"], min_documents=1)


def test_the_teaching_model_answers_to_parts_of_speech_and_not_to_exchanged_ones():
    lm = load_model(ROOT / "data/teaching-model")
    texts = [text for domain in ("stories", "facts") for text in passages(domain, "find", 15, min_words=60)]
    activity = record(lm, texts, max_tokens=80)
    words = words_.word_table(lm, texts, max_tokens=80).table
    found = glm.fit(activity, words, ["NOUN", "VERB"], "read")
    assert (found.q < 0.05).mean() > 0.1
    exchanged = words.assign(upos=words.groupby("text")["upos"].transform(np.random.default_rng(0).permutation))
    assert (glm.fit(activity, exchanged, ["NOUN", "VERB"], "read").q < 0.05).mean() < 0.01
