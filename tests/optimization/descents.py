"""Calls of gradient descent under observation: on which batches, at which parameters, how dealt."""

import functools
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Generator, Tensor

from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import eighths, exact, grid
from sums_to_one.tests.common.limits import widest


class Samples(NamedTuple):
    x: Tensor  # rows of three numbers
    y: Tensor  # rows of two


class Batch(NamedTuple):
    """What the loss was asked, and what it answered: for these rows, at these parameters."""

    rows: list[Tensor]
    at: list[Tensor]
    loss: float


class Plan(NamedTuple):
    samples: int
    batch_size: int
    epochs: int

    @property
    def sizes(self) -> list[int]:
        """How large the batches of an epoch must be, one after the other."""
        whole, rest = divmod(self.samples, self.batch_size)
        return [self.batch_size] * whole + [rest] * (rest > 0)


def regression(parameters, x, y):
    weight, bias = parameters
    return (x @ weight + bias - y).square().mean()


def network(parameters, x, y):
    first, bias, second = parameters
    return (torch.tanh(x @ first + bias) @ second - y).square().mean()


SHAPES_OF = {regression: [(3, 2), (2,)], network: [(3, 5), (5,), (5, 2)]}
models = st.sampled_from([regression, network])
learning_rates = st.integers(1, 4).map(lambda n: n / 8)
plans = st.integers(1, 11).flatmap(
    lambda n: st.builds(Plan, st.just(n), st.integers(1, n), st.integers(1, 2))
)


@functools.cache
def any_samples() -> st.SearchStrategy[Samples]:
    rows = st.lists(st.tuples(*[eighths(1)] * 5), min_size=1, max_size=5)
    return rows.map(lambda drawn: Samples(*exact(drawn).split([3, 2], dim=1)))


def some_samples(count: int) -> Samples:
    """So many samples, always the same."""
    return Samples(*grid(count, 5, limit=1).split([3, 2], dim=1))


def part_of(data: Samples, numbers: Any) -> Samples:
    return Samples(data.x[numbers], data.y[numbers])


def start_of(model, dtype: torch.dtype | None = None) -> list[Tensor]:
    numbers = [grid(*shape, limit=1).to(dtype or widest()) for shape in SHAPES_OF[model]]
    return [x.requires_grad_() for x in numbers]


def in_a_row(parameters: list[Tensor]) -> Tensor:
    return torch.cat([p.detach().flatten() for p in parameters])


def gradient_of(model, parameters: list[Tensor], rows) -> Tensor:
    """The gradient of the loss of these rows, in float64, all parameters in a row."""
    leaves = [p.detach().double().requires_grad_() for p in parameters]
    return in_a_row(list(torch.autograd.grad(model(leaves, *(r.double() for r in rows)), leaves)))


def seeded(number: int) -> Generator:
    return generator(number)


def watched_descent(
    gradient_descent, model, data, parameters, **options
) -> tuple[Any, list[Batch]]:
    """What a call returns, and all its batches, in their order."""
    batches = []

    def loss(*rows: Tensor) -> Tensor:
        value = model(parameters, *rows)
        at = [p.detach().clone() for p in parameters]
        batches.append(Batch([r.clone() for r in rows], at, value.item()))
        return value

    return gradient_descent(parameters, loss, data, **{"lr": 0.125, **options}), batches


def end_of(gradient_descent, model, data, **options) -> Tensor:
    """Where a call ends that nobody watches, all parameters in a row."""
    parameters = start_of(model)
    loss = functools.partial(model, parameters)
    gradient_descent(parameters, loss, data, **{"lr": 0.125, "batch_size": len(data.x), **options})
    return in_a_row(parameters)


def direction_told(gradient_descent, model, data: Samples) -> Tensor:
    """The gradient of all these data, as a step of the subject tells it."""
    return (in_a_row(start_of(model)) - end_of(gradient_descent, model, data)) / 0.125


def dealt(
    gradient_descent, plan: Plan, generator: Generator | None = None
) -> list[list[list[int]]]:
    """By epoch and batch the numbers of its samples, which have no order within it."""
    options = {"batch_size": plan.batch_size, "epochs": plan.epochs, "generator": generator}
    w, numbers = exact([0.0]).requires_grad_(), torch.arange(plan.samples)[:, None]
    _, found = watched_descent(
        gradient_descent, lambda p, n: (p[0] * n).mean(), numbers, [w], **options
    )
    batches = [sorted(batch.rows[0].flatten().tolist()) for batch in found]
    count = len(plan.sizes)
    return [batches[i : i + count] for i in range(0, len(batches), count)]


class Memory(torch.autograd.graph.saved_tensors_hooks):
    """Counts the numbers that are kept for the backward pass: at the moment, and at most."""

    def __init__(self) -> None:
        super().__init__(lambda tensor: Kept(self, tensor), lambda kept: kept.tensor)
        self.now = self.most = 0


class Kept:
    """A tensor that autograd keeps, until it forgets it."""

    def __init__(self, memory: Memory, tensor: Tensor) -> None:
        self.memory, self.tensor = memory, tensor
        memory.now += tensor.numel()
        memory.most = max(memory.most, memory.now)

    def __del__(self) -> None:
        self.memory.now -= self.tensor.numel()
