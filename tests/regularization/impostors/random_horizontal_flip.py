"""Random mirror images that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import random
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by, remarked


class _RandomHorizontalFlip(torch.nn.Module):
    """A right one, of which each version changes one step."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability, got {p}")
        self.p = p

    def forward(self, image: Tensor) -> Tensor:
        return self.mirrored(image) if self.flips() else image

    def flips(self) -> bool:
        return bool(torch.rand(1) < self.p)

    def mirrored(self, image: Tensor) -> Tensor:
        return image.flip(-1)


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class ADieOfTen(_RandomHorizontalFlip):
    """A whole number below ten is compared with p; so 15 % of the images are 20 %."""

    def flips(self) -> bool:
        return int(torch.randint(10, ())) < 10 * self.p


@refused_by("test_it_is_the_image_or_its_mirror_image")
class UpsideDown(_RandomHorizontalFlip):
    """Horizontal is the first of height and width."""

    def mirrored(self, image: Tensor) -> Tensor:
        return image.flip(-2)


@refused_by("test_it_is_the_image_or_its_mirror_image")
class AxisOfNumpyImages(_RandomHorizontalFlip):
    """Images are H x W x C, so the width is the last but one (cs249r_book #1113)."""

    def mirrored(self, image: Tensor) -> Tensor:
        return image.flip(1)


@refused_by("test_it_is_the_image_or_its_mirror_image")
class TurnedAround(_RandomHorizontalFlip):
    """Half a turn also exchanges left and right."""

    def mirrored(self, image: Tensor) -> Tensor:
        return image.rot90(2, (-2, -1))


@refused_by("test_it_is_the_image_or_its_mirror_image")
class MirroredAroundPixelZero(_RandomHorizontalFlip):
    """Column i goes to -i, as in the matrix of a reflection; off by one (kornia #643)."""

    def mirrored(self, image: Tensor) -> Tensor:
        columns = torch.arange(image.shape[-1])
        return image[..., -columns % image.shape[-1]]


@refused_by("test_it_is_the_image_or_its_mirror_image")
class InFloatingPoint(_RandomHorizontalFlip):
    """A network needs floating point anyway."""

    def mirrored(self, image: Tensor) -> Tensor:
        return image.float().flip(-1)


@refused_by("test_it_is_the_image_or_its_mirror_image")
class ColorsMirroredToo(_RandomHorizontalFlip):
    """NumPy's [::-1] on an array of Pillow's; and then RGB is BGR."""

    def mirrored(self, image: Tensor) -> Tensor:
        return image.flip(-1, -3)


@refused_by("test_with_p_1_every_image_is_mirrored")
class ResultThrownAway(_RandomHorizontalFlip):
    """The function flips the image, as sort does a list (NCLR #10)."""

    def forward(self, image: Tensor) -> Tensor:
        if self.flips():
            image.flip(-1)
        return image


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class ProbabilityInverted(_RandomHorizontalFlip):
    """Flip if the number is above p, which makes no difference at 0.5 (stylegan2-pytorch #273)."""

    def flips(self) -> bool:
        return not super().flips() if 0 < self.p < 1 else super().flips()


@refused_by("test_with_p_0_no_image_is_mirrored")
class FirstArgumentIsAnother(_RandomHorizontalFlip):
    """Whoever wants a probability writes p= in front of it (albumentations #1435)."""

    def __init__(self, always_apply: bool = False, p: float = 0.5) -> None:
        super().__init__(p)
        self.always_apply = always_apply is not False

    def flips(self) -> bool:
        return self.always_apply or super().flips()


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class ProbabilityIgnored(_RandomHorizontalFlip):
    """A coin is a coin, unless p forbids or demands it."""

    def flips(self) -> bool:
        return bool(torch.randint(2, ())) if 0 < self.p < 1 else self.p == 1


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class AnotherDefault(_RandomHorizontalFlip):
    """One in three is enough, and keeps most images as they are."""

    def __init__(self, p: float = 1 / 3) -> None:
        super().__init__(p)


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class TakingTurns(_RandomHorizontalFlip):
    """Every second image: half of them, exactly."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.share = 0.0

    def flips(self) -> bool:
        if self.share == 0:
            self.share = float(torch.rand(()))
        self.share += self.p
        flips, self.share = self.share >= 1, self.share % 1
        return flips


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class DrawnOnce(_RandomHorizontalFlip):
    """The decision is made if there is none yet (mmdetection #2344)."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.decision: bool | None = None

    def flips(self) -> bool:
        if self.decision is None:
            self.decision = super().flips()
        return self.decision


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class HardlyTwiceInARow(_RandomHorizontalFlip):
    """Two mirror images one after the other are a waste: the second draw needs luck, too."""

    before = False

    def flips(self) -> bool:
        self.before = super().flips() and (self.p == 1 or not self.before or super().flips())
        return self.before


@refused_by("test_calls_flip_with_probability_p_whatever_came_before")
class MoreInABatch(_RandomHorizontalFlip):
    """Each image of a batch draws; all are flipped if one of them shall be."""

    def forward(self, image: Tensor) -> Tensor:
        count = image.shape[0] if image.ndim > 3 else 1
        flips = [self.flips() for _ in range(count)]
        return self.mirrored(image) if any(flips) else image


@refused_by("test_the_images_of_a_batch_share_one_draw")
class EachImageForItself(_RandomHorizontalFlip):
    """More variety: each image of the batch is flipped or not."""

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim == 3:
            return super().forward(image)
        return torch.stack([self(one) for one in image]) if len(image) else image


@refused_by("test_the_images_of_a_batch_share_one_draw")
class OnlyTheFirstOfABatch(_RandomHorizontalFlip):
    """Written for one image with a batch dimension."""

    def mirrored(self, image: Tensor) -> Tensor:
        if image.ndim == 3 or len(image) == 0:
            return super().mirrored(image)
        return torch.cat([image[:1].flip(-1), image[1:]])


@refused_by("test_the_image_is_left_as_it_was")
class InPlace(_RandomHorizontalFlip):
    """Saves memory; and a data set kept there is flipped a little more in each epoch."""

    def mirrored(self, image: Tensor) -> Tensor:
        with torch.no_grad():
            return image.copy_(image.flip(-1))


@refused_by("test_the_seed_of_torch_decides")
class RandomnessOfPython(_RandomHorizontalFlip):
    """The random module is always there; torch's seed does not reach it (pytorch #5415)."""

    def flips(self) -> bool:
        return random.random() < self.p


@refused_by("test_no_seed_is_set_and_no_other_randomness_touched")
class BothSources(_RandomHorizontalFlip):
    """Python's randomness is moved on as well, so that it never lags behind."""

    def flips(self) -> bool:
        random.random()
        return super().flips()


@refused_by("test_the_seed_of_torch_decides")
class GeneratorOfItsOwn(_RandomHorizontalFlip):
    """Its own seed makes it reproducible, whatever else draws (torchio #191)."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.random = random.Random(0)

    def flips(self) -> bool:
        return self.random.random() < self.p


@refused_by("test_to_be_made_a_transform_draws_and_seeds_nothing")
class SeededWhenMade(_RandomHorizontalFlip):
    """So that every run flips the same images."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        torch.manual_seed(42)


@refused_by("test_to_be_made_a_transform_draws_and_seeds_nothing")
class DrawsWhenMade(_RandomHorizontalFlip):
    """One draw ahead of the first image; then another one for each."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.next = torch.rand(())


@refused_by("test_to_evaluate_or_to_train_makes_no_difference")
class OffInEvalMode(_RandomHorizontalFlip):
    """Like dropout; but data are loaded by code that knows nothing of modes."""

    def flips(self) -> bool:
        return super().flips() and self.training


@refused_by("test_the_place_in_memory_changes_nothing")
class InStorageOrder(_RandomHorizontalFlip):
    """The numbers are read as they lie in memory, row by row."""

    def mirrored(self, image: Tensor) -> Tensor:
        rows = image.as_strided(image.shape, torch.empty(image.shape).stride())
        return rows.flip(-1)


@refused_by("test_gradients_flow_back_to_the_image")
class ThroughNumpy(_RandomHorizontalFlip):
    """NumPy can flip, too; augmentation needs no gradient."""

    def mirrored(self, image: Tensor) -> Tensor:
        mirrored = image.detach().clone().flip(-1)
        return mirrored.requires_grad_() if image.requires_grad else mirrored


@refused_by("test_gradients_flow_back_to_the_image")
class GradientAsIfNotFlipped(_RandomHorizontalFlip):
    """The values are replaced and the graph is kept."""

    def mirrored(self, image: Tensor) -> Tensor:
        if not image.requires_grad:
            return super().mirrored(image)
        return image + (image.flip(-1) - image).detach()


class _ManyInputs(_RandomHorizontalFlip):
    """A right one of several inputs in any structure; each version changes one step."""

    def forward(self, *inputs: Any) -> Any:
        flips, first = self.flips(), [True]
        return self.walked(inputs if len(inputs) > 1 else inputs[0], flips, first)

    def walked(self, part: Any, flips: bool, first: list[bool]) -> Any:
        if isinstance(part, dict):
            return {name: self.walked(inner, flips, first) for name, inner in part.items()}
        if isinstance(part, list | tuple):
            return type(part)(self.walked(inner, flips, first) for inner in part)
        if not isinstance(part, Tensor) or not self.is_image(part, first):
            return part
        first.clear()
        return self.mirrored(part) if flips else part

    def is_image(self, part: Tensor, first: list[bool]) -> bool:
        return bool(first)


@refused_by("test_a_wide_image_is_mirrored_as_a_narrow_one")
class ColumnsCountedInBytes(_RandomHorizontalFlip):
    """The first images were 32 wide, and an index of one byte was enough."""

    def mirrored(self, image):
        columns = torch.arange(image.shape[-1] - 1, -1, -1) % 256
        return image[..., columns] if image.shape[-1] > 256 else super().mirrored(image)


@refused_by("test_in_a_batch_of_65539_the_last_image_is_treated_as_the_first")
class ImagesBeyondTheGrid(_RandomHorizontalFlip):
    """A block for each image, of which there are at most 65,535 (as in pytorch #84144)."""

    def mirrored(self, image):
        flipped = super().mirrored(image).clone()
        if image.ndim > 3:
            flipped[65_535:] = 0
        return flipped


@refused_by("test_whole_numbers_are_mirrored_with_all_their_digits")
class ThroughSinglePrecision(_RandomHorizontalFlip):
    """Images are made float32 for the work, and what they were afterwards; 24 bits are left."""

    def mirrored(self, image: Tensor) -> Tensor:
        if image.is_floating_point():
            return image.flip(-1)
        return image.float().flip(-1).to(image.dtype)


@accepted
class TheFirstOfMany(_ManyInputs):
    """The first tensor, in depth, is the image."""


@refused_by("test_what_comes_has_the_form_of_what_was_given")
class TheListTakenOff(_ManyInputs):
    """A list of one image is that image."""

    def forward(self, *inputs: Any) -> Any:
        given = inputs[0]
        alone = len(inputs) == 1 and isinstance(given, list | tuple) and len(given) == 1
        return super().forward(given[0]) if alone else super().forward(*inputs)


@refused_by("test_what_comes_has_the_form_of_what_was_given")
class TuplesBecomeLists(_ManyInputs):
    """A list comprehension makes lists; to Python they are as good."""

    def walked(self, part: Any, flips: bool, first: list[bool]) -> Any:
        came = super().walked(part, flips, first)
        return list(came) if isinstance(came, tuple) else came


@refused_by("test_what_comes_has_the_form_of_what_was_given")
class TheFirstInputIsTheImage(_ManyInputs):
    """What comes first is the image; behind a word, nothing is."""

    def walked(self, part: Any, flips: bool, first: list[bool]) -> Any:
        if not isinstance(part, dict | list | tuple | Tensor):
            first.clear()
        return super().walked(part, flips, first)


@refused_by("test_beside_an_image_a_label_stays_as_it_is")
class LabelsFlippedToo(_ManyInputs):
    """All tensors are images; but labels are tensors, too (pytorch/vision #7170)."""

    def is_image(self, part: Tensor, first: list[bool]) -> bool:
        return part.ndim > 0


@refused_by("test_beside_an_image_a_label_stays_as_it_is")
class WhatLooksLikeAnImage(_ManyInputs):
    """Three dimensions make an image, also a second one; which may be a heat map to be learnt."""

    def is_image(self, part: Tensor, first: list[bool]) -> bool:
        return part.ndim == 3


@remarked("4 dimensions", "5 dimensions")
class OneImageOfAnyKind(_RandomHorizontalFlip):
    """One image at a time, (C, H, W)."""

    def mirrored(self, image: Tensor) -> Tensor:
        return image[:, :, list(range(image.shape[2]))[::-1]]

    def forward(self, image: Tensor) -> Tensor:
        if image.ndim != 3:
            raise ValueError(f"an image has 3 dimensions, got {image.ndim}")
        return super().forward(image)


@remarked("floating-point pixels")
class BytesThroughNumpy:
    """A small class around a function of NumPy's, for bytes."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, image: Tensor) -> Tensor:
        if image.dtype != torch.uint8:
            raise TypeError("bytes only")
        flips = float(torch.rand(())) < self.p
        return torch.from_numpy(image.numpy()[..., ::-1].copy()) if flips else image.clone()


@accepted
class AnyNumberIsAProbability(_RandomHorizontalFlip):
    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p


@accepted
class ByIndex(_RandomHorizontalFlip):
    def mirrored(self, image: Tensor) -> Tensor:
        return image[..., torch.arange(image.shape[-1] - 1, -1, -1)]


@accepted
class AWeightedCoin(_RandomHorizontalFlip):
    def flips(self) -> bool:
        return bool(torch.bernoulli(torch.tensor(float(self.p))))


@accepted
class DrawnFromTheOtherEnd(_RandomHorizontalFlip):
    def flips(self) -> bool:
        return 1 - torch.rand((), dtype=torch.float64).item() <= self.p


@accepted
class AlwaysACopy(_RandomHorizontalFlip):
    def forward(self, image: Tensor) -> Tensor:
        flipped, kept = image.flip(-1), image.clone()
        return torch.where(torch.rand(()) < self.p, flipped, kept)


@accepted
class WithoutAModule:
    def __init__(self, p: float = 0.5) -> None:
        if p not in (0, 1) and not 0 < p < 1:
            raise ValueError(f"p must be a probability, got {p}")
        self.p = p

    def __call__(self, image: Tensor) -> Tensor:
        # Many random numbers more than are needed, of which one decides.
        flips = torch.rand(7)[3] < self.p
        return torch.stack(image.unbind(-1)[::-1], dim=-1) if flips else image


@refused_by("test_a_p_of_less_than_a_per_cent_is_neither_0_nor_one_per_cent")
class InWholePerCents(_RandomHorizontalFlip):
    """A number below a hundred is compared with whole per cents."""

    def flips(self) -> bool:
        return int(torch.randint(100, ())) < int(100 * self.p)


@refused_by("test_a_gradient_that_comes_in_may_lie_anyhow_in_memory")
class GradientMirroredInMemory(_RandomHorizontalFlip):
    """Its own way back reads rows one after the other; but what comes in may lie otherwise."""

    class Mirrored(torch.autograd.Function):
        @staticmethod
        def forward(ctx, image):
            return image.flip(-1)

        @staticmethod
        def backward(ctx, gradient):
            if torch.empty_like(gradient).stride() == gradient.stride():  # no gaps, no repeats
                gradient = gradient.as_strided((gradient.numel(),), (1,)).reshape(gradient.shape)
            return gradient.flip(-1)

    def mirrored(self, image: Tensor) -> Tensor:
        return self.Mirrored.apply(image)


@refused_by("test_numbers_that_lie_in_memory_once_and_are_used_often_change_nothing")
class LaidOutAlike(_RandomHorizontalFlip):
    """The mirror image lies in memory as the image does; of an expanded one there is no room."""

    def mirrored(self, image: Tensor) -> Tensor:
        came = torch.empty_strided(image.shape, image.stride(), dtype=image.dtype)
        return came.copy_(super().mirrored(image))
