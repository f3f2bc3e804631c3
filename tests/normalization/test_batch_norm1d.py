"""BatchNorm1d normalizes features over samples, and over the positions of sequences.

The rest of what it does is in `test_every_batch_norm.py` and `test_running_statistics.py`.
"""

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.normalization.channels import batch, new_layer


def standardized(numbers: list[float]) -> list[float]:
    """Less their mean, over the root of their variance and eps."""
    mean = sum(numbers) / len(numbers)
    variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    return [(number - mean) / (variance + 1e-5) ** 0.5 for number in numbers]


@pytest.mark.claim("6.1.1", "6.3.1")
@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (7, 5), (11, 1)], ids=str)
def test_features_are_normalized_over_the_samples(BatchNorm1d, shape):
    x = batch(*shape)
    expected = exact([standardized(feature) for feature in x.T.tolist()]).T
    assert_close(f"{shape}", new_layer(BatchNorm1d, shape[1])(x), expected)


@pytest.mark.claim("6.1.1", "6.3.1")
@pytest.mark.parametrize("shape", [(2, 3, 5), (3, 2, 7), (1, 5, 2), (5, 2, 1)], ids=str)
def test_sequences_are_normalized_over_samples_and_positions(BatchNorm1d, shape):
    samples, features, positions = shape
    x, expected = batch(*shape), torch.empty(shape, dtype=widest())
    for feature in range(features):
        numbers = [n for sample in range(samples) for n in x[sample, feature].tolist()]
        expected[:, feature] = exact(standardized(numbers)).reshape(samples, positions)
    assert_close(f"{shape}", new_layer(BatchNorm1d, features)(x), expected)


@pytest.mark.claim("6.3.1")
def test_a_position_of_a_sequence_is_as_good_as_a_sample(BatchNorm1d):
    for shape in [(2, 3, 5), (1, 3, 7), (5, 3, 1)]:
        x, layer, other = batch(*shape), new_layer(BatchNorm1d, 3), new_layer(BatchNorm1d, 3)
        for mode in (True, False):
            rows = other.train(mode)(x.transpose(1, 2).reshape(-1, 3))
            expected = rows.reshape(len(x), -1, 3).transpose(1, 2).detach()
            assert_close(f"training is {mode}", layer.train(mode)(x), expected)
            needs(layer, "running_var")
            assert_close("the running variance", layer.running_var, other.running_var)
