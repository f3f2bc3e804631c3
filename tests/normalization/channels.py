"""Batches whose channels are to be normalized, and what plain arithmetic makes of them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, exact, grid
from sums_to_one.tests.common.options import needs, option

BATCH_SHAPES: dict[str, list[tuple[int, ...]]] = {
    "BatchNorm1d": [(2, 3), (3, 2), (7, 5), (5, 1), (2, 3, 5), (5, 2, 3), (1, 3, 2), (2, 5, 1)],
    "BatchNorm2d": [
        *[(2, 3, 1, 1), (3, 2, 1, 5), (3, 2, 5, 1), (1, 3, 2, 1), (1, 3, 1, 2)],
        *[(2, 1, 3, 5), (2, 3, 5, 7), (5, 3, 2, 2)],
    ],
}
# Of the input and of the layer: half precision may go through a layer in float32.
PRECISIONS = [(d, d) for d in DTYPES] + [(d, torch.float32) for d in DTYPES[2:]]


def shapes_of(batch_norm) -> list[tuple[int, ...]]:
    """Those of the batches that a component takes: 2 to 70 values a channel."""
    return BATCH_SHAPES[batch_norm.name]


def batch(*shape: int, dtype: torch.dtype = torch.float64, turn: int = 0) -> Tensor:
    """Eighths; every channel has a mean and a spread of its own, and so does every turn."""
    numbers = (grid(*shape).flatten().roll(turn).reshape(shape) * 8).round() / 8
    channel = torch.arange(shape[1]).reshape(-1, *[1] * (len(shape) - 2))
    return (numbers * (1 + channel) / 2 + 3 - 5 * channel + turn).to(dtype)


def new_layer(
    batch_norm: Callable[..., Any],
    channels: int,
    dtype: torch.dtype = torch.float64,
    **options: Any,
) -> Any:
    """A layer with these options, each of which it must provide to be judged."""
    option(batch_norm, *options)
    layer = batch_norm(channels, **options)
    needs(layer, "to", "train", "eval")
    return layer.to(dtype)


def taught(
    batch_norm: Callable[..., Any],
    channels: int,
    dtype: torch.dtype = torch.float64,
    **options: Any,
) -> Any:
    """A new one with a weight and a bias of its own for each channel; the first are 0.5 and 3/8."""
    layer = new_layer(batch_norm, channels, dtype, **options)
    with torch.no_grad():
        layer.weight.copy_((grid(channels, limit=2) * 8).round() / 8)
        layer.bias.copy_((grid(channels, limit=1.5) * 8).round() / 8)
    return layer


def by_channel(x: Tensor) -> Tensor:
    """A row for each channel, of all its numbers in the batch, in float64."""
    return x.detach().double().movedim(1, 0).flatten(1)


def back(rows: Tensor, like: Tensor) -> Tensor:
    """The rows of channels as a batch again."""
    shape = like.movedim(1, 0).shape
    return rows.reshape(shape).movedim(0, 1)


def mean_and_variance(x: Tensor, correction: int = 0) -> tuple[Tensor, Tensor]:
    """Of each channel; the sum of squares is divided by the count less the correction."""
    rows = by_channel(x)
    mean = rows.sum(1) / rows.shape[1]
    return mean, (rows - mean[:, None]).square().sum(1) / (rows.shape[1] - correction)


def normalized(x: Tensor, mean: Tensor, variance: Tensor, eps: float, layer: Any = None) -> Tensor:
    """(x - mean) / sqrt(variance + eps), times the weight of the layer and plus its bias."""
    rows = (by_channel(x) - mean[:, None]) / (variance[:, None] + eps) ** 0.5
    if getattr(layer, "weight", None) is not None:
        rows = rows * layer.weight.detach().double()[:, None]
    if getattr(layer, "bias", None) is not None:
        rows = rows + layer.bias.detach().double()[:, None]
    return back(rows, x)


def averages(batches: Sequence[Tensor], momentum: float | None = 0.1) -> tuple[Tensor, Tensor]:
    """The running mean and variance after these batches; before the first they are 0 and 1."""
    mean, variance = exact([0.0]), exact([1.0])
    for count, x in enumerate(batches, start=1):
        share = 1 / count if momentum is None else momentum
        newest, spread = mean_and_variance(x, correction=1)
        mean = (1 - share) * mean + share * newest
        variance = (1 - share) * variance + share * spread
    return mean, variance


def assert_averages(
    sentence: str, layer: Any, batches: Sequence[Tensor], momentum: float | None = 0.1
) -> None:
    """A layer remembers the running mean and variance of these batches."""
    __tracebackhide__ = True
    mean, variance = averages(batches, momentum)
    assert_close(f"{sentence}: the running mean", layer.running_mean, mean)
    assert_close(f"{sentence}: the running variance", layer.running_var, variance)


def remembered(layer: Any) -> dict[str, Tensor]:
    """A copy of all that a layer would save."""
    needs(layer, "state_dict", "load_state_dict")
    return {name: numbers.clone() for name, numbers in layer.state_dict().items()}


def assert_unchanged(sentence: str, layer: Any, before: dict[str, Tensor]) -> None:
    """Bit for bit."""
    __tracebackhide__ = True
    now = layer.state_dict()
    for name, numbers in before.items():
        same = torch.equal(now[name], numbers)
        assert same, f"{sentence}: {name} was {numbers.tolist()}, now {now[name].tolist()}"
