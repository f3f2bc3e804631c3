"""PyTorch's own, behind limits that it states itself: what a fair judge must accept.

`python -m sums_to_one.tests.judge.controls [chapter or component ...]` prints which claims refuse
them although the limits are declared, and how many claims are left to be asked. With `--undeclared`
the limits are only raised: then one claim refuses what lies in the core, and no other. With
`--hidden` it prints which impostors nobody refuses behind limits that leave their fault in sight.
"""

import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.component import tensors_in
from sums_to_one.tests.common.limits import KINDS, NotProvided, read
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.arguments import heard
from sums_to_one.tests.judge.components import chapter_of
from sums_to_one.tests.judge.plain_use import (
    BY_HAND,
    CORE,
    ELEMENTWISE,
    NEVER,
    NORMS,
    OPTIMIZERS,
    PAIRWISE,
    USES,
    plain_input,
)
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.judge.teeth import claims_about, torch_as_it_was
from sums_to_one.tests.judge.versions import Version, versions

Function = Callable[..., Any]

LIMITS: dict[str, dict[str, Any]] = {
    "float32 only": {"dtypes": ["float32"]},
    "float64 only": {"dtypes": ["float64"]},
    "no 16 bits": {"dtypes": ["float64", "float32"]},
    "2-D only": {"dimensions": [2]},
    "first derivatives only": {"gradients": 1},
    "forward only": {"gradients": 0},
    "no integers": {"without": ["integers"]},
    "laid out in order": {"without": ["strided inputs"]},
    "no empty batches": {"without": ["empty batches"]},
}
MORE_LIMITS: dict[str, dict[str, Any]] = {
    "no float64": {"dtypes": ["float32", "float16", "bfloat16"]},
    "3-D and 4-D only": {"dimensions": [3, 4]},
    "no single numbers": {"dimensions": [1, 2, 3, 4, 5]},
    "two samples at least": {"without": ["single samples"]},
}
CERTAIN = (*ELEMENTWISE, "softmax", *PAIRWISE, "CrossEntropyLoss", *NORMS)
HIDING_PLACES = ("float32 only", "2-D only", "first derivatives only", "no settings")


def make_sense(component: str, limits: dict[str, Any]) -> bool:
    """Whether a component within these limits is still one: it has inputs of which they tell."""
    sizes = limits.get("dimensions", CORE.get(component, ()))
    moves = component in (*OPTIMIZERS, *BY_HAND, "Compose")
    differentiates = not moves or "gradients" not in limits
    kinds = [kind for kind in limits.get("without", ()) if component in NEVER.get(kind, ())]
    return bool({*sizes} & {*CORE.get(component, ())}) and differentiates and not kinds


def checked(limits: dict[str, Any], arguments: object) -> None:
    """Refuse what lies outside, as people do: by an error of their own."""
    allowed = read(limits, "a control")
    tensors = list(tensors_in(arguments))
    for x in tensors[:1]:  # what stands beside it may be class indices, or a label
        if not x.is_floating_point() and "integers" in allowed.without:
            raise TypeError(f"no integers, got {x.dtype}")
    for x in tensors:
        if x.is_floating_point() and x.dtype not in allowed.dtypes:
            raise TypeError(f"{limits['dtypes']} only, got {x.dtype}")
        if x.requires_grad and allowed.gradients == 0:
            raise RuntimeError("there is no derivative")
        for kind in allowed.without & KINDS.keys():
            if KINDS[kind](x):
                raise ValueError(f"no {kind}")
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
        return _behind(made, limits) if callable(made) else made

    if declared:
        limited.limits = limits  # type: ignore[attr-defined]
    return limited


def without_settings(component: str, function: Function) -> Function:
    """The same, which says of every argument that can be left out that it is not implemented."""
    needed = {"dim", "val", "lr", "size", "degrees", "brightness", "mean", "std", "transforms"}
    needed |= {"input", "p"} if "Dropout" in component else {"input"}

    @functools.wraps(function)
    def limited(*arguments: Any, **options: Any) -> Any:
        for name in options.keys() - needed:
            raise NotImplementedError(name)
        return function(*arguments, **options)

    return limited


def in_hiding(version: Version, place: str) -> Version:
    """An impostor behind a limit that it tells."""
    if place == "no settings":
        function = without_settings(version.of, version.function)
    else:
        function = behind(version.function, LIMITS[place])
    return Version(version.of, f"{version.name}, {place}", function, version.refused_by)


def is_in_sight(version: Version, place: str) -> bool:
    """Whether a plain use inside of a limit shows that a version is not PyTorch's.

    It is asked of what computes without chance: its result, and the gradient if there is one.
    """
    of, pytorchs = version.of, Subject("torch").component(version.of)
    limits = LIMITS.get(place, {})
    dtype = torch.float32 if "dtypes" in limits else torch.float64
    n = limits.get("dimensions", CORE.get(of, (2,)))[0]
    if of not in CERTAIN or n not in CORE[of] or not pytorchs:
        return False
    came, expected = (_numbers(of, each, n, dtype) for each in (version.function, pytorchs))
    return any(
        one.shape == other.shape and not torch.allclose(one, other, 1e-3, 1e-3, equal_nan=True)
        for one, other in zip(came, expected, strict=False)
    )


def _numbers(component: str, function: Function, n: int, dtype: torch.dtype) -> list[Tensor]:
    """What a plain use gives, and its gradient; nothing where it ends with an error."""
    x = plain_input(component, n, dtype).requires_grad_()
    try:
        with torch_as_it_was():
            made = USES[component](component, function, x)
        assert isinstance(made, Tensor)
        weights = torch.linspace(1, 2, made.numel(), dtype=made.dtype).reshape(made.shape)
        (slope,) = torch.autograd.grad((made * weights).sum(), x)
    except Exception:  # which is no number, and so no wrong one
        return []
    return [made.detach().double(), slope.double()]


def hidden(component: str, examples: int = 5) -> Iterator[tuple[Version, bool]]:
    """Each impostor behind each limit that leaves its fault in sight: whether it is refused."""
    for version, place in itertools.product(versions(component), HIDING_PLACES):
        if version.refused_by and is_in_sight(version, place):
            behind_it = in_hiding(version, place)
            yield behind_it, is_refused(behind_it, examples)


def is_refused(version: Version, examples: int = 5) -> bool:
    """By any claim: those that are named for it are asked first."""
    claims = [claim for claim in claims_about(version.of) if not claim.is_experiment]
    claims.sort(key=lambda claim: claim.name not in version.refused_by)
    return any(claim.refuses(version, examples) for claim in claims)


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
    profiles.load_suite()
    torch.set_num_threads(1)
    options = {"--hidden", "--undeclared"} & {*names}
    asked = [c for c in USES if options == {*names} or {c, chapter_of(c)} & {*names}]
    if "--hidden" in options:
        return _tell_hidden([c for c in CERTAIN if c in asked])
    functions = {c: Subject("torch").component(c) or right_version(c) for c in asked}
    refused = 0
    for component, function in functions.items():
        for title, limits in {**LIMITS, **MORE_LIMITS}.items():
            if function and make_sense(component, limits):
                control = behind(function, limits, declared="--undeclared" not in options)
                refused += _tell(Version(component, title, control, ()))
    return bool(refused)


def right_version(component: str) -> Function | None:
    """The first that must be accepted as it is, of what PyTorch does not have."""
    for version in versions(component):
        limits = version.remarked or version.limits(component).declared()
        if not version.refused_by and not limits:
            return version.function
    return None


def _tell(version: Version, examples: int = 5) -> int:
    """How many claims are asked of a control, and which refuse it, but for that of the core."""
    answers: dict[str, list[BaseException | None]] = {}
    for claim in [claim for claim in claims_about(version.of) if not claim.is_experiment]:
        answers.setdefault(claim.id, []).append(claim.answer(version, examples))
    asked = [id for id, found in answers.items() if not all(_unasked(a) for a in found)]
    told = heard(version, version.of)
    print(f"{version}: {len(asked)} of {len(answers)} claims asked", end="")
    print(f"; core {[*told.core]}, remarks {[*told.extras]}", flush=True)
    refused = 0
    for id, found in answers.items():
        no = [a for a in found if isinstance(a, BaseException) and not _unasked(a)]
        if no and not (told.core and id.startswith("test_core::")):
            refused += 1
            print(f"  REFUSED by {id}: {type(no[0]).__name__}: {str(no[0])[:200]}", flush=True)
    return refused


def _tell_hidden(components: list[str]) -> int:
    """Who got away."""
    got_away = 0
    for component in components:
        found = list(hidden(component))
        print(f"{component}: {len(found)} in sight behind limits", flush=True)
        for version, was in found:
            got_away += not was
            if not was:
                print(f"  NOT REFUSED: {version}", flush=True)
    return bool(got_away)


def _unasked(answer: object) -> bool:
    return isinstance(answer, NotProvided)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
