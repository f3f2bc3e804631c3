"""Uses of each component, each unlike a plain one in one respect, which has a name.

A trial returns what came, by name: results, gradients, and what a use leaves behind. It knows
nothing of what should come: the same trial of a right implementation says that.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import current

FEW = 1000  # numbers, of which it costs nothing to use them once more
Function = Callable[..., Any]
Found = dict[str, Tensor]
Run = Callable[[Function], Found]


@dataclass(frozen=True)
class Trial:
    """One use.

    Args:
        about: in what it is unlike a plain use, as `WHERE` has it; nothing if it is one.
        run: the use.
        as_if: what a wrong one may do in its place, done by a right one, as in `HOW`.
        scaled: the same use of an input that is times a number, where that may be the mistake.
    """

    about: str
    run: Run
    as_if: Mapping[str, Run] = field(default_factory=dict)
    scaled: Callable[[float], Run] | None = None


SIZES = {5001: "beyond 4096 numbers", 70001: "beyond 65,536 numbers", 270001: "beyond 2^18 numbers"}
DTYPES = {
    torch.float32: "in float32",
    torch.float16: "in float16",
    torch.bfloat16: "in bfloat16",
}


def normal(*shape: int, spread: float = 1.5, seed: int = 7) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    numbers = torch.randn(shape, generator=random, dtype=torch.float64) * spread
    return numbers.to((*current().dtypes, torch.float32)[0])


def layouts(x: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The same numbers otherwise in memory; x has two or more dimensions."""
    yield "for a transposed view", x.mT.contiguous().mT
    yield "for every second number of a memory", x.repeat_interleave(2, -1)[..., ::2]
    yield "for a slice of wider rows", torch.cat([x, x + 1], -1)[..., : x.shape[-1]]
    memory = torch.cat([torch.full((3,), 5.0, dtype=x.dtype), x.flatten()])
    yield "for a view with an offset", memory[3:].view(x.shape)
    if x.ndim == 4:
        yield "in channels last", x.contiguous(memory_format=torch.channels_last)
    yield "for numbers repeated by expand", x[:1].clone().expand(x.shape)


def twin(x: Tensor) -> Tensor:
    """The same numbers at the same places of another memory."""
    memory = torch.empty(0, dtype=x.dtype).set_(x.untyped_storage()).clone()
    return memory.as_strided(x.shape, x.stride(), x.storage_offset())


@contextlib.contextmanager
def leaving(found: Found) -> Iterator[None]:
    """What a use leaves behind it: of torch's random numbers and settings."""
    yield
    found["random numbers"] = torch.rand(3)
    found["recording"] = torch.tensor(torch.is_grad_enabled())
    found["default dtype"] = torch.tensor(torch.finfo(torch.get_default_dtype()).bits)


def derived(found: Found, call: Function, x: Tensor, orders: int) -> None:
    """The result, and its derivatives for weights that are all different."""
    leaf = x.detach().requires_grad_(orders > 0)
    y = call(leaf)
    found["value"] = y.detach().clone()
    if orders == 0 or not y.is_floating_point():
        return
    weights = normal(y.numel(), seed=8).reshape(y.shape).to(y.dtype)
    found["gradient"] = torch.zeros_like(leaf)
    if not y.requires_grad:
        return
    (slope,) = torch.autograd.grad((y * weights).sum(), leaf, create_graph=orders > 1)
    found["gradient"] = slope.detach().clone()
    if orders > 1:
        found["second derivative"] = bend_of(slope, leaf)


def bend_of(slope: Tensor, leaf: Tensor) -> Tensor:
    """The second derivative, for weights that are all different; 0 where there is none."""
    if not slope.requires_grad:
        return torch.zeros_like(leaf)
    others = normal(leaf.numel(), seed=9).reshape(leaf.shape).to(slope.dtype)
    (bend,) = torch.autograd.grad((slope * others).sum(), leaf, allow_unused=True)
    return torch.zeros_like(leaf) if bend is None else bend.detach()


def of_tensor(
    x: Tensor, orders: int, call: Function, about: str, as_if: dict[str, Function] | None = None
) -> Trial:
    """One whose `call(function, x)` returns a tensor."""

    def run(call: Function, function: Function) -> Found:
        found: Found = {}
        with leaving(found):
            derived(found, lambda leaf: call(function, leaf), twin(x), orders)
            given = twin(x)
            with torch.no_grad():
                result = call(function, given)
                found["unrecorded"] = result.clone()
                if "inplace" in about:
                    found["written in place"] = torch.tensor(torch.equal(given, result))
                else:
                    found["own memory"] = torch.tensor(
                        not x.numel() or result.data_ptr() != given.data_ptr()
                    )
                    found["input"] = given.clone()
                if x.numel() > 1 and 0 not in x.stride():
                    given.data.copy_(x.flatten().flip(0).reshape(x.shape))
                    found["changed"] = call(function, given).clone()
            if orders and "inplace" not in about and x.numel() < FEW:
                inner = twin(x).requires_grad_() * 1
                call(function, inner)
                found["inner input"] = inner.detach().clone()
        return found

    others = {how: functools.partial(run, other) for how, other in (as_if or {}).items()}

    def scaled(factor: float) -> Run:
        return lambda f: run(lambda function, leaf: call(function, leaf * factor), f)

    return Trial(about, functools.partial(run, call), others, scaled)


# What lies otherwise in memory than the result that it is the gradient of.
INCOMING: dict[str, Function] = {
    "where the incoming gradient is a transposed view": lambda g: g.mT.contiguous().mT,
    "where the incoming gradient is a repeated row": lambda g: g[:1].clone().expand(g.shape),
    "where the incoming gradient is a repeated number": lambda g: torch.full_like(
        g.flatten()[:1], 0.75
    ).expand(g.shape),
}


def weights_of(y: Tensor, about: str) -> Tensor:
    """Weights that are all different, as a gradient that lies in memory as is told."""
    (how,) = (how for words, how in INCOMING.items() if about.endswith(words))
    weights: Tensor = how(normal(y.numel(), seed=8).reshape(y.shape).to(y.dtype))
    return weights


def from_incoming(y: Tensor, incoming: Tensor) -> Tensor:
    """A sum, back from which this very tensor comes in to y.

    To give it to `backward` makes PyTorch import an algebra system, for half a second.
    """
    y.register_hook(lambda _: incoming)
    return y.sum()


def of_incoming(x: Tensor, call: Function, about: str, orders: int = 1) -> Trial:
    """One whose gradient comes from a gradient that lies otherwise in memory."""

    def run(function: Function) -> Found:
        leaf = twin(x).requires_grad_()
        y = call(function, leaf)
        if not y.requires_grad:
            return {}
        total = from_incoming(y, weights_of(y, about))
        (slope,) = torch.autograd.grad(total, leaf, create_graph=orders > 1)
        found = {"gradient": slope.detach().clone()}
        if orders > 1:
            found["second derivative"] = bend_of(slope, leaf)
        return found

    return Trial(about, run)


def of_two_passes(x: Tensor, call: Function) -> Trial:
    """One that goes back through one graph twice."""

    def run(function: Function) -> Found:
        leaf = twin(x).requires_grad_()
        y = (0.75 * call(function, leaf)).sum()
        slopes = [torch.zeros_like(leaf)]
        for _ in range(2 * y.requires_grad):
            slopes += torch.autograd.grad(y, leaf, retain_graph=True)
        return {"gradient": slopes[-1].detach().clone()}

    return Trial("in a second backward pass through one graph", run)


def gradient_of(x: Tensor) -> Tensor:
    return torch.zeros_like(x) if x.grad is None else x.grad.clone()
