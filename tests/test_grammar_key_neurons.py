import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from analysis.errors import InputError
from analysis.grammar import key_neurons as keys
from analysis.grammar import key_null, key_overlap

TAGS = ("ADJ", "ADV", "NOUN", "VERB")


def words(n_lemmas=40, n_items=6):
    """Tags and lemmas of items: so many lemmas a tag, so many items a lemma."""
    lemmas = np.repeat([f"{tag}-{i}" for tag in TAGS for i in range(n_lemmas)], n_items)
    return np.repeat(TAGS, n_lemmas * n_items), lemmas


def noise(n_items, n_neurons, seed=0):
    return np.random.default_rng(seed).standard_normal((n_items, n_neurons)).astype(np.float32)


def planted():
    """Two layers of 100: neuron 7 serves all tags, 20 and 130 nouns, 40 verbs and adjectives."""
    tags, lemmas = words()
    scores = noise(len(tags), 200)
    scores[:, 7] += 9
    scores[np.ix_(tags == "NOUN", [20, 130])] += 9
    scores[np.isin(tags, ["VERB", "ADJ"]), 40] += 9
    return keys.counts(scores, tags, lemmas, (100, 100))


def word_tied(n_neurons=500, n_tied=10, seed=0):
    """Neurons that follow ten words each, whatever their part of speech."""
    tags, lemmas = words(50, 12)
    rng = np.random.default_rng(seed)
    tied = rng.random((n_neurons, 200)).argsort(axis=1)[:, :n_tied]
    follows = np.zeros((200, n_neurons), bool)
    follows[tied, np.arange(n_neurons)[:, None]] = True
    scores = noise(len(tags), n_neurons, seed) + 9 * np.repeat(follows, 12, axis=0)
    return keys.counts(scores, tags, lemmas, (n_neurons,))


def test_the_top_share_of_each_layer_is_counted_by_lexeme():
    scores = np.array([[3, 2, 1, -5, -1, -2], [1, 2, 3, 9, 8, 7], [3, 2, 1, 9, 8, 7], [1, 3, 2, 7, 8, 9]], float)
    tags, lemmas = ["NOUN", "NOUN", "NOUN", "VERB"], ["a", "a", "b", "a"]
    found = keys.counts(scores, tags, lemmas, (3, 3), share=1 / 3)
    assert found.lexemes.to_numpy().tolist() == [["NOUN", "a", 2, 2.0], ["NOUN", "b", 1, 1.0], ["VERB", "a", 1, 1.0]]
    assert found.used.tolist() == [[1, 0, 1, 1, 0, 0], [1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 1]]  # never a negative one
    used, n_items = found.by_tag()
    assert used.tolist() == [[2, 0, 1, 2, 0, 0], [0, 1, 0, 0, 0, 1]]
    assert n_items.ravel().tolist() == [3, 1]
    over_all = keys.counts(scores, tags, lemmas, (3, 3), share=1 / 3, scope="model")
    assert over_all.used[:, 3:].sum() > over_all.used[:, :3].sum()


@given(st.integers(1, 600), st.sampled_from([0.05, 0.3, 1.0]), st.integers(0, 99))
def test_each_item_keeps_its_share_whatever_the_blocks(n_items, share, seed):
    scores = np.abs(noise(n_items + 1, 60, seed))
    tags = ["A", *["B"] * n_items]
    found = keys.counts(scores, tags, [str(i % 7) for i in range(n_items + 1)], (40, 20), share=share)
    kept = found.used[:, :40].sum(), found.used[:, 40:].sum()
    assert kept == ((n_items + 1) * max(1, round(share * 40)), (n_items + 1) * max(1, round(share * 20)))


def test_neurons_planted_for_tags_are_found_and_named():
    found = planted()
    chosen = keys.select(found, share=0.03)
    assert found.tags == TAGS
    assert chosen.sum(1).tolist() == [6] * 4
    kind = keys.kinds(chosen)
    assert kind[[7, 20, 130, 40]].tolist() == ["general", "specific", "specific", "shared"]
    table = keys.describe(found, chosen).set_index("neuron")
    assert table.loc[[7, 20, 130, 40], "tags"].tolist() == ["ADJ ADV NOUN VERB", "NOUN", "NOUN", "ADJ VERB"]
    assert table.loc[130, ["layer", "NOUN"]].tolist() == [1, 1.0]
    assert (table.loc[20, ["ADJ", "ADV", "VERB"]].astype(float) < 0.1).all()
    assert set(table.index) == set(np.flatnonzero(chosen.any(0)))


def test_the_null_finds_the_planted_neurons_and_no_others():
    result = key_null.permutation(planted(), share=0.02, n_draws=200)
    assert np.flatnonzero(result.neurons["p_corrected"] < 0.05).tolist() == [20, 40, 130]
    statistics = result.statistics.set_index(["statistic", "layer", "tag", "other"])
    p = statistics["p_more"]
    assert p["selectivity", "all", "NOUN", "all"] == p["selectivity", 1, "NOUN", "all"] == 1 / 201
    assert p["selectivity", 1, "VERB", "all"] > 0.05
    assert statistics.loc[("general", 0, "all", "all"), "observed"] == 1
    # Where a neuron serves two tags only, fewer serve all than under exchanged tags.
    assert statistics["p_less"]["jaccard", 0, "ADV", "NOUN"] < 0.05
    assert result.n_draws == 200


def test_overlaps_and_kinds_are_counts_of_the_chosen():
    found = planted()
    chosen = keys.select(found, share=0.05, seed=3)
    statistics = key_null.permutation(found, share=0.05, n_draws=2, seed=3).statistics
    observed = statistics.set_index(["statistic", "layer", "tag", "other"])["observed"]
    for i, j in ((0, 1), (0, 3), (2, 3)):
        both = (chosen[i] & chosen[j])[100:].sum() / (chosen[i] | chosen[j])[100:].sum()
        assert observed["jaccard", 1, TAGS[i], TAGS[j]] == pytest.approx(both)
    for kind in keys.KINDS:
        assert observed[kind, "all", "all", "all"] == (keys.kinds(chosen) == kind).sum()
    used, n_items = found.by_tag()
    rate = used / n_items
    apart = (rate[2] - rate[[0, 1, 3]].mean(0))[chosen[2]].mean()
    assert observed["selectivity", "all", "NOUN", "all"] == pytest.approx(apart)
    assert observed.drop("all", level="layer")[keys.KINDS[0]].sum() == observed[keys.KINDS[0], "all", "all", "all"]


def test_chi_squared_is_that_of_the_table():
    found = planted()
    table = key_null.chi_squared(found)
    used, n_items = found.by_tag()
    for neuron in (3, 20, 40):
        reference = chi2_contingency(np.stack([used[:, neuron], n_items[:, 0] - used[:, neuron]]), correction=False)
        assert table.loc[neuron, "chi2"] == pytest.approx(reference.statistic, rel=1e-4)
        assert table.loc[neuron, "p"] == pytest.approx(reference.pvalue, rel=1e-2)
    assert table.loc[7, "p"] > 0.05
    assert table.loc[20, ["tag", "layer"]].tolist() == ["NOUN", 0]
    assert table.loc[20, "cramers_v"] > 0.9
    assert (table["q"] >= table["p"]).all()


def test_neurons_that_follow_words_pass_chi_squared_over_items_but_not_the_exchange_of_lexemes():
    found = word_tied()
    assert (key_null.chi_squared(found)["p"] < 0.05).mean() > 0.5
    assert (key_null.chi_squared(found)["q"] < 0.01).mean() > 0.2
    result = key_null.permutation(found, share=0.02, n_draws=200)
    assert 0.02 < (result.neurons["p"] < 0.05).mean() < 0.08
    assert (result.neurons["p_corrected"] < 0.05).mean() < 0.01


@pytest.mark.slow
def test_the_null_of_the_selectivity_is_calibrated():
    p = []
    for seed in range(60):
        table = key_null.permutation(word_tied(60, seed=seed), share=0.05, n_draws=99, seed=seed).statistics
        p.append(table.loc[(table["statistic"] == "selectivity") & (table["layer"] == "all"), "p_more"].to_numpy())
    rejected = (np.array(p) <= 0.05).mean(0)
    assert (rejected < 0.15).all()
    assert 0.4 < np.mean(p) < 0.6


def test_tags_are_exchanged_among_words_of_like_frequency():
    tags, lemmas = words(20, 5)
    # Nouns and adjectives are frequent, the others rare: a neuron of frequent words is not one of these tags.
    frequent = np.isin(tags, ["NOUN", "ADJ"])
    scores = noise(len(tags), 100)
    scores[frequent, 5] += 9
    within = keys.counts(scores, tags, lemmas, (100,), frequency=frequent.astype(float))
    assert key_null.permutation(within, 0.05, n_bins=2).neurons.loc[5, "p"] > 0.2
    assert key_null.permutation(within, 0.05, n_bins=1).neurons.loc[5, "p"] == 1 / 201


def test_halves_agree_on_what_is_planted_and_only_there():
    table = key_overlap.split_half(planted(), share=0.02).set_index(["tag", "other"])["jaccard"]
    assert table["NOUN", "NOUN"] > 0.5  # three of four: 7 and 20 in one layer, 130 in the other
    assert table["NOUN", "NOUN"] > table["NOUN", "VERB"] + 0.2
    assert table["ADJ", "VERB"] > table["ADV", "VERB"] + 0.1
    assert table["ADJ", "ADJ"] == pytest.approx(table["VERB", "ADJ"], abs=0.1)


def test_the_overlap_of_halves_is_that_of_sets():
    tags, lemmas = words()
    scores = np.zeros((len(tags), 100))
    scores[:, 7] = 1
    scores[tags == "NOUN", 20] = 1
    scores[tags == "VERB", 40] = 1
    table = key_overlap.split_half(keys.counts(scores, tags, lemmas, (100,)), share=0.02).set_index(["tag", "other"])
    wanted = {("NOUN", "NOUN"): 1, ("NOUN", "VERB"): 1 / 3, ("NOUN", "ADJ"): 1 / 2, ("ADJ", "ADV"): 1}
    assert {pair: table.loc[pair, "jaccard"] for pair in wanted} == pytest.approx(wanted)
    assert table["low"].equals(table["high"])


def test_ties_are_broken_by_lot_for_each_tag_alone():
    tags, lemmas = words(10, 2)
    scores = np.ones((len(tags), 400))  # all equal: nothing to choose by
    everywhere = keys.counts(scores, tags, lemmas, (400,), share=1.0)
    chosen = keys.select(everywhere, share=0.1)
    assert (chosen.sum(1) == 40).all()
    assert keys.kinds(chosen).tolist().count("general") < 5
    assert (chosen == keys.select(everywhere, share=0.1)).all()
    assert not keys.select(keys.counts(-scores, tags, lemmas, (400,)), share=0.1).any()


def test_what_does_not_fit_is_named():
    tags, lemmas = words(2, 2)
    scores = noise(len(tags), 10)
    with pytest.raises(InputError, match="do not go with 15 tags"):
        keys.counts(scores, tags[1:], lemmas, (10,))
    with pytest.raises(InputError, match="layers of 9 neurons"):
        keys.counts(scores, tags, lemmas, (5, 4))
    with pytest.raises(InputError, match="one tag"):
        keys.counts(scores, ["NOUN"] * len(tags), lemmas, (10,))
    with pytest.raises(InputError, match="share of 0"):
        keys.counts(scores, tags, lemmas, (10,), share=0)
    with pytest.raises(InputError, match="share of 2"):
        keys.select(keys.counts(scores, tags, lemmas, (10,)), share=2)
    single = keys.counts(scores[:5], tags[:5], lemmas[:5], (10,))
    with pytest.raises(InputError, match="'ADV' has one lemma"):
        key_overlap.split_half(single)
    scores[3, 3] = np.nan
    with pytest.raises(InputError, match="not all numbers"):
        keys.counts(scores, tags, lemmas, (10,))
