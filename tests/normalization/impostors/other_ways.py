"""Right batch normalizations in other ways: in the dtype of their input, with fewer options.

What a component adds is the dimensions of its input.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sums_to_one.tests.common.sums import one_by_one


class Plain(nn.Module):
    """The formula, as it stands in the paper: no count of batches, and no option but eps."""

    ranks: tuple[int, ...] = ()

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def check(self, x):
        assert x.ndim in self.ranks, f"{x.ndim} dimensions"
        assert x.shape[1] == self.num_features, f"{x.shape[1]} channels"
        if self.training and x.numel() == x.shape[1]:
            raise RuntimeError("one value has no variance")

    def wide(self, numbers, x):
        return numbers.view(1, -1, *[1] * (x.ndim - 2))

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        y = self.normalized(x)
        return y * self.wide(self.weight, x) + self.wide(self.bias, x)

    def normalized(self, x):
        if self.training:
            mean, variance = self.statistics(x)
            self.remember(mean.detach(), variance.detach(), x.numel() // x.shape[1])
        else:
            mean, variance = self.running_mean, self.running_var
        return (x - self.wide(mean, x)) / torch.sqrt(self.wide(variance, x) + self.eps)

    def statistics(self, x):
        others = [0, *range(2, x.ndim)]
        return x.mean(others), x.var(others, unbiased=False)

    @torch.no_grad()
    def remember(self, mean, variance, n):
        unbiased = variance * n / (n - 1)
        self.running_mean.mul_(1 - self.momentum).add_(self.momentum * mean)
        self.running_var.mul_(1 - self.momentum).add_(self.momentum * unbiased)


class Welford(Plain):
    """One value after the other, as Welford has it: no sum is ever large."""

    def statistics(self, x):
        rows = x.transpose(0, 1).flatten(1).unbind(1)
        if len(rows) > 1000:  # for the patience of others alone
            return super().statistics(x)
        mean, squares = torch.zeros_like(rows[0]), torch.zeros_like(rows[0])
        for count, row in enumerate(rows, start=1):
            off = row - mean
            mean = mean + off / count
            squares = squares + off * (row - mean)
        return mean, squares / len(rows)


class SumsInTheDtypeOfTheInput(Plain):
    """Every sum is rounded at each step, from the first to the last."""

    def statistics(self, x):
        rows = x.transpose(0, 1).flatten(1)
        if rows.shape[1] > 1000:
            return super().statistics(x)
        mean = rows.cumsum(1)[:, -1] / rows.shape[1]
        squares = (rows - mean[:, None]).square()
        total = squares[:, 0]
        for square in squares.unbind(1)[1:]:
            total = total + square
        return mean, total / rows.shape[1]


class RowByRow(Plain):
    """One value of each channel after the other is added, in the dtype of the input."""

    def statistics(self, x):
        rows = x.movedim(1, -1).reshape(-1, x.shape[1])
        mean = one_by_one(rows) / len(rows)
        return mean, one_by_one((rows - mean).square()) / len(rows)


class OfTheTransposedBatch(Plain):
    """With the channels as samples, each sample is normalized for itself: instance norm."""

    def normalized(self, x):
        if not self.training:
            return super().normalized(x)
        self.remember(*(s.detach() for s in self.statistics(x)), x.numel() // x.shape[1])
        turned = x.transpose(0, 1).flatten(1)[None]
        return (
            F.instance_norm(turned, eps=self.eps)[0]
            .reshape(x.transpose(0, 1).shape)
            .transpose(0, 1)
        )


class GroupsOfTheTransposedBatch(OfTheTransposedBatch):
    """One sample of as many groups as there are channels."""

    def normalized(self, x):
        if not self.training:
            return Plain.normalized(self, x)
        self.remember(*(s.detach() for s in self.statistics(x)), x.numel() // x.shape[1])
        turned = x.transpose(0, 1)
        rows = F.group_norm(turned.reshape(1, x.shape[1], -1), x.shape[1], eps=self.eps)
        return rows.reshape(turned.shape).transpose(0, 1)


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, eps):
        mean = rows.mean(1, keepdim=True)
        root = ((rows - mean).square().mean(1, keepdim=True) + eps).sqrt()
        plain = (rows - mean) / root
        ctx.save_for_backward(plain, root)
        return plain

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, pull):
        plain, root = ctx.saved_tensors
        n = plain.shape[1]
        shift, stretch = pull.sum(1, keepdim=True), (pull * plain).sum(1, keepdim=True)
        return (n * pull - shift - plain * stretch) / (n * root), None


class OnceDifferentiable(Plain):
    """The gradient by hand, and none of the gradient."""

    def normalized(self, x):
        if not self.training:
            return super().normalized(x)
        self.remember(*(s.detach() for s in self.statistics(x)), x.numel() // x.shape[1])
        turned = x.transpose(0, 1)
        return _Once.apply(turned.flatten(1), self.eps).reshape(turned.shape).transpose(0, 1)


class ByTheFunction:
    """No module: parameters and averages are attributes, and the rest is PyTorch's function."""

    ranks: tuple[int, ...] = ()

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.weight = torch.ones(num_features, requires_grad=True)
        self.bias = torch.zeros(num_features, requires_grad=True)
        self.running_mean, self.running_var = torch.zeros(num_features), torch.ones(num_features)

    def to(self, dtype):
        for name in ("weight", "bias", "running_mean", "running_var"):
            own = getattr(self, name)
            setattr(self, name, own.detach().to(dtype).requires_grad_(own.requires_grad))
        return self

    def train(self, mode=True):
        self.training = mode
        return self

    def eval(self):
        return self.train(False)

    def __call__(self, x):
        if x.ndim not in self.ranks:
            raise ValueError(f"{x.ndim} dimensions are not in {self.ranks}")
        averages = self.running_mean, self.running_var
        learned = self.weight, self.bias
        return F.batch_norm(x, *averages, *learned, self.training, self.momentum, self.eps)


class AnyMomentumButNone(nn.Module):
    """A module around PyTorch's function, which hands on all that it is given."""

    ranks: tuple[int, ...] = ()

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, **rest):
        super().__init__()
        if rest:
            raise TypeError(f"unknown options: {rest}")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        if x.ndim not in self.ranks:
            raise ValueError(f"{x.ndim} dimensions are not in {self.ranks}")
        if self.training:
            self.num_batches_tracked += 1
        averages, learned = (self.running_mean, self.running_var), (self.weight, self.bias)
        return F.batch_norm(x, *averages, *learned, self.training, self.momentum, self.eps)


class MatricesOfOnes(Plain):
    """Means as products, differences of squares about the first sample: no mean is large then."""

    def statistics(self, x):
        rows = x.transpose(0, 1).flatten(1)
        ones = rows.new_ones(rows.shape[1], 1) / rows.shape[1]
        mean = rows @ ones
        return mean[:, 0], ((rows - mean).square() @ ones)[:, 0]


class ScaleAndShift(Plain):
    """Folded into x * scale + shift, as deployed networks have it."""

    def forward(self, x):
        self.check(x)
        mean, variance = (
            self.statistics(x) if self.training else (self.running_mean, self.running_var)
        )
        if self.training:
            self.remember(mean.detach(), variance.detach(), x.numel() // x.shape[1])
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return x * self.wide(scale, x) + self.wide(shift, x)
