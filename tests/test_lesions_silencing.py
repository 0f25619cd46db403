"""Silencing and reading, and the sets that are silenced."""

from dataclasses import replace

import numpy as np
import pytest

from analysis import evaluation, models
from analysis.activity import record
from analysis.errors import InputError
from analysis.inference import mean_over_units
from analysis.interventions import applied, hold_at_mean, resample, silence
from analysis.kinds import Kind, read_kinds
from analysis.lesions import sets as lesion_sets
from analysis.lesions import silencing as lesions
from analysis.lesions.sets import Found
from analysis.lesions.silencing import Silencing, Usual
from analysis.networks import Networks
from analysis.texts import Item, Text

SIZES = (24, 24, 24)
RNG = np.random.default_rng(0)
TEXTS = [Text("The dog saw the cat.", "pets"), Text("Nobody laughed at the light house, and two dogs saw it.", "pets")]
USUAL = {"pets": Usual(RNG.random(72), RNG.random(72), RNG.random(72), RNG.random((9, 72)).astype(np.float32))}


def mask(*neurons):
    made = np.zeros(72, bool)
    made[list(neurons)] = True
    return made


def found(masks, maps=None, contribution=None):
    """Networks that were never found, but given."""
    masks = np.atleast_2d(masks)
    maps = masks.astype(np.float32) if maps is None else np.asarray(maps, np.float32)
    k = len(masks)
    networks = Networks(
        maps, np.zeros((0, k), np.float32), np.ones(k), SIZES, "mlp_activation", "tiny", np.full(k, np.nan), True
    )
    strength = np.arange(72.0) if contribution is None else contribution
    return Found("pets", networks, masks, replace(USUAL["pets"], contribution=strength))


def test_a_rise_is_the_difference_of_bits_per_byte(lm):
    lesion = silence(mask(1, 30, 60))
    before = evaluation.bits_per_byte(lm, TEXTS)["bits_per_byte"].to_numpy()
    with applied(lm, lesion):
        after = evaluation.bits_per_byte(lm, TEXTS)["bits_per_byte"].to_numpy()
    np.testing.assert_allclose(lesions.rise(lm, TEXTS, [lesion, None]), [after - before, [0, 0]], atol=1e-6)


def test_ways_to_silence_are_the_interventions_of_that_name(lm):
    neurons = mask(2, 40)
    ways = {
        "zero": silence(neurons),
        "mean": hold_at_mean(neurons, USUAL["pets"].mean),
        "resample": resample(neurons, USUAL["pets"].donors, 3),
    }
    for way, wanted in ways.items():
        made = Silencing(way, "mlp_activation", USUAL, 3).of(neurons, "pets")
        np.testing.assert_array_equal(lesions.rise(lm, TEXTS, [made]), lesions.rise(lm, TEXTS, [wanted]))


def test_each_kind_is_read_with_its_own_mean(lm):
    other = replace(USUAL["pets"], mean=np.zeros(72))
    silencing = Silencing("mean", "mlp_activation", USUAL | {"else": other})
    sets = np.stack([mask(2, 40), mask(5)])
    rises = lesions.rises(lm, {"pets": TEXTS, "else": TEXTS[:1]}, sets, silencing)
    assert {kind: values.shape for kind, values in rises.items()} == {"pets": (2, 2), "else": (2, 1)}
    np.testing.assert_allclose(rises["else"], lesions.rise(lm, TEXTS[:1], [silence(one) for one in sets]), atol=1e-6)
    assert not np.allclose(rises["pets"][:, :1], rises["else"])


def test_a_way_that_is_not_known_is_refused():
    with pytest.raises(InputError, match="operation='freeze' is unknown"):
        Silencing("freeze")
    with pytest.raises(InputError, match="usually do in 'news' is not known"):
        Silencing("mean", usual=USUAL).of(mask(1), "news")


def test_usual_activity_is_that_of_the_tokens(lm):
    activity = lesions.without_first(record(lm, TEXTS))
    usual = lesions.usual(lm, activity, n_donors=5)
    np.testing.assert_allclose(usual.mean, activity.values.mean(0), atol=1e-6)
    np.testing.assert_allclose(usual.variance, activity.values.var(0), atol=1e-6)
    assert usual.donors.shape == (5, 72)
    assert (usual.donors[0] == activity.values[0]).all()
    assert (activity.tokens["position"] > 0).all()
    kind = Kind("pets", find=TEXTS, tune=[], test=[])
    np.testing.assert_allclose(lesions.read_usual(lm, kind, "mlp_activation").mean, usual.mean, atol=1e-6)


def test_right_is_what_the_evaluation_says(lm):
    items = [Item("see", "The dog saw", (" the cat.", " nobody."), 0), Item("see", "The cats", (" see", " dogs"), 1)]
    answers = lesions.right(lm, {"see": items}, [None, silence(mask(*range(72)))])["see"]
    scores = evaluation.choice_scores(lm, items)
    assert answers.shape == (2, 2)
    assert answers[0].tolist() == [score.argmax() == item.answer for score, item in zip(scores, items, strict=True)]


def test_the_intact_model_writes_on_as_always_and_a_lesioned_one_does_not_touch_it(lm):
    made = {"nothing": None, "all": silence(mask(*range(72)))}
    table = lesions.written(lm, {"pets": "The dog"}, made, max_tokens=6)
    alone = evaluation.continue_text(lm, "The dog", max_tokens=6, temperature=0)
    assert table.loc["nothing", "pets"] == alone[len("The dog") :].strip()
    assert list(table.index) == ["nothing", "all"]


def test_networks_are_those_of_the_decomposition(lm):
    kind = Kind("pets", find=[Text(text.text * 3, "pets") for text in TEXTS] * 3, tune=[], test=[])
    one = lesion_sets.find(lm, kind, 3, at=1.5, constant="keep")
    assert one.masks.shape == (3, 72)
    np.testing.assert_array_equal(one.masks, np.abs(one.networks.maps) > 1.5)
    assert one.usual.donors.shape[1] == 72
    with pytest.raises(InputError, match="has no neuron beyond 50"):
        lesion_sets.find(lm, kind, 3, at=50, constant="keep")


def test_matched_sets_keep_layer_strength_and_overlap():
    networks = found([mask(0, 1, 30, 50), mask(1, 2, 30, 71)])
    sets = lesion_sets.matched(networks, 20)
    layers = np.repeat([0, 1, 2], 24)
    assert (sets.sum(-1) == 4).all()
    for layer in range(3):
        np.testing.assert_array_equal(
            sets[..., layers == layer].sum(-1), np.tile(networks.masks[:, layers == layer].sum(-1), (20, 1))
        )
    assert ((sets[:, 0] & sets[:, 1]).sum(-1) == 2).all()
    weak = sets[:, 0, :24] @ np.arange(24)
    assert weak.max() <= 2 * 4  # contribution rises with the number, so 0 and 1 are drawn from the weakest stratum


def test_strata_are_as_many_as_leave_something_to_draw():
    assert lesion_sets.most_strata(found(mask(0))) == 10
    assert lesion_sets.most_strata(found(mask(0, 1, 2, 3))) == 5  # quintiles of 24 hold 4 or 5 neurons, 0 to 4 here
    assert lesion_sets.most_strata(found(mask(*range(12)))) == 1
    with pytest.raises(InputError, match="nothing can be drawn"):
        lesion_sets.matched(found(mask(*range(24))), 2)


def test_looser_sets_are_matched_in_less():
    networks = found([mask(0, 1, 2)])
    sets = lesion_sets.looser(networks, 40)
    assert (sets["same size"].sum(-1) == 3).all()
    assert (sets["same size"][..., 24:].any(-1)).any()
    assert not sets["same size per layer"][..., 24:].any()


def test_rivals_have_as_many_neurons_in_each_layer(lm):
    kind = Kind("pets", find=[Text(text.text * 3, "pets") for text in TEXTS] * 3, tune=[], test=[])
    networks = found([mask(0, 1, 30), mask(50)])
    made = lesion_sets.rivals(lm, kind, networks, at=1.5, constant="keep")
    varied = made["largest variance"]
    np.testing.assert_array_equal(varied[:, :24].sum(-1), [2, 0])
    best = np.argsort(-networks.usual.variance[:24])[:2]
    assert varied[0, best].all()
    assert made["networks of the untrained model"].shape == (2, 72)


def test_doses_contain_one_another_and_end_with_the_network():
    maps = np.where(mask(3, 10, 20, 60), np.arange(72), 0)[None]
    networks = found(mask(3, 10, 20, 60), maps)
    doses = lesion_sets.doses(networks, 0, [0, 0.25, 0.5, 1], n_orders=3)
    assert doses.shape == (4, 4, 72)
    assert (doses.sum(-1) == [0, 1, 2, 4]).all()
    assert (doses[:, 1:] >= doses[:, :-1]).all()
    assert (doses[:, -1] == networks.masks[0]).all()
    assert np.flatnonzero(doses[0, 2]).tolist() == [20, 60]


def test_unions_grow_and_keep_leading_axes():
    masks = np.stack([mask(0), mask(1), mask(1, 2)])
    assert lesion_sets.unions(masks, [1, 3]).sum(-1).tolist() == [1, 3]
    assert lesion_sets.unions(np.stack([masks, masks[::-1]]), [1, 3]).sum(-1).tolist() == [[1, 3], [2, 3]]


@pytest.mark.slow
def test_half_precision_moves_effects_by_far_less_than_their_interval():
    """Measured: by .01 to .14 of half an interval over 8 texts; sets of 5 % have the small effects of controls."""
    full, half = (models.load_model("data/teaching-model", dtype=dtype) for dtype in ("float32", "bfloat16"))
    kinds = read_kinds(full, "teaching:reviews", "teaching:stories", n_find=3, n_tune=3, n_test=8)
    n_neurons = sum(full.layer_sizes("mlp_activation"))
    made = [silence(np.random.default_rng(seed).random(n_neurons) < 0.05) for seed in range(6)]
    for kind in kinds.values():
        exact, rough = (lesions.rise(lm, kind.test, made) for lm in (full, half))
        assert not np.array_equal(exact, rough)
        for effect, other in zip(exact, rough, strict=True):
            interval = mean_over_units(effect)
            assert abs(other.mean() - effect.mean()) < 0.3 * (interval.high - interval.low) / 2
