"""What comes of the weights in training: which of 64 points lie in a disc?

Why, is in `test_through_many_layers.py`: weights that keep signal and gradient let deep networks
learn, and weights that lose them do not.
"""

import math
from collections.abc import Sequence
from functools import partial

import pytest
import torch

from sums_to_one.tests.common.experiments import GUESS, Function, descend, disc_loss
from sums_to_one.tests.initialization.signals import centred_sigmoid, weights_of
from sums_to_one.tests.initialization.weights import Initialize, asked, seed_of_an_experiment

DEEP = (2, *[24] * 8, 1)


def trained(
    initialize: Initialize,
    activation: Function,
    widths: Sequence[int],
    rate: float,
    steps: int = 60,
) -> float:
    """The mean loss of 4 networks after so many steps; infinite if one of them overflowed."""
    with seed_of_an_experiment(0):
        each = [weights_of(initialize, widths) for _ in range(4)]
    parameters = []
    for weight in map(torch.stack, zip(*each, strict=True)):
        parameters += [weight.mT.contiguous(), torch.zeros_like(weight[:, None, :, 0])]
    losses = descend(parameters, partial(disc_loss, parameters, activation), steps, rate)
    return losses.mean().nan_to_num(nan=math.inf).item()


@pytest.mark.claim("2.0.1", "2.0.2")
def test_eight_hidden_layers_of_relu_learn_from_kaiming(kaiming):
    loss = trained(kaiming, torch.relu, DEEP, rate=0.1)
    # 50 times 4 networks: 0.24 to 0.44, if uniform 0.21 to 0.45
    assert loss < 0.55, f"a loss of {loss}, {GUESS} without a look at the input"


@pytest.mark.claim("2.0.1")
@pytest.mark.parametrize(("std", "rate"), [(0.1, 0.3), (2, 0.01)], ids=["small", "large"])
def test_eight_hidden_layers_learn_nothing_from_weights_too_small_or_too_large(normal_, std, rate):
    loss = trained(asked(normal_, std=std), torch.relu, DEEP, rate)
    # 50 times 4 networks: 0.66, and overflow, at the rates 0.01, 0.1 and 0.3 alike; from a std of
    # 1.5, a few learn at a rate of 1e-5
    assert loss > 0.98 * GUESS, f"a loss of {loss}, {GUESS} without a look at the input"


@pytest.mark.claim("2.0.9")
def test_five_times_the_steps_do_not_make_up_for_weights_that_are_too_small(
    normal_, kaiming_normal_
):
    lost = trained(asked(normal_, std=0.1), torch.relu, DEEP, rate=0.3, steps=300)
    learned = trained(kaiming_normal_, torch.relu, DEEP, rate=0.1, steps=300)
    assert lost > 0.98 * GUESS, f"a loss of {lost}, {GUESS} without a look at the input"
    assert learned < 0.1, f"a loss of {learned}"


@pytest.mark.claim("2.0.9")
@pytest.mark.parametrize("std", [0.3, 1, 3])
def test_one_hidden_layer_gets_to_the_same_end_from_weights_of_any_size(normal_, std):
    loss = trained(asked(normal_, std=std), torch.tanh, (2, 24, 1), rate=1, steps=300)
    # 6 times 4 networks: 0.07 to 0.12
    assert loss < 0.2, f"a loss of {loss}, {GUESS} without a look at the input"


@pytest.mark.claim("2.3.3")
def test_one_hidden_layer_of_sigmoids_learns_from_xavier(xavier_normal_):
    loss = trained(xavier_normal_, torch.sigmoid, (2, 16, 1), rate=7)
    # 50 times 4 networks: 0.25 to 0.42
    assert loss < 0.55, f"a loss of {loss}, {GUESS} without a look at the input"


@pytest.mark.claim("2.3.3")
@pytest.mark.parametrize("rate", [0.3, 3])
def test_three_hidden_layers_of_sigmoids_learn_nothing_from_xavier(xavier_normal_, rate):
    loss = trained(xavier_normal_, torch.sigmoid, (2, 16, 16, 16, 1), rate)
    # 50 times 4 networks: 0.66
    assert loss > 0.98 * GUESS, f"a loss of {loss}, {GUESS} without a look at the input"


@pytest.mark.claim("2.3.3")
def test_three_hidden_layers_of_centred_sigmoids_learn_from_four_times_the_weights(
    xavier_normal_,
):
    loss = trained(asked(xavier_normal_, gain=4), centred_sigmoid, (2, 16, 16, 16, 1), rate=1.5)
    # 50 times 4 networks: 0.20 to 0.33; with one of the two changes alone, 0.49 or more
    assert loss < 0.45, f"a loss of {loss}, {GUESS} without a look at the input"
