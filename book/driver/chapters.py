"""The project and its chapters: what is in the table of contents, and what each source declares."""

import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from analysis.errors import InputError

from .parameters import Parameter, did_you_mean, load_yaml, parse_cell

_CELL = re.compile(r"^(?P<fence>`{3,})\{code-cell\}[^\n]*\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
_OPTIONS = re.compile(r"---\n(?P<block>.*?)^---[ \t]*\n|(?P<lines>(?:[ \t]*:[^\n]*\n)+)", re.M | re.S)
_FRONT_MATTER = re.compile(r"---\n(.*?)^---[ \t]*\n", re.M | re.S)


@dataclass(frozen=True)
class Chapter:
    """A MyST text notebook `book/NN_name.md`."""

    stem: str
    path: Path

    @cached_property
    def source(self) -> str:
        """The text of the chapter."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise InputError(f"_toc.yml names {self.stem}, but there is no book/{self.path.name}") from None
        except UnicodeDecodeError as error:
            raise InputError(f"book/{self.path.name} is not UTF-8: {error}") from None

    @property
    def number(self) -> str:
        """What names the chapter most shortly: 3 for `03_networks`."""
        return self.stem.split("_")[0].lstrip("0") or self.stem

    @cached_property
    def title(self) -> str:
        """The first heading."""
        found = re.search(r"^# +(.+?) *$", _CELL.sub("", self.source), re.M)
        return found[1] if found else self.stem

    @cached_property
    def question(self) -> str:
        """The paragraph below the title, which asks what the chapter is about."""
        found = re.search(r"^# +.+\n+((?:[^\n#`:(].*\n)+)", _CELL.sub("", self.source), re.M)
        return " ".join(found[1].split()) if found else ""

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The chapters whose saved results this one loads, as its front matter names them."""
        matter = _FRONT_MATTER.match(self.source)
        values = (self._yaml(matter[1]) if matter else {}).get("needs") or []
        return tuple(str(value) for value in (values if isinstance(values, list) else [values]))

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What the `parameters` cell declares, by name."""
        cells = [code for options, code in self._cells() if "parameters" in (options.get("tags") or [])]
        if len(cells) > 1:
            raise InputError(f"book/{self.path.name} has {len(cells)} cells tagged 'parameters'. Put all into one.")
        try:
            return {parameter.name: parameter for code in cells for parameter in parse_cell(code)}
        except (InputError, SyntaxError, tokenize.TokenError) as error:
            raise InputError(f"book/{self.path.name}, cell 'parameters': {error}") from None

    @property
    def code(self) -> str:
        """The Python of all cells."""
        return "\n".join(code for _, code in self._cells())

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that the `parameters` cell gives."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def _cells(self) -> Iterator[tuple[dict[str, Any], str]]:
        for cell in _CELL.finditer(self.source):
            body = cell["body"]
            options = _OPTIONS.match(body)
            if not options:
                yield {}, body
                continue
            text = options["block"] or re.sub(r"^[ \t]*:", "", options["lines"], flags=re.M)
            yield self._yaml(text), body[options.end() :]

    def _yaml(self, text: str) -> dict[str, Any]:
        try:
            found = load_yaml(text) or {}
        except yaml.YAMLError as error:
            raise InputError(f"book/{self.path.name}: {' '.join(str(error).split())}") from None
        if not isinstance(found, dict):
            raise InputError(f"book/{self.path.name}: '{found}' must be of the form 'name: value'")
        return found


@dataclass(frozen=True)
class Project:
    """The folder that holds `_toc.yml`, `book/` and `analysis/`."""

    root: Path

    @property
    def build(self) -> Path:
        """Where everything that is made goes, the default book's notebooks excepted."""
        return self.root / "_build"

    @property
    def profiles(self) -> Path:
        """The folder of the ways to run the whole book."""
        return self.root / "book" / "profiles"

    @cached_property
    def toc(self) -> dict[str, Any]:
        """The table of contents of the whole book."""
        path = self.root / "_toc.yml"
        if not path.exists():
            raise InputError(f"no _toc.yml in {self.root}")
        try:
            toc: Any = load_yaml(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise InputError(f"_toc.yml: {' '.join(str(error).split())}") from None
        if not isinstance(toc, dict) or not any(file.endswith(".ipynb") for file in _entries(toc)):
            raise InputError("_toc.yml names no chapter. Give it entries 'file: book/01_name.ipynb'")
        return toc

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        """The chapters by stem, in the order of the book: the entries of `_toc.yml` that end in .ipynb."""
        paths = [self.root / file for file in _entries(self.toc) if file.endswith(".ipynb")]
        return {path.stem: Chapter(path.stem, path.with_suffix(".md")) for path in paths}

    def chapter(self, name: str) -> Chapter:
        """Find the chapter that `3`, `03`, `03_networks` or `book/03_networks.md` names."""
        wanted = Path(name).name.removesuffix(".md").removesuffix(".ipynb")
        for chapter in self.chapters.values():
            if wanted == chapter.stem or (wanted.isdigit() and wanted.lstrip("0") == chapter.number):
                return chapter
        raise InputError(
            f"there is no chapter {name!r}{did_you_mean(wanted, self.chapters)}; "
            f"the chapters: {', '.join(self.chapters)}"
        )

    def with_needs(self, chapters: Sequence[Chapter]) -> list[Chapter]:
        """Return the chapters and all they need, each after what it needs."""
        ordered: dict[str, Chapter] = {}

        def visit(chapter: Chapter, path: tuple[str, ...]) -> None:
            if chapter.stem in path:
                raise InputError(f"chapters need each other in a circle: {' -> '.join((*path, chapter.stem))}")
            for need in chapter.needs:
                visit(self.chapter(need), (*path, chapter.stem))
            ordered[chapter.stem] = chapter

        for chapter in chapters:
            visit(chapter, ())
        return list(ordered.values())


def _entries(toc: Any) -> Iterator[str]:
    """All files that a table of contents names."""
    if isinstance(toc, list):
        for item in toc:
            yield from _entries(item)
    elif isinstance(toc, dict):
        if "file" in toc:
            yield toc["file"]
        for key in ("parts", "chapters", "sections"):
            yield from _entries(toc.get(key, []))


def only(toc: Any, stems: set[str]) -> Any:
    """Return the table of contents without the chapters that are not among `stems`."""
    if isinstance(toc, list):
        kept = (only(item, stems) for item in toc)
        return [item for item in kept if item is not None]
    if not isinstance(toc, dict):
        return toc
    if toc.get("file", "").endswith(".ipynb") and Path(toc["file"]).stem not in stems:
        return None
    pruned = {key: only(value, stems) for key, value in toc.items()}
    if "caption" in pruned and not pruned.get("chapters"):
        return None
    return pruned
