"""Saddles and dips on the way down, what momentum does about them, and where it fails: 4.2.3.

All losses are exact, so nothing but momentum, or the lack of it, decides. First a saddle: down on
both sides of a ridge, along which a start is led to where the gradient is 0. Then two valleys with
a hill between them, one deeper than the other; a ball rolls down from the right.
"""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.options import option
from sums_to_one.tests.optimization.trajectories import leaf, pushed

MOMENTUM = 0.9


def path(
    SGD, start: Tensor, slope: Callable[[Tensor], Tensor], steps: int, **settings: float
) -> Tensor:
    """Where a parameter is, at the start and after each step down a loss of this slope."""
    place = leaf(start)
    made = SGD([place], **settings)
    places = [place.detach().clone()]
    for _ in range(steps):
        pushed(made, [place], [slope(place.detach())])
        places.append(place.detach().clone())
    return torch.stack(places)


def saddle(p: Tensor) -> Tensor:
    """The slope of 5 x^2 - y^2 / 2 + y^4 / 4, whose ridge is y = 0 and whose floor y = +-1."""
    x, y = p
    return torch.stack([10 * x, y**3 - y])


def steps_to_leave(SGD, start: Tensor, lr: float, momentum: float) -> Tensor:
    """How many it takes from each start until y is half way to the floor."""
    y = path(SGD, start, saddle, steps=200, lr=lr, momentum=momentum)[:, 1].abs()
    assert y[-1].min() > 0.5, f"after 200 steps y is {y[-1].tolist()}"
    return (y > 0.5).double().argmax(dim=0)


def near_the_ridge() -> Tensor:
    """Eight starts, each ten times as near as the last; the sides take turns."""
    y = exact([0.1, -1e-2, 1e-3, -1e-4, 1e-5, -1e-6, 1e-7, -1e-8])
    return torch.stack([torch.ones_like(y), y])


@pytest.mark.claim("4.2.3")
def test_from_near_its_ridge_momentum_leaves_a_saddle_in_fewer_steps(SGD):
    option(SGD, "momentum")
    lr = 0.1875  # about the best for plain steps: at 0.2 they no longer come nearer in x
    plain = steps_to_leave(SGD, near_the_ridge(), lr, 0.0)
    fewer = steps_to_leave(SGD, near_the_ridge(), lr, MOMENTUM)
    assert (fewer / plain).max() < 0.7, f"{fewer.tolist()}, and {plain.tolist()} without momentum"


@pytest.mark.claim("4.2.3")
@pytest.mark.parametrize("lr", [0.125, 0.1875])
def test_the_way_from_the_ridge_grows_by_the_larger_root_of_the_recurrence(SGD, lr):
    option(SGD, "momentum")
    # By the factor r in every step: r^2 - (1 + momentum + lr) r + momentum = 0.
    half = (1 + MOMENTUM + lr) / 2
    for momentum, factor in ((0.0, 1 + lr), (MOMENTUM, half + math.sqrt(half**2 - MOMENTUM))):
        steps = steps_to_leave(SGD, near_the_ridge(), lr, momentum).diff()
        expected = math.log(10) / math.log(factor)  # ten times as near, so many steps more
        assert (steps - expected).abs().max() < 1, f"{steps.tolist()} steps, not {expected:.1f}"


@pytest.mark.claim("4.2.3")
@pytest.mark.parametrize("momentum", [0.0, MOMENTUM])
def test_on_the_ridge_itself_momentum_is_no_help(SGD, momentum):
    option(SGD, "momentum")
    x, y = path(SGD, exact([1.0, 0.0]), saddle, steps=200, lr=0.125, momentum=momentum)[-1]
    assert (abs(x) < 1e-3, y) == (True, 0), f"it ends at x = {x}, y = {y}"


def resting_places(SGD, start: Tensor, tilt: float, momentum: float) -> Tensor:
    """In x^4/4 - x^2/2 + tilt x: of its two valleys, the left one is deeper if the tilt is > 0."""
    return path(SGD, start, lambda x: x**3 - x + tilt, 400, lr=0.01, momentum=momentum)[-1]


def starts_between(first: float, last: float) -> Tensor:
    """The outcome changes at 1.56 (tilt 0.3), at 2.06 (tilt 0), at 2.37 and 2.98 (tilt -0.3)."""
    return torch.linspace(first, last, 11, dtype=widest())


@pytest.mark.claim("4.2.3")
def test_momentum_crosses_a_shallow_dip_that_stops_plain_steps(SGD):
    option(SGD, "momentum")
    stopped = resting_places(SGD, starts_between(1.7, 2.9), tilt=0.3, momentum=0.0)
    crossed = resting_places(SGD, starts_between(1.7, 2.9), tilt=0.3, momentum=MOMENTUM)
    assert stopped.min() > 0.5, f"without momentum it ends at {stopped.tolist()}"
    assert crossed.max() < -1.0, f"with momentum it ends at {crossed.tolist()}"


@pytest.mark.claim("4.2.3")
def test_with_too_little_speed_momentum_stays_in_the_shallow_dip(SGD):
    option(SGD, "momentum")
    stopped = resting_places(SGD, starts_between(0.4, 1.4), tilt=0.3, momentum=MOMENTUM)
    assert stopped.min() > 0.5, f"from nearer starts it ends at {stopped.tolist()}"


@pytest.mark.claim("4.2.3")
def test_momentum_does_not_cross_a_dip_that_is_too_deep(SGD):
    option(SGD, "momentum")
    stopped = resting_places(SGD, starts_between(1.7, 1.9), tilt=0.0, momentum=MOMENTUM)
    assert stopped.min() > 0.5, f"where both valleys are as deep it ends at {stopped.tolist()}"


@pytest.mark.claim("4.2.3")
def test_momentum_overshoots_the_better_minimum_where_plain_steps_stay(SGD):
    option(SGD, "momentum")
    better = resting_places(SGD, starts_between(2.5, 2.8), tilt=-0.3, momentum=0.0)
    worse = resting_places(SGD, starts_between(2.5, 2.8), tilt=-0.3, momentum=MOMENTUM)
    assert better.min() > 1.0, f"without momentum it ends at {better.tolist()}"
    assert worse.max() < -0.5, f"with momentum it ends at {worse.tolist()}"
