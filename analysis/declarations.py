"""What is claimed, declared before it is measured: ``data/claims.yml``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import yaml

from analysis.errors import InputError

DECLARED = Path("data/claims.yml")
_DIRECTIONS = {"up": 1, "down": -1, "either": 0}
_TEXTS = ("id", "statement", "source", "chapter", "estimand", "over", "unit", "because")


@dataclass(frozen=True)
class Claim:
    """One entry of ``data/claims.yml``, which says what each field means.

    ``direction`` is 1, -1 or 0 for *up*, *down* and *either*.
    """

    id: str
    kind: Literal["paper", "ours"]
    statement: str
    source: str
    chapter: str
    estimand: str
    over: str
    unit: str
    direction: int
    control: str
    family: str
    smallest_effect: float
    because: str
    sites: tuple[str, ...]
    needs_specificity: bool
    reference: float = 0.0


def load(path: Path = DECLARED) -> dict[str, Claim]:
    """Read the declared claims, in their order, by id.

    Raises
    ------
    InputError
        If a field is missing, unknown or impossible, or an id is declared twice.
    """
    content = _content(path)
    declared: dict[str, Claim] = {}
    for number, entry in enumerate(content["claims"], 1):
        where = f"{path}, claim {number}"
        if not isinstance(entry, dict):
            raise InputError(f"{where}: write its fields as 'name: value'.")
        claim = _claim(entry, content, f"{where} ({entry.get('id', 'without id')})")
        if claim.id in declared:
            raise InputError(f"{where}: '{claim.id}' is declared twice. Give it another id.")
        declared[claim.id] = claim
    return declared


def explained(path: Path = DECLARED) -> dict[str, dict[str, str]]:
    """Say what the names of primary ``controls`` and of ``families`` mean."""
    content = _content(path)
    return {
        kind: {str(name): str(words).strip() for name, words in content[kind].items()}
        for kind in ("controls", "families")
    }


def _content(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no {path}. Run from the project's root.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None
    wanted = {"controls": dict, "families": dict, "claims": list}
    if not isinstance(content, dict) or any(not isinstance(content.get(k), kind) for k, kind in wanted.items()):
        raise InputError(f"{path} must hold 'controls' and 'families', each 'name: words', and a list of 'claims'.")
    return content


def _claim(entry: Mapping[str, Any], content: Mapping[str, Any], where: str) -> Claim:
    known = [field.name for field in fields(Claim)]
    if unknown := [str(name) for name in entry if name not in known]:
        raise InputError(f"{where}: unknown field {', '.join(unknown)}. There are: {', '.join(known)}.")
    if missing := [name for name in known if name not in entry and name != "reference"]:
        raise InputError(f"{where}: missing field {', '.join(missing)}. Write it.")
    allowed = {
        "kind": ["paper", "ours"],
        "direction": list(_DIRECTIONS),
        "control": list(content["controls"]),
        "family": list(content["families"]),
        "needs_specificity": [True, False],
    }
    for name, values in allowed.items():
        if entry[name] not in values:
            raise InputError(f"{where}: {name} is {entry[name]!r}. Choose from: {', '.join(map(str, values))}.")
    if empty := [name for name in _TEXTS if not isinstance(entry[name], str) or not entry[name].strip()]:
        raise InputError(f"{where}: {', '.join(empty)} must be text. Put a number in quotes.")
    size, reference, sites = entry["smallest_effect"], entry.get("reference", 0), entry["sites"]
    if not isinstance(size, int | float) or not 0 < size < math.inf or not isinstance(reference, int | float):
        raise InputError(f"{where}: smallest_effect must be a number above 0, and reference a number.")
    if not isinstance(sites, list) or not sites:
        raise InputError(f"{where}: sites must be a list. Write, for example, [mlp_activation].")
    read: dict[str, Any] = {name: text.strip() if isinstance(text, str) else text for name, text in entry.items()}
    read |= {"direction": _DIRECTIONS[entry["direction"]], "sites": tuple(sites)}
    return Claim(**read | {"smallest_effect": float(size), "reference": float(reference)})
