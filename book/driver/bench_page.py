"""The page of benchmarks: the record of the last full run, ours beside the peer and the floor."""

import html
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import results

from .markdown import plain

MARK = "% benchmarks"  # the line of book/benchmarks.md that the table takes the place of
KEPT = Path("bench/recorded.json")
_WIDTH, _HEIGHT = 200, 22  # of a drawing, in its own units
_MISSING = "No full run is stored with this book. Make one: `make bench-record`.\n"


def bench_page(text: str, root: Path) -> str:
    """Put the stored benchmarks into the text of their page.

    Parameters
    ----------
    text : str
        `book/benchmarks.md`, with a line `% benchmarks`.
    root : Path
        The project.
    """
    path = root / KEPT
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        shown = _shown(made, root)
    except FileNotFoundError:
        shown = _MISSING
    except (ValueError, KeyError, TypeError):
        shown = f"`{KEPT}` is damaged. Make it anew: `make bench-record`.\n"
    return re.sub(rf"^{MARK}$", lambda _: shown, text, flags=re.M)


def _shown(made: Mapping[str, Any], root: Path) -> str:
    machine = made["machine"]
    lines = [
        '<link rel="stylesheet" href="../_static/claims.css">',
        "",
        f"Measured on {made['date']}: {machine['processors']} processors ({plain(machine['processor'])}, "
        f"{machine['architecture']}), {machine['threads']} threads, {machine['memory_gb']:.0f} GB of memory; "
        + ", ".join(f"{name} {version}" for name, version in made["versions"].items())
        + ".",
        "",
    ]
    for record in made["benchmarks"]:
        lines += _benchmark(record, root)
    return "\n".join(lines)


def _benchmark(record: Mapping[str, Any], root: Path) -> list[str]:
    digests = results.fingerprint(path for name in record["files"] if (path := root / name).is_file())
    now = {str(Path(path).relative_to(root)): digest for path, digest in digests.items()}
    changed = [name for name, digest in record["files"].items() if now.get(name) != digest]
    state = ""
    if changed:
        some = ", ".join(f"`{name}`" for name in changed[:3])
        state = f"*Out of date:* {some}{f' and {len(changed) - 3} more' if len(changed) > 3 else ''} changed since."
    unit = record["unit"]
    rows = [
        f"| {who} | {plain(what)} | {_number(record[who])} |"
        for who, what in (
            ("ours", "this project"),
            ("peer", record["peer_name"]),
            ("floor", "what nothing can go below"),
        )
    ]
    details = [f"| {plain(name)} | {plain(_detail(value))} |" for name, value in record["details"].items()]
    return [
        f"## {_begun(record['name'].replace('_', ' '))}",
        "",
        f"{plain(record['does'])}.",
        "",
        *([state, ""] if state else []),
        _drawing(record),
        "",
        f"| | | {plain(unit)} |",
        "| --- | --- | ---: |",
        *rows,
        "",
        f"The peer is at **{record['ratio']:.2f}** times ours. {plain(_begun(record['agreement_name']))}: "
        f"{_number(record['agreement'])}.",
        "",
        ":::{dropdown} What else was measured",
        "| | |",
        "| --- | --- |",
        *details,
        ":::",
        "",
    ]


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _detail(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_detail(one)}" for name, one in value.items())
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    if isinstance(value, int) or (value >= 1000 and value == round(value)):
        return f"{value:,.0f}"
    return (
        f"{value:.3g}" if 1e-3 <= abs(value) < 1000 or value == 0 else f"{value:,.1f}" if value >= 1 else f"{value:.1e}"
    )


def _drawing(record: Mapping[str, Any]) -> str:
    """Draw ours as a dot and the peer as a line's end, on a logarithmic axis from the floor up."""
    values = {who: float(record[who]) for who in ("floor", "ours", "peer")}
    least = min(value for value in values.values() if value > 0)
    values = {who: max(value, least / 2) for who, value in values.items()}
    low, high = math.log(min(values.values())), math.log(max(values.values()))

    def x(who: str) -> float:
        share = (math.log(values[who]) - low) / (high - low) if high > low else 0.5
        return round(10 + (_WIDTH - 20) * share, 1)

    middle = _HEIGHT / 2
    parts = [
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{middle:g}" y2="{middle:g}"/>',
        f'<line class="zero" x1="{x("floor")}" x2="{x("floor")}" y1="0" y2="{_HEIGHT}"/>',
        f'<line class="interval" x1="{x("ours")}" x2="{x("peer")}" y1="{middle:g}" y2="{middle:g}"/>',
        f'<circle cx="{x("ours")}" cy="{middle:g}" r="4"/>',
    ]
    numbers = ", ".join(f"{who} {_number(record[who])}" for who in ("ours", "peer", "floor"))
    name = html.escape(f"{numbers} {record['unit']}")
    return f'<svg class="forest" role="img" aria-label="{name}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>'
