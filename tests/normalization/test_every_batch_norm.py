"""What batch normalization does with the numbers of a batch, and what its gradient is.

The oracle is arithmetic, written out in `channels.py`. What is remembered from batch to
batch, and used in evaluation, is in `test_running_statistics.py`.
"""

import itertools
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import (
    assert_close,
    assert_unbiased,
    assert_within,
    rounding,
)
from sums_to_one.tests.common.gradients import (
    Function,
    by_differences,
    gradient,
    jacobian,
    second_gradients,
)
from sums_to_one.tests.common.inputs import DTYPES, VIEWS, exact, grid
from sums_to_one.tests.common.limits import inside, needs_gradients, widest
from sums_to_one.tests.common.options import feature, needs, option, provides
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone
from sums_to_one.tests.common.unseen import assert_unseen_numbers_count
from sums_to_one.tests.normalization.channels import (
    PARTS,
    assert_averages,
    assert_averages_rounded,
    assert_gradient_rounded,
    assert_rounded,
    averages,
    back,
    batch,
    by_channel,
    few_of,
    mean_and_variance,
    new_layer,
    normalized,
    shapes_of,
    taught,
    unusual_layer,
)


@pytest.mark.claim("6.1.1")
def test_each_channel_gets_mean_0_and_variance_1_over_the_batch(batch_norm):
    for shape in shapes_of(batch_norm):
        x = batch(*shape)
        found = mean_and_variance(new_layer(batch_norm, shape[1])(x))
        mean, variance = (each.to(x.dtype) for each in found)
        assert_close(f"{shape}: the means", mean, torch.zeros(shape[1]))
        before = mean_and_variance(x)[1]
        assert_close(f"{shape}: the variances", variance, before / (before + 1e-5))


SIZES = [(2, 1, 1), (2, 3, 1), (3, 2, 1), (2, 3, 2), (1, 3, 2), (1, 2, 5), (3, 1, 2)]
SIZED, TWELVE = st.sampled_from(SIZES), st.binary(min_size=12, max_size=12)


@st.composite
def images(draw: st.DrawFn) -> Tensor:
    """N samples, C channels and L positions of eighths; at least two values a channel."""
    shape = draw(SIZED)
    numbers = draw(TWELVE)[: torch.Size(shape).numel()]
    return (exact(list(numbers)).reshape(shape) - 128) / 8


def as_input(batch_norm, x: Tensor) -> Tensor:
    """(N, C, L) as the component takes it."""
    if batch_norm.name == "BatchNorm2d":
        return x[..., None] if len(x) % 2 else x[:, :, None]
    return x[..., 0] if x.shape[2] == 1 else x


def expected_of(layer, x: Tensor, eps: float = 1e-5) -> Tensor:
    """The formula of training."""
    return normalized(x, *mean_and_variance(x), eps, layer)


@pytest.mark.claim("6.1.1")
@given(images(), st.sampled_from([1e-5, 1e-3, 0.5, 4.0]))
def test_the_output_is_that_of_the_formula(batch_norm, x, eps):
    x = as_input(batch_norm, x)
    layer = taught(batch_norm, x.shape[1], eps=eps)
    assert_close(f"eps = {eps}", layer(x), expected_of(layer, x, eps))


@pytest.mark.claim("6.1.1", "6.2.7")
def test_of_two_values_one_becomes_minus_1_and_one_plus_1(batch_norm):
    for dtype, distance, eps in itertools.product(DTYPES, (0.125, 1, 3, 100), (1e-5, 1e-3, 0.5)):
        middle = 5 if dtype == widest() else 0  # with fewer digits, x * scale + shift is right, too
        x = torch.tensor([middle - distance, middle + distance], dtype=dtype).reshape(2, 1, 1)
        came = new_layer(batch_norm, 1, dtype, eps=eps)(as_input(batch_norm, x)).flatten()
        size = distance / (distance**2 + eps) ** 0.5  # 1, were it not for eps
        words = f"{dtype}, eps {eps}, {distance} around {middle}"
        assert_close(words, came, torch.tensor([-size, size], dtype=torch.float64))


@pytest.mark.claim("6.1.1")
def test_each_channel_is_scaled_and_shifted_by_its_own_weight_and_bias(batch_norm):
    for shape in shapes_of(batch_norm):
        x, layer = batch(*shape), taught(batch_norm, shape[1])
        plain = by_channel(new_layer(batch_norm, shape[1])(x))
        rows = plain * layer.weight.double()[:, None] + layer.bias.double()[:, None]
        assert_close(f"{shape}", layer(x), back(rows, x))


@pytest.mark.claim("6.1.6")
def test_no_channel_touches_another(batch_norm):
    for shape in [shape for shape in shapes_of(batch_norm) if shape[1] > 1]:
        x, layer = batch(*shape), taught(batch_norm, shape[1])
        expected = layer(x)[:, 1:].detach()
        for stranger in (1e6, torch.inf, torch.nan):
            disturbed = x.clone()
            disturbed[-1, 0] = stranger
            assert_close(f"{stranger} in channel 0", layer(disturbed)[:, 1:], expected)


@pytest.mark.claim("6.1.6")
def test_every_sample_counts_for_all_and_their_order_for_none(batch_norm):
    for shape in [shape for shape in shapes_of(batch_norm) if shape[0] > 1]:
        x, layer = batch(*shape), taught(batch_norm, shape[1])
        y = layer(x).detach()
        assert_close("samples in reverse", layer(x.flip(0)), y.flip(0))
        other = x.clone()
        other[-1] += 1
        assert not torch.equal(layer(other)[0], y[0]), "the last sample does not count"
        other[-1] = torch.nan
        assert layer(other).isnan().all(), f"a NaN in the last sample is hidden: {layer(other)}"


@pytest.mark.claim("6.2.2")
def test_to_scale_and_shift_a_channel_beforehand_changes_nothing(batch_norm):
    for shape, scale in itertools.product(shapes_of(batch_norm), (-8.0, 0.125, 3.0, 1000.0)):
        x, layer = batch(*shape), taught(batch_norm, shape[1], eps=1e-30)
        flipped = x if scale > 0 else -x  # a negative scale turns the signs
        came, expected = layer(scale * (x + 7)), layer(flipped).detach()
        assert_close(f"{shape}, {scale} (x + 7)", came, expected)


@pytest.mark.claim("6.1.3")
def test_a_bias_before_it_is_redundant(batch_norm):
    for shape in shapes_of(batch_norm):
        x, bias = batch(*shape), grid(shape[1]).requires_grad_()
        layer, other = (taught(batch_norm, shape[1], momentum=1.0) for _ in range(2))
        shifted = x + bias.reshape(-1, *[1] * (x.ndim - 2))
        y = layer(shifted)
        assert_close("the output with a bias", y, other(x).detach())
        (y * grid(*shape)).sum().backward()
        assert_close("each gives", bias.grad / by_channel(x).shape[1], torch.zeros(shape[1]))
        layer.eval(), other.eval()  # the running mean has caught up, for momentum is 1
        assert_close("in evaluation", layer(shifted), other(x).detach())


@pytest.mark.claim("6.1.3")
def test_in_evaluation_a_bias_counts_until_the_running_mean_has_caught_up(batch_norm):
    x = batch(*shapes_of(batch_norm)[0])
    layer, other = (new_layer(batch_norm, x.shape[1], momentum=0.25) for _ in range(2))
    for steps in range(5):
        off = layer.eval()(x + 100) - other.eval()(x)
        _, variance = averages([x] * steps, 0.25)
        expected = 100 * 0.75**steps / (variance + 1e-5).sqrt()[:, None].expand_as(by_channel(x))
        assert_close(f"after {steps} steps a bias of 100 is", off, back(expected, x))
        layer.train()(x + 100), other.train()(x)


SMALL = {
    "BatchNorm1d": [(2, 2), (3, 2), (2, 1, 3), (2, 3)],
    "BatchNorm2d": [(2, 2, 1, 1), (3, 2, 1, 1), (2, 1, 1, 3), (1, 1, 2, 3)],
}


def of_a_row(batch_norm, shape: tuple[int, ...], training: bool = True) -> tuple[Function, Tensor]:
    """A layer as a function of numbers in a row, or of many such rows, and one of them."""
    known = provides(batch_norm, "eps")
    layer = taught(batch_norm, shape[1], eps=0.5) if known else taught(batch_norm, shape[1])
    layer.train(training)

    def of_rows(rows: Tensor) -> Tensor:
        each = [layer(row.reshape(shape)).flatten() for row in rows.reshape(-1, rows.shape[-1])]
        return torch.stack(each).reshape(rows.shape)

    return of_rows, batch(*shape).flatten()


@pytest.mark.claim("6.1.4")
def test_the_gradient_is_the_limit_of_differences(batch_norm):
    for shape in inside(SMALL[batch_norm.name]):
        function, x = of_a_row(batch_norm, shape)
        cotangent = grid(len(x), limit=2)
        came = gradient(function, x, cotangent)
        assert_close(f"{shape}", came, by_differences(function, x, cotangent))


@pytest.mark.claim("6.1.4")
def test_the_gradient_can_be_differentiated_again(batch_norm):
    for mode, shape in itertools.product((True, False), inside(SMALL[batch_norm.name])):
        function, x = of_a_row(batch_norm, shape, mode)
        cotangent, other = grid(len(x), limit=2), grid(len(x), limit=3)
        by_x, by_cotangent = second_gradients(function, x, cotangent, other)
        first = partial(gradient, function, cotangent=cotangent)
        assert_close("the gradient of the gradient", by_x, by_differences(first, x, other))
        assert_close("by the incoming one", by_cotangent, other @ jacobian(function, x))


@pytest.mark.claim("6.1.4")
def test_weight_and_bias_get_their_gradients(batch_norm):
    needs_gradients(1)
    for shape, dtype in itertools.product(shapes_of(batch_norm), inside(DTYPES[:2])):
        layer, cotangent = taught(batch_norm, shape[1], dtype), grid(*shape, limit=2).to(dtype)
        x = batch(*shape, dtype=dtype)
        for wanted in (False, True):  # they add up
            (layer(x.detach().requires_grad_(wanted)) * cotangent).sum().backward()
        pull = by_channel(cotangent)
        plain = by_channel(normalized(x, *mean_and_variance(x), eps=1e-5))
        assert_close(f"{shape}: the weight's", layer.weight.grad, 2 * (pull * plain).sum(1))
        assert_close(f"{shape}: the bias's", layer.bias.grad, 2 * pull.sum(1))


@pytest.mark.claim("6.1.4")
def test_the_gradient_has_no_component_along_a_shift_or_a_scaling(batch_norm):
    for shape, eps in itertools.product(shapes_of(batch_norm), (1e-5, 0.5)):
        x, cotangent = batch(*shape), grid(*shape, limit=2)
        layer = taught(batch_norm, shape[1], eps=eps)
        pull = by_channel(gradient(layer, x, cotangent))
        assert_close("the sum over a channel", pull.sum(1).to(x.dtype), torch.zeros(len(pull)))
        _, variance = mean_and_variance(x)
        plain = by_channel(normalized(x, *mean_and_variance(x), eps))
        along = layer.weight.double() * (by_channel(cotangent) * plain).sum(1)
        # 0, were it not for eps: the larger it is, the more the scale of a channel still matters.
        expected = along * eps / (variance + eps) ** 1.5
        assert_close("its part along the output", (pull * plain).sum(1).to(x.dtype), expected)


@pytest.mark.claim("6.1.4")
def test_frozen_parameters_change_no_gradient_of_the_input(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        x, cotangent = batch(*shape), grid(*shape)
        layer = taught(batch_norm, shape[1]).train(mode)
        expected = gradient(layer, x, cotangent)
        layer.weight.grad = layer.bias.grad = None
        layer.weight.requires_grad_(False)
        layer.bias.requires_grad_(False)
        assert_close("the gradient", gradient(layer, x, cotangent), expected)
        assert layer.weight.grad is None, f"a frozen weight got {layer.weight.grad}"


MEANS = {torch.float64: 2.0**40, torch.float32: 2.0**14}


@pytest.mark.claim("6.1.7")
def test_a_large_mean_leaves_the_variance_its_digits(batch_norm):
    for shape, dtype in itertools.product(shapes_of(batch_norm), inside(MEANS)):
        # Whole numbers whose mean is 0 or 1, so that with the large one all sums are exact.
        rows = torch.arange(by_channel(batch(*shape)).shape[1], dtype=torch.float64)
        rows = rows - rows.flip(0) + torch.arange(shape[1])[:, None] % 2
        x = back(rows, torch.empty(shape)).to(dtype)
        came = taught(batch_norm, shape[1], dtype)(x + MEANS[dtype])
        # In half precision, for x * scale + shift is right, too, and costs most of the digits.
        expected = expected_of(taught(batch_norm, shape[1], dtype), x)
        assert_close(f"{dtype}, a mean of {MEANS[dtype]}", came.half(), expected)


@pytest.mark.claim("6.1.7")
def test_a_channel_that_never_varies_becomes_its_bias(batch_norm):
    # With fewer digits than there are, for x * scale + shift is right, too, and costs some.
    large, fewer = (1e5, torch.float32) if widest() == torch.float64 else (8.0, torch.float16)
    for shape in shapes_of(batch_norm):
        for constant in (0.0, -3.125, large):
            x, layer = torch.full(shape, constant, dtype=widest()), taught(batch_norm, shape[1])
            expected = back(layer.bias.detach()[:, None].expand_as(by_channel(x)), x)
            assert_close(f"all {constant}", layer(x).to(fewer), expected)
            slopes = gradient(layer, x, grid(*shape)).to(fewer)
            expected = gradient_in_training(layer, x, grid(*shape))
            assert_close(f"all {constant}: the gradient", slopes, expected)


def gradient_in_training(layer, x: Tensor, cotangent: Tensor, eps: float = 1e-5) -> Tensor:
    """The gradient in training, as in section 3 of the paper: less a shift and a stretch."""
    mean, variance = mean_and_variance(x)
    plain, pull = by_channel(normalized(x, mean, variance, eps)), by_channel(cotangent)
    pull = pull - pull.mean(1, keepdim=True) - plain * (pull * plain).mean(1, keepdim=True)
    return back(pull * (layer.weight.double() / (variance + eps).sqrt())[:, None], x)


def assert_right_in(dtype: torch.dtype, layer, x: Tensor) -> None:
    """Output, gradient and evaluation are right, but for rounding at every step in this dtype."""
    __tracebackhide__ = True
    (mean, variance), cotangent = mean_and_variance(x), grid(*x.shape, limit=2).to(x.dtype)
    deviation, case = (variance + 1e-5).sqrt(), f"{x.dtype}, {tuple(x.shape)}"
    assert_rounded(case, layer(x), x, expected_of(layer, x), deviation, dtype)
    expected, came = gradient_in_training(layer, x, cotangent), gradient(layer, x, cotangent)
    assert_gradient_rounded(f"{case}: gradient", came, x, expected, 1e-5, dtype)
    needs(layer, "running_mean", "running_var")
    mean, variance = (average.double() for average in (layer.running_mean, layer.running_var))
    expected, came = normalized(x, mean, variance, 1e-5, layer), layer.eval()(x)
    assert_rounded(f"{case}: evaluated", came, x, expected, (variance + 1e-5).sqrt(), dtype)


@pytest.mark.claim("6.1.7")
def test_lower_precision_costs_only_rounding(batch_norm):
    for shape, dtype in itertools.product(few_of(batch_norm), DTYPES):
        layer, x = taught(batch_norm, shape[1], dtype), batch(*shape, dtype=dtype)
        assert layer(x).dtype == dtype, f"{layer(x).dtype} from {dtype}"
        assert_right_in(dtype, layer, x)


@pytest.mark.claim("6.1.7")
def test_in_lower_precision_no_factor_is_wrong(batch_norm):
    for dtype in inside((torch.float16, torch.bfloat16)):
        x = grid(16, 32, *shapes_of(batch_norm)[0][2:]).to(dtype)
        layer, cotangent = taught(batch_norm, 32, dtype), grid(*x.shape, limit=2).flip(0).to(dtype)
        assert_unbiased(f"the output in {dtype}", layer(x), expected_of(layer, x))
        expected, came = gradient_in_training(layer, x, cotangent), gradient(layer, x, cotangent)
        assert_unbiased(f"the gradient in {dtype}", came, expected)
        right = normalized(x, *mean_and_variance(x), 1e-5)
        (layer(x) * cotangent).sum().backward()
        for name, factor in (("weight", right), ("bias", 1)):
            expected = by_channel(cotangent.double() * factor).sum(1)
            assert_unbiased(
                f"gradient of the {name} in {dtype}", getattr(layer, name).grad, expected
            )


@pytest.mark.claim("6.1.7")
def test_in_lower_precision_no_factor_is_wrong_in_evaluation(batch_norm):
    for dtype in inside((torch.float16, torch.bfloat16)):
        x, layer = (
            grid(16, 32, *shapes_of(batch_norm)[0][2:]).to(dtype),
            taught(batch_norm, 32, dtype),
        )
        needs(layer, "eval", "running_mean", "running_var")
        layer(x)
        mean, variance = (average.double() for average in (layer.running_mean, layer.running_var))
        came, expected = layer.eval()(x), normalized(x, mean, variance, 1e-5, layer)
        assert_unbiased(f"the output in {dtype}", came, expected)


@pytest.mark.claim("6.1.7")
def test_half_precision_passes_through_a_layer_of_more_digits(batch_norm):
    for shape, dtype in itertools.product(few_of(batch_norm), inside(DTYPES[2:])):
        layer, x = taught(batch_norm, shape[1], torch.float32), batch(*shape, dtype=dtype)
        with feature("half precision in a layer of float32"):
            layer(x)
        assert layer(x).dtype in (dtype, torch.float32), f"{layer(x).dtype} from {dtype}"
        assert_right_in(dtype, layer, x)


@pytest.mark.claim("6.1.7")
def test_half_precision_is_normalized_by_averages_that_it_could_not_hold(batch_norm):
    for dtype in inside((torch.float16,)):
        layer = taught(batch_norm, 3, torch.float32, momentum=1.0)
        x = grid(*(31, 3, 5, 1)[: 2 if batch_norm.name == "BatchNorm1d" else 4], limit=600).to(
            dtype
        )
        with feature("half precision in a layer of float32"):
            layer(x)
        needs(layer, "eval", "running_mean", "running_var")
        mean, variance = (average.double() for average in (layer.running_mean, layer.running_var))
        expected = normalized(x, mean, variance, 1e-5, layer)
        assert_close("a variance above 65504", layer.eval()(x), expected)


@pytest.mark.claim("6.1.7")
def test_in_float32_most_of_the_digits_are_right(batch_norm):
    for shape, dtype in itertools.product(shapes_of(batch_norm), inside([torch.float32])):
        layer, x = taught(batch_norm, shape[1], dtype), batch(*shape, dtype=dtype)
        cotangent = grid(*shape, limit=2).to(dtype)
        assert_close(f"{shape}", layer(x), expected_of(layer, x))
        expected = gradient_in_training(layer, x, cotangent)
        assert_close(f"{shape}: gradient", gradient(layer, x, cotangent), expected)


ALIKE = {  # as many channels as samples, or places in a row
    "BatchNorm1d": [(3, 3), (2, 3, 3)],
    "BatchNorm2d": [(3, 3, 1, 2), (2, 3, 3, 3)],
}


@pytest.mark.claim("6.1.4")
def test_batches_of_any_magnitude_have_the_right_output_and_gradient(batch_norm):
    shapes = [*shapes_of(batch_norm), *inside(ALIKE[batch_norm.name])]
    for shape, size in itertools.product(shapes, (1e-6, 1e-3, 0.1, 10, 1e3, 1e6)):
        x, layer = batch(*shape) * size, taught(batch_norm, shape[1])
        assert_close(f"{size} times {shape}", layer(x), expected_of(layer, x))
        cotangent, deviation = grid(*shape, limit=2), (mean_and_variance(x)[1] + 1e-5).sqrt()
        deviation = back(deviation[:, None].expand_as(by_channel(x)), x).to(x.dtype)
        came = gradient(layer, x, cotangent) * deviation  # whose size is that of the cotangent
        expected = gradient_in_training(layer, x, cotangent) * deviation
        assert_close(f"{size} times {shape}: the gradient, in deviations", came, expected)


# More samples than 65,535 and more values than 2^18, of which the last are of another kind.
LARGE = {
    "BatchNorm1d": [(70_005, 5), (2, 1, 140_009)],
    "BatchNorm2d": [(2, 1, 373, 383), (70_005, 5, 1, 1)],
}


def large_batch(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Whole numbers, of which those after the 65,536th of each channel are larger by 16."""
    rows = torch.arange(torch.Size(shape).numel() // shape[1]) % 5 + torch.zeros(shape[1], 1)
    rows = rows + torch.arange(shape[1])[:, None] * (torch.arange(rows.shape[1]) // 5 % 2 * 8)
    rows[:, 65_536:] += 16
    return back(rows, torch.empty(shape)).to(dtype)


@pytest.mark.claim("6.3.3")
def test_a_large_batch_is_like_a_small_one(batch_norm):
    for shape, dtype in itertools.product(inside(LARGE[batch_norm.name]), inside(DTYPES[:2])):
        layer, x = taught(batch_norm, shape[1], dtype), large_batch(shape, dtype)
        cotangent, deviation = grid(*shape, limit=2).to(dtype), mean_and_variance(x)[1].sqrt()
        assert_rounded(f"{shape}", layer(x), x, expected_of(layer, x), deviation, dtype)
        assert_averages_rounded(f"{shape}", layer, [x], dtype)
        expected, came = gradient_in_training(layer, x, cotangent), gradient(layer, x, cotangent)
        assert_gradient_rounded(f"{shape}: gradient", came, x, expected, 1e-5, dtype)


@pytest.mark.claim("6.3.3")
def test_a_large_batch_is_evaluated_like_a_small_one(batch_norm):
    for shape in inside(LARGE[batch_norm.name]):
        layer, x = taught(batch_norm, shape[1]).eval(), large_batch(shape, widest())
        cotangent, expected = grid(*shape).abs(), normalized(x, *averages([]), 1e-5, layer)
        found = layer(x.requires_grad_())
        assert_close(f"{shape}", found, expected)
        (found * cotangent).sum().backward()
        slope = back((layer.weight / (1 + 1e-5) ** 0.5)[:, None].expand_as(by_channel(x)), x)
        assert_close(f"{shape}: gradient", x.grad, slope * cotangent)


@pytest.mark.claim("6.3.3")
def test_of_a_large_batch_all_count_for_weight_and_bias(batch_norm):
    needs_gradients(1)
    for shape, mode in itertools.product(inside(LARGE[batch_norm.name]), (True, False)):
        layer, x = taught(batch_norm, shape[1]).train(mode), large_batch(shape, widest())
        found = mean_and_variance(x) if mode else averages([])
        pull, plain = grid(*shape).abs(), normalized(x, *found, 1e-5)
        (layer(x) * pull).sum().backward()
        for p, each in ((layer.weight, plain * pull), (layer.bias, pull)):
            rows = by_channel(each)
            allowed = rounding(x.dtype, rows.shape[1]) * rows.abs().sum(1)
            assert_within(f"{shape}, training is {mode}", p.grad, rows.sum(1), allowed)


MANY = {
    "BatchNorm1d": [(3, 1031), (2, 67, 3), (3, 70_001)],
    "BatchNorm2d": [(3, 1031, 1, 1), (2, 67, 3, 5), (3, 70_001, 1, 1)],
}


@pytest.mark.claim("6.3.3")
def test_many_channels_are_like_few(batch_norm):
    for shape in inside(MANY[batch_norm.name]):
        x, cotangent, layer = grid(*shape), grid(*shape, limit=2), taught(batch_norm, shape[1])
        deviation = (mean_and_variance(x)[1] + 1e-5).sqrt()
        assert_rounded(f"{shape}", layer(x), x, expected_of(layer, x), deviation, x.dtype)
        assert_averages(f"{shape}", layer, [x])
        expected, came = gradient_in_training(layer, x, cotangent), gradient(layer, x, cotangent)
        assert_gradient_rounded(f"{shape}: gradient", came, x, expected, 1e-5, x.dtype)
        expected = normalized(x, *averages([x] * 2), 1e-5, layer)
        assert_close(f"{shape}: evaluated", layer.eval()(x), expected)


# In the last shapes a dimension is as long as the channels, and could be mistaken for them.
LAID_OUT_SHAPES = {
    "BatchNorm1d": [(7, 5), (5, 2, 3), (2, 3, 3), (3, 37)],
    "BatchNorm2d": [(2, 3, 5, 7), (5, 3, 2, 2), (2, 3, 5, 3), (2, 3, 3, 5), (2, 37, 3, 5)],
}


@pytest.mark.claim("6.3.3")
def test_the_place_in_memory_changes_nothing(batch_norm):
    shapes = inside(LAID_OUT_SHAPES[batch_norm.name])
    for (name, layout), shape in itertools.product(VIEWS.items(), shapes):
        x, cotangent = batch(*shape), grid(*shape)
        layer, other = (taught(batch_norm, shape[1]) for _ in range(2))
        assert_close(f"{name}, {shape}", layer(layout(x)), expected_of(layer, x))
        assert_averages(name, layer, [x])
        expected = gradient(other, x, cotangent)
        assert_close(f"{name}: gradient", gradient(layer, layout(x), layout(cotangent)), expected)
        layer.eval()
        assert_close(f"{name}: evaluated", layer(layout(x)), layer(x).detach())


# More values in a channel than blocks of 64, 256 or 1024 have, and an odd rest of them; of few
# channels and of packs of 4, 8 and 16.
LONG = {
    "BatchNorm1d": [(1031, 3), (1031, 4), (1031, 37), (2, 3, 1031), (1031, 5, 2), (3, 16, 347)],
    "BatchNorm2d": [
        *[(3, 3, 19, 19), (3, 8, 19, 19), (3, 37, 19, 19), (1031, 5, 1, 1), (1, 4, 1, 1031)],
        *[(2, 3, 67, 31), (67, 16, 3, 7)],
    ],
}


ORDERS = [VIEWS[name] for name in VIEWS if "channels" in name or "dimensions" in name]


@pytest.mark.claim("6.3.3")
def test_every_value_of_a_long_channel_counts_wherever_it_lies(batch_norm):
    for shape in inside(LONG[batch_norm.name]):
        x, cotangent, layer = batch(*shape), grid(*shape, limit=2), taught(batch_norm, shape[1])
        expected, deviation = expected_of(layer, x), (mean_and_variance(x)[1] + 1e-5).sqrt()
        slopes = gradient_in_training(layer, x, cotangent)
        for count, layout in enumerate(ORDERS, start=1):
            came = gradient(layer, layout(x), layout(cotangent))
            assert_averages_rounded(f"{shape}", layer, [x] * count, x.dtype)
            assert_gradient_rounded(f"{shape}: gradient", came, x, slopes, 1e-5, x.dtype)
        assert_rounded(f"{shape}", layer(layout(x)), x, expected, deviation, x.dtype)


@pytest.mark.claim("6.3.3")
def test_a_part_of_a_batch_that_lies_otherwise_in_memory_is_like_any_other(batch_norm):
    for (name, layout), shape in itertools.product(PARTS.items(), shapes_of(batch_norm)):
        layer, x, cotangent = taught(batch_norm, shape[1]), layout(batch(*shape)), grid(*shape)
        assert_close(f"{name}, {shape}", layer(x), expected_of(layer, x))
        assert_averages(name, layer, [x])
        for pull in (cotangent, layout(cotangent)):
            expected = gradient_in_training(layer, x, pull)
            assert_close(f"{name}: gradient", gradient(layer, x, pull), expected)
        expected = normalized(x, *averages([x] * 3), 1e-5, layer)
        assert_close(f"{name}: evaluated", layer.eval()(x), expected)


def gradients(batch_norm, x: Tensor, mode: bool, incoming: Tensor) -> list[Tensor]:
    """Of the input, the weight and the bias, in that order."""
    layer, x = taught(batch_norm, x.shape[1]).train(mode), x.detach().requires_grad_()
    layer(x).backward(incoming)
    return [x.grad, layer.weight.grad, layer.bias.grad]


MODES = (True, False)
EXPANDED = {"one number in place of all": lambda x: x.flatten()[0].expand_as(x)}


@pytest.mark.claim("6.3.3")
def test_a_gradient_that_comes_in_may_lie_anyhow_in_memory(batch_norm):
    ways, shapes = VIEWS | PARTS | EXPANDED, inside(LAID_OUT_SHAPES[batch_norm.name])
    for (name, layout), shape, mode in itertools.product(ways.items(), shapes, MODES):
        x, incoming = batch(*shape), layout(grid(*shape))
        came = gradients(batch_norm, x, mode, incoming)
        expected = gradients(batch_norm, x, mode, incoming.clone().contiguous())
        for what, one, other in zip(("input", "weight", "bias"), came, expected, strict=True):
            assert_close(f"{name}, {shape}, training is {mode}: {what}", one, other)


@pytest.mark.claim("6.3.3")
def test_a_negative_gradient_that_comes_in_turns_all_gradients_around(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), MODES):
        x, incoming = batch(*shape), grid(*shape).abs()
        came, right = (gradients(batch_norm, x, mode, turn * incoming) for turn in (-1, 1))
        for what, one, other in zip(("input", "weight", "bias"), came, right, strict=True):
            assert_close(f"{shape}, training is {mode}: {what}", one, -other)


@pytest.mark.claim("6.3.3")
def test_the_place_of_the_batch_changes_no_gradient_of_weight_and_bias(batch_norm):
    shapes = inside(LAID_OUT_SHAPES[batch_norm.name])
    for (name, layout), shape, mode in itertools.product((VIEWS | PARTS).items(), shapes, MODES):
        x, incoming = layout(batch(*shape)), grid(*shape)
        came = gradients(batch_norm, x, mode, incoming)
        expected = gradients(batch_norm, layouts.copy(x), mode, incoming)
        for what, one, other in zip(("input", "weight", "bias"), came, expected, strict=True):
            assert_close(f"{name}, {shape}, training is {mode}: {what}", one, other)


@pytest.mark.claim("6.3.3")
def test_the_input_is_left_as_it_was(batch_norm):
    cases = itertools.product(shapes_of(batch_norm), (True, False), inside(DTYPES[:2]))
    for shape, mode, dtype in cases:
        x, layer = batch(*shape, dtype=dtype), taught(batch_norm, shape[1], dtype)
        layer(x + 1)  # so that there is a mean to subtract
        layer.train(mode)
        before = x.clone()
        layer(x.requires_grad_()).sum().backward()
        with torch.no_grad():
            layer(x).add_(1)  # nor is what comes a view of it
        assert torch.equal(x.detach(), before), f"the input was {before}, now {x}"


@pytest.mark.claim("6.3.3")
def test_a_batch_that_is_written_over_is_another_batch(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        layer, x = taught(batch_norm, shape[1]).train(mode), batch(*shape)
        assert_unseen_numbers_count(f"shape {shape}", layer, x, 3 * x.flip(0) + 1)


@pytest.mark.claim("6.3.3")
def test_the_gradient_that_comes_in_is_left_as_it_was(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        layer, x = taught(batch_norm, shape[1]).train(mode), batch(*shape).requires_grad_()
        cotangent = grid(*shape)
        layer(x).backward(cotangent)
        assert torch.equal(cotangent, grid(*shape)), f"the cotangent is now {cotangent}"


@pytest.mark.claim("6.3.3")
def test_the_state_of_torch_is_left_as_it_was(batch_norm):
    x = batch(*shapes_of(batch_norm)[0])
    for mode in (True, False):
        assert_torch_is_left_alone(lambda mode=mode: new_layer(batch_norm, 3).train(mode)(x))


@pytest.mark.claim("6.3.3")
def test_asking_for_gradients_changes_no_value(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        x = batch(*shape)
        layers = [taught(batch_norm, shape[1]).train(mode) for _ in range(3)]
        with torch.no_grad():
            plain = layers[0](x)
        came = layers[1](x), layers[2](x.requires_grad_())
        assert (plain.requires_grad, came[1].requires_grad) == (False, True)
        assert_close("the output while gradients are recorded", came[0], plain)
        assert_close("the output for an input that asks for one", came[1], plain)


@pytest.mark.claim("6.3.3")
def test_calls_keep_their_outputs_and_gradients_apart(batch_norm):
    for shape in shapes_of(batch_norm):
        layer, turns = taught(batch_norm, shape[1]), (0, 1, 2)
        leaves = [batch(*shape, turn=turn).requires_grad_() for turn in turns]
        outputs = [layer(x) for x in leaves]
        for x, y in zip(leaves, outputs, strict=True):
            assert_close("the output of each", y, expected_of(layer, x))
            (y * grid(*shape)).sum().backward()
            alone = gradient(taught(batch_norm, shape[1]), x, grid(*shape))
            assert_close("the gradient of each", x.grad, alone)


@pytest.mark.claim("6.3.2")
def test_without_affine_nothing_is_learned(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        x, layer = batch(*shape), unusual_layer(batch_norm, shape[1], affine=False).train(mode)
        needs(layer, "weight", "bias", "parameters")
        assert (layer.weight, layer.bias, [*layer.parameters()]) == (None, None, [])
        same = new_layer(batch_norm, shape[1]).train(mode)  # starts with weights 1 and biases 0
        assert_close(f"{shape}", layer(x), same(x).detach())
        pull = gradient(same, x, grid(*shape))
        assert_close(f"{shape}: gradient", gradient(layer, x, grid(*shape)), pull)


@pytest.mark.claim("6.3.2")
def test_without_a_bias_the_weight_is_there_all_the_same(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        x, layer = batch(*shape), unusual_layer(batch_norm, shape[1], bias=False).train(mode)
        needs(layer, "named_parameters")
        assert [name for name, _ in layer.named_parameters()] == ["weight"]
        same = taught(batch_norm, shape[1]).train(mode)
        with torch.no_grad():
            same.bias.zero_()
            layer.weight.copy_(same.weight)
        assert_close(f"{shape}", layer(x), same(x).detach())
        pull = gradient(same, x, grid(*shape))
        assert_close(f"{shape}: gradient", gradient(layer, x, grid(*shape)), pull)


STARTS = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}


def in_default_dtype(dtype: torch.dtype, make):
    """What is made while this is the default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        return make()
    finally:
        torch.set_default_dtype(before)


def assert_documented_start(layer, dtype: torch.dtype) -> None:
    """In training, with these parameters and averages, in this dtype."""
    __tracebackhide__ = True
    needs(layer, *STARTS, "named_parameters", "training")
    for name, number in STARTS.items():
        came = getattr(layer, name)
        assert (came.dtype, came.tolist()) == (dtype, [number] * 3), f"{name} is {came}"
    assert getattr(layer, "num_batches_tracked", 0) == 0, "batches are counted beforehand"
    assert layer.training, "it must start in training"
    learned = dict(layer.named_parameters())
    assert set(learned) == {"weight", "bias"}, f"parameters: {[*learned]}"
    assert all(p.requires_grad for p in learned.values())


@pytest.mark.claim("6.3.2")
def test_it_starts_as_documented(batch_norm):
    for dtype in inside(DTYPES[:2]):
        assert_documented_start(in_default_dtype(dtype, lambda: batch_norm(3)), dtype)


@pytest.mark.claim("6.3.2")
def test_it_starts_in_the_dtype_that_is_asked_for(batch_norm):
    option(batch_norm, "dtype")
    for dtype in inside(DTYPES[:2]):
        with feature("a dtype from the start"):
            batch_norm(3, dtype=dtype)
        assert_documented_start(batch_norm(3, dtype=dtype), dtype)


@pytest.mark.claim("6.3.2")
def test_eps_is_a_hundred_thousandth_unless_told_otherwise(batch_norm):
    for shape in shapes_of(batch_norm):
        x, layer = batch(*shape) / 1000, new_layer(batch_norm, shape[1])
        assert_close(f"{shape}", layer(x), expected_of(layer, x))
        layer.eval()
        assert_close("in evaluation", layer(x), normalized(x, *averages([x]), eps=1e-5))


@pytest.mark.claim("6.3.2")
def test_one_value_a_channel_is_refused_in_training_alone(batch_norm):
    ranks = {"BatchNorm1d": [(1, 3), (1, 3, 1)], "BatchNorm2d": [(1, 3, 1, 1)]}
    for shape in inside(ranks[batch_norm.name]):
        x, layer = batch(*shape), new_layer(batch_norm, 3)
        with pytest.raises(Exception, match=r"."):  # whatever its type, it says so
            layer(x)
        expected = normalized(x, torch.zeros(3).double(), torch.ones(3).double(), 1e-5)
        assert_close("in evaluation", new_layer(batch_norm, 3).eval()(x), expected)


@pytest.mark.claim("6.3.1")
def test_other_dimensions_are_refused(batch_norm):
    ranks = {"BatchNorm1d": (2, 3), "BatchNorm2d": (4,)}[batch_norm.name]
    for rank, mode in itertools.product(range(1, 6), (True, False)):
        layer = new_layer(batch_norm, 3).train(mode)
        if rank in ranks:
            assert layer(torch.ones([3] * rank, dtype=widest())).ndim == rank
            continue
        with pytest.raises(Exception, match=r"."):  # whatever its type, it says so
            layer(torch.ones([3] * rank, dtype=widest()))


@pytest.mark.claim("6.3.1")
def test_another_number_of_channels_is_refused(batch_norm):
    for shape, mode in itertools.product(shapes_of(batch_norm), (True, False)):
        for channels in {1, 2, 3, 7} - {shape[1]}:
            with pytest.raises(Exception, match=r"."):  # whatever its type, it says so
                new_layer(batch_norm, channels).train(mode)(batch(*shape))
