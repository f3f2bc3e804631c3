"""What an implementation refuses openly, heard by asking for a first, plain use of everything.

A refusal is heard whatever its type. One inside the core, which everybody must do, is a fault
until it is declared; one of an extra is a limit, and worth a remark. What is silently wrong is
never heard here: that is for the claims.
"""

import functools
import inspect
import itertools
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES, KINDS, LONG_SUMS, NAMES, SIXTEEN_BITS, Limits
from sums_to_one.tests.common.options import is_refusal, provides
from sums_to_one.tests.common.raised import raised_at
from sums_to_one.tests.judge import hearing_parameters
from sums_to_one.tests.judge.at_every_step import words_for, worse_than_pytorchs
from sums_to_one.tests.judge.hearing_files import FILES, forms, otherwise, plain_uses
from sums_to_one.tests.judge.hearing_parameters import PLAIN, why_no_tensors
from sums_to_one.tests.judge.plain_use import (
    CORE,
    CORE_KINDS,
    CORE_VALUES,
    EXTRA,
    METHODS,
    NEVER,
    NORMS,
    SETTINGS,
    TRANSFORMS,
    USES,
    VALUES,
    plain_input,
)

Function = Callable[..., Any]
REFUSED = "refused, by an error of its own"
NOT_IN_A_ROW = "view size is not compatible"  # how PyTorch begins to say so


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
        by_steps = self.refused.keys() & {LONG_SUMS}
        said = "rounded at every step" if by_steps == self.refused.keys() else REFUSED
        limits = self.limits.within(Limits(without=frozenset(by_steps)))
        if not limits.declared():
            return "\n".join([f"{said}:", *lines])
        declaration = json.dumps({component: limits.declared()})
        return "\n".join(
            [
                f"{said}:",
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


def hear(
    component: str, function: Function, declared: Limits, other: Function | None = None
) -> Heard:
    """Ask an implementation for a plain use of every dtype, shape and derivative.

    Args:
        component: its name.
        function: the implementation.
        declared: the limits that it states itself.
        other: who reads the files that it writes, or writes those that it reads.
    """
    if component in FILES:
        return _hear_files(component, function, declared, other)
    core, extras = dict[str, str](), dict[str, str]()
    if no_tensors := why_no_tensors(component, function):
        core |= {} if PLAIN in declared.without else {PLAIN: _words(no_tensors)}
        declared = declared.within(Limits(without=frozenset([PLAIN])))
    limits, function = declared, hearing_parameters.fitted(component, function, declared.without)
    if component in NORMS and (lacking := _lacks_to(function)):
        extras |= {} if "to" in declared.without else {"to": lacking}
        limits = declared = declared.within(Limits((torch.float32,), without=frozenset(["to"])))
    for question in _questions(component, function, declared):
        error = _error_of(question.ask)
        if error:
            limits = limits.within(question.otherwise).within(_sites(error))
            (core if question.is_core else extras)[question.what] = _words(error)
    if not limits.dtypes and component in TRANSFORMS:
        refused = {n: found.pop(n) for n in NAMES for found in (core, extras) if n in found}
        words = next(iter(refused.values()), "")
        if not _takes_whole(component, function, limits):
            return Heard(declared, {"a plain image": words} if words else {})
        extras |= {"floating-point pixels": words} if words else {}  # whole numbers may be all
    elif not limits.dtypes or limits.dimensions == ():
        return Heard(declared)  # it takes nothing, or is called in another way: claims will tell
    for question in _settings(component, function, limits):
        error = _error_of(question.ask)
        if error and is_refusal(error):
            limits = limits.within(question.otherwise).within(_sites(error))
            if not _is_unnamed(function, question.what):
                extras[question.what] = _words(error)
    further = itertools.chain.from_iterable(
        questions(component, function, limits) for questions in (_kinds, _values)
    )
    for question in further:
        error = _error_of(question.ask)
        if error and (raised_at(error) or _is_of_places(error)):  # a crash is for the claims
            limits = limits.within(question.otherwise).within(_sites(error))
            if question.what not in declared.without:
                (core if question.is_core else extras)[question.what] = _words(error)
    if LONG_SUMS not in declared.without and (worst := _long_sums(component, function, limits)):
        if declared.in_full:
            core[LONG_SUMS] = worst
        else:
            extras[LONG_SUMS] = worst
            limits = limits.within(Limits(without=frozenset([LONG_SUMS])))
    return Heard(limits, core, extras, takes_something=component in USES)


def _long_sums(component: str, function: Function, limits: Limits) -> str:
    """How much worse than PyTorch's 16 bits are, if that is because sums round at every step."""
    dtypes, found = [d for d in limits.dtypes if d in SIXTEEN_BITS], list[str]()

    def ask() -> None:
        worst = worse_than_pytorchs(component, function, dtypes)
        found.extend([words_for(*worst)] if worst else [])

    _error_of(ask)  # which is for the claims to tell
    return "".join(found)


def _hear_files(
    component: str, function: Function, declared: Limits, other: Function | None
) -> Heard:
    extras = dict[str, str]()
    lacking = forms(component, function, other)
    limits = declared.within(Limits(without=frozenset(lacking)))
    extras |= {form: _words(e) for form, e in lacking.items() if form not in declared.without}
    uses = plain_uses(component, function, other, limits.without)
    asked = {name: _error_of(ask) for name, ask in uses.items()}
    if all(error for name, error in asked.items() if name in NAMES):
        return Heard(limits, {}, extras)  # it writes nothing, or does not read it: claims will tell
    for name, error in asked.items():
        if not error or not raised_at(error):  # a crash is for the claims to tell
            continue
        if name not in declared.without and NAMES.get(name, DTYPES[0]) in declared.dtypes:
            extras[name] = _words(error)
        limits = limits.within(otherwise(name)).within(_sites(error))
    return Heard(limits, {}, extras, takes_something=True)


def _is_of_places(error: Exception) -> bool:
    """Whether PyTorch refuses to look at a tensor as a row, which is no fault of its numbers."""
    return isinstance(error, RuntimeError) and str(error).startswith(NOT_IN_A_ROW)


def _sites(error: Exception) -> Limits:
    """Where the same words come again, the same limit is meant."""
    site = raised_at(error)
    return Limits(sites=frozenset([site] if site else []))


def _questions(component: str, function: Function, declared: Limits) -> Iterator[Question]:
    use = USES.get(component)
    if use is None:
        return
    core, extra = CORE[component], EXTRA[component]
    sizes = [n for n in (*core, *extra) if declared.dimensions is None or n in declared.dimensions]
    if not sizes:
        return

    def plain(dtype: torch.dtype, dimensions: int) -> Callable[[], object]:
        return functools.partial(
            use, component, function, plain_input(component, dimensions, dtype)
        )

    kinds = (*declared.dtypes, *([torch.uint8] if component in TRANSFORMS else []))
    takes = ((n, d) for d in kinds for n in sizes if not _error_of(plain(d, n)))
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
    x = plain_input(component, usual, widest)
    if not x.is_floating_point():
        return
    if declared.gradients >= 1:
        first = Limits(gradients=0)
        yield Question(
            "gradients", True, lambda: _differentiate(use, component, function, x), first
        )
    if declared.gradients >= 2:
        second = Limits(gradients=1)
        ask = lambda: _differentiate(use, component, function, x, twice=True)  # noqa: E731
        yield Question("second derivatives", False, ask, second)


def _first(limits: Limits) -> torch.dtype:
    return limits.dtypes[0] if limits.dtypes else torch.uint8


def _takes_whole(component: str, function: Function, limits: Limits) -> bool:
    """Whether a transform takes pixels that are whole numbers, of some number of dimensions."""
    sizes = [n for n in CORE[component] if limits.dimensions is None or n in limits.dimensions]
    x = [plain_input(component, n, torch.uint8) for n in sizes[:1]]
    return bool(x) and not _error_of(functools.partial(USES[component], component, function, x[0]))


def _lacks_to(function: Function) -> str:
    """Why a layer cannot be had in another dtype than it is made in; empty where it can."""
    made: list[Any] = []
    if _error_of(lambda: made.append(function(3))) or hasattr(made[0], "to"):
        return ""
    return "it has no method 'to', and is judged in float32"


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
    n = (limits.dimensions or CORE.get(component, (2,)))[0]
    x = plain_input(component, n, _first(limits))
    for name, value in SETTINGS.get(component, {}).items():
        if name not in limits.without and provides(function, name):
            used = functools.partial(function, **{name: value})
            ask = functools.partial(USES[component], component, used, x)
            yield Question(name, False, ask, Limits(without=frozenset([name])))
    for name, use in METHODS.get(component, {}).items():
        if name not in limits.without and hasattr(function, name):
            asked = functools.partial(use, function, x)
            yield Question(name, False, asked, Limits(without=frozenset([name])))


def _kinds(component: str, function: Function, limits: Limits) -> Iterator[Question]:
    """A plain use of inputs that are as usual in all but one thing."""
    use, core = USES.get(component), CORE.get(component, ())
    sizes = [n for n in core if limits.dimensions is None or n in limits.dimensions]
    if use is None or not sizes:
        return
    x = plain_input(component, sizes[0], _first(limits))
    unusual = {
        "strided inputs": x.transpose(0, -1).contiguous().transpose(0, -1),
        "single samples": x[:1],
        "empty batches": x[:0],
    }
    for kind, value in unusual.items():
        if KINDS[kind](value) and component not in NEVER.get(kind, ()):
            ask = functools.partial(use, component, function, value)
            yield Question(kind, kind in CORE_KINDS, ask, Limits(without=frozenset([kind])))


def _values(component: str, function: Function, limits: Limits) -> Iterator[Question]:
    """A plain use of values that some refuse."""
    n = (limits.dimensions or CORE.get(component, (2,)))[0]
    x = plain_input(component, n, _first(limits))
    for name, use in VALUES.get(component, {}).items():
        ask = functools.partial(use, function, x)
        yield Question(name, name in CORE_VALUES, ask, Limits(without=frozenset([name])))


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


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip()


def _error_of(ask: Callable[[], object]) -> Exception | None:
    """The error with which a use is refused, if it is."""
    recording, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who warns does not refuse
            ask()
    except Exception as error:  # a refusal is one whatever its type
        return error
    except BaseException:  # to exit, interrupt or skip is no refusal: claims will tell
        return None
    finally:
        torch.set_grad_enabled(recording)
        torch.set_default_dtype(dtype)
    return None
