"""Which distribution an initializer draws from, and whether a sample comes from it."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.component import Component
from sums_to_one.tests.common.limits import Inside
from sums_to_one.tests.common.statistical import (
    MANY,
    assert_bounds,
    assert_mean,
    assert_shape,
    assert_std,
    normal_scores,
    uniform_scores,
)
from sums_to_one.tests.initialization.weights import drawn

# With fans so unequal, or kernels so long, one fan cannot be taken for the other.
UNEQUAL_FANS = Inside(
    (
        *((3, 4001), (4001, 3), (1, 257)),
        *((2, 48, 5), (48, 2, 5), (61, 1, 5, 3), (16, 5, 7, 3), (5, 16, 2, 3, 5)),
    )
)


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """fan_in and fan_out: the inputs and the outputs, at every position of the kernel."""
    return math.prod(shape[1:]), shape[0] * math.prod(shape[2:])


def xavier_std(shape: Sequence[int], gain: float = 1) -> float:
    return gain * math.sqrt(2 / sum(fans(shape)))


def kaiming_std(shape: Sequence[int], gain: float, mode: str = "fan_in") -> float:
    return gain / math.sqrt(fans(shape)[("fan_in", "fan_out").index(mode)])


def centred_scores(initializer: Component, w: Tensor, std: float) -> Tensor:
    """What was drawn around 0 with this std, made standard normal if the initializer did right."""
    if initializer.name.endswith("uniform_"):
        return uniform_scores(w, -math.sqrt(3) * std, math.sqrt(3) * std)
    return normal_scores(w, 0, std)


def default_scores(initializer: Component, w: Tensor) -> Tensor:
    """What was drawn without options, made standard normal if the initializer did right."""
    if initializer.name == "uniform_":
        return uniform_scores(w, 0, 1)
    stds = {
        "normal": lambda shape: 1.0,
        "xavier": xavier_std,
        "kaiming": lambda shape: kaiming_std(shape, math.sqrt(2)),
    }
    return centred_scores(initializer, w, stds[initializer.name.split("_")[0]](w.shape[1:]))


def scores_with(initializer: Component, w: Tensor, **options: Any) -> Tensor:
    """What was drawn with these options, made standard normal if the initializer did right."""
    if initializer.name == "uniform_":
        return uniform_scores(w, options["a"], options["b"])
    if initializer.name == "normal_":
        return normal_scores(w, options["mean"], options["std"])
    if initializer.name.startswith("xavier"):
        return centred_scores(initializer, w, xavier_std(w.shape[1:], options["gain"]))
    gain = math.sqrt(2 / (1 + options["a"] ** 2))
    return centred_scores(initializer, w, kaiming_std(w.shape[1:], gain, options["mode"]))


def plenty(
    initializer: Component, *shape: int, dtype: torch.dtype | None = None, **options: Any
) -> Tensor:
    """Tensors enough to tell how far the numbers spread.

    A bound takes few numbers, a std many; but in half precision its blur is larger than chance.
    """
    few = initializer.name.endswith("uniform_") or (dtype is not None and dtype.itemsize == 2)
    many = MANY if math.prod(shape) > 1000 else MANY // 8
    return drawn(initializer, *shape, count=20_000 if few else many, dtype=dtype, **options)


def assert_spread(sentence: str, initializer: Component, w: Tensor, std: float) -> None:
    """The numbers lie around 0 with this std; uniform ones fill the space that it leaves them.

    That tells more, and in half precision, whose steps are seen in the std of uniform numbers.
    """
    __tracebackhide__ = True
    if initializer.name.endswith("uniform_"):
        assert_bounds(sentence, w, -math.sqrt(3) * std, math.sqrt(3) * std)
    else:
        scores, blur = normal_scores(w, 0, std).flatten(), 2 * torch.finfo(w.dtype).eps
        assert_mean(sentence, scores, blur)
        assert_std(sentence, scores, blur)


def assert_standard(sentence: str, scores: Tensor, blur: float = 0.0) -> None:
    """All scores together have the standard normal distribution (give or take `blur`)."""
    __tracebackhide__ = True
    assert_mean(sentence, scores.flatten(), blur)
    assert_std(sentence, scores.flatten(), blur)
    assert_shape(sentence, scores, blur)
