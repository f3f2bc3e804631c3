"""What a penalty costs, by plain arithmetic, and how it pulls on a parameter."""

import itertools
import math
from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import SHAPES, eighths, exact, grid

weights = st.lists(eighths(limit=100), min_size=1, max_size=9).map(exact)


def learnable(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Parameters of all shapes."""
    return [grid(*shape).to(dtype).requires_grad_() for shape in SHAPES]


def power(penalty) -> int:
    return {"l1_penalty": 1, "l2_penalty": 2}[penalty.name]


def cost(penalty, parameters: Sequence[Tensor]) -> float:
    """By plain arithmetic, number by number."""
    numbers = itertools.chain.from_iterable(p.detach().flatten().tolist() for p in parameters)
    return math.fsum(abs(w) ** power(penalty) for w in numbers)


def eps(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).eps


def assert_cost(sentence: str, penalty, parameters: Sequence[Tensor]) -> None:
    """The penalty is right to the digits of the parameters; what comes may have more."""
    __tracebackhide__ = True
    came, fewest = penalty(parameters), max((p.dtype for p in parameters), key=eps)
    assert_close(sentence, came.to(fewest), cost(penalty, parameters))


def pull(penalty, w: Tensor, *others: Tensor) -> Tensor:
    """The gradient of a penalty, as it comes, by one parameter beside others."""
    return gradient(lambda w: penalty([w, *others]), w, torch.tensor(1.0))


def right_pull(penalty, w: Tensor) -> Tensor:
    """The gradient as it should be, exactly."""
    w = w.detach().double()
    return 2 * w if power(penalty) == 2 else w.sign()
