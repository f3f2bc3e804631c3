"""Dropouts of channels that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked
from sums_to_one.tests.regularization.impostors.dropout import RightDropout


class _Dropout2d(RightDropout):
    """A right one, of which each version changes one step."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (*input.shape[:2], *[1] * (input.ndim - 2))


@refused_by("test_three_dimensions_are_samples_of_channels_with_one_row_each")
class ElementsOfWhatIsNoImage(_Dropout2d):
    """Where there is no image, each element is a unit."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return super().drawn(input) if input.ndim == 4 else tuple(input.shape)


@refused_by("test_of_three_dimensions_channels_are_dropped_as_of_four")
class OneImageWithoutABatch(_Dropout2d):
    """Three dimensions are (C, H, W); PyTorch has them as (N, C, L) (pytorch #77081)."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return super().drawn(input) if input.ndim == 4 else (len(input), 1, 1)


@refused_by("test_three_dimensions_are_left_as_they_are_in_evaluation")
class RowsInEvaluation(_Dropout2d):
    """Rows are taken for images of one row, by a function that is always in training."""

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim != 3:
            return super().forward(input)
        return F.dropout2d(input[:, :, None], self.p).squeeze(2)


@refused_by("test_all_pixels_of_a_channel_are_dropped_or_kept_together")
class EveryPixelByItself(_Dropout2d):
    """The 2d says that images go in."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return tuple(input.shape)


@refused_by("test_all_pixels_of_a_channel_are_dropped_or_kept_together")
class ChannelsAreLast(_Dropout2d):
    """Images are height, width, colours; so it is in other libraries."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (len(input), 1, 1, input.shape[3])


@refused_by("test_all_pixels_of_a_channel_are_dropped_or_kept_together")
class RowsOfTheImage(_Dropout2d):
    """Two dimensions are dropped along: so it goes with (C, H, W), too (as in pytorch #69801)."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (*input.shape[:3], 1)


@refused_by("test_no_sample_and_no_channel_is_an_exception")
class TheSameChannelsInAllSamples(_Dropout2d):
    """A filter is dropped, so its channel is missing everywhere (Lux.jl #770)."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (1, input.shape[1], 1, 1)


@refused_by("test_no_sample_and_no_channel_is_an_exception")
class WholeSamples(_Dropout2d):
    """The first dimension is the one that is dropped along; so it is for a residual branch."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (len(input), 1, 1, 1)


@refused_by("test_no_sample_and_no_channel_is_an_exception")
class AsManyInEverySample(_Dropout2d):
    """Each sample loses the same number of channels."""

    def kept(self, input: Tensor) -> Tensor:
        count = int(self.p * input.shape[1] + torch.rand((), dtype=torch.float64))
        order = self.uniform(*input.shape[:2]).argsort(dim=1).argsort(dim=1)
        return (order >= count)[:, :, None, None]


@refused_by("test_each_output_is_0_or_the_input_over_1_minus_p")
class NotScaled(_Dropout2d):
    """A channel is there or not there."""

    def factor(self) -> float:
        return 1.0


@refused_by("test_each_output_is_0_or_the_input_over_1_minus_p")
class ScaledByWhatIsLeft(_Dropout2d):
    """The sum over the channels stays if those that are left stand in for all, as in DropBlock."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        share = factors.ne(0).double().mean(dim=1, keepdim=True).clamp(min=1e-3)
        return super().put(input, (factors.ne(0) / share).to(input.dtype))


@refused_by("test_with_p_of_1_nothing_is_kept")
class DividesBy0(_Dropout2d):
    """0 stays 0 whatever it is divided by; but 0 over 0 is not 0."""

    def factors(self, input: Tensor) -> Tensor:
        return self.kept(input).to(input.dtype) / (1 - self.p)


@refused_by("test_in_evaluation_the_input_comes_as_it_is")
class NeverEvaluates(_Dropout2d):
    """The function does it all, except look at `self.training` (SimpleNet of Coderx7, #2)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, inplace=self.inplace)


@refused_by("test_all_pixels_of_a_channel_are_dropped_or_kept_together_wherever_they_lie")
class MaskInStorageOrder(_Dropout2d):
    """One row for each channel, as they lie in memory; which are pixels if channels come last."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        every = factors.expand(input.shape).contiguous()
        if input.is_contiguous(memory_format=torch.channels_last):
            every = every.flatten().reshape(input.movedim(1, -1).shape).movedim(-1, 1)
        return super().put(input, every)


@refused_by("test_all_gradients_of_a_channel_are_dropped_or_kept_together")
class GradientOfPixels(_Dropout2d):
    """The mask was kept as it came out of the first row of pixels."""

    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, factors):
            ctx.factors = factors.expand_as(input).clone()
            ctx.factors[:, :, 2:] = ctx.factors[:, :, 2:].flip(1)
            return input * factors

        @staticmethod
        def backward(ctx, gradient):
            return gradient * ctx.factors, None

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        return super().put(input, factors) if self.inplace else self.Dropped.apply(input, factors)


@refused_by("test_a_black_pixel_says_nothing_about_its_channel")
class SeenByTheFirstPixel(_Dropout2d):
    """What became of the first pixel shows what is to become of its channel."""

    def kept(self, input: Tensor) -> Tensor:
        return super().kept(input) & input[:, :, :1, :1].ne(0)


@refused_by("test_images_of_every_size_lose_as_many_channels")
class AnyPixelDropsItsChannel(_Dropout2d):
    """Each pixel is drawn with p over their number, and takes its channel along."""

    def kept(self, input: Tensor) -> Tensor:
        if not 0 < self.p < 1:
            return super().kept(input)
        pixels = input.shape[2] * input.shape[3]
        return (self.uniform(*input.shape) >= self.p / pixels).all(3).all(2)[:, :, None, None]


@refused_by("test_units_are_dropped_with_probability_p")
class RandomNumbersLikeTheInput(_Dropout2d):
    """Random numbers of the dtype that is there; bfloat16 has 256, of which 1/1000 is no share."""

    def kept(self, input: Tensor) -> Tensor:
        return input.new_empty(self.drawn(input)).uniform_().to(input.dtype) >= self.p


@refused_by("test_few_and_many_outputs_are_each_0_or_the_input_over_1_minus_p")
class ViewedAsRows(_Dropout2d):
    """A row for each channel, as many as there are; but -1 says nothing where they are empty."""

    def put(self, input: Tensor, factors: Tensor) -> Tensor:
        if self.inplace:
            return super().put(input, factors)
        rows = input.reshape(-1, input.shape[2] * input.shape[3])
        return (rows * factors.reshape(-1, 1).expand(len(rows), 1)).reshape(input.shape)


@refused_by("test_gradients_of_three_dimensions_go_where_the_inputs_went")
class GradientOfRowsUndropped(_Dropout2d):
    """Rows came later, with a mask that the way back does not know."""

    def put(self, input, factors):
        straight = input * self.factor()
        dropped = super().put(input, factors)
        return (
            dropped if input.ndim != 3 or self.inplace else straight + (dropped - straight).detach()
        )


@refused_by("test_inplace_three_dimensions_are_written_to")
class RowsNeverInplace(_Dropout2d):
    """Rows are given a height, which makes them a view; or, as here, a copy."""

    def forward(self, input):
        return super().forward(input.clone() if input.ndim == 3 else input)


@refused_by("test_three_dimensions_are_samples_of_channels_with_one_row_each")
class RowsInStorageOrder(_Dropout2d):
    """Rows are taken as they lie in memory (like pytorch #47176)."""

    def put(self, input, factors):
        if input.ndim == 3 and not self.inplace:
            input = torch.as_strided(input, input.shape, input.contiguous().stride())
        return super().put(input, factors)


@refused_by("test_of_three_dimensions_channels_are_dropped_as_of_four")
class OneMaskForAllRows(_Dropout2d):
    """Without a height the first dimension is the channels, and the same ones fall everywhere."""

    def drawn(self, input):
        return (1, input.shape[1], 1) if input.ndim == 3 else super().drawn(input)


@accepted
class FromTheLibrary(_Dropout2d):
    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


@accepted
class DropoutOfOnes(_Dropout2d):
    def forward(self, input: Tensor) -> Tensor:
        ones = torch.ones(input.shape[:2], dtype=input.dtype)
        return self.put(input, F.dropout(ones, self.p, self.training).reshape(self.drawn(input)))


@remarked("3 dimensions")
class AlwaysFourDimensions(_Dropout2d):
    def drawn(self, input: Tensor) -> tuple[int, ...]:
        return (*input.shape[:2], 1, 1)


@remarked("3 dimensions")
class ChannelsAsRows(_Dropout2d):
    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        rows = input.reshape(input.shape[0] * input.shape[1], input.shape[2] * input.shape[3])
        kept = self.uniform(len(rows), 1) >= self.p
        came = (rows * kept * self.factor()).reshape(input.shape)
        return input.copy_(came) if self.inplace else came


@remarked("3 dimensions")
class AsVolumes(_Dropout2d):
    def forward(self, input: Tensor) -> Tensor:
        samples, channels, height, width = input.shape
        volumes = input.reshape(samples, channels, height, width, 1)
        came = F.dropout3d(volumes, self.p, self.training)[..., 0]
        return input.copy_(came) if self.inplace else came


@accepted
class AChannelAtATime:
    """A loop over samples and channels, without a module, for images of float32 or float64."""

    limits: ClassVar[dict[str, Any]] = {"dtypes": ["float64", "float32"], "dimensions": [4]}

    def __init__(self, p: float = 0.5) -> None:
        assert 0.0 <= p <= 1.0, f"p is a probability, got {p}"
        self.p, self.training = p, True

    def __call__(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = torch.rand(x.shape[0] * x.shape[1], dtype=torch.float64) >= self.p
        if self.p == 1:
            return x * 0
        return x * (kept.to(x.dtype) / (1 - self.p)).reshape(x.shape[0], x.shape[1], 1, 1)


@refused_by("test_units_at_one_place_in_memory_are_dropped_each_by_itself")
class CopiesShareADraw(_Dropout2d):
    """An expanded batch is one sample many times, so what is drawn for it counts for all."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        copies = len(input) > 1 and input.stride(0) == 0
        return (1, *super().drawn(input)[1:]) if copies else super().drawn(input)


@refused_by("test_wherever_units_lie_in_memory_each_is_dropped_by_itself")
class RowsOfTheMemory(_Dropout2d):
    """With channels last a row of memory is one pixel of all channels: a draw for such a row."""

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        last = input.ndim == 4 and not input.is_contiguous()
        last = last and input.is_contiguous(memory_format=torch.channels_last)
        return (1, *super().drawn(input)[1:]) if last else super().drawn(input)
