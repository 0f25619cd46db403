import numpy as np
import pytest
from test_lesions_silencing import TEXTS, USUAL, found, mask

from analysis.kinds import Kind
from analysis.lesions import curves, sets
from analysis.lesions import silencing as lesions
from analysis.lesions import study as lesion_study
from analysis.lesions.silencing import Silencing
from analysis.texts import Text

MASKS = np.stack([mask(0, 5, 30, 61), mask(5, 31, 60)])
MORE = [*TEXTS, Text("Two dogs saw the cat.", "pets")]
KINDS = {
    "pets": Kind("pets", [], [], MORE, is_source=True),
    "calm": Kind("calm", [], [], MORE[::-1], is_neutral=True),
}
SILENCING = Silencing("zero", "mlp_activation", USUAL | {"calm": USUAL["pets"]})


@pytest.fixture
def study(lm):
    return lesion_study.study(lm, KINDS, found(MASKS), SILENCING, n_draws=5)


def test_no_dose_does_nothing_and_the_whole_dose_is_the_network(lm, study):
    table = curves.dose_response(lm, found(MASKS), 0, KINDS, SILENCING, shares=[0, 0.5, 1], n_orders=3)
    assert len(table) == 12
    np.testing.assert_allclose(table.loc[table["share"] == 0, ["rise", "low", "high"]], 0, atol=1e-6)
    for kind in KINDS:
        whole = table[(table["share"] == 1) & (table["kind"] == kind)]
        np.testing.assert_allclose(whole["rise"], study.rises[kind][0].mean(), atol=1e-5)
    half = table[(table["share"] == 0.5) & (table["order"] == "in random order")]
    assert (half["low"] <= half["rise"]).all()
    assert (half["rise"] <= half["high"]).all()


def test_each_way_is_measured_and_what_is_known_is_not_measured_again(lm, study):
    matched = sets.matched(study.found, 4)
    table = curves.by_way(lm, study, KINDS, SILENCING, matched=matched, n_neutral=2)
    assert table.groupby(["way", "kind"]).size().to_dict() == {(way, kind): 2 for way in lesions.WAYS for kind in KINDS}
    zero = table[(table["way"] == "zero") & (table["kind"] == "pets")]
    np.testing.assert_array_equal(zero["rise"], study.rises["pets"].mean(1))
    own = study.drawn[study.drawn["role"] == "own"]["rise"]
    assert zero["matched"].iloc[0] == pytest.approx(own.mean())
    mean = table[(table["way"] == "mean") & (table["kind"] == "calm")]
    direct = lesions.rises(lm, {"calm": MORE[::-1][:2]}, MASKS, Silencing("mean", usual=SILENCING.usual))
    np.testing.assert_allclose(mean["rise"], direct["calm"].mean(1), atol=1e-6)
    assert table.loc[table["kind"] == "calm", "matched"].isna().all()
