"""What counts as equal: one tolerance for the whole suite, stated here and nowhere else.

Where numbers are added up in 16 bits, as they may be, what rounding can explain is more than that.
"""

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.common.leeway import Beyond, excess, leeway
from sums_to_one.tests.common.wording import NEARLY, pair, plain_ratio, rows, too_much
from sums_to_one.tests.common.worst import note

MOST_NUMBERS = 6  # that are shown in full


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
    if _is_the_same(came, expected):
        return
    size = torch.as_tensor(expected, dtype=torch.float64).detach().abs().clamp(min=1)
    assert_within(sentence, came, expected, tolerance(came.dtype) * size.nan_to_num(posinf=0))


def assert_within(
    sentence: str, came: Tensor, expected: Tensor | float, allowed: Tensor | float
) -> None:
    """As assert_close, where what is done costs more digits than that: so much is allowed.

    It is more where PyTorch's own has an error near it, for as many times that: see leeway.py.
    """
    __tracebackhide__ = True
    assert isinstance(came, Tensor), f"{sentence}: should be a tensor, came {came!r}"
    expected = torch.as_tensor(expected, dtype=torch.float64).broadcast_to(
        came.shape if isinstance(expected, float | int) else expected.shape
    )
    assert came.shape == expected.shape, (
        f"{sentence}: should have the shape {tuple(expected.shape)}, came {tuple(came.shape)}"
    )
    exact, expected = came.detach().double(), expected.detach()
    off = (exact - expected).abs()
    near = off.le(allowed * leeway(sentence, came.dtype))
    if near.all():  # as nearly always: then nobody asks for what is infinite, or no number
        note(sentence, came, expected, off, allowed)
        return
    wrong = ~(near | (exact == expected) | exact.isnan() & expected.isnan())
    if wrong.any():
        eps = float(torch.finfo(came.dtype).eps) if came.is_floating_point() else 0.0
        text, by = _difference(sentence, exact, expected, wrong, eps), excess(off, allowed)
        raise Beyond(text, by, came.dtype)
    note(sentence, came, expected, off, allowed)


def assert_unbiased(sentence: str, came: Tensor, expected: Tensor, steps: int = 1) -> None:
    """Rounding moves some of many numbers up and others down; a wrong factor moves all of them.

    So what is left of it, on the whole, is less than one rounding, or a few where sums are long.
    """
    __tracebackhide__ = True
    exact, right = came.detach().double(), expected.detach().double()
    share = ((exact - right) * right).sum() / right.square().sum()
    sentence = f"{sentence}: by what share they all are too large"
    assert_within(sentence, share.to(came.dtype), 0.0, rounding(came.dtype, steps))


def _is_the_same(came: Tensor, expected: Tensor | float) -> bool:
    """Whether nothing is off, bit for bit: often so, and seen in a hundredth of the time.

    A tensor of a class of its own might say so of itself.
    """
    if type(came) is not Tensor or type(expected) is not Tensor:
        return False
    same_kind = (came.dtype, came.device) == (expected.dtype, expected.device)
    return same_kind and torch.equal(came, expected)


def _difference(sentence: str, came: Tensor, expected: Tensor, wrong: Tensor, eps: float) -> str:
    """Few numbers are shown in full, beside what they should be; of many the worst."""
    off = torch.where(wrong, (came - expected).abs().nan_to_num(nan=torch.inf), -1.0)
    worst = tuple(map(int, np.unravel_index(int(off.argmax()), off.shape)))
    one_of_several = wrong.sum() == 1 < came.numel()  # whose ratio may be plain by chance
    ratios = _ratio_of_all(came[wrong], expected[wrong], max(NEARLY, 16 * eps))
    ratio = "" if one_of_several else ratios
    how = too_much(came[worst].item(), expected[worst].item())
    if 1 < came.numel() <= MOST_NUMBERS:
        lines = _all_of(came, expected, wrong)
        how = f"the worst, at {list(worst)}, is {how}" if how else ""
        how = f"all that are wrong are {ratio} what they should be" if ratio else how
        return "\n".join([f"{sentence}:", *lines, f"  {how}"]).rstrip()
    (one,), (other,) = pair([came[worst].item()], [expected[worst].item()])
    at = f" at {list(worst)}" if worst else ""
    how = f", {ratio} it" if ratio else how and f", {how}"
    text = f"{sentence}:\n  came {one}{at}, should be {other}{how}"
    many = "are" if wrong.sum() > 1 else "is"
    count = f"{int(wrong.sum())} of {came.numel()} numbers {many} wrong"
    return text if came.numel() == 1 else f"{text}\n  {count}{ratio and f', all {ratio} it'}"


def _all_of(came: Tensor, expected: Tensor, wrong: Tensor) -> list[str]:
    ours, theirs = pair(*(x.flatten().tolist() for x in (came, expected, wrong)))
    return [
        f"  came      {rows(ours, came.shape)}",
        f"  should be {rows(theirs, came.shape)}",
    ]


def _ratio_of_all(came: Tensor, expected: Tensor, nearly: float) -> str:
    """What all that are wrong have in common: each is so many times what it should be."""
    pairs = zip(came[:1000].tolist(), expected[:1000].tolist(), strict=True)
    ratios = (plain_ratio(one, other, nearly) for one, other in pairs)
    first = next(ratios, "")
    return first if first and all(ratio == first for ratio in ratios) else ""
