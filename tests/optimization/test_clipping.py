"""Two ways to clip a gradient, of which one keeps its direction: 4.0.8.

It is PyTorch's own functions that are asked; no component here clips.
"""

import itertools

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.optimization.trajectories import leaf


def with_gradients(*gradients: torch.Tensor) -> list[torch.Tensor]:
    parameters = [leaf(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    return parameters


def gradient_of(parameter: torch.Tensor) -> torch.Tensor:
    assert parameter.grad is not None
    return parameter.grad


@pytest.mark.claim("4.0.8")
def test_clipped_by_norm_a_gradient_keeps_its_direction_and_clipped_by_value_not() -> None:
    by_norm, by_value = (with_gradients(exact([3.0, 4.0]))[0] for _ in range(2))
    torch.nn.utils.clip_grad_norm_([by_norm], 1.0)
    torch.nn.utils.clip_grad_value_([by_value], 1.0)
    # In float32, for PyTorch adds a millionth to the norm, lest it be 0.
    assert_close("by norm", gradient_of(by_norm).float(), exact([0.6, 0.8]))
    assert_close("by value", gradient_of(by_value), exact([1.0, 1.0]))


@pytest.mark.claim("4.0.8")
def test_the_norm_is_that_of_all_parameters_together() -> None:
    for sizes in itertools.permutations([(2, 3), (5,), (1,)]):
        gradients = [grid(*size) for size in sizes]
        norm = torch.cat([g.flatten() for g in gradients]).norm()
        parameters = with_gradients(*gradients)
        torch.nn.utils.clip_grad_norm_(parameters, 2.0)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            assert_close("the gradient", gradient_of(parameter).float(), 2 * gradient / norm)


@pytest.mark.claim("4.0.8")
def test_what_is_short_enough_is_left_as_it_is() -> None:
    for clip in (torch.nn.utils.clip_grad_norm_, torch.nn.utils.clip_grad_value_):
        (parameter,) = with_gradients(exact([0.3, -0.4]))
        clip([parameter], 1.0)
        assert_close("the gradient", gradient_of(parameter), exact([0.3, -0.4]))
