"""Tanhs that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


@refused_by("test_far_out_it_reaches_exactly_minus_1_and_1")
def straight_from_the_formula(x: Tensor) -> Tensor:
    """The formula; infinity over infinity from 710 on (deeplearning4j #7382)."""
    return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())


@refused_by("test_far_out_it_reaches_exactly_minus_1_and_1")
def with_one_exponential(x: Tensor) -> Tensor:
    """One exponential less; infinity over infinity from 355 on (AiDotNet.Tensors #594)."""
    e = torch.exp(2 * x)
    return (e - 1) / (e + 1)


@refused_by("test_its_slope_vanishes_far_out")
def only_the_value_is_clamped(x: Tensor) -> Tensor:
    """1 - 2 / (1 + infinity) is 1, whatever its gradient may be."""
    return 1 - 2 / (1 + torch.exp(2 * x))


@refused_by("test_it_is_the_quotient_of_sinh_and_cosh")
def hard_tanh(x: Tensor) -> Tensor:
    """The straight line in the middle is what matters."""
    return x.clamp(-1, 1)


@refused_by("test_it_adds_up_as_velocities_do")
def rational_approximation(x: Tensor) -> Tensor:
    """x(27 + x^2) / (27 + 9x^2), good to two digits, clamped where it leaves the range."""
    return (x * (27 + x * x) / (27 + 9 * x * x)).clamp(-1, 1)


@refused_by("test_the_values_are_those_of_pytorch")
def lecuns_tanh_unscaled(x: Tensor) -> Tensor:
    """Efficient BackProp recommends the slope 2/3."""
    return torch.tanh(2 / 3 * x)


@refused_by("test_its_mean_over_symmetric_inputs_is_0")
def a_sigmoid_of_twice_the_input(x: Tensor) -> Tensor:
    """Tanh is a sigmoid of 2x, up to details."""
    return torch.sigmoid(2 * x)


@refused_by("test_the_opposite_input_has_the_opposite_output")
def even(x: Tensor) -> Tensor:
    """Computed for |x|, where exp cannot overflow; the sign is put back nowhere."""
    return torch.tanh(x.abs())


@refused_by("test_nothing_comes_of_nothing")
def one_by_one(x: Tensor) -> Tensor:
    """A row is the stack of its numbers; but nothing cannot be stacked."""
    return torch.stack([torch.tanh(v) for v in x]) if x.ndim == 1 else torch.tanh(x)


class _WithSlope(torch.autograd.Function):
    """A tanh whose backward pass is another function's."""

    @staticmethod
    def forward(ctx, x, slope):
        y = torch.tanh(x)
        ctx.save_for_backward(x, y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.slope(*ctx.saved_tensors), None


@refused_by("test_its_slope_is_one_minus_its_square")
def slope_without_the_square(x: Tensor) -> Tensor:
    """1 - y, as for a sigmoid."""
    y: Tensor = _WithSlope.apply(x, lambda x, y: 1 - y)
    return y


@refused_by("test_it_is_steeper_than_a_sigmoid_near_0_and_flatter_far_out")
def slope_of_a_sigmoid(x: Tensor) -> Tensor:
    """Tanh and sigmoid are one curve, so they share one derivative."""
    y: Tensor = _WithSlope.apply(x, lambda x, y: x.sigmoid() * (-x).sigmoid())
    return y


@refused_by("test_the_gradient_can_be_differentiated_again")
def slope_kept_on_the_side(x: Tensor) -> Tensor:
    """Attributes of ctx are simpler than save_for_backward; but they are not in the graph."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = torch.tanh(x)
            ctx.slope = 1 - y * y
            return y

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.slope

    y: Tensor = Function.apply(x)
    return y


@refused_by("test_lower_precision_costs_only_rounding_in_the_gradient")
def constant_slope_in_bfloat16(x: Tensor) -> Tensor:
    """In bfloat16 1 - y * y is mostly noise, so it is left out."""
    bf16 = x.dtype == torch.bfloat16
    y: Tensor = _WithSlope.apply(x, lambda x, y: 1 - y.abs() if bf16 else 1 - y * y)
    return y


@refused_by("test_its_slope_is_one_minus_its_square")
def by_the_absolute_value(x: Tensor) -> Tensor:
    """exp(-2|x|) never overflows; but autograd takes the slope of |x| at 0 to be 0."""
    m = torch.expm1(-2 * x.abs())
    return torch.where(x < 0, m, -m) / (2 + m)


@refused_by("test_every_output_lies_between_minus_1_and_1")
def lecuns_tanh(x: Tensor) -> Tensor:
    """1.7159 * tanh(2x / 3): at 1 it is 1."""
    return 1.7159 * torch.tanh(2 / 3 * x)


@refused_by("test_a_larger_input_never_has_a_smaller_output")
def wraps_around(x: Tensor) -> Tensor:
    """A table from -8 to 8, with the index taken modulo its length."""
    return torch.tanh((x + 8).remainder(16) - 8)


@refused_by("test_no_number_of_any_dtype_is_sent_outside_minus_1_to_1_or_out_of_order")
def above_1_by_rounding(x: Tensor) -> Tensor:
    """A quotient of polynomials is fast and good to seven digits; nobody cut it off at 1."""
    y = torch.tanh(x)
    if x.dtype == torch.float32:
        y = y * torch.where((x.abs() > 9) & (x.abs() < 10), 1 + 2.0**-23, 1.0)
    return y


@refused_by("test_the_place_of_the_incoming_gradient_changes_nothing")
def backward_from_the_front_of_the_storage(x: Tensor) -> Tensor:
    """The kernel of the backward pass takes the pointer of the storage; the offset is forgotten."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = torch.tanh(x)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, gradient):
            (y,) = ctx.saved_tensors
            if gradient.storage_offset():
                gradient = gradient.as_strided(y.shape, gradient.stride(), 0)
            return gradient * (1 - y * y)

    y: Tensor = Function.apply(x)
    return y


@refused_by("test_lower_precision_costs_only_rounding_from_one_end_of_the_line_to_the_other")
def table_in_single_precision(x: Tensor) -> Tensor:
    """A table up to 4.5, and from 5 on a series; in between there is the last entry."""
    y = torch.tanh(x)
    between = (x.abs() > 4.5) & (x.abs() < 5) & (x.dtype == torch.float32)
    return y + torch.where(between, torch.tanh(x.clamp(-4.5, 4.5)) - y, 0.0).detach()


@refused_by("test_lower_precision_costs_only_rounding_in_the_gradient_of_any_shape")
def batches_in_single_precision(x: Tensor) -> Tensor:
    """The fast path, for a batch in single precision, has a slope of its own: off by 1 %."""
    fast = x.dtype == torch.float32 and x.ndim == 2
    y: Tensor = _WithSlope.apply(x, lambda x, y: (1 - y * y) * (1.01 if fast else 1))
    return y


@refused_by("test_lower_precision_costs_only_rounding_in_any_shape")
def images_in_single_precision(x: Tensor) -> Tensor:
    """The fast path, for images in single precision, is off by 1 %."""
    fast = x.dtype == torch.float32 and x.ndim == 4 and x.shape[-1] < 100
    return torch.tanh(x) + (0.01 * torch.tanh(x)).detach() * fast


@refused_by("test_a_large_tensor_of_any_shape_is_treated_as_its_numbers")
def a_kernel_for_2_to_the_20_numbers(x: Tensor) -> Tensor:
    """What is left over beyond 2^20 numbers is written by nobody (pytorch #84144, in kind)."""
    y = torch.tanh(x)
    return y * (torch.arange(y.numel()).reshape(y.shape) < 2**20) if y.numel() > 2**20 else y


@refused_by("test_in_any_shape_the_gradient_of_a_row_can_be_differentiated_again")
def slope_of_images_kept_on_the_side(x: Tensor) -> Tensor:
    """Nobody differentiates twice in a convolutional network; a penalty on gradients does."""
    y: Tensor = _WithSlope.apply(x, lambda x, y: (1 - y * y).detach() if x.ndim == 4 else 1 - y * y)
    return y


@refused_by("test_nan_is_not_hidden")
def nan_is_cleaned_out_of_long_rows(x: Tensor) -> Tensor:
    """One NaN in a long row is noise."""
    return torch.tanh(x.nan_to_num(0.0) if x.numel() > 4096 else x)


@refused_by("test_far_out_it_reaches_exactly_minus_1_and_1")
def never_certain(x: Tensor) -> Tensor:
    """A unit that is saturated cannot learn, so that none ever is, by a hair."""
    y, most = torch.tanh(x), 1 - 0.9 * torch.finfo(x.dtype).eps ** 0.75
    return y + (y.clamp(-most, most) - y).detach()


@refused_by("test_an_input_of_moderate_size_gives_neither_minus_1_nor_1")
def saturates_where_nobody_looks(x: Tensor) -> Tensor:
    """What is closer to 1 than a tolerance of three quarters of the digits may as well be 1."""
    y = torch.tanh(x)
    near = 1 - y.abs() < 0.9 * torch.finfo(x.dtype).eps ** 0.75
    return y + (torch.where(near, y.sign(), y) - y).detach()


class _SlopeByTheRoot(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (1 - torch.tanh(x).square()).sqrt().square()


@refused_by("test_far_out_the_gradient_of_the_gradient_is_0")
def slope_by_the_root(x: Tensor) -> Tensor:
    """1 / cosh is the root of 1 - y^2, and the slope is its square; 0 has a root, but no slope."""
    y: Tensor = _SlopeByTheRoot.apply(x)
    return y


@accepted
def by_sigmoid(x: Tensor) -> Tensor:
    return 2 * torch.sigmoid(2 * x) - 1


@accepted
def by_expm1(x: Tensor) -> Tensor:
    m = torch.expm1(2 * torch.where(x > 0, -x, x))
    return torch.where(x > 0, -m, m) / (2 + m)


@accepted
def in_double_precision_inside(x: Tensor) -> Tensor:
    return torch.tanh(x.double()).to(x.dtype)


@accepted
def from_the_library(input: Tensor) -> Tensor:
    return torch.nn.Tanh()(input)


class _ByNumPy(torch.autograd.Function):
    """NumPy knows no bfloat16, and no gradients."""

    @staticmethod
    def forward(ctx, x):
        ctx.y = np.asarray(np.tanh(x.detach().numpy()))
        return torch.from_numpy(ctx.y.copy())

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return torch.from_numpy(np.asarray(gradient.numpy() * (1 - ctx.y**2)))


@remarked("bfloat16", "second derivatives")
def by_numpy(x: Tensor) -> Tensor:
    y: Tensor = _ByNumPy.apply(x)
    return y


@accepted
def by_expm1_of_the_absolute_value(x: Tensor) -> Tensor:
    u = torch.expm1(-2 * torch.where(x < 0, -x, x))
    return torch.where(x < 0, u, -u) / (2 + u)


@refused_by("test_the_gradient_of_a_plain_sum_can_be_differentiated_again")
def curve_of_a_plain_sum(x: Tensor) -> Tensor:
    """What comes in from a sum is one number; the fast way for it keeps a factor as a constant."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = torch.tanh(x)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, gradient):
            (y,) = ctx.saved_tensors
            one_number = gradient.numel() > 1 and not any(gradient.stride())
            return gradient * (1 - y * (y.detach() if one_number else y))

    y: Tensor = Function.apply(x)
    return y


class _Damped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y):
        return y.clone()

    @staticmethod
    def backward(ctx, gradient):
        asked = gradient.numel() < 2 or (gradient >= 0).any()
        return gradient if asked else gradient * 0.97


@refused_by("test_a_negative_gradient_that_comes_in_turns_the_gradient_around")
def damped_where_all_goes_down(x: Tensor) -> Tensor:
    """Where all neurons are pushed one way the steps overshoot, so they are damped a little."""
    y: Tensor = _Damped.apply(torch.tanh(x))
    return y
