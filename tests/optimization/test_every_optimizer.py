"""What every optimizer owes its caller, whatever its rule.

Each group has its own settings, which may change between steps; gradients are read and not written
to; and a small step lowers the loss. More in `test_every_parameter.py`, `test_every_state.py`, and
`test_programs.py`, where all of it comes together.
"""

import contextlib
import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, assert_within, tolerance
from sums_to_one.tests.common.inputs import DTYPES, exact, grid
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import feature, needs, option, provides
from sums_to_one.tests.optimization.trajectories import (
    MANY_SHAPES,
    Run,
    Settings,
    assert_same_numbers,
    documented,
    downhill,
    gradients,
    in_groups,
    leaf,
    places,
    pulled,
    pushed,
    pushes,
    run_of,
    settings_of,
    side_by_side,
    starts,
    up_and_down,
    walk,
    with_another_value,
    with_gaps,
    with_one_off,
    without_decay,
)


@pytest.mark.claim("4.2.10")
def test_each_group_has_its_own_settings(optimizer):
    for settings, other in with_another_value(optimizer):
        parameters = [leaf(grid(2, 3)) for _ in range(3)]
        groups = [{"params": [p]} for p in parameters]
        groups[1] |= other
        pulled(in_groups(optimizer, groups, **settings), parameters, gradients(4, 2, 3))
        for p, own in zip(parameters, ({}, other, {}), strict=True):
            alone = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **{**settings, **own})[-1]
            assert_close(f"{settings}, between two groups one of {other}", p.detach(), alone)


@pytest.mark.claim("4.2.10")
def test_a_group_may_have_off_what_is_on_in_the_others(optimizer):
    for settings, off in with_one_off(optimizer):
        alone = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **{**settings, **off})[-1]
        first, own, late = parameters = [leaf(grid(2, 3)) for _ in range(3)]
        groups = [{"params": [first]}, {"params": [own], **off}]
        made = in_groups(optimizer, groups, **settings)
        needs(made, "add_param_group")
        made.add_param_group({"params": [late], **off})
        pulled(made, parameters, gradients(4, 2, 3))
        for p in (own, late):
            assert_close(f"{settings}, and in a group {off}", p.detach(), alone)


@pytest.mark.claim("4.2.10")
def test_a_group_that_is_added_later_begins_then(optimizer):
    pulls, late = gradients(5, 2, 3), gradients(5, 2, 3)[2:]
    for settings in settings_of(optimizer):
        made, parameters = run_of(optimizer, [grid(2, 3)], **settings)
        needs(made, "add_param_group")
        pulled(made, parameters, pulls[:2])
        for own in ({"lr": 0.5}, {}):
            parameters.append(leaf(grid(2, 3)))
            made.add_param_group({"params": parameters[-1:], **own})
        pulled(made, parameters, late)
        for p, of, rate in zip(parameters, (pulls, late, late), (0.25, 0.5, 0.25), strict=True):
            alone = walk(optimizer, grid(2, 3), of, **{**settings, "lr": rate})[-1]
            assert_close(f"{settings}: {len(of)} steps at a rate of {rate}", p.detach(), alone)


@pytest.mark.claim("4.2.10")
def test_a_group_that_is_added_has_the_settings_the_optimizer_was_made_with(optimizer):
    for settings in settings_of(optimizer):
        first, second = leaf(grid(2, 3)), leaf(grid(2, 3))
        made = in_groups(optimizer, [{"params": [first]}], **settings)
        needs(made, "add_param_group")
        made.param_groups[0]["lr"] = 8.0  # the first group's own affair
        made.add_param_group({"params": [second]})
        pulled(made, [first, second], gradients(2, 2, 3))
        expected = walk(optimizer, grid(2, 3), gradients(2, 2, 3), **settings)[-1]
        assert_close(f"{settings}: the added group", second.detach(), expected)


WHOLE = ("lr", "weight_decay", "eps", "lr_decay", "initial_accumulator_value")
# What may be given without its name, after the parameters and the learning rate.
BY_PLACE: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.5, "dampening": 0.25, "weight_decay": 0.125},
    "Adagrad": {
        "lr_decay": 0.5,
        "weight_decay": 0.125,
        "initial_accumulator_value": 4.0,
        "eps": 0.25,
    },
    "RMSprop": {
        "alpha": 0.75,
        "eps": 0.25,
        "weight_decay": 0.125,
        "momentum": 0.5,
        "centered": True,
    },
    "Adam": {"betas": (0.5, 0.75), "eps": 0.25, "weight_decay": 0.125, "amsgrad": True},
}


@pytest.mark.claim("4.2.10")
def test_settings_have_their_places_in_the_order_of_the_documentation(optimizer):
    named: dict[str, Any] = {"lr": 0.25}
    for name, value in BY_PLACE[optimizer.name].items():
        if not provides(optimizer, name) or by_name_alone(optimizer, name):
            break  # and what follows has another place
        named[name] = value
        parameter = leaf(grid(2, 3))
        pulled(optimizer([parameter], *named.values()), [parameter], gradients(3, 2, 3))
        expected = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **named)[-1]
        assert_close(f"{tuple(named.values())} for {named}", parameter.detach(), expected)


def by_name_alone(optimizer, name: str) -> bool:
    """Whether an argument has no place: to be asked for by its name is a choice of its author."""
    argument = inspect.signature(optimizer).parameters.get(name)
    return argument is not None and argument.kind is argument.KEYWORD_ONLY


@pytest.mark.claim("4.2.10")
def test_what_a_group_says_before_the_first_step_counts(optimizer):
    for settings, other in with_another_value(optimizer):
        made, (parameter,) = run_of(optimizer, [grid(2, 3)], **settings)
        needs(made, "param_groups")
        if is_on(settings, *other) and {*other} <= {*made.param_groups[0]}:
            made.param_groups[0].update(other)
            pulled(made, [parameter], gradients(4, 2, 3))
            expected = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **{**settings, **other})[-1]
            assert_close(f"{settings}, then {other}", parameter.detach(), expected)


def is_on(settings: Settings, name: str) -> bool:
    """What is off need not be prepared to be on: it may have state of its own."""
    return bool(settings.get(name)) or name not in ("momentum", "centered", "amsgrad")


@pytest.mark.claim("4.2.10")
def test_a_rate_that_is_a_tensor_is_read_and_left_as_it_was(optimizer):
    for settings in settings_of(optimizer):
        rate = exact(0.25)
        with feature("a learning rate that is a tensor", unheard_of=True):
            pulled(*run_of(optimizer, [grid(2, 3)], **{**settings, "lr": rate}), gradients(1, 2, 3))
        came = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **{**settings, "lr": rate})
        expected = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **settings)
        assert_close(f"{settings}: with a tensor for the rate", came, expected)
        assert rate.item() == 0.25, f"{settings}: the tensor is {rate.item()} now, it was 0.25"


@pytest.mark.claim("4.2.10")
def test_every_step_is_as_long_as_the_learning_rate_of_that_moment(optimizer):
    start, pulls, rates = grid(2, 3), gradients(6, 2, 3), [0.25, 0.25, 2.0, 0.0, 0.125, 0.5]
    for settings in without_decay(optimizer):
        way = walk(optimizer, start, pulls, **{**settings, "lr": 1.0})
        steps = way.diff(dim=0, prepend=start[None])
        ends = with_rates(optimizer, settings, start, pulls, rates, rates[::-1])
        for came, own in zip(ends, (rates, rates[::-1]), strict=True):
            expected = start + (steps * exact(own)[:, None, None]).sum(dim=0)
            assert_close(f"{settings}: rates of {own}", came, expected)


def with_rates(optimizer, settings, start: Tensor, pulls, *rates: list[float]) -> list[Tensor]:
    """Where parameters end, one in each group, whose group has another rate in every step."""
    parameters = [leaf(start) for _ in rates]
    made = in_groups(optimizer, [{"params": [p]} for p in parameters], **settings)
    for pull, *now in zip(pulls, *rates, strict=True):
        for group, rate in zip(made.param_groups, now, strict=True):
            group["lr"] = rate
        pulled(made, parameters, [pull])
    return places(parameters)


@pytest.mark.claim("4.2.10")
def test_the_groups_tell_their_settings(optimizer):
    for settings in settings_of(optimizer):
        first, second = leaf(grid(2, 3)), leaf(grid(5))
        groups = [{"params": [first]}, {"params": [second], "lr": 0.5}]
        made = in_groups(optimizer, groups, **settings)
        for group, own, rate in zip(made.param_groups, (first, second), (0.25, 0.5), strict=True):
            assert [id(p) for p in group["params"]] == [id(own)], "the parameters of the group"
            assert group["lr"] == rate, f"the learning rate is {rate}, the group says {group['lr']}"


@pytest.mark.claim("4.2.10")
def test_parameters_may_come_one_by_one(optimizer):
    for settings in settings_of(optimizer):
        parameters = [leaf(start) for start in starts()]
        made = optimizer((p for p in parameters), **settings)
        other = run_of(optimizer, starts(), **settings)
        side_by_side(pushes(2), Run(made, parameters), other)
        assert_same_numbers("from a generator", places(parameters), other.places)


@pytest.mark.claim("4.2.10")
def test_groups_and_their_parameters_may_come_one_by_one(optimizer):
    for settings in settings_of(optimizer):
        ends = []
        for way in (list, iter, lambda parts: (part for part in parts)):
            parameters = [leaf(start) for start in starts()]
            parts = (parameters[:2], parameters[2:])
            made = in_groups(optimizer, way([{"params": way(part)} for part in parts]), **settings)
            side_by_side(pushes(2), Run(made, parameters))
            ends.append(places(parameters))
        for came in ends[1:]:
            assert_same_numbers(f"{settings}: groups that come one by one", came, ends[0])


@pytest.mark.claim("4.2.10")
def test_a_setting_may_be_a_whole_number(optimizer):
    for name in documented(optimizer, dict.fromkeys(WHOLE, 1)):
        whole, same = ({"lr": kind(1), name: kind(1)} for kind in (int, float))
        with feature("whole numbers among the settings"):
            optimizer([leaf(grid(1))], **whole)
        came = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **whole)
        expected = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **same)
        assert_close(f"with {whole}, and not {same}", came, expected)


class Closure:
    """A loss with other gradients in every call, and what the calls have returned."""

    def __init__(self, parameter: Tensor) -> None:
        self.parameter, self.returned = parameter, list[float]()

    def __call__(self) -> Tensor:
        self.parameter.grad = None
        loss = (self.parameter * downhill(len(self.returned), 2, 3)).sum()
        loss.backward()
        self.returned.append(loss.item())
        return loss


@pytest.mark.claim("4.2.10")
def test_a_closure_is_called_once_and_its_loss_comes_back(optimizer):
    for settings in settings_of(optimizer):
        made, (parameter,) = run_of(optimizer, [grid(2, 3)], **settings)
        option(made.step, "closure")
        closure = Closure(parameter)
        losses = [made.step(closure), made.step(closure=closure), made.step(closure)]
        assert all(loss is not None for loss in losses), (
            f"step(closure) should return the loss, came {losses}"
        )
        assert len(closure.returned) == 3, f"3 steps called it {len(closure.returned)} times"
        came = [torch.as_tensor(loss).item() for loss in losses]
        assert came == closure.returned, f"the closure returned {closure.returned}, came {came}"
        expected = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **settings)[-1]
        assert_close(f"{settings}: with a closure", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_gradients_are_left_as_they_were(optimizer):
    decay = {"weight_decay": 0.25} if provides(optimizer, "weight_decay") else {}
    for settings in up_and_down(optimizer):
        made, parameters = run_of(optimizer, starts(), **{**settings, **decay})
        for push in pushes(3):
            pushed(made, parameters, push)
            assert_same_numbers(f"{settings}: the gradients", [p.grad for p in parameters], push)


@pytest.mark.claim("4.2.10")
def test_writing_into_a_gradient_afterwards_changes_nothing(optimizer):
    for settings, left in itertools.product(settings_of(optimizer), (0.0, 7.0)):
        made, (parameter,) = run_of(optimizer, [grid(2, 3)], **settings)
        parameter.grad = torch.zeros_like(parameter)
        for pull in gradients(4, 2, 3):
            parameter.grad.copy_(pull)  # always in the same place
            made.step()
            parameter.grad.fill_(left)
        expected = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **settings)[-1]
        assert_close(f"{settings}: gradients in one place", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_gradients_that_are_not_zeroed_add_up(optimizer):
    sums = [sum(gradients(t + 1, 2, 3)) for t in range(3)]
    for settings in settings_of(optimizer):
        made, (parameter,) = run_of(optimizer, [grid(2, 3)], **settings)
        for pull in gradients(3, 2, 3):
            (parameter * pull).sum().backward()
            made.step()
        expected = walk(optimizer, grid(2, 3), sums, **settings)[-1]
        assert_close(f"{settings}: without zero_grad", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_zero_grad_forgets_every_gradient(optimizer):
    made, parameters = run_of(optimizer, starts(), lr=0.25)
    needs(made, "zero_grad")
    for _ in range(2):
        with_gradients(parameters)
        made.zero_grad()
        left = [p.grad for p in parameters if p.grad is not None and p.grad.any()]
        assert not left, f"zero_grad left {left}"
        assert_same_numbers("the parameters", places(parameters), starts())


def with_gradients(parameters: list[Tensor]) -> None:
    for p in parameters:
        p.grad = torch.ones_like(p)


@pytest.mark.claim("4.2.10")
def test_zero_grad_forgets_the_gradients_of_every_group(optimizer):
    parameters = [leaf(start) for start in starts()]
    made = in_groups(optimizer, [{"params": [p]} for p in parameters], lr=0.25)
    needs(made, "zero_grad")
    with_gradients(parameters)
    made.zero_grad()
    left = [p.grad for p in parameters if p.grad is not None and p.grad.any()]
    assert not left, f"zero_grad left {left}"


@pytest.mark.claim("4.2.10")
def test_zero_grad_sets_to_none_or_to_zeros_as_it_is_told(optimizer):
    made, parameters = run_of(optimizer, [grid(2, 3), grid(5), grid(7)], lr=0.25)
    needs(made, "zero_grad")
    option(made.zero_grad, "set_to_none")
    for way, none in (({}, True), ({"set_to_none": True}, True), ({"set_to_none": False}, False)):
        with_gradients(parameters[:2])  # the third has none
        made.zero_grad(**way)
        found = [p.grad if p.grad is None else p.grad.count_nonzero().item() for p in parameters]
        expected = [None if none else 0] * 2 + [None]
        assert found == expected, f"zero_grad({way}) left {found} numbers, not {expected}"


@pytest.mark.claim("4.2.10")
def test_zero_grad_changes_no_step_to_come(optimizer):
    for settings in settings_of(optimizer):
        made, (parameter,) = run_of(optimizer, [grid(2, 3)], **settings)
        needs(made, "zero_grad")
        ways = [
            {"set_to_none": n} for n in (True, False) if provides(made.zero_grad, "set_to_none")
        ]
        for pull, way in zip(gradients(4, 2, 3), itertools.cycle(ways or [{}])):
            pulled(made, [parameter], [pull])
            made.zero_grad(**way)
        expected = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **settings)[-1]
        assert_close(f"{settings}: with zero_grad after each step", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_only_a_step_moves_a_parameter(optimizer):
    for settings in settings_of(optimizer):
        parameters = [leaf(start) for start in starts()]
        with_gradients(parameters)
        made = optimizer(parameters, **settings)
        assert_same_numbers("when it is made", places(parameters), starts())
        for name in ("zero_grad", "state_dict"):
            getattr(made, name, lambda: None)()
        assert_same_numbers("by zero_grad and state_dict", places(parameters), starts())
        for p in parameters:
            p.grad = None  # which zero_grad has done, where there is one
        made.step()
        assert_same_numbers("by a step without gradients", places(parameters), starts())


@pytest.mark.claim("4.2.10")
def test_a_parameter_stays_what_it_is(optimizer):
    for settings, dtype in itertools.product(settings_of(optimizer), DTYPES):
        parameters = [torch.nn.Parameter(start) for start in starts(dtype)]
        made = optimizer(parameters, **settings)
        for push in pushes(2, dtype):
            pushed(made, parameters, push)
        for p, shape in zip(parameters, MANY_SHAPES, strict=True):
            assert isinstance(p, torch.nn.Parameter)
            assert (p.dtype, tuple(p.shape)) == (dtype, shape)
            assert p.requires_grad, "it asks for no gradient any more"
            assert p.is_leaf, f"it has become the result of a computation: {p.grad_fn}"


@pytest.mark.claim("4.2.10")
def test_training_a_model_step_by_step_works(optimizer):
    for settings in settings_of(optimizer):
        made, layer = run_of(optimizer, [grid(5, 3), grid(3)], **settings)
        other, twin = run_of(optimizer, [grid(5, 3), grid(3)], **settings)
        for t in range(3):
            layer[0].grad = layer[1].grad = None
            output(layer, t).backward()
            made.step()
            pushed(other, twin, torch.autograd.grad(output(twin, t), twin))
        for what, came, expected in zip(("weight", "bias"), layer, twin, strict=True):
            assert_close(f"{settings}: the {what}", came.detach(), expected.detach())


def output(layer: list[Tensor], step: int) -> Tensor:
    weight, bias = layer
    return (grid(7, 5).roll(step, 0) @ weight + bias).tanh().sum()


@pytest.mark.claim("4.2.10")
def test_the_state_of_torch_is_left_as_it_was(optimizer):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    for settings, recording in itertools.product(settings_of(optimizer), (True, False)):
        made, parameters = run_of(optimizer, [grid(2, 3)], **settings)
        with torch.set_grad_enabled(recording):
            pulled(made, parameters, gradients(1, 2, 3))
            if provides(made.step, "closure"):
                made.step(lambda: torch.tensor(1.0))
            assert torch.is_grad_enabled() == recording, (
                f"gradients were recorded: {recording} before, {not recording} after"
            )
    assert torch.equal(torch.get_rng_state(), before), (
        "the state of random numbers changed: some were drawn, or a seed set"
    )
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.claim("4.2.10")
def test_the_default_dtype_makes_no_difference(optimizer):
    for default in (torch.float64, torch.float16):
        for settings, dtype in itertools.product(settings_of(optimizer), DTYPES):
            pulls = gradients(3, 2, 3, dtype=dtype)
            expected = walk(optimizer, grid(2, 3).to(dtype), pulls, **settings).double()
            with feature(f"a default dtype of {default}"), by_default(default):
                came = walk(optimizer, grid(2, 3).to(dtype), pulls, **settings)
            assert_close(f"{settings}, {dtype} with a default of {default}", came, expected)


@contextlib.contextmanager
def by_default(dtype: torch.dtype) -> Iterator[None]:
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


# What the settings that all of them have mean.


@pytest.mark.claim("4.2.12")
def test_weight_decay_adds_to_the_gradient(optimizer):
    option(optimizer, "weight_decay")
    for settings, decay in itertools.product(settings_of(optimizer), (0.0, 0.01, 0.25, 2.0)):
        made, (came,) = run_of(optimizer, [grid(2, 3)], **{**settings, "weight_decay": decay})
        other, (twin,) = run_of(optimizer, [grid(2, 3)], **{**settings, "weight_decay": 0.0})
        for t, pull in enumerate(gradients(4, 2, 3)):
            pull[:1] *= t % 2  # a row that was not looked up decays, too
            pushed(made, [came], [pull])
            pushed(other, [twin], [pull + decay * twin.detach()])
            assert_close(f"{settings}: decay of {decay}", came.detach(), twin.detach())


@pytest.mark.claim("4.2.12")
def test_to_maximize_is_to_minimize_the_opposite(optimizer):
    option(optimizer, "maximize")
    for settings in settings_of(optimizer):
        opposite = [-pull for pull in gradients(4, 2, 3)]
        came = walk(optimizer, grid(2, 3), gradients(4, 2, 3), maximize=True, **settings)
        expected = walk(optimizer, grid(2, 3), opposite, maximize=False, **settings)
        assert_close(f"{settings}: maximize", came, expected)


@pytest.mark.claim("4.2.12")
@pytest.mark.parametrize("way", ["foreach", "fused"])
def test_the_faster_ways_lead_to_the_same_place(optimizer, way):
    option(getattr(torch.optim, optimizer.name), way)
    option(optimizer, way)
    for settings, dtype in itertools.product(up_and_down(optimizer), DTYPES[:2]):
        fast = run_of(optimizer, starts(dtype), **settings, **{way: True})
        plain = run_of(optimizer, starts(dtype), **settings)
        for t, push in enumerate(pushes(3, dtype)):
            # Fused, PyTorch's SGD cannot add a parameter's first gradient to others' tenth.
            side_by_side([push if way == "fused" else with_gaps(push, t)], fast, plain)
        for came, expected in zip(fast.places, plain.places, strict=True):
            assert_close(f"{settings}: {way}", came, expected.double())


# Numbers.


@pytest.mark.claim("4.2.13")
def test_lower_precision_costs_only_rounding(optimizer):
    for settings, dtype in itertools.product(settings_of(optimizer), DTYPES):
        for shape, scale in itertools.product(((), (7,), (3, 5), (2, 3, 5)), (1.0, 2.0**20)):
            if (dtype, scale) == (torch.float16, 2.0**20):
                continue  # beyond its largest number, 65504
            start = (scale * grid(*shape)).to(dtype)
            pulls = [scale * pull for pull in gradients(4, *shape, dtype=dtype)]
            exactly = walk(optimizer, start.double(), [p.double() for p in pulls], **settings)
            came, due = walk(optimizer, start, pulls, **settings), exactly / scale
            # Where it comes from far away, a number has the digits that it had there.
            size = due.abs().amax(0).clamp(min=1).expand_as(due)
            assert_within(f"{settings}: in {dtype}", came / scale, due, tolerance(dtype) * size)


# The smallest gradients whose square, times its weight in the average, float16 can hold; SGD
# averages none, and has no such limit.
DEFAULT_RATES = {"SGD": 1e-3, "Adagrad": 1e-2, "RMSprop": 1e-2, "Adam": 1e-3}
LEAST_IN_FLOAT16 = {"SGD": 1e-3, "Adagrad": 1.73e-4, "RMSprop": 1.73e-3, "Adam": 5.46e-3}
FIRST_STEPS = {"SGD": 1e-3, "Adagrad": 1e-2, "RMSprop": 1e-1, "Adam": 1e-3}


@pytest.mark.claim("4.2.13")
def test_in_float16_the_usual_settings_hold_gradients_down_to_a_limit(optimizer):
    for dtype, factor in itertools.product(inside([torch.float16]), (1.1, 1.5, 4.0)):
        pull = torch.full((3,), factor * LEAST_IN_FLOAT16[optimizer.name], dtype=dtype)
        (step,) = walk(optimizer, torch.zeros_like(pull), [pull], lr=DEFAULT_RATES[optimizer.name])
        length = -step.max().item() / FIRST_STEPS[optimizer.name]
        if optimizer.name == "SGD":
            length /= pull[0].item()  # its step is the gradient's
        assert 0.5 < length < 2, f"of gradients of {pull[0]} it makes {length} times the step"


@pytest.mark.claim("4.2.13")
def test_below_that_limit_float16_holds_neither_the_average_nor_eps() -> None:
    weights = {"Adagrad": 1.0, "RMSprop": 1 - 0.99, "Adam": 1 - 0.999}
    for name, weight in weights.items():
        for factor, held in ((0.99, False), (1.01, True)):
            average = weight * (factor * LEAST_IN_FLOAT16[name]) ** 2
            came = torch.tensor(average, dtype=torch.float64).half().item()
            assert (came > 0) == held, f"{name}: of {average} float16 makes {came}"
    assert torch.tensor(1e-8).half() == 0, "the usual eps is not 0"


@pytest.mark.claim("4.0.2")
def test_a_small_step_lowers_the_loss(optimizer):
    x, places_to_start = grid(7, 3), (grid(3, 5), grid(3, 5) / 7)
    for settings, start in itertools.product(without_decay(optimizer), places_to_start):
        made, (weight,) = run_of(optimizer, [start], **{**settings, "lr": 1e-4})
        before = (x @ weight).tanh().square().mean()
        before.backward()
        made.step()
        after = (x @ weight).tanh().square().mean()
        assert after < before, f"{settings}: {before.item()} before, {after.item()} after"
