"""A first, plain use of each component: what an implementation does at all, before claims ask more.

Whoever refuses one of these, by any error, has a limit there. Some belong to the core, which
everybody must do; the others are extras, and who lacks one need not even say so.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.raised import raised_at

Function = Callable[..., Any]

# How many dimensions the input of a component has: those that everybody must take, and others.
ELEMENTWISE = ("sigmoid", "tanh", "relu", "leaky_relu")
FILLERS = ("constant_", "zeros_", "ones_", "normal_", "uniform_")
FANS = ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_")
PAIRWISE = ("L1Loss", "MSELoss", "BCELoss", "BCEWithLogitsLoss")
OPTIMIZERS = ("SGD", "Adagrad", "RMSprop", "Adam")
NORMS = ("BatchNorm1d", "BatchNorm2d")
TRANSFORMS = ("RandomHorizontalFlip", "RandomCrop", "RandomRotation", "ColorJitter", "Normalize")
BY_HAND = ("Variable", "gradient_descent")  # what PyTorch does in other ways
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
    **dict.fromkeys((*TRANSFORMS, "Compose"), (3,)),
    **dict.fromkeys(BY_HAND, (2, 1)),
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
    "Compose": (0, 1, 2, 4, 5),
    **dict.fromkeys(BY_HAND, (0, 3, 4)),
}

# Of the kinds of inputs in `limits.KINDS`, those that everybody must take, and who has no such: the
# first dimension of a weight is none of samples, nor is that of one image.
CORE_KINDS = ("strided inputs",)
NEVER = {
    "empty batches": (*FANS, *TRANSFORMS, "gradient_descent"),
    "single samples": (*FILLERS, *FANS, *OPTIMIZERS, *TRANSFORMS, "Compose", *BY_HAND),
}


def plain_input(component: str, dimensions: int, dtype: torch.dtype) -> Tensor:
    """Numbers of both signs, or pixels that are whole numbers."""
    x = grid(*shape_of(component, dimensions), limit=1.5)
    return x.to(dtype) if dtype.is_floating_point else (80 * x + 128).to(dtype)


def shape_of(component: str, dimensions: int) -> tuple[int, ...]:
    """Every dimension has a size of its own; an image has three channels."""
    if component in TRANSFORMS:
        return (5, 2, 3, 7, 4)[5 - dimensions :]
    return (4, 3, 5, 7, 2)[:dimensions]


def activation(name: str, function: Function, x: Tensor) -> Tensor:
    last = max(0, x.ndim - 1)  # counted from the front, as everybody counts
    result: Tensor = function(x, dim=last) if name == "softmax" else function(x)
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
    try:
        result: Tensor = function()(given, target.detach())
    except Exception:
        if name != "CrossEntropyLoss" or x.ndim < 2:
            raise
        result = function()(given, torch.softmax(x.detach(), 1))  # it may take nothing else
    return result


def optimizer(name: str, function: Function, x: Tensor) -> None:
    parameter = _leaf(x)
    made = function([parameter], lr=0.125)
    parameter.grad = torch.ones_like(parameter)
    made.step()


def layer(name: str, function: Function, x: Tensor) -> Tensor:
    made = function(x.shape[1]) if name.startswith("BatchNorm") else function(0.5)
    made = made.to(x.dtype) if hasattr(made, "to") else made
    if name in NORMS and len(x) < 2:  # which cannot teach it anything
        made.eval()
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
        result: Tensor = function(**options.get(name, {}))(_pixels(x.detach()))
    return result


def penalty(name: str, function: Function, x: Tensor) -> Tensor:
    result: Tensor = function([x])
    return result


def composition(name: str, function: Function, x: Tensor) -> None:
    function([torch.detach])(x)


def variable(name: str, function: Function, x: Tensor) -> None:
    made = function(x.detach(), requires_grad=x.is_floating_point())
    made + made


def descent(name: str, function: Function, x: Tensor) -> None:
    _descend(function, x, x.detach() if x.ndim else x.detach().repeat(2))


USES: dict[str, Callable[[str, Function, Tensor], Tensor | None]] = {
    **dict.fromkeys((*ELEMENTWISE, "softmax"), activation),
    **dict.fromkeys((*FILLERS, *FANS), initializer),
    **dict.fromkeys((*PAIRWISE, "CrossEntropyLoss"), loss),
    **dict.fromkeys(OPTIMIZERS, optimizer),
    **dict.fromkeys(("l1_penalty", "l2_penalty"), penalty),
    **dict.fromkeys(("Dropout", "Dropout2d", "BatchNorm1d", "BatchNorm2d"), layer),
    **dict.fromkeys(TRANSFORMS, transform),
    "Compose": composition,
    "Variable": variable,
    "gradient_descent": descent,
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
    return function([_leaf(x)], lr=0.125)


def _added(function: Function, x: Tensor) -> None:
    _made(function, x).add_param_group({"params": [_leaf(x)]})


def _saved(function: Function, x: Tensor) -> Any:
    return _made(function, x).state_dict()


def _loaded(function: Function, x: Tensor) -> None:
    _made(function, x).load_state_dict(_saved(function, x))


METHODS: dict[str, dict[str, Callable[[Function, Tensor], object]]] = {
    name: {"add_param_group": _added, "state_dict": _saved, "load_state_dict": _loaded}
    for name in OPTIMIZERS
}


def _of_one_channel(name: str) -> Callable[[Function, Tensor], object]:
    return lambda function, x: transform(name, function, x[..., :1, :, :])


# Values that nobody need take of arguments that everybody has, each with a plain use; and some
# that everybody must take.
CORE_VALUES = ("class indices", "dim of 0")
VALUES: dict[str, dict[str, Callable[[Function, Tensor], object]]] = {
    **{
        name: {
            "groups": lambda function, x: function([{"params": [_leaf(x)]}], lr=0.125),
            "parameters one by one": lambda function, x: _one_by_one(function, _leaf(x)),
        }
        for name in OPTIMIZERS
    },
    **{
        name: {"no parameters": lambda function, x: function([])}
        for name in ("l1_penalty", "l2_penalty")
    },
    **{
        name: {"p of 1": lambda function, x: function(1.0)(x), "p of 0": lambda f, x: f(0.0)(x)}
        for name in ("Dropout", "Dropout2d")
    },
    "RandomHorizontalFlip": {
        "one channel": _of_one_channel("RandomHorizontalFlip"),
        "p of 1": lambda function, x: function(1.0)(_pixels(x)),
        "p of 0": lambda function, x: function(0.0)(_pixels(x)),
    },
    "RandomCrop": {
        "one channel": _of_one_channel("RandomCrop"),
        "two paddings": lambda function, x: function(2, padding=(1, 2))(_pixels(x)),
        "four paddings": lambda function, x: function(2, padding=(1, 2, 1, 2))(_pixels(x)),
    },
    "leaky_relu": {
        "slope of 0": lambda function, x: function(x, negative_slope=0.0),
        "slopes above 1": lambda function, x: function(x, negative_slope=2.0),
        "slopes below 0": lambda function, x: function(x, negative_slope=-0.25),
    },
    "softmax": {
        "negative dim": lambda function, x: function(x, dim=-1),
        "dim of 0": lambda function, x: function(x, dim=0),
    },
    "CrossEntropyLoss": {
        "class indices": lambda function, x: function()(x, _second_classes(x)),
    },
    "RandomRotation": {
        "one channel": _of_one_channel("RandomRotation"),
        "a range": lambda function, x: function((-30, 60))(_pixels(x)),
    },
    "ColorJitter": {
        "one channel": _of_one_channel("ColorJitter"),
        "a range": lambda function, x: function(brightness=(0.5, 1.25))(_pixels(x)),
    },
    "Normalize": {
        "one channel": lambda function, x: function([0.5], [0.25])(_pixels(x)[..., :1, :, :]),
        "tuples": lambda function, x: function((0.5,) * 3, (0.25,) * 3)(_pixels(x)),
    },
    "gradient_descent": {
        "data of several tensors": lambda function, x: _descend(function, x, (x, x.clone()))
    },
    "Compose": {"integers": lambda function, x: function([torch.detach])(x.to(torch.uint8))},
    "Variable": {"integers": lambda function, x: function(x.to(torch.long))},
}


def _second_classes(logits: Tensor) -> Tensor:
    """An index for each sample; those of one sample alone lie in the first dimension."""
    return torch.ones_like(logits.select(min(1, logits.ndim - 1), 0), dtype=torch.long)


def _descend(function: Function, start: Tensor, data: Any) -> None:
    w = _leaf(start)
    loss = lambda *parts: (w.flatten()[0] * parts[-1]).mean()  # noqa: E731
    function([w], loss, data, lr=0.125, batch_size=2)


def _one_by_one(function: Function, parameter: Tensor) -> None:
    """Who finds that there are none, as in an empty list, has lost them, and refused nothing."""
    try:
        function(iter([parameter]), lr=0.125)
    except Exception as error:
        try:
            function([], lr=0.125)
        except Exception as other:
            if raised_at(error) == raised_at(other):
                return
        raise


def _leaf(x: Tensor) -> Tensor:
    return x.detach().clone().requires_grad_()


def _pixels(x: Tensor) -> Tensor:
    return x.sigmoid() if x.is_floating_point() else x
