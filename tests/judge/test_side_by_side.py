"""Tests that run side by side: each is run once, and one that breaks its process fails alone."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from sums_to_one.tests.judge import warm

FILE = """
import os, signal
import pytest

made = []

@pytest.fixture(scope="module")
def once():
    made.append(1)
    yield len(made)

@pytest.mark.parametrize("n", range(20))
def test_right(n, once):
    assert once == 1, "a fixture of the module is made once in a process"

def test_wrong():
    print("heard")
    assert 1 == 2, "so it is"

def test_crashes():
    os.kill(os.getpid(), signal.SIGSEGV)

def test_exits():
    os._exit(0)

def test_ends_in_its_teardown(broken):
    pass

@pytest.fixture
def broken():
    yield
    os._exit(3)

@pytest.mark.skip(reason="for a test")  # reason: of a test run within this one, and counted
def test_skipped():
    pass

class TestMore:
    @pytest.mark.parametrize("n", range(10))
    def test_right(self, n):
        pass
"""
FAILS = {"test_wrong", "test_crashes", "test_exits", "test_ends_in_its_teardown"}


def run(folder: Path, *options: str) -> tuple[int, str, dict[str, str | None]]:
    """How pytest ended, what it said, and what came of each test: None if it passed."""
    (folder / "test_some.py").write_text(FILE)
    ours = ("-psums_to_one.tests.judge.collecting", "-pno:cacheprovider", "--junit-xml=found.xml")
    told = warm.run("pytest", *ours, *options, cwd=folder)
    cases = [*ElementTree.parse(folder / "found.xml").iter("testcase")]
    found = {f"{case.get('classname')}::{case.get('name')}": _outcome(case) for case in cases}
    assert len(found) == len(cases), "a test was reported twice"
    return told.returncode, told.stdout + told.stderr, found


def _outcome(case: ElementTree.Element) -> str | None:
    return next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), None)


@pytest.mark.parametrize("count", [2, 3])
def test_every_test_is_run_once_and_one_that_breaks_its_process_fails_alone(tmp_path, count):
    code, said, found = run(tmp_path, f"-n{count}")
    assert len(found) == 35, said
    assert {name.rpartition("::")[2] for name, was in found.items() if was == "failure"} == FAILS
    assert [name for name, was in found.items() if was == "skipped"] == ["test_some::test_skipped"]
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "4 failed, 30 passed, 1 skipped" in said


def test_what_a_test_has_printed_is_shown_where_it_fails(tmp_path):
    _, said, _ = run(tmp_path, "-n2", "-k", "wrong or right")
    assert "so it is" in said
    assert "heard" in said


def test_who_wants_to_stop_at_the_first_failure_does(tmp_path):
    code, said, found = run(tmp_path, "-n2", "-x")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert len(found) < 35, said


def test_in_one_process_the_same_comes(tmp_path):
    _, _, found = run(tmp_path, "-n0", "-k", "not crashes and not exits and not ends")
    _, said, others = run(tmp_path, "-n2", "-k", "not crashes and not exits and not ends")
    assert others == found, said
