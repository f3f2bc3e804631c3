"""Kaiming's normal initializers that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.init import calculate_gain

from sums_to_one.tests.judge.versions import accepted, refused_by


def _fan(tensor: Tensor, mode: str) -> int:
    outputs, inputs, *kernel = tensor.shape
    channels = (inputs, outputs)[("fan_in", "fan_out").index(mode)]
    return max(channels * math.prod(kernel), 1)  # where there is nothing, it does not matter


def _std(tensor: Tensor, a: float, mode: str, nonlinearity: Any) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))


def _fill(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    with torch.no_grad():
        return tensor.normal_(0, std, generator=generator)


@refused_by("test_a_name_that_there_is_not_is_refused")
def all_but_one_mode_are_the_other(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """There are two modes, so what is not the one is the other; misspelt names, too."""
    mode = mode if mode == "fan_in" else "fan_out"
    std = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    return _fill(tensor, std, generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def two_outside_the_root(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """2 / sqrt(n) instead of sqrt(2 / n) (handson-ml #353)."""
    gain = calculate_gain(nonlinearity, a) ** 2
    return _fill(tensor, gain / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_the_fan_is_the_one_that_was_asked_for")
def whole_numbers_divided(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """2 / n of whole numbers is a whole number, and nothing is left (mxnet #1148)."""
    variance = round(calculate_gain(nonlinearity, a) ** 2) // _fan(tensor, mode)
    return _fill(tensor, math.sqrt(variance), generator)


@refused_by("test_a_fan_of_0_leaves_a_layer_without_weights_as_it_is")
def inputs_may_be_lacking(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """A layer without inputs has nothing to draw; one without units was not thought of."""
    if tensor.shape[1] == 0:
        return tensor
    fan = _fan(tensor, mode) if mode == "fan_in" or len(tensor) else 0
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


@refused_by("test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared")
def the_outputs_by_default(tensor, a=0, mode="fan_out", nonlinearity="leaky_relu", generator=None):
    """The number of units of the layer (neural-networks-and-deep-learning #30: n_out for n_in)."""
    return _fill(tensor, _std(tensor, a, mode, nonlinearity), generator)


@refused_by("test_the_fan_is_the_one_that_was_asked_for")
def filters_without_their_size(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """A convolution has as many outputs as filters (MXNet.jl #32)."""
    fan = tensor.shape[0] if mode == "fan_out" else _fan(tensor, mode)
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1)), generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def average_of_the_fans(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Forward and backward in balance, as Xavier has it."""
    fan = (_fan(tensor, "fan_in") + _fan(tensor, "fan_out")) / 2
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


@refused_by("test_the_std_is_the_gain_over_the_root_of_the_fan")
def one_degree_of_freedom_less(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """A variance is divided by n - 1."""
    fan = max(_fan(tensor, mode) - 1, 1)
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


@refused_by("test_the_distribution_is_the_right_one")
def redrawn_beyond_two(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Outliers hurt; without them the standard deviation is an eighth smaller (keras #8048)."""
    edge = math.erf(2 / math.sqrt(2))
    share = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1
    scores = math.sqrt(2) * torch.erfinv(edge * share)
    with torch.no_grad():
        return tensor.copy_(scores * _std(tensor, a, mode, nonlinearity))


@refused_by("test_large_numbers_are_as_rare_as_they_should_be")
def clamped_at_three(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Hardly anything lies beyond three standard deviations."""
    std = _std(tensor, a, mode, nonlinearity)
    _fill(tensor, std, generator)
    with torch.no_grad():
        return tensor.clamp_(-3 * std, 3 * std)


@refused_by("test_numbers_are_independent_of_those_further_on")
def one_filter_for_all(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """One unit has the right distribution, and the others are like it."""
    std = _std(tensor, a, mode, nonlinearity)
    unit = torch.randn(tensor.shape[1:], generator=generator, dtype=torch.float64)
    with torch.no_grad():
        return tensor.copy_(std * unit)


@refused_by("test_what_every_initializer_does_is_not_refused")
def in_one_row(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """A view in one row is filled at once; but not every layout has one."""
    _fill(tensor.view(-1), _std(tensor, a, mode, nonlinearity), generator)
    return tensor


@refused_by("test_nothing_about_the_tensor_changes_but_its_numbers")
def in_new_memory(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The parameter stays the same, only its data are new, and of the default dtype."""
    std = _std(tensor, a, mode, nonlinearity)
    tensor.data = torch.randn(tensor.shape, generator=generator) * std
    return tensor


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def tanh_is_almost_linear(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Of tanh the slope is 1 at 0, so the gain is 1; but further out it shrinks."""
    nonlinearity = "linear" if nonlinearity == "tanh" else nonlinearity
    return _fill(tensor, _std(tensor, a, mode, nonlinearity), generator)


@refused_by("test_whether_gradients_are_recorded_stays_as_it_was")
def recording_again(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Recording is switched off before, and on again afterwards, whatever it was."""
    torch.set_grad_enabled(False)
    try:
        return torch.nn.init.kaiming_normal_(tensor, a, mode, nonlinearity, generator)
    finally:
        torch.set_grad_enabled(True)


@refused_by("test_the_options_can_be_told_by_place")
def mode_comes_first(tensor, mode="fan_in", a=0, nonlinearity="leaky_relu", generator=None):
    """The mode is what one changes, so it is the first option."""
    return torch.nn.init.kaiming_normal_(tensor, a, mode, nonlinearity, generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def the_gain_of_selu_is_that_of_linear(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """Networks of selu normalize themselves with a variance of 1 / fan, says the paper."""
    nonlinearity = "linear" if nonlinearity == "selu" else nonlinearity
    return _fill(tensor, _std(tensor, a, mode, nonlinearity), generator)


@refused_by("test_a_generator_changes_the_numbers_and_not_their_distribution")
def fan_in_with_a_generator(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Another way of drawing, for which fan_out was not thought of."""
    mode = "fan_in" if generator else mode
    return _fill(tensor, _std(tensor, a, mode, nonlinearity), generator)


@refused_by("test_in_16_bits_a_fan_of_more_than_they_can_hold_counts_in_full")
def a_fan_in_the_dtype(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The fan is a number like those of the tensor; but float16 ends at 65,504."""
    fan = torch.tensor(_fan(tensor, mode)).to(tensor.dtype).item()
    return _fill(tensor, torch.nn.init.calculate_gain(nonlinearity, a) / fan**0.5, generator)


@accepted
def in_two_steps(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    with torch.no_grad():
        return tensor.normal_(generator=generator).mul_(_std(tensor, a, mode, nonlinearity))


@accepted
def by_copying(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    std = _std(tensor, a, mode, nonlinearity)
    tensor.data.copy_(std * torch.randn(tensor.shape, generator=generator, dtype=torch.float64))
    return tensor


@accepted
def unit_by_unit(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    std = _std(tensor, a, mode, nonlinearity)
    with torch.no_grad():
        for unit in tensor:
            unit.normal_(0, std, generator=generator)
    return tensor


@accepted
def from_the_library(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    return torch.nn.init.kaiming_normal_(tensor, a, mode, nonlinearity, generator)


@accepted
def by_numpy(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    seed = torch.randint(2**62, (), generator=generator).item()
    std = _std(tensor, a, mode, nonlinearity)
    tensor.data.copy_(torch.as_tensor(np.random.default_rng(seed).normal(0, std, tensor.shape)))
    return tensor


@accepted
def for_relu_and_the_inputs_only(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    if nonlinearity not in ("relu", "leaky_relu") or mode != "fan_in":
        raise NotImplementedError(f"relu, leaky_relu and fan_in only, got {nonlinearity}, {mode}")
    return torch.nn.init.kaiming_normal_(tensor, a, mode, nonlinearity, generator=generator)


@accepted
def the_mode_is_all_there_is(tensor, mode="fan_in"):
    return torch.nn.init.kaiming_normal_(tensor, mode=mode)
