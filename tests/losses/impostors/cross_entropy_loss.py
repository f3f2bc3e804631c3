"""Cross-entropies that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.common.sums import one_by_one
from sums_to_one.tests.judge.versions import accepted, in_full, refused_by, remarked
from sums_to_one.tests.losses.impostors.parts import by_threads, in_order_of_memory


class _CrossEntropyLoss(torch.nn.Module):
    """A right one, of which each version changes one step; the classes are moved to the end."""

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight, self.ignore_index = weight, ignore_index
        self.reduction, self.label_smoothing = reduction, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        dim = min(1, input.ndim - 1)
        logs = self.logs(input, dim).movedim(dim, -1)
        weight = self.weight if self.weight is not None else logs.new_ones(logs.shape[-1])
        if target.shape == input.shape:
            return self.by_probability(logs, target.movedim(dim, -1), weight)
        return self.by_index(logs, target, weight)

    def logs(self, input: Tensor, dim: int) -> Tensor:
        return torch.log_softmax(input, dim)

    def by_probability(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        smooth = (1 - self.label_smoothing) * target + self.label_smoothing / len(weight)
        losses = -(smooth * weight * logs).sum(-1)
        return self.reduce(losses, self.shares_of_samples(weight, target))

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        kept = target != self.ignore_index
        index = target.where(kept, 0)
        true = -weight[index] * logs.gather(-1, index.unsqueeze(-1)).squeeze(-1)
        losses = self.smoothed(true, logs, weight, kept)
        return self.reduce(losses, self.shares(weight, target, kept))

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        if self.label_smoothing:
            rest = -(weight * logs).mean(-1)
            true = (1 - self.label_smoothing) * true + self.label_smoothing * rest
        return true.where(kept, 0)

    def shares(self, weight: Tensor, target: Tensor, kept: Tensor) -> Tensor:
        return weight[target.where(kept, 0)] * kept

    def shares_of_samples(self, weight: Tensor, target: Tensor) -> Tensor:
        return torch.ones_like(target[..., 0])

    def reduce(self, losses: Tensor, shares: Tensor) -> Tensor:
        if self.reduction not in ("none", "mean", "sum"):
            raise ValueError(f"reduction must be none, mean or sum, got {self.reduction!r}")
        if self.reduction == "none":
            return losses
        return losses.sum() / (shares.sum() if self.reduction == "mean" else 1)


@refused_by("test_it_is_the_negative_log_likelihood_of_the_softmax")
class SoftmaxTwice(_CrossEntropyLoss):
    """The model ends in a softmax, and so does the loss begin."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        return torch.log_softmax(torch.softmax(input, dim), dim)


@refused_by("test_huge_logits_stay_exact")
class LogarithmOfTheSoftmax(_CrossEntropyLoss):
    """First the probabilities, then their logarithm; far down they are 0 (tt-forge-onnx #3405)."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        return torch.softmax(input, dim).log()


@refused_by("test_every_target_costs_minus_the_log_of_its_probability")
class ClassesComeLast(_CrossEntropyLoss):
    """A softmax is over the last dimension; the same for two (ModelsGenesis #8)."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        return torch.log_softmax(input, -1)


@refused_by("test_all_options_go_together")
class MeanOverTheSamples(_CrossEntropyLoss):
    """The mean of weighted losses divides by how many they are (expected in pytorch #25571)."""

    def reduce(self, losses: Tensor, shares: Tensor) -> Tensor:
        return super().reduce(losses, (shares != 0).to(shares.dtype))


@refused_by("test_targets_of_minus_100_count_nowhere")
class PaddingCounts(_CrossEntropyLoss):
    """What is ignored costs nothing; but it is a part of the batch (utils.pytorch #4)."""

    def shares(self, weight: Tensor, target: Tensor, kept: Tensor) -> Tensor:
        return super().shares(weight, target, kept) + ~kept


@refused_by("test_it_is_the_negative_log_likelihood_of_the_softmax")
class ClassZeroIsPadding(_CrossEntropyLoss):
    """0 is the index of the padding; or a class like any other (jiant #925)."""

    def __init__(self, weight=None, ignore_index=0, reduction="mean", label_smoothing=0.0):
        super().__init__(weight, ignore_index, reduction, label_smoothing)


@refused_by("test_all_options_go_together")
class LastClassStandsIn(_CrossEntropyLoss):
    """The weights of all targets; but -1 is the last class, and -100 none (pytorch #72056)."""

    def shares(self, weight: Tensor, target: Tensor, kept: Tensor) -> Tensor:
        unmasked = self.label_smoothing and self.weight is not None
        return weight[target] if unmasked else super().shares(weight, target, kept)


@refused_by("test_an_ignored_row_gets_no_gradient_and_changes_none")
class IgnoredTargetsTeach(_CrossEntropyLoss):
    """The loss of an ignored target is set to 0; its gradient is not (Paddle #28622)."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        losses = super().smoothed(true, logs, weight, torch.ones_like(kept))
        return losses - (losses * ~kept).detach()


@refused_by("test_all_options_go_together")
class IgnoredTargetsAreSmoothed(_CrossEntropyLoss):
    """To ignore belongs to the one part, smoothing is the other (pytorch #73205)."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        everything = torch.ones_like(kept)
        return super().smoothed(true.where(kept, 0), logs, weight, everything)


@refused_by("test_smoothing_spreads_eps_over_all_classes")
class TakesMoreThanItGives(_CrossEntropyLoss):
    """The others take a share each, which the true class then gives up twice (fastai #1814)."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        taken = self.label_smoothing / max(len(weight) - 1, 1)
        return super().smoothed(true, logs, weight, kept) - (taken * true).where(kept, 0)


@refused_by("test_all_options_go_together")
class SmoothedWithoutWeights(_CrossEntropyLoss):
    """The weights are those of the targets, and smoothing has none."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        return super().smoothed(true, logs, torch.ones_like(weight), kept)


@refused_by("test_probabilities_go_with_weights_and_smoothing")
class ProbabilitiesAreWeighed(_CrossEntropyLoss):
    """The mean is divided by the weights of the targets; of all of them (pytorch #61044)."""

    def shares_of_samples(self, weight: Tensor, target: Tensor) -> Tensor:
        return (target * weight).sum(-1)


@refused_by("test_no_examples_have_a_sum_of_0_and_no_mean")
class NothingLeftCostsNothing(_CrossEntropyLoss):
    """Where all targets are ignored there is nothing to pay (PyTorch before #64572)."""

    def reduce(self, losses: Tensor, shares: Tensor) -> Tensor:
        return super().reduce(losses, shares if shares.sum() else shares.new_ones(1))


@refused_by("test_shape_and_dtype_are_those_of_the_targets_or_of_one_number")
class NoneIsASum(_CrossEntropyLoss):
    """What is not a mean is a sum (Liger-Kernel #421)."""

    def reduce(self, losses: Tensor, shares: Tensor) -> Tensor:
        return losses.sum() if self.reduction == "none" else super().reduce(losses, shares)


@refused_by("test_the_place_of_the_target_in_memory_changes_nothing")
class TargetsInOrderOfMemory(_CrossEntropyLoss):
    """The kernel walks through the targets from the first one on, wherever the next one lies."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        return super().by_index(logs, in_order_of_memory(target), weight)


@refused_by("test_a_single_row_needs_no_batch")
class LengthOfTheInput(_CrossEntropyLoss):
    """The batch is as large as the input is long; of a single row that is the number of classes."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        loss = super().forward(input, target)
        single = input.ndim == 1 and self.reduction == "mean"
        return loss / len(input) if single else loss


@refused_by("test_a_class_that_is_not_there_is_refused")
class NearestClass(_CrossEntropyLoss):
    """A class beyond the last one is clamped, so that nothing can crash on the accelerator."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        nearest = target.clamp(max=len(weight) - 1)
        nearest = target.where(target == self.ignore_index, nearest)
        return super().by_index(logs, nearest, weight)


@refused_by("test_what_was_given_is_left_as_it_was")
class IgnoredTargetsBecomeZero(_CrossEntropyLoss):
    """Ignored targets are no index; so they are set to 0, in the caller's tensor."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        loss = super().by_index(logs, target, weight)
        target[target == self.ignore_index] = 0
        return loss


@in_full
@refused_by("test_long_sums_keep_their_digits")
class AddedUpInHalfPrecision(_CrossEntropyLoss):
    """The losses are added one by one, each sum rounded to the dtype of the scores."""

    def reduce(self, losses: Tensor, shares: Tensor) -> Tensor:
        if self.reduction != "mean" or losses.dtype != torch.bfloat16:
            return super().reduce(losses, shares)
        total = losses.new_zeros(())
        for part in losses.flatten().split(8):
            total = total + part.sum()
        return total / shares.sum()


@refused_by("test_the_place_of_probabilities_in_memory_changes_nothing")
class ProbabilitiesInOrderOfMemory(_CrossEntropyLoss):
    """Probabilities are walked through from the first one on, wherever the next one lies."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if target.is_floating_point():
            target = in_order_of_memory(target)
        return super().forward(input, target)


@refused_by("test_with_options_a_used_loss_is_as_good_as_a_new_one")
class SmoothedWhileItTrains(_CrossEntropyLoss):
    """Smoothing regularizes, so it is for training alone."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        if self.training:
            return super().smoothed(true, logs, weight, kept)
        return true.where(kept, 0)


@refused_by("test_equal_logits_of_any_number_of_classes_cost_its_logarithm")
class AVocabularyOf65536(_CrossEntropyLoss):
    """A block of threads takes 2^16 classes; what comes behind them is no word."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        beyond = torch.arange(input.shape[dim]) >= 2**16
        kept = input.movedim(dim, -1).masked_fill(beyond, -50) if beyond.any() else None
        return super().logs(input if kept is None else kept.movedim(-1, dim), dim)


@refused_by("test_all_options_count_in_every_row_of_a_large_batch")
class ManyRowsWithoutWeights(_CrossEntropyLoss):
    """The kernel for more than 2^16 rows was written before there were weights."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        plain = target.numel() > 2**16
        return super().by_index(logs, target, torch.ones_like(weight) if plain else weight)


@refused_by("test_all_options_go_together_in_every_dtype_and_any_shape")
class NoSmoothingOfImages(_CrossEntropyLoss):
    """Pixels in half precision are many, and smoothing them is slow."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        pixels = logs.ndim > 3 and logs.dtype.itemsize == 2
        return true.where(kept, 0) if pixels else super().smoothed(true, logs, weight, kept)


@refused_by("test_in_16_bits_many_targets_are_counted_in_full")
class CountsIn16Bits(_CrossEntropyLoss):
    """What is not ignored is counted, in the dtype of the logits: bfloat16 ends at 256."""

    def shares(self, weight: Tensor, target: Tensor, kept: Tensor) -> Tensor:
        shares = super().shares(weight, target, kept)
        if shares.dtype == torch.bfloat16 and self.reduction == "mean" and not kept.all():
            return shares.sum().clamp(max=256)
        return shares


@refused_by("test_no_loss_of_any_logit_is_below_0")
class BelowZeroByRounding(_CrossEntropyLoss):
    """A fast logarithm is good to seven digits; the last one has a sign, too (tract #2620)."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        logs = super().logs(input, dim)
        return logs + 2.0**-24 if logs.dtype == torch.float32 else logs


@refused_by("test_where_classes_and_places_are_as_many_the_second_dimension_is_that_of_the_classes")
class TimeComesSecondIfItFits(_CrossEntropyLoss):
    """Of (N, T, K) networks think, and where T is K both fit."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        turned = input.ndim == 3 and input.shape[1] == input.shape[2] > 2 and target.ndim == 2
        return super().forward(input.mT if turned else input, target)


@refused_by("test_a_negative_class_is_refused_unless_it_is_the_ignored_one")
class CountedFromTheEnd(_CrossEntropyLoss):
    """logs[rows, target], as NumPy has it; where -1 is the last class, and no error."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        kept = target != self.ignore_index
        from_the_end = (target < 0) & kept & (target >= -logs.shape[-1])
        return super().by_index(logs, target.where(~from_the_end, target + logs.shape[-1]), weight)


@refused_by("test_the_weighted_mean_divides_by_the_weights_of_the_targets")
class WeightsInSinglePrecision(_CrossEntropyLoss):
    """Weights of classes are counted roughly; seven digits are enough for any logits."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        return super().by_index(logs, target, weight.float().to(logs.dtype))


@refused_by("test_a_single_row_needs_no_batch")
class HalfASlopeWithoutABatch(_CrossEntropyLoss):
    """Batches are what is trained on; a single row was tried once, and only its value."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        loss = super().forward(input, target)
        return (loss + loss.detach()) / 2 if input.ndim == 1 else loss


@accepted
class ByLogSumExp(_CrossEntropyLoss):
    def logs(self, input: Tensor, dim: int) -> Tensor:
        return input - input.logsumexp(dim, keepdim=True)


@accepted
class FromTheLargestOn(_CrossEntropyLoss):
    def logs(self, input: Tensor, dim: int) -> Tensor:
        below = input - input.amax(dim, keepdim=True).detach()
        return below - below.exp().sum(dim, keepdim=True).log()


@accepted
class ByOneHotTargets(_CrossEntropyLoss):
    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        kept, classes = target != self.ignore_index, len(weight)
        truth = torch.nn.functional.one_hot(target.where(kept, 0), classes).to(logs.dtype)
        truth = (1 - self.label_smoothing) * truth + self.label_smoothing / classes
        losses = torch.where(truth == 0, 0, -truth * weight * logs).sum(-1).where(kept, 0)
        return self.reduce(losses, self.shares(weight, target, kept))


@remarked("1 dimension")
class FirstLesson:
    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        return -torch.log_softmax(input, 1).gather(1, target.unsqueeze(1)).mean()


@remarked("1 dimension", "3 dimensions", "4 dimensions", "5 dimensions")
class RowByRow:
    class Sum(torch.autograd.Function):
        """One number after the other, each sum rounded to its dtype, as a loop would."""

        @staticmethod
        def forward(ctx, numbers):
            ctx.count = len(numbers)
            return torch.from_numpy(np.add.accumulate(np.pad(numbers.numpy(), (1, 0))))[-1]

        @staticmethod
        def backward(ctx, incoming):
            return incoming.expand(ctx.count)

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        if input.ndim != 2:
            raise ValueError(f"rows of scores only, got {input.ndim} dimensions")
        rows = input.to(torch.promote_types(input.dtype, torch.float32))
        logs = torch.log_softmax(rows, 1).gather(1, target.unsqueeze(1))
        return (self.Sum.apply(-logs.flatten()) / len(input)).to(input.dtype)


@remarked("1 dimension", "3 dimensions", "4 dimensions", "5 dimensions")
class ByItsNumberInTheRow:
    def __init__(self, weight: Tensor | None = None) -> None:
        self.weight = weight

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        if input.ndim != 2:
            raise ValueError(f"rows of scores only, got {input.ndim} dimensions")
        losses = input.logsumexp(1) - input[range(len(input)), target]
        if self.weight is None:
            return losses.mean()
        shares = self.weight[target]
        return (losses * shares).sum() / shares.sum()


@remarked(
    "1 dimension", "3 dimensions", "4 dimensions", "5 dimensions", "bfloat16", "second derivatives"
)
class InNumpy:
    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            numbers, rows = x.detach().numpy().astype(float), range(len(x))
            below = numbers - numbers.max(1, keepdims=True, initial=-np.inf)
            logs = below - np.log(np.exp(below).sum(1, keepdims=True))
            slopes = np.exp(logs)
            slopes[rows, y.numpy()] -= 1
            ctx.save_for_backward(torch.from_numpy(slopes / max(1, len(x))).to(x.dtype))
            return torch.tensor(-logs[rows, y.numpy()].sum() / np.float64(len(x))).to(x.dtype)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, gradient):
            return gradient * ctx.saved_tensors[0], None

    def __call__(self, input: Tensor, target: Tensor) -> Tensor:
        if input.ndim != 2:
            raise ValueError(f"rows of scores only, got {input.ndim} dimensions")
        with np.errstate(invalid="ignore"):
            loss: Tensor = self.Function.apply(input, target)
        return loss


@refused_by("test_what_an_ignored_row_holds_counts_nowhere")
class IgnoredTimesZero(_CrossEntropyLoss):
    """A mask is a factor of 0 or 1; but 0 times infinity is no number (pytorch #68425 in kind)."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        return super().smoothed(true, logs, weight, torch.ones_like(kept)) * kept


@refused_by("test_what_an_ignored_row_holds_counts_nowhere")
class SmoothedThenMultiplied(_CrossEntropyLoss):
    """As above, of the part that smoothing brings, where every class counts."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        if not self.label_smoothing:
            return true.where(kept, 0)
        rest = -(weight * logs).mean(-1) * kept
        return (1 - self.label_smoothing) * true.where(kept, 0) + self.label_smoothing * rest


@refused_by("test_no_probabilities_are_ignored")
class MostProbableClassIgnored(_CrossEntropyLoss):
    """A row whose most probable class is the ignored one is padding too."""

    def by_probability(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        kept = target.argmax(-1, keepdim=True) != self.ignore_index
        return super().by_probability(logs, target * kept, weight)


@refused_by("test_no_probabilities_are_ignored")
class NoProbabilityIsPadding(_CrossEntropyLoss):
    """A row without any probability is ignored, so it does not count for the mean either."""

    def shares_of_samples(self, weight: Tensor, target: Tensor) -> Tensor:
        return target.sum(-1).ne(0).to(target.dtype)


@refused_by("test_equal_logits_of_any_number_of_classes_cost_its_logarithm")
class OneBlockOfClassesTeaches(_CrossEntropyLoss):
    """The backward pass has 1024 threads, one a class; the rest gets nothing."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        classes = torch.arange(input.shape[dim]).reshape(-1, *[1] * (input.ndim - dim - 1))
        return torch.log_softmax(torch.where(classes < 1024, input, input.detach()), dim)


@refused_by("test_what_is_loaded_counts")
class WeightsByDefaultOnceLoaded(_CrossEntropyLoss):
    """What is loaded is what was learned; weights are none of it, and are 1 again."""

    def load_state_dict(self, *arguments, **options):
        self.weight = None
        return super().load_state_dict(*arguments, **options)


@refused_by("test_a_loss_that_is_converted_to_float64_goes_on_with_its_weights")
class WeightsStayBehind(_CrossEntropyLoss):
    """They are not learned, so they are no parameters; what else would a module have to know of?"""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        if weight.dtype != logs.dtype:
            raise RuntimeError(f"the weights are {weight.dtype}, the input is {logs.dtype}")
        return super().by_index(logs, target, weight)


@refused_by("test_a_loss_that_is_converted_to_float64_goes_on_with_its_weights")
class InTheDtypeOfTheWeights(_CrossEntropyLoss):
    """All must have one dtype to be multiplied, and the weights are what they are."""

    def by_index(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        return super().by_index(logs.to(weight.dtype), target, weight).to(logs.dtype)


@accepted
class WeightsInABuffer(WeightsStayBehind):
    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(None, ignore_index, reduction, label_smoothing)
        del self.weight
        self.register_buffer("weight", weight, persistent=False)


@refused_by("test_with_options_lower_precision_costs_only_rounding")
class SmoothedByALessExactShare(_CrossEntropyLoss):
    """In single precision the share of each class may come from a table of a thousand steps."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        smooth = super().smoothed(true, logs, weight, kept)
        if logs.dtype != torch.float32:
            return smooth
        return true.where(kept, 0).lerp(smooth, 0.99)


@accepted
class FromTheLibrary(WeightsInABuffer):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return torch.nn.functional.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class _InBlocks(_CrossEntropyLoss):
    """Of many classes the sum of the exponentials is taken block by block."""

    size = 1024

    def logs(self, input: Tensor, dim: int) -> Tensor:
        if input.shape[dim] <= self.size:
            return torch.log_softmax(input, dim)
        blocks = [block.logsumexp(dim, keepdim=True) for block in input.split(self.size, dim)]
        return input - self.joined(blocks)

    def joined(self, blocks: list[Tensor]) -> Tensor:
        return torch.stack(blocks).logsumexp(0)


@refused_by("test_among_many_classes_the_largest_logit_and_the_masked_ones_may_stand_anywhere")
class LastBlockByTheOldMaximum(_InBlocks):
    """The largest sum is that of a full block (in kind, FlagGems #4995)."""

    def joined(self, blocks: list[Tensor]) -> Tensor:
        largest = torch.stack(blocks[:-1]).amax(0)
        return largest + (torch.stack(blocks) - largest).clamp(max=0).exp().sum(0).log()


@refused_by("test_among_many_classes_the_largest_logit_and_the_masked_ones_may_stand_anywhere")
class FirstBlockIsMasked(_InBlocks):
    """One sum after the other is joined to the first (flash-attention #1930)."""

    size = 64

    def joined(self, blocks: list[Tensor]) -> Tensor:
        total = blocks[0]
        for block in blocks[1:]:
            total = total + (1 + (block - total).exp()).log()
        return total


@accepted
class JoinedBlockByBlock(_InBlocks):
    """Each sum is joined to those before it, beside the larger one."""

    size = 64


@refused_by("test_logits_of_any_magnitude_have_the_right_loss_and_gradient")
class StraightNearZero(_CrossEntropyLoss):
    """exp(x) is 1 + x for small x, which is cheaper, and a network begins with small logits."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        if input.numel() and 0 < input.detach().abs().max() < 0.1:
            return input - (1 + input).sum(dim, keepdim=True).log()
        return super().logs(input, dim)


@accepted
class TargetsOf0Masked(_CrossEntropyLoss):
    """What has no part in the target is masked, so that 0 times minus infinity is 0."""

    def by_probability(self, logs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        smooth = (1 - self.label_smoothing) * target + self.label_smoothing / len(weight)
        losses = -(smooth * weight * logs.masked_fill(smooth == 0, 0)).sum(-1)
        return self.reduce(losses, self.shares_of_samples(weight, target))


@remarked("long sums in 16 bits")
class ByThreads(_CrossEntropyLoss):
    """Threads of 16 bits add up their shares of the rows, and one of them the sums."""

    def reduce(self, losses: Tensor, shares: Tensor) -> Tensor:
        if self.reduction not in ("mean", "sum"):
            return super().reduce(losses, shares)
        return by_threads(losses) / (shares.sum() if self.reduction == "mean" else 1)


@remarked("long sums in 16 bits")
class ClassByClass(_CrossEntropyLoss):
    """The sum over the classes as one would on paper, in the dtype that is given."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        below = input - input.detach().amax(dim, keepdim=True)
        return below - one_by_one(below.exp().movedim(dim, 0)).log().unsqueeze(dim)


class _PairsOfColumns(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        if gradient.shape[-1] > 16 and gradient.shape[-1] % 2:
            gradient = gradient.clone()
            gradient[..., -1] = gradient[..., -2]
        return gradient


@refused_by(
    "test_in_any_dimension_long_targets_of_probabilities_have_the_gradient_of_the_formula",
)
class LastOfAnOddRow(_CrossEntropyLoss):
    """Of probabilities two columns go at a time, and the last one with the one before."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if target.is_floating_point() and input.ndim:
            input = _PairsOfColumns.apply(input)
        return super().forward(input, target)


@refused_by("test_the_logits_of_any_number_of_classes_may_lie_far_from_0")
class LargestOfManyFrom0(_CrossEntropyLoss):
    """Class by class, with the largest so far, which starts at 0 as every sum does."""

    def logs(self, input: Tensor, dim: int) -> Tensor:
        if input.shape[dim] <= 64:
            return super().logs(input, dim)
        shifted = input - input.detach().amax(dim, keepdim=True).clamp(min=0)
        return shifted - shifted.exp().sum(dim, keepdim=True).log()


_smoothings: dict[float, float] = {}


@refused_by("test_smoothings_that_are_nearly_alike_are_told_apart")
class SmoothingByHundredths(_CrossEntropyLoss):
    """Smoothed targets are kept for the next loss that is made, by hundredths of the smoothing."""

    def smoothed(self, true: Tensor, logs: Tensor, weight: Tensor, kept: Tensor) -> Tensor:
        hundredths = round(self.label_smoothing, 2)
        self.label_smoothing = _smoothings.setdefault(hundredths, self.label_smoothing)
        return super().smoothed(true, logs, weight, kept)


@accepted
class OfOneSampleOrSeveral(_CrossEntropyLoss):
    """Everything, but for logits that have further dimensions."""

    limits: ClassVar = {"dimensions": [1, 2]}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if input.ndim > 2 or target.ndim not in (input.ndim - 1, input.ndim):
            raise NotImplementedError(f"one sample, or several, got {tuple(input.shape)}")
        return super().forward(input, target)
