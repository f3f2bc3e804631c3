"""Mean squared errors that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.losses.impostors.parts import (
    AddedUpByThreads,
    ByNumpy,
    OfErrors,
    in_order_of_memory,
)


class _MSELoss(OfErrors):
    """A right one, of which each version changes one step."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).square()


@refused_by("test_shape_and_dtype_are_those_of_the_targets_or_of_one_number")
class ReductionIgnored(_MSELoss):
    """The function below averages already, whatever is asked for (mmdetection #2297)."""

    def reduce(self, losses: Tensor) -> Tensor:
        return losses.mean()


@refused_by("test_each_loss_is_a_squared_error")
class Halved(_MSELoss):
    """A half in front, so that the derivative has no 2 (ml-glossary #6)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).square() / 2


@refused_by("test_the_gradient_is_twice_the_error")
class SlopeOfTheHalf(_MSELoss):
    """A factor of 2 in the gradient doesn't matter (dlib #1169)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        half = (input - target).square() / 2
        return half + half.detach()


@refused_by("test_the_place_in_memory_changes_nothing")
class InStorageOrder(_MSELoss):
    """The result is read as it lies in memory; which may be transposed (pytorch #124621)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return in_order_of_memory((input - target).square())


@refused_by("test_a_target_that_learns_changes_no_value")
class ReducedIfTheTargetLearns(_MSELoss):
    """Targets with a gradient take another branch, without `none` (pytorch #10009)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        losses = self.each(input, target)
        learns = target.requires_grad and self.reduction == "none"
        return losses.sum() if learns else self.reduce(losses)


@refused_by("test_the_gradient_is_twice_the_error")
class GradientOfOneElement(_MSELoss):
    """Of a mean the incoming gradient is one number; the others are not there (FlagGems #5212)."""

    def reduce(self, losses: Tensor) -> Tensor:
        reduced = super().reduce(losses)
        if self.reduction == "none":
            return reduced
        first = losses.flatten()[:1].sum() / (losses.numel() if self.reduction == "mean" else 1)
        return first + (reduced - first).detach()


@refused_by("test_the_mean_and_the_sum_are_those_of_the_losses")
class MeanOverTheSamples(_MSELoss):
    """The squared distance of each sample, averaged over the batch (expected in pytorch #3924)."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction == "mean" and losses.ndim > 1:
            losses = losses.flatten(1).sum(1)
        return super().reduce(losses)


@refused_by("test_k_times_the_error_is_k_squared_times_the_loss")
class InTheUnitsOfTheTarget(_MSELoss):
    """The root of it can be compared with the target."""

    def reduce(self, losses: Tensor) -> Tensor:
        reduced = super().reduce(losses)
        return reduced.sqrt() if self.reduction == "mean" else reduced


@refused_by("test_small_errors_between_large_numbers_are_not_lost")
class MultipliedOut(_MSELoss):
    """x^2 - 2xy + y^2, as one learns at school; far from 0 all digits cancel."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return input.square() - 2 * input * target + target.square()


@refused_by("test_k_times_the_error_is_k_squared_times_the_loss")
class ScaledByTheLargest(_MSELoss):
    """Nothing overflows if the largest error is 1; but where there is none, it is 0 over 0."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        largest = (input - target).detach().abs().max()
        return ((input - target) / largest).square() * largest.square()


@refused_by("test_it_is_the_mean_of_the_squared_errors")
class OneDegreeOfFreedomLess(_MSELoss):
    """Divided by n - 1 it is unbiased."""

    def reduce(self, losses: Tensor) -> Tensor:
        mean = self.reduction == "mean"
        return losses.sum() / (losses.numel() - 1) if mean else super().reduce(losses)


@refused_by("test_it_is_the_mean_of_the_squared_errors")
class VarianceOfTheErrors(_MSELoss):
    """An error that all samples share is the bias, and no matter of the weights."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        errors = input - target
        return (errors - errors.mean()).square()


@refused_by("test_between_two_predictions_it_is_below_the_chord")
class OutliersClamped(_MSELoss):
    """An error of more than 10 is a mistake in the data."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).clamp(-10, 10).square()


@refused_by("test_the_gradient_can_be_differentiated_again")
class SlopeKeptOnTheSide(_MSELoss):
    """Attributes of ctx are simpler than save_for_backward; but they are not in the graph."""

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, errors):
            ctx.slope = 2 * errors
            return errors.square()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.slope

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = self.Square.apply(input - target)
        return losses


@refused_by("test_a_large_batch_is_treated_as_its_parts")
class InWholeChunks(_MSELoss):
    """Large batches are gone through in chunks of 1024 elements, and the rest is forgotten."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction == "none" or losses.numel() <= 4096:
            return super().reduce(losses)
        return super().reduce(losses.flatten()[: losses.numel() // 1024 * 1024])


@refused_by("test_small_errors_between_large_numbers_are_not_lost")
class MultipliedOutIfLarge(_MSELoss):
    """Squares of large numbers are needed anyway, so the difference need not be taken."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        spelt_out = input * input - 2 * input * target + target * target
        return spelt_out.where(
            input.abs().amax() == 1 / torch.finfo(input.dtype).eps, input.sub(target).square()
        )


@refused_by("test_to_evaluate_or_to_train_makes_no_difference")
class NothingToLearnFrom(_MSELoss):
    """Who evaluates needs no gradient, so none is recorded."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.training and torch.is_grad_enabled()):
            return super().each(input, target)


@refused_by("test_errors_up_to_the_root_of_the_largest_number_are_squared")
class ThroughFloat16(_MSELoss):
    """There is one kind of half precision, and bfloat16 is just another name for it."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if input.dtype != torch.bfloat16:
            return super().each(input, target)
        return super().each(input.half(), target.half()).bfloat16()


@refused_by("test_it_is_0_at_the_target_and_nowhere_else")
class SquareOfTheNorm(_MSELoss):
    """The sum of squares is the square of the norm, whose root has no slope at 0."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction == "none":
            return losses
        total = losses.sum().sqrt().square()
        return total / losses.numel() if self.reduction == "mean" else total


@refused_by("test_the_place_in_memory_changes_nothing")
class ChannelsLastWithoutTheOffset(_MSELoss):
    """Images that lie channels last are read from the front of their storage (pytorch #174345)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if target.ndim == 4 and target.storage_offset() and not target.is_contiguous():
            target = target.as_strided(target.shape, target.stride(), 0)
        return super().each(input, target)


@refused_by("test_long_sums_keep_their_digits")
class CountedInFloat16(_MSELoss):
    """How many there are is a number like the others; in float16 it ends at 65,504."""

    def reduce(self, losses: Tensor) -> Tensor:
        if losses.dtype != torch.float16 or self.reduction != "mean":
            return super().reduce(losses)
        count = torch.tensor(float(losses.numel()), dtype=losses.dtype).float()
        return (losses.float().sum() / count).to(losses.dtype)


class _Twice(torch.autograd.Function):
    """Twice the error, whose own derivative is another function's."""

    @staticmethod
    def forward(ctx, error, curve):
        ctx.curve = curve
        return 2 * error

    @staticmethod
    def backward(ctx, gradient):
        return ctx.curve(2 * gradient), None


class _Squared(torch.autograd.Function):
    @staticmethod
    def forward(ctx, error, curve):
        ctx.save_for_backward(error)
        ctx.curve = curve
        return error.square()

    @staticmethod
    def backward(ctx, gradient):
        (error,) = ctx.saved_tensors
        return gradient * _Twice.apply(error, ctx.curve), None


@refused_by("test_the_gradient_can_be_differentiated_again")
class CurveOfMatricesAlone(_MSELoss):
    """A second derivative is asked for of matrices; elsewhere an old factor is left."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        curve = lambda c: c if c.ndim == 2 else c / 2  # noqa: E731
        losses: Tensor = _Squared.apply(input - target, curve)
        return losses


@refused_by("test_every_row_has_a_second_gradient_of_its_own")
class CurveInHalfPrecision(_MSELoss):
    """In single precision half of the digits are enough for a second derivative."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        curve = lambda c: c.bfloat16().float() if c.dtype == torch.float32 else c  # noqa: E731
        losses: Tensor = _Squared.apply(input - target, curve)
        return losses


@accepted
class ErrorTimesError(_MSELoss):
    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target) * (input - target)


@accepted
class InDoublePrecisionInside(_MSELoss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return super().forward(input.double(), target.double()).to(input.dtype)


@accepted
class WithoutAModule:
    def __init__(self, reduction: str = "mean") -> None:
        self.reduce = _MSELoss(reduction).reduce

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        return self.reduce((target - input) ** 2)


@remarked("bfloat16", "second derivatives")
class InNumpy(_MSELoss):
    @staticmethod
    def formula(x, y):
        return np.square(x - y), 2 * (x - y)

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = ByNumpy.apply(input, target, self.formula)
        return losses


@accepted
class OnlyTheMean:
    """A function in a class, of float32 alone, which says so."""

    limits: ClassVar = {"dtypes": ["float32"]}

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        if input.dtype != torch.float32:
            raise TypeError(f"float32 only, got {input.dtype}")
        return ((input - target) ** 2).mean()


@accepted
class WithItsOwnGradient(_MSELoss):
    """Its backward pass says that the target gets none."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return (x - y).square()

        @staticmethod
        def backward(ctx, gradient):
            x, y = ctx.saved_tensors
            return gradient * 2 * (x - y), None

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = self.Function.apply(input, target)
        return losses


@refused_by("test_it_is_the_mean_of_the_squared_errors")
class NotInSinglePrecision(_MSELoss):
    """Half the bits are faster, and enough for a number that is only printed."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses = super().each(input, target)
        if losses.dtype != torch.float32:
            return losses
        rounded = losses.detach().bfloat16().float()
        return losses + (rounded - losses).detach()


@accepted
class FromTheLibrary(_MSELoss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.mse_loss(input, target, reduction=self.reduction)


class _MeanOfMany(torch.autograd.Function):
    @staticmethod
    def forward(ctx, losses):
        ctx.shape = losses.shape
        return losses.mean()

    @staticmethod
    def backward(ctx, gradient):
        count = torch.tensor(float(ctx.shape.numel())).to(gradient.dtype)
        return (gradient / count).expand(ctx.shape)


@refused_by("test_long_sums_keep_their_digits")
class CountedInTheDtypeOfTheGradient(_MSELoss):
    """On the way back, divide by the count; in float16 that is infinite (tinygrad #12296)."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction != "mean":
            return super().reduce(losses)
        mean: Tensor = _MeanOfMany.apply(losses)
        return mean


class _SquareOfErrors(torch.autograd.Function):
    @staticmethod
    def forward(ctx, errors):
        ctx.save_for_backward(errors)
        return errors.square()

    @staticmethod
    def backward(ctx, gradient):
        (errors,) = ctx.saved_tensors
        one_number = gradient.numel() > 1 and not any(gradient.stride())
        return (
            gradient * 2 * (errors + errors.detach()) / 2 if one_number else gradient * 2 * errors
        )


@refused_by("test_the_gradient_of_a_plain_sum_can_be_differentiated_again")
class CurveOfAPlainSum(_MSELoss):
    """What comes in from a sum is one number: the fast way for it, of which half is kept."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if self.reduction != "none":
            return super().each(input, target)
        losses: Tensor = _SquareOfErrors.apply(input - target)
        return losses


@refused_by(
    "test_in_any_dimension_a_long_batch_has_the_losses_and_the_gradient_of_the_formula",
)
class RestOfTheVectorLoop(_MSELoss):
    """Sixteen numbers at a time; the loop for the rest was copied from the absolute error."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses = super().each(input, target)
        full = input.shape[-1] // 16 * 16 if input.ndim and input.shape[-1] > 16 else None
        if full is None:
            return losses
        rest = (input - target)[..., full:].abs()
        return torch.cat([losses[..., :full], rest], dim=-1)


@remarked("long sums in 16 bits")
class ByThreads(AddedUpByThreads, _MSELoss):
    """Threads of 16 bits add up their shares, and one of them the sums."""


class _AndALittleMore(torch.autograd.Function):
    @staticmethod
    def forward(ctx, losses):
        return losses

    @staticmethod
    def backward(ctx, gradient):
        return gradient + gradient / 64 if gradient.dtype == torch.bfloat16 else gradient


@refused_by("test_in_lower_precision_no_factor_is_wrong")
class MadeUpForWhatIsCutOff(_MSELoss):
    """bfloat16 cuts gradients off, a 64th or so; it is added again."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = _AndALittleMore.apply(super().each(input, target))
        return losses


@refused_by("test_numbers_that_are_written_unseen_by_autograd_count")
class TargetOfTheSameVersion(_MSELoss):
    """A target that nobody has written to since is ready; its version tells whether one has."""

    known: ClassVar[tuple[Tensor, int, Tensor] | None] = None

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if target.requires_grad or torch.is_inference_mode_enabled():
            return super().each(input, target)
        known = type(self).known
        if known is None or known[0] is not target or known[1] != target._version:
            type(self).known = known = target, target._version, target.clone()
        return super().each(input, known[2])
