"""Batch normalization: every channel gets mean 0 and variance 1 over the batch.

    y = weight (x - mean) / sqrt(variance + eps) + bias

In training, mean and variance are those of the batch, one of each for every channel, and the
gradient passes through them. In evaluation, an answer must not depend on who else is in the batch,
so they are averages that training has collected. What then scales and shifts is learned.

Read next: `concepts/normalization/batch_norm1d.py`, for features and sequences.
"""

import torch
from torch import Tensor, nn


class BatchNorm(nn.Module):
    """What both kinds share; they differ only in the dimensions of their input.

    Args:
        num_features: how many channels there are.
        eps: is added to the variance, or a channel that never varies would divide by 0.
        momentum: the weight of the newest batch in the running averages, or None for the plain
            average of all batches. In an optimizer it would be the weight of the old ones.
        affine: learn a weight and a bias for every channel.
        track_running_stats: collect the averages; without them, evaluation uses the batch, too.
        bias: learn a bias, if affine.
    """

    dimensions: tuple[int, ...]  # how many an input may have

    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine and bias else None
        # Buffers are saved with the parameters, but nothing learns them.
        tracked = track_running_stats
        self.register_buffer("running_mean", torch.zeros(num_features) if tracked else None)
        self.register_buffer("running_var", torch.ones(num_features) if tracked else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if tracked else None)

    def forward(self, input: Tensor) -> Tensor:
        """The input with each channel normalized, scaled and shifted; its shape stays.

        Raises:
            ValueError: the input has other dimensions or channels, or in training only one
                value for each channel, which has no variance.
        """
        self._check(input)
        # Channels come last here, so that one number for each fits; and half precision has too
        # few digits to add up a batch.
        x = input.movedim(1, -1).to(torch.promote_types(input.dtype, torch.float32))
        if self.training or self.running_mean is None or self.running_var is None:
            mean, variance = self._of_batch(x)
        else:
            mean, variance = self.running_mean, self.running_var
        y = (x - mean) * (variance + self.eps).rsqrt()
        if self.weight is not None:
            y = y * self.weight
        if self.bias is not None:
            y = y + self.bias
        return y.movedim(-1, 1).to(input.dtype)

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of each channel; in training they enter the averages."""
        count = x[..., 0].numel()
        if count < 2:
            raise ValueError(f"each channel must have more than one value to vary, got {count}")
        others = tuple(range(x.ndim - 1))
        mean = x.mean(others)
        # In two passes: mean(x^2) - mean^2 is left with no digits where the mean is large.
        variance = (x - mean).square().mean(others)
        if self.training:
            self._remember(mean.detach(), variance.detach() * (count / (count - 1)))
        return mean, variance

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Let a batch enter the running averages; its variance as an unbiased estimate."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None  # all three are there, or none
        self.num_batches_tracked += 1
        weight = self.momentum
        if weight is None:
            weight = 1 / self.num_batches_tracked.item()
        for average, newest in ((self.running_mean, mean), (self.running_var, variance)):
            average.copy_(average.to(newest.dtype).lerp(newest, weight))

    def _check(self, input: Tensor) -> None:
        if input.ndim not in self.dimensions or not input.is_floating_point():
            many = " or ".join(map(str, self.dimensions))
            raise ValueError(
                f"the input must have {many} dimensions and floating-point numbers, "
                f"got {input.ndim} dimensions of {input.dtype}"
            )
        if input.shape[1] != self.num_features:
            raise ValueError(f"there must be {self.num_features} channels, got {input.shape[1]}")
