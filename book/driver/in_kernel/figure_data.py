"""What a figure shows, as one tidy table: a row for each point, bar, interval or cell, in the units of its axes."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

COLUMNS = ("panel", "x_axis", "y_axis", "series", "kind", "x", "y", "x_low", "x_high", "y_low", "y_high", "value")
NAMES = ("x_name", "y_name")  # the words that stand at ticks, where these are no numbers
MOST_ROWS = 20_000  # what has more is a picture

Row = dict[str, Any]


def to_csv(figure: Figure) -> str | None:
    """Return the data of a figure as CSV, columns that nothing fills left out.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    str or None
        None if the figure is a picture: axes that are switched off or have three dimensions, images in colours of
        their own, or more than `MOST_ROWS` rows.
    """
    shown = [axes for axes in figure.get_axes() if axes.axison and axes.name == "rectilinear"]
    shown = [axes for axes in shown if not hasattr(axes, "_colorbar")]
    rows: list[Row] = []
    for number, axes in enumerate(shown, start=1):
        rows += _panel(axes, str(number), figure)
        if len(rows) > MOST_ROWS:
            return None
    if not rows:
        return None
    used = [name for name in (*COLUMNS, *NAMES) if any(row.get(name, "") != "" for row in rows)]
    written = io.StringIO()
    table = csv.DictWriter(written, used, extrasaction="ignore", restval="", lineterminator="\n")
    table.writeheader()
    table.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _panel(axes: Axes, number: str, figure: Figure) -> list[Row]:
    """Return the rows of one panel, under its title or else its number."""
    titles = [axes.get_title(loc=place) for place in ("left", "center", "right")]
    head = {
        "panel": next((title for title in titles if title), number),
        "x_axis": axes.get_xlabel(),
        "y_axis": axes.get_ylabel(),
    }
    x_names, y_names = _tick_names(axes.xaxis), _tick_names(axes.yaxis)
    rows = []
    for place, (artist, made) in enumerate(_drawn(axes), start=1):
        series = _label(artist) or _legend_label(artist, axes, figure) or str(place)
        for row in made:
            names = {"x_name": _name_at(row.get("x"), x_names), "y_name": _name_at(row.get("y"), y_names)}
            rows.append(head | {"series": series} | row | names)
            if len(rows) > MOST_ROWS:
                return rows
    return rows


def _drawn(axes: Axes) -> Iterator[tuple[Any, Iterator[Row]]]:
    """Yield what was drawn into axes with the rows that it makes, containers before their loose parts."""
    parts: set[int] = set()
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            line, caps, intervals = container.lines
            parts |= {id(part) for part in (line, *caps, *intervals)}
            yield container, _error_bars(container)
        elif isinstance(container, BarContainer):
            parts |= {id(bar) for bar in container}
            yield container, _bars(container)
    for artist in axes.get_children():
        if id(artist) in parts or artist is axes.patch or not artist.get_visible():
            continue
        reader = next((made for kind, made in _READERS if isinstance(artist, kind)), None)
        if reader:
            yield artist, reader(artist, axes)


def _line(line: Any, axes: Axes) -> Iterator[Row]:
    """Points of a line; a line across the axes has only the coordinate that is data."""
    is_x, is_y = line.get_transform().contains_branch_seperately(axes.transData)
    if not is_x and not is_y:
        return
    kind = "points" if line.get_linestyle() in ("None", "none", " ", "") else "line"
    points = list(zip(line.get_xdata(orig=False), line.get_ydata(orig=False), strict=True))
    if not (is_x and is_y):
        kind, points = "reference line", points[:1]
    for x, y in points:
        yield {"kind": kind, "x": x if is_x else "", "y": y if is_y else ""}


def _error_bars(container: Any) -> Iterator[Row]:
    """Points with the ends of their intervals; where no points are drawn, the middles of the intervals."""
    line, _, intervals = container.lines
    there = [name for name, has in (("x", container.has_xerr), ("y", container.has_yerr)) if has]
    ends, points = {}, []
    for name, drawn in zip(there, intervals, strict=True):
        segments = drawn.get_segments()
        ends[name] = [np.sort(segment[:, int(name == "y")]) for segment in segments]
        points = [segment.mean(0) for segment in segments]
    if line is not None:
        points = list(zip(line.get_xdata(orig=False), line.get_ydata(orig=False), strict=True))
    for number, (x, y) in enumerate(points):
        row = {"kind": "interval", "x": x, "y": y}
        for name, pairs in ends.items():
            row |= {f"{name}_low": pairs[number][0], f"{name}_high": pairs[number][1]}
        yield row


def _bars(container: Any) -> Iterator[Row]:
    """Bars by their far end; those that do not start at 0 with both ends."""
    is_level = container.orientation == "horizontal"
    for bar in container:
        start, length = (bar.get_x(), bar.get_width()) if is_level else (bar.get_y(), bar.get_height())
        across = bar.get_y() + bar.get_height() / 2 if is_level else bar.get_x() + bar.get_width() / 2
        along, side = ("x", "y") if is_level else ("y", "x")
        ends = {f"{along}_low": start, f"{along}_high": start + length} if start else {}
        yield {"kind": "bar", along: start + length, side: across} | ends


def _scatter(drawn: Any, axes: Axes) -> Iterator[Row]:
    values = drawn.get_array()
    for number, (x, y) in enumerate(drawn.get_offsets()):
        yield {"kind": "points", "x": x, "y": y} | ({} if values is None else {"value": values[number]})


def _segments(drawn: Any, axes: Axes) -> Iterator[Row]:
    """Straight lines: upright and level ones by their ends, others by their points."""
    is_x, is_y = drawn.get_transform().contains_branch_seperately(axes.transData)
    for segment in drawn.get_segments():
        (x_low, y_low), (x_high, y_high) = segment.min(0), segment.max(0)
        if is_x and x_low == x_high:
            yield {"kind": "interval", "x": x_low} | ({"y_low": y_low, "y_high": y_high} if is_y else {})
        elif is_y and y_low == y_high:
            yield {"kind": "interval", "y": y_low} | ({"x_low": x_low, "x_high": x_high} if is_x else {})
        elif is_x and is_y:
            yield from ({"kind": "line", "x": x, "y": y} for x, y in segment)


def _band(drawn: Any, axes: Axes) -> Iterator[Row]:
    """Areas between two lines over x, as `fill_between` draws them: up along one, back along the other."""
    for path in drawn.get_paths():
        points = path.vertices
        half = (len(points) - 3) // 2
        one, other = points[1 : half + 1], points[half + 2 : 2 * half + 2][::-1]
        if half < 1 or one.shape != other.shape or not np.array_equal(one[:, 0], other[:, 0]):
            continue
        for (x, y), (_, z) in zip(one, other, strict=True):
            yield {"kind": "band", "x": x, "y_low": min(y, z), "y_high": max(y, z)}


def _heat_map(image: Any, axes: Axes) -> Iterator[Row]:
    """Cells by their middle; an image in colours of its own is a picture."""
    values = image.get_array()
    if values is None or values.ndim != 2:
        return
    left, right, bottom, top = image.get_extent()
    first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
    n_rows, n_columns = values.shape
    yield from _cells(values, _middles(left, right, n_columns), _middles(first, last, n_rows))


def _mesh(mesh: Any, axes: Axes) -> Iterator[Row]:
    corners = mesh.get_coordinates()
    x: Any = corners[0, :, 0]
    y: Any = corners[:, 0, 1]
    values: Any = np.ma.asarray(mesh.get_array()).reshape(len(y) - 1, len(x) - 1)
    yield from _cells(values, (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)


def _cells(values: Any, x: Any, y: Any) -> Iterator[Row]:
    seen: Any = np.ma.filled(np.ma.asarray(values, float), np.nan)
    for row, column in zip(*np.nonzero(~np.isnan(seen)), strict=True):
        yield {"kind": "heat map", "x": x[column], "y": y[row], "value": seen[row, column]}


def _middles(first: float, last: float, n: int) -> Any:
    edges = np.linspace(first, last, n + 1)
    return (edges[1:] + edges[:-1]) / 2


def _box(box: Any, axes: Axes) -> Iterator[Row]:
    """Rectangles: a span across the axes has only the coordinate that is data."""
    is_x, is_y = box.get_transform().contains_branch_seperately(axes.transData)
    x, y, width, height = box.get_x(), box.get_y(), box.get_width(), box.get_height()
    row = {"x_low": min(x, x + width), "x_high": max(x, x + width)} if is_x else {}
    row |= {"y_low": min(y, y + height), "y_high": max(y, y + height)} if is_y else {}
    if row:
        yield {"kind": "box" if is_x and is_y else "span"} | row


_READERS: list[tuple[type, Callable[[Any, Axes], Iterator[Row]]]] = [
    (Line2D, _line),
    (PathCollection, _scatter),
    (LineCollection, _segments),
    (QuadMesh, _mesh),
    (PolyCollection, _band),
    (AxesImage, _heat_map),
    (Rectangle, _box),
]


def _label(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _legend_label(artist: Any, axes: Axes, figure: Figure) -> str:
    """Find what a legend made by hand says of the artist's colour, if it says one thing."""
    legends = [legend for legend in (axes.get_legend(), *figure.legends) if legend]
    colour = _colour(artist)
    said = {
        text.get_text()
        for legend in legends
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=False)
        if handle is not None and colour is not None and _colour(handle) == colour
    }
    return said.pop() if len(said) == 1 else ""


def _colour(artist: Any) -> tuple[float, ...] | None:
    """Return red, green and blue of what has one colour."""
    if isinstance(artist, ErrorbarContainer):
        artist = artist.lines[0] or artist.lines[2][0]
    if isinstance(artist, BarContainer):
        artist = artist[0] if len(artist) else None
    ask = getattr(artist, "get_color", None) or getattr(artist, "get_facecolor", None)
    if ask is None:
        return None
    try:
        colours = np.atleast_2d([to_rgb(one) for one in _several(ask())])
    except ValueError:
        return None
    return tuple(colours[0]) if len(colours) and (colours == colours[0]).all() else None


def _several(colour: Any) -> list[Any]:
    is_many = isinstance(colour, np.ndarray) and colour.ndim == 2
    return list(colour) if is_many else [colour]


def _tick_names(axis: Any) -> list[tuple[float, str]]:
    """Return the places and words of ticks that were put there by hand; none where they are numbers."""
    locator: Any = axis.get_major_locator()
    if mapping := getattr(getattr(axis, "units", None), "_mapping", None):
        return [(float(place), str(word)) for word, place in mapping.items()]
    if not isinstance(locator, FixedLocator):
        return []
    at = axis.get_majorticklocs()
    words = [str(word) for word in axis.get_major_formatter().format_ticks(at)]
    if all(_is_number(word) for word in words if word):
        return []
    return [(float(place), word) for place, word in zip(at, words, strict=True)]


def _name_at(value: Any, names: list[tuple[float, str]]) -> str:
    """Return the word at the nearest tick, for what stands nearer to it than to the middle between two ticks."""
    if not names or value is None or value == "":
        return ""
    places = np.array([place for place, _ in names])
    reach = np.diff(np.sort(places)).min() / 2 if len(places) > 1 else 0.5
    distances = np.abs(places - float(value))
    nearest = int(distances.argmin())
    return names[nearest][1] if distances[nearest] < reach else ""


def _is_number(word: str) -> bool:
    try:
        float(word.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return False
    return True


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    number = float(np.ma.filled(value, np.nan))
    return "" if np.isnan(number) else f"{number:.6g}"
