"""What every penalty owes its caller: each number of each parameter counts, once and alike.

It is one number to be added to a loss, a function of the parameters alone, and its gradient
reaches them. What a number counts, its size or its square, is in the files of the two.
"""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sums_to_one.tests.common.closeness import assert_close, assert_unbiased
from sums_to_one.tests.common.gradients import by_differences, gradient, second_gradients
from sums_to_one.tests.common.inputs import (
    DTYPES,
    LAID_OUT,
    LAYOUTS,
    SHAPES,
    dtypes,
    exact,
    grid,
    shapes,
)
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.refusals import outcome
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone
from sums_to_one.tests.common.unseen import (
    assert_unseen_numbers_count,
    assert_unseen_numbers_count_for_the_gradient,
)
from sums_to_one.tests.regularization.penalties import (
    assert_cost,
    cost,
    eps,
    learnable,
    power,
    pull,
    right_pull,
)

many_shapes = st.lists(shapes() | st.just((0, 5)), min_size=1, max_size=4)
LENGTHS = [1, 5, 16, 17, 33, 65, 129, 511, 1025, 4097, 22_003]
MORE = 270_001  # numbers, in float64 alone: added one by one, float32 has not enough digits


def model() -> nn.Module:
    """Weights, biases, and numbers of other kinds."""
    network = nn.Sequential(nn.Linear(5, 3), nn.LayerNorm(3), nn.PReLU(), nn.Linear(3, 2))
    with torch.no_grad():
        for i, p in enumerate(network.parameters()):
            p.copy_(grid(*p.shape, limit=i + 1.0))
    return network.to(widest())


@pytest.mark.claim("5.1.5")
@given(many_shapes, st.floats(0, 10), dtypes)
def test_every_number_of_every_parameter_counts(penalty, shapes, scale, dtype):
    parameters = [(scale * grid(*shape)).to(dtype) for shape in shapes]
    assert_cost("the penalty", penalty, parameters)


@pytest.mark.claim("5.1.5")
@pytest.mark.parametrize("one", DTYPES, ids=str)
def test_it_is_one_number_with_all_digits_of_the_parameters(penalty, one):
    for other in set(DTYPES) - {one}:
        wider = torch.promote_types(one, other)
        # Four ones are exact in every dtype, and so is the root of their sum, for those who take
        # it: all rounding is that of the wider one.
        numbers = [grid(7) if dtype == wider else torch.ones(2, 2) for dtype in (one, other)]
        parameters = [numbers[0].to(one), numbers[1].to(other)]
        with feature("parameters of several dtypes"):
            came = penalty(parameters)
        assert came.shape == (), f"should be one number, came {came}"
        assert eps(came.dtype) <= eps(wider), (
            f"of {one} and {other}: dtype {came.dtype}, {wider} is due"
        )
        assert_close(f"of {one} and {other}", came.to(wider), cost(penalty, parameters))


@pytest.mark.claim("5.1.5")
def test_any_collection_will_do_also_one_that_can_be_gone_through_once(penalty):
    parameters = list(model().parameters())
    expected = cost(penalty, parameters)
    ways = (list, tuple, iter, nn.ParameterList, lambda ps: {id(p): p for p in ps}.values())
    for way in (*ways, lambda ps: (p for p in ps)):
        came = outcome(lambda way=way: penalty(way(parameters)))
        if not isinstance(came, Exception):  # who takes lists alone need not take the others
            assert_close(f"from {way(parameters)!r:.40}", came, expected)


@pytest.mark.claim("5.1.5")
def test_of_a_model_everything_counts_weights_or_not(penalty):
    expected = cost(penalty, list(model().parameters()))
    with feature("what is no list"):
        came = penalty(model().parameters())
    assert_close("of a model", came, expected)
    assert_close("of a list of them", penalty(list(model().parameters())), expected)


@pytest.mark.claim("5.1.5")
def test_frozen_parameters_count(penalty):
    for learns in itertools.product([False, True], repeat=3):
        parameters = [grid(*shape) for shape in [(2, 3), (7,), (5, 1)]]
        for p, each in zip(parameters, learns, strict=True):
            p.requires_grad_(each)
        assert_cost(f"learning: {learns}", penalty, parameters)


@pytest.mark.claim("5.1.5")
def test_no_parameters_cost_nothing(penalty):
    for parameters in ([], [exact([])], [grid(0, 5), grid(3, 0)]):
        assert penalty(parameters) == 0, f"of {parameters}: {penalty(parameters)}"


@pytest.mark.claim("5.1.5")
def test_without_some_parameters_the_others_count_as_before(penalty):
    parts = [[grid(3, 2), grid(7)], [grid(7), grid(5)], [grid(0, 5)], [exact(0.75), -grid(3, 2)]]
    for one, other in itertools.product(parts, parts):
        expected = penalty(one).double() + penalty(other).double()
        assert_close("two penalties together", penalty([*one, *other]), expected)


@pytest.mark.claim("5.1.5")
def test_the_place_in_memory_changes_nothing(penalty):
    for (name, layout), shape in itertools.product(LAYOUTS.items(), LAID_OUT):
        w = layout(grid(*shape))
        assert_cost(f"{name}, {shape}", penalty, [w, grid(2)])
        came = pull(penalty, w, grid(2))
        assert_close(f"{name}, {shape}: the gradient", came, right_pull(penalty, w))


@pytest.mark.claim("5.1.5")
def test_a_large_parameter_counts_as_its_parts(penalty):
    for size in [*LENGTHS, *([MORE] if widest() == torch.float64 else [])]:
        w = grid(size) if size == MORE else grid(size).float()
        assert_cost(f"of {size} numbers", penalty, [w])
        assert_cost(f"of {size} numbers in parts", penalty, [*w.split(max(1, size // 999))])


@pytest.mark.claim("5.1.5")
def test_long_sums_in_half_precision_keep_their_digits(penalty):
    for dtype in (torch.float16, torch.bfloat16):
        w = torch.full((4099,), 0.75, dtype=dtype)
        assert_cost(f"of 4099 numbers in {dtype}", penalty, [w])


@pytest.mark.claim("5.1.5")
@given(shapes(), st.integers(-40, 40))
def test_in_another_unit_it_is_as_much_larger_however_small(penalty, shape, k):
    k *= 10 if widest() == torch.float64 else 1  # float32 has no room for more
    w, unit = grid(*shape), 2.0 ** (k * power(penalty))  # a power of 2, so nothing is rounded
    assert_close("the penalty", penalty([2.0**k * w]) / unit, penalty([w]).double())


@pytest.mark.claim("5.1.5")
def test_numbers_count_as_they_are_up_to_the_largest_penalty(penalty):
    for dtype, part in itertools.product(DTYPES, (0.9, 0.1, 1e-2)):
        w = exact([part * torch.finfo(dtype).max ** (1 / power(penalty))]).to(dtype)
        assert_cost(f"of {w.item()} in {dtype}", penalty, [w])


@pytest.mark.claim("5.1.5")
def test_nan_is_not_hidden(penalty):
    for dtype, number in itertools.product(DTYPES, (torch.nan, torch.inf, -torch.inf)):
        w = grid(3, 5).to(dtype)
        w[1, 2] = number
        came = penalty([grid(2).to(dtype), w, grid(7).to(dtype)])
        assert came.isnan() if number is torch.nan else came == torch.inf, (
            f"with a weight of {number}: came {came}"
        )


@pytest.mark.claim("5.1.6")
def test_in_lower_precision_no_factor_is_wrong(penalty):
    for dtype in inside((torch.float16, torch.bfloat16)):
        numbers = [w.requires_grad_() for w in grid(128, limit=4).to(dtype)]
        came = torch.stack([penalty([w]) for w in numbers])
        came.sum().backward()
        right = torch.stack(numbers).double().abs() ** power(penalty)
        assert_unbiased(f"the penalties in {dtype}", came.to(dtype), right)
        slopes = torch.stack([w.grad for w in numbers])
        expected = torch.stack([right_pull(penalty, w) for w in numbers])
        assert_unbiased(f"the gradient in {dtype}", slopes, expected)


@pytest.mark.claim("5.1.6")
def test_the_gradient_is_the_limit_of_differences(penalty):
    w, cotangent = (grid(5) * 4).round() / 4 + 1 / 8, grid(5, limit=2)

    def each(rows: Tensor) -> Tensor:
        flat = [penalty([w]) for w in rows.reshape(-1)]
        return torch.stack(flat).reshape(rows.shape)

    expected = by_differences(each, w, cotangent)
    assert_close("the gradient", gradient(each, w, cotangent), expected)


@pytest.mark.claim("5.1.6")
def test_every_parameter_gets_a_gradient_of_its_own(penalty):
    for dtype, factor in itertools.product(DTYPES, (1.0, 0.0, -0.5, 3.0)):
        parameters = learnable(dtype)
        (factor * penalty(parameters)).backward()
        for p in parameters:
            assert p.grad is not None, f"that of {p.tolist()} gets none"
            assert p.grad.dtype == dtype, f"in {dtype} the gradient is in {p.grad.dtype}"
            assert_close(f"{factor} times the gradient", p.grad, factor * right_pull(penalty, p))


@pytest.mark.claim("5.1.6")
def test_the_gradient_is_added_to_that_of_the_loss(penalty):
    parameters = learnable()
    other = [grid(*shape).flatten().flip(0).reshape(shape) for shape in SHAPES]
    loss = sum((p * c).sum() for p, c in zip(parameters, other, strict=True))
    (loss + 0.5 * penalty(parameters)).backward()
    penalty(parameters).backward()  # and what comes later to what was there
    for p, c in zip(parameters, other, strict=True):
        assert_close("the gradient of the sum", p.grad, c + 1.5 * right_pull(penalty, p))


@pytest.mark.claim("5.1.6")
def test_the_gradient_reaches_what_the_parameters_are_made_from(penalty):
    w = grid(2, 3).requires_grad_()
    penalty([w * w, 3 * w, w]).backward()
    with torch.no_grad():
        expected = (
            2 * w * right_pull(penalty, w * w)
            + 3 * right_pull(penalty, 3 * w)
            + right_pull(penalty, w)
        )
    assert_close("the gradient", w.grad, expected)


@pytest.mark.claim("5.1.6")
def test_the_gradient_can_be_differentiated_again(penalty):
    w, cotangent, other = grid(5), exact(0.75), grid(5, limit=3)
    by_w, by_cotangent = second_gradients(lambda w: penalty([-w.exp()]), w, cotangent, other)
    k = power(penalty)  # the penalty is the sum of exp(k w)
    assert_close("the second gradient", by_w, cotangent * k**2 * (k * w).exp() * other)
    expected = (k * (k * w).exp() * other).sum()
    assert_close("... by the incoming gradient", by_cotangent, expected)


@pytest.mark.claim("5.1.6")
def test_where_all_weights_are_0_the_gradient_can_be_differentiated_too(penalty):
    zeros, cotangent, other = exact([0.0] * 5), exact(0.75), grid(5, limit=3)
    by_w, _ = second_gradients(lambda w: penalty([w]), zeros, cotangent, other)
    curvature = 2 if power(penalty) == 2 else 0
    assert_close("the second gradient at 0", by_w, curvature * cotangent * other)


@pytest.mark.claim("5.1.6")
def test_two_penalties_keep_their_gradients_apart(penalty):
    one, other = grid(2, 3).requires_grad_(), (grid(7) * 2).requires_grad_()
    first, second = penalty([one]), penalty([other])
    with feature("retain_graph"):  # which a compiler may refuse
        first.backward(retain_graph=True)
    second.backward()
    first.backward()
    assert_close("the gradient of one, twice", one.grad, 2 * right_pull(penalty, one))
    assert_close("the gradient of the other", other.grad, right_pull(penalty, other))


@pytest.mark.claim("5.1.6")
def test_the_parameters_are_left_as_they_were(penalty):
    for dtype in DTYPES:
        parameters = learnable(dtype)
        before = [(p.detach().clone(), p._version, p.requires_grad) for p in parameters]
        came = penalty(parameters)
        assert all(p.grad is None for p in parameters), "there are gradients before backward()"
        came.backward()
        for p, (numbers, version, learns) in zip(parameters, before, strict=True):
            assert torch.equal(p.detach(), numbers), f"was {numbers}, now {p}"
            assert (p._version, p.requires_grad) == (version, learns), "something was written"


@pytest.mark.claim("5.1.6")
def test_what_comes_shares_no_memory_with_the_parameters(penalty):
    w = torch.tensor(1.0)
    penalty([w]).add_(1)
    assert w == 1, f"adding to the penalty changed the parameter to {w}"


@pytest.mark.claim("5.1.6")
def test_asking_for_gradients_changes_no_value(penalty):
    for dtype in DTYPES:
        parameters = learnable(dtype)
        with torch.no_grad():
            assert not penalty(parameters).requires_grad, "under no_grad there is a gradient"
            assert_cost("under no_grad", penalty, parameters)
        assert penalty(parameters).requires_grad, "there is no gradient to come"
        plain = [p.detach() for p in parameters]
        assert not penalty(plain).requires_grad, "nobody asked for a gradient"
        assert_cost("with gradients to come", penalty, parameters)
        assert_cost("without", penalty, plain)


@pytest.mark.claim("5.1.6")
def test_nothing_is_remembered_and_nothing_else_changed(penalty):
    parameters = [grid(3, 5).requires_grad_(), grid(7).requires_grad_()]
    for factor in (1, -2, 1):
        parameters[0].data.copy_(factor * grid(3, 5))  # as an optimizer does, unseen by autograd
        assert_cost("called again", penalty, parameters)
    assert_torch_is_left_alone(lambda: penalty(parameters))


@pytest.mark.claim("5.1.6")
def test_numbers_that_are_written_unseen_by_autograd_count(penalty):
    for shape in inside([(7,), (3, 5), (2, 3, 5, 7)]):
        both, beside = (grid(*shape), grid(*shape, limit=2) + 1), grid(2)
        of_one = lambda w, beside=beside: penalty([w, beside])  # noqa: E731
        assert_unseen_numbers_count("the penalty", of_one, *both)
        assert_unseen_numbers_count_for_the_gradient("the gradient", of_one, *both)


@pytest.mark.claim("5.1.6")
def test_the_default_dtype_changes_nothing(penalty):
    parameters = [grid(3, 5), grid(7).float()]
    try:
        for default in (torch.float16, torch.bfloat16, torch.float64):
            torch.set_default_dtype(default)
            for parameter in parameters:
                assert_cost(f"by default {default}", penalty, [parameter])
            with feature("parameters of several dtypes"):
                penalty(parameters)
            assert_cost(f"by default {default}", penalty, parameters)
    finally:
        torch.set_default_dtype(torch.float32)
