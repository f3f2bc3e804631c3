"""Constant initialization sets every element to the value, whatever the tensor is like.

What it owes its caller like every initializer is in `test_every_initializer.py`; what becomes of
weights that start equal, in `test_symmetry.py`.
"""

import pytest
import torch
from hypothesis import given

from sums_to_one.tests.common.inputs import DTYPES, dtypes, numbers, shapes
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.initialization.weights import unwritten, usual


@pytest.mark.claim("2.1.1")
@given(shapes(), dtypes, numbers(limit=60_000))
def test_every_element_is_the_value(constant_, shape, dtype, val):
    w = torch.full(shape, torch.nan, dtype=dtype)
    constant_(w, val)
    expected = torch.tensor(val, dtype=dtype)
    assert w.eq(expected).all(), f"should be {expected.item()}, came {w.tolist()}"


@pytest.mark.claim("2.1.1")
@pytest.mark.parametrize("val", [torch.inf, -torch.inf, torch.nan, 1e-40, -0.0], ids=str)
def test_special_values_are_values_too(constant_, val):
    w, expected = unwritten(3, 5), torch.full((3, 5), val, dtype=usual())
    constant_(w, val)
    assert torch.equal(w.view(torch.uint8), expected.view(torch.uint8)), f"{val}: {w.tolist()}"


@pytest.mark.claim("2.1.1")
@pytest.mark.parametrize("val", [0.1, -1 / 3, 1e-5, 2.0**0.5, 2_049, 12_345.678], ids=str)
def test_it_has_all_the_digits_of_the_dtype(constant_, val):
    for dtype in DTYPES:
        w, expected = torch.empty(3, 5, dtype=dtype), torch.tensor(val, dtype=dtype)
        constant_(w, val)
        assert w.eq(expected).all(), f"{dtype}: should be {expected.item()}, came {w.tolist()}"


@pytest.mark.claim("2.1.1")
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.complex64], ids=str)
def test_other_kinds_of_numbers_can_be_set_as_well(constant_, dtype):
    with feature(f"numbers in {dtype}"):
        w = constant_(torch.zeros(3, 5, dtype=dtype), 7)
    assert w.eq(7).all(), f"{dtype}: {w.tolist()}"


@pytest.mark.claim("2.1.1")
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
def test_of_what_whole_numbers_cannot_hold_they_hold_what_pytorch_says(constant_, dtype):
    with feature(f"numbers in {dtype}"):
        constant_(torch.zeros(3, 5, dtype=dtype), 1)
    large = [2**24 + 1, 1 - 2**31] if dtype in (torch.int64, torch.int32) else []
    for val in (0.5, 1.75, *large, *([2**53 + 1] if dtype == torch.int64 else [])):
        with feature(f"{val} in {dtype}"):
            w = constant_(torch.zeros(3, 5, dtype=dtype), val)
        expected = torch.full((), val, dtype=dtype)  # cut off at the point; only 0 is false
        assert w.eq(expected).all(), f"{val} in {dtype} should be {expected}, came {w.tolist()}"


@pytest.mark.claim("2.1.1")
def test_the_value_can_be_told_by_place(constant_):
    assert constant_(torch.zeros(3, 5, dtype=usual()), 2).eq(2).all()
    assert constant_(torch.zeros(3, 5, dtype=usual()), val=2).eq(2).all()
