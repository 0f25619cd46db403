from dataclasses import replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis import language, plotting
from analysis.decomposition import spatial_ica, standardise
from analysis.errors import InputError
from analysis.networks import threshold
from analysis.recurrence import icasso, paper, repeats, stability, templates
from analysis.simulation import planted
from analysis.texts import Text

SIZES = (100, 200)


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    assert not plt.get_fignums()


@pytest.fixture(scope="module")
def activity():
    """Four networks of 50 neurons each, far from one another, in noise: sparse enough for a single text to show."""
    rng = np.random.default_rng(0)
    like, _ = planted(k=4, n_neurons=1000)
    maps = np.kron(np.eye(4), np.ones(50))
    maps = np.pad(maps, ((0, 0), (0, 800)))[:, rng.permutation(1000)]
    values = 2 * rng.standard_normal((len(like.tokens), 4)) @ maps + rng.standard_normal(like.values.shape)
    return standardise(replace(like, values=values.astype(np.float32)))


def decompose(part):
    return spatial_ica(part, 4, n_restarts=1)


def words(text):
    return len(text.split())


def mask(*neurons):
    made = np.zeros(300, bool)
    made[list(neurons)] = True
    return made


def test_the_papers_tables_are_as_printed():
    table = paper.paper_table()
    assert len(table) == 12
    assert all(len(counts) == 10 for tables in paper.PAPER.values() for counts in tables.values())
    assert table.loc[("GPT-2", "WikiText-2"), "most"] == 208
    assert table.loc[("ChatGLM3-6B-base", "CodeNet")].tolist() == [2, 2, 9]
    assert table.loc[("Qwen2.5-3B-Instruct", "AG News"), "counted"] == 178


def test_the_papers_count_counts_twice_and_pairing_does_not():
    known = np.stack([mask(*range(20)), mask(*range(10, 30))])  # they overlap each other by a third
    twice = np.stack([[mask(*range(20)), mask(*range(1, 20))]])  # one text, two copies of the first template
    table = templates.count(known, twice, SIZES, n_draws=20)
    assert table["counted"].tolist() == [2, 2]
    assert table["once"].tolist() == [1, 1]
    strict = templates.count(known, twice, SIZES, at=0.5, n_draws=20)
    assert strict["counted"].tolist() == [2, 0]
    assert strict["once"].tolist() == [1, 0]


def test_chance_is_that_of_random_sets_of_the_same_size_per_layer():
    rng = np.random.default_rng(0)
    known = np.stack([mask(*range(20))])
    random = rng.random((6, 3, 300)) < 0.1
    random[..., 100:] &= rng.random((6, 3, 200)) < 0.5
    table = templates.count(known, random, SIZES, at=0.05, n_draws=60)
    # in the first layer 20 of 100 neurons are the template's, so a fifth of what is drawn there is shared
    n_first = random[..., :100].sum(-1)
    n_all = random.sum(-1)
    expected = np.mean(n_first * 0.2 / (20 + n_all - n_first * 0.2))
    assert table["chance_overlap"].iloc[0] == pytest.approx(expected, rel=0.1)
    assert 0 < table["chance"].iloc[0] <= table["chance_high"].iloc[0] <= 18
    again = templates.count(known, random, SIZES, at=0.05, n_draws=60)
    pd.testing.assert_frame_equal(table, again)
    assert (
        templates.count(known, random, SIZES, at=0.05, n_draws=60, seed=1)["chance"].iloc[0] != table["chance"].iloc[0]
    )


def test_planted_networks_are_counted_in_each_text_and_signal_free_ones_are_not(activity):
    first, second = stability.halves(activity, 0)
    table = templates.compare(decompose(first), second, decompose, n_draws=20)
    assert (table["counted"] == 4).all()  # four texts, each with each network
    assert (table["once"] == 4).all()
    assert (table["signal_free"] == 0).all()
    assert (table["signal_free_high"] == 0).all()
    assert table["p"].tolist() == pytest.approx([1 / 21] * 4)
    assert (table["chance_high"] == 0).all()
    assert table["chance_overlap"].between(0.005, 0.04).all()


def test_a_count_is_held_against_the_largest_of_all_templates_in_each_draw(activity, monkeypatch):
    first, second = stability.halves(activity, 0)
    draws = iter([[9, 0, 0, 0]] * 2 + [[3, 0, 1, 3]] * 6 + [[0, 0, 0, 2]] * 12)
    monkeypatch.setattr(templates, "_hollow_count", lambda *_: np.array(next(draws)))
    table = templates.compare(decompose(first), second, decompose, n_draws=20)
    assert table["counted"].tolist() == [4] * 4
    assert table["p"].tolist() == pytest.approx([3 / 21] * 4)  # whichever template it is that reached 9
    assert table["signal_free_high"].tolist() == [9] * 4
    assert table["signal_free"].tolist() == pytest.approx([(18 + 18) / 20, 0, 6 / 20, (18 + 24) / 20])


def test_texts_without_co_activation_are_counted_no_more_than_chance_allows(activity):
    first, second = stability.halves(activity, 0)
    table = templates.compare(decompose(first), stability.shifted(second, 7), decompose, iou=0.05)
    assert table["signal_free"].sum() > 0  # at so low a limit some overlap by chance
    assert (table["p"] > 0.05).all()


def test_few_draws_can_show_nothing(activity):
    with pytest.raises(InputError, match="n_draws=10 cannot give a p below"):
        templates.compare(decompose(activity), activity, decompose, n_draws=10)


def test_more_text_gives_networks_more_like_the_templates():
    noisy = standardise(planted(k=4, n_neurons=1000, noise=6.0)[0])
    first, second = stability.halves(noisy, 0)
    table = templates.by_amount(second, decompose(first), decompose, [1, 2, 4, 50])
    assert table["texts"].value_counts().to_dict() == {1: 4, 2: 2, 4: 1}
    assert table.loc[table["texts"] == 2, "tokens"].tolist() == [160, 160]
    means = table.groupby("texts")["similarity"].mean()
    assert means[4] > means[1] + 0.05


def test_documents_stay_whole_in_the_two_parts(tmp_path):
    texts = [Text(f"text {n}", "d", document=name) for n, name in enumerate("aaabbcd")] + [Text("plain", "d")] * 2
    first, second = templates._parts(texts)
    assert not {t.document for t in first if t.document} & {t.document for t in second if t.document}
    assert sorted(map(len, (first, second))) == [4, 5]


def test_data_sets_are_read_in_two_parts_without_a_shared_text():
    found = templates.read_datasets("teaching:stories | teaching:reviews", words, 3)
    assert [each.name for each in found] == ["stories", "reviews"]
    for each in found:
        assert len(each.template) == len(each.individual) == 3
        assert not {text.text for text in each.template} & {text.text for text in each.individual}
        assert {text.domain for text in each.template} == {each.name}


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path):
    for folder in ("news", "films"):
        (tmp_path / folder).mkdir()
        lines = [text.text for text in language.passages("facts", "find", 8)]
        (tmp_path / folder / "test.txt").write_text("\n\n".join(lines))
    sources = f"{tmp_path}/news/test.txt|{tmp_path}/films/test.txt"
    found = templates.read_datasets(sources, words, 2)
    assert [each.name for each in found] == ["news/test", "films/test"]
    assert [(len(each.template), len(each.individual)) for each in found] == [(2, 2)] * 2


@pytest.mark.parametrize(
    ("sources", "n_texts", "message"),
    [
        ("teaching:stories", 4, "not two or more different data sets"),
        ("teaching:stories|teaching:stories", 4, "not two or more different data sets"),
        ("", 4, "not two or more different data sets"),
        ("teaching:stories|teaching:news", 1, "n_texts=1 cannot be split"),
        ("teaching:stories|no/such.txt", 4, "There is no file"),
    ],
)
def test_what_cannot_be_compared(sources, n_texts, message):
    with pytest.raises(InputError, match=message) as error:
        templates.read_datasets(sources, words, n_texts)
    assert "\n" not in str(error.value)


def test_a_file_with_too_few_passages(tmp_path):
    text = language.passages("facts", "find", 1)[0].text
    (tmp_path / "short.txt").write_text(f"{text}\n\n{text}")
    with pytest.raises(InputError, match="has 2 passages of 128 tokens, and 4 are needed"):
        templates.read_datasets(f"teaching:news|{tmp_path}/short.txt", words, 4)


def test_the_paper_decomposes_the_other_way(activity):
    spatial, temporal = (templates.decomposer(ica, 4)(activity) for ica in ("spatial", "temporal"))
    assert np.abs(spatial.maps - temporal.maps).max() > 0.01
    with pytest.raises(InputError, match=r"ica='both' is unknown\. Use spatial or temporal"):
        templates.decomposer("both", 4)


def test_pooled_texts_stay_apart_and_carry_their_data_set(activity):
    both = templates.pooled({"one": activity, "two": activity})
    assert both.tokens["text"].nunique() == 16
    assert both.tokens.groupby("text")["domain"].nunique().eq(1).all()
    assert both.tokens["domain"].value_counts().to_dict() == {"one": 640, "two": 640}
    assert (both.values[640:] == activity.values).all()


def test_a_recorded_text_has_no_first_token_and_is_standardised(lm):
    made = templates.read(
        lm, language.passages("stories", "find", 2), site="mlp_activation", max_tokens=40, constant="keep"
    )
    assert made.tokens["position"].min() == 1
    assert len(made.tokens) == 78
    np.testing.assert_allclose(made.values[:39].mean(0), 0, atol=1e-5)


@pytest.mark.parametrize("share", [0.025, 0.2, 0.4])
def test_solution_1_random_masks_overlap_by_p_over_two_minus_p(share):
    rng = np.random.default_rng(0)
    masks = rng.random((2, 400_000)) < share
    found = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    assert found == pytest.approx(share / (2 - share), abs=0.003)
    assert (found > 0.2) == (share > 1 / 3)


def test_solution_2_a_mirror_image_shares_no_positive_neuron(activity):
    own = decompose(activity).maps
    assert not (threshold(own, two_sided=False) & threshold(-own, two_sided=False)).any()
    assert (threshold(own) == threshold(-own)).all()


def test_solution_3_a_resample_shares_63_per_cent_of_its_texts_whatever_their_number():
    rng = np.random.default_rng(0)
    for n in (20, 500):
        shared = np.mean([len(np.unique(rng.integers(0, n, n))) / n for _ in range(300)])
        assert shared == pytest.approx(1 - np.exp(-1), abs=0.02)


def images(figure):
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.get_images()]


def test_counts_are_drawn_as_high_as_they_are(activity):
    first, second = stability.halves(activity, 0)
    table = templates.compare(decompose(first), second, decompose)
    figure = plotting.template_counts({"one": table, "two": table, "three": table})
    assert [bar.get_height() for bar in figure.axes[0].patches] == table["counted"].tolist()
    assert not figure.axes[3].get_visible()


def test_pairs_are_drawn_with_signs_made_to_agree(activity):
    found = decompose(activity)
    turned = replace(found, maps=-found.maps)
    first, second = images(plotting.pairs({"row": [(found, 1), (turned, 1)]}, columns=["a", "b"]))
    np.testing.assert_array_equal(first, second)
    assert 0 < (first != 0).mean() < 0.5


def test_tables_and_marks_show_what_they_are_given(activity):
    runs = [run.maps for run in icasso.bootstrap(activity, decompose, 3)]
    clusters = icasso.cluster(runs)
    figure = plotting.icasso(clusters, clusters, shown=4)
    assert images(figure)[0].shape == (12, 12)
    assert [bar.get_height() for bar in figure.axes[1].patches] == pytest.approx(clusters.score[:4].tolist())
    matrix = np.array([[0.9, 0.2], [0.2, 0.8]])
    written = [text.get_text() for text in plotting.across({"trained": matrix}, ["a", "b"], 0.1).axes[0].texts]
    assert written == ["0.90", "0.20", "0.20", "0.80"]
    found = repeats.leave_out([activity], decompose, n_splits=1, n_groups=3)
    table = repeats.beside(["set"], found, found)
    figure = plotting.untrained(table)
    assert figure.axes[0].lines[0].get_xdata()[0] == pytest.approx(table.loc["set", "trained"])


def test_lines_are_drawn_through_the_values(activity):
    halved = stability.trace(decompose(activity), *stability.decompose_halves(activity, decompose))
    figure = plotting.stability(halved, 0.5, np.full((3, 4), 0.7), 0.3)
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([0.7] * 4)
    figure = plotting.evidence({"restarts": (np.ones(4), np.zeros(4))})
    assert figure.axes[0].lines[1].get_ydata() == pytest.approx([0] * 4)
    curve = stability.model_order(activity, [2, 4], n_draws=20)
    figure = plotting.model_order(curve)
    assert figure.axes[0].lines[1].get_ydata().tolist() == curve["repeat"].tolist()
    amounts = templates.by_amount(activity, decompose(activity), partial(decompose), [1, 2])
    assert len(plotting.amount_of_text({"one": amounts}).axes[0].lines) == 2
