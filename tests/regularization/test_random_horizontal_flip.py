"""RandomHorizontalFlip hands on the image or its mirror image, as chance will have it.

What it owes its caller like every transform is in `test_every_transform.py`.
"""

import itertools

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import option
from sums_to_one.tests.common.statistical import assert_mean, assert_unrelated, randomness
from sums_to_one.tests.regularization.fates import count_scores, fate_scores
from sums_to_one.tests.regularization.images import kind, kinds, numbered

SIZES = [(1, 1, 1), (1, 1, 2), (3, 5, 7), (4, 7, 5), (1, 5, 5), (2, 3, 5, 7), (5, 1, 2, 3, 4)]
EVERY_KIND = (*DTYPES, torch.uint8, torch.int64, torch.bool)
FLIPS = 4096  # of which 15 % is told from 20 %, and from what tenths or quarters can say


def flipped_ones(flip) -> list[tuple[tuple[int, ...], torch.dtype]]:
    """The shapes and dtypes of images that it takes."""
    return list(itertools.product(inside(SIZES), kinds(flip, EVERY_KIND)))


def mirrored(image: Tensor) -> Tensor:
    return image[..., torch.arange(image.shape[-1] - 1, -1, -1)]


@pytest.mark.claim("5.3.1")
def test_it_is_the_image_or_its_mirror_image(RandomHorizontalFlip):
    for shape, dtype in flipped_ones(RandomHorizontalFlip):
        flip, image = RandomHorizontalFlip(), numbered(*shape, dtype=dtype)
        with randomness():
            for came in [flip(image) for _ in range(8)]:
                right = torch.equal(came, image) or torch.equal(came, mirrored(image))
                assert right, f"{dtype}: of {image} it made {came}"
                assert came.dtype == dtype, f"of {dtype} it made {came.dtype}"


@pytest.mark.claim("5.3.1")
def test_a_wide_image_is_mirrored_as_a_narrow_one(RandomHorizontalFlip):
    for width in (300, 70_001):  # more columns than a byte, and than two, can count
        image = numbered(1, 2, width, dtype=kind(RandomHorizontalFlip))
        with randomness():
            calls = [RandomHorizontalFlip()(image) for _ in range(6)]
        others = [came for came in calls if not torch.equal(came, image)]
        assert others, "6 calls flipped none"
        assert all(torch.equal(came, mirrored(image)) for came in others), f"came {others[0]}"


@pytest.mark.claim("5.3.1")
def test_whole_numbers_are_mirrored_with_all_their_digits(RandomHorizontalFlip):
    for dtype in kinds(RandomHorizontalFlip, (torch.int64, torch.int32)):
        image = numbered(3, 5, 7, dtype=dtype) + (torch.iinfo(dtype).max - 105)
        with randomness():
            for came in [RandomHorizontalFlip()(image) for _ in range(8)]:
                right = torch.equal(came, image) or torch.equal(came, mirrored(image))
                assert right, f"{dtype}: of {image} it made {came}"


@pytest.mark.claim("5.3.6")
def test_with_p_1_every_image_is_mirrored(RandomHorizontalFlip):
    option(RandomHorizontalFlip, "p")
    for (shape, dtype), p in itertools.product(flipped_ones(RandomHorizontalFlip), (1, 1.0)):
        image = numbered(*shape, dtype=dtype)
        right = mirrored(image)
        with randomness():
            for came in [RandomHorizontalFlip(p=p)(image) for _ in range(4)]:
                assert torch.equal(came, right), f"{shape}, {dtype}: came {came}"


@pytest.mark.claim("5.3.6")
def test_with_p_0_no_image_is_mirrored(RandomHorizontalFlip):
    option(RandomHorizontalFlip, "p")
    for (shape, dtype), p in itertools.product(flipped_ones(RandomHorizontalFlip), (0, 0.0)):
        image = numbered(*shape, dtype=dtype)
        with randomness():
            for came in [RandomHorizontalFlip(p)(image) for _ in range(4)]:
                assert torch.equal(came, image), f"{shape}, {dtype}: came {came}"


@pytest.mark.claim("5.3.6")
@pytest.mark.parametrize(
    "p", [0.15, None, 0.85], ids=lambda p: "by default" if p is None else str(p)
)
def test_calls_flip_with_probability_p_whatever_came_before(RandomHorizontalFlip, p):
    option(RandomHorizontalFlip, *([] if p is None else ["p"]))
    flip = RandomHorizontalFlip() if p is None else RandomHorizontalFlip(p=p)
    some = itertools.product(
        inside([(1, 1, 2), (2, 1, 1, 3), (3, 2, 5)]), kinds(RandomHorizontalFlip)
    )
    images = [numbered(*shape, dtype=dtype) for shape, dtype in some]
    with randomness():
        calls = itertools.islice(itertools.cycle(images), FLIPS)
        flipped = torch.tensor([not torch.equal(flip(image), image) for image in calls])
    scores = fate_scores(flipped, p or 0.5)
    counted = f"{flipped.double().mean():.4g} of the images are mirrored, {p or 0.5} should be"
    assert_mean(counted, -scores)
    assert_unrelated("whether an image is mirrored, and another later on", scores)


@pytest.mark.claim("5.3.6")
def test_a_p_of_less_than_a_per_cent_is_neither_0_nor_one_per_cent(RandomHorizontalFlip):
    option(RandomHorizontalFlip, "p")
    p = 0.004
    flip, image = RandomHorizontalFlip(p=p), numbered(1, 1, 2, dtype=kind(RandomHorizontalFlip))
    with randomness():
        calls = torch.stack([flip(image)[0, 0, 0] for _ in range(2 * FLIPS)])
    flipped = calls != image[0, 0, 0]
    counted = f"{flipped.double().mean():.4g} of the images are mirrored, {p} should be"
    assert_mean(counted, -count_scores(flipped[None], p))
