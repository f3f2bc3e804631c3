"""Gradient descent: step by step against the gradient, of all samples or of a few at a time.

    p <- p - lr * g,   g = the mean of the gradients of the B samples in the batch

The batch size B alone tells the three kinds apart. With all N samples (batch gradient descent)
the direction is exact, but one step costs N gradients, and as many samples are in memory at once.
With one (stochastic gradient descent) a step costs a single gradient, but that is one of N which
point in many directions; on average they point the right way. In between, a mini-batch costs B
gradients for a noise whose variance is about 1/B of that.

Read next: `concepts/optimization/optimizer.py`, which keeps the books for all rules to come.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Generator, Tensor


def gradient_descent(
    parameters: Iterable[Tensor],
    loss: Callable[..., Tensor],
    data: Tensor | tuple[Tensor, ...],
    *,
    lr: float,
    batch_size: int,
    epochs: int = 1,
    generator: Generator | None = None,
) -> list[float]:
    """Go through the data, batch by batch in a random order, and make a step after each batch.

    Args:
        parameters: leaf tensors of any shape that require a gradient; they are written to. Those
            that the loss does not use are left alone. What is in `.grad` before does not count.
        loss: called with the samples of a batch, as rows; returns the mean of their losses, a
            tensor of one number.
        data: samples, counted by the first dimension, on any device; or a tuple of such tensors
            (images and labels, say), whose parts go to the loss as so many arguments.
        lr: learning rate, the length of a step per unit of gradient.
        batch_size: how many samples a step looks at. The last batch of an epoch has what is left.
        epochs: how often to go through all the data, each time in a new order.
        generator: where the randomness comes from, on the CPU; torch's own if none is given.

    Returns:
        The loss of every batch, before the step that it leads to.

    Raises:
        ValueError: if there are no samples, or not as many in each part; if the batch size is not
            between 1 and their number; if the epochs or the learning rate are negative.

    Example:
        >>> w = torch.zeros((), requires_grad=True)
        >>> samples = torch.tensor([0.0, 3.0, 6.0])
        >>> gradient_descent([w], lambda x: (w - x).square().mean(), samples, lr=0.5, batch_size=3)
        [15.0]
        >>> w
        tensor(3., requires_grad=True)

    Source: H. Robbins, S. Monro, "A Stochastic Approximation Method", 1951; L. Bottou, F. E.
    Curtis, J. Nocedal, "Optimization Methods for Large-Scale Machine Learning", 2018, section 3.
    """
    parts = (data,) if isinstance(data, Tensor) else tuple(data)
    parameters = list(parameters)  # model.parameters() can be gone through only once
    count = _checked(parts, lr, batch_size, epochs)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(count, generator=generator)
        for batch in torch.split(order, batch_size):
            value = loss(*(part[batch] for part in parts))
            # All gradients first: no parameter may move before the others have theirs.
            gradients = torch.autograd.grad(value, parameters, allow_unused=True)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    if gradient is not None:
                        parameter -= lr * gradient
            losses.append(value.item())  # the tensor itself would hold on to its graph
    return losses


def _checked(parts: tuple[Tensor, ...], lr: float, batch_size: int, epochs: int) -> int:
    """The number of samples, if all of this makes sense."""
    lengths = [len(part) for part in parts]
    if len(set(lengths)) > 1:
        raise ValueError(f"all parts of the data must have as many samples, got {lengths}")
    if sum(lengths) == 0:
        raise ValueError(f"there must be samples, got data of length {lengths}")
    if not 1 <= batch_size <= lengths[0]:
        raise ValueError(
            f"batch_size must be from 1 to {lengths[0]} (all samples), got {batch_size}"
        )
    if epochs < 0:
        raise ValueError(f"epochs must not be negative, got {epochs}")
    if not lr >= 0:  # nor NaN
        raise ValueError(f"lr must not be negative, got {lr}")
    return lengths[0]
