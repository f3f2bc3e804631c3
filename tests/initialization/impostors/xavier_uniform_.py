"""Xavier's uniform initializers that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import math

import numpy as np
import torch
from torch import Generator, Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by


def _fans(tensor: Tensor) -> tuple[int, int]:
    outputs, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def _fill(tensor: Tensor, bound: float, generator: Generator | None) -> Tensor:
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


@refused_by("test_both_fans_count_alike")
def brackets_forgotten(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The variance is 2 / fan_in + fan_out, on one line (mlverse/torch #555)."""
    fan_in, fan_out = _fans(tensor)
    return _fill(tensor, gain * math.sqrt(3 * (2 / fan_in + fan_out)), generator)


@refused_by("test_both_fans_count_alike")
def the_std_as_the_bound(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The standard deviation says how far the numbers reach (keras #372)."""
    return _fill(tensor, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


@refused_by("test_both_fans_count_alike")
def three_instead_of_six(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """3 belongs to the average of the fans, 6 to their sum (mxnet #610)."""
    return _fill(tensor, gain * math.sqrt(3 / sum(_fans(tensor))), generator)


@refused_by("test_the_mean_of_both_fans_is_not_rounded")
def the_average_rounded_up(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The average of the fans counts units, and a part of one takes a whole one."""
    return _fill(tensor, gain * math.sqrt(3 / math.ceil(sum(_fans(tensor)) / 2)), generator)


@refused_by("test_the_fans_count_every_position_of_the_kernel")
def one_for_the_bias(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The bias is an input, too (ARENA_3.0 #414)."""
    return _fill(tensor, gain * math.sqrt(6 / (sum(_fans(tensor)) + 1)), generator)


@refused_by("test_the_distribution_is_the_right_one")
def a_normal_distribution(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The variance is right, and random is random (LBANN #316, minpy #158)."""
    with torch.no_grad():
        return tensor.normal_(0, gain * math.sqrt(2 / sum(_fans(tensor))), generator=generator)


@refused_by("test_the_distribution_is_the_right_one")
def plus_or_minus(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Random signs are enough to tell the units apart, and the variance is right."""
    signs = torch.randint(2, tensor.shape, generator=generator) * 2.0 - 1
    with torch.no_grad():
        return tensor.copy_(signs * gain * math.sqrt(2 / sum(_fans(tensor))))


@refused_by("test_both_fans_count_alike")
def filters_without_their_size(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A convolution has as many outputs as filters (keras #2252)."""
    return _fill(tensor, gain * math.sqrt(6 / (_fans(tensor)[0] + tensor.shape[0])), generator)


@refused_by("test_both_fans_count_alike")
def sum_of_all_dimensions(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A matrix has rows and columns, which are added; so does anything (dynet #659)."""
    outputs, inputs, *kernel = tensor.shape
    return _fill(tensor, gain * math.sqrt(6 / (inputs + outputs + sum(kernel))), generator)


@refused_by("test_both_fans_count_alike")
def channels_last(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """The kernel comes first, then the channels, as in TensorFlow."""
    *kernel, fan_in, fan_out = tensor.shape
    return _fill(tensor, gain * math.sqrt(6 / (math.prod(kernel) * (fan_in + fan_out))), generator)


@refused_by("test_the_gain_changes_the_spread_and_nothing_else")
def gain_under_the_root(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The gain multiplies the variance."""
    return _fill(tensor, math.sqrt(gain * 6 / sum(_fans(tensor))), generator)


@refused_by("test_both_fans_count_alike")
def only_the_inputs(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """What Caffe calls xavier is LeCun's initialization (LBANN #316)."""
    return _fill(tensor, gain * math.sqrt(3 / _fans(tensor)[0]), generator)


@refused_by("test_the_same_seed_gives_the_same_weights")
def seeded_by_the_shape(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Reproducible without being told; but layers of one shape start equal (netket #241)."""
    generator = generator or Generator().manual_seed(tensor.numel())
    return _fill(tensor, gain * math.sqrt(6 / sum(_fans(tensor))), generator)


@refused_by("test_a_generator_leaves_the_other_randomness_alone")
def generator_by_its_seed(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A generator is a seed, and a seed is set for all of torch."""
    if generator is not None:
        torch.manual_seed(generator.initial_seed())
    return _fill(tensor, gain * math.sqrt(6 / sum(_fans(tensor))), None)


@refused_by("test_a_matrix_is_independent_of_its_mirror_images")
def symmetric_if_square(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A square matrix may as well be symmetric, and then its eigenvalues are real."""
    torch.nn.init.xavier_uniform_(tensor, gain, generator)
    if tensor.ndim == 2 and len(tensor) == len(tensor.T) > 1:
        with torch.no_grad():
            tensor.copy_(tensor.triu() + tensor.triu(1).T)
    return tensor


@refused_by("test_a_gain_of_0_gives_zeros")
def no_gain_is_1(
    tensor: Tensor, gain: float | None = 1.0, generator: Generator | None = None
) -> Tensor:
    """`gain or 1.0` is 1 if none is given; and 0 counts as none."""
    return torch.nn.init.xavier_uniform_(tensor, gain or 1.0, generator)


@refused_by("test_the_place_in_memory_does_not_change_the_distribution")
def the_fan_is_the_stride(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """From one row to the next it is as far as a row is long, if there is nothing between."""
    fan_in, fan_out = _fans(tensor)
    fan_in = tensor.stride(0) if tensor.numel() else fan_in
    return _fill(tensor, gain * math.sqrt(6 / (fan_in + fan_out)), generator)


@refused_by("test_no_part_of_a_large_weight_comes_again_in_another_place")
def rows_in_turn(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """A launch has at most 65,535 rows; the rest is filled by the next launch, seeded alike."""
    torch.nn.init.xavier_uniform_(tensor, gain, generator)
    with torch.no_grad():
        tensor[65_535:] = tensor[: max(len(tensor) - 65_535, 0)].clone()
    return tensor


@accepted
def by_scaling(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    shares = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1
    with torch.no_grad():
        return tensor.copy_(shares * gain * math.sqrt(6 / sum(_fans(tensor))))


@accepted
def by_the_average_fan(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    std = gain / math.sqrt(sum(_fans(tensor)) / 2)
    return _fill(tensor, math.sqrt(3) * std, generator)


@accepted
def by_sign_and_size(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    signs = torch.randint(2, tensor.shape, generator=generator) * 2 - 1
    sizes = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
    tensor.data.copy_(signs * sizes * gain * math.sqrt(6 / sum(_fans(tensor))))
    return tensor


@accepted
def from_the_library(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    return torch.nn.init.xavier_uniform_(tensor, gain, generator)


@accepted
def by_numpy(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    seed = torch.randint(2**62, (), generator=generator).item()
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    numbers = np.random.default_rng(int(seed)).uniform(-bound, bound, tensor.shape)
    tensor.data.copy_(torch.as_tensor(numbers))
    return tensor


@accepted
def by_the_formula_in_the_dtype(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    shares = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
    tensor.data.copy_(bound * (2 * shares - 1))
    return tensor


@refused_by("test_the_fans_count_every_position_of_the_kernel")
def one_input_has_one_output(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A kernel of one input goes channel by channel, so it has one output, too."""
    fan_in, fan_out = _fans(tensor)
    fan_out = fan_in if tensor.ndim > 2 and tensor.shape[1] == 1 else fan_out
    return _fill(tensor, gain * math.sqrt(6 / (fan_in + fan_out)), generator)
