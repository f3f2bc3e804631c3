"""What the claims have found is confirmed where a subject cannot reach them.

Claims run in one process with the subject, which may tell them, and the judge, anything. So whoever
they accept computes once more, from fresh numbers, in a process that has no claims, no pytest and
no frame of the judge; what comes out are bytes, and a third process, which never ran a line of the
subject, compares them with what should come.
"""

import base64
import math
import os
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES, EVERYTHING, Limits
from sums_to_one.tests.judge.delegation import seen
from sums_to_one.tests.judge.forks import Process, in_a_fork
from sums_to_one.tests.judge.further import program_of
from sums_to_one.tests.judge.messages import Lines, TamperedError, send
from sums_to_one.tests.judge.programs import Case, Get

MOST_BYTES = 20_000_000  # of the numbers of one case
MOST_DIMENSIONS = 8  # of a tensor
MOST_TENSORS = 100  # of a case
MOST_NAMES = 3  # of functions that do the work of a component
TIME = 120.0  # seconds for all cases
OUTSIDE = "the claims hold, but outside of them it"
NOT_THERE = ("pytest", "_pytest", "pluggy", "xdist", "hypothesis", "sums_to_one")
KINDS = {str(d): d for d in (*DTYPES, torch.int64, torch.uint8, torch.bool)}


class CleanRoom:
    """A process that computes what a component gives for some cases.

    Args:
        component: its name.
        load: gives the subject's components by their names; called in that process.
        drawn: the cases.
        readable: what the subject may read.
        heard: what claims were told that it takes; verdicts tell everybody of it.
    """

    def __init__(
        self,
        component: str,
        load: Callable[[], Get],
        drawn: list[Case],
        readable: list[Path],
        heard: Limits = EVERYTHING,
    ) -> None:
        self.component, self.drawn, self.heard = component, drawn, heard
        self.answers: list[tuple[Case, list[Tensor]]] = []
        self.refusals: list[tuple[Case, str]] = []
        self.left_to_others: list[str] = []
        receiver, sender = os.pipe()
        self.home = Lines(receiver, MOST_BYTES)
        work = lambda: _answer(component, load, drawn, sender)  # noqa: E731
        self.process = Process(work, readable, bare=True, handles=[sender])
        os.close(sender)
        self.deadline = time.monotonic() + TIME

    def listen(self) -> str | None:
        """What came is kept; once all has come, what is wrong with it: nothing, if empty."""
        try:
            for line in self.home.read():
                if len(self.answers) + len(self.refusals) == len(self.drawn):
                    self.left_to_others = _names(line)
                    return self._compared()
                case = self.drawn[len(self.answers) + len(self.refusals)]
                if isinstance(line, str):  # perhaps an open refusal, as of all images of bytes
                    self.refusals.append((case, line[:2000]))
                else:
                    self.answers.append((case, _decoded(line)))
        except EOFError:
            return f"{OUTSIDE} ended the process"
        except TamperedError as problem:
            return f"{OUTSIDE} sent {problem}"
        return None

    def _compared(self) -> str:
        answered = {_is_real(case) for case, _ in self.answers}
        # A further use may be refused, as by whoever takes finite numbers only; a plain one not,
        # but for images of bytes, by whoever takes none of them, or of others, as claims were told.
        plain = [(c, error) for c, error in self.refusals if not c.needs and not c.use]
        for case, error in plain:
            is_taken = bool(self.heard.dtypes) if _is_real(case) else False in answered
            if is_taken or not answered:
                return f"{OUTSIDE} raised {error}"
        return str(in_a_fork(lambda: _difference(self.component, self.answers), "comparing"))

    def close(self) -> None:
        self.process.end()
        self.home.close()


def _is_real(case: Case) -> bool:
    """Whoever takes one such input takes all, for what claims are told is refused is not drawn."""
    return case.tensors[0].is_floating_point()


def _difference(component: str, pairs: list[tuple[Case, list[Tensor]]]) -> str:
    from sums_to_one.tests.judge.fresh import compare

    try:
        for case, came in pairs:
            compare(component, case, came)
    except AssertionError as problem:
        return f"{OUTSIDE} gives other numbers\n{problem}"
    return ""


def _answer(component: str, load: Callable[[], Get], drawn: list[Case], sender: int) -> None:
    """In the room: nothing of the judge can be found by its name."""
    for name in [name for name in sys.modules if name.partition(".")[0] in NOT_THERE]:
        del sys.modules[name]
    for name in [name for name in os.environ if name.startswith("PYTEST")]:
        del os.environ[name]
    sys.argv = ["python"]
    get, plain = load(), list[Case]()
    for case in drawn:
        try:
            came = program_of(component, case)(component, get, case)
            send(sender, [_encoded(x) for x in came])
            plain += [] if case.use else [case]
        except BaseException as error:  # whatever it is, it is told to the judge
            send(sender, f"{type(error).__name__}: {error}"[:2000])
    # Nobody but the subject has started a process here.
    send(sender, _left_to_others(component, get, plain, ()))


def _left_to_others(
    component: str, get: Get, plain: list[Case], ours: Collection[str] | None = None
) -> list[str]:
    """The names of who does its work, in cases that it has answered."""

    def again() -> None:
        for case in plain:  # with other numbers, of which nobody has kept the answers
            tensors = (x.flatten().roll(1).view(x.shape) for x in case.tensors)
            program_of(component, case)(component, get, replace(case, tensors=tuple(tensors)))

    try:
        return seen(component, again, ours)[:MOST_NAMES]
    except BaseException as error:  # whatever it is: unwatched it was not raised
        return [f"nobody can say: while it is watched it raises {type(error).__name__}"]


def _names(line: Any) -> list[str]:
    if not isinstance(line, list) or not all(isinstance(name, str) for name in line):
        raise TamperedError("a line that is no answer")
    return [name[:200] for name in line[:MOST_NAMES]]


def _encoded(x: Tensor) -> dict[str, Any]:
    plain = x.detach().cpu().contiguous()
    raw = plain.reshape(-1).view(torch.uint8).numpy(force=True).tobytes()
    return {"dtype": str(x.dtype), "shape": list(x.shape), "data": base64.b64encode(raw).decode()}


def _decoded(line: Any) -> list[Tensor]:
    """The tensors of a case, made anew from what was sent of them.

    Raises:
        TamperedError: it has not the form that `_encoded` gives it.
    """
    try:
        if not isinstance(line, list) or len(line) > MOST_TENSORS:
            raise ValueError("no list of tensors, or more of them than anybody asked for")
        return [_tensor(**one) for one in line]
    except (TypeError, ValueError, KeyError, RuntimeError, OverflowError):
        raise TamperedError("a line that is no answer") from None


def _tensor(dtype: str, shape: list[int], data: str) -> Tensor:
    raw, kind = bytearray(base64.b64decode(data, validate=True)), KINDS[dtype]
    if len(shape) > MOST_DIMENSIONS or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("no shape, or one of more dimensions than anybody asked for")
    if len(raw) != math.prod(shape) * kind.itemsize:
        raise ValueError("other numbers than it says; to make room for them might be much to ask")
    if not raw:
        return torch.zeros(shape, dtype=kind)
    return torch.frombuffer(raw, dtype=kind).reshape(shape)
