"""The explorer: one page on which a reader chooses a network and sees what the chapters found out about it."""

import csv
import html
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import altair as alt

from analysis import portraits

from .chapters import Project

MARK = "% explorer"  # the line of book/explorer.md that the page takes the place of
TABLES = "tables"  # the folder beside the page that its numbers go to
_SCRIPT = Path(__file__).with_name("explorer.js")
_BLUE, _GREY, _DARK = "#0072B2", "#8C8C8C", "#222222"


def explorer_page(
    text: str, project: Project, artifacts: Path, shown_chapters: Iterable[str]
) -> tuple[str, dict[str, bytes]]:
    """Put the explorer into the text of its page.

    Parameters
    ----------
    text : str
        `book/explorer.md`, with a line `% explorer`.
    project : Project
        Whose chapters give their titles.
    artifacts : Path
        The saved results, one folder a chapter.
    shown_chapters : iterable of str
        Stems of the chapters of this book; what others left is not shown.

    Returns
    -------
    text : str
    tables : dict of str to bytes
        The numbers of each chapter's pictures as CSV, by name below the folder of the page.
    """
    found = []
    for stem in sorted(shown_chapters):
        path = artifacts / stem / portraits.NAME
        if path.is_file():
            chapter = project.chapters[stem]
            names = {"chapter": stem, "number": chapter.number, "chapter_title": chapter.title}
            found.append(names | json.loads(path.read_text(encoding="utf-8")))
    if not found:
        shown = "No chapter of this run has saved networks, so there is nothing to choose from."
    else:
        links = ", ".join(f"{{download}}`chapter {one['number']} <{_table_name(one)}>`" for one in found)
        tables = f"The numbers of all pictures as tables (CSV): {links}."
        shown = "\n".join([tables, "", "```{raw} html", *_controls(found), *_data(found), "```"])
    page = re.sub(rf"^{MARK}$", lambda _: shown, text, flags=re.M)
    return page, {_table_name(one): _table(one).encode() for one in found}


def _table_name(one: Mapping[str, Any]) -> str:
    return f"{TABLES}/{one['chapter']}.csv"


def _table(one: Mapping[str, Any]) -> str:
    """Write the panels of one chapter's networks under one another."""
    rows = [
        {"measure": panel["title"], "unit": panel["unit"], **row} for panel in one["panels"] for row in panel["rows"]
    ]
    columns = ["measure", "unit", "network", "label", "value", "low", "high", "band_low", "band_high"]
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def _controls(found: list[dict[str, Any]]) -> list[str]:
    groups = []
    for one in found:
        label = html.escape(f"Chapter {one['number']}: {one['title']}", quote=True)
        options = "".join(
            f'<option value="{one["chapter"]}-{number}">Chapter {one["number"]}, network {number}</option>'
            for number in range(1, len(one["lit"]) + 1)
        )
        groups.append(f'<optgroup label="{label}">{options}</optgroup>')
    return [
        '<div class="explorer" id="explorer">',
        '<p class="explorer-choice"><label for="explorer-network">Network</label>',
        f'<select id="explorer-network">{"".join(groups)}</select></p>',
        "<noscript><p>Choosing a network needs JavaScript, which is turned off.</p></noscript>",
        '<p id="explorer-about" aria-live="polite"></p>',
        '<h2 id="explorer-neurons">Its neurons</h2>',
        '<div id="explorer-map" class="explorer-chart"></div>',
        '<p class="explorer-caption" id="explorer-map-caption"></p>',
        '<div id="explorer-contexts"></div>',
        '<div id="explorer-panels"></div>',
        "</div>",
    ]


def _data(found: list[dict[str, Any]]) -> list[str]:
    data = {"portraits": found, "map": _map().to_dict(), "panel": _panel().to_dict()}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return [
        f'<script type="application/json" id="explorer-data">{text}</script>',
        '<script src="../_static/explorer/vega.js"></script>',
        f"<script>{_SCRIPT.read_text(encoding='utf-8').strip()}</script>",
    ]


def _styled(chart: alt.Chart | alt.LayerChart) -> Any:
    return (
        chart.properties(
            width="container",
            background="white",
            padding=12,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, titleFontSize=12, labelColor=_DARK, titleColor=_DARK, gridColor="#e6e6e6")
        .configure_legend(labelColor=_DARK, titleColor=_DARK)
        .configure_axisY(labelLimit=180)
    )


def _map() -> Any:
    """Draw the lit neurons, layers × neurons; the page fills in the data and the size."""
    chart = (
        alt.Chart(alt.NamedData("lit"))
        .mark_tick(orient="vertical", thickness=2, bandSize=18)
        .encode(
            x=alt.X("neuron:Q", title="neuron of the layer", axis=alt.Axis(tickCount=5, grid=False)),
            y=alt.Y("layer:O", title="layer"),
            color=alt.Color("z:Q", scale=alt.Scale(scheme="redblue", reverse=True, domainMid=0), title="z"),
            tooltip=["layer:O", "neuron:Q", "z:Q"],
        )
    )
    return _styled(chart)


def _panel() -> Any:
    """Draw one measure: the chosen network beside the others, with its interval and its control."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(grid=True, domain=False, ticks=False))
    )
    mine, others = base.transform_filter("datum.chosen"), base.transform_filter("!datum.chosen")
    ends = {"x": alt.X("low:Q"), "x2": "high:Q"}
    control = {"x": alt.X("band_low:Q"), "x2": "band_high:Q"}
    layers = [
        mine.mark_bar(size=14, color="#d9d9d9").encode(**control),
        others.mark_tick(color=_GREY, opacity=0.45, thickness=1.5, size=12).encode(x="value:Q"),
        mine.mark_rule(color=_BLUE, strokeWidth=2.5).encode(**ends),
        mine.mark_point(color=_BLUE, filled=True, size=80, opacity=1).encode(
            x=alt.X("value:Q", title="", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=5)),
            tooltip=["label:N", "value:Q", "low:Q", "high:Q"],
        ),
    ]
    return _styled(alt.layer(*layers))
