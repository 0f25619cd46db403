"""Put MathJax and Vega-Lite into the book, so that its pages need no network."""

from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import vl_convert
from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset

_PARTS = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")  # 2 of the 24 MB


def _copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    source = Path(str(distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline/static/mathjax")))
    for part in _PARTS:
        target = Path(app.outdir) / "_static" / "mathjax" / part
        target = target if (source / part).is_dir() else target.parent
        target.mkdir(parents=True, exist_ok=True)
        copy_asset(str(source / part), str(target))


def _write_vega(app: Sphinx, error: Exception | None) -> None:
    # After the build: Jupyter Book would add a script that lies among the static files to every page.
    if error or app.builder.format != "html" or "book/explorer" not in app.env.all_docs:
        return
    target = Path(app.outdir) / "_static" / "explorer" / "vega.js"
    target.parent.mkdir(parents=True, exist_ok=True)
    # In a function of its own: the bundle and the theme use the same names.
    target.write_text(f"(() => {{{vl_convert.javascript_bundle()}}})();", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.config.mathjax_path = "mathjax/tex-chtml.js"
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _write_vega)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
