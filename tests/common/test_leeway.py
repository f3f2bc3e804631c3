"""What is allowed beside PyTorch's own: as many times its error as its field allows, no more."""

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.leeway import Beyond, Shares, granting
from sums_to_one.tests.common.worst import measuring


def shares_of(off, dtype):
    """What PyTorch's own had, if it was so far off."""
    with measuring(Shares()) as shares:
        assert_close("a = b", torch.ones((), dtype=dtype) + off, 1)
    return shares


@pytest.mark.parametrize(
    ("dtype", "own", "times", "holds"),
    [
        (torch.bfloat16, 0.8, 2, True),
        (torch.bfloat16, 0.8, 3.2, False),
        (torch.bfloat16, 0.3, 1.2, False),
        (torch.float32, 0.8, 1.5, True),
        (torch.float32, 0.8, 1.8, False),
    ],
)
def test_so_many_times_the_error_of_pytorchs_own_is_allowed(dtype, own, times, holds):
    shares = shares_of(own * tolerance(dtype), dtype)
    came = torch.ones((), dtype=dtype) + times * tolerance(dtype)
    with granting(shares):
        if holds:
            assert_close("a = b", came, 1)
        else:
            with pytest.raises(Beyond):
                assert_close("a = b", came, 1)
        with pytest.raises(Beyond):
            assert_close("what else is compared", came, 1)


@pytest.mark.parametrize(("times", "is_near"), [(1.8, True), (2.2, False)])
def test_only_what_is_near_can_be_within_it(times, is_near):
    came = torch.tensor(1 + times * tolerance(torch.float64), dtype=torch.float64)
    with pytest.raises(Beyond) as found:
        assert_close("a = b", came, 1)
    assert found.value.is_near == is_near
