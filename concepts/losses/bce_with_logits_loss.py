"""Binary cross-entropy of logits: sigmoid and BCELoss in one, and neither rounds the other away.

    loss = -(y log sigmoid(x) + (1 - y) log sigmoid(-x)),   -log sigmoid(x) = log(1 + exp(-x))

For x far below 0, exp(-x) is infinite on a machine, where the loss is just -x. Written as the
logarithm of a sum of exponentials, log(exp(0) + exp(-x)), it can be taken around the larger one.
The gradient is sigmoid(x) - y: it never dies while the answer is wrong.

Read next: `concepts/losses/cross_entropy_loss.py`, for more than two classes.
"""

import torch
from torch import Tensor, nn

from sums_to_one.concepts.losses.reduction import checked, reduced


def _surprise(x: Tensor) -> Tensor:
    """-log sigmoid(x)."""
    return torch.logaddexp(torch.zeros_like(x), -x)


class BCEWithLogitsLoss(nn.Module):
    """The negative log-likelihood of targets under the sigmoid of the logits.

    Args:
        weight: how much each element counts, of a shape that broadcasts to that of the input.
        reduction: "mean", "sum", or "none" for a loss of every element.
        pos_weight: how much the positive part of each target counts, of a shape that
            broadcasts to that of the input.

    Raises:
        ValueError: if there is no such reduction.

    Example:
        >>> BCEWithLogitsLoss(reduction="none")(torch.tensor([0.0, -1000.0]), torch.ones(2))
        tensor([6.9315e-01, 1.0000e+03])

    Source: C. M. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 4.90.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = checked(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of logits of any shape, and targets of that shape from 0 to 1."""
        positive = target if self.pos_weight is None else target * self.pos_weight
        losses = positive * _surprise(input) + (1 - target) * _surprise(-input)
        return reduced(losses if self.weight is None else losses * self.weight, self.reduction)
