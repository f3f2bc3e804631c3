"""One initialization sets every element to 1, whatever it was before.

What it owes its caller like every initializer is in `test_every_initializer.py`; what becomes of
weights that start equal, in `test_symmetry.py`.
"""

import pytest
import torch
from hypothesis import given

from sums_to_one.tests.common.inputs import dtypes, shapes
from sums_to_one.tests.common.options import feature


@pytest.mark.claim("2.1.1")
@given(shapes(), dtypes)
def test_every_element_is_1(ones_, shape, dtype):
    w = torch.full(shape, torch.nan, dtype=dtype)
    ones_(w)
    assert w.eq(1).all(), f"should be 1, came {w.tolist()}"


@pytest.mark.claim("2.1.1")
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.complex64], ids=str)
def test_other_kinds_of_numbers_can_be_set_as_well(ones_, dtype):
    with feature(f"numbers in {dtype}"):
        w = ones_(torch.full((3, 5), 7, dtype=dtype))
    assert w.eq(1).all(), f"{dtype}: should be 1, came {w.tolist()}"
