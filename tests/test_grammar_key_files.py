import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from analysis.errors import InputError
from analysis.grammar import key_files
from analysis.grammar.key_files import KeyNeurons

MADE_WITH = {"texts": "teaching", "seed": 0, "tune_texts": None, "key_share": 0.007}


@pytest.fixture
def key():
    rng = np.random.default_rng(0)
    return KeyNeurons(
        chosen=rng.random((2, 20)) < 0.3,
        rate=rng.random((2, 20)).astype(np.float32),
        tags=("NOUN", "VERB"),
        layer_sizes=(12, 8),
        part_of={"dog": "find", "sée": "test"},
        model="tiny",
        site="mlp_activation",
    )


@pytest.fixture
def saved(key, tmp_path):
    return key_files.save(key, tmp_path / "07" / "key_neurons.safetensors", MADE_WITH)


def test_all_fields_come_back_exactly(key, saved):
    again = key_files.load(saved, {**MADE_WITH, "model": "tiny", "site": "mlp_activation", "tags": "NOUN,VERB"}, "make")
    for field in dataclasses.fields(KeyNeurons):
        ours, theirs = getattr(key, field.name), getattr(again, field.name)
        np.testing.assert_array_equal(ours, theirs)
        assert type(ours) is type(theirs)
        assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_tags_neurons_are_its_row(key):
    np.testing.assert_array_equal(key.of("VERB"), key.chosen[1])
    with pytest.raises(InputError, match=r"no key neurons for 'ADJ'. There are for: NOUN, VERB"):
        key.of("ADJ")


def test_what_differs_is_named_with_the_command(saved):
    with pytest.raises(InputError) as error:
        key_files.load(saved, {"texts": "other", "seed": 0, "n_texts": 5}, "make chapter CHAPTER=7")
    message = str(error.value)
    assert "texts='teaching', not 'other'; n_texts=nothing said, not 5. Run: make chapter CHAPTER=7" in message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There are no saved key neurons at .* Make them first: make"):
        key_files.load(tmp_path / "nothing", {}, "make")


def test_damaged_and_foreign_files_are_refused(saved, tmp_path):
    saved.write_bytes(saved.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"holds no key neurons, or is damaged .* Run: make it"):
        key_files.load(saved, {}, "make it")
    save_file({"maps": np.zeros(3)}, tmp_path / "foreign")
    with pytest.raises(InputError, match="holds no key neurons"):
        key_files.load(tmp_path / "foreign", {}, "make it")


def test_a_file_whose_parts_do_not_fit_is_refused(saved):
    record = {
        "format": 1,
        "made_with": {"model": "tiny", "site": "mlp_activation", "tags": "NOUN,VERB,ADJ"},
        "layer_sizes": [12, 8],
        "part_of": {},
    }
    save_file(load_file(saved), saved, metadata={"key_neurons": json.dumps(record)})
    with pytest.raises(InputError, match=r"damaged \(InputError\)"):
        key_files.load(saved, {}, "make it")
    save_file(load_file(saved), saved, metadata={"key_neurons": json.dumps({**record, "format": 2})})
    with pytest.raises(InputError, match=r"damaged \(ValueError\)"):
        key_files.load(saved, {}, "make it")


def test_shapes_that_do_not_fit_are_refused(key):
    with pytest.raises(InputError, match="do not fit 3 tags and 20 neurons"):
        dataclasses.replace(key, tags=("A", "B", "C"))
