"""Executed chapters kept by the hash of what they depend on."""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from .files import file_digest, link_tree

_KEPT = 8  # entries a chapter keeps beside the default book's; the least recently used go first


@dataclass(frozen=True)
class Entry:
    """One execution of one chapter: its notebook, its saved results and what they took."""

    folder: Path
    seconds: float
    peak_memory_mb: float

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / "notebook.ipynb"

    @property
    def artifacts(self) -> Path:
        """The results that the chapter saved for others."""
        return self.folder / "artifacts"


@dataclass(frozen=True)
class Cache:
    """The folder of all entries, shared by all runs."""

    folder: Path

    def get(self, stem: str, key: str) -> Entry | None:
        """Return the entry if it is there and whole."""
        folder = self.folder / stem / key[:24]
        try:
            record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
            if record["key"] != key or record["files"] != _contents(folder):
                return None
            entry = Entry(folder, record["seconds"], record["peak_memory_mb"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        os.utime(folder)
        return entry

    def put(self, stem: str, key: str, made: Entry, work: Path) -> Entry:
        """Move an execution into the cache in one step.

        Parameters
        ----------
        stem, key : str
            The chapter and the hash of what it depends on.
        made : Entry
            The execution, in a folder that this call takes over.
        work : Path
            A folder on the same file system for what an older entry leaves.
        """
        if there := self.get(stem, key):  # another run was faster, and somebody may be reading what it made
            return there
        record = {"key": key, "files": _contents(made.folder)} | asdict(made)
        del record["folder"]
        (made.folder / "record.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        target = self.folder / stem / key[:24]
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(work / f"{stem}.damaged")
        made.folder.rename(target)
        others = [path for path in target.parent.iterdir() if path.name not in self._of_the_default_book()]
        for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        return Entry(target, made.seconds, made.peak_memory_mb)

    def _of_the_default_book(self) -> set[str]:
        """Name the entries that `make book` will look for: trying out parameters must not cost them."""
        try:
            record = json.loads((self.folder.parent / "run.json").read_text(encoding="utf-8"))
            return {chapter["inputs_hash"][:24] for chapter in record["chapters"].values()}
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def publish_artifacts(self, entry: Entry, target: Path) -> None:
        """Give a run the saved results of this execution."""
        target.parent.mkdir(parents=True, exist_ok=True)
        link_tree(entry.artifacts, target)


def _contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / "record.json"
    }
