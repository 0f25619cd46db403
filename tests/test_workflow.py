"""What the workflow runs is named by digest: a tag can be moved to other code, a digest cannot."""

import re

import pytest
import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
USES = re.compile(r"^\s*(?:- )?uses: *(.*)$", re.MULTILINE)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_digest_with_its_version_beside_it(path):
    text = path.read_text()
    lines = USES.findall(text)
    jobs = yaml.safe_load(text)["jobs"].values()
    assert len(lines) == sum("uses" in step for job in jobs for step in job["steps"]) > 0
    assert not [line for line in lines if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line)]


def test_known_weaknesses_of_what_is_pinned_are_looked_up():
    commands = [
        step.get("run", "")
        for path in WORKFLOWS
        for job in yaml.safe_load(path.read_text())["jobs"].values()
        for step in job["steps"]
    ]
    assert [command for command in commands if "pip-audit" in command and "constraints.txt" in command]
