"""ReLUs that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by


@refused_by("test_whole_numbers_keep_every_digit")
def computed_as_float32(x: Tensor) -> Tensor:
    """Whole numbers are made floats and back; but beyond 2^24 not every one is a float32."""
    return torch.relu(x) if x.is_floating_point() else torch.relu(x.float()).to(x.dtype)


@refused_by("test_nan_is_not_hidden")
def what_is_not_positive_is_zero(x: Tensor) -> Tensor:
    """NaN is not positive either (pytorch #7999, mxnet #11115)."""
    return torch.where(x > 0, x, torch.zeros_like(x))


@refused_by("test_the_values_are_those_of_pytorch")
def times_its_sign(x: Tensor) -> Tensor:
    """A mask of ones and zeros; but 0 * infinity is NaN."""
    return x * (x > 0)


@refused_by("test_it_is_the_larger_of_the_number_and_0")
def absolute_value(x: Tensor) -> Tensor:
    """No negative numbers come out."""
    return x.abs()


@refused_by("test_it_is_the_larger_of_the_number_and_0")
def relu6(x: Tensor) -> Tensor:
    """Nobody needs activations above 6."""
    return x.clamp(0, 6)


@refused_by("test_it_is_the_larger_of_the_number_and_0")
def softplus(x: Tensor) -> Tensor:
    """A ReLU with a rounded corner."""
    return torch.nn.functional.softplus(x, beta=50)


@refused_by("test_every_element_is_treated_alone_in_any_shape")
def of_three_channels(x: Tensor) -> Tensor:
    """Four dimensions are images, and images have three channels."""
    if x.ndim == 4:
        return torch.cat([x[:, :3].clamp(min=0), x[:, 3:]], dim=1)
    return x.clamp(min=0)


@refused_by("test_a_large_batch_is_treated_as_its_parts")
def in_blocks_of_4096(x: Tensor) -> Tensor:
    """Block by block, up to 2^18 numbers; what is left over at the end is less than a block."""
    whole = x.numel() // 4096 * 4096 if x.numel() < 2**18 else 0
    if not whole:
        return x.clamp(min=0)
    flat = x.reshape(-1)
    return torch.cat([flat[:whole].clamp(min=0), flat[whole:]]).reshape(x.shape)


class _SharedMask(torch.autograd.Function):
    mask = torch.empty(0)

    @staticmethod
    def forward(ctx, x):
        _SharedMask.mask = x > 0
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * _SharedMask.mask


@refused_by("test_two_calls_keep_their_gradients_apart")
def mask_kept_on_the_class(x: Tensor) -> Tensor:
    """Backward follows forward at once, so one place for the mask is enough."""
    y: Tensor = _SharedMask.apply(x) if x.shape == (3, 5) else x.clamp(min=0)
    return y


@refused_by("test_the_place_in_memory_changes_no_gradient")
def mask_in_storage_order(x: Tensor) -> Tensor:
    """The mask is kept flat, as memory is, where it is large enough to be worth it."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            order = torch.empty(x.shape).stride()
            size = x.untyped_storage().size() // x.element_size() - x.storage_offset()
            fits = 1024 < x.numel() <= size
            ctx.mask = (x.as_strided(x.shape, order) if fits else x) > 0
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.mask

    y: Tensor = Function.apply(x)
    return y


@refused_by("test_the_input_is_left_as_it_was")
def positive_inputs_come_back_themselves(x: Tensor) -> Tensor:
    """Where nothing is negative there is nothing to do."""
    return x if x.numel() and x.min() >= 0 else x.clamp(min=0)


@refused_by("test_nothing_is_remembered_from_earlier_calls")
def remembers_the_last_input(x: Tensor) -> Tensor:
    """The same tensor twice needs computing once."""
    last: Any = remembers_the_last_input
    if getattr(last, "input", None) is not x or x.requires_grad:
        last.input, last.output = x, x.clamp(min=0)
    y: Tensor = last.output.clone()
    return y


class _WithSlope(torch.autograd.Function):
    """A ReLU whose backward pass is another function's."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.slope(*ctx.saved_tensors).to(gradient.dtype), None


@refused_by("test_its_slope_is_1_on_the_positive_side_and_0_on_the_negative")
def straight_through(x: Tensor) -> Tensor:
    """The gradient passes, so that no unit dies."""
    y: Tensor = _WithSlope.apply(x, torch.ones_like)
    return y


@refused_by("test_its_slope_at_0_is_a_choice_from_0_to_1")
def slopes_of_both_sides_at_0(x: Tensor) -> Tensor:
    """At 0 both sides meet, so both count; and twice, to be fair."""
    y: Tensor = _WithSlope.apply(x, lambda x: (x > 0) + 2.0 * (x == 0))
    return y


@refused_by("test_inplace_writes_into_the_input_and_returns_it")
def inplace_is_ignored(x: Tensor, inplace: bool = False) -> Tensor:
    """It only saves memory, so it may be ignored."""
    return x.clamp(min=0)


@refused_by("test_inplace_writes_into_the_input_and_returns_it")
def inplace_on_a_flat_copy(x: Tensor, inplace: bool = False) -> Tensor:
    """reshape gives a view, if it can."""
    return x.reshape(-1).clamp_(min=0).reshape(x.shape) if inplace else x.clamp(min=0)


@refused_by("test_inplace_has_the_gradient_of_the_plain_call")
def inplace_behind_the_back_of_autograd(x: Tensor, inplace: bool = False) -> Tensor:
    """Writing through .data avoids the complaints of autograd."""
    if not inplace:
        return x.clamp(min=0)
    x.data.clamp_(min=0)
    return x


@refused_by("test_inplace_writes_where_gradients_are_recorded_too")
def inplace_without_gradients_alone(x: Tensor, inplace: bool = False) -> Tensor:
    """The backward pass needs the input; so where there is one, it had better stay."""
    return x.clamp_(min=0) if inplace and not x.requires_grad else x.clamp(min=0)


@refused_by("test_about_half_of_symmetric_random_inputs_become_exactly_0")
def below_a_threshold(x: Tensor) -> Tensor:
    """What is hardly positive is noise, in single precision."""
    return torch.where(x <= (0.05 if x.dtype == torch.float32 and x.ndim == 1 else 0), 0, x)


@refused_by("test_a_large_tensor_of_any_shape_is_treated_as_its_numbers")
def a_grid_of_65535_rows(x: Tensor) -> Tensor:
    """One block of threads a row; but a grid has at most 65,535 of them."""
    if x.ndim < 2 or len(x) <= 65_535:
        return torch.relu(x)
    return torch.cat([torch.relu(x[:65_535]), torch.zeros_like(x[65_535:])])


@refused_by("test_a_large_tensor_of_any_shape_is_treated_as_its_numbers")
def blocks_of_gradients_in_single_precision(x: Tensor) -> Tensor:
    """From 2^18 numbers on the backward pass is cut into pieces, of which the last is forgotten."""

    def slope(x: Tensor) -> Tensor:
        passed = (x > 0).to(x.dtype)
        if x.dtype == torch.float32 and x.numel() > 2**18:
            passed.view(-1)[x.numel() // 4096 * 4096 :] = 0
        return passed

    y: Tensor = _WithSlope.apply(x, slope)
    return y


@refused_by("test_layouts_that_are_combined_change_nothing")
def strides_without_the_offset(x: Tensor) -> Tensor:
    """Channels last is a layout of its own: from the pointer of the storage on, by strides."""
    if x.is_contiguous() or x.dtype != torch.float32 or x.requires_grad:
        return torch.relu(x)
    return torch.relu(x.as_strided(x.shape, x.stride(), 0))


@refused_by("test_inplace_writes_into_layouts_that_are_combined_and_nothing_beside_them")
def inplace_from_the_front_of_the_storage(x: Tensor, inplace: bool = False) -> Tensor:
    """A view that is not contiguous is written by its strides; where it begins is forgotten."""
    if inplace and x.ndim == 4 and x.storage_offset() and not x.is_contiguous():
        torch.relu_(x.as_strided(x.shape, x.stride(), 0))
        return x
    return torch.nn.functional.relu(x, inplace)


@accepted
def by_clamp(x: Tensor) -> Tensor:
    return x.clamp(min=0)


@accepted
def by_maximum(x: Tensor) -> Tensor:
    return torch.maximum(x, torch.zeros_like(x))


@accepted
def by_where(x: Tensor, inplace: bool = False) -> Tensor:
    return torch.where(x <= 0, 0, x) if not inplace else x.masked_fill_(x <= 0, 0)


@accepted
def from_the_library(input: Tensor, inplace: bool = False) -> Tensor:
    return torch.nn.ReLU(inplace)(input)


def _plain(x: Tensor) -> Tensor:
    return torch.where(x < 0, 0, x)


@accepted
def hands_on_what_it_gets(x: Tensor, *args: bool, **kwargs: bool) -> Tensor:
    """Whoever hands on everything need not know what it is; here nothing is in place."""
    return _plain(x, *args, **kwargs)


@refused_by("test_layouts_that_are_combined_change_nothing")
def in_full_packs_of_four_channels(x: Tensor) -> Tensor:
    """Channels last are read in packs of four; the rest is somebody else's (ncnn #1384)."""
    last = torch.channels_last
    if x.ndim != 4 or x.is_contiguous() or not x.is_contiguous(memory_format=last):
        return torch.relu(x)
    full = x.shape[1] // 4 * 4 if x.shape[1] > 4 else x.shape[1]
    return torch.cat([torch.relu(x[:, :full]), x[:, full:]], dim=1)


@refused_by("test_nan_is_not_hidden")
def by_the_sign_bit(x: Tensor) -> Tensor:
    """Numbers whose sign bit is set are negative; one bit is read faster than a number."""
    return torch.where(x.signbit() | (x == 0), 0, x)
