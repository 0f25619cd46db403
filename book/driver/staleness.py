"""What a chapter's result depends on, as one hash: same hash, same result."""

import functools
import glob
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.results import modules_used

from .chapters import Chapter, Project
from .files import file_digest, files_below

THREADS = 1  # of BLAS in each kernel: another number gives other last digits
PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "pandas", "matplotlib", "seaborn", "nilearn", "nibabel"),
    *("torch", "transformers", "tokenizers"),
    *("papermill", "nbclient", "ipykernel", "jupytext", "jupyter-book", "sphinx", "myst-nb"),
)
# The driver's own modules that decide what a kernel is given. Rendering and reporting do not.
_EXECUTING = (
    *("chapters.py", "execution.py", "parameters.py", "staleness.py", "worker.py"),
    *("in_kernel/figure_data.py", "in_kernel/figure_extension.py"),
)


def digest(*parts: Any) -> str:
    """SHA-256 of values that JSON can write."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def digest_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 of names and contents."""
    return digest([(str(path.relative_to(root)), file_digest(path)) for path in paths])


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of the Python and the packages at work."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


CLAIMS = "data/claims.yml"  # declarations, which decide only the chapters that measure claims


def project_digest(project: Project) -> str:
    """Hash what all chapters depend on: `data`, the pins, the driver, Python and packages."""
    stored = project.root / "data" / "results"  # tables that chapters show; see `chapter_key`
    claims = project.root / CLAIMS
    paths = [path for path in _below(project.root / "data") if not path.is_relative_to(stored) and path != claims]
    paths += [path for path in [project.root / "constraints.txt"] if path.exists()]
    driver = [file_digest(Path(__file__).parent / name) for name in _EXECUTING]
    return digest(digest_files(paths, project.root), driver, versions(), THREADS)


def chapter_key(
    chapter: Chapter, values: Mapping[str, Any], base: str, needs: Iterable[str], root: Path, *, is_deep: bool = False
) -> str:
    """Hash what one chapter depends on.

    Parameters
    ----------
    chapter : Chapter
        Its source counts, and the modules of `analysis` that it uses, whatever they use included.
    values : mapping
        Its parameters, with the contents of the files, folders and globs that they name.
    base : str
        From `project_digest`.
    needs : iterable of str
        The keys of the chapters it needs.
    root : Path
        What relative paths start from.
    is_deep : bool
        Whether the chapter is executed to make stored results; otherwise it depends on those that it shows.
    """
    named = [named_files(text, root) for value in values.values() for text in _texts(value)]
    if "results." in chapter.code and not is_deep:
        named.append(named_files("data/results", root))
    if "claims." in chapter.code:
        named.append(named_files(CLAIMS, root))
    return digest(chapter.stem, chapter.source, values, base, list(needs), named, _modules(chapter, root))


def _modules(chapter: Chapter, root: Path) -> str:
    """Hash the modules that a chapter uses; all of them where code cannot be parsed, which its run will tell."""
    try:
        paths = [root / path for path in modules_used(chapter.code, root, figures=True)]
    except SyntaxError:
        paths = [path for path in _below(root / "analysis") if path.suffix == ".py"]
    return digest_files(paths, root)


def _below(folder: Path) -> list[Path]:
    return list(files_below(folder)) if folder.is_dir() else []


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [text for text in values if isinstance(text, str)]
    return [part for text in texts for part in dict.fromkeys([text, *text.split("|")]) if part.strip()]


def named_files(text: str, root: Path) -> list[tuple[str, str]]:
    """Return the digests of the files that a parameter names, if it names any."""
    if "\0" in text or len(text) > 4096:
        return []
    places = [root / text]
    if glob.has_magic(text):
        places = sorted(Path(match) for match in glob.glob(str(root / text), recursive=True))
    found = []
    for place in places:
        try:
            paths = list(files_below(place)) if place.is_dir() else [place] if place.is_file() else []
        except OSError:  # too long for a path: it is a sentence
            continue
        found += [(str(path).removeprefix(str(root)), file_digest(path)) for path in paths]
    return found
