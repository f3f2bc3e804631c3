"""What an implementation refuses openly, heard by asking for a first, plain use of everything.

A refusal is heard whatever its type. One inside the core, which everybody must do, is a fault
until it is declared; one of an extra is a limit, and worth a remark. What is silently wrong is
never heard here: that is for the claims.
"""

import functools
import inspect
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import DTYPES, Limits
from sums_to_one.tests.common.options import is_refusal, provides
from sums_to_one.tests.judge.plain_use import CORE, EXTRA, METHODS, SETTINGS, USES, shape_of

Function = Callable[..., Any]


@dataclass(frozen=True)
class Heard:
    """The limits within which an implementation is judged, and what it refused.

    Args:
        limits: what it declares, less what it refuses besides.
        core: what it refuses of the core without declaring it, and in which words.
        extras: the same of the extras.
        strict: whether an extra that is refused must be declared, too.
        takes_something: whether some plain use is not refused.
    """

    limits: Limits
    core: dict[str, str] = field(default_factory=dict)
    extras: dict[str, str] = field(default_factory=dict)
    strict: bool = False
    takes_something: bool = False

    @property
    def refused(self) -> dict[str, str]:
        """What it may not refuse without a declaration: the core, or if strict everything."""
        return {**self.core, **self.extras} if self.strict else self.core

    def words(self, component: str) -> str:
        """The lesson of what it refused: each with its error, and the limits to declare."""
        lines = [f"  {what}: {error}" for what, error in self.refused.items()]
        declaration = json.dumps({component: self.limits.declared()})
        return "\n".join(
            [
                "refused, by an error of its own:",
                *lines,
                "if that is meant, declare it, and nothing outside of it is asked:",
                f"  LIMITS = {declaration}",
            ]
        )

    def as_json(self) -> dict[str, Any]:
        """For the verdicts."""
        return {
            "within": self.limits.declared(),
            "refused": self.core,
            "remarks": self.extras,
            "words": str(self.limits),
        }


@dataclass(frozen=True)
class Question:
    """One plain use, whether everybody must do it, and what is left for those who refuse it."""

    what: str
    is_core: bool
    ask: Callable[[], object]
    otherwise: Limits


def hear(component: str, function: Function, declared: Limits) -> Heard:
    """Ask an implementation for a plain use of every dtype, shape and derivative."""
    limits, core, extras = declared, dict[str, str](), dict[str, str]()
    for question in _questions(component, function, declared):
        error = _error_of(question.ask)
        if error:
            limits = limits.within(question.otherwise)
            (core if question.is_core else extras)[question.what] = error
    if not limits.dtypes or limits.dimensions == ():
        return Heard(declared)  # it takes nothing, or is called in another way: claims will tell
    for question in _settings(component, function, limits):
        if error := _error_of(question.ask, is_refusal):
            limits = limits.within(question.otherwise)
            if not _is_unnamed(function, question.what):
                extras[question.what] = error
    return Heard(limits, core, extras, takes_something=component in USES)


def _questions(component: str, function: Function, declared: Limits) -> Iterator[Question]:
    use = USES.get(component)
    if use is None:
        return
    core, extra = CORE[component], EXTRA[component]
    sizes = [n for n in (*core, *extra) if declared.dimensions is None or n in declared.dimensions]
    if not sizes:
        return

    def plain(dtype: torch.dtype, dimensions: int) -> Callable[[], object]:
        x = grid(*shape_of(component, dimensions), limit=1.5).to(dtype)
        return lambda: use(component, function, x)

    takes = ((n, d) for d in declared.dtypes for n in sizes if not _error_of(plain(d, n)))
    usual, widest = next(takes, (sizes[0], None))
    for dtype in declared.dtypes:
        others = Limits(dtypes=tuple(d for d in DTYPES if d != dtype))
        name = str(dtype).removeprefix("torch.")
        yield Question(name, dtype in DTYPES[:2], plain(dtype, usual), others)
    if widest is None:
        return
    for n in sizes:
        fewer = Limits(dimensions=tuple(m for m in sizes if m != n))
        yield Question(f"{n} dimension{'s' * (n != 1)}", n in core, plain(widest, n), fewer)
    x = grid(*shape_of(component, usual), limit=1.5).to(widest)
    if declared.gradients >= 1:
        first = Limits(gradients=0)
        yield Question(
            "gradients", True, lambda: _differentiate(use, component, function, x), first
        )
    if declared.gradients >= 2:
        second = Limits(gradients=1)
        ask = lambda: _differentiate(use, component, function, x, twice=True)  # noqa: E731
        yield Question("second derivatives", False, ask, second)


def _is_unnamed(function: Function, name: str) -> bool:
    """Whether an argument is only one of any name, and not there if it is refused."""
    try:
        arguments = inspect.signature(function).parameters
    except ValueError:  # what is written in C does not tell what it takes
        return False
    any_name = any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values())
    return any_name and name not in arguments


def _settings(component: str, function: Function, limits: Limits) -> Iterator[Question]:
    """A plain use of each argument and method that an implementation has, and need not have."""
    x = grid(*shape_of(component, (limits.dimensions or CORE.get(component, (2,)))[0]), limit=1.5)
    x = x.to(limits.dtypes[0])
    for name, value in SETTINGS.get(component, {}).items():
        if name not in limits.without and provides(function, name):
            used = functools.partial(function, **{name: value})
            ask = functools.partial(USES[component], component, used, x)
            yield Question(name, False, ask, Limits(without=frozenset([name])))
    for name, use in METHODS.get(component, {}).items():
        if name not in limits.without and hasattr(function, name):
            asked = functools.partial(use, function, x)
            yield Question(name, False, asked, Limits(without=frozenset([name])))


def _differentiate(
    use: Any, component: str, function: Function, x: Tensor, twice: bool = False
) -> None:
    """Once or twice; a result that is connected to nothing refuses nothing."""
    leaf = x.clone().requires_grad_()
    result = use(component, function, leaf)
    if not isinstance(result, Tensor) or not result.requires_grad:
        return
    weights = torch.ones_like(result).requires_grad_()
    (first,) = torch.autograd.grad(
        (result * weights).sum(), leaf, create_graph=twice, allow_unused=True
    )
    if twice and first is not None and first.requires_grad:
        first.sum().backward()


def _error_of(
    ask: Callable[[], object], counts: Callable[[Exception], bool] = lambda error: True
) -> str:
    """The error with which a use is refused, in words; empty where it is not."""
    recording, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who warns does not refuse
            ask()
    except Exception as error:  # a refusal is one whatever its type
        return f"{type(error).__name__}: {error}".strip() if counts(error) else ""
    except BaseException:  # to exit, interrupt or skip is no refusal: claims will tell
        return ""
    finally:
        torch.set_grad_enabled(recording)
        torch.set_default_dtype(dtype)
    return ""
