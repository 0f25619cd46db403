"""The page of a sweep, in the look of the book: estimates of all cells, then the tables behind them."""

import io
import shutil
from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.plotting.sweeps import estimates

from .markdown import plain
from .parameters import as_text
from .rendering import render_page
from .sweep import Cell, Sweep, tables

_ROWS = 60  # of a saved table that the page shows
_FIGURE = "estimates.svg"


def write_page(sweep: Sweep) -> None:
    """Render the page into the sweep's folder, from the tables that the finished cells saved."""
    files = {"table.csv": (sweep.folder / "table.csv").read_bytes()}
    claims = _claims(sweep.cells)
    if len(claims):
        image = io.BytesIO()
        estimates(claims).savefig(image, format="svg", metadata={"Date": None})
        files[_FIGURE] = image.getvalue()
    work = sweep.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    render_page(sweep.project, sweep.folder / "html", work, page_text(sweep, claims), files)
    shutil.rmtree(work)


def page_text(sweep: Sweep, claims: pd.DataFrame) -> str:
    """Write the page.

    Parameters
    ----------
    sweep : Sweep
    claims : DataFrame
        One row for each measured claim of each finished cell; empty where the chapter measures none.
    """
    finished = [cell for cell in sweep.cells if cell.is_finished]
    names = list(sweep.cells[0].varied)
    lines = [
        f"# Sweep: {sweep.name}",
        "",
        f"Chapter {sweep.chapter.number}, *{sweep.chapter.title}*, at {len(sweep.cells)} combinations of "
        f"{_listed(names)}; {len(finished)} of them finished. {{download}}`All that they saved <table.csv>`, one value "
        "a row.",
        "",
    ]
    if len(claims):
        shown = claims.assign(
            interval=[f"[{row.ci_low:.3g}, {row.ci_high:.3g}]" for row in claims.itertuples()],
            estimate=[f"{value:.3g}" for value in claims["estimate"]],
        )
        lines += ["## Claims", "", *_figure(len(claims["claim"].unique())), ""]
        lines += [*_table(shown[["claim", *names, "estimate", "interval", "unit", "verdict"]]), ""]
    lines += ["## Cells", "", *_table(_about(sweep.cells)), ""]
    lines += ["## Saved tables", ""]
    for name in dict.fromkeys(name for cell in finished for name in tables(cell)):
        lines += [*_saved(name, finished), ""]
    return "\n".join(lines)


def _figure(panels: int) -> list[str]:
    alt = f"{panels} panels, one a claim, each with a point and a line for every cell."
    caption = "Estimates with 95 % intervals, one line a cell; filled where the claim is supported by the book's rule."
    return [f"```{{figure}} {_FIGURE}", ":name: fig-estimates", f":alt: {alt}", "", caption, "```"]


def _claims(cells: Iterable[Cell]) -> pd.DataFrame:
    parts = []
    for cell in cells:
        saved = tables(cell).get("claims")
        if saved is None:
            continue
        # One claim at two sites is two lines of thought.
        several = saved["id"].duplicated(keep=False)
        part = saved.assign(claim=saved["id"].where(~several, saved["id"] + ", " + saved["site"]), cell=cell.label)
        for column in ("estimate", "ci_low", "ci_high"):
            part[column] = pd.to_numeric(part[column])
        parts.append(part.assign(**{name: as_text(value) for name, value in cell.varied.items()}))
    return pd.concat(parts, ignore_index=True).dropna(subset=["estimate"]) if parts else pd.DataFrame()


def _about(cells: Iterable[Cell]) -> pd.DataFrame:
    rows = []
    for cell in cells:
        record = cell.record
        seconds, memory = record.get("seconds"), record.get("peak_memory_mb")
        rows.append(
            {name: as_text(value) for name, value in cell.varied.items()}
            | {
                "status": "finished" if cell.is_finished else f"{record.get('status', 'missing')}: {cell.error}",
                "seconds": "" if seconds is None else f"{seconds:.1f}",
                "MB at most": "" if memory is None else f"{memory:.0f}",
                "run": cell.run.folder.name,
            }
        )
    return pd.DataFrame(rows)


def _saved(name: str, cells: Sequence[Cell]) -> list[str]:
    parts = []
    for cell in cells:
        if (saved := tables(cell).get(name)) is not None:
            for place, (parameter, value) in enumerate(cell.varied.items()):
                saved.insert(place, parameter, as_text(value), allow_duplicates=True)
            parts.append(saved)
    whole = pd.concat(parts, ignore_index=True)
    cut = f" (the first {_ROWS} of {len(whole)} rows)" if len(whole) > _ROWS else ""
    return [f":::{{dropdown}} {name}{cut}", *_table(whole.head(_ROWS)), ":::"]


def _table(frame: pd.DataFrame) -> list[str]:
    lines = [f"| {' | '.join(_plain(name) for name in frame.columns)} |", "|" + " --- |" * frame.shape[1]]
    return lines + [f"| {' | '.join(_plain(value) for value in row)} |" for row in frame.itertuples(index=False)]


def _plain(value: object) -> str:
    return plain(" ".join(str(value).split()), "`")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
