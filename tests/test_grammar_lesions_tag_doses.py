from itertools import pairwise

import numpy as np
import pytest

from analysis.grammar.key_files import KeyNeurons
from analysis.grammar.words import word_table
from analysis.grammar_lesions import planted_grammar
from analysis.grammar_lesions.battery import Battery
from analysis.grammar_lesions.tag_doses import dose_table, sets_at
from analysis.grammar_lesions.word_scores import tag_lexicon
from analysis.interventions import silence

TAGS = planted_grammar.TAGS
VERB = TAGS.index("VERB")


def zero(mask, _domain):
    return silence(mask)


def test_larger_doses_contain_smaller_ones_and_what_was_saved():
    rng = np.random.default_rng(0)
    rate = (rng.integers(0, 4, (2, 400)) / 20).astype(np.float32)  # many ties
    order = rate + 1e-3 * rng.random(rate.shape)
    chosen = np.stack([np.isin(np.arange(400), np.argsort(-row)[:4]) for row in order])
    key = KeyNeurons(chosen, rate, ("NOUN", "VERB"), (400,), {}, "a model", "mlp_activation")
    sets = sets_at(key, [0.005, 0.01, 0.1, 1.0])
    assert [found.sum(1).tolist() for found in list(sets.values())[:3]] == [[2, 2], [4, 4], [40, 40]]
    assert (sets[0.01] == chosen).all()
    assert (sets[1.0] == (rate > 0)).all()
    for smaller, larger in pairwise(sets.values()):
        assert not (smaller & ~larger).any()


def test_doses_are_given_in_every_way():
    planted = planted_grammar.plant("VERB", seed=2)
    texts = planted_grammar.read(6, seed=1)
    table = word_table(planted.lm, texts).table
    battery = Battery(planted.lm, texts, table, TAGS, tag_lexicon(planted.lm, texts, table))
    masks = np.stack([np.roll(planted.neurons, shift) & ~planted.neurons for shift in (3, 5, 7, 0)])
    masks[VERB] = planted.neurons
    half = masks & (np.arange(masks.shape[1]) < 400)
    table = dose_table(
        battery, {0.005: half, 0.01: masks}, {"zero": zero, "half": lambda m, _: silence(m & half[VERB])}
    )
    assert len(table) == 2 * 2 * 4
    verbs = table[(table["lesion"] == "VERB") & (table["operation"] == "zero")].set_index("dose")
    assert verbs["neurons"].to_dict() == {0.005: int(half[VERB].sum()), 0.01: int(masks[VERB].sum())}
    assert verbs["own"].is_monotonic_increasing
    assert (verbs["own"] > verbs["other"]).all()
    means = battery.harm(masks, zero).log_probability
    expected = np.mean([means[VERB][battery.upos == tag].mean() for tag in TAGS if tag != "VERB"])
    assert verbs.loc[0.01, "other"] == pytest.approx(expected)
