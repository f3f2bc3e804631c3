"""Statistical assertions whose odds are known, and simulated in `test_statistical.py`.

A check is given scores: numbers which, if the claim is true, are independent draws from the
standard normal distribution. A sample of any other continuous distribution becomes such scores
by going through its distribution function, so for every number of scores the law is known:

| check              | looks at                           | whose law is                    |
| ------------------ | ---------------------------------- | ------------------------------- |
| `assert_bounds`    | the smallest and the largest of    | a power of the empty share      |
|                    | uniform numbers themselves         |                                 |
| `assert_mean`      | the mean                           | normal                          |
| `assert_std`       | the sum of squares                 | chi-squared                     |
| `assert_shape`     | the largest gap between the two    | within a bound (Dvoretzky,      |
|                    | distribution functions             | Kiefer, Wolfowitz; Massart)     |
| `assert_tails`     | how many lie beyond 2, 3 and 4     | binomial                        |
| `assert_unrelated` | the products with another sample,  | within a bound (Chernoff)       |
|                    | shifted by any number of places    |                                 |

The odds that a check refuses true scores are at most FALSE_ALARM, for a whole call: many rows or
shifts share them. The smallest effect that it refuses with POWER is stated by the function before
it, with an example.
"""

import contextlib
import functools
import math
import os
from collections.abc import Iterator

import hypothesis
import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.common.wording import rough_ratio

FALSE_ALARM = 1e-9
POWER = 0.999
MANY = 2**19  # scores, for which 1 % can be told
TAILS = (2.0, 3.0, 4.0)
WRONG_SHARE = "by how much the share of numbers below some value is wrong, at most"
FEWEST_PRODUCTS = 2048  # the mean of fewer strays farther than the bound says

_SEED = 20  # any number will do
_FRESH = int.from_bytes(os.urandom(6), "big")  # for the profile `explore`


@contextlib.contextmanager
def randomness(further: int = 0) -> Iterator[int]:
    """Random numbers of torch from a fixed seed, or a fresh one with the profile `explore`."""
    fresh = hypothesis.settings.get_current_profile_name() == "explore"
    seed = (_FRESH if fresh else _SEED) + further
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would also note down, for each kind of accelerator, who called it.
        torch.default_generator.manual_seed(seed)
        yield seed


# Samples become scores.


def normal_scores(sample: Tensor, mean: float, std: float) -> Tensor:
    """What a sample from the normal distribution is in units of its std, from its mean on."""
    return (sample.double() - mean) / std


def uniform_scores(sample: Tensor, low: float, high: float) -> Tensor:
    """A sample from the uniform distribution, made normal. Its bounds want a claim of their own.

    A float32 may well be exactly 0; and in 16 bits, one number in 256 or 2048 is, where they are
    rounded down to as many steps as there are digits for: it counts as the middle of its step.
    """
    share = (sample.double() - low) / (high - low)
    least = max(2**-26, torch.finfo(sample.dtype).eps / 4 if sample.dtype.itemsize == 2 else 0)
    return torch.special.ndtri(share.clamp(least, 1 - least))


def sizes(scores: Tensor) -> Tensor:
    """The absolute values of scores, made normal: how large they are, without their signs."""
    share = torch.special.erf(scores.abs() / math.sqrt(2))
    return torch.special.ndtri(share.clamp(2**-26, 1 - 2**-26))


def means_of(rows: Tensor) -> Tensor:
    """The mean of each row of scores, made standard normal."""
    return rows.mean(dim=1) * math.sqrt(rows.shape[1])


def lengths_of(rows: Tensor) -> Tensor:
    """The sum of the squares of each row of scores, made standard normal."""
    from scipy import stats

    share = stats.chi2(rows.shape[1]).cdf(rows.square().sum(dim=1).cpu().numpy())
    return torch.special.ndtri(torch.as_tensor(share).clamp(1e-15, 1 - 1e-15))


# The checks. Scores of two dimensions are so many rows, each of which is checked.


def bound_limit(count: int) -> float:
    """How much of the space next to a bound may be empty, with so many uniform numbers."""
    return -math.log(FALSE_ALARM / 2) / count


def bound_effect(count: int) -> float:
    """How much smaller the space of the distribution must be, at one bound, to be refused.

    >>> round(bound_effect(MANY), 6)
    4.1e-05
    """
    return bound_limit(count)


def assert_bounds(sentence: str, sample: Tensor, low: float, high: float) -> None:
    """Uniform numbers lie between the bounds, up to rounding, and come close to both.

    None comes within a share s of the space with odds of (1 - s)^n < exp(-s n). The bounds, the
    space between them, the share of it and the sum of all may each have been rounded.
    """
    __tracebackhide__ = True
    rounding = 3 * torch.finfo(sample.dtype).eps * max(abs(low), abs(high))
    empty = bound_limit(sample.numel()) * (high - low) + rounding
    least, most = sample.double().min(), sample.double().max()
    _assert_within(sentence, "the smallest number", least, low - rounding, low, low + empty)
    _assert_within(sentence, "the largest number", most, high - empty, high, high + rounding)


def mean_limit(count: int, rows: int = 1) -> float:
    """The largest absolute mean of so many scores that passes."""
    return _beyond("norm", FALSE_ALARM / 2 / rows) / math.sqrt(count)


def mean_effect(count: int, rows: int = 1) -> float:
    """The smallest absolute mean of the distribution that is refused with POWER.

    >>> round(mean_effect(MANY), 4)
    0.0127
    """
    return mean_limit(count, rows) + _beyond("norm", 1 - POWER) / math.sqrt(count)


def assert_mean(sentence: str, scores: Tensor, blur: float = 0.0) -> None:
    """The mean of the distribution is 0, or at most `blur` off, as rounding may have it."""
    __tracebackhide__ = True
    scores = torch.atleast_2d(scores)
    rows, count = scores.shape
    limit, means = mean_limit(count, rows) + blur, scores.mean(dim=1)
    _assert_within(
        sentence, "how far the mean is off, in standard deviations", means, -limit, 0.0, limit
    )


def std_limits(count: int, rows: int = 1) -> tuple[float, float]:
    """The least and the largest std of so many scores that pass."""
    odds = FALSE_ALARM / 2 / rows
    low, high = _below("chi2", odds, count), _beyond("chi2", odds, count)
    return math.sqrt(low / count), math.sqrt(high / count)


def std_effects(count: int, rows: int = 1) -> tuple[float, float]:
    """The largest std below 1, and the smallest above, that are refused with POWER.

    >>> [round(float(std), 3) for std in std_effects(MANY)]
    [0.991, 1.009]
    """
    low, high = std_limits(count, rows)
    least, most = _beyond("chi2", POWER, count), _below("chi2", POWER, count)
    return low / math.sqrt(most / count), high / math.sqrt(least / count)


def assert_std(sentence: str, scores: Tensor, blur: float = 0.0) -> None:
    """The standard deviation of the distribution, around 0, is 1 (give or take `blur`)."""
    __tracebackhide__ = True
    scores = torch.atleast_2d(scores)
    rows, count = scores.shape
    low, high = std_limits(count, rows)
    came = scores.square().mean(dim=1).sqrt()
    _assert_within(
        sentence,
        "the standard deviation, divided by the right one",
        came,
        low - blur,
        1.0,
        high + blur,
    )


def gap_limits(count: int) -> tuple[float, float]:
    """The least and the largest gap between distribution functions that pass.

    Chance is never too even: a gap below the first has odds of 1e-12 (Kolmogorov's law).
    """
    return 0.2 / math.sqrt(count), math.sqrt(math.log(2.01 / FALSE_ALARM) / (2 * count))


def gap_effect(count: int) -> float:
    """The smallest gap to the distribution drawn from that is refused with POWER.

    >>> round(gap_effect(MANY), 4)
    0.0071
    """
    return gap_limits(count)[1] + math.sqrt(-math.log(1 - POWER) / (2 * count))


def gap(scores: Tensor) -> Tensor:
    """The largest gap between the distribution function of scores and the normal one."""
    count = scores.shape[-1]
    shares = torch.special.ndtr(scores).float().numpy()
    share = torch.from_numpy(np.sort(shares)).double()  # which takes a tenth of torch's time
    steps = torch.arange(count + 1, dtype=torch.float64) / count
    above, below = steps[1:] - share, share - steps[:-1]
    return torch.maximum(above.amax(dim=-1), below.amax(dim=-1))


def different(numbers: Tensor) -> int:
    """How many of the numbers are different from each other.

    >>> different(torch.tensor([1.0, 2.0, 1.0]))
    2
    """
    return len(np.unique(numbers.float().numpy() if numbers.itemsize == 2 else numbers.numpy()))


def assert_shape(sentence: str, scores: Tensor, blur: float = 0.0) -> None:
    """The distribution function is the normal one (give or take `blur`)."""
    __tracebackhide__ = True
    low, high = gap_limits(scores.numel())
    low, high = (0.0, high + blur) if blur else (low, high)
    usual = 0.87 / math.sqrt(scores.numel())  # the mean of Kolmogorov's law
    _assert_within(sentence, WRONG_SHARE, gap(scores.flatten()), low, usual, high)


def tail_limits(count: int, beyond: float, blur: float = 0.0) -> tuple[float, float]:
    """The least and the largest number of scores beyond a size that pass."""
    odds, share = FALSE_ALARM / 2 / len(TAILS), math.erfc(beyond / math.sqrt(2))
    least = _below("binom", odds, count, share - blur) if share > blur else 0.0
    return least, _beyond("binom", odds, count, share + blur)


def tail_effects(count: int, beyond: float) -> tuple[float, float]:
    """The largest share of scores too small, and the smallest too large, refused with POWER.

    The normal distribution has 0.0027 beyond 3.

    >>> [round(share, 5) for share in tail_effects(MANY, beyond=3)]
    [0.00206, 0.00341]
    """
    low, high = tail_limits(count, beyond)
    # The share at which a binomial number is below `low`, or above `high`, with POWER.
    few = _below("beta", 1 - POWER, low, count - low + 1) if low else 0.0
    return few, _below("beta", POWER, high + 1, count - high)


def assert_tails(sentence: str, scores: Tensor, blur: float = 0.0) -> None:
    """As many numbers are far from 0 as should be (give or take a share of `blur`)."""
    __tracebackhide__ = True
    for beyond in TAILS:
        low, high = tail_limits(scores.numel(), beyond, blur)
        came = (scores.abs() > beyond).sum().double()
        expected = scores.numel() * math.erfc(beyond / math.sqrt(2))
        count = f"how many of {scores.numel()} numbers"
        what = f"{count} lie more than {beyond:.0f} standard deviations from the mean"
        _assert_within(sentence, what, came, low, expected, high)


def correlation_limit(count: int) -> float:
    """The largest absolute correlation, of scores or of their sizes, at any shift, that passes."""
    return math.sqrt(2 * math.log(4 * count / FALSE_ALARM) / count)


def correlation_effect(count: int) -> float:
    """The smallest absolute correlation, at one shift, that is refused with POWER.

    >>> round(correlation_effect(MANY), 4)
    0.0161
    """
    # The mean of so many products has this variance where the correlation is at most 1/3.
    return correlation_limit(count) + _beyond("norm", 1 - POWER) * math.sqrt((1 + 1 / 9) / count)


def correlations(scores: Tensor, others: Tensor) -> Tensor:
    """The mean product of scores with others, as they are and moved on by 1, 2, ... places."""
    transformed = torch.fft.rfft(scores).conj() * torch.fft.rfft(others)
    return torch.fft.irfft(transformed, n=scores.shape[-1]) / scores.shape[-1]


def assert_unrelated(sentence: str, scores: Tensor, others: Tensor | None = None) -> None:
    """Scores say nothing about others, nor, without others, about those any places further on.

    Neither do their sizes: numbers may be dependent without being correlated.
    """
    __tracebackhide__ = True
    scores = scores.flatten()
    if len(scores) < FEWEST_PRODUCTS:
        raise ValueError(f"there must be {FEWEST_PRODUCTS} scores or more, got {len(scores)}")
    scores = scores[: 2 ** int(math.log2(len(scores)))]  # for which the transform is fast
    limit = correlation_limit(len(scores))
    for of_what, of in (("numbers", lambda x: x), ("absolute values", sizes)):
        one = of(scores)
        found = correlations(one, one if others is None else of(others.flatten()[: len(one)]))
        if others is None:
            found = found[1:]
        what = f"the correlation of {of_what} with others, or with those some places further on"
        _assert_within(sentence, what, found[found.abs().argmax()], -limit, 0.0, limit)


@functools.lru_cache
def _below(law: str, odds: float, *parameters: float) -> float:
    """The number below which one of this law lies with these odds (if discrete: at most)."""
    from scipy import stats  # takes a second, for which only those who need it should wait

    return float(getattr(stats, law).ppf(odds, *parameters))


@functools.lru_cache
def _beyond(law: str, odds: float, *parameters: float) -> float:
    """The number beyond which one of this law lies with these odds (if discrete: at most)."""
    from scipy import stats

    return float(getattr(stats, law).isf(odds, *parameters))


def _assert_within(
    sentence: str, what: str, came: Tensor, low: float, expected: float, high: float
) -> None:
    __tracebackhide__ = True
    wrong = ~((came >= low) & (came <= high))  # NaN is wrong, too
    if wrong.any():
        places = wrong.numel() > 1
        worst = int((came - expected).abs().nan_to_num(nan=torch.inf).argmax())
        at = f" (row {worst} of {came.numel()})" if places else ""
        ratio = rough_ratio(came.flatten()[worst].item(), expected)
        raise AssertionError(
            f"{sentence}:\n"
            f"  {what}{at}:\n"
            f"  came {came.flatten()[worst]:.4g}, should be about {expected:.4g}"
            f"{ratio and f', {ratio}'}\n"
            f"  right code gives {low:.4g} to {high:.4g} (beyond, once in 1e9 runs)"
        )
