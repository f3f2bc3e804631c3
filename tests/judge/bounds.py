"""How small a fault is refused: PyTorch's own, whose result or gradient is a little too small.

    python -m sums_to_one.tests.judge.bounds [chapter or component ...] [--markdown]

Each component is judged in one dtype after another, with its result, and then its gradient, times
1 - delta: what is too large leaves a range, as that of tanh, by any fault and is found at once.
Of the powers of two the smallest delta that a claim refuses is told, in units in the last place of
1 in that dtype (ulp). Claims that refuse PyTorch's own in that dtype are not asked. What an
optimizer gives is its step; experiments, which train networks, are left out.
"""

import functools
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.leeway import Shares
from sums_to_one.tests.common.limits import DTYPES, NAMES
from sums_to_one.tests.common.worst import measuring
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.components import GROUPS, KNOWN, chapter_of
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.judge.teeth import Claim, claims_about
from sums_to_one.tests.judge.versions import Version

Function = Callable[..., Any]
MARKDOWN = "--markdown"
EXAMPLES = 10  # of each claim; more find hardly smaller faults
NOT_OF_PYTORCH = ("Variable", "gradient_descent", "l1_penalty", "l2_penalty")
NO_NUMBERS = ("zeros_", "Compose", "save_checkpoint", "load_checkpoint")  # or none to be a share of
ASKED = tuple(c for c in KNOWN if c not in (*NOT_OF_PYTORCH, *NO_NUMBERS))
WITHOUT_GRADIENT = (*GROUPS["optimizer"], *GROUPS["initializer"], *GROUPS["transform"])


@dataclass
class Fault:
    """By how much a result, or a gradient, is too small; it is changed from claim to claim."""

    of_result: float = 0.0
    of_gradient: float = 0.0

    def put_into(self, x: Any) -> Any:
        """A result as it comes with this fault."""
        if not isinstance(x, Tensor) or not x.is_floating_point():
            return x
        return _Times.apply(x, self.of_result, self.of_gradient)


def _smaller(x: Tensor, delta: float) -> Tensor:
    """Rounded once, to the dtype that it has."""
    return (x.double() * (1 - delta)).to(x.dtype)


class _Times(torch.autograd.Function):
    """The identity, but for a fault in each direction."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, of_result: float, of_gradient: float) -> Tensor:
        ctx.delta = of_gradient
        return _smaller(x, of_result)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _smaller(gradient, ctx.delta), None, None


def faulty(component: str, fault: Fault) -> Function:
    """PyTorch's own with a fault that may be changed later."""
    own = Subject("torch").component(component)
    assert own, component
    if component in GROUPS["optimizer"]:
        return _with_other_steps(own, fault)
    if isinstance(own, type):
        return _with_another_result(own, fault)
    change = _in_place if component in GROUPS["initializer"] else fault.put_into

    @functools.wraps(own)
    def changed(*arguments: Any, **options: Any) -> Any:
        came = own(*arguments, **options)
        return _in_place(came, fault) if change is _in_place else fault.put_into(came)

    return changed


def _in_place(x: Tensor, fault: Fault) -> Tensor:
    with torch.no_grad():
        return x.copy_(_smaller(x, fault.of_result))


def _with_another_result(own: Any, fault: Fault) -> Function:
    def forward(self: Any, *arguments: Any) -> Any:
        return fault.put_into(own.forward(self, *arguments))

    return type(own.__name__, (own,), {"forward": forward, "__module__": own.__module__})


def _with_other_steps(own: Any, fault: Fault) -> Function:
    def step(self: Any, closure: Any = None) -> Any:
        parameters = [p for group in self.param_groups for p in group["params"]]
        before = [p.detach().clone() for p in parameters]
        came = own.step(self, closure)
        with torch.no_grad():
            for p, old in zip(parameters, before, strict=True):
                p.copy_(old.double() + (p.double() - old.double()) * (1 - fault.of_result))
        return came

    return type(own.__name__, (own,), {"step": step, "__module__": own.__module__})


@dataclass(frozen=True)
class Bound:
    """What is known of a component in one dtype.

    Args:
        component: whose.
        dtype: its name.
        result: the smallest fault of a result that is refused, of the powers of two.
        gradient: that of a gradient; None where there is none.
        by: the claims that refuse the two.
        share: the most that PyTorch's own error takes of what is allowed.
    """

    component: str
    dtype: str
    result: float
    gradient: float | None
    by: tuple[str, ...]
    share: float

    def ulp(self, delta: float | None) -> str:
        """In units in the last place of 1."""
        if delta is None:
            return ""
        units = delta / torch.finfo(NAMES[self.dtype]).eps
        return f"{units:,.3g}" if units < 1000 else f"{units:,.0f}"


@dataclass
class Search:
    """For the smallest fault of one kind, claim after claim."""

    fault: Fault
    kind: str
    most: int  # an exponent of two below which nothing is left of a fault
    version: Version
    exponent: int = -1
    by: str = ""

    def ask(self, claim: Claim) -> None:
        """Whether it refuses a fault that is smaller than all before."""
        if not self._refuses(claim, self.exponent + 1):
            return
        found, not_found = self.exponent + 1, self.most
        while not_found - found > 1:
            middle = (found + not_found) // 2
            found, not_found = (
                (middle, not_found) if self._refuses(claim, middle) else (found, middle)
            )
        self.exponent, self.by = found, claim.name

    def _refuses(self, claim: Claim, exponent: int) -> bool:
        setattr(self.fault, self.kind, 2.0**-exponent)
        try:
            return claim.refuses(self.version, EXAMPLES) is not None
        finally:
            setattr(self.fault, self.kind, 0.0)

    @property
    def delta(self) -> float:
        return 2.0**-self.exponent if self.by else math.inf


def bound(component: str, dtype: torch.dtype) -> Bound:
    """The smallest fault of a component that is refused in that dtype."""
    fault, name = Fault(), str(dtype).removeprefix("torch.")
    function = faulty(component, fault)
    function.limits = {"dtypes": [name]}  # type: ignore[attr-defined]
    version = Version(component, f"in {name}", function)
    kinds = ["of_result"] if component in WITHOUT_GRADIENT else ["of_result", "of_gradient"]
    most = 2 - round(math.log2(torch.finfo(dtype).eps))
    searches = [Search(fault, kind, most, version) for kind in kinds]
    shares = Shares()
    for claim in claims_about(component):
        own = Shares()
        with measuring(own):
            unasked = claim.is_experiment or claim.answer(version, EXAMPLES) is not None
        if not unasked:  # and so PyTorch's own keeps it
            shares.by_sentence.update(own.by_sentence)
            for search in searches:
                search.ask(claim)
    deltas = [search.delta for search in searches]
    by = tuple(search.by for search in searches)
    share = max(
        (share for (_, of), share in shares.by_sentence.items() if of == dtype), default=0.0
    )
    return Bound(component, name, deltas[0], deltas[1] if deltas[1:] else None, by, share)


def bounds(*names: str) -> Iterator[Bound]:
    """Of all components, or those of the chapters and components named, in every dtype."""
    for component in ASKED:
        if not names or {component, chapter_of(component)} & {*names}:
            for dtype in DTYPES:
                yield bound(component, dtype)


def main(*names: str) -> int:
    """A line for each component and dtype."""
    profiles.load_suite()
    torch.set_num_threads(1)
    markdown = MARKDOWN in names
    for found in bounds(*(name for name in names if name != MARKDOWN)):
        told = [found.component, found.dtype, found.ulp(found.result), found.ulp(found.gradient)]
        told += [f"{found.share:.2f}"]
        print(f"| {' | '.join(told)} |" if markdown else " ".join([*told, *found.by]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
