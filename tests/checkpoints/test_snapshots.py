"""What a state_dict is not: a snapshot, nor all that a model knows. Laws of PyTorch's own.

It names the tensors that the model learns in, and does not copy them. Who keeps the best of many
epochs that way keeps the last one.
"""

import copy

import pytest
import torch
from torch import nn

from sums_to_one.tests.checkpoints.saved import Momentum, assert_same_bits, network, steps
from sums_to_one.tests.common.inputs import grid


def trained_on(model: nn.Module, **options: float) -> nn.Module:
    """The same model, three steps later."""
    steps(model, Momentum(model.parameters(), **options), range(3))
    return model


@pytest.mark.claim("7.1.7")
def test_a_state_dict_that_was_kept_changes_as_training_goes_on():
    model = network()
    best = model.state_dict()
    trained_on(model)
    assert_same_bits("what was kept is what there is now", best, model.state_dict())
    assert not torch.equal(best["0.weight"], network().state_dict()["0.weight"])


@pytest.mark.claim("7.1.7")
def test_a_deep_copy_of_it_stays_as_it_was():
    model = network()
    best = copy.deepcopy(model.state_dict())
    trained_on(model)
    assert_same_bits("a copy", best, network().state_dict())
    model.load_state_dict(best)
    assert_same_bits("set back", model.state_dict(), network().state_dict())


@pytest.mark.claim("7.1.7")
def test_a_plain_copy_of_the_dictionary_is_no_copy_of_the_tensors():
    model = network()
    kept = dict(model.state_dict())
    trained_on(model)
    assert_same_bits("the tensors are the same", kept, model.state_dict())


class Knowing(nn.Linear):
    """It remembers things in three ways."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.register_buffer("saved", grid(3))
        self.register_buffer("cache", grid(5), persistent=False)
        self.temperature = 0.5
        self.mask = grid(7)


@pytest.mark.claim("7.1.8")
def test_what_is_no_parameter_and_no_persistent_buffer_is_not_in_it():
    assert set(Knowing().state_dict()) == {"weight", "bias", "saved"}


@pytest.mark.claim("7.1.8")
def test_loading_says_nothing_of_what_was_never_saved():
    model, other = Knowing(), Knowing()
    other.temperature, other.mask = 2.0, grid(7) + 1
    found = model.load_state_dict(other.state_dict())
    assert (found.missing_keys, found.unexpected_keys) == ([], [])
    assert model.temperature == 0.5, "not what the saved one had"
    assert torch.equal(model.mask, grid(7)), "not what the saved one had"
