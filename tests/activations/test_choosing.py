"""Which activation where: ReLU in hidden layers, and on top what the task asks for.

The top layer has to reach every target and to read as what it stands for. With the loss that
belongs to it, its gradient is simply the prediction less the target.
"""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.experiments import GUESS, Function, descend, disc_loss, networks
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import exact, grid, scores, vectors
from sums_to_one.tests.common.limits import widest


def deep(
    activation: Function,
    gain: float,
    rate: float,
    rule: str = "gradient descent",
    steps: int = 100,
) -> Tensor:
    """The losses of 4 networks with 8 hidden layers after so many steps."""
    parameters = networks(4, [2] + [24] * 8 + [1], gain)
    return descend(parameters, lambda: disc_loss(parameters, activation), steps, rate, rule)


@pytest.mark.claim("1.6.1")
def test_eight_hidden_layers_learn_with_relu(relu):
    losses = deep(relu, gain=2**0.5, rate=0.05)
    # 50 times 4 networks: 0.26 to 0.40
    assert losses.mean() < 0.5, f"{losses.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.6.1")
def test_eight_hidden_layers_learn_with_leaky_relu(leaky_relu):
    losses = deep(leaky_relu, gain=2**0.5, rate=0.05)
    # 50 times 4 networks: 0.25 to 0.38
    assert losses.mean() < 0.5, f"{losses.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.2.6", "1.3.9")
def test_eight_hidden_layers_learn_with_tanh_and_weights_of_xaviers_size(tanh):
    losses = deep(tanh, gain=1, rate=0.2)
    # 4 times 4 networks: 0.28 to 0.36; with relu at a rate of 0.1, 0.20 to 0.23
    assert losses.mean() < 0.5, f"{losses.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.2.6", "1.3.9")
def test_after_twice_the_steps_eight_layers_of_tanh_have_learned_all_there_is(tanh):
    losses = deep(tanh, gain=1, rate=0.4, steps=200)
    # 4 times 4 networks: 0.003 to 0.007; with relu at a rate of 0.2, 0.003 to 0.006
    assert losses.mean() < 0.1, f"{losses.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.3.9")
def test_eight_layers_of_relu_have_learned_all_there_is_while_sigmoids_have_learned_nothing(
    relu, sigmoid
):
    learned = deep(relu, gain=2**0.5, rate=0.2, steps=200)
    nothing = deep(sigmoid, gain=1, rate=5, steps=200)
    # 4 times 4 networks: 0.003 to 0.006, and 0.662
    assert learned.mean() < 0.1, f"{learned.tolist()}, {GUESS} without a look at the input"
    assert nothing.min() > 0.65, f"{nothing.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.6.1")
@pytest.mark.parametrize("rate", [0.05, 5])
def test_eight_hidden_layers_learn_nothing_with_sigmoid(sigmoid, rate):
    losses = deep(sigmoid, gain=1, rate=rate)
    # 200 networks: 0.6616, all of them
    assert losses.min() > 0.65, f"{losses.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.6.1")
def test_with_adam_and_larger_weights_sigmoid_can_learn_too(sigmoid):
    losses = deep(sigmoid, gain=5, rate=0.02, rule="Adam")
    # 200 networks: half reach 0.008, some stay at 0.66; the mean of 4 is 0.002 to 0.48
    assert losses.min() < 0.3, f"{losses.tolist()}, {GUESS} without a look at the input"


@pytest.mark.claim("1.6.2")
@given(vectors(limit=1e300), st.floats(1, 1e6))
def test_sigmoid_stays_away_from_targets_outside_0_to_1(sigmoid, x, beyond):
    y = sigmoid(x)
    assert (beyond - y).min() >= beyond - 1, f"a target of {beyond}, reached by {y.tolist()}"
    assert (y + beyond).min() >= beyond, f"a target of {-beyond}, reached by {y.tolist()}"


@pytest.mark.claim("1.6.2")
@given(vectors(limit=1e300), st.floats(0, 1e6))
def test_relu_stays_away_from_negative_targets(relu, x, beyond):
    y = relu(x)
    assert (y + beyond).min() >= beyond, f"a target of {-beyond}, reached by {y.tolist()}"


@pytest.mark.claim("1.6.2")
@pytest.mark.parametrize("reach", [1, 3], ids=["targets within reach", "targets out of reach"])
def test_a_straight_line_under_a_sigmoid_fits_only_what_is_within_reach(sigmoid, reach):
    x = grid(11, limit=2)
    target = reach * torch.sigmoid(2 * x)
    floor = (target - 1).clamp(min=0).square().mean()  # if it gave 1 for all that lies above
    line = [torch.zeros(1, dtype=x.dtype), torch.zeros(1, dtype=x.dtype)]
    loss = descend(line, lambda: (sigmoid(line[0] * x + line[1]) - target).square().mean(), 150, 4)
    # 9e-11, and 1.334 where the floor is 1.329; the line alone gets to 0.003 and 0.03
    assert floor <= loss < max(1e-4, 2 * floor.item()), f"a loss of {loss}, not below {floor}"


@pytest.mark.claim("1.6.2")
@given(vectors(limit=7), st.integers(0, 1))
def test_under_its_own_loss_the_gradient_of_sigmoid_is_prediction_less_target(sigmoid, x, target):
    y = torch.full_like(x, target)
    one = torch.ones((), dtype=x.dtype)
    got = gradient(lambda x: F.binary_cross_entropy(sigmoid(x), y, reduction="sum"), x, one)
    assert_close("the gradient", got, sigmoid(x) - y)


@pytest.mark.claim("1.6.2")
@given(vectors(limit=30), st.integers(0, 1))
def test_under_squared_error_the_slope_of_sigmoid_takes_part_and_fades(sigmoid, x, target):
    p, one = sigmoid(x), torch.ones((), dtype=x.dtype)
    got = gradient(lambda x: (sigmoid(x) - target).square().sum() / 2, x, one)
    assert_close("the gradient", got, (p - target) * p * (1 - p))


@pytest.mark.claim("1.6.2", "1.5.4")
@given(scores(limit=30), st.data())
def test_under_its_own_loss_the_gradient_of_softmax_is_prediction_less_target(softmax, x, data):
    target = torch.tensor([data.draw(st.integers(0, x.shape[1] - 1)) for _ in x])
    one, expected = torch.ones((), dtype=x.dtype), softmax(x, dim=1) - F.one_hot(target, x.shape[1])

    def loss(x: Tensor) -> Tensor:
        return F.nll_loss(softmax(x, dim=1).log(), target, reduction="sum")

    assert_close("the gradient", gradient(loss, x, one), expected)


@pytest.mark.claim("1.6.2")
@pytest.mark.parametrize("ones", range(1, 7))
def test_a_logit_trained_for_two_classes_gives_the_fraction_of_the_ones(sigmoid, ones):
    score, target = exact([0.0]), (torch.arange(7) < ones).to(widest())
    descend([score], lambda: F.binary_cross_entropy(sigmoid(score).expand(7), target), 60, 4)
    assert_close("the probability", sigmoid(score), torch.tensor([ones / 7], dtype=torch.float64))


@pytest.mark.claim("1.6.2", "1.5.4")
@pytest.mark.parametrize("counts", [(1, 2, 4), (2, 2, 3), (5, 1, 1)], ids=str)
def test_logits_trained_for_several_classes_give_the_fraction_of_each(softmax, counts):
    score = exact([[0.0] * 3])
    target = torch.arange(3).repeat_interleave(torch.tensor(counts))
    loss = partial(F.nll_loss, target=target)
    descend([score], lambda: loss(softmax(score, dim=1).log().expand(7, 3)), 120, 2)
    expected = torch.tensor([counts], dtype=torch.float64) / 7
    assert_close("the probabilities", softmax(score, dim=1), expected)


@pytest.mark.claim("1.6.2")
@given(vectors(limit=300))
def test_softmax_of_two_classes_is_sigmoid_of_one(softmax, sigmoid, x):
    two = softmax(torch.stack([x, torch.zeros_like(x)], dim=1), dim=1)
    assert_close("softmax(x, 0)", two[:, 0], sigmoid(x))
