"""What every activation owes its caller, whatever it computes.

It is a function of the numbers alone: their place in memory, their batch, what was computed
before and who asked for gradients change nothing. `softmax` is taken along the last dimension.
"""

import itertools
import math
import sys
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import assert_close, assert_unbiased
from sums_to_one.tests.common.gradients import (
    by_differences,
    curve_of_the_sum,
    gradient,
    gradient_of,
    jacobian,
    second_gradients,
)
from sums_to_one.tests.common.inputs import (
    DTYPES,
    LAID_OUT,
    SHAPES,
    dtypes,
    every_dtype,
    every_layout,
    grid,
    rows,
    shapes,
    vectors,
)
from sums_to_one.tests.common.limits import Inside, inside, widest
from sums_to_one.tests.common.line import whole_line
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone
from sums_to_one.tests.common.unseen import (
    assert_unseen_numbers_count,
    assert_unseen_numbers_count_for_the_gradient,
)

BATCHES = [1, 5, 16, 17, 33, 63, 129, 511, 1025, 4097, 22_003]  # of rows of 3
# More than 2^16 rows or columns, than 2^18 and than 2^20 numbers: there real code changes its way.
LARGE = Inside(((90_001, 3), (3, 90_001), (2, 3, 211, 227), (1_048_601,)))
ANY = Inside((*SHAPES, *LAID_OUT, (11, 13), (4, 3, 5), (5, 3, 2, 7)))
FULL = Inside((torch.float64, torch.float32))  # no dtypes of 16 bits
NARROWER = Inside((torch.float32, torch.float16, torch.bfloat16))
# Of which the first row is NaN: vectorised code takes several numbers at a time.
SPOILT = Inside((*((2, width) for width in (1, 3, 8, 17, 64, 5003)), (3, 5, 7), (2, 3, 5, 7)))


@pytest.mark.claim("1.0.3")
@every_dtype
@given(shape=st.sampled_from(SHAPES))
def test_shape_and_dtype_are_kept(activation, dtype, shape):
    y = activation(grid(*shape).to(dtype))
    assert (y.shape, y.dtype) == (shape, dtype)


@pytest.mark.claim("1.0.3")
@every_dtype
def test_nothing_comes_of_nothing(elementwise, dtype):
    assert elementwise(torch.empty(0, dtype=dtype)).shape == (0,)


@pytest.mark.claim("1.0.3")
@given(shape=st.sampled_from(SHAPES))
def test_the_gradient_has_the_shape_of_the_input(activation, shape):
    x = grid(*shape)
    assert gradient(activation, x, torch.ones(shape, dtype=x.dtype)).shape == shape


@pytest.mark.claim("1.0.4")
@given(shapes())
def test_every_element_is_treated_alone_in_any_shape(elementwise, shape):
    def each_alone(x):
        return torch.stack([elementwise(number) for number in x.flatten()]).reshape(shape)

    x = grid(*shape)
    one = torch.ones_like(x)
    assert_close("f(x)[i] = f(x[i])", elementwise(x), each_alone(x))
    expected = gradient(each_alone, x, one)
    assert_close("f'(x)[i] = f'(x[i])", gradient(elementwise, x, one), expected)


@pytest.mark.claim("1.0.4")
@pytest.mark.parametrize("batch", BATCHES)
def test_a_large_batch_is_treated_as_its_parts(activation, batch):
    x = grid(batch, 3).to([*FULL][-1])
    parts = torch.cat([activation(part) for part in x.split(max(3, batch // 999))])
    assert_close("f(batch) = f(its parts)", activation(x), parts)


@pytest.mark.claim("1.0.4")
def test_a_large_tensor_of_any_shape_is_treated_as_its_numbers(elementwise):
    for dtype, shape in itertools.product(DTYPES, LARGE):
        x = grid(*shape).to(dtype)
        y, slope = elementwise(x), gradient(elementwise, x, torch.ones_like(x))
        parts = [_by_itself(part, len(shape)) for part in x.flatten().split(65_521)]
        expected = torch.cat([elementwise(part).flatten() for part in parts])
        slopes = [gradient(elementwise, part, torch.ones_like(part)).flatten() for part in parts]
        assert_close(f"{dtype} of shape {shape}: f(x)", y.flatten(), expected)
        assert_close(f"{dtype} of shape {shape}: f'(x)", slope.flatten(), torch.cat(slopes))


FORMULAS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "tanh": lambda x: 1 - 2 / ((2 * x).exp() + 1),
    "relu": lambda x: x.clamp(min=0),
    "leaky_relu": lambda x: x.clamp(min=0) + 0.01 * x.clamp(max=0),
    "softmax": lambda x: x.exp() / x.exp().sum(dim=-1, keepdim=True),
}
# Each dimension in turn is longer than blocks of 8, 16, 32, 64, ..., and leaves an odd rest.
LONG = [
    *[(17,), (3, 67), (2, 1031), (37, 2), (2, 37, 3), (2, 3, 67)],
    *[(2, 37, 3, 5), (3, 5, 2, 131), (2, 1, 2, 2, 17)],
]


@pytest.mark.claim("1.0.4")
@pytest.mark.parametrize("shape", LONG, ids=str)
def test_in_any_dimension_a_long_tensor_has_the_values_and_gradient_of_the_formula(
    activation, shape
):
    formula = FORMULAS[activation.name]
    for dtype, _ in itertools.product(FULL, inside([shape])):
        x, weights = grid(*shape).to(dtype), grid(*shape, limit=2).to(dtype)
        assert_close(f"{dtype}", activation(x), formula(x.double()))
        expected = gradient(formula, x.double(), weights.double())
        assert_close(f"{dtype}: the gradient", gradient(activation, x, weights), expected)


def _by_itself(part: torch.Tensor, dimensions: int) -> torch.Tensor:
    """A part of a large tensor, with as many dimensions."""
    return part.reshape(*[1] * (dimensions - 1), -1)


@pytest.mark.claim("1.0.4")
@every_layout
def test_the_place_in_memory_changes_nothing(activation, layout):
    for shape, dtype in itertools.product(LAID_OUT, DTYPES):
        x = layout(grid(*shape).to(dtype))
        expected = activation(x.clone(memory_format=torch.contiguous_format))
        assert_close(f"{dtype} of shape {shape}: f(view) = f(its copy)", activation(x), expected)


@pytest.mark.claim("1.0.4")
@every_layout
def test_the_place_in_memory_changes_no_gradient(activation, layout):
    for shape in LAID_OUT:
        x, cotangent = layout(grid(*shape)), layout(grid(*shape).flip(-1))
        copies = (t.clone(memory_format=torch.contiguous_format) for t in (x, cotangent))
        expected = gradient(activation, *copies)
        assert_close(f"shape {shape}: f'(view)", gradient(activation, x, cotangent), expected)


@pytest.mark.claim("1.0.4")
def test_layouts_that_are_combined_change_nothing(activation):
    for dtype, shape in itertools.product(DTYPES, layouts.SHAPES):
        for numbers, places in layouts.by_numbers(grid(*shape).to(dtype)):
            expected = activation(numbers)
            for words, x in places:
                assert_close(f"{dtype} of shape {shape}, {words}: f(x)", activation(x), expected)


@pytest.mark.claim("1.0.4")
def test_layouts_that_are_combined_change_no_gradient(activation):
    for dtype, shape in itertools.product(DTYPES, layouts.SHAPES):
        x, cotangent = grid(*shape).to(dtype), grid(*shape, limit=2).flip(-1).to(dtype)
        for numbers, places in layouts.by_numbers(x):
            expected = gradient_of(activation, numbers, cotangent)
            for words, view in places:
                came = gradient_of(activation, view, cotangent)
                assert_close(f"{dtype} of shape {shape}, {words}: f'(x)", came, expected)


@pytest.mark.claim("1.0.4")
def test_the_place_of_the_incoming_gradient_changes_nothing(activation):
    for dtype, shape in itertools.product(DTYPES, layouts.SHAPES):
        x, cotangent = grid(*shape).to(dtype), grid(*shape, limit=2).flip(-1).to(dtype)
        for numbers, places in layouts.by_numbers(cotangent):
            expected = gradient(activation, x, numbers)
            for words, incoming in places:
                came = gradient_of(activation, x, incoming)
                told = f"{dtype} of shape {shape}, incoming gradient {words}: f'(x) times it"
                assert_close(told, came, expected)


@pytest.mark.claim("1.0.5")
@given(vectors(limit=sys.float_info.max))
def test_the_input_is_left_as_it_was(activation, x):
    before = x.clone()
    activation(x).add_(1)  # an output that is a view of the input would take it along
    assert torch.equal(x, before), f"the input was {before.tolist()}, now {x.tolist()}"


@pytest.mark.claim("1.0.5")
@given(vectors(limit=50))
def test_nothing_is_remembered_from_earlier_calls(activation, x):
    alone = activation(x.clone())
    buffer = x.flip(0) - 1
    activation(buffer)
    buffer.copy_(x)  # the same tensor in the same place, with other numbers
    assert_close("f(x), called again", activation(buffer), alone)


@pytest.mark.claim("1.0.5")
def test_numbers_that_are_written_unseen_by_autograd_count(activation):
    for shape in inside([(7,), (3, 5), (2, 3, 5, 7)]):
        both = grid(*shape), grid(*shape).flip(0) - 1
        assert_unseen_numbers_count(f"f(x) of shape {shape}", activation, *both)
        assert_unseen_numbers_count_for_the_gradient(f"f'(x) of shape {shape}", activation, *both)


@pytest.mark.claim("1.0.5")
def test_the_state_of_torch_is_left_as_it_was(activation):
    assert_torch_is_left_alone(lambda: activation(grid(3, 5).requires_grad_()))


@pytest.mark.claim("1.0.5")
@every_dtype
def test_asking_for_gradients_changes_no_value(activation, dtype):
    x = grid(5, 7, limit=20).to(dtype)
    with_graph = activation(x.clone().requires_grad_())
    assert with_graph.requires_grad, "its gradient is not recorded"
    assert not activation(x).requires_grad, "nobody asked for a gradient"
    assert_close("f(x) while gradients are recorded", with_graph, activation(x))
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            without_graph = activation(x.clone().requires_grad_())
        assert not without_graph.requires_grad, f"in {mode.__name__} gradients are recorded"
        assert_close(f"f(x) in {mode.__name__}", without_graph.clone(), activation(x))


@pytest.mark.claim("1.0.6")
@every_dtype
def test_nan_is_not_hidden(activation, dtype):
    # The sign of NaN means nothing; that of inf - inf is set on many machines.
    for shape, sign in itertools.product(SPOILT, (1, -1)):
        x = grid(*shape).to(dtype)
        x[0] = math.copysign(math.nan, sign)
        spoilt = activation(x).isnan()
        assert spoilt[0].all(), f"shape {shape}: NaN became a number"
        assert not spoilt[1:].any(), f"shape {shape}: beside NaN a number became NaN"


@pytest.mark.claim("1.0.7")
@given(rows())
def test_the_gradient_is_the_limit_of_differences(activation, x):
    cotangent = grid(len(x), limit=2)
    expected = by_differences(activation, x, cotangent)
    assert_close("the gradient", gradient(activation, x, cotangent), expected)


@pytest.mark.claim("1.0.7")
@given(rows())
def test_the_gradient_can_be_differentiated_again(activation, x):
    cotangent, other = grid(len(x), limit=2), grid(len(x), limit=3)
    by_x, by_cotangent = second_gradients(activation, x, cotangent, other)
    expected = by_differences(lambda x: gradient(activation, x, cotangent), x, other)
    assert_close("the gradient of the gradient", by_x, expected)
    assert_close("... by the incoming gradient", by_cotangent, other @ jacobian(activation, x))


@pytest.mark.claim("1.0.7")
def test_in_any_shape_the_gradient_of_a_row_can_be_differentiated_again(activation):
    shapes = [(5,), (1, 5), (4, 5), (2, 3, 5), (2, 3, 5, 7), (2, 1, 3, 2, 5)]
    for dtype, shape in itertools.product(FULL, inside(shapes)):
        each = grid(*shape), grid(*shape, limit=2).flip(0), grid(*shape, limit=3).flip(-1)
        row = inside([(shape[-1],), (1, shape[-1]), (*[1] * (len(shape) - 1), shape[-1])])[0]
        rows = zip(*(x.reshape(-1, *row) for x in each), strict=True)
        alone = [second_gradients(activation, *three) for three in rows]
        expected = [torch.stack(parts).reshape(shape) for parts in zip(*alone, strict=True)]
        by_x, by_cotangent = second_gradients(activation, *(x.to(dtype) for x in each))
        assert_close(f"{dtype}, {shape}: the gradient of the gradient", by_x, expected[0])
        assert_close(f"{dtype}, {shape}: by the incoming one", by_cotangent, expected[1])


@pytest.mark.claim("1.0.7")
def test_wherever_the_numbers_lie_the_gradient_can_be_differentiated_again(activation):
    for dtype, shape in itertools.product(FULL, inside([(4, 4), (2, 3, 5, 7)])):
        weights = grid(*shape, limit=2).flip(0).to(dtype)
        for numbers, places in layouts.by_numbers(grid(*shape).to(dtype)):
            expected = second_gradients(activation, numbers, weights, weights)
            for words, x in places:
                both = second_gradients(activation, x, weights, weights)
                for came, right in zip(both, expected, strict=True):
                    assert_close(f"{dtype} of shape {shape}, {words}", came, right)


@pytest.mark.claim("1.0.7")
def test_the_gradient_of_a_plain_sum_can_be_differentiated_again(activation):
    for dtype, shape in itertools.product(FULL, inside([(5,), (3, 5), (2, 3, 5, 7)])):
        x, other = grid(*shape).to(dtype), grid(*shape, limit=3).flip(0).to(dtype)
        expected, _ = second_gradients(activation, x, torch.ones_like(x), other)
        came = curve_of_the_sum(activation, x, other)
        assert_close(f"{dtype} of shape {shape}", came, expected.double())


@pytest.mark.claim("1.0.7")
def test_the_gradient_of_a_large_tensor_can_be_differentiated_again(elementwise):
    for dtype, shape in itertools.product(FULL, inside([(66_001, 5), (2, 90_001), (2, 3, 1, 7)])):
        x, weights = grid(*shape).to(dtype), grid(*shape, limit=2).flip(0).to(dtype)
        few = [part[-2:, ..., -5:].clone() for part in (x, weights, weights)]
        for came, right in zip(
            second_gradients(elementwise, x, weights, weights),
            second_gradients(elementwise, *few),
            strict=True,
        ):
            assert_close(f"the last of {shape} in {dtype}", came[-2:, ..., -5:], right)


@pytest.mark.claim("1.0.7")
def test_far_out_the_gradient_of_the_gradient_is_0(elementwise):
    for dtype, far in itertools.product(FULL, (50, 80)):
        x = torch.tensor([-far, far], dtype=dtype)
        by_x, _ = second_gradients(elementwise, x, torch.ones_like(x), torch.ones_like(x))
        assert_close(f"f''(x) at {-far} and {far} in {dtype}", by_x, torch.zeros(2))


@pytest.mark.claim("1.0.7")
def test_the_gradient_of_a_plain_sum_is_that_of_equal_weights(activation):
    x = grid(3, 5).requires_grad_()
    activation(x).sum().backward()  # the incoming gradient is one number, seen 15 times
    assert_close("gradient of f(x).sum()", x.grad, gradient(activation, x, torch.ones(3, 5)))


@pytest.mark.claim("1.0.7")
def test_a_negative_gradient_that_comes_in_turns_the_gradient_around(activation):
    for shape, dtype in itertools.product(inside(((3, 5), (2, 3, 5, 7))), FULL):
        x, incoming = grid(*shape).to(dtype), grid(*shape, limit=2).flip(0).abs().to(dtype)
        came, right = (gradient(activation, x, turn * incoming) for turn in (-1, 1))
        assert_close(f"the gradient in {dtype}", came, -right)


@pytest.mark.claim("1.0.7")
def test_the_incoming_gradient_is_left_as_it_was(activation):
    x, seen = grid(3, 5).requires_grad_(), []
    y = activation(x)
    y.register_hook(lambda incoming: seen.append((incoming, incoming.clone())))
    (y * grid(3, 5).flip(0)).sum().backward()
    assert torch.equal(*seen[0]), "the backward pass wrote into its input"


@pytest.mark.claim("1.0.7")
def test_two_calls_keep_their_gradients_apart(activation):
    first, second = grid(3, 5).requires_grad_(), grid(3, 5).flip(1).requires_grad_()
    one, other = activation(first), activation(second)
    (one * grid(3, 5)).sum().backward()
    (other * grid(3, 5)).sum().backward()
    for x in (first, second):
        assert_close("the gradient of each", x.grad, gradient(activation, x, grid(3, 5)))


@pytest.mark.claim("1.0.7")
def test_gradients_of_two_backward_passes_add_up(activation):
    x = grid(3, 5).requires_grad_()
    total = (activation(x) * grid(3, 5).flip(0)).sum()
    with feature("retain_graph"):  # which a compiler may refuse
        total.backward(retain_graph=True)
    first = x.grad.clone()
    total.backward()
    assert_close("the sum of two gradients", x.grad, 2 * first)


@pytest.mark.claim("1.0.8")
@given(dtypes, vectors(limit=4))  # farther out see each activation's own claims
def test_lower_precision_costs_only_rounding(activation, dtype, x):
    x = x.to(dtype)
    assert_close(f"f(x) in {dtype}", activation(x), activation(x.double()))


@pytest.mark.claim("1.0.8")
@given(dtypes, vectors(limit=4))
def test_lower_precision_costs_only_rounding_in_the_gradient(activation, dtype, x):
    x, cotangent = x.to(dtype), torch.linspace(-1, 2, len(x)).to(dtype)
    expected = gradient(activation, x.double(), cotangent.double())
    weighted = f"f'(x) times the incoming gradient in {dtype}"
    assert_close(weighted, gradient(activation, x, cotangent), expected)


@pytest.mark.claim("1.0.8")
@every_dtype
def test_lower_precision_costs_only_rounding_from_one_end_of_the_line_to_the_other(
    elementwise, dtype
):
    x = whole_line(dtype)
    assert_close(f"f(x) in {dtype}", elementwise(x), elementwise(x.to(widest())))


@pytest.mark.claim("1.0.8")
@every_dtype
def test_lower_precision_costs_only_rounding_in_the_gradient_anywhere_on_the_line(
    elementwise, dtype
):
    x = whole_line(dtype)
    x = x[(x != 0) & (x.abs() <= 6e4)]  # at 0 ReLU has a kink; beyond, exp may end
    weights = torch.where(x.abs() <= 1, 8, 1).to(dtype)  # near 0 no digit of a slope is lost
    expected = gradient(elementwise, x.to(widest()), weights.to(widest()))
    weighted = f"f'(x) times the incoming gradient in {dtype}"
    assert_close(weighted, gradient(elementwise, x, weights), expected)


@pytest.mark.claim("1.0.8")
@every_dtype
def test_lower_precision_costs_only_rounding_in_any_shape(activation, dtype):
    for shape in ANY:
        x = grid(*shape, limit=4).to(dtype)
        assert_close(f"{dtype} of shape {shape}", activation(x), activation(x.to(widest())))


@pytest.mark.claim("1.0.8")
def test_lower_precision_costs_only_rounding_in_the_gradient_of_any_shape(activation):
    for dtype, shape in itertools.product(NARROWER, ANY):
        x, cotangent = grid(*shape, limit=4).to(dtype), grid(*shape, limit=2).to(dtype)
        expected = gradient(activation, x.to(widest()), cotangent.to(widest()))
        came = gradient(activation, x, cotangent)
        assert_close(f"f'(x) in {dtype} of shape {shape}", came, expected)


@pytest.mark.claim("1.0.8")
def test_in_lower_precision_no_factor_is_wrong(activation):
    for dtype in inside((torch.float16, torch.bfloat16)):
        x, cotangent = grid(256, 8, limit=4).to(dtype), grid(256, 8, limit=2).flip(0).to(dtype)
        exactly = gradient(activation, x.to(widest()), cotangent.to(widest()))
        came, expected = gradient(activation, x, cotangent), activation(x.to(widest()))
        for side, there in (("below", x < 0), ("above", x > 0)):
            if expected[there].any():
                case = f"{dtype}, {side} 0"
                assert_unbiased(f"f(x) in {case}", activation(x)[there], expected[there])
                assert_unbiased(f"the gradient in {case}", came[there], exactly[there])
