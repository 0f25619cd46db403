"""The values a run gives to the parameters: defaults, then the profile, then the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from analysis.errors import InputError

from .chapters import Chapter, Project
from .parameters import Typed, did_you_mean, fit, load_yaml, refuse_unknown


@dataclass(frozen=True)
class Profile:
    """One way to run the whole book."""

    name: str
    shared: Mapping[str, Any]
    sections: Mapping[str, Mapping[str, Any]]

    def values(self, chapter: Chapter) -> dict[str, Any]:
        """Return the chapter's parameters under this profile."""
        where = f"profile {self.name}, {chapter.stem}"
        given = {name: value for name, value in self.shared.items() if name in chapter.parameters}
        given |= self.sections.get(chapter.stem, {})
        return chapter.defaults | {name: fit(chapter.parameters[name], value, where) for name, value in given.items()}


def load_profile(project: Project, name: str) -> Profile:
    """Read `book/profiles/<name>.yml` and refuse what no chapter knows."""
    names = sorted(path.stem for path in project.profiles.glob("*.yml"))
    if name not in names:
        raise InputError(f"there is no profile {name!r}{did_you_mean(name, names)}; the profiles: {', '.join(names)}")
    try:
        content = load_yaml((project.profiles / f"{name}.yml").read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"book/profiles/{name}.yml: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not all(_is_section(part) for part in content.values()):
        raise InputError(
            f"book/profiles/{name}.yml must hold 'all:' and one section for each chapter, each of 'parameter: value'"
        )
    shared = content.pop("all", None) or {}
    everyone = {key: value for chapter in project.chapters.values() for key, value in chapter.parameters.items()}
    refuse_unknown(shared, everyone, f"profile {name}, all: no chapter")
    sections = {}
    for key, section in content.items():
        chapter = project.chapter(str(key))
        refuse_unknown(section or {}, chapter.parameters, f"profile {name}: {chapter.stem}")
        sections[chapter.stem] = section or {}
    return Profile(name, shared, sections)


def _is_section(part: Any) -> bool:
    return part is None or (isinstance(part, dict) and all(isinstance(name, str) for name in part))


def values_for_chapter_run(
    chapters: list[Chapter], profile: Profile, typed: Mapping[str, Typed]
) -> dict[str, dict[str, Any]]:
    """Values for one chapter, the last of `chapters`, and for those before it, which it needs.

    What the command line gives must be a parameter of the chapter; the chapters it needs take what they share.
    """
    refuse_unknown(typed, chapters[-1].parameters, chapters[-1].stem)
    return {
        chapter.stem: profile.values(chapter)
        | {
            name: fit(chapter.parameters[name], value, chapter.stem)
            for name, value in typed.items()
            if name in chapter.parameters
        }
        for chapter in chapters
    }
