"""What those refuse openly who write and read checkpoints: asked of both together."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES, Limits

Function = Callable[..., Any]
FILES = {"save_checkpoint": "load_checkpoint", "load_checkpoint": "save_checkpoint"}


class _Counter(torch.nn.Module):
    """A model of one whole number."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.tensor(3))


class _Optimizer:
    """One that has taken no step; torch.optim, which takes seconds to import, is asked alike."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.defaults = {"lr": 0.125}
        self.state: dict[Tensor, Any] = {}
        self.param_groups: list[Any] = [{**self.defaults, "params": list(model.parameters())}]

    def state_dict(self) -> dict[str, Any]:
        numbers = list(range(len(self.param_groups[0]["params"])))
        return {"state": {}, "param_groups": [{**self.defaults, "params": numbers}]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.param_groups[0]["lr"] = state["param_groups"][0]["lr"]


def plain_uses(
    component: str, function: Function, other: Function | None
) -> dict[str, Callable[[], None]]:
    """By what is asked: to write a model, or to read one, in a folder that is gone afterwards."""
    pair = {component: function, FILES[component]: other}
    use = functools.partial(_round_trip, pair["save_checkpoint"], pair["load_checkpoint"])
    layers = {
        str(dtype).removeprefix("torch."): functools.partial(_layer, dtype) for dtype in DTYPES[:2]
    }
    asked: dict[str, Callable[[], None]] = {
        name: functools.partial(use, layer) for name, layer in layers.items()
    }
    asked["whole numbers"] = functools.partial(use, _Counter)
    asked["optimizer"] = functools.partial(use, layers["float32"], _Optimizer)
    return asked


def _layer(dtype: torch.dtype) -> torch.nn.Module:
    return torch.nn.Linear(3, 2).to(dtype)


def otherwise(refused: str) -> Limits:
    """What is left for those who refuse it."""
    names = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPES}
    if refused in names:
        return Limits(dtypes=tuple(dtype for name, dtype in names.items() if name != refused))
    return Limits(without=frozenset([refused]))


def _round_trip(
    save: Function | None,
    load: Function | None,
    model: Callable[[], torch.nn.Module],
    optimizer: Callable[[torch.nn.Module], Any] | None = None,
) -> None:
    """Written, as ours documents it where nobody writes, and read into another model."""
    one, another = ([m, *([optimizer(m)] if optimizer else [])] for m in (model(), model()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        if save:
            save(path, *one)
        else:
            parts = zip(("model", "optimizer"), one, strict=False)
            torch.save({name: part.state_dict() for name, part in parts}, path)
        if load:
            load(path, *another)
