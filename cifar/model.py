"""The network: linear maps with a bend in between.

Every hidden layer is Linear, BatchNorm1d, an activation, Dropout, in this order. The last layer is
a bare Linear: the softmax is inside the cross-entropy loss, and a second one would put a floor
under it. Without hidden layers the network is the linear model that it has to beat.

Read next: `cifar/dropout.py`, a mask that costs little.
"""

import math

from torch import Tensor, nn

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.dropout import CheapDropout
from sums_to_one.cifar.inputs import Pixels, PrincipalComponents
from sums_to_one.cifar.settings import CLASSES, Settings


class FullyConnected(nn.Module):
    """A fully connected classifier of 32x32 colour images.

    Args:
        settings: widths, activation, initialization, batch norm, dropout, inputs.
        components: where the layers come from.

    Example:
        >>> import torch
        >>> model = FullyConnected(Settings(hidden=(64,)), Components("torch"))
        >>> model(torch.zeros(7, 3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([7, 10])
    """

    def __init__(self, settings: Settings, components: Components) -> None:
        super().__init__()
        self.inputs: Pixels | PrincipalComponents = Pixels()
        if settings.whiten:
            self.inputs = PrincipalComponents(settings.whiten, settings.whiten_floor)
        widths = [self.inputs.features, *settings.hidden]
        self.linears = nn.ModuleList(
            # batch norm brings a bias of its own
            components.Linear(fan_in, fan_out, bias=not settings.batch_norm)
            for fan_in, fan_out in zip(widths, settings.hidden, strict=False)
        )
        normed = settings.hidden if settings.batch_norm else ()
        self.norms = nn.ModuleList(components.BatchNorm1d(width) for width in normed)
        self.activation = getattr(components, settings.activation)
        self.dropout = CheapDropout.instead_of(components.Dropout, settings.dropout)
        self.output = components.Linear(widths[-1], CLASSES)

        for linear in self.linears:
            _initialize(linear, settings, components)
        # Scores of size 0.1 are next to no opinion, so the first loss is close to ln 10.
        components.normal_(self.output.weight, std=0.1 / math.sqrt(widths[-1]))
        components.zeros_(self.output.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Score every image for every class.

        Args:
            images: uint8 of shape (N, 3, 32, 32), from 0 to 255; or what `self.inputs` has made of
                them, float32 of shape (N, features).

        Returns:
            Logits, float32 of shape (N, 10): the larger, the likelier the class.
        """
        x = images if images.is_floating_point() else self.inputs(images)
        for depth, linear in enumerate(self.linears):
            x = linear(x)
            if self.norms:
                x = self.norms[depth](x)
            x = self.dropout(self.activation(x))
        logits: Tensor = self.output(x)
        return logits.float()


def _initialize(linear: nn.Module, settings: Settings, components: Components) -> None:
    draw = getattr(components, settings.initialization)
    if settings.initialization.startswith("kaiming"):
        draw(linear.weight, nonlinearity="relu")
    elif settings.initialization == "normal_":
        draw(linear.weight, std=0.01)
    else:
        draw(linear.weight)
    if linear.bias is not None:
        components.zeros_(linear.bias)
