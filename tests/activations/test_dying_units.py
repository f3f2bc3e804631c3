"""Units whose input is negative for every sample: dead with ReLU, almost dead with LeakyReLU.

First what is true of one such unit, whatever the loss asks of it. Then the ways back that a ReLU
unit does have, and the one way that LeakyReLU adds. Last, how many units a learning rate that is
too large kills, and what LeakyReLU makes of them.
"""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.experiments import (
    POINTS,
    RULES,
    Function,
    descend,
    disc_loss,
    networks,
)
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import widest

WHOLE = st.lists(st.integers(-5, 5), min_size=21, max_size=21).map(torch.tensor)
GAPS = st.sampled_from([0.125, 1.0, 30.0])


@st.composite
def dead_beside_alive(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Five samples of 3 whole numbers, and two units: one below 0 for all, one above."""
    x, weight = draw(WHOLE).to(widest()).split([15, 6])
    x, weight = x.reshape(5, 3), weight.reshape(3, 2)
    gap, before = draw(GAPS), x @ weight
    return x, weight, torch.stack([-gap - before[:, 0].max(), 1e6 - before[:, 1].min()])


def moved(unit: Tensor, up: float, activation: Function, steps: int, rate: float) -> Tensor:
    """A bias that descends on (activation(bias) - up)^2 / 2."""
    descend([unit], lambda: (activation(unit) - up).square() / 2, steps, rate)
    return unit.detach()


@pytest.mark.claim("1.3.6")
@given(dead_beside_alive(), st.sampled_from(list(RULES)), st.sampled_from([1e-3, 1.0, 100.0]))
def test_a_dead_unit_never_moves(relu, layer, rule, rate):
    x, weight, bias = layer
    rate = max(rate, 2e7 * torch.finfo(widest()).eps)  # less is lost beside a bias of 1e6
    before, pull = torch.vstack([weight, bias]), grid(5, 2, limit=3)
    descend([weight, bias], lambda: relu(x @ weight + bias) * pull, 5, rate, rule)
    after = torch.vstack([weight, bias])
    assert after[:, 0].tolist() == before[:, 0].tolist(), "the dead unit moved"
    assert after[:, 1].tolist() != before[:, 1].tolist(), "the unit beside it must move"


@pytest.mark.claim("1.3.6")
def test_momentum_from_better_days_can_bring_a_dead_unit_back(relu):
    bias, velocity = torch.tensor(-1.0, requires_grad=True), -1.0
    for _ in range(2):
        relu(bias).backward()
        velocity = 0.75 * velocity + bias.grad.item()
        bias = (bias.detach() - velocity).requires_grad_()
    assert bias.item() == 0.3125, f"the input was -1, then -0.25, now {bias.item()}"


@pytest.mark.claim("1.3.6")
@pytest.mark.parametrize(("kept", "back"), [(1.0, True), (0.5, False)], ids=["spared", "decayed"])
def test_decay_can_bring_a_dead_unit_back_if_the_bias_is_spared(relu, kept, back):
    weight, bias = torch.tensor(-3.0, requires_grad=True), torch.tensor(1.0)
    for _ in range(2):
        relu(weight + bias).backward()  # for the only sample, x = 1
        weight = (0.5 * weight.detach() - weight.grad).requires_grad_()
        bias = kept * bias  # if all shrinks alike, the sign stays
    assert bool(relu(weight + bias) > 0) == back


@pytest.mark.claim("1.3.6")
def test_a_change_in_the_layer_below_can_bring_a_dead_unit_back(relu):
    below = torch.tensor([2.0])
    dead = relu(1 - relu(below)).item()
    descend([below], lambda: relu(below) - relu(1 - relu(below)), steps=2, rate=0.75)
    assert (dead, relu(1 - relu(below)).item()) == (0, 0.5), "below went from 2 to 0.5"


@pytest.mark.claim("1.4.2")
@given(dead_beside_alive(), st.sampled_from([0.25, 2**-10]))
def test_a_unit_below_0_still_gets_alpha_times_the_gradient(leaky_relu, layer, alpha):
    x, weight, bias = layer
    pull = grid(5, 2, limit=3)
    (leaky_relu(x @ weight.requires_grad_() + bias, alpha) * pull).sum().backward()
    expected = x.T @ pull * torch.tensor([alpha, 1.0])
    assert_close("the gradient of the weights", weight.grad, expected)


@pytest.mark.claim("1.4.2")
@pytest.mark.parametrize("alpha", [1 / 4, 1 / 16, 1 / 64])
def test_the_smaller_alpha_the_longer_a_unit_takes_to_come_back(leaky_relu, alpha):
    leaky = partial(leaky_relu, negative_slope=alpha)
    fewest, most = 2 / alpha / (1 + alpha), 2 / alpha  # a step is alpha / 2 * (1 + alpha |b|)
    early = moved(torch.tensor([-1.0]), up=1, activation=leaky, steps=int(fewest), rate=0.5)
    late = moved(torch.tensor([-1.0]), up=1, activation=leaky, steps=int(most) + 1, rate=0.5)
    assert early <= 0, f"back at {early.item()} after {int(fewest)} steps"
    assert late > 0, f"still at {late.item()} after {int(most) + 1} steps"


def steps_back(activation: Function, rule: str) -> int:
    """How many steps it takes a unit to come back from -1, where the loss pulls it up to 1."""
    for steps in range(1, 99):
        bias = torch.tensor([-1.0])
        descend([bias], partial(shortfall, bias, activation), steps, rate=0.02, rule=rule)
        if bias > 0:
            break
    return steps


def shortfall(bias: Tensor, activation: Function) -> Tensor:
    return (activation(bias) - 1).square() / 2


@pytest.mark.claim("1.4.2")
@pytest.mark.parametrize("rule", ["RMSProp", "Adam"])
def test_whoever_divides_by_the_size_of_gradients_needs_no_more_steps_with_a_small_alpha(
    leaky_relu, rule
):
    steep, flat = (steps_back(partial(leaky_relu, negative_slope=a), rule) for a in (1 / 4, 1 / 64))
    assert flat <= steep + 2, f"with alpha = 1/4 it takes {steep} steps, with 1/64 {flat}"


@pytest.mark.claim("1.4.2")
def test_a_leaky_unit_stays_below_0_where_the_loss_pulls_it_down(leaky_relu):
    bias = moved(torch.tensor([-1.0]), up=-1, activation=leaky_relu, steps=99, rate=0.5)
    assert bias < -1, f"the loss wants -1, the unit moved from -1 to {bias.item()}"


def struck(activation: Function) -> list[Tensor]:
    """Ten networks of 32 hidden units after 5 steps at a learning rate that is too large."""
    parameters = networks(10, [2, 32, 1], gain=2**0.5)
    descend(parameters, partial(disc_loss, parameters, activation), steps=5, rate=10)
    return parameters


def below_0(parameters: list[Tensor]) -> Tensor:
    """Which hidden units of which network have a negative input at every point."""
    return (here(POINTS) @ parameters[0] + parameters[1] < 0).all(dim=1)


def continued(activation: Function, parameters: list[Tensor]) -> Tensor:
    """The losses after 150 more steps at a learning rate that is right."""
    return descend(parameters, partial(disc_loss, parameters, activation), steps=150, rate=1)


@pytest.mark.claim("1.4.3")
def test_too_large_a_learning_rate_kills_most_units(relu):
    dead = below_0(struck(relu))
    # 20 times 10 networks: a share of 0.85 to 0.98
    assert dead.double().mean() > 0.6, f"{dead.sum()} of 320 units are dead"


@pytest.mark.claim("1.4.3")
def test_units_that_a_large_learning_rate_killed_stay_dead_and_learning_stops(relu):
    parameters = struck(relu)
    dead = below_0(parameters)
    losses = descend(parameters, partial(disc_loss, parameters, relu), steps=100, rate=1)
    assert below_0(parameters)[dead].all(), "a dead unit came back"
    # 20 times 10 networks: 0.42 to 0.62, and guessing 0.66; unharmed networks reach 0.1
    assert losses.mean() > 0.3, f"losses of {losses.tolist()}"


@pytest.mark.claim("1.4.3")
def test_too_large_a_learning_rate_drives_as_many_leaky_units_below_0(leaky_relu):
    below = below_0(struck(leaky_relu)).double().mean()
    # 20 times 10 networks: a share of 0.85 to 0.98, as with relu
    assert below > 0.6, f"a share of {below}"


@pytest.mark.claim("1.4.3")
def test_networks_of_dead_units_do_better_once_they_leak(leaky_relu):
    lost = continued(torch.relu, struck(torch.relu)).mean()
    saved = continued(partial(leaky_relu, negative_slope=0.1), struck(torch.relu)).mean()
    # 20 times 10 networks: 0.44 to 0.77 times as large; with a slope of 0.01, 0.77 to 1.02 times
    assert saved < 0.9 * lost, f"a loss of {saved}, and {lost} with the units dead"


@pytest.mark.claim("1.4.3")
def test_some_dead_units_come_back_once_they_leak(leaky_relu):
    parameters = struck(torch.relu)
    dead = below_0(parameters)
    continued(partial(leaky_relu, negative_slope=0.1), parameters)
    back = (dead & ~below_0(parameters)).sum()
    # 20 times 10 networks: 14 to 32 of about 290 units; with a slope of 0.01, 1 to 9
    assert back >= 10, f"{back} of {dead.sum()} dead units came back"


@pytest.mark.claim("1.4.3")
def test_hardly_any_dead_unit_comes_back_with_the_usual_slope(leaky_relu):
    parameters = struck(torch.relu)
    dead = below_0(parameters)
    continued(leaky_relu, parameters)
    back = (dead & ~below_0(parameters)).sum()
    # 20 times 10 networks: 1 to 9 of about 290 units
    assert back < 12, f"{back} of {dead.sum()} dead units came back"
