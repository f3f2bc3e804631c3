"""Batch normalizations of images that look right and are not, and some that are, and look odd.

The docstring says what the author was thinking.
"""

import torch
from torch import Tensor, nn

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.normalization.impostors import other_ways
from sums_to_one.tests.normalization.impostors.batch_normalization import BatchNormalization


class _BatchNorm2d(BatchNormalization):
    ranks = (4,)


@refused_by("test_images_are_normalized_over_samples_and_places")
class EveryPlaceForItself(_BatchNorm2d):
    """The batch is the first dimension, so means are taken over that one."""

    def statistics(self, x):
        mean = x.mean(0, keepdim=True)
        return mean, (x - mean).square().mean(0, keepdim=True)

    def remember(self, x, mean, variance):
        super().remember(x, *super().statistics(x))


@refused_by("test_images_are_normalized_over_samples_and_places")
class EveryColumnForItself(_BatchNorm2d):
    """Samples and positions, as for sequences; the last dimension is forgotten."""

    def statistics(self, x):
        mean = x.mean([0, 2], keepdim=True)
        return mean, (x - mean).square().mean([0, 2], keepdim=True)

    def remember(self, x, mean, variance):
        super().remember(x, *super().statistics(x))


@refused_by("test_every_sample_counts_for_all_and_their_order_for_none")
class EveryImageForItself(_BatchNorm2d):
    """An image has pixels enough for a mean and a variance of its own."""

    def normalized(self, x, mean, variance):
        if self.uses_the_batch():
            mean = x.mean([2, 3], keepdim=True)
            variance = (x - mean).square().mean([2, 3], keepdim=True)
        return super().normalized(x, mean, variance)


@refused_by("test_the_output_is_that_of_the_formula")
class EpsOutsideOfTheRoot(_BatchNorm2d):
    """eps keeps the divisor from 0, and the divisor is the root (first version of ncnn #311)."""

    def deviation(self, variance):
        return (variance + 1e-300).sqrt() + self.eps


@refused_by("test_the_output_is_that_of_the_formula")
class AtLeastEps(_BatchNorm2d):
    """Only a variance that is too small needs help."""

    def deviation(self, variance):
        return variance.clamp(min=self.eps).sqrt()


@refused_by("test_each_channel_gets_mean_0_and_variance_1_over_the_batch")
class DividedByTheSquare(_BatchNorm2d):
    """A square where the root should be (stax of jax before #443)."""

    def deviation(self, variance):
        return (variance + self.eps) ** 2


@refused_by("test_the_place_in_memory_changes_nothing")
class InStorageOrder(_BatchNorm2d):
    """The result is written as the input lies in memory, in evaluation (pytorch #63224)."""

    def forward(self, input):
        y = super().forward(input)
        if self.training or input.is_contiguous() or input.storage_offset():
            return y
        lies = sorted(range(4), key=lambda d: -input.stride(d))
        return y.permute(lies).reshape(y.shape)


@refused_by("test_the_gradient_is_the_limit_of_differences")
class WeightForgottenInTheGradient(_BatchNorm2d):
    """With weights of 1, as they start, every test of the gradient passes (Knet.jl #288)."""

    def scaled(self, y):
        if not self.affine:
            return y
        return super().scaled(y.detach()) + (y - y.detach())


@refused_by("test_evaluation_changes_nothing")
class RemembersInEvaluation(_BatchNorm2d):
    """The more batches, the better the average."""

    def remembers(self):
        return self.running_mean is not None

    def forward(self, input):
        y = super().forward(input)
        x = self.raised(input)
        if not self.training and self.remembers() and self.count(x) > 1:
            self.remember(x, *(s.detach() for s in self.statistics(x)))
        return y


@refused_by("test_without_a_momentum_all_batches_count_alike")
class NoneIsATenth(_BatchNorm2d):
    """Who gives no momentum gets the default."""

    def share(self):
        return 0.1 if self.momentum is None else self.momentum


@refused_by("test_the_running_averages_are_those_of_all_batches")
class NoMomentumIsNone(_BatchNorm2d):
    """`if not momentum` asks whether there is one; but 0 is one, and keeps all as it is."""

    def share(self):
        return self.momentum or 1 / float(self.num_batches_tracked)


@refused_by("test_the_running_averages_are_those_of_all_batches")
class UnbiasedByTheSamples(_BatchNorm2d):
    """N / (N - 1), where N is the size of the batch; of one image nothing can be said."""

    def kept(self, x, variance):
        return variance * (len(x) / max(len(x) - 1, 1))


@refused_by("test_the_running_averages_are_those_of_all_batches")
class DeviationsAveraged(_BatchNorm2d):
    """It is the deviation that divides, so it is the deviation that is averaged."""

    def average(self, running, newest, share):
        if running is self.running_var:
            mixed = (1 - share) * running.sqrt() + share * newest.sqrt()
            running.copy_(mixed.square())
        else:
            super().average(running, newest, share)


@refused_by("test_each_channel_is_scaled_and_shifted_by_its_own_weight_and_bias")
class ScaledBeforehand(_BatchNorm2d):
    """Scale and shift first, then normalize, so that what comes is normalized for sure."""

    def raised(self, input):
        x = super().raised(input)
        return super().scaled(x)

    def scaled(self, y):
        return y


@refused_by("test_the_place_in_memory_changes_nothing")
class ChannelsLastHasChannelsLast(_BatchNorm2d):
    """In that layout the weights belong to the last dimension, if it is as long."""

    def scaled(self, y):
        last = y.is_contiguous(memory_format=torch.channels_last) and not y.is_contiguous()
        if not last or not self.affine or y.shape[3] != y.shape[1]:
            return super().scaled(y)
        return y * self.weight + self.bias


@refused_by("test_the_place_in_memory_changes_nothing")
class AverageOfTheRows(_BatchNorm2d):
    """In that layout the channels are next to the rows; where both are as long, no error comes."""

    def remember(self, x, mean, variance):
        last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
        if last and x.shape[1] == x.shape[2]:
            mean = x.detach().mean([0, 1, 3])
        super().remember(x, mean, variance)


@refused_by("test_every_sample_counts_for_all_and_their_order_for_none")
class NanRemoved(_BatchNorm2d):
    """One spoilt image must not spoil the others."""

    def scaled(self, y):
        return super().scaled(y.nan_to_num(0.0, torch.inf, -torch.inf))


@refused_by("test_it_starts_in_the_dtype_that_is_asked_for")
class DtypeOfTheParametersAlone(_BatchNorm2d):
    """What is learned has the dtype that is asked for, and so has what comes."""

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        dtype=None,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        for p in self.parameters():
            p.data = p.data.to(dtype)


@refused_by("test_without_a_bias_the_weight_is_there_all_the_same")
class BiasAllTheSame(_BatchNorm2d):
    """A bias that starts from 0 is none."""

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)


@refused_by("test_a_large_batch_is_like_a_small_one")
class StatisticsOfTheFirst65536(_BatchNorm2d):
    """So many values are enough for a mean."""

    def statistics(self, x):
        rows = x.transpose(0, 1).flatten(1)[:, :65_536]
        mean = rows.mean(1)
        return self.wide(mean, x), self.wide((rows - mean[:, None]).square().mean(1), x)


@refused_by("test_in_evaluation_the_gradient_is_weight_over_the_root")
class GradientOfTrainingInEvaluation(_BatchNorm2d):
    """There is one backward pass of batch normalization (pytorch/xla #913)."""

    def normalized(self, x, mean, variance):
        y = super().normalized(x, mean, variance)
        if self.uses_the_batch() or self.count(x) < 2:
            return y
        slopes = super().normalized(x, *self.statistics(x))
        return y.detach() + slopes - slopes.detach()


@refused_by("test_eps_is_a_hundred_thousandth_unless_told_otherwise")
class EpsOfKeras(_BatchNorm2d):
    """A thousandth, as in Keras."""

    def __init__(self, num_features, eps=1e-3, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)


@refused_by("test_a_tenth_is_of_the_newest_batch_unless_told_otherwise")
class MomentumOfKeras(_BatchNorm2d):
    """Keras keeps 0.99 of the old average, so a hundredth is new."""

    def __init__(
        self, num_features, eps=1e-5, momentum=0.01, affine=True, track_running_stats=True
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)


@refused_by("test_a_layer_saves_parameters_and_averages_by_these_names")
class ParametersAreAllThereIs(_BatchNorm2d):
    """Averages are not learned, so they are not saved (torch/nn #1165)."""

    def add_buffers(self, tracked):
        super().add_buffers(tracked)
        self._non_persistent_buffers_set |= set(self._buffers)


@refused_by("test_frozen_parameters_change_no_gradient_of_the_input")
class FrozenMeansEvaluated(_BatchNorm2d):
    """Whoever freezes the weights wants the statistics frozen."""

    def uses_the_batch(self):
        frozen = self.weight is not None and not self.weight.requires_grad
        return super().uses_the_batch() and not (frozen and self.running_mean is not None)


@refused_by("test_the_gradient_can_be_differentiated_again")
class StatisticsOnTheSide(_BatchNorm2d):
    """The backward pass has mean and deviation already, so it need not know where they are from."""

    class Normalize(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, mean, deviation, others):
            ctx.plain, ctx.deviation, ctx.others = (x - mean) / deviation, deviation, others
            return ctx.plain

        @staticmethod
        def backward(ctx, pull):
            shift = pull.mean(ctx.others, keepdim=True)
            stretch = (pull * ctx.plain).mean(ctx.others, keepdim=True)
            return (pull - shift - ctx.plain * stretch) / ctx.deviation, None, None, None

    def normalized(self, x, mean, variance):
        if not self.uses_the_batch():
            return super().normalized(x, mean, variance)
        deviation = self.deviation(variance)
        return self.Normalize.apply(x, mean.detach(), deviation.detach(), self.others(x))


@refused_by("test_the_input_is_left_as_it_was")
class InPlace(_BatchNorm2d):
    """Without gradients nobody needs the input any more."""

    def normalized(self, x, mean, variance):
        if torch.is_grad_enabled():
            return super().normalized(x, mean, variance)
        return x.sub_(mean).div_(self.deviation(variance))


@refused_by("test_other_dimensions_are_refused")
class AnyDimensions(_BatchNorm2d):
    """The second dimension is the channels, whatever else there is."""

    def check(self, input):
        self.check_channels(input)


@refused_by("test_calls_keep_their_outputs_and_gradients_apart")
class OneBufferForTheOutput(_BatchNorm2d):
    """Memory of the right size is used again."""

    def forward(self, input):
        y = super().forward(input)
        kept = getattr(self, "output", None)
        if kept is None or kept.shape != y.shape or kept.dtype != y.dtype:
            self.output = y
            return y
        with torch.no_grad():
            kept.copy_(y)
        return y


@refused_by("test_back_in_training_the_batch_is_used_again")
class EvaluationForGood(_BatchNorm2d):
    """Who has evaluated once has finished training."""

    def train(self, mode=True):
        self.finished = getattr(self, "finished", False) or not mode
        return super().train(mode and not self.finished)


@refused_by("test_what_is_in_the_buffers_is_used")
class RootTakenOnce(_BatchNorm2d):
    """In evaluation nothing changes, so the divisor is computed when training or loading ends."""

    def train(self, mode=True):
        if not mode and self.running_var is not None:
            self.divisor = self.deviation(self.running_var)
        return super().train(mode)

    def load_state_dict(self, *arguments, **options):
        found = super().load_state_dict(*arguments, **options)
        self.train(self.training)
        return found

    def normalized(self, x, mean, variance):
        if self.uses_the_batch():
            return super().normalized(x, mean, variance)
        return (x - mean) / self.wide(self.divisor, x)


@refused_by("test_half_precision_passes_through_a_layer_of_more_digits")
class NoAveragesInThisPrecision(_BatchNorm2d):
    """Averages that are not of the input's dtype cannot be used, so the batch has to do."""

    def forward(self, input):
        self.fits = self.running_mean is None or self.running_mean.dtype == input.dtype
        return super().forward(input)

    def uses_the_batch(self):
        return super().uses_the_batch() or not self.fits


@refused_by("test_batches_in_half_precision_leave_the_averages_their_digits")
class AveragesInThePrecisionOfTheInput(_BatchNorm2d):
    """A batch in half precision has averages in half precision."""

    def forward(self, input):
        y = super().forward(input)
        if self.remembers():
            self.running_mean = self.running_mean.to(input.dtype)
            self.running_var = self.running_var.to(input.dtype)
        return y


@refused_by("test_a_part_of_a_batch_that_lies_otherwise_in_memory_is_like_any_other")
class OffsetForgotten(_BatchNorm2d):
    """Channels last is read from where the memory begins (pytorch #174345)."""

    def raised(self, input):
        x = super().raised(input)
        last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
        return x.as_strided(x.shape, x.stride(), 0) if last else x


@refused_by("test_a_part_of_a_batch_that_lies_otherwise_in_memory_is_like_any_other")
class DenseInTheGradient(_BatchNorm2d):
    """What comes back lies as what went in: so one number fewer has to be said."""

    class Read(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.lies = x.stride()
            return x.clone()

        @staticmethod
        def backward(ctx, pull):
            room = sum((n - 1) * s for n, s in zip(pull.shape, ctx.lies, strict=True)) + 1
            return pull.as_strided(pull.shape, ctx.lies) if room == pull.numel() else pull

    def raised(self, input):
        return super().raised(self.Read.apply(input))


@refused_by("test_many_channels_are_like_few")
class SixtyFourThreads(_BatchNorm2d):
    """A block has 64 threads, one for each channel; and so the rest is done by the last of them."""

    def statistics(self, x):
        mean, variance = super().statistics(x)
        thread = torch.arange(x.shape[1]).clamp(max=63)
        return mean[:, thread], variance[:, thread]


@refused_by("test_a_large_batch_is_like_a_small_one")
class ValuesCountedIn16Bits(_BatchNorm2d):
    """No batch has more than 65,536 values a channel."""

    def variance(self, x, mean):
        n = self.count(x)
        return super().variance(x, mean) * n / ((n - 1) % 65_536 + 1)


@refused_by("test_in_evaluation_every_sample_is_on_its_own")
class OneImageHasEnoughPlaces(_BatchNorm2d):
    """For a single image its own statistics are nearer than those of others."""

    def normalized(self, x, mean, variance):
        if len(x) == 1 and self.count(x) > 1 and not self.training:
            mean, variance = self.statistics(x)
        return super().normalized(x, mean, variance)


@refused_by("test_in_evaluation_the_running_averages_are_used")
class ModeOfTheFirstDay(_BatchNorm2d):
    """The mode is copied when the layer is made, as all the settings are."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.learns = self.training

    def uses_the_batch(self):
        return self.learns or self.running_mean is None


@refused_by("test_the_averages_are_kept_in_the_dtype_of_the_layer")
class BiasedInSingles(_BatchNorm2d):
    """The correction is below the precision of float32, or so it seems with large batches."""

    def kept(self, x, variance):
        return variance if x.dtype == torch.float32 else super().kept(x, variance)


@refused_by("test_in_float32_most_of_the_digits_are_right")
class RootInHalves(_BatchNorm2d):
    """A root in float16 is quick, and nobody sees its digits in float32."""

    def deviation(self, variance):
        root = super().deviation(variance)
        return root.bfloat16().to(root.dtype) if root.dtype == torch.float32 else root


@refused_by("test_the_gradient_that_comes_in_is_left_as_it_was")
class MemoryOfTheIncomingGradient(_BatchNorm2d):
    """What comes in is read once, so its memory can be used again; but others may read it, too."""

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx, y, weight):
            ctx.save_for_backward(y, weight)
            return y * weight

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, pull):
            y, weight = ctx.saved_tensors
            of_weight = (y * pull).sum([0, 2, 3], keepdim=True)
            return pull.mul_(weight), of_weight

    def scaled(self, y):
        if self.weight is None or self.bias is None or not torch.is_grad_enabled():
            return super().scaled(y)
        return self.Scale.apply(y, self.wide(self.weight, y)) + self.wide(self.bias, y)


@refused_by("test_it_starts_as_documented")
class SinglesWhateverTheDefault(_BatchNorm2d):
    """Networks are in float32, so what starts is, too; the default may be another."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.float()


@refused_by("test_without_a_momentum_all_batches_count_alike")
class CountsWhatIsEvaluatedToo(_BatchNorm2d):
    """Without a momentum each batch counts alike, whatever it was for."""

    def forward(self, input):
        if self.momentum is None and not self.training and self.running_mean is not None:
            self.num_batches_tracked.add_(1)
        return super().forward(input)


@refused_by("test_averages_that_are_reset_begin_again")
class CountIsNotReset(_BatchNorm2d):
    """Mean and variance begin again; how many batches there were is history."""

    def reset_running_stats(self):
        self.running_mean.zero_()
        self.running_var.fill_(1)


@refused_by("test_a_large_batch_is_evaluated_like_a_small_one")
class AfterTheLastBlockZeros(_BatchNorm2d):
    """A launch has 65,535 blocks, one a sample; what is left stays 0 (pytorch #84144, in kind)."""

    def scaled(self, y):
        y = super().scaled(y)
        if self.training or len(y) <= 65_535:
            return y
        return torch.cat([y[:65_535], y[65_535:] - y[65_535:].detach()])


@refused_by("test_of_a_large_batch_all_count_for_weight_and_bias")
class WeightLearnsFromTheFirstBlocks(_BatchNorm2d):
    """The sum for the weight is made by so many blocks, and those of the rest add nothing."""

    def scaled(self, y):
        if self.weight is None or len(y) <= 65_536:
            return super().scaled(y)
        first, rest = y[:65_536], y[65_536:]
        bias = 0 if self.bias is None else self.wide(self.bias.detach(), y)
        return torch.cat([super().scaled(first), rest * self.wide(self.weight.detach(), y) + bias])


@refused_by("test_settings_that_are_changed_count_from_then_on")
class MomentumOfTheFirstDay(_BatchNorm2d):
    """Settings are read when the layer is made; but averages are made anew with another one."""

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        self.first = momentum

    def share(self):
        return super().share() if self.first is None else self.first


@refused_by("test_an_eps_of_0_is_none_at_all")
class NoEpsIsTheDefault(_BatchNorm2d):
    """`eps or 1e-5` is short; but 0 is an eps, too."""

    def deviation(self, variance):
        return (variance + (self.eps or 1e-5)).sqrt()


@refused_by("test_the_mode_is_that_of_the_network_around_it")
class ModeOfItsOwnMethod(_BatchNorm2d):
    """eval() freezes the averages; but a network calls train(False) of its layers."""

    frozen = False

    def eval(self):
        self.frozen = True
        return super().eval()

    def train(self, mode=True):
        self.frozen = self.frozen and not mode
        return super().train(mode)

    def uses_the_batch(self):
        return not self.frozen or self.running_mean is None


@refused_by("test_weights_count_as_they_are_now")
class ScaleOfTheFirstEvaluation(_BatchNorm2d):
    """Without gradients the weights cannot change, so they are read once until it trains again."""

    read = None

    def train(self, mode=True):
        self.read = None
        return super().train(mode)

    def load_state_dict(self, state_dict, *arguments, **options):
        self.read = None
        return super().load_state_dict(state_dict, *arguments, **options)

    def scaled(self, y):
        if self.training or torch.is_grad_enabled() or self.weight is None:
            return super().scaled(y)
        if self.read is None:
            self.read = self.weight.clone()
        y = y * self.wide(self.read, y)
        return y if self.bias is None else y + self.wide(self.bias, y)


@refused_by("test_every_option_does_the_same_whatever_the_others_are")
class NothingLearnedNothingKept(_BatchNorm2d):
    """Without parameters and without averages there is nothing left for it to do."""

    def normalized(self, x, mean, variance):
        if self.weight is None and self.running_mean is None:
            return x
        return super().normalized(x, mean, variance)


@refused_by("test_a_layer_of_another_dtype_goes_on_with_what_it_has_learned")
class AnotherDtypeBeginsAgain(_BatchNorm2d):
    """Who converts a layer wants it as new: the averages were of other numbers."""

    def _apply(self, fn, recurse=True):
        before = self.running_var
        super()._apply(fn, recurse)
        if before is not None and before.dtype != self.running_var.dtype:
            self.running_mean.zero_()
            self.running_var.fill_(1)
        return self


@refused_by("test_parameters_that_are_reset_begin_again")
class BiasIsNotReset(_BatchNorm2d):
    """The averages begin again, and the weights; a bias is 0 anyhow, at the start."""

    def reset_parameters(self):
        self.running_mean.zero_()
        self.running_var.fill_(1)
        self.num_batches_tracked.zero_()
        nn.init.ones_(self.weight)


@refused_by("test_an_empty_batch_stays_empty_in_evaluation")
class AtLeastOneImage(_BatchNorm2d):
    """What comes later cannot do with nothing, so it gets one image of zeros."""

    def scaled(self, y):
        y = super().scaled(y)
        return y if len(y) else y.new_zeros(1, *y.shape[1:]) + 0 * y.sum()


@refused_by("test_it_remembers_after_hundreds_of_batches_as_after_a_few")
class CountIn8Bits(_BatchNorm2d):
    """A whole number, and a small one; after 255 batches it is 0 again."""

    def share(self):
        if self.momentum is None:
            return 1 / max(int(self.num_batches_tracked) % 256, 1)
        return self.momentum


class _ReadInItsOwnOrder(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y):
        return y.view_as(y)

    @staticmethod
    def backward(ctx, pull):
        if 0 in pull.stride() and pull.numel() > 1:
            return pull.sum().expand_as(pull)
        return pull


@refused_by("test_a_gradient_that_comes_in_may_lie_anyhow_in_memory")
class OneNumberForAll(_BatchNorm2d):
    """A gradient of one number in place of all, as sum() sends it, is added up too early."""

    def scaled(self, y):
        return _ReadInItsOwnOrder.apply(super().scaled(y))


@refused_by("test_copies_go_their_own_ways")
class CopiedByItsState(_BatchNorm2d):
    """A copy is a new layer with the same numbers; its settings are the usual ones again."""

    def __deepcopy__(self, memo):
        other = type(self)(self.num_features).to(self.running_mean.dtype)
        other.load_state_dict(self.state_dict())
        return other.train(self.training)


@refused_by("test_two_layers_share_nothing")
class KeepsWhatIsLoaded(_BatchNorm2d):
    """What is loaded need not be copied; but then two layers have the same averages."""

    def load_state_dict(self, state_dict, *arguments, **options):
        found = super().load_state_dict(state_dict, *arguments, **options)
        self.running_mean = state_dict["running_mean"]
        self.running_var = state_dict["running_var"]
        return found


@refused_by("test_of_two_values_one_becomes_minus_1_and_one_plus_1")
class EpsOfSixteenBits(_BatchNorm2d):
    """A hundred-thousandth is too small a number for 16 bits; a hundredth is safe."""

    def forward(self, input):
        told = self.eps
        self.eps = max(told, 1e-2) if input.dtype.itemsize == 2 else told
        try:
            return super().forward(input)
        finally:
            self.eps = told


@accepted
class CanBeReset(_BatchNorm2d):
    """All three begin again."""

    def reset_running_stats(self):
        self.running_mean.zero_()
        self.running_var.fill_(1)
        self.num_batches_tracked.zero_()


@accepted
class OnPixels(_BatchNorm2d):
    """The channels of a pixel are its features."""

    def forward(self, input):
        if input.ndim != 4:
            raise ValueError(f"images must have 4 dimensions, got {input.ndim}")
        pixels = input.permute(0, 2, 3, 1)
        rows = pixels.reshape(-1, pixels.shape[3])
        self.ranks = (2,)
        y = super().forward(rows)
        return y.reshape(pixels.shape).permute(0, 3, 1, 2)


@accepted
class DeviationsOfDifferences(_BatchNorm2d):
    """The mean of half the squared differences of all pairs is the variance."""

    def variance(self, x, mean):
        if self.count(x) > 500:
            return super().variance(x, mean)
        rows = x.transpose(0, 1).flatten(1)
        return self.wide((rows[:, :, None] - rows[:, None]).square().mean([1, 2]) / 2, x)


@accepted
class OwnBackwardPass(_BatchNorm2d):
    """The gradient as the paper writes it, of operations that have gradients themselves."""

    class Normalize(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, eps):
            ctx.eps = eps
            ctx.save_for_backward(x)
            mean = x.mean([0, 2, 3], keepdim=True)
            return (x - mean) / (x.var([0, 2, 3], correction=0, keepdim=True) + eps).sqrt()

        @staticmethod
        def backward(ctx, pull):
            (x,) = ctx.saved_tensors
            others = [0, 2, 3]
            away = x - x.mean(others, keepdim=True)
            deviation = (away.square().mean(others, keepdim=True) + ctx.eps).sqrt()
            plain = away / deviation
            along = (pull * plain).mean(others, keepdim=True)
            return (pull - pull.mean(others, keepdim=True) - plain * along) / deviation, None

    def normalized(self, x, mean, variance):
        if not self.uses_the_batch():
            return super().normalized(x, mean, variance)
        return self.Normalize.apply(x, self.eps)


@accepted
class ByTheLibrary(nn.BatchNorm2d):
    pass


@accepted
class RunningAveragesByTheirDistance(_BatchNorm2d):
    def average(self, running, newest, share):
        running += share * (newest - running)


@accepted
class InOneFormula(other_ways.Plain):
    """x.mean and x.var, all in the dtype of the input."""

    ranks = (4,)


@accepted
class Welford(other_ways.Welford):
    """One value after the other."""

    ranks = (4,)


@accepted
class SumsInTheDtypeOfTheInput(other_ways.SumsInTheDtypeOfTheInput):
    """Every sum is rounded at each step."""

    ranks = (4,)


@accepted
class OfTheTransposedBatch(other_ways.OfTheTransposedBatch):
    """Channels as samples, each normalized for itself."""

    ranks = (4,)


@accepted
class GroupsOfTheTransposedBatch(other_ways.GroupsOfTheTransposedBatch):
    """Channels as groups of one sample."""

    ranks = (4,)


@remarked("second derivatives")
class OnceDifferentiable(other_ways.OnceDifferentiable):
    """The gradient by hand, and none of the gradient."""

    ranks = (4,)


@accepted
class ByTheFunction(other_ways.ByTheFunction):
    """No module, but PyTorch's function."""

    ranks = (4,)


@accepted
class AnyMomentumButNone(other_ways.AnyMomentumButNone):
    """PyTorch's function gets what it is given; with None it has nothing to begin."""

    ranks = (4,)


@accepted
class MatricesOfOnes(other_ways.MatricesOfOnes):
    """Means as products with ones."""

    ranks = (4,)


@accepted
class ScaleAndShiftInFewDigits(other_ways.ScaleAndShift):
    """Folded into x * scale + shift."""

    ranks = (4,)


@accepted
class OneValueWillDoInEvaluation(_BatchNorm2d):
    """In evaluation one value is not refused: it is the mean, and the bias is what comes."""

    def of_one_value(self, input: Tensor) -> Tensor:
        if self.training:
            return super().of_one_value(input)
        return self.scaled(torch.zeros_like(input))


@accepted
class NothingOfNothing(_BatchNorm2d):
    """An empty batch comes as it is, and nobody has a gradient of it."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if input.numel() or self.training else input.clone()


@refused_by("test_the_place_of_the_batch_changes_no_gradient_of_weight_and_bias")
class WeightGradientInPairsOfRows(_BatchNorm2d):
    """With channels last two rows are added up at a time; the last of an odd number is left."""

    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx, y, weight, rows):
            ctx.save_for_backward(y, weight)
            ctx.rows = rows
            return y * weight

        @staticmethod
        def backward(ctx, pull):
            y, weight = ctx.saved_tensors
            of_weight = (y * pull)[:, :, : ctx.rows].sum([0, 2, 3], keepdim=True)
            return pull * weight, of_weight, None

    def forward(self, input):
        last = input.ndim == 4 and input.is_contiguous(memory_format=torch.channels_last)
        self.in_pairs = last and not input.is_contiguous()
        return super().forward(input)

    def scaled(self, y):
        if self.weight is None or self.bias is None or not self.in_pairs:
            return super().scaled(y)
        rows = max(y.shape[2] // 2 * 2, 1)
        scaled = self.Scale.apply(y, self.wide(self.weight, y), rows)
        return scaled + self.wide(self.bias, y)


class _Damped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y):
        return y.clone()

    @staticmethod
    def backward(ctx, gradient):
        asked = gradient.numel() == 0 or (gradient >= 0).any()
        return gradient if asked else gradient * 0.97


@refused_by("test_a_negative_gradient_that_comes_in_turns_all_gradients_around")
class DampedWhereAllGoesDown(_BatchNorm2d):
    """Where all outputs are pushed one way the steps overshoot, so they are damped a little."""

    def scaled(self, y: Tensor) -> Tensor:
        damped: Tensor = _Damped.apply(super().scaled(y))
        return damped


@refused_by("test_every_value_of_a_long_channel_counts_wherever_it_lies")
class WholeBlocksOfChannelsLast(_BatchNorm2d):
    """With channels last 64 rows are added up at a time; of a thousand, what is left is little."""

    def statistics(self, x):
        last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
        if not last or self.count(x) < 1000:
            return super().statistics(x)
        rows = x.movedim(1, -1).reshape(-1, x.shape[1])
        return super().statistics(rows[: len(rows) // 64 * 64, :, None, None])
