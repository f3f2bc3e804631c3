"""What surprises those who use batch normalization, in figures: each trap with its law.

Source of the shift of variance: X. Li, S. Chen, X. Hu, J. Yang, "Understanding the Disharmony
between Dropout and Batch Normalization by Variance Shift", 2019, section 3.
"""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import Function, gradient
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.normalization.channels import (
    assert_averages,
    by_channel,
    mean_and_variance,
    new_layer,
    normalized,
    several,
    taught,
    trained,
)


@pytest.mark.claim("6.1.9")
def test_without_gradients_dropout_drops_and_batch_norm_remembers(BatchNorm1d):
    layer, x = new_layer(BatchNorm1d, 3), several(BatchNorm1d)[0]
    network, ones = nn.Dropout(0.5), torch.ones(1000)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        dropped = network(ones)
        assert_close("the batch is used", layer(x), normalized(x, *mean_and_variance(x), 1e-5))
    assert_averages("without gradients", layer, [x])
    assert sorted(set(dropped.tolist())) == [0.0, 2.0], "eval() would have let all pass"


def folded(layer, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one layer that does what both do in evaluation."""
    needs(layer, "running_mean", "running_var", "weight", "bias")
    scale = (layer.weight / (layer.running_var + 1e-5).sqrt()).detach()
    wide = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return weight * wide, (bias - layer.running_mean) * scale + layer.bias.detach()


@pytest.mark.claim("6.1.10")
def test_in_evaluation_it_folds_into_the_layer_before_it(batch_norm):
    layer, bias = trained(batch_norm).eval(), grid(3)
    images = batch_norm.name == "BatchNorm2d"
    x, weight = (grid(5, 2, 7, 7), grid(3, 2, 2, 3)) if images else (grid(5, 7), grid(3, 7))
    before = F.conv2d if images else F.linear
    expected = before(x, *folded(layer, weight, bias))
    assert_close("one layer in place of two", layer(before(x, weight, bias)), expected)


@pytest.mark.claim("6.2.6")
def test_behind_dropout_it_sees_another_variance_in_evaluation(BatchNorm1d):
    for p, x in itertools.product((0.5, 0.75), (grid(7), grid(7) + 3)):
        kept = round(1 / (1 - p))  # one of so many is kept, and becomes so many times as large
        dropped = torch.cat([kept * x, *[0 * x] * (kept - 1)])  # as often as in the long run
        layer = new_layer(BatchNorm1d, 1, momentum=1.0)
        layer(dropped[:, None])
        _, there = mean_and_variance(x[:, None])
        _, then = mean_and_variance(dropped[:, None], correction=1)
        _, came = mean_and_variance(layer.eval()(x[:, None]))
        assert_close("the mean stays", dropped.mean(), x.mean())
        assert_close(f"second moment, p = {p}", dropped.square().mean(), kept * (x**2).mean())
        assert_close("not 1, but", came.to(x.dtype), there / (then + 1e-5))


@pytest.mark.claim("6.3.4")
def test_where_the_last_dimension_is_as_long_the_second_is_normalized_all_the_same(BatchNorm1d):
    for samples, size in ((5, 3), (2, 7)):
        layer = new_layer(BatchNorm1d, size)
        x = grid(samples, size, size) * torch.arange(1, size + 1)  # of samples, positions, features
        y = layer(x)
        found, before = mean_and_variance(y)[1], mean_and_variance(x)[1]
        assert_close("each position is", found.to(y.dtype), before / (before + 1e-5))
        spreads = by_channel(y.mT).std(1)
        assert spreads.max() > 2 * spreads.min(), f"features stay as unequal as {spreads.tolist()}"


def plain(x: Tensor) -> Tensor:
    """In the place of batch norm, nothing."""
    return x


def through(function: Function, x: Tensor, weight: Tensor, incoming: Tensor) -> Tensor:
    """The gradient of the weight of a linear layer in front of the function."""
    return gradient(lambda w: function(x @ w), weight, incoming)


@pytest.mark.claim("6.2.7")
def test_parts_of_a_batch_are_not_the_batch(BatchNorm1d):
    x, weight, pull = grid(8, 3), grid(3, 5), grid(8, 5)
    parts = list(zip(x.split(2), pull.split(2), strict=True))
    layer = taught(BatchNorm1d, 5)

    def added_up(function: Function) -> Tensor:
        each = [through(function, rows, weight, incoming) for rows, incoming in parts]
        return torch.stack(each).sum(0)

    assert_close("without it", added_up(plain), through(plain, x, weight, pull))
    whole, found = through(layer, x, weight, pull), added_up(layer)
    assert (found - whole).norm() > 0.5 * whole.norm(), f"parts {found}, whole {whole}"
