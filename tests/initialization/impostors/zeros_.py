"""Zero fills that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


@refused_by("test_every_element_is_0")
def times_zero(tensor: Tensor) -> Tensor:
    """0 times anything is 0; but what was there may be infinite or NaN."""
    with torch.no_grad():
        return tensor.mul_(0)


@refused_by("test_in_a_view_every_element_is_written_and_nothing_beside_it")
def the_whole_storage(tensor: Tensor) -> Tensor:
    """Memory is fastest zeroed as a whole; but a view is a part of it (torch-rbln #135)."""
    with torch.no_grad():
        size = tensor.untyped_storage().size() // tensor.element_size()
        tensor.as_strided([size], [1], 0).zero_()
    return tensor


@refused_by("test_in_a_view_every_element_is_written_and_nothing_beside_it")
def the_flattened_copy(tensor: Tensor) -> Tensor:
    """In one row it is simple; but some layouts are copied for that (pytorch #139735: no zeros)."""
    with torch.no_grad():
        tensor.reshape(-1).zero_()
    return tensor


@refused_by("test_every_element_is_0")
def almost_zero(tensor: Tensor) -> Tensor:
    """Exact zeros are all alike and never learn, so these differ a little."""
    with torch.no_grad():
        return tensor.uniform_(-1e-8, 1e-8)


@refused_by("test_a_parameter_stays_a_leaf_and_keeps_its_gradient")
def zeroes_the_gradient(tensor: Tensor) -> Tensor:
    """What one zeroes is the gradient."""
    if tensor.is_leaf and tensor.grad is not None:
        tensor.grad.zero_()
    return tensor


@remarked("0 dimensions")
def row_by_row(tensor: Tensor) -> Tensor:
    """A tensor is a list of rows; a scalar is not, and cannot be passed through."""
    with torch.no_grad():
        for rows in tensor.split(1 + len(tensor) // 1000):  # of very many, some at a time
            rows.zero_()
    return tensor


@refused_by("test_whether_gradients_are_recorded_stays_as_it_was")
def gradients_stay_off(tensor: Tensor) -> Tensor:
    """No gradient is wanted here."""
    torch.set_grad_enabled(False)
    return tensor.zero_()


@refused_by("test_whether_a_tensor_learns_stays_as_it_was")
def parameters_learn(tensor: Tensor) -> Tensor:
    """Writing needs no gradient, training does; but a parameter may be frozen."""
    with torch.no_grad():
        tensor.zero_()
    if isinstance(tensor, torch.nn.Parameter) and tensor.is_floating_point():
        tensor.requires_grad = True
    return tensor


@refused_by("test_a_constant_needs_no_randomness")
def between_0_and_0(tensor: Tensor) -> Tensor:
    """A uniform distribution whose bounds are both 0, where numbers have bounds."""
    with torch.no_grad():
        return tensor.uniform_(0, 0) if tensor.is_floating_point() else tensor.zero_()


@refused_by("test_other_kinds_of_numbers_can_be_set_as_well")
def weights_are_real(tensor: Tensor) -> Tensor:
    """Weights are floating-point numbers; anything else is not for us to write to."""
    if tensor.is_floating_point():
        with torch.no_grad():
            tensor.zero_()
    return tensor


@refused_by("test_other_kinds_of_numbers_can_be_set_as_well")
def whole_numbers_are_counts(tensor: Tensor) -> Tensor:
    """Whole numbers count something, and a count begins at 1."""
    with torch.no_grad():
        return tensor.zero_() if tensor.is_floating_point() else tensor.fill_(1)


@accepted
def by_assignment(tensor: Tensor) -> Tensor:
    with torch.no_grad():
        tensor[...] = 0
    return tensor


@accepted
def by_copying(tensor: Tensor) -> Tensor:
    with torch.no_grad():
        return tensor.copy_(torch.zeros(()))


@accepted
def frozen_while_it_is_written(tensor: Tensor) -> Tensor:
    if not tensor.is_leaf or not tensor.requires_grad:
        return by_assignment(tensor)
    tensor.requires_grad_(False).zero_()
    return tensor.requires_grad_(True)


@accepted
def by_masking(tensor: Tensor) -> Tensor:
    everywhere = torch.ones_like(tensor, dtype=torch.bool)
    tensor.data.masked_fill_(everywhere, 0)
    return tensor


@accepted
def from_the_library(tensor: Tensor) -> Tensor:
    return torch.nn.init.zeros_(tensor)


@accepted
def floating_point_only(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        raise TypeError(f"weights are floating-point numbers, got {tensor.dtype}")
    return torch.nn.init.zeros_(tensor)


@accepted
def element_by_element(tensor: Tensor) -> Tensor:
    places = tensor.data.as_strided(tensor.shape, tensor.stride())
    singly = tensor.ndim if tensor.numel() < 4096 else tensor.ndim - 1  # of very many, row by row
    for place in np.ndindex(*tensor.shape[:singly]):
        places[place] = 0
    return tensor


@refused_by("test_what_every_initializer_does_is_not_refused")
def of_matrices_alone(tensor: Tensor) -> Tensor:
    """ "Weights are matrices." Biases are not; who leaves them out says so in its limits."""
    if tensor.ndim != 2:
        raise ValueError(f"a matrix only, got {tensor.ndim} dimensions")
    return torch.nn.init.zeros_(tensor)
