"""Batches whose channels are to be normalized, and what plain arithmetic makes of them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, assert_within, rounding
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import feature, needs, option

BATCH_SHAPES: dict[str, list[tuple[int, ...]]] = {
    "BatchNorm1d": [
        *[(2, 3), (3, 2), (7, 5), (5, 1), (5, 3)],
        *[(2, 3, 5), (5, 2, 3), (1, 3, 2), (2, 5, 1)],
    ],
    "BatchNorm2d": [
        *[(2, 3, 1, 1), (3, 2, 1, 5), (3, 2, 5, 1), (1, 3, 2, 1), (1, 3, 1, 2)],
        *[(2, 1, 3, 5), (2, 3, 5, 7), (5, 3, 2, 2)],
    ],
}


def shapes_of(batch_norm) -> list[tuple[int, ...]]:
    """Those of the batches that a component takes: 2 to 70 values a channel."""
    return inside(BATCH_SHAPES[batch_norm.name])


def few_of(batch_norm) -> list[tuple[int, ...]]:
    """Of these shapes, those of so few values that even 16 bits add them up with some digits."""
    return [shape for shape in shapes_of(batch_norm) if torch.Size(shape).numel() <= 7 * shape[1]]


# Parts of larger batches that lie otherwise in memory: two things at once, as in
# pytorch/pytorch#174345, where an offset was forgotten as soon as the channels came last.
PARTS: dict[str, Callable[[Tensor], Tensor]] = {
    "channels last, without the first sample": lambda x: _channels_last(_with_more(x, 0))[1:],
    "channels last, without the first channel": lambda x: _channels_last(_with_more(x, 1))[:, 1:],
    "channels last, without the first row": lambda x: _channels_last(_with_more(x, -1))[..., 1:],
    "reversed, without the first sample": lambda x: _with_more(x, 0).mT.contiguous().mT[1:],
    "without the first channel": lambda x: _with_more(x, 1)[:, 1:],
    "without the first row": lambda x: _with_more(x, -1)[..., 1:],
    "every second sample": lambda x: torch.stack([x + 1, x], 1).flatten(0, 1)[1::2],
    "channels last, every second sample": lambda x: _channels_last(
        torch.stack([x + 1, x], 1).flatten(0, 1)
    )[1::2],
    "one channel in place of all": lambda x: x[:, :1].expand_as(x),
}


def _channels_last(x: Tensor) -> Tensor:
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def _with_more(x: Tensor, dimension: int) -> Tensor:
    """Strangers at the front of a dimension."""
    return torch.cat([x.narrow(dimension, 0, 1) + 1, x], dimension)


def batch(*shape: int, dtype: torch.dtype | None = None, turn: int = 0) -> Tensor:
    """Eighths; every channel has a mean and a spread of its own, and so does every turn."""
    numbers = (grid(*shape).flatten().roll(turn).reshape(shape) * 8).round() / 8
    channel = torch.arange(shape[1]).reshape(-1, *[1] * (len(shape) - 2))
    return (numbers * (1 + channel) / 2 + 3 - 5 * channel + turn).to(dtype or widest())


def new_layer(
    batch_norm: Callable[..., Any],
    channels: int,
    dtype: torch.dtype | None = None,
    **options: Any,
) -> Any:
    """A layer with these options, each of which it must provide to be judged."""
    option(batch_norm, *options)
    layer = batch_norm(channels, **options)
    if dtype or widest() != torch.float32:  # in which it is made
        needs(layer, "to")
    return layer.to(dtype or widest()) if hasattr(layer, "to") else layer


def unusual_layer(batch_norm: Callable[..., Any], channels: int, **options: Any) -> Any:
    """As new_layer, where these values of the options may be refused, at once or in a first use."""
    with feature(", ".join(f"{name}={value}" for name, value in options.items())):
        x = batch(*shapes_of(batch_norm)[0])
        new_layer(batch_norm, x.shape[1], **options)(x)
        return new_layer(batch_norm, channels, **options)


def taught(
    batch_norm: Callable[..., Any],
    channels: int,
    dtype: torch.dtype | None = None,
    **options: Any,
) -> Any:
    """A new one with a weight and a bias of its own for each channel; the first are 0.5 and 3/8."""
    return teach(new_layer(batch_norm, channels, dtype, **options))


def teach(layer: Any) -> Any:
    """Give it the weights and biases of `taught`, as far as it has any."""
    needs(layer, "weight", "bias")
    with torch.no_grad():
        for p, limit in ((layer.weight, 2.0), (layer.bias, 1.5)):
            if p is not None:
                p.copy_((grid(len(p), limit=limit) * 8).round() / 8)
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
    mean, variance = torch.zeros(1).double(), torch.ones(1).double()
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
    needs(layer, "running_mean", "running_var")
    mean, variance = averages(batches, momentum)
    assert_close(f"{sentence}: the running mean", layer.running_mean, mean)
    assert_close(f"{sentence}: the running variance", layer.running_var, variance)


# What rounding at every step can explain. The mean of n numbers is off by n roundings of the
# largest at most, the variance by as many of its own, and by what the mean does to it; the rest
# takes eight more steps.


def roundings(x: Tensor, deviation: Tensor, dtype: torch.dtype) -> Tensor:
    """By how much a normalized number, which is 1 or less, may be off, for each channel.

    Args:
        x: the batch.
        deviation: by which its channels are divided, in float64.
        dtype: the one with the fewest digits on the way.
    """
    rows = by_channel(x)
    largest = rows.abs().max(1).values / deviation
    return rounding(dtype, rows.shape[1] + 8) * (1 + largest)


def assert_rounded(
    sentence: str, came: Tensor, x: Tensor, expected: Tensor, deviation: Tensor, dtype: torch.dtype
) -> None:
    """The output is what it should be, but for roundings at every step in this dtype."""
    __tracebackhide__ = True
    size = by_channel(expected).abs().max(1).values.clamp(min=2)  # weights are below 2, biases too
    allowed = roundings(x, deviation, dtype) * size
    assert_within(sentence, came, expected, back(allowed[:, None].expand_as(by_channel(x)), x))


def assert_gradient_rounded(
    sentence: str, came: Tensor, x: Tensor, expected: Tensor, eps: float, dtype: torch.dtype
) -> None:
    """The same of a gradient in training, of cotangents and weights below 2."""
    __tracebackhide__ = True
    mean, variance = mean_and_variance(x)
    deviation = (variance + eps).sqrt()
    largest = ((by_channel(x) - mean[:, None]) / deviation[:, None]).abs().max(1).values
    size = 2 * 2 / deviation * 2 * (1 + largest.square())  # normalized numbers enter it twice
    allowed = roundings(x, deviation, dtype) * size
    assert_within(sentence, came, expected, back(allowed[:, None].expand_as(by_channel(x)), x))


def assert_averages_rounded(
    sentence: str,
    layer: Any,
    batches: Sequence[Tensor],
    dtype: torch.dtype,
    momentum: float | None = 0.1,
) -> None:
    """The averages are what they should be, but for roundings at every step in this dtype."""
    __tracebackhide__ = True
    needs(layer, "running_mean", "running_var")
    mean, variance = averages(batches, momentum)
    steps = rounding(dtype, max(by_channel(x).shape[1] for x in batches) + 8 + 4 * len(batches))
    largest = torch.stack([by_channel(x).abs().max(1).values for x in batches]).amax(0)
    widest_spread = torch.stack([mean_and_variance(x, 1)[1] for x in batches]).amax(0).clamp(min=1)
    off = steps * largest
    assert_within(f"{sentence}: the running mean", layer.running_mean, mean, off)
    allowed = steps * widest_spread + 2 * widest_spread.sqrt() * off + off.square()
    assert_within(f"{sentence}: the running variance", layer.running_var, variance, allowed)


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


def several(batch_norm, dtype: torch.dtype | None = None) -> list[Tensor]:
    """Batches of different sizes, with 3 channels."""
    shapes = inside([shape for shape in shapes_of(batch_norm) if shape[1] == 3])
    return [batch(*shape, dtype=dtype, turn=turn) for turn, shape in enumerate(shapes * 2)]


def trained(batch_norm, dtype: torch.dtype | None = None, count: int = 3, **options: Any) -> Any:
    """A layer of 3 channels after so many batches."""
    layer = taught(batch_norm, 3, dtype, **options)
    for x in several(batch_norm, dtype)[:count]:
        layer(x)
    return layer


def assert_same_future(sentence: str, batch_norm, one, other) -> None:
    """Both do the same from now on, bit for bit, in training and in evaluation."""
    __tracebackhide__ = True
    needs(one, "running_mean")
    for x in several(batch_norm, one.running_mean.dtype)[1:3]:
        for mode in (False, True):
            came, expected = (layer.train(mode)(x).detach() for layer in (one, other))
            now = f"{'training' if mode else 'evaluation'}: {came.tolist()}, {expected.tolist()}"
            assert torch.equal(came, expected), f"{sentence}, differs in {now}"
        assert_unchanged(sentence, one, remembered(other))
