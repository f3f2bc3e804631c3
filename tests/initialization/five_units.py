"""A network of five hidden units, and how much these are alike."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.experiments import Function, descend
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.initialization.weights import Initialize, seed_of_an_experiment, unwritten

INPUTS = torch.cat([grid(7, 3, limit=2), -grid(7, 3, limit=2)])  # a ReLU has some above 0
TARGETS = grid(14, 2, limit=1)


def network(initialize: Initialize) -> list[Tensor]:
    """Weight and bias of five hidden units with 3 inputs, then of two outputs; the biases are 0."""
    hidden, outgoing = unwritten(5, 3, dtype=widest()), unwritten(2, 5, dtype=widest())
    with seed_of_an_experiment(0):
        initialize(hidden)
        initialize(outgoing)
    return [hidden.double(), torch.zeros(5).double(), outgoing.double(), torch.zeros(2).double()]


def units(parameters: list[Tensor], curve: Function) -> Tensor:
    """What each hidden unit gives: a row for each unit."""
    return curve(F.linear(here(INPUTS), *parameters[:2])).T.detach()


def loss(parameters: list[Tensor], curve: Function, mask: Tensor | float = 1.0) -> Tensor:
    """The squared error; the mask multiplies what the hidden units give."""
    hidden = curve(F.linear(here(INPUTS), *parameters[:2])) * mask
    return (F.linear(hidden, *parameters[2:]) - here(TARGETS)).square().mean()


def gradients(parameters: list[Tensor], curve: Function) -> Tensor:
    """Of the weights into each hidden unit, its bias, and the weights out of it: a row a unit."""
    wanted = [p.requires_grad_() for p in parameters[:3]]
    into, bias, out = torch.autograd.grad(loss(parameters, curve), wanted)
    return torch.cat([into, bias[:, None], out.T], dim=1)


def train(parameters: list[Tensor], curve: Function, steps: int, rule: str) -> None:
    descend(parameters, partial(loss, parameters, curve), steps, rate=0.1, rule=rule)


def assert_alike(parameters: list[Tensor], curve: Function) -> None:
    """All hidden units give the same, and get the same gradient."""
    __tracebackhide__ = True
    given, got = units(parameters, curve), gradients(parameters, curve)
    assert_close("what a unit gives, and what the first one gives", given, given[:1].expand(5, 14))
    assert_close("the gradient of a unit, and that of the first one", got, got[:1].expand(5, 6))


def closest(rows: Tensor) -> float:
    """The distance between the two rows that differ least, in a typical length of a row."""
    return (torch.pdist(rows.detach()).min() / rows.detach().norm(dim=1).mean()).item()
