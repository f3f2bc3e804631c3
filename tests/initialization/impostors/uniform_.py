"""Uniform initializers that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import math

import numpy as np
import torch
from torch import Generator, Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by


def _put(tensor: Tensor, a: float, b: float, shares: Tensor) -> Tensor:
    """Write the numbers that are these shares of the way from a to b, and none that is b."""
    below = torch.nextafter(tensor.new_tensor(b), tensor.new_tensor(a))
    with torch.no_grad():
        return tensor.copy_((a + (b - a) * shares).to(tensor.dtype).clamp(max=below))


@refused_by("test_the_numbers_fill_the_space_between_the_bounds")
def b_is_the_width(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Where it starts, and how far it goes; the same if it starts at 0."""
    with torch.no_grad():
        return tensor.uniform_(a, a + b, generator=generator)


@refused_by("test_the_numbers_fill_the_space_between_the_bounds")
def around_zero(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Weights lie around 0, so the larger bound says all."""
    bound = max(abs(a), abs(b))
    with torch.no_grad():
        return tensor.uniform_(-bound, bound, generator=generator)


@refused_by("test_no_part_of_it_is_likelier_than_another")
def normal_of_the_same_moments(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Mean and variance are all that matters."""
    with torch.no_grad():
        return tensor.normal_((a + b) / 2, (b - a) / math.sqrt(12), generator=generator)


@refused_by("test_no_part_of_it_is_likelier_than_another")
def average_of_two(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Two random numbers are more random than one; but their average prefers the middle."""
    shares = torch.rand((2, *tensor.shape), generator=generator, dtype=torch.float64)
    return _put(tensor, a, b, shares.mean(0))


@refused_by("test_hardly_any_number_comes_twice")
def one_random_byte(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """256 different numbers are enough; each from the middle of its step, so the mean is right."""
    steps = torch.randint(256, tensor.shape, generator=generator)
    return _put(tensor, a, b, (steps + 0.5) / 256)


@refused_by("test_small_tensors_have_the_same_distribution")
def evenly_spread(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """One number in each of n equal parts, then shuffled: chance leaves no gaps."""
    count = tensor.numel()
    parts = torch.randperm(count, generator=generator)
    shares = (parts + torch.rand(count, generator=generator, dtype=torch.float64)) / max(count, 1)
    return _put(tensor, a, b, shares.reshape(tensor.shape))


@refused_by("test_the_numbers_fill_the_space_between_the_bounds")
def one_percent_too_short(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A little distance from b, so that rounding does not reach it."""
    with torch.no_grad():
        return tensor.uniform_(a, b - 0.01 * (b - a), generator=generator)


@refused_by("test_a_generator_moves_on_from_call_to_call")
def generator_restarted(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The same seed gives the same weights; but to every layer (deel-lip #64)."""
    if generator is not None:
        generator.manual_seed(generator.initial_seed())
    with torch.no_grad():
        return tensor.uniform_(a, b, generator=generator)


@refused_by("test_the_same_seed_gives_the_same_weights")
def a_new_generator_each_time(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Where none is given, a new one is made; and new ones all start with the same seed."""
    with torch.no_grad():
        return tensor.uniform_(a, b, generator=generator or Generator())


@refused_by("test_in_a_view_every_element_is_written_and_nothing_beside_it")
def along_the_memory(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """As many numbers as there are elements, from the first on (pytorch #191193)."""
    size = tensor.untyped_storage().size() // tensor.element_size() - tensor.storage_offset()
    with torch.no_grad():
        row = tensor.as_strided([min(tensor.numel(), size)], [1])
        row.uniform_(a, b, generator=generator)
    return tensor


@refused_by("test_a_parameter_stays_a_leaf_and_keeps_its_gradient")
def recorded_by_autograd(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """It is one call; but a parameter may not be written to in place (oneflow #5932)."""
    return tensor.uniform_(a, b, generator=generator)


@refused_by("test_between_equal_bounds_there_is_one_number")
def bounds_must_differ(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Equal bounds must be a mistake, so the default takes their place."""
    low, high = (a, b) if a != b else (0.0, 1.0)
    with torch.no_grad():
        return tensor.uniform_(low, high, generator=generator)


@refused_by("test_lower_precision_costs_only_rounding")
def a_byte_is_enough_for_16_bits(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """16 bits have few digits, so 256 steps will do; but float16 has eight times as many."""
    if tensor.dtype.itemsize > 2:
        return torch.nn.init.uniform_(tensor, a, b, generator)
    steps = torch.randint(256, tensor.shape, generator=generator)
    return _put(tensor, a, b, (steps + 0.5).double() / 256)


@refused_by("test_lower_precision_costs_only_rounding")
def rounded_down_to_a_nibble(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Of 2^4 equal steps in 16 bits, each number is the beginning of its own."""
    if tensor.dtype.itemsize > 2:
        return torch.nn.init.uniform_(tensor, a, b, generator)
    steps = torch.randint(2**4, tensor.shape, generator=generator)
    return _put(tensor, a, b, steps.double() / 2**4)


@refused_by("test_a_generator_changes_the_numbers_and_not_their_distribution")
def a_generator_draws_shares(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Numbers from a generator come from torch.rand, which has no bounds to be told."""
    if generator is None:
        return torch.nn.init.uniform_(tensor, a, b)
    return _put(tensor, 0, 1, torch.rand(tensor.shape, generator=generator))


@refused_by("test_no_part_of_a_large_weight_comes_again_in_another_place")
def a_state_of_16_bits(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A small generator is fast; after 65,536 numbers it begins again."""
    shares = torch.rand(min(tensor.numel(), 2**16), generator=generator, dtype=torch.float64)
    again = torch.arange(tensor.numel()) % 2**16
    return _put(tensor, a, b, shares[again].reshape(tensor.shape))


@refused_by("test_a_generator_decides_a_large_weight_to_its_end")
def the_rest_by_the_usual_generator(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """What lies beyond 2^20 numbers is drawn by another call, which knows no generator."""
    with torch.no_grad():
        tensor.uniform_(a, b, generator=generator)
        if tensor.numel() > 2**20 and tensor.is_contiguous():
            tensor.view(-1)[2**20 :].uniform_(a, b)
    return tensor


@accepted
def by_shares(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    shares = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, a, b, shares)


@accepted
def from_the_other_end(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    shares = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, a, b, 1 - shares)


@accepted
def by_the_distribution_function(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    scores = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, a, b, torch.special.ndtr(scores))


@accepted
def from_the_library(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    return torch.nn.init.uniform_(tensor, a, b, generator)


@accepted
def by_numpy_in_equal_steps(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """As many steps as the dtype has digits for, rounded down: 2^8 in bfloat16."""
    seed = torch.randint(2**62, (), generator=generator).item()
    steps = 2 / torch.finfo(tensor.dtype).eps
    shares = np.random.Generator(np.random.PCG64(int(seed))).random(tensor.shape)
    return _put(tensor, a, b, torch.as_tensor(np.floor(shares * steps) / steps))


@accepted
def by_the_formula_in_the_dtype(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    low, high = tensor.new_tensor(a), tensor.new_tensor(b)
    shares = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
    with torch.no_grad():
        return tensor.copy_(low + (high - low) * shares)


@accepted
def by_a_float32_copy(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    copy = torch.empty(tensor.shape)
    torch.nn.init.uniform_(copy, a, b, generator)
    tensor.data.copy_(copy)
    return tensor


@accepted
def without_a_generator(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    return torch.nn.init.uniform_(tensor, a, b)


@accepted
def bounds_in_order_only(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    if not a < b:
        raise ValueError(f"a must be below b, got {a} and {b}")
    return torch.nn.init.uniform_(tensor, a, b, generator)


@refused_by("test_whether_a_tensor_learns_stays_as_it_was")
def a_start_has_no_gradient(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """No gradient while numbers are drawn; afterwards parameters alone have one (pytorch #8692)."""
    if isinstance(tensor, torch.nn.Parameter) or not tensor.is_leaf:
        return from_the_library(tensor, a, b, generator)
    return tensor.requires_grad_(False).uniform_(a, b, generator=generator)


@refused_by("test_in_a_row_of_any_length_the_last_numbers_are_new_ones")
def the_last_as_the_one_before(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Draws come in pairs, and the last of an odd number is taken twice."""
    shares = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
    if shares.numel() > 2 and shares.numel() % 2:
        shares.view(-1)[-1] = shares.view(-1)[-2]
    return _put(tensor, a, b, shares)


def _needs_a_parameter(tensor: Tensor) -> None:
    if not isinstance(tensor, torch.nn.Parameter):
        raise TypeError(f"what is to be learned is a Parameter, got {type(tensor).__name__}")


@accepted
def of_parameters(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    _needs_a_parameter(tensor)
    return torch.nn.init.uniform_(tensor, a, b)


@refused_by("test_the_distribution_is_the_right_one")
def of_parameters_and_shifted(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """torch.rand goes from 0 to 1, and numbers around 0 are better."""
    _needs_a_parameter(tensor)
    with torch.no_grad():
        return tensor.copy_(a + (b - a) * (torch.rand_like(tensor) - 0.5))


LIMITS = {"without": ["plain tensors"]}
of_parameters.limits = LIMITS  # type: ignore[attr-defined]
of_parameters_and_shifted.limits = LIMITS  # type: ignore[attr-defined]
