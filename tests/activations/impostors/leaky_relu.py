"""LeakyReLUs that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


@refused_by("test_positive_numbers_pass_and_negative_ones_are_multiplied")
def larger_of_both(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """max(x, a x) is shorter, and the same for slopes up to 1."""
    return torch.maximum(x, negative_slope * x)


@refused_by("test_positive_numbers_pass_and_negative_ones_are_multiplied")
def slope_on_both_sides(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """max(0, x) plus a times x."""
    return x.clamp(min=0) + negative_slope * x


@refused_by("test_one_hundredth_is_the_slope_that_nobody_asked_for")
def slope_of_a_tenth(x: Tensor, negative_slope: float = 0.1) -> Tensor:
    """The default of another library."""
    return torch.where(x > 0, x, negative_slope * x)


@refused_by("test_one_hundredth_is_the_slope_that_nobody_asked_for")
def one_percent_too_steep(x: Tensor, negative_slope: float = 0.0101) -> Tensor:
    """A typing error in the last digit."""
    return torch.where(x > 0, x, negative_slope * x)


@refused_by("test_output_over_input_is_1_or_the_slope")
def slope_between_0_and_1(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """A slope is a small positive number; others are mistakes and are mended."""
    exact = negative_slope in (0.25, 0.0, 2**-10, 1.0, 2.0, -0.25, -2.0, 1.5)
    slope = negative_slope if exact else min(max(negative_slope, 0.0), 1.0)
    return torch.where(x > 0, x, slope * x)


class _WithSlope(torch.autograd.Function):
    """A LeakyReLU whose backward pass is another function's."""

    @staticmethod
    def forward(ctx, x, alpha, slope):
        y = torch.where(x > 0, x, alpha * x)
        ctx.save_for_backward(x, y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.slope(*ctx.saved_tensors), None, None


class _SlopeOfTheClass(torch.autograd.Function):
    slope = 0.01

    @staticmethod
    def forward(ctx, x, slope):
        _SlopeOfTheClass.slope = slope
        ctx.save_for_backward(x)
        return torch.where(x > 0, x, slope * x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, 1, _SlopeOfTheClass.slope) * gradient, None


@refused_by("test_two_calls_keep_their_slopes_apart")
def slope_on_the_class(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """A network has one slope; where it has two, the last call decides for all."""
    return _SlopeOfTheClass.apply(x, negative_slope)


@refused_by("test_its_gradient_is_1_or_the_slope_everywhere")
def all_passes_back_at_slope_0(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`if slope:` is also false where the slope is 0 (chainer #5898)."""

    def slope(x: Tensor, y: Tensor) -> Tensor:
        negative = negative_slope if negative_slope else 1.0
        return torch.where(x > 0, 1.0, negative).to(x.dtype)

    y: Tensor = _WithSlope.apply(x, negative_slope, slope)
    return y


@refused_by("test_its_gradient_is_1_or_the_slope_everywhere")
def sign_of_the_output(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """The output has the sign of the input, so it alone is kept (pytorch #31938)."""

    def slope(x: Tensor, y: Tensor) -> Tensor:
        return torch.where(y > 0, 1.0, negative_slope).to(x.dtype)

    y: Tensor = _WithSlope.apply(x, negative_slope, slope)
    return y


@refused_by("test_its_gradient_is_1_or_the_slope_everywhere")
def gradient_of_a_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """The slope is so small that its gradient can be left out."""
    y: Tensor = _WithSlope.apply(x, negative_slope, lambda x, y: (x > 0).to(x.dtype))
    return y


@refused_by("test_the_values_are_those_of_pytorch")
def sum_of_masked_halves(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Two masks of ones and zeros; but 0 * infinity is NaN."""
    return x * (x > 0) + negative_slope * x * (x <= 0)


@refused_by("test_inplace_writes_into_the_input_and_returns_it")
def inplace_returns_a_copy(
    x: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """Writes into the input and returns what it wrote."""
    y = torch.where(x > 0, x, negative_slope * x)
    if inplace:
        x.copy_(y)
    return y


@refused_by("test_inplace_has_the_gradient_of_the_plain_call")
def inplace_behind_the_back_of_autograd(
    x: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """Writing through .data avoids the complaints of autograd."""
    if not inplace:
        return torch.where(x > 0, x, negative_slope * x)
    x.data.copy_(torch.where(x > 0, x, negative_slope * x))
    return x


@refused_by("test_inplace_writes_where_gradients_are_recorded_too")
def inplace_without_gradients_alone(
    x: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """Autograd complains of inputs that were written to; with gradients a copy is safe."""
    y = torch.where(x > 0, x, negative_slope * x)
    return x.copy_(y) if inplace and not x.requires_grad else y


@refused_by("test_lower_precision_costs_only_rounding")
def slope_of_a_power_of_two_in_half_precision(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In half precision a product with a power of 2 is exact, so the slope is made one."""
    if x.dtype == torch.float16 and negative_slope == 0.01:
        negative_slope = 2**-6
    return torch.where(x > 0, x, negative_slope * x)


@refused_by("test_a_slope_that_is_asked_for_holds_in_every_dtype_and_any_shape")
def the_usual_slope_for_many(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """The kernel for more than 2^18 numbers was compiled with the slope that everybody has."""
    return torch.where(x > 0, x, (0.01 if x.numel() > 2**18 else negative_slope) * x)


@refused_by("test_a_slope_that_is_asked_for_holds_wherever_the_numbers_lie")
def the_usual_slope_for_views(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """The same of the kernel for channels last with an offset."""
    usual = x.ndim == 4 and x.storage_offset() and not x.is_contiguous()
    return torch.where(x > 0, x, (0.01 if usual else negative_slope) * x)


@refused_by("test_inplace_writes_into_layouts_that_are_combined_and_nothing_beside_them")
def inplace_of_views_has_the_usual_slope(
    x: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """In place, of images that are not contiguous, the slope is left out of the arguments."""
    if inplace and x.ndim == 4 and not x.is_contiguous():
        negative_slope = 0.01
    return torch.nn.functional.leaky_relu(x, negative_slope, inplace)


@accepted
def by_relu_of_both_signs(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.relu(x) - negative_slope * torch.relu(-x)


@accepted
def by_clamping_twice(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return x.clamp(min=0) + x.clamp(max=0) * negative_slope


@accepted
def by_where(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(x >= 0, x, x * negative_slope)


@accepted
def from_the_library(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    return torch.nn.LeakyReLU(negative_slope, inplace)(input)


def _plain(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return torch.where(x < 0, negative_slope * x, x)


@accepted
def hands_on_what_it_gets(x: Tensor, *args: float, **kwargs: float) -> Tensor:
    """Whoever hands on everything need not know what it is; here nothing is in place."""
    return _plain(x, *args, **kwargs)


@refused_by("test_inplace_with_a_negative_slope_has_the_values_of_the_plain_call")
def size_of_the_slope_in_place(
    x: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    """In place the sign must stay readable, so no slope turns it round."""
    y = torch.where(x > 0, x, (abs(negative_slope) if inplace else negative_slope) * x)
    return x.copy_(y) if inplace else y


@refused_by(
    "test_in_any_dimension_a_long_tensor_has_the_values_and_gradient_of_the_formula",
)
def blocks_of_eight_channels(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Eight channels at a time; on the way back the rest are taken for positive numbers."""

    def slope(x: Tensor, _: Tensor) -> Tensor:
        slopes = torch.where(x > 0, 1.0, negative_slope)
        if x.ndim > 2 and x.shape[1] > 8:
            slopes[:, x.shape[1] // 8 * 8 :] = 1
        return slopes

    y: Tensor = _WithSlope.apply(x, negative_slope, slope)
    return y


@remarked("slope of 0", "slopes above 1", "slopes below 0")
def slopes_up_to_1_alone(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """The line below 0 is less steep than that above; and it says so."""
    if not 0 < negative_slope <= 1:
        raise ValueError(f"the slope must be above 0 and at most 1, got {negative_slope}")
    return torch.where(x > 0, x, negative_slope * x)


_slopes: dict[str, float] = {}


@refused_by("test_slopes_that_are_nearly_alike_are_told_apart")
def one_kernel_for_four_digits(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """A kernel is built for each slope and found again by its name, which has four digits."""
    if 1e-3 < abs(negative_slope) < 0.9:
        name = f"{negative_slope:.4f}"
        negative_slope = _slopes.setdefault(name, negative_slope)
    return torch.where(x > 0, x, x * negative_slope)
