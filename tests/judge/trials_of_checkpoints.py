"""Trials of checkpoints: what goes into a file, and what comes out of it in another model."""

import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sums_to_one.tests.checkpoints.saved import (
    Counting,
    Holder,
    Momentum,
    Touch,
    contents_of,
    network,
    steps,
    tied,
    unpicklable,
)
from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.arguments import Provider, heard
from sums_to_one.tests.judge.components import COMPONENTS
from sums_to_one.tests.judge.hearing_files import FILES, NO_OPTIMIZER, fitted
from sums_to_one.tests.judge.trial import Found, Function, Trial, leaving, normal

Make = Callable[[int], nn.Module]  # a model of other numbers for each start


@dataclass(frozen=True)
class Files:
    """Who writes and who reads checkpoints; whoever is lacking does it as is documented."""

    save: Function | None
    load: Function | None

    def write(self, path: Path, model: nn.Module, optimizer: Any = None) -> None:
        if self.save:
            self.save(path, model, *[optimizer] * (optimizer is not None))
            return
        parts = {"model": model, **({"optimizer": optimizer} if optimizer else {})}
        torch.save({name: part.state_dict() for name, part in parts.items()}, path)

    def read(self, path: Path, model: nn.Module, optimizer: Any = None) -> None:
        if self.load:
            self.load(path, model, *[optimizer] * (optimizer is not None))
            return
        content = contents_of(path)
        model.load_state_dict(content["model"])
        if optimizer is not None:
            optimizer.load_state_dict(content["optimizer"])


# Names that somebody else's file beside a checkpoint may have.
TAKEN = ("{}.tmp", "{}.temp", "{}.new", "{}.part", "{}~", "{}.bak", ".{}.tmp", "tmp", "tmp_{}")


def tried_of(component: str, who: Provider) -> Any:
    """What of somebody is tried: the component, or all that has to do with the same files."""
    if component not in FILES:
        return who.component(component)
    without = heard(who, component).limits.without
    found = [who.component(name) for name in COMPONENTS["checkpoints"]]
    return Files(*[each and fitted(each, without) for each in found])


def checkpoint(name: str, limits: Limits) -> Iterator[Trial]:
    learns = NO_OPTIMIZER not in limits.without

    def use(
        make: Make,
        files: Files,
        groups: bool = False,
        learning: bool = learns,
        loads: bool = True,
        named: str = "model.pt",
        count: int = 0,
        made: int = 3,
    ) -> Found:
        found: Found = {}
        saved, other = make(0), make(1)
        optimizers: list[Any] = [None, None]
        if learning:
            optimizers = [_optimizer(saved, 0.0375, 0.75, groups), _optimizer(other, groups=groups)]
            steps(saved, optimizers[0], range(made))
            for own in optimizers[0].state.values() if count else ():
                own["step"] = torch.tensor(count + 1.0)
            other.train(saved.training)
        for number, p in enumerate(other.parameters()):
            p.grad = torch.full_like(p, 1.0 + number)
        before = _kept(saved), _kept(other)
        with tempfile.TemporaryDirectory() as folder, leaving(found):
            path = Path(folder, named)
            others = [Path(folder, form.format(named)) for form in TAKEN]
            for one in others:
                one.write_bytes(b"somebody's")
            files.write(path, saved, optimizers[0])
            kept = all(one.exists() and one.read_bytes() == b"somebody's" for one in others)
            found["others' files"] = torch.tensor(kept)
            beside = {named, *(one.name for one in others)}
            found["one file"] = torch.tensor({*os.listdir(folder)} <= beside)
            content = path.read_bytes()
            if loads:
                files.read(path, other, optimizers[1])
            found["file"] = torch.tensor(path.read_bytes() == content)
        after = _kept(saved), _kept(other)
        for what in before[0]:
            same = all(a[what] == b[what] for a, b in zip(after, before, strict=True))
            found[what] = torch.tensor(same)
        found.update(_contents(other))
        if learning:
            found.update(_settings(optimizers[1]))
            steps(other, optimizers[1], range(3, 5))
            found["training on"] = flat([*other.parameters()])
        return found

    def trial(about: str, make: Make, **options: Any) -> Trial:
        def run(files: Any, **also: Any) -> Found:
            return use(make, files, **options, **also)

        return Trial(
            about, run, {"what it was before loading": functools.partial(run, loads=False)}
        )

    def alone(about: str, x: Tensor) -> Trial:
        def make(start: int) -> nn.Module:
            held = torch.empty_strided(x.shape, x.stride(), dtype=x.dtype)
            return Holder(a=held.copy_(x) if start == 0 else held.fill_(1))

        return trial(about, make, learning=False)

    def counting(start: int) -> nn.Module:
        model = Counting(3, 2)
        model.calls = 7 * (1 - start)
        for p in model.parameters():
            p.data.fill_(0.5 + start)
        return model

    def frozen(start: int) -> nn.Module:
        model = network(start)
        model[0].weight.requires_grad_(False)
        return model

    def into_doubles(start: int) -> nn.Module:
        return network(start).double() if start else network(start)

    def twins(start: int) -> nn.Module:
        """Two parameters of one memory, one of them transposed."""
        x = torch.arange(9.0).reshape(3, 3) + 10 * start
        return Holder(a=x, b=x.T)

    def counted(start: int) -> nn.Module:
        return network(start).bfloat16()

    def inside(start: int) -> nn.Module:
        return nn.ModuleDict({"module": network(start), "other": network(start)})

    yield trial("", network)
    yield trial("without an optimizer", network, learning=False)
    if learns:
        yield trial("for an optimizer that has made no step", network, made=0)
        yield trial("with two parameter groups", network, groups=True)
        yield trial("for a parameter that needs no gradient", frozen)
    yield trial("for parameters that two layers share", tied, learning=False)
    yield trial("in evaluation mode", lambda start: network(start).eval(), learning=False)
    yield trial("for state that is no tensor", counting, learning=False)
    yield trial("into a model of another dtype", into_doubles, learning=False)
    if torch.float64 in limits.dtypes:
        yield alone("in float64", torch.arange(1, 16, dtype=torch.float64).reshape(3, 5) / 7)
        if learns:
            yield trial("in float64 with an optimizer", lambda start: network(start).double())
    for dtype, words in {torch.float16: "in float16", torch.bfloat16: "in bfloat16"}.items():
        yield alone(words, (normal(3, 5) * 3).to(dtype))
    yield alone("for large numbers in bfloat16", (normal(3, 5) * 1e6).to(torch.bfloat16))
    yield alone("for whole numbers", torch.tensor([3, -1, 70_001]))
    yield alone("for whole numbers beyond 2^24", torch.tensor([2**24 + 1, -(2**25) - 1]))
    yield alone("for whole numbers beyond 2^53", torch.tensor([2**53 + 1, -(2**60) - 1]))
    yield trial("for a name with another suffix", network, learning=False, named="model.new")
    yield trial("for a model without parameters", lambda start: nn.ReLU(), learning=False)
    yield trial("for names that begin with module", inside, learning=False)
    yield trial("for a weight and its transpose", twins, learning=False)
    if learns and torch.float64 in limits.dtypes:
        yield trial("in bfloat16 after many steps", counted, count=300)
    yield alone("for NaN", torch.tensor([1.0, torch.nan]))
    yield alone("for infinity", torch.tensor([torch.inf, -torch.inf]))
    yield alone("for a transposed view", normal(3, 5).float().T)
    yield alone("beyond 2^18 numbers", normal(270_001).float())
    yield from _writing() if name == "save_checkpoint" else _refusals(learns)


def _optimizer(
    model: nn.Module, lr: float = 0.125, momentum: float = 0.5, groups: bool = False
) -> Momentum:
    """One with the same rate for all, or with a second group that has twice the rate."""
    first, *others = model.parameters()
    each = [{"params": [first]}, {"params": others, "lr": 2 * lr}]
    return Momentum(each if groups else model.parameters(), lr, momentum)


def _kept(model: nn.Module) -> dict[str, Any]:
    """What is no number of a model, and stays as it was."""
    own = [*model.parameters()]
    return {
        "same parameters": [(id(p), p.data_ptr()) for p in own],
        "learning as before": [p.requires_grad for p in own],
        "own gradients": [p.grad is None for p in own],
        "modes of training": [module.training for module in model.modules()],
    }


def _contents(model: nn.Module) -> Found:
    parts: dict[str, list[Tensor]] = {"parameters": [*model.parameters()]}
    buffers = [*model.buffers()]
    parts["buffers"] = [b for b in buffers if b.is_floating_point()]
    parts["whole numbers"] = [b for b in buffers if not b.is_floating_point()]
    extra = [m.calls for m in model.modules() if isinstance(m, Counting)]
    parts["no tensors"] = [torch.tensor(extra)] if extra else []
    return {what: flat(tensors) for what, tensors in parts.items() if tensors}


def _settings(optimizer: Momentum) -> Found:
    states, first, *others = [*optimizer.state.values()], *optimizer.param_groups
    found = {
        "learning rate": torch.tensor([first["lr"]], dtype=torch.float64),
        "setting": torch.tensor([first["momentum"]], dtype=torch.float64),
        "optimizer's state": flat([own["velocity"] for own in states]) if states else torch.ones(0),
        "optimizer's steps": torch.tensor([float(own["step"]) for own in states]),
    }
    if others:
        rates = [group["lr"] for group in others]
        found["second group's rate"] = torch.tensor(rates, dtype=torch.float64)
    return found


def flat(tensors: list[Tensor]) -> Tensor:
    """All numbers, in the widest dtype of any; float64 and float32 stay what they are."""
    return torch.cat([torch.ones(0), *[x.detach().flatten() for x in tensors]])


def _refusals(learns: bool) -> Iterator[Trial]:
    """What must not be taken: what does not fit, and what is damaged."""

    def refused(
        write: Callable[[Files, Path], None],
        into: Callable[[], nn.Module],
        files: Files,
        optimizer: Any = None,
    ) -> Found:
        found: Found = {}
        with tempfile.TemporaryDirectory() as folder, leaving(found):
            path = Path(folder, "model.pt")
            write(files, path)
            model = into()
            before = flat([*model.state_dict().values()])
            made = optimizer and optimizer(model)
            taken = _takes(lambda: files.read(path, model, made))
            found["refusal"] = torch.tensor(not taken)
            if not taken:
                same = torch.equal(flat([*model.state_dict().values()]), before)
                found["half loaded"] = torch.tensor(same)
            found["a program"] = torch.tensor(not Path(folder, "run").exists())
        return found

    def trial(about: str, write: Any, into: Any = network, optimizer: Any = None) -> Trial:
        return Trial(about, functools.partial(refused, write, into, optimizer=optimizer))

    def of(*tensors: str, **shapes: tuple[int, ...]) -> Callable[[], nn.Module]:
        each = {**dict.fromkeys(tensors, (2, 3)), **shapes}
        return lambda: Holder(**{name: torch.ones(shape) for name, shape in each.items()})

    def saved(make: Callable[[], nn.Module], optimizer: Any = None) -> Any:
        def write(files: Files, path: Path) -> None:
            model = make()
            for x in model.state_dict().values():
                x += 1  # for what is loaded must show
            files.write(path, model, optimizer and optimizer(model))

        return write

    def cut(files: Files, path: Path) -> None:
        files.write(path, network())
        path.write_bytes(path.read_bytes()[:-100])

    def cut_beside(files: Files, path: Path) -> None:
        files.write(path.with_name("older.pt"), network())
        cut(files, path)

    def altered(make: Callable[[], nn.Module], files: Files, path: Path) -> None:
        """One byte of the numbers, in the middle, is not what was written."""
        files.write(path, make())
        content = bytearray(path.read_bytes())
        numbers = next(iter(make().parameters())).detach().numpy().tobytes()
        where = content.find(numbers[:16])
        middle = len(content) // 2 if where < 0 else where + len(numbers) // 2
        content[middle] ^= 0x11
        path.write_bytes(content)

    def nothing(files: Files, path: Path) -> None:
        pass

    def program(files: Files, path: Path) -> None:
        content = {"model": network().state_dict(), "also": Touch(path.parent / "run")}
        torch.save(content, path)

    yield trial("where an entry of the model is not in the file", saved(of("a")), of("a", "b"))
    yield trial("where the file has an entry too many", saved(of("a", "b")), of("a"))
    yield trial("where the names differ", saved(of("a", "b")), of("a", "c"))
    yield trial("where a shape differs", saved(of(a=(2, 3))), of(a=(2, 4)))
    yield trial("where a shape differs, not the count", saved(of(a=(2, 3))), of(a=(3, 2)))
    yield trial("where one number stands for many", saved(of(a=(1,))), of(a=(3,)))
    if learns:
        one, two = _optimizer, functools.partial(_optimizer, groups=True)
        yield trial("where the file has no optimizer", saved(network), optimizer=one)
        yield trial("where the file has groups too many", saved(network, two), optimizer=one)
        yield trial("where the file has groups too few", saved(network, one), optimizer=two)
    yield trial("where the file ends early", cut)
    yield trial("where the file ends early, beside an older one", cut_beside)
    large = lambda: Holder(a=torch.ones(270_001))  # noqa: E731
    yield trial(
        "where a byte of a large file is another one", functools.partial(altered, large), large
    )
    yield trial("where a byte of the file is another one", functools.partial(altered, network))
    yield trial("where there is no file", nothing)
    yield trial("where a program is in the file", program)
    yield Trial("where a file is replaced", _replaced)


def _writing() -> Iterator[Trial]:
    yield Trial("where there is no folder", _without_folder)
    yield Trial("where a file is replaced", _replaced)
    yield Trial("where it cannot be saved", _unsaved)
    yield Trial("where a folder has its name", _no_name)


def _takes(call: Callable[[], Any]) -> bool:
    try:
        call()
    except Exception:  # of whatever kind
        return False
    return True


def _without_folder(files: Any) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "nowhere", "model.pt")
        silent = _takes(lambda: files.write(path, network())) and not path.exists()
        return {"refusal": torch.tensor(not silent)}


def _replaced(files: Any) -> Found:
    """One file after another at one path, and what is read of it each time."""
    found: Found = {}
    with tempfile.TemporaryDirectory() as folder:
        path, model = Path(folder, "model.pt"), network(9)
        for start in (1, 2):
            files.write(path, network(start))
            files.read(path, model)
        found["parameters"] = flat([*model.parameters()])
        found["one file"] = torch.tensor(os.listdir(folder) == ["model.pt"])
    return found


def _no_name(files: Any) -> Found:
    """It cannot get its name, which a folder has."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        (path / "inside").mkdir(parents=True)
        refused = torch.tensor(not _takes(lambda: files.write(path, network())))
        alone = torch.tensor(os.listdir(folder) == ["model.pt"])
        return {"refusal": refused, "one file": alone}


def _unsaved(files: Any) -> Found:
    found: Found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pt")
        files.write(path, network())
        before = path.read_bytes()
        found["refusal"] = torch.tensor(not _takes(lambda: files.write(path, unpicklable())))
        found["old file"] = torch.tensor(path.exists() and path.read_bytes() == before)
        found["one file"] = torch.tensor(os.listdir(folder) == ["model.pt"])
    return found
