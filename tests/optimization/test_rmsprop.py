"""RMSprop divides by the root mean square of recent gradients: it forgets, so the rate recovers.

The first claim is the definition; the others say what it is good for.

What it owes its caller like every optimizer is in `test_every_optimizer.py`.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import every_dtype, exact, grid
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.options import option
from sums_to_one.tests.optimization.trajectories import (
    Course,
    courses,
    exponents,
    gradients,
    moves,
    nonzero,
    provided,
    sequences,
    settled,
    walk,
    with_defaults,
    with_half_the_digits,
)

rmsprop_courses = courses(
    alpha=st.sampled_from([0.5, 0.75, 0.99]),
    eps=st.sampled_from([1e-8, 1e-3, 0.125, 2.0]),
    weight_decay=st.sampled_from([0.0, 0.25, 1.5]),
    momentum=st.sampled_from([0.0, 0.25, 0.875]),
    maximize=st.booleans(),
)
alphas = st.sampled_from([0.25, 0.5, 0.9, 0.99])


@pytest.mark.claim("4.2.6")
@given(rmsprop_courses)
def test_every_step_follows_the_recurrence(RMSprop, course):
    settings = provided(RMSprop, course.settings)
    came = walk(RMSprop, course.start, course.pulls, **settings)
    assert_close("after each step", came, recurrence(course, **settings))


def recurrence(
    course: Course,
    lr: float = 1e-2,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0,
    momentum: float = 0,
    centered: bool = False,
    maximize: bool = False,
) -> Tensor:
    """The definition: where the parameter is after each step."""
    p, places = course.start, []
    square, mean, velocity = (torch.zeros_like(p) for _ in range(3))
    for g in course.pulls:
        g = (-g if maximize else g) + weight_decay * p
        square = alpha * square + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        variance = square - mean**2 if centered else square
        velocity = momentum * velocity + g / (variance**0.5 + eps)
        p = p - lr * velocity
        places.append(p)
    return torch.stack(places)


@pytest.mark.claim("4.2.6")
@given(rmsprop_courses)
def test_centered_every_step_follows_the_recurrence(RMSprop, course):
    option(RMSprop, "centered")
    # A difference of two averages loses digits where all gradients agree, so eps stays large;
    # and the gradients stay near 1, for a variance is not the better known for being small.
    pulls = [pull / pull.abs().max().clamp(min=1) for pull in course.pulls]
    settings = {**provided(RMSprop, course.settings), "eps": 0.125, "centered": True}
    course = course._replace(pulls=pulls)
    came = walk(RMSprop, course.start, pulls, **settings)
    assert_close("after each step", with_half_the_digits(came), recurrence(course, **settings))


@pytest.mark.claim("4.2.6")
def test_the_settings_not_given_are_those_of_the_documentation(RMSprop):
    for scale in (1.0, 1e-8):  # as small as eps
        course = Course(grid(2, 3), [scale * pull for pull in gradients(4, 2, 3)], {})
        for settings in with_defaults(RMSprop, eps=1e-8, momentum=0.5):
            came = walk(RMSprop, course.start, course.pulls, **settings)
            assert_close(f"only {settings} given", came, recurrence(course, **settings))


@pytest.mark.claim("4.2.6", "4.2.18")
@given(nonzero, exponents(60), alphas)
def test_the_first_step_is_longer_than_the_learning_rate(RMSprop, gradient, exponent, alpha):
    option(RMSprop, "eps")
    alpha = settled(RMSprop, alpha=alpha)["alpha"]
    own = provided(RMSprop, {"alpha": alpha})
    (step,) = moves(RMSprop, [gradient * 2.0**exponent], eps=0.0, **own)
    length = (1 - alpha) ** -0.5
    assert_close("the first step", step, exact(-length if gradient > 0 else length))


@pytest.mark.claim("4.2.6")
@every_dtype
def test_the_first_step_is_right_in_lower_precision(RMSprop, dtype):
    option(RMSprop, "alpha")
    sizes = [2.0**-5, -(2.0**-3), 1.0, -100.0]
    wide = [] if dtype == torch.float16 else [2.0**-20, -(2.0**20), 2.0**40]
    pulls = exact([*sizes, *wide]).to(dtype)
    eps = provided(RMSprop, {"eps": 1e-8})
    came = walk(RMSprop, torch.zeros_like(pulls), [pulls], lr=1.0, alpha=0.75, **eps)[0]
    expected = -pulls.double() / (pulls.double().abs() / 2 + 1e-8)
    assert_close("the first step", came, expected)


@pytest.mark.claim("4.2.6")
@given(sequences, exponents(30), alphas)
def test_the_scale_of_a_coordinate_makes_no_difference(RMSprop, pulls, exponent, alpha):
    option(RMSprop, "eps")
    own = {"eps": 0.0, **provided(RMSprop, {"alpha": alpha})}
    scaled = [pull * 2.0**exponent for pull in pulls]
    for momentum in provided(RMSprop, {"momentum": 0.5}), {}:
        came = moves(RMSprop, scaled, **own, **momentum)
        expected = moves(RMSprop, pulls, **own, **momentum)
        assert_close(f"gradients 2^{exponent} times as large", came, expected)


@pytest.mark.claim("4.2.6")
@given(nonzero, st.sampled_from([1e-3, 0.125, 1.0, 8.0]), alphas)
def test_eps_is_added_to_the_root(RMSprop, gradient, eps, alpha):
    own = settled(RMSprop, alpha=alpha, eps=eps)
    (step,) = moves(RMSprop, [gradient], **provided(RMSprop, own))
    size = (1 - own["alpha"]) ** 0.5 * abs(gradient)
    assert_close("the first step", step, exact(-gradient / (size + own["eps"])))


@pytest.mark.claim("4.2.6")
@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.99])
def test_steady_gradients_come_to_steps_of_the_learning_rate(RMSprop, alpha):
    alpha = settled(RMSprop, alpha=alpha)["alpha"]
    count = 1000 if widest() == torch.float64 else 20  # else the sum of the steps has the digits
    steps = moves(RMSprop, [-3.0] * count, **provided(RMSprop, {"alpha": alpha})) * (1 + 1e-8 / 3)
    expected = (1 - powers(alpha, count)).rsqrt()
    # eps is a little more beside a root that is too low at first: less than 1e-7 in all.
    assert_close("the length of each step", with_half_the_digits(steps), expected)
    assert_close("the length of the last", steps[-1], expected[-1])


def powers(alpha: float, steps: int) -> Tensor:
    return alpha ** torch.arange(1, steps + 1, dtype=torch.float64)


@pytest.mark.claim("4.2.6")
@given(st.integers(5, 10), alphas)
def test_after_a_huge_gradient_the_rate_recovers(RMSprop, exponent, alpha):
    option(RMSprop, "eps")
    alpha = settled(RMSprop, alpha=alpha)["alpha"]
    own = {"eps": 0.0, **provided(RMSprop, {"alpha": alpha})}
    steps = moves(RMSprop, [2.0**exponent] + [1.0] * 60, **own)[1:]
    # What is left of it fades by alpha a step, while the average of the ones approaches 1.
    left = powers(alpha, 60) * (1 - alpha) * 4.0**exponent
    assert_close("every step", steps, -(left + 1 - powers(alpha, 60)).rsqrt())
    recovered = (steps[-1] / steps[0]).item()
    assert recovered > 1, f"the last step is {recovered} times as long as the first after it"


@pytest.mark.claim("4.2.6")
@pytest.mark.parametrize("alpha", [0.5, 0.75, 0.9])
def test_centered_it_divides_by_the_standard_deviation(RMSprop, alpha):
    option(RMSprop, "alpha", "centered", "eps")
    settings = {"alpha": alpha, "centered": True, "eps": 0.0}
    # Of weights that sum to w, the squares come to 9 w, and the square of the mean to 9 w^2.
    weight, steps = 1 - powers(alpha, 8), moves(RMSprop, [-3.0] * 8, **settings)
    assert_close("steady gradients", with_half_the_digits(steps), (weight * (1 - weight)).rsqrt())
    steps = moves(RMSprop, [3.0, -3.0] * 4, **settings)
    mean = (1 - alpha) * (1 - (-alpha) ** torch.arange(1, 9)) / (1 + alpha)
    expected = (weight - mean.double() ** 2).rsqrt()
    assert_close("gradients to and fro", with_half_the_digits(steps.abs()), expected)


@pytest.mark.claim("4.2.6")
@given(sequences, st.sampled_from([0.25, 0.875]), st.booleans())
def test_momentum_adds_what_is_left_of_the_steps_before(RMSprop, pulls, momentum, centered):
    option(RMSprop, "momentum", *["centered"] * centered)
    settings = {"centered": True, "eps": 0.5} if centered else {}
    velocity, expected = 0.0, []
    for step in moves(RMSprop, pulls, **settings).tolist():
        velocity = momentum * velocity + step
        expected.append(velocity)
    came = moves(RMSprop, pulls, momentum=momentum, **settings)
    assert_close("every step", came, exact(expected))
