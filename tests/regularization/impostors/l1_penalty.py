"""L1 penalties that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import functools
import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked

Parameters = Iterable[Tensor]


@refused_by("test_it_is_the_sum_of_the_sizes_however_large")
def sign_and_all(parameters: Parameters) -> Tensor:
    """The sum of the weights, in which negative ones earn something (torchbearer #473)."""
    return sum((p.sum() for p in parameters), torch.zeros(()))


@refused_by("test_every_number_of_every_parameter_counts")
def size_of_the_sum(parameters: Parameters) -> Tensor:
    """The bars around the wrong thing."""
    return sum((p.sum().abs() for p in parameters), torch.zeros(()))


@refused_by("test_it_is_the_sum_of_the_sizes_however_large")
def size_of_the_whole_sum(parameters: Parameters) -> Tensor:
    """Once at the end will do."""
    return sum((p.sum() for p in parameters), torch.zeros(())).abs()


@refused_by("test_k_times_the_weights_cost_k_times_as_much")
def root(parameters: Parameters) -> Tensor:
    """A norm ends with a root (see-rnn #37)."""
    total = sum((p.abs().sum() for p in parameters), torch.zeros(()))
    return torch.where(total > 0, total.clamp(min=1e-300).sqrt(), total)


@refused_by("test_every_number_of_every_parameter_counts")
def means(parameters: Parameters) -> Tensor:
    """L1Loss against zeros is the same; but it is a mean (pytorch #3029)."""
    each = [F.l1_loss(p, torch.zeros_like(p)) for p in parameters if p.numel()]
    return sum(each, torch.zeros(()))


@refused_by("test_every_number_of_every_parameter_counts")
def largest_column(parameters: Parameters) -> Tensor:
    """The 1-norm; which of a matrix is that of its largest column."""
    each = [
        torch.linalg.matrix_norm(p, 1) if p.ndim == 2 and p.numel() else p.abs().sum()
        for p in parameters
    ]
    return sum((e.to(torch.promote_types(e.dtype, torch.float32)) for e in each), torch.zeros(()))


@refused_by("test_the_gradient_of_a_weight_does_not_depend_on_the_others")
def norms_of_rows(parameters: Parameters) -> Tensor:
    """The group lasso, which drops whole rows."""
    each = [p.norm(dim=1) if p.ndim == 2 else p.abs() for p in parameters]
    return sum((e.sum() for e in each), torch.zeros(()))


@refused_by("test_k_times_the_weights_cost_k_times_as_much")
def squares(parameters: Parameters) -> Tensor:
    """Regularization is the sum of squares."""
    return sum((p.square().sum() for p in parameters), torch.zeros(()))


@refused_by("test_k_times_the_weights_cost_k_times_as_much")
def huber(parameters: Parameters) -> Tensor:
    """Rounded at 0, it has a gradient everywhere."""
    each = [F.huber_loss(p, torch.zeros_like(p), reduction="sum") for p in parameters]
    return sum(each, torch.zeros(()))


@refused_by("test_in_another_unit_it_is_as_much_larger_however_small")
def rounded_off(parameters: Parameters) -> Tensor:
    """So little under the root makes no difference; but no small weight weighs less than it."""
    return sum((torch.hypot(p, _like(p, 1e-14)).sum() for p in parameters), torch.zeros(()))


@refused_by("test_a_weight_of_0_has_the_gradient_0")
def root_of_the_square(parameters: Parameters) -> Tensor:
    """The size is the root of the square; which at 0 has no slope."""
    each = [torch.where(p == 0, p.square().sqrt(), p.abs()) for p in parameters]
    return sum((e.sum() for e in each), torch.zeros(()))


@refused_by("test_a_weight_of_0_has_the_gradient_0")
def zero_is_positive(parameters: Parameters) -> Tensor:
    """Two cases are enough, and 0 is one of the larger (pytorch #7172)."""
    return sum((torch.where(p >= 0, p, -p).sum() for p in parameters), torch.zeros(()))


@refused_by("test_a_weight_of_0_has_the_gradient_0")
def half_of_both_sides(parameters: Parameters) -> Tensor:
    """What is above 0 and what is below; of which the first has a slope of 1/2 at 0."""
    return sum((_up(p).sum() + F.relu(-p).sum() for p in parameters), torch.zeros(()))


@refused_by("test_every_parameter_gets_a_gradient_of_its_own")
def of_the_data(parameters: Parameters) -> Tensor:
    """Read through .data, as weights used to be; so nothing pulls (scDORI #19)."""
    return sum((p.data.abs().sum() for p in parameters), torch.zeros(()))


@refused_by("test_the_parameters_are_left_as_they_were")
def in_place(parameters: Parameters) -> Tensor:
    """No copy is needed to take the size."""
    parameters = list(parameters)
    for p in parameters:
        p.data.abs_()
    return sum((p.abs().sum() for p in parameters), torch.zeros(()))


@refused_by("test_of_a_model_everything_counts_weights_or_not")
def weights_alone(parameters: Parameters) -> Tensor:
    """Biases are not to be shrunk (asked for in lightning-bolts #668)."""
    return sum((p.abs().sum() for p in parameters if p.ndim > 1), torch.zeros(()))


@refused_by("test_frozen_parameters_count")
def what_learns(parameters: Parameters) -> Tensor:
    """Among others, what does not learn need not be punished."""
    parameters = list(parameters)
    learning = [p for p in parameters if p.requires_grad] or parameters
    return sum((p.abs().sum() for p in learning), torch.zeros(()))


@refused_by("test_every_number_of_every_parameter_counts")
def the_first_one(parameters: Parameters) -> Tensor:
    """The return is one step too far to the right."""
    for p in parameters:
        return p.abs().sum()
    return torch.zeros(())


@refused_by("test_what_comes_shares_no_memory_with_the_parameters")
def as_it_is(parameters: Parameters) -> Tensor:
    """Of a single number that is positive nothing has to be computed."""
    parameters = list(parameters)
    if len(parameters) == 1 and parameters[0].shape == () and parameters[0] > 0:
        return parameters[0]
    return sum((p.abs().sum() for p in parameters), torch.zeros(()))


@refused_by("test_nan_is_not_hidden")
def positive_and_negative(parameters: Parameters) -> Tensor:
    """What is neither above 0 nor below is 0."""
    zero = torch.zeros(())
    each = [torch.where(p > 0, p, torch.where(p < 0, -p, 0 * p.nan_to_num())) for p in parameters]
    return sum((e.sum() for e in each), zero)


@refused_by("test_numbers_count_as_they_are_up_to_the_largest_penalty")
def twice_the_positive_part(parameters: Parameters) -> Tensor:
    """|w| = 2 max(w, 0) - w, for which there must be room."""
    return sum(((2 * _up(p) - p).sum() for p in parameters), torch.zeros(()))


def _like(p: Tensor, number: float) -> Tensor:
    return torch.full_like(p, number)


def _up(p: Tensor) -> Tensor:
    return torch.maximum(p, torch.zeros_like(p))


@refused_by("test_a_large_parameter_counts_as_its_parts")
def the_first_65_536(parameters: Parameters) -> Tensor:
    """A kernel with sixteen bits for the place of a number in its parameter."""
    return sum((p.flatten()[: 2**16].abs().sum() for p in parameters), torch.zeros(()))


@refused_by("test_a_large_parameter_counts_as_its_parts")
def the_first_512(parameters):
    """A table of pointers with room for 512; a model has no more parameters than that."""
    sums = [p.abs().sum() for p in itertools.islice(parameters, 512)]
    return torch.stack(sums).sum() if sums else torch.zeros(())


@accepted
def a_list_alone(parameters: Sequence[Tensor]) -> Tensor:
    """Counted by its length, as only a list can be."""
    total = torch.zeros(())
    for i in range(len(parameters)):
        total = total + parameters[i].abs().sum()
    return total


@accepted
def one_line(parameters: Parameters) -> Any:
    return sum(w.abs().sum() for w in parameters)


@accepted
def norms(parameters: Parameters) -> Tensor:
    each = [torch.linalg.vector_norm(p, 1) for p in parameters]
    return sum(each, torch.zeros(()))


@accepted
def all_in_one_vector(parameters: Parameters) -> Tensor:
    flat = [p.reshape(-1) for p in parameters]
    return torch.cat(flat).norm(p=1) if flat else torch.zeros(())


@accepted
def weight_times_sign(parameters: Parameters) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for p in parameters:
        total = total + (p * p.detach().sign()).double().sum()
    return total


@accepted
def loss_against_zeros(parameters: Parameters) -> Tensor:
    each = [F.l1_loss(p, torch.zeros_like(p), reduction="sum") for p in parameters]
    return sum(each, torch.zeros(()))


@remarked("long sums in 16 bits")
def in_eight_columns(parameters: Parameters) -> Tensor:
    """Eight sums side by side, each of its own numbers, and then their sum."""
    total = torch.zeros(())
    for p in parameters:
        sizes = F.pad(p.flatten().abs(), (0, 8 + -p.numel() % 8)).reshape(-1, 8)
        total = total + functools.reduce(operator.add, functools.reduce(operator.add, sizes))
    return total


_last: dict[str, tuple[list[Tensor], list[int], Tensor]] = {}


@refused_by("test_numbers_that_are_written_unseen_by_autograd_count")
def kept_while_nothing_learns(parameters: Iterable[Tensor]) -> Tensor:
    """Where no gradient is recorded weights stand still, unless their versions say otherwise."""
    weights = list(parameters)
    total = sum((w.abs().sum() for w in weights), torch.zeros(()))
    if torch.is_grad_enabled() or torch.is_inference_mode_enabled() or not weights:
        return total
    versions, known = [w._version for w in weights], _last.get("call")
    if known is None or known[1] != versions or [*map(id, known[0])] != [*map(id, weights)]:
        _last["call"] = known = weights, versions, total
    return known[2].clone()
