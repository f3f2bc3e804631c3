"""The ruler `assert_close`: what it must refuse, and what it must not."""

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close, assert_within, rounding, tolerance
from sums_to_one.tests.common.inputs import every_dtype, exact

INFINITE, NAN = float("inf"), float("nan")


@every_dtype
def test_an_error_just_within_the_tolerance_is_accepted_and_just_beyond_is_refused(dtype):
    one, allowed = torch.ones(3, dtype=dtype), tolerance(dtype)
    came = exact([1 + 0.9 * allowed] * 3)
    assert_close("within", one, came)
    with pytest.raises(AssertionError, match="beyond"):
        assert_close("beyond", one, exact([1.0, 1.0, 1 + 1.1 * allowed]))


@pytest.mark.parametrize("size", [2.0, 1e6, 1e300])
def test_above_1_an_error_is_measured_against_what_should_have_come(size):
    allowed = tolerance(torch.float64)
    assert_close("within", exact([size]), exact([size * (1 + 0.9 * allowed)]))
    with pytest.raises(AssertionError):
        assert_close("beyond", exact([size]), exact([size * (1 + 1.1 * allowed)]))


@pytest.mark.parametrize("came", [-1.0, 1.001, 0.0, NAN, INFINITE])
def test_another_number_is_refused(came):
    with pytest.raises(AssertionError, match=r"should be \[1, 1\]"):
        assert_close("one", exact([1.0, came]), exact([1.0, 1.0]))


@pytest.mark.parametrize("number", [NAN, INFINITE, -INFINITE])
def test_what_is_no_finite_number_equals_itself_alone(number):
    assert_close("itself", exact([number]), exact([number]))
    for other in {0.0, 1e308, NAN, INFINITE, -INFINITE} - {number}:
        if not (number != number and other != other):  # NaN is not in a set by its value
            with pytest.raises(AssertionError):
                assert_close("another", exact([other]), exact([number]))


@pytest.mark.parametrize(
    "came",
    [torch.ones(2, 3), torch.ones(3, 1), torch.ones(()), torch.ones(0), [1.0] * 3, None, 1.0],
)
def test_another_shape_or_no_tensor_at_all_is_refused(came):
    with pytest.raises(AssertionError, match="should"):
        assert_close("three ones", came, exact([1.0] * 3))


def test_a_plain_number_is_expected_everywhere():
    assert_close("all ones", torch.ones(2, 3), 1.0)
    with pytest.raises(AssertionError, match=r"at \[1, 2\]"):
        assert_close("all ones", exact([[1, 1, 1], [1, 1, 2]]), 1)


@pytest.mark.parametrize(
    ("came", "should", "words"),
    [
        (2.0, 1.0, "came 2, should be 1, twice it"),
        (-3.0, 1.0, "came -3, should be 1, 4 too small"),
        (NAN, 1.0, "came nan, should be 1"),
        (0.25 + 1e-9, 0.25, "came 0.250000001, should be 0.25, 1e-09 too large"),
        (2.0**0.5, 1.0, "came 1.414, should be 1, sqrt(2) times it"),
        (1.0, -1.0, "came 1, should be -1, the opposite of it"),
    ],
)
def test_one_number_stands_beside_what_it_should_be(came, should, words):
    with pytest.raises(AssertionError) as refusal:
        assert_close("the claim", exact(came), exact(should))
    assert str(refusal.value).splitlines() == ["the claim:", f"  {words}"]


def test_few_numbers_are_all_shown_and_the_worst_of_them_named():
    with pytest.raises(AssertionError) as refusal:
        assert_close("the claim", exact([1.0, 2.5, 4.0]), exact([1.0, 2.0, 3.0]))
    assert str(refusal.value).splitlines() == [
        "the claim:",
        "  came      [1, 2.5, 4]",
        "  should be [1, 2, 3]",
        "  the worst, at [2], is 1 too large",
    ]


def test_of_many_numbers_the_worst_is_shown_and_what_all_have_in_common():
    with pytest.raises(AssertionError) as refusal:
        assert_close("the claim", torch.arange(10.0), torch.arange(10.0) / 2)
    assert str(refusal.value).splitlines() == [
        "the claim:",
        "  came 9 at [9], should be 4.5, twice it",
        "  9 of 10 numbers are wrong, all twice it",
    ]


def test_where_more_is_allowed_that_much_is_and_no_more():
    came, expected = exact([1.0, 8.0]), exact([1.25, 8.0])
    assert_within("within", came, expected, exact([0.25, 0.0]))
    with pytest.raises(AssertionError, match="beyond"):
        assert_within("beyond", came, expected, exact([0.125, 1.0]))


@every_dtype
def test_adding_up_in_a_dtype_costs_no_more_than_its_roundings(dtype):
    numbers = (torch.arange(1.0, 60.0) * 0.618 % 1).to(dtype)
    total = torch.zeros((), dtype=dtype)
    for number in numbers:
        total += number
    expected = numbers.double().sum()
    assert_within("the sum", total, expected, rounding(dtype, len(numbers)) * expected)
