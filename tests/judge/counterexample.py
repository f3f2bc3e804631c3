"""What a claim says when it refuses: the smallest input, and what was wrong with it."""

import ast
import dis
import inspect
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
from sums_to_one.tests.common.wording import (
    Large,
    assignments,
    code,
    plain_ratio,
    shown,
)
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged

Node = TypeVar("Node", ast.Assert, ast.With)

TESTS = str(Path(__file__).parents[1])
LIBRARIES = (sysconfig.get_paths()["stdlib"], "<frozen", "<string>")
DTYPE = re.compile(r"\b(?:bfloat16|float16|float32|float64)\b")
TENSOR = re.compile(r"(?<![.\w])tensor\((\[.*?\]|[^\[\](),]+)(?:,\s+\w+=[^()]+?)*\)", re.DOTALL)
ASSIGNED = re.compile(r"\w+=(?!torch\.\w+\()")
PLACE = re.compile(r"\d{13,}")  # of a tensor in memory
UNREADABLE = re.compile("<function|<lambda|<locals|<class| at 0x")
MANY_DIGITS = re.compile(r"-?\d+\.\d{6,}(?:e[-+]?\d+)?")
FLOAT = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
FEW_NUMBERS = 3  # that are shown with all their digits
PATH = re.compile(r"(?:Posix|Windows)Path\('[\w./-]*/tmp\w+/([^']*)'\)|[\w./-]*/tmp\w{6,}/")
NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf)\b|True|False")
LONG = 100  # characters of a call
MOST_TO_READ = 36  # numbers of a list that are told in full
MOST_WORDS = 4  # of a list of words; of a longer one the first three
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
    inputs = _inputs(error, frame, judged)
    if any(line.startswith(("p = ", "for ")) for line in inputs):  # a program says it all
        calls = []
    if inputs:  # they say it, too, where an object was made in a long call, and none of its calls
        calls = [call for call in calls if len(str(call)) < LONG or call.gave is not None]
    said = " ".join(map(str, calls))
    inputs = [line for line in inputs if not _is_in(line, said)]
    if any(call.gave is not None for call in calls):  # it has all that it was given
        inputs = [line for line in inputs if not ASSIGNED.match(line)]
    lines = [*inputs, *_told(calls)]
    message = PATH.sub(_here, message)
    if place or not isinstance(error, AssertionError | pytest.fail.Exception):
        words = f": {message}" if message else ""
        return "\n".join([*lines, f"raised {type(error).__name__}{words}{place}"]).strip()
    return "\n".join([*lines, *_message(message, frame, calls)]).strip()


def _here(path: re.Match[str]) -> str:
    """A file in the folder of a claim, by the name that the claim has for it."""
    return f"here / {path[1]!r}" if path[1] else "here/"


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
        text = text if len(calls) > 1 else str(call)
        yield text if call.gave is not None or len(text) < LONG else _briefly(call)
        if call.gave is not None:
            yield f"  gave {shown(call.gave)}"


def _briefly(call: Call) -> str:
    """A call that made an object, of tensors the shapes."""
    arguments, options = _shapes(call.arguments), _shapes(call.options)
    return str(Call(call.name, call.claim, arguments, options))


def _shapes(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() > 1:
        return Large(tuple(value.shape), value.dtype)
    if type(value) in (list, tuple):
        return type(value)(map(_shapes, value))
    return {name: _shapes(one) for name, one in value.items()} if type(value) is dict else value


def _frame_of_the_claim(error: BaseException) -> FrameType | None:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    claims = [frame for frame in frames if _is_claim(frame)]
    return claims[-1] if claims else None


def _is_claim(frame: FrameType) -> bool:
    code = frame.f_code
    return code.co_name.startswith("test_") and code.co_filename.startswith(TESTS)


def _message(message: str, frame: FrameType | None, calls: list[Call]) -> list[str]:
    """What the claim says; pytest's account of the expression where it has no words of its own."""
    first, *rest = TENSOR.sub(_numbers_alone, message).splitlines() or [""]
    if first.startswith("DID NOT RAISE"):
        return [*_statement(frame, calls), f"no error came, and there should be {_errors(first)}"]
    if not first and frame:  # where pytest has not looked at the claim, as in a notebook
        return _parts(frame) or _sides(frame)
    if first.startswith("assert "):
        parts = _parts(frame) if frame else []
        compared = parts or [_compared(first.removeprefix("assert ")), *_kept(rest)]
        return list(map(abridged, compared))
    return [abridged(shortened(line)) for line in [first, *_kept(rest)]]


def abridged(line: str) -> str:
    """Of long lists the first three, and how many there are."""
    told, place = "", 0
    while (start := line.find("[", place)) >= 0:
        end = _closing(line, start)
        inside = line[start : end + 1]
        told += line[place:start] + (_first_three(inside) if end else inside)
        place = end + 1 if end else len(line)
    return told + line[place:]


def _closing(line: str, start: int) -> int:
    """Where the bracket is closed, or 0 where it is not."""
    depth = 0
    for place in range(start, len(line)):
        depth += (line[place] == "[") - (line[place] == "]")
        if depth == 0:
            return place
    return 0


def _first_three(listed: str) -> str:
    words = re.findall(r'"[^"]*"', listed)
    if len(words) > MOST_WORDS:
        return f"[{', '.join(words[:3])}, and {len(words) - 3} more]"
    numbers = [] if words else NUMBER.findall(listed)
    if len(numbers) <= MOST_TO_READ:
        return listed
    depth = len(listed) - len(listed.lstrip("[ "))
    brackets = listed[:depth].replace(" ", "")
    closing = "]" * len(brackets)
    return f"{brackets}{', '.join(numbers[:3])}, ... ({len(numbers)} numbers){closing}"


def _numbers_alone(tensor: re.Match[str]) -> str:
    """Of a tensor as PyTorch shows it, the numbers, in one line."""
    return " ".join(tensor[1].split())


def shortened(line: str) -> str:
    """Of many numbers in a line four digits are enough, unless those are of a whole number.

    And unless what came and what should have come would look alike.
    """
    if line.lstrip().startswith(("came      ", "should be ")):
        return line  # one of a pair, which has as many digits as the other needs
    sides = re.search("came (.*), (?:should be|expected) (.*)", line)
    came, found, should = (sides[1], ",", sides[2]) if sides else _halves(line)
    both = [{float(number) for number in FLOAT.findall(side)} for side in (came, should)]
    count = next((n for n in range(4, 17) if not found or _differ(both[0], both[1], n)), 17)

    def four(digits: re.Match[str]) -> str:
        text = f"{float(digits[0]):.{count}g}"
        return digits[0] if float(text).is_integer() else text

    return MANY_DIGITS.sub(four, line) if len(MANY_DIGITS.findall(line)) > FEW_NUMBERS else line


def _halves(line: str) -> tuple[str, str, str]:
    return line.partition("should be" if line.startswith("came") else "came")


def _differ(some: set[float], others: set[float], digits: int) -> bool:
    """Whether so many digits show that numbers are not those others."""
    texts, beside = ({f"{n:.{digits}g}" for n in each} for each in (some - others, others - some))
    return not texts & beside


def _kept(lines: list[str]) -> list[str]:
    """Less pytest's account of an expression, which says again what the claim has said."""
    return [line for line in lines if not line.lstrip().startswith(("+", "-", "?", "assert "))]


def _errors(message: str) -> str:
    names = re.findall(r"\w+(?=[,)'>]|$)", message.removeprefix("DID NOT RAISE"))
    errors = [name for name in dict.fromkeys(names) if name not in ("any", "of")]
    return "one" if len(errors) > 2 or errors == ["Exception"] else " or ".join(errors)


def _compared(expression: str) -> str:
    """`1 == 2` as 'came 1, should be 2': the subject's is on the left."""
    for operator, words in OPERATORS.items():
        left, found, right = expression.partition(f" {operator} ")
        if found and " and " not in expression and " or " not in expression:
            left, right = _that_differ(_plainly(left), _plainly(right))
            return (
                f"came {left}, {words} {right}{_ratio(left, right) if words == 'should be' else ''}"
            )
    return f"should be true: {expression}"


def _plainly(text: str) -> str:
    """Less what Python says of the kinds of things."""
    text = re.sub(r"torch\.Size\((\[.*?\])\)|<class '(?:\w+\.)*(\w+)'>", r"\1\2", text)
    text = re.sub(r"device\(type='(\w+)'\)", r"\1", text)
    return f"what lies at {text} in memory" if PLACE.fullmatch(text) else text


def _that_differ(left: str, right: str) -> tuple[str, str]:
    """Of two tuples of one length the parts that differ."""
    if not (left.startswith("(") and right.startswith("(")):
        return left, right
    ours, theirs = _split(left), _split(right)
    differ = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
    differ = [pair for pair in differ if not PLACE.fullmatch(pair[0])] or differ
    if len(ours) != len(theirs) or not differ or len(differ) == len(ours):
        return left, right
    return ", ".join(one for one, _ in differ), ", ".join(other for _, other in differ)


def _split(listed: str) -> list[str]:
    """`(1, (2, 3))` as '1' and '(2, 3)'."""
    parts, depth = [""], 0
    for letter in listed[1:-1]:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _ratio(left: str, right: str) -> str:
    """Of two numbers, each perhaps alone in brackets, where it is a plain one."""
    try:
        came, should = (float(side.strip("[] ")) for side in (left, right))
    except ValueError:
        return ""
    ratio = plain_ratio(came, should)
    return ratio and f", {ratio} it"


def _parts(frame: FrameType) -> list[str]:
    """Which parts differ where a claim compares several things at once, each by its name."""
    for node in _nodes(frame, ast.Assert):
        match node.test:
            case ast.Compare(left=ast.Tuple() as left, comparators=[ast.Tuple() as right]):
                came, should = _values(left, frame), _values(right, frame)
                each = zip(map(ast.unparse, left.elts), came, should, strict=True)
                return [f"{n}: came {code(a)}, should be {code(b)}" for n, a, b in each if a != b]
    return []


def _sides(frame: FrameType) -> list[str]:
    """The two sides of what a claim compares, or the expression that should be true."""
    for node in _nodes(frame, ast.Assert):
        match node.test:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                both = ast.Tuple([left, right], ast.Load())
                return [_compared(" == ".join(map(code, _values(both, frame))))]
        return [f"should be true: {ast.unparse(node.test)}"]
    return []


def _values(side: ast.Tuple, frame: FrameType) -> tuple[Any, ...]:
    tree = ast.fix_missing_locations(ast.Expression(side))
    expression = compile(tree, "<claim>", "eval")
    return tuple(eval(expression, frame.f_globals, frame.f_locals))


def _nodes(frame: FrameType, kind: type[Node]) -> list[Node]:
    """The statements of that kind that the claim is in, the innermost last."""
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, kind) and node.lineno <= frame.f_lineno <= (node.end_lineno or 0)
    ]


def _statement(frame: FrameType | None, calls: list[Call]) -> list[str]:
    """What a claim did that should have been refused: the body of its last `with`, or its call."""
    nodes = _nodes(frame, ast.With) if frame else []
    if not nodes or frame is None:
        return []
    inside = nodes[-1].body
    if calls and inside[0].lineno <= _line(frame, calls[-1]) <= (inside[-1].end_lineno or 0):
        return []
    return [ast.unparse(_Filled(frame).visit(statement)) for statement in inside]


def _line(frame: FrameType, call: Call) -> int:
    """The line of the claim in which it has made a call."""
    _, at = call.claim
    found = [line for start, end, line in frame.f_code.co_lines() if start <= at < end]
    return (found or [0])[0] or 0


class _Filled(ast.NodeTransformer):
    """Puts what a name stands for in its place, where that is short."""

    def __init__(self, frame: FrameType) -> None:
        self.values = {**frame.f_locals}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        value = self.values.get(node.id)
        plain = isinstance(value, bool | int | float | str | tuple | Tensor)
        text = code(_shapes(value)) if plain and isinstance(node.ctx, ast.Load) else node.id
        return ast.Name(text if len(text) < LONG else node.id, node.ctx)


def _inputs(error: BaseException, frame: FrameType | None, judged: Judged) -> list[str]:
    """What Hypothesis has drawn, or a state machine of its was told, a line each."""
    notes = getattr(error, "__notes__", [])
    examples = [line for note in notes if ": test_" in note for line in _arguments(note)]
    drawn = [_drawn(note) for note in notes if note.startswith("Draw ")]
    calls = [note.removeprefix("state.") for note in notes if note.startswith("state.")]
    given = examples or (list(_parameters(frame)) if frame else [])
    given = [part for line in given for part in _in_full(line, frame, judged)]
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


def _in_full(line: str, frame: FrameType | None, judged: Judged) -> list[str]:
    """The fields of a named tuple, a line each: Hypothesis does not look into it for tensors."""
    value = frame.f_locals.get(line.partition("=")[0]) if frame else None
    if isinstance(value, Tensor) and "torch." not in line:  # how it was made, by a helper of ours
        return [f"{line.partition('=')[0]}={code(value)}"]
    fields = getattr(value, "_fields", ())
    if isinstance(value, tuple) and fields == ("start", "pulls", "settings"):
        start, gradients, settings = value
        return _program(start, gradients, settings, judged)
    return assignments(value) if isinstance(value, tuple) and fields else [line]


def _program(
    start: Tensor, gradients: list[Tensor], settings: dict[str, Any], judged: Judged
) -> list[str]:
    """The steps of an optimizer, with the settings that it would not have of itself."""
    name = judged.components[0]
    function = judged.subject.component(name)
    known = inspect.signature(function).parameters if function else {}
    said = {
        setting: value
        for setting, value in settings.items()
        if setting not in known or known[setting].default != value
    }
    options = "".join(f", {setting}={code(value)}" for setting, value in said.items())
    pushes = code([gradient.tolist() for gradient in gradients])
    return [
        f"p = {code(start)}.requires_grad_()",
        f"optimizer = {name}([p]{options})",
        f"for gradient in {pushes}:",
        "    p.grad = torch.tensor(gradient, dtype=p.dtype)",
        "    optimizer.step()",
    ]


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
            line = f"{name}={_short(frame.f_locals[name])}"
            if len(line) < LONG or "torch." in line:  # a longer one is a table of cases
                yield line


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
