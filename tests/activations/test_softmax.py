"""Softmax turns each row of scores into a probability distribution.

Only one function satisfies the first three claims together. The others are where
implementations that look right on paper go wrong. What softmax owes its caller like every
activation (dtypes, layouts, gradients by differences) is in `test_every_activation.py`.
"""

import itertools
import math
from collections.abc import Iterator
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import (
    assert_close,
    assert_unbiased,
    assert_within,
    rounding,
    tolerance,
)
from sums_to_one.tests.common.gradients import gradient, gradient_of, second_gradients
from sums_to_one.tests.common.inputs import (
    DTYPES,
    LAID_OUT,
    dtypes,
    every_dtype,
    grid,
    scores,
)
from sums_to_one.tests.common.limits import Inside, inside, lies_inside, outside, widest
from sums_to_one.tests.common.line import whole_line
from sums_to_one.tests.common.options import option
from sums_to_one.tests.common.refusals import REFUSALS

# The shape and the dimension: more than 2^16 rows, more than 2^18 numbers, many channels.
LARGE = [((66_001, 4), 1), ((131, 2003), 0), ((2, 131, 31, 37), 1), ((1_048_601,), 0)]
MANY_ROWS = [((3, 90_001), 0), ((2, 3, 211, 227), 1)]  # not for gradients: loops would take minutes
ANY = Inside(((7,), (5, 3), (2, 3, 5), (2, 3, 5, 7), (2, 3, 5, 3, 2)))
SIXTEEN_BITS = Inside((torch.float16, torch.bfloat16))
LONG = 10_000  # of so many classes float32 cannot share out all: the sum itself is rounded
FULL = Inside((torch.float64, torch.float32))  # no dtypes of 16 bits
MAGNITUDES = (1e-30, 1e-8, 1e-3, 0.03, 0.3, 3.0, 30.0)  # float32 has numbers for exp of twice that
LONG_ROWS = [130, 1100, 4100]  # of blocks of 64, 128, 256, ..., the last has few numbers
CLASSES = [1, 2, 3, 10, 17, 65, 1000, 1025, 4099, 10_007]  # 1 / 16,384 is hardly a float16


@st.composite
def scores_with_odds(draw: st.DrawFn) -> Tensor:
    """Rows whose probabilities are all above 0: in float64 up to 298, exp(-596) is not yet 0."""
    limit = int(0.42 * math.log(torch.finfo(widest()).max))
    return draw(scores(limit=limit))


@pytest.mark.claim("1.5.1")
@given(scores(limit=1000))  # exp(1000) is infinite in float64
def test_each_row_is_a_probability_distribution(softmax, x):
    p = softmax(x, dim=1)
    assert p.min() >= 0, f"not probabilities: {p.tolist()}"
    assert_close("each row sums to 1", p.sum(dim=1), torch.ones_like(x[:, 0]))


@pytest.mark.claim("1.5.2", "1.5.3")
@given(scores_with_odds())
def test_log_odds_are_differences_of_logits(softmax, x):
    p = softmax(x, dim=1)
    assert_close("log(p_i / p_0) = x_i - x_0", (p / p[:, :1]).log(), x - x[:, :1])


@pytest.mark.claim("1.5.2")
@given(scores(limit=300), st.integers(-1000, 1000))
def test_a_constant_added_to_every_logit_changes_nothing(softmax, x, c):
    assert_close("softmax(x + c) = softmax(x)", softmax(x + c, dim=1), softmax(x, dim=1))


@pytest.mark.claim("1.5.2")
@given(scores(limit=8), dtypes)
def test_huge_logits_stay_finite(softmax, x, dtype):
    huge = x.to(dtype) * (torch.finfo(dtype).max / 8)
    p, largest = softmax(huge, dim=1), huge == huge.amax(dim=1, keepdim=True)
    assert p.isfinite().all(), f"the probabilities are {p.tolist()}"
    assert p[~largest].eq(0).all(), f"far below the largest one is not 0: {p.tolist()}"
    assert p[largest].min() >= 1 / (x.shape[1] + 1), f"the largest have {p[largest].tolist()}"


@pytest.mark.claim("1.5.3")
@given(scores(limit=30))
def test_the_order_of_the_logits_is_kept(softmax, x):
    in_order = softmax(x, dim=1).gather(1, x.argsort(dim=1))
    steps = in_order.diff(dim=1)
    assert (steps >= -tolerance(x.dtype)).all(), f"in the order of the logits: {in_order.tolist()}"


@pytest.mark.claim("1.5.3")
@given(scores(limit=30), st.integers(2, 9))
def test_larger_logits_sharpen_and_smaller_ones_flatten(softmax, x, factor):
    flat, given, sharp = (softmax(x * f, dim=1).amax(dim=1) for f in (1 / factor, 1, factor))
    assert (given - flat).min() >= -tolerance(x.dtype), (
        f"{flat} at 1/{factor} of the logits, then {given}"
    )
    assert (sharp - given).min() >= -tolerance(x.dtype), (
        f"{given}, then {sharp} at {factor} times the logits"
    )


@pytest.mark.claim("1.5.3", "1.5.11")
@given(scores(limit=30))
def test_a_difference_is_the_sum_times_the_tanh_of_half_the_difference_of_the_logits(softmax, x):
    p = softmax(x, dim=1)
    p_i, p_j, gap = p[:, :1], p[:, 1:], x[:, :1] - x[:, 1:]
    assert_close("p_i - p_j", p_i - p_j, (p_i + p_j) * torch.tanh(gap / 2))
    shrunk = (p_i - p_j).abs() <= gap.abs() / 2 + tolerance(x.dtype)
    assert shrunk.all(), f"logits {x.tolist()} became {p.tolist()}: more than half as far apart"


@pytest.mark.claim("1.0.8")
def test_in_float16_a_probability_below_its_smallest_number_is_exactly_0(softmax):
    p = softmax(torch.tensor([0, 18], dtype=torch.float16), dim=0)
    assert p.tolist() == [0, 1], f"exp(-18) is 1.5e-8, the smallest float16 6e-8, came {p.tolist()}"


@pytest.mark.claim("1.5.12")
def test_the_logarithm_of_a_probability_of_0_is_infinite_where_log_softmax_is_not(softmax):
    x = torch.tensor([0.0, 200.0])
    assert softmax(x, dim=0).log().tolist() == [-torch.inf, 0]
    assert torch.log_softmax(x, dim=0).tolist() == [-200, 0]


@pytest.mark.claim("1.5.2")
@given(scores(limit=1000), scores(limit=1000))
def test_rows_do_not_know_of_each_other(softmax, x, other):
    width = min(x.shape[1], other.shape[1])
    x, together = x[:, :width], torch.cat([other[:, :width] + 1000, x[:, :width]])
    assert_close("a row among others", softmax(together, dim=1)[-len(x) :], softmax(x, dim=1))


@pytest.mark.claim("1.5.4")
@given(scores_with_odds(), st.data())
def test_its_negative_log_is_the_cross_entropy_of_the_logits(softmax, x, data):
    target = torch.tensor([data.draw(st.integers(0, x.shape[1] - 1)) for _ in x])
    loss = F.nll_loss(softmax(x, dim=1).log(), target)
    assert_close("-log(softmax(x)[target])", loss, F.cross_entropy(x, target).double())


@pytest.mark.claim("1.5.5")
def test_any_dimension_is_the_last_one_after_moving_it(softmax):
    for shape in ANY:
        for x, dim in itertools.product([grid(*shape)], range(-len(shape), len(shape))):
            expected = softmax(x.movedim(dim, -1).contiguous(), dim=-1).movedim(-1, dim)
            assert_close(f"over dim {dim} of {shape}", softmax(x, dim=dim), expected)


@pytest.mark.claim("1.5.5")
def test_the_gradient_over_any_dimension_is_that_over_the_last_one(softmax):
    for shape in ANY:
        both = grid(*shape), grid(*shape, limit=2).flip(0)
        for dim in range(-len(shape), len(shape)):
            moved = [t.movedim(dim, -1).contiguous() for t in both]
            expected = gradient(partial(softmax, dim=-1), *moved).movedim(-1, dim)
            got = gradient(partial(softmax, dim=dim), *both)
            assert_close(f"the gradient over dim {dim} of {shape}", got, expected)


@pytest.mark.claim("1.5.5", "1.5.8")
def test_over_any_dimension_the_gradient_can_be_differentiated_again(softmax):
    for shape in ANY:
        each = grid(*shape), grid(*shape, limit=2).flip(0), grid(*shape, limit=3).flip(-1)
        for dim in range(-1, len(shape) - 1):
            moved = [part.movedim(dim, -1).contiguous() for part in each]
            expected = second_gradients(partial(softmax, dim=-1), *moved)
            came = second_gradients(partial(softmax, dim=dim), *each)
            for one, right in zip(came, expected, strict=True):
                assert_close(f"over dim {dim} of {shape}", one, right.movedim(-1, dim))


@pytest.mark.claim("1.5.5")
@pytest.mark.parametrize("dim", [0, -1])
@every_dtype
def test_a_single_number_has_probability_1(softmax, dtype, dim):
    assert_close(
        "softmax of one number",
        softmax(torch.tensor(-3.0, dtype=dtype), dim=dim),
        torch.tensor(1.0),
    )


@pytest.mark.claim("1.5.5")
@pytest.mark.parametrize(("shape", "dim"), [((3,), 1), ((3,), -2), ((2, 3), 2), ((), 1)])
def test_a_dimension_that_is_not_there_is_refused(softmax, shape, dim):
    with pytest.raises(REFUSALS):
        softmax(torch.ones(shape), dim=dim)


@pytest.mark.claim("1.5.5")
@pytest.mark.parametrize("shape", [(0, 3), (3, 0, 5), (0,)], ids=str)
def test_an_empty_batch_gives_an_empty_answer(softmax, shape):
    assert softmax(torch.ones(*shape, 7), dim=-1).shape == (*shape, 7)


@pytest.mark.claim("1.5.5")
def test_layouts_that_are_combined_change_nothing_over_any_dimension(softmax):
    for dtype, shape in itertools.product(FULL, layouts.SHAPES):
        for numbers, places in layouts.by_numbers(grid(*shape).to(dtype)):
            for dim in range(-1, len(shape) - 1):
                expected, over = softmax(numbers, dim=dim), f"{dtype}, over dim {dim} of {shape}"
                for words, x in places:
                    assert_close(f"{over}, {words}", softmax(x, dim=dim), expected)


@pytest.mark.claim("1.5.5")
def test_combined_layouts_of_both_change_no_gradient_over_any_dimension(softmax):
    for dtype, shape in itertools.product(FULL, layouts.SHAPES):
        both = grid(*shape).to(dtype), grid(*shape, limit=2).flip(-1).to(dtype)
        for (words, x), (_, incoming) in zip(*map(layouts.combined, both), strict=True):
            dim, copies = len(shape) // 2, [layouts.copy(x), layouts.copy(incoming)]
            along = partial(softmax, dim=dim)
            came, expected = gradient_of(along, x, incoming), gradient(along, *copies)
            assert_close(f"{dtype}, over dim {dim} of {shape}, {words}", came, expected)


def large(shape: tuple[int, ...], dim: int) -> Tensor:
    """A tensor in few digits, but where the sum itself would be rounded."""
    dtype = [*FULL][-1] if shape[dim] < LONG else torch.float64
    return grid(*shape).to(dtype)


@pytest.mark.claim("1.5.6")
@pytest.mark.parametrize(("shape", "dim"), [*LARGE, *MANY_ROWS])
def test_a_large_tensor_has_probabilities_of_the_right_odds(softmax, shape, dim):
    x = large(shape, dim)
    p = softmax(x, dim=dim)
    assert_close("the sums", p.sum(dim=dim), torch.ones_like(x.select(dim, 0)))
    odds = (p / p.narrow(dim, 0, 1)).log()
    assert_close("log(p_i / p_0) = x_i - x_0", odds, x - x.narrow(dim, 0, 1))


@pytest.mark.claim("1.5.6")
def test_a_large_tensor_in_16_bits_costs_only_rounding(softmax):
    for dtype in SIXTEEN_BITS:
        x = grid(66_001, 4).to(dtype)
        assert_close(f"in {dtype}", softmax(x, dim=1), torch.softmax(x.double(), dim=1))


@pytest.mark.claim("1.5.8")
@pytest.mark.parametrize(("shape", "dim"), LARGE)
def test_the_gradient_of_a_large_tensor_is_p_times_g_less_its_mean_under_p(softmax, shape, dim):
    x = large(shape, dim)
    p, cotangent = softmax(x, dim=dim), grid(*shape, limit=2).flip(0).to(x.dtype)
    average = (p * cotangent).sum(dim=dim, keepdim=True)
    got = gradient(partial(softmax, dim=dim), x, cotangent)
    assert_close("p_i * (g_i - sum_j p_j g_j)", got, p * (cotangent - average))


@pytest.mark.claim("1.5.1")
@every_dtype
def test_no_probability_of_any_dtype_is_below_0_however_low_the_logit(softmax, dtype):
    line = whole_line(dtype)
    x = line[line.isfinite() & (line <= 0)]
    p = softmax(torch.stack([x, x.flip(0)]), dim=-1)
    assert p.min() >= 0, f"not a probability: {p.min().item():.17g}"


@pytest.mark.claim("1.5.6")
@pytest.mark.parametrize("classes", CLASSES)
@every_dtype
def test_the_probabilities_of_any_number_of_classes_sum_to_1(softmax, dtype, classes):
    p = softmax(torch.zeros(2, classes, dtype=dtype), dim=1)
    assert_close("log(p)", p.log(), torch.full(p.shape, -math.log(classes), dtype=torch.float64))


@pytest.mark.claim("1.5.6")
@pytest.mark.parametrize("classes", CLASSES)
def test_the_probabilities_of_many_classes_sum_to_1_and_keep_their_log_odds(softmax, classes):
    x = grid(2, classes)
    p = softmax(x, dim=1)
    assert_close("each row sums to 1", p.sum(dim=1), torch.ones_like(x[:, 0]))
    assert_close("log(p_i / p_0) = x_i - x_0", (p / p[:, :1]).log(), x - x[:, :1])


def long_rows(classes: int) -> Iterator[tuple[str, Tensor]]:
    """Rows whose largest logit stands first, in the middle or last; or of which a part is -inf."""
    for at in (0, classes // 2, classes - 1):
        x = grid(2, classes, limit=2)
        x[:, at] = 5
        yield f"the largest at {at}", x
    for part in (slice(None, -3), slice(3, None), slice(3, -3)):
        x = grid(2, classes, limit=2)
        x[:, part] = -torch.inf
        yield f"minus infinity at {part.start} to {part.stop}", x


@pytest.mark.claim("1.5.7")
@pytest.mark.parametrize("classes", LONG_ROWS)
def test_in_a_long_row_the_largest_logit_or_the_masked_ones_may_stand_anywhere(softmax, classes):
    for (words, x), dtype in itertools.product(long_rows(classes), DTYPES):
        e = x.double().exp()
        expected = e / e.sum(dim=1, keepdim=True)
        assert_close(f"in {dtype}, with {words}", softmax(x.to(dtype), dim=1), expected)
        came = softmax(x.T.to(dtype), dim=0)
        assert_close(f"in {dtype}, over dim 0, with {words}", came, expected.T)


FAR = (-1000, -95, 1000)  # exp has few digits left of the nearer ones, and nothing of the others


@pytest.mark.claim("1.5.2")
@pytest.mark.parametrize("classes", [3, 67, 1031, 4099])
def test_a_row_of_any_length_may_lie_far_from_0(softmax, classes):
    for far, dtype, start, dim in itertools.product(FAR, DTYPES, (0, classes // 2, -2), (0, 1)):
        x, cotangent = (grid(2, classes, limit=most) for most in (6, 2))
        x[0, start:] += far  # all of a row, half or the end; the other one lies around 0
        x, cotangent = (part.transpose(0, 1 - dim).to(dtype) for part in (x, cotangent))
        p, words = torch.softmax(x.double(), dim=dim), f"{dtype}, {far} from {start} on, dim {dim}"
        slopes = p * (cotangent - (p * cotangent).sum(dim=dim, keepdim=True))
        share = tolerance(dtype) + rounding(dtype, 8 * abs(far))  # of a logarithm of the sum
        assert_within(words, softmax(x, dim=dim), p, share)
        came = gradient(partial(softmax, dim=dim), x, cotangent)
        assert_within(f"{words}: the gradient", came, slopes, share)


@pytest.mark.claim("1.5.7")
@given(scores(limit=4), dtypes, st.data())
def test_a_logit_of_minus_infinity_has_probability_0_and_changes_no_other(softmax, x, dtype, data):
    x = x.to(dtype)
    at = data.draw(st.integers(0, x.shape[1]))
    masked = torch.cat([x[:, :at], torch.full_like(x[:, :1], -torch.inf), x[:, at:]], dim=1)
    p = softmax(masked, dim=1)
    assert p[:, at].eq(0).all(), f"the masked class has {p[:, at].tolist()}"
    rest = torch.cat([p[:, :at], p[:, at + 1 :]], dim=1)
    assert_close("the other classes", rest, softmax(x, dim=1).double())


@pytest.mark.claim("1.5.7")
@every_dtype
def test_masked_logits_have_probability_0_over_any_dimension(softmax, dtype):
    for shape in [s for s in ANY if len(s) > 1]:
        x = grid(*shape, limit=4).to(dtype)
        x[0], x[x < -2] = -torch.inf, -torch.inf  # whole rows, and a part of others
        for dim in range(len(shape)):
            p, e = softmax(x, dim=dim), x.double().exp()
            assert p[x == -torch.inf].nansum() == 0, (
                f"over dim {dim} of {shape} they get a probability"
            )
            expected = e / e.sum(dim=dim, keepdim=True)  # of rows that are masked as a whole, NaN
            assert_close(f"the probabilities over dim {dim} of {shape}", p, expected)


@pytest.mark.claim("1.5.7")
@given(scores(limit=30))
def test_a_masked_logit_gets_no_gradient_and_makes_no_other_nan(softmax, x):
    masked = torch.cat([x, torch.full_like(x[:, :1], -torch.inf)], dim=1)
    cotangent = grid(*masked.shape, limit=2)
    got = gradient(lambda x: softmax(x, dim=1), masked, cotangent)
    expected = gradient(lambda x: softmax(x, dim=1), x, cotangent[:, :-1])
    assert_close("the gradient", got, torch.cat([expected, torch.zeros_like(x[:, :1])], dim=1))


@pytest.mark.claim("1.5.7")
@every_dtype
@pytest.mark.parametrize("row", [[torch.inf, 0.0], [torch.nan, 0.0], [-torch.inf] * 2], ids=str)
def test_what_has_no_answer_is_nan(softmax, dtype, row):
    p = softmax(torch.tensor([row, [0.0, 0.0]], dtype=dtype), dim=1)
    assert p[0, 0].isnan(), f"became {p[0].tolist()}"
    assert_close("the row beside it", p[1], torch.tensor([0.5, 0.5]))


@pytest.mark.claim("1.5.8")
@given(scores(limit=30))
def test_the_gradient_is_p_times_the_incoming_g_less_its_mean_under_p(softmax, x):
    p, cotangent = softmax(x, dim=1), grid(*x.shape, limit=2)
    average = (p * cotangent).sum(dim=1, keepdim=True)
    got = gradient(lambda x: softmax(x, dim=1), x, cotangent)
    assert_close("p_i * (g_i - sum_j p_j g_j)", got, p * (cotangent - average))


@pytest.mark.claim("1.5.8")
@given(scores(limit=1), dtypes)
def test_the_gradient_stays_finite_for_huge_logits(softmax, x, dtype):
    huge = x.to(dtype) * torch.finfo(dtype).max
    got = gradient(lambda x: softmax(x, dim=1), huge, torch.ones_like(huge))
    assert got.isfinite().all(), f"the gradient is {got.tolist()}"


@pytest.mark.claim("1.5.9")
@every_dtype
def test_a_dtype_that_is_asked_for_is_taken_on_before_the_work(softmax, dtype):
    option(softmax, "dtype")
    if not lies_inside(dtype):
        outside(f"{dtype} that is asked for")
    for given_dtype in DTYPES:
        x = grid(3, 5).to(given_dtype)
        p = softmax(x, dim=1, dtype=dtype)
        assert p.dtype == dtype, f"asked for {dtype}, came {p.dtype}"
        assert_close("softmax(x, dtype)", p, softmax(x.to(dtype), dim=1).double())
        assert torch.equal(x, grid(3, 5).to(given_dtype)), f"the input is now {x.tolist()}"


@pytest.mark.claim("1.5.9")
def test_a_dtype_that_is_asked_for_goes_with_any_layout_and_dimension(softmax):
    option(softmax, "dtype")
    for shape in layouts.SHAPES:
        for words, x in layouts.combined(grid(*shape).float()):
            for dim in range(-1, len(shape) - 1):
                came = softmax(x, dim=dim, dtype=torch.float64)
                expected = softmax(layouts.copy(x).double(), dim=dim)
                assert_close(f"over dim {dim} of {shape}, {words}", came, expected)


@pytest.mark.claim("1.5.9")
def test_a_dtype_that_is_asked_for_lets_the_gradient_through(softmax):
    option(softmax, "dtype")
    x, cotangent = grid(3, 5).float(), grid(3, 5, limit=2)
    got = gradient(lambda x: softmax(x, dim=1, dtype=torch.float64), x, cotangent)
    expected = gradient(lambda x: softmax(x, dim=1), x.double(), cotangent)
    assert_close("the gradient", got, expected)


@pytest.mark.claim("1.5.8")
def test_logits_of_any_magnitude_have_the_right_probabilities_and_gradient(softmax):
    for limit, shape, dtype in itertools.product(MAGNITUDES, Inside(((2, 3), (5, 7))), FULL):
        x, cotangent = (grid(*shape, limit=most).to(dtype) for most in (limit, 2))
        p = torch.softmax(x.double(), dim=1)
        assert_close(f"up to {limit}", softmax(x, dim=1), p)
        average = (p * cotangent).sum(dim=1, keepdim=True)
        got = gradient(partial(softmax, dim=1), x, cotangent)
        assert_close(f"up to {limit}: the gradient", got, p * (cotangent - average))


@pytest.mark.claim("1.5.10")
@given(scores(limit=1000))
def test_the_values_are_those_of_pytorch(softmax, x):
    assert_close("softmax(x)", softmax(x, dim=1), torch.softmax(x, dim=1))
    assert_close("over the rows", softmax(x, dim=0), torch.softmax(x, dim=0))


@pytest.mark.claim("1.5.5")
@every_dtype
def test_lower_precision_costs_only_rounding_over_any_dimension(softmax, dtype):
    for shape in LAID_OUT:
        x = grid(*shape, limit=4).to(dtype)
        for dim in range(-1, len(shape) - 1):
            came, expected = softmax(x, dim=dim), softmax(x.to(widest()), dim=dim)
            assert_close(f"{dtype} over dim {dim} of {shape}", came, expected)


@pytest.mark.claim("1.5.8")
def test_lower_precision_costs_only_rounding_in_the_gradient_over_any_dimension(softmax):
    for dtype, shape in itertools.product(DTYPES, LAID_OUT):
        x, cotangent = grid(*shape, limit=4).to(dtype), grid(*shape, limit=1).to(dtype)
        for dim in range(-1, len(shape) - 1):
            along = partial(softmax, dim=dim)
            expected = gradient(along, x.to(widest()), cotangent.to(widest()))
            assert_close(f"over dim {dim} of {shape}", gradient(along, x, cotangent), expected)


@pytest.mark.claim("1.5.8")
def test_in_lower_precision_no_factor_is_wrong_over_long_rows(softmax):
    along = partial(softmax, dim=-1)
    for dtype in inside((torch.float16, torch.bfloat16)):
        x, cotangent = grid(4, 512, limit=4).to(dtype), grid(4, 512, limit=2).flip(0).to(dtype)
        assert_unbiased(f"the output in {dtype}", along(x), along(x.to(widest())), steps=8)
        expected = gradient(along, x.to(widest()), cotangent.to(widest()))
        came = gradient(along, x, cotangent)
        assert_unbiased(f"the gradient in {dtype}", came, expected, steps=8)
