"""AdaGrad gives every parameter a learning rate of its own, which falls with what it has seen.

The first claim is the definition; the others say what it is good for, and why training stalls.

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
    assert_sparse_as_dense,
    courses,
    exponents,
    gradients,
    moves,
    nonzero,
    provided,
    sequences,
    walk,
    with_defaults,
)

# Where a dtype that counts in ones comes to its end: 256 in bfloat16, 2048 in float16.
BEYOND_THE_COUNT = [(torch.bfloat16, 300), (torch.float16, 2200), (torch.float32, 300)]
adagrad_courses = courses(
    lr_decay=st.sampled_from([0.0, 0.01, 0.5]),
    weight_decay=st.sampled_from([0.0, 0.25, 1.5]),
    initial_accumulator_value=st.sampled_from([0.0, 0.01, 4.0]),
    eps=st.sampled_from([1e-10, 1e-3, 0.125, 2.0]),
    maximize=st.booleans(),
)


@pytest.mark.claim("4.2.4")
@given(adagrad_courses)
def test_every_step_follows_the_recurrence(Adagrad, course):
    settings = provided(Adagrad, course.settings)
    came = walk(Adagrad, course.start, course.pulls, **settings)
    assert_close("after each step", came, recurrence(course, **settings))


def recurrence(
    course: Course,
    lr: float = 1e-2,
    lr_decay: float = 0,
    weight_decay: float = 0,
    initial_accumulator_value: float = 0,
    eps: float = 1e-10,
    maximize: bool = False,
) -> Tensor:
    """The definition: where the parameter is after each step."""
    p, places = course.start, []
    squares = torch.full_like(p, initial_accumulator_value)
    for t, g in enumerate(course.pulls):
        g = (-g if maximize else g) + weight_decay * p
        squares = squares + g**2
        p = p - lr / (1 + t * lr_decay) * g / (squares**0.5 + eps)
        places.append(p)
    return torch.stack(places)


@pytest.mark.claim("4.2.4")
def test_the_settings_not_given_are_those_of_the_documentation(Adagrad):
    pulls = gradients(4, 2, 3)
    for scale in (1.0, 1e-10):  # as small as eps
        course = Course(grid(2, 3), [scale * pull for pull in pulls], {})
        for settings in with_defaults(Adagrad, eps=1e-10, maximize=True):
            came = walk(Adagrad, course.start, course.pulls, **settings)
            assert_close(f"only {settings} given", came, recurrence(course, **settings))


@pytest.mark.claim("4.2.4")
@given(nonzero, exponents(60))
def test_the_first_step_is_as_long_as_the_learning_rate(Adagrad, gradient, exponent):
    option(Adagrad, "eps")
    (step,) = moves(Adagrad, [gradient * 2.0**exponent], eps=0.0)
    assert_close("the first step", step, exact(-1.0 if gradient > 0 else 1.0))


@pytest.mark.claim("4.2.4")
@every_dtype
def test_the_first_step_is_right_in_lower_precision(Adagrad, dtype):
    sizes = [2.0**-5, -(2.0**-3), 1.0, -100.0]
    wide = [] if dtype == torch.float16 else [2.0**-20, -(2.0**20), 2.0**40]
    pulls = exact([*sizes, *wide]).to(dtype)
    eps = provided(Adagrad, {"eps": 1e-10})
    came = walk(Adagrad, torch.zeros_like(pulls), [pulls], lr=1.0, **eps)[0]
    expected = -pulls.double() / (pulls.double().abs() + 1e-10)
    assert_close("the first step", came, expected)


@pytest.mark.claim("4.2.4")
@given(sequences, exponents(30))
def test_the_scale_of_a_coordinate_makes_no_difference(Adagrad, pulls, exponent):
    option(Adagrad, "eps")
    scaled = [pull * 2.0**exponent for pull in pulls]
    came, expected = moves(Adagrad, scaled, eps=0.0), moves(Adagrad, pulls, eps=0.0)
    assert_close(f"gradients 2^{exponent} times as large", came, expected)


@pytest.mark.claim("4.2.4")
@given(st.integers(1, 7))
def test_a_gradient_that_comes_rarely_finds_a_large_rate(Adagrad, every):
    pulls = [2.0**30 if t % every == every - 1 else 0.0 for t in range(28)]
    steps = moves(Adagrad, pulls)
    steps = steps[steps != 0]
    # The k-th of them is lr / sqrt(k) long, however much time has gone by.
    expected = -torch.arange(1, 28 // every + 1, dtype=torch.float64).rsqrt()
    assert_close(f"a gradient every {every} steps", steps, expected)


@pytest.mark.claim("4.2.4")
@given(nonzero, st.sampled_from([1e-3, 0.125, 1.0, 8.0]))
def test_eps_is_added_to_the_size_of_the_gradient(Adagrad, gradient, eps):
    option(Adagrad, "eps")
    (step,) = moves(Adagrad, [gradient], eps=eps)
    assert_close("the first step", step, exact(-gradient / (abs(gradient) + eps)))


@pytest.mark.claim("4.2.5")
@given(st.lists(st.tuples(nonzero, exponents(9)), min_size=2, max_size=9))
def test_the_effective_rate_never_rises(Adagrad, numbers):
    pulls = exact([gradient * 2.0**exponent for gradient, exponent in numbers])
    steps = moves(Adagrad, pulls.tolist())
    rates = -steps / pulls
    rises, rounding = rates.log().diff().max(), 16 * torch.finfo(widest()).eps / steps.abs().min()
    assert rises <= max(1e-9, rounding), f"step by gradient is {rates.tolist()}"


@pytest.mark.claim("4.2.5")
def test_steady_gradients_make_steps_fall_with_the_root_of_time(Adagrad):
    steps = moves(Adagrad, [-(2.0**30)] * 1000)  # beside which eps is nothing
    expected = torch.arange(1, 1001, dtype=torch.float64).rsqrt()
    assert_close("the length of each step", steps, expected)


@pytest.mark.claim("4.2.5")
@given(sequences, st.randoms(use_true_random=False))
def test_the_order_of_what_was_seen_makes_no_difference(Adagrad, pulls, random):
    others = pulls[:-1]
    random.shuffle(others)
    came, expected = moves(Adagrad, [*others, pulls[-1]])[-1], moves(Adagrad, pulls)[-1]
    assert_close("the last step", came, expected)


@pytest.mark.claim("4.2.5")
@given(st.integers(4, 20))
def test_after_a_huge_gradient_the_rate_never_recovers(Adagrad, exponent):
    steps = moves(Adagrad, [2.0**exponent] + [1.0] * 200)
    assert_close("the last step", steps[-1], exact(-((4.0**exponent + 200) ** -0.5)))
    assert steps[1:].abs().max() <= 2.0**-exponent, f"a step of {steps[1:].abs().max()}"


@pytest.mark.claim("4.2.9")
def test_a_sparse_gradient_is_one_that_is_0_elsewhere(Adagrad):
    assert_sparse_as_dense(Adagrad, lr=0.25)


@pytest.mark.claim("4.2.5")
@given(sequences, st.sampled_from([0.01, 0.25, 1.0]))
def test_lr_decay_divides_the_rate_from_the_second_step_on(Adagrad, pulls, decay):
    option(Adagrad, "lr_decay")
    divisors = 1 + decay * torch.arange(len(pulls), dtype=torch.float64)
    expected = moves(Adagrad, pulls) / divisors
    assert_close("every step", moves(Adagrad, pulls, lr_decay=decay), expected)


@pytest.mark.claim("4.2.5")
@pytest.mark.parametrize(("dtype", "rest"), BEYOND_THE_COUNT, ids=str)
def test_lr_decay_counts_every_step_of_a_long_rest(Adagrad, dtype, rest):
    option(Adagrad, "lr_decay", "eps")
    zero = torch.zeros(1, dtype=dtype)
    came = walk(Adagrad, zero, [zero] * rest + [zero + 1.0], lr=64.0, lr_decay=0.25, eps=2.0**-10)
    assert_close("while it rests", came[:-1], 0.0)
    assert_close("the step after it", came[-1], -64 / (1 + 0.25 * rest) / (1 + 2.0**-10))


@pytest.mark.claim("4.2.5")
@given(sequences, st.sampled_from([0.125, 1.0, 3.0]))
def test_the_sum_begins_as_if_another_gradient_had_come(Adagrad, pulls, first):
    option(Adagrad, "initial_accumulator_value")
    came = moves(Adagrad, pulls, initial_accumulator_value=first**2)
    assert_close("every step", came, moves(Adagrad, [first, *pulls])[1:])
