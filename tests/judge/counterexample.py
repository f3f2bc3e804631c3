"""What a claim says when it refuses: the smallest input, and what was wrong with it."""

import os
import sysconfig
import traceback
from pathlib import Path

import pytest

from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.components import GROUPS

TESTS = str(Path(__file__).parents[1])
LIBRARIES = (sysconfig.get_paths()["stdlib"], "<frozen", "<string>")


def counterexample(error: BaseException, judged: Judged) -> str:
    """Hypothesis's smallest input, without its own words, then what the claim said of it."""
    lines = _inputs(error, (*judged.components, *GROUPS, "data"))
    message, place = str(error), _in_the_subject(error)
    if place or not isinstance(error, AssertionError | pytest.fail.Exception):
        return "\n".join([*lines, f"raised {type(error).__name__}: {message}{place}"]).strip()
    # Where the claim has words of its own, pytest's account of the expression says it again.
    first, *rest = message.splitlines() or [""]
    lines += [first, *(line for line in rest if not line.lstrip().startswith(("+", "assert ")))]
    return "\n".join(lines).strip()


def _inputs(error: BaseException, not_shown: tuple[str, ...]) -> list[str]:
    """What Hypothesis has drawn, or a state machine of its was told, a line each."""
    notes = getattr(error, "__notes__", [])
    drawn = [note for note in notes if note.startswith("Draw ")]
    examples = [note for note in notes if ": test_" in note]
    lines = [line.strip().rstrip(",") for note in examples for line in note.splitlines()[1:-1]]
    calls = [note.removeprefix("state.") for note in notes if note.startswith("state.")]
    shown = [line for line in lines if line.partition("=")[0] not in not_shown]
    return shown + drawn + [call for call in calls if call != "teardown()"]


def raised_by_a_subject(error: BaseException) -> bool:
    """Whether the innermost frame of an error is not ours."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return not last.filename.startswith(TESTS)


def _in_the_subject(error: BaseException) -> str:
    """The line that raised the error, where that is neither ours nor a library's.

    An assertion of a claim is raised by us; one of the subject's own is its refusal.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = frame.filename
        if file.startswith(TESTS) and isinstance(error, AssertionError | pytest.fail.Exception):
            return ""
        if not file.startswith((TESTS, *LIBRARIES)) and "site-packages" not in file:
            return f"\n  in {os.path.relpath(file)} line {frame.lineno}: {frame.line}"
    return ""
