"""What a subject does not do, and which of a claim's inputs lie inside of that.

While a claim is asked, `current()` holds the limits of whoever is judged: what it declares, and
what it refuses openly. Inputs come from inside: dtypes and shapes that lie outside are left out,
and numbers whose dtype does not matter to the claim are in the widest dtype that there is.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import hypothesis
import pytest
import torch
from hypothesis.control import current_build_context
from torch import Tensor

from sums_to_one.tests.common.raised import Site, lacks, raised_at

T = TypeVar("T")

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)  # the widest first
NAMES = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPES}
SIXTEEN_BITS = tuple(dtype for dtype in DTYPES if dtype.itemsize == 2)
WHOLE = "uint8"  # which pixels may be of, and of nothing else
MOST_DIMENSIONS = 64  # of a tensor of PyTorch's
KEYS = ("dtypes", "dimensions", "gradients", "without", "reason")

# Inputs that somebody may not take whatever their size, by the name that `without` has for them.
KINDS: dict[str, Callable[[Tensor], bool]] = {
    "empty batches": lambda x: x.numel() == 0,
    "single samples": lambda x: x.ndim > 1 and len(x) == 1,
    "strided inputs": lambda x: not x.is_contiguous(),
}

# What `without` has for those who round to 16 bits after every step of a sum: PyTorch rounds once.
LONG_SUMS = "long sums in 16 bits"


# reason: pytest is to count it as neither passed nor failed, and makes that class at run time
class NotProvided(pytest.skip.Exception):  # type: ignore[name-defined, misc]  # made at run time
    """A claim about what is not there can neither hold nor fail, and does not count as passed."""


class LimitsError(ValueError):
    """A declaration that cannot be read; the message says the rule and what came."""


@dataclass(frozen=True)
class Limits:
    """What an implementation does; by default everything.

    Args:
        dtypes: of floating-point numbers that it takes; none, if it takes whole numbers alone.
        dimensions: how many its input may have, or None for any number.
        gradients: how often its result can be differentiated: 0, 1 or 2 times.
        without: names of arguments, methods and features that it does not have, such as "inplace",
            "state_dict", "integers", "empty batches".
        in_full: whether 16 bits are declared, and not merely taken: then nothing there is an extra.
        sites: where it raises what says so; nobody declares them, they are heard.
        reason: why it does not do the rest, for whoever reads the verdict.
    """

    dtypes: tuple[torch.dtype, ...] = DTYPES
    dimensions: tuple[int, ...] | None = None
    gradients: int = 2
    without: frozenset[str] = field(default_factory=frozenset)
    in_full: bool = False
    sites: frozenset[Site] = field(default_factory=frozenset)
    reason: str = field(default="", compare=False)

    def within(self, other: "Limits") -> "Limits":
        """What lies inside both."""
        both = self.dimensions, other.dimensions
        dimensions = (
            tuple(n for n in both[0] if n in both[1])
            if both[0] is not None and both[1] is not None
            else both[0]
            if both[1] is None
            else both[1]
        )
        return Limits(
            tuple(dtype for dtype in self.dtypes if dtype in other.dtypes),
            dimensions,
            min(self.gradients, other.gradients),
            self.without | other.without,
            self.in_full or other.in_full,
            self.sites | other.sites,
            "; ".join(dict.fromkeys(reason for reason in (self.reason, other.reason) if reason)),
        )

    def why_not(self, *inputs: object) -> str | None:
        """The limit beyond which an input lies, in words; None if all lie inside."""
        for x in inputs:
            if isinstance(x, Tensor):
                if x.is_floating_point() and x.dtype in DTYPES and x.dtype not in self.dtypes:
                    return str(x.dtype).removeprefix("torch.")
                if x.requires_grad and self.gradients == 0:
                    return "gradients"
                for kind in self.without & {*KINDS}:
                    if KINDS[kind](x):
                        return kind
        return None

    def why_not_shape(self, *inputs: Tensor) -> str | None:
        """As why_not, of the number of dimensions."""
        for x in inputs:
            if self.dimensions is not None and x.ndim not in self.dimensions:
                return f"{x.ndim} dimensions"
        return None

    def declared(self) -> dict[str, Any]:
        """As somebody would declare them: what `read` reads."""
        found: dict[str, Any] = {}
        if self.dtypes != DTYPES or self.in_full:
            names = [name for name, dtype in NAMES.items() if dtype in self.dtypes]
            found["dtypes"] = names or [WHOLE]
        if self.dimensions is not None:
            found["dimensions"] = list(self.dimensions)
        if self.gradients < 2:
            found["gradients"] = self.gradients
        if self.without:
            found["without"] = sorted(self.without)
        return {**found, "reason": self.reason} if found and self.reason else found

    def __str__(self) -> str:
        """In a few words: `float32; 2-D; first derivatives (it has no double backward)`."""
        orders = {0: "forward only", 1: "first derivatives"}
        parts = [", ".join(self.declared().get("dtypes", []))]
        parts += [", ".join(f"{n}-D" for n in self.dimensions or ())]
        parts += [orders.get(self.gradients, "")]
        parts += [f"no {name}" for name in sorted(self.without)]
        words = "; ".join(part for part in parts if part)
        return f"{words} ({self.reason})" if words and self.reason else words


def read(declared: object, whose: str) -> Limits:
    """The limits that somebody has declared.

    Args:
        declared: a dictionary with some of the keys in KEYS.
        whose: for the message of an error.

    Raises:
        LimitsError: it is anything else.

    Example:
        >>> print(read({"dtypes": ["float32"], "dimensions": [2]}, "softmax"))
        float32; 2-D
    """
    if not isinstance(declared, dict) or not set(declared) <= set(KEYS):
        raise LimitsError(
            f"the limits of {whose} must be a dictionary with keys among {', '.join(KEYS)}, "
            f"got {declared!r}"
        )
    is_dtype = (*NAMES, WHOLE).__contains__
    dtypes = _list(declared, "dtypes", whose, "names of dtypes", is_dtype)
    words = f"whole numbers from 0 to {MOST_DIMENSIONS}"
    sizes = _list(declared, "dimensions", whose, words, _are_dimensions)
    without = _list(declared, "without", whose, "names", lambda name: isinstance(name, str))
    order, reason = declared.get("gradients", 2), declared.get("reason", "")
    if order not in (0, 1, 2):
        raise LimitsError(f"the gradients of {whose} must be 0, 1 or 2, got {order!r}")
    taken = tuple(dtype for name, dtype in NAMES.items() if name in (dtypes or NAMES))
    if not isinstance(reason, str):
        raise LimitsError(f"the reason for the limits of {whose} must be words, got {reason!r}")
    return Limits(
        taken,
        None if sizes is None else tuple(sizes),
        order,
        frozenset(without or ()),
        dtypes is not None and not {*taken}.isdisjoint(SIXTEEN_BITS),
        reason=" ".join(reason.split()),
    )


def _are_dimensions(n: object) -> bool:
    return type(n) is int and 0 <= n <= MOST_DIMENSIONS


def _list(declared: dict[Any, Any], key: str, whose: str, what: str, fits: Any) -> list[Any] | None:
    values = declared.get(key)
    if values is None:
        return None
    if not isinstance(values, list | tuple) or not all(map(fits, values)):
        known = f" ({', '.join([*NAMES, WHOLE])})" if key == "dtypes" else ""
        raise LimitsError(f"the {key} of {whose} must be a list of {what}{known}, got {values!r}")
    if not values and key != "without":
        raise LimitsError(f"the {key} of {whose} must not be empty: nothing would be left to judge")
    return list(values)


EVERYTHING = Limits()
MOST_LEFT_OUT = 100  # inputs, with none that lay inside: then there may be none

_left_out: list[str] = []  # what the claim that is asked at the moment could not ask for
_let_in: list[object] = []  # one input of Hypothesis' that lay inside, and the one it is at
_current: ContextVar[Limits] = ContextVar("limits", default=EVERYTHING)


def current() -> Limits:
    """Those of whoever is judged at the moment."""
    return _current.get()


@contextlib.contextmanager
def judging(limits: Limits) -> Iterator[None]:
    """For as long as a claim about somebody with these limits is asked."""
    token = _current.set(limits)
    try:
        yield
    finally:
        _current.reset(token)


@contextlib.contextmanager
def asking(limits: Limits, hears: bool = False) -> Iterator[None]:
    """As judging, where Hypothesis may have found no input inside of the limits.

    Args:
        limits: of whoever is judged.
        hears: whether NotImplementedError, which nobody raises by mistake, is a limit, too.
    """
    _left_out.clear()
    _let_in.clear()
    try:
        with judging(limits):
            yield
    except hypothesis.errors.Unsatisfiable:
        if limits == EVERYTHING and not _left_out:
            raise
        what = _left_out[-1] if _left_out else "a dtype or a shape that the claim asks for"
        raise NotProvided(f"not provided: {what}") from None
    except NotImplementedError as error:
        if not hears:
            raise
        raise NotProvided(f"not provided: {error or 'NotImplementedError'}") from None
    except Exception as error:
        lacking = lacks(error) if isinstance(error, AttributeError) else None
        if lacking is None and raised_at(error) not in limits.sites:
            raise
        raise NotProvided(f"not provided: {lacking or error}") from None


def widest() -> torch.dtype:
    """The dtype for numbers of which the claim says none: float64, or the widest that there is."""
    return current().dtypes[0] if current().dtypes else DTYPES[0]


def let_in() -> None:
    """A call lies inside; where all calls of an input do, the claim is about something."""
    if hypothesis.currently_in_test_context():
        this = current_build_context()
        if not _let_in or _let_in[-1] is not this:
            _let_in[1:] = [this]


def outside(what: str) -> NoReturn:
    """An input lies outside: Hypothesis draws another one, elsewhere it is not provided.

    Hypothesis itself would look ten times as long for an input that lies inside.
    """
    _left_out.append(what)
    if hypothesis.currently_in_test_context():
        if _let_in and _let_in[-1] is current_build_context():
            _let_in.pop()  # its earlier calls do not count
        if _let_in or len(_left_out) < MOST_LEFT_OUT:
            hypothesis.reject()
    raise NotProvided(f"not provided: {what}")


def needs_gradients(order: int) -> None:
    """End the claim as not provided where so many derivatives are outside the limits."""
    if current().gradients < order:
        raise NotProvided(f"not provided: {'second derivatives' if order == 2 else 'gradients'}")


class Inside(tuple[T, ...]):
    """A tuple of dtypes or shapes, of which a loop in a claim sees those inside the limits.

    To those who make claims, when nobody is judged yet, it shows all.
    """

    def __iter__(self) -> Iterator[T]:
        inside = [x for x in tuple.__iter__(self) if lies_inside(x)]
        if not inside and len(self):
            raise NotProvided("not provided: a dtype or a shape that the claim asks for")
        return iter(inside)


def lies_inside(x: object) -> bool:
    """Whether a dtype or a shape lies inside the current limits."""
    limits = current()
    if isinstance(x, torch.dtype):
        return x in limits.dtypes or x not in DTYPES
    if not isinstance(x, tuple):
        return True
    if 0 in x and "empty batches" in limits.without:
        return False
    if len(x) > 1 and x[0] == 1 and "single samples" in limits.without:
        return False
    return limits.dimensions is None or len(x) in limits.dimensions


def inside(choices: Iterable[T]) -> list[T]:
    """Those of the dtypes or shapes that lie inside the limits."""
    return list(Inside(choices))
