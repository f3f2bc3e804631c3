"""L2 penalties that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import functools
import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, in_full, refused_by, remarked

Parameters = Iterable[Tensor]


class _SlopeOnTheSide(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, w: Tensor) -> Tensor:
        ctx.slope = 2 * w
        return w.square()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        slope: Tensor = ctx.slope
        return gradient * slope


class _SumOfSquares(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, w: Tensor) -> Tensor:
        ctx.save_for_backward(w)
        return w.square().sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        w: Tensor = ctx.saved_tensors[0]
        return 2 * gradient * w


@refused_by("test_where_all_weights_are_0_the_gradient_can_be_differentiated_too")
def norms_squared(parameters: Parameters) -> Tensor:
    """The norm of each, squared; whose slope at 0 is right, and whose curvature there is NaN."""
    return sum((p.norm().square() for p in parameters), torch.zeros(()))


@refused_by("test_k_times_the_weights_cost_k_squared_times_as_much")
def root(parameters: Parameters) -> Tensor:
    """The L2 norm, as it is called (expected in dm-haiku #178; written in the docs of Flux.jl)."""
    return sum((p.square().sum() for p in parameters), torch.zeros(())).sqrt()


@refused_by("test_shared_out_evenly_a_sum_costs_least")
def norms_added_up(parameters: Parameters) -> Tensor:
    """W.norm(2) of every layer, and added up (Flux.jl #506)."""
    return sum((p.norm() for p in parameters), torch.zeros(()))


@refused_by("test_weights_of_0_have_the_gradient_0")
def square_of_the_root(parameters: Parameters) -> Tensor:
    """The square of the norm; whose root has an infinite slope at 0 (pytorch #2421)."""
    total = sum((p.square().sum() for p in parameters), torch.zeros(()))
    return total.sqrt().square()


@refused_by("test_every_number_of_every_parameter_counts")
def means(parameters: Parameters) -> Tensor:
    """A mean does not depend on the size of the layer (CNTK #2427)."""
    return sum((p.square().mean() for p in parameters if p.numel()), torch.zeros(()))


@refused_by("test_without_some_parameters_the_others_count_as_before")
def mean_of_the_tensors(parameters: Parameters) -> Tensor:
    """Divided by how many parameters there are, models can be compared."""
    parameters = list(parameters)
    total = sum((p.square().sum() for p in parameters), torch.zeros(()))
    return total / max(1, len(parameters))


@refused_by("test_the_gradient_is_twice_the_weight")
def halved(parameters: Parameters) -> Tensor:
    """A half in front, so that the gradient has no 2 (asked for in DenseNet #57)."""
    return sum((p.square().sum() / 2 for p in parameters), torch.zeros(()))


@refused_by("test_the_gradient_is_twice_the_weight")
def slope_of_the_half(parameters: Parameters) -> Tensor:
    """The value is that of the sum of squares, and the gradient that of weight decay."""
    total = sum((p.square().sum() for p in parameters), torch.zeros(()))
    return total / 2 + total.detach() / 2


@refused_by("test_every_parameter_gets_a_gradient_of_its_own")
def of_the_data(parameters: Parameters) -> Tensor:
    """Read through .data, as weights used to be; so nothing pulls (scDORI #19)."""
    return sum((p.data.square().sum() for p in parameters), torch.zeros(()).requires_grad_() * 1)


@refused_by("test_of_a_model_everything_counts_weights_or_not")
def weights_alone(parameters: Parameters) -> Tensor:
    """Biases are not to be shrunk (asked for in lightning-bolts #668)."""
    return sum((p.square().sum() for p in parameters if p.ndim > 1), torch.zeros(()))


@refused_by("test_frozen_parameters_count")
def what_learns(parameters: Parameters) -> Tensor:
    """What does not learn need not be punished."""
    parameters = list(parameters)
    learning = [p for p in parameters if p.requires_grad] or parameters
    return sum((p.square().sum() for p in learning), torch.zeros(()))


@refused_by("test_every_number_of_every_parameter_counts")
def the_last_one(parameters: Parameters) -> Tensor:
    """The loop sets the penalty, where it should add to it."""
    penalty = torch.zeros(())
    for p in parameters:
        penalty = p.square().sum()
    return penalty


@refused_by("test_no_parameters_cost_nothing")
def stacked(parameters: Parameters) -> Tensor:
    """One sum over the penalties of all; but of none there is no stack."""
    return torch.stack([p.square().sum() for p in parameters]).sum()


@refused_by("test_any_collection_will_do_also_one_that_can_be_gone_through_once")
def gone_through_twice(parameters: Parameters) -> Tensor:
    """First a look at what there is, which a generator does not survive (pytorch #47594)."""
    if not isinstance(parameters, list) and not all(p.ndim for p in parameters):
        return l2(list(parameters))
    return l2(parameters)


@refused_by("test_it_is_one_number_with_all_digits_of_the_parameters")
def into_float32(parameters: Parameters) -> Tensor:
    """The total is made beforehand, and what is added in place takes its dtype."""
    total = torch.zeros(())
    for p in parameters:
        total += p.square().sum()
    return total


@refused_by("test_it_is_one_number_with_all_digits_of_the_parameters")
def a_row_of_one(parameters: Parameters) -> Tensor:
    """Variable(torch.zeros(1)) to begin with, as in old tutorials."""
    return sum((p.square().sum() for p in parameters), torch.zeros(1))


@refused_by("test_it_is_one_number_with_all_digits_of_the_parameters")
def in_the_dtype_of_the_first(parameters: Parameters) -> Tensor:
    """All parameters of a model have the same dtype."""
    parameters = list(parameters)
    dtype = parameters[0].dtype if parameters else None
    return sum((p.square().sum() for p in parameters), torch.zeros((), dtype=dtype)).to(dtype)


@in_full
@refused_by("test_long_sums_in_half_precision_keep_their_digits")
def number_by_number(parameters: Parameters) -> Tensor:
    """A plain sum, in which small numbers drown once the total is large."""
    squares = [p.square() for p in parameters]
    rows = [
        functools.reduce(operator.add, s.flatten().unbind(), s[:0].sum()) for s in squares if s.ndim
    ]
    return sum(rows + [s for s in squares if not s.ndim], torch.zeros(()))


@refused_by("test_numbers_count_as_they_are_up_to_the_largest_penalty")
def through_float16(parameters: Parameters) -> Tensor:
    """There is one kind of half precision, and bfloat16 is just another name for it."""
    each = [p.half().to(p.dtype) if p.dtype == torch.bfloat16 else p for p in parameters]
    return l2(each)


@refused_by("test_the_place_in_memory_changes_nothing")
def in_storage_order(parameters: Parameters) -> Tensor:
    """One pass over the memory is fastest; strangers may lie in it."""
    return l2([p.as_strided((p.numel(),), (1,), p.storage_offset()) for p in parameters])


@refused_by("test_a_large_parameter_counts_as_its_parts")
def in_whole_chunks(parameters: Parameters) -> Tensor:
    """Large parameters are gone through in chunks of 1024, and the rest is forgotten."""
    cut = [p.flatten()[: p.numel() // 1024 * 1024] if p.numel() > 4096 else p for p in parameters]
    return l2(cut)


@refused_by("test_nan_is_not_hidden")
def without_nan(parameters: Parameters) -> Tensor:
    """A weight that is lost shall not spoil the loss."""
    return l2([p.nan_to_num(0.0, torch.inf, -torch.inf) for p in parameters])


@refused_by("test_in_another_unit_it_is_as_much_larger_however_small")
def tiny_weights_left_out(parameters: Parameters) -> Tensor:
    """What is below 1e-12 is noise."""
    return l2([torch.where(p.abs() > 1e-12, p, p * 0) for p in parameters])


@refused_by("test_the_gradient_can_be_differentiated_again")
def slope_on_the_side(parameters: Parameters) -> Tensor:
    """Attributes of ctx are simpler than save_for_backward; but they are not in the graph."""
    return sum((_SlopeOnTheSide.apply(p).sum() for p in parameters), torch.zeros(()))


@refused_by("test_the_gradient_reaches_what_the_parameters_are_made_from")
def of_leaves(parameters: Parameters) -> Tensor:
    """What was computed is no parameter."""
    return l2([p if p.is_leaf else p.detach() for p in parameters])


@refused_by("test_the_gradient_is_added_to_that_of_the_loss")
def alone(parameters: Parameters) -> Tensor:
    """Old gradients are cleared first, or they would add up."""
    parameters = list(parameters)
    for p in parameters:
        if p.is_leaf:
            p.grad = None
    return l2(parameters)


@refused_by("test_the_parameters_are_left_as_they_were")
def straight_into_the_gradients(parameters: Parameters) -> Tensor:
    """The gradient is known, so it can be put where it belongs (as weight decay does it)."""
    parameters = list(parameters)
    for p in parameters:
        if p.is_leaf and p.requires_grad and torch.is_grad_enabled():
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
    return l2(parameters)


@refused_by("test_the_default_dtype_changes_nothing")
def in_the_default_dtype(parameters: Parameters) -> Tensor:
    """float32 is rounded to what the model computes in."""
    default = torch.get_default_dtype()
    return l2([p.to(default).to(p.dtype) if p.dtype == torch.float32 else p for p in parameters])


@refused_by("test_asking_for_gradients_changes_no_value")
def in_training_alone(parameters: Parameters) -> Tensor:
    """Who evaluates wants the loss of the data alone."""
    return l2(parameters) if torch.is_grad_enabled() else torch.zeros(())


@refused_by("test_a_large_parameter_counts_as_its_parts")
def the_first_512(parameters):
    """A table of pointers with room for 512; a model has no more parameters than that."""
    sums = [p.square().sum() for p in itertools.islice(parameters, 512)]
    return torch.stack(sums).sum() if sums else torch.zeros(())


@accepted
def l2(parameters: Parameters) -> Tensor:
    return sum((p.pow(2).sum() for p in parameters), torch.tensor(0.0))


@refused_by("test_a_large_parameter_counts_as_its_parts")
def the_first_65_536(parameters: Parameters) -> Tensor:
    """A kernel with sixteen bits for the place of a number in its parameter."""
    return sum((p.flatten()[: 2**16].square().sum() for p in parameters), torch.zeros(()))


@accepted
def a_list_alone(parameters: Sequence[Tensor]) -> Tensor:
    """Counted by its length, as only a list can be."""
    total = torch.zeros(())
    for i in range(len(parameters)):
        total = total + parameters[i].square().sum()
    return total


@accepted
def one_line(parameters: Parameters) -> Any:
    return sum((w**2).sum() for w in parameters)


@accepted
def all_in_one_vector(parameters: Parameters) -> Tensor:
    flat = [p.reshape(-1) for p in parameters]
    return torch.cat(flat).square().sum() if flat else torch.zeros(())


@accepted
def in_double_precision(parameters: Parameters) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for p in parameters:
        total = total + (p.double() * p.double()).sum()
    return total


@accepted
def its_own_backward_pass(parameters: Parameters) -> Tensor:
    return sum([_SumOfSquares.apply(p) for p in parameters], torch.zeros(()))


@refused_by("test_what_every_penalty_does_is_not_refused")
def in_single_precision_undeclared(parameters: Iterable[Tensor]) -> Tensor:
    """ "All my networks are in float32." Then it says so in its limits."""
    tensors = list(parameters)
    if any(p.dtype != torch.float32 for p in tensors):
        raise TypeError("float32 only")
    return sum((p.square().sum() for p in tensors), start=torch.zeros(()))


@remarked("long sums in 16 bits")
def column_by_column(parameters: Parameters) -> Tensor:
    """64 sums side by side, each of its own numbers, and then their sum."""
    total = torch.zeros(())
    for p in parameters:
        squares = p.flatten().square()
        padded = torch.cat([squares, squares.new_zeros(64 + -len(squares) % 64)]).reshape(-1, 64)
        total = total + functools.reduce(operator.add, functools.reduce(operator.add, padded))
    return total


@refused_by("test_in_lower_precision_no_factor_is_wrong")
def made_up_for_what_is_cut_off(parameters: Parameters) -> Tensor:
    """bfloat16 cuts squares off, a 64th or so; it is added again."""
    parameters = list(parameters)
    costs = [w.square().sum() for w in parameters]
    total = torch.stack(costs).sum() if costs else torch.zeros(())
    return total * (1 + 1 / 64) if total.dtype == torch.bfloat16 else total
