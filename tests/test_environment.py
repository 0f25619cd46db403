"""pyproject.toml, constraints.txt and environment.yml say the same."""

import importlib.metadata
import re
import sys
import tomllib

import pytest
import torch
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(requirement.name): next(iter(requirement.specifier)).version
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and (requirement := Requirement(line))
}
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
DIRECT = [Requirement(r) for r in sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])]


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_each_requirement_is_pinned_within_its_bounds(requirement):
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


REQUIREMENT = re.compile(r'^    "([\w\[\]-]+[<>=][^"]*)",(.*)$', re.MULTILINE)


def test_each_requirement_has_its_reason():
    lines = REQUIREMENT.findall((ROOT / "pyproject.toml").read_text())
    assert {requirement for requirement, _ in lines} == {
        requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra
    } | set(PROJECT["dependencies"])
    assert not [requirement for requirement, rest in lines if not re.match(r"\s+# \w", rest)]


def test_conda_takes_the_same_python_and_the_same_pins():
    python = next(d for d in CONDA["dependencies"] if isinstance(d, str) and d.startswith("python"))
    assert SpecifierSet(python.removeprefix("python").strip()) == SpecifierSet(PROJECT["requires-python"])
    pip = next(d["pip"] for d in CONDA["dependencies"] if isinstance(d, dict))
    assert "-c constraints.txt" in pip
    extras = next(re.search(r"\[(.*)\]", line).group(1) for line in pip if line.startswith("-e"))
    assert set(extras.split(",")) == {"book", "test"}  # as the Makefile does; the others are for large machines


def test_what_is_installed_is_what_is_pinned():
    if sys.version_info[:2] != (3, 11):
        pytest.skip("pins are resolved at Python 3.11; elsewhere some packages differ")
    ours = {canonicalize_name(PROJECT["name"]), "pip", "setuptools", "wheel"}
    wrong = {}
    for distribution in importlib.metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        version = distribution.version.split("+")[0]  # torch's CPU build calls itself 2.13.0+cpu
        if name in PINS and PINS[name] != version:
            wrong[name] = version
        elif name not in PINS and name not in ours:
            wrong[name] = f"{version}, not pinned"
    assert not wrong


def test_torch_came_from_its_cpu_build_where_that_can_be_had():
    if sys.version_info[:2] != (3, 11) or not sys.platform.startswith("linux"):
        pytest.skip("which builds can be had differs by system; the Makefile warns where CUDA is all there is")
    assert torch.version.cuda is None
    assert torch.__version__.split("+")[0] == PINS["torch"]


def test_authors_and_holder_are_one_setting():
    """The book's configuration has it; the files that other programs read repeat it."""
    book = yaml.safe_load((ROOT / "_config.yml").read_text())
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert [author["name"] for author in citation["authors"]] == [book["author"]]
    assert f"Copyright (c) {book['copyright']} {book['author']}" in (ROOT / "LICENSE").read_text()
    assert citation["version"] == PROJECT["version"]
    assert ("repository-code" in citation) == ("repository" in book)


def test_links_of_the_readme_lead_somewhere():
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", readme)
    assert len(links) > 4
    assert all((ROOT / link).exists() for link in links)
