"""The page of claims: what was measured in this build and in the deep tier, claim by claim."""

import contextlib
import html
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from analysis import claim_records, claims, declarations, results
from analysis.claim_records import Control, Measured, shown
from analysis.declarations import Claim
from analysis.errors import InputError

from .chapters import Project
from .markdown import plain
from .results import MEASURED

MARK = "% claims"  # the line of book/claims.md that the table takes the place of
_VERDICTS = ("supported", "weaker", "not supported", "inconclusive", claims.NOT_TESTABLE, claims.NOT_MEASURED)
_WIDTH, _HEIGHT = 200, 22  # of the drawing of an interval, in its own units


def claims_page(text: str, project: Project, measured: Path, shown_chapters: Collection[str]) -> str:
    """Put the claims into the text of their page.

    Parameters
    ----------
    text : str
        `book/claims.md`, with a line `% claims`.
    project : Project
        Whose declarations, chapters and stored results are shown.
    measured : Path
        `claims.json` of this build; it may be absent or damaged, and the page then says so.
    shown_chapters : collection of str
        Stems of the chapters that links may lead to.
    """
    source = project.root / declarations.DECLARED
    declared = declarations.load(source) if source.exists() else {}
    try:
        here, problem = claim_records.read(measured), ""
    except InputError:
        here, problem = [], "This build has no record of measured claims: what follows is only what was declared.\n"
    here = [one for one in here if one.id in declared]
    deep = _deep(project, declared)
    limit = _limit([*here, *deep], declared)
    lines = ['<link rel="stylesheet" href="../_static/claims.css">', "", problem or _count(here, declared), ""]
    chapter = None
    for claim in declared.values():
        if claim.chapter != chapter:
            chapter = claim.chapter
            lines += [f"## {_heading(project, chapter)}", ""]
        records = [one for one in [*here, *deep] if one.id == claim.id]
        lines += [_claim(claim, records, project, shown_chapters, limit), ""]
    if declared:
        lines += _meanings(declarations.explained(source))
    return re.sub(rf"^{MARK}$", lambda _: "\n".join(lines), text, flags=re.M)


def _meanings(explained: dict[str, dict[str, str]]) -> list[str]:
    lines = []
    for title, kind in (("The primary controls", "controls"), ("What a p is corrected over", "families")):
        lines += [f"## {title}", ""]
        for name, words in explained[kind].items():
            lines += [plain(name), f": {words}.", ""]
    return lines


def _deep(project: Project, declared: dict[str, Claim]) -> list[Measured]:
    """Read the claims that stored results hold and that are still declared; results out of date are named so."""
    found: list[Measured] = []
    store = project.root / results.STORE
    with contextlib.chdir(project.root):  # a stored result names its files from there
        for path in sorted(store.glob(f"*/{MEASURED}.csv")):
            result = results.find(path.parent.name, store)
            name = f"{path.parent.name} (out of date)" if result.changed else path.parent.name
            table = result.table(MEASURED)
            found += claim_records.from_table(table[table["id"].isin(declared)], declared, name)
    return found


def _count(here: list[Measured], declared: dict[str, Claim]) -> str:
    """Say how many claims came out how, each counted once, at the first site that it is declared for."""
    first = {one.id: one.verdict for one in reversed(here)}
    numbers = Counter(first.values())
    told = ", ".join(f"{numbers[verdict]} {verdict}" for verdict in _VERDICTS if numbers[verdict])
    missing = len(declared) - len(first)
    return f"Of {len(declared)} declared claims: {told or 'none measured'}" + (
        f", {missing} unknown." if missing else "."
    )


def _heading(project: Project, number: str) -> str:
    found = [chapter for chapter in project.chapters.values() if chapter.number.zfill(2) == number]
    return f"Chapter {int(number)}: {found[0].title}" if found else f"Chapter {int(number)} (not in this book yet)"


def _claim(claim: Claim, records: list[Measured], project: Project, chapters: Collection[str], limit: float) -> str:
    key, _, rest = claim.source.partition(",")
    bibliography = project.root / "book" / "references.bib"
    is_known = bibliography.exists() and f"{{{key}," in bibliography.read_text(encoding="utf-8")
    said = f"{{cite:t}}`{key}`,{rest}" if is_known else claim.source
    size, reference = f"±{claim.smallest_effect:g}", f" around {claim.reference:g}" if claim.reference else ""
    rows = [_row(one, claim, project, chapters, limit) for one in records if one.verdict != claims.NOT_MEASURED]
    head = ["| where | estimate, 95 % interval | controls | verdict |", "| --- | --- | --- | --- |"]
    missing = [one.reason for one in records if one.verdict == claims.NOT_MEASURED]
    unknown = f"[{claims.NOT_MEASURED}]{{.verdict}}" + (f": {missing[0]}." if missing else ".")
    return "\n".join(
        [
            f"(about-{claim.id})=",
            "::::{div} claim",
            f"**{claim.statement}**" + ("" if claim.kind == "paper" else " *(ours)*"),
            "",
            *([unknown, ""] if missing or not rows else []),
            *([*head, *rows] if rows else []),
            "",
            ":::{dropdown} What is measured, and where the claim comes from",
            f"**Measured:** {claim.estimand}. Over {claim.over}, in {plain(claim.unit)}.",
            "",
            f"**Too small to matter:** {size}{reference}, because {claim.because}.",
            "",
            f"**Primary control:** {claim.control}. **Corrected over:** {claim.family}.",
            "",
            f"**Source:** {said}.",
            ":::",
            "::::",
        ]
    )


def _row(one: Measured, claim: Claim, project: Project, chapters: Collection[str], limit: float) -> str:
    model = "the teaching model" if one.model.rstrip("/").endswith("teaching-model") else plain(Path(one.model).name)
    n = f", {one.n:,} {claim.over}" if one.n else ""
    place = f"{_link(one, project, chapters)}: {model}, `{one.site}`{n}"
    controls = "<br>".join(_control(one, control, claim) for control in one.controls)
    estimate = f"{_drawing(one, claim, limit)}{plain(shown(one))}"
    return f"| {place} | {estimate} | {controls} | {_verdict(one)} |"


def _link(one: Measured, project: Project, chapters: Collection[str]) -> str:
    """Lead to the paragraph that the chapter marks with `(claim-<id>)=`, or else to the chapter."""
    if one.chapter not in project.chapters:  # a stored result: its chapter is a number
        return f"deep tier, *{plain(one.profile)}*"
    chapter = project.chapters[one.chapter]
    if one.chapter not in chapters:
        return f"chapter {chapter.number}"
    if f"(claim-{one.id})=" in chapter.source:
        return f"{{ref}}`chapter {chapter.number} <claim-{one.id}>`"
    return f"{{doc}}`chapter {chapter.number} <{one.chapter}>`"


def _control(one: Measured, control: Control, claim: Claim) -> str:
    sign = "✓" if claims.passed(one, control, claim) else "✗"
    if control.p is None:
        drawn = f"{control.draws} draws, no p" if control.draws else "interval"
        return f"{sign} {plain(control.name)} ({drawn})"
    is_primary = control.name == claim.control and one.p_corrected is not None
    corrected = f", corrected {_never_zero(one.p_corrected)}" if is_primary else ""
    return f"{sign} {plain(control.name)} (p {_never_zero(control.p, '= ')}{corrected}; {control.draws:,} draws)"


def _never_zero(p: float | None, equals: str = "") -> str:
    return "&lt; 0.001" if p is not None and p < 0.001 else f"{equals}{p:.3f}"


def _verdict(one: Measured) -> str:
    kind = one.verdict.replace(" ", "-")
    why = f"<br><small>{plain(one.reason)}</small>" if one.reason else ""
    return f'<span class="verdict {kind}">{one.verdict}</span>{why}'


def _scaled(value: float, claim: Claim) -> float:
    """Measure from the reference in smallest effects of interest, the claimed direction to the right."""
    return (claim.direction or 1) * (value - claim.reference) / claim.smallest_effect


def _limit(records: Iterable[Measured], declared: dict[str, Claim]) -> float:
    """Find where the common axis of all drawings ends, at 10 smallest effects or beyond the farthest interval."""
    ends = [
        abs(_scaled(value, declared[one.id]))
        for one in records
        for value in (one.ci_low, one.ci_high)
        if value is not None
    ]
    return max([10.0, *ends]) * 1.1


def _drawing(one: Measured, claim: Claim, limit: float) -> str:
    """Draw an interval on an axis that is even near the reference and logarithmic beyond."""
    if one.estimate is None or one.ci_low is None or one.ci_high is None:
        return ""

    def x(value: float) -> float:
        return round(_WIDTH / 2 * (1 + math.asinh(value) / math.asinh(limit)), 1)

    estimate, *ends = (x(_scaled(value, claim)) for value in (one.estimate, one.ci_low, one.ci_high))
    low, high, middle = min(ends), max(ends), _HEIGHT / 2
    parts = [
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{middle:g}" y2="{middle:g}"/>',
        f'<rect class="small" x="{x(-1)}" y="0" width="{round(x(1) - x(-1), 1)}" height="{_HEIGHT}"/>',
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{_HEIGHT}"/>',
        f'<line class="interval" x1="{low}" x2="{high}" y1="{middle:g}" y2="{middle:g}"/>',
        f'<circle cx="{estimate}" cy="{middle:g}" r="4"/>',
    ]
    name = html.escape(shown(one)).replace("|", "&#124;")  # it stands in a table
    return f'<svg class="forest" role="img" aria-label="{name}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>'
