import numpy as np
import pytest

from analysis.attribution.cases import Case
from analysis.attribution.readout import log_probability_increase
from analysis.attribution.rivals import activity_before, gradient_times_activation, mean_difference
from analysis.errors import InputError
from analysis.grammar import key_rivals

CASES = [Case((1, 5, 9), (7,)), Case((2, 3), (4,)), Case((8, 8, 1, 2), (5, 6)), Case((3,), (9,))]
TAGS = np.array(["A", "B", "A", "B"])


def test_each_score_is_that_of_its_own_function(lm):
    found = key_rivals.rivals(lm, CASES, TAGS)
    activity = activity_before(lm, CASES)
    np.testing.assert_array_equal(found["activity"], activity)
    np.testing.assert_array_equal(found["gradient × activation"], gradient_times_activation(lm, CASES))
    np.testing.assert_array_equal(found["log-probability increase"], log_probability_increase(lm, CASES))
    apart = mean_difference(activity, TAGS)
    np.testing.assert_array_equal(found["mean difference"][2], apart.loc["A"])
    assert {values.shape for values in found.values()} == {(4, 72)}


def test_a_score_that_a_family_does_not_have_is_left_out(lm, monkeypatch):
    def refuse(*_):
        raise InputError("scaled")

    monkeypatch.setattr(key_rivals, "log_probability_increase", refuse)
    assert "log-probability increase" not in key_rivals.rivals(lm, CASES, TAGS)


def test_mistakes_of_the_caller_are_not_taken_for_that(lm):
    with pytest.raises(InputError, match="has no target"):
        key_rivals.rivals(lm, [Case((1,), ())], ["A"])
