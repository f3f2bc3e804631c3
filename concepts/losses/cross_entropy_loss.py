"""Cross-entropy: how surprised the model is by the right class, in nats.

    loss = -log softmax(x)_y = log sum_j exp(x_j) - x_y

The softmax is part of the loss: the model gives logits of any size. On paper one could
take the softmax first; but where it has rounded a probability to 0, the logarithm has nothing left.
The gradient is what one would wish for: softmax(x) minus the target.

Read next: `concepts/optimization/variable.py`, which finds all gradients in one walk.
"""

import torch
from torch import Tensor, nn

from sums_to_one.concepts.losses.reduction import checked, reduced


def _log_softmax(logits: Tensor) -> Tensor:
    """log softmax over the last dimension: the largest logit is taken off all, as in softmax."""
    largest = logits.detach().amax(dim=-1, keepdim=True) if logits.numel() else logits
    logits = logits - largest
    return logits - logits.exp().sum(dim=-1, keepdim=True).log()


class CrossEntropyLoss(nn.Module):
    """The negative log-likelihood of the right classes under the softmax of the logits.

    Args:
        weight: how much each class counts, of the shape (K,); 1 if not given.
        ignore_index: targets of this class index count nowhere.
        reduction: "mean", "sum", or "none" for a loss of every target. The mean over class
            indices is weighted: the sum of the weights of the targets divides.
        label_smoothing: from 0 to 1, how much of each target is taken from it and spread over
            all K classes alike.

    Raises:
        ValueError: if the reduction or the smoothing is not one of those above.
        IndexError: when called with a class index that is not between 0 and K - 1.

    Example:
        >>> logits = torch.tensor([[0.0, 0.0], [0.0, 1000.0]])
        >>> CrossEntropyLoss(reduction="none")(logits, torch.tensor([1, 0]))
        tensor([6.9315e-01, 1.0000e+03])

    Source: C. M. Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4;
    C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016,
    section 7, for the smoothing.
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1, got {label_smoothing}")
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = checked(reduction)
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of logits whose K classes lie in dimension 1, or 0 if it is the only one.

        Args:
            input: logits of the shape (K,), (N, K) or (N, K, ...).
            target: class indices, of that shape without K; or probabilities of that shape.
        """
        if input.dtype in (torch.float16, torch.bfloat16):  # too few digits to add many up
            return self.forward(input.float(), target).to(input.dtype)
        dim = 1 if input.dim() > 1 else 0
        log_p = _log_softmax(input.movedim(dim, -1))
        if target.is_floating_point():
            return self._of_probabilities(log_p, target.movedim(dim, -1).to(log_p.dtype))
        return self._of_classes(log_p, target)

    def _of_probabilities(self, log_p: Tensor, target: Tensor) -> Tensor:
        smooth = (1 - self.label_smoothing) * target + self.label_smoothing / target.shape[-1]
        return reduced(-(self._weight_for(log_p) * smooth * log_p).sum(dim=-1), self.reduction)

    def _of_classes(self, log_p: Tensor, target: Tensor) -> Tensor:
        counts = target != self.ignore_index
        index = self._checked(target.where(counts, 0), log_p.shape[-1])
        weight = self._weight_for(log_p)
        losses = -weight[index] * log_p.gather(-1, index.unsqueeze(-1)).squeeze(-1)
        if self.label_smoothing:  # else a class excluded by a logit of -inf would spoil the sum
            smooth = -(weight * log_p).mean(dim=-1)
            losses = (1 - self.label_smoothing) * losses + self.label_smoothing * smooth
        losses = losses.where(counts, 0)
        if self.reduction == "mean":
            return losses.sum() / (weight[index] * counts).sum()
        return reduced(losses, self.reduction)

    def _weight_for(self, log_p: Tensor) -> Tensor:
        if self.weight is None:
            return log_p.new_ones(log_p.shape[-1])
        return self.weight.to(log_p.dtype)

    def _checked(self, index: Tensor, classes: int) -> Tensor:
        wrong = index[(index < 0) | (index >= classes)]
        if wrong.numel():
            raise IndexError(
                f"a target must be a class from 0 to {classes - 1}, or {self.ignore_index} to be "
                f"ignored; got {wrong[0].item()}"
            )
        return index
