"""What becomes of the gradient on its way back through many layers.

Each layer multiplies it by a weight matrix and by slopes. The slopes of sigmoid are at most one
quarter, those of tanh at most 1, those of ReLU 1 or 0; so how fast the gradient shrinks is a rate
per layer, fitted here through 20 layers of 64 units, and it depends on the weights too.
"""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.experiments import GUESS, Function, descend, disc_loss, networks
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.common.limits import widest

DEPTH = 20


def norms(activation: Function, gain: float) -> Tensor:
    """The norm of the gradient in front of each of 20 layers and behind the last, in 5 networks.

    The weights are normal with variance gain^2 / 64: 1 is Xavier's, the root of 2 is Kaiming's.
    """
    h = torch.randn(5, 8, 64, generator=generator(1), dtype=widest())
    layers = [h.requires_grad_()]
    for weight in networks(5, [64] * (DEPTH + 1) + [1], gain, widest())[:-2:2]:
        layers.append(activation(layers[-1] @ weight))
    gradients = torch.autograd.grad((layers[-1] * h.detach().flip(2)).sum(), layers)
    return torch.stack([g.norm(dim=(1, 2)) for g in gradients])


def factor_per_layer(activation: Function, gain: float) -> Tensor:
    """What one layer multiplies the gradient by on its way back: a line through the logarithms."""
    behind = torch.linspace(-1, 1, DEPTH + 1, dtype=widest())
    per_unit = behind @ norms(activation, gain).log() / behind.square().sum()
    return (-per_unit * 2 / DEPTH).exp()


@pytest.mark.claim("1.1.4")
@given(st.floats(0.1, 10))
def test_a_layer_of_sigmoids_passes_at_most_a_quarter_of_its_norm(sigmoid, scale):
    weight, cotangent = scale * grid(3, 5, limit=1), grid(7, 5)
    passed = gradient(lambda x: sigmoid(x @ weight), grid(7, 3, limit=2), cotangent).norm()
    most = torch.linalg.matrix_norm(weight.double(), ord=2) / 4 * cotangent.norm()
    assert passed <= most, f"of {cotangent.norm()}, {passed} came through"


@pytest.mark.claim("1.1.4")
@pytest.mark.parametrize(
    ("gain", "low", "high"),
    [
        # 200 networks: 0.119 to 0.128, 0.229 to 0.244 and 0.307 to 0.327
        pytest.param(0.5, 0.10, 0.15, id="weights of half Xavier's size"),
        pytest.param(1.0, 0.20, 0.27, id="weights of Xavier's size"),
        pytest.param(2**0.5, 0.27, 0.36, id="weights of Kaiming's size"),
        # 40 networks: 0.79 to 0.95, and 1.08 to 1.33, where they are 16 times as large
        pytest.param(8.0, 0.70, 0.99, id="weights of eight times Xavier's size, just so"),
    ],
)
def test_sigmoid_shrinks_the_gradient_by_the_same_factor_in_every_layer(sigmoid, gain, low, high):
    factors = factor_per_layer(sigmoid, gain)
    assert factors.min() > low, f"per layer: {factors.tolist()}"
    assert factors.max() < high, f"per layer: {factors.tolist()}"


@pytest.mark.claim("1.1.4")
def test_random_weights_of_sixteen_times_xaviers_size_make_the_gradient_grow(sigmoid):
    factors = factor_per_layer(sigmoid, gain=16)
    # 40 networks: 1.08 to 1.33
    assert factors.min() > 1.01, f"per layer: {factors.tolist()}"


@pytest.mark.claim("1.1.4")
def test_every_layer_of_random_sigmoids_shrinks_the_gradient(sigmoid):
    growth = norms(sigmoid, gain=1).log().diff(dim=0)  # from one layer to the one behind it
    # 200 networks of 20 layers: it is 3.4 to 5.6 times as large behind a layer as in front
    assert growth.exp().min() > 1.5, f"it grew only {growth.exp().min()} times somewhere"


@pytest.mark.claim("1.1.4")
def test_large_weights_around_the_middle_of_sigmoid_make_the_gradient_grow(sigmoid):
    def stack(x: Tensor) -> Tensor:
        for _ in range(DEPTH):
            x = sigmoid(8 * x - 4)  # 0.5 stays where it is, with slope 8 / 4
        return x

    half = exact([0.5] * 3)
    assert_close("the gradient", gradient(stack, half, torch.ones(3)), half * 2 ** (DEPTH + 1))


@pytest.mark.claim("1.2.4")
@pytest.mark.parametrize(
    ("gain", "low", "high"),
    [
        # 200 networks: 0.482 to 0.518, 0.761 to 0.818, 0.909 to 0.966, 1.046 to 1.145
        pytest.param(0.5, 0.43, 0.57, id="vanishes with weights of half Xavier's size"),
        pytest.param(0.8, 0.70, 0.87, id="vanishes with weights of 0.8 times Xavier's size"),
        pytest.param(1.0, 0.87, 1.00, id="hardly shrinks with weights of Xavier's size"),
        pytest.param(5 / 3, 1.00, 1.20, id="grows with the gain that PyTorch suggests for tanh"),
    ],
)
def test_what_tanh_does_to_the_gradient_is_up_to_the_weights(tanh, gain, low, high):
    factors = factor_per_layer(tanh, gain)
    assert factors.min() > low, f"per layer: {factors.tolist()}"
    assert factors.max() < high, f"per layer: {factors.tolist()}"


@pytest.mark.claim("1.2.4")
@pytest.mark.parametrize("gain", [0.5, 1.0, 5 / 3], ids=["half Xavier", "Xavier", "5/3 Xavier"])
def test_tanh_shrinks_the_gradient_less_than_sigmoid_does(tanh, sigmoid, gain):
    advantage = factor_per_layer(tanh, gain) / factor_per_layer(
        sigmoid, gain
    )  # the same weights in both
    # 200 networks: 2.9 to 4.1 times as much; its slope at 0 is four times as large
    assert advantage.min() > 2, f"times as much per layer: {advantage.tolist()}"


@pytest.mark.claim("1.3.3")
def test_relu_keeps_the_gradient_with_weights_made_for_it(relu):
    factors = factor_per_layer(relu, gain=2**0.5)
    # 200 networks: 0.94 to 1.04; with sigmoid at most 0.33
    assert factors.min() > 0.85, f"per layer: {factors.tolist()}"
    assert factors.max() < 1.15, f"per layer: {factors.tolist()}"


@pytest.mark.claim("1.3.3")
def test_relu_loses_the_gradient_too_where_weights_are_too_small(relu):
    factors = factor_per_layer(relu, gain=1)
    # half of the units pass it on: the root of 1/2; 200 networks: 0.66 to 0.74
    assert factors.min() > 0.6, f"per layer: {factors.tolist()}"
    assert factors.max() < 0.8, f"per layer: {factors.tolist()}"


@pytest.mark.claim("1.3.3")
def test_relu_keeps_what_sigmoid_loses(relu, sigmoid):
    left = [norms(f, gain=2**0.5)[0] / norms(f, gain=2**0.5)[-1] for f in (relu, sigmoid)]
    # 200 networks: 3e9 to 3e10 times as much
    assert (left[0] / left[1]).min() > 1e7, f"left after {DEPTH} layers: {left}"


def trained(curve: Function, hidden: int) -> float:
    """The mean loss of 5 networks after 100 steps, each at the better of two learning rates.

    The networks differ in their curve alone, and start as the same function: what the curve
    gives at 0 is taken off by the bias of the next layer.
    """
    best = torch.full((5,), torch.inf, dtype=torch.float64)
    at_0 = curve(torch.zeros((), dtype=torch.float64))
    for learning_rate in (0.3, 1.0):
        parameters = networks(5, [2] + [16] * hidden + [1], gain=1)
        for weight, bias in zip(parameters[2::2], parameters[3::2], strict=True):
            bias -= at_0 * weight.sum(dim=1, keepdim=True)
        loss = partial(disc_loss, parameters, curve)
        best = best.fmin(descend(parameters, loss, 100, learning_rate))
    return best.mean().item()


@pytest.mark.claim("1.2.3")
def test_tanh_trains_faster_than_sigmoid(tanh, sigmoid):
    fast, slow = trained(tanh, hidden=3), trained(sigmoid, hidden=3)
    # 40 times 5 networks: 0.12 to 0.22 against 0.66, which is what guessing gives
    assert fast < slow / 2, f"{fast} after 100 steps, {slow} with sigmoid"


@pytest.mark.claim("1.2.3")
def test_tanh_with_the_slope_of_sigmoid_learns_as_little(tanh):
    loss = trained(lambda x: tanh(x / 2) / 2, hidden=3)  # sigmoid(x) - 1/2: centred, but flat
    # 40 times 5 networks: 0.6615 or more, where guessing gives 0.6616
    assert loss > 0.98 * GUESS, f"a loss of {loss}, {GUESS} without a look at the input"


@pytest.mark.claim("1.2.3")
def test_of_two_curves_of_the_same_slope_the_centred_one_trains_faster(tanh):
    centred, shifted = trained(tanh, hidden=3), trained(lambda x: 1 + tanh(x), hidden=3)
    # 40 times 5 networks: 0.12 to 0.22 against 0.36 to 0.43, a ratio of 1.7 to 3.5
    assert centred < shifted / 1.3, f"{centred} after 100 steps, {shifted} off centre"


@pytest.mark.claim("1.2.3")
def test_with_one_hidden_layer_the_curve_off_centre_can_train_faster(tanh):
    centred, shifted = trained(tanh, hidden=1), trained(lambda x: 1 + tanh(x), hidden=1)
    # 40 times 5 networks: 0.24 to 0.30 against 0.15 to 0.18, a ratio of 0.58 to 0.72
    assert shifted < 0.9 * centred, f"{centred} after 100 steps, {shifted} off centre"
