"""The data behind the figures of executed chapters, as files beside the pages that captions link to."""

import json
from typing import Any

FOLDER = "_data"  # beside the pages
_KIND = "text/csv"  # what `in_kernel` puts beside a figure's picture


def with_data_links(notebook: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Take the data of figures out of a notebook's outputs and link to it from the captions.

    Parameters
    ----------
    notebook : bytes
        An executed chapter.

    Returns
    -------
    notebook : bytes
        A figure that is a picture of something else than a table gets no link.
    tables : dict of str to bytes
        CSV by its place beside the page, `_data/<name of the figure>.csv`.
    """
    content = json.loads(notebook)
    tables: dict[str, bytes] = {}
    for cell in content["cells"]:
        found = [data.pop(_KIND) for data in _shown(cell) if _KIND in data]
        figure = cell.get("metadata", {}).get("mystnb", {}).get("figure", {})
        if found and figure.get("name") and figure.get("caption"):
            place = f"{FOLDER}/{figure['name']}.csv"
            tables[place] = "".join(found[0]).encode()
            figure["caption"] = f"{figure['caption'].rstrip()} [data (CSV)]({place})"
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode(), tables


def _shown(cell: dict[str, Any]) -> list[dict[str, Any]]:
    return [output["data"] for output in cell.get("outputs", []) if "data" in output]


def has_data(cell: dict[str, Any]) -> bool:
    """Tell whether a cell shows a figure whose data are a table."""
    return any(_KIND in data for data in _shown(cell))
