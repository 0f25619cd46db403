"""What a study takes, worked out from a configuration alone."""

import copy
import json
import sys
from dataclasses import replace

import pytest
import torch
import transformers
from conftest import ROOT
from torch.utils.flop_counter import FlopCounterMode

from analysis import activity
from analysis.errors import InputError
from analysis.models import load_model
from analysis.planning import calibration, plan
from analysis.planning.calibration import Machine
from analysis.planning.geometry import geometry, read_config
from analysis.planning.work import STAGES, Stage, Work, stages
from analysis.texts import Text

sys.path.insert(0, str(ROOT / "book"))

import plan as command
from driver.chapters import Project
from driver.planning import known, stages_of

TEACHING = ROOT / "data" / "teaching-model"


@pytest.fixture(scope="module")
def gpt2():
    return geometry(transformers.GPT2Config(), "gpt2")


@pytest.fixture(scope="module")
def work():
    return Work(n_texts=4, n_tokens=400, k=3, n_restarts=2, n_draws=5)


def test_the_size_of_gpt2_is_the_published_one(gpt2):
    # Radford et al. (2019): 12 layers, width 768, 50257 pieces, 124 M parameters; its MLPs are four times as wide.
    assert gpt2.parameters == 124_439_808
    assert gpt2.layer_sizes == {"mlp_activation": (3072,) * 12, "mlp_output": (768,) * 12}
    assert gpt2.layer_weights == 12 * 12 * 768**2
    assert (gpt2.hidden, gpt2.heads, gpt2.attention, gpt2.vocabulary, gpt2.context) == (768, 12, 768, 50257, 1024)


def test_the_size_of_a_model_on_disk_is_that_of_the_loaded_one():
    planned, lm = geometry(read_config(str(TEACHING)), "teaching"), load_model(TEACHING)
    assert planned.parameters == sum(weight.numel() for weight in lm.model.parameters())
    assert planned.layer_sizes == {site: lm.layer_sizes(site) for site in planned.layer_sizes}
    assert planned.context == lm.context


@pytest.mark.parametrize("n_predictions", [0, 20])
def test_the_operations_of_a_pass_are_those_that_torch_counts(lm, n_predictions):
    shape = geometry(lm.model.config, "tiny")
    model = transformers.AutoModelForCausalLM.from_config(copy.deepcopy(lm.model.config), attn_implementation="eager")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        (model if n_predictions else model.base_model)(input_ids=torch.arange(20)[None], use_cache=False)
    assert counter.get_total_flops() == pytest.approx(shape.forward(20, 20, n_predictions), rel=0.02)


def test_nothing_but_the_configuration_is_needed(tmp_path):
    (tmp_path / "config.json").write_text((TEACHING / "config.json").read_text())
    by_folder, by_file = read_config(str(tmp_path)), read_config(str(tmp_path / "config.json"))
    assert geometry(by_folder, "x") == geometry(by_file, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "has no model_type"),
        ("no JSON", "has no model_type"),
        ('{"model_type": "chatglm"}', "'chatglm', which transformers .* does not know without code"),
        ('{"model_type": "mixtral"}', "mixture of experts"),
        ('{"model_type": "llama", "hidden_size": 30, "num_attention_heads": 0}', "No model can be made"),
    ],
)
def test_a_configuration_of_no_use_gets_one_line(tmp_path, content, message):
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        geometry(read_config(str(path)), str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "one/two/three", "data/nowhere"])
def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(name, monkeypatch):
    monkeypatch.setattr("analysis.planning.geometry._from_hub", lambda *_: pytest.fail("the hub was asked"))
    with pytest.raises(InputError, match="There is no"):
        read_config(name)


def test_without_a_network_a_hub_model_is_refused_at_once(monkeypatch):
    monkeypatch.setattr("analysis.planning.geometry.hub_is_reachable", lambda: False)
    with pytest.raises(InputError, match="cannot be reached"):
        read_config("nobody/no-model")


def test_twice_the_text_is_twice_the_reading_and_no_more_memory(gpt2, work):
    long = replace(work, n_texts=400, n_tokens=40_000)
    longer = replace(long, n_texts=800, n_tokens=80_000)
    for name in ("record", "reduce"):
        one, two = (stages(gpt2, each, [name])[0] for each in (long, longer))
        assert two.flop == pytest.approx(2 * one.flop)
        assert two.memory == one.memory


def test_stages_are_counted_as_by_hand(gpt2, work):
    by_name = {stage.name: stage for stage in stages(gpt2, work)}
    matrices = 2 * 12 * 12 * 768**2 + 4 * 100 * 768 * 12  # a token's share of a pass over a text of 100
    head = 2 * 768 * 50257
    assert by_name["record"].flop == 400 * matrices
    assert by_name["lesions"].flop == pytest.approx((4 * 8 + 3 * 5) * 100 * (matrices + head))
    assert by_name["decompose"].flop == 20 * 2 * 3 * 36_864 * (4 * 3 + 20)
    assert by_name["reduce"].flop == 400 / 30 * (2 * 60 * 90 * 36_864 + 9 * 60**3)
    assert by_name["attribution"].flop > 10 * 12 * 21 * (matrices + head)


def test_half_the_precision_is_half_the_weights(gpt2, work):
    whole, half = (stages(gpt2, replace(work, dtype=dtype), ["decompose"])[0] for dtype in ("float32", "bfloat16"))
    assert whole.memory - half.memory == 2 * gpt2.parameters


def test_a_plan_without_work_is_refused():
    with pytest.raises(InputError, match="k=0"):
        Work(n_texts=1, n_tokens=10, k=0)
    with pytest.raises(InputError, match="float64"):
        Work(n_texts=1, n_tokens=10, dtype="float64")


def test_seconds_are_operations_over_the_rate_of_their_stage(gpt2, work):
    stage = Stage("record", "", 6e9, 2e9)
    made = plan.Plan(gpt2, work, (stage,), Machine({"record": 2e9}, 1e9, 1))
    assert made.seconds == {"record": 3.0}
    assert made.memory == 3e9
    assert made.table().loc["record", ["GFLOP", "seconds", "MB"]].tolist() == [6, 3, 3000]


def test_calibration_runs_every_stage_of_any_family_in_the_time_it_is_given(work):
    shape = geometry(transformers.GPT2Config(n_layer=2, n_embd=32, n_head=2, vocab_size=200), "small")
    machine = calibration.calibrate(shape, work, tuple(STAGES), seconds=2)
    assert set(machine.rates) == set(STAGES)
    assert all(1e5 < rate < 1e13 for rate in machine.rates.values())
    assert machine.base_memory > 1e8  # torch is in memory


def test_calibration_leaves_the_random_numbers_of_others_alone(work):
    shape = geometry(transformers.GPT2Config(n_layer=1, n_embd=16, n_head=2, vocab_size=50), "small")
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    calibration.calibrate(shape, work, ("record",), seconds=0.1)
    assert torch.equal(torch.rand(2), expected)


def test_tokens_are_counted_by_the_tokenizer_that_is_there_or_by_bytes(tmp_path):
    text, lm = "the dog saw the cat", load_model(TEACHING)
    assert plan.counter(str(TEACHING))(text) == activity.count_tokens(lm, text)
    assert plan.counter(str(tmp_path))(text) == 5


def test_a_plan_knows_the_tokens_of_the_texts(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n\n".join(["one two three four five six seven eight"] * 3))
    made = plan.plan(str(TEACHING), str(path), n_texts=2, min_tokens=4, names=["record"], seconds=0.1, k=2)
    tokens = plan.counter(str(TEACHING))("one two three four five six seven eight")
    lm = load_model(TEACHING)
    assert made.work.n_tokens == 2 * tokens
    assert len(activity.tokenize(lm, [Text("one two three four five six seven eight", "x")])[0]) in (tokens, tokens + 1)


def test_a_chapter_is_planned_with_the_stages_that_it_uses():
    project = Project(ROOT)
    of = {number: stages_of(project.chapter(number), project) for number in ("2", "3", "5")}
    assert of["2"][:1] == ["record"]
    assert "attribution" not in of["2"] + of["3"]
    assert {"record", "reduce", "decompose"} <= set(of["3"])
    assert "lesions" in of["5"]


def test_the_command_prints_every_stage(capsys, monkeypatch):
    slow = Machine(dict.fromkeys(STAGES, 1e9), 5e8, 1)
    monkeypatch.setattr(plan, "calibrate", lambda *_: slow)
    assert command.main(["k=3 n_texts=8", "--chapter", "5"]) == 0
    told = capsys.readouterr().out
    assert "3,299,360 parameters" in told
    assert "4,224 at mlp_activation, 960 at mlp_output" in told
    assert "lesions" in told
    assert "3 networks" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "no/such/folder"], "There is no 'no/such/folder'"),
        (["--texts", "nowhere.txt"], "There is no file 'nowhere.txt'"),
        (["k=two"], "plan: k must be int"),
        (["n_drows=2"], "did you mean n_draws?"),
        (["--chapter", "99"], "there is no chapter"),
        (["--profile", "nope"], "there is no profile"),
    ],
)
def test_a_mistake_gets_one_line_and_code_2(capsys, arguments, message):
    assert command.main(arguments) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert not told.out


def test_everything_that_a_plan_can_be_given_is_typed():
    assert {"k", "n_texts", "site", "dtype", "n_draws", "revision"} <= known().keys()
    assert json.dumps({name: parameter.default for name, parameter in known().items()})
