"""What both binary losses are asked, and what they should say, in plain arithmetic of Python's.

BCELoss takes the probability of a yes, BCEWithLogitsLoss the score whose sigmoid that is.
"""

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.inputs import grid, numbers
from sums_to_one.tests.common.limits import NotProvided, inside
from sums_to_one.tests.losses.problems import takes

probabilities = st.floats(0, 1)
# Scores, and the targets that go with them.
scores_and_targets = st.lists(st.tuples(numbers(limit=1000), probabilities), min_size=1, max_size=7)
# Shapes of what is weighed, and of its weights.
BROADCAST = [
    *[((3, 5), weighing) for weighing in ((3, 5), (5,), (3, 1))],
    *[
        ((2, 3, 2, 3), (3,)),
        ((2, 3, 2, 3), (3, 1, 1)),
        ((4, 4), (4,)),
        ((2, 3, 5), (3, 1)),
        ((2, 3, 3), (3,)),
        ((3, 3, 3), (3,)),
        ((3,), (1,)),
    ],
]
SHAPES = {shape for shape, _ in BROADCAST}


def weighed() -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shapes of what is weighed that lie inside the limits, and of the weights."""
    return [(shape, weighing) for shape, weighing in BROADCAST if shape in inside(SHAPES)]


def from_score(binary_loss, score: Tensor) -> Tensor:
    """What the loss takes instead of a score."""
    return score.sigmoid() if binary_loss.name == "BCELoss" else score


def from_probability(binary_loss, p: Tensor) -> Tensor:
    """What the loss takes instead of a probability."""
    return p.clone() if binary_loss.name == "BCELoss" else p.logit()


def probability(binary_loss, x: Tensor) -> Tensor:
    """What the loss takes x for."""
    return x if binary_loss.name == "BCELoss" else x.sigmoid()


def predictions(binary_loss, *shape: int) -> Tensor:
    """Probabilities from 0.04 to 0.96, or scores from -6 to 6, in a scrambled order."""
    return grid(*shape) / 13 + 0.5 if binary_loss.name == "BCELoss" else grid(*shape)


def soft_targets(*shape: int) -> Tensor:
    """Targets from 0 to 1, both of these among them."""
    backwards = grid(*shape).flatten().flip(0).reshape(shape)
    return (backwards / 8 + 0.5).clamp(0.125, 0.875) * 4 / 3 - 1 / 6


def weights(*shape: int) -> Tensor:
    """Weights from 0 on, the first of which is 0."""
    weight = grid(*shape).abs()
    weight.view(-1)[0] = 0
    return weight


def all_weights(binary_loss) -> dict[str, Tensor]:
    """Five weights of every kind that the loss has."""
    given = {"weight": weights(5), "pos_weight": weights(5).flip(0)}
    found = {name: value for name, value in given.items() if takes(binary_loss, name)}
    if not found:
        raise NotProvided("not provided: weights")
    return found


def surprise(binary_loss, x: Tensor, y: Tensor, pos_weight: Tensor | float = 1.0) -> Tensor:
    """The loss of each element, by its definition, number by number."""
    each = [_costs(binary_loss, number) for number in x.flatten().tolist()]
    costs = torch.tensor(each, dtype=torch.float64)
    yes, no = costs.T.reshape(2, *x.shape)
    factor = pos_weight.double() if isinstance(pos_weight, Tensor) else pos_weight
    return factor * y.double() * yes + (1 - y.double()) * no


def _costs(binary_loss, x: float) -> tuple[float, float]:
    """What a prediction costs if the answer is yes, and if it is no."""
    if binary_loss.name == "BCELoss":
        yes, no = (-math.log(p) if p else math.inf for p in (x, 1 - x))
        return min(yes, 100.0), min(no, 100.0)
    curve = math.log1p(math.exp(-abs(x)))
    return max(-x, 0.0) + curve, max(x, 0.0) + curve


def derivative(binary_loss, x: Tensor, y: Tensor) -> Tensor:
    """The derivative of the loss of each element: the error, by a probability over its variance."""
    p, y = probability(binary_loss, x.double()), y.double()
    return (p - y) / (p * (1 - p)) if binary_loss.name == "BCELoss" else p - y
