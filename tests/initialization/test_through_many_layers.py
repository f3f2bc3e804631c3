"""What becomes of a signal, and of its gradient on the way back, through fifty random layers.

Take the second moment of each: the mean of its squares. A linear layer with n inputs, and weights
of mean 0 and variance v, multiplies that of the signal by n * v on average; that of the gradient
too, with n the number of outputs. The activation takes its share: ReLU takes half. Weights a fifth
too large make it 1.44 times as much in a layer, and 80 million times as much in fifty.

So a line is fitted to the logarithms, and its slope is judged: what one layer multiplies by.
"""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from sums_to_one.tests.initialization.signals import (
    DEPTH,
    IN_TURN,
    SQUARE,
    WIDTH,
    assert_about,
    assert_both_about,
    centred_sigmoid,
    factors,
    factors_in_turn,
    linear,
    per_layer,
    second_moments,
    through,
)
from sums_to_one.tests.initialization.weights import asked

# Any fixed size: too small, too large, or right for one width only.


@pytest.mark.claim("2.0.1", "2.2.2")
@pytest.mark.parametrize("curve", [linear, torch.tanh], ids=["linear", "tanh"])
def test_with_small_weights_signal_and_gradient_vanish(normal_, curve):
    # 200 times 3 networks: 0.0125 to 0.0130; after 50 layers 1e-95 is left
    assert_both_about(WIDTH * 0.01**2, factors(asked(normal_, std=0.01), curve))


@pytest.mark.claim("2.0.1", "2.2.2")
def test_with_large_weights_signal_and_gradient_explode(normal_):
    # 200 times 3 networks: 125 to 130; after 50 layers it is 1e105
    assert_both_about(WIDTH, factors(asked(normal_, std=1), linear))


@pytest.mark.claim("2.0.1")
def test_where_tanh_bounds_the_signal_the_gradient_explodes_all_the_same(normal_):
    signal, gradient = factors(asked(normal_, std=1), torch.tanh)
    # 200 times 3 networks: 0.9996 to 1, and 5.1 to 6.4
    assert_about(1, "the signal", signal, within=1.01)
    assert_about(5.7, "the gradient", gradient, within=1.3)


@pytest.mark.claim("2.0.1", "2.2.2")
@pytest.mark.parametrize("bound", [0.05, 0.5], ids=["too small", "too large"])
def test_of_uniform_weights_a_third_of_the_squared_bound_counts(uniform_, bound):
    # 200 times 3 networks: 0.98 to 1.02 times the expected number
    assert_both_about(WIDTH * bound**2 / 3, factors(asked(uniform_, a=-bound, b=bound), linear))


@pytest.mark.claim("2.2.2")
@pytest.mark.parametrize("width", [64, 128, 192])
def test_the_std_that_suits_128_units_fails_with_fewer_and_with_more(normal_, width):
    came = factors(asked(normal_, std=128**-0.5), linear, [width] * (DEPTH + 1))
    # 200 times 3 networks: 0.48 to 0.51, 0.97 to 1.02, 1.47 to 1.53
    assert_both_about(width / 128, came)


@pytest.mark.claim("2.2.2")
def test_the_signal_counts_the_inputs_of_a_layer_and_the_gradient_its_outputs(normal_):
    narrowing, widening = factors_in_turn(asked(normal_, std=128**-0.5), linear)
    # 200 times 3 networks: 1.43 to 1.56, and 0.48 to 0.51
    assert_about(192 / 128, "the signal, from 192 units to 64,", narrowing[0])
    assert_about(64 / 128, "the gradient, back from 64 units to 192,", narrowing[1])
    assert_about(64 / 128, "the signal, from 64 units to 192,", widening[0])
    assert_about(192 / 128, "the gradient, back from 192 units to 64,", widening[1])


# Xavier: made for layers whose slope is about 1.


@pytest.mark.claim("2.3.2", "2.0.2")
def test_xavier_keeps_signal_and_gradient_in_linear_layers(xavier):
    assert_both_about(1, factors(xavier, linear))  # 200 times 3 networks: 0.97 to 1.02


@pytest.mark.claim("2.3.2", "2.0.2")
def test_xavier_nearly_keeps_signal_and_gradient_with_tanh(xavier):
    # Tanh flattens what is large: both shrink, ever more slowly, to a hundredth in 50 layers.
    # 200 times 3 networks: 0.92 to 0.95, and 0.91 to 0.97
    assert_both_about(0.94, factors(xavier, torch.tanh), within=1.05)


@pytest.mark.claim("2.3.2")
def test_with_unequal_fans_xavier_loses_a_quarter_in_two_layers(xavier):
    # To the mean of both fans, which is 128, 192 is as 1.5, and 64 as 0.5; 1.5 * 0.5 is 0.75.
    # 200 times 3 networks: 0.84 to 0.89
    assert_both_about(0.75**0.5, factors(xavier, linear, IN_TURN), within=1.06)


@pytest.mark.claim("2.4.2")
def test_with_relu_xavier_halves_signal_and_gradient(xavier):
    assert_both_about(1 / 2, factors(xavier, torch.relu))  # 200 times 3 networks: 0.46 to 0.52


# Xavier with sigmoid, whose slope is a quarter at most.

around_0_or_not = pytest.mark.parametrize(
    "mean", [0, 3], ids=["inputs centred", "inputs off centre"]
)


@pytest.mark.claim("2.3.3")
@around_0_or_not
def test_with_sigmoid_xavier_loses_the_gradient(xavier, mean):
    signal, gradient = factors(xavier, torch.sigmoid, mean=mean)
    # The outputs lie around a half, whatever the input; their second moment tells nothing.
    # 200 times 3 networks: 0.990 to 0.998, and 0.054 to 0.057
    assert_about(1, "the signal", signal)
    assert_about(1 / 18, "the gradient", gradient)


@pytest.mark.claim("2.3.3")
@around_0_or_not
def test_with_sigmoid_the_signal_forgets_its_input_as_fast_as_the_gradient_vanishes(
    xavier_normal_, mean
):
    # ten layers, before the differences between two inputs are lost in rounding
    signals, _ = through(xavier_normal_, torch.sigmoid, SQUARE[:11], mean)
    differences = [[h - h.mean(dim=0) for h in network] for network in signals]
    # 200 times 3 networks: 0.050 to 0.058
    assert_about(1 / 18.5, "what tells inputs apart", per_layer(second_moments(differences)))


@pytest.mark.claim("2.3.3")
def test_with_centred_sigmoid_xavier_loses_signal_and_gradient(xavier_normal_):
    # 200 times 3 networks: 0.060 to 0.064
    assert_both_about(1 / 16, factors(xavier_normal_, centred_sigmoid))


@pytest.mark.claim("2.3.3")
def test_with_centred_sigmoid_four_times_the_weights_do_as_xavier_does_with_tanh(xavier):
    # 200 times 3 networks: 0.92 to 0.95, and 0.91 to 0.97
    assert_both_about(0.94, factors(asked(xavier, gain=4), centred_sigmoid), within=1.05)


# What PyTorch's layers start from, if nobody says otherwise.


def fresh(weight: torch.Tensor) -> torch.Tensor:
    """As torch.nn.Linear initializes its weight."""
    outputs, inputs = weight.shape
    return weight.copy_(torch.nn.Linear(inputs, outputs, bias=False).weight.detach())


@pytest.mark.claim("2.4.3")
def test_with_relu_a_fresh_layer_of_pytorch_keeps_a_sixth():
    # 6 times 3 networks: 0.97 to 1.00 times the expected number
    assert_both_about(1 / 6, factors(fresh, torch.relu))


# Kaiming: made for ReLU.


@pytest.mark.claim("2.4.2", "2.0.2")
def test_kaiming_keeps_signal_and_gradient_with_relu(kaiming):
    # 200 times 3 networks: 0.92 to 1.04
    assert_both_about(1, factors(asked(kaiming, nonlinearity="relu"), torch.relu))


@pytest.mark.claim("2.4.2")
def test_kaiming_makes_up_for_what_leaky_relu_takes(kaiming):
    leaky_relu = partial(F.leaky_relu, negative_slope=0.5)
    # 200 times 3 networks: 0.96 to 1.02; 0.83 with 1 + a in the place of 1 + a^2, 1.25 with 1
    came = factors(asked(kaiming, a=0.5, nonlinearity="leaky_relu"), leaky_relu)
    assert_both_about(1, came, within=1.1)


@pytest.mark.claim("2.4.2")
def test_kaiming_by_fan_in_keeps_the_signal_and_not_the_gradient(kaiming):
    in_turn = factors_in_turn(asked(kaiming, mode="fan_in"), torch.relu)
    # With fans of ratio 3 the other comes and goes, threefold; no depth adds that up.
    # 200 times 3 networks: 0.85 to 1.07 times the expected number
    for ratio, (signal, gradient) in zip([3, 1 / 3], in_turn, strict=True):
        assert_about(1, "the signal", signal, within=1.3)
        assert_about(1 / ratio, "the gradient", gradient, within=1.3)


@pytest.mark.claim("2.4.2")
def test_kaiming_by_fan_out_keeps_the_gradient_and_not_the_signal(kaiming):
    in_turn = factors_in_turn(asked(kaiming, mode="fan_out"), torch.relu)
    # 200 times 3 networks: 0.85 to 1.07 times the expected number
    for ratio, (signal, gradient) in zip([3, 1 / 3], in_turn, strict=True):
        assert_about(ratio, "the signal", signal, within=1.3)
        assert_about(1, "the gradient", gradient, within=1.3)


@pytest.mark.claim("2.4.2")
def test_most_networks_of_only_eight_units_a_layer_lose_the_signal_anyway(kaiming_normal_):
    signals, _ = through(asked(kaiming_normal_, nonlinearity="relu"), torch.relu, [8] * 51)
    left = second_moments(signals)[:, -1].median()
    # 200 networks: half keep less than 1e-8, a few keep all; 0.02 to 50 with 128 units a layer
    assert left < 0.01, f"of the second moment, {left} is left after 50 layers"
