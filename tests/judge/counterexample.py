"""What a claim says when it refuses: the smallest input, and what was wrong with it."""

import ast
import dis
import linecache
import os
import re
import sysconfig
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis.vendor import pretty
from torch import Tensor

from sums_to_one.tests.common.calls import Call, calls_of
from sums_to_one.tests.common.wording import code, shown
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged

TESTS = str(Path(__file__).parents[1])
LIBRARIES = (sysconfig.get_paths()["stdlib"], "<frozen", "<string>")
MOST_CALLS = 2  # that are shown: a claim that compares makes two
OPERATORS = {
    "==": "should be",
    "!=": "should not be",
    "<=": "should be at most",
    ">=": "should be at least",
    "<": "should be less than",
    ">": "should be more than",
    "is": "should be",
    "in": "should be in",
}

# Hypothesis shows a tensor with four digits, over several lines; here it can be pasted.
pretty._type_pprinters[Tensor] = lambda x, printer, _: printer.text(code(x))  # no public way


def counterexample(error: BaseException, judged: Judged) -> str:
    """The smallest input, the calls that were made with it, then what the claim said."""
    frame = _frame_of_the_claim(error)
    calls = calls_of(frame)[-MOST_CALLS:] if frame else []
    said = " ".join(map(str, calls))
    inputs = [line for line in _inputs(error, frame) if line.partition("=")[2] not in said]
    message, place = str(error), _in_the_subject(error)
    lines = [*inputs, *_told(calls)]
    if place or not isinstance(error, AssertionError | pytest.fail.Exception):
        return "\n".join([*lines, f"raised {type(error).__name__}: {message}{place}"]).strip()
    return "\n".join([*lines, *_message(message, frame)]).strip()


def _told(calls: list[Call]) -> Iterator[str]:
    """Each call once, whether gradients were asked for in one of them or not."""
    for text, call in {str(call).replace(".requires_grad_()", ""): call for call in calls}.items():
        yield text if len(calls) > 1 else str(call)
        if call.gave is not None:
            yield f"  gave {shown(call.gave)}"


def _frame_of_the_claim(error: BaseException) -> FrameType | None:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    claims = [frame for frame in frames if _is_claim(frame)]
    return claims[-1] if claims else None


def _is_claim(frame: FrameType) -> bool:
    code = frame.f_code
    return code.co_name.startswith("test_") and code.co_filename.startswith(TESTS)


def _message(message: str, frame: FrameType | None) -> list[str]:
    """What the claim says; pytest's account of the expression where it has no words of its own."""
    first, *rest = message.splitlines() or [""]
    if first.startswith("DID NOT RAISE"):
        return [*_statement(frame), f"no error came; it should be {_errors(first)}"]
    if first.startswith("assert "):
        return [_compared(first.removeprefix("assert ")), *_kept(rest)]
    return [first, *_kept(rest)]


def _kept(lines: list[str]) -> list[str]:
    """Less pytest's account of an expression, which says again what the claim has said."""
    return [line for line in lines if not line.lstrip().startswith(("+", "-", "?", "assert "))]


def _errors(message: str) -> str:
    names = re.findall(r"\w+(?=[,)'>]|$)", message.removeprefix("DID NOT RAISE"))
    return " or ".join(dict.fromkeys(names))


def _compared(expression: str) -> str:
    """`1 == 2` as 'came 1, should be 2': the subject's is on the left."""
    for operator, words in OPERATORS.items():
        left, found, right = expression.partition(f" {operator} ")
        if found and " and " not in expression and " or " not in expression:
            return f"came {left}, {words} {right}"
    return f"should be true: {expression}"


def _statement(frame: FrameType | None) -> list[str]:
    """What a claim did that should have been refused: the body of its last `with`."""
    if frame is None:
        return []
    source = linecache.getlines(frame.f_code.co_filename)
    line = frame.f_lineno
    nodes = [
        node
        for node in ast.walk(ast.parse("".join(source)))
        if isinstance(node, ast.With) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    if not nodes:
        return []
    body = nodes[-1].body
    text = "".join(source[body[0].lineno - 1 : body[-1].end_lineno])
    return textwrap.dedent(text).splitlines()


def _inputs(error: BaseException, frame: FrameType | None) -> list[str]:
    """What Hypothesis has drawn, or a state machine of its was told, a line each."""
    notes = getattr(error, "__notes__", [])
    examples = [line for note in notes if ": test_" in note for line in _arguments(note)]
    drawn = [_drawn(note) for note in notes if note.startswith("Draw ")]
    calls = [note.removeprefix("state.") for note in notes if note.startswith("state.")]
    given = examples or (list(_parameters(frame)) if frame else [])
    shown = [line for line in given if line.partition("=")[0] not in (*ARGUMENTS, "data")]
    readable = [line for line in shown if "<function" not in line and " at 0x" not in line]
    return readable + drawn + [call for call in calls if call != "teardown()"]


def _arguments(example: str) -> list[str]:
    """Those of `test_it(...)`, a line each."""
    found: list[str] = []
    for line in example.splitlines()[1:-1]:
        if re.match(r" {4}\w+=", line) or not found:
            found.append(line.strip())
        else:
            found[-1] += f" {line.strip()}"
    return [line.rstrip(",") for line in found]


def _drawn(note: str) -> str:
    """'Draw 1 (dim): 0' as 'dim=0'."""
    label, _, value = note.partition(": ")
    name = re.search(r"\((\w+)\)", label)
    return f"{name[1]}={value}" if name else f"drawn: {value}"


def _parameters(frame: FrameType) -> Iterator[str]:
    """The parameters of a claim without Hypothesis, less those that it has changed since."""
    function = frame.f_code
    stored = {i.argval for i in dis.get_instructions(function) if i.opname.startswith("STORE_")}
    for name in function.co_varnames[: function.co_argcount]:
        if name not in stored and name in frame.f_locals:
            yield f"{name}={_short(frame.f_locals[name])}"


def _short(value: Any) -> str:
    return repr(value) if callable(value) else code(value)


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
