"""The ruler `assert_torch_is_left_alone`: every change that it must notice."""

import contextlib

import pytest
import torch

from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone

CHANGES = {
    "draws a random number": lambda: torch.rand(1),
    "sets the seed": lambda: torch.manual_seed(0),
    "ends the recording of gradients": lambda: torch.set_grad_enabled(False),
    "begins the recording of gradients": lambda: torch.set_grad_enabled(True),
    "sets the default dtype": lambda: torch.set_default_dtype(torch.float64),
    "makes tiny numbers 0": lambda: torch.set_flush_denormal(True),
}


@pytest.fixture(autouse=True)
def _as_it_was():
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_noticed(change):
    def call():
        change()
        return torch.ones(1)

    with pytest.raises(AssertionError):
        assert_torch_is_left_alone(call)


def test_a_change_in_the_backward_pass_is_noticed():
    class Ends(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            torch.rand(1)
            return gradient

    with pytest.raises(AssertionError, match="random numbers"):
        assert_torch_is_left_alone(lambda: Ends.apply(torch.ones(1, requires_grad=True)))


def test_what_is_put_back_is_accepted():
    def call():
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.rand(1)
        return torch.ones(1, requires_grad=True).exp()

    with contextlib.nullcontext():
        assert_torch_is_left_alone(call)
