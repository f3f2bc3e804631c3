"""Keras 3 on torch: its functions, losses, layers, initializers and optimizers."""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"  # read when it is imported

import keras
import torch
from torch import Tensor, nn

sigmoid, tanh, relu = (getattr(keras.activations, n) for n in ("sigmoid", "tanh", "relu"))

keras.config.set_image_data_format("channels_first")


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Any:
    return keras.activations.leaky_relu(x, negative_slope)


def softmax(x: Tensor, dim: int = -1) -> Any:
    return keras.activations.softmax(x, axis=dim)


def _loss(kind: Any, **always: Any) -> Any:
    """A loss in float32, as Keras has it; it takes the targets first."""

    class Loss:
        def __init__(self, reduction: str = "mean") -> None:
            self.reduction = {
                "mean": "sum_over_batch_size",
                "sum": "sum",
                "none": None,
            }[reduction]

        def __call__(self, input: Tensor, target: Tensor) -> Any:
            return kind(reduction=self.reduction, **always)(target, input)

    return Loss


L1Loss = _loss(keras.losses.MeanAbsoluteError)
MSELoss = _loss(keras.losses.MeanSquaredError)
BCELoss = _loss(keras.losses.BinaryCrossentropy)
BCEWithLogitsLoss = _loss(keras.losses.BinaryCrossentropy, from_logits=True)


CrossEntropyLoss = _loss(keras.losses.SparseCategoricalCrossentropy, from_logits=True)


def _initializer(kind: Any) -> Any:
    def filled(tensor: Tensor, generator: torch.Generator | None = None, **options: Any) -> Tensor:
        seed = int(torch.randint(2**31, (), generator=generator))
        dtype = str(tensor.dtype).removeprefix("torch.")
        with torch.no_grad():
            drawn = kind(seed=seed, **options)(tuple(tensor.shape), dtype=dtype)
            return tensor.copy_(drawn)

    return filled


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    made = _initializer(keras.initializers.RandomNormal)
    return made(tensor, generator, mean=mean, stddev=std)


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    return _initializer(keras.initializers.RandomUniform)(tensor, generator, minval=a, maxval=b)


# Keras' weights have their inputs first, so that the axes are named.
AXES = {"input_axes": (1,), "output_axes": (0,)}


def xavier_uniform_(tensor: Tensor, generator: torch.Generator | None = None) -> Tensor:
    return _initializer(keras.initializers.GlorotUniform)(tensor, generator, **AXES)


def kaiming_normal_(tensor: Tensor, generator: torch.Generator | None = None) -> Tensor:
    return _initializer(keras.initializers.HeNormal)(tensor, generator, **AXES)


class BatchNorm1d(nn.Module):
    """Its momentum is what is kept, PyTorch's what is taken."""

    axes = 2

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True
    ) -> None:
        super().__init__()
        self.made = keras.layers.BatchNormalization(
            axis=1, momentum=1 - momentum, epsilon=eps, center=affine, scale=affine, dtype="float32"
        )
        self.made.build((None, num_features, *[None] * (self.axes - 2)))

    @property
    def weight(self) -> Any:
        return self.made.gamma.value if self.made.scale else None

    @property
    def bias(self) -> Any:
        return self.made.beta.value if self.made.center else None

    @property
    def running_mean(self) -> Any:
        return self.made.moving_mean.value

    @property
    def running_var(self) -> Any:
        return self.made.moving_variance.value

    def forward(self, x: Tensor) -> Any:
        return self.made(x, training=self.training)


class BatchNorm2d(BatchNorm1d):
    axes = 4


class _Optimizer:
    """It moves variables of its own, which are copied back."""

    def __init__(self, params: Any, made: Any) -> None:
        self.parameters, self.made = list(params), made
        self.variables = [
            keras.Variable(p.detach().clone(), dtype="float32") for p in self.parameters
        ]
        self.made.build(self.variables)

    def step(self) -> None:
        moved = [n for n, p in enumerate(self.parameters) if p.grad is not None]
        if not moved:
            return
        with torch.no_grad():
            for n in moved:
                self.variables[n].assign(self.parameters[n].detach())
            self.made.apply(
                [self.parameters[n].grad for n in moved], [self.variables[n] for n in moved]
            )
            for n in moved:
                self.parameters[n].copy_(self.variables[n].value)

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = None


class SGD(_Optimizer):
    def __init__(
        self, params: Any, lr: float = 1e-3, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        super().__init__(params, keras.optimizers.SGD(lr, momentum, nesterov))


class Adam(_Optimizer):
    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, keras.optimizers.Adam(lr, *betas, eps, amsgrad))


class RMSprop(_Optimizer):
    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, keras.optimizers.RMSprop(lr, alpha, momentum, eps, centered))


class Adagrad(_Optimizer):
    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(params, keras.optimizers.Adagrad(lr, initial_accumulator_value, eps))


WITHOUT = ["state_dict", "load_state_dict", "named_parameters", "parameters", "named_modules"]
LIMITS = {
    **{name: {"dimensions": [2]} for name in ("xavier_uniform_", "kaiming_normal_")},
    # Of more dimensions, its means are of the last one first; and it computes in float32.
    **{
        name: {"dimensions": [1], "dtypes": ["float32"]}
        for name in ("L1Loss", "MSELoss", "BCELoss", "BCEWithLogitsLoss")
    },
    "CrossEntropyLoss": {
        "dimensions": [2],
        "dtypes": ["float32"],
        "without": ["probabilities"],
    },
    "BatchNorm1d": {"dtypes": ["float32"], "dimensions": [2], "without": WITHOUT},
    "BatchNorm2d": {"dtypes": ["float32"], "without": WITHOUT},
    **{
        name: {
            "dtypes": ["float32"],
            "without": ["param_groups", "add_param_group", *WITHOUT[:2]],
        }
        for name in ("SGD", "Adam", "RMSprop", "Adagrad")
    },
}
