"""Binary cross-entropy (BCE): how surprised a probability is by what came, in nats.

    loss = -(y log p + (1 - y) log(1 - p))

The input is a probability, so a logit must have gone through a sigmoid. If it has rounded the
probability to 0 or 1 and that is wrong, the logarithm is infinite; so logarithms end at -100. There
the loss is flat and its gradient here is 0. PyTorch's is -1e12 instead, for p = 0 and y = 1; behind
a sigmoid, whose slope is 0 there, both are dead.

Read next: `concepts/losses/bce_with_logits_loss.py`, where no gradient dies.
"""

import math

import torch
from torch import Tensor, nn

from sums_to_one.concepts.losses.reduction import checked, reduced

LEAST_LOG = -100.0


def _log(p: Tensor) -> Tensor:
    """The logarithm, but at least -100, and flat from there on."""
    inside = p > math.exp(LEAST_LOG)
    # What lies outside takes part as a 1, for a gradient of 0 times infinity would be NaN.
    log = p.where(inside, torch.ones_like(p)).log()
    return log.where(inside, torch.full_like(p, LEAST_LOG)).where(~p.isnan(), p)


class BCELoss(nn.Module):
    """The negative log-likelihood of targets under given probabilities.

    Args:
        weight: how much each element counts, of a shape that broadcasts to that of the input.
        reduction: "mean", "sum", or "none" for a loss of every element.

    Raises:
        ValueError: if there is no such reduction; when called with an input that is not a
            probability.

    Example:
        >>> BCELoss(reduction="none")(torch.tensor([0.5, 0.0]), torch.tensor([1.0, 1.0]))
        tensor([  0.6931, 100.0000])

    Source: C. M. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 4.90.
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = checked(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of probabilities of any shape, and targets of that shape from 0 to 1."""
        outside = (input < 0) | (input > 1)
        if outside.any():
            raise ValueError(
                f"an input must be a probability from 0 to 1, got {input[outside][0].item()}"
            )
        losses = -(target * _log(input) + (1 - target) * _log(1 - input))
        return reduced(losses if self.weight is None else losses * self.weight, self.reduction)
