import numpy as np
import pytest

from analysis.errors import InputError
from analysis.probing.pitfalls import chosen_on_the_tested, known_words


@pytest.fixture(scope="module")
def words():
    """Activity that knows words and nothing of tags: 60 lemmas of two tags, five items each."""
    rng = np.random.default_rng(0)
    lemmas = np.repeat([f"l{n}" for n in range(60)], 5)
    tags = np.repeat(["A", "B"], 150)
    features = np.repeat(rng.standard_normal((60, 400)), 5, 0) + 0.3 * rng.standard_normal((300, 400))
    return features.astype(np.float32), tags, lemmas


def test_neurons_chosen_on_the_tested_items_tell_tags_that_mean_nothing(words):
    table = chosen_on_the_tested(*words, 20).set_index(["tags", "chosen on"])["estimate"]
    for tags in ("real", "exchanged"):  # here the real tags mean nothing, too
        assert table[tags, "all items"] > 0.8
        assert table[tags, "all items"] > table[tags, "training items"] + 0.15
    assert table[:, "training items"].mean() == pytest.approx(0.5, abs=0.1)  # 60 words are few: single draws vary


def test_what_is_really_there_is_found_both_ways(words):
    features, tags, lemmas = words
    telling = features.copy()
    telling[:, :5] += 3 * (tags == "A")[:, None]
    table = chosen_on_the_tested(telling, tags, lemmas, 20).set_index(["tags", "chosen on"])["estimate"]
    assert table["real", "training items"] > 0.95
    assert table["exchanged", "training items"] < 0.75


def test_words_leak_through_a_random_split_only(words):
    features, tags, lemmas = words
    table = known_words({"words": features, "noise": features[:, ::-1] * 0 + 1}, tags, lemmas)
    accuracy = table.set_index(["features", "split"])["estimate"]
    assert accuracy["words", "items"] > 0.95
    assert accuracy["words", "lemmas"] < 0.65
    assert accuracy["noise", "items"] == pytest.approx(0.5, abs=0.05)
    assert table[["features", "split"]].to_numpy().tolist() == [
        ["words", "items"],
        ["words", "lemmas"],
        ["noise", "items"],
        ["noise", "lemmas"],
    ]


def test_units_do_not_matter_and_silent_neurons_do_no_harm(words):
    features, tags, lemmas = words
    scaled = np.column_stack([features * np.geomspace(1e-3, 1e3, 400), np.zeros(300)]).astype(np.float32)
    first, second = (chosen_on_the_tested(each, tags, lemmas, 20)["estimate"] for each in (features, scaled))
    np.testing.assert_allclose(first, second, atol=0.02)


@pytest.mark.parametrize("n", [0, 401])
def test_a_number_of_neurons_that_cannot_be_chosen_is_named(words, n):
    with pytest.raises(InputError, match=f"{n} of 400 neurons cannot be chosen"):
        chosen_on_the_tested(*words, n)
