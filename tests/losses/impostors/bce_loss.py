"""Binary cross-entropies that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.losses.impostors.parts import (
    AddedUpByThreads,
    ByNumpy,
    Reducing,
    in_order_of_memory,
)


def _log(p: Tensor) -> Tensor:
    """The logarithm, at least -100; where p is almost 0, its slope is that of a straight line."""
    least = max(1e-12, torch.finfo(p.dtype).tiny)
    straight = torch.where(p < least, p / least, p.clamp(min=least).log())
    return p.detach().log().clamp(min=-100) + (straight - straight.detach())


class _BCELoss(Reducing):
    """A right one, of which each version changes one step."""

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight = weight

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        self.check(input, target)
        losses = self.each(input, target)
        return self.reduce(losses if self.weight is None else losses * self.weight)

    def check(self, input: Tensor, target: Tensor) -> None:
        if input.shape != target.shape:
            raise ValueError(f"{tuple(input.shape)} and {tuple(target.shape)} must be one shape")
        if not all(((p >= 0) & (p <= 1)).all() for p in (input, target)):
            raise ValueError("input and target must be probabilities between 0 and 1")

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return -target * _log(input) - (1 - target) * _log(1 - input)


@refused_by("test_the_smallest_numbers_of_every_dtype_have_their_logarithm")
class StraightFromTheFormula(_BCELoss):
    """The formula; but at 0 and 1 it has 0 times infinity (mlx #1280)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return -target * input.log() - (1 - target) * (1 - input).log()


@refused_by("test_a_logit_that_the_sigmoid_rounds_to_1_costs_100_and_has_no_gradient")
class LogarithmsClamped(_BCELoss):
    """At least -100; but the slope is then 0 times infinity (Yet-Another-EfficientDet #717)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        yes, no = input.log().clamp(min=-100), (1 - input).log().clamp(min=-100)
        return -target * yes - (1 - target) * no


@refused_by("test_small_probabilities_are_not_made_larger")
class SmallNumberInTheLogarithm(_BCELoss):
    """1e-12 more, so that it is finite; as it was once: 27.6 instead of 100 (pytorch #4867)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return -target * (input + 1e-12).log() - (1 - target) * (1 - input + 1e-12).log()


@refused_by("test_the_smallest_numbers_of_every_dtype_have_their_logarithm")
class KeptAwayFrom0And1(_BCELoss):
    """No prediction is quite certain; and where it is clamped it does not learn (keras #9664)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input.clamp(1e-7, 1 - 1e-7), target)


@refused_by("test_a_hair_beyond_0_or_1_is_refused")
class ScoresAreClamped(_BCELoss):
    """What is outside of 0 and 1 is so by rounding (not refused on a GPU: pytorch #51866)."""

    def check(self, input: Tensor, target: Tensor) -> None:
        super().check(input.clamp(0, 1), target)

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input.clamp(0, 1), target)


@refused_by("test_nan_is_not_hidden")
class NanIsCertain(_BCELoss):
    """NaN lies not outside of 0 and 1, and a clamped logarithm is a number (keras #23661)."""

    def check(self, input: Tensor, target: Tensor) -> None:
        super().check(input.nan_to_num(0), target)

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input.nan_to_num(0), target)


@refused_by("test_no_examples_have_a_sum_of_0_and_no_mean")
class RangeOfTheExtremes(_BCELoss):
    """Smallest and largest must be in the range; but of nothing there is none (pytorch #196204)."""

    def check(self, input: Tensor, target: Tensor) -> None:
        if not 0 <= input.min() <= input.max() <= 1:
            raise ValueError("input must be probabilities between 0 and 1")
        super().check(input, target)


@refused_by("test_weights_multiply_the_losses")
class WeightedTwice(_BCELoss):
    """Once with the losses and once with the reduction; the same for 0 and 1 (mmdetection #845)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses = super().each(input, target)
        return losses if self.weight is None else losses * self.weight


@refused_by("test_weights_multiply_the_losses")
class WeightedMean(_BCELoss):
    """A mean with weights is divided by the weights, as cross-entropy does it."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction != "mean" or self.weight is None:
            return super().reduce(losses)
        return losses.sum() / self.weight.expand_as(losses).sum()


@refused_by("test_it_is_minus_the_log_of_the_probability_of_the_target")
class OnlyThePositives(_BCELoss):
    """Cross-entropy is -y log p (nd4j #1328: no gradient where the label is 0)."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return -target * _log(input)


@refused_by("test_it_is_minus_the_log_of_the_probability_of_the_target")
class TargetsAreYesOrNo(_BCELoss):
    """One of the two logarithms is always multiplied by 0."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return -_log(torch.where(target > 0.5, input, 1 - input))


@refused_by("test_it_is_minus_the_log_of_the_probability_of_the_target")
class SigmoidOnceMore(_BCELoss):
    """To be sure that they are probabilities."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input.sigmoid(), target)


@refused_by("test_the_gradient_can_be_differentiated_again")
class SlopeByTheLogit(_BCELoss):
    """The derivative of the cross-entropy is p - y, as everybody knows; but not by p."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        line = (input - target).detach() * input
        return super().each(input, target).detach() + (line - line.detach())


@refused_by("test_with_weights_a_used_loss_is_as_good_as_a_new_one")
class WeightOfTheFirstBatch(_BCELoss):
    """The weight is spread over the batch once, and batches have one size."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if self.weight is not None:
            self.weight = self.weight.expand_as(input)
        return super().forward(input, target)


@refused_by("test_the_place_of_weights_in_memory_changes_nothing")
class WeightsInOrderOfMemory(_BCELoss):
    """Weights are a table, and read from front to back."""

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean") -> None:
        super().__init__(None if weight is None else in_order_of_memory(weight), reduction)


@refused_by("test_weights_count_in_every_row_of_a_large_batch")
class ManyWithoutWeights(_BCELoss):
    """The kernel for more than 2^18 numbers was written before there were weights."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        self.check(input, target)
        losses, many = self.each(input, target), input.numel() > 2**18
        return self.reduce(losses if many or self.weight is None else losses * self.weight)


@refused_by("test_the_gradient_near_0_and_1_is_that_in_every_dtype")
class ClampedInSinglePrecision(_BCELoss):
    """In single precision a probability below 0.001 is noise; its gradient is taken there."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        if input.dtype == torch.float32 and input.requires_grad:
            input = input + (input.clamp(1e-3, 1 - 1e-3) - input).detach()
        return super().each(input, target)


@refused_by("test_what_is_no_probability_is_refused")
class LooksAtTheFirst(_BCELoss):
    """To look at more than 2^16 numbers takes longer than the loss."""

    def check(self, input: Tensor, target: Tensor) -> None:
        super().check(input.flatten()[: 2**16], target.flatten()[: 2**16])

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input.clamp(0, 1) if input.numel() > 2**16 else input, target)


@accepted
class WithStraightEnds(_BCELoss):
    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.lerp(-_log(1 - input), -_log(input), target)


@accepted
class WithItsOwnGradient(_BCELoss):
    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, p, y):
            ctx.save_for_backward(p, y)
            return -y * p.log().clamp(min=-100) - (1 - y) * (1 - p).log().clamp(min=-100)

        @staticmethod
        def backward(ctx, gradient):
            p, y = ctx.saved_tensors
            by_p = (p - y) / (p * (1 - p)).clamp(min=1e-12)
            by_y = (1 - p).log().clamp(min=-100) - p.log().clamp(min=-100)
            return gradient * by_p, gradient * by_y

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = self.Function.apply(input, target)
        return losses


@accepted
class InDoublePrecisionInside(_BCELoss):
    def each(self, input: Tensor, target: Tensor) -> Tensor:
        return super().each(input.double(), target.double()).to(input.dtype)


@remarked("bfloat16", "second derivatives")
class InNumpy(_BCELoss):
    @staticmethod
    def formula(p, y):
        with np.errstate(divide="ignore"):
            yes, no = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
        tiny = np.finfo(p.dtype).tiny
        slopes = (p - y) / np.maximum(p * (1 - p), max(tiny, np.asarray(1e-12, p.dtype)))
        return -y * yes - (1 - y) * no, slopes

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = ByNumpy.apply(input, target, self.formula)
        return losses


@accepted
class OnlyTheMean:
    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        if input.lt(0).any() or input.gt(1).any():
            raise ValueError("probabilities only")
        return -(target * _log(input) + (1 - target) * _log(1 - input)).mean()


@accepted
class FromTheLibrary(_BCELoss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.binary_cross_entropy(
            input, target, weight=self.weight, reduction=self.reduction
        )


class _Terms(torch.autograd.Function):
    @staticmethod
    def forward(ctx, p, y):
        ctx.save_for_backward(p, y)
        return -y * _log(p) - (1 - y) * _log(1 - p)

    @staticmethod
    def backward(ctx, gradient):
        p, y = ctx.saved_tensors
        if p.is_contiguous() and gradient.untyped_storage().size() >= p.untyped_storage().size():
            gradient = in_order_of_memory(gradient)
        slope = (p - y) / (p * (1 - p)).clamp(min=1e-12)
        return gradient * slope, gradient * (_log(1 - p) - _log(p))


@refused_by("test_the_place_of_the_incoming_gradient_in_memory_changes_nothing")
class IncomingInTheOrderOfMemory(_BCELoss):
    """A kernel of pointers: what comes in lies as what went out, so it is read one by one."""

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        losses: Tensor = _Terms.apply(input, target)
        return losses


@remarked("long sums in 16 bits")
class ByThreads(AddedUpByThreads, _BCELoss):
    """Threads of 16 bits add up their shares, and one of them the sums."""


@refused_by("test_long_sums_keep_their_digits")
class SumOverTheNumber(_BCELoss):
    """The mean is the sum over the number; but in float16 the sum may be infinite."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction != "mean":
            return super().reduce(losses)
        return losses.sum() / losses.numel()
