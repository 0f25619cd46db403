"""Render executed chapters and the pages around them with Jupyter Book."""

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .bench_page import bench_page
from .card import with_card
from .chapters import Project, only
from .claims_page import claims_page
from .execution import Outcome
from .exercises import without_solutions
from .explorer import explorer_page
from .figure_links import with_data_links
from .files import file_digest, files_below, replace_folder, write_atomically
from .front import front_page
from .making import making_page
from .staleness import digest, versions
from .trust_page import trust_page

_STAMP = ".inputs"
_CLAIMS_PAGE = "book/claims.md"
_EXPLORER_PAGE = "book/explorer.md"
_BENCH_PAGE = "book/benchmarks.md"
_FRONT_PAGE = "book/intro.md"
_TRUST_PAGE = "book/trust.md"
_LEAVE = "import os, threading; threading.Thread(target=lambda: os.read(0, 1) or os._exit(1), daemon=True).start(); "
_JUPYTER_BOOK = _LEAVE + "from jupyter_book.cli.main import main; main()"
_MAKING_PAGE = "book/making.md"


class RenderError(Exception):
    """Jupyter Book found faults: not the user's to mend, and no bug of the driver's."""


@dataclass(frozen=True)
class Site:
    """A rendering: which notebooks, claims and saved results, where to, and whether a fault in it is fatal."""

    project: Project
    html: Path
    work: Path
    notebooks: Mapping[str, bytes]
    claims: Path
    artifacts: Path
    complete: bool
    for_students: bool = False  # the text of chapters, which pages offer, then has no solutions
    record: Mapping[str, Any] = field(default_factory=dict)  # of the run that executed the notebooks


def page_notebooks(outcomes: list[Outcome]) -> dict[str, bytes]:
    """Return the executed notebooks by stem, each with its card."""
    pages = {}
    for outcome in outcomes:
        task, entry = outcome.task, outcome.entry
        assert entry
        notebook = with_card(json.loads(entry.notebook.read_bytes()), task.chapter, task.values, entry)
        pages[task.chapter.stem] = (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()
    return pages


def render(site: Site) -> bool:
    """Render into `site.html` unless what it is made of is unchanged.

    Returns
    -------
    bool
        Whether there was anything to do.

    Raises
    ------
    RenderError
        With Jupyter Book's complaints; what was at `site.html` is untouched.
    """
    files, notebooks = _sources(site)
    inputs = digest(
        {name: file_digest(path) for name, path in files.items()},
        {name: hashlib.sha256(content).hexdigest() for name, content in notebooks.items()},
        # Pages may include these.
        [file_digest(path) for name in ("analysis", "data") for path in _below(site.project.root / name)],
        file_digest(Path(__file__)),
        versions(),
    )
    stamp = site.html / _STAMP
    if stamp.exists() and stamp.read_text() == inputs and (site.html / "index.html").exists():
        return False
    stage = site.work / "stage"
    _write_stage(site, stage, files, notebooks)
    made = _build(site, stage)
    (made / _STAMP).write_text(inputs)
    site.html.parent.mkdir(parents=True, exist_ok=True)
    replace_folder(made, site.html)
    shutil.rmtree(stage)
    return True


def render_page(project: Project, html: Path, work: Path, text: str, files: Mapping[str, bytes]) -> None:
    """Render one page that is not of the book, in the look of the book.

    Parameters
    ----------
    project : Project
        Whose look it has.
    html : Path
        The folder of the rendered page, `index.html`.
    work : Path
        A folder for what is being made.
    text : str
        MyST.
    files : mapping of str to bytes
        What lies beside the text, by name.
    """
    stage = work / "stage"
    look = [project.root / "_config.yml", project.root / "book" / "references.bib"]
    look += [path for name in ("_ext", "book/_static") for path in _below(project.root / name)]
    toc = yaml.safe_dump({"format": "jb-book", "root": "index"})
    site = Site(project, html, work, {}, work, work, complete=False)
    _write_stage(
        site,
        stage,
        {str(path.relative_to(project.root)): path for path in look},
        {"index.md": text.encode(), "_toc.yml": toc.encode(), **files},
    )
    html.parent.mkdir(parents=True, exist_ok=True)
    replace_folder(_build(site, stage), html)


def _below(folder: Path) -> list[Path]:
    return list(files_below(folder)) if folder.is_dir() else []


def _sources(site: Site) -> tuple[dict[str, Path], dict[str, bytes]]:
    """Find the files to copy, by place, and the contents that are made for this rendering."""
    root = site.project.root
    absent = {chapter.path for stem, chapter in site.project.chapters.items() if stem not in site.notebooks}
    files = {
        str(path.relative_to(root)): path
        for folder in ("book", "_ext")
        for path in _below(root / folder)
        if path.suffix != ".ipynb"
        and path not in absent
        and (folder == "_ext" or path.suffix != ".py")
        and path.parent != site.project.profiles
    }
    files["_config.yml"] = root / "_config.yml"
    toc = only(site.project.toc, set(site.notebooks))
    made: dict[str, bytes] = {}
    for stem, content in site.notebooks.items():
        made[f"book/{stem}.ipynb"], tables = with_data_links(content)
        made |= {f"book/{name}": table for name, table in tables.items()}
    if site.for_students:
        for stem in site.notebooks:
            del files[f"book/{stem}.md"]
            made[f"book/{stem}.md"] = without_solutions(site.project.chapters[stem].source).encode()
    if page := files.pop(_CLAIMS_PAGE, None):
        text = claims_page(page.read_text(encoding="utf-8"), site.project, site.claims, site.notebooks)
        made[_CLAIMS_PAGE] = text.encode()
    if page := files.pop(_FRONT_PAGE, None):
        text, pictures = front_page(page.read_text(encoding="utf-8"), site.project, site.notebooks)
        made[_FRONT_PAGE] = text.encode()
        made |= {f"book/{name}": content for name, content in pictures.items()}
    if page := files.pop(_EXPLORER_PAGE, None):
        text = page.read_text(encoding="utf-8")
        text, tables = explorer_page(text, site.project, site.artifacts, site.notebooks)
        made[_EXPLORER_PAGE] = text.encode()
        made |= {f"book/{name}": content for name, content in tables.items()}
    if page := files.pop(_BENCH_PAGE, None):
        made[_BENCH_PAGE] = bench_page(page.read_text(encoding="utf-8"), root).encode()
    if page := files.pop(_TRUST_PAGE, None):
        made[_TRUST_PAGE] = trust_page(page.read_text(encoding="utf-8"), root).encode()
    if page := files.pop(_MAKING_PAGE, None):
        text = making_page(page.read_text(encoding="utf-8"), site.record, site.notebooks, site.claims)
        made[_MAKING_PAGE] = text.encode()
    made["_toc.yml"] = yaml.safe_dump(toc, sort_keys=False, allow_unicode=True).encode()
    return files, made


def _write_stage(site: Site, stage: Path, files: Mapping[str, Path], made: Mapping[str, bytes]) -> None:
    shutil.rmtree(stage, ignore_errors=True)
    for name, path in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, stage / name)
    for name, content in made.items():
        write_atomically(stage / name, content)
    for name in ("analysis", "data"):  # for pages that include code or tables
        if (site.project.root / name).exists():
            (stage / name).symlink_to(site.project.root / name)


def _build(site: Site, stage: Path) -> Path:
    """Call Jupyter Book on the staged sources and return the folder of pages."""
    out = site.work / "rendered"
    shutil.rmtree(out, ignore_errors=True)
    # --all: warnings of the reading phase are not repeated on an incremental build.
    command = [sys.executable, "-c", _JUPYTER_BOOK, "build", str(stage), "--path-output", str(out), "--all", "-q"]
    if site.complete:
        command += ["-W", "--keep-going", "-n"]
    # A pipe that nobody writes to: it ends when this program does, however it does, and so does Jupyter Book then.
    theirs, ours = os.pipe()
    try:
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, cwd=stage, check=False)
    finally:
        os.close(theirs)
        os.close(ours)
    html = out / "_build" / "html"
    if done.returncode or not (html / "index.html").exists():
        said = done.stderr if done.stderr.strip() else done.stdout
        if (full := os.strerror(errno.ENOSPC)) in said:
            raise OSError(errno.ENOSPC, full, str(out))
        text = re.sub(r"\x1b\[[0-9;]*m", "", said).replace(f"{stage}/", "")
        raise RenderError("\n".join(line for line in text.splitlines() if line.strip()))
    return html
