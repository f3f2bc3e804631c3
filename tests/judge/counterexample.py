"""What a claim says when it refuses: the smallest input, and what was wrong with it."""

import ast
import dis
import linecache
import os
import re
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import pytest
from hypothesis.vendor import pretty
from torch import Tensor

from sums_to_one.tests.common.calls import Call, calls_of
from sums_to_one.tests.common.wording import assignments, code, shown
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged

Node = TypeVar("Node", ast.Assert, ast.With)

TESTS = str(Path(__file__).parents[1])
LIBRARIES = (sysconfig.get_paths()["stdlib"], "<frozen", "<string>")
DTYPE = re.compile(r"\b(?:bfloat16|float16|float32|float64)\b")
TENSOR = re.compile(r"(?<![.\w])tensor\((\[.*?\]|[^\[\](),]+)(?:,\s+\w+=[^()]+?)*\)", re.DOTALL)
UNREADABLE = re.compile("<function|<lambda|<locals|<class| at 0x")
MANY_DIGITS = re.compile(r"-?\d+\.\d{6,}(?:e[-+]?\d+)?")
FEW_NUMBERS = 3  # that are shown with all their digits
LONG = 100  # characters of a call
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
    message, place = str(error), _in_the_subject(error)
    calls = _telling(calls_of(frame), message) if frame else []
    inputs = _inputs(error, frame)
    if inputs:  # they say it, too, where an object was made in a long call, and none of its calls
        calls = [call for call in calls if len(str(call)) < LONG or call.gave is not None]
    said = " ".join(map(str, calls))
    inputs = [line for line in inputs if not _is_in(line, said)]
    lines = [*inputs, *_told(calls)]
    if place or not isinstance(error, AssertionError | pytest.fail.Exception):
        words = f": {message}" if message else ""
        return "\n".join([*lines, f"raised {type(error).__name__}{words}{place}"]).strip()
    return "\n".join([*lines, *_message(message, frame)]).strip()


def _telling(calls: list[Call], message: str) -> list[Call]:
    """The last calls; that which made an object is seen in the call of the object.

    Where a claim speaks of a dtype, calls in others came before or after.
    """
    called = " ".join(call.name for call in calls)
    dtypes = set(DTYPE.findall(message))
    return [
        call
        for call in calls
        if str(call) not in called
        and (not dtypes or dtypes & set(DTYPE.findall(str(call)) or ["float32"]))
    ][-MOST_CALLS:]


def _is_in(line: str, said: str) -> bool:
    """Whether a tensor that was drawn is seen in a call as it is."""
    value = line.partition("=")[2]
    return value.startswith("torch.") and "(" in value and value in said


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
    first, *rest = TENSOR.sub(_numbers_alone, message).splitlines() or [""]
    if first.startswith("DID NOT RAISE"):
        return [*_statement(frame), f"no error came; it should be {_errors(first)}"]
    if first.startswith("assert "):
        parts = _parts(frame) if frame else []
        return parts or [_compared(first.removeprefix("assert ")), *_kept(rest)]
    return [_shorter(line) for line in [first, *_kept(rest)]]


def _numbers_alone(tensor: re.Match[str]) -> str:
    """Of a tensor as PyTorch shows it, the numbers, in one line."""
    return " ".join(tensor[1].split())


def _shorter(line: str) -> str:
    """Of many numbers in a line four digits are enough, unless those are of a whole number."""

    def four(digits: re.Match[str]) -> str:
        text = f"{float(digits[0]):.4g}"
        return digits[0] if float(text).is_integer() else text

    return MANY_DIGITS.sub(four, line) if len(MANY_DIGITS.findall(line)) > FEW_NUMBERS else line


def _kept(lines: list[str]) -> list[str]:
    """Less pytest's account of an expression, which says again what the claim has said."""
    return [line for line in lines if not line.lstrip().startswith(("+", "-", "?", "assert "))]


def _errors(message: str) -> str:
    names = re.findall(r"\w+(?=[,)'>]|$)", message.removeprefix("DID NOT RAISE"))
    return " or ".join(name for name in dict.fromkeys(names) if name not in ("any", "of"))


def _compared(expression: str) -> str:
    """`1 == 2` as 'came 1, should be 2': the subject's is on the left."""
    for operator, words in OPERATORS.items():
        left, found, right = expression.partition(f" {operator} ")
        if found and " and " not in expression and " or " not in expression:
            return f"came {left}, {words} {right}"
    return f"should be true: {expression}"


def _parts(frame: FrameType) -> list[str]:
    """Which parts differ where a claim compares several things at once, each by its name."""
    for node in _nodes(frame, ast.Assert):
        match node.test:
            case ast.Compare(left=ast.Tuple() as left, comparators=[ast.Tuple() as right]):
                came, should = _values(left, frame), _values(right, frame)
                each = zip(map(ast.unparse, left.elts), came, should, strict=True)
                return [f"{n}: came {code(a)}, should be {code(b)}" for n, a, b in each if a != b]
    return []


def _values(side: ast.Tuple, frame: FrameType) -> tuple[Any, ...]:
    expression = compile(ast.Expression(side), "<claim>", "eval")
    return tuple(eval(expression, frame.f_globals, frame.f_locals))


def _nodes(frame: FrameType, kind: type[Node]) -> list[Node]:
    """The statements of that kind that the claim is in, the innermost last."""
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, kind) and node.lineno <= frame.f_lineno <= (node.end_lineno or 0)
    ]


def _statement(frame: FrameType | None) -> list[str]:
    """What a claim did that should have been refused: the body of its last `with`."""
    if frame is None:
        return []
    nodes = _nodes(frame, ast.With)
    return [ast.unparse(statement) for statement in nodes[-1].body] if nodes else []


def _inputs(error: BaseException, frame: FrameType | None) -> list[str]:
    """What Hypothesis has drawn, or a state machine of its was told, a line each."""
    notes = getattr(error, "__notes__", [])
    examples = [line for note in notes if ": test_" in note for line in _arguments(note)]
    drawn = [_drawn(note) for note in notes if note.startswith("Draw ")]
    calls = [note.removeprefix("state.") for note in notes if note.startswith("state.")]
    given = examples or (list(_parameters(frame)) if frame else [])
    given = [part for line in given for part in _in_full(line, frame)]
    shown = [line for line in given if line.partition("=")[0] not in (*ARGUMENTS, "data")]
    readable = [line for line in shown if not UNREADABLE.search(line)]
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


def _in_full(line: str, frame: FrameType | None) -> list[str]:
    """The fields of a named tuple, a line each: Hypothesis does not look into it for tensors."""
    value = frame.f_locals.get(line.partition("=")[0]) if frame else None
    if isinstance(value, Tensor) and "torch." not in line:  # how it was made, by a helper of ours
        return [f"{line.partition('=')[0]}={code(value)}"]
    return assignments(value) if isinstance(value, tuple) and hasattr(value, "_fields") else [line]


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
