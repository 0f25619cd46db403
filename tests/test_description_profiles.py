import numpy as np
import pandas as pd
import pytest

from analysis.decomposition import spatial_ica
from analysis.description import profiles
from analysis.errors import InputError
from analysis.networks import Networks
from analysis.simulation import planted
from analysis.texts import Text


def networks(courses):
    k = courses.shape[1]
    return Networks(
        np.zeros((k, 4), np.float32),
        courses.astype(np.float32),
        np.full(k, 0.1),
        (4,),
        "mlp_activation",
        "x",
        np.ones(k),
        converged=True,
    )


@pytest.fixture
def read():
    """Twenty texts of ten tokens, in which the first network is 2 higher at every VERB."""
    rng = np.random.default_rng(0)
    texts = [Text("abcdefghij", "demo")] * 20
    tokens = pd.DataFrame(
        {
            "text": np.repeat(np.arange(20), 10),
            "start": np.tile(np.arange(10), 20),
            "end": np.tile(np.arange(1, 11), 20),
            "upos": rng.choice(["NOUN", "VERB", ""], 200),
            "domain": "demo",
        }
    )
    courses = rng.standard_normal((200, 2))
    courses[:, 0] += 2 * (tokens["upos"] == "VERB")
    return networks(courses), tokens, texts


def test_the_profile_finds_what_was_put_in(read):
    found, tokens, _ = read
    table = profiles.profile(found, tokens, "upos").set_index(["network", "upos"])
    assert set(table.index.get_level_values("upos")) == {"NOUN", "VERB"}  # tokens without a tag are left out
    verb = found.time_courses[(tokens["upos"] == "VERB").to_numpy(), 0]
    assert table.loc[(1, "VERB"), "mean"] == pytest.approx(verb.mean(), abs=1e-6)
    assert table.loc[(1, "VERB"), "low"] > 1.2
    assert table.loc[(2, "VERB"), "low"] < 0 < table.loc[(2, "VERB"), "high"]
    assert table.loc[(1, "NOUN"), "n"] == (tokens["upos"] == "NOUN").sum()


def test_rare_kinds_are_left_out_and_missing_ones_named(read):
    found, tokens, _ = read
    tokens.loc[:4, "upos"] = "X"
    assert "X" not in set(profiles.profile(found, tokens, "upos")["upos"])
    with pytest.raises(InputError, match="The tokens have no 'lemma'"):
        profiles.profile(found, tokens, "lemma")
    with pytest.raises(InputError, match="The tokens have no 'upos'"):
        profiles.profile(found, tokens.assign(upos=""), "upos")


def test_top_tokens_are_the_strongest_of_each_text(read):
    found, tokens, texts = read
    top = profiles.top_tokens(found, tokens, texts, 1, n=3, width=2)
    course = pd.Series(np.abs(found.time_courses[:, 1]))
    expected = course.groupby(tokens["text"]).max().nlargest(3)
    np.testing.assert_allclose(top["z"].abs(), expected, atol=0.06)  # shown with one decimal
    row = top.iloc[0]
    assert row["before"] + row["token"] + row["after"] in "abcdefghij"
    assert len(profiles.top_table(found, tokens, texts, n=3)) == 6


def test_a_network_or_a_table_that_does_not_fit(read):
    found, tokens, texts = read
    with pytest.raises(InputError, match=r"There is no network 2\. Choose one from 0 to 1"):
        profiles.top_tokens(found, tokens, texts, 2)
    with pytest.raises(InputError, match="The table has 199 tokens, the time courses 200"):
        profiles.top_tokens(found, tokens.iloc[1:], texts, 0)


def test_intervals_cover_what_they_promise():
    """Over texts, not tokens: with a text effect, an interval over tokens would cover far too seldom."""
    covered = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        tokens = pd.DataFrame({"text": np.repeat(np.arange(40), 25), "upos": "NOUN", "domain": "demo"})
        course = np.repeat(rng.standard_normal(40), 25) + rng.standard_normal(1000)
        row = profiles.profile(networks(course[:, None]), tokens, "upos", n_boot=500, seed=seed).iloc[0]
        covered.append(row["low"] <= 0 <= row["high"])
    assert np.mean(covered) > 0.88


def test_profiles_of_a_real_decomposition():
    activity, _ = planted()
    found = spatial_ica(activity, 3)
    table = profiles.profile(found, activity.tokens, "domain")
    assert len(table) == 6
    assert (table["low"] <= table["mean"]).all()
    assert (table["mean"] <= table["high"]).all()


@pytest.fixture(scope="module")
def single():
    activity, _ = planted(k=4, n_texts=6, tokens_per_text=60, n_neurons=600, noise=1.5)
    found = spatial_ica(activity, 4, n_restarts=2)
    table = profiles.in_single_texts(found, activity)
    return table, table.groupby("compared")["r"].mean()


def test_single_texts_hold_the_groups_networks(single):
    _, r = single
    assert r["dual regression, with the group"] > 0.8
    assert r["alone, with the group"] > 0.6
    assert r["dual regression, with the next text"] > 0.6
    assert r["dual regression, another network of the next text"] < 0.25


def test_dual_regression_gives_back_part_of_what_it_was_given(single):
    """Its signal-free twin resembles the group, by about 1 / sqrt(1 + neurons / tokens); a decomposition's hardly."""
    _, r = single
    assert r["dual regression, with the group (shifted)"] > 0.15
    assert r["alone, with the group (shifted)"] < r["dual regression, with the group (shifted)"]
    assert r["dual regression, with the group (shifted)"] < r["dual regression, with the group"]


def test_single_texts_have_intervals_for_each_network(single):
    table, _ = single
    assert len(table) == 6 * 4
    assert (table["low"] <= table["r"]).all()
    assert (table["r"] <= table["high"]).all()
    assert set(table["network"]) == {1, 2, 3, 4}


def test_one_text_has_none_to_compare_with():
    activity, _ = planted(k=2, n_texts=2)
    found = spatial_ica(activity, 2, n_restarts=1)
    with pytest.raises(InputError, match="One text has none to be compared with"):
        profiles.in_single_texts(found, activity.where((activity.tokens["text"] == 0).to_numpy()))
