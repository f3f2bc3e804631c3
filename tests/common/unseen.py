"""Numbers that are written where nobody is told: an answer that was kept would be out of date.

To write into `.data` is what optimizers, averages of weights and exchanges between processes do:
the tensor, its place in memory and even its `_version` stay the same, and only its numbers change.
"""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import current

MODES = {
    "while gradients are recorded": torch.enable_grad,
    "in no_grad": torch.no_grad,
    "in inference mode": torch.inference_mode,
}


def assert_unseen_numbers_count(
    sentence: str, function: Callable[[Tensor], Tensor], numbers: Tensor, others: Tensor
) -> None:
    """A tensor that is given again counts as it is now, with a gradient to come and without."""
    __tracebackhide__ = True
    due = [function(given.clone()).detach().double() for given in (numbers, others)]
    learns = (False, True) if current().gradients and numbers.is_floating_point() else (False,)
    for asks, (words, mode) in itertools.product(learns, MODES.items()):
        place = numbers.clone().requires_grad_(asks)
        for given, expected in zip((numbers, others, numbers), (*due, due[0]), strict=True):
            place.data.copy_(given)
            with mode():
                came = function(place).detach().clone()
            assert_close(f"{sentence}, written into .data, {words}", came, expected)


def assert_unseen_numbers_count_for_the_gradient(
    sentence: str, function: Callable[[Tensor], Tensor], numbers: Tensor, others: Tensor
) -> None:
    """The same of the gradient."""
    __tracebackhide__ = True
    place, incoming = numbers.clone(), grid(*function(numbers).shape, limit=2)
    for given in (numbers, others, numbers):
        expected = gradient(function, given.clone(), incoming).double()
        place.data.copy_(given)
        came = gradient(function, place, incoming)
        assert_close(f"{sentence}, written into .data", came, expected)
