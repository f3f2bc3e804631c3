"""Models, optimizers, files and comparisons for the claims about checkpoints."""

import contextlib
import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import Inside, current
from sums_to_one.tests.common.options import NotProvided

DTYPES = Inside((torch.float64, torch.float32, torch.int64))  # which models and optimizers have
FLOATS = Inside((torch.float64, torch.float32))
OTHER_DTYPES = [
    *(torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.complex128, torch.complex64),
    *(torch.int32, torch.int16, torch.int8, torch.bool),
    *(torch.uint64, torch.uint32, torch.uint16, torch.uint8),
]
every_other_dtype = pytest.mark.parametrize("dtype", OTHER_DTYPES, ids=lambda d: str(d)[6:])
EXTREMES = [0.0, -0.0, 5e-324, 1e-310, 1 / 3, -1.7e308, float("inf"), -float("inf"), float("nan")]


class Holder(nn.Module):
    """A model of these tensors: parameters where they can learn, else buffers."""

    def __init__(self, **tensors: Tensor) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            if tensor.is_floating_point():
                self.register_parameter(name, nn.Parameter(tensor))
            else:
                self.register_buffer(name, tensor)


def of_extremes(dtype: torch.dtype) -> Holder:
    """A model of the hardest numbers of a dtype that everybody has, and of usual ones."""
    # Who converts others, and back, may lose which NaN it was, and float8 has no infinity.
    hardest = EXTREMES if dtype in DTYPES else [*EXTREMES[:5], -240.0]
    numbers = torch.tensor(hardest, dtype=torch.float64).to(dtype)
    if dtype == torch.int64:
        numbers = torch.tensor([0, -1, 2**53 + 1, 2**63 - 1, -(2**63)])  # float64 has no such one
    if dtype.is_complex:
        numbers = (numbers + 1j * numbers.flip(0)).to(dtype)
    return Holder(a=numbers, b=grid(2, 3).to(dtype))


class Momentum:
    """Gradient descent with momentum; torch.optim, which takes seconds to import, works alike.

    Its state has entries of different shapes, in a list too, and a plain number, and every step
    depends on all.
    """

    def __init__(self, params: Any, lr: float = 0.125, momentum: float = 0.5) -> None:
        self.defaults = {"lr": lr, "momentum": momentum}
        params = list(params)
        groups = params if isinstance(params[0], dict) else [{"params": params}]
        self.param_groups: list[Any] = [
            {**self.defaults, **group, "params": list(group["params"])} for group in groups
        ]
        self.state: dict[Tensor, Any] = {}

    def step(self) -> None:
        for group in self.param_groups:
            for p in [p for p in group["params"] if p.grad is not None]:
                start = {"velocity": torch.zeros_like(p), "last": [p.new_zeros(())] * 2, "step": 0}
                state = self.state.setdefault(p, start)
                state["velocity"].mul_(group["momentum"]).add_(p.grad)
                state["last"] = [state["last"][1], p.grad.abs().max()]
                state["step"] += 1
                rate = group["lr"] / (1 + torch.stack(state["last"]).max() / state["step"])
                p.data.sub_(rate * state["velocity"])

    def state_dict(self) -> dict[str, Any]:
        numbers = {p: number for number, p in enumerate(self._params())}
        groups = [{**g, "params": [numbers[p] for p in g["params"]]} for g in self.param_groups]
        return {"state": {numbers[p]: own for p, own in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        sizes = [len(group["params"]) for group in state["param_groups"]]
        if sizes != [len(group["params"]) for group in self.param_groups]:
            raise ValueError(f"groups of {sizes} parameters do not fit")
        params = self._params()
        self.state = {params[number]: dict(own) for number, own in state["state"].items()}
        pairs = zip(state["param_groups"], self.param_groups, strict=True)
        self.param_groups = [{**group, "params": own["params"]} for group, own in pairs]

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]


def network(start: int = 0) -> nn.Sequential:
    """Layers of two kinds with parameters, and with buffers, of other numbers for each start."""
    with torch.random.fork_rng(devices=[]):
        model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))
    for number, tensor in enumerate(model.state_dict().values()):
        tensor.copy_(grid(*tensor.shape, limit=2 + number + start).abs())
    return model


def tied(start: int) -> nn.Sequential:
    """A model of which two layers share their weight, and one parameter does not learn."""
    inner = network(start)
    model = nn.Sequential(inner, nn.Linear(2, 2), nn.Linear(2, 2))
    model[2].weight = model[1].weight
    inner[0].weight.requires_grad_(False)
    return model


def named_oddly(start: float) -> nn.ModuleDict:
    """A model whose names others add or strip, or take for something else."""
    names = ("module", "_orig_mod", "model", "optimizer", "state", "0", "10", "2", "weight", "ü b")
    model = nn.ModuleDict({name: Holder(w=start + n + grid(3)) for n, name in enumerate(names)})
    model.register_parameter("w", nn.Parameter(start - 1 + grid(3)))  # as each of them without "x."
    return model


def grouped(model: nn.Sequential) -> list[dict[str, Any]]:
    """Its parameters in three groups, for an optimizer that learns the first more slowly."""
    return [
        {"params": model[0].parameters(), "lr": 0.01, "name": "slow", "limit": None},
        {"params": model[1:3].parameters(), "nested": {"of": [1, True]}},
        {"params": model[3:].parameters(), "name": "fast", "limit": 0.3},
    ]


# Optimizers of a model, with these settings.
OPTIMIZERS_OF: dict[str, Callable[..., Any]] = {
    "one group": lambda model, **settings: Momentum(model.parameters(), **settings),
    "three groups": lambda model, **settings: Momentum(grouped(model), **settings),
    "no momentum below a rate of 1": lambda model, lr: Momentum(model.parameters(), lr, lr // 1),
}


def steps(model: nn.Module, optimizer: Any, which: range) -> None:
    """Training: each step with other inputs and targets."""
    model.train()
    dtype = next(model.parameters()).dtype
    for step in which:
        x, y = grid(7, 3, limit=1 + step).to(dtype), grid(7, 2, limit=2 + step).to(dtype)
        for p in model.parameters():
            p.grad = None
        (model(x) - y).square().mean().backward()
        optimizer.step()


# Which layers of `network()` learn, in one step after another; the others are frozen.
HISTORIES: dict[str, list[set[int]]] = {
    "the first layer never learns": [{1, 3}],
    "the second never learns": [{0, 3}],
    "the first begins last": [{1, 3}, {0, 1, 3}],
    "the first learns no more": [{0, 1, 3}, {1, 3}],
}
every_history = pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)


def freeze_others(model: nn.Sequential, learning: set[int]) -> None:
    """Let these layers learn alone."""
    for number, layer in enumerate(model):
        layer.requires_grad_(number in learning)


def taught(history: list[set[int]]) -> tuple[nn.Sequential, Momentum]:
    """A network and its optimizer, which knows something of what has learned alone."""
    model = network()
    optimizer = Momentum(model.parameters(), lr=0.1)
    for step, learning in enumerate(history):
        freeze_others(model, learning)
        steps(model, optimizer, range(step, step + 1))
    return model, optimizer


class Told(nn.Module):
    """In place of a model or an optimizer whose state_dict is this, whatever a real one says."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self.state = state

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        return self.state


class Touch:
    """Whoever unpickles it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def unpicklable() -> nn.Module:
    """A layer whose state holds what no pickle takes; nor would one take its class, from here."""

    class Generating(nn.Linear):
        def get_extra_state(self) -> Any:
            return (number for number in range(3))

        def set_extra_state(self, state: Any) -> None:
            pass

    return Generating(3, 2)


class Counting(nn.Linear):
    """Its state holds more than tensors."""

    calls = 0

    def get_extra_state(self) -> Any:
        return {"calls": self.calls, "rate": 0.1}

    def set_extra_state(self, state: Any) -> None:
        self.calls = state["calls"]


class Versioned(nn.Identity):
    """It takes the state of its own version alone; all layers before it are loaded by then."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.version = version

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.version)

    def set_extra_state(self, state: Any) -> None:
        if int(state) != self.version:
            raise ValueError(f"4: it must be of version {self.version}, got {int(state)}")


@contextlib.contextmanager
def unless_refused(what: str) -> Iterator[None]:
    """End the test as not provided where a format has no room for something, and says so.

    By any error: what was not written cannot be wrong.
    """
    try:
        yield
    except Exception:  # reason: how somebody refuses is their own affair
        raise NotProvided(f"not provided: {what}") from None


def contents_of(path: Path) -> Any:
    """What a checkpoint holds, as PyTorch reads it, by the names that are documented.

    Where they are others, they are told by what they name.
    """
    content = torch.load(path, weights_only=True)
    if isinstance(content, dict) and "model" not in content:
        for state in [value for value in content.values() if isinstance(value, dict)]:
            is_optimizer = {"state", "param_groups"} <= state.keys()
            content = {**content, "optimizer" if is_optimizer else "model": state}
    return content


def saved_model(path: Path, model: nn.Module, reader: Callable[..., Any] | None) -> Any:
    """The state that a checkpoint of the model holds.

    Args:
        path: of the checkpoint.
        model: whose state it should be; a copy with other numbers is loaded.
        reader: who reads it, or None for a file in the documented format.
    """
    if reader is None:
        return contents_of(path)["model"]
    twin = copy.deepcopy(model)
    for tensor in twin.state_dict().values():
        if isinstance(tensor, Tensor):
            tensor.copy_(torch.ones(tensor.shape).to(tensor.dtype))
    reader(path, twin)
    return twin.state_dict()


def with_a_bit_altered(whole: bytes, numbers: Tensor, share: float) -> bytes:
    """The file with another bit in one of these numbers, which is so far behind the first."""
    own = numbers.numpy().tobytes()
    if own not in whole:
        raise NotProvided("not provided: numbers that lie in the file as they do in memory")
    place = whole.index(own) + int(share * (len(own) - 1))
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


def is_noticed(
    load_checkpoint: Callable[..., Any],
    path: Path,
    altered: bytes,
    saved: Holder,
    optimizer: Momentum | None = None,
) -> bool:
    """Whether this file is refused, or comes back as it was saved, with its optimizer if any."""
    path.write_bytes(altered)
    model = Holder(**{name: torch.ones_like(t) for name, t in saved.state_dict().items()})
    resumed = Momentum(model.parameters()) if optimizer else None
    try:
        load_checkpoint(path, model, resumed)
    except Exception:  # reason: how somebody refuses is their own affair
        return True
    came = model.state_dict(), resumed and resumed.state_dict()
    return same_bits(came, (saved.state_dict(), optimizer and optimizer.state_dict()))


def restore(
    path: Path, model: nn.Module, optimizer: Any, reader: Callable[..., Any] | None
) -> None:
    """Load a checkpoint into both, as its reader does, or from the documented format."""
    if reader is not None:
        reader(path, model, optimizer)
        return
    content = contents_of(path)
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])


def needs_models_alone() -> None:
    """End a claim about files without an optimizer where none is written or read."""
    if "models alone" in current().without:
        raise NotProvided("not provided: models alone")


def written(
    path: Path,
    model: Any,
    optimizer: Any = None,
    /,
    writer: Callable[..., Any] | None = None,
    **more: Any,
) -> Path:
    """A checkpoint, as its writer makes it, or in the documented format, in which more may be."""
    if writer is not None:
        writer(path, model, optimizer)
        return path
    content = {"model": model.state_dict()}
    if optimizer is None and "models alone" in current().without:
        numbers = list(range(len(list(model.parameters()))))
        content["optimizer"] = {"state": {}, "param_groups": [{"lr": 0.125, "params": numbers}]}
    if optimizer is not None:
        content["optimizer"] = optimizer.state_dict()
    torch.save({**content, **more}, path)
    return path


def by_place(state: Any, name: str = "") -> dict[str, Any]:
    """Everything in nested dictionaries and lists, by its place."""
    if not isinstance(state, dict | list | tuple):
        return {name: state}
    parts = state.items() if isinstance(state, dict) else enumerate(state)
    return {
        place: v for key, part in parts for place, v in by_place(part, f"{name}[{key!r}]").items()
    }


def bits(value: Any) -> Any:
    """What two tensors share if they are the same bit for bit; anything else is itself."""
    if not isinstance(value, Tensor):
        return value
    own = value.detach().clone(memory_format=torch.contiguous_format)
    stored = torch.empty(0, dtype=torch.uint8).set_(own.untyped_storage())
    return own.dtype, own.shape, stored.numpy().tobytes()


def same_bits(came: Any, expected: Any) -> bool:
    """Whether nothing differs, as assert_same_bits has it."""
    try:
        assert_same_bits("the same", came, expected)
    except AssertionError:
        return False
    return True


def assert_same_bits(sentence: str, came: Any, expected: Any) -> None:
    """Bit for bit, dtypes, shapes and names included."""
    __tracebackhide__ = True
    came, expected = by_place(came), by_place(expected)
    assert came.keys() == expected.keys(), (
        f"{sentence}: missing {sorted(expected.keys() - came.keys())}, "
        f"too many {sorted(came.keys() - expected.keys())}"
    )
    for name, value in expected.items():
        if bits(came[name]) != bits(value):
            raise AssertionError(f"{sentence}: at {name} {_difference(came[name], value)}")


def _difference(came: Any, due: Any) -> str:
    """What came of one entry, as far as it differs."""
    if not (isinstance(came, Tensor) and isinstance(due, Tensor)):
        return f"came {came}, not {due}"
    if came.dtype != due.dtype:
        return f"came {came.dtype}, not {due.dtype}"
    if came.shape != due.shape:
        return f"came the shape {tuple(came.shape)}, not {tuple(due.shape)}"
    pairs = [*zip(came.flatten().tolist(), due.flatten().tolist(), strict=True)]
    told = [(repr(a), repr(b)) for a, b in pairs if repr(a) != repr(b)]
    (one, other) = told[0] if told else ("other bits", "these")
    return f"came {one}, not {other}, in {len(told)} of {len(pairs)} numbers"


def assert_same_training(
    came: tuple[nn.Module, Any], expected: tuple[nn.Module, Any], which: range
) -> None:
    """These steps take both models, each with its optimizer, to the same numbers."""
    __tracebackhide__ = True
    for model, optimizer in (came, expected):
        steps(model, optimizer, which)
    for what, one, other in zip(("model", "optimizer"), came, expected, strict=True):
        assert_same_bits(f"the {what}, trained on", one.state_dict(), other.state_dict())


def refusal(call: Callable[..., Any], *arguments: Any) -> str:
    """The error of a call that must fail, in words."""
    __tracebackhide__ = True
    try:
        call(*arguments)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    raise AssertionError(f"{call!r} took {arguments[0]!r}: an error should have come")
