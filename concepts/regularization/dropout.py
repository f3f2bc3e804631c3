"""Dropout: in training each unit is left out with probability p, by chance and anew every time.

    y_i = r_i x_i / (1 - p),    r_i = 1 with probability 1 - p, else 0

A unit whose neighbours may be gone has to be of use by itself. What is kept is made larger, so
that the mean of y_i over all draws is x_i. Therefore nothing is left to do in evaluation, where
every unit takes part: y = x.

Read next: `concepts/regularization/dropout2d.py`, for the channels of images.
"""

from torch import Tensor, nn


class Dropout(nn.Module):
    """Elements of the input, dropped independently of each other.

    Args:
        p: the probability with which each element becomes 0, between 0 and 1.
        inplace: whether to write the result into the input.

    Raises:
        ValueError: if p is no probability.

    Example:
        >>> import torch
        >>> dropout = Dropout(p=0.75)
        >>> set(dropout(torch.ones(1000)).tolist()) == {0.0, 4.0}
        True
        >>> dropout.eval()(torch.ones(3))
        tensor([1., 1., 1.])

    Source: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting", 2014, section 4, where p is the probability of being kept, and the weights are
    made smaller in evaluation; section 10 has the other way, which is ours.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability between 0 and 1, got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input with some elements 0 and the others over 1 - p; in evaluation, as it is."""
        if not self.training:
            return input
        # Not `rand_like(input) >= p`: in bfloat16 that has only 256 numbers to compare with p.
        factors = input.new_empty(self.drawn(input)).bernoulli_(1 - self.p)
        if self.p < 1:  # else nothing is kept, and there is nothing to divide by
            factors /= 1 - self.p
        return input.mul_(factors) if self.inplace else input * factors

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        """The shape of what is drawn: one number for every element."""
        return tuple(input.shape)
