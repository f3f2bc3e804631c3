"""What a claim says when it refuses: the smallest input, and what was wrong with it."""

import os
import traceback
from pathlib import Path

import pytest

from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.components import GROUPS

TESTS = str(Path(__file__).parents[1])


def counterexample(error: BaseException, judged: Judged) -> str:
    """Hypothesis's smallest input, without its own words, then what the claim said of it."""
    notes = [note for note in getattr(error, "__notes__", []) if ": test_" in note]
    inputs = [line.strip().rstrip(",") for note in notes for line in note.splitlines()[1:-1]]
    subjects = (*judged.components, *GROUPS)
    inputs = [line for line in inputs if line.partition("=")[0] not in subjects]
    inputs += [line for line in _program(error) if line != "teardown()"]
    message = str(error)
    if not isinstance(error, AssertionError | pytest.fail.Exception):
        message = f"raised {type(error).__name__}: {message}{_in_the_subject(error)}"
    # Where the claim has words of its own, pytest's account of the expression says it again.
    first, *rest = message.splitlines() or [""]
    lines = [first, *(line for line in rest if not line.lstrip().startswith(("+", "assert ")))]
    return "\n".join([*inputs, *lines]).strip()


def _program(error: BaseException) -> list[str]:
    """What a state machine of Hypothesis's was told, call by call."""
    notes = getattr(error, "__notes__", [])
    return [note.removeprefix("state.") for note in notes if note.startswith("state.")]


def _in_the_subject(error: BaseException) -> str:
    """The innermost line that is neither ours nor a library's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(TESTS) and "site-packages" not in frame.filename:
            return f"\n  in {os.path.relpath(frame.filename)} line {frame.lineno}: {frame.line}"
    return ""
