"""What a chapter found out about each of its networks, in one file that the explorer shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.networks import Networks, threshold

NAME = "portraits.json"
_CONTEXT = ("z", "before", "token", "after", "upos", "domain")


@dataclass(frozen=True)
class Panel:
    """One measure of all networks: a value for each network and label.

    Attributes
    ----------
    title, unit : str
    rows : DataFrame
        ``network`` (from 1), ``label``, ``value``; ``low``, ``high`` where there are intervals; ``band_low``,
        ``band_high`` where chance or a control is known.
    """

    title: str
    unit: str
    rows: pd.DataFrame


def panel(
    title: str,
    unit: str,
    table: pd.DataFrame,
    *,
    label: str | None = None,
    value: str,
    interval: tuple[str, str] | None = None,
    band: tuple[str, str] | None = None,
) -> Panel:
    """Take a panel out of a tidy table.

    Parameters
    ----------
    title, unit : str
        What is measured, and in what.
    table : DataFrame
        With a column ``network``, counted from 1.
    label : str or None
        Column that says what each value is for; None where there is one value for each network.
    value : str
        Column of the measure.
    interval, band : pair of str, optional
        Columns of the ends of its 95 % interval, and of the range of its control.

    Raises
    ------
    InputError
        If a column is missing.
    """
    wanted = {"network": "network", value: "value"} | ({label: "label"} if label else {})
    for pair, names in ((interval, ("low", "high")), (band, ("band_low", "band_high"))):
        wanted |= dict(zip(pair, names, strict=True)) if pair else {}
    if missing := set(wanted) - set(table.columns):
        raise InputError(f"The table for '{title}' has no column {', '.join(sorted(missing))}. Name one that it has.")
    rows = table[list(wanted)].rename(columns=wanted)
    if not label:
        rows = rows.assign(label="")
    return Panel(title, unit, rows.astype({"network": int, "label": str}))


def save(
    path: str | Path,
    networks: Networks,
    title: str,
    panels: Sequence[Panel],
    *,
    at: float,
    contexts: Sequence[pd.DataFrame] = (),
    most: int = 1000,
) -> Path:
    """Write the portraits of one decomposition's networks.

    Parameters
    ----------
    path : str or Path
        The file; its folders are made where they are missing.
    networks : Networks
    title : str
        What the networks were found in.
    panels : sequence of Panel
    at : float
        A neuron is lit if its |z| is above this.
    contexts : sequence of DataFrame
        For each network its strongest tokens, as :func:`analysis.description.profiles.top_tokens` gives them; or none.
    most : int
        Of the lit neurons of one network, the strongest this many are kept: large models would fill a page otherwise.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    InputError
        If a panel or the contexts are about other networks.
    """
    numbers = set(range(1, networks.k + 1))
    for one in panels:
        if not set(one.rows["network"]) <= numbers:
            raise InputError(
                f"'{one.title}' is about networks beyond 1 to {networks.k}. Give panels of these networks."
            )
    if contexts and len(contexts) != networks.k:
        raise InputError(f"There are {networks.k} networks and contexts of {len(contexts)}. Give one table for each.")
    content = {
        "title": title,
        "model": networks.model,
        "site": networks.site,
        "threshold": at,
        "layer_sizes": list(networks.layer_sizes),
        "lit": [_lit(networks, number, at, most) for number in range(networks.k)],
        "panels": [_panel(one) for one in panels],
        "contexts": [_contexts(one) for one in contexts],
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False), encoding="utf-8")
    return path


def _lit(networks: Networks, number: int, at: float, most: int) -> dict[str, Any]:
    """List the strongest neurons of one network: layer and place within it from 1, z."""
    values = networks.maps[number]
    neurons = np.flatnonzero(threshold(values[None], at)[0])
    kept = np.sort(neurons[np.argsort(-np.abs(values[neurons]), kind="stable")[:most]])
    ends = np.cumsum(networks.layer_sizes)
    layers = np.searchsorted(ends, kept, side="right")
    within = kept - (ends - np.array(networks.layer_sizes))[layers]
    return {
        "n": len(neurons),
        "layer": (layers + 1).tolist(),
        "neuron": (within + 1).tolist(),
        "z": [round(float(z), 1) for z in values[kept]],
    }


def _panel(one: Panel) -> dict[str, Any]:
    rows = [
        {name: _plain(value) for name, value in row.items() if not pd.isna(value)}
        for row in one.rows.to_dict("records")
    ]
    return {"title": one.title, "unit": one.unit, "rows": [row for row in rows if "value" in row]}


def _contexts(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{name: _plain(row[name]) for name in _CONTEXT} for row in table.to_dict("records")]


def _plain(value: Any) -> str | int | float:
    if isinstance(value, str):
        return value
    return int(value) if isinstance(value, int | np.integer) else float(f"{value:.3g}")
