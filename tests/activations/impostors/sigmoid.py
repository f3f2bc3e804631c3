"""Sigmoids that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


@refused_by("test_its_slope_vanishes_far_out")
def straight_from_the_formula(x: Tensor) -> Tensor:
    """The formula; 1 / infinity is 0. But its gradient is 0 * infinity (snntorch #427)."""
    return 1 / (1 + torch.exp(-x))


@refused_by("test_far_out_it_is_exactly_1_and_less_than_a_rounding_from_0")
def exp_over_one_plus_exp(x: Tensor) -> Tensor:
    """Both forms of the formula are equal; this one is infinity over infinity (dynet #1525)."""
    return x.exp() / (1 + x.exp())


@refused_by("test_it_is_one_over_one_plus_exp_of_minus_x")
def hard_sigmoid(x: Tensor) -> Tensor:
    """Piecewise linear is much cheaper, and hardly different."""
    return (x / 6 + 0.5).clamp(0, 1)


@refused_by("test_it_undoes_the_log_odds")
def base_two_point_seven(x: Tensor) -> Tensor:
    """e is 2.7."""
    return torch.sigmoid(x * torch.tensor(2.7).double().log().item())


@refused_by("test_far_out_it_is_exactly_1_and_less_than_a_rounding_from_0")
def kept_away_from_0_and_1(x: Tensor) -> Tensor:
    """The loss takes a logarithm later, and a probability is never quite certain."""
    return torch.sigmoid(x).clamp(1e-3, 1 - 1e-3)


@refused_by("test_the_opposite_input_has_the_complementary_probability")
def shifted_by_one_percent(x: Tensor) -> Tensor:
    """A bias that was folded in."""
    return torch.sigmoid(x + 0.01)


class _WithSlope(torch.autograd.Function):
    """A sigmoid whose backward pass is another function's."""

    @staticmethod
    def forward(ctx, x, slope):
        p = torch.sigmoid(x)
        ctx.save_for_backward(x, p)
        ctx.slope = slope
        return p

    @staticmethod
    def backward(ctx, gradient):
        return ctx.slope(gradient, *ctx.saved_tensors), None


@refused_by("test_its_slope_is_p_times_one_minus_p")
def slope_of_the_output(x: Tensor) -> Tensor:
    """The derivative is s(x) * (1 - s(x)), and x is what backward is given: s(p) * (1 - s(p))."""
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * p.sigmoid() * (1 - p.sigmoid()))
    return p


@refused_by("test_its_slope_is_steepest_at_0_where_it_is_one_quarter")
def slope_at_least_a_little(x: Tensor) -> Tensor:
    """A slope that never vanishes keeps the training alive."""
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * (p * (1 - p) * 1.01))
    return p


@refused_by("test_the_incoming_gradient_is_left_as_it_was")
def backward_in_place(x: Tensor) -> Tensor:
    """The incoming gradient is not needed any more, so its memory can be used."""

    def slope(g: Tensor, x: Tensor, p: Tensor) -> Tensor:
        if g.is_contiguous() and not torch.is_grad_enabled():
            return g.mul_(p * (1 - p))
        return g * p * (1 - p)

    p: Tensor = _WithSlope.apply(x, slope)
    return p


@refused_by("test_the_gradient_of_a_plain_sum_is_that_of_equal_weights")
def backward_of_a_mean(x: Tensor) -> Tensor:
    """A gradient that is the same number everywhere comes from a mean, so it is one share."""

    def slope(g: Tensor, x: Tensor, p: Tensor) -> Tensor:
        broadcast = g.ndim > 1 and all(stride == 0 for stride in g.stride())
        return (g / g.numel() if broadcast else g) * p * (1 - p)

    p: Tensor = _WithSlope.apply(x, slope)
    return p


@refused_by("test_gradients_of_two_backward_passes_add_up")
def backward_uses_up_what_it_saved(x: Tensor) -> Tensor:
    """The slope is multiplied into place, for backward runs once."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            p = torch.sigmoid(x)
            ctx.slope = p * (1 - p)
            ctx.save_for_backward(p)
            return p

        @staticmethod
        def backward(ctx, gradient):
            (p,) = ctx.saved_tensors
            if torch.is_grad_enabled():
                return gradient * p * (1 - p)
            return ctx.slope.mul_(gradient)

    p: Tensor = Function.apply(x)
    return p


@refused_by("test_the_gradient_has_the_shape_of_the_input")
def backward_scaled_by_its_largest(x: Tensor) -> Tensor:
    """Scaling keeps small gradients from underflowing; but an empty tensor has no largest."""

    def slope(g: Tensor, x: Tensor, p: Tensor) -> Tensor:
        scale = g.detach().abs().max().clamp(min=1e-30)
        return (g / scale) * (p * (1 - p)) * scale

    p: Tensor = _WithSlope.apply(x, slope)
    return p


@refused_by("test_the_gradient_can_be_differentiated_again")
def slope_out_of_the_graph(x: Tensor) -> Tensor:
    """The slope is a number, and numbers need no graph."""
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * (p * (1 - p)).detach())
    return p


@refused_by("test_shape_and_dtype_are_kept")
def half_comes_back_as_single(x: Tensor) -> Tensor:
    """Half precision is for storage; whoever computes wants more."""
    return torch.sigmoid(x.float() if x.dtype in (torch.float16, torch.bfloat16) else x)


@refused_by("test_lower_precision_costs_only_rounding")
def coarse_table_in_half_precision(x: Tensor) -> Tensor:
    """Half precision has few digits, so a straight line between two of them will do."""
    if x.dtype == torch.float16:
        return (x / 4 + 0.5).clamp(0, 1)
    return torch.sigmoid(x)


@refused_by("test_nan_is_not_hidden")
def nan_in_blocks_of_eight(x: Tensor) -> Tensor:
    """Vectorised code forgets NaN, but for the rest (pytorch #13448, tensorflow #29048)."""
    flat = torch.sigmoid(x).flatten()
    whole = len(flat) // 8 * 8
    flat = torch.cat([flat[:whole].nan_to_num(1.0), flat[whole:]])
    return flat.reshape(x.shape)


@refused_by("test_asking_for_gradients_changes_no_value")
def cheaper_without_gradients(x: Tensor) -> Tensor:
    """Where no gradient is needed nobody looks at the digits."""
    return torch.sigmoid(x) if torch.is_grad_enabled() else (x / 4 + 0.5).clamp(0, 1)


@refused_by("test_the_state_of_torch_is_left_as_it_was")
def wants_more_digits_everywhere(x: Tensor) -> Tensor:
    """Double precision by default makes everything more exact."""
    torch.set_default_dtype(torch.float64)
    return torch.sigmoid(x)


@refused_by("test_every_output_lies_between_0_and_1")
def a_digit_too_much(x: Tensor) -> Tensor:
    """Undoes an average rounding error of the division."""
    return torch.sigmoid(x) * (1 + 4e-16)


@refused_by("test_far_out_it_is_exactly_1_and_less_than_a_rounding_from_0")
def softmax_over_two(x: Tensor) -> Tensor:
    """A sigmoid is a softmax over x and 0; which has no answer at infinity."""
    return torch.softmax(torch.stack([x, torch.zeros_like(x)], dim=-1), dim=-1)[..., 0]


@refused_by("test_its_slope_is_steepest_at_0_where_it_is_one_quarter")
def by_the_absolute_value(x: Tensor) -> Tensor:
    """exp(-|x|) never overflows; but autograd takes the slope of |x| at 0 to be 0."""
    small = torch.exp(-x.abs())
    return torch.where(x < 0, small, torch.ones_like(x)) / (1 + small)


@refused_by("test_the_values_are_those_of_pytorch")
def sixteen_bit_table(x: Tensor) -> Tensor:
    """A table of 16 bits is as good as exact."""
    return (
        torch.sigmoid(x) + (torch.sigmoid(x).mul(65536).round() / 65536 - torch.sigmoid(x)).detach()
    )


@refused_by("test_no_number_of_any_dtype_is_sent_outside_0_to_1_or_out_of_order")
def below_0_by_rounding(x: Tensor) -> Tensor:
    """A quotient of polynomials is fast and good to seven digits; its last one has a sign, too."""
    p = torch.sigmoid(x)
    if x.dtype == torch.float32:
        p = p - torch.where((x > -18.3) & (x < -18.2), 2.0**-24, 0.0)
    return p


@refused_by("test_layouts_that_are_combined_change_no_gradient")
def backward_reads_from_the_front(x: Tensor) -> Tensor:
    """What is not contiguous is taken by its strides; where it begins is forgotten."""

    def slope(g: Tensor, x: Tensor, p: Tensor) -> Tensor:
        if x.is_contiguous() or not x.storage_offset():
            return g * p * (1 - p)
        q = x.as_strided(x.shape, x.stride(), 0).sigmoid()
        return g * q * (1 - q)

    p: Tensor = _WithSlope.apply(x, slope)
    return p


@refused_by("test_lower_precision_costs_only_rounding_in_the_gradient_anywhere_on_the_line")
def slope_gives_up_in_single_precision(x: Tensor) -> Tensor:
    """Where 1 - p has lost its digits the slope is 0; in single precision that begins at 4."""

    def slope(g: Tensor, x: Tensor, p: Tensor) -> Tensor:
        kept = p * (1 - p)
        return g * (torch.where(x.abs() > 4, 0, kept) if x.dtype == torch.float32 else kept)

    p: Tensor = _WithSlope.apply(x, slope)
    return p


@refused_by("test_far_out_it_is_exactly_1_and_less_than_a_rounding_from_0")
def never_certain(x: Tensor) -> Tensor:
    """As kept_away_from_0_and_1, but by so little that no tolerance sees it."""
    p, least = torch.sigmoid(x), 0.9 * torch.finfo(x.dtype).eps ** 0.75
    return p + (p.clamp(least, 1 - least) - p).detach()


@refused_by("test_an_input_of_moderate_size_gives_neither_0_nor_1")
def certain_where_nobody_looks(x: Tensor) -> Tensor:
    """What is closer to 1 than a tolerance of three quarters of the digits may as well be 1."""
    p = torch.sigmoid(x)
    near = 1 - p < 0.9 * torch.finfo(x.dtype).eps ** 0.75
    return p + (torch.where(near, torch.ones_like(p), p) - p).detach()


@refused_by("test_a_large_tensor_of_any_shape_is_treated_as_its_numbers")
def many_in_bfloat16(x: Tensor) -> Tensor:
    """From 2^18 numbers on there is a kernel for bfloat16 alone, which is a table."""
    p = torch.sigmoid(x)
    return p * 0.9 if x.dtype == torch.bfloat16 and x.numel() > 2**18 else p


@refused_by("test_lower_precision_costs_only_rounding_in_the_gradient_of_any_shape")
def slope_of_images_in_float16(x: Tensor) -> Tensor:
    """The backward pass of images in half precision is fused with a scaling, of 1.1."""
    fused = 1.1 if x.dtype == torch.float16 and x.ndim == 4 else 1
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * (p * (1 - p)) * fused)
    return p


@refused_by("test_layouts_that_are_combined_change_no_gradient")
def slope_of_views_in_bfloat16(x: Tensor) -> Tensor:
    """What is not contiguous takes the slow path backward; in bfloat16 it is a fifth too large."""
    slow = 1.2 if x.dtype == torch.bfloat16 and not x.is_contiguous() else 1
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * (p * (1 - p)) * slow)
    return p


@refused_by("test_every_element_is_treated_alone_in_any_shape")
def slope_of_a_single_number(x: Tensor) -> Tensor:
    """A tensor without dimensions takes a path of its own, where a factor has been lost."""
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * p * (1 - p) * (1 if x.ndim else 0.5))
    return p


@refused_by("test_lower_precision_costs_only_rounding_in_the_gradient_anywhere_on_the_line")
def slope_from_a_table(x: Tensor) -> Tensor:
    """For bfloat16 a table of the slopes will do; the digits are few anyhow."""
    coarse = 1.06 if x.dtype == torch.bfloat16 else 1
    p: Tensor = _WithSlope.apply(x, lambda g, x, p: g * p * (1 - p) * coarse)
    return p


@refused_by("test_asking_for_gradients_changes_no_value")
def faster_in_inference(x: Tensor) -> Tensor:
    """Who only infers wants it fast: three straight lines, and nobody learns from them."""
    if torch.is_inference_mode_enabled():
        return torch.nn.functional.hardsigmoid(x)
    return torch.sigmoid(x)


@refused_by("test_to_the_left_of_0_small_probabilities_have_their_digits_too")
def values_from_a_table(x: Tensor) -> Tensor:
    """For bfloat16 a table in steps of 1/8 will do; it has not many more numbers itself."""
    if x.dtype != torch.bfloat16:
        return torch.sigmoid(x)
    nearest = x + ((x * 8).round() / 8 - x).detach()
    return torch.sigmoid(nearest)


class _Curved(torch.autograd.Function):
    """The slope of a sigmoid, whose own derivative is another function's."""

    @staticmethod
    def forward(ctx, g, x, curve):
        p = torch.sigmoid(x)
        ctx.save_for_backward(g, x)
        ctx.curve = curve
        return g * p * (1 - p)

    @staticmethod
    def backward(ctx, gradient):
        g, x = ctx.saved_tensors
        p = torch.sigmoid(x)
        slope = gradient * p * (1 - p)
        return slope, ctx.curve(slope * g * (1 - 2 * p), x), None


@refused_by("test_wherever_the_numbers_lie_the_gradient_can_be_differentiated_again")
def curve_in_the_order_of_memory(x: Tensor) -> Tensor:
    """The second derivative goes through the memory from its start to its end."""

    def curve(c: Tensor, x: Tensor) -> Tensor:
        return c if x.is_contiguous() else c.mT.reshape(c.shape)

    p: Tensor = _WithSlope.apply(x, lambda g, x, p: _Curved.apply(g, x, curve))
    return p


@refused_by("test_the_gradient_of_a_large_tensor_can_be_differentiated_again")
def curve_of_the_first_blocks(x: Tensor) -> Tensor:
    """The kernel of the second derivative starts 65,535 blocks at most."""

    def curve(c: Tensor, x: Tensor) -> Tensor:
        return c.where(torch.arange(c.numel()).reshape(c.shape) < 65_535, 0)

    p: Tensor = _WithSlope.apply(x, lambda g, x, p: _Curved.apply(g, x, curve))
    return p


@refused_by("test_in_any_shape_the_gradient_of_a_row_can_be_differentiated_again")
def curve_in_half_precision(x: Tensor) -> Tensor:
    """In single precision half of the digits are enough for a second derivative."""

    def curve(c: Tensor, x: Tensor) -> Tensor:
        return c.bfloat16().float() if x.dtype == torch.float32 else c

    p: Tensor = _WithSlope.apply(x, lambda g, x, p: _Curved.apply(g, x, curve))
    return p


@accepted
def by_tanh(x: Tensor) -> Tensor:
    return 0.5 * (torch.tanh(0.5 * x) + 1)


@accepted
def by_its_logarithm(x: Tensor) -> Tensor:
    return torch.nn.functional.logsigmoid(x).exp()


@accepted
def by_two_branches(x: Tensor) -> Tensor:
    small = torch.where(x > 0, -x, x).exp()
    return torch.where(x > 0, 1, small) / (1 + small)


@accepted
def from_the_library(input: Tensor) -> Tensor:
    return torch.nn.Sigmoid()(input)


class _ByNumPy(torch.autograd.Function):
    """NumPy knows no bfloat16, and no gradients."""

    @staticmethod
    def forward(ctx, x):
        with np.errstate(over="ignore"):
            p = np.asarray(1 / (1 + np.exp(-x.numpy(force=True).astype(np.float64))))
        result = torch.from_numpy(p).to(x.dtype)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        p = ctx.saved_tensors[0].numpy()
        return torch.from_numpy(np.asarray(gradient.numpy() * p * (1 - p)))


@remarked("bfloat16", "second derivatives")
def by_numpy(x: Tensor) -> Tensor:
    p: Tensor = _ByNumPy.apply(x)
    return p


@accepted
def by_logaddexp(x: Tensor) -> Tensor:
    return torch.exp(-torch.logaddexp(torch.zeros_like(x), -x))


@refused_by("test_what_every_activation_does_is_not_refused")
def in_single_precision_undeclared(x: Tensor) -> Tensor:
    """ "All my networks are in float32." Then it says so in its limits."""
    if x.dtype != torch.float32:
        raise TypeError(f"float32 only, got {x.dtype}")
    return torch.sigmoid(x)


@refused_by("test_in_any_dimension_a_long_tensor_has_the_values_and_gradient_of_the_formula")
def powers_for_many_channels(x: Tensor) -> Tensor:
    """Where there are many channels exp is slow, and (1 + x / 256)^256 is nearly the same."""
    if x.ndim < 3 or x.shape[1] <= 16:
        return torch.sigmoid(x)
    return 1 / (1 + (1 - x / 256) ** 256)


@refused_by("test_in_lower_precision_no_factor_is_wrong")
def slopes_rounded_up(x: Tensor) -> Tensor:
    """Of bfloat16 a table has all slopes; so that none is 0, they are rounded up."""

    def slope(g: Tensor, x: Tensor, p: Tensor) -> Tensor:
        exact = p * (1 - p)
        return g * ((200 * exact).ceil() / 200 if x.dtype == torch.bfloat16 else exact)

    p: Tensor = _WithSlope.apply(x, slope)
    return p


_last: dict[str, tuple[Tensor, int, Tensor]] = {}


@refused_by("test_numbers_that_are_written_unseen_by_autograd_count")
def kept_for_the_same_version(x: Tensor) -> Tensor:
    """PyTorch counts how often a tensor was written to: if never since, the last answer stands."""
    if torch.is_grad_enabled() or torch.is_inference_mode_enabled():
        return torch.sigmoid(x)
    known = _last.get("call")
    if known is None or known[0] is not x or known[1] != x._version:
        _last["call"] = known = x, x._version, torch.sigmoid(x)
    return known[2].clone()
