import importlib.util
import sys

import numpy as np
import pytest
from conftest import third_party

from analysis import evaluation, harness, item_files, language, many, models
from analysis.errors import InputError
from analysis.interventions import applied, resample, silence
from analysis.texts import Item

needs_harness = pytest.mark.skipif(
    importlib.util.find_spec("lm_eval") is None, reason="lm_eval is not installed (extra 'harness')"
)

ITEMS = [
    Item("see", "The dog saw", (" the cat.", " nobody at the light house.", " two"), 0),
    Item("see", "The cats didn't ", ("see", "laugh at two dogs"), 1),  # a space that the context ends with
    Item("see", "The dog saw the cat. " * 40, ("Nobody laughed.", "Two dogs."), 0),  # longer than the model's context
    Item("see", "Nobody\nlaughed. ", ("The dog\n", "The cat {{x}} saw."), 1),
    Item("see", "", ("The cat saw the dog.", "The cat the saw dog."), 0),
]
LESION = silence(np.random.default_rng(0).random(72) < 0.4)
DONATED = resample(LESION.neurons, np.random.default_rng(1).standard_normal((9, 72)).astype(np.float32))


def harness_scores(lm, items, *interventions, folder):
    """What the harness itself computes: log-likelihood of each choice, by its own tokenisation and batches."""
    from lm_eval.api.task import ConfigurableTask  # noqa: PLC0415
    from lm_eval.evaluator import evaluate  # noqa: PLC0415

    task = ConfigurableTask(config=harness.task_of_items(items, folder))
    with applied(lm, *interventions):
        found = evaluate(harness.as_harness_model(lm, batch_size=3), {items[0].task: task}, bootstrap_iters=0)
    samples = sorted(found["samples"][items[0].task], key=lambda sample: sample["doc_id"])
    return [[response[0][0] for response in sample["resps"]] for sample in samples], found


@needs_harness
@pytest.mark.parametrize("interventions", [[], [LESION], [DONATED]], ids=["intact", "silenced", "resampled"])
def test_log_likelihoods_are_those_of_the_harness(lm, tmp_path, interventions):
    theirs, _ = harness_scores(lm, ITEMS, *interventions, folder=tmp_path)
    ours = many.choice_scores(lm, ITEMS, interventions or [None])[0]
    for item, mine, other in zip(ITEMS, ours, theirs, strict=True):
        np.testing.assert_allclose(mine[: len(item.choices)], other, atol=1e-4)


@needs_harness
@pytest.mark.slow
@pytest.mark.parametrize("task", language.TASKS)
def test_the_teaching_model_on_every_task(tmp_path, task):
    lm = models.load_model("data/teaching-model")
    items = language.items(task, "test", 30)
    theirs, found = harness_scores(lm, items, folder=tmp_path)
    ours = evaluation.choice_scores(lm, items)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)
    accuracy = evaluation.accuracy_table(items, ours).loc[task, "accuracy"]
    assert found["results"][task]["acc,none"] == pytest.approx(accuracy)


@needs_harness
@pytest.mark.slow
@pytest.mark.parametrize("share", [0, 0.1], ids=["intact", "silenced"])
def test_pairs_of_sentences_that_others_wrote(tmp_path, share):
    lm = models.load_model(third_party("models/stories260K"))
    lesion = silence(np.random.default_rng(0).random(sum(lm.layer_sizes("mlp_activation"))) < share)
    read = item_files.read_tasks(str(third_party("text/blimp") / "*.jsonl"), 20).items
    assert len(read) == 12
    for task, items in read.items():
        theirs, found = harness_scores(lm, items, lesion, folder=tmp_path)
        ours = many.choice_scores(lm, items, [lesion])
        np.testing.assert_allclose(ours[0], theirs, atol=1e-4)
        assert found["results"][task]["acc,none"] == pytest.approx(evaluation.right(items, ours[0]).mean())


@needs_harness
def test_a_changed_model_is_what_the_harness_sees(lm, tmp_path):
    task = harness.task_of_items(ITEMS, tmp_path)
    table = harness.evaluate(lm, [task], LESION, limit=4)
    right = evaluation.right(ITEMS[:4], many.choice_scores(lm, ITEMS[:4], [LESION])[0])
    assert table[["task", "metric", "n"]].to_numpy().tolist() == [["see", "acc", 4]]
    assert table["value"].item() == pytest.approx(right.mean())
    assert not any(module._forward_pre_hooks for module in lm.down_projections)


@needs_harness
def test_a_task_that_the_harness_does_not_have(lm):
    with pytest.raises(InputError, match="The harness has no task 'blimpp'"):
        harness.evaluate(lm, ["blimpp"])


def test_without_the_harness_one_line_says_what_to_install(lm, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    for name in [name for name in sys.modules if name.startswith("lm_eval.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"make extras, or pip install 'fmri-for-language-models\[harness\]'"):
        harness.as_harness_model(lm)


def test_items_of_two_tasks_are_no_task(tmp_path):
    with pytest.raises(InputError, match="Items of 2 tasks"):
        harness.task_of_items([ITEMS[0], Item("other", "", ("a", "b"), 0)], tmp_path)
