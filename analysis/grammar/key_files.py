"""Key neurons saved by name for later chapters: one file that says what decided it, refused where it does not fit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from analysis.artefacts import Value
from analysis.errors import InputError
from analysis.models import Site

_FORMAT = 1


@dataclass(frozen=True)
class KeyNeurons:
    """Each tag's key neurons, and what a later chapter needs to use them fairly.

    Attributes
    ----------
    chosen : ndarray of bool, shape (n_tags, n_neurons)
    rate : ndarray of shape (n_tags, n_neurons), float32
        Share of the tag's items that had the neuron among their most important; for choosing more or fewer by
        :func:`analysis.grammar.key_neurons.largest`.
    tags : tuple of str
        In the order of the rows.
    layer_sizes : tuple of int
    part_of : mapping of str to str
        For every lemma that was divided: find, tune or test. Neurons were chosen on lemmas of find.
    model : str
    site : {"mlp_activation", "mlp_output"}
    """

    chosen: npt.NDArray[np.bool_]
    rate: npt.NDArray[np.float32]
    tags: tuple[str, ...]
    layer_sizes: tuple[int, ...]
    part_of: Mapping[str, str]
    model: str
    site: Site

    def __post_init__(self) -> None:
        shape = (len(self.tags), sum(self.layer_sizes))
        if self.chosen.shape != shape or self.rate.shape != shape:
            raise InputError(
                f"Key neurons of shape {self.chosen.shape} and rates of shape {self.rate.shape} do not fit "
                f"{shape[0]} tags and {shape[1]} neurons. Give a row a tag."
            )

    def of(self, tag: str) -> npt.NDArray[np.bool_]:
        """Mask of one tag's key neurons, shape (n_neurons,)."""
        if tag not in self.tags:
            raise InputError(f"There are no key neurons for '{tag}'. There are for: {', '.join(self.tags)}.")
        return np.asarray(self.chosen[self.tags.index(tag)])


def save(key: KeyNeurons, path: str | Path, made_with: Mapping[str, Value]) -> Path:
    """Write key neurons and what decided them into one safetensors file, which holds arrays and text and runs no code.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Parameters
    ----------
    key : KeyNeurons
    path : str or Path
        Folders are made where they are missing.
    made_with : mapping of str to str, int, float, bool or None
        What decided the result and what a later chapter may ask for: texts, their number, share, seed … The model,
        the site and the tags (with commas between) are added.

    Returns
    -------
    Path
        Where it was written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "format": _FORMAT,
        "made_with": {**made_with, "model": key.model, "site": key.site, "tags": ",".join(key.tags)},
        "layer_sizes": list(key.layer_sizes),
        "part_of": dict(key.part_of),
    }
    arrays = {"chosen": np.ascontiguousarray(key.chosen), "rate": np.ascontiguousarray(key.rate, np.float32)}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        written = Path(folder) / path.name
        save_file(arrays, written, metadata={"key_neurons": json.dumps(record)})
        written.replace(path)
    return path


def load(path: str | Path, asked: Mapping[str, Value], command: str) -> KeyNeurons:
    """Read key neurons back, if they are the ones that are asked for.

    Parameters
    ----------
    path : str or Path
    asked : mapping
        Each name in it must have been given to :func:`save` with the same value; names that are left out may differ.
    command : str
        The command that makes the right file, for the message.

    Returns
    -------
    KeyNeurons

    Raises
    ------
    InputError
        If the file is missing, damaged, or made with something else. One line, which ends in the command.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There are no saved key neurons at {path}. Make them first: {command}")
    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads((file.metadata() or {})["key_neurons"])
            chosen, rate = file.get_tensor("chosen"), file.get_tensor("rate")
        key = _key_neurons(record, chosen, rate)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, OSError, InputError) as error:
        reason = type(error).__name__
        raise InputError(f"{path} holds no key neurons, or is damaged ({reason}). Run: {command}") from error
    made_with = record["made_with"]
    different = [
        f"{name}={_shown(made_with, name)}, not {value!r}"
        for name, value in asked.items()
        if _shown(made_with, name) != repr(value)
    ]
    if different:
        raise InputError(f"The key neurons at {path} were made with {'; '.join(different)}. Run: {command}")
    return key


def _key_neurons(record: Mapping[str, Any], chosen: npt.NDArray[np.bool_], rate: npt.NDArray[np.float32]) -> KeyNeurons:
    if record["format"] != _FORMAT:
        raise ValueError(f"format {record['format']}")
    made_with = record["made_with"]
    tags, sizes = tuple(made_with["tags"].split(",")), tuple(record["layer_sizes"])
    return KeyNeurons(chosen, rate, tags, sizes, record["part_of"], made_with["model"], made_with["site"])


def _shown(made_with: Mapping[str, Value], name: str) -> str:
    return repr(made_with[name]) if name in made_with else "nothing said"
