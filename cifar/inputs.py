"""What the network is told of an image: its pixels, or its principal components, whitened.

Neighbouring pixels are nearly equal, so 3072 of them say the same few things again and again, some
loudly (how bright?) and most of them softly (which way does this edge run?). Principal components
are patterns, found in the images themselves, whose amounts vary independently of each other.
Dividing each amount by its standard deviation makes all of them about equally loud. A few hundred
patterns hold nearly all that there is in an image of this size, so the first layer of the network,
its largest by far, becomes several times smaller.

Each pattern is made to be either symmetric or antisymmetric. Then the mirror image of an image has
the same amounts, but for the sign of the antisymmetric ones, and a flip costs next to nothing.

Read next: `cifar/batches.py`, how images come to the network.
"""

import math

import torch
from torch import Tensor, nn

from sums_to_one.cifar.settings import PIXELS

SAMPLE = 20_000  # images that the patterns are found in; more of them change nothing that shows


class Pixels(nn.Module):
    """Bytes as numbers around 0 and of size about 1, each image in one row.

    The brightness of a photograph varies by about 64 around the middle of the scale.

    Example:
        >>> Pixels()(torch.tensor([[[[0, 255]]]], dtype=torch.uint8))
        tensor([[-1.9922,  1.9922]])
    """

    features = PIXELS

    def forward(self, images: Tensor) -> Tensor:
        """Rows of shape (N, C * H * W) in float32, of images (N, C, H, W) in uint8."""
        return images.flatten(1).float().sub_(127.5).mul_(1 / 64)


class PrincipalComponents(nn.Module):
    """The amounts of the strongest patterns in an image.

        row = (image - mean) @ patterns / sqrt(variance + floor), scaled to a mean square of 1

    Args:
        features: how many patterns.
        floor: keeps weak patterns, which are mostly noise, from becoming as loud as strong ones;
            in units of a pixel's variance, where pixels go from 0 to 1.

    The patterns are buffers, so a checkpoint has them; `fit` finds them.

    Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, section
    2.1 and appendix B; that the network profits: Z. Lin, R. Memisevic, K. Konda, "How far can we go
    without convolution: Improving fully-connected networks", 2015, section 3.
    """

    shift: Tensor
    patterns: Tensor
    mirror: Tensor

    def __init__(self, features: int, floor: float) -> None:
        super().__init__()
        self.features = features
        self.floor = floor
        self.register_buffer("shift", torch.zeros(features))
        self.register_buffer("patterns", torch.zeros(PIXELS, features))
        self.register_buffer("mirror", torch.ones(features))

    def forward(self, images: Tensor) -> Tensor:
        """Rows of shape (N, features) in float32, of images (N, 3, 32, 32) in uint8."""
        return torch.addmm(-self.shift, images.flatten(1).float(), self.patterns)

    def fit(self, images: Tensor) -> None:
        """Find the patterns in images of shape (N, 3, 32, 32) and in their mirror images.

        The mirror images make patterns come out symmetric or antisymmetric, which is used from the
        start: two problems of half the size, an eighth of the work each.
        """
        images = images[:SAMPLE]
        mean = images.float().mean(dim=0)
        mean = (mean + mean.flip(-1)) / 2
        left, right = (images - mean).div_(255).chunk(2, dim=-1)
        right = right.flip(-1)
        parts = []
        for sign in (1.0, -1.0):
            half = ((left + sign * right) / math.sqrt(2)).flatten(1)
            variances, vectors = torch.linalg.eigh(half.T @ half / len(half))
            halves = vectors.T.reshape(-1, 3, 32, 16) / math.sqrt(2)
            whole = torch.cat([halves, sign * halves.flip(-1)], dim=-1).flatten(1)
            parts.append((variances.clamp(min=0), whole, torch.full_like(variances, sign)))
        variances, patterns, mirror = (torch.cat(pair) for pair in zip(*parts, strict=True))
        strongest = variances.argsort(descending=True)[: self.features]
        variances = variances[strongest]
        loudness = (variances / (variances + self.floor)).mean().sqrt().clamp(min=1e-6)
        scale = 255 * loudness * (variances + self.floor).sqrt()
        self.patterns.copy_((patterns[strongest] / scale[:, None]).T)
        self.mirror.copy_(mirror[strongest])
        self.shift.copy_(mean.flatten() @ self.patterns)
