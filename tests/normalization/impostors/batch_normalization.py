"""A right batch normalization of small steps; of those, every impostor changes one or two."""

import torch
from torch import Tensor, nn


class BatchNormalization(nn.Module):
    """For inputs of any rank that the component names; all statistics keep their dimensions."""

    ranks: tuple[int, ...] = ()
    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, bias=True
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        ones = torch.ones(num_features)
        self.weight = nn.Parameter(ones) if affine else None
        self.bias = nn.Parameter(0 * ones) if affine and bias else None
        self.add_buffers(track_running_stats)

    def add_buffers(self, tracked: bool) -> None:
        self.register_buffer("running_mean", torch.zeros(self.num_features) if tracked else None)
        self.register_buffer("running_var", torch.ones(self.num_features) if tracked else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if tracked else None)

    def forward(self, input: Tensor) -> Tensor:
        self.check(input)
        x = self.raised(input)
        if self.uses_the_batch():
            if self.count(x) == 1:
                return self.of_one_value(input)
            mean, variance = self.statistics(x)
            if self.remembers():
                self.remember(x, mean.detach(), variance.detach())
        else:
            mean, variance = self.wide(self.running_mean, x), self.wide(self.running_var, x)
        return self.scaled(self.normalized(x, mean, variance)).to(input.dtype)

    def check(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            raise ValueError(f"the dimensions must be one of {self.ranks}, got {input.ndim}")
        self.check_channels(input)

    def check_channels(self, input: Tensor) -> None:
        if input.shape[1] != self.num_features:
            raise ValueError(f"channels must be {self.num_features}, got {input.shape[1]}")

    def of_one_value(self, input: Tensor) -> Tensor:
        raise ValueError(f"each channel must have 2 values or more, got {tuple(input.shape)}")

    def raised(self, input: Tensor) -> Tensor:
        return input.to(torch.promote_types(input.dtype, torch.float32))

    def uses_the_batch(self) -> bool:
        return self.training or self.running_mean is None

    def remembers(self) -> bool:
        return self.training and self.running_mean is not None

    def others(self, x: Tensor) -> list[int]:
        return [dimension for dimension in range(x.ndim) if dimension != 1]

    def count(self, x: Tensor) -> int:
        return x.numel() // x.shape[1]

    def wide(self, channels: Tensor, x: Tensor) -> Tensor:
        return channels.reshape(1, -1, *[1] * (x.ndim - 2))

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = x.mean(self.others(x), keepdim=True)
        return mean, self.variance(x, mean)

    def variance(self, x: Tensor, mean: Tensor) -> Tensor:
        return (x - mean).square().mean(self.others(x), keepdim=True)

    @torch.no_grad()
    def remember(self, x: Tensor, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        share = self.share()
        self.average(self.running_mean, mean.flatten(), share)
        self.average(self.running_var, self.kept(x, variance).flatten(), share)

    def share(self) -> float:
        if self.momentum is None:
            return 1 / float(self.num_batches_tracked)
        return self.momentum

    def kept(self, x: Tensor, variance: Tensor) -> Tensor:
        n = self.count(x)
        return variance * (n / (n - 1))

    def average(self, running: Tensor, newest: Tensor, share: float) -> None:
        running.copy_((1 - share) * running.to(newest.dtype) + share * newest)

    def normalized(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return (x - mean) / self.deviation(variance)

    def deviation(self, variance: Tensor) -> Tensor:
        return (variance + self.eps).sqrt()

    def scaled(self, y: Tensor) -> Tensor:
        if self.weight is not None:
            y = y * self.wide(self.weight, y)
        return y if self.bias is None else y + self.wide(self.bias, y)
