"""What those refuse openly who write and read checkpoints: asked of both together.

Nor need they be called as ours are: some take the name of a file alone, or want an optimizer
always, or never. Claims call them in the form that they take.
"""

import functools
import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES, Limits, NotProvided

Function = Callable[..., Any]
# Forms of a call that somebody may not take, by the name that `without` has for them.
NO_PATH, NO_NAME, NO_OPTIMIZER, NO_MODEL_ALONE = "Path", "str", "optimizer", "models alone"
FORMS = frozenset([NO_PATH, NO_NAME, NO_OPTIMIZER, NO_MODEL_ALONE])
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


def fitted(function: Function, without: frozenset[str]) -> Function:
    """The same, which is called in the form that it takes."""
    if not without & FORMS:
        return function

    @functools.wraps(function, updated=())  # it may be a class
    def called(path: Any, model: Any, optimizer: Any = None, **options: Any) -> Any:
        __tracebackhide__ = True
        if NO_PATH in without and isinstance(path, Path):
            path = str(path)
        elif NO_NAME in without and isinstance(path, str):
            path = Path(path)
        if optimizer is not None and NO_OPTIMIZER in without:
            raise NotProvided("not provided: an optimizer")
        if optimizer is None and NO_MODEL_ALONE in without:
            optimizer = _Optimizer(model)
        return function(path, model, *([] if optimizer is None else [optimizer]), **options)

    return called


def forms(component: str, function: Function, other: Function | None) -> dict[str, Exception]:
    """The forms of a call that are not taken, where another form is: each with its error."""
    pair = [each for each in (function, other) if each]
    found = dict[str, Exception]()
    for form, values in ((NO_OPTIMIZER, (0, 0, 0)), (NO_MODEL_ALONE, (0, 0))):
        for each in pair:
            try:
                inspect.signature(each).bind(*values)
            except TypeError as error:
                found[form] = error
            except ValueError:  # what is written in C does not tell what it takes
                continue
    if len(found) == 2:  # it is called in another way: claims will tell
        return {}
    for form, other_form in ((NO_PATH, NO_NAME), (NO_NAME, NO_PATH)):
        in_this, in_the_other = (
            _error_of_a_layer(component, function, other, frozenset([*found, gone]))
            for gone in (other_form, form)
        )
        if in_this and not in_the_other:
            found[form] = in_this
    return found


def _error_of_a_layer(
    component: str, function: Function, other: Function | None, without: frozenset[str]
) -> Exception | None:
    """Why no layer of any dtype is written and read in this form, if none is."""
    problem = None
    for name in ("float32", "float64"):
        try:
            plain_uses(component, function, other, without)[name]()
        except Exception as error:  # reason: a refusal is one whatever its type
            problem = error
        else:
            return None
    return problem


def plain_uses(
    component: str,
    function: Function,
    other: Function | None,
    without: frozenset[str] = frozenset(),
) -> dict[str, Callable[[], None]]:
    """By what is asked: to write a model, or to read one, in a folder that is gone afterwards."""
    pair = {component: function, FILES[component]: other}
    called = {name: each and fitted(each, without) for name, each in pair.items()}
    use = functools.partial(_round_trip, called["save_checkpoint"], called["load_checkpoint"])
    layers = {
        str(dtype).removeprefix("torch."): functools.partial(_layer, dtype) for dtype in DTYPES[:2]
    }
    asked: dict[str, Callable[[], None]] = {
        name: functools.partial(use, layer) for name, layer in layers.items()
    }
    asked["whole numbers"] = functools.partial(use, _Counter)
    if NO_OPTIMIZER not in without:
        asked[NO_OPTIMIZER] = functools.partial(use, layers["float32"], _Optimizer)
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
