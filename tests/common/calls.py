"""What a component was called with, and what it gave: kept so that a refusal can show it.

Small tensors are copied, and nothing of the subject's is held; of a large one its shape is kept.
A call with other things in it is forgotten.
"""

import contextlib
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.wording import MOST_TO_PASTE, Large, code

MOST_CALLS = 8  # that are remembered
WIDEST_SPAN = 1000  # places in memory that a small tensor may lie apart
DEEPEST = 12  # frames between a claim and a call that it makes, such as those of a helper
PLAIN = (bool, int, float, str, type(None), torch.dtype)

# Which run of a claim makes a call: its frame, whose number may be given to another one later, and
# how far it is, which is less or the same again where that is so.
Run = tuple[int, int]
_calls: deque["Call"] = deque(maxlen=MOST_CALLS)
# The modules that claims have made: each with the call that made it, and how often its parameters
# had been written to by then.
_made: deque[tuple["weakref.ref[torch.nn.Module]", str, int]] = deque(maxlen=MOST_CALLS)
_running: dict[int, "Call | None"] = {}  # by the id of the module that is called


class Call:
    """One call that a claim has made."""

    def __init__(
        self, name: str, claim: Run, arguments: list[Any], options: dict[str, Any]
    ) -> None:
        self.name, self.claim, self.arguments, self.options = name, claim, arguments, options
        self.gave: Tensor | None = None

    def __str__(self) -> str:
        options = [f"{name}={code(value)}" for name, value in self.options.items()]
        return f"{self.name}({', '.join([*map(code, self.arguments), *options])})"


def watched(
    name: str, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """What the function gives; the call is remembered where it can be pasted."""
    __tracebackhide__ = True
    call = _call(name, arguments, options)
    gave = function(*arguments, **options)
    if call and isinstance(gave, Tensor):
        call.gave = _small_copy(gave)
    elif call and isinstance(gave, torch.nn.Module):
        with contextlib.suppress(Exception):  # what a subject does with its parameters is its own
            _made.append((weakref.ref(gave), str(call), _changes(gave)))
    return gave


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """From now on, and calls of modules that a claim has made, too."""
    _calls.clear()
    _made.clear()
    _running.clear()
    before = torch.nn.modules.module.register_module_forward_pre_hook(_is_called)
    after = torch.nn.modules.module.register_module_forward_hook(_has_given)
    try:
        yield
    finally:
        before.remove()
        after.remove()


def _is_called(module: torch.nn.Module, arguments: Any) -> None:
    for made, name, changes in list(_made):
        # One whose weights were changed, or that evaluates, is more than how it was made.
        if made() is module and module.training and changes == _changes(module):
            _running[id(module)] = _call(name, arguments, {})


def _has_given(module: torch.nn.Module, arguments: Any, gave: object) -> None:
    call = _running.pop(id(module), None)
    if call and isinstance(gave, Tensor):
        call.gave = _small_copy(gave)


def _changes(module: torch.nn.Module) -> int:
    return sum(parameter._version for parameter in module.parameters())


def _small_copy(x: Tensor) -> Tensor | None:
    return x.detach().clone() if x.numel() <= MOST_TO_PASTE else None


def _call(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Call | None:
    claim = _claim(sys._getframe(1))
    if not claim:
        return None
    try:
        given = [copied(value) for value in arguments]
        call = Call(name, claim, given, {key: copied(value) for key, value in options.items()})
    except Exception:  # a tensor of another kind may refuse to be copied, by any error
        return None
    _calls.append(call)
    return call


def _claim(frame: FrameType | None) -> Run | None:
    """Which run of a claim makes the call, if one does."""
    for _ in range(DEEPEST):
        if frame is None:
            return None
        if frame.f_code.co_name.startswith("test_"):
            return id(frame), frame.f_lasti
        frame = frame.f_back
    return None


def copied(value: Any) -> Any:
    """A copy that can be pasted, or the shape of a large tensor.

    Raises:
        ValueError: there is none.
    """
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple) and len(value) <= MOST_TO_PASTE:
        return type(value)(map(copied, value)) if type(value) in (list, tuple) else _refuse()
    if type(value) is Tensor and value.numel() > MOST_TO_PASTE:
        return Large(tuple(value.shape), value.dtype)
    if type(value) is Tensor:
        return _laid_out(value.detach()).requires_grad_(value.requires_grad)
    return _refuse()


def _laid_out(x: Tensor) -> Tensor:
    """A copy with the place in memory that the tensor has, and what lies beside it there."""
    memory = x.untyped_storage().nbytes() // max(1, x.itemsize)
    if x.is_contiguous() or memory > WIDEST_SPAN:
        return x.clone(memory_format=torch.preserve_format)
    copy = x.new_empty(0).set_(x.untyped_storage().clone())
    return copy.as_strided(x.shape, x.stride(), x.storage_offset())


def _refuse() -> Any:
    raise ValueError("what cannot be pasted is not shown")


def last_call() -> str:
    """The last one that a claim has made; empty if it could not be pasted."""
    return str(_calls[-1]) if _calls else ""


def calls_of(frame: FrameType) -> list[Call]:
    """The last calls that this run of a claim has made, in their order."""
    found: list[Call] = []
    place = frame.f_lasti + 1
    for call in reversed(_calls):
        number, at = call.claim
        if number != id(frame) or at >= place:
            break
        found.append(call)
        place = at
    return found[::-1]
