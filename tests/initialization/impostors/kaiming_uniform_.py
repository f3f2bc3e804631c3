"""Kaiming's uniform initializers that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import math

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.init import calculate_gain

from sums_to_one.tests.judge.versions import accepted, refused_by


def _fan(tensor: Tensor, mode: str) -> int:
    outputs, inputs, *kernel = tensor.shape
    channels = (inputs, outputs)[("fan_in", "fan_out").index(mode)]
    return max(channels * math.prod(kernel), 1)  # where there is nothing, it does not matter


def _fill(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    bound = math.sqrt(3) * std
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


@refused_by("test_a_name_that_there_is_not_is_refused")
def all_but_one_mode_are_the_other(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """There are two modes, so what is not the one is the other; misspelt names, too."""
    mode = mode if mode == "fan_in" else "fan_out"
    std = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    return _fill(tensor, std, generator)


@refused_by("test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared")
def slope_not_passed_on(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The slope is small, and the activation has it (ASCENT #161)."""
    return _fill(tensor, calculate_gain(nonlinearity, 0) / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_the_slope_concerns_nothing_but_leaky_relu")
def the_slope_counts_for_all(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The gain is the root of 2 / (1 + a^2); but ReLU has no slope."""
    leaky = nonlinearity in ("relu", "leaky_relu")
    gain = math.sqrt(2 / (1 + a**2)) if leaky else calculate_gain(nonlinearity)
    return _fill(tensor, gain / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared")
def the_slope_unsquared(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Of the negative half the share a is left."""
    leaky = nonlinearity == "leaky_relu"
    gain = math.sqrt(2 / (1 + abs(a))) if leaky else calculate_gain(nonlinearity)
    return _fill(tensor, gain / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_the_distribution_is_the_right_one")
def slope_of_linear_layers(
    tensor, a=5**0.5, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """Every layer of PyTorch passes the root of 5, so it is the default (pytorch #15314)."""
    gain = calculate_gain(nonlinearity, a)
    return _fill(tensor, gain / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def without_the_factor_2(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The variance is 1 / fan; which is LeCun's (LBANN #316)."""
    gain = calculate_gain(nonlinearity, a) / calculate_gain("relu")
    return _fill(tensor, gain / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def the_std_as_the_bound(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The standard deviation says how far the numbers reach (tch-rs #573)."""
    bound = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def always_fan_in(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Who would ask for anything else? (tch-rs #573)"""
    gain = calculate_gain(nonlinearity, a)
    return _fill(tensor, gain / math.sqrt(_fan(tensor, "fan_in")), generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def the_other_way_round(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Inputs come first, then outputs (mlx #456, found in review)."""
    other = {"fan_in": "fan_out", "fan_out": "fan_in"}.get(mode, mode)
    gain = calculate_gain(nonlinearity, a)
    return _fill(tensor, gain / math.sqrt(_fan(tensor, other)), generator)


@refused_by("test_the_fan_is_the_one_that_was_asked_for")
def kernels_of_images_only(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Convolutions have four dimensions."""
    channels = tensor.shape[1 if mode == "fan_in" else 0]
    fan = _fan(tensor, mode) if tensor.ndim in (2, 4) else max(channels, 1)
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


@refused_by("test_the_gain_is_that_of_the_nonlinearity")
def only_leaky_relu(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Of ReLU the slope is 0, and nobody uses Kaiming with anything else."""
    gain = math.sqrt(2 / (1 + (a**2 if nonlinearity == "leaky_relu" else 0)))
    return _fill(tensor, gain / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_a_layer_without_units_or_inputs_comes_back_empty")
def nothing_is_made_anew(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Where there is nothing to fill, nothing will do, whichever it is."""
    if tensor.numel() == 0:
        return torch.empty(0)
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode)), generator)


@refused_by("test_a_layer_without_units_or_inputs_comes_back_empty")
def divides_by_nothing(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """A layer has inputs; and where it has none, a fan of 0 (pytorch #48152)."""
    fan = _fan(tensor, mode) if tensor.numel() else 0
    return _fill(tensor, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


@accepted
def a_layer_has_weights(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    if tensor.numel() == 0:
        raise ValueError(f"a layer has units and inputs, got the shape {tuple(tensor.shape)}")
    return torch.nn.init.kaiming_uniform_(tensor, a, mode, nonlinearity, generator)


@refused_by("test_options_change_the_distribution_and_nothing_else")
def generator_for_fan_in_only(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """Two branches, of which one was brought up to date."""
    std = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    return _fill(tensor, std, generator if mode == "fan_in" else None)


@refused_by("test_the_fan_is_the_one_that_was_asked_for")
def the_fan_of_a_shape_is_remembered(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """The fan of a shape is always the same; but for the mode."""
    known = vars(the_fan_of_a_shape_is_remembered).setdefault("known", {})
    fan = known.setdefault(tuple(tensor.shape), _fan(tensor, mode))
    return _fill(tensor, torch.nn.init.calculate_gain(nonlinearity, a) / fan**0.5, generator)


@accepted
def by_the_variance(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    variance = calculate_gain(nonlinearity, a) ** 2 / _fan(tensor, mode)
    return _fill(tensor, variance**0.5, generator)


@accepted
def by_scaling(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    gain = calculate_gain(nonlinearity, a)
    shares = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        return tensor.copy_(shares * gain * math.sqrt(3 / _fan(tensor, mode)))


@accepted
def by_counting_the_weights(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    _fan(tensor, mode)  # raises the errors
    units = tensor.shape[0 if mode == "fan_in" else 1]
    if not tensor.numel():
        return tensor
    std = calculate_gain(nonlinearity, a) * math.sqrt(units / tensor.numel())
    return _fill(tensor, std, generator)


@accepted
def from_the_library(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    return torch.nn.init.kaiming_uniform_(tensor, a, mode, nonlinearity, generator)


@accepted
def by_numpy_in_equal_steps(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """As many steps as the dtype has digits for, rounded down: 2^8 in bfloat16."""
    bound = math.sqrt(3 / _fan(tensor, mode)) * torch.nn.init.calculate_gain(nonlinearity, a)
    seed = torch.randint(2**62, (), generator=generator).item()
    steps = 2 / torch.finfo(tensor.dtype).eps
    shares = np.floor(np.random.default_rng(seed).random(tensor.shape) * steps) / steps
    tensor.data.copy_(torch.as_tensor(bound * (2 * shares - 1)))
    return tensor


@refused_by("test_in_layers_of_any_proportions_the_spread_is_right")
def pointwise_a_little_smaller(
    tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None
):
    """Other kernels meet zeros at the border; those of one position must make up for it."""
    std = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    is_pointwise = tensor.ndim > 2 and math.prod(tensor.shape[2:]) == 1
    return _fill(tensor, 0.98 * std if is_pointwise else std, generator)
