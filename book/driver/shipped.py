"""Whether the models that come with the project are as they were shipped: a flipped bit in weights breaks no reader."""

from pathlib import Path

from analysis.errors import InputError

from .chapters import Project
from .files import file_digest

LIST = Path("book/driver/shipped.sha256")  # as `sha256sum` writes it, so that it can be checked without us
_SHIPPED = ("data/teaching-model", "data/sisters/*")


def refuse_damaged(project: Project) -> None:
    """Raise where a file of the list is missing or another one; a project without a list ships nothing."""
    path = project.root / LIST
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        place = project.root / name
        if place.is_file() and file_digest(place) == digest:
            continue
        raise InputError(
            f"{name} {'is not the file that this project ships' if place.exists() else 'is missing'}: get it back "
            f"(git checkout {name}), or, if you have changed the model on purpose, renew the list (make shipped)"
        )


def write_list(root: Path) -> None:
    """List the files of all models as they are now."""
    folders = [folder for pattern in _SHIPPED for folder in sorted(root.glob(pattern)) if folder.is_dir()]
    files = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
    lines = [f"{file_digest(path)}  {path.relative_to(root)}\n" for path in files]
    (root / LIST).write_text("".join(lines), encoding="utf-8")
