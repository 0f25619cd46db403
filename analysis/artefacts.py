"""Networks saved by name for later chapters: one file that says what decided it, refused where it does not fit."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from analysis.errors import InputError
from analysis.networks import Networks

Value: TypeAlias = str | int | float | bool | None
_FORMAT = 1
_ARRAYS = ("maps", "time_courses", "share", "restart_agreement")


def save(networks: Networks, path: str | Path, made_with: Mapping[str, Value]) -> Path:
    """Write networks and what decided them into one safetensors file, which holds arrays and text and runs no code.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Parameters
    ----------
    networks : Networks
    path : str or Path
        Folders are made where they are missing.
    made_with : mapping of str to str, int, float, bool or None
        What decided the result and what a later chapter may ask for: texts, their number, seed … The model, the site
        and ``k`` are added from the networks.

    Returns
    -------
    Path
        Where it was written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "format": _FORMAT,
        "made_with": {**made_with, "model": networks.model, "site": networks.site, "k": networks.k},
        "layer_sizes": list(networks.layer_sizes),
        "converged": networks.converged,
    }
    arrays = {name: np.ascontiguousarray(getattr(networks, name)) for name in _ARRAYS}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        written = Path(folder) / path.name
        save_file(arrays, written, metadata={"networks": json.dumps(record)})
        written.replace(path)
    return path


def load(path: str | Path, asked: Mapping[str, Value], command: str) -> Networks:
    """Read networks back, if they are the ones that are asked for.

    Parameters
    ----------
    path : str or Path
    asked : mapping
        Each name in it must have been given to :func:`save` with the same value; names that are left out may differ.
    command : str
        The command that makes the right file, for the message.

    Returns
    -------
    Networks

    Raises
    ------
    InputError
        If the file is missing, damaged, or made with something else. One line, which ends in the command.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There are no saved networks at {path}. Make them first: {command}")
    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads((file.metadata() or {})["networks"])
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
        networks = _networks(record, arrays)
    except (SafetensorError, KeyError, ValueError, TypeError, OSError) as error:
        raise InputError(f"{path} holds no networks, or is damaged ({type(error).__name__}). Run: {command}") from error
    different = [
        f"{name}={_shown(record['made_with'], name)}, not {value!r}"
        for name, value in asked.items()
        if _shown(record["made_with"], name) != repr(value)
    ]
    if different:
        raise InputError(f"The networks at {path} were made with {'; '.join(different)}. Run: {command}")
    return networks


def digest(parts: Iterable[str | npt.NDArray[Any]]) -> str:
    """Return a short fingerprint of texts or arrays: other content under the same name gets another one.

    Parameters
    ----------
    parts : iterable of str or ndarray
        In order; shape and type of an array count.

    Returns
    -------
    str of 16 hexadecimal digits
    """
    state = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            head, body = "text", part.encode()
        else:
            head, body = f"{part.dtype.str}{part.shape}", np.ascontiguousarray(part).tobytes()
        state.update(f"{head}:{len(body)}:".encode())
        state.update(body)
    return state.hexdigest()[:16]


def _networks(record: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Networks:
    if record["format"] != _FORMAT:
        raise ValueError(f"format {record['format']}")
    made_with = record["made_with"]
    shape = (made_with["k"], sum(record["layer_sizes"]))
    if arrays["maps"].shape != shape:
        raise ValueError(f"maps of shape {arrays['maps'].shape}, not {shape}")
    return Networks(
        **arrays,
        layer_sizes=tuple(record["layer_sizes"]),
        site=made_with["site"],
        model=made_with["model"],
        converged=bool(record["converged"]),
    )


def _shown(made_with: Mapping[str, Value], name: str) -> str:
    return repr(made_with[name]) if name in made_with else "nothing said"
