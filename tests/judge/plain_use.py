"""A first, plain use of each component: what an implementation does at all, before claims ask more.

Whoever refuses one of these, by any error, has a limit there. Some belong to the core, which
everybody must do; the others are extras, and who lacks one need not even say so.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Function = Callable[..., Any]

# How many dimensions the input of a component has: those that everybody must take, and others.
ELEMENTWISE = ("sigmoid", "tanh", "relu", "leaky_relu")
FILLERS = ("constant_", "zeros_", "ones_", "normal_", "uniform_")
FANS = ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_")
PAIRWISE = ("L1Loss", "MSELoss", "BCELoss", "BCEWithLogitsLoss")
OPTIMIZERS = ("SGD", "Adagrad", "RMSprop", "Adam")
TRANSFORMS = ("RandomHorizontalFlip", "RandomCrop", "RandomRotation", "ColorJitter", "Normalize")
CORE = {
    **dict.fromkeys(ELEMENTWISE, (2, 1, 3, 4)),
    "softmax": (2, 1, 3),
    **dict.fromkeys(FILLERS, (2, 1, 4)),
    **dict.fromkeys(FANS, (2, 4)),
    **dict.fromkeys(PAIRWISE, (2, 1)),
    "CrossEntropyLoss": (2,),
    **dict.fromkeys(OPTIMIZERS, (2, 1, 4)),
    **dict.fromkeys(("l1_penalty", "l2_penalty"), (2, 1)),
    "Dropout": (2, 3, 4),
    "Dropout2d": (4,),
    "BatchNorm1d": (2,),
    "BatchNorm2d": (4,),
    **dict.fromkeys(TRANSFORMS, (3,)),
}
EXTRA = {
    **dict.fromkeys(ELEMENTWISE, (0, 5)),
    "softmax": (0, 4, 5),
    **dict.fromkeys(FILLERS, (0, 3, 5)),
    **dict.fromkeys(FANS, (3, 5)),
    **dict.fromkeys(PAIRWISE, (0, 3, 4, 5)),
    "CrossEntropyLoss": (1, 3, 4, 5),
    **dict.fromkeys(OPTIMIZERS, (0, 3, 5)),
    **dict.fromkeys(("l1_penalty", "l2_penalty"), (0, 3, 4, 5)),
    "Dropout": (0, 1, 5),
    "Dropout2d": (3,),
    "BatchNorm1d": (3,),
    "BatchNorm2d": (),
    **dict.fromkeys(TRANSFORMS, (4, 5)),
}


def shape_of(component: str, dimensions: int) -> tuple[int, ...]:
    """Every dimension has a size of its own; an image has three channels."""
    if component in TRANSFORMS:
        return (5, 2, 3, 7, 4)[5 - dimensions :]
    return (4, 3, 5, 7, 2)[:dimensions]


def activation(name: str, function: Function, x: Tensor) -> Tensor:
    result: Tensor = function(x, dim=-1) if name == "softmax" else function(x)
    return result


def initializer(name: str, function: Function, x: Tensor) -> None:
    with torch.random.fork_rng(devices=[]):
        function(x.clone(), *((0.5,) if name == "constant_" else ()))


def loss(name: str, function: Function, x: Tensor) -> Tensor:
    target = torch.ones_like(x)
    if name == "CrossEntropyLoss":
        indices = torch.ones(x.shape[:1] + x.shape[2:], dtype=torch.long)
        target = indices if x.ndim > 1 else torch.tensor(1)
    given = x.sigmoid() if name == "BCELoss" else x
    result: Tensor = function()(given, target.detach())
    return result


def optimizer(name: str, function: Function, x: Tensor) -> None:
    parameter = x.detach().clone().requires_grad_()
    made = function([parameter], lr=0.125)
    parameter.grad = torch.ones_like(parameter)
    made.step()


def layer(name: str, function: Function, x: Tensor) -> Tensor:
    made = function(x.shape[1]).to(x.dtype) if name.startswith("BatchNorm") else function(0.5)
    with torch.random.fork_rng(devices=[]):
        result: Tensor = made(x)
    return result


def transform(name: str, function: Function, x: Tensor) -> Tensor:
    options: dict[str, dict[str, Any]] = {
        "RandomCrop": {"size": 2},
        "RandomRotation": {"degrees": 30},
        "ColorJitter": {"brightness": 0.5},
        "Normalize": {"mean": [0.5] * 3, "std": [0.25] * 3},
    }
    with torch.random.fork_rng(devices=[]):
        result: Tensor = function(**options.get(name, {}))(x.detach().sigmoid())
    return result


def penalty(name: str, function: Function, x: Tensor) -> Tensor:
    result: Tensor = function([x])
    return result


USES: dict[str, Callable[[str, Function, Tensor], Tensor | None]] = {
    **dict.fromkeys((*ELEMENTWISE, "softmax"), activation),
    **dict.fromkeys((*FILLERS, *FANS), initializer),
    **dict.fromkeys((*PAIRWISE, "CrossEntropyLoss"), loss),
    **dict.fromkeys(OPTIMIZERS, optimizer),
    **dict.fromkeys(("l1_penalty", "l2_penalty"), penalty),
    **dict.fromkeys(("Dropout", "Dropout2d", "BatchNorm1d", "BatchNorm2d"), layer),
    **dict.fromkeys(TRANSFORMS, transform),
}

# Arguments that nobody must have, each with a plain value of its own, and methods with a plain use.
SETTINGS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.5, "weight_decay": 0.25, "maximize": True},
    "Adagrad": {
        "lr_decay": 0.25,
        "weight_decay": 0.25,
        "initial_accumulator_value": 0.5,
        "maximize": True,
    },
    "RMSprop": {"momentum": 0.5, "centered": True, "weight_decay": 0.25, "maximize": True},
    "Adam": {
        "weight_decay": 0.25,
        "amsgrad": True,
        "maximize": True,
        "decoupled_weight_decay": True,
    },
    "RandomCrop": {"padding": 1, "pad_if_needed": True, "fill": 0.5, "padding_mode": "reflect"},
    "RandomRotation": {"expand": True, "center": (1, 1), "fill": 0.5},
    "ColorJitter": {"contrast": 0.5, "saturation": 0.5, "hue": 0.25},
    "CrossEntropyLoss": {"ignore_index": 0, "label_smoothing": 0.25},
    "leaky_relu": {"negative_slope": 0.25, "inplace": True},
    **{name: {"inplace": True} for name in ("relu", "Dropout", "Dropout2d", "Normalize")},
    "BatchNorm1d": {"affine": False, "track_running_stats": False},
    "BatchNorm2d": {"affine": False, "track_running_stats": False},
}


def _made(function: Function, x: Tensor) -> Any:
    return function([x.detach().clone().requires_grad_()], lr=0.125)


def _added(function: Function, x: Tensor) -> None:
    _made(function, x).add_param_group({"params": [x.detach().clone().requires_grad_()]})


def _saved(function: Function, x: Tensor) -> Any:
    return _made(function, x).state_dict()


def _loaded(function: Function, x: Tensor) -> None:
    _made(function, x).load_state_dict(_saved(function, x))


METHODS: dict[str, dict[str, Callable[[Function, Tensor], object]]] = {
    name: {"add_param_group": _added, "state_dict": _saved, "load_state_dict": _loaded}
    for name in OPTIMIZERS
}
