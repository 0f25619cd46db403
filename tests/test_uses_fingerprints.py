"""That planted kinship is found, strangers are not, and that a shared text makes strangers alike."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.activity import Activity
from analysis.errors import InputError
from analysis.texts import Text
from analysis.uses import fingerprints as fp
from analysis.uses import kin, origins
from analysis.uses.fingerprints import Fingerprint
from analysis.uses.origins import Member

N_TEXTS, N_TOKENS = 4, 150


def latent(seed, *, k=3):
    """Courses of k sources, text after text."""
    return np.random.default_rng(seed).laplace(size=(N_TEXTS * N_TOKENS, k))


def activity(sources, seed, *, width=150, noise=0.5):
    """Two layers of neurons; each source drives a few of them, so that these stand out beyond 3.6."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((sources.shape[1], width))
    order = rng.permutation(width)
    for source in range(sources.shape[1]):
        chosen = order[6 * source : 6 * source + 6]
        weights[source, chosen] = rng.uniform(2, 3, len(chosen))
    values = sources @ weights + noise * rng.standard_normal((len(sources), width))
    text = np.repeat(np.arange(N_TEXTS), N_TOKENS)
    tokens = pd.DataFrame({"text": text, "position": np.tile(np.arange(1, N_TOKENS + 1), N_TEXTS)})
    tokens["end"] = 3 * tokens["position"]
    return Activity(values.astype(np.float32), tokens, (width // 2, width - width // 2), "mlp_activation", f"m{seed}")


def member(origin, seed, *, text=None, relative="original", group="g", width=150):
    sources = latent(origin) if text is None else np.concatenate([latent(origin), text], axis=1)
    raw = activity(sources, seed, width=width)
    even = Activity(
        ((raw.values - raw.values.mean(0)) / raw.values.std(0)).astype(np.float32),
        raw.tokens,
        raw.layer_sizes,
        raw.site,
        raw.model,
    )
    return Member(str(origin), relative, group, raw, even)


def take(one, **options):
    return fp.fingerprint(one.raw, one.even, 3, **options)


@pytest.mark.parametrize("courses", ["mean activity of networks", "time courses of networks"])
def test_kin_score_high_with_neurons_in_another_order_and_number(courses):
    one, relative, stranger = member(0, 1), member(0, 2, width=200), member(5, 3)
    prints = [take(model, courses=courses) for model in (one, relative, stranger)]
    assert fp.score(prints[0], prints[1]) > 0.9
    assert fp.score(prints[0], prints[2]) < 0.3
    assert fp.score(prints[0], prints[0]) == pytest.approx(1)


def test_random_sets_of_neurons_do_not_find_kin():
    one, relative = member(0, 1), member(0, 2, width=200)
    at = {"courses": "random sets of neurons"}
    assert fp.score(take(one, **at), take(relative, **at)) < 0.6


def test_tokens_are_paired_by_the_character_where_both_end():
    one, other = np.array([2, 5, 6, 9, 12]), np.array([3, 5, 9, 11, 12])
    here, there = fp.aligned(one, other)
    assert one[here].tolist() == other[there].tolist() == [5, 9, 12]
    # Several tokens within one character end at one place: the last of them counts.
    here, _ = fp.aligned(np.array([2, 5, 5, 9]), np.array([5, 9]))
    assert here.tolist() == [2, 3]


def test_another_tokenizer_is_no_other_origin():
    rng = np.random.default_rng(0)
    course = rng.standard_normal((300, 2))
    fine = Fingerprint("fine", (course,), (np.arange(300),))
    rows = np.sort(rng.choice(300, 90, replace=False))  # a tokenizer that ends a token in fewer places
    coarse = Fingerprint("coarse", (course[rows],), (rows,))
    assert fp.score(fine, coarse) == pytest.approx(1)
    # Cut to the shorter one instead, as the paper's code does, they have nothing in common.
    naive = Fingerprint("naive", (course[rows],), (np.arange(90),))
    assert fp.score(fine, naive) < 0.4


def test_too_few_common_places_and_other_texts_are_refused():
    one = Fingerprint("one", (np.zeros((20, 2)),), (np.arange(20),))
    other = Fingerprint("other", (np.zeros((20, 2)),), (np.arange(15, 35),))
    with pytest.raises(InputError, match="5 places of text 0"):
        fp.score(one, other)
    with pytest.raises(InputError, match="same texts"):
        fp.score(one, Fingerprint("two", (np.zeros((20, 2)),) * 2, (np.arange(20),) * 2))


def test_no_network_beyond_the_threshold_is_refused():
    one = member(0, 1)
    noise = np.random.default_rng(0).uniform(-1, 1, one.raw.values.shape).astype(np.float32)
    flat = Activity(noise, one.raw.tokens, one.raw.layer_sizes, one.raw.site, "flat")
    with pytest.raises(InputError, match="beyond the threshold"):
        fp.fingerprint(flat, flat, 2)


def test_the_shifted_null_holds_its_level_for_slow_courses_of_strangers():
    """Courses that change slowly correlate by chance; shifting keeps that, so p is not too small."""
    rng = np.random.default_rng(0)
    ps = []
    for _ in range(60):
        slow = np.cumsum(rng.standard_normal((2, 2, 120, 4)), axis=2)
        slow -= np.linspace(0, 1, 120)[:, None] * slow[:, :, -1:]  # closed to a circle, as shifting takes it
        ends = (np.arange(120),) * 2
        one, other = (Fingerprint(str(n), tuple(slow[n]), ends) for n in range(2))
        draws = fp.shifted_scores(one, other, 39)
        ps.append((1 + (draws >= fp.score(one, other)).sum()) / 40)
    assert np.mean(np.array(ps) <= 0.05) < 0.15
    assert 0.35 < np.mean(ps) < 0.65


def test_a_shared_text_makes_strangers_alike_beyond_the_null_and_not_on_other_texts():
    text = latent(99, k=1)
    one, other = member(0, 1, text=text), member(5, 3, text=text)
    prints = [fp.fingerprint(model.raw, model.even, 4) for model in (one, other)]
    value = fp.score(*prints)
    assert value > 0.8
    assert value > fp.shifted_scores(*prints, 99).max()
    assert fp.other_text_scores(*prints).max() < 0.4


def test_a_position_effect_survives_other_texts_and_not_shifts():
    ramp = np.tile(np.exp(-np.arange(N_TOKENS) / 8), N_TEXTS)[:, None] * 6
    one, other = member(0, 1, text=ramp), member(5, 3, text=ramp)
    prints = [fp.fingerprint(model.raw, model.even, 4, courses="time courses of networks") for model in (one, other)]
    assert fp.other_text_scores(*prints).min() > fp.shifted_scores(*prints, 50).mean()


# --- pairs of models -------------------------------------------------------------------------------------------------


def models(n_origins=3):
    return [
        member(origin, 10 * origin + number, relative=relative, group="a" if origin < 2 else "b")
        for origin in range(n_origins)
        for number, relative in enumerate(["original", "fine-tuned"])
    ]


@pytest.fixture(scope="module")
def table():
    members = models()
    return members, origins.pairs(members, origins.take(members, 3))


def test_pairs_know_kin_and_name_strangers(table):
    _, found = table
    assert len(found) == 15
    assert found["is_kin"].sum() == 3
    assert set(found["relation"]) == {"same origin", "a × a", "a × b"}
    assert (found.loc[found["is_kin"], "change"] == "original and fine-tuned").all()
    assert origins.auc(found) == 1


def test_the_effect_counts_origins_and_permutes_them(table):
    members, found = table
    effect = origins.effect(members, found, n_draws=300)
    assert effect.n == 15
    assert effect.interval.estimate == 1
    assert effect.interval.low == pytest.approx(origins.auc_interval(1, 3, 3).low)
    assert effect.draws.mean() == pytest.approx(0.5, abs=0.06)
    # By lot the very same three couples come out once in 15 times.
    assert (effect.draws == 1).mean() == pytest.approx(1 / 15, abs=0.05)


def test_permuted_areas_are_those_of_the_library(table):
    members, found = table
    draws = origins.permuted_aucs(members, found, 5, seed=3)
    labels = np.random.default_rng(3).permuted(
        np.tile(pd.factorize(np.array([one.origin for one in members]))[0], (5, 1)), axis=1
    )
    for value, one in zip(draws, labels, strict=True):
        kin = one[found["first"]] == one[found["second"]]
        assert value == pytest.approx(origins.auc(found.assign(is_kin=kin)))


def test_kin_alone_or_strangers_alone_have_no_area(table):
    _, found = table
    with pytest.raises(InputError, match="both needed"):
        origins.auc(found[found["is_kin"]])
    with pytest.raises(InputError, match="two or more"):
        origins.auc_interval(1, 1, 5)


@pytest.mark.parametrize(("shift", "n"), [(0.0, 8), (1.0, 8), (2.0, 6), (1.0, 20)])
def test_the_interval_of_an_area_covers_it(shift, n):
    truth = norm.cdf(shift / np.sqrt(2))
    rng = np.random.default_rng(0)
    kin, strangers = rng.standard_normal((400, n, 1)) + shift, rng.standard_normal((400, 1, n))
    areas = (kin > strangers).mean((1, 2))
    intervals = [origins.auc_interval(float(area), n, n) for area in areas]
    covered = np.mean([one.low <= truth <= one.high for one in intervals])
    assert covered > 0.92


def test_the_interval_has_a_width_where_all_are_told_apart():
    assert 0.5 < origins.auc_interval(1.0, 5, 5).low < origins.auc_interval(1.0, 40, 40).low < 1
    assert origins.auc_interval(0.0, 5, 5).high == pytest.approx(1 - origins.auc_interval(1.0, 5, 5).low)


def test_the_roc_ends_in_both_corners(table):
    _, found = table
    roc = origins.curve(found)
    assert roc[["strangers", "kin"]].iloc[0].tolist() == [0, 0]
    assert roc[["strangers", "kin"]].iloc[-1].tolist() == [1, 1]


def test_fewer_texts_are_chosen_and_all_of_them_once():
    found = origins.by_number(models(2), 3, [1, 4, 9], n_choices=2)
    assert found["texts"].tolist() == [1, 1, 4]
    assert (found["auc"] == 1).all()
    assert (found["kin"] > found["strangers"]).all()


def test_relations_sum_up_pairs_with_kin_first(table):
    members, found = table
    nulls = origins.against_nulls(origins.take(members, 3), found, n_draws=30)
    summed = origins.relations(nulls)
    assert summed.index[0] == "same origin"
    assert summed["pairs"].sum() == 15
    assert summed.loc["same origin", "beyond cut"] == 1
    assert summed.loc["a × b", "beyond cut"] == 0
    assert summed.loc["same origin", "beyond null"] == 1
    assert summed.loc["a × b", "beyond null"] < 0.5


def test_other_courses_are_compared_as_well():
    found = origins.by_course(models(2), 3)
    assert list(found.index) == list(fp.COURSES)
    assert found.loc["mean activity of networks", "auc"] == 1
    assert found.loc["random sets of neurons", "kin"] < found.loc["mean activity of networks", "kin"]


def test_models_of_one_pattern_are_a_group(tmp_path, lm):
    for name in ("one", "two"):
        folder = tmp_path / "sisters" / name
        lm.model.save_pretrained(folder)
        lm.tokenizer.save_pretrained(folder)
    found = origins.load_all(f"{tmp_path}/sisters/* | {tmp_path}/sisters/one")
    assert {group: list(part) for group, part in found.items()} == {"sisters": ["one", "two"], "one": ["one"]}
    with pytest.raises(InputError, match="no model folder"):
        origins.load_all(f"{tmp_path}/nothing/*")


def test_reading_and_drift_start_at_the_model_itself(lm, monkeypatch):
    # The networks of a random model are not sparse enough for the paper's threshold.
    monkeypatch.setattr(fp, "COURSES", {"whole maps": fp.network_courses})
    texts = [
        Text("Nobody laughed at the light house, and two dogs saw the cat.", "demo"),
        Text("The cats didn't see the dog, and nobody saw the two cats.", "demo"),
    ]
    families = {"g": {"tiny": {"original": lm, "shuffled": kin.shuffled(lm)}}}
    members = origins.read_all(families, texts)
    assert [(one.group, one.origin, one.relative) for one in members] == [
        ("g", "tiny", "original"),
        ("g", "tiny", "shuffled"),
    ]
    tuned = {2: kin.fine_tuned(lm, texts, steps=2, learning_rate=1e-2)}
    faded = origins.drift(lm, tuned, texts, 2)
    assert faded["steps"].tolist() == [0, 2]
    assert faded["score"].iloc[0] == pytest.approx(1)
    assert faded["score"].iloc[1] < 1
