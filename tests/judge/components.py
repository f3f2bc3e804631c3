"""The components of the seven chapters, and the groups of those that share claims."""

import re
from collections.abc import Sequence
from typing import Any

COMPONENTS = {
    "activations": ("sigmoid", "tanh", "relu", "leaky_relu", "softmax"),
    "initialization": (
        *("constant_", "zeros_", "ones_", "normal_", "uniform_"),
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
    ),
    "losses": ("L1Loss", "MSELoss", "CrossEntropyLoss", "BCELoss", "BCEWithLogitsLoss"),
    "optimization": ("Variable", "gradient_descent", "SGD", "Adagrad", "RMSprop", "Adam"),
    "regularization": (
        *("l1_penalty", "l2_penalty", "Dropout", "Dropout2d"),
        *("RandomHorizontalFlip", "RandomCrop", "RandomRotation", "ColorJitter"),
        *("Normalize", "Compose"),
    ),
    "normalization": ("BatchNorm1d", "BatchNorm2d"),
    "checkpoints": ("save_checkpoint", "load_checkpoint"),
}
KNOWN = tuple(name for names in COMPONENTS.values() for name in names)

# A claim that names a group is asked of each of its members.
GROUPS = {
    "activation": ("sigmoid", "tanh", "relu", "leaky_relu", "softmax"),
    "elementwise": ("sigmoid", "tanh", "relu", "leaky_relu"),
    "initializer": (
        *("constant_", "zeros_", "ones_", "normal_", "uniform_"),
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
    ),
    "constant_initializer": ("constant_", "zeros_", "ones_"),
    "any_shape_initializer": ("constant_", "zeros_", "ones_", "normal_", "uniform_"),
    "random_initializer": (
        *("normal_", "uniform_"),
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
    ),
    "fan_initializer": (
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
    ),
    "xavier": ("xavier_uniform_", "xavier_normal_"),
    "kaiming": ("kaiming_uniform_", "kaiming_normal_"),
    "loss": ("L1Loss", "MSELoss", "CrossEntropyLoss", "BCELoss", "BCEWithLogitsLoss"),
    "binary_loss": ("BCELoss", "BCEWithLogitsLoss"),
    "optimizer": ("SGD", "Adagrad", "RMSprop", "Adam"),
    "penalty": ("l1_penalty", "l2_penalty"),
    "dropout": ("Dropout", "Dropout2d"),
    "transform": (
        *("RandomHorizontalFlip", "RandomCrop", "RandomRotation", "ColorJitter", "Normalize"),
    ),
    "random_transform": ("RandomHorizontalFlip", "RandomCrop", "RandomRotation", "ColorJitter"),
    "geometric_transform": ("RandomHorizontalFlip", "RandomCrop", "RandomRotation"),
    "batch_norm": ("BatchNorm1d", "BatchNorm2d"),
}
# What a member needs besides the arguments that all members of its group take.
ALSO: dict[str, dict[str, Any]] = {"softmax": {"dim": -1}, "constant_": {"val": 0.75}}


def asked_for(arguments: Sequence[str]) -> list[tuple[str, ...]]:
    """The components that a claim with these arguments judges, once per run of the claim."""
    for argument in arguments:
        if argument in GROUPS:
            return [(member,) for member in GROUPS[argument]]
    names = tuple(argument for argument in arguments if argument in KNOWN)
    return [names] if names else []


def chapter_of(component: str) -> str:
    """The chapter, which is the folder, of a component."""
    return next(chapter for chapter, names in COMPONENTS.items() if component in names)


def file_of(component: str) -> str:
    """What its three files are called: `CrossEntropyLoss` has `cross_entropy_loss.py`."""
    if component == "RMSprop":  # RMS is short for root mean square, prop for propagation
        return "rmsprop"
    return re.sub("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", component).lower()
