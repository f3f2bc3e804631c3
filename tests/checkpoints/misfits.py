"""States that fit neither `network()` nor an optimizer of all its parameters in one group."""

from collections.abc import Callable
from typing import Any

import pytest

from sums_to_one.tests.common.inputs import grid

# What an error must name, and how the state of the model is spoiled.
MISFITS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "a missing parameter": ("3.bias", lambda state: state.pop("3.bias")),
    "a missing buffer": ("1.running_var", lambda state: state.pop("1.running_var")),
    "a parameter too many": ("4.weight", lambda state: state.update({"4.weight": grid(1)})),
    "another name": ("3.offset|3.bias", lambda s: s.update({"3.offset": s.pop("3.bias")})),
    "another size": ("3.bias", lambda state: state.update({"3.bias": grid(3).float()})),
    "the shape turned": ("3.weight", lambda s: s.update({"3.weight": s["3.weight"].t()})),
    "a size that would broadcast": ("3.bias", lambda s: s.update({"3.bias": grid(1).float()})),
    "as many numbers": ("3.bias", lambda s: s.update({"3.bias": s["3.bias"][None]})),
}
every_misfit = pytest.mark.parametrize(("name", "spoil"), MISFITS.values(), ids=MISFITS)

OPTIMIZER_MISFITS: dict[str, Any] = {
    "none": None,
    "of fewer parameters": {"state": {}, "param_groups": [{"lr": 1.0, "params": [0]}]},
    "of more groups": {"state": {}, "param_groups": [{"lr": 1.0, "params": [0]}] * 6},
    "of one group too many": {
        "state": {},
        "param_groups": [
            {"lr": 1.0, "momentum": 0.5, "params": [*range(6)]},
            {"lr": 1.0, "momentum": 0.5, "params": [6]},
        ],
    },
    "empty": {},
    "a number": 3,
}
