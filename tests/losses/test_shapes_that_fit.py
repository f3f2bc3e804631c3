"""Shapes that fit by accident: nothing fails, and another question is answered."""

import pytest
import torch
from torch import nn

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.losses.labels import cross_entropy


@pytest.mark.claim("3.0.7")
@pytest.mark.parametrize(("kind", "cost"), [(nn.MSELoss, 2.5), (nn.L1Loss, 1.25)])
def test_a_column_against_a_row_is_every_pair_and_pytorch_only_warns(kind, cost):
    targets = torch.arange(4.0)
    predictions = targets[:, None]  # perfect, as a layer with one output gives them
    with pytest.warns(UserWarning, match="broadcasting"):
        came = kind()(predictions, targets)
    assert_close("the loss of perfect predictions", came, cost)
    assert_close("the same after .squeeze(1)", kind()(predictions.squeeze(1), targets), 0.0)


@pytest.mark.claim("3.2.17")
def test_where_classes_and_places_are_as_many_the_second_dimension_is_that_of_the_classes(
    CrossEntropyLoss,
):
    x, target = grid(5, 3, 3), torch.arange(15).reshape(5, 3) * 7 % 3
    meant = cross_entropy(x.mT, target)  # of logits (N, T, K), as many networks give them
    came = CrossEntropyLoss()(x, target)
    assert_close("read as (N, K, T)", came, cross_entropy(x, target))
    assert abs(came - meant) > 0.1, "the two readings must differ"
    assert_close("after swapping the last two", CrossEntropyLoss()(x.mT, target), meant)
