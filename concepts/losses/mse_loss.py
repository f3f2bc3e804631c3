"""Mean squared error (MSE): an error twice as large counts four times as much.

    loss = mean (x_i - y_i)^2

Each error pulls in proportion to its size, so the pulls balance at the mean: that is the best
constant prediction. It is smooth, and the nearer the target the smaller its gradient.

Read next: `concepts/losses/bce_loss.py`, for a probability rather than a number.
"""

from torch import Tensor, nn

from sums_to_one.concepts.losses.reduction import checked, reduced


class MSELoss(nn.Module):
    """The squared differences between predictions and targets.

    Args:
        reduction: "mean", "sum", or "none" for a loss of every element.

    Raises:
        ValueError: if there is no such reduction.

    Example:
        >>> import torch
        >>> MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
        tensor(2.)

    Source: C. M. Bishop, "Pattern Recognition and Machine Learning", 2006, section 1.5.5.
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = checked(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions of any shape, in the unit of the targets squared."""
        return reduced((input - target).square(), self.reduction)
