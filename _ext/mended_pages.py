"""Mend the theme's pages once they are written: scripts that a page does without, a list with the wrong role."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# 1.5 MB that draw icons as pictures; the style sheet draws the same icons from its font.
_ICONS = re.compile(r'<script[^>]*src="[^"]*/fontawesome\.js[^"]*"[^>]*></script>\s*')
# 1.2 MB that a page without formulas has no use for; Jupyter Book asks for them on every page.
_FORMULAS = re.compile(r'<script[^>]*src="[^"]*/mathjax/[^"]*"[^>]*></script>\s*')
# docutils calls a bibliography a list, and its entries something else than items of a list.
_CITATIONS = '<div role="list" class="citation-list">'


def mended(page: str) -> str:
    """Return the page without what it does not need, formulas kept where there are any."""
    page = _ICONS.sub("", page).replace(_CITATIONS, '<div class="citation-list">')
    return page if re.search(r'class="[^"]*\bmath\b', page) else _FORMULAS.sub("", page)


def _mend_all(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        if path.relative_to(app.outdir).parts[0] != "_static":
            text = path.read_text(encoding="utf-8")
            if (better := mended(text)) != text:
                path.write_text(better, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", _mend_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
