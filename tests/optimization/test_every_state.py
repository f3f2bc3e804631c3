"""What every optimizer remembers can be saved and loaded, and it continues bit for bit.

Without it training goes on, too, and nothing fails; only the steps are others.
"""

import copy
import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, grid
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import feature, needs
from sums_to_one.tests.optimization.trajectories import (
    Run,
    Settings,
    assert_same_numbers,
    gradients,
    in_groups,
    leaf,
    provided,
    pulled,
    pushed,
    pushes,
    run_of,
    set_back,
    settings_of,
    side_by_side,
    starts,
    with_gaps,
)


@pytest.mark.claim("4.2.11")
def test_after_loading_it_continues_bit_for_bit(optimizer):
    for settings, dtype, before in itertools.product(settings_of(optimizer), DTYPES, (0, 1, 3)):
        pulls = gradients(before + 3, 2, 3, dtype=dtype)
        run = run_of(optimizer, [grid(2, 3).to(dtype)], **settings)
        needs(run.made, "state_dict", "load_state_dict")
        pulled(*run, pulls[:before])
        other = run_of(optimizer, run.places, **settings)
        other.made.load_state_dict(copy.deepcopy(run.made.state_dict()))
        side_by_side([[pull] for pull in pulls[before:]], run, other)
        assert_as_good_as_unloaded(f"{settings}, {dtype}, loaded after {before}", other, run)


def assert_as_good_as_unloaded(sentence: str, loaded: Run, run: Run) -> None:
    """Bit for bit, if its state has no more digits: PyTorch's loading leaves those out."""
    __tracebackhide__ = True
    (came,), (expected,) = loaded.places, run.places
    numbers = [t for t in tensors_in(run.made.state_dict()) if t.shape == expected.shape]
    precisions = [torch.finfo(t.dtype).eps for t in numbers if t.is_floating_point()]
    if any(eps < torch.finfo(expected.dtype).eps for eps in precisions):
        assert_close(sentence, came, expected.double())
    else:
        assert_same_numbers(sentence, [came], [expected])


def tensors_in(state: object) -> Iterator[Tensor]:
    """All that are somewhere in nested dictionaries and lists."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict | list | tuple):
        for part in state.values() if isinstance(state, dict) else state:
            yield from tensors_in(part)


def with_two_groups(optimizer, settings: Settings) -> Run:
    """An optimizer of many parameters in two groups, the second with half the learning rate."""
    parameters = [leaf(start) for start in starts()]
    groups = [{"params": parameters[:3]}, {"params": parameters[3:], "lr": settings["lr"] / 2}]
    made = in_groups(optimizer, groups, **settings)
    needs(made, "state_dict", "load_state_dict")
    return Run(made, parameters)


def copied_to(optimizer, settings: Settings, run: Run, copy=copy.deepcopy) -> Run:
    """A new optimizer of copies of the parameters, to which the state is loaded."""
    other = with_two_groups(optimizer, settings)
    set_back(other.parameters, run.parameters)
    other.made.load_state_dict(copy(run.made.state_dict()))
    assert_same_numbers("loading moved the parameters", other.places, run.places)
    return other


@pytest.mark.claim("4.2.11")
def test_every_parameter_gets_its_own_state_back(optimizer):
    plan = [with_gaps(push, t % 3) for t, push in enumerate(pushes(5))]
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, settings)
        side_by_side(plan[:3], run)
        other = copied_to(optimizer, settings, run)
        third = copied_to(optimizer, settings, other)  # handed on at once
        side_by_side(plan[3:], run, other, third)
        assert_same_numbers(f"{settings}: loaded", other.places, run.places)
        assert_same_numbers(f"{settings}: loaded twice", third.places, run.places)


@pytest.mark.claim("4.2.11")
def test_the_settings_are_loaded_too(optimizer):
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, settings)
        if hasattr(run.made, "param_groups"):
            run.made.param_groups[1]["lr"] = 0.375  # changed since it was made
        side_by_side(pushes(1), run)
        other = copied_to(optimizer, {"lr": 3.0}, run)  # made otherwise
        side_by_side(pushes(4)[1:], run, other)
        assert_same_numbers(f"{settings}: loaded into defaults", other.places, run.places)


@pytest.mark.claim("4.2.11")
def test_what_was_off_when_it_was_saved_is_off_after_loading(optimizer):
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, {"lr": 0.25})
        side_by_side(pushes(1), run)
        other = copied_to(optimizer, settings, run)  # made with more
        side_by_side(pushes(4)[1:], run, other)
        assert_same_numbers(f"none of {settings}: loaded", other.places, run.places)


@pytest.mark.claim("4.2.11")
def test_the_learning_rate_can_be_changed_after_loading(optimizer):
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, settings)
        needs(run.made, "param_groups")
        side_by_side(pushes(1), run)
        other = copied_to(optimizer, settings, run)
        for t, push in enumerate(pushes(3)):
            for made, parameters in (run, other):
                made.param_groups[t % 2]["lr"] = 1.0 + t
                pushed(made, parameters, push)
        assert_same_numbers(f"{settings}: other rates after loading", other.places, run.places)


@pytest.mark.claim("4.2.11")
def test_a_copy_together_with_its_parameters_continues_as_the_original(optimizer):
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, settings)
        side_by_side(pushes(2), run)
        with feature("a deep copy"):
            other = Run(*copy.deepcopy((run.made, run.parameters)))
        side_by_side(pushes(5)[2:], other, run)
        assert_same_numbers(f"{settings}: copied", other.places, run.places)


@pytest.mark.claim("4.2.11")
def test_an_optimizer_can_be_set_back(optimizer):
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, settings)
        side_by_side([with_gaps(pushes(1)[0], 0)], run)  # one has no state yet
        saved, there, ends = copy.deepcopy(run.made.state_dict()), run.places, []
        for _ in range(2):
            run.made.load_state_dict(copy.deepcopy(saved))
            set_back(run.parameters, there)
            side_by_side(pushes(4)[1:], run)
            ends.append(run.places)
        assert_same_numbers(f"{settings}: set back to an earlier state", *ends)


@pytest.mark.claim("4.2.11")
def test_the_state_survives_a_file(optimizer):
    for settings in settings_of(optimizer)[-2:]:
        run = with_two_groups(optimizer, settings)
        side_by_side(pushes(2), run)
        other = copied_to(optimizer, settings, run, through_a_file)
        side_by_side(pushes(4)[2:], run, other)
        assert_same_numbers(f"{settings}: through a file", other.places, run.places)


def through_a_file(state: object) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    return torch.load(io.BytesIO(file.getvalue()), weights_only=False)


@pytest.mark.claim("4.2.11")
def test_to_save_is_to_look_and_not_to_touch(optimizer):
    for settings in settings_of(optimizer):
        saved, twin = (with_two_groups(optimizer, settings) for _ in range(2))
        for push in pushes(4):
            saved.made.state_dict()
            side_by_side([push], saved, twin)
            saved.made.state_dict()
        assert_same_numbers(f"{settings}: saved all the time", saved.places, twin.places)


@pytest.mark.claim("4.2.11")
def test_what_was_loaded_can_be_loaded_again(optimizer):
    for settings in settings_of(optimizer):
        run = with_two_groups(optimizer, settings)
        side_by_side(pushes(1), run)
        saved = copy.deepcopy(run.made.state_dict())
        for _ in range(2):
            other = copied_to(optimizer, settings, run, lambda state, saved=saved: saved)
        side_by_side(pushes(3)[1:], run, other)
        assert_same_numbers(f"{settings}: loaded again", other.places, run.places)


# In these settings the number of steps shows for hundreds of them; of 16 bits, the fewer digits
# come first. 256 + 1 is 256 in bfloat16, and 2048 + 1 is 2048 in float16.
SLOW = {"Adam": {"betas": (0.5, 0.9999), "eps": 2.0**-10}, "Adagrad": {"lr_decay": 0.25}}
BEYOND_THE_COUNT = {torch.bfloat16: 300, torch.float16: 2200}


def loaded(optimizer, settings: Settings, run: Run) -> Run:
    """A new optimizer of copies of the parameters, to which the state is loaded."""
    needs(run.made, "state_dict", "load_state_dict")
    other = run_of(optimizer, run.places, **settings)
    other.made.load_state_dict(copy.deepcopy(run.made.state_dict()))
    return other


def copied(optimizer, settings: Settings, run: Run) -> Run:
    """The optimizer and its parameters as a deep copy of both."""
    with feature("a deep copy"):
        return Run(*copy.deepcopy((run.made, run.parameters)))


@pytest.mark.claim("4.2.11")
@pytest.mark.parametrize("again", [loaded, copied], ids=lambda way: way.__name__)
def test_loaded_or_copied_it_takes_the_same_step_after_a_long_rest(optimizer, again):
    dtype, *_ = inside(BEYOND_THE_COUNT)
    zero = torch.zeros(1, dtype=dtype)
    settings = {"lr": 64.0, **provided(optimizer, SLOW.get(optimizer.name, {}))}
    run = run_of(optimizer, [zero], **settings)
    pulled(*run, [zero])
    other = again(optimizer, settings, run)
    for one in (run, other):
        pulled(*one, [zero] * BEYOND_THE_COUNT[dtype] + [zero + 64.0])
    (came,), (expected,) = other.places, run.places
    assert_close(f"{settings}, {dtype}: {again.__name__}", came, expected.double())
