"""What each remedy does to the gap between training data and new data: 5.0.1, 5.2.5 and 5.3.3.

Networks of 24 hidden units learn 20 noisy samples by heart, unless something keeps them from it.
The gap alone proves nothing: too much of each remedy closes it by spoiling both results, and is
shown to. Compared are networks with the same beginnings on the same data; margins were measured
over 100 of them.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.experiments import descend, networks, outputs

COUNT = 10  # networks, trained at once
NEW = 200


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
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(count, samples + NEW, 10, generator=random, dtype=torch.float64)
    noise = torch.randn(count, samples + NEW, 1, generator=random, dtype=torch.float64)
    return x, x[..., :1] + x[..., 1:2].tanh() + 0.7 * noise


def results(
    penalty: Callable[[list[Tensor]], Tensor] | None = None,
    dropout: Callable[[Tensor], Tensor] | None = None,
    samples: int = 20,
    units: int = 24,
    count: int = COUNT,
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


def share(came: Tensor, alone: Tensor) -> float:
    """What is left of a mean over networks."""
    return (came.mean() / alone.mean()).item()


def assert_narrower(remedied: Results, alone: Results) -> None:
    """Less well learnt by heart, and better on new data."""
    __tracebackhide__ = True
    assert alone.trained.mean() < 0.01, f"learnt by heart to {alone.trained.mean():.3f} only"
    assert alone.new.mean() > 1, f"on new data already at {alone.new.mean():.3f}"
    gap, new = share(remedied.gap, alone.gap), share(remedied.new, alone.new)
    assert gap < 0.9, f"of the gap {gap:.0%} are left"
    assert new < 0.95, f"of the error on new data {new:.0%} are left"


def assert_spoilt(remedied: Results, alone: Results) -> None:
    """The gap is narrower, but only because nothing much is learnt any more."""
    __tracebackhide__ = True
    gap = share(remedied.gap, alone.gap)
    assert gap < 0.6, f"of the gap {gap:.0%} are left"
    assert remedied.trained.mean() > 0.6, f"learnt: {remedied.trained.mean():.3f}"
    assert remedied.new.mean() > 1.1, f"on new data: {remedied.new.mean():.3f}"


@pytest.mark.claim("5.0.1")
def test_an_l2_penalty_narrows_the_gap_and_helps_on_new_data(l2_penalty):
    assert_narrower(results(lambda ps: 0.1 * l2_penalty(ps)), plain())


@pytest.mark.claim("5.0.1")
def test_an_l1_penalty_narrows_the_gap_and_helps_on_new_data(l1_penalty):
    assert_narrower(results(lambda ps: 0.1 * l1_penalty(ps)), plain())


@pytest.mark.claim("5.0.1")
def test_too_strong_a_penalty_narrows_the_gap_by_spoiling_both(penalty):
    assert_spoilt(results(lambda ps: 2.0 * penalty(ps)), plain())


def dropped_out(Dropout, p: float, samples: int = 20, units: int = 24) -> Results:
    torch.default_generator.manual_seed(0)
    return results(dropout=Dropout(p), samples=samples, units=units)


@pytest.mark.claim("5.0.1", "5.2.5")
def test_dropout_narrows_the_gap_and_helps_on_new_data(Dropout):
    assert_narrower(dropped_out(Dropout, 0.6), plain())


@pytest.mark.claim("5.2.5")
def test_with_dropout_a_network_relies_less_on_a_single_unit(Dropout):
    left = share(dropped_out(Dropout, 0.6).reliance, plain().reliance)
    assert left < 0.7, f"to take out one unit costs {left:.0%} of what it costs without dropout"


@pytest.mark.claim("5.2.5")
def test_too_much_dropout_narrows_the_gap_by_spoiling_both(Dropout):
    assert_spoilt(dropped_out(Dropout, 0.95), plain())


@pytest.mark.claim("5.2.5")
def test_a_network_too_small_to_overfit_suffers_from_dropout(Dropout):
    alone = results(samples=200, units=1)
    dropped = dropped_out(Dropout, 0.5, samples=200, units=1)
    assert alone.gap.mean() < 0.15, f"there is a gap of {alone.gap.mean():.3f} without it"
    more = share(dropped.new, alone.new)
    assert more > 1.3, f"the error on new data is {more:.0%} of that without dropout"


def pictures(samples: int, direction_matters: bool, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """A picture with noise, seen from either side; for each classifier another one.

    The classes are the picture and its negative or, if the direction matters, the side itself.
    """
    random, shape = torch.Generator().manual_seed(seed), (count, samples + NEW)
    motif = torch.randn(count, 1, 1, 4, 6, generator=random, dtype=torch.float64)
    label, side = torch.randint(2, (2, *shape, 1, 1, 1), generator=random).double()
    noise = torch.randn(*shape, 1, 4, 6, generator=random, dtype=torch.float64)
    side = label if direction_matters else side
    seen = torch.where(side > 0, motif, motif.flip(-1))
    sign = 1 if direction_matters else 2 * label - 1
    return sign * seen / 2 + noise, label.flatten(1)


def gain(
    RandomHorizontalFlip, samples: int, direction_matters: bool, count: int = 20, seed: int = 0
) -> Tensor:
    """How many more of the new pictures are told right after training on flipped ones, too."""
    x, label = pictures(samples, direction_matters, count, seed)
    new, right = x[:, samples:].flatten(2), label[:, samples:] > 0
    x, label = x[:, :samples], label[:, :samples]
    flip, copies = RandomHorizontalFlip(0.5), 4 if samples < 50 else 1
    torch.default_generator.manual_seed(0)
    flipped = [torch.stack([flip(image) for image in x.flatten(0, 1)]) for _ in range(copies)]
    more = torch.cat([x, *[f.reshape(x.shape) for f in flipped]], dim=1)
    accuracies = []
    for pixels in (x.flatten(2), more.flatten(2)):
        target = label.repeat(1, pixels.shape[1] // samples)[..., None]
        w = torch.zeros(count, 24, 1, dtype=torch.float64)
        for _ in range(100):  # logistic regression by gradient descent
            w -= 0.3 * pixels.mT @ ((pixels @ w).sigmoid() - target) / pixels.shape[1]
        told = (new @ w)[..., 0] > 0
        accuracies.append((told == right).double().mean(dim=1))
    return accuracies[1] - accuracies[0]


@pytest.mark.claim("5.0.1", "5.3.3")
def test_flips_help_where_data_are_scarce_and_new_ones_come_from_both_sides(RandomHorizontalFlip):
    more = gain(RandomHorizontalFlip, samples=12, direction_matters=False).mean()
    assert more > 0.01, f"{more:.1%} more of the new pictures are told right"


@pytest.mark.claim("5.3.3")
def test_where_there_are_plenty_of_data_flips_gain_hardly_anything(RandomHorizontalFlip):
    more = gain(RandomHorizontalFlip, samples=200, direction_matters=False, count=5).mean()
    assert abs(more) < 0.015, f"{more:.1%} more of the new pictures are told right"


@pytest.mark.claim("5.3.3")
def test_where_the_direction_is_the_class_flips_do_harm(RandomHorizontalFlip):
    more = gain(RandomHorizontalFlip, samples=12, direction_matters=True).mean()
    assert more < -0.1, f"{more:.1%} more of the new pictures are told right"
