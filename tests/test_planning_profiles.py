"""The profiles of the papers' models: they fit the chapters, and what they name can be planned."""

import json
import sys

import pytest
import transformers
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book"))

from driver import planning
from driver.chapters import Project
from driver.profiles import load_profile

from analysis.families import PATHS, down_projection_path
from analysis.planning import plan
from analysis.planning.calibration import Machine
from analysis.planning.work import STAGES

FAMILIES = {"qwen2.5-7b-instruct": "qwen2", "llama-3-8b": "llama", "glm-4-9b": "glm"}


@pytest.fixture(scope="module")
def project():
    return Project(ROOT)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_chapter_takes_the_values_of_a_papers_profile(project, name):
    profile = load_profile(project, name)
    values = {stem: profile.values(chapter) for stem, chapter in project.chapters.items()}
    with_model = [stem for stem, chapter in project.chapters.items() if "model" in chapter.parameters]
    assert len(with_model) >= 7
    assert all(values[stem]["model"] == profile.shared["model"] for stem in with_model)
    assert "Not executed here." in (ROOT / "book" / "profiles" / f"{name}.yml").read_text()


@pytest.mark.parametrize(("name", "family"), FAMILIES.items())
def test_the_family_of_a_papers_profile_has_a_site(name, family):
    config = transformers.CONFIG_MAPPING[family]()
    assert down_projection_path(config, name) == PATHS[family]


def test_chatglm_is_no_family_of_transformers():
    assert "chatglm" not in transformers.CONFIG_MAPPING
    assert "chatglm" not in PATHS


def test_a_papers_profile_is_planned_from_its_configuration_alone(project, tmp_path, monkeypatch):
    # The published sizes of Llama 3 8B (Grattafiori et al. 2024, table 3), written as a configuration.
    sizes = {"hidden_size": 4096, "intermediate_size": 14_336, "num_hidden_layers": 32, "vocab_size": 128_256}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 8, "model_type": "llama"}
    (tmp_path / "config.json").write_text(json.dumps(sizes | heads))
    machine = Machine(dict.fromkeys(STAGES, 1e12), 5e8, 1)
    monkeypatch.setattr(plan, "calibrate", lambda *_: machine)
    made = planning.make_plan(project, str(tmp_path), "", "n_texts=4", chapter="3", profile="llama-3-8b")
    assert made.model.parameters == 8_030_261_248
    assert made.model.neurons("mlp_activation") == 458_752
    assert made.work.dtype == "bfloat16"
    assert 16e9 < made.memory < 40e9
