"""A device that is only pretended, so that a machine without a GPU sees who leaves it.

    python -m sums_to_one.tests.judge.elsewhere [component ...]

Claims run where the subject lives: `--device cuda` makes cuda the default, and a claim that makes a
tensor on the CPU all the same would meet those of the device. Here both are in the CPU's memory;
which of them is elsewhere is known by its storage, and where two of them meet that never could, the
error of a real device is raised.
"""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import torch
from hypothesis import Phase
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from sums_to_one.tests.common.limits import NotProvided
from sums_to_one.tests.judge import profiles
from sums_to_one.tests.judge.asking import ANSWERS, Case, cases, function
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN, chapter_of
from sums_to_one.tests.judge.deviations import asked_by
from sums_to_one.tests.judge.ledger import ledger
from sums_to_one.tests.judge.subjects import Subject

ELSEWHERE = torch.device("meta")  # what tensors that live there call their device
HERE = torch.device("cpu")
# What a real device allows, too: copying from one to the other, and indices that lie here.
ACROSS = ("copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_", "set_")
# Operations are counted by a profiler, which counts them once more in a mode such as this one.
PROFILED = ("test_a_dense_layer_counts_as_many_operations_with_zeros_as_without",)
# What is read from a file lies in memory at once, and not where it is pretended to.
IN_FILES = ("test_the_state_survives_a_file",)
A_FEW = 2  # examples of each claim: it makes its tensors in the same places each time
# What lives there, by the number of its storage; a weak reference keeps the number from reuse. One
# for all claims, as a device is: what one of them keeps, such as a grid, another one meets.
STORAGES: dict[int, StorageWeakRef] = {}


class WrongDeviceError(RuntimeError):
    """What a real device would have refused."""


class Elsewhere(TorchDispatchMode):
    """Everything that is made while it is entered lives elsewhere, but for what says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        for number in [n for n, storage in STORAGES.items() if storage.expired()]:
            del STORAGES[number]
        self.generators: list[torch.Generator] = []
        self.explicitly_here = False

    def has(self, x: Tensor) -> bool:
        return x.untyped_storage()._cdata in STORAGES

    def take(self, x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        STORAGES.setdefault(storage._cdata, StorageWeakRef(storage))
        return x

    def check_generator(self, options: dict[str, Any]) -> None:
        generator = options.get("generator")
        if generator is not None and not any(generator is own for own in self.generators):
            raise WrongDeviceError("a generator of the CPU draws for a tensor that is elsewhere")

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        there = [x for x in tensors if self.has(x)]
        strangers = [x for x in tensors if x.ndim and not self.has(x)]
        if there and strangers and func.overloadpacket.__name__ not in ACROSS:
            raise WrongDeviceError(
                f"{func.overloadpacket.__name__} meets a tensor of the CPU, of the shape "
                f"{tuple(strangers[0].shape)}, beside one that is elsewhere"
            )
        if there:
            self.check_generator(kwargs)
        found = func(*args, **kwargs)
        if there or (not tensors and not self.explicitly_here):
            for x in tree_leaves(found):
                if isinstance(x, Tensor):
                    self.take(x)
        return found


def _real(x: Any) -> Any:
    """What there is in the place of a device that is pretended."""
    return HERE if isinstance(x, torch.device) and x == ELSEWHERE else x


class Words(TorchFunctionMode):
    """What is said of devices, by tensors and to those who make them."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        super().__init__()
        self.elsewhere = elsewhere

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs, elsewhere = kwargs or {}, self.elsewhere
        if func == Tensor.device.__get__:  # made anew each time
            return ELSEWHERE if elsewhere.has(args[0]) else HERE
        if func is Tensor.numpy and elsewhere.has(args[0]):
            raise WrongDeviceError("numpy() needs a tensor of the CPU")
        if func is Tensor.cpu:
            return self._moved(args[0], HERE)
        if func is Tensor.__deepcopy__:
            copy = func(*args, **kwargs)
            return elsewhere.take(copy) if elsewhere.has(args[0]) else copy
        named = [x for x in (*args, *kwargs.values()) if isinstance(x, torch.device | str)]
        devices = [str(x) for x in named if str(x) in (str(ELSEWHERE), str(HERE))]
        if func is Tensor.to and devices:
            others = (*args[1:], *kwargs.values())
            dtype = next((x for x in others if isinstance(x, torch.dtype)), None)
            moved = self._moved(args[0], torch.device(devices[0]))
            return moved.to(dtype) if dtype else moved
        real = tree_map(_real, (args, kwargs))
        if not devices:
            result = func(*real[0], **real[1])
            makes = func in torch.utils._device._device_constructors()
            if makes and isinstance(result, Tensor):
                elsewhere.check_generator(kwargs)
                elsewhere.take(result)
            return result
        before, elsewhere.explicitly_here = elsewhere.explicitly_here, devices[0] == str(HERE)
        try:
            result = func(*real[0], **real[1])
        finally:
            elsewhere.explicitly_here = before
        if devices[0] == str(ELSEWHERE) and isinstance(result, Tensor):
            elsewhere.take(result)
        return result

    def _moved(self, x: Tensor, device: torch.device) -> Tensor:
        if (device == ELSEWHERE) == self.elsewhere.has(x):
            return x
        with torch.utils._python_dispatch._disable_current_modes():
            copy = x.detach().clone()
        return self.elsewhere.take(copy) if device == ELSEWHERE else copy


@contextlib.contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """From now on the default device is another one than the CPU, as far as anybody can tell."""
    there, generator = Elsewhere(), torch.Generator

    class Generators:
        def __new__(cls, device: Any = HERE) -> torch.Generator:  # type: ignore[misc]  # pretends
            made = generator()
            if device == ELSEWHERE:
                there.generators.append(made)
            return made

    with (
        there,
        Words(there),
        mock.patch.object(torch, "Generator", Generators),
        mock.patch.object(torch, "get_default_device", return_value=ELSEWHERE),
    ):
        yield there


def wrong_device(case: Case) -> str:
    """What a claim does on the wrong device; empty where it stays where its subject is."""
    test = function(case.place)
    few = asked_by(test, max_examples=A_FEW, phases=[Phase.explicit, Phase.generate])
    with elsewhere(), few if hasattr(test, "hypothesis") else contextlib.nullcontext():
        try:
            case.ask()
        except NotProvided:
            return ""
        except ANSWERS as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return ""


def asked(component: str) -> list[Case]:
    """Each claim about a component once, with the first of its parameters; experiments, which take
    long and only train, are left out."""
    found: dict[str, Case] = {}
    for case in cases(Subject("torch"), component):
        kinds = [kind for id in case.place.ids for kind in ledger()[id].kind]
        is_asked = "experiment" not in kinds and case.place.name not in (*PROFILED, *IN_FILES)
        if case.provided and is_asked:
            found.setdefault(case.place.name, replace(case, device=str(ELSEWHERE)))
    return [*found.values()]


def main(*names: str) -> int:
    """Every claim that leaves the device of its subject."""
    profiles.load_suite()
    wrong = 0
    # Files are read where there is memory, so what becomes of devices in them is not pretended.
    here = [c for c in KNOWN if c not in COMPONENTS["checkpoints"]]
    for component in [c for c in here if not names or {c, chapter_of(c)} & {*names}]:
        every = asked(component)
        print(f"{component}: {len(every)} claims", flush=True)
        for case in every:
            told = wrong_device(case)
            wrong += bool(told)
            if told:
                print(f"  {case.test.partition('[')[0]}: {told}", flush=True)
    print(f"claims that leave the device of their subject: {wrong}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
