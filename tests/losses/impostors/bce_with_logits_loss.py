"""Binary cross-entropies of logits that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.losses.impostors.parts import AddedUpByThreads, ByNumpy, Reducing


class _BCEWithLogitsLoss(Reducing):
    """A right one, of which each version changes one step."""

    def __init__(
        self,
        weight: Tensor | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(reduction)
        self.weight, self.pos_weight = weight, pos_weight

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if input.shape != target.shape:
            raise ValueError(f"{tuple(input.shape)} and {tuple(target.shape)} must be one shape")
        losses = self.each(input, target, 1 if self.pos_weight is None else self.pos_weight)
        return self.reduce(losses if self.weight is None else losses * self.weight)

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        return pos_weight * target * self.yes(input) + (1 - target) * self.no(input)

    def yes(self, input: Tensor) -> Tensor:
        """What it costs if the answer should have been yes."""
        return -logsigmoid(input)

    def no(self, input: Tensor) -> Tensor:
        return self.yes(-input)


@refused_by("test_what_is_loaded_counts")
class WorkedOutBeforehand(_BCEWithLogitsLoss):
    """What the positives get on top never changes; but a checkpoint may bring another one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        pos_weight = vars(self).pop("pos_weight")
        self.on_top = 0 if pos_weight is None else pos_weight - 1
        self.register_buffer("pos_weight", pos_weight)

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        return (1 + self.on_top) * target * self.yes(input) + (1 - target) * self.no(input)


@refused_by("test_logits_of_any_size_have_the_right_loss")
class SigmoidThenLogarithm(_BCEWithLogitsLoss):
    """A sigmoid and a BCELoss, one after the other; but the sigmoid of 40 is 1."""

    def yes(self, input: Tensor) -> Tensor:
        p = input.sigmoid()
        return torch.nn.functional.binary_cross_entropy(p, torch.ones_like(p), reduction="none")

    def no(self, input: Tensor) -> Tensor:
        p = input.sigmoid()
        return torch.nn.functional.binary_cross_entropy(p, torch.zeros_like(p), reduction="none")


@refused_by("test_it_is_minus_the_log_of_the_probability_of_the_target")
class LogarithmOfOnePlusExp(_BCEWithLogitsLoss):
    """log(1 + exp(-x)), as it stands in the book; but exp(800) is infinite."""

    def yes(self, input: Tensor) -> Tensor:
        return (1 + torch.exp(-input)).log()


@refused_by("test_any_pos_weight_goes_with_any_logit")
class ByTheAbsoluteValue(_BCEWithLogitsLoss):
    """exp(-|x|) never overflows; but autograd takes the slope of |x| at 0 for 0 (pytorch #2195)."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        softplus = torch.relu(-input) + torch.log1p(torch.exp(-input.abs()))
        return (1 - target) * input + (1 + (pos_weight - 1) * target) * softplus


@refused_by("test_weight_and_pos_weight_go_together")
class ClampedWithoutTheMinus(_BCEWithLogitsLoss):
    """The largest exponent is taken out, of 0 and x; but -x is what it says (pytorch #2221)."""

    def yes(self, input: Tensor) -> Tensor:
        largest = input.clamp(min=0)
        return largest + (torch.exp(-largest) + torch.exp(-input - largest)).log()


@refused_by("test_any_pos_weight_goes_with_any_logit")
class UnstableIfWeighted(_BCEWithLogitsLoss):
    """Weights came later, and their branch is the plain formula (pytorch #13773)."""

    def yes(self, input: Tensor) -> Tensor:
        plain = self.pos_weight is not None
        return (1 + torch.exp(-input)).log() if plain else super().yes(input)


@refused_by("test_pos_weight_multiplies_the_positive_part")
class WeightOnBothPartsOfASoftTarget(_BCEWithLogitsLoss):
    """The loss times 1 + (w - 1) y; the same for yes and no (Paddle #54869)."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        return super().each(input, target, 1) * (1 + (pos_weight - 1) * target)


@refused_by("test_pos_weight_multiplies_the_positive_part")
class WeightOnTheLogarithmOnly(_BCEWithLogitsLoss):
    """max(x, 0) - xy is the line, the rest is the loss and gets the weight (Paddle #65859)."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        line, factor = input.clamp(min=0) - input * target, 1 + (pos_weight - 1) * target
        return line + factor * (super().each(input, target, 1) - line)


@refused_by("test_pos_weight_multiplies_the_positive_part")
class NegativesWeightedToo(_BCEWithLogitsLoss):
    """A weight is a factor of the loss."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        return super().each(input, target, 1) * pos_weight


@refused_by("test_pos_weight_multiplies_the_positive_part")
class WeightOfTheSample(_BCEWithLogitsLoss):
    """One weight for each element of the batch (read so in pytorch #25174)."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        if isinstance(pos_weight, Tensor) and pos_weight.ndim == 1 < input.ndim:
            pos_weight = pos_weight.reshape(-1, *[1] * (input.ndim - 1))
        return super().each(input, target, pos_weight)


@refused_by("test_weights_multiply_the_losses")
class WeightedMean(_BCEWithLogitsLoss):
    """A mean with weights is divided by the weights, as cross-entropy does it."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction != "mean" or self.weight is None:
            return super().reduce(losses)
        return losses.sum() / self.weight.expand_as(losses).sum()


@refused_by("test_it_is_minus_the_log_of_the_probability_of_the_target")
class LogitsClamped(_BCEWithLogitsLoss):
    """Beyond 30 the exponential is dangerous, and nothing is left to learn."""

    def yes(self, input: Tensor) -> Tensor:
        return super().yes(input.clamp(-30, 30))


@refused_by("test_pos_weight_multiplies_the_positive_part")
class SlopeWithoutTheWeight(_BCEWithLogitsLoss):
    """The derivative of the cross-entropy is p - y, as everybody knows."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        plain = super().each(input, target, 1)
        return plain + (super().each(input, target, pos_weight) - plain).detach()


@refused_by("test_pos_weight_multiplies_the_positive_part")
class UnweightedInSinglePrecision(_BCEWithLogitsLoss):
    """The fast path for single precision knows of no pos_weight, and is taken all the same."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        weighted = input.dtype != torch.float32 or self.weight is not None
        return super().each(input, target, pos_weight if weighted else 1)


@refused_by("test_no_loss_of_any_logit_is_below_0")
class BelowZeroByRounding(_BCEWithLogitsLoss):
    """A fast logarithm is good to seven digits; the last one has a sign, too (tract #2620)."""

    def yes(self, input: Tensor) -> Tensor:
        return super().yes(input) - (2.0**-24 if input.dtype == torch.float32 else 0)


@refused_by("test_weights_count_in_every_row_of_a_large_batch")
class ManyWithoutPosWeight(_BCEWithLogitsLoss):
    """The kernel for more than 2^18 numbers was written before there was pos_weight."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        return super().each(input, target, 1 if input.numel() > 2**18 else pos_weight)


@refused_by("test_in_any_shape_every_element_costs_minus_its_log")
class AtLeastOneDimension(_BCEWithLogitsLoss):
    """A loss of every element is a list of losses, even if there is one number alone."""

    def reduce(self, losses: Tensor) -> Tensor:
        return super().reduce(torch.atleast_1d(losses))


@refused_by("test_pos_weight_multiplies_the_positive_part")
class PosWeightOfChannels(_BCEWithLogitsLoss):
    """In images a weight belongs to a channel; it is the last dimension that it goes along."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        fits = isinstance(pos_weight, Tensor) and pos_weight.shape == input.shape[1:2]
        if input.ndim == 4 and fits:
            pos_weight = pos_weight.reshape(-1, 1, 1)  # type: ignore[union-attr]  # it is a tensor
        return super().each(input, target, pos_weight)


class _SlopeAlone(torch.autograd.Function):
    """The loss with its slope, in which the weight of the positives is a mere number."""

    @staticmethod
    def forward(ctx, x, y, pos_weight):
        ctx.save_for_backward(x, y, pos_weight)
        return -(1 - y) * logsigmoid(-x) - pos_weight * y * logsigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        x, y, pos_weight = ctx.saved_tensors
        more = (pos_weight - 1) * y * torch.sigmoid(-x)
        return gradient * (x.sigmoid() - y - more.detach()), None, None


@refused_by("test_the_gradient_can_be_differentiated_again")
class CurveWithoutPosWeight(_BCEWithLogitsLoss):
    """The slope is right; that its weight stays outside of the graph was not seen."""

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        if isinstance(pos_weight, int):
            return super().each(input, target, pos_weight)
        losses: Tensor = _SlopeAlone.apply(input, target, pos_weight.expand_as(input))
        return losses


@refused_by("test_where_the_curve_becomes_a_line_no_digit_is_lost")
class SoftplusWithAThreshold(_BCEWithLogitsLoss):
    """softplus has the same formula; but beyond 20 it is a straight line, and 2e-9 too low."""

    def yes(self, input: Tensor) -> Tensor:
        return torch.nn.functional.softplus(-input)

    def no(self, input: Tensor) -> Tensor:
        return torch.nn.functional.softplus(input)


@accepted
class ByTwoBranches(_BCEWithLogitsLoss):
    def yes(self, input: Tensor) -> Tensor:
        exponent = torch.where(input > 0, -input, input)
        return torch.where(input > 0, 0, -input) + exponent.exp().log1p()


@accepted
class AsTwoClasses(_BCEWithLogitsLoss):
    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        no, yes = -torch.log_softmax(torch.stack([torch.zeros_like(input), input]), 0)
        return pos_weight * target * yes + (1 - target) * no


@accepted
class LineAndCurve(_BCEWithLogitsLoss):
    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        return (1 - target) * input - (1 + (pos_weight - 1) * target) * logsigmoid(input)


@remarked("bfloat16", "second derivatives")
class InNumpy(_BCEWithLogitsLoss):
    @staticmethod
    def formula(x, y):
        decay = np.exp(-np.abs(x))
        p = np.where(x > 0, 1, decay) / (1 + decay)
        return np.maximum(x, 0) - x * y + np.log1p(decay), p - y

    def each(self, input: Tensor, target: Tensor, pos_weight: Tensor | int) -> Tensor:
        if isinstance(pos_weight, Tensor):
            raise NotImplementedError("pos_weight is not done here")
        losses: Tensor = ByNumpy.apply(input, target, self.formula)
        return losses


@accepted
class OnlyTheMean:
    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        return -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input)).mean()


@accepted
class FromTheLibrary(_BCEWithLogitsLoss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
        )


@refused_by("test_weights_of_fewer_digits_take_none_from_the_numbers")
class InTheDtypeOfThePosWeight(_BCEWithLogitsLoss):
    """All must have one dtype to be multiplied, and the weights are what they are."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        dtype = input.dtype if self.pos_weight is None else self.pos_weight.dtype
        losses = super().forward(input.to(dtype), target.to(dtype))
        return losses.to(input.dtype)


@remarked("long sums in 16 bits")
class ByThreads(AddedUpByThreads, _BCEWithLogitsLoss):
    """Threads of 16 bits add up their shares, and one of them the sums."""
