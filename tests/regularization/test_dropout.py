"""Dropout drops elements, each by itself, in tensors of any shape.

What it owes its caller besides is in `test_every_dropout.py`.
"""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import DTYPES, LAID_OUT, LAYOUTS, SHAPES, dtypes, grid, shapes
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.statistical import assert_mean, assert_unrelated, randomness
from sums_to_one.tests.regularization.fates import (
    P,
    assert_dropped_or_scaled,
    assert_slices_alike,
    fate_scores,
    fitted,
    plain_dtype,
    tell,
)


@pytest.mark.claim("5.2.2")
@given(shapes(), st.sampled_from(P), dtypes)
def test_the_input_may_have_any_number_of_dimensions(Dropout, shape, p, dtype):
    x = grid(*shape).to(dtype)
    with randomness():
        assert_dropped_or_scaled("the output", Dropout(p)(x), x, p)


@pytest.mark.claim("5.2.2")
def test_an_input_of_any_shape_may_lie_anywhere(Dropout):
    for (name, layout), shape in itertools.product(LAYOUTS.items(), LAID_OUT):
        x = layout(grid(*shape))
        assert_dropped_or_scaled(f"{name}, shape {shape}", Dropout(1 / 3)(x), x, 1 / 3)


@pytest.mark.claim("5.2.3")
def test_an_input_of_any_shape_is_left_as_it_is_in_evaluation(Dropout):
    layer = Dropout(0.9)
    tell(layer, training=False)
    for shape, dtype in itertools.product(SHAPES, DTYPES):
        x = grid(*shape).to(dtype)
        assert torch.equal(layer(x), x), f"{dtype}: {layer(x)} came of {x}"


@pytest.mark.claim("5.2.1", "5.2.4")
def test_along_no_dimension_elements_are_dropped_together(Dropout):
    shapes = inside([(1009, 31), (13, 17, 101), (11, 13, 17, 19)])
    for shape, p in itertools.product(shapes, P):
        with randomness():
            dropped = Dropout(p)(torch.ones(shape, dtype=plain_dtype())).eq(0)
        for dim in range(len(shape)):
            slices = dropped.movedim(dim, 0).flatten(1)
            assert_slices_alike(f"p = {p}, slices of dimension {dim}", slices, p)


@pytest.mark.claim("5.2.1")
def test_whether_an_element_is_dropped_says_nothing_about_its_neighbours(Dropout):
    with randomness():
        ones = torch.ones(fitted((7, 11, 29, 61)), dtype=plain_dtype())
        scores = fate_scores(Dropout(1 / 3)(ones).eq(0), 1 / 3)
    for dim in range(scores.ndim):
        along = scores.movedim(dim, -1)
        assert_unrelated(f"any places further on, along dimension {dim} first", along)


def squared_errors(x: Tensor, w: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """Of the target 1, by each mask that there is, and how likely the mask is."""
    masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * len(x))
    kept = masks.sum(dim=1)
    chances = (1 - p) ** kept * p ** (len(x) - kept)
    return (masks @ (x * w) / (1 - p) - 1).square(), chances


X, W = (torch.tensor(row, dtype=torch.float64) for row in ([1, -2, 0.5, 3], [0.5, 0.25, -1, 2]))


@pytest.mark.claim("5.2.10")
@pytest.mark.parametrize("p", [0.0, *P])
def test_over_all_masks_dropout_of_inputs_is_a_ridge_penalty(p) -> None:
    errors, chances = squared_errors(X, W, p)
    expected = (X @ W - 1) ** 2 + p / (1 - p) * (X * W).square().sum()
    assert_close("the mean squared error", (errors * chances).sum(), expected)


@pytest.mark.claim("5.2.10")
def test_dropout_of_the_inputs_of_a_regression_costs_a_ridge_penalty(Dropout):
    inputs, w = here(X), here(W)
    for p in P:
        errors, chances = squared_errors(inputs, w, p)
        mean = (inputs @ w - 1) ** 2 + p / (1 - p) * (inputs * w).square().sum()
        with randomness():
            x = Dropout(p)(inputs.to(plain_dtype()).repeat(2**16, 1))
        scores = (x.double() @ w - 1).square() - mean
        assert_mean(f"p = {p}", scores / ((errors - mean).square() * chances).sum().sqrt())


@pytest.mark.claim("5.2.7")
@given(shapes(), dtypes)
def test_gradients_of_any_shape_go_where_the_inputs_went(Dropout, shape, dtype):
    x, cotangent = grid(*shape).to(dtype).requires_grad_(), grid(*shape, limit=2).to(dtype)
    with randomness():
        came = Dropout(1 / 3)(x)
    (came * cotangent).sum().backward()
    kept = came.detach().ne(0).double()
    assert_close("the gradient", x.grad, kept * cotangent.double() * 1.5)
