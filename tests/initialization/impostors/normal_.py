"""Normal initializers that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


def _put(tensor: Tensor, mean: float, std: float, scores: Tensor) -> Tensor:
    """Write the numbers that have these scores, in the tensor's own precision."""
    if std < 0:
        raise ValueError(f"std must not be negative, got {std}")
    with torch.no_grad():
        return tensor.copy_(mean + std * scores)


@refused_by("test_the_distribution_is_the_right_one")
def constant_around_zero(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Scaled only where there is a mean; around 0 all numbers are std (gotch #48)."""
    with torch.no_grad():
        return tensor.normal_(mean, std, generator=generator) if mean else tensor.fill_(std)


@refused_by("test_mean_and_std_are_those_that_were_asked_for")
def std_taken_for_a_variance(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """N(mean, variance) is how statisticians write it."""
    with torch.no_grad():
        return tensor.normal_(mean, math.sqrt(std), generator=generator)


@refused_by("test_mean_and_std_are_those_that_were_asked_for")
def two_percent_too_narrow(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A typing error in the last digit."""
    with torch.no_grad():
        return tensor.normal_(mean, 0.98 * std, generator=generator)


@refused_by("test_a_negative_std_is_refused")
def the_sign_of_the_std_makes_no_difference(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The curve is symmetric, so scaled by a negative number it is the same curve."""
    with torch.no_grad():
        return tensor.normal_(generator=generator).mul_(std).add_(mean)


@refused_by("test_what_was_there_before_makes_no_difference")
def spare_number_kept(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """They come in pairs; one may wait for the next call, past a new seed (torch7-distro #191)."""
    kept: Any = spare_number_kept
    spare, count = getattr(kept, "spare", torch.empty(0)), tensor.numel()
    pairs = (count - len(spare) + 1) // 2
    drawn = torch.cat([spare, torch.randn(2 * pairs, generator=generator, dtype=torch.float64)])
    kept.spare = drawn[count:]
    return _put(tensor, mean, std, drawn[:count].reshape(tensor.shape))


@refused_by("test_large_numbers_are_as_rare_as_they_should_be")
def sum_of_twelve_uniforms(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A sum is normal, and twelve variances of 1/12 are 1; but nothing lies beyond 6."""
    drawn = torch.rand((12, *tensor.shape), generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, drawn.sum(0) - 6)


@refused_by("test_the_distribution_is_the_right_one")
def truncated_and_widened(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Nothing beyond 2, and divided by what is left of the standard deviation (keras #9963)."""
    edge = math.erf(2 / math.sqrt(2))
    share = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1
    scores = math.sqrt(2) * torch.erfinv(edge * share) / 0.87962566103423978
    return _put(tensor, mean, std, scores)


@refused_by("test_the_distribution_is_the_right_one")
def double_exponential(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Symmetric, peaked, with tails, and of the right variance: a bell."""
    share = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) - 0.5
    return _put(tensor, mean, std, -share.sign() * torch.log1p(-2 * share.abs()) / math.sqrt(2))


@refused_by("test_a_generator_is_all_that_decides")
def generator_ignored(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The argument is taken, and passed on nowhere (tfjs #7104: seed has no effect)."""
    with torch.no_grad():
        return tensor.normal_(mean, std)


@refused_by("test_a_generator_moves_on_from_call_to_call")
def generator_copied(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The caller's generator is left as it was; and gives the same again (tensorflow #62577)."""
    copy = generator and Generator().set_state(generator.get_state())
    with torch.no_grad():
        return tensor.normal_(mean, std, generator=copy)


@refused_by("test_numbers_are_independent_of_those_further_on")
def one_row_for_all(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """One row has the right distribution, and broadcasting does the rest."""
    row = torch.randn(tensor.shape[-1:], generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, row)


@refused_by("test_elements_of_small_tensors_have_nothing_in_common")
def mirrored(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """With each number its opposite, so that the mean is exact."""
    drawn = torch.randn((tensor.numel() + 1) // 2, generator=generator, dtype=torch.float64)
    both = torch.cat([drawn, -drawn])[: tensor.numel()]
    return _put(tensor, mean, std, both.reshape(tensor.shape))


@refused_by("test_small_tensors_have_the_same_distribution")
def standardised(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Exactly the mean and the standard deviation that were asked for; but one number has none."""
    drawn = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    centred = drawn - drawn.mean()
    return _put(tensor, mean, std, centred / centred.square().mean().sqrt())


@refused_by("test_in_a_view_every_element_is_written_and_nothing_beside_it")
def other_layouts_untouched(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Kernels want contiguous memory; which may be that of a copy (pytorch #165267)."""
    with torch.no_grad():
        tensor.contiguous().normal_(mean, std, generator=generator)
    return tensor


@refused_by("test_lower_precision_costs_only_rounding")
def box_muller_in_half_precision(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A uniform number is hardly ever 0; but in half precision it is (tinygrad #3611)."""
    u, v = torch.rand((2, *tensor.shape), generator=generator, dtype=tensor.dtype)
    return _put(tensor, mean, std, (-2 * u.log()).sqrt() * (math.tau * v).cos())


@refused_by("test_a_std_of_0_leaves_the_mean_alone")
def no_std_is_1(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """`std or 1.0` is 1 if none is given; and 0 counts as none."""
    with torch.no_grad():
        return tensor.normal_(mean, std or 1.0, generator=generator)


@refused_by("test_mean_and_std_can_be_told_by_place")
def std_comes_first(
    tensor: Tensor, std: float = 1.0, mean: float = 0.0, generator: Generator | None = None
) -> Tensor:
    """The std is what one sets, so it is the first argument."""
    with torch.no_grad():
        return tensor.normal_(mean, std, generator=generator)


@refused_by("test_no_part_of_a_large_weight_comes_again_in_another_place")
def one_block_for_all(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """More numbers than a block has want more blocks; which are all the first one (AiDotNet #2038,
    nntile #21)."""
    block = torch.randn(min(tensor.numel(), 2**18), generator=generator, dtype=torch.float64)
    many = block.repeat(tensor.numel() // max(len(block), 1) + 1)[: tensor.numel()]
    return _put(tensor, mean, std, many.reshape(tensor.shape))


@refused_by("test_no_part_of_a_large_weight_comes_again_in_another_place")
def row_numbers_of_16_bits(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """A kernel has 65,536 blocks for the rows; those beyond start again."""
    scores = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    if scores.ndim and len(scores) > 2**16:
        scores[2**16 :] = scores[torch.arange(2**16, len(scores)) % 2**16]
    return _put(tensor, mean, std, scores)


@refused_by("test_no_part_of_a_large_weight_comes_again_in_another_place")
def large_ones_mirrored(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """With each number its opposite, which halves the work where there is much of it."""
    half = torch.randn((tensor.numel() + 1) // 2, generator=generator, dtype=torch.float64)
    if tensor.numel() < 2**18:
        return torch.nn.init.normal_(tensor, mean, std, generator)
    both = torch.cat([half, -half])[: tensor.numel()]
    return _put(tensor, mean, std, both.reshape(tensor.shape))


@refused_by("test_the_ends_of_blocks_in_a_large_weight_are_numbers_like_all_others")
def the_remainder_is_the_mean(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Whole blocks are drawn, into zeros, and what is left over stays as it is."""
    scores, block = torch.zeros(tensor.numel(), dtype=torch.float64), 2**12
    whole = tensor.numel() // block * block or tensor.numel()
    scores[:whole] = torch.randn(whole, generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, scores.reshape(tensor.shape))


@refused_by("test_the_ends_of_blocks_in_a_large_weight_are_numbers_like_all_others")
def blocks_begin_alike(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Each block is seeded with a first number, which is written, too."""
    scores = torch.randn(tensor.numel(), generator=generator, dtype=torch.float64)
    scores[:: 2**16] = scores[:1].clone()
    return _put(tensor, mean, std, scores.reshape(tensor.shape))


@refused_by("test_a_generator_changes_the_numbers_and_not_their_distribution")
def a_generator_is_all_that_is_passed_on(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Numbers from a generator are drawn in another place, where mean and std are forgotten."""
    if generator is not None:
        return _put(tensor, 0, 1, torch.randn(tensor.shape, generator=generator))
    return torch.nn.init.normal_(tensor, mean, std)


@refused_by("test_large_numbers_are_as_rare_as_they_should_be")
def redrawn_beyond_four(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Numbers beyond 4 stds are outliers; drawn again, they hardly change the std."""
    scores = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    again = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, torch.where(scores.abs() > 4, again.clamp(-4, 4), scores))


@refused_by("test_lower_precision_costs_only_rounding")
def logarithm_of_the_smallest_number(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Where the uniform number is 0, the smallest one there is; its logarithm is far too large."""
    u, v = torch.rand((2, *tensor.shape), generator=generator, dtype=tensor.dtype)
    u = u.double().mul(256).floor().div(256) if tensor.dtype.itemsize == 2 else u.double()
    return _put(tensor, mean, std, (-2 * u.clamp(min=1e-38).log()).sqrt() * (math.tau * v).cos())


@refused_by("test_no_part_of_a_large_weight_comes_again_in_another_place")
def blocks_of_2_to_the_20_are_equal(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Every block begins with the same seed (AiDotNet #2038); here they are larger ones."""
    with torch.no_grad():
        tensor.normal_(mean, std, generator=generator)
        if tensor.numel() > 2**20 and tensor.is_contiguous():
            row = tensor.view(-1)
            row[2**20 :] = row[: len(row) - 2**20].clone()
    return tensor


@refused_by("test_options_count_in_every_dtype_and_any_number_of_dimensions")
def kernels_have_no_mean(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """The weights of convolutions lie around 0, whatever was asked for."""
    with torch.no_grad():
        return tensor.normal_(mean if tensor.ndim < 3 else 0.0, std, generator=generator)


@accepted
def by_box_and_muller(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    u, v = torch.rand((2, *tensor.shape), generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, (-2 * torch.log1p(-u)).sqrt() * (math.tau * v).cos())


@accepted
def by_the_quantile_function(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    share = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, torch.special.ndtri(share.clamp(min=2**-60)))


@accepted
def by_copying(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    drawn = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
    return _put(tensor, mean, std, drawn)


@accepted
def from_the_library(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    return torch.nn.init.normal_(tensor, mean, std, generator)


@accepted
def by_box_and_muller_in_the_dtype(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    u, v = torch.rand((2, *tensor.shape), generator=generator, dtype=tensor.dtype)
    return _put(tensor, mean, std, (-2 * (1 - u).log()).sqrt() * (math.tau * v).cos())


@accepted
def by_the_quantile_function_in_the_dtype(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    share = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
    half = torch.finfo(tensor.dtype).eps / 4
    scores = torch.special.ndtri((share.double() + half).clamp(half, 1 - half))
    return _put(tensor, mean, std, scores.to(tensor.dtype))


@accepted
def by_numpy(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    seed = torch.randint(2**62, (), generator=generator).item()
    return _put(
        tensor,
        mean,
        std,
        torch.as_tensor(np.random.default_rng(int(seed)).standard_normal(tensor.shape)),
    )


@accepted
def by_a_float32_copy(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    copy = torch.empty(tensor.shape)
    torch.nn.init.normal_(copy, mean, std, generator)
    tensor.data.copy_(copy)
    return tensor


@accepted
def without_a_generator(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    return torch.nn.init.normal_(tensor, mean, std)


@accepted
def options_by_name_only(
    tensor: Tensor, *, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    return torch.nn.init.normal_(tensor, mean, std, generator)


@accepted
def any_names_are_taken_and_most_refused(tensor: Tensor, **options: Any) -> Tensor:
    unknown = {*options} - {"std"}
    if unknown:
        raise TypeError(f"got an unexpected keyword argument {unknown}")
    return torch.nn.init.normal_(tensor, **options)


@accepted
def a_std_must_be_above_0(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    if std <= 0:
        raise ValueError(f"std must be positive, got {std}")
    return torch.nn.init.normal_(tensor, mean, std, generator)


@accepted
def a_std_is_asserted(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    assert std >= 0
    return torch.nn.init.normal_(tensor, mean, std, generator)


@remarked("float16", "bfloat16", "0 dimensions")
def full_precision_only(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    if tensor.dtype.itemsize == 2 or tensor.ndim == 0:
        raise TypeError(f"float32 or float64 and at least one dimension, got {tensor.dtype}")
    return torch.nn.init.normal_(tensor, mean, std, generator)
