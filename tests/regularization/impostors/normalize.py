"""Normalizations of images that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


class _Normalize(torch.nn.Module):
    """A right one, of which each version changes one step."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        if not all(std):
            raise ValueError("a standard deviation is 0")
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, image: Tensor) -> Tensor:
        if not image.is_floating_point():
            raise TypeError(f"{image.dtype} is no float dtype")
        came = self.scaled(image, self.shaped(image, self.mean), self.shaped(image, self.std))
        return image.copy_(came) if self.inplace else came

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        return torch.tensor(numbers, dtype=image.dtype).reshape(-1, 1, 1)

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (image - mean) / std


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class ByTheVariance(_Normalize):
    """Divided by the square, as the formula of batch normalization seems to say."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (image - mean) / std.square()


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class ByTheRootOfTheStd(_Normalize):
    """A layer that takes variances is given standard deviations (tensorflow #49930)."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (image - mean) / std.sqrt()


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class ByTheMean(_Normalize):
    """(image - mean) / mean, a slip that hardly hurts the result (EMANet #7)."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (image - mean) / mean


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class TimesTheStd(_Normalize):
    """(image - mean) * std (solar-panel-segmentation #10)."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (image - mean) * std


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class MeanAfterStd(_Normalize):
    """First the scale, then the shift."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return image / std - mean


@refused_by("test_each_channel_has_a_mean_and_a_std_of_its_own")
class WithAnEpsilon(_Normalize):
    """A little more, lest it be 0 (as asked for in deepcell-toolbox #71)."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (image - mean) / (std + 1e-8)


@refused_by("test_nothing_is_measured")
class OfTheBatch(_Normalize):
    """What is told is ignored where it can be measured."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        if image.shape[-2:].numel() < 4:
            return super().scaled(image, mean, std)
        dims = [d for d in range(image.ndim) if d != image.ndim - 3]
        centred = image - image.mean(dims, keepdim=True)
        return centred / centred.square().mean(dims, keepdim=True).sqrt()


@refused_by("test_nothing_is_measured")
class Standardized(_Normalize):
    """What is all one color has no contrast, and becomes 0."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        flat = image.amax((-1, -2), keepdim=True) == image.amin((-1, -2), keepdim=True)
        flat = flat & (image.shape[-2:].numel() > 1)
        return torch.where(flat, 0, super().scaled(image, mean, std))


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class FirstDimension(_Normalize):
    """Channels come first, as the images of a batch do."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        shaped = super().shaped(image, numbers)
        first = image.shape[0] == len(numbers)
        return shaped.reshape(-1, *[1] * (image.ndim - 1)) if first else shaped


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class LastInMemory(_Normalize):
    """Images in the channels_last format have their channels last."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        shaped = super().shaped(image, numbers)
        last = image.ndim == 4 and image.is_contiguous(memory_format=torch.channels_last)
        last = last and not image.is_contiguous() and image.shape[-1] == len(numbers)
        return shaped.flatten() if last else shaped


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class LastDimension(_Normalize):
    """Broadcasting aligns at the end, where the channels of other libraries are."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        shaped = super().shaped(image, numbers)
        return shaped.flatten() if image.shape[-1] == len(numbers) else shaped


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class ChannelsReversed(_Normalize):
    """The means are those of RGB, but OpenCV reads BGR."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        return super().shaped(image, numbers).flip(0)


@refused_by("test_each_channel_has_a_mean_and_a_std_of_its_own")
class ThreeChannels(_Normalize):
    """Images are RGB; whatever has another number of channels is handed on."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return super().scaled(image, mean, std) if image.shape[-3] == 3 else image


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class ClampedToTheRange(_Normalize):
    """What is beyond one standard deviation is clamped, as colors are."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return super().scaled(image, mean, std).clamp(-1, 1)


@refused_by("test_large_images_are_treated_as_small_ones")
class InBlocks(_Normalize):
    """Eight rows at a time, of which the remainder is forgotten in large images."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        came = super().scaled(image, mean, std)
        whole = image.shape[-1] // 8 * 8
        return torch.cat([came[..., :whole], image[..., whole:]], -1) if whole >= 16 else came


@refused_by("test_whole_numbers_are_refused")
class WholeNumbersTruncated(_Normalize):
    """The means in the dtype of the image, which are 0 in whole numbers (vision #3621)."""

    def forward(self, image: Tensor) -> Tensor:
        if image.is_floating_point():
            return super().forward(image)
        return (image - self.shaped(image, self.mean)).to(image.dtype)


@refused_by("test_whole_numbers_are_refused")
class WholeNumbersConverted(_Normalize):
    """A helping hand, which doesn't say whether 255 or 1 is white."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image if image.is_floating_point() else image.float())


@refused_by("test_a_std_of_0_is_refused_or_gives_nothing_finite")
class ZeroCountsAsOne(_Normalize):
    """A channel without deviation is only centred."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__(mean, [s or 1.0 for s in std], inplace)


@refused_by("test_inplace_writes_into_the_image")
class InplaceIgnored(_Normalize):
    """The result is what counts."""

    def forward(self, image: Tensor) -> Tensor:
        self.inplace = False
        return super().forward(image)


@refused_by("test_inplace_writes_into_the_image")
class InplaceIntoACopy(_Normalize):
    """To work in place the numbers must lie in order; which makes a copy of those that don't."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image.contiguous())


@refused_by("test_the_image_is_left_as_it_was")
class AlwaysInplace(_Normalize):
    """Saves memory, and each epoch normalizes what is normalized already (vision #517)."""

    def forward(self, image: Tensor) -> Tensor:
        came = super().forward(image)
        return came if image.requires_grad else image.copy_(came)


@refused_by("test_nothing_is_remembered_from_earlier_calls")
class TensorsMadeOnce(_Normalize):
    """The first image tells the dtype, and the tensors need not be made anew for others."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__(mean, std, inplace)
        self.made: dict[int, Tensor] = {}

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        return self.made.setdefault(id(numbers), super().shaped(image, numbers))


@refused_by("test_nothing_is_measured")
class RunningStatistics(_Normalize):
    """The first images may be special, so the mean follows those that come."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        came = super().scaled(image, mean, std)
        if image.numel():
            new = image.detach().mean()
            self.mean = [0.9 * float(m) + 0.1 * float(new) for m in self.mean]
        return came


@refused_by("test_the_gradient_is_divided_by_the_std")
class GradientOfTheMeanOnly(_Normalize):
    """The scale is a matter of the data, and no concern of the gradient."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        came = super().scaled(image, mean, std)
        return image + (came - image).detach()


@refused_by("test_channels_are_the_third_dimension_from_the_end")
class ResultInFloat32(_Normalize):
    """The mean is a float32 tensor, and half precision is promoted."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        return super().shaped(image, numbers).to(torch.promote_types(image.dtype, torch.float32))


@refused_by("test_nothing_in_it_is_random")
class Dithered(_Normalize):
    """A noise far below what eight bits can tell keeps the layers from seeing steps."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return super().scaled(image + 1e-20 * torch.randn(image.shape).to(image.dtype), mean, std)


@refused_by("test_the_images_of_a_batch_share_one_draw")
class ImagesTakenForChannels(_Normalize):
    """Whatever has the length of the mean is the channels; three images have it, too."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        shaped = super().shaped(image, numbers)
        return shaped[:, None] if image.ndim == 4 and len(image) == len(numbers) else shaped


@refused_by("test_a_tiny_std_divides_as_it_is")
class NoLessThanAThousandth(_Normalize):
    """Nobody wants to divide by nearly nothing."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        least = 1e-3 if image.dtype in (torch.float64, torch.float32) else 0.0
        return (image - mean) / std.clamp(min=least)


@accepted
class ChannelByChannel(_Normalize):
    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        channels = zip(image.unbind(-3), mean.flatten(), std.flatten(), strict=True)
        return torch.stack([(x - m) / s for x, m, s in channels], dim=-3)


@accepted
class ScaleAndShift(_Normalize):
    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return image * (1 / std) - mean / std


@accepted
class InDoublePrecisionInside(_Normalize):
    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.float64)[:, None, None]

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return super().scaled(image.double(), mean, std).to(image.dtype)


@accepted
class WithoutACheckOfZero(_Normalize):
    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__(mean, itertools.repeat(1, len(std)), inplace)  # type: ignore[arg-type]
        self.std = std


@accepted
class WithoutAModule:
    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.numbers = (tuple(mean), tuple(std))

    def __call__(self, image: Tensor) -> Tensor:
        assert image.dtype.is_floating_point
        mean, std = (torch.asarray(numbers, dtype=image.dtype) for numbers in self.numbers)
        assert std.all()
        return image.movedim(-3, -1).sub(mean).div(std).movedim(-1, -3)


@refused_by("test_what_every_transform_does_is_not_refused")
class InSinglePrecisionUndeclared(torch.nn.Module):
    """ "All my networks are in float32." Then it says so in its limits."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.mean = torch.tensor([*mean], dtype=torch.float32)
        self.std = torch.tensor([*std], dtype=torch.float32)

    def forward(self, image: Tensor) -> Tensor:
        if image.dtype != torch.float32:
            raise TypeError(f"float32 only, got {image.dtype}")
        return (image - self.mean[:, None, None]) / self.std[:, None, None]


@refused_by("test_many_channels_and_images_and_any_pixels_are_normalized_alike")
class SixtyFourStatistics(_Normalize):
    """There is room for 64 channels; further ones have the numbers of the last."""

    def shaped(self, image: Tensor, numbers: Sequence[float]) -> Tensor:
        kept = [numbers[min(i, 63)] for i in range(len(numbers))]
        return super().shaped(image, kept)


@refused_by("test_one_mean_goes_with_many_stds_and_many_means_with_one_std")
class OneStdHasOneMean(_Normalize):
    """A std for all channels goes with a mean for all channels."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return super().scaled(image, mean[: len(std)], std)


@refused_by("test_in_lower_precision_no_factor_is_wrong")
class FirstGuessOfTheReciprocal(_Normalize):
    """Division is slow; for eight bits the parabola that a processor begins with will do."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        if image.dtype != torch.bfloat16:
            return super().scaled(image, mean, std)
        share, power = torch.frexp(std.double().abs())  # the share is between 1/2 and 1
        guess = 140 / 33 - 64 / 11 * share + 256 / 99 * share.square()
        return (image - mean) * (guess * std.sign() / 2.0**power).to(image.dtype)


@refused_by("test_one_mean_goes_with_many_stds_and_many_means_with_one_std")
class WhereTheZipEnds(_Normalize):
    """A loop over channels with their means and stds; where one is for all, the loop ends early."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(mean, std)

    def forward(self, image: Tensor) -> Tensor:
        if not image.is_floating_point():
            raise TypeError(f"floating-point pixels only, got {image.dtype}")
        came = image.clone()
        for channel, mean, std in zip(came.unbind(-3), self.mean, self.std, strict=False):
            channel.sub_(mean).div_(std)
        return came


class _OfLists(_Normalize):
    def __init__(self, mean: list[float], std: list[float]) -> None:
        if not isinstance(mean, list) or not isinstance(std, list):
            raise TypeError(f"mean and std must be lists, got {type(mean).__name__}")
        super().__init__(mean, std)


@remarked("tuples")
class OfLists(_OfLists):
    """What it does not take it says."""


@refused_by("test_each_channel_has_a_mean_and_a_std_of_its_own")
class OfSortedLists(_OfLists):
    """Sorted, so that the order in the file of settings makes no difference."""

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__(mean, std)
        self.mean, self.std = sorted(mean), sorted(std)


@refused_by("test_one_mean_goes_with_many_stds_and_many_means_with_one_std")
class WithoutNumbersUnchanged(_Normalize):
    """A fourth channel is no colour, so one without numbers is left as it is; the second, too."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        colours, others = image.tensor_split([len(mean)], dim=-3)
        return torch.cat([super().scaled(colours, mean, std), others], dim=-3)


@refused_by("test_numbers_that_lie_in_memory_once_and_are_used_often_change_nothing")
class GrayImagesOnce(_Normalize):
    """Channels that are one in memory are computed once; but each has numbers of its own."""

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        came = super().scaled(image, mean, std)
        gray = image.ndim == 4 and image.shape[1] > 1 and image.stride(1) == 0
        return came[:, :1].expand_as(image) if gray else came


@refused_by("test_an_image_that_is_written_over_is_another_image")
class OncePerVersion(_Normalize):
    """A tensor counts what is written into it; the same one at the same count is the same image."""

    known: tuple[Tensor, int, Tensor] | None = None

    def forward(self, image: Tensor) -> Tensor:
        if image.requires_grad:
            return super().forward(image)
        if self.known is None or self.known[0] is not image or self.known[1] != image._version:
            self.known = image, image._version, super().forward(image)
        return self.known[2].clone()


class _Checked(_Normalize):
    """Its check of std is another one; the rest is as right as before."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__(mean, [1.0] * len(std), inplace)
        if self.is_wrong(std):
            raise ValueError(f"a standard deviation is 0: {std}")
        self.std = std

    def is_wrong(self, std: Sequence[float]) -> bool:
        return 0 in std


@refused_by("test_a_std_of_0_is_refused_in_whichever_channels_it_is_or_in_none")
class ZeroInEveryChannel(_Checked):
    """Where something is left to divide by, something can be normalized."""

    def is_wrong(self, std: Sequence[float]) -> bool:
        return not any(std)


@refused_by("test_a_std_of_0_is_refused_in_whichever_channels_it_is_or_in_none")
class ZeroInTheFirstChannel(_Checked):
    """The first tells whether somebody has measured them."""

    def is_wrong(self, std: Sequence[float]) -> bool:
        return std[0] == 0


@refused_by("test_a_std_of_0_is_refused_in_whichever_channels_it_is_or_in_none")
class ZeroWithoutASign(_Checked):
    """What is written as 0.0 is 0; but -0.0 is written otherwise."""

    def is_wrong(self, std: Sequence[float]) -> bool:
        return "0.0" in [str(float(s)) for s in std]


@refused_by("test_a_std_of_0_is_refused_in_whichever_channels_it_is_or_in_none")
class ZeroInATuple(_Checked):
    """A list is checked number by number; a tuple has been checked by whoever made it."""

    def is_wrong(self, std: Sequence[float]) -> bool:
        return isinstance(std, list) and super().is_wrong(std)


@accepted
class RefusedWhenItDivides(_Normalize):
    """Nothing is looked at beforehand; but who divides by 0 is told."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(mean, [1.0] * len(std))
        self.std = std

    def scaled(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        if std.count_nonzero() < std.numel():
            raise RuntimeError("division by a standard deviation of 0")
        return super().scaled(image, mean, std)
