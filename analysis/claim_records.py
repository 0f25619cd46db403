"""Measured claims as records: in JSON, in tables, in words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.declarations import Claim
from analysis.errors import InputError

# What a table keeps of a record: all that the declaration does not say.
_COLUMNS = ["id", "model", "site", "estimate", "unit", "ci_low", "ci_high", "n"]
_COLUMNS += ["p", "p_corrected", "verdict", "reason", "controls"]


@dataclass(frozen=True)
class Control:
    """What something else than the claimed set did.

    Attributes
    ----------
    name : str
        The primary one is called as the claim's ``control``.
    draws : int
        How many times it was drawn; 0 for what is not random.
    p : float or None
        Of the effect against the draws, where it was asked for.
    low, high : float or None
        Band of the draws, in the unit of the effect.
    """

    name: str
    draws: int
    p: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measured:
    """A claim with what was found: one record of ``claims.json``.

    ``chapter`` is the declared one and ``profile`` is empty until the driver collects a run's claims: then they say
    which chapter measured it, and in which run. Numbers are None where nothing was measured; ``reason`` says why a
    verdict is not *supported*.
    """

    id: str
    kind: str
    statement: str
    source: str
    chapter: str
    model: str
    site: str
    estimate: float | None
    unit: str
    ci_low: float | None
    ci_high: float | None
    n: int | None
    controls: tuple[Control, ...]
    p: float | None
    family: str
    p_corrected: float | None
    profile: str
    verdict: str
    reason: str


def blank(claim: Claim, *, model: str, site: str, verdict: str, reason: str) -> Measured:
    """Make a record without numbers; whatever is declared comes from the declaration."""
    return Measured(
        id=claim.id,
        kind=claim.kind,
        statement=claim.statement,
        source=claim.source,
        chapter=claim.chapter,
        model=model,
        site=site,
        estimate=None,
        unit=claim.unit,
        ci_low=None,
        ci_high=None,
        n=None,
        controls=(),
        p=None,
        family=claim.family,
        p_corrected=None,
        profile="",
        verdict=verdict,
        reason=reason,
    )


def to_json(measured: Iterable[Measured]) -> str:
    """Write records as JSON."""
    content = {"claims": [asdict(one) for one in measured]}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path) -> list[Measured]:
    """Read records back.

    Raises
    ------
    InputError
        If the file is absent or damaged.
    """
    try:
        records = json.loads(path.read_text(encoding="utf-8"))["claims"]
        return [Measured(**record | {"controls": _controls(record["controls"])}) for record in records]
    except FileNotFoundError:
        raise InputError(f"There are no claims at {path}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no claims, or is damaged ({type(error).__name__}). Make it again.") from None


def table(measured: Iterable[Measured]) -> pd.DataFrame:
    """Lay records out for :func:`analysis.results.save_table`; the controls of each are JSON."""
    rows = [asdict(one) | {"controls": json.dumps([asdict(c) for c in one.controls])} for one in measured]
    return pd.DataFrame(rows, columns=_COLUMNS)


def from_table(frame: pd.DataFrame, declared: Mapping[str, Claim], profile: str) -> list[Measured]:
    """Read records back from a stored table.

    Parameters
    ----------
    frame : DataFrame
        As :func:`table` makes it.
    declared : mapping of id to Claim
    profile : str
        Name of the result.

    Raises
    ------
    InputError
        If it speaks of a claim that is not declared, or is no such table.
    """
    try:
        rows = frame.astype(object).where(frame.notna(), None)[_COLUMNS].to_dict("records")
        return [_from_row(row, declared[row["id"]], profile) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The stored claims of '{profile}' do not fit the declared ones ({error}). "
            f"Run: make results NAMES={profile}"
        ) from None


def _from_row(row: Mapping[str, Any], claim: Claim, profile: str) -> Measured:
    start = blank(claim, model=row["model"], site=row["site"], verdict=row["verdict"], reason=row["reason"] or "")
    controls = _controls(json.loads(row["controls"]))
    n = None if row["n"] is None else int(row["n"])
    return Measured(**{**vars(start), **row, "reason": start.reason, "n": n, "controls": controls, "profile": profile})


def _controls(records: Iterable[Mapping[str, Any]]) -> tuple[Control, ...]:
    return tuple(Control(**record) for record in records)


def shown(one: Measured) -> str:
    """Write estimate, interval and unit, with as many digits as the width of the interval deserves."""
    if one.estimate is None or one.ci_low is None or one.ci_high is None:
        return ""
    width = one.ci_high - one.ci_low
    digits = min(4, max(0, 1 - math.floor(math.log10(width)))) if width > 0 else 3
    numbers = [f"{value:+.{digits}f}".replace("-", "−") for value in (one.estimate, one.ci_low, one.ci_high)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}] {one.unit}"
