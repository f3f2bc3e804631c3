"""Whether batch normalization makes training faster and tolerates larger rates: 6.2.1.

Rivals get the best learning rate of one grid each, chosen by their mean loss after 30 steps on all
points of a disc and its surroundings. The gain is that of depth: with one hidden layer there is
none. The figures are of 40 times 3 networks for each of the rates.
"""

import pytest
import torch

from sums_to_one.tests.common.experiments import GUESS
from sums_to_one.tests.normalization.deep_networks import at_all_rates


@pytest.mark.claim("6.2.1")
def test_a_deep_network_learns_many_times_faster(BatchNorm1d):
    plain, normed = (at_all_rates(norm, depth=6).mean(1).min() for norm in (None, BatchNorm1d))
    # 0.01 to 0.06 times the loss
    assert normed < plain / 4, f"a loss of {normed} with it, of {plain} without, at the best rates"


@pytest.mark.claim("6.2.1")
def test_it_learns_at_rates_that_ruin_the_network_without_it(BatchNorm1d):
    plain, normed = (at_all_rates(norm, depth=6)[-1] for norm in (None, BatchNorm1d))
    # without it no better than guessing; with it 0.002 to 0.013
    assert plain.median() > 0.9 * GUESS, f"without it: {plain.tolist()}, and guessing {GUESS}"
    assert normed.median() < 0.1, f"with it: {normed.tolist()}"


@pytest.mark.claim("6.2.1")
def test_a_shallow_network_gains_nothing(BatchNorm1d):
    plain, normed = (at_all_rates(norm, depth=1).mean(1).min() for norm in (None, BatchNorm1d))
    # 0.9 to 1.4 times the loss
    ratio = torch.log2(normed / plain).abs()
    assert ratio < 1, f"a loss of {normed} with it, of {plain} without, at the best rates"
