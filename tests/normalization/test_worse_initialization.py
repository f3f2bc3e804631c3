"""Whether a network depends less on its first weights with batch normalization: 6.2.2.

What stops mattering is their scale, and only to the output: the gradient becomes as much smaller as
the weights are larger, so a learning rate means something else. What weights that are all alike
lack, it cannot give: their channels stay alike.
"""

from functools import cache

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.normalization.channels import new_layer
from sums_to_one.tests.normalization.deep_networks import RATES, Deep


@pytest.mark.claim("6.2.2")
def test_the_scale_of_the_weights_changes_no_output_and_divides_the_gradient(BatchNorm1d):
    x, weight, cotangent = grid(7, 3), grid(3, 5), grid(7, 5, limit=2)
    layer = new_layer(BatchNorm1d, 5, eps=1e-30)
    expected = layer(x @ weight).detach()
    pull = gradient(lambda w: layer(x @ w), weight, cotangent)
    for scale in (-8.0, 0.125, 3.0, 1000.0):
        sign = 1 if scale > 0 else -1
        assert_close(f"weights times {scale}", layer(x @ (scale * weight)), sign * expected)
        came = gradient(lambda w: layer(x @ w), scale * weight, cotangent)
        assert_close(f"{abs(scale)} times the gradient", abs(scale) * came, pull)


@pytest.mark.claim("6.2.2")
def test_units_that_start_alike_stay_alike(BatchNorm1d):
    x, weight = grid(7, 3), torch.ones(3, 5, dtype=widest())
    layer = new_layer(BatchNorm1d, 5)
    pull = gradient(lambda w: layer(x @ w), weight, grid(7, 1).expand(7, 5))
    assert_close("the gradients of all units", pull, pull[:, :1].expand(3, 5))


SCALES = (0.1, 1.0, 10.0)


@cache
def at_all_scales(BatchNorm1d, rates: tuple[float, ...], seed: int = 0) -> Tensor:
    """The losses of networks of six layers after 30 steps: (rate, scale, one of three)."""
    rate, scale = torch.cartesian_prod(exact(rates), exact(SCALES)).reshape(-1, 2).T
    deep = Deep(3 * len(scale), 6, BatchNorm1d, scale=scale.repeat(3), seed=seed)
    return deep.descended(30, rate.repeat(3)).reshape(3, -1, 3).movedim(0, 2)


@pytest.mark.claim("6.2.2")
def test_weights_of_a_tenth_or_ten_times_the_size_are_as_good(BatchNorm1d):
    (losses,) = at_all_scales(BatchNorm1d, rates=(1.0,)).median(2).values
    # 40 times 3 networks of each scale: the worst of the three medians is 0.01 to 0.14
    assert losses.max() < 0.3, f"losses of {losses.tolist()} at {SCALES} times the weights"


@pytest.mark.claim("6.2.2")
def test_without_it_small_and_large_weights_are_useless_at_any_rate(BatchNorm1d):
    losses = at_all_scales(None, RATES)[:, [0, 2]].median(2).values
    # 40 times: never better than guessing, which is 0.66
    assert losses.min() > 0.6, f"at rates of {RATES}, of small and large ones: {losses.tolist()}"
