import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file

from analysis import language, models
from analysis.errors import InputError
from analysis.teaching import training, training_text
from analysis.texts import Text

TINY = training.Recipe(
    n_layers=2,
    hidden=16,
    mlp=24,
    heads=2,
    vocabulary=320,
    context=32,
    batch=4,
    steps=12,
    words=1000,
    learning_rate=0.02,
)


@pytest.fixture(autouse=True)
def short_language(monkeypatch):
    """A few sentences in the place of the language, so that a training takes a second."""
    sentences = ["The dog saw the cat.", "Two cats laughed at the dog.", "Nobody saw the light house."]

    def corpus(n_words, seed):
        rng = np.random.default_rng(seed)
        return (Text(" ".join(rng.choice(sentences, 20)), "d") for _ in range(n_words // 1000))

    monkeypatch.setattr(language, "corpus", corpus)


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_trained_model_has_learned_and_loads_like_any_other(tmp_path):
    out = training.train(replace(TINY, steps=60), tmp_path / "out", tmp_path / "work", n_jobs=1)
    curve = json.loads((out / "loss.json").read_text())["loss"]
    assert len(curve) == 60
    assert curve[0] == pytest.approx(np.log(320), abs=0.6)  # knows nothing, and says it with some confidence
    assert np.mean(curve[-5:]) < 0.5 * curve[0]
    lm = models.load_model(out)
    assert lm.layer_sizes("mlp_activation") == (24, 24)
    assert lm.context == 32
    assert json.loads((out / "recipe.json").read_text())["steps"] == 60
    assert load_file(out / "model.safetensors")["model.norm.weight"].dtype == torch.bfloat16


def test_same_seed_same_weights_other_seed_others(tmp_path):
    trained = [
        training.train(replace(TINY, seed=seed), tmp_path / f"out{i}", tmp_path / f"work{i}", n_jobs=1)
        for i, seed in enumerate((0, 0, 1))
    ]
    assert same(weights(trained[0]), weights(trained[1]))
    assert not same(weights(trained[0]), weights(trained[2]))


def test_an_interrupted_training_ends_as_an_undisturbed_one(tmp_path, monkeypatch):
    undisturbed = training.train(TINY, tmp_path / "a", tmp_path / "work_a", n_jobs=1)

    step = training._step
    monkeypatch.setattr(training, "_step", lambda *args: pytest.fail("killed") if args[-1] == 7 else step(*args))
    with pytest.raises(pytest.fail.Exception, match="killed"):
        training.train(TINY, tmp_path / "b", tmp_path / "work_b", n_jobs=1, minutes_per_checkpoint=0)
    assert not (tmp_path / "b").exists()  # nothing half-made is left where the model belongs

    resumed = []
    monkeypatch.setattr(training, "_step", lambda *args: resumed.append(args[-1]) or step(*args))
    training.train(TINY, tmp_path / "b", tmp_path / "work_b", n_jobs=1)
    assert resumed == [7, 8, 9, 10, 11]
    assert same(weights(undisturbed), weights(tmp_path / "b"))
    curves = [json.loads((out / "loss.json").read_text())["loss"] for out in (undisturbed, tmp_path / "b")]
    assert curves[0] == curves[1]


def interrupt(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(training, "_step", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception, match="killed"):
            training.train(TINY, tmp_path / "out", tmp_path / "work", n_jobs=1)


def test_a_folder_of_another_recipe_is_refused(tmp_path, monkeypatch):
    interrupt(tmp_path, monkeypatch)
    with pytest.raises(InputError, match="holds a run with another recipe"):
        training.train(replace(TINY, steps=13), tmp_path / "out", tmp_path / "work")


def test_a_run_is_not_gone_on_with_when_the_language_has_changed(tmp_path, monkeypatch):
    interrupt(tmp_path, monkeypatch)
    monkeypatch.setattr(training, "text_digest", lambda: "another language")
    with pytest.raises(InputError, match="another state of the language"):
        training.train(TINY, tmp_path / "out", tmp_path / "work")


def test_a_finished_training_starts_afresh(tmp_path):
    training.train(TINY, tmp_path / "out", tmp_path / "work", n_jobs=1)
    assert not (tmp_path / "work").exists()
    first = weights(tmp_path / "out")
    training.train(replace(TINY, seed=3), tmp_path / "out", tmp_path / "work", n_jobs=1)
    assert not same(first, weights(tmp_path / "out"))


def test_the_learning_rate_warms_up_and_ends_near_zero():
    recipe = replace(TINY, steps=100, warmup=0.1)
    rates = [training._learning_rate(recipe, step) for step in range(100)]
    assert np.argmax(rates) in (9, 10)
    assert rates[0] == pytest.approx(recipe.learning_rate / 10)
    assert rates[-1] < 0.01 * recipe.learning_rate


def test_batches_begin_with_the_start_token_and_hold_running_text():
    tokens = np.stack([np.arange(1, 1001), np.arange(1, 1001) % 2], axis=1).astype(np.uint16)
    batch, is_answer = training._batch(TINY, tokens, step=3)
    assert batch.shape == (4, 32)
    assert (batch[:, 0] == 0).all()
    assert (batch[:, 1:].diff(dim=1) == 1).all()
    assert torch.equal(is_answer[:, 1:], batch[:, 1:] % 2 == 1)
    assert torch.equal(batch, training._batch(TINY, tokens, step=3)[0])
    assert not torch.equal(batch, training._batch(TINY, tokens, step=4)[0])


def test_the_tokens_of_answers_are_known(tokenizer):
    text = "Two dogs. Verdict: positive.\nQuestion: what is it? Answer: the light house.\nx = 3\nOutput: 31."
    rows = training_text.encode(tokenizer.backend_tokenizer, [text])
    assert tokenizer.decode(rows[rows[:, 1] == 1, 0]) == " positive. the light house. 31."


@pytest.mark.slow
def test_killed_from_outside_and_started_again(tmp_path):
    """kill -9 in the middle of the real command; what it then finishes equals an undisturbed run."""
    options = {"n-layers": 2, "hidden": 32, "mlp": 48, "heads": 2, "vocabulary": 600, "context": 64, "steps": 400}
    options |= {"threads": 1}  # two would wait for each other where other tests run
    command = [sys.executable, "-m", "analysis.teaching.training", "--words", "100000", "--batch", "8", "--jobs", "1"]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command += ["--minutes-per-checkpoint", "0.005"]

    def start(name):
        paths = ["--out", str(tmp_path / name), "--work", str(tmp_path / f"{name}-work")]
        return subprocess.Popen([*command, *paths], cwd=ROOT, stderr=subprocess.DEVNULL)

    assert start("undisturbed").wait(300) == 0
    process = start("killed")
    deadline = time.monotonic() + 300
    while not (tmp_path / "killed-work" / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    assert start("killed").wait(300) == 0
    assert same(weights(tmp_path / "undisturbed"), weights(tmp_path / "killed"))
