"""Which units a dropout has dropped, or a flip has flipped, and what chance says about that.

A sample of fates becomes scores for `tests/common/statistical.py` in two ways, whose law is exact:
by `fate_scores` each fate does, by `count_scores` the number of dropped units in each row.
"""

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import current, lies_inside, widest
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.common.statistical import assert_mean, assert_std

P = (0.1, 1 / 3, 0.5, 0.9)  # never 1/2 alone, where dropped and kept may be taken for each other

image_shapes = st.tuples(*[st.integers(1, 5)] * 4)


def fitted(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape of as many numbers, and of as many dimensions as whoever is judged takes."""
    taken = current().dimensions
    if taken is None or len(shape) in taken:
        return shape
    n = max([n for n in taken if 0 < n < len(shape)], default=max(taken))
    if n > len(shape):
        return (*shape, *[1] * (n - len(shape)))
    return (*shape[: n - 1], torch.Size(shape[n - 1 :]).numel())


def batch(*shape: int, limit: float = 6.0, dtype: torch.dtype | None = None) -> Tensor:
    """A batch of images that fits, of numbers that all differ and are not 0."""
    return grid(*fitted(shape), limit=limit).to(dtype or widest())


def tell(layer, training: bool) -> None:
    """The layer is in training, or in evaluation: by its methods, or else by its attribute."""
    method = "train" if training else "eval"
    if hasattr(layer, method) and method not in current().without:
        getattr(layer, method)()
    else:
        needs(layer, "training")
        layer.training = training


def assert_dropped_or_scaled(sentence: str, came: Tensor, x: Tensor, p: float) -> None:
    """Every number is exactly 0, or x / (1 - p); x has no zeros."""
    __tracebackhide__ = True
    assert came.shape == x.shape, f"{sentence}: should be {tuple(x.shape)}, is {tuple(came.shape)}"
    x = x.detach().double()
    assert_close(sentence, came, torch.where(came.detach().eq(0), torch.zeros_like(x), x / (1 - p)))


def plain_dtype() -> torch.dtype:
    """In which large samples are taken: float32, which is faster, or what there is."""
    return torch.float32 if lies_inside(torch.float32) else widest()


def fates(dropout, layer, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """Which units a call drops; those of Dropout2d are channels, in so many samples."""
    dtype = dtype or plain_dtype()
    if dropout.name == "Dropout":
        return layer(torch.ones(fitted(shape), dtype=dtype)).eq(0).reshape(shape)
    return layer(torch.ones(*shape, 1, 2, dtype=dtype))[:, :, 0, 0].eq(0)


def spread(shape: torch.Size) -> Tensor:
    """Uniform random numbers that no subject has drawn."""
    random = generator(5)
    return torch.rand(shape, generator=random, dtype=torch.float64).clamp(1e-15, 1 - 1e-15)


def fate_scores(dropped: Tensor, p: float) -> Tensor:
    """Fates made standard normal: the dropped ones are spread over the lowest share p of it."""
    chance = spread(dropped.shape)
    return torch.special.ndtri(torch.where(dropped, p * chance, p + (1 - p) * chance))


def count_scores(rows: Tensor, p: float) -> Tensor:
    """How many of each row are dropped, made standard normal by the binomial law."""
    from scipy import stats

    law, counts = stats.binom(rows.shape[1], p), rows.sum(dim=1).cpu().numpy()
    below, up_to = (torch.as_tensor(law.cdf(n)) for n in (counts - 1, counts))
    share = below + spread(below.shape) * (up_to - below)
    return torch.special.ndtri(share.clamp(1e-15, 1 - 1e-15))


def assert_share(sentence: str, dropped: Tensor, p: float) -> None:
    """The share p of all units together is dropped."""
    __tracebackhide__ = True
    counted = f"{dropped.double().mean():.4g} of the {sentence} are 0, and {p:.4g} should be"
    assert_mean(counted, count_scores(dropped.reshape(1, -1), p))


def assert_parts_unlike(sentence: str, dropped: Tensor, p: float) -> None:
    """Neither a part nor its mirror image has more in common with the next than by chance.

    Parts are of every power of 2 from 2^14 on, up to a half. Of two units p^2 + (1 - p)^2 have the
    same fate, and each is compared once, so their number has the binomial law.
    """
    __tracebackhide__ = True
    sizes = [2**k for k in range(14, len(dropped).bit_length() - 1)]
    pairs = [dropped.reshape(-1, 2, size).unbind(1) for size in sizes]
    alike = torch.stack(
        [(one == o).flatten() for one, other in pairs for o in (other, other.flip(1))]
    )
    right, shares = p**2 + (1 - p) ** 2, alike.double().mean(dim=1)
    worst = int((shares - right).abs().argmax())
    what = f"a part of {sizes[worst // 2]} {sentence} and {('', 'the mirror image of ')[worst % 2]}"
    counted = f"{what}the next: {shares[worst]:.4g} have the same fate, {right:.4g} should"
    assert_mean(counted, count_scores(alike, right)[:, None])


def assert_slices_alike(sentence: str, slices: Tensor, p: float) -> None:
    """The share p of each slice is dropped; slices differ neither more nor less than by chance."""
    __tracebackhide__ = True
    scores = count_scores(slices, p)
    shares = slices.double().mean(dim=1)
    counted = f"of {sentence}, {shares.min():.4g} to {shares.max():.4g} are 0, {p:.4g} should be"
    assert_mean(f"{counted}, in each", scores[:, None])
    assert_std(f"{counted}, and as different as chance makes them", scores)
