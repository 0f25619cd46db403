import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from analysis import artefacts
from analysis.errors import InputError
from analysis.networks import Networks

MADE_WITH = {"texts": "teaching", "seed": 0, "revision": None, "min_tokens": 128}


@pytest.fixture
def networks():
    rng = np.random.default_rng(0)
    return Networks(
        maps=rng.standard_normal((3, 20)).astype(np.float32),
        time_courses=rng.standard_normal((50, 3)).astype(np.float32),
        share=np.array([0.3, 0.2, 0.1]),
        layer_sizes=(12, 8),
        site="mlp_activation",
        model="tiny",
        restart_agreement=np.array([1.0, np.nan, 0.5]),
        converged=False,
    )


@pytest.fixture
def saved(networks, tmp_path):
    return artefacts.save(networks, tmp_path / "03_networks" / "networks.safetensors", MADE_WITH)


def test_all_fields_come_back_exactly(networks, saved):
    again = artefacts.load(saved, {**MADE_WITH, "model": "tiny", "site": "mlp_activation", "k": 3}, "make")
    for field in dataclasses.fields(Networks):
        ours, theirs = getattr(networks, field.name), getattr(again, field.name)
        np.testing.assert_array_equal(ours, theirs)
        assert type(ours) is type(theirs)
        assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)


def test_networks_without_time_courses_come_back(networks, tmp_path):
    group = dataclasses.replace(networks, time_courses=np.zeros((0, 3), np.float32))
    path = artefacts.save(group, tmp_path / "group.safetensors", {})
    assert artefacts.load(path, {}, "make").time_courses.shape == (0, 3)


def test_what_differs_is_named_with_the_command(saved):
    with pytest.raises(InputError) as error:
        artefacts.load(saved, {"texts": "teaching:stories", "k": 20, "seed": 0}, "make chapter CHAPTER=3 P='k=20'")
    message = str(error.value)
    assert "texts='teaching', not 'teaching:stories'; k=3, not 20. Run: make chapter CHAPTER=3 P='k=20'" in message
    assert "seed" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"seed": "0"}, "seed=0, not '0'"),
        ({"revision": "main"}, "revision=None, not 'main'"),
        ({"dtype": "float32"}, "dtype=nothing said, not 'float32'"),
        ({"site": "mlp_output"}, "site='mlp_activation', not 'mlp_output'"),
    ],
)
def test_near_misses_are_differences(saved, asked, said):
    with pytest.raises(InputError, match=said):
        artefacts.load(saved, asked, "make")


def test_a_missing_file_names_the_command(tmp_path):
    with pytest.raises(InputError, match=r"no saved networks at .*none\.safetensors\. Make them first: make chapter"):
        artefacts.load(tmp_path / "none.safetensors", {}, "make chapter CHAPTER=3")


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_truncated_file_is_one_clear_line(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"holds no networks, or is damaged .* Run: make$"):
        artefacts.load(saved, {}, "make")


@pytest.mark.parametrize("change", ["no record", "no array", "wrong shape", "later format", "not json"])
def test_other_files_are_refused(saved, change):
    arrays = load_file(saved)
    record = {
        "format": 2 if change == "later format" else 1,
        "made_with": {"model": "m", "site": "s", "k": 4 if change == "wrong shape" else 3},
        "layer_sizes": [12, 8],
        "converged": True,
    }
    metadata = {"networks": "{" if change == "not json" else json.dumps(record)}
    if change == "no array":
        del arrays["share"]
    save_file(arrays, saved, metadata=None if change == "no record" else metadata)
    with pytest.raises(InputError, match="holds no networks, or is damaged"):
        artefacts.load(saved, {}, "make")


def test_a_save_that_fails_leaves_the_old_file(networks, saved, monkeypatch):
    before = saved.read_bytes()

    def fail(_arrays, path, **_):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(artefacts, "save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        artefacts.save(networks, saved, {"seed": 1})
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_digest_follows_content_type_and_borders():
    a = np.arange(6, dtype=np.float32)
    different = [[a], [a.reshape(2, 3)], [a.astype(np.float64)], [a + 1], [a, a], ["ab", "c"], ["a", "bc"], ["abc"], []]
    digests = [artefacts.digest(parts) for parts in different]
    assert len(set(digests)) == len(different)
    assert artefacts.digest([a.reshape(2, 3).T]) == artefacts.digest([a.reshape(2, 3).T.copy()])
    assert artefacts.digest(["é"]) == artefacts.digest(iter(["é"]))
