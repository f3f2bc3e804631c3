"""BatchNorm2d normalizes the channels of images over samples and places.

The rest of what it does is in `test_every_batch_norm.py` and `test_running_statistics.py`.
"""

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.normalization.channels import back, batch, by_channel, new_layer, taught


@pytest.mark.claim("6.1.1", "6.3.1")
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (3, 2, 1, 1), (1, 5, 2, 3), (5, 1, 3, 2)], ids=str)
def test_images_are_normalized_over_samples_and_places(BatchNorm2d, shape):
    x, expected = batch(*shape), torch.empty(shape, dtype=widest())
    for channel in range(shape[1]):
        numbers = [n for image in x[:, channel].tolist() for row in image for n in row]
        mean = sum(numbers) / len(numbers)
        variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
        standardized = exact([(n - mean) / (variance + 1e-5) ** 0.5 for n in numbers])
        expected[:, channel] = standardized.reshape(shape[0], *shape[2:])
    assert_close(f"{shape}", new_layer(BatchNorm2d, shape[1])(x), expected)


TURNED = {
    "mirrored": lambda t: t.flip(3),
    "upside down": lambda t: t.flip(2),
    "rows and columns swapped": lambda t: t.transpose(2, 3),
    "places moved along all images": lambda t: back(by_channel(t).roll(1, 1), t),
}


@pytest.mark.claim("6.3.1")
@pytest.mark.parametrize("turned", TURNED.values(), ids=TURNED)
def test_where_in_an_image_a_value_is_does_not_matter(BatchNorm2d, turned):
    for shape in [(2, 3, 5, 7), (1, 3, 2, 5), (7, 3, 1, 2)]:
        x, layer = batch(*shape), taught(BatchNorm2d, 3)
        assert_close(f"{shape}", layer(turned(x)), turned(layer(x).detach()))
