"""What each remedy does to the gap between training data and new data: 5.0.1, 5.2.5 and 5.3.3.

The gap alone proves nothing: too much of each remedy closes it by spoiling both results, and is
shown to. Compared are networks with the same beginnings on the same data; margins were measured
over 100 of them.
"""

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.here import generator
from sums_to_one.tests.regularization.images import FLOATS, kinds
from sums_to_one.tests.regularization.overfitted import (
    NEW_SAMPLES,
    assert_narrower,
    assert_spoilt,
    dropped_out,
    plain,
    remaining,
    results,
)


@pytest.mark.claim("5.0.1")
def test_a_penalty_narrows_the_gap_and_helps_on_new_data(penalty):
    assert_narrower(results(lambda ps: 0.1 * penalty(ps)), plain())


@pytest.mark.claim("5.0.1")
def test_too_strong_a_penalty_narrows_the_gap_by_spoiling_both(penalty):
    assert_spoilt(results(lambda ps: 2.0 * penalty(ps)), plain())


@pytest.mark.claim("5.0.1", "5.2.5")
def test_dropout_narrows_the_gap_and_helps_on_new_data(Dropout):
    assert_narrower(dropped_out(Dropout, 0.6), plain())


@pytest.mark.claim("5.2.5")
def test_with_dropout_a_network_relies_less_on_a_single_unit(Dropout):
    left = remaining(dropped_out(Dropout, 0.6).reliance, plain().reliance)
    assert left < 0.7, f"to take out one unit costs {left:.0%} of what it costs without dropout"


@pytest.mark.claim("5.2.5")
def test_too_much_dropout_narrows_the_gap_by_spoiling_both(Dropout):
    assert_spoilt(dropped_out(Dropout, 0.95), plain())


@pytest.mark.claim("5.2.5")
def test_a_network_too_small_to_overfit_suffers_from_dropout(Dropout):
    alone = results(samples=200, units=1)
    dropped = dropped_out(Dropout, 0.5, samples=200, units=1)
    assert alone.gap.mean() < 0.15, f"there is a gap of {alone.gap.mean():.3f} without it"
    more = remaining(dropped.new, alone.new)
    assert more > 1.3, f"the error on new data is {more:.0%} of that without dropout"


def two_sided_pictures(
    samples: int, direction_matters: bool, count: int, seed: int
) -> tuple[Tensor, Tensor]:
    """A picture with noise, seen from either side; for each classifier another one.

    The classes are the picture and its negative or, if the direction matters, the side itself.
    """
    random, shape = generator(seed), (count, samples + NEW_SAMPLES)
    motif = torch.randn(count, 1, 1, 4, 6, generator=random, dtype=torch.float64)
    label, side = torch.randint(2, (2, *shape, 1, 1, 1), generator=random).double()
    noise = torch.randn(*shape, 1, 4, 6, generator=random, dtype=torch.float64)
    side = label if direction_matters else side
    seen = torch.where(side > 0, motif, motif.flip(-1))
    sign = 1 if direction_matters else 2 * label - 1
    return sign * seen / 2 + noise, label.flatten(1)


def gained(
    RandomHorizontalFlip, samples: int, direction_matters: bool, count: int = 20, seed: int = 0
) -> Tensor:
    """How many more of the new pictures are told right after training on flipped ones, too."""
    x, label = two_sided_pictures(samples, direction_matters, count, seed)
    new, right = x[:, samples:].flatten(2), label[:, samples:] > 0
    x, label = x[:, :samples], label[:, :samples]
    flip, copies = RandomHorizontalFlip(0.5), 4 if samples < 50 else 1
    dtype = kinds(RandomHorizontalFlip, FLOATS)[0]
    torch.default_generator.manual_seed(0)
    flipped = [
        torch.stack([flip(image) for image in x.flatten(0, 1).to(dtype)]) for _ in range(copies)
    ]
    more = torch.cat([x, *[f.reshape(x.shape).double() for f in flipped]], dim=1)
    accuracies = []
    for pixels in (x.flatten(2), more.flatten(2)):
        target = label.repeat(1, pixels.shape[1] // samples)[..., None]
        w = torch.zeros(count, 24, 1, dtype=torch.float64)
        for _ in range(100):  # logistic regression by gradient descent
            w -= 0.3 * pixels.mT @ ((pixels @ w).sigmoid() - target) / pixels.shape[1]
        told = (new @ w)[..., 0] > 0
        accuracies.append((told == right).double().mean(dim=1))
    return accuracies[1] - accuracies[0]


@pytest.mark.claim("5.0.1", "5.3.3")
def test_flips_help_where_data_are_scarce_and_new_ones_come_from_both_sides(RandomHorizontalFlip):
    more = gained(RandomHorizontalFlip, samples=12, direction_matters=False).mean()
    assert more > 0.01, f"{more:.1%} more of the new pictures are told right"


@pytest.mark.claim("5.3.3")
def test_where_there_are_plenty_of_data_flips_gain_hardly_anything(RandomHorizontalFlip):
    more = gained(RandomHorizontalFlip, samples=200, direction_matters=False, count=5).mean()
    assert abs(more) < 0.015, f"{more:.1%} more of the new pictures are told right"


@pytest.mark.claim("5.3.3")
def test_where_the_direction_is_the_class_flips_do_harm(RandomHorizontalFlip):
    more = gained(RandomHorizontalFlip, samples=12, direction_matters=True).mean()
    assert more < -0.1, f"{more:.1%} more of the new pictures are told right"
