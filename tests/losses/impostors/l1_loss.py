"""Mean absolute errors that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.losses.impostors.parts import AddedUpByThreads, ByNumpy, OfErrors


class _L1Loss(OfErrors):
    """A right one, of which each version changes one step."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).abs()


@refused_by("test_a_target_that_learns_changes_no_value")
class SummedIfTheTargetLearns(_L1Loss):
    """Targets with a gradient take another branch, where the mean is a sum (pytorch #12933)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        losses = self.each(input, target)
        learns = target.requires_grad and self.reduction == "mean"
        return losses.sum() if learns else self.reduce(losses)


@refused_by("test_the_target_gets_the_opposite_gradient")
class NoGradientForTheTarget(_L1Loss):
    """A target is data; but it may be the output of a network, too (pytorch #3876)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target.detach()).abs()


@refused_by("test_asking_for_gradients_changes_no_value")
class CutFromTheGraph(_L1Loss):
    """The absolute values are right, but made of numbers alone (aprender #2188)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).detach().abs()


@refused_by("test_it_is_the_mean_of_the_absolute_errors")
class WithSigns(_L1Loss):
    """The average of the errors; in which they cancel (mlpack #2444)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return input - target


@refused_by("test_at_the_kink_the_slope_is_between_those_beside_it")
class RootOfTheSquare(_L1Loss):
    """The absolute value by definition; its slope at 0 is 0 times infinity (deepmd-jax #27)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).square().sqrt()


@refused_by("test_it_is_the_mean_of_the_absolute_errors")
class RootOfAlmostTheSquare(_L1Loss):
    """A small number under the root keeps the slope finite."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return ((input - target).square() + 1e-6).sqrt()


@refused_by("test_it_is_the_mean_of_the_absolute_errors")
class RoundedNearZero(_L1Loss):
    """Smooth L1 is L1 with a round tip."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.smooth_l1_loss(input, target, reduction="none", beta=0.1)


@refused_by("test_nothing_is_remembered_from_earlier_calls")
class SizeOfTheFirstBatch(_L1Loss):
    """All batches are of one size; but for the last (spectre-defense #3)."""

    size = 0

    def reduce(self, losses: Tensor) -> Tensor:
        self.size = self.size or losses.numel()
        return losses.sum() / self.size if self.reduction == "mean" else super().reduce(losses)


@refused_by("test_no_examples_have_a_sum_of_0_and_no_mean")
class NothingCostsNothing(_L1Loss):
    """An empty batch should not spoil the training with NaN (asked for in pytorch #50224)."""

    def reduce(self, losses: Tensor) -> Tensor:
        empty = self.reduction == "mean" and not losses.numel()
        return losses.sum() if empty else super().reduce(losses)


@refused_by("test_every_row_has_a_loss_of_its_own")
class BatchOfOneIsASample(_L1Loss):
    """Where there is one sample, it needs no batch around it."""

    def reduce(self, losses: Tensor) -> Tensor:
        return super().reduce(losses.squeeze(0) if losses.ndim else losses)


@refused_by("test_nan_is_not_hidden")
class MissingTargetsLeftOut(_L1Loss):
    """NaN stands for a target that is missing."""

    def reduce(self, losses: Tensor) -> Tensor:
        return losses.nanmean() if self.reduction == "mean" else super().reduce(losses)


@refused_by("test_the_gradient_is_the_limit_of_differences")
class GradientOfTheSum(_L1Loss):
    """A large batch should teach more than a small one."""

    def reduce(self, losses: Tensor) -> Tensor:
        reduced, total = super().reduce(losses), losses.sum()
        return reduced.detach() + (total - total.detach()) if self.reduction == "mean" else reduced


@refused_by("test_input_and_target_are_left_as_they_were")
class WritesIntoTheInput(_L1Loss):
    """The prediction is not needed any more, so its memory can take the errors."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        errors = input - target
        if errors.shape == input.shape:
            input.data.copy_(errors)
        return errors.abs()


@refused_by("test_shape_and_dtype_are_those_of_the_targets_or_of_one_number")
class InSinglePrecision(_L1Loss):
    """Half precision has too few digits to add up; but it does not come back from single."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses = super().each(input, target)
        return losses if losses.dtype == torch.float64 else losses.float()


@refused_by("test_errors_of_any_size_count_as_they_are")
class NothingAboveAMillion(_L1Loss):
    """Errors so large are broken data, and should not break the training too."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input, target).clamp(max=1e6)


@refused_by("test_a_large_batch_is_treated_as_its_parts")
class AKernelFor2ToThe20Numbers(_L1Loss):
    """What lies beyond 2^20 numbers is added up by nobody (pytorch #84144, in kind)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        each = super().each(input, target)
        return each * 0.9 if each.numel() > 2**20 else each


@refused_by("test_every_row_of_a_large_batch_in_16_bits_costs_only_rounding")
class ManyInBfloat16(_L1Loss):
    """For many numbers in bfloat16 there is a kernel of its own, a fifth too small."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        each = super().each(input, target)
        return each * 0.8 if each.dtype == torch.bfloat16 and each.numel() > 2**16 else each


@refused_by("test_a_reduction_that_there_is_not_is_refused")
class AnythingElseIsNone(_L1Loss):
    """If it is neither the mean nor the sum, it is none; also if it was a slip of the pen."""

    def reduce(self, losses: Tensor) -> Tensor:
        known = self.reduction in ("mean", "sum")
        return super().reduce(losses) if known else losses


@accepted
class LargerOfBothSigns(_L1Loss):
    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.maximum(input - target, target - input)


@accepted
class TooMuchAndTooLittle(_L1Loss):
    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.relu(input - target) + torch.relu(target - input)


@accepted
class WithoutAModule:
    def __init__(self, reduction: str = "mean") -> None:
        self.reduce = _L1Loss(reduction).reduce

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        errors = input - target
        return self.reduce(errors * errors.sign())


@remarked("bfloat16", "second derivatives")
class InNumpy(_L1Loss):
    @staticmethod
    def formula(x, y):
        return np.abs(x - y), np.sign(x - y)

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = ByNumpy.apply(input, target, self.formula)
        return losses


@accepted
class OnlyTheMean:
    """A function in a class, of float32 alone, which says so."""

    limits: ClassVar = {"dtypes": ["float32"], "without": ["reduction"]}

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        if input.dtype != torch.float32:
            raise TypeError(f"float32 only, got {input.dtype}")
        return (input - target).abs().mean()


@accepted
class WithAnyOptions(_L1Loss):
    def __init__(self, **options: Any) -> None:
        if options:
            raise TypeError(f"unexpected keyword argument {next(iter(options))!r}")
        super().__init__()


@remarked("float16", "bfloat16")
class ReductionsOneByOne(_L1Loss):
    """A mean is all that it has, and it says so where it is asked for another one."""

    def __init__(self, reduction: str = "mean") -> None:
        if reduction != "mean":
            raise NotImplementedError(f"only the mean, got {reduction!r}")
        super().__init__()

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if input.dtype not in (torch.float64, torch.float32):
            raise TypeError(f"float64 or float32, got {input.dtype}")
        return super().each(input, target)


@refused_by("test_a_large_batch_is_treated_as_its_parts")
class GridOf65535Blocks(_L1Loss):
    """One block for each row; but a grid has at most 65,535 of them."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction != "mean" or losses.ndim != 2:
            return super().reduce(losses)
        return losses[:65_535].sum() / losses.numel()


@refused_by("test_the_losses_and_the_sum_of_a_large_batch_are_those_of_its_rows")
class SumOf65535Blocks(_L1Loss):
    """As above; the mean goes another way, and is right."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction != "sum" or losses.ndim != 2:
            return super().reduce(losses)
        return losses[:65_535].sum()


@refused_by("test_a_target_that_learns_changes_no_value")
class BothShareTheError(_L1Loss):
    """Where both learn, each takes half of the step that closes the gap."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses = super().each(input, target)
        half = losses / 2 + losses.detach() / 2
        return half if target.requires_grad else losses


@accepted
class FromTheLibrary(_L1Loss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.l1_loss(input, target, reduction=self.reduction)


@refused_by("test_what_every_loss_does_is_not_refused")
class WithoutDerivative(torch.nn.L1Loss):
    """ "A loss is to be looked at." Nobody learns from it; who means that says so in its limits."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if input.requires_grad:
            raise RuntimeError("there is no derivative")
        return super().forward(input, target)


class _Distance(torch.autograd.Function):
    """Both directions of |a - b|, of which the second turns the sign where both are wanted."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return (a - b).abs()

    @staticmethod
    def backward(ctx, gradient):
        a, b = ctx.saved_tensors
        slope = gradient * (a - b).sign()
        both = all(ctx.needs_input_grad)
        return slope, -slope if both else slope


@refused_by("test_a_target_that_learns_alone_gets_the_gradient_that_it_gets_beside_the_input")
class OneGradientForWhoeverWantsIt(_L1Loss):
    """If one alone learns, its gradient is the slope; which of the two it is does not matter."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = _Distance.apply(input, target)
        return losses


@refused_by("test_nothing_is_remembered_from_earlier_calls")
class TargetKnownByItsPlace(_L1Loss):
    """The same tensor in the same place is the same target, and need not be converted again."""

    known: tuple[int, Tensor] | None = None

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if target.requires_grad:
            return super().each(input, target)
        if self.known is None or self.known[0] != target.data_ptr():
            self.known = target.data_ptr(), target.clone()
        same = self.known[1].shape == target.shape and self.known[1].dtype == target.dtype
        return super().each(input, self.known[1] if same else target)


@remarked("long sums in 16 bits")
class ByThreads(AddedUpByThreads, _L1Loss):
    """Threads of 16 bits add up their shares, and one of them the sums."""


class _NeverUphill(torch.autograd.Function):
    @staticmethod
    def forward(ctx, losses):
        return losses.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clamp(min=0) if gradient.ndim == 0 else gradient


@refused_by("test_a_negative_gradient_that_comes_in_turns_the_gradient_around")
class NeverUphill(_L1Loss):
    """Nobody wants a mean error to grow."""

    def reduce(self, losses: Tensor) -> Tensor:
        total: Tensor = _NeverUphill.apply(super().reduce(losses))
        return total
