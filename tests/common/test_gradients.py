"""The rulers of gradients: differences show the true slope, and lost connections are noticed."""

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import (
    by_differences,
    gradient,
    jacobian,
    second_gradients,
    slope,
)
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.options import NotProvided

X, G = exact([0.5, -1.25, 2.0]), exact([1.0, -2.0, 0.5])


@pytest.mark.parametrize(
    "function", [torch.exp, torch.sin, torch.tanh, torch.sigmoid, torch.square]
)
def test_differences_are_the_gradient(function):
    assert_close("by differences", by_differences(function, X, G), gradient(function, X, G))
    assert_close("elementwise", slope(function, X) * G, gradient(function, X, G))


def test_a_gradient_that_is_one_percent_off_is_seen():
    class Off(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.exp()

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return 1.01 * gradient * x.exp()

    with pytest.raises(AssertionError):
        assert_close("off", gradient(Off.apply, X, G), by_differences(torch.exp, X, G))


def test_a_jacobian_has_a_row_for_each_input_and_a_column_for_each_output():
    matrix = exact([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])
    assert_close("of a product", jacobian(lambda x: x @ matrix, X), matrix)


def test_second_derivatives_are_those_of_the_first():
    by_x, by_cotangent = second_gradients(torch.exp, X, G, torch.ones_like(X))
    assert_close("by x", by_x, G * X.exp())
    assert_close("by the cotangent", by_cotangent, X.exp())


def test_a_backward_pass_that_openly_refuses_to_be_differentiated_is_not_provided():
    def refuses(x):
        y = x.exp()
        y.register_hook(_no_second)
        return y

    with pytest.raises(NotProvided):
        second_gradients(refuses, X, G, torch.ones_like(X))


def _no_second(gradient):
    if gradient.requires_grad:
        raise RuntimeError("first order only")
    return gradient
