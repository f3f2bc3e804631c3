"""The network: linear maps with a bend in between.

Every hidden layer is Linear, BatchNorm1d, ReLU, Dropout, in this order. The last layer is a bare
Linear: the softmax is inside the cross-entropy loss, and a second one would put a floor under it.
Without hidden layers the network is the linear model that it has to beat.
Read next: `cifar/train.py`.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from cifar.components import Components

CLASSES = 10
PIXELS = 3 * 32 * 32


class FullyConnected(nn.Module):
    """A fully connected classifier of 32x32 colour images.

    Args:
        hidden: the width of each hidden layer; none at all makes a linear model.
        dropout: the probability with which a hidden unit is zeroed in training.
        components: where the layers come from.

    Example:
        >>> import torch
        >>> model = FullyConnected([64], dropout=0.0, components=Components("torch"))
        >>> model(torch.zeros(7, 3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([7, 10])
    """

    def __init__(self, hidden: Sequence[int], dropout: float, components: Components) -> None:
        super().__init__()
        widths = [PIXELS, *hidden]
        self.linears = nn.ModuleList(
            components.Linear(fan_in, fan_out, bias=False)  # batch norm brings its own bias
            for fan_in, fan_out in zip(widths, hidden, strict=False)
        )
        self.norms = nn.ModuleList(components.BatchNorm1d(width) for width in hidden)
        self.relu = components.relu
        self.dropout = components.Dropout(dropout)
        self.output = components.Linear(widths[-1], CLASSES)

        for linear in self.linears:
            components.kaiming_normal_(linear.weight, nonlinearity="relu")
        # Scores of size 0.1 are next to no opinion, so the first loss is close to ln 10.
        components.normal_(self.output.weight, std=0.1 / math.sqrt(widths[-1]))
        components.zeros_(self.output.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Score every image for every class.

        Args:
            images: uint8 of shape (N, 3, 32, 32), from 0 to 255.

        Returns:
            Logits, float32 of shape (N, 10): the larger, the likelier the class.
        """
        x = standardized(images)
        for linear, norm in zip(self.linears, self.norms, strict=True):
            x = self.dropout(self.relu(norm(linear(x))))
        logits: Tensor = self.output(x)
        return logits


def standardized(images: Tensor) -> Tensor:
    """Bytes as numbers around 0 and of size about 1, each image in one row.

    The brightness of a photograph varies by about 64 around the middle of the scale.

    Example:
        >>> import torch
        >>> standardized(torch.tensor([[[[0, 255]]]], dtype=torch.uint8))
        tensor([[-1.9922,  1.9922]])
    """
    return (images.flatten(1).float() - 127.5) / 64
