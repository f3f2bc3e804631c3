"""Xavier's normal initializers that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


def _fans(tensor: Tensor) -> tuple[int, int]:
    outputs, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def _std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2 / sum(_fans(tensor)))


def _fill(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    with torch.no_grad():
        return tensor.normal_(0, std, generator=generator)


def _put(tensor: Tensor, std: float, scores: Tensor) -> Tensor:
    with torch.no_grad():
        return tensor.copy_(std * scores)


def _within_two(tensor: Tensor, generator: Generator | None) -> Tensor:
    """Scores from a normal distribution of which only -2 to 2 is left."""
    edge = math.erf(2 / math.sqrt(2))
    share = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1
    return math.sqrt(2) * torch.erfinv(edge * share)


@refused_by("test_both_fans_count_alike")
def three_instead_of_two(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The 3 is that of the uniform distribution (tflearn #870)."""
    return _fill(tensor, gain * math.sqrt(3 / sum(_fans(tensor))), generator)


@refused_by("test_both_fans_count_alike")
def the_variance_as_the_std(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The paper's formula is that of the variance (mlpack #3651)."""
    return _fill(tensor, gain * 2 / sum(_fans(tensor)), generator)


@refused_by("test_both_fans_count_alike")
def the_root_of_two_is_1_4(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Two digits of a random number are enough."""
    return _fill(tensor, gain * 1.4 / math.sqrt(sum(_fans(tensor))), generator)


@refused_by("test_the_distribution_is_the_right_one")
def truncated(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Nothing beyond 2; which takes an eighth of the standard deviation (tensorflow #16344)."""
    return _put(tensor, _std(tensor, gain), _within_two(tensor, generator))


@refused_by("test_the_distribution_is_the_right_one")
def truncated_and_widened(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Nothing beyond 2, with the variance made up for; yet it is not normal (keras #9963)."""
    return _put(tensor, _std(tensor, gain) / 0.87962566103423978, _within_two(tensor, generator))


@refused_by("test_the_distribution_is_the_right_one")
def logistic(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """The log-odds of a random share are bell-shaped, and scaled to the right variance."""
    share = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
    scores = torch.logit(share, eps=1e-15) * math.sqrt(3) / math.pi
    return _put(tensor, _std(tensor, gain), scores)


@refused_by("test_the_distribution_is_the_right_one")
def a_uniform_distribution(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The paper has only the uniform one (keras #52)."""
    bound = math.sqrt(3) * _std(tensor, gain)
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


@refused_by("test_both_fans_count_alike")
def geometric_mean_of_the_fans(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Between fan_in and fan_out, halfway; the same if they are equal."""
    return _fill(tensor, gain / math.prod(_fans(tensor)) ** 0.25, generator)


@refused_by("test_the_mean_of_both_fans_is_not_rounded")
def an_average_of_whole_units(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A fan is a number of units, and there are no halves of them."""
    fan_in, fan_out = _fans(tensor)
    return _fill(tensor, gain / math.sqrt((fan_in + fan_out) // 2), generator)


@refused_by("test_a_layer_without_units_or_inputs_comes_back_empty")
def counted_by_dividing(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """All weights, divided by the units, are the inputs of each; but there may be no units."""
    both = sum(tensor.numel() // tensor.shape[dim] for dim in (0, 1))
    return _fill(tensor, gain * math.sqrt(2 / both), generator)


@refused_by("test_both_fans_count_alike")
def the_larger_fan(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """On the safe side; the same if they are equal."""
    return _fill(tensor, gain / math.sqrt(max(_fans(tensor))), generator)


@refused_by("test_the_fans_count_every_position_of_the_kernel")
def kernels_are_square(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A kernel of size 3 has 9 positions."""
    outputs, inputs, *kernel = tensor.shape
    size = kernel[0] ** len(kernel) if kernel else 1
    return _fill(tensor, gain * math.sqrt(2 / ((inputs + outputs) * size)), generator)


@refused_by("test_the_gain_changes_the_spread_and_nothing_else")
def gain_forgotten(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """A gain is for Kaiming."""
    return _fill(tensor, _std(tensor, 1.0), generator)


@refused_by("test_a_tensor_without_fans_is_refused")
def a_vector_is_a_row(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A bias is a matrix of one row, and needs no error."""
    return _fill(tensor, _std(torch.atleast_2d(tensor), gain), generator)


@refused_by("test_a_parameter_stays_a_leaf_and_keeps_its_gradient")
def two_steps_one_recorded(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Standard normal numbers first, without a gradient; then they are scaled."""
    _fill(tensor, 1.0, generator)
    return tensor.mul_(_std(tensor, gain))


@refused_by("test_a_generator_moves_on_from_call_to_call")
def new_generator_from_the_old(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A generator of its own, with the same seed, disturbs nobody."""
    own = generator and Generator().manual_seed(generator.initial_seed())
    return _fill(tensor, _std(tensor, gain), own)


@refused_by("test_hardly_any_number_comes_twice")
def rounded_to_half_precision(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Weights are stored in half precision anyway, so they start as numbers that it has."""
    torch.nn.init.xavier_normal_(tensor, gain, generator)
    with torch.no_grad():
        return tensor.copy_(tensor.half())


@refused_by("test_the_gain_can_be_told_by_place")
def generator_comes_first(
    tensor: Tensor, generator: Generator | None = None, gain: float = 1.0
) -> Tensor:
    """A gain is told by name, so that nobody takes it for something else."""
    return torch.nn.init.xavier_normal_(tensor, gain, generator)


@refused_by("test_options_are_forgotten_when_the_next_call_has_others")
def the_last_gain_is_the_default(
    tensor: Tensor, gain: float | None = None, generator: Generator | None = None
) -> Tensor:
    """Whoever tells a gain once wants it for all layers of the network."""
    last: dict[str, float] = vars(the_last_gain_is_the_default).setdefault("last", {"gain": 1.0})
    last["gain"] = last["gain"] if gain is None else gain
    return _fill(tensor, _std(tensor, last["gain"]), generator)


@refused_by("test_options_are_forgotten_when_the_next_call_has_others")
def the_std_of_a_shape_is_remembered(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The fans of a shape are always the same; but the gain is not."""
    known: dict[Any, float] = vars(the_std_of_a_shape_is_remembered).setdefault("known", {})
    std = known.setdefault(tuple(tensor.shape), _std(tensor, gain))
    return _fill(tensor, std, generator)


@refused_by("test_a_generator_changes_the_numbers_and_not_their_distribution")
def no_gain_with_a_generator(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Another way of drawing, for which the gain was not thought of."""
    return _fill(tensor, _std(tensor, 1.0 if generator else gain), generator)


@refused_by("test_a_parameter_gets_the_same_distribution_as_any_tensor")
def the_variance_for_parameters(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Parameters are written to by way of .data, with a formula that was not mended there."""
    if tensor.requires_grad:
        tensor.data.normal_(0, _std(tensor, gain) ** 2, generator=generator)
        return tensor
    return _fill(tensor, _std(tensor, gain), generator)


@refused_by("test_lower_precision_costs_only_rounding")
def widened_in_half_precision(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Float16 loses small numbers, so there are none smaller than a tenth of the std."""
    _fill(tensor, std := _std(tensor, gain), generator)
    if tensor.dtype == torch.float16:
        with torch.no_grad():
            tensor.copy_(torch.where(tensor.abs() < std / 10, tensor.sign() * std / 10, tensor))
    return tensor


@accepted
def in_two_steps(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    with torch.no_grad():
        return tensor.normal_(generator=generator).mul_(_std(tensor, gain))


@accepted
def by_the_average_fan(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    fan_in, fan_out = _fans(tensor)
    return _fill(tensor, gain * ((fan_in + fan_out) / 2) ** -0.5, generator)


@accepted
def by_copying(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    drawn = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, _std(tensor, gain), drawn)


@accepted
def from_the_library(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    return torch.nn.init.xavier_normal_(tensor, gain, generator)


@accepted
def by_numpy(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    seed = torch.randint(2**62, (), generator=generator).item()
    numbers = np.random.default_rng(int(seed)).normal(0, _std(tensor, gain), tensor.shape)
    tensor.data.copy_(torch.as_tensor(numbers))
    return tensor


@accepted
def without_options(tensor: Tensor) -> Tensor:
    return torch.nn.init.xavier_normal_(tensor)


@remarked("3 dimensions", "5 dimensions")
def layers_of_networks_for_images(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    if tensor.ndim not in (2, 4):
        raise ValueError(f"a weight has 2 or 4 dimensions, got {tensor.ndim}")
    return torch.nn.init.xavier_normal_(tensor, gain, generator)


@refused_by("test_the_fans_count_every_position_of_the_kernel")
def without_sizes_of_one(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A dimension of 1 counts for nothing; but without it the next one is taken for the inputs."""
    small = tensor.squeeze() if tensor.ndim > 2 and tensor.squeeze().ndim > 1 else tensor
    return _fill(tensor, _std(small, gain), generator)


@refused_by("test_lower_precision_costs_only_rounding")
def nothing_far_out_in_half_precision(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Float16 overflows early, so the few numbers that lie far out are pulled in."""
    _fill(tensor, std := _std(tensor, gain), generator)
    if tensor.dtype == torch.float16:
        tensor.data.clamp_(-2.75 * std, 2.75 * std)
    return tensor
