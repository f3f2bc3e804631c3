"""L1 loss, or mean absolute error (MAE): how far off the predictions are.

    loss = mean |x_i - y_i|

Every error pulls with the same strength, however large it is: an outlier counts as one vote.
So the best constant prediction is the median.

Read next: `concepts/losses/mse_loss.py`, where large errors pull harder.
"""

from torch import Tensor, nn

from sums_to_one.concepts.losses.reduction import checked, reduced


class L1Loss(nn.Module):
    """The absolute differences between predictions and targets.

    Args:
        reduction: "mean", "sum", or "none" for a loss of every element.

    Raises:
        ValueError: if there is no such reduction.

    Example:
        >>> import torch
        >>> L1Loss()(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 4.0, 7.0]))
        tensor(2.)

    Source: P. J. Huber, "Robust Estimation of a Location Parameter", 1964, on means and medians.
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = checked(reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions of any shape, in the unit of the targets."""
        return reduced((input - target).abs(), self.reduction)
