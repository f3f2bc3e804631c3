"""How good a network is: its loss, its accuracy as a whole and per class, its worst mistakes.

Read next: `cifar/checkpoint.py`, what is kept of it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sums_to_one.cifar.components import Components


@dataclass(frozen=True)
class Evaluation:
    """What a network says of labelled images.

    Args:
        loss: the mean cross-entropy in nats; ln 10 = 2.3 is that of a network without an opinion.
        probabilities: of every class, float32 of shape (N, 10).
        labels: the right classes, int64 of shape (N,).
    """

    loss: float
    probabilities: Tensor
    labels: Tensor

    @property
    def predictions(self) -> Tensor:
        """The likeliest class of every image, int64 of shape (N,)."""
        return self.probabilities.argmax(dim=1)

    @property
    def accuracy(self) -> float:
        """The share of images whose likeliest class is the right one, from 0 to 1."""
        return (self.predictions == self.labels).float().mean().item()

    @property
    def error(self) -> float:
        """The standard error of the loss: how far that of as many other images may well be off."""
        rows = torch.arange(len(self.labels))
        each = -self.probabilities[rows, self.labels].double().clamp(min=1e-30).log()
        return float(each.std(correction=0) / max(len(each), 1) ** 0.5)

    def accuracy_per_class(self) -> list[float]:
        """The accuracy on the images of each class; NaN for a class without images."""
        classes = self.probabilities.shape[1]
        hits = self.labels[self.predictions == self.labels].bincount(minlength=classes)
        return (hits / self.labels.bincount(minlength=classes)).tolist()

    def worst_mistakes(self, count: int) -> Tensor:
        """The images that the network was surest about and wrong, surest first.

        Args:
            count: how many at most.

        Returns:
            Their row numbers, int64.

        Example:
            >>> sure, unsure = [0.9, 0.1], [0.6, 0.4]
            >>> said = Evaluation(0.5, torch.tensor([unsure, sure, sure]), torch.tensor([1, 1, 0]))
            >>> said.worst_mistakes(8)
            tensor([1, 0])
        """
        wrong = (self.predictions != self.labels).nonzero().flatten()
        confidence = self.probabilities[wrong].amax(dim=1)
        return wrong[confidence.argsort(descending=True)][:count]


def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    components: Components,
    both_sides: bool = False,
) -> Evaluation:
    """Show a network images, without dropout and with the running statistics of batch norm.

    Args:
        model: is left in evaluation mode.
        images: uint8 of shape (N, 3, 32, 32).
        labels: int64 of shape (N,).
        components: where the loss and the softmax come from.
        both_sides: whether the network is shown the mirror images, too, and the mean of both
            answers counts. This is an augmentation at test time, and reported as such.
    """
    model.eval()
    where = next(model.parameters()).device
    with torch.no_grad():
        parts = [part.to(where) for part in torch.split(images, 1000)]
        logits = torch.cat([model(part) for part in parts]).cpu()
        if both_sides:
            logits = (logits + torch.cat([model(part.flip(-1)) for part in parts]).cpu()) / 2
        loss = components.CrossEntropyLoss()(logits, labels).item()
        return Evaluation(loss, components.softmax(logits, dim=1), labels)
