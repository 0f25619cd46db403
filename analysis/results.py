"""Results that take hours: small tables, kept with what made them, and checked against the code of today."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import InputError

STORE = Path("data/results")
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """One stored run: its tables, and how it was made.

    Attributes
    ----------
    folder : Path
    made : mapping
        ``command``, ``parameters``, ``seconds``, ``peak_memory_mb``, ``versions``, and ``files``: the digest of every
        module and input that decided it.
    """

    folder: Path
    made: Mapping[str, Any]

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the tables."""
        path = self.folder / f"{name}.csv"
        if not path.is_file():
            names = ", ".join(sorted(found.stem for found in self.folder.glob("*.csv")))
            raise InputError(f"The result '{self.folder.name}' has no table '{name}'. It has: {names or 'none'}.")
        try:
            return pd.read_csv(path)
        except ValueError:  # of which all are that pandas raises for a file
            raise InputError(
                f"The table '{name}' of the result '{self.folder.name}' is damaged. "
                f"Run: make results NAMES={self.folder.name}"
            ) from None

    @property
    def changed(self) -> list[str]:
        """Name modules and inputs that are no longer what they were; what lay outside the project may be absent."""
        now = fingerprint(Path(path) for path in self.made["files"] if Path(path).is_file())
        judged = [path for path in self.made["files"] if path in now or not path.startswith("..")]
        return [path for path in judged if now.get(path) != self.made["files"][path]]

    @property
    def label(self) -> str:
        """Say in one line what it took, and whether it is up to date."""
        state = "up to date" if not self.changed else f"out of date: {', '.join(self.changed)} changed since"
        return f"{self.made['command']} ({self.made['seconds'] / 60:.1f} min; {state})"


def find(name: str, store: Path = STORE) -> Result:
    """Return a stored result.

    Parameters
    ----------
    name : str
        As in ``book/results.yml``.
    store : Path
        Folder of all results.

    Raises
    ------
    InputError
        If it is not there, or its record is damaged.
    """
    folder = store / name
    try:
        made = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no stored result '{name}'. Make it: make results NAMES={name}") from None
    except ValueError:
        made = None
    if not isinstance(made, dict) or not {"command", "seconds", "files"} <= made.keys():
        raise InputError(f"The record of the result '{name}' is damaged. Run: make results NAMES={name}")
    return Result(folder, made)


def side_by_side(names: Iterable[str], table: str, store: Path = STORE) -> pd.DataFrame:
    """Put one table of several stored results under one another; results without it are left out.

    Returns
    -------
    DataFrame
        Indexed by the result's name and the first column of the table.
    """
    tables = {name: pd.read_csv(path) for name in names if (path := store / name / f"{table}.csv").is_file()}
    found = {name: table.set_index(table.columns[0]) for name, table in tables.items()}
    return pd.concat(found, names=["result"]) if found else pd.DataFrame()


def labels(names: Iterable[str], store: Path = STORE) -> list[str]:
    """Say of each result how it was made and whether it is up to date, or that it is not stored."""
    stored = {name: (store / name / "made.json").is_file() for name in names}
    return [f"{name}: {find(name, store).label if is_there else 'not stored'}" for name, is_there in stored.items()]


def save_table(folder: Path | str, name: str, table: pd.DataFrame) -> None:
    """Write a table for :func:`keep`; numbers with six digits, so that equal results are equal files.

    Parameters
    ----------
    folder : Path or str
        The folder of the run that makes it.
    name : str
    table : DataFrame
        Its index is written too if it has a name.
    """
    path = Path(folder) / "tables" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    table.to_csv(partial, index=table.index.name is not None, float_format="%.6g", lineterminator="\n")
    partial.replace(path)


def keep(name: str, tables: Path, made: Mapping[str, Any], store: Path = STORE) -> Path:
    """Put the tables of a finished run into the store, with how they were made: all of them or none.

    Parameters
    ----------
    name : str
    tables : Path
        Folder of CSV files.
    made : mapping
        As in :class:`Result`.
    store : Path
    """
    found = sorted(tables.glob("*.csv"))
    if not found:
        raise InputError(f"The run of '{name}' saved no table. Its chapter must call results.save_table.")
    folder, fresh, old = store / name, store / f".{name}.new", store / f".{name}.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for path in found:
        shutil.copyfile(path, fresh / path.name)
    (fresh / "made.json").write_text(json.dumps(dict(made), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def fingerprint(files: Iterable[Path]) -> dict[str, str]:
    """Return a short digest of each file's content, by path; of a chapter (``.md``) only its code decides."""
    return {str(path): hashlib.sha256(_deciding(path)).hexdigest()[:16] for path in files}


def _deciding(path: Path) -> bytes:
    """Return what of a file decides a result: of a chapter the code of its cells, without prose, captions and tags."""
    content = path.read_bytes()
    return b"\n".join(_CELL.findall(content)) if path.suffix == ".md" else content


_CELL = re.compile(rb"^```\{code-cell\}[^\n]*\n(?:---\n.*?^---\n|(?::[^\n]*\n)*)(.*?)^```", re.M | re.S)
"""A code cell of a text notebook; its options stand between two lines of ``---``, or on lines that begin with ``:``."""


def modules_used(code: str, root: Path = _PACKAGE.parent, *, figures: bool = False) -> list[Path]:
    """List the modules of `analysis` that code imports, and all that these import in turn.

    Parameters
    ----------
    code : str
        Python.
    root : Path
        The folder that holds the package.
    figures : bool
        Whether to list `analysis.plotting` too, which decides how a result looks, but not what it is.

    Returns
    -------
    list of Path
        Relative to the folder that holds the package.
    """
    found: set[Path] = set()
    waiting = _imported(code, root)
    while waiting:
        path = waiting.pop()
        if path in found or (not figures and "plotting" in path.parts):
            continue
        found.add(path)
        waiting |= _imported((root / path).read_text(encoding="utf-8"), root)
    return sorted(found)


def _imported(code: str, root: Path) -> set[Path]:
    """List the files of the package behind the imports of some code; importing a module runs the packages above it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    found = set()
    for name in names:
        place = Path(*name.split("."))
        if place.parts[0] == _PACKAGE.name:
            above = [folder / "__init__.py" for folder in (place, *place.parents[:-1])]
            found |= {path for path in (place.with_suffix(".py"), *above) if (root / path).is_file()}
    return found
