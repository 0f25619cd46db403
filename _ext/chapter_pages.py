"""Pages of chapters: numbered as their files are, offered as source and as notebook, linked to the repository."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector

_NOT_OURS = "https://github.com/executablebooks/jupyter-book"
_BUTTONS = ("use_repository_button", "use_issues_button", "use_edit_page_button")


def _show_repository_buttons(app: Sphinx, config: Config) -> None:
    """Turn the repository's buttons on if there is a repository: Jupyter Book fills in its own for none."""
    url = config.html_theme_options.get("repository_url") or _NOT_OURS
    if url.rstrip("/") != _NOT_OURS:
        config.html_theme_options |= dict.fromkeys(_BUTTONS, True)


def _number_as_files(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give `book/03_networks` the number 3, whatever stands before it in this book."""
    for docname, sections in env.toc_secnumbers.items():
        found = re.match(r"0*(\d+)_", Path(docname).name)
        if not found:
            continue
        chapter = int(found[1])
        env.toc_secnumbers[docname] = {anchor: (chapter, *number[1:]) for anchor, number in sections.items() if number}
        numbered: list[nodes.Element] = list(env.tocs[docname].findall(nodes.reference))
        for node in [*numbered, env.titles[docname]]:
            if node.get("secnumber"):
                node["secnumber"] = [chapter, *node["secnumber"][1:]]
    TocTreeCollector().assign_figure_numbers(env)
    return []


def _source(app: Sphinx, docname: str) -> Path:
    return Path(app.srcdir) / f"{docname}.md"


def _offer_source(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Offer the text that a chapter is written in beside the executed notebook, and edit the text."""
    if context.get("page_source_suffix") == ".ipynb" and _source(app, pagename).exists():
        context["page_source_suffix"] = ".md"
        context["sourcename"] = f"{pagename}.md"
        context["ipynb_source"] = f"{pagename}.ipynb"


def _copy_sources(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    for docname in app.env.all_docs:
        notebook = Path(app.srcdir) / f"{docname}.ipynb"
        if notebook.exists() and _source(app, docname).exists():
            target = Path(app.outdir) / "_sources" / docname
            for path in (notebook, _source(app, docname)):
                shutil.copy2(path, target.with_suffix(path.suffix))
            target.with_name(f"{target.name}-clean.ipynb").write_text(_clean(notebook), encoding="utf-8")


def _clean(notebook: Path) -> str:
    """Return a notebook without its outputs, to run oneself."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", _show_repository_buttons, priority=100)
    app.connect("env-get-updated", _number_as_files, priority=600)
    app.connect("html-page-context", _offer_source, priority=100)
    app.connect("build-finished", _copy_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
