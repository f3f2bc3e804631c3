"""Numbers and values in words: what came beside what should have come, and code to paste.

Four digits say enough, unless they hide the difference; and a plain ratio says more than digits.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

FEW_DIGITS = 4
FEW_NUMBERS = 2  # of a tensor that are written out though they are all alike
MOST_IN_MEMORY = 24  # numbers beside which others lie
MOST_TO_PASTE = 12  # numbers of a tensor; a longer one is told by its shape
PLAIN = sorted({Fraction(p, q) for p in range(1, 13) for q in range(1, 13)})
NEARLY = 1e-9  # how near a ratio must be to a plain one, as a share of it
IN_WORDS = {Fraction(1, 2): "half of", Fraction(2): "twice"}
OTHERS = [plain for plain in PLAIN if plain != 1]
RATIOS = [  # each with its words; roots come last, for some are plain themselves
    *((float(r), IN_WORDS.get(r, f"{r} {'times' if r > 1 else 'of'}")) for r in OTHERS),
    *((math.sqrt(r), f"sqrt({r}) times") for r in OTHERS),
]
ROUGHLY = 0.01  # how near a measured ratio must be to one of these few
SIMPLE = [Fraction(p, q) for p in range(1, 5) for q in range(1, 5) if p != q]


def pair(
    came: Sequence[float], should: Sequence[float], wrong: Sequence[bool] = ()
) -> tuple[list[str], list[str]]:
    """Numbers that differ, those that are wrong or all, with as few digits as show it."""
    asked = wrong or [True] * len(came)
    differ = [both for both, one in zip(zip(came, should, strict=True), asked, strict=True) if one]
    digits = max(itertools.starmap(_digits, differ), default=FEW_DIGITS)
    return [f"{n:.{digits}g}" for n in came], [f"{n:.{digits}g}" for n in should]


def rows(numbers: Sequence[str], shape: Sequence[int]) -> str:
    """Numbers in the brackets of a tensor of that shape."""
    if len(shape) == 0:
        return numbers[0]
    step = len(numbers) // max(1, shape[0])
    parts = [rows(numbers[n * step : (n + 1) * step], shape[1:]) for n in range(shape[0])]
    return f"[{', '.join(parts)}]"


def _digits(came: float, should: float) -> int:
    if came == should or not (math.isfinite(came) and math.isfinite(should)):
        return FEW_DIGITS
    for digits in range(FEW_DIGITS, 17):
        if f"{came:.{digits}g}" != f"{should:.{digits}g}":
            return digits + (digits > FEW_DIGITS)
    return 17


def shown(x: Tensor) -> str:
    """The numbers of a tensor to read: not so many digits."""
    if not x.numel():
        return "nothing"
    kept = x.detach().flatten()
    numbers = kept.double().tolist() if kept.is_floating_point() else kept.tolist()
    return rows([_readable(number) for number in numbers], x.shape)


def _readable(number: complex) -> str:
    """Six digits, or all of them where those would be those of a whole number."""
    if not isinstance(number, float):
        return str(number)
    text = f"{number:.6g}"
    return text if float(text) == number or not float(text).is_integer() else repr(number)


def too_much(came: float, should: float) -> str:
    """By how much a number is off; empty where there is no telling."""
    off = came - should
    if not math.isfinite(off):
        return ""
    return f"{abs(off):.2g} too {'large' if off > 0 else 'small'}"


def plain_ratio(came: float, should: float, nearly: float = NEARLY) -> str:
    """'twice', '2/3 of', 'sqrt(2) times', '-1 times'; empty where the ratio is not plain."""
    if not came or not should or not math.isfinite(came / should):
        return ""
    ratio = came / should
    if abs(ratio + 1) < nearly:
        return "the opposite of"
    for plain, words in RATIOS if ratio > 0 else ():
        if abs(ratio / plain - 1) < nearly:
            return words
    return ""


def rough_ratio(came: float, should: float) -> str:
    """Of a number that was measured: 'about half of it', 'about sqrt(2) times it', or nothing."""
    if not should or not math.isfinite(came / should) or came / should <= 0:
        return ""
    for simple in SIMPLE:
        for value, words in ((float(simple), ""), (math.sqrt(simple), f"sqrt({simple}) times")):
            if abs(came / should / value - 1) < ROUGHLY:
                return f"about {words or plain_ratio(value, 1)} it"
    return ""


@dataclass(frozen=True)
class Large:
    """In the place of a tensor that is too large to be pasted."""

    shape: tuple[int, ...]
    dtype: torch.dtype


def code(value: Any) -> str:
    """A value as it is pasted into Python, after `import torch`."""
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, Large):
        return f"<a tensor of shape {value.shape}{_dtype(value.dtype)}>"
    if isinstance(value, float) and not math.isfinite(value):
        sign = "-" * (math.copysign(1, value) < 0)  # of NaN, too, which some read
        return sign + ("torch.nan" if math.isnan(value) else "torch.inf")
    if type(value) is list:
        return f"[{', '.join(map(code, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(code, value))}{',' * (len(value) == 1)})"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return f"{type(value).__name__}({', '.join(assignments(value))})"
    if type(value) is dict:
        return f"{{{', '.join(f'{code(key)}: {code(one)}' for key, one in value.items())}}}"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    return repr(value)


def assignments(value: Any) -> list[str]:
    """The fields of a named tuple, each as it is written in a call."""
    return [f"{name}={code(part)}" for name, part in zip(value._fields, value, strict=True)]


def _tensor(x: Tensor) -> str:
    """Its numbers, with as many digits as they have; a long one by its shape."""
    dtype = _dtype(x.dtype)
    if x.numel() > MOST_TO_PASTE:
        return code(Large(tuple(x.shape), x.dtype))
    numbers = x.detach()
    if not x.numel():
        text = f"torch.empty({tuple(x.shape)}{dtype})"
    elif x.numel() > FEW_NUMBERS and len(set(map(str, numbers.flatten().tolist()))) == 1:
        value = _numbers(numbers.flatten()[0].item(), x.dtype)
        text = f"torch.full({tuple(x.shape)}, {value}{dtype})"
    else:
        text = f"torch.tensor({_numbers(numbers.tolist(), x.dtype)}{dtype})"
    if x.numel() and not x.is_contiguous():  # its place may be the reason
        text = _in_its_place(numbers, text)
    return text + (".requires_grad_()" if x.requires_grad and x.is_leaf else "")


def _in_its_place(x: Tensor, text: str) -> str:
    """The same numbers where they lie in memory: by steps, at an offset, or in one place."""
    dtype, place = _dtype(x.dtype), f"{tuple(x.shape)}, {x.stride()}"
    if not x.storage_offset() and 0 not in x.stride():
        return f"torch.empty_strided({place}{dtype}).copy_({text})"
    memory = torch.empty(0, dtype=x.dtype).set_(x.untyped_storage())
    if memory.numel() > MOST_IN_MEMORY:
        return text
    numbers = _numbers(memory.tolist(), x.dtype)
    return f"torch.tensor({numbers}{dtype}).as_strided({place}, {x.storage_offset()})"


def _dtype(dtype: torch.dtype) -> str:
    """As an argument, unless it is what Python's numbers become of themselves."""
    return "" if dtype in (torch.float32, torch.int64, torch.bool) else f", dtype={dtype}"


def _numbers(numbers: Any, dtype: torch.dtype) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(_numbers(number, dtype) for number in numbers)}]"
    if isinstance(numbers, float) and math.isfinite(numbers):
        return _shortest(numbers, dtype)
    return code(numbers)


def _shortest(number: float, dtype: torch.dtype) -> str:
    """The fewest digits that make this number of this dtype again."""
    text = repr(number)
    for digits in range(1, 17 if dtype != torch.float64 else 1):
        fewer = float(f"{number:.{digits}g}")
        if torch.tensor(fewer, dtype=dtype).item() == number:
            text = repr(fewer)
            break
    return text.removesuffix("0") if text.endswith(".0") else text
