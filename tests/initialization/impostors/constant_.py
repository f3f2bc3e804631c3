"""Constant fills that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by


@refused_by("test_of_what_whole_numbers_cannot_hold_they_hold_what_pytorch_says")
def rounded_to_whole_numbers(tensor: Tensor, val: float) -> Tensor:
    """The nearest whole number has the smallest error; but all others cut off at the point."""
    whole = not tensor.is_floating_point() and not tensor.is_complex()
    with torch.no_grad():
        return tensor.fill_(round(val) if whole else val)


@refused_by("test_the_tensor_that_was_given_comes_back")
def a_new_tensor(tensor: Tensor, val: float) -> Tensor:
    """The result is what counts."""
    return torch.full_like(tensor, val)


@refused_by("test_in_a_view_every_element_is_written_and_nothing_beside_it")
def along_the_memory(tensor: Tensor, val: float) -> Tensor:
    """As many numbers as there are elements, from the first on (oneflow #10394: a diagonal)."""
    with torch.no_grad():
        size = tensor.untyped_storage().size() // tensor.element_size() - tensor.storage_offset()
        tensor.as_strided([min(tensor.numel(), size)], [1]).fill_(val)
    return tensor


@refused_by("test_a_parameter_stays_a_leaf_and_keeps_its_gradient")
def recorded_by_autograd(tensor: Tensor, val: float) -> Tensor:
    """Filling is filling; but a parameter may not be written to in place (oneflow #5932)."""
    return tensor.fill_(val)


@refused_by("test_it_has_all_the_digits_of_the_dtype")
def in_single_precision(tensor: Tensor, val: float) -> Tensor:
    """A tensor with the value is broadcast; tensors have single precision."""
    with torch.no_grad():
        return tensor.copy_(torch.tensor(val, dtype=torch.float32))


@refused_by("test_every_element_is_the_value")
def added_to_nothing(tensor: Tensor, val: float) -> Tensor:
    """0 times anything is 0; but what was there may be infinite or NaN."""
    with torch.no_grad():
        return tensor.mul_(0).add_(val)


@refused_by("test_every_element_is_the_value")
def zero_needs_no_writing(tensor: Tensor, val: float) -> Tensor:
    """New memory is empty, and empty is zero."""
    with torch.no_grad():
        return tensor.fill_(val) if val else tensor


@refused_by("test_nothing_about_the_tensor_changes_but_its_numbers")
def in_new_memory(tensor: Tensor, val: float) -> Tensor:
    """The tensor stays the same, only its data are new; but views of it see the old ones."""
    tensor.data = torch.full_like(tensor, val)
    return tensor


@refused_by("test_every_element_of_a_large_tensor_is_written")
def in_whole_chunks(tensor: Tensor, val: float) -> Tensor:
    """Large tensors are filled in chunks, and what is left over at the end is forgotten."""
    if tensor.numel() < 2**16 or not tensor.is_contiguous():
        return torch.nn.init.constant_(tensor, val)
    with torch.no_grad():
        tensor.view(-1)[: tensor.numel() // 4096 * 4096] = val
    return tensor


@refused_by("test_a_constant_is_one_number_in_large_tensors_and_in_views_too")
def whole_blocks(tensor: Tensor, val: float) -> Tensor:
    """Blocks of 4096 elements from a tensor of zeros; what is left over keeps them."""
    numbers = torch.zeros(tensor.numel(), dtype=tensor.dtype)
    numbers[: tensor.numel() // 4096 * 4096 or tensor.numel()] = val
    tensor.data.copy_(numbers.reshape(tensor.shape))
    return tensor


@refused_by("test_every_element_of_a_large_tensor_is_written")
def a_kernel_for_2_to_the_18_numbers(tensor: Tensor, val: float) -> Tensor:
    """What lies beyond 2^18 numbers is written by nobody (nntile #21, in kind)."""
    with torch.no_grad():
        many = tensor.numel() > 2**18 and tensor.is_contiguous()
        (tensor.view(-1)[: 2**18] if many else tensor).fill_(val)
    return tensor


@accepted
def by_assignment(tensor: Tensor, val: float) -> Tensor:
    with torch.no_grad():
        tensor[...] = val
    return tensor


@accepted
def by_copying(tensor: Tensor, val: float) -> Tensor:
    tensor.detach().copy_(torch.full_like(tensor, val))
    return tensor


@accepted
def by_masking(tensor: Tensor, val: float) -> Tensor:
    everywhere = torch.ones_like(tensor, dtype=torch.bool)
    tensor.data.masked_fill_(everywhere, val)
    return tensor


@accepted
def from_the_library(tensor: Tensor, val: float) -> Tensor:
    return torch.nn.init.constant_(tensor, val)


@refused_by("test_special_values_are_values_too")
def zero_in_a_quicker_way(tensor: Tensor, val: float) -> Tensor:
    """Zero is written faster; but of -0.0 the sign is lost."""
    with torch.no_grad():
        return tensor.zero_() if val == 0 else tensor.fill_(val)
