"""Random rotations that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import cmath
import itertools
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked

Degrees = float | Sequence[float]


class _RandomRotation(torch.nn.Module):
    """A right one, of which each version changes one step."""

    def __init__(self, degrees: Degrees, fill: float | Sequence[float] = 0) -> None:
        super().__init__()
        self.low, self.high = self.bounds(degrees)
        self.fill = fill

    def forward(self, image: Tensor) -> Tensor:
        return self.rotated(image, self.draw())

    def bounds(self, degrees: Degrees) -> tuple[float, float]:
        if isinstance(degrees, float | int):
            return -degrees, degrees
        low, high = degrees
        return low, high

    def draw(self) -> float:
        return self.low + (self.high - self.low) * float(torch.rand(()))

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        height, width = image.shape[-2:]
        rows, columns = self.sources(height, width, self.turn(degrees))
        return self.pick(image, rows, columns)

    def turn(self, degrees: float) -> float:
        return degrees * math.pi / 180

    def centre(self, size: int) -> float:
        return (size - 1) / 2

    def sources(self, height: int, width: int, turn: float) -> tuple[Tensor, Tensor]:
        cy, cx = self.centre(height), self.centre(width)
        y = torch.arange(height, dtype=torch.float64)[:, None] - cy
        x = torch.arange(width, dtype=torch.float64)[None] - cx
        cos, sin = math.cos(turn), math.sin(turn)
        return x * sin + y * cos + cy, x * cos - y * sin + cx

    def whole(self, places: Tensor) -> Tensor:
        return places.round().long()

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        rows, columns = self.whole(rows), self.whole(columns)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        found = image[..., rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
        return torch.where(inside, found, self.filling(image))

    def filling(self, image: Tensor) -> Tensor:
        return torch.tensor(self.fill, dtype=image.dtype).reshape(-1, 1, 1)


@refused_by("test_between_two_whole_degrees_there_are_many_angles")
class NothingBelowADegree(_RandomRotation):
    """Nobody sees less than a degree."""

    def draw(self) -> float:
        angle = super().draw()
        return min(self.high, max(self.low, round(angle)))


@refused_by("test_quarter_turns_are_exact_and_counter_clockwise")
class Clockwise(_RandomRotation):
    """Positive is clockwise, as on a clock (wished for in pytorch/vision #8828)."""

    def turn(self, degrees: float) -> float:
        return -super().turn(degrees)


@refused_by("test_half_a_turn_flips_both_ways_and_a_whole_one_none")
class InRadians(_RandomRotation):
    """The sine takes the angle as it is."""

    def turn(self, degrees: float) -> float:
        return degrees


@refused_by("test_each_pixel_of_a_large_image_is_the_nearest_too")
class PiToFourPlaces(_RandomRotation):
    """Pi is 3.1415."""

    def turn(self, degrees: float) -> float:
        return degrees * 3.1415 / 180


@refused_by("test_turned_there_and_back_every_pixel_is_at_home")
class WithoutASign(_RandomRotation):
    """How far it is turned is what matters."""

    def turn(self, degrees: float) -> float:
        return abs(super().turn(degrees))


@refused_by("test_a_disc_stays_where_it_is_and_the_corners_are_filled")
class AboutTheCorner(_RandomRotation):
    """A matrix turns about the origin, where pixel 0 is."""

    def centre(self, size: int) -> float:
        return 0.0


@refused_by("test_half_a_turn_flips_both_ways_and_a_whole_one_none")
class AboutHalfTheSize(_RandomRotation):
    """The middle of 4 is 2; but pixels are counted from 0 (PaddleX #5167, plantcv #1728)."""

    def centre(self, size: int) -> float:
        return size / 2


@refused_by("test_half_a_turn_flips_both_ways_and_a_whole_one_none")
class AboutAPixel(_RandomRotation):
    """The centre is a pixel, so its place is a whole number."""

    def centre(self, size: int) -> float:
        return size // 2


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class WidthTwice(_RandomRotation):
    """The size of an image is its width (mlverse/torchvision #114)."""

    def sources(self, height: int, width: int, turn: float) -> tuple[Tensor, Tensor]:
        rows, columns = super().sources(width, width, turn)
        return rows[:height].expand(height, width), columns[:height].expand(height, width)

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        extra = image.shape[-2] - rows.shape[0]
        rows, columns = (torch.cat([t, t[-1:].expand(extra, -1)]) for t in (rows, columns))
        return super().pick(image, rows, columns)


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class InSharesOfTheSides(_RandomRotation):
    """Places go from -1 to 1 both ways, as grid_sample has them; so oblong images are sheared."""

    def sources(self, height: int, width: int, turn: float) -> tuple[Tensor, Tensor]:
        y = ((torch.arange(height, dtype=torch.float64) * 2 + 1) / height - 1)[:, None]
        x = ((torch.arange(width, dtype=torch.float64) * 2 + 1) / width - 1)[None]
        cos, sin = math.cos(turn), math.sin(turn)
        rows, columns = x * sin + y * cos, x * cos - y * sin
        return ((rows + 1) * height - 1) / 2, ((columns + 1) * width - 1) / 2


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class SentRatherThanFetched(_RandomRotation):
    """Each pixel is sent where it goes; but to some places none goes."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        height, width = image.shape[-2:]
        rows, columns = self.sources(height, width, self.turn(-degrees))
        rows, columns = self.whole(rows), self.whole(columns)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        came = self.filling(image).expand_as(image).clone()
        came[..., rows[inside], columns[inside]] = image[..., inside]
        return came


@refused_by("test_a_disc_stays_where_it_is_and_the_corners_are_filled")
class Enlarged(_RandomRotation):
    """No corner shall be lost, so the image grows."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        turn = self.turn(degrees)
        (height, width), cos, sin = image.shape[-2:], abs(math.cos(turn)), abs(math.sin(turn))
        tall, wide = math.ceil(height * cos + width * sin), math.ceil(width * cos + height * sin)
        rows, columns = self.sources(max(tall, height), max(wide, width), turn)
        up, left = (rows.shape[0] - height) / 2, (rows.shape[1] - width) / 2
        return self.pick(image, rows - up, columns - left)


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class CutOffRatherThanRounded(_RandomRotation):
    """An index is a whole number."""

    def whole(self, places: Tensor) -> Tensor:
        return places.floor().long()


@refused_by("test_no_pixel_is_new")
class TheMeanOfBoth(_RandomRotation):
    """Where two pixels are equally near, neither has precedence."""

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        one, other = (_RandomRotation.pick(self, image, rows, columns + d) for d in (-1e-9, 1e-9))
        both = (one.double() + other.double()) / 2
        return torch.where(one == other, one.double(), both).to(image.dtype)


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class Smooth(_RandomRotation):
    """A photograph wants no stairs, so four neighbours are mixed."""

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        above, left = rows.floor(), columns.floor()
        came: Tensor | float = 0.0
        for down in (0, 1):
            for right in (0, 1):
                share = (1 - (rows - above - down).abs()) * (1 - (columns - left - right).abs())
                came = came + share * super().pick(image, above + down, left + right).double()
        return torch.as_tensor(came).to(image.dtype)


@refused_by("test_a_disc_stays_where_it_is_and_the_corners_are_filled")
class Mirrored(_RandomRotation):
    """The image goes on as in a mirror; and so it shows things twice (albumentations #636)."""

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        return super().pick(image, self.folded(rows, height), self.folded(columns, width))

    def folded(self, places: Tensor, size: int) -> Tensor:
        return (size - 1 - (size - 1 - places.abs()).abs()).clamp(0, size - 1)


@refused_by("test_what_lies_outside_has_the_fill")
class FillOfTheFirstChannel(_RandomRotation):
    """A fill is one number; if there are more, the first is taken."""

    def filling(self, image: Tensor) -> Tensor:
        return super().filling(image)[:1]


@refused_by("test_whole_numbers_are_filled_with_whole_numbers")
class OneFillForBytes(_RandomRotation):
    """Bytes are filled by a kernel of their own, which takes one number."""

    def filling(self, image: Tensor) -> Tensor:
        fill = super().filling(image)
        return fill if image.is_floating_point() else fill[:1]


@refused_by("test_what_lies_outside_has_the_fill")
class FillForAllThatIsBlack(_RandomRotation):
    """What comes from outside is black, and afterwards black is given the fill."""

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        found = super().pick(image, rows, columns)
        return torch.where(found == 0, self.filling(image), found)


@refused_by("test_whole_numbers_are_filled_with_whole_numbers")
class FillInShares(_RandomRotation):
    """A fill is between 0 and 1, as colours are."""

    def filling(self, image: Tensor) -> Tensor:
        most = 1 if image.is_floating_point() else 255
        return (torch.tensor(self.fill).clamp(0, 1) * most).to(image.dtype).reshape(-1, 1, 1)


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class ChannelsLast(_RandomRotation):
    """The first two dimensions of an image are its sides (keras #2286, the other way round)."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        return super().rotated(image.movedim(-1, 0), degrees).movedim(0, -1)


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class ThroughFloat32(_RandomRotation):
    """No camera has more digits."""

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        return super().pick(image.float(), rows, columns).to(image.dtype)


@refused_by("test_images_may_have_any_number_of_channels_and_dimensions")
class OneImageOrABatch(_RandomRotation):
    """There is an image, or a batch of images, and nothing beyond."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        if image.ndim < 5:
            return super().rotated(image, degrees)
        return super().rotated(image[0], degrees).expand_as(image)


@refused_by("test_images_may_have_any_number_of_channels_and_dimensions")
class TheFourthIsAlpha(_RandomRotation):
    """The fourth channel says how opaque a picture is; but what is opaque turns with it."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        came = super().rotated(image, degrees)
        if image.shape[-3] != 4:
            return came
        return torch.cat([came[..., :3, :, :], image[..., 3:, :, :]], dim=-3)


@refused_by("test_no_images_stay_none_when_rotated")
class ThereIsAFirst(_RandomRotation):
    """The first image of a batch tells the size of all."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        height, width = image.flatten(0, -3)[0].shape
        rows, columns = self.sources(height, width, self.turn(degrees))
        return self.pick(image, rows, columns)


@refused_by("test_the_images_of_a_batch_share_one_draw")
class AnAngleForEachImage(_RandomRotation):
    """More variety; but then the frames of a film no longer fit together."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim == 3 or not len(image):
            return super().forward(image)
        return torch.stack([self.forward(one) for one in image])


@refused_by("test_the_place_in_memory_changes_nothing")
class InStorageOrder(_RandomRotation):
    """The pixels are read as they lie in memory."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        lies = image.as_strided(image.shape, torch.empty(image.shape, device="meta").stride())
        return super().rotated(lies, degrees)


@refused_by("test_quarter_turns_of_what_lies_anywhere_are_exact_too")
class QuarterTurnsInStorageOrder(_RandomRotation):
    """A quarter turn is another order of reading, and needs no arithmetic."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        height, width = image.shape[-2:]
        if degrees % 360 != 90 or height != width:
            return super().rotated(image, degrees)
        steps = (*torch.empty(image.shape, device="meta").stride()[:-2], 1, width)
        return image.as_strided(image.shape, steps).flip(-2)


@refused_by("test_angles_fill_their_range_evenly")
class OneWayOnly(_RandomRotation):
    """Up to so many degrees (AutoAugment #28)."""

    def bounds(self, degrees: Degrees) -> tuple[float, float]:
        return (0, degrees) if isinstance(degrees, float | int) else super().bounds(degrees)


@refused_by("test_angles_fill_their_range_evenly")
class HalfTheRange(_RandomRotation):
    """A range of 60 degrees goes from -30 to 30."""

    def bounds(self, degrees: Degrees) -> tuple[float, float]:
        low, high = super().bounds(degrees)
        return (low / 2, high / 2) if isinstance(degrees, float | int) else (low, high)


@refused_by("test_angles_fill_their_range_evenly")
class MostlyUpright(_RandomRotation):
    """Small angles are likelier in life, as they are in the mean of three draws."""

    def draw(self) -> float:
        return (super().draw() + super().draw() + super().draw()) / 3


@refused_by("test_angles_fill_their_range_evenly")
class NormallyDistributed(_RandomRotation):
    """Two standard deviations reach the ends, and what lies beyond is cut off there."""

    def draw(self) -> float:
        angle = (self.low + self.high) / 2 + (self.high - self.low) / 4 * float(torch.randn(()))
        return min(max(angle, self.low), self.high)


@refused_by("test_angles_fill_their_range_evenly")
class NeverTheEnds(_RandomRotation):
    """A tenth of the range is left out at both ends, where images look odd."""

    def draw(self) -> float:
        return 0.9 * super().draw() + 0.1 * (self.low + self.high) / 2


@refused_by("test_each_pixel_is_the_nearest_to_where_it_comes_from")
class WholeDegrees(_RandomRotation):
    """Nobody sees a fraction of a degree."""

    def draw(self) -> float:
        return int(torch.randint(int(self.low), int(self.high) + 1, ()))


@refused_by("test_an_angle_says_nothing_about_the_next")
class ThereAndBack(_RandomRotation):
    """Every second angle mirrors the one before, so that they balance."""

    last: float | None = None

    def draw(self) -> float:
        angle = super().draw() if self.last is None else self.low + self.high - self.last
        self.last = angle if self.last is None else None
        return angle


@refused_by("test_angles_fill_their_range_evenly")
class OneAngleForLife(_RandomRotation):
    """An object is made once, and so is its angle."""

    def __init__(self, degrees: Degrees, fill: float | Sequence[float] = 0) -> None:
        super().__init__(degrees, fill)
        self.angle = super().draw()

    def draw(self) -> float:
        return self.angle


@refused_by("test_no_range_is_no_rotation")
class NothingGiven(_RandomRotation):
    """Whoever gives no degrees wants all of them."""

    def bounds(self, degrees: Degrees) -> tuple[float, float]:
        return super().bounds(degrees or 360)


class _WithOptions(_RandomRotation):
    """A right one with all options; each version takes one of them, and ignores it."""

    def __init__(
        self,
        degrees: Degrees,
        interpolation: str = "nearest",
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: float | Sequence[float] = 0,
    ) -> None:
        super().__init__(degrees, fill)
        self.smooth, self.expand, self.center = interpolation == "bilinear", expand, center

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        turn, (height, width) = self.turn(degrees), image.shape[-2:]
        if not self.expand:
            return self.pick(image, *self.sources(height, width, turn))
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        down = self.room(height * cos + width * sin, height)
        across = self.room(width * cos + height * sin, width)
        rows, columns = super().sources(down, across, turn)
        return self.pick(image, rows - (down - height) / 2, columns - (across - width) / 2)

    def room(self, least: float, before: int) -> int:
        return math.ceil(least - 1e-6)

    def sources(self, height: int, width: int, turn: float) -> tuple[Tensor, Tensor]:
        if self.center is None:
            return super().sources(height, width, turn)
        cx, cy = (place - 0.5 for place in self.center)
        y = torch.arange(height, dtype=torch.float64)[:, None] - cy
        x = torch.arange(width, dtype=torch.float64)[None] - cx
        cos, sin = math.cos(turn), math.sin(turn)
        return x * sin + y * cos + cy, x * cos - y * sin + cx

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        if not self.smooth:
            return super().pick(image, rows, columns)
        top, left, total = rows.floor(), columns.floor(), torch.zeros((), dtype=torch.float64)
        for i, j in itertools.product((0, 1), repeat=2):
            share = (1 - (rows - top - i).abs()) * (1 - (columns - left - j).abs())
            total = total + share * super().pick(image, top + i, left + j)
        return total.to(image.dtype) if image.is_floating_point() else total.round().to(image.dtype)


@accepted
class WithAllOptions(_WithOptions):
    pass


@refused_by("test_a_quarter_turn_that_may_expand_exchanges_the_sides")
class ExpandIgnored(_WithOptions):
    """Taken for the sake of the signature."""

    def room(self, least: float, before: int) -> int:
        return before


@refused_by("test_a_quarter_turn_that_may_expand_exchanges_the_sides")
class OneMoreForARounding(_WithOptions):
    """The next whole number; but the cosine of 90 degrees is 6e-17, and 11.0000001 becomes 12."""

    def room(self, least: float, before: int) -> int:
        return math.ceil(least + 1e-7)


@refused_by("test_a_rotation_that_may_expand_makes_room_for_the_corners")
class RoomForQuarterTurns(_WithOptions):
    """The larger of both sides for both would be too much, so a quarter turn exchanges them."""

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        room = self.expand and round(degrees / 90) % 2
        if not room:
            return _RandomRotation.rotated(self, image, degrees)
        return super().rotated(image, degrees)

    def room(self, least: float, before: int) -> int:
        return int(least + 0.5)


@refused_by("test_another_centre_counts_from_the_upper_left_corner")
class CentreFromTheMiddle(_WithOptions):
    """A centre says how far it is from the middle; PyTorch counts from the upper left corner."""

    def sources(self, height: int, width: int, turn: float) -> tuple[Tensor, Tensor]:
        if self.center is not None:
            self.center = (self.center[0] + width / 2, self.center[1] + height / 2)
        return super().sources(height, width, turn)


@refused_by("test_another_centre_counts_from_the_upper_left_corner")
class CentreIgnored(_WithOptions):
    """Taken for the sake of the signature."""

    def sources(self, height: int, width: int, turn: float) -> tuple[Tensor, Tensor]:
        return _RandomRotation.sources(self, height, width, turn)


class _OneOptionIsLost(_WithOptions):
    """A right one, but where `where` says so an option is as if it had not been given."""

    option: ClassVar[str]
    otherwise: ClassVar[Any]

    def where(self, image: Tensor) -> bool:
        return True

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        given = getattr(self, self.option)
        if self.where(image):
            setattr(self, self.option, self.otherwise)
        came = super().rotated(image, degrees)
        setattr(self, self.option, given)
        return came


@refused_by("test_the_room_for_the_corners_has_the_fill_too")
class NewRoomIsBlack(_OneOptionIsLost):
    """The larger frame is made with torch.zeros (of tensors, until pytorch/vision #3303)."""

    option, otherwise = "fill", 0

    def where(self, image: Tensor) -> bool:
        return self.expand


@refused_by("test_far_outside_there_is_the_fill_interpolated_or_not")
class SmoothlyIntoBlack(_OneOptionIsLost):
    """What is interpolated needs neighbours, which are padded with zeros (pytorch/vision #2561)."""

    option, otherwise = "fill", 0

    def where(self, image: Tensor) -> bool:
        return self.smooth


@refused_by("test_a_rotation_that_may_expand_makes_room_for_the_corners")
class BatchesKeepTheirSize(_OneOptionIsLost):
    """The images of a batch are stacked, so they cannot grow."""

    option, otherwise = "expand", False

    def where(self, image: Tensor) -> bool:
        return image.ndim > 3


@refused_by("test_another_centre_counts_from_the_upper_left_corner")
class BatchesAboutTheirMiddle(_OneOptionIsLost):
    """A centre is that of one image."""

    option, otherwise = "center", None

    def where(self, image: Tensor) -> bool:
        return image.ndim > 3


@refused_by("test_pixels_are_interpolated_where_there_is_room_for_the_corners")
class NearestInTheLargerFrame(_OneOptionIsLost):
    """The larger frame has code of its own, written before there was interpolation."""

    option, otherwise = "smooth", False

    def where(self, image: Tensor) -> bool:
        return self.expand


@refused_by("test_interpolated_pixels_are_means_of_the_four_around")
class InterpolationIgnored(_WithOptions):
    """Taken for the sake of the signature."""

    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        return _RandomRotation.pick(self, image, rows, columns)


@accepted
class OneFloatImage(_RandomRotation):
    """One image (C, H, W) of floats, which it says."""

    limits: ClassVar[dict[str, Any]] = {
        "dtypes": ["float32"],
        "dimensions": [3],
        "without": ["integers", "fill"],
    }

    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        if image.ndim != 3 or image.dtype != torch.float32:
            raise TypeError(f"one image of float32, got {image.dtype} {tuple(image.shape)}")
        return super().rotated(image, degrees)


@accepted
class BySampling(_RandomRotation):
    def pick(self, image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        places = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
        flat = image.reshape(-1, 1, height, width).double()
        grid = places.expand(len(flat), -1, -1, -1)
        found = grid_sample(flat, grid, mode="nearest", align_corners=False).reshape(image.shape)
        here = grid_sample(torch.ones_like(flat), grid, mode="nearest", align_corners=False)
        return torch.where(
            here.reshape(image.shape) > 0, found.to(image.dtype), self.filling(image)
        )


@accepted
class OfComplexNumbers:
    def __init__(self, degrees: Degrees) -> None:
        self.degrees = (-degrees, degrees) if isinstance(degrees, float | int) else tuple(degrees)

    def __call__(self, image: Tensor) -> Tensor:
        *_, height, width = image.shape
        # The y of mathematics points up, and that of images down.
        middle = torch.tensor(complex((width - 1) / 2, -(height - 1) / 2), dtype=torch.complex128)
        y, x = torch.meshgrid(
            -torch.arange(height).double(), torch.arange(width).double(), indexing="ij"
        )
        turn = cmath.exp(-1j * math.radians(torch.empty(1).uniform_(*self.degrees).item()))
        source = (torch.complex(x, y) - middle) * turn + middle
        rows, columns = (-source.imag).round().long(), source.real.round().long()
        framed = torch.nn.functional.pad(image, (1, 1, 1, 1))
        return framed[..., (rows + 1).clamp(0, height + 1), (columns + 1).clamp(0, width + 1)]


@accepted
class QuarterTurnsFirst(_RandomRotation):
    def rotated(self, image: Tensor, degrees: float) -> Tensor:
        quarters = round(degrees / 90)
        if image.shape[-1] != image.shape[-2]:
            quarters = quarters // 2 * 2
        return super().rotated(image.rot90(quarters, (-2, -1)), degrees - 90 * quarters)


@accepted
class TheOtherNeighbour(_RandomRotation):
    """Where two pixels are equally near, it takes the upper or the left one."""

    def whole(self, places: Tensor) -> Tensor:
        return (places - 0.5 - 1e-9).ceil().long()


@refused_by("test_a_part_of_a_degree_is_seen_far_from_the_centre")
class NothingMovesBelowADegree(_RandomRotation):
    """So small an angle moves no pixel; far from the centre it does."""

    def turn(self, degrees: float) -> float:
        return super().turn(0 if abs(degrees) < 1 else degrees)


@remarked("a range")
class OneNumberOfDegrees(_RandomRotation):
    """A number says how far either way it turns; no pair is taken, and it says so."""

    def bounds(self, degrees: Degrees) -> tuple[float, float]:
        if not isinstance(degrees, float | int):
            raise TypeError(f"degrees must be one number, got {degrees!r}")
        return super().bounds(degrees)


@refused_by("test_what_lies_outside_has_the_fill")
class FirstOfThatLength(_RandomRotation):
    """Channels are the first dimension that has as many as there are fills; three images do."""

    def filling(self, image: Tensor) -> Tensor:
        fill = super().filling(image)
        if len(fill) not in image.shape[:-2]:
            return fill
        return fill.reshape(-1, *[1] * (image.ndim - 1 - image.shape.index(len(fill))))


@refused_by("test_the_room_for_the_corners_has_the_fill_of_each_channel")
class NewRoomHasTheFirstFill(_WithOptions):
    """The larger frame is made with torch.full, which takes one number."""

    def filling(self, image: Tensor) -> Tensor:
        fill = super().filling(image)
        return fill[:1] if self.expand else fill


@refused_by("test_what_lies_outside_has_the_fill")
class FilledWithColoursAlone(_RandomRotation):
    """Pixels with fractions lie between 0 and 1; a fill that does not is a slip."""

    def filling(self, image: Tensor) -> Tensor:
        fill = super().filling(image)
        return fill.clamp(0, 1) if image.is_floating_point() else fill
