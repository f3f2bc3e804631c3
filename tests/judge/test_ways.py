"""Four ways to ask the claims, and one answer: in tests of one's own, in a notebook, in two shells.

Ten impostors and ten right versions, of components whose claims are quick.
"""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from sums_to_one import check_component
from sums_to_one.tests.judge import warm
from sums_to_one.tests.judge.components import chapter_of, file_of
from sums_to_one.tests.judge.versions import Version, versions

MANY = {"constant_": 3, "zeros_": 3, "ones_": 2, "Compose": 2}
# The first of a component may leave memory as it found it, which is not the same in two processes.
IMPOSTORS = [v for c, n in MANY.items() for v in [v for v in versions(c) if v.refused_by][1:][:n]]
RIGHT = [v for c, n in MANY.items() for v in [v for v in versions(c) if not v.refused_by][:n]]
ASKED = {str(version): version for version in (*IMPOSTORS, *RIGHT)}

# A stranger's settings, each of which would change a verdict if it were heeded.
CONFTEST = """
import hypothesis
import torch

hypothesis.settings.register_profile("mine", max_examples=1, phases=[hypothesis.Phase.explicit])
hypothesis.settings.load_profile("mine")
torch.set_default_dtype(torch.float64)
"""
TESTS = """
import hypothesis
import pytest
import torch

import subjects
from sums_to_one import parametrize_with_claims

@pytest.mark.parametrize("subject", subjects.ALL)
def test_settings_are_left_alone(subject):
    assert hypothesis.settings.get_current_profile_name() == "mine"
    assert torch.get_default_dtype() == torch.float64
"""
TEST = """
@parametrize_with_claims({name!r})
def test_{number}(component, claim, record_property):
    record_property("found", f"{name} {{claim!r}}")
    claim(component)
"""

Found = dict[str, set[str]]  # by outcome: the name of a subject and a sentence about it


def passed_and_failed(rows: list[tuple[str, str]]) -> Found:
    return {
        outcome: {row for row, came in rows if came == outcome} for outcome in ("passed", "failed")
    }


def module_of(version: Version) -> str:
    """A submission: a file that has the component by its name."""
    where = f"sums_to_one.tests.{chapter_of(version.of)}.impostors.{file_of(version.of)}"
    return f"from {where} import {version.name} as {version.of}  # noqa: F401\n"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    text = TESTS
    for number, (name, version) in enumerate(ASKED.items()):
        (folder / f"{name}.py").write_text(module_of(version))
        text += TEST.format(name=f"{name}.py", number=number)
    (folder / "subjects.py").write_text(f"ALL = {[*ASKED]}\n")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_mine.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    return folder


def run(folder: Path, *arguments: str) -> None:
    """In a new process: nothing of ours is there until the stranger's settings are."""
    told = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True
    )
    assert told.returncode == 1, told.stdout + told.stderr


def found_in(file: Path) -> Found:
    """What a file of verdicts says."""
    subjects = json.loads(file.read_text())["subjects"]
    return passed_and_failed(
        [
            (f"{subject['name']} {row['sentence']}", row["outcome"])
            for subject in subjects
            for row in subject["claims"]
        ]
    )


def by_tests_of_ones_own(folder: Path) -> Found:
    quietly = ("-q", "-n0", "--tb=no", "-ojunit_family=xunit1")  # the other one has no properties
    run(folder, "pytest", *quietly, "--junitxml=found.xml", "test_mine.py")
    rows = []
    for case in ElementTree.parse(folder / "found.xml").iter("testcase"):
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        ended = {part.tag for part in case}
        outcome = "failed" if "failure" in ended else "skipped" if "skipped" in ended else "passed"
        if "found" in properties:
            rows.append((str(properties["found"]), outcome))
        else:
            assert outcome == "passed", ElementTree.tostring(case)
    return passed_and_failed(rows)


def by_check_component(folder: Path) -> Found:
    rows = []
    for name, version in ASKED.items():
        for row in check_component(version.of, version.function, on_fail=None):
            rows.append((f"{name}.py {row['sentence']}", row["outcome"]))
    return passed_and_failed(rows)


def by_pytest(folder: Path) -> Found:
    subjects = [f"--subject={name}.py" for name in ASKED]
    told = warm.run("pytest", "-q", "--verdicts=pytest.json", *subjects, cwd=folder)
    assert told.returncode == 1, told.stdout + told.stderr
    return found_in(folder / "pytest.json")


def by_the_command(folder: Path) -> Found:
    subjects = [f"{name}.py" for name in ASKED]
    command = "sums_to_one.tests.judge.command"
    told = warm.run(command, "judge", "--verdicts=judge.json", *subjects, cwd=folder)
    assert told.returncode == 1, told.stdout + told.stderr
    return found_in(folder / "judge.json")


@pytest.fixture(scope="module")
def found(repository: Path) -> Found:
    return by_tests_of_ones_own(repository)


def test_ten_impostors_are_refused_and_ten_right_versions_accepted(found):
    assert (len(IMPOSTORS), len(RIGHT)) == (10, 10)
    refused = {sentence.partition(".py ")[0] for sentence in found["failed"]}
    assert refused == {str(version) for version in IMPOSTORS}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", [by_check_component, by_pytest, by_the_command])
def test_whichever_way_they_are_asked_the_verdicts_are_the_same(found, repository, way):
    came = way(repository)
    differ = {outcome: came[outcome] ^ found[outcome] for outcome in found}
    assert not any(differ.values()), differ
