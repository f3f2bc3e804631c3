"""How PyTorch's own layers start, and what a shape does not tell about a layer."""

import pytest
import torch
from torch import Tensor, nn

from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_shape,
    assert_std,
    randomness,
    uniform_scores,
)
from sums_to_one.tests.initialization.laws import fans


@pytest.mark.claim("2.4.3")
@pytest.mark.parametrize("inputs", [3, 64, 300])
def test_a_fresh_linear_layer_is_uniform_up_to_one_over_the_root_of_its_inputs(inputs):
    with randomness():
        layer = nn.Linear(inputs, 4001)
    for name, numbers in (("weights", layer.weight), ("biases", layer.bias)):
        bound, row = inputs**-0.5, numbers.detach().reshape(1, -1)
        assert_bounds(f"the {name}", row, -bound, bound)
        assert_std(f"the {name}", uniform_scores(row, -bound, bound))
        assert_shape(f"the {name}", uniform_scores(row, -bound, bound))


LAYERS = {  # from 8 channels: what a shape says of the fans, and what they are
    "a convolution": (nn.Conv2d(8, 4, 3, padding=1), (72, 36), (72, 36)),
    "a transposed one": (nn.ConvTranspose2d(8, 4, 3, padding=1), (36, 72), (72, 36)),
    "one channel by channel": (nn.Conv2d(8, 8, 3, padding=1, groups=8), (9, 72), (9, 9)),
}


def connections(layer: nn.Module) -> tuple[int, int]:
    """How many inputs one output depends on, and how many outputs one input reaches."""
    place, x = (0, 0, 4, 4), torch.ones(1, 8, 9, 9, requires_grad=True)
    layer(x)[place].backward()
    touched = torch.zeros(1, 8, 9, 9)
    touched[place] = 1
    reached: Tensor = layer(touched) - layer(torch.zeros(1, 8, 9, 9))
    assert x.grad is not None
    return int(x.grad.count_nonzero()), int(reached.count_nonzero())


@pytest.mark.claim("2.3.4")
@pytest.mark.parametrize(("layer", "said", "true"), LAYERS.values(), ids=LAYERS)
def test_the_shape_of_a_weight_does_not_always_tell_the_fans(layer, said, true):
    assert fans(layer.weight.shape) == said
    assert connections(layer) == true
