import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_selection import f_classif
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from analysis.errors import InputError
from analysis.probing.classifiers import (
    by_category,
    classify,
    homograph_fold,
    item_folds,
    lemma_folds,
    lexicon,
    majority,
    only_tested,
)
from analysis.probing.scores import (
    accuracy_of_draws,
    by_layer_and_size,
    compare,
    confusion,
    control_tags,
    difference,
    per_tag,
    selectivity,
)

TAGS = np.array(["ADJ", "ADV", "NOUN", "VERB"])


def planted(tag_signal=1.0, word_signal=0.0, *, n_lemmas=80, per_lemma=6, n_features=30, seed=0):
    """Activity that says the tag, the word, or both; each lemma has one tag."""
    rng = np.random.default_rng(seed)
    lemma = np.repeat(np.arange(n_lemmas), per_lemma)
    code = lemma % 4
    of_tag, of_word = rng.standard_normal((4, n_features)), rng.standard_normal((n_lemmas, n_features))
    features = tag_signal * of_tag[code] + word_signal * of_word[lemma] + rng.standard_normal((len(code), n_features))
    return features.astype(np.float32), TAGS[code], np.array([f"w{number}" for number in lemma])


def test_no_lemma_is_in_both_parts_and_each_item_is_tested_once():
    _, tags, lemmas = planted()
    folds = lemma_folds(tags, lemmas, seed=3)
    for train, test in folds:
        assert not set(lemmas[train]) & set(lemmas[test])
        assert set(tags[train]) == set(TAGS)
        assert len(train) + len(test) == len(tags)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(tags)))


def test_fresh_items_are_only_tested_and_the_others_train_only():
    _, tags, lemmas = planted()
    fresh = np.arange(len(tags)) % 2 == 0  # every lemma has items of both kinds
    folds = lemma_folds(tags, lemmas, fresh=fresh)
    for train, test in folds:
        assert fresh[test].all()
        assert not fresh[train].any()
        assert not set(lemmas[train]) & set(lemmas[test])
    assert sorted(np.concatenate([test for _, test in folds])) == list(np.flatnonzero(fresh))
    with pytest.raises(InputError, match="0 of 480 items are fresh"):
        lemma_folds(tags, lemmas, fresh=np.zeros(480, bool))


@pytest.mark.parametrize("classifier", ["logistic", "cav", "car"])
def test_tags_are_read_from_activity_for_lemmas_that_were_never_seen(classifier):
    features, tags, lemmas = planted(tag_signal=0.7)
    table = compare({"probe": classify(features, tags, lemma_folds(tags, lemmas), classifier)}, tags, lemmas)
    assert table.loc["probe", "low"] > 0.8
    assert table.loc["probe", ["n_items", "n_lemmas", "n_draws"]].tolist() == [480, 80, 1]


@pytest.mark.parametrize("classifier", ["logistic", "cav", "car"])
def test_knowing_words_looks_like_knowing_tags_when_items_are_split_at_random(classifier):
    features, tags, lemmas = planted(tag_signal=0, word_signal=2.0, n_features=120)
    leaked = classify(features, tags, item_folds(tags), classifier)
    honest = classify(features, tags, lemma_folds(tags, lemmas), classifier)
    table = compare({"leaked": leaked, "honest": honest}, tags, lemmas)
    assert table.loc["leaked", "low"] > 0.6
    assert table.loc["honest", "low"] < 0.25 < table.loc["honest", "high"]
    assert difference(leaked, honest, tags, lemmas).low > 0.3


def test_features_that_were_chosen_on_the_tested_items_seem_to_tell_tags_from_noise():
    rng = np.random.default_rng(1)
    _, tags, lemmas = planted(n_lemmas=60, per_lemma=3)
    noise = rng.standard_normal((len(tags), 3000)).astype(np.float32)
    folds = lemma_folds(tags, lemmas)

    def best(rows):
        return np.argsort(-f_classif(noise[rows], tags[rows])[0])[:30]

    arms = {on: classify(noise, tags, folds, choose=best, choose_on=on) for on in ("train", "all")}
    table = compare(arms, tags, lemmas)
    assert table.loc["all", "low"] > 0.5
    assert table.loc["train", "low"] < 0.25 < table.loc["train", "high"]


def test_units_do_not_matter_and_tested_items_do_not_influence_each_other():
    features, tags, lemmas = planted()
    folds = lemma_folds(tags, lemmas)[:1]
    before = classify(features, tags, folds)
    rescaled = features * np.geomspace(1e-3, 1e3, features.shape[1], dtype=np.float32) + 5
    assert (classify(rescaled, tags, folds) == before).mean() > 0.999
    changed = features.copy()
    changed[folds[0][1][0]] += 1000
    assert (classify(changed, tags, folds)[folds[0][1][1:]] == before[folds[0][1][1:]]).all()
    assert (before[folds[0][0]] == "").all()


def homographs(n_forms=12, per_cell=10):
    """Half of the forms are nouns and verbs, nouns twice as often; the other half is one of both."""
    form, tag = [], []
    for number in range(n_forms):
        if number % 2:
            form += [f"f{number}"] * 3 * per_cell
            tag += ["NOUN"] * 2 * per_cell + ["VERB"] * per_cell
        else:
            form += [f"f{number}"] * per_cell
            tag += [["NOUN", "VERB"][number // 2 % 2]] * per_cell
    return np.array(tag), np.array(form)


def test_homographs_are_the_same_form_with_another_tag_and_word_identity_is_no_help():
    tags, forms = homographs()
    folds = homograph_fold(tags, forms, forms)
    train, test = folds[0]
    assert set(forms[test]) == {f"f{number}" for number in range(1, 12, 2)}
    assert not set(forms[train]) & set(forms[test])
    assert all((tags[test][forms[test] == form] == "NOUN").sum() == 10 for form in set(forms[test]))
    by_form = only_tested(lexicon(forms, forms[test], tags[test]), folds)
    context = np.random.default_rng(0).standard_normal((len(tags), 4)) + 3 * (tags == "NOUN")[:, None]
    table = compare({"form": by_form, "context": classify(context, tags, folds)}, tags, forms)
    assert table.loc["form", "estimate"] == 0.5
    assert table.loc["context", "estimate"] > 0.95
    with pytest.raises(InputError, match="No form has two tags 11 times each"):
        homograph_fold(tags, forms, forms, least=11)


def test_lemmas_of_homographs_do_not_train_under_another_form():
    tags, forms = homographs()
    lemmas = np.where(np.isin(forms, ["f0", "f1"]), "shared", forms)
    train, test = homograph_fold(tags, forms, lemmas)[0]
    assert "f1" in forms[test]
    assert "f0" not in forms[train]


def test_what_needs_no_activity():
    tags = np.array(["NOUN"] * 6 + ["VERB"] * 4)
    before = np.array(["the"] * 5 + ["to"] + ["to"] * 3 + ["the"])
    folds = [(np.arange(10), np.arange(10))]
    assert (majority(tags, folds) == "NOUN").all()
    assert by_category(before, tags, folds).tolist() == ["NOUN"] * 5 + ["VERB"] * 4 + ["NOUN"]
    unseen = np.where(np.arange(10) < 8, before, "unseen")
    assert by_category(unseen, tags, [(np.arange(8), np.arange(8, 10))])[8] in {"NOUN", "VERB"}
    found = lexicon(np.array(["run", "dog", "zyx"]), np.array(["run", "run", "run", "dog"]), tags[[6, 7, 0, 1]])
    assert found.tolist() == ["VERB", "NOUN", "NOUN"]


def test_two_context_columns_tell_more_than_either():
    rng = np.random.default_rng(2)
    columns = rng.choice(["a", "b"], (900, 2))
    tags = TAGS[(columns == "a") @ np.array([1, 2])]
    folds = item_folds(tags)
    both, first = by_category(columns, tags, folds), by_category(columns[:, 0], tags, folds)
    assert (both == tags).all()
    assert 0.3 < (first == tags).mean() < 0.7


def test_the_table_holds_every_arm_to_the_same_items():
    features, tags, lemmas = planted()
    folds = lemma_folds(tags, lemmas)
    draws = np.stack([classify(features[:, columns], tags, folds) for columns in ([0, 1], [2, 3], [4, 5])])
    arms = {"all": classify(features, tags, folds), "pairs": draws, "majority": majority(tags, folds), "gold": tags}
    table = compare(arms, tags, lemmas)
    each = accuracy_of_draws(draws, tags)
    assert table.loc["pairs", ["estimate", "least", "most"]].tolist() == pytest.approx(
        [each.mean(), min(each), max(each)]
    )
    assert table.loc["pairs", "n_draws"] == 3
    assert table.loc["majority", "balanced"] == pytest.approx(0.25, abs=0.01)
    assert table.loc["gold", ["estimate", "high", "f1"]].tolist() == [1, 1, 1]
    assert 0.9 < table.loc["gold", "low"] < 1  # 80 lemmas that are all right do not prove that every lemma is
    with pytest.raises(InputError, match="'part' does not test the items that 'all' tests"):
        compare({"all": arms["all"], "part": only_tested(tags, folds[:1])}, tags, lemmas)
    assert difference(arms["all"], draws, tags, lemmas).low > 0
    assert difference(draws, draws, tags, lemmas).estimate == 0


def test_the_interval_is_over_lemmas_not_items():
    rng = np.random.default_rng(4)
    lemmas = np.repeat([f"w{number}" for number in range(20)], 50)
    tags = np.where(np.arange(1000) % 2, "NOUN", "VERB")
    known = np.repeat(rng.random(20) < 0.7, 50)  # whole lemmas are right or wrong
    predictions = np.where(known, tags, "ADJ")
    table = compare({"by lemma": predictions}, tags, lemmas)
    by_item = compare({"by item": predictions}, tags, np.arange(1000).astype(str))
    width = [found["high"].iloc[0] - found["low"].iloc[0] for found in (table, by_item)]
    assert width[0] > 5 * width[1]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from([*TAGS, "DET"])), min_size=12, max_size=60))
def test_scores_of_tags_are_those_of_scikit_learn(pairs):
    tags, predictions = (np.array(column) for column in zip(*pairs, strict=True))
    found = per_tag(predictions, tags)
    known = precision_recall_fscore_support(tags, predictions, labels=found.index, zero_division=0)
    np.testing.assert_allclose(found.to_numpy().T, known)
    np.testing.assert_allclose(confusion(predictions, tags).sum(axis=1), 1)
    table = compare({"a": predictions}, tags, np.arange(len(tags)).astype(str))
    assert table.loc["a", "balanced"] == pytest.approx(found["recall"].mean())
    assert table.loc["a", "balanced_low"] - 1e-9 <= table.loc["a", "balanced"] <= table.loc["a", "balanced_high"] + 1e-9


@pytest.mark.slow
def test_intervals_of_balanced_accuracy_cover():
    rng = np.random.default_rng(5)
    recall = {"NOUN": 0.8, "VERB": 0.5}
    covered = 0
    for seed in range(600):
        of_lemma = np.where(np.arange(60) < 45, "NOUN", "VERB")
        size = rng.integers(1, 9, 60)
        ability = np.array([rng.beta(4 * recall[tag], 4 * (1 - recall[tag])) for tag in of_lemma])
        right = rng.random(size.sum()) < np.repeat(ability, size)
        tags, lemmas = np.repeat(of_lemma, size), np.repeat(np.arange(60).astype(str), size)
        predictions = np.where(right, tags, np.where(tags == "NOUN", "VERB", "NOUN"))
        table = compare({"a": predictions}, tags, lemmas, seed=seed)
        covered += table.loc["a", "balanced_low"] <= 0.65 <= table.loc["a", "balanced_high"]
    assert 0.91 <= covered / 600 <= 0.98
    assert balanced_accuracy_score(tags, predictions) == pytest.approx(table.loc["a", "balanced"])


def test_the_control_task_gives_each_word_one_tag_and_keeps_how_many_have_which():
    rng = np.random.default_rng(6)
    words = rng.choice([f"w{number}" for number in range(200)], 3000, p=rng.dirichlet(np.ones(200)))
    tag_of = dict(zip(np.unique(words), rng.choice(TAGS, 200, p=[0.1, 0.1, 0.5, 0.3]), strict=False))
    tags = np.array([tag_of[word] for word in words])
    given_tags = control_tags(tags, words, seed=1)
    new = dict(zip(words, given_tags, strict=True))
    assert all(new[word] == tag for word, tag in zip(words, given_tags, strict=True))
    assert sorted(new.values()) == sorted(tag_of[word] for word in new)
    share = [(labels == "NOUN").mean() for labels in (tags, given_tags)]
    assert abs(share[0] - share[1]) < 0.06  # words of like frequency exchanged tags
    same = np.mean([new[word] == tag_of[word] for word in new])
    assert same < 0.55  # .36 is expected of chance
    assert (control_tags(tags, words, seed=2) != given_tags).any()


def test_a_probe_of_words_is_not_selective_and_a_probe_of_tags_is():
    features, tags, lemmas = planted(tag_signal=0, word_signal=2.0, n_features=200)
    by_heart = selectivity(features, tags, lemmas, n_draws=3)
    assert by_heart.loc["control", "estimate"] > 0.9
    assert by_heart.loc["selectivity", "high"] < 0.1
    features, tags, lemmas = planted(tag_signal=1.0)
    of_tags = selectivity(features, tags, lemmas, n_draws=3)
    assert of_tags.loc["real", "low"] > 0.9
    assert of_tags.loc["selectivity", "low"] > 0.4
    with pytest.raises(InputError, match="Too few words occur twice"):
        selectivity(features, tags, np.arange(len(tags)).astype(str))


def test_the_layer_and_the_size_that_matter_show():
    rng = np.random.default_rng(7)
    _, tags, lemmas = planted(n_lemmas=60, per_lemma=4)
    features = rng.standard_normal((len(tags), 30))
    layer_of, rank = np.repeat([0, 1, 2], 10), np.tile(rng.permutation(10), 3)
    for place, tag in enumerate(TAGS):
        features[:, (layer_of == 1) & (rank == place)] += 4.0 * (tags == tag)[:, None]
    folds = lemma_folds(tags, lemmas)
    table = by_layer_and_size(features, layer_of, rank, [1, 4], tags=tags, lemmas=lemmas, folds=folds)
    accuracy = table.set_index(["layer", "k"])["estimate"]
    assert len(table) == 8
    assert accuracy[2, 4] > 0.9
    assert accuracy[0, 4] > 0.9
    assert accuracy[2, 1] < 0.7
    assert accuracy[[(1, 1), (1, 4), (3, 1), (3, 4)]].max() < 0.45
    with pytest.raises(InputError, match="k=0 leaves no neuron"):
        by_layer_and_size(features, layer_of, rank, [0], tags=tags, lemmas=lemmas, folds=folds)
    with pytest.raises(InputError, match="29 features, 30 layers and 30 ranks do not fit"):
        by_layer_and_size(features[:, 1:], layer_of, rank, [1], tags=tags, lemmas=lemmas, folds=folds)


def test_what_cannot_be_probed_is_said_in_one_line():
    features, tags, lemmas = planted()
    folds = lemma_folds(tags, lemmas)
    rare = tags.copy()
    rare[lemmas == "w0"] = "INTJ"
    with pytest.raises(InputError, match="INTJ has 1 lemmas, too few for 5 folds"):
        lemma_folds(rare, lemmas)
    with pytest.raises(InputError, match="need two tags or more"):
        lemma_folds(np.full(480, "NOUN"), lemmas)
    with pytest.raises(InputError, match="differ in number"):
        lemma_folds(tags, lemmas[1:])
    with pytest.raises(InputError, match=r"Features of shape \(479, 30\) do not fit 480 tags"):
        classify(features[1:], tags, folds)
    with pytest.raises(InputError, match="not finite"):
        classify(np.where(features > 3, np.nan, features), tags, folds)
    with pytest.raises(InputError, match="All training items are NOUN"):
        classify(features, tags, [(np.flatnonzero(tags == "NOUN"), np.array([0]))])
    with pytest.raises(InputError, match="trains on 0 and tests 480"):
        majority(tags, [(np.array([], int), np.arange(480))])
    with pytest.raises(InputError, match="are empty or do not fit"):
        compare({"none": np.full(480, "")}, tags, lemmas)
    with pytest.raises(InputError, match="do not test the same items"):
        difference(tags, only_tested(tags, folds[:1]), tags, lemmas)
