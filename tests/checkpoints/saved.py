"""Models, optimizers, files and crashes for the claims about checkpoints."""

import contextlib
import copy
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sums_to_one.tests.common.inputs import grid

DTYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn),
    *(torch.complex128, torch.complex64, torch.int64, torch.int32, torch.int16, torch.int8),
    *(torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.bool),
]
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


class Momentum:
    """Gradient descent with momentum; torch.optim, which takes seconds to import, works alike."""

    def __init__(self, params: Any, lr: float = 0.125, momentum: float = 0.5) -> None:
        self.defaults = {"lr": lr, "momentum": momentum}
        self.params = list(params)
        self.param_groups: list[Any] = [{**self.defaults, "params": self.params}]
        self.state: dict[Tensor, Any] = {}

    def step(self) -> None:
        (group,) = self.param_groups
        for p in group["params"]:
            state = self.state.setdefault(p, {"velocity": torch.zeros_like(p), "step": 0})
            state["velocity"].mul_(group["momentum"]).add_(p.grad)
            state["step"] += 1
            p.data.sub_(group["lr"] * state["velocity"])

    def state_dict(self) -> dict[str, Any]:
        numbers = list(range(len(self.params)))
        state = {n: self.state[p] for n, p in enumerate(self.params) if p in self.state}
        return {"state": state, "param_groups": [{**self.param_groups[0], "params": numbers}]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        sizes = [len(group["params"]) for group in state["param_groups"]]
        if sizes != [len(self.params)]:
            raise ValueError(f"the groups have {sizes} parameters, not {[len(self.params)]}")
        self.state = {self.params[n]: dict(kept) for n, kept in state["state"].items()}
        self.param_groups = [{**state["param_groups"][0], "params": self.params}]


def network(start: int = 0) -> nn.Sequential:
    """Layers of two kinds with parameters, and with buffers, of other numbers for each start."""
    with torch.random.fork_rng(devices=[]):
        model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))
    for number, tensor in enumerate(model.state_dict().values()):
        tensor.copy_(grid(*tensor.shape, limit=2 + number + start).abs())
    return model


def grouped(model: nn.Sequential) -> list[dict[str, Any]]:
    """Its parameters in two groups, for an optimizer that learns the first more slowly."""
    return [{"params": model[0].parameters(), "lr": 1 / 64}, {"params": model[1:].parameters()}]


def steps(model: nn.Module, optimizer: Any, which: range) -> None:
    """Training: each step with other inputs and targets."""
    model.train()
    for step in which:
        x, y = grid(7, 3, limit=1 + step).float(), grid(7, 2, limit=2 + step).float()
        for p in model.parameters():
            p.grad = None
        (model(x) - y).square().mean().backward()
        optimizer.step()


class Told(nn.Module):
    """In place of a model or an optimizer whose state_dict is this, whatever a real one says."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self.state = state

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        return self.state


def kept(path: Path) -> Any:
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
        return kept(path)["model"]
    twin = copy.deepcopy(model)
    for tensor in twin.state_dict().values():
        if isinstance(tensor, Tensor):
            tensor.copy_(torch.ones(tensor.shape).to(tensor.dtype))
    reader(path, twin)
    return twin.state_dict()


def restore(
    path: Path, model: nn.Module, optimizer: Any, reader: Callable[..., Any] | None
) -> None:
    """Load a checkpoint into both, as its reader does, or from the documented format."""
    if reader is not None:
        reader(path, model, optimizer)
        return
    content = kept(path)
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])


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
    if optimizer is not None:
        content["optimizer"] = optimizer.state_dict()
    torch.save({**content, **more}, path)
    return path


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(os.path.realpath(name))


def open_files() -> int:
    """How many files this process has open."""
    return len(os.listdir("/dev/fd"))


def told(state: Any, name: str = "") -> dict[str, Any]:
    """Everything in nested dictionaries and lists, by its place."""
    if not isinstance(state, dict | list | tuple):
        return {name: state}
    parts = state.items() if isinstance(state, dict) else enumerate(state)
    return {place: v for key, part in parts for place, v in told(part, f"{name}[{key!r}]").items()}


def bits(value: Any) -> Any:
    """What two tensors share if they are the same bit for bit; anything else is itself."""
    if not isinstance(value, Tensor):
        return value
    own = value.detach().clone(memory_format=torch.contiguous_format)
    stored = torch.empty(0, dtype=torch.uint8).set_(own.untyped_storage())
    return own.dtype, own.shape, stored.numpy().tobytes()


def assert_same(sentence: str, came: Any, expected: Any) -> None:
    """Bit for bit, dtypes, shapes and names included."""
    __tracebackhide__ = True
    came, expected = told(came), told(expected)
    assert came.keys() == expected.keys(), (
        f"{sentence}: missing {sorted(expected.keys() - came.keys())}, "
        f"too many {sorted(came.keys() - expected.keys())}"
    )
    for name, value in expected.items():
        if bits(came[name]) != bits(value):
            raise AssertionError(f"{sentence}: at {name} came {came[name]}, not {value}")


def refusal(call: Callable[..., Any], *arguments: Any) -> str:
    """The error of a call that must fail, in words."""
    __tracebackhide__ = True
    try:
        call(*arguments)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    raise AssertionError(f"no error came with {arguments[0]}")


def in_a_child(work: Callable[[], Any], home: Path) -> int:
    """Do it in another process, which leaves nothing behind outside of its home.

    Returns:
        0 for done, 1 for an error, or minus the number of the signal that ended it.
    """
    with warnings.catch_warnings():
        # Later versions of Python warn of threads here, which this child never waits for.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)
        os.chdir(home)
        tempfile.tempdir = str(home)
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def watched(work: Callable[[], Any], see: Callable[[Any], Any]) -> None:
    """Do it, and before each call of a function written in C, show the function to `see`."""

    def profile(frame: Any, event: str, function: Any) -> None:
        if event == "c_call":
            see(function)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
