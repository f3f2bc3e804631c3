"""How `sums-to-one` ends: one number that tells a machine what was found. No success by silence."""

import atexit
import os
import sys
from collections.abc import Generator
from typing import Any, NoReturn

import pytest

HOLDS = 0
REFUSED = 1  # or, of two verdicts that are compared, worse than before
USAGE = 2  # what was asked for makes no sense
NOT_COMPARABLE = 3
NOT_JUDGED = 4  # a subject, or anything at all
TAMPERED = 5

Verdicts = dict[str, Any]  # as verdicts.schema.json has them


class Ending:
    """The plugin that remembers what was found, or why pytest ended before it began."""

    verdicts: Verdicts | None = None
    not_judged = False

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        found = config.pluginmanager.get_plugin("verdicts")
        self.verdicts = found.as_json() if found else None

    def code(self, pytests: int) -> int:
        """Our number for the one that pytest ended with."""
        return after_pytest(pytests, self.verdicts, self.not_judged)

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except pytest.UsageError as error:
            from sums_to_one.tests.judge.subjects import SubjectError  # and with it torch

            self.not_judged = isinstance(error.__cause__, SubjectError)
            raise


def ending(verdicts: Verdicts) -> int:
    """What the verdicts come to; the worst of all subjects counts."""
    subjects = verdicts["subjects"]
    outcomes = [{row["outcome"] for row in subject["claims"]} for subject in subjects]
    rows = [row for subject in subjects for row in subject["claims"]]
    if any(tampered(row) for row in rows):
        return TAMPERED
    if not subjects or any(map(nothing_judged, outcomes)):
        return NOT_JUDGED
    if any("failed" in found for found in outcomes):
        return REFUSED
    problem = verdicts.get("not judged") or any("error" in found for found in outcomes)
    return NOT_JUDGED if problem else HOLDS


def nothing_judged(outcomes: set[str]) -> bool:
    """Whether nothing was found of a subject but that it lacks what was asked for."""
    return outcomes <= {"not provided", "skipped", "deviation"}


def tampered(row: dict[str, Any]) -> bool:
    """Whether a process sent what is no verdict of ours."""
    told = row["counterexample"] or ""
    return row["outcome"] == "tampered" or told.startswith("tampered with its verdict")


def after_pytest(code: int, verdicts: Verdicts | None, not_judged: bool) -> int:
    """Our number for one of pytest's.

    Args:
        code: pytest's.
        verdicts: what was found, if the run came to its end.
        not_judged: whether a subject could not even be asked.
    """
    if not_judged or code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return NOT_JUDGED
    if code == pytest.ExitCode.USAGE_ERROR and not (verdicts and verdicts["subjects"]):
        return USAGE
    if not verdicts or code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR):
        return NOT_JUDGED
    return ending(verdicts) or (NOT_JUDGED if code else HOLDS)


def end_at_once(end: SystemExit) -> NoReturn:
    """End as that says, without taking down all that torch has made: that takes up to a second."""
    if not isinstance(end.code, int | None):
        raise end  # Python prints what it is
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(end.code or 0)
