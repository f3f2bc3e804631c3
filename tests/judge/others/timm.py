"""timm: its optimizers, layers, losses and initializers."""

from typing import Any

import timm.layers
import timm.loss
import timm.optim
import torch

sigmoid, tanh = timm.layers.sigmoid, timm.layers.tanh


class Adam(timm.optim.AdamWLegacy):
    """Weight decay is left out: AdamW's is not in the gradient."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, 0.0, amsgrad, maximize=maximize)


class RMSprop(timm.optim.RMSpropTF):
    """As TensorFlow has it."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr, alpha, eps, weight_decay, momentum, centered)


class SGD(timm.optim.SGDW):
    """Weight decay is left out, as in Adam."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, momentum, dampening, 0.0, nesterov, maximize=maximize)


class BatchNorm2d(timm.layers.BatchNormAct2d):
    """The layer that has an activation in it, without one."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, False)


class CrossEntropyLoss:
    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.made = timm.loss.LabelSmoothingCrossEntropy(label_smoothing)

    def __call__(self, input: torch.Tensor, target: torch.Tensor) -> Any:
        return self.made(input, target)


class BCEWithLogitsLoss:
    def __init__(self, weight: Any = None, pos_weight: Any = None, reduction: str = "mean") -> None:
        self.made = timm.loss.BinaryCrossEntropy(
            smoothing=0.0, weight=weight, pos_weight=pos_weight, reduction=reduction
        )

    def __call__(self, input: torch.Tensor, target: torch.Tensor) -> Any:
        return self.made(input, target)


LIMITS = {"CrossEntropyLoss": {"dimensions": [2], "without": ["probabilities"]}}
