"""A fully connected network does not know which pixels are neighbours.

Permute the pixels of all images, and the columns of the first layer alike: each output is the same,
and so is each gradient. Whatever it learns of photographs it learns as well of their crumbs.
"""

import pytest
import torch
from torch import Tensor, nn

from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import PIXELS, Settings


@pytest.fixture
def order() -> Tensor:
    return torch.randperm(PIXELS, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def images() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (7, 3, 32, 32), generator=generator, dtype=torch.uint8)


def shuffled(images: Tensor, order: Tensor) -> Tensor:
    """Each image with its pixels in this order; it is the same for all."""
    return images.flatten(1)[:, order].view_as(images)


@pytest.fixture
def networks(components, order):
    """A network, and the same with the columns of its first layer in the order of the pixels."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pair = [FullyConnected(Settings(hidden=(17, 13)), components) for _ in range(2)]
    plain, permuted = (network.eval() for network in pair)
    permuted.load_state_dict(plain.state_dict())
    with torch.no_grad():
        permuted.linears[0].weight.copy_(plain.linears[0].weight[:, order])
    return plain, permuted


def gradients(model: nn.Module, images: Tensor) -> list[Tensor]:
    """Of all parameters, for the right class 0."""
    loss = model(images).log_softmax(1)[:, 0].mean()
    return list(torch.autograd.grad(loss, list(model.parameters())))


@pytest.mark.claim("8.1.4")
def test_permuted_pixels_and_columns_change_no_output(networks, images, order):
    plain, permuted = networks
    torch.testing.assert_close(permuted(shuffled(images, order)), plain(images))


@pytest.mark.claim("8.1.4")
def test_they_change_no_gradient_either_so_training_stays_the_same(networks, images, order):
    plain, permuted = networks
    first, *others = gradients(permuted, shuffled(images, order))
    expected, *rest = gradients(plain, images)
    torch.testing.assert_close(first, expected[:, order])
    torch.testing.assert_close(others, rest)


@pytest.mark.claim("8.1.4")
def test_a_convolution_does_know(order):
    smooth = torch.arange(32.0).expand(1, 3, 32, 32)
    mean_of_neighbours = torch.full((1, 3, 5, 5), 1 / 75)
    seen, of_crumbs = (
        nn.functional.conv2d(image, mean_of_neighbours)
        for image in (smooth, shuffled(smooth, order))
    )
    assert seen.std() > 2 * of_crumbs.std(), "neighbours that are alike are alike no more"
