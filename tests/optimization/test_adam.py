"""Adam divides the mean of recent gradients by the root of the mean of their squares.

Both averages start from 0 and are corrected for it, so that the first step is as long as all.
The first claim is the definition; the others say what it is good for.

What it owes its caller like every optimizer is in `test_every_optimizer.py`.
"""

import math
from collections.abc import Iterable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, assert_within, rounding, tolerance
from sums_to_one.tests.common.inputs import eighths, every_dtype, exact, grid
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

BETAS = [(0.5, 0.75), (0.9, 0.999), (0.75, 0.5), (0.0, 0.9), (0.9, 0.0), (0.0, 0.0)]
# Where a dtype that counts in ones comes to its end: 256 in bfloat16, 2048 in float16.
BEYOND_THE_COUNT = [(torch.bfloat16, 300), (torch.float16, 2200), (torch.float32, 300)]
adam_courses = courses(
    betas=st.sampled_from(BETAS),
    eps=st.sampled_from([1e-8, 1e-3, 0.125, 2.0]),
    weight_decay=st.sampled_from([0.0, 0.25, 1.5]),
    amsgrad=st.booleans(),
    maximize=st.booleans(),
)


@pytest.mark.claim("4.2.7")
@given(adam_courses)
def test_every_step_follows_the_recurrence(Adam, course):
    settings = provided(Adam, course.settings)
    came = walk(Adam, course.start, course.pulls, **settings)
    assert_close("after each step", came, recurrence(course, **settings))


def recurrence(
    course: Course,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0,
    amsgrad: bool = False,
    maximize: bool = False,
) -> Tensor:
    """The definition: where the parameter is after each step."""
    p, places = course.start, []
    mean, square, largest = (torch.zeros_like(p) for _ in range(3))
    for t, g in enumerate(course.pulls, start=1):
        g = (-g if maximize else g) + weight_decay * p
        mean = betas[0] * mean + (1 - betas[0]) * g
        square = betas[1] * square + (1 - betas[1]) * g**2
        largest = torch.maximum(largest, square) if amsgrad else square
        root = (largest / (1 - betas[1] ** t)) ** 0.5
        p = p - lr * mean / (1 - betas[0] ** t) / (root + eps)
        places.append(p)
    return torch.stack(places)


@pytest.mark.claim("4.2.7")
def test_the_settings_not_given_are_those_of_the_documentation(Adam):
    for scale in (1.0, 1e-8):  # as small as eps
        course = Course(grid(2, 3), [scale * pull for pull in gradients(4, 2, 3)], {})
        for settings in with_defaults(Adam, eps=1e-8, betas=(0.5, 0.75)):
            came = walk(Adam, course.start, course.pulls, **settings)
            expected = recurrence(course, **settings)
            off = corrections(came, settings.get("betas", (0.9, 0.999)))
            assert_within(
                f"only {settings} given", came, expected, off * expected.abs().clamp(min=1)
            )


def corrections(came: Tensor, betas: tuple[float, float]) -> float:
    """By how much a step may be off, where the corrections have no more digits than the numbers.

    1 - beta loses as many of them as beta has nines.
    """
    return tolerance(came.dtype) + sum(rounding(came.dtype, 1) / (1 - beta) for beta in betas)


@pytest.mark.claim("4.2.7")
@given(nonzero, exponents(400), st.sampled_from(BETAS))
def test_the_first_step_is_as_long_as_the_learning_rate(Adam, gradient, exponent, betas):
    option(Adam, "eps")
    own = settled(Adam, betas=betas, eps=0.0)
    (step,) = moves(Adam, [gradient * 2.0**exponent], **provided(Adam, own))
    expected = exact(-1.0 if gradient > 0 else 1.0)
    assert_within("the first step", step, expected, corrections(step, own["betas"]))


@pytest.mark.claim("4.2.7")
@every_dtype
def test_the_first_step_is_right_in_lower_precision(Adam, dtype):
    option(Adam, "betas")
    sizes = [2.0**-5, -(2.0**-3), 1.0, -100.0]
    wide = [] if dtype == torch.float16 else [2.0**-20, -(2.0**20), 2.0**40]
    pulls = exact([*sizes, *wide]).to(dtype)
    eps = provided(Adam, {"eps": 1e-8})
    came = walk(Adam, torch.zeros_like(pulls), [pulls], lr=1.0, betas=(0.5, 0.75), **eps)[0]
    expected = -pulls.double() / (pulls.double().abs() + 1e-8)
    assert_close("the first step", came, expected)


@pytest.mark.claim("4.2.7")
@pytest.mark.parametrize(("dtype", "rest"), BEYOND_THE_COUNT, ids=str)
def test_after_a_long_rest_the_first_step_is_corrected_for_every_step_of_it(Adam, dtype, rest):
    option(Adam, "betas", "eps")
    betas, eps, pull = (0.5, 0.9999), 2.0**-10, 64.0
    zero = torch.zeros(1, dtype=dtype)
    came = walk(Adam, zero, [zero] * rest + [zero + pull], lr=1.0, betas=betas, eps=eps)
    assert_close("while it rests", came[:-1], 0.0)
    mean, square = (
        (1 - beta) * pull**power / (1 - beta ** (rest + 1))
        for power, beta in enumerate(betas, start=1)
    )
    assert_close("the step after it", came[-1], -mean / (math.sqrt(square) + eps))


@pytest.mark.claim("4.2.17")
@pytest.mark.parametrize("betas", [(0.5, 0.96), (0.75, 0.99)], ids=str)
def test_after_a_long_silence_one_gradient_makes_a_step_longer_than_the_rate(Adam, betas):
    betas = settled(Adam, betas=betas)["betas"]
    silence = 300 if betas[1] < 0.99 else 1200
    step = moves(Adam, [0.0] * silence + [64.0], **provided(Adam, {"betas": betas}))[-1]
    expected = -longest_step(betas, silence + 1, [0])
    assert_close("the step", with_half_the_digits(step), expected)
    assert step < -2, f"it is {-step.item()} times the learning rate long"


def longest_step(betas: tuple[float, float], count: int, ago: Iterable[int]) -> float:
    """In learning rates, of so many steps, if only the gradients of so many steps ago are not 0.

    By Cauchy's inequality it is the root of the sum of squares of the weights in the mean over the
    weights in the mean of the squares; gradients as the quotient of both weights come to it.
    """
    by_mean, by_square = ([(1 - beta) * beta**k / (1 - beta**count) for k in ago] for beta in betas)
    return math.sqrt(sum(m**2 / s for m, s in zip(by_mean, by_square, strict=True)))


@pytest.mark.claim("4.2.17")
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.75), (0.75, 0.875)], ids=str)
def test_gradients_that_grow_as_memory_fades_make_the_longest_step(Adam, betas):
    betas = settled(Adam, betas=betas)["betas"]
    growing = [(betas[1] / betas[0]) ** k for k in range(40)]
    steps = moves(Adam, growing, **provided(Adam, {"betas": betas}))
    expected = [-longest_step(betas, t, range(t)) for t in range(1, 41)]
    assert_close("each step", with_half_the_digits(steps), exact(expected))


@pytest.mark.claim("4.2.17")
@given(st.lists(eighths(8), min_size=1, max_size=9), st.sampled_from([(0.9, 0.999), (0.5, 0.75)]))
def test_no_step_is_longer_than_both_memories_allow(Adam, pulls, betas):
    betas = settled(Adam, betas=betas)["betas"]
    steps = moves(Adam, pulls, **provided(Adam, {"betas": betas})).abs()
    longest = exact([longest_step(betas, t, range(t)) for t in range(1, len(pulls) + 1)])
    over = (steps / longest).max().item()
    assert over <= 1 + tolerance(widest()), f"{steps.tolist()}, at most {longest.tolist()}"


@pytest.mark.claim("4.2.7")
@given(nonzero, st.sampled_from([1e-3, 0.125, 1.0, 8.0, 1e6]), st.sampled_from(BETAS))
def test_the_first_step_is_shorter_where_eps_is_not_far_below(Adam, gradient, eps, betas):
    option(Adam, "eps")
    (step,) = moves(Adam, [gradient], **provided(Adam, {"betas": betas}), eps=eps)
    assert_close("the first step", step, exact(-gradient / (abs(gradient) + eps)))


@pytest.mark.claim("4.2.7")
@pytest.mark.parametrize("betas", BETAS, ids=str)
def test_steady_gradients_make_all_steps_alike(Adam, betas):
    own = settled(Adam, betas=betas, eps=1.0)
    steps = moves(Adam, [-3.0] * 1200, **provided(Adam, own))
    assert_close("the length of each step", steps, 3 / (3 + own["eps"]))


@pytest.mark.claim("4.2.7")
@given(sequences, exponents(30), st.sampled_from(BETAS), st.booleans())
def test_the_scale_of_a_coordinate_makes_no_difference(Adam, pulls, exponent, betas, amsgrad):
    option(Adam, "eps", *["amsgrad"] * amsgrad)
    settings = {**provided(Adam, {"betas": betas}), "eps": 0.0}
    settings |= {"amsgrad": True} if amsgrad else {}
    scaled = [pull * 2.0**exponent for pull in pulls]
    came, expected = moves(Adam, scaled, **settings), moves(Adam, pulls, **settings)
    assert_close(f"gradients 2^{exponent} times as large", came, expected)


@pytest.mark.claim("4.2.7")
@given(st.integers(0, 5), st.sampled_from(BETAS[:3]), eighths(8))
def test_a_single_gradient_fades_from_both_averages(Adam, before, betas, gradient):
    own = settled(Adam, betas=betas, eps=0.125)
    after = torch.arange(7, dtype=torch.float64)
    mean, square = (
        (1 - beta) * beta**after * power / (1 - beta ** (before + 1 + after))
        for beta, power in zip(own["betas"], (gradient, gradient**2), strict=True)
    )
    pulls = [0.0] * before + [gradient] + [0.0] * 6
    steps = moves(Adam, pulls, **provided(Adam, own))
    assert_close("before it", steps[:before], 0.0)
    assert_close("from it on", steps[before:], -mean / (square.sqrt() + own["eps"]))


@pytest.mark.claim("4.2.7")
@given(sequences, st.sampled_from([0.5, 0.9, 0.99]))
def test_without_the_first_average_it_is_rmsprop_with_a_right_start(Adam, pulls, beta):
    option(Adam, "betas", "eps")
    mean, expected = 0.0, []
    for t, pull in enumerate(pulls, start=1):
        mean = beta * mean + (1 - beta) * pull**2
        of_rmsprop = pull / math.sqrt(mean)
        expected.append(-of_rmsprop * math.sqrt(1 - beta**t))
    came = moves(Adam, pulls, betas=(0.0, beta), eps=0.0)
    assert_close("every step", came, exact(expected))


@pytest.mark.claim("4.2.7")
@pytest.mark.parametrize("beta", [0.25, 0.5, 0.9])
def test_gradients_to_and_fro_cancel_out(Adam, beta):
    beta, after = settled(Adam, betas=(beta, 0.75))["betas"]
    steps = moves(Adam, [3.0, -3.0] * 20, **provided(Adam, {"betas": (beta, after)}))
    # Of the weights (1 - beta) beta^k, every second one counts as negative.
    t = torch.arange(1, 41, dtype=torch.float64)
    share = (1 - beta) * (1 - (-beta) ** t) / (1 + beta) / (1 - beta**t)
    assert_close("the length of each step", with_half_the_digits(steps.abs()), share)


@pytest.mark.claim("4.2.12")
@given(adam_courses, st.sampled_from([0.0, 0.25, 1.5]))
def test_a_decoupled_decay_shrinks_the_parameter_besides(Adam, course, decay):
    option(Adam, "decoupled_weight_decay", "weight_decay")
    settings = {**provided(Adam, course.settings), "weight_decay": 0.0}
    way, expected = walk(Adam, course.start, course.pulls, **settings), [course.start]
    for move in way.diff(dim=0, prepend=course.start[None]):  # the gradients alone decide that
        expected.append(expected[-1] * (1 - settings["lr"] * decay) + move)
    settings |= {"weight_decay": decay, "decoupled_weight_decay": True}
    came = walk(Adam, course.start, course.pulls, **settings)
    assert_close("after each step", came, torch.stack(expected[1:]))


@pytest.mark.claim("4.2.16")
@pytest.mark.parametrize(("lr", "decay"), [(0.1, 0.5), (0.5, 0.1), (1.0, 0.25)], ids=str)
def test_adamw_shrinks_a_weight_by_the_rate_times_the_decay(lr, decay) -> None:
    zeros = [torch.zeros_like(grid(2, 3))] * 3
    came = walk(torch.optim.AdamW, grid(2, 3), zeros, lr=lr, weight_decay=decay)
    shares = [(1 - lr * decay) ** t for t in (1, 2, 3)]
    assert_close("after each step", came, torch.stack([s * grid(2, 3) for s in shares]))


@pytest.mark.claim("4.2.16")
def test_a_decoupled_decay_alone_shrinks_a_weight_by_the_rate_times_the_decay(Adam):
    option(Adam, "decoupled_weight_decay", "weight_decay")
    settings = {"lr": 0.1, "weight_decay": 0.5, "decoupled_weight_decay": True}
    came = walk(Adam, exact([1.0]), [exact([0.0])] * 3, **settings)
    assert_close("of a weight of 1 is left", came[:, 0], exact([0.95, 0.95**2, 0.95**3]))


@pytest.mark.claim("4.2.15")
@given(sequences, st.sampled_from(BETAS))
def test_while_gradients_grow_amsgrad_changes_nothing(Adam, pulls, betas):
    option(Adam, "amsgrad")
    growing, own = sorted(pulls, key=abs), provided(Adam, {"betas": betas})
    came = moves(Adam, growing, **own, amsgrad=True)
    assert_close("every step", came, moves(Adam, growing, **own, amsgrad=False))


@pytest.mark.claim("4.2.15")
@given(st.lists(eighths(8), min_size=2, max_size=9), st.sampled_from(BETAS))
def test_with_amsgrad_no_step_is_longer_than_without(Adam, pulls, betas):
    option(Adam, "amsgrad")
    own = provided(Adam, {"betas": betas, "eps": 0.125})
    steps, plain = (moves(Adam, pulls, **own, amsgrad=way) for way in (True, False))
    longer = (steps.abs() - plain.abs()).max().item()
    assert longer <= tolerance(widest()), f"with: {steps.tolist()}, without: {plain.tolist()}"


@pytest.mark.claim("4.2.15")
@pytest.mark.parametrize("beta", [0.5, 0.75, 0.99])
def test_after_a_peak_amsgrads_rate_rises_with_the_correction(Adam, beta):
    option(Adam, "betas", "eps", "amsgrad")
    peak = 1000.0 if widest() == torch.float64 else 16.0
    pulls = [peak] + [1.0] * 20
    rates = -moves(Adam, pulls, betas=(0.0, beta), amsgrad=True, eps=0.0) / exact(pulls)
    # The largest square stays that of the peak, of which 1 - beta^t makes less and less.
    t = torch.arange(1, 22, dtype=torch.float64)
    assert_close("the rate by the peak's", rates * peak, ((1 - beta**t) / (1 - beta)).sqrt())
    assert rates[-1] > rates[0], f"the rates are {rates.tolist()}"
