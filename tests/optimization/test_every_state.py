"""What every optimizer remembers can be saved and loaded, and it continues bit for bit.

Without it training goes on, too, and nothing fails; only the steps are others.
"""

import copy
import io
import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.checkpoints.saved import told
from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, grid
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.optimization.trajectories import (
    assert_same,
    gradients,
    in_groups,
    leaf,
    places,
    pushed,
    pushes,
    settings_of,
    starts,
    with_gaps,
)


def with_two_groups(optimizer, settings) -> tuple[Any, list[Tensor]]:
    """An optimizer of many parameters in two groups, the second with half the learning rate."""
    parameters = [leaf(start) for start in starts()]
    groups = [{"params": parameters[:3]}, {"params": parameters[3:], "lr": settings["lr"] / 2}]
    made = in_groups(optimizer, groups, **settings)
    needs(made, "state_dict", "load_state_dict")
    return made, parameters


def copied_to(
    optimizer, settings, made, parameters, copy=copy.deepcopy
) -> tuple[Any, list[Tensor]]:
    """A new optimizer of copies of the parameters, to which the state is loaded."""
    other, twins = with_two_groups(optimizer, settings)
    with torch.no_grad():
        for twin, p in zip(twins, parameters, strict=True):
            twin.copy_(p)
    other.load_state_dict(copy(made.state_dict()))
    assert_same("loading moved the parameters", places(twins), places(parameters))
    return other, twins


def remembers_more_digits(made, parameter: Tensor) -> bool:
    """Whether its state has more than the parameter: PyTorch's loading leaves those out."""
    state = [t for t in told(made.state_dict()).values() if isinstance(t, Tensor)]
    numbers = [t for t in state if t.is_floating_point() and t.shape == parameter.shape]
    return any(torch.finfo(t.dtype).eps < torch.finfo(parameter.dtype).eps for t in numbers)


@pytest.mark.claim("4.2.11")
def test_after_loading_it_continues_bit_for_bit(optimizer):
    for settings, dtype, before in itertools.product(settings_of(optimizer), DTYPES, (0, 1, 3)):
        start, pulls = grid(2, 3).to(dtype), gradients(before + 3, 2, 3, dtype=dtype)
        parameter = leaf(start)
        made = optimizer([parameter], **settings)
        needs(made, "state_dict", "load_state_dict")
        for pull in pulls[:before]:
            pushed(made, [parameter], [pull])
        twin = leaf(parameter)
        other = optimizer([twin], **settings)
        other.load_state_dict(copy.deepcopy(made.state_dict()))
        for pull in pulls[before:]:
            pushed(made, [parameter], [pull])
            pushed(other, [twin], [pull])
        case = f"{settings}, {dtype}, loaded after {before}"
        if remembers_more_digits(made, parameter):
            assert_close(case, twin.detach(), parameter.detach().double())
        else:
            assert_same(case, places([twin]), places([parameter]))


@pytest.mark.claim("4.2.11")
def test_every_parameter_gets_its_own_state_back(optimizer):
    for settings in settings_of(optimizer):
        made, parameters = with_two_groups(optimizer, settings)
        for t, push in enumerate(pushes(3)):
            pushed(made, parameters, with_gaps(push, t))
        other, twins = copied_to(optimizer, settings, made, parameters)
        third, triplets = copied_to(optimizer, settings, other, twins)  # handed on at once
        for t, push in enumerate(pushes(5)[3:]):
            for one, own in ((made, parameters), (other, twins), (third, triplets)):
                pushed(one, own, with_gaps(push, t))
        assert_same(f"{settings}: loaded", places(twins), places(parameters))
        assert_same(f"{settings}: loaded twice", places(triplets), places(parameters))


@pytest.mark.claim("4.2.11")
def test_the_settings_are_loaded_too(optimizer):
    for settings in settings_of(optimizer):
        made, parameters = with_two_groups(optimizer, settings)
        if hasattr(made, "param_groups"):
            made.param_groups[1]["lr"] = 0.375  # changed since it was made
        pushed(made, parameters, pushes(1)[0])
        other, twins = copied_to(optimizer, {"lr": 3.0}, made, parameters)  # made otherwise
        for push in pushes(4)[1:]:
            pushed(made, parameters, push)
            pushed(other, twins, push)
        assert_same(f"{settings}: loaded into defaults", places(twins), places(parameters))


@pytest.mark.claim("4.2.11")
def test_the_learning_rate_can_be_changed_after_loading(optimizer):
    for settings in settings_of(optimizer):
        made, parameters = with_two_groups(optimizer, settings)
        needs(made, "param_groups")
        pushed(made, parameters, pushes(1)[0])
        other, twins = copied_to(optimizer, settings, made, parameters)
        for t, push in enumerate(pushes(3)):
            for one, own in ((made, parameters), (other, twins)):
                one.param_groups[t % 2]["lr"] = 1.0 + t
                pushed(one, own, push)
        assert_same(f"{settings}: other rates after loading", places(twins), places(parameters))


@pytest.mark.claim("4.2.11")
def test_an_optimizer_can_be_set_back(optimizer):
    for settings in settings_of(optimizer):
        made, parameters = with_two_groups(optimizer, settings)
        pushed(made, parameters, with_gaps(pushes(1)[0], 0))  # one has no state yet
        saved, there = copy.deepcopy(made.state_dict()), places(parameters)
        ends = []
        for _ in range(2):
            made.load_state_dict(copy.deepcopy(saved))
            with torch.no_grad():
                for p, place in zip(parameters, there, strict=True):
                    p.copy_(place)
            for push in pushes(4)[1:]:
                pushed(made, parameters, push)
            ends.append(places(parameters))
        assert_same(f"{settings}: set back to an earlier state", *ends)


@pytest.mark.claim("4.2.11")
def test_the_state_survives_a_file(optimizer):
    def through_a_file(state: object) -> object:
        file = io.BytesIO()
        torch.save(state, file)
        return torch.load(io.BytesIO(file.getvalue()), weights_only=False)

    for settings in settings_of(optimizer)[-2:]:
        made, parameters = with_two_groups(optimizer, settings)
        for push in pushes(2):
            pushed(made, parameters, push)
        other, twins = copied_to(optimizer, settings, made, parameters, through_a_file)
        for push in pushes(4)[2:]:
            pushed(made, parameters, push)
            pushed(other, twins, push)
        assert_same(f"{settings}: through a file", places(twins), places(parameters))


@pytest.mark.claim("4.2.11")
def test_to_save_is_to_look_and_not_to_touch(optimizer):
    for settings in settings_of(optimizer):
        made, parameters = with_two_groups(optimizer, settings)
        twin, twins = with_two_groups(optimizer, settings)
        for push in pushes(4):
            made.state_dict()
            pushed(made, parameters, push)
            pushed(twin, twins, push)
            made.state_dict()
        assert_same(f"{settings}: saved all the time", places(parameters), places(twins))


@pytest.mark.claim("4.2.11")
def test_what_was_loaded_can_be_loaded_again(optimizer):
    for settings in settings_of(optimizer):
        made, parameters = with_two_groups(optimizer, settings)
        pushed(made, parameters, pushes(1)[0])
        saved = copy.deepcopy(made.state_dict())
        copied_to(optimizer, settings, made, parameters, lambda state, saved=saved: saved)
        other, twins = copied_to(
            optimizer, settings, made, parameters, lambda state, saved=saved: saved
        )
        for push in pushes(3)[1:]:
            pushed(made, parameters, push)
            pushed(other, twins, push)
        assert_same(f"{settings}: loaded again", places(twins), places(parameters))
