"""Every optimizer moves each number by its own gradients alone.

However many others there are, in whichever parameter, of whatever shape, and wherever in memory.
"""

import itertools

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, SHAPES, VIEWS, grid
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.optimization.trajectories import (
    Run,
    assert_same_numbers,
    downhill,
    gradients,
    leaf,
    pulled,
    pushed,
    pushes,
    run_of,
    set_back,
    settings_of,
    side_by_side,
    starts,
    up_and_down,
    walk,
)


@pytest.mark.claim("4.2.9")
def test_every_number_goes_its_own_way(optimizer):
    start = grid(2, 3)
    for settings in settings_of(optimizer):
        together = walk(optimizer, start, gradients(5, 2, 3), **settings)
        for i, j in itertools.product(range(2), range(3)):
            own = [gradient[i, j] for gradient in gradients(5, 2, 3)]
            alone = walk(optimizer, start[i, j], own, **settings)
            assert_close(f"{settings}: the number at [{i}, {j}]", together[:, i, j], alone)


@pytest.mark.claim("4.2.9")
def test_a_parameter_of_any_shape_moves_as_the_row_of_its_numbers(optimizer):
    of_each = itertools.product(up_and_down(optimizer), DTYPES, SHAPES)
    for settings, dtype, shape in of_each:
        start, pulls = grid(*shape).to(dtype), gradients(3, *shape, dtype=dtype)
        came = walk(optimizer, start, pulls, **settings).flatten(1 if start.ndim else 0)
        row = walk(optimizer, start.flatten(), [pull.flatten() for pull in pulls], **settings)
        assert_close(
            f"{settings}: a parameter of shape {shape} in {dtype}",
            came,
            row.double().reshape(came.shape),
        )


@pytest.mark.claim("4.2.9")
def test_every_parameter_goes_its_own_way(optimizer):
    for settings in settings_of(optimizer):
        together = run_of(optimizer, starts(), **settings)
        side_by_side(pushes(4), together)
        for i, start in enumerate(starts()):
            alone = walk(optimizer, start, [push[i] for push in pushes(4)], **settings)
            assert_close(f"{settings}: parameter {i}", together.places[i], alone[-1])


@pytest.mark.claim("4.2.9")
def test_many_parameters_move_as_few(optimizer):
    for settings in settings_of(optimizer)[-1:]:
        many, one = ([grid(5) for _ in range(count)] for count in (1031, 1))
        ends = [run_of(optimizer, numbers, **settings) for numbers in (many, one)]
        for end in ends:
            pulled(*end, gradients(2, 5))
        came, expected = torch.stack(ends[0].places), ends[1].places[0]
        assert_close(f"{settings}: each of 1031", came, expected.expand_as(came))


@pytest.mark.claim("4.2.9")
def test_parameters_of_several_dtypes_go_on_in_their_own(optimizer):
    for settings, first in itertools.product(settings_of(optimizer), DTYPES):
        kinds = [first, *(dtype for dtype in DTYPES if dtype != first)]
        together = run_of(optimizer, [grid(2, 3).to(dtype) for dtype in kinds], **settings)
        plan = [[downhill(t, 2, 3, dtype=dtype) for dtype in kinds] for t in range(3)]
        side_by_side(plan, together)
        for dtype, came in zip(kinds, together.places, strict=True):
            own = walk(optimizer, grid(2, 3).to(dtype), gradients(3, 2, 3, dtype=dtype), **settings)
            assert_same_numbers(f"{settings}: {dtype} beside others", [came], [own[-1]])


@pytest.mark.claim("4.2.9")
def test_a_frozen_parameter_may_be_among_the_others(optimizer):
    for settings in settings_of(optimizer):
        frozen, learns = grid(3, 2), leaf(grid(2, 3))
        made = optimizer([frozen, learns], **settings)
        for pull in gradients(3, 2, 3):
            pushed(made, [frozen, learns], [None, pull])
        expected = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **settings)[-1]
        assert_close(f"{settings}: beside a frozen one", learns.detach(), expected)
        assert_same_numbers(f"{settings}: the frozen one", [frozen], [grid(3, 2)])


@pytest.mark.claim("4.2.9")
def test_without_a_gradient_nothing_happens_to_a_parameter(optimizer):
    # Of one shape, so that nothing but a wrong number comes of taking one for the other.
    start = [grid(2, 3), 2 * grid(2, 3), grid(5)]
    turns = [(0, 1), (0,), (0,), (1,), (), (0, 1), (1,)]
    plan = [in_turn(start, turn, step) for step, turn in enumerate(turns)]
    for settings in settings_of(optimizer):
        run = run_of(optimizer, start, **settings)
        side_by_side(plan, run)
        for i in (0, 1):
            own = [push[i] for push in plan if push[i] is not None]
            alone = walk(optimizer, start[i], own, **settings)[-1]
            assert_close(f"{settings}: {i}, where turns are {turns}", run.places[i], alone)
        assert_same_numbers("without any gradient", run.places[2:], start[2:])


def in_turn(start: list[Tensor], turn: tuple[int, ...], step: int) -> list[Tensor | None]:
    """Gradients for those whose turn it is."""
    return [downhill(step, *p.shape) if i in turn else None for i, p in enumerate(start)]


@pytest.mark.claim("4.2.9")
def test_a_gradient_of_0_is_a_gradient(optimizer):
    # What rests on momentum moves on; so nothing may be skipped, and nothing be forgotten.
    start, zero = grid(2, 3), torch.zeros_like(grid(2, 3))
    rests = [downhill(0, 2, 3), zero, zero, downhill(1, 2, 3)]
    beside = [torch.stack([pull, downhill(3, 2, 3)]) for pull in rests]
    for settings in settings_of(optimizer):
        came = walk(optimizer, start, rests, **settings)
        both = walk(optimizer, torch.stack([start, start]), beside, **settings)
        assert_close(f"{settings}: beside a gradient that is not 0", came, both[:, 0])
        assert came[:3].isfinite().all(), f"{settings}: {came[:3].tolist()}"


@pytest.mark.claim("4.2.9")
def test_two_optimizers_at_a_time_share_nothing(optimizer):
    start, pulls = grid(2, 3), gradients(5, 2, 3)
    for settings in settings_of(optimizer):
        first = run_of(optimizer, [start], **settings)
        pulled(*first, pulls[:1])
        second = run_of(optimizer, [start], **{**settings, "lr": 0.5})
        for pull in pulls[1:]:
            pulled(*second, [7 * pull])
            pulled(*first, [pull])
        alone = walk(optimizer, start, pulls, **settings)[-1]
        assert_close(f"{settings}: beside another optimizer", first.places[0], alone)


@pytest.mark.claim("4.2.9")
def test_a_new_optimizer_knows_nothing_of_the_one_before(optimizer):
    start, pulls = grid(2, 3), gradients(5, 2, 3)
    for settings in settings_of(optimizer):
        before = run_of(optimizer, [start], **settings)
        pulled(*before, pulls)
        set_back(before.parameters, [start])
        anew = Run(optimizer(before.parameters, **settings), before.parameters)
        pulled(*anew, pulls)
        alone = walk(optimizer, start, pulls, **settings)[-1]
        assert_close(f"{settings}: anew", anew.places[0], alone)


@pytest.mark.claim("4.2.9")
def test_the_place_in_memory_changes_nothing(optimizer):
    for settings in settings_of(optimizer):
        for (name, layout), shape in itertools.product(VIEWS.items(), [(4, 4), (2, 3, 5, 7)]):
            pulls = gradients(3, *shape)
            expected = walk(optimizer, grid(*shape), pulls, **settings)[-1]
            parameter, plain = layout(grid(*shape)).requires_grad_(), grid(*shape).requires_grad_()
            made = optimizer([parameter, plain], **settings)
            for pull in pulls:
                parameter.grad, plain.grad = pull.clone(), layout(pull)
                made.step()
            assert_close(f"{settings}: a parameter {name}", parameter.detach(), expected)
            assert_close(f"{settings}: a gradient {name}", plain.detach(), expected)


# The last two have more than 2^18 numbers, the very last more than 2^16 rows.
LARGE_AND_SMALL = [(n,) for n in (5, 16, 17, 33, 65, 129, 1025, 4097, 270_001)] + [(66_001, 3)]


@pytest.mark.claim("4.2.9")
def test_a_large_parameter_moves_as_its_parts(optimizer):
    sizes = inside(LARGE_AND_SMALL)
    of_each = itertools.product(settings_of(optimizer), inside(DTYPES[:2]), sizes)
    for settings, dtype, shape in of_each:
        start, pulls = grid(*shape).to(dtype), [downhill(t, *shape, dtype=dtype) for t in (0, 2)]
        came = walk(optimizer, start, pulls, **settings)[-1].flatten()
        start, *pulls = (x.flatten() for x in (start, *pulls))
        ends = torch.tensor([0, len(came) // 2, len(came) - 2, len(came) - 1])
        few = walk(optimizer, start[ends], [pull[ends] for pull in pulls], **settings)[-1]
        assert_close(f"{settings}: some numbers of {shape}", came[ends], few.double())
        still = (came == start).sum().item()
        assert still <= len(came) // 100, f"{settings}: {still} of {shape} did not move"


@pytest.mark.claim("4.2.9")
def test_what_is_no_number_stays_where_it_is(optimizer):
    bystanders = torch.ones(2, 3, dtype=torch.bool)
    bystanders[1, 2] = False
    for settings, bad in itertools.product(settings_of(optimizer), (torch.nan, torch.inf)):
        pulls = gradients(3, 2, 3)
        expected = walk(optimizer, grid(2, 3), pulls, **settings)
        pulls[1][1, 2] = bad
        came = walk(optimizer, grid(2, 3), pulls, **settings)
        assert_close(f"beside {bad}", came[:, bystanders], expected[:, bystanders])
        if bad != bad:
            assert came[1:, 1, 2].isnan().all(), f"NaN was swept away: {came[:, 1, 2].tolist()}"
