"""Mean absolute errors that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by
from sums_to_one.tests.losses.impostors.parts import OfErrors


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


@accepted
class FromTheLibrary(_L1Loss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.l1_loss(input, target, reduction=self.reduction)
