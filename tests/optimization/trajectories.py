"""Optimizers at work on gradients that a claim has chosen, and not a loss."""

import contextlib
import inspect
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import eighths, exact, grid, nonzero_eighths
from sums_to_one.tests.common.limits import Inside, NotProvided, current, widest
from sums_to_one.tests.common.options import feature, needs, provides

Function = Callable[..., Any]
Settings = dict[str, Any]

FACTORS = (1, 4, -0.5, 2, -0.125, 1, -3)  # they rise and fall: what is remembered is seen


@st.composite
def exponents(draw: st.DrawFn, limit: int) -> int:
    """Of 2, between -limit and limit in float64; with fewer digits, the same share of the range."""
    share = math.log(torch.finfo(widest()).max) / math.log(torch.finfo(torch.float64).max)
    return int(draw(st.integers(-limit, limit)) * share)


def with_half_the_digits(x: Tensor) -> Tensor:
    """Where the difference of nearly equal numbers is what a claim is about."""
    return x.to(torch.float32 if x.dtype == torch.float64 else torch.float16)


nonzero = nonzero_eighths(8)
sequences = st.lists(nonzero, min_size=2, max_size=9)  # of gradients of one number
RATES = st.sampled_from([0.0, 0.125, 0.5, 1.0, 3.0])
SCALES = st.sampled_from([0, -10, -24, 10])  # of gradients, as exponents of 2: large and tiny
THREE, SIX = st.integers(1, 3), st.integers(1, 6)


class Course(NamedTuple):
    """A parameter's numbers, its gradient in every step, and the settings of the optimizer."""

    start: Tensor
    pulls: list[Tensor]
    settings: Settings


@cache
def _as_many(count: int) -> st.SearchStrategy[list[float]]:
    return st.lists(eighths(8), min_size=count, max_size=count)


@st.composite
def courses(draw: st.DrawFn, /, **settings: st.SearchStrategy[Any]) -> Course:
    """One to six steps of one to three numbers; a learning rate, and all of the settings."""
    steps, size = draw(SIX), draw(THREE)
    numbers = draw(_as_many((steps + 1) * size))
    start, *pulls = exact(numbers).reshape(steps + 1, size).unbind()
    scale = 2.0 ** draw(SCALES)
    chosen = {name: draw(values) for name, values in {"lr": RATES, **settings}.items()}
    return Course(start, [scale * pull for pull in pulls], chosen)


def with_defaults(optimizer: Function, **settings: Any) -> list[Settings]:
    """Some settings, then fewer, down to none where even the learning rate has a default."""
    cases = [{"lr": 0.5, **provided(optimizer, settings)}, {"lr": 0.5}]
    rate = inspect.signature(optimizer).parameters.get("lr")
    return cases if rate is None or rate.default is rate.empty else [*cases, {}]


def leaf(numbers: Tensor) -> Tensor:
    """A parameter of these numbers, in memory of its own."""
    return numbers.detach().clone().requires_grad_()


def places(parameters: Iterable[Tensor]) -> list[Tensor]:
    """Where they are now, whatever becomes of them."""
    return [p.detach().clone() for p in parameters]


def downhill(step: int, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """The gradient of one step: sizes from 1/2 to 2 times a factor, other ones in every step."""
    numbers = grid(*shape, limit=1.5).flatten().roll(step).reshape(shape)
    return (FACTORS[step % len(FACTORS)] * (numbers + 0.5 * numbers.sign())).to(dtype or widest())


def gradients(steps: int, *shape: int, dtype: torch.dtype | None = None) -> list[Tensor]:
    return [downhill(step, *shape, dtype=dtype) for step in range(steps)]


def pushed(optimizer: Any, parameters: Sequence[Tensor], given: Sequence[Tensor | None]) -> None:
    """One step of a made optimizer with these gradients; None is no gradient."""
    for parameter, gradient in zip(parameters, given, strict=True):
        parameter.grad = None if gradient is None else gradient.clone()
    optimizer.step()


def pulled(optimizer: Any, parameters: Sequence[Tensor], pulls: Iterable[Tensor]) -> None:
    """A step with each of these gradients, the same one for all of the parameters."""
    for pull in pulls:
        pushed(optimizer, parameters, [pull] * len(parameters))


def walk(
    optimizer: Function, start: Tensor, pushes: Iterable[Tensor | None], **settings: Any
) -> Tensor:
    """Where a parameter is after each step, stacked.

    Args:
        optimizer: the class under judgement.
        start: where the parameter begins.
        pushes: the gradient of every step, or None for a step without one.
        settings: of the optimizer.
    """
    parameter = leaf(start.reshape(shape_inside(start)))
    made = made_of(optimizer, [parameter], settings)
    way = []
    for push in pushes:
        pushed(made, [parameter], [None if push is None else push.reshape(parameter.shape)])
        way += places([parameter])
    return torch.stack(way).reshape(len(way), *start.shape)


# They make sense, and somebody may refuse them all the same.
AT_THE_END = {"lr": 0, "momentum": 1}


def made_of(optimizer: Function, parameters: list[Tensor], settings: Settings) -> Any:
    """The optimizer; one that does not take a setting at the end of its range need not."""
    ends = [f"{n}={v}" for n, v in settings.items() if AT_THE_END.get(n) == v]
    with feature(", ".join(ends)) if ends else contextlib.nullcontext():
        return optimizer(parameters, **settings)


def assert_sparse_as_dense(optimizer: Any, **settings: Any) -> None:
    """A gradient of some rows, of which one comes twice, is one that is 0 in all others."""
    __tracebackhide__ = True
    rows = torch.tensor([[4, 1, 4], [0, 1, 6], [4, 4, 2]])
    with warnings.catch_warnings(action="ignore"):  # of what PyTorch does not check of these
        sparse = [
            torch.sparse_coo_tensor(row[None], pull, (7, 2))
            for row, pull in zip(rows, gradients(3, 3, 2), strict=True)
        ]
        with feature("sparse gradients"):
            pulled(*run_of(optimizer, [grid(7, 2)], **settings), sparse[:1])
        came = ends_of_two_groups(optimizer, sparse, **settings)
    expected = ends_of_two_groups(optimizer, [pull.to_dense() for pull in sparse], **settings)
    assert_close("after three steps with sparse gradients", came, expected)


def ends_of_two_groups(optimizer: Any, pulls: list[Tensor], **settings: Any) -> Tensor:
    """Where two parameters, each in a group of its own, end with the same gradients."""
    parameters = [leaf(grid(*pulls[0].shape)) for _ in range(2)]
    made = in_groups(optimizer, [{"params": [p]} for p in parameters], **settings)
    pulled(made, parameters, pulls)
    return torch.stack(places(parameters))


def shape_inside(numbers: Tensor) -> tuple[int, ...]:
    """Their shape, with a dimension of 1 before it for each that the optimizer must have."""
    sizes = current().dimensions or (numbers.ndim,)
    missing = min((n - numbers.ndim for n in sizes if n >= numbers.ndim), default=0)
    return (1,) * missing + tuple(numbers.shape)


def moves(optimizer: Function, pulls: list[float], **settings: Any) -> Tensor:
    """The length of every step of one number, in units of the learning rate."""
    way = walk(optimizer, exact([0.0]), [exact([pull]) for pull in pulls], lr=1.0, **settings)
    return way.diff(dim=0, prepend=exact([[0.0]]))[:, 0]


def sound(*optimizers: Any) -> None:
    """End a claim about several as not provided where one breaks a definition of its own.

    That is refused elsewhere, and under its own name.
    """
    for optimizer in optimizers:
        settings = {"lr": 0.25, **({"momentum": 0.5} if optimizer.name == "SGD" else {})}
        definition = getattr(torch.optim, optimizer.name)
        try:
            came, expected = (
                walk(kind, grid(2, 3), gradients(20, 2, 3), **settings)
                for kind in (optimizer, definition)
            )
            assert_close("as defined", came, expected)
        except Exception as error:
            raise NotProvided(f"not provided: {optimizer.name} as it is defined") from error


def documented(optimizer, settings: Settings) -> Settings:
    """Those of the settings that PyTorch's optimizer of this name has, and this one, too.

    Whoever hands on **settings seems to take all of them.
    """
    names = inspect.signature(getattr(torch.optim, optimizer.name)).parameters
    own = {name: value for name, value in settings.items() if name in names}
    return provided(optimizer, own)


def provided(optimizer: Function, settings: Settings) -> Settings:
    """Those of the settings that the optimizer has an argument for."""
    return {name: value for name, value in settings.items() if provides(optimizer, name)}


def settled(optimizer, **wanted: Any) -> Settings:
    """These settings, and the documented ones in place of those that the optimizer has fixed."""
    own = provided(optimizer, wanted)
    if own == wanted:
        return own  # without torch.optim, which takes seconds to import
    arguments = inspect.signature(getattr(torch.optim, optimizer.name)).parameters
    return {name: own.get(name, arguments[name].default) for name in wanted}


def in_groups(optimizer: Function, groups: Iterable[dict[str, Any]], **settings: Any) -> Any:
    """The optimizer of several groups, where it has groups at all."""
    needs(optimizer([leaf(grid(1))], **settings), "param_groups")
    return optimizer(groups, **settings)


# For the claims about every optimizer: parameters of many shapes, two of them with the same
# numbers, and settings of every kind.

MANY_SHAPES = Inside(((), (1,), (7,), (2, 3), (3, 2), (2, 3), (3, 1), (0, 5), (2, 1, 3, 2), (0,)))
SETTINGS: dict[str, list[Settings]] = {
    "SGD": [
        {},
        {"momentum": 0.5},
        {"momentum": 0.75, "dampening": 0.25},
        {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25},
    ],
    "Adagrad": [
        {},
        {"lr_decay": 0.5},
        {"initial_accumulator_value": 4.0, "eps": 0.125},
        {"lr_decay": 0.25, "initial_accumulator_value": 0.5, "weight_decay": 0.25},
    ],
    "RMSprop": [
        {},
        {"alpha": 0.75, "eps": 0.125, "momentum": 0.5},
        {"alpha": 0.75, "centered": True},
        {"alpha": 0.875, "centered": True, "momentum": 0.5, "weight_decay": 0.25},
    ],
    "Adam": [
        {},
        {"betas": (0.5, 0.75), "eps": 0.125},
        {"betas": (0.75, 0.5), "amsgrad": True},
        {"betas": (0.5, 0.875), "amsgrad": True, "weight_decay": 0.25},
    ],
}
# A group may differ from the others in any of these. PyTorch's Adagrad takes no
# initial_accumulator_value of a group, so that nobody is asked for it.
OTHER_VALUES = {
    "lr": 0.75,
    "momentum": 0.375,
    "dampening": 0.125,
    "weight_decay": 0.5,
    "nesterov": True,
    "lr_decay": 0.75,
    "alpha": 0.625,
    "eps": 0.25,
    "centered": True,
    "betas": (0.25, 0.625),
    "amsgrad": True,
    "maximize": True,
}
# What is off. The rate comes last, for some take none of 0 and are asked no further.
OFF: Settings = {
    "momentum": 0.0,
    "dampening": 0.0,
    "weight_decay": 0.0,
    "nesterov": False,
    "lr_decay": 0.0,
    "centered": False,
    "amsgrad": False,
    "maximize": False,
    "eps": 0.0,
    "betas": (0.0, 0.0),
    "alpha": 0.0,
    "lr": 0.0,
}


def settings_of(optimizer) -> list[Settings]:
    """Some settings of every kind, of those that the optimizer provides; each with its rate."""
    found = []
    for settings in SETTINGS[optimizer.name]:
        own = {"lr": 0.25, **provided(optimizer, settings)}
        if own not in found and ("momentum" in own or "nesterov" not in own):
            found.append(own)
    return found


def without_decay(optimizer) -> list[Settings]:
    """The settings under which a step depends on the gradients alone, not on the place."""
    return [{n: v for n, v in s.items() if n != "weight_decay"} for s in settings_of(optimizer)]


def up_and_down(optimizer) -> list[Settings]:
    """The settings, and again, where that is provided, to maximize."""
    ways: list[Settings] = [{}]
    if provides(optimizer, "maximize"):
        ways.append({"maximize": True})
    return [{**settings, **way} for settings in settings_of(optimizer) for way in ways]


def with_another_value(optimizer) -> list[tuple[Settings, Settings]]:
    """The settings, each with one that a group may have otherwise."""
    cases = []
    for settings in settings_of(optimizer):
        for name, value in documented(optimizer, OTHER_VALUES).items():
            own = {**settings, name: value}
            if not own.get("nesterov") or (own.get("momentum") and not own.get("dampening")):
                cases.append((settings, {name: value}))  # any other step is not defined
    return cases


def with_one_off(optimizer) -> list[tuple[Settings, Settings]]:
    """The settings, each with one that is on and that a group may have off: 0 or False."""
    cases = []
    for name, value in documented(optimizer, OFF).items():
        for settings in [s for s in up_and_down(optimizer) if s.get(name)]:
            if name != "momentum" or not settings.get("nesterov"):  # which needs some
                cases.append((settings, {name: value}))
    return cases


def starts(dtype: torch.dtype | None = None) -> list[Tensor]:
    """Parameters of many shapes, two of them with the same numbers."""
    return [grid(*shape).to(dtype or widest()) for shape in MANY_SHAPES]


def pushes(steps: int, dtype: torch.dtype | None = None) -> list[list[Tensor]]:
    """A gradient for every parameter in every step, different ones for the same shape."""
    return [
        [downhill(t + 3 * i, *shape, dtype=dtype) for i, shape in enumerate(MANY_SHAPES)]
        for t in range(steps)
    ]


def with_gaps(push: list[Tensor], step: int) -> list[Tensor | None]:
    """The gradients of a step, in which one parameter has none, and one never has any."""
    return [None if i in (step, len(push) - 2) else pull for i, pull in enumerate(push)]


class Run(NamedTuple):
    """An optimizer at work, and its parameters."""

    made: Any
    parameters: list[Tensor]

    @property
    def places(self) -> list[Tensor]:
        return places(self.parameters)


def run_of(optimizer: Function, numbers: Iterable[Tensor], **settings: Any) -> Run:
    """The optimizer of parameters that begin at these numbers."""
    parameters = [leaf(start) for start in numbers]
    return Run(optimizer(parameters, **settings), parameters)


def side_by_side(pushes: Iterable[Sequence[Tensor | None]], *runs: Run) -> None:
    """A step of each run in turn, with the same gradients for all of them; then the next step."""
    for push in pushes:
        for run in runs:
            pushed(run.made, run.parameters, push)


def set_back(parameters: Iterable[Tensor], numbers: Iterable[Tensor]) -> None:
    """Give the parameters these numbers, where they lie in memory."""
    with torch.no_grad():
        for p, place in zip(parameters, numbers, strict=True):
            p.copy_(place)


def assert_same_numbers(sentence: str, came: list[Tensor], expected: list[Tensor]) -> None:
    """Not off by a single bit, and NaN is NaN."""
    __tracebackhide__ = True
    for one, other in zip(came, expected, strict=True):
        same = torch.equal(one.nan_to_num(nan=1e30), other.nan_to_num(nan=1e30))
        assert same, f"{sentence}: came {one.tolist()}, expected {other.tolist()}"
