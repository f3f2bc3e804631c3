"""What counts as equal: one tolerance for the whole suite, stated here and nowhere else.

Where numbers are added up in 16 bits, as they may be, what rounding can explain is more than that.
"""

import numpy as np
import torch
from torch import Tensor


def tolerance(dtype: torch.dtype) -> float:
    """Three quarters of a dtype's digits must be right.

    That is 1.8e-12 in float64, 6.4e-6 in float32, 5.5e-3 in float16 and 2.6e-2 in bfloat16:
    thousands of roundings in float64, and still three in bfloat16.
    """
    return float(torch.finfo(dtype).eps ** 0.75)


def rounding(dtype: torch.dtype, steps: int) -> float:
    """By how much so many roundings may move a number, as a share of the largest on the way.

    Each is half an eps at most, to either side; the other half is for what they do to one another.
    """
    return steps * float(torch.finfo(dtype).eps)


def assert_close(sentence: str, came: Tensor, expected: Tensor | float) -> None:
    """The claim in words, then what the subject gave, then what it should have given.

    Errors are measured against the expected number where that is above 1, else absolutely,
    in the precision of what came. NaN equals NaN here, and an infinity only itself.
    """
    __tracebackhide__ = True
    assert isinstance(came, Tensor), f"{sentence}: should be a tensor, came {came!r}"
    size = torch.as_tensor(expected, dtype=torch.float64).abs().clamp(min=1).nan_to_num(posinf=0)
    assert_within(sentence, came, expected, tolerance(came.dtype) * size)


def assert_within(
    sentence: str, came: Tensor, expected: Tensor | float, allowed: Tensor | float
) -> None:
    """As assert_close, where what is done costs more digits than that: so much is allowed."""
    __tracebackhide__ = True
    assert isinstance(came, Tensor), f"{sentence}: should be a tensor, came {came!r}"
    expected = torch.as_tensor(expected, dtype=torch.float64).broadcast_to(
        came.shape if isinstance(expected, float | int) else expected.shape
    )
    assert came.shape == expected.shape, (
        f"{sentence}: should have the shape {tuple(expected.shape)}, came {tuple(came.shape)}"
    )
    exact = came.detach().double()
    right = (exact == expected) | (exact - expected).abs().le(allowed)
    wrong = ~(right | exact.isnan() & expected.isnan())
    if wrong.any():
        raise AssertionError(_difference(sentence, exact, expected, wrong))


def _difference(sentence: str, came: Tensor, expected: Tensor, wrong: Tensor) -> str:
    """Where there are many numbers, the worst of them says most."""
    off = torch.where(wrong, (came - expected).abs().nan_to_num(nan=torch.inf), -1.0)
    place = tuple(map(int, np.unravel_index(int(off.argmax()), off.shape)))
    lines = [f"{sentence}:"]
    if 1 < came.numel() <= 12:
        lines += [f"  came     {came.tolist()}", f"  expected {expected.tolist()}"]
    at = f" at {list(place)}" if place else ""
    worst = f"  came {came[place].item():.17g}{at}, should be {expected[place].item():.17g}"
    return "\n".join([*lines, worst + f", off by {off[place].item():.2g}"])
