"""The optimizers of a run, and the learning rate of each step.

Weights of layers decay; biases and the parameters of batch norm do not, for small ones are no
simpler than large ones.

Read next: `cifar/machine.py`, what computes them.
"""

import inspect
from collections.abc import Iterable
from typing import Any

from torch.nn import Parameter

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import Settings

BETA2 = 0.99  # how much of the mean square is kept; a short run has no time for the usual 0.999


def optimizers(model: FullyConnected, settings: Settings, components: Components) -> list[Any]:
    """What changes the parameters in each step: one optimizer, or for Muon two.

    Muon is made for matrices between hidden layers (K. Jordan et al., "Muon: An optimizer for
    hidden layers in neural networks", 2024); AdamW takes the other parameters.
    """
    last: Parameter = model.output.weight
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    decay, lr = settings.weight_decay, settings.lr
    if settings.optimizer == "Muon":
        hidden = [p for p in matrices if p is not last]
        muon = components.Muon(hidden, lr=lr, momentum=settings.momentum, weight_decay=decay)
        rest = _groups([last], others, decay)
        return [muon, _of_the_kind(components.AdamW, rest, lr / 10, settings)]
    kind = getattr(components, settings.optimizer)
    return [_of_the_kind(kind, _groups(matrices, others, decay), lr, settings)]


def _groups(decaying: Iterable[Any], others: Iterable[Any], decay: float) -> list[dict[str, Any]]:
    groups = [
        {"params": list(decaying), "weight_decay": decay},
        {"params": list(others), "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _of_the_kind(kind: Any, groups: list[dict[str, Any]], lr: float, settings: Settings) -> Any:
    """With momentum by whichever name, and as one pass over the memory where that is offered."""
    offered = inspect.signature(kind).parameters
    options: dict[str, Any] = {}
    if settings.optimizer == "SGD":
        options = {"momentum": settings.momentum, "nesterov": settings.momentum > 0}
    elif "betas" in offered:
        options = {"betas": (settings.momentum, BETA2)}
    elif "alpha" in offered:  # of RMSprop
        options = {"alpha": BETA2, "momentum": settings.momentum}
    if "fused" in offered:
        options["fused"] = True
    return kind(groups, lr=lr, **options)


def share_of_lr(step: int, steps: int, warmup: float) -> float:
    """The learning rate of a step as a share of the highest: up in a straight line, then down.

    Example:
        >>> [share_of_lr(step, 4, warmup=0) for step in range(4)]
        [1.0, 0.75, 0.5, 0.25]
        >>> [share_of_lr(step, 6, warmup=0.5) for step in range(6)]
        [0.3333333333333333, 0.6666666666666666, 1.0, 1.0, 0.6666666666666666, 0.3333333333333333]
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / (steps - rising)
