"""Random crops that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import random
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


def fours(padding: int | Sequence[int] | None) -> tuple[int, int, int, int]:
    """The padding at left, top, right and bottom."""
    pads = (padding or 0,) if isinstance(padding, int | None) else tuple(padding)
    left, top, right, bottom = pads * (4 // len(pads))
    return left, top, right, bottom


class _RandomCrop(torch.nn.Module):
    """A right one, which pads, draws and cuts; each version changes one step."""

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float | Sequence[float] = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = self.sizes(size)
        self.sides = fours(padding)
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.mode = padding_mode

    def sizes(self, size: int | Sequence[int]) -> tuple[int, int]:
        return (size, size) if isinstance(size, int) else (size[0], size[1])

    def forward(self, image: Tensor) -> Tensor:
        image = self.padded(image)
        spare = self.spare(image)
        if min(spare) < 0:
            raise ValueError(f"{self.size} is larger than {tuple(image.shape)}")
        return self.cut(image, *self.drawn(*spare))

    def padded(self, image: Tensor) -> Tensor:
        image = self.pad(image, *self.sides)
        if self.pad_if_needed:
            down, across = (max(0, -n) for n in self.spare(image))
            image = self.pad(image, *self.needed(down, across))
        return image

    def needed(self, down: int, across: int) -> tuple[int, int, int, int]:
        """The padding at all sides for what is lacking."""
        return across, down, across, down

    def pad(self, image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
        rows = self.line(image.shape[-2], top, bottom)
        columns = self.line(image.shape[-1], left, right)
        padded = image[..., rows.clamp(0), :][..., columns.clamp(0)]
        outside = (rows < 0)[:, None] | (columns < 0)
        return torch.where(outside, self.filling(image), padded)

    def filling(self, image: Tensor) -> Tensor:
        return torch.as_tensor(self.fill).to(image.dtype).reshape(-1, 1, 1)

    def line(self, length: int, before: int, after: int) -> Tensor:
        """The pixels of a padded line; -1 is the fill."""
        numbers, mode = np.arange(length), cast(Any, self.mode)
        options = {"constant_values": -1} if mode == "constant" else {}
        return torch.from_numpy(np.pad(numbers, (before, after), mode, **options))

    def spare(self, image: Tensor) -> tuple[int, int]:
        return image.shape[-2] - self.size[0], image.shape[-1] - self.size[1]

    def drawn(self, down: int, across: int) -> tuple[int, int]:
        return self.below(down + 1), self.below(across + 1)

    def below(self, n: int) -> int:
        return int(torch.randint(n, ()))

    def cut(self, image: Tensor, top: int, left: int) -> Tensor:
        return image[..., top : top + self.size[0], left : left + self.size[1]]


@refused_by("test_fractions_are_filled_with_fractions")
class FilledWithWholeNumbers(_RandomCrop):
    """Colours go from 0 to 255; those of images with fractions are all cut to 0."""

    def filling(self, image: Tensor) -> Tensor:
        return super().filling(image.long()).to(image.dtype)


@refused_by("test_no_place_is_left_out")
class TheLastPlaceLeftOut(_RandomCrop):
    """The place is below the difference of the sizes (pytorch tutorials #876)."""

    def below(self, n: int) -> int:
        return int(torch.randint(max(1, n - 1), ()))


@refused_by("test_no_place_is_left_out")
class NeverFromTheBorder(_RandomCrop):
    """There is nothing to see at the border, so both ends are left out where that is possible."""

    def below(self, n: int) -> int:
        return 1 + int(torch.randint(n - 2, ())) if n > 2 else super().below(n)


@refused_by("test_all_places_are_equally_likely")
class Rounded(_RandomCrop):
    """A fraction of the spare pixels, rounded: the first place and the last get half a share."""

    def below(self, n: int) -> int:
        return round(float(torch.rand(())) * (n - 1))


@refused_by("test_all_places_are_equally_likely")
class NearTheMiddle(_RandomCrop):
    """What matters is in the middle, so the mean of two draws is better."""

    def below(self, n: int) -> int:
        return (super().below(n) + super().below(n)) // 2


@refused_by("test_no_place_is_left_out")
class InTheMiddle(_RandomCrop):
    """The crop for evaluation, which is the same picture at every call."""

    def below(self, n: int) -> int:
        return (n - 1) // 2


@refused_by("test_no_place_is_left_out")
class OneDrawForBothDirections(_RandomCrop):
    """One random share is enough: the window moves along the diagonal."""

    def drawn(self, down: int, across: int) -> tuple[int, int]:
        share = float(torch.rand(()))
        return int(share * (down + 1)), int(share * (across + 1))


@refused_by("test_all_places_are_equally_likely")
class TheRemainderOfOneDraw(_RandomCrop):
    """One draw of 16 and its remainders, as in C; where 16 is no multiple some places win."""

    def below(self, n: int) -> int:
        return int(torch.randint(16, ())) % n if n <= 16 else super().below(n)


@refused_by("test_nothing_is_remembered_from_earlier_calls")
class RarelyTheSamePlaceTwice(_RandomCrop):
    """The same window again would be a waste: draw again, once."""

    before = -1

    def drawn(self, down: int, across: int) -> tuple[int, int]:
        top, left = super().drawn(down, across)
        if top == self.before:
            top, left = super().drawn(down, across)
        self.before = top
        return top, left


@refused_by("test_all_places_are_equally_likely")
class EightBits(_RandomCrop):
    """A byte is enough for a place in small images."""

    def below(self, n: int) -> int:
        return super().below(min(n, 256))


@refused_by("test_it_is_a_window_of_the_image")
class WidthTakenForTheHeight(_RandomCrop):
    """Both places are drawn from one dimension (nitrain #67)."""

    def spare(self, image: Tensor) -> tuple[int, int]:
        return image.shape[-1] - self.size[0], image.shape[-1] - self.size[1]


@refused_by("test_it_is_a_window_of_the_image")
class WidthFirst(_RandomCrop):
    """A size is width times height, as in Pillow."""

    def sizes(self, size: int | Sequence[int]) -> tuple[int, int]:
        height, width = super().sizes(size)
        return width, height


@refused_by("test_one_number_is_the_size_of_a_square")
class OneNumberIsTheHeight(_RandomCrop):
    """The width stays as it is, if only one number is given."""

    def cut(self, image: Tensor, top: int, left: int) -> Tensor:
        if self.square:
            return image[..., top : top + self.size[0], :]
        return super().cut(image, top, left)

    def sizes(self, size: int | Sequence[int]) -> tuple[int, int]:
        self.square = isinstance(size, int)
        return super().sizes(size)


@refused_by("test_it_is_a_window_of_the_padded_image")
class TopBeforeLeft(_RandomCrop):
    """Two numbers mean height and width, as everywhere else in PyTorch (kornia #2087)."""

    def pad(self, image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
        return super().pad(image, top, left, bottom, right)


@refused_by("test_it_is_a_window_of_the_padded_image")
class OrderOfTorchsPad(_RandomCrop):
    """Four numbers mean left, right, top, bottom, as in torch.nn.functional.pad."""

    def pad(self, image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
        return super().pad(image, left, right, top, bottom)


@refused_by("test_it_is_a_window_of_the_padded_image")
class PaddedAfterwards(_RandomCrop):
    """First the window, then the frame, and at the end the size is right again."""

    def forward(self, image: Tensor) -> Tensor:
        left, top, right, bottom = self.sides
        height, width = self.size
        inner = _RandomCrop((max(1, height - top - bottom), max(1, width - left - right)))
        came = self.pad(inner(image), left, top, right, bottom)
        return came[..., :height, :width]


@refused_by("test_the_padding_is_filled_as_asked")
class FilledWithTheEdge(_RandomCrop):
    """Black frames are unnatural; the last pixel is closer to the truth, unless 0 is asked for."""

    def line(self, length: int, before: int, after: int) -> Tensor:
        line = super().line(length, before, after)
        pixels = torch.arange(len(line)) - before
        return pixels.clamp(0, length - 1) if self.fill and self.mode == "constant" else line


@refused_by("test_the_padding_is_filled_as_asked")
class AlwaysBlack(_RandomCrop):
    """A mask multiplies what is outside by 0."""

    def filling(self, image: Tensor) -> Tensor:
        if isinstance(self.fill, int | float):
            return torch.zeros((), dtype=image.dtype)
        return super().filling(image)


@refused_by("test_each_channel_may_have_a_fill_of_its_own")
class OneFillForAllChannels(_RandomCrop):
    """The first number will do."""

    def filling(self, image: Tensor) -> Tensor:
        return super().filling(image)[:1]


@refused_by("test_the_padding_may_come_from_the_image")
class ReflectTakenForSymmetric(_RandomCrop):
    """A mirror shows the last pixel, too."""

    def line(self, length: int, before: int, after: int) -> Tensor:
        line = super().line(length, before, after)
        if self.mode != "reflect":
            return line
        folded = (torch.arange(len(line)) - before).remainder(2 * length)
        return torch.minimum(folded, 2 * length - 1 - folded)


@refused_by("test_the_padding_may_come_from_the_image")
class TwoPixelsHaveNoMirror(_RandomCrop):
    """A line too short to be mirrored is continued; two pixels are not too short."""

    def line(self, length: int, before: int, after: int) -> Tensor:
        if self.mode != "reflect" or length > 2:
            return super().line(length, before, after)
        return torch.arange(-before, length + after).clamp(0, length - 1)


@refused_by("test_the_padding_may_come_from_the_image")
class ModeIgnored(_RandomCrop):
    """It is padded with the fill, whatever the mode."""

    def line(self, length: int, before: int, after: int) -> Tensor:
        return torch.from_numpy(np.pad(np.arange(length), (before, after), constant_values=-1))


@refused_by("test_what_an_image_lacks_is_added_if_that_is_asked_for")
class WidthOverwritesHeight(_RandomCrop):
    """What the height lacks, and then what the width lacks: the latter counts (kornia #2087)."""

    def needed(self, down: int, across: int) -> tuple[int, int, int, int]:
        return (across, 0, across, 0) if across else (0, down, 0, down)


@refused_by("test_what_an_image_lacks_is_added_if_that_is_asked_for")
class OnlyRightAndBottom(_RandomCrop):
    """What is lacking is added at the end, so the image is always in the corner."""

    def needed(self, down: int, across: int) -> tuple[int, int, int, int]:
        return 0, 0, across, down


@refused_by("test_what_an_image_lacks_is_added_if_that_is_asked_for")
class HalfAtEachEnd(_RandomCrop):
    """Half of what is lacking at each end is enough, and makes a centred image."""

    def needed(self, down: int, across: int) -> tuple[int, int, int, int]:
        return across // 2, down // 2, across - across // 2, down - down // 2


@refused_by("test_what_is_added_is_padding_like_any_other")
class AddedInBlack(_RandomCrop):
    """The fill is that of the padding; what an image lacks is nothing, so it is 0."""

    def padded(self, image: Tensor) -> Tensor:
        image = self.pad(image, *self.sides)
        if self.pad_if_needed:
            fill, self.fill = self.fill, 0
            image = self.pad(image, *self.needed(*(max(0, -n) for n in self.spare(image))))
            self.fill = fill
        return image


@refused_by("test_a_padding_that_there_is_not_is_refused")
class AnyOtherModeIsConstant(_RandomCrop):
    """What is none of the three that look at the image needs no look at it."""

    def line(self, length: int, before: int, after: int) -> Tensor:
        if self.mode not in ("edge", "reflect", "symmetric"):
            self.mode = "constant"
        return super().line(length, before, after)


@refused_by("test_an_image_smaller_than_the_window_is_refused")
class AsMuchAsThereIs(_RandomCrop):
    """Python's slices forgive: a window that is too large is the image."""

    def spare(self, image: Tensor) -> tuple[int, int]:
        down, across = super().spare(image)
        return (down, across) if self.pad_if_needed else (max(0, down), max(0, across))


@refused_by("test_an_image_smaller_than_the_window_is_refused")
class RolledUp(_RandomCrop):
    """What the width lacks is taken from the other side, as if the image were a cylinder."""

    def forward(self, image: Tensor) -> Tensor:
        lacking = self.size[1] - self.padded(image).shape[-1]
        if lacking > 0:
            image = torch.cat([image, image[..., :lacking]], dim=-1)
        return super().forward(image)


@refused_by("test_the_images_of_a_batch_share_one_draw")
class EachImageForItself(_RandomCrop):
    """More variety: a place for each image of the batch."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim == 3 or image.numel() == 0:
            return super().forward(image)
        return torch.stack([self(one) for one in image])


@refused_by("test_it_is_a_window_of_the_image")
class EachChannelForItself(_RandomCrop):
    """In a batch, each picture of one color is cropped as a batch of its own."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim == 3 or image.numel() == 0:
            return super().forward(image)
        planes = [super(EachChannelForItself, self).forward(one) for one in image.unbind(dim=1)]
        return torch.stack(planes, dim=1)


@refused_by("test_the_seed_of_torch_decides")
class RandomnessOfNumpy(_RandomCrop):
    """NumPy draws integers, too; every worker draws the same ones (pytorch #5059)."""

    def below(self, n: int) -> int:
        return int(np.random.randint(n))  # noqa: NPY002


@refused_by("test_the_seed_of_torch_decides")
class RandomnessOfPython(_RandomCrop):
    """The random module is always there."""

    def below(self, n: int) -> int:
        return random.randrange(n)


@refused_by("test_no_seed_is_set_and_no_other_randomness_touched")
class SeededForEachCall(_RandomCrop):
    """A fresh seed for every call, so that none has to do with another."""

    def drawn(self, down: int, across: int) -> tuple[int, int]:
        torch.manual_seed(int(torch.randint(2**31, ())))
        return super().drawn(down, across)


@refused_by("test_nothing_is_remembered_from_earlier_calls")
class OnePlacePerSize(_RandomCrop):
    """Pairs of image and mask need the same window, so the place is kept for a second call."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.kept: list[tuple[int, int]] = []

    def drawn(self, down: int, across: int) -> tuple[int, int]:
        if self.kept:
            top, left = self.kept.pop()
            return min(top, down), min(left, across)
        self.kept.append(super().drawn(down, across))
        return self.kept[0]


@refused_by("test_the_image_is_left_as_it_was")
class WrittenOverTheImage(_RandomCrop):
    """The result has the shape of the image, so its memory can be used again."""

    def forward(self, image: Tensor) -> Tensor:
        came = super().forward(image)
        same = came.shape == image.shape and not image.requires_grad
        return image.copy_(came.clone()) if same else came


@refused_by("test_a_pixel_gets_the_gradients_of_all_its_copies")
class GradientOfOneCopy(_RandomCrop):
    """Padding is decoration, so it is cut off from the graph."""

    def pad(self, image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
        padded = super().pad(image, left, top, right, bottom)
        frame = torch.ones_like(padded, dtype=torch.bool)
        height, width = image.shape[-2:]
        frame[..., top : top + height, left : left + width] = False
        return torch.where(frame, padded.detach(), padded)


@refused_by("test_the_place_in_memory_changes_nothing")
class InStorageOrder(_RandomCrop):
    """The window is cut by strides, which are those of an image that lies in order."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image.as_strided(image.shape, torch.empty(image.shape).stride()))


@refused_by("test_to_evaluate_or_to_train_makes_no_difference")
class CenteredInEvalMode(_RandomCrop):
    """Evaluation wants no chance."""

    def below(self, n: int) -> int:
        return super().below(n) if self.training else (n - 1) // 2


@refused_by("test_it_is_a_window_of_the_image")
class EmptyBatchesFail(_RandomCrop):
    """What the first of the batch says counts for all; there may be no first (kornia #4741)."""

    def spare(self, image: Tensor) -> tuple[int, int]:
        return super().spare(image.flatten(0, -4)[0] if image.ndim > 3 else image)


@refused_by("test_it_is_a_window_of_the_padded_image")
class AlwaysFloatingPoint(_RandomCrop):
    """The frame is made with torch.zeros, and takes the image in."""

    def pad(self, image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
        padded = super().pad(image, left, top, right, bottom)
        return padded if padded.shape == image.shape else padded + torch.zeros(())


@refused_by("test_sizes_and_paddings_may_be_lists")
class ListsInAnotherOrder(_RandomCrop):
    """A list of paddings is top, right, bottom, left, as on web pages; the order is PyTorch's."""

    def __init__(self, size, padding=None, *more, **options):
        if isinstance(padding, list) and len(padding) == 4:
            padding = [padding[i] for i in (3, 0, 1, 2)]
        super().__init__(size, padding, *more, **options)


@refused_by("test_a_large_window_of_a_large_image_is_one_too")
class BeyondTheGrid(_RandomCrop):
    """A block for each row or column, of which there are at most 65,535 (as in pytorch #84144)."""

    def forward(self, image):
        window = super().forward(image)
        if max(window.shape[-2:]) > 65_535:
            window = window.clone()
            window[..., 65_535:] = 0
            window[..., 65_535:, :] = 0
        return window


@refused_by("test_whole_numbers_are_cut_out_with_all_their_digits")
class ThroughSinglePrecision(_RandomCrop):
    """Images are made float32 for the work, and what they were afterwards; 24 bits are left."""

    def forward(self, image: Tensor) -> Tensor:
        if image.dtype in (torch.int64, torch.int32):
            return super().forward(image.float()).to(image.dtype)
        return super().forward(image)


@accepted
class PaddedByTorch(_RandomCrop):
    def pad(self, image: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
        if self.mode != "constant" or not isinstance(self.fill, int | float):
            return super().pad(image, left, top, right, bottom)
        return torch.nn.functional.pad(image, (left, right, top, bottom), value=self.fill)


@accepted
class ColumnsFirst(_RandomCrop):
    def drawn(self, down: int, across: int) -> tuple[int, int]:
        left, top = super().drawn(across, down)
        return top, left


@accepted
class OnePlaceOfAll(_RandomCrop):
    def drawn(self, down: int, across: int) -> tuple[int, int]:
        place = self.below((down + 1) * (across + 1))
        return place // (across + 1), place % (across + 1)


@accepted
class AFractionOfAll(_RandomCrop):
    def below(self, n: int) -> int:
        return int(torch.rand((), dtype=torch.float64) * n)


@accepted
class TheFirstOfAPermutation(_RandomCrop):
    def below(self, n: int) -> int:
        return int(torch.randperm(n)[0])


@accepted
class WithoutAModule:
    def __init__(self, *arguments, **options) -> None:
        self.crop = _RandomCrop(*arguments, **options)

    def __call__(self, image: Tensor) -> Tensor:
        height, width = self.crop.size
        padded = self.crop.padded(image)
        windows = padded.unfold(-2, height, 1).unfold(-2, width, 1)  # refuses what is too small
        top, left = self.crop.drawn(windows.shape[-4] - 1, windows.shape[-3] - 1)
        return windows[..., top, left, :, :].clone()


@accepted
class WithoutPadding:
    """A window, and no padding."""

    def __init__(self, size: int | Sequence[int]) -> None:
        self.height, self.width = (size, size) if isinstance(size, int) else size

    def __call__(self, image: Tensor) -> Tensor:
        down, across = image.shape[-2] - self.height, image.shape[-1] - self.width
        if down < 0 or across < 0:
            raise ValueError(f"{self.height} x {self.width} is larger than {tuple(image.shape)}")
        top, left = (int(torch.randint(0, spare + 1, (1,))) for spare in (down, across))
        return image[..., top : top + self.height, left : left + self.width].clone()


@accepted
class AnyKeywords(_RandomCrop):
    """Takes any keywords and hands them on; but knows two modes only, and no fill."""

    def __init__(self, size: int | Sequence[int], **options: Any) -> None:
        if "fill" in options:
            raise TypeError("__init__() got an unexpected keyword argument 'fill'")
        if options.get("padding_mode", "constant") not in ("constant", "reflect"):
            raise ValueError(f"there is no {options['padding_mode']}")
        super().__init__(size, **options)


@remarked("4 dimensions", "5 dimensions", "float16", "bfloat16")
class FloatsAlone(_RandomCrop):
    """One image of shares between 0 and 1."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim != 3 or image.dtype not in (torch.float64, torch.float32):
            raise ValueError(f"one image of floats, got {image.dtype} {tuple(image.shape)}")
        return super().forward(image)


@refused_by("test_where_a_pixel_goes_does_not_depend_on_the_numbers_in_it")
class PixelsFrom0On(_RandomCrop):
    """No colour is below 0; what is must be an error of rounding."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image if image.requires_grad else image.clamp(min=0))


@refused_by("test_in_a_batch_of_any_size_an_image_is_treated_as_among_few")
class EightImagesAtATime(_RandomCrop):
    """Up to some 2,000 images go eight at a time, and each eight have a place of their own."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim < 4 or not 8 < len(image) <= 2000:
            return super().forward(image)
        return torch.cat([super(EightImagesAtATime, self).forward(some) for some in image.split(8)])


@accepted
class OneNumberAndNoPadding(_RandomCrop):
    """A square out of the image, and nothing else; it says so."""

    def __init__(self, size: int) -> None:
        if not isinstance(size, int):
            raise TypeError(f"the size is one whole number, got {size!r}")
        super().__init__(size)


@refused_by("test_what_is_added_has_the_fill_of_its_channel")
class FillsOfThreeImages(_RandomCrop):
    """To what an image lacks there is a fill for each; three images take those of the channels."""

    def filling(self, image: Tensor) -> Tensor:
        fill = super().filling(image)
        each = self.pad_if_needed and image.ndim == 4 and len(image) == len(fill)
        return fill[:, None] if each else fill


@refused_by("test_what_an_image_lacks_is_added_if_that_is_asked_for")
class BothSidesLackTheSame(_RandomCrop):
    """What lacks height and width is padded once, by as much as it lacks (kornia #2087)."""

    def needed(self, down: int, across: int) -> tuple[int, int, int, int]:
        most = max(down, across)
        return super().needed(most, most) if down and across else super().needed(down, across)
