"""What a component was called with is kept as it was; what a subject does is its own."""

import sys
from dataclasses import dataclass

import torch
from torch import nn

from sums_to_one.tests.common.calls import calls_of, watching
from sums_to_one.tests.common.component import Component


def doubled(x, times=2):
    return x.mul_(times) if isinstance(times, int) else x


def test_a_call_is_kept_as_it_was_before_the_input_was_written_to():
    Component("doubled", doubled)(torch.tensor([1.0, 3.0]), times=4)
    (call,) = calls_of(sys._getframe())
    assert str(call) == "doubled(torch.tensor([1., 3.]), times=4)"
    assert call.gave.tolist() == [4, 12]


def test_of_what_is_too_large_to_be_pasted_the_shape_is_kept():
    Component("doubled", doubled)(torch.ones(10, 10))
    (call,) = calls_of(sys._getframe())
    assert str(call) == "doubled(<a tensor of shape (10, 10)>)"


def test_what_cannot_be_pasted_is_not_kept():
    with watching():
        Component("doubled", doubled)(torch.ones(2), times=object())
    assert not calls_of(sys._getframe())


@dataclass
class Unhashable(nn.Module):
    """One that has no hash, as a dataclass has none."""

    factor: float = 2.0

    def __post_init__(self):
        super().__init__()

    def forward(self, x):
        return self.factor * x


def test_the_call_of_a_module_shows_how_it_was_made():
    with watching():
        made = Component("Hardtanh", nn.Hardtanh)(0.0, 2.0)
        made(torch.tensor([3.0]))
    call = calls_of(sys._getframe())[-1]
    assert str(call) == "Hardtanh(0.0, 2.0)(torch.tensor([3.]))"
    assert call.gave.item() == 2


def test_a_module_that_cannot_be_watched_is_called_all_the_same():
    with watching():
        assert Component("Unhashable", Unhashable)(3.0)(torch.tensor([1.0])).item() == 3


def test_a_module_whose_weights_were_changed_is_not_shown_as_it_was_made():
    with watching(), torch.no_grad():
        made = Component("Linear", nn.Linear)(1, 1)
        made.weight.fill_(3)
        made(torch.tensor([1.0]))
    assert [str(call) for call in calls_of(sys._getframe())] == ["Linear(1, 1)"]
