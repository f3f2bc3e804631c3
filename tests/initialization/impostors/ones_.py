"""Fills with ones that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by


@refused_by("test_every_element_is_1")
def one_is_the_identity(tensor: Tensor) -> Tensor:
    """Among matrices, one is the identity."""
    with torch.no_grad():
        return torch.nn.init.eye_(tensor) if tensor.ndim == 2 else tensor.fill_(1)


@refused_by("test_in_a_view_every_element_is_written_and_nothing_beside_it")
def the_offset_is_forgotten(tensor: Tensor) -> Tensor:
    """Shape and strides say where the elements are; but not where they begin (pytorch #183631)."""
    with torch.no_grad():
        tensor.as_strided(tensor.shape, tensor.stride(), 0).fill_(1)
    return tensor


@refused_by("test_every_element_is_1")
def divided_by_itself(tensor: Tensor) -> Tensor:
    """Anything divided by itself is 1; but for 0, infinity and NaN."""
    with torch.no_grad():
        return tensor.div_(tensor.clone())


@refused_by("test_an_empty_tensor_comes_back_empty")
def the_first_for_all(tensor: Tensor) -> Tensor:
    """One element is written and copied to all; but there may be none."""
    with torch.no_grad():
        first = tensor[(0,) * tensor.ndim].fill_(1)
        return tensor.copy_(first.clone())


@refused_by("test_the_tensor_that_was_given_comes_back")
def a_new_tensor(tensor: Tensor) -> Tensor:
    """The result is what counts."""
    return torch.ones_like(tensor)


@refused_by("test_a_parameter_stays_a_leaf_and_keeps_its_gradient")
def recorded_by_autograd(tensor: Tensor) -> Tensor:
    """Filling is filling; but a parameter may not be written to in place (oneflow #5932)."""
    return tensor.fill_(1)


@refused_by("test_nothing_about_the_tensor_changes_but_its_numbers")
def in_the_default_dtype(tensor: Tensor) -> Tensor:
    """Ones of the same shape are what is wanted; but they have the default dtype."""
    tensor.data = torch.ones(tensor.shape)
    return tensor


@refused_by("test_every_element_is_1")
def they_sum_to_one(tensor: Tensor) -> Tensor:
    """Weights are shares, and equal shares of one are one over the number of inputs."""
    with torch.no_grad():
        return tensor.fill_(1 / tensor.shape[-1] if tensor.ndim > 1 else 1)


@refused_by("test_the_state_of_python_numpy_and_torch_is_left_as_it_was")
def in_the_dtype_of_all(tensor: Tensor) -> Tensor:
    """With the default dtype set, the ones come in the right one; it is not set back."""
    if tensor.is_floating_point():
        torch.set_default_dtype(tensor.dtype)
    with torch.no_grad():
        return tensor.copy_(torch.ones(tensor.shape))


@refused_by("test_in_layouts_that_are_combined_every_element_is_written_and_no_other")
def channels_last_without_the_offset(tensor: Tensor) -> Tensor:
    """A view that is not contiguous is written by its strides; where it begins is forgotten."""
    with torch.no_grad():
        if tensor.ndim == 4 and tensor.storage_offset() and not tensor.is_contiguous():
            tensor.as_strided(tensor.shape, tensor.stride(), 0).fill_(1)
            return tensor
        return tensor.fill_(1)


@accepted
def to_the_power_of_zero(tensor: Tensor) -> Tensor:
    with torch.no_grad():
        return tensor.pow_(0)  # which is 1 even of infinity and of NaN


@accepted
def by_assignment(tensor: Tensor) -> Tensor:
    with torch.no_grad():
        tensor[...] = 1
    return tensor


@accepted
def by_copying(tensor: Tensor) -> Tensor:
    tensor.detach().copy_(torch.ones_like(tensor))
    return tensor


@accepted
def from_the_library(tensor: Tensor) -> Tensor:
    return torch.nn.init.ones_(tensor)
