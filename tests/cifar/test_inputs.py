"""Principal components are uncorrelated, equally loud, and know the mirror image."""

import pytest
import torch

from sums_to_one.cifar.inputs import PrincipalComponents

FLOOR = 1e-6


@pytest.fixture(scope="module")
def images(synthetic):
    return synthetic.train_images[:500]


@pytest.fixture(scope="module")
def both_sides(images):
    return torch.cat([images, images.flip(-1)])


def fitted(images, features=20, floor=FLOOR):
    inputs = PrincipalComponents(features, floor)
    inputs.fit(images)
    return inputs


def test_the_rows_of_images_and_their_mirror_images_are_centred_and_uncorrelated(
    images, both_sides
):
    rows = fitted(images)(both_sides).double()
    torch.testing.assert_close(rows.mean(dim=0), torch.zeros(20).double(), atol=1e-3, rtol=0)
    expected = torch.eye(20).double()
    torch.testing.assert_close(rows.T @ rows / len(rows), expected, atol=1e-3, rtol=0)


def test_no_other_patterns_hold_more_of_the_images(images, both_sides):
    pixels = both_sides.flatten(1).double()
    strongest = torch.linalg.svdvals(pixels - pixels.mean(dim=0))[:20] / 255
    inputs = fitted(images)
    directions = inputs.patterns.double() / inputs.patterns.double().norm(dim=0)
    amounts = (pixels - pixels.mean(dim=0)) @ directions / 255
    torch.testing.assert_close(amounts.norm(dim=0), strongest, rtol=1e-3, atol=0)


def test_a_mirror_image_has_the_same_row_but_for_the_signs(images):
    inputs, images = fitted(images), images[:7]
    torch.testing.assert_close(
        inputs(images.flip(-1)), inputs(images) * inputs.mirror, atol=1e-3, rtol=1e-3
    )
    assert set(inputs.mirror.tolist()) == {-1.0, 1.0}


def test_a_floor_keeps_weak_patterns_weaker_than_strong_ones(images, both_sides):
    rows = fitted(images, 200, floor=0.5)(both_sides)
    loudness = rows.square().mean(dim=0)
    assert loudness.mean().item() == pytest.approx(1, rel=1e-2)
    assert loudness[0] > 3 * loudness[-1]
    torch.testing.assert_close(loudness, loudness.sort(descending=True).values)


def test_images_that_are_all_the_same_divide_nothing_by_zero(images):
    grey = torch.full_like(images[:5], 99)
    assert fitted(grey)(grey).isfinite().all()
