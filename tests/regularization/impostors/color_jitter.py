"""Colour jitters that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import colorsys
import random
from collections.abc import Sequence

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked

Range = float | Sequence[float] | None
NAMES = ("brightness", "contrast", "saturation", "hue")


class _ColorJitter(torch.nn.Module):
    """A right one, of which each version changes one step."""

    weights = (0.299, 0.587, 0.114)

    def __init__(
        self,
        brightness: Range = None,
        contrast: Range = None,
        saturation: Range = None,
        hue: Range = None,
    ) -> None:
        super().__init__()
        given = dict(zip(NAMES, (brightness, contrast, saturation, hue), strict=True))
        self.ranges = {n: self.range(n, value) for n, value in given.items() if value is not None}

    def range(self, name: str, given: float | Sequence[float]) -> tuple[float, float]:
        low, high = self.around(name, given) if isinstance(given, float | int) else given
        least, most = (-0.5, 0.5) if name == "hue" else (0.0, float("inf"))
        if not least <= low <= high <= most:
            raise ValueError(f"{name} must be between {least} and {most}, got {given}")
        return low, high

    def around(self, name: str, given: float) -> tuple[float, float]:
        if name == "hue":
            return -given, given
        if given < 0:
            raise ValueError(f"{name} must not be negative, got {given}")
        return max(0.0, 1 - given), 1 + given

    def forward(self, image: Tensor) -> Tensor:
        factors = self.draw()
        x = self.start(image)
        for name in self.order(list(factors)):
            x = getattr(self, name)(x, factors[name])
        return self.end(x, image)

    def start(self, image: Tensor) -> Tensor:
        return image.clone() if image.is_floating_point() else image.double() / 255

    def end(self, x: Tensor, image: Tensor) -> Tensor:
        return x if image.is_floating_point() else (x * 255).round().to(image.dtype)

    def draw(self) -> dict[str, float]:
        return {name: self.uniform(low, high) for name, (low, high) in self.ranges.items()}

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand(()))

    def order(self, names: list[str]) -> list[str]:
        return [names[i] for i in torch.randperm(len(names)).tolist()]

    def gray(self, x: Tensor) -> Tensor:
        if x.shape[-3] == 1:
            return x
        weights = torch.tensor(self.weights, dtype=x.dtype).reshape(3, 1, 1)
        return (weights * x).sum(-3, keepdim=True)

    def cut(self, x: Tensor) -> Tensor:
        return x.clamp(0, 1)

    def brightness(self, x: Tensor, factor: float) -> Tensor:
        return self.cut(x * factor)

    def middle(self, x: Tensor) -> Tensor:
        return self.gray(x).mean((-3, -2, -1), keepdim=True)

    def contrast(self, x: Tensor, factor: float) -> Tensor:
        middle = self.middle(x)
        return self.cut(middle + factor * (x - middle))

    def saturation(self, x: Tensor, factor: float) -> Tensor:
        gray = self.gray(x)
        return x if x.shape[-3] == 1 else self.cut(gray + factor * (x - gray))

    def hue(self, x: Tensor, factor: float) -> Tensor:
        if x.shape[-3] == 1:
            return x
        hue, saturation, value = self.to_hsv(x)
        return self.to_rgb(self.shifted(hue, factor), saturation, value)

    def shifted(self, hue: Tensor, factor: float) -> Tensor:
        return (hue + factor).remainder(1)

    def to_hsv(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        red, green, blue = x.unbind(-3)
        value, width = x.amax(-3), x.amax(-3) - x.amin(-3)
        safe = torch.where(width == 0, 1, width)
        hue = 4 + (red - green) / safe
        hue = torch.where(value == green, 2 + (blue - red) / safe, hue)
        hue = torch.where(value == red, (green - blue) / safe, hue)
        return (hue / 6).remainder(1), width / torch.where(value == 0, 1, value), value

    def to_rgb(self, hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
        # Each channel is a trapezoid over the circle, a third after the one before.
        near = [(hue - third / 3 + 0.5).remainder(1).sub(0.5).abs() * 6 for third in range(3)]
        channels = [value * (1 - saturation * (distance - 1).clamp(0, 1)) for distance in near]
        return torch.stack(channels, dim=-3)


@refused_by("test_between_the_ends_of_a_range_any_factor_may_be_drawn")
class InSteps(_ColorJitter):
    """A hundredth more or less is not seen."""

    def uniform(self, low: float, high: float) -> float:
        return min(high, max(low, round(super().uniform(low, high), 2)))


@refused_by("test_brightness_multiplies")
class BrightnessAdded(_ColorJitter):
    """More light is added (kornia #565)."""

    def brightness(self, x: Tensor, factor: float) -> Tensor:
        return self.cut(x + (factor - 1))


@refused_by("test_values_stay_in_their_range")
class NotCutOff(_ColorJitter):
    """Whoever normalizes afterwards does not care."""

    def cut(self, x: Tensor) -> Tensor:
        return x


@refused_by("test_whole_numbers_are_rounded_by_a_step_at_most")
class BytesWrapAround(_ColorJitter):
    """A byte times a number is a byte again (LenslessPiCam #173)."""

    def start(self, image: Tensor) -> Tensor:
        self.bytes = not image.is_floating_point()
        return super().start(image)

    def cut(self, x: Tensor) -> Tensor:
        return x.remainder(256 / 255) if self.bytes else super().cut(x)


@refused_by("test_contrast_mixes_an_image_with_its_mean_gray")
class AroundHalf(_ColorJitter):
    """The middle of 0 and 1 is a half."""

    def middle(self, x: Tensor) -> Tensor:
        return torch.full_like(x[..., :1, :1, :1], 0.5)


@refused_by("test_contrast_mixes_an_image_with_its_mean_gray")
class AMeanForEachChannel(_ColorJitter):
    """Red goes away from the mean of red."""

    def middle(self, x: Tensor) -> Tensor:
        return x.mean((-2, -1), keepdim=True)


@refused_by("test_contrast_mixes_an_image_with_its_mean_gray")
class MeanOfAllNumbers(_ColorJitter):
    """The mean of an image is the mean of its numbers."""

    def middle(self, x: Tensor) -> Tensor:
        return x.mean((-3, -2, -1), keepdim=True)


@refused_by("test_every_image_of_a_batch_is_changed_as_if_it_were_alone")
class MeanOfTheBatch(_ColorJitter):
    """The mean of a tensor is .mean()."""

    def middle(self, x: Tensor) -> Tensor:
        return self.gray(x).mean()


@refused_by("test_every_image_of_a_batch_is_changed_as_if_it_were_alone")
class MeanFromTheFront(_ColorJitter):
    """After the first dimension, which is the batch, come three that make an image."""

    def middle(self, x: Tensor) -> Tensor:
        return self.gray(x).mean((1, 2, 3), keepdim=True) if x.ndim > 3 else super().middle(x)


@refused_by("test_gray_is_mostly_green_and_hardly_blue")
class EqualWeights(_ColorJitter):
    """Gray is the mean of red, green and blue."""

    weights = (1 / 3, 1 / 3, 1 / 3)


@refused_by("test_gray_is_mostly_green_and_hardly_blue")
class BlueFirst(_ColorJitter):
    """Images of OpenCV begin with blue (detectron2 #1625, the other way round)."""

    weights = (0.114, 0.587, 0.299)


@refused_by("test_gray_is_mostly_green_and_hardly_blue")
class WeightsOfHighDefinition(_ColorJitter):
    """Newer screens weigh otherwise (BT.709)."""

    weights = (0.2126, 0.7152, 0.0722)


@refused_by("test_saturation_mixes_each_pixel_with_its_gray")
class SaturationOfTheCone(_ColorJitter):
    """The S of HSV is the saturation."""

    def saturation(self, x: Tensor, factor: float) -> Tensor:
        if factor == 0 or x.shape[-3] == 1:
            return super().saturation(x, factor)
        hue, saturation, value = self.to_hsv(x)
        return self.to_rgb(hue, (factor * saturation).clamp(0, 1), value)


@refused_by("test_one_channel_has_neither_saturation_nor_hue")
class ThreeChannelsOfOne(_ColorJitter):
    """What has one channel gets three, so that everything works."""

    def start(self, image: Tensor) -> Tensor:
        colour = self.ranges.keys() & {"saturation", "hue"} and image.shape[-3] == 1
        return super().start(image.repeat_interleave(3, dim=-3) if colour else image)


@refused_by("test_hue_turns_the_colour_and_keeps_the_rest")
class HueInDegrees(_ColorJitter):
    """A circle has 360."""

    def shifted(self, hue: Tensor, factor: float) -> Tensor:
        return (hue + factor / 360).remainder(1)


@refused_by("test_hue_turns_the_colour_and_keeps_the_rest")
class HueMultiplied(_ColorJitter):
    """It is a factor like the others (kornia #290)."""

    def shifted(self, hue: Tensor, factor: float) -> Tensor:
        return (hue * (1 + factor)).remainder(1)


@refused_by("test_half_a_circle_is_the_same_either_way")
class HueCutOff(_ColorJitter):
    """Numbers between 0 and 1 are clamped, as everywhere else."""

    def shifted(self, hue: Tensor, factor: float) -> Tensor:
        return (hue + factor).clamp(0, 1)


@refused_by("test_a_third_of_the_circle_makes_red_green_and_green_blue")
class HueTheOtherWay(_ColorJitter):
    """The circle of colours runs clockwise."""

    def shifted(self, hue: Tensor, factor: float) -> Tensor:
        return (hue - factor).remainder(1)


@refused_by("test_hue_turns_the_colour_and_keeps_the_rest")
class HueInSteps(_ColorJitter):
    """A hue is one of 180, as in OpenCV."""

    def shifted(self, hue: Tensor, factor: float) -> Tensor:
        return ((hue + factor).remainder(1) * 180).round() / 180


@refused_by("test_gray_has_no_hue")
class GrayTurnsBlack(_ColorJitter):
    """Without saturation all channels are 0 (cucim #490)."""

    def to_rgb(self, hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
        return super().to_rgb(hue, saturation, torch.where(saturation == 0, 0, value))


@refused_by("test_gray_has_no_hue")
class ZeroOverZero(_ColorJitter):
    """The hue is that of the largest channel; for gray it is 0 / 0."""

    def to_hsv(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hue, saturation, value = super().to_hsv(x)
        width = x.amax(-3) - x.amin(-3)
        return hue * (width / width), saturation, value


@refused_by("test_gradients_flow_back_through_each_change_but_that_of_hue")
class TheMeanIsANumber(_ColorJitter):
    """A mean is measured, and taken out of the graph, as in batch norms of old."""

    def middle(self, x: Tensor) -> Tensor:
        return super().middle(x).detach()


@accepted
class AlwaysInThisOrder(_ColorJitter):
    """The arguments have an order."""

    def order(self, names: list[str]) -> list[str]:
        return names


@refused_by("test_the_four_changes_come_one_after_another_always_in_one_order_or_in_any")
class HueLast(_ColorJitter):
    """Hue takes the longest way, so it comes last."""

    def order(self, names: list[str]) -> list[str]:
        return sorted(super().order(names), key="hue".__eq__)


@refused_by("test_the_four_changes_come_one_after_another_always_in_one_order_or_in_any")
class ForwardsOrBackwards(_ColorJitter):
    """It is enough that two of them come in either order."""

    def order(self, names: list[str]) -> list[str]:
        return names[:: 1 if torch.rand(()) < 0.5 else -1]


@refused_by("test_the_four_changes_come_one_after_another_always_in_one_order_or_in_any")
class OnlyTheLast(_ColorJitter):
    """Each begins with the image as it came (volumentations #24)."""

    def order(self, names: list[str]) -> list[str]:
        return super().order(names)[-1:]


@refused_by("test_factors_are_even_as_far_below_one_as_above")
class OnlyMore(_ColorJitter):
    """Up to so much more."""

    def around(self, name: str, given: float) -> tuple[float, float]:
        _, high = super().around(name, given)
        return (0 if name == "hue" else 1), high


@refused_by("test_factors_are_even_as_far_below_one_as_above")
class AroundZero(_ColorJitter):
    """From nothing to that much; the images became quite dark (BReG-NeXt #7)."""

    def around(self, name: str, given: float) -> tuple[float, float]:
        super().around(name, given)
        return (-given, given) if name == "hue" else (0, given)


@refused_by("test_factors_are_even_as_far_below_one_as_above")
class AsMuchLessAsMore(_ColorJitter):
    """Twice as bright is the counterpart of half as bright."""

    def around(self, name: str, given: float) -> tuple[float, float]:
        low, high = super().around(name, given)
        return (low, high) if name == "hue" or given > 1 else (1 / high, high)


@refused_by("test_factors_from_a_pair_fill_the_space_between_evenly")
class PairsAreAroundOne(_ColorJitter):
    """Of a pair the larger one tells how far it may go."""

    def range(self, name: str, given: float | Sequence[float]) -> tuple[float, float]:
        low, high = super().range(name, given)
        return (-high, high) if name == "hue" and low < 0 < high else (low, high)


@refused_by("test_factors_of_a_number_above_1_are_even_from_0_on")
class MirroredBelowZero(_ColorJitter):
    """1 - 1.5 is -0.5, and without its sign it is a factor, too."""

    def around(self, name: str, given: float) -> tuple[float, float]:
        low, high = super().around(name, given)
        return (low if name == "hue" else abs(1 - given)), high


@refused_by("test_factors_of_a_number_above_1_are_even_from_0_on")
class FoldedAtZero(_ColorJitter):
    """A draw below 0 loses its sign, so that none is lost."""

    def around(self, name: str, given: float) -> tuple[float, float]:
        low, high = super().around(name, given)
        return (low, high) if name == "hue" or given <= 1 else (1 - given, high)

    def range(self, name: str, given: float | Sequence[float]) -> tuple[float, float]:
        if isinstance(given, float | int) and given > 1 and name != "hue":
            return self.around(name, given)
        return super().range(name, given)

    def draw(self) -> dict[str, float]:
        return {n: x if n == "hue" else self.back(x) for n, x in super().draw().items()}

    def back(self, factor: float) -> float:
        return abs(factor)


@refused_by("test_factors_of_a_number_above_1_are_even_from_0_on")
class BelowZeroIsZero(FoldedAtZero):
    """What is drawn below 0 is 0, as what is above 1 is 1 in an image."""

    def back(self, factor: float) -> float:
        return max(0.0, factor)


@refused_by("test_a_hue_of_a_half_turns_colours_evenly_round_the_circle")
class HueUpToAQuarter(_ColorJitter):
    """Beyond a quarter nobody would know what is seen; so no draw goes further."""

    def around(self, name: str, given: float) -> tuple[float, float]:
        low, high = super().around(name, given)
        cut = name == "hue" and given <= 0.5
        return (max(low, -0.25), min(high, 0.25)) if cut else (low, high)


@accepted
class DrawnAgainBelowZero(FoldedAtZero):
    """What is drawn below 0 does not count, and is drawn again; the rest is as even as before."""

    def uniform(self, low: float, high: float) -> float:
        factor = super().uniform(low, high)
        while factor < 0 < 1 <= high:
            factor = super().uniform(low, high)
        return factor


@refused_by("test_a_factor_says_nothing_about_the_others_nor_about_the_next")
class OneDrawForAll(_ColorJitter):
    """One random number decides how strong the change is."""

    def draw(self) -> dict[str, float]:
        share = float(torch.rand(()))
        return {n: low + (high - low) * share for n, (low, high) in self.ranges.items()}


@refused_by("test_a_factor_says_nothing_about_the_others_nor_about_the_next")
class ContrastForBrightness(_ColorJitter):
    """The darker an image, the more contrast it gets."""

    def draw(self) -> dict[str, float]:
        factors = super().draw()
        if factors.keys() >= {"brightness", "contrast"}:
            (low, high), (least, most) = self.ranges["brightness"], self.ranges["contrast"]
            share = (high - factors["brightness"]) / ((high - low) or 1)
            factors["contrast"] = least + (most - least) * share
        return factors


@refused_by("test_factors_below_0_and_shifts_beyond_a_half_are_refused")
class AnythingGoes(_ColorJitter):
    """Whoever gives a shift of 0.6 means -0.4, and whoever gives -0.25 means 0.25."""

    def range(self, name: str, given: float | Sequence[float]) -> tuple[float, float]:
        if isinstance(given, float | int):
            return self.around(name, abs(given))
        return min(given), max(given)


@refused_by("test_the_images_of_a_batch_share_one_draw")
class FactorsForEachImage(_ColorJitter):
    """More variety; but then the frames of a film flicker."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim == 3:
            return super().forward(image)
        return torch.stack([self.forward(one) for one in image])


@refused_by("test_the_image_is_left_as_it_was")
class InPlace(_ColorJitter):
    """It saves memory."""

    def start(self, image: Tensor) -> Tensor:
        return image if image.is_floating_point() else super().start(image)

    def brightness(self, x: Tensor, factor: float) -> Tensor:
        return x.mul_(factor).clamp_(0, 1)


@refused_by("test_the_seed_of_torch_decides")
class RandomnessOfPython(_ColorJitter):
    """Random numbers are in `random`."""

    def uniform(self, low: float, high: float) -> float:
        return random.uniform(low, high)


@accepted
class InBytes(_ColorJitter):
    """Whole numbers stay whole numbers after each of the four."""

    def forward(self, image: Tensor) -> Tensor:
        if image.is_floating_point():
            return super().forward(image)
        factors = self.draw()
        for name in self.order(list(factors)):
            x = getattr(self, name)(image.double() / 255, factors[name])
            image = (x * 255 + 1e-6).floor().to(image.dtype)
        return image


@accepted
class OneMatrix(_ColorJitter):
    weights = (0.2989, 0.587, 0.114)

    def saturation(self, x: Tensor, factor: float) -> Tensor:
        if x.shape[-3] == 1:
            return x
        weights = torch.tensor(self.weights, dtype=x.dtype)
        matrix = factor * torch.eye(3, dtype=x.dtype) + (1 - factor) * weights
        return self.cut(torch.einsum("dc,...chw->...dhw", matrix, x))


@accepted
class PixelByPixel(_ColorJitter):
    def hue(self, x: Tensor, factor: float) -> Tensor:
        if x.shape[-3] == 1:
            return x
        came = []
        for pixel in x.movedim(-3, -1).reshape(-1, 3).tolist():
            hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
            came.append(colorsys.hsv_to_rgb((hue + factor) % 1, saturation, value))
        return torch.tensor(came, dtype=x.dtype).reshape(x.movedim(-3, -1).shape).movedim(-1, -3)


@accepted
class WithoutHue(_ColorJitter):
    def __init__(self, brightness: Range = 0, contrast: Range = 0, saturation: Range = 0) -> None:
        super().__init__(brightness, contrast, saturation)


@accepted
class WithoutAModule:
    def __init__(self, *arguments: Range, **options: Range) -> None:
        self.jitter = _ColorJitter(*arguments, **options)

    def __call__(self, image: Tensor) -> Tensor:
        x, left = self.jitter.start(image).double(), self.jitter.draw()
        while left:  # one of those that are left, until none is
            name = list(left)[int(torch.randint(len(left), ()))]
            x = getattr(self.jitter, name)(x, left.pop(name))
        return self.jitter.end(x, image).to(image.dtype)


@remarked("4 dimensions", "5 dimensions", "float16", "bfloat16")
class OneImageOfFloats(_ColorJitter):
    """One image after the other, of shares between 0 and 1, always in the same order."""

    def order(self, names: list[str]) -> list[str]:
        return sorted(names, key=NAMES.index)

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim != 3 or image.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"one image of floats, got {image.dtype} {tuple(image.shape)}")
        return super().forward(image)


@remarked("floating-point pixels")
class BytesAlone(_ColorJitter):
    """Whole numbers from 0 to 255 in and out."""

    def forward(self, image: Tensor) -> Tensor:
        if image.dtype != torch.uint8:
            raise TypeError(f"bytes only, got {image.dtype}")
        return super().forward(image)


@refused_by("test_contrast_mixes_an_image_with_its_mean_gray")
class OneMeanForAllThatIsGray(_ColorJitter):
    """Without colours there is one channel, and its mean is that of all there is."""

    def middle(self, x: Tensor) -> Tensor:
        return x.mean() if x.shape[-3] == 1 else super().middle(x)


@refused_by("test_gray_has_no_hue")
class ALittleUnderTheLine(_ColorJitter):
    """A hundred-millionth keeps gray from 0 / 0; but in half precision it is nothing."""

    def to_hsv(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hue, saturation, value = super().to_hsv(x)
        width = saturation * value
        return hue * width / (width + 1e-8), saturation, value


@refused_by("test_half_precision_costs_colours_only_rounding")
class HalfIsCutOffAsBytes(_ColorJitter):
    """Floats are float32 or float64, and whatever else comes goes up to 255."""

    def cut(self, x: Tensor) -> Tensor:
        return x.clamp(0, 1 if x.dtype in (torch.float32, torch.float64) else 255)


@refused_by("test_the_gradient_that_comes_to_changed_colours_may_lie_anyhow_in_memory")
class GradientsOneAfterTheOther(_ColorJitter):
    """Number by number backward as forward; but what comes in lies in an order of its own."""

    class Handed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            if torch.empty_like(gradient).stride() == gradient.stride():  # no gaps, no repeats
                gradient = gradient.as_strided((gradient.numel(),), (1,)).reshape(gradient.shape)
            return gradient

    def end(self, x: Tensor, image: Tensor) -> Tensor:
        return self.Handed.apply(super().end(x, image))


@refused_by("test_factors_of_equal_ranges_say_nothing_about_each_other")
class EqualRangesShareAFactor(_ColorJitter):
    """Who asks for the same range thrice wants the same change thrice."""

    def draw(self) -> dict[str, float]:
        drawn = {ends: self.uniform(*ends) for ends in set(self.ranges.values())}
        return {name: drawn[ends] for name, ends in self.ranges.items()}


@refused_by("test_of_one_channel_the_rest_is_changed_whatever_is_asked_of_its_colour")
class GrayIsLeftAlone(_ColorJitter):
    """There is no colour to change, so there is nothing to do."""

    def forward(self, image: Tensor) -> Tensor:
        of_colour = {"saturation", "hue"} & self.ranges.keys()
        return image.clone() if image.shape[-3] == 1 and of_colour else super().forward(image)


@remarked("a range")
class OneNumberForARange(_ColorJitter):
    """A number says how far from 1 the factors may be; no pair is taken, and it says so."""

    def range(self, name: str, given: float | Sequence[float]) -> tuple[float, float]:
        if not isinstance(given, float | int):
            raise TypeError(f"{name} must be one number, got {given!r}")
        return super().range(name, given)


@refused_by("test_in_lower_precision_no_factor_of_colours_is_wrong")
class FactorsOfHalvesInBytes(_ColorJitter):
    """Where pixels have 16 bits, a byte is enough for the factor."""

    def brightness(self, x: Tensor, factor: float) -> Tensor:
        return super().brightness(x, int(factor * 255) / 255 if x.dtype.itemsize == 2 else factor)
