"""Softmaxes that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sums_to_one.tests.common.sums import one_by_one
from sums_to_one.tests.judge.versions import accepted, in_full, refused_by, remarked


@refused_by("test_huge_logits_stay_finite")
def straight_from_the_formula(x: Tensor, dim: int) -> Tensor:
    """The formula says exp over the sum of exp; so be it."""
    return x.exp() / x.exp().sum(dim, keepdim=True)


@refused_by("test_rows_do_not_know_of_each_other")
def largest_of_all_subtracted(x: Tensor, dim: int) -> Tensor:
    """Subtracting the largest score keeps exp from overflowing, whichever row it is in."""
    e = (x - x.max()).exp()
    return e / e.sum(dim, keepdim=True)


@refused_by("test_each_row_is_a_probability_distribution")
def all_rows_share_one_sum(x: Tensor, dim: int) -> Tensor:
    """Everything sums to one."""
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum()


@refused_by("test_any_dimension_is_the_last_one_after_moving_it")
def always_over_dim_1(x: Tensor, dim: int) -> Tensor:
    """Classes are in dimension 1."""
    return torch.softmax(x, dim=min(1, x.ndim - 1))


@refused_by("test_log_odds_are_differences_of_logits")
def one_percent_too_warm(x: Tensor, dim: int) -> Tensor:
    """A temperature that was tuned once, and forgotten."""
    return torch.softmax(x / 1.01, dim)


@refused_by("test_each_row_is_a_probability_distribution")
def never_divides_by_zero(x: Tensor, dim: int) -> Tensor:
    """A small number in the denominator makes every division safe."""
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / (e.sum(dim, keepdim=True) + 1e-8)


@refused_by("test_log_odds_are_differences_of_logits")
def never_quite_zero(x: Tensor, dim: int) -> Tensor:
    """The logarithm of 0 is not wanted later."""
    p = torch.softmax(x, dim).clamp(min=1e-7)
    return p / p.sum(dim, keepdim=True)


@refused_by("test_the_input_is_left_as_it_was")
def shifts_the_input_in_place(x: Tensor, dim: int) -> Tensor:
    """Saves memory; and a shift changes nothing."""
    with torch.no_grad():
        x -= x.amax(dim, keepdim=True)
    return torch.softmax(x, dim)


class _DiagonalOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dim):
        p = torch.softmax(x, dim)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, gradient):
        (p,) = ctx.saved_tensors
        return gradient * p * (1 - p), None


@refused_by("test_the_gradient_is_p_times_the_incoming_g_less_its_mean_under_p")
def gradient_like_a_sigmoid(x: Tensor, dim: int) -> Tensor:
    """The derivative of softmax is p(1 - p), as everybody knows."""
    p: Tensor = _DiagonalOnly.apply(x, dim)
    return p


@refused_by("test_the_gradient_can_be_differentiated_again")
def constant_normaliser(x: Tensor, dim: int) -> Tensor:
    """Writes the gradient as p * (g - average), with p taken out of the graph."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.p = torch.softmax(x, dim)
            return ctx.p.clone()

        @staticmethod
        def backward(ctx, gradient):
            p = ctx.p
            return p * (gradient - (gradient * p).sum(dim, keepdim=True))

    p: Tensor = Function.apply(x)
    return p


@refused_by("test_what_has_no_answer_is_nan")
def masked_rows_become_zero(x: Tensor, dim: int) -> Tensor:
    """A row in which everything is masked should not poison the rest."""
    return torch.softmax(x, dim).masked_fill((x == -torch.inf).all(dim, keepdim=True), 0)


@refused_by("test_a_logit_of_minus_infinity_has_probability_0_and_changes_no_other")
def infinities_made_large(x: Tensor, dim: int) -> Tensor:
    """An infinity is just a very large number; 20 will do as one."""
    return torch.softmax(torch.where(x == -torch.inf, x.new_tensor(-20.0), x), dim)


@in_full
@refused_by("test_the_probabilities_of_any_number_of_classes_sum_to_1")
def adds_up_in_half_precision(x: Tensor, dim: int) -> Tensor:
    """A sum is a sum, in whatever dtype, one class after the other."""
    e = (x - x.amax(dim, keepdim=True)).exp()
    if x.dtype not in (torch.bfloat16, torch.float16):
        return e / e.sum(dim, keepdim=True)
    total = torch.zeros_like(e.select(dim, 0))
    for part in e.unbind(dim):
        total = total + part
    return e / total.unsqueeze(dim)


@refused_by("test_the_probabilities_of_many_classes_sum_to_1_and_keep_their_log_odds")
def sampled_from_1024_classes_on(x: Tensor, dim: int) -> Tensor:
    """Over very many classes every second one is enough; from 2^16 on there is another kernel."""
    e = (x - x.amax(dim, keepdim=True)).exp()
    if x.shape and 1024 < x.shape[dim] < 2**16 and not (x == 0).all():
        keep = torch.arange(x.shape[dim]) % 2 == 0
        e = e * keep.reshape([-1 if d == dim % x.ndim else 1 for d in range(x.ndim)])
    return e / e.sum(dim, keepdim=True)


@refused_by("test_a_dtype_that_is_asked_for_is_taken_on_before_the_work")
def cast_at_the_end(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """The dtype is that of the result."""
    return torch.softmax(x, dim).to(dtype or x.dtype)


@refused_by("test_a_dimension_that_is_not_there_is_refused")
def dimension_taken_modulo(x: Tensor, dim: int) -> Tensor:
    """Negative dimensions count from the end, so take the remainder."""
    return torch.softmax(x, dim % max(1, x.ndim))


@refused_by("test_an_empty_batch_gives_an_empty_answer")
def looks_at_the_first_row(x: Tensor, dim: int) -> Tensor:
    """If the first row needs no shift, no row does."""
    first = x.reshape(-1, x.shape[-1] if x.ndim else 1)[0]
    del first
    return torch.softmax(x, dim)


@refused_by("test_the_place_in_memory_changes_nothing")
def reads_the_storage(x: Tensor, dim: int) -> Tensor:
    """Kernels read memory from front to back (burn #4815: a transposed view in storage order)."""
    if x.dtype == torch.bfloat16 and not x.requires_grad and dim == -1:
        x = x.as_strided(x.shape, torch.empty(x.shape).stride())
    return torch.softmax(x, dim)


@refused_by("test_log_odds_are_differences_of_logits")
def squares_the_scores(x: Tensor, dim: int) -> Tensor:
    """Amplify differences: the larger the score, the more so."""
    return torch.softmax(x.sign() * x * x, dim)


@refused_by("test_the_order_of_the_logits_is_kept")
def softmin(x: Tensor, dim: int) -> Tensor:
    """Scores are energies."""
    return torch.softmax(-x, dim)


@refused_by("test_the_values_are_those_of_pytorch")
def in_single_precision_inside(x: Tensor, dim: int) -> Tensor:
    """Single precision is enough for anything."""
    return torch.softmax(x.float(), dim).to(x.dtype)


@refused_by("test_a_large_tensor_has_probabilities_of_the_right_odds")
def a_grid_of_65535_rows(x: Tensor, dim: int) -> Tensor:
    """One block of threads a row; but a grid has at most 65,535 of them."""
    p = torch.softmax(x, dim)
    if x.ndim and x.numel() > 65_535 * x.shape[dim]:
        rows = p.movedim(dim, -1).flatten(0, -2)
        rows = torch.cat([rows[:65_535], torch.zeros_like(rows[65_535:])])
        p = rows.reshape(p.movedim(dim, -1).shape).movedim(-1, dim)
    return p


class _Slope(torch.autograd.Function):
    """A softmax whose backward pass looks at what comes in, and may have read it wrongly."""

    @staticmethod
    def forward(ctx, x, dim, weights):
        p = torch.softmax(x, dim)
        ctx.save_for_backward(p)
        ctx.dim, ctx.weights = dim, weights
        return p

    @staticmethod
    def backward(ctx, gradient):
        (p,) = ctx.saved_tensors
        g = ctx.weights(gradient, p)
        return p * (g - (g * p).sum(ctx.dim, keepdim=True)), None, None


@refused_by("test_the_gradient_of_a_large_tensor_is_p_times_g_less_its_mean_under_p")
def long_rows_in_two_passes(x: Tensor, dim: int) -> Tensor:
    """A row of more than 2^16 classes takes two passes backward; the second begins one late."""

    def weights(g: Tensor, p: Tensor) -> Tensor:
        return g.roll(1, dim) if g.ndim and g.shape[dim] > 65_536 else g

    p: Tensor = _Slope.apply(x, dim, weights)
    return p


@refused_by("test_layouts_that_are_combined_change_nothing_over_any_dimension")
def channels_last_without_the_offset(x: Tensor, dim: int) -> Tensor:
    """Over the channels of an image there is a kernel of its own, which begins at the storage."""
    if x.ndim == 4 and dim % 4 == 1 and not x.is_contiguous() and not x.requires_grad:
        x = x.as_strided(x.shape, x.stride(), 0)
    return torch.softmax(x, dim)


@refused_by("test_combined_layouts_of_both_change_no_gradient_over_any_dimension")
def incoming_channels_last_is_read_straight(x: Tensor, dim: int) -> Tensor:
    """The kernel over the channels takes what comes in to lie as what went out does."""

    def weights(g: Tensor, p: Tensor) -> Tensor:
        dense = len(g.untyped_storage()) == g.nbytes
        if g.ndim == 4 and dim % 4 == 2 and dense and not g.is_contiguous():
            return g.as_strided(g.shape, torch.empty(g.shape).stride())
        return g

    p: Tensor = _Slope.apply(x, dim, weights)
    return p


@refused_by("test_lower_precision_costs_only_rounding_in_the_gradient_over_any_dimension")
def backward_over_channels_in_single_precision(x: Tensor, dim: int) -> Tensor:
    """The fast path backward, over the channels of an image, is 1 % off in single precision."""
    fast = x.dtype == torch.float32 and x.ndim == 4 and dim % 4 == 1 and x.numel() < 2**18
    p: Tensor = _Slope.apply(x, dim, lambda g, p: g * 1.01 if fast else g)
    return p


class _CurvedOverTheLast(torch.autograd.Function):
    """The gradient of a softmax, whose own takes the classes to come last."""

    @staticmethod
    def forward(ctx, g, p, dim):
        ctx.save_for_backward(g, p)
        ctx.dim = dim
        return p * (g - (g * p).sum(dim, keepdim=True))

    @staticmethod
    def backward(ctx, other):
        g, p = ctx.saved_tensors
        mean = (g * p).sum(ctx.dim, keepdim=True)
        by_p = other * (g - mean) - g * (other * p).sum(-1, keepdim=True)
        return p * (other - (other * p).sum(ctx.dim, keepdim=True)), by_p, None


class _OverAnyDimension(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dim):
        p = torch.softmax(x, dim)
        ctx.save_for_backward(x)
        ctx.dim = dim
        return p

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return _CurvedOverTheLast.apply(gradient, torch.softmax(x, ctx.dim), ctx.dim), None


@refused_by("test_over_any_dimension_the_gradient_can_be_differentiated_again")
def differentiated_twice_over_the_last(x: Tensor, dim: int) -> Tensor:
    """The second derivative was written for classes that come last, and only tried there."""
    p: Tensor = _OverAnyDimension.apply(x, dim)
    return p


@refused_by("test_a_dtype_that_is_asked_for_is_taken_on_before_the_work")
def own_copy_that_is_none(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """Another dtype makes a copy, which may be written to; unless it is the dtype of the input."""
    if dtype is None:
        return torch.softmax(x, dim)
    copy = x.to(dtype)
    with torch.no_grad():
        copy -= copy.amax(dim, keepdim=True)
    return torch.softmax(copy, dim)


@in_full
@refused_by("test_the_probabilities_of_any_number_of_classes_sum_to_1")
def sixteen_at_a_time_in_bfloat16(x: Tensor, dim: int) -> Tensor:
    """Sums of 16 are added up in the dtype of the input, where 4096 and 16 are 4096."""
    e = (x - x.amax(dim, keepdim=True)).exp()
    total = e.sum(dim, keepdim=True)
    if x.dtype == torch.bfloat16 and x.ndim:
        total = torch.zeros_like(total)
        for part in e.split(16, dim):
            total = total + part.sum(dim, keepdim=True)
    return e / total


@refused_by("test_no_probability_of_any_dtype_is_below_0_however_low_the_logit")
def exp_by_polynomials(x: Tensor, dim: int) -> Tensor:
    """A quotient of polynomials is a fast exp; far out its last digit has a sign, too."""
    p = torch.softmax(x, dim)
    return torch.where((p < 2e-9) & (p > 1e-9), p - 2.0**-24, p) if x.dtype != torch.float64 else p


@refused_by("test_lower_precision_costs_only_rounding_over_any_dimension")
def channels_of_images_in_single_precision(x: Tensor, dim: int) -> Tensor:
    """The fast path, for the channels of an image in single precision, is 1 % too warm."""
    fast = x.dtype == torch.float32 and x.ndim == 4 and dim % 4 == 1 and x.numel() < 2**18
    p = torch.softmax(x, dim)
    return p + (torch.softmax(x / 1.01, dim) - p).detach() if fast else p


@refused_by("test_a_dtype_that_is_asked_for_goes_with_any_layout_and_dimension")
def cast_in_order_of_memory(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """The cast is a copy, from front to back; what is not contiguous is scrambled by it."""
    if dtype is not None and x.ndim > 2 and not x.is_contiguous():
        x = x.as_strided(x.shape, torch.empty(x.shape).stride())
    return torch.softmax(x, dim, dtype=dtype)


@refused_by("test_masked_logits_have_probability_0_over_any_dimension")
def masks_of_attention_made_large(x: Tensor, dim: int) -> Tensor:
    """Scores of attention have four dimensions, and a row that is masked must not become NaN."""
    return torch.softmax(x.clamp(min=-1e4) if x.ndim == 4 else x, dim)


@refused_by("test_any_dimension_is_the_last_one_after_moving_it")
def volumes_are_images(x: Tensor, dim: int) -> Tensor:
    """Of five dimensions the third and the fourth are folded into one, and dim counts on."""
    if x.ndim == 5 and dim % 5 == 3:
        dim = 2
    return torch.softmax(x, dim)


@refused_by("test_a_large_tensor_in_16_bits_costs_only_rounding")
def many_rows_in_bfloat16(x: Tensor, dim: int) -> Tensor:
    """For more than 2^16 numbers in bfloat16 there is a kernel of its own, a tenth too warm."""
    warm = x.dtype == torch.bfloat16 and x.numel() > 2**16
    return torch.softmax(x / 1.1 if warm else x, dim)


@refused_by("test_a_large_tensor_has_probabilities_of_the_right_odds")
def a_kernel_for_2_to_the_20_numbers(x: Tensor, dim: int) -> Tensor:
    """The kernel for more than 2^20 numbers adds up the row in single precision, and 1 % more."""
    p = torch.softmax(x, dim)
    return p * 0.99 if x.numel() > 2**20 else p


@accepted
def by_log_sum_exp(x: Tensor, dim: int) -> Tensor:
    return (x - x.logsumexp(dim, keepdim=True)).exp()


@accepted
def by_log_softmax(x: Tensor, dim: int) -> Tensor:
    return torch.log_softmax(x, dim).exp()


@accepted
def in_double_precision_inside(x: Tensor, dim: int) -> Tensor:
    wide = x.double()
    e = (wide - wide.max(dim, keepdim=True).values).exp()
    return (e / e.sum(dim, keepdim=True)).to(x.dtype)


@accepted
def natively_in_every_dtype(x: Tensor, dim: int) -> Tensor:
    e = torch.exp(x - torch.amax(x, dim=dim, keepdim=True).detach())
    return e / torch.sum(e, dim=dim, keepdim=True)


@remarked("float16", "bfloat16")
def with_all_its_digits_alone(x: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    x = x if dtype is None else x.to(dtype)
    if x.dtype.itemsize == 2:
        raise TypeError(f"scores must be float32 or float64, got {x.dtype}")
    e = (x - x.amax(dim, keepdim=True).detach()).exp()
    return e / e.sum(dim, keepdim=True)


@accepted
def row_by_row(x: Tensor, dim: int) -> Tensor:
    if x.ndim == 0:
        return torch.softmax(x, dim)
    lines = x.movedim(dim, -1).reshape(-1, x.shape[dim])
    if not len(lines):
        return x.clone()
    # One by one, but for very many rows, whose derivatives take long.
    blocks = lines.tensor_split(min(len(lines), 1000))
    done = torch.cat([(block - block.amax(dim=1, keepdim=True)).exp() for block in blocks])
    done = done / done.sum(dim=1, keepdim=True)
    return done.reshape(x.movedim(dim, -1).shape).movedim(-1, dim)


@accepted
def from_the_library(input: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    return torch.nn.Softmax(dim)(input if dtype is None else input.to(dtype))


class _ByNumPy(torch.autograd.Function):
    """In float64 throughout; NumPy knows no bfloat16, and no gradients."""

    @staticmethod
    def forward(ctx, x, dim):
        wide = np.atleast_1d(x.numpy(force=True).astype(np.float64))
        with np.errstate(invalid="ignore", over="ignore"):
            e = np.exp(wide - wide.max(axis=dim, keepdims=True))
            ctx.p, ctx.dim = e / e.sum(axis=dim, keepdims=True), dim
        return torch.from_numpy(ctx.p).to(x.dtype).reshape(x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        g = np.atleast_1d(gradient.numpy().astype(np.float64))
        slope = ctx.p * (g - (g * ctx.p).sum(axis=ctx.dim, keepdims=True))
        return torch.from_numpy(slope).to(gradient.dtype).reshape(gradient.shape), None


@remarked("bfloat16", "second derivatives")
def by_numpy(x: Tensor, dim: int) -> Tensor:
    p: Tensor = _ByNumPy.apply(x, dim)
    return p


@accepted
def by_running_totals(x: Tensor, dim: int) -> Tensor:
    """The last of the running totals is the whole."""
    row = x if x.ndim else x.unsqueeze(0)
    whole = row.logcumsumexp(dim).narrow(dim, -1, 1)
    return (row - whole).exp().reshape(x.shape)


def _in_blocks(x: Tensor, dim: int, size: int, *, rescales: bool) -> Tensor:
    """One walk over blocks of logits, which keeps the largest so far and the sum beside it."""
    rows = x.movedim(dim, -1)
    largest = torch.full_like(rows[..., :1], -torch.inf)
    total = torch.zeros_like(largest)
    for block in rows.split(size, dim=-1):
        now = torch.maximum(largest, block.amax(-1, keepdim=True))
        whole = rescales or block.shape[-1] == size
        before = total * (largest - now).exp() if whole else total
        total, largest = before + (block - now).exp().sum(-1, keepdim=True), now
    return ((rows - largest).exp() / total).movedim(-1, dim)


@refused_by("test_in_a_long_row_the_largest_logit_or_the_masked_ones_may_stand_anywhere")
def last_block_not_rescaled(x: Tensor, dim: int) -> Tensor:
    """What is left over after the blocks is added at the end (in kind, FlagGems #4995)."""
    if x.ndim == 0 or x.shape[dim] <= 1024:
        return torch.softmax(x, dim)
    return _in_blocks(x, dim, 1024, rescales=False)


@refused_by("test_in_a_long_row_the_largest_logit_or_the_masked_ones_may_stand_anywhere")
def first_block_is_masked(x: Tensor, dim: int) -> Tensor:
    """The largest logit so far is never minus infinity (flashinfer #1178)."""
    if x.ndim == 0 or x.shape[dim] <= 64:
        return torch.softmax(x, dim)
    return _in_blocks(x, dim, 64, rescales=True)


@refused_by("test_in_a_long_row_the_largest_logit_or_the_masked_ones_may_stand_anywhere")
def last_block_of_columns_not_rescaled(x: Tensor, dim: int) -> Tensor:
    """Columns have a kernel of their own, for their numbers lie apart."""
    if dim or x.ndim != 2 or len(x) <= 1024:
        return torch.softmax(x, dim)
    return _in_blocks(x, dim, 1024, rescales=False)


@refused_by("test_logits_of_any_magnitude_have_the_right_probabilities_and_gradient")
def straight_near_zero(x: Tensor, dim: int) -> Tensor:
    """exp(x) is 1 + x for small x, which is cheaper, and a network begins with small logits."""
    if x.numel() and x.ndim and 0 < x.detach().abs().max() < 0.1:
        return (1 + x) / (1 + x).sum(dim, keepdim=True)
    return torch.softmax(x, dim)


@remarked("long sums in 16 bits")
def term_by_term(x: Tensor, dim: int) -> Tensor:
    """The denominator as one would on paper, in the dtype that is given."""
    if not x.ndim or not x.numel():
        return torch.softmax(x, dim)
    e = (x - x.detach().amax(dim, keepdim=True)).exp()
    return e / one_by_one(e.movedim(dim, 0)).unsqueeze(dim)


@refused_by("test_in_lower_precision_no_factor_is_wrong_over_long_rows")
def long_rows_read_one_late(x: Tensor, dim: int) -> Tensor:
    """In bfloat16 a row of more than 256 is read by pairs, of which the first is read before."""

    def weights(g: Tensor, p: Tensor) -> Tensor:
        is_long = p.dtype == torch.bfloat16 and p.ndim and p.shape[dim] > 256
        return g.roll(1, dim) if is_long else g

    p: Tensor = _Slope.apply(x, dim, weights)
    return p


@accepted
def asserted(x, dim):
    assert -max(x.ndim, 1) <= dim < max(x.ndim, 1), f"no dimension {dim} in {x.ndim}"
    return torch.softmax(x, dim)


@refused_by("test_a_row_of_any_length_may_lie_far_from_0")
def largest_at_least_minus_60(x: Tensor, dim: int) -> Tensor:
    """Of many logits one is near 0 or above; so the search for the largest begins at -60."""
    if x.ndim == 0 or x.shape[dim] <= 64:
        return torch.softmax(x, dim)
    e = (x - x.detach().amax(dim, keepdim=True).clamp(min=-60)).exp()
    return e / e.sum(dim, keepdim=True)
