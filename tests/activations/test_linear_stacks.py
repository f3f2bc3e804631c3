"""What activations are for: without one in between, many linear layers are one linear layer.

And one linear layer cannot do as little as XOR. Whole numbers make the sums exact, so the first
claims know no rounding.
"""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.experiments import Function, descend, networks, outputs
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import widest

CORNERS = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=torch.float64)
XOR = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)


def whole(*shape: int) -> st.SearchStrategy[Tensor]:
    """Small whole numbers in this shape."""
    count = torch.Size(shape).numel()
    found = st.lists(st.integers(-9, 9), min_size=count, max_size=count)
    return found.map(lambda drawn: torch.tensor(drawn, dtype=torch.float64).reshape(shape))


def stacks() -> st.SearchStrategy[tuple[tuple[Tensor, Tensor], ...]]:
    """Three linear layers from 2 numbers to 5, to 3, to 2: a weight and a bias for each."""
    return st.tuples(*[st.tuples(whole(o, i), whole(o)) for i, o in [(2, 5), (5, 3), (3, 2)]])


@pytest.mark.claim("1.0.1")
@given(stacks(), whole(7, 2))
def test_a_stack_of_linear_layers_is_one_linear_layer(stack, x):
    weight, bias, y = torch.eye(2, dtype=x.dtype), torch.zeros(2, dtype=x.dtype), x
    for w, b in stack:
        weight, bias, y = w @ weight, w @ bias + b, F.linear(y, w, b)
    assert torch.equal(y, F.linear(x, weight, bias))


@pytest.mark.claim("1.0.1")
@given(st.floats(0.5, 30))
def test_linear_layers_with_an_activation_in_between_are_not_one_layer(elementwise, a):
    left, middle, right = elementwise(exact([-a, a, 3 * a]))
    bend = left - 2 * middle + right  # 0 on a straight line; smallest for sigmoid at a = 0.5
    assert abs(bend) > 0.04, f"{left}, {middle} and {right} lie on a straight line"


@pytest.mark.claim("1.0.2")
@given(whole(1, 2), whole(1))
@example(torch.zeros(1, 2).double(), torch.tensor([0.5]).double())
def test_one_linear_layer_is_never_closer_to_xor_than_one_half_everywhere(weight, bias):
    loss = (F.linear(here(CORNERS), weight, bias) - here(XOR)).square().mean()
    expected = 0.25 + weight.square().sum() + (bias - 0.5).square().sum()
    assert_close("its squared error", loss, expected)


@pytest.mark.claim("1.0.2")
@given(whole(1, 2), whole(1), st.sampled_from([1, 1 / 8]))
def test_an_activation_behind_the_only_layer_does_not_help(elementwise, weight, bias, scale):
    y = elementwise((F.linear(here(CORNERS), weight, bias) * scale).to(widest()))
    no, yes = y[XOR == 0], y[XOR == 1]
    # what rises with a sum of the inputs cannot put both of these above both of those
    assert yes.min() <= no.max() + 8 * torch.finfo(y.dtype).eps, f"XOR is told by {y.tolist()}"


def xor_loss(parameters: list[Tensor], activation: Function) -> Tensor:
    """The cross-entropy of each network."""
    scores = outputs(parameters, activation, here(CORNERS))
    target = here(XOR).expand_as(scores)
    return F.binary_cross_entropy_with_logits(scores, target, reduction="none").mean(dim=(1, 2))


@pytest.mark.claim("1.0.2")
def test_a_hidden_layer_learns_xor(elementwise):
    parameters = networks(5, [2, 16, 1], gain=1)
    losses = descend(parameters, partial(xor_loss, parameters, elementwise), steps=100, rate=3)
    # 200 networks: at most 0.03 with sigmoid, 0.005 with the others; one linear layer: 0.69
    assert losses.max() < 0.2, f"losses of {losses.tolist()}"
