"""Small networks with a loss, whose parameters are variables or tensors."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.gradients import OFFSETS, STEP, WEIGHTS
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.optimization.operations import has, plain


class Network(NamedTuple):
    """A fully connected network, a loss, and what is special about its parameters."""

    widths: list[int]
    activations: list[str]  # one after each layer but the last
    loss: str
    examples: int
    biases: bool
    one_weight_for_all_hidden: bool
    frozen: int  # which parameter, counted round and round, if there is more than one

    def parameters(self) -> dict[str, Tensor]:
        """Names and numbers, all of them different; the last parameter is never used."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(self.widths)):
            if not (self.one_weight_for_all_hidden and 1 < layer < len(self.activations)):
                shapes[f"weight {layer}"] = (fan_in, fan_out)
            if self.biases:
                shapes[f"bias {layer}"] = (fan_out,)
        shapes["unused"] = (2,)
        sizes = [torch.Size(shape).numel() for shape in shapes.values()]
        parts = grid(sum(sizes), limit=1).split(sizes)
        return {n: p.reshape(s) for (n, s), p in zip(shapes.items(), parts, strict=True)}

    @property
    def frozen_parameter(self) -> str:
        names = list(self.parameters())
        return names[self.frozen % len(names)] if len(names) > 2 else ""

    def loss_of(self, parameters: dict[str, Any]) -> Any:
        """One number, from tensors or from variables."""
        dtype = next(iter(parameters.values())).data.dtype
        x: Any = grid(self.examples, self.widths[0], limit=1).to(dtype)
        for layer, activation in enumerate([*self.activations, ""]):
            weight = f"weight {layer}" if f"weight {layer}" in parameters else "weight 1"
            x = x @ parameters[weight]
            x = x + parameters[f"bias {layer}"] if self.biases else x
            x = getattr(x, activation)() if activation else x
        target = grid(self.examples, self.widths[-1], limit=0.5).to(dtype) + 0.5
        return NETWORK_LOSSES[self.loss](x, target)

    def without_what_lacks(self, Variable) -> "Network":
        """The network as far as the subject provides what it needs."""
        needs(plain(Variable), "__matmul__", "mean")
        activations = [name if has(Variable, name) else "" for name in self.activations]
        can = all(has(Variable, name) for name in NEEDED_BY_A_LOSS[self.loss])
        loss = self.loss if can else "mean squared error"
        return self._replace(activations=activations, loss=loss)


def cross_entropy(scores: Any, target: Tensor) -> Any:
    total = scores.exp().sum(dim=1).log()
    return (total - scores[torch.arange(len(target)), target.argmax(dim=1)]).mean()


def binary_cross_entropy(scores: Any, target: Tensor) -> Any:
    p = scores.sigmoid()
    return -(p.log() * target + (1 - p).log() * (1 - target)).mean()


NETWORK_LOSSES: dict[str, Callable[[Any, Tensor], Any]] = {
    "mean squared error": lambda scores, target: ((scores - target) * (scores - target)).mean(),
    "cross-entropy": cross_entropy,
    "binary cross-entropy": binary_cross_entropy,
}
NEEDED_BY_A_LOSS = {
    "mean squared error": (),
    "cross-entropy": ("exp", "log", "sum", "__getitem__"),
    "binary cross-entropy": ("sigmoid", "log"),
}


@st.composite
def any_networks(draw: st.DrawFn, activations: tuple[str, ...]) -> Network:
    """Networks of up to four layers."""
    hidden = draw(st.lists(st.integers(1, 5), max_size=3))
    one_weight = draw(st.booleans())
    if one_weight:
        hidden = hidden[:1] * len(hidden)
    return Network(
        widths=[draw(st.integers(1, 4)), *hidden, draw(st.integers(1, 3))],
        activations=[draw(st.sampled_from(activations)) for _ in hidden],
        loss=draw(st.sampled_from(tuple(NETWORK_LOSSES))),
        examples=draw(st.integers(1, 4)),
        biases=draw(st.booleans()),
        one_weight_for_all_hidden=one_weight,
        frozen=draw(st.integers(0, 9)),
    )


def slope_along(
    network: Network, parameters: dict[str, Tensor], along: dict[str, Tensor]
) -> Tensor:
    """How the loss rises along a line through all parameters, from its values, in float64."""
    moved = [
        network.loss_of({n: p.double() + STEP * offset * along[n] for n, p in parameters.items()})
        for offset in here(OFFSETS)
    ]
    return (here(WEIGHTS) * torch.stack(moved)).sum() / STEP
