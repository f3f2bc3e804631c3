"""PyTorch's own, behind limits that it states itself: what a fair judge must accept.

`python -m sums_to_one.tests.judge.controls [chapter or component ...]` prints which claims refuse
them although the limits are declared, and how many claims are left to be asked.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.component import tensors_in
from sums_to_one.tests.common.limits import NotProvided, read
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.components import chapter_of
from sums_to_one.tests.judge.plain_use import USES
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.judge.versions import Version

Function = Callable[..., Any]

LIMITS: dict[str, dict[str, Any]] = {
    "float32 only": {"dtypes": ["float32"]},
    "float64 only": {"dtypes": ["float64"]},
    "no 16 bits": {"dtypes": ["float64", "float32"]},
    "2-D only": {"dimensions": [2]},
    "first derivatives only": {"gradients": 1},
    "forward only": {"gradients": 0},
    "no integers": {"without": ["integers"]},
}


def checked(limits: dict[str, Any], arguments: object) -> None:
    """Refuse what lies outside, as people do: by an error of their own."""
    allowed = read(limits, "a control")
    tensors = list(tensors_in(arguments))
    for x in tensors:
        if x.is_floating_point() and x.dtype not in allowed.dtypes:
            raise TypeError(f"{limits['dtypes']} only, got {x.dtype}")
        if not x.is_floating_point() and "integers" in allowed.without:
            raise TypeError(f"no integers, got {x.dtype}")
        if x.requires_grad and allowed.gradients == 0:
            raise RuntimeError("there is no derivative")
    if tensors and allowed.dimensions is not None and tensors[0].ndim not in allowed.dimensions:
        raise ValueError(f"{allowed.dimensions} dimensions only, got {tensors[0].ndim}")


class _Once(torch.autograd.Function):
    """The identity, which can be differentiated once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.clone()


def behind(function: Function, limits: dict[str, Any], declared: bool = True) -> Function:
    """The same function or class, which refuses what lies outside of the limits."""

    @functools.wraps(function)
    def limited(*arguments: Any, **options: Any) -> Any:
        checked(limits, arguments)
        made = function(*arguments, **options)
        if isinstance(made, Tensor):
            if any(made is x for x in arguments):  # an initializer hands back what it was given
                return made
            once = limits.get("gradients") == 1 and made.requires_grad
            return _Once.apply(made) if once else made
        return _behind(made, limits)

    if declared:
        limited.limits = limits  # type: ignore[attr-defined]
    return limited


def _behind(made: Any, limits: dict[str, Any]) -> Any:
    kind = type(made)

    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        checked(limits, arguments)
        came = kind.__call__(self, *arguments, **options)
        once = limits.get("gradients") == 1 and isinstance(came, Tensor) and came.requires_grad
        return _Once.apply(came) if once else came

    made.__class__ = type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})
    return made


def main(*names: str) -> int:
    from sums_to_one.tests.judge.teeth import claims_about

    profiles.load_suite()
    torch.set_num_threads(1)
    refused = 0
    for component in [c for c in USES if not names or {c, chapter_of(c)} & {*names}]:
        function = Subject("torch").component(component)
        if function is None:
            continue
        for title, limits in LIMITS.items():
            version = Version(component, title, behind(function, limits), ())
            answers: dict[str, list[BaseException | None]] = {}
            for claim in claims_about(component):
                answers.setdefault(claim.id, []).append(claim.answer(version))
            asked = [id for id, found in answers.items() if not all(_unasked(a) for a in found)]
            print(f"{component} behind {title}: {len(asked)} of {len(answers)} claims asked")
            for id, found in answers.items():
                for answer in found:
                    if isinstance(answer, BaseException) and not _unasked(answer):
                        refused += 1
                        print(f"  REFUSED by {id}: {type(answer).__name__}: {str(answer)[:200]}")
    return bool(refused)


def _unasked(answer: object) -> bool:
    return isinstance(answer, NotProvided)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
