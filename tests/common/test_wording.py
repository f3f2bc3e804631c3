"""Numbers in words, and values as code."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import every_dtype
from sums_to_one.tests.common.wording import code, pair, plain_ratio

INFINITE, NAN = math.inf, math.nan


@every_dtype
@given(st.lists(st.floats(), max_size=5))
def test_a_tensor_as_code_is_that_tensor_again(dtype, numbers):
    x = torch.tensor(numbers, dtype=torch.float64).to(dtype)
    again = eval(code(x), {"torch": torch})
    assert again.dtype == dtype
    assert torch.equal(again.nan_to_num(nan=7), x.nan_to_num(nan=7)), code(x)


@pytest.mark.parametrize(
    "value",
    [
        *(torch.zeros(0, 3), torch.tensor([[1, 2], [3, 4]]), torch.tensor(True)),
        *(-INFINITE, 0.1, [1, (2,)], {"lr": 0.5, "betas": (0.5, 0.75)}, "mean", None),
        torch.ones(2).requires_grad_(),
    ],
    ids=code,
)
def test_a_value_as_code_is_that_value_again(value):
    again = eval(code(value), {"torch": torch})
    if isinstance(value, torch.Tensor):
        assert torch.equal(again, value)
        assert again.requires_grad == value.requires_grad
    else:
        assert again == value


@pytest.mark.parametrize(
    ("came", "should", "words"),
    [
        *((2.0, 1.0, "twice"), (1.0, 2.0, "half of"), (10.0, 9.0, "10/9 times")),
        *((2.0**0.5, 1.0, "sqrt(2) times"), (-1.0, 1.0, "the opposite of"), (1.0, 3.0, "1/3 of")),
        *((1.0, 1.0, ""), (0.0, 1.0, ""), (1.0, 0.0, ""), (math.pi, 1.0, ""), (NAN, 1.0, "")),
        *((INFINITE, 1.0, ""), (-2.0, 1.0, ""), (1e308, 1e-308, "")),
    ],
)
def test_a_plain_ratio_is_said_and_no_other(came, should, words):
    assert plain_ratio(came, should) == words


def test_four_digits_are_shown_unless_they_hide_the_difference():
    assert pair([1 / 3], [2 / 3]) == (["0.3333"], ["0.6667"])
    assert pair([1 + 3e-8], [1.0]) == (["1.00000003"], ["1"])
    assert pair([NAN], [1 / 3]) == (["nan"], ["0.3333"])
