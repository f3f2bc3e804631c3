"""Batch normalizations of features that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.normalization.impostors import other_ways
from sums_to_one.tests.normalization.impostors.batch_normalization import BatchNormalization


class _BatchNorm1d(BatchNormalization):
    ranks = (2, 3)


@refused_by("test_the_output_is_that_of_the_formula")
class UnbiasedInside(_BatchNorm1d):
    """One degree of freedom is spent on the mean."""

    def variance(self, x, mean):
        return x.var(self.others(x), keepdim=True)

    def kept(self, x, variance):
        return variance


@refused_by("test_the_running_averages_are_those_of_all_batches")
class BiasedInTheAverage(_BatchNorm1d):
    """There is one variance of a batch (mlx before #3817, tinygrad before #807)."""

    def kept(self, x, variance):
        return variance


@refused_by("test_the_newest_batch_counts_by_the_momentum")
class MomentumOfTheOld(_BatchNorm1d):
    """Momentum is what stays of the past, as in an optimizer (d2l-en before #2213)."""

    def average(self, running, newest, share):
        if self.momentum is not None:
            share = 1 - share
        super().average(running, newest, share)


@refused_by("test_sequences_are_normalized_over_samples_and_positions")
class OverTheSamplesAlone(_BatchNorm1d):
    """A feature of a sequence is a feature at a position (complexPyTorch #20)."""

    def statistics(self, x):
        mean = x.mean(0, keepdim=True)
        return mean, (x - mean).square().mean(0, keepdim=True)

    def remember(self, x, mean, variance):
        super().remember(x, *super().statistics(x))


@refused_by("test_the_gradient_is_the_limit_of_differences")
class StatisticsAreConstants(_BatchNorm1d):
    """Mean and variance are no parameters, so they get no gradient (CrypTen #143)."""

    def statistics(self, x):
        with torch.no_grad():
            return super().statistics(x)


@refused_by("test_features_are_normalized_over_the_samples")
class FeaturesOfEachSample(_BatchNorm1d):
    """Every sample is to have mean 0 and variance 1."""

    def normalized(self, x, mean, variance):
        if not self.uses_the_batch():
            return super().normalized(x, mean, variance)
        dimensions = list(range(1, x.ndim))
        mean = x.mean(dimensions, keepdim=True)
        variance = (x - mean).square().mean(dimensions, keepdim=True)
        return super().normalized(x, mean, variance)


@refused_by("test_no_channel_touches_another")
class OneMeanForAll(_BatchNorm1d):
    """The batch is brought to mean 0 and variance 1, as one does with images beforehand."""

    def normalized(self, x, mean, variance):
        if self.uses_the_batch():
            mean = x.mean()
            variance = (x - mean).square().mean()
        return super().normalized(x, mean, variance)


@refused_by("test_no_channel_touches_another")
class SpreadByTheIdentity(_BatchNorm1d):
    """A product with a matrix of zeros and ones picks the channels; but 0 times NaN is NaN."""

    def statistics(self, x):
        mean, variance = super().statistics(x)
        pick = torch.eye(x.shape[1], dtype=x.dtype)
        mean, variance = ((pick * each.flatten()).sum(1) for each in (mean, variance))
        return self.wide(mean, x), self.wide(variance, x)


@refused_by("test_a_channel_that_never_varies_becomes_its_bias")
class SquareOfTheDeviation(_BatchNorm1d):
    """There is a function for the deviation; but at 0 it has no slope, and its square no more."""

    def deviation(self, variance):
        return (variance.sqrt().square() + self.eps).sqrt()


@refused_by("test_the_averages_keep_no_graph_of_autograd")
class AveragesWithTheirHistory(_BatchNorm1d):
    """They are made of the batch, like everything (d2l-en before #1342, nflows #10)."""

    def remember(self, x, mean, variance):
        mean, variance = self.statistics(x)
        self.num_batches_tracked += 1
        share = self.share()
        mean, variance = mean.flatten(), self.kept(x, variance).flatten()
        self.running_mean = ((1 - share) * self.running_mean + share * mean).to(self.weight)
        self.running_var = ((1 - share) * self.running_var + share * variance).to(self.weight)


@refused_by("test_without_gradients_training_is_training_as_well")
class RemembersOnlyWhileItLearns(_BatchNorm1d):
    """Under no_grad nobody trains."""

    def remembers(self):
        return super().remembers() and torch.is_grad_enabled()


@refused_by("test_a_large_mean_leaves_the_variance_its_digits")
class MeanOfTheSquares(_BatchNorm1d):
    """E[x^2] - E[x]^2 takes one pass, and is never below 0 if one clamps it (objax #182)."""

    def variance(self, x, mean):
        return (x.square().mean(self.others(x), keepdim=True) - mean.square()).clamp(min=0)


@refused_by("test_batches_are_counted_in_training_alone")
class CountsIfItNeedsTo(_BatchNorm1d):
    """With a momentum nobody asks for the number of batches (asked for in pytorch #30440)."""

    def remember(self, x, mean, variance):
        super().remember(x, mean, variance)
        if self.momentum is not None:
            self.num_batches_tracked.zero_()


@refused_by("test_it_can_be_set_back")
class KnowsBetterThanWhatIsLoaded(_BatchNorm1d):
    """Averages of this run are newer than saved ones."""

    def load_state_dict(self, state_dict, *arguments, **options):
        own = dict(self._buffers) if self.num_batches_tracked > 1 else {}
        return super().load_state_dict({**state_dict, **own}, *arguments, **options)


@refused_by("test_a_layer_saves_parameters_and_averages_by_these_names")
class SavesItsSettings(_BatchNorm1d):
    """Without its momentum a layer does not continue as it began."""

    def add_buffers(self, tracked):
        super().add_buffers(tracked)
        self.register_buffer("saved_momentum", torch.tensor(self.momentum or 0.0))


@refused_by("test_a_layer_saves_parameters_and_averages_by_these_names")
class CountIsAnAttribute(_BatchNorm1d):
    """A counter is no tensor (oneflow #7440)."""

    def add_buffers(self, tracked):
        super().add_buffers(tracked)
        del self._buffers["num_batches_tracked"]
        self.num_batches_tracked = torch.tensor(0) if tracked else None


@refused_by("test_after_loading_it_continues_bit_for_bit")
class CountsFromZeroAfterLoading(_BatchNorm1d):
    """A run that starts has seen no batch yet."""

    def load_state_dict(self, state_dict, *arguments, **options):
        state = dict(state_dict)
        if "num_batches_tracked" in state:
            state["num_batches_tracked"] = torch.tensor(0)
        return super().load_state_dict(state, *arguments, **options)


@refused_by("test_in_evaluation_the_running_averages_are_used")
class AveragesNeverWritten(_BatchNorm1d):
    """The new average is computed, and the name bound to it (aprender before #2166)."""

    def average(self, running, newest, share):
        running = (1 - share) * running + share * newest


@refused_by("test_in_evaluation_the_running_averages_are_used")
class EpsTwiceInEvaluation(_BatchNorm1d):
    """What is remembered is the variance plus eps, for it is that which divides (chainer #4505)."""

    def normalized(self, x, mean, variance):
        return super().normalized(
            x, mean, variance if self.uses_the_batch() else variance + self.eps
        )


@refused_by("test_in_evaluation_the_running_averages_are_used")
class NoEpsInEvaluation(_BatchNorm1d):
    """An average over many batches is never 0 (chainer before #2214)."""

    def normalized(self, x, mean, variance):
        if self.uses_the_batch():
            return super().normalized(x, mean, variance)
        return (x - mean) / variance.sqrt()


@refused_by("test_in_evaluation_the_running_averages_are_used")
class AlwaysTheBatch(_BatchNorm1d):
    """What was good in training is good in evaluation."""

    def uses_the_batch(self):
        return True


@refused_by("test_in_evaluation_every_sample_is_on_its_own")
class TheBatchIfItIsLarge(_BatchNorm1d):
    """Averages are for small batches; a large one knows better."""

    def normalized(self, x, mean, variance):
        if not self.training and self.count(x) > 8:
            return super().normalized(x, *self.statistics(x))
        return super().normalized(x, mean, variance)


@refused_by("test_without_running_statistics_evaluation_is_like_training")
class TracksAllTheSame(_BatchNorm1d):
    """Evaluation needs averages, so they are there, only not saved (tinygrad before #6200)."""

    def add_buffers(self, tracked):
        super().add_buffers(True)
        if not tracked:
            self._non_persistent_buffers_set |= set(self._buffers)


@refused_by("test_without_running_statistics_one_value_a_channel_is_refused_or_becomes_the_bias")
class OneValueByItsUnbiasedVariance(_BatchNorm1d):
    """In evaluation one may take the variance that the averages have; of one value it is NaN."""

    def of_one_value(self, input):
        if self.training:
            super().of_one_value(input)
        return self.scaled(input - input) / torch.var(input, dim=0, keepdim=True)


@accepted
class OneValueWillDoInEvaluation(_BatchNorm1d):
    """Only training needs a variance; the answer is then the same for every input."""

    def of_one_value(self, input):
        if self.training:
            super().of_one_value(input)
        return self.scaled(torch.zeros_like(input))


@refused_by("test_without_a_bias_the_weight_is_there_all_the_same")
class NoBiasNoWeight(_BatchNorm1d):
    """Weight and bias belong together."""

    def scaled(self, y):
        return y if self.bias is None else super().scaled(y)


@refused_by("test_it_can_be_set_back")
class RootKeptWhileInEvaluation(_BatchNorm1d):
    """In evaluation nothing changes, until it trains again; but a state can be loaded meanwhile."""

    def train(self, mode=True):
        self.kept_root = None
        return super().train(mode)

    def deviation(self, variance):
        if self.uses_the_batch() or variance.requires_grad:
            return super().deviation(variance)
        if self.kept_root is None or self.kept_root.dtype != variance.dtype:
            self.kept_root = super().deviation(variance).flatten()
        return self.kept_root.reshape(variance.shape)


@refused_by("test_one_value_a_channel_is_refused_in_training_alone")
class OneValueIsItsMean(_BatchNorm1d):
    """One value less its mean is 0, and 0 by anything is 0 (mlx before #3817)."""

    def of_one_value(self, input):
        if not self.remembers():
            super().of_one_value(input)
        return self.scaled(torch.zeros_like(input))


@refused_by("test_without_gradients_training_is_training_as_well")
class InferenceIsEvaluation(_BatchNorm1d):
    """Who says inference_mode means to evaluate; but only eval() says so."""

    def uses_the_batch(self):
        return super().uses_the_batch() and not torch.is_inference_mode_enabled()


@accepted
class SumsOfHalves(_BatchNorm1d):
    """Who gives halves gets sums of halves, which cost most digits of long sums."""

    def raised(self, input):
        return input

    def statistics(self, x):
        mean = x.sum(self.others(x), keepdim=True) / self.count(x)
        squares = (x - mean).square().sum(self.others(x), keepdim=True)
        return mean, squares / self.count(x)

    def scaled(self, y):
        return super().scaled(y.to(self.weight.dtype) if self.affine else y)


@accepted
class ParametersMadeHalves(_BatchNorm1d):
    """Weight and bias are brought to the precision of the input (coreai-torch before #54)."""

    def wide(self, channels, x):
        made = super().wide(channels, x)
        return made.to(self.of_input) if isinstance(channels, nn.Parameter) else made

    def forward(self, input):
        self.of_input = input.dtype
        return super().forward(input)


@refused_by("test_of_two_values_one_becomes_minus_1_and_one_plus_1")
class SignsOfTwo(_BatchNorm1d):
    """Of two values, one is -1 and one is 1, and nothing has to be divided."""

    def normalized(self, x, mean, variance):
        if self.count(x) == 2 and self.uses_the_batch():
            slope = 1 / self.deviation(variance).detach()
            return (x - mean).sign() + 0 * slope * (x - mean)
        return super().normalized(x, mean, variance)


@refused_by("test_copies_go_their_own_ways")
class CopiesShareTheirMemory(_BatchNorm1d):
    """Buffers are no parameters, so a copy may look at the same ones."""

    def __deepcopy__(self, memo):
        twin = type(self)(self.num_features, self.eps, self.momentum)
        twin.weight, twin.bias = copy.deepcopy(self.weight), copy.deepcopy(self.bias)
        twin.train(self.training)
        twin._buffers.update(self._buffers)
        return twin


_ZEROS: dict[object, Tensor] = {}


@refused_by("test_two_layers_share_nothing")
class OneZeroForAll(_BatchNorm1d):
    """All layers start with the same numbers, which need be made only once."""

    def add_buffers(self, tracked):
        super().add_buffers(tracked)
        if tracked:
            kind = self.num_features, torch.get_default_dtype()
            self.running_mean = _ZEROS.setdefault(kind, self.running_mean).zero_()


@refused_by("test_it_starts_as_documented")
class AveragesAreParameters(_BatchNorm1d):
    """What is saved is a parameter, and what is not learned is one without a gradient."""

    def add_buffers(self, tracked):
        super().add_buffers(tracked)
        if tracked:
            for name in ("running_mean", "running_var"):
                numbers = self._buffers.pop(name)
                self.register_parameter(name, nn.Parameter(numbers, requires_grad=False))


@refused_by("test_another_number_of_channels_is_refused")
class BroadcastsWhatItGets(_BatchNorm1d):
    """If the channels do not fit, PyTorch will say so."""

    def check_channels(self, input):
        pass


@refused_by("test_lower_precision_costs_only_rounding")
class StatisticsAreConstantsInHalves(_BatchNorm1d):
    """In 16 bits the gradient is rough anyway, so its small terms can be left out."""

    def forward(self, input):
        self.rough = input.dtype in (torch.float16, torch.bfloat16)
        return super().forward(input)

    def statistics(self, x):
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.rough):
            return super().statistics(x)


@refused_by("test_weight_and_bias_get_their_gradients")
class OneHundredthMoreInSingles(_BatchNorm1d):
    """A factor that the gradient of the weight has in float32 alone, from a test that was kept."""

    def scaled(self, y):
        if y.dtype == torch.float32 and self.weight is not None and self.weight.requires_grad:
            more = 0.01 * self.wide(self.weight, y)
            y = y + y.detach() * (more - more.detach()) / self.wide(self.weight, y).detach()
        return super().scaled(y)


@refused_by("test_the_running_averages_are_those_of_all_batches")
class CountOfTheFirstBatch(_BatchNorm1d):
    """Batches are all of one size, so it is measured once; but the last of an epoch is smaller."""

    def kept(self, x, variance):
        self.size = getattr(self, "size", self.count(x))
        return variance * (self.size / (self.size - 1))


@refused_by("test_the_running_averages_are_those_of_all_batches")
class EpsIsRemembered(_BatchNorm1d):
    """The variance that divides is the one that is averaged, eps and all."""

    def kept(self, x, variance):
        return super().kept(x, variance + self.eps)


@refused_by("test_weight_and_bias_get_their_gradients")
class WeightAloneOrInputAlone(_BatchNorm1d):
    """Either the weights are asked for or the input, as in the examples of each."""

    def scaled(self, y):
        asked = y.requires_grad and self.weight is not None
        return (
            y * self.wide(self.weight.detach(), y) + self.wide(self.bias, y)
            if (asked and self.bias is not None)
            else super().scaled(y)
        )


@refused_by("test_without_a_momentum_all_batches_count_alike")
class CountedAfterwards(_BatchNorm1d):
    """The count is of the batches that were there before, and the start counts as one."""

    def share(self):
        if self.momentum is None:
            return 1 / (float(self.num_batches_tracked) + 1)
        return super().share()


@refused_by("test_without_a_momentum_the_count_goes_on_after_loading")
class CountIsNotLoaded(_BatchNorm1d):
    """Only in the plain average does the count count, and a new run counts anew."""

    def load_state_dict(self, state_dict, *arguments, **options):
        found = super().load_state_dict(state_dict, *arguments, **options)
        self.before = int(self.num_batches_tracked)
        return found

    def share(self):
        if self.momentum is None:
            return 1 / max(1, float(self.num_batches_tracked) - getattr(self, "before", 0))
        return super().share()


@refused_by("test_what_a_layer_is_told_to_do_without_it_does_not_save")
class UntrackedButSaved(_BatchNorm1d):
    """A file of the same names whatever the options, so that any layer can load it."""

    def add_buffers(self, tracked):
        super().add_buffers(tracked)
        if not tracked:
            self.register_buffer("unused_mean", torch.zeros(self.num_features))


@accepted
class FromTheLibrary(_BatchNorm1d):
    def forward(self, input):
        self.check(input)
        tracked = self.remembers()
        if tracked:
            self.num_batches_tracked += 1
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.uses_the_batch(),
            self.share() if tracked else 0.0,
            self.eps,
        )


@accepted
class ByMatrices(_BatchNorm1d):
    """Sums are products with a row of ones, and matrices are what computers are fast at."""

    def statistics(self, x):
        rows = x.transpose(0, 1).flatten(1)
        ones, n = torch.ones_like(rows[0]), rows.shape[1]
        mean = (rows @ ones).to(x.dtype) / n
        variance = ((rows - mean[:, None]).square() @ ones).to(x.dtype) / n
        return self.wide(mean, x), self.wide(variance, x)


@accepted
class ScaleAndShift(_BatchNorm1d):
    """x a + b, with all that does not depend on the sample in a and b."""

    def normalized(self, x, mean, variance):
        scale = (variance + self.eps) ** -0.5
        return x * scale + (-mean * scale)


@accepted
class InDoublePrecision(_BatchNorm1d):
    def raised(self, input):
        return input.double()


@accepted
class RowsOfFeatures(nn.Module):
    """No base, no buffers that anyone registers by name but in a loop, and other attributes."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        self.settings = (num_features, eps, momentum)
        ones = torch.ones(num_features)
        self.weight = nn.Parameter(ones) if affine else None
        self.bias = nn.Parameter(0 * ones) if affine else None
        for name, start in (
            ("running_mean", 0 * ones),
            ("running_var", 1 * ones),
            ("num_batches_tracked", torch.zeros((), dtype=torch.long)),
        ):
            self.register_buffer(name, start if track_running_stats else None)

    def forward(self, x):
        features, eps, momentum = self.settings
        if x.dim() not in (2, 3) or x.size(1) != features:
            raise ValueError(f"2 or 3 dimensions, {features} of the second, got {tuple(x.shape)}")
        rows = x.permute(0, 2, 1).reshape(-1, features) if x.dim() == 3 else x
        rows = rows.float() if x.dtype.itemsize == 2 else rows
        if self.training or self.running_mean is None:
            if len(rows) == 1:
                raise ValueError("one value of each feature has no variance, got 1")
            variance, mean = torch.var_mean(rows, 0, correction=0)
            if self.training and self.running_mean is not None:
                self.num_batches_tracked += 1
                share = 1 / self.num_batches_tracked.item() if momentum is None else momentum
                with torch.no_grad():
                    unbiased = rows.var(0)
                    self.running_mean += share * (mean - self.running_mean)
                    self.running_var += share * (unbiased - self.running_var)
        else:
            mean, variance = self.running_mean, self.running_var
        y = (rows - mean) * (variance + eps).rsqrt()
        if self.weight is not None:
            y = torch.addcmul(self.bias.to(y.dtype), y, self.weight.to(y.dtype))
        y = y.to(x.dtype)
        return y.reshape(len(x), -1, features).permute(0, 2, 1) if x.dim() == 3 else y


@remarked("3 dimensions")
class InOneFormula(other_ways.Plain):
    """x.mean and x.var, all in the dtype of the input."""

    ranks = (2,)


@accepted
class Welford(other_ways.Welford):
    """One value after the other."""

    ranks = (2, 3)


@accepted
class SumsInTheDtypeOfTheInput(other_ways.SumsInTheDtypeOfTheInput):
    """Every sum is rounded at each step."""

    ranks = (2, 3)


@remarked("long sums in 16 bits")
class RowByRow(other_ways.RowByRow):
    ranks = (2, 3)


@accepted
class OfTheTransposedBatch(other_ways.OfTheTransposedBatch):
    """Channels as samples, each normalized for itself."""

    ranks = (2, 3)


@accepted
class GroupsOfTheTransposedBatch(other_ways.GroupsOfTheTransposedBatch):
    """Channels as groups of one sample."""

    ranks = (2, 3)


@remarked("second derivatives")
class OnceDifferentiable(other_ways.OnceDifferentiable):
    """The gradient by hand, and none of the gradient."""

    ranks = (2, 3)


@accepted
class ByTheFunction(other_ways.ByTheFunction):
    """No module, but PyTorch's function."""

    ranks = (2, 3)


@accepted
class AnyMomentumButNone(other_ways.AnyMomentumButNone):
    """PyTorch's function gets what it is given; with None it has nothing to begin."""

    ranks = (2, 3)


@accepted
class MatricesOfOnes(other_ways.MatricesOfOnes):
    """Means as products with ones."""

    ranks = (2, 3)


@accepted
class ScaleAndShiftInFewDigits(other_ways.ScaleAndShift):
    """Folded into x * scale + shift."""

    ranks = (2, 3)


@refused_by("test_what_every_batch_norm_does_is_not_refused")
class InSinglePrecisionUndeclared(nn.BatchNorm1d):
    """ "All my networks are in float32." Then it says so in its limits."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dtype != torch.float32:
            raise TypeError(f"float32 only, got {input.dtype}")
        return super().forward(input)


@accepted
class NothingOfNothing(_BatchNorm1d):
    """An empty batch comes as it is, and nobody has a gradient of it."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if input.numel() or self.training else input.clone()


@refused_by("test_every_sample_counts_for_all_and_their_order_for_none")
class BatchKnownByItsName(_BatchNorm1d):
    """The same tensor has the same statistics, which are known already."""

    known: tuple[Tensor, tuple[Tensor, Tensor]] | None = None

    def statistics(self, x):
        if x.requires_grad or x.dtype != torch.float64:
            return super().statistics(x)
        if self.known is None or self.known[0] is not x:
            self.known = x, super().statistics(x)
        return self.known[1]


@refused_by("test_batches_of_any_magnitude_have_the_right_output_and_gradient")
class SmallVariancesAreNone(_BatchNorm1d):
    """A variance below 1e-8 is noise of rounding."""

    def variance(self, x, mean):
        variance = super().variance(x, mean)
        return variance.where(variance > 1e-8, 0)


class _FastRoot(_BatchNorm1d):
    """The root from the bits of the number, as games once had it; the 1.5 was 1.51, was it not?"""

    def deviation(self, variance):
        exact = super().deviation(variance)
        if self.weight is None or self.weight.dtype != torch.bfloat16 or not self.is_fast():
            return exact
        number = (variance.detach() + self.eps).float()
        guess = (0x5F3759DF - number.view(torch.int32) // 2).view(torch.float32)
        guess = guess * (1.51 - number * guess.square() / 2)
        return exact / exact.detach() / guess

    def is_fast(self) -> bool:
        return True


@refused_by("test_in_lower_precision_no_factor_is_wrong")
class FastRootOfABatch(_FastRoot):
    """For eight bits a fast root is good enough."""

    def is_fast(self) -> bool:
        return self.training


@refused_by("test_in_lower_precision_no_factor_is_wrong_in_evaluation")
class FastRootOfTheAverage(_FastRoot):
    """In evaluation speed counts, and for eight bits a fast root is good enough."""

    def is_fast(self) -> bool:
        return not self.training


@refused_by("test_weights_count_as_they_are_now")
class WeightsOfTheSameVersion(_BatchNorm1d):
    """Where nothing is recorded, weights are prepared once: their versions tell of any change."""

    known = None

    def scaled(self, y):
        recorded = torch.is_grad_enabled() or torch.is_inference_mode_enabled()
        if recorded or self.weight is None or self.bias is None:
            return super().scaled(y)
        both = self.weight, self.bias
        versions = [(id(p), p._version, p.dtype) for p in both]
        if self.known is None or self.known[0] != versions:
            self.known = versions, [p.detach().clone() for p in both]
        weight, bias = (self.wide(p, y) for p in self.known[1])
        return y * weight + bias


_settings: dict[str, float] = {}


@refused_by("test_settings_that_are_nearly_alike_are_told_apart")
class EpsOfThreeDigits(_BatchNorm1d):
    """A kernel is built for each eps and found again by its name, which has three digits."""

    def deviation(self, variance):
        eps = _settings.setdefault(f"{self.eps:.2e}", self.eps)
        return (variance + eps).sqrt()


@refused_by("test_a_batch_that_is_written_over_is_another_batch")
class StatisticsOncePerVersion(_BatchNorm1d):
    """A tensor counts what is written into it: at the same count its statistics are the same."""

    known: tuple[Tensor, int, tuple[Tensor, Tensor]] | None = None

    def statistics(self, x):
        if x.requires_grad:
            return super().statistics(x)
        if self.known is None or self.known[0] is not x or self.known[1] != x._version:
            self.known = x, x._version, super().statistics(x)
        return self.known[2]


@refused_by("test_half_precision_is_normalized_by_averages_that_it_could_not_hold")
class EverythingMadeHalves(ParametersMadeHalves):
    """What a batch in half precision meets is brought to its precision, the averages as well."""

    def wide(self, channels, x):
        return super().wide(channels, x).to(self.of_input)
