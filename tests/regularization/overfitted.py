"""Networks that learn noisy samples by heart, unless something keeps them from it."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from sums_to_one.tests.common.experiments import descend, networks, outputs
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.limits import widest

NETWORKS = 10  # trained at once
NEW_SAMPLES = 200


class Results(NamedTuple):
    """Mean squared errors of every network, and how far it relies on a single hidden unit."""

    trained: Tensor
    new: Tensor
    reliance: Tensor

    @property
    def gap(self) -> Tensor:
        return self.new - self.trained


def examples(count: int, samples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Ten features, of which two matter, and a target with noise; for each network other ones."""
    random = generator(seed)
    x = torch.randn(count, samples + NEW_SAMPLES, 10, generator=random, dtype=torch.float64)
    noise = torch.randn(count, samples + NEW_SAMPLES, 1, generator=random, dtype=torch.float64)
    return x, x[..., :1] + x[..., 1:2].tanh() + 0.7 * noise


def results(
    penalty: Callable[[list[Tensor]], Tensor] | None = None,
    dropout: Callable[[Tensor], Tensor] | None = None,
    samples: int = 20,
    units: int = 24,
    count: int = NETWORKS,
    seed: int = 0,
) -> Results:
    """Train with a penalty, or with dropout behind the hidden layer, and evaluate without."""
    x, y = examples(count, samples, seed)
    parameters = networks(count, [10, units, 1], gain=1, seed=seed + 1)

    def errors(x: Tensor, y: Tensor, then: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        answers = outputs(parameters, lambda h: then(h.tanh()) if then else h.tanh(), x)
        return (answers - y).square().mean(dim=(1, 2))

    def losses() -> Tensor:
        now = errors(x[:, :samples], y[:, :samples], dropout)
        return now + penalty(parameters) / count if penalty else now

    descend(parameters, losses, steps=120, rate=0.03, rule="Adam")
    with torch.no_grad():
        trained = errors(x[:, :samples], y[:, :samples])
        without = []
        for unit in range(units):
            others = torch.ones(units, dtype=torch.float64)
            others[unit] = 0
            without.append(errors(x[:, :samples], y[:, :samples], others.mul) - trained)
        return Results(
            trained, errors(x[:, samples:], y[:, samples:]), torch.stack(without).mean(0)
        )


@cache
def plain() -> Results:
    """Without any remedy, which no subject has a part in."""
    return results()


def dropped_out(Dropout, p: float, samples: int = 20, units: int = 24) -> Results:
    torch.default_generator.manual_seed(0)
    layer = Dropout(p)
    return results(dropout=lambda h: layer(h.to(widest())).double(), samples=samples, units=units)


def remaining(came: Tensor, alone: Tensor) -> float:
    """The share that is left of a mean over networks."""
    return (came.mean() / alone.mean()).item()


def assert_narrower(remedied: Results, alone: Results) -> None:
    """Less well learnt by heart, and better on new data."""
    __tracebackhide__ = True
    assert alone.trained.mean() < 0.01, (
        f"the training loss is {alone.trained.mean():.3f}, nothing is memorized"
    )
    assert alone.new.mean() > 1, f"on new data already at {alone.new.mean():.3f}"
    gap, new = remaining(remedied.gap, alone.gap), remaining(remedied.new, alone.new)
    assert gap < 0.9, f"of the gap {gap:.0%} are left"
    assert new < 0.95, f"of the error on new data {new:.0%} are left"


def assert_spoilt(remedied: Results, alone: Results) -> None:
    """The gap is narrower, but only because nothing much is learnt any more."""
    __tracebackhide__ = True
    gap = remaining(remedied.gap, alone.gap)
    assert gap < 0.6, f"of the gap {gap:.0%} are left"
    assert remedied.trained.mean() > 0.6, f"learnt: {remedied.trained.mean():.3f}"
    assert remedied.new.mean() > 1.1, f"on new data: {remedied.new.mean():.3f}"
