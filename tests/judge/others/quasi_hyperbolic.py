"""Quasi-hyperbolic Adam, whose two shares are 1: then it is Adam."""

from typing import Any


def adam(quasi_hyperbolic: Any) -> Any:
    """Adam with PyTorch's arguments, of a library's QHAdam."""

    class Adam(quasi_hyperbolic):
        def __init__(
            self,
            params: Any,
            lr: Any = 1e-3,
            betas: Any = (0.9, 0.999),
            eps: float = 1e-8,
            weight_decay: float = 0,
            maximize: bool = False,
        ) -> None:
            further = {"maximize": True} if maximize else {}  # which not every library has
            super().__init__(params, lr, betas, (1.0, 1.0), weight_decay, eps=eps, **further)

    return Adam
