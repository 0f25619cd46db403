"""Small operations on files that a killed program cannot leave half done."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from analysis.errors import InputError

_NO_ROOM = 2**20  # bytes
_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)


def is_of_the_machine(message: str) -> bool:
    """Tell from an error's text whether it is for the user to mend: the disk is full, or may not be written to."""
    found = re.match(r"\[Errno (\d+)\]", message)
    return found is not None and int(found[1]) in _OF_THE_MACHINE


def is_full(folder: Path) -> bool:
    """Tell whether the disk has no room left to speak of: what fails then, fails of that, whatever it says."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free < _NO_ROOM


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")  # threads and machines may write it at once
    temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)


def replace_folder(new: Path, old: Path) -> None:
    """Put the finished folder `new` in the place of `old`."""
    retired = old.with_name(f".{old.name}.old")
    if retired.exists() and not old.exists():  # killed between the two renames below: what was good comes back first
        retired.rename(old)
    shutil.rmtree(retired, ignore_errors=True)
    if old.exists():
        old.rename(retired)
    new.rename(old)
    shutil.rmtree(retired, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def link_tree(source: Path, target: Path) -> None:
    """Make `target` the same tree of files as `source`; the files are shared where the file system can."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=_link)


def files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder in a fixed order, without hidden ones, bytecode and what was built."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "__pycache__", "_build")):
            continue
        if entry.is_dir():
            yield from files_below(entry)
        else:
            yield entry


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for one build at a time; the system frees it when the program ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InputError(
                f"another build (process {lock.read().strip() or 'unknown'}) is at work in {folder}: "
                "wait for it to end, then give the command again"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
