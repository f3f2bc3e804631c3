"""torch.compile in a claim: whatever is compiled is judged as compiled code, or not at all.

Each dtype, number of dimensions and layout is compiled anew. After eight of these forms torch gives
up with a warning, and runs the rest uncompiled; a verdict would then be about other code than
somebody thinks. In a claim there are more forms, and what lies beyond them is an input outside of
the subject's limits.
"""

import contextlib
import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any
from unittest import mock

import torch

from sums_to_one.tests.common.limits import outside

Function = Callable[..., Any]
MOST_FORMS = 32  # of a function; with inductor a compiler of C++ takes seconds for each
_known = [0]  # forms, of whatever functions, that had been compiled before the last reset
BEYOND = f"more than {MOST_FORMS} forms of inputs, each of which is compiled"


def limits_of_compiling() -> contextlib.AbstractContextManager[None]:
    """Within a claim; free of cost where torch's compiler is not even loaded.

    A claim has at least half of the forms to itself.
    """
    loaded = "torch._dynamo.convert_frame" in sys.modules
    return _with_more_forms() if loaded else nullcontext()


@contextlib.contextmanager
def _with_more_forms() -> Iterator[None]:
    from torch._dynamo import config, convert_frame, utils

    by_now = int(utils.counters["frames"]["ok"])  # which anybody may set to zero
    if by_now - min(_known[0], by_now) > MOST_FORMS // 2:
        torch.compiler.reset()
        _known[0] = by_now
    limits = {
        "recompile_limit": MOST_FORMS,
        "accumulated_recompile_limit": 4 * MOST_FORMS,
        "fail_on_recompile_limit_hit": True,
    }
    beyond = mock.patch.object(convert_frame, "FailOnRecompileLimitHit", _beyond)
    quiet = mock.patch.object(convert_frame.log, "filters", [_says_other_things])
    with config.patch(limits), beyond, quiet:
        yield


def _says_other_things(record: logging.LogRecord) -> bool:
    """Than that forms are too many, as torch does at every input; here the reason says it."""
    return "hit config." not in str(record.msg)


def _beyond(*_: object) -> BaseException:
    """What torch's compiler raises in the place of its own error."""
    try:
        outside(BEYOND)
    except BaseException as error:  # Hypothesis' or pytest's
        return error


def compiled(component: Function, **options: Any) -> Function | None:
    """By torch.compile: a function, or the call of whatever a class makes.

    Args:
        component: which is left as it is; torch.compile itself changes a class in its place.
        options: of torch.compile.

    Returns:
        None for what is not called, such as an optimizer.
    """
    if not inspect.isclass(component):
        made = torch.compile(component, **options)

        @functools.wraps(component)
        def called(*arguments: Any, **others: Any) -> Any:
            return made(*arguments, **others)

        return called
    if issubclass(component, torch.nn.Module):

        class Compiled(component):  # type: ignore[misc, valid-type]  # whatever the subject has
            def __init__(self, *arguments: Any, **others: Any) -> None:
                super().__init__(*arguments, **others)
                self.compile(**options)

        functools.update_wrapper(Compiled.__init__, component.__init__)  # whose arguments are known
        Compiled.__name__ = component.__name__
        return Compiled
    if "__call__" not in {name for kind in component.__mro__ for name in vars(kind)}:
        return None
    by_call = {"__call__": torch.compile(component.__call__, **options)}
    return type(component.__name__, (component,), by_call)


def as_compiling(transform: Function) -> Function:
    """A transform, and if it is torch.compile, or that with some options, the one above."""
    options: dict[str, Any] = {}
    found = transform
    while isinstance(found, functools.partial) and not found.args:
        options = {**found.keywords, **options}
        found = found.func
    return functools.partial(compiled, **options) if found is torch.compile else transform
