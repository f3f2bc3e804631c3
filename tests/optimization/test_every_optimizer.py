"""What every optimizer owes its caller, whatever its rule.

Each group has its own settings, which may change between steps; gradients are read and not written
to; and a small step lowers the loss. More in `test_every_parameter.py`, `test_every_state.py`, and
`test_programs.py`, where all of it comes together.
"""

import itertools
from typing import Any

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, exact, grid
from sums_to_one.tests.common.options import needs, option, provides
from sums_to_one.tests.optimization.trajectories import (
    OTHERS,
    SHAPES,
    assert_same,
    documented,
    downhill,
    gradients,
    in_groups,
    leaf,
    places,
    provided,
    pushed,
    pushes,
    settings_of,
    starts,
    walk,
    with_gaps,
    without_decay,
)

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
def test_each_group_has_its_own_settings(optimizer):
    for settings in settings_of(optimizer):
        cases = [{name: value} for name, value in documented(optimizer, OTHERS).items()]
        for case in cases:
            own = {**settings, **case}
            if own.get("nesterov") and (not own.get("momentum") or own.get("dampening")):
                continue  # such a step is not defined
            first, second, third = (leaf(grid(2, 3)) for _ in range(3))
            groups = [{"params": [first]}, {"params": [second], **case}, {"params": [third]}]
            made = in_groups(optimizer, groups, **settings)
            for pull in gradients(4, 2, 3):
                pushed(made, [first, second, third], [pull, pull, pull])
            usual = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **settings)[-1]
            special = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **own)[-1]
            assert_close(f"{settings}: a group beside one of {case}", first.detach(), usual)
            assert_close(f"{settings}: the group of {case}", second.detach(), special)
            assert_close(f"{settings}: a group after one of {case}", third.detach(), usual)


@pytest.mark.claim("4.2.10")
def test_a_group_that_is_added_later_begins_then(optimizer):
    for settings in settings_of(optimizer):
        first, second, third = (leaf(grid(2, 3)) for _ in range(3))
        made = optimizer([first], **settings)
        needs(made, "add_param_group")
        pulls = gradients(5, 2, 3)
        for pull in pulls[:2]:
            pushed(made, [first], [pull])
        made.add_param_group({"params": [second], "lr": 0.5})
        made.add_param_group({"params": [third]})
        for pull in pulls[2:]:
            pushed(made, [first, second, third], [pull, pull, pull])
        of_first = walk(optimizer, grid(2, 3), pulls, **settings)[-1]
        of_second = walk(optimizer, grid(2, 3), pulls[2:], **{**settings, "lr": 0.5})[-1]
        of_third = walk(optimizer, grid(2, 3), pulls[2:], **settings)[-1]
        assert_close(f"{settings}: the first group", first.detach(), of_first)
        assert_close(f"{settings}: a group with a rate of its own", second.detach(), of_second)
        assert_close(f"{settings}: a group with the usual settings", third.detach(), of_third)


@pytest.mark.claim("4.2.10")
def test_a_group_that_is_added_has_the_settings_the_optimizer_was_made_with(optimizer):
    for settings in settings_of(optimizer):
        first, second = leaf(grid(2, 3)), leaf(grid(2, 3))
        made = in_groups(optimizer, [{"params": [first]}], **settings)
        needs(made, "add_param_group")
        made.param_groups[0]["lr"] = 8.0  # the first group's own affair
        made.add_param_group({"params": [second]})
        for pull in gradients(2, 2, 3):
            pushed(made, [first, second], [pull, pull])
        expected = walk(optimizer, grid(2, 3), gradients(2, 2, 3), **settings)[-1]
        assert_close(f"{settings}: the added group", second.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_settings_have_their_places_in_the_order_of_the_documentation(optimizer):
    named: dict[str, Any] = {"lr": 0.25}
    for name, value in BY_PLACE[optimizer.name].items():
        if not provides(optimizer, name):
            break  # and what follows has another place
        named[name] = value
        parameter = leaf(grid(2, 3))
        made = optimizer([parameter], *named.values())
        for pull in gradients(3, 2, 3):
            pushed(made, [parameter], [pull])
        expected = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **named)[-1]
        assert_close(f"{tuple(named.values())} for {named}", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_every_step_is_as_long_as_the_learning_rate_of_that_moment(optimizer):
    rates = [0.25, 0.25, 2.0, 0.0, 0.125, 0.5]
    for settings in without_decay(optimizer):
        start, pulls = grid(2, 3), gradients(6, 2, 3)
        moves = walk(optimizer, start, pulls, **{**settings, "lr": 1.0}).diff(
            dim=0, prepend=start[None]
        )
        first, second = leaf(start), leaf(start)
        made = in_groups(optimizer, [{"params": [first]}, {"params": [second]}], **settings)
        for t, rate in enumerate(rates):
            made.param_groups[0]["lr"], made.param_groups[1]["lr"] = rate, rates[-1 - t]
            pushed(made, [first, second], [pulls[t], pulls[t]])
        expected = start + (moves * exact(rates)[:, None, None]).sum(dim=0)
        assert_close(f"{settings}: rates of {rates}", first.detach(), expected)
        expected = start + (moves * exact(rates[::-1])[:, None, None]).sum(dim=0)
        assert_close(f"{settings}: rates of {rates[::-1]}", second.detach(), expected)


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
        twins = [leaf(start) for start in starts()]
        other = optimizer(twins, **settings)
        for push in pushes(2):
            pushed(made, parameters, push)
            pushed(other, twins, push)
        assert_same("from a generator", places(parameters), places(twins))


@pytest.mark.claim("4.2.10")
def test_a_closure_is_called_once_and_its_loss_comes_back(optimizer):
    for settings in settings_of(optimizer):
        parameter, calls = leaf(grid(2, 3)), []
        made = optimizer([parameter], **settings)
        if not provides(made.step, "closure"):
            needs(made, "step with a closure")

        def closure(parameter=parameter, calls=calls):
            parameter.grad = None
            loss = (parameter * downhill(len(calls), 2, 3)).sum()
            loss.backward()
            calls.append(loss.item())
            return loss

        for t in range(3):
            loss = made.step(closure)
            assert loss is not None, "the loss that the closure returned did not come back"
            came = torch.as_tensor(loss).item()
            assert came == calls[t], f"the closure returned {calls}, the last step {came}"
        assert len(calls) == 3, f"3 steps called it {len(calls)} times"
        expected = walk(optimizer, grid(2, 3), gradients(3, 2, 3), **settings)[-1]
        assert_close(f"{settings}: with a closure", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_gradients_are_left_as_they_were(optimizer):
    for settings, more in itertools.product(settings_of(optimizer), ({}, {"maximize": True})):
        settings = provided(optimizer, {**settings, "weight_decay": 0.25, **more})
        parameters = [leaf(start) for start in starts()]
        made = optimizer(parameters, **settings)
        for push in pushes(3):
            pushed(made, parameters, push)
            assert_same(f"{settings}: the gradients", [p.grad for p in parameters], push)


@pytest.mark.claim("4.2.10")
def test_writing_into_a_gradient_afterwards_changes_nothing(optimizer):
    for settings, left in itertools.product(settings_of(optimizer), (0.0, 7.0)):
        parameter = leaf(grid(2, 3))
        parameter.grad = torch.zeros(2, 3, dtype=torch.float64)
        made = optimizer([parameter], **settings)
        for pull in gradients(4, 2, 3):
            parameter.grad.copy_(pull)  # always in the same place
            made.step()
            parameter.grad.fill_(left)
        expected = walk(optimizer, grid(2, 3), gradients(4, 2, 3), **settings)[-1]
        assert_close(f"{settings}: gradients in one place", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_gradients_that_are_not_zeroed_add_up(optimizer):
    for settings in settings_of(optimizer):
        parameter = leaf(grid(2, 3))
        made = optimizer([parameter], **settings)
        for pull in gradients(3, 2, 3):
            (parameter * pull).sum().backward()
            made.step()
        sums = [sum(gradients(t + 1, 2, 3)) for t in range(3)]
        expected = walk(optimizer, grid(2, 3), sums, **settings)[-1]
        assert_close(f"{settings}: without zero_grad", parameter.detach(), expected)


@pytest.mark.claim("4.2.10")
def test_zero_grad_forgets_every_gradient(optimizer):
    parameters = [leaf(start) for start in starts()]
    made = optimizer(parameters, lr=0.25)
    needs(made, "zero_grad")
    for _ in range(2):
        for p in parameters:
            p.grad = torch.ones_like(p)
        made.zero_grad()
        for p in parameters:
            assert p.grad is None or not p.grad.any(), f"zero_grad left {p.grad}"
        assert_same("the parameters", places(parameters), starts())


@pytest.mark.claim("4.2.10")
def test_zero_grad_forgets_the_gradients_of_every_group(optimizer):
    parameters = [leaf(start) for start in starts()]
    made = in_groups(optimizer, [{"params": [p]} for p in parameters], lr=0.25)
    needs(made, "zero_grad")
    for p in parameters:
        p.grad = torch.ones_like(p)
    made.zero_grad()
    left = [p.grad for p in parameters if p.grad is not None and p.grad.any()]
    assert not left, f"zero_grad left {left}"


@pytest.mark.claim("4.2.10")
def test_zero_grad_sets_to_none_or_to_zeros_as_it_is_told(optimizer):
    parameters = [leaf(grid(2, 3)), leaf(grid(5))]
    made = optimizer(parameters, lr=0.25)
    needs(made, "zero_grad")
    if not provides(made.zero_grad, "set_to_none"):
        needs(made, "zero_grad with set_to_none")
    for way, none in (({}, True), ({"set_to_none": True}, True), ({"set_to_none": False}, False)):
        for p in parameters:
            p.grad = torch.ones_like(p)
        made.zero_grad(**way)
        found = [p.grad is None for p in parameters]
        assert found == [none, none], f"zero_grad({way}) left {[p.grad for p in parameters]}"


@pytest.mark.claim("4.2.10")
def test_only_a_step_moves_a_parameter(optimizer):
    for settings in settings_of(optimizer):
        parameters = [leaf(start) for start in starts()]
        for p, push in zip(parameters, pushes(1)[0], strict=True):
            p.grad = push
        made = optimizer(parameters, **settings)
        assert_same("when it is made", places(parameters), starts())
        for name in ("zero_grad", "state_dict"):
            getattr(made, name, lambda: None)()
        assert_same("by zero_grad and state_dict", places(parameters), starts())
        made.step()
        assert_same("by a step without gradients", places(parameters), starts())


@pytest.mark.claim("4.2.10")
def test_a_parameter_stays_what_it_is(optimizer):
    for settings, dtype in itertools.product(settings_of(optimizer), DTYPES):
        parameters = [torch.nn.Parameter(start.to(dtype)) for start in starts()]
        made = optimizer(parameters, **settings)
        for push in pushes(2):
            pushed(made, parameters, [pull.to(dtype) for pull in push])
        for p, shape in zip(parameters, SHAPES, strict=True):
            assert isinstance(p, torch.nn.Parameter)
            assert (p.dtype, tuple(p.shape)) == (dtype, shape)
            assert p.requires_grad, "it asks for no gradient any more"
            assert p.is_leaf, f"it has become the result of a computation: {p.grad_fn}"


@pytest.mark.claim("4.2.10")
def test_training_a_model_step_by_step_works(optimizer):
    for settings in settings_of(optimizer):
        weight, bias = leaf(grid(5, 3)), leaf(grid(3))
        made = optimizer([weight, bias], **settings)
        twins = leaf(grid(5, 3)), leaf(grid(3))
        other = optimizer(twins, **settings)
        for t in range(3):
            x = grid(7, 5).roll(t, 0)
            for p in (weight, bias):
                p.grad = None
            (x @ weight + bias).tanh().sum().backward()
            made.step()
            pulls = torch.autograd.grad((x @ twins[0] + twins[1]).tanh().sum(), twins)
            pushed(other, twins, pulls)
        assert_close(f"{settings}: the weight", weight.detach(), twins[0].detach())
        assert_close(f"{settings}: the bias", bias.detach(), twins[1].detach())


@pytest.mark.claim("4.2.10")
def test_the_state_of_torch_is_left_as_it_was(optimizer):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    for settings, recording in itertools.product(settings_of(optimizer), (True, False)):
        parameter = leaf(grid(2, 3))
        made = optimizer([parameter], **settings)
        with torch.set_grad_enabled(recording):
            pushed(made, [parameter], [downhill(0, 2, 3)])
            if provides(made.step, "closure"):
                made.step(lambda: torch.tensor(1.0))
            assert torch.is_grad_enabled() == recording, "whether gradients are recorded"
    assert torch.equal(torch.get_rng_state(), before), "random numbers were drawn, or seeded"
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.claim("4.2.10")
def test_the_default_dtype_makes_no_difference(optimizer):
    for settings, dtype in itertools.product(settings_of(optimizer), DTYPES):
        pulls = gradients(3, 2, 3, dtype=dtype)
        expected = walk(optimizer, grid(2, 3).to(dtype), pulls, **settings)
        for default in (torch.float64, torch.float16):
            torch.set_default_dtype(default)
            try:
                came = walk(optimizer, grid(2, 3).to(dtype), pulls, **settings)
            finally:
                torch.set_default_dtype(torch.float32)
            assert_close(
                f"{settings}, {dtype} with a default of {default}", came, expected.double()
            )


# What the settings that all of them have mean.


@pytest.mark.claim("4.2.12")
def test_weight_decay_adds_to_the_gradient(optimizer):
    option(optimizer, "weight_decay")
    for settings, decay in itertools.product(settings_of(optimizer), (0.0, 0.01, 0.25, 2.0)):
        parameter, twin = leaf(grid(2, 3)), leaf(grid(2, 3))
        made = optimizer([parameter], **{**settings, "weight_decay": decay})
        other = optimizer([twin], **{**settings, "weight_decay": 0.0})
        for pull in gradients(4, 2, 3):
            pushed(made, [parameter], [pull])
            pushed(other, [twin], [pull + decay * twin.detach()])
            assert_close(f"{settings}: decay of {decay}", parameter.detach(), twin.detach())


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
    for settings, dtype in itertools.product(settings_of(optimizer), DTYPES[:2]):
        for maximize in (False, *provided(optimizer, {"maximize": True}).values()):
            own = {**settings, "maximize": True} if maximize else settings
            parameters, twins = ([leaf(s.to(dtype)) for s in starts()] for _ in range(2))
            made, other = optimizer(parameters, **own, **{way: True}), optimizer(twins, **own)
            for t, push in enumerate(pushes(3)):
                # Fused, PyTorch's SGD cannot add a parameter's first gradient to others' tenth.
                given = push if way == "fused" else with_gaps(push, t)
                pull = [None if p is None else p.to(dtype) for p in given]
                pushed(made, parameters, pull)
                pushed(other, twins, pull)
            for came, expected in zip(parameters, twins, strict=True):
                assert_close(f"{own}: {way}", came.detach(), expected.detach().double())


# Numbers.


@pytest.mark.claim("4.2.13")
def test_fewer_digits_cost_only_rounding(optimizer):
    for settings, dtype in itertools.product(settings_of(optimizer), DTYPES):
        for shape, scale in itertools.product(((), (7,), (3, 5), (2, 3, 5)), (1.0, 2.0**20)):
            if (dtype, scale) == (torch.float16, 2.0**20):
                continue  # beyond its largest number, 65504
            start = (scale * grid(*shape)).to(dtype)
            pulls = [scale * pull for pull in gradients(4, *shape, dtype=dtype)]
            exactly = walk(optimizer, start.double(), [p.double() for p in pulls], **settings)
            came = walk(optimizer, start, pulls, **settings)
            assert_close(f"{settings}: in {dtype}", came / scale, exactly / scale)


@pytest.mark.claim("4.0.2")
def test_a_small_step_lowers_the_loss(optimizer):
    for settings, start in itertools.product(
        without_decay(optimizer), (grid(3, 5), grid(3, 5) / 7)
    ):
        weight, x = leaf(start), grid(7, 3)
        made = optimizer([weight], **{**settings, "lr": 1e-4})
        before = (x @ weight).tanh().square().mean()
        before.backward()
        made.step()
        after = (x @ weight).tanh().square().mean()
        assert after < before, f"{settings}: {before.item()} before, {after.item()} after"
