"""Whether batch normalization works because it removes internal covariate shift: 6.2.4.

The shift: what enters a layer changes with every step, as the layers before it learn. Here it is
how far the mean input of a unit moves in a step, in its standard deviations. Batch normalization
does remove most of it. So the experiment of Santurkar et al. puts it back: after normalization
every unit gets another random scale and shift at every step. With more shift than a network
without normalization has, training is still much faster than without.

So less shift is not what the gain needs, in these networks. It does not follow that shift does no
harm: the noise costs something, and more of it ruins training. Nor does it follow what the reason
is instead: that the loss becomes smoother is the answer of the paper, and is not measured here.
Nor is this the only measure of a shift: the paper also asks how much the gradient of a layer
changes as the layers before it move, and finds that normalization does not reduce that.

Source: S. Santurkar, D. Tsipras, A. Ilyas, A. Madry, "How Does Batch Normalization Help
Optimization?", 2018, section 2.
"""

from functools import cache
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.normalization.deep_networks import RATES, Deep


@pytest.mark.claim("6.2.4")
def test_it_removes_most_of_the_shift(BatchNorm1d):
    plain, normed = (course(norm, rates=(0.3,)).shift.mean() for norm in (None, BatchNorm1d))
    # 40 times 3 networks: 0.005 to 0.03 times the shift
    assert normed < plain / 4, f"a shift of {normed} a step, without it of {plain}"


@pytest.mark.claim("6.2.4")
def test_with_more_shift_than_without_it_training_is_faster_all_the_same(BatchNorm1d):
    (loss, shift), (less, more) = (
        course(norm, size).at_best() for norm, size in ((None, 0.0), (BatchNorm1d, 0.25))
    )
    # 40 times 3 networks: 1.05 to 64 times the shift, 0.18 to 0.54 times the loss
    assert more > shift, f"a shift of {more}, without normalization {shift}"
    assert less < loss / 1.5, f"a loss of {less}, without normalization {loss}"


class Course(NamedTuple):
    """Losses and shifts of three networks at each of the rates."""

    loss: Tensor
    shift: Tensor

    def at_best(self) -> tuple[Tensor, Tensor]:
        """Their means at the rate of the least loss."""
        best = self.loss.mean(1).argmin()
        return self.loss[best].mean(), self.shift[best].mean()


@cache
def course(BatchNorm1d, size: float = 0.0, rates=RATES, seed: int = 0) -> Course:
    """Forty steps of networks of six layers, with noise of this size before each activation."""
    random = generator(seed)

    def disturb(x: Tensor) -> Tensor:
        shape = (2, len(x), 1, x.shape[2])
        noise = size * torch.randn(shape, generator=random, dtype=torch.float64)
        factor, shift = noise.to(widest())
        return x * (1 + factor) + shift

    each = exact(rates).repeat_interleave(3)
    deep = Deep(len(each), 6, BatchNorm1d, seed=seed, disturb=disturb if size else None)
    means, spreads = [], []
    for _ in range(40):
        deep.step(each)
        entering = torch.stack(deep.entering)
        means.append(entering.mean(2))
        spreads.append(entering.std(2))
    moved = torch.stack(means).diff(dim=0).abs() / torch.stack(spreads)[:-1]
    shift = moved.nan_to_num(0.0).mean((1, 3)).median(0).values  # a dead unit does not move
    loss = deep.losses().detach().nan_to_num(torch.inf)
    return Course(loss.reshape(-1, 3), shift.reshape(-1, 3))
