"""Both promises of every statistical check, simulated: its false alarms and its power.

Odds of one in a thousand million are simulated by drawing scores from a distribution that alarms
the check often, and weighting every alarm by how much less likely its scores are if they are
true (importance sampling). Where the alarm has several causes, the draws come from all of them
in turn, and the weights take that into account.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from sums_to_one.tests.common import statistical
from sums_to_one.tests.common.statistical import (
    FALSE_ALARM,
    FEWEST_PRODUCTS,
    POWER,
    TAILS,
    assert_bounds,
    assert_mean,
    assert_shape,
    assert_std,
    assert_tails,
    assert_unrelated,
    bound_effect,
    bound_limit,
    correlation_effect,
    correlation_limit,
    gap_effect,
    gap_limits,
    mean_effect,
    mean_limit,
    normal_scores,
    randomness,
    std_effects,
    std_limits,
    tail_effects,
    tail_limits,
    uniform_scores,
)

RUNS = 2000
Alarms = Callable[[], tuple[Tensor, Tensor]]  # whether each run alarmed, and its weight


def alarmed(check: Callable[..., None], *scores: Tensor | float) -> bool:
    try:
        check("", *scores)
    except AssertionError:
        return True
    return False


def normals(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def mixture(ratios: list[Tensor]) -> Tensor:
    """Weights of draws that come in turn from several distributions.

    The ratios are the logarithms of how much likelier each distribution makes the scores.
    """
    return (math.log(len(ratios)) - torch.logsumexp(torch.stack(ratios), dim=0)).exp()


def bound_alarms(count: int = 100) -> tuple[Tensor, Tensor]:
    empty = bound_limit(count)
    sample = torch.rand(RUNS, count, dtype=torch.float64) * (1 - empty)
    sample[::2] += empty
    least, most = sample.amin(dim=1), sample.amax(dim=1)
    smaller = -count * math.log(1 - empty)
    never = torch.tensor(-torch.inf, dtype=torch.float64)
    ratios = [torch.where(hit, smaller, never) for hit in (least >= empty, most <= 1 - empty)]
    return torch.tensor([alarmed(assert_bounds, row, 0.0, 1.0) for row in sample]), mixture(ratios)


def mean_alarms(count: int = 100) -> tuple[Tensor, Tensor]:
    limit = mean_limit(count)
    scores = normals(RUNS, count)
    scores[::2] += limit
    scores[1::2] -= limit
    ratios = [s * limit * scores.sum(dim=1) - count * limit**2 / 2 for s in (1, -1)]
    return torch.tensor([alarmed(assert_mean, row) for row in scores]), mixture(ratios)


def std_alarms(count: int = 100) -> tuple[Tensor, Tensor]:
    limits = std_limits(count)
    scores = normals(RUNS, count)
    scores[::2] *= limits[0]
    scores[1::2] *= limits[1]
    total = scores.square().sum(dim=1)
    ratios = [total / 2 * (1 - 1 / std**2) - count * math.log(std) for std in limits]
    return torch.tensor([alarmed(assert_std, row) for row in scores]), mixture(ratios)


def shape_alarms(count: int = 100) -> tuple[Tensor, Tensor]:
    """Too much or too little of the distribution lies below one place, in turn."""
    gap, places = gap_limits(count)[1], torch.arange(1, 20) / 20
    causes = [(p, p + s * gap) for p in places.tolist() for s in (1, -1) if 0 < p + s * gap < 1]
    shares = torch.rand(RUNS, count, dtype=torch.float64)
    for i in range(RUNS):
        place, below = causes[i % len(causes)]
        left = torch.rand(count) < below
        shares[i] = torch.where(left, place * shares[i], place + (1 - place) * shares[i])
    ratios = []
    for place, below in causes:
        left = (shares < place).sum(dim=1)
        right = count - left
        ratios.append(left * math.log(below / place) + right * math.log((1 - below) / (1 - place)))
    scores = torch.special.ndtri(shares)
    return torch.tensor([alarmed(assert_shape, row) for row in scores]), mixture(ratios)


def with_tail(runs: int, count: int, beyond: float, share: float) -> Tensor:
    """Absolute values of normal numbers, but with another share of them beyond a place."""
    tail = math.erfc(beyond / math.sqrt(2))
    chance = torch.rand(runs, count, dtype=torch.float64)  # of being still larger
    outside = torch.rand(runs, count) < share
    return -torch.special.ndtri(torch.where(outside, chance * tail, tail + chance * (1 - tail)) / 2)


def tail_alarms(count: int = 4000) -> tuple[Tensor, Tensor]:
    causes = []
    for beyond in TAILS:
        low, high = tail_limits(count, beyond)
        causes += [(beyond, n / count) for n in (low - 0.5, high + 0.5) if n > 0]
    runs = RUNS // len(causes)
    scores = torch.cat([with_tail(runs, count, *cause) for cause in causes])
    ratios = []
    for beyond, share in causes:
        tail, outside = math.erfc(beyond / math.sqrt(2)), (scores > beyond).sum(dim=1)
        ratio = outside * math.log(share / tail)
        ratios.append(ratio + (count - outside) * math.log((1 - share) / (1 - tail)))
    return torch.tensor([alarmed(assert_tails, row) for row in scores]), mixture(ratios)


def alarms_between_samples(count: int = FEWEST_PRODUCTS) -> tuple[Tensor, Tensor]:
    """One shift alarms; all others are as likely to, and so are the sizes."""
    limit = correlation_limit(count)
    # Made likelier by exp(t * sum x_i y_i), x and y are normal, of covariance t / (1 - t^2).
    t = (math.sqrt(1 + 4 * limit**2) - 1) / (2 * limit)
    scores = normals(RUNS, count)
    others = t * scores / math.sqrt(1 - t**2) + normals(RUNS, count)
    products = (scores / math.sqrt(1 - t**2) * others).sum(dim=1)
    return both_signs_and_kinds(products, t, -count * math.log(1 - t**2) / 2, count)


def alarms_within_a_sample(count: int = FEWEST_PRODUCTS) -> tuple[Tensor, Tensor]:
    """As above, where each number is correlated with the next one."""
    cosines = (2 * math.pi * torch.arange(count, dtype=torch.float64) / count).cos()
    # Made likelier by exp(t * sum x_i x_(i+1)), x is normal, of this spectrum.
    ts = torch.linspace(0, 0.49, 1000, dtype=torch.float64)[:, None]
    means = (cosines / (1 - 2 * ts * cosines)).mean(dim=1)
    t = ts[(means > correlation_limit(count)).nonzero()[0]].item()
    spectrum = 1 / (1 - 2 * t * cosines)
    scores = torch.fft.ifft(torch.fft.fft(normals(RUNS, count)) * spectrum.sqrt()).real
    products = (scores * scores.roll(-1, dims=1)).sum(dim=1)
    return both_signs_and_kinds(products, t, spectrum.log().sum().item() / 2, count)


def both_signs_and_kinds(
    products: Tensor, t: float, rate: float, count: int
) -> tuple[Tensor, Tensor]:
    """Correlations below 0 alarm as often, sizes as often as scores, and each shift as another."""
    found = products > correlation_limit(count) * count
    return found, mixture([t * products - rate]) * 2 * 2 * count


ALARMS = [
    bound_alarms,
    mean_alarms,
    std_alarms,
    shape_alarms,
    tail_alarms,
    alarms_between_samples,
    alarms_within_a_sample,
]


def odds(alarms: Alarms) -> tuple[float, float]:
    """The simulated odds of a false alarm, and their standard error."""
    with randomness():
        found, weights = alarms()
    assert found.double().mean() > 0.1, "the simulation hardly ever alarms the check"
    each = found * weights
    return each.mean().item(), each.std().item() / math.sqrt(len(each))


@pytest.mark.parametrize("alarms", ALARMS, ids=lambda alarms: alarms.__name__)
def test_false_alarms_are_as_rare_as_stated(alarms: Alarms) -> None:
    estimate, error = odds(alarms)
    assert error < estimate / 5, f"{estimate} give or take {error} says little"
    assert estimate - 4 * error < FALSE_ALARM, f"{estimate} give or take {error}"


@pytest.mark.parametrize("alarms", ALARMS, ids=lambda alarms: alarms.__name__)
def test_the_simulation_would_notice_a_limit_that_is_too_tight(
    alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistical, "FALSE_ALARM", 100 * FALSE_ALARM)
    estimate, error = odds(alarms)
    assert estimate - 4 * error > FALSE_ALARM, f"{estimate} give or take {error}"


def of_a_smaller_space(count: int = 100) -> bool:
    sample = torch.rand(count, dtype=torch.float64) * (1 - 1.001 * bound_effect(count))
    return alarmed(assert_bounds, sample, 0.0, 1.0)


def of_a_mean(count: int = 100) -> bool:
    return alarmed(assert_mean, normals(count) + mean_effect(count))


def of_a_small_std(count: int = 100) -> bool:
    return alarmed(assert_std, normals(count) * std_effects(count)[0])


def of_a_large_std(count: int = 100) -> bool:
    return alarmed(assert_std, normals(count) * std_effects(count)[1])


def of_a_gap(count: int = 100) -> bool:
    left = torch.rand(count) < 0.5 + gap_effect(count)
    share = torch.rand(count, dtype=torch.float64) / 2
    return alarmed(assert_shape, torch.special.ndtri(torch.where(left, share, 0.5 + share)))


def of_a_thin_tail(count: int = 4000) -> bool:
    return alarmed(assert_tails, with_tail(1, count, 2.0, tail_effects(count, 2.0)[0]))


def of_a_thick_tail(count: int = 4000) -> bool:
    return alarmed(assert_tails, with_tail(1, count, 3.0, tail_effects(count, 3.0)[1]))


def of_a_correlation(count: int = 4096) -> bool:
    rho, others = correlation_effect(count), normals(count)
    scores = rho * others + math.sqrt(1 - rho**2) * normals(count)
    return alarmed(assert_unrelated, scores, others.roll(3))


EFFECTS = [
    of_a_smaller_space,
    of_a_mean,
    of_a_small_std,
    of_a_large_std,
    of_a_gap,
    of_a_thin_tail,
    of_a_thick_tail,
    of_a_correlation,
]


@pytest.mark.parametrize("is_refused", EFFECTS, ids=lambda effect: effect.__name__)
def test_effects_are_refused_with_the_power_stated(is_refused: Callable[[], bool]) -> None:
    with randomness():
        missed = sum(not is_refused() for _ in range(RUNS))
    most = stats.binom.isf(1e-6, RUNS, 1 - POWER)  # of one in a thousand
    assert missed <= most, f"{missed} of {RUNS} missed, at most {most:.0f} were to be expected"


@pytest.mark.parametrize("rows", [2, 100])
def test_rows_share_the_odds_of_one_call(rows: int) -> None:
    limit, one = mean_limit(100, rows), mean_limit(100)
    assert stats.norm.sf(limit * 10) * rows == pytest.approx(stats.norm.sf(one * 10))
    low, high = std_limits(100, rows)
    law = stats.chi2(100)
    assert rows * law.cdf(100 * low**2) == pytest.approx(FALSE_ALARM / 2)
    assert rows * law.sf(100 * high**2) == pytest.approx(FALSE_ALARM / 2)


def test_samples_become_scores() -> None:
    torch.testing.assert_close(
        normal_scores(torch.tensor([1.0, 5.0]), mean=3, std=2), torch.tensor([-1.0, 1.0]).double()
    )
    shares = np.array([0.1, 0.5, 0.9])
    expected = torch.from_numpy(stats.norm.ppf(shares))
    torch.testing.assert_close(
        uniform_scores(torch.from_numpy(4 * shares - 1), low=-1, high=3), expected
    )


def test_sizes_and_sums_of_rows_become_scores_too() -> None:
    with randomness():
        assert_shape("sizes", statistical.sizes(normals(10_000)))
        assert_shape("means", statistical.means_of(normals(10_000, 7)))
        assert_shape("lengths", statistical.lengths_of(normals(10_000, 7)))


@pytest.mark.parametrize("count", [100, 10_000, 2**19])
def test_gaps_are_within_the_limits_by_kolmogorovs_law(count: int) -> None:
    low, high = gap_limits(count)
    odds = stats.kstwo.cdf(low, count) + stats.kstwo.sf(high, count)
    assert FALSE_ALARM / 2 < odds < FALSE_ALARM


def test_the_seed_is_fixed_and_leaves_no_trace() -> None:
    before = torch.get_rng_state()
    with randomness():
        one = torch.rand(3)
    with randomness():
        assert torch.equal(one, torch.rand(3))
    with randomness(1):
        assert not torch.equal(one, torch.rand(3))
    assert torch.equal(before, torch.get_rng_state())


def test_nothing_but_numbers_passes() -> None:
    assert alarmed(assert_mean, torch.full((100,), torch.nan, dtype=torch.float64))
    assert alarmed(assert_std, torch.full((100,), torch.nan, dtype=torch.float64))
    assert alarmed(assert_shape, torch.full((100,), torch.nan, dtype=torch.float64))
    assert alarmed(assert_unrelated, torch.full((FEWEST_PRODUCTS,), torch.nan, dtype=torch.float64))
