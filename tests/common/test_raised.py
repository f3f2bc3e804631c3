"""What somebody raised on purpose is told from what fell over."""

import numpy as np
import pytest
import torch

from sums_to_one.tests.common.raised import is_theirs, raised_at

THEIRS = """
import numpy, torch

def meant(x):
    if x < 0:
        raise ValueError(f"not below 0, got {x}")
    assert x > 1

def checks(x):
    meant(x)

def falls(x):
    return torch.zeros(0).max() if x else numpy.stack([])
"""


def error_of(name, x):
    """What a subject's function of that name raises."""
    found = {"__name__": "solution"}
    exec(compile(THEIRS, "solution.py", "exec"), found)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is asked
        found[name](x)
    return caught.value


def test_the_lines_of_a_raise_and_of_an_assert_are_known_again():
    assert raised_at(error_of("meant", -1)) == raised_at(error_of("meant", -2))
    assert raised_at(error_of("meant", -1)) != raised_at(error_of("meant", 0))
    assert raised_at(error_of("checks", 0)) == (("solution.py", 10), ("solution.py", 7))


@pytest.mark.parametrize("x", [True, False], ids=["in PyTorch", "in NumPy"])
def test_a_crash_inside_a_library_is_not_meant(x):
    assert raised_at(error_of("falls", x)) is None


def test_what_a_claim_says_is_not_theirs():
    claims = AssertionError("the numbers differ")
    with pytest.raises(AssertionError) as caught:
        raise claims
    assert raised_at(caught.value) is None
    assert not any(map(is_theirs, (torch.__name__, np.linalg.__name__, __name__)))
