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


@pytest.mark.parametrize("line", (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].splitlines()[1:16])
def test_each_requirement_has_its_reason(line):
    assert re.search(r'",\s+# \w', line), f"no reason beside {line.strip()}"


def test_conda_takes_the_same_python_and_the_same_pins():
    python = next(d for d in CONDA["dependencies"] if isinstance(d, str) and d.startswith("python"))
    assert SpecifierSet(python.removeprefix("python").strip()) == SpecifierSet(PROJECT["requires-python"])
    pip = next(d["pip"] for d in CONDA["dependencies"] if isinstance(d, dict))
    assert "-c constraints.txt" in pip
    extras = next(re.search(r"\[(.*)\]", line).group(1) for line in pip if line.startswith("-e"))
    assert set(extras.split(",")) == set(PROJECT["optional-dependencies"])


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


def test_torch_is_the_cpu_build_or_was_chosen():
    if torch.version.cuda:
        pytest.skip("this environment has a CUDA build on purpose, or no CPU build could be had")
    assert torch.__version__.split("+")[0] == PINS["torch"]
