"""Every optimizer moves each number by its own gradients alone.

However many others there are, in whichever parameter, of whatever shape, and wherever in memory.
"""

import itertools

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import VIEWS, grid
from sums_to_one.tests.optimization.trajectories import (
    assert_same,
    downhill,
    gradients,
    leaf,
    places,
    pushed,
    pushes,
    settings_of,
    starts,
    walk,
)

SIZES = [5, 16, 17, 33, 65, 129, 1025, 4097, 200_003]


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
def test_every_parameter_goes_its_own_way(optimizer):
    for settings in settings_of(optimizer):
        together = [leaf(start) for start in starts()]
        made = optimizer(together, **settings)
        for push in pushes(4):
            pushed(made, together, push)
        for i, start in enumerate(starts()):
            alone = walk(optimizer, start, [push[i] for push in pushes(4)], **settings)
            assert_close(f"{settings}: parameter {i}", together[i].detach(), alone[-1])


@pytest.mark.claim("4.2.9")
def test_without_a_gradient_nothing_happens_to_a_parameter(optimizer):
    plan = ["ab", "a", "a", "b", "", "ab", "b"]  # whose turn it is
    for settings in settings_of(optimizer):
        start = {"a": grid(2, 3), "b": grid(3), "never": grid(5)}
        parameters = {name: leaf(numbers) for name, numbers in start.items()}
        made = optimizer(parameters.values(), **settings)
        own: dict[str, list[Tensor]] = {name: [] for name in start}
        for t, names in enumerate(plan):
            push = {name: downhill(t, *start[name].shape) for name in names}
            pushed(made, list(parameters.values()), [push.get(name) for name in start])
            for name in names:
                own[name].append(push[name])
        assert_same("without a gradient", places([parameters["never"]]), [start["never"]])
        for name in ("a", "b"):
            alone = walk(optimizer, start[name], own[name], **settings)[-1]
            assert_close(f"{settings}: {name} after {plan}", parameters[name].detach(), alone)


@pytest.mark.claim("4.2.9")
def test_a_gradient_of_0_is_a_gradient(optimizer):
    # What rests on momentum moves on; so nothing may be skipped, and nothing be forgotten.
    for settings in settings_of(optimizer):
        start, zero = grid(2, 3), torch.zeros(2, 3, dtype=torch.float64)
        sequence = [downhill(0, 2, 3), zero, zero, downhill(1, 2, 3)]
        came = walk(optimizer, start, sequence, **settings)
        beside = [torch.stack([g, downhill(3, 2, 3)]) for g in sequence]
        both = walk(optimizer, torch.stack([start, start]), beside, **settings)
        assert_close(f"{settings}: beside a gradient that is not 0", came, both[:, 0])
        sums = [came[0], came[1], came[2]]
        assert all(torch.isfinite(place).all() for place in sums), f"{settings}: {sums}"


@pytest.mark.claim("4.2.9")
def test_two_optimizers_share_nothing(optimizer):
    for settings in settings_of(optimizer):
        start, pulls = grid(2, 3), gradients(5, 2, 3)
        alone = walk(optimizer, start, pulls, **settings)[-1]
        one, other = leaf(start), leaf(start)
        first = optimizer([one], **settings)
        pushed(first, [one], [pulls[0]])
        second = optimizer([other], **{**settings, "lr": 0.5})  # while the first is under way
        for pull in pulls[1:]:
            pushed(second, [other], [7 * pull])
            pushed(first, [one], [pull])
        assert_close(f"{settings}: beside another optimizer", one.detach(), alone)
        with torch.no_grad():
            one.copy_(start)
        third = optimizer([one], **settings)  # of a parameter that has had another
        for pull in pulls:
            pushed(third, [one], [pull])
        assert_close(f"{settings}: anew", one.detach(), alone)


@pytest.mark.claim("4.2.9")
def test_the_place_in_memory_changes_nothing(optimizer):
    for settings in settings_of(optimizer):
        for (name, layout), shape in itertools.product(VIEWS.items(), [(4, 4), (2, 3, 5, 7)]):
            pulls = gradients(3, *shape)
            expected = walk(optimizer, grid(*shape), pulls, **settings)[-1]
            parameter, plain = layout(grid(*shape)).requires_grad_(), leaf(grid(*shape))
            made = optimizer([parameter, plain], **settings)
            for pull in pulls:
                parameter.grad, plain.grad = pull.clone(), layout(pull)
                made.step()
            assert_close(f"{settings}: a parameter {name}", parameter.detach(), expected)
            assert_close(f"{settings}: a gradient {name}", plain.detach(), expected)


@pytest.mark.claim("4.2.9")
def test_a_large_parameter_moves_as_its_parts(optimizer):
    for settings, dtype in itertools.product(
        settings_of(optimizer), (torch.float64, torch.float32)
    ):
        for size in SIZES:
            start = grid(size).to(dtype)
            pulls = [downhill(t, size, dtype=dtype) for t in (0, 2)]
            came = walk(optimizer, start, pulls, **settings)[-1]
            ends = torch.tensor([0, size // 2, size - 2, size - 1])
            few = walk(optimizer, start[ends], [pull[ends] for pull in pulls], **settings)[-1]
            assert_close(f"{settings}: some of {size} numbers", came[ends], few.double())
            still = (came == start).sum().item()
            assert still <= size // 100, f"{settings}: {still} of {size} numbers did not move"


@pytest.mark.claim("4.2.9")
def test_what_is_no_number_stays_where_it_is(optimizer):
    for settings, bad in itertools.product(settings_of(optimizer), (torch.nan, torch.inf)):
        pulls = gradients(3, 2, 3)
        expected = walk(optimizer, grid(2, 3), pulls, **settings)
        pulls[1][1, 2] = bad
        came = walk(optimizer, grid(2, 3), pulls, **settings)
        bystanders = torch.ones(2, 3, dtype=torch.bool)
        bystanders[1, 2] = False
        assert_close(f"beside {bad}", came[:, bystanders], expected[:, bystanders])
        if bad != bad:
            assert came[1:, 1, 2].isnan().all(), f"NaN was swept away: {came[:, 1, 2].tolist()}"
