"""How a subject is asked: in one dtype, on a device, and what becomes of it before.

Every way of asking takes these three by the same names, and finds the same.
"""

import functools
import importlib
import inspect
import itertools
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sums_to_one.tests.common.limits import EVERYTHING, NAMES, SIXTEEN_BITS, Limits
from sums_to_one.tests.judge.compiling import as_compiling, compiled

Function = Callable[..., Any]
CPU = "cpu"


@dataclass(frozen=True)
class Variant:
    """One way of asking a subject.

    Args:
        dtype: the only one to judge in; empty for all that a component documents.
        device: where the tensors live that claims make.
        transform: a name in TRANSFORMS, or MODULE:FUNCTION.
    """

    dtype: str = ""
    device: str = CPU
    transform: str = ""

    @property
    def limits(self) -> Limits:
        """What is asked in that dtype."""
        if not self.dtype:
            return EVERYTHING
        dtype = NAMES[self.dtype]
        return Limits(dtypes=(dtype,), in_full=dtype in SIXTEEN_BITS)

    def takes(self, dtypes: Collection[Any]) -> bool:
        """Whether a component of these dtypes can be asked at all."""
        return not self.dtype or NAMES[self.dtype] in dtypes

    def called(self, name: str) -> str:
        """A subject that is asked so, for people."""
        words = [f"in {self.dtype}"] if self.dtype else []
        words += [f"on {self.device}"] if self.device != CPU else []
        words += [f"by {self.transform}"] if self.transform else []
        return " ".join([name, *words])


AS_IT_IS = Variant()


def variants(
    dtypes: Collection[str] | None, devices: Collection[str] | None, transform: str
) -> list[Variant]:
    """Every dtype on every device.

    Raises:
        ValueError: a name is no dtype's, or names are none.
    """
    every = itertools.product(dtypes_among(dtypes), devices_among(devices))
    return [Variant(dtype or "", device or CPU, transform) for dtype, device in every]


def dtypes_among(names: Collection[str | None] | None) -> list[str | None]:
    """The names of dtypes, looked at; None for all at once."""
    if names is None or [*names] == [None]:
        return [None]
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        raise ValueError(f"dtypes must be names among {', '.join(NAMES)}, got {[*names]!r}")
    return [*dict.fromkeys(names)]


def devices_among(names: Collection[str | None] | None) -> list[str | None]:
    """The names of devices; None for wherever the run is."""
    if names is not None and not names:
        raise ValueError("devices must name at least one, got none")
    return [None] if names is None else [*dict.fromkeys(names)]


@functools.cache
def is_present(device: str) -> bool:
    """Whether a tensor can be made there; a name that is no device's is an error."""
    if device == CPU:
        return True
    import torch

    torch.device(device)
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):  # the second where torch was built without it
        return False
    return True


@functools.cache  # for a component must be one and the same for all claims
def transformed(name: str, component: Function) -> Function | None:
    """What becomes of a component; None where such a transform does not take it."""
    if not name:
        return component
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of whoever transforms: a stranger may make them errors
        return as_compiling(function_of(name))(component)


def function_of(name: str) -> Function:
    """A transform by its name.

    Raises:
        ValueError: there is no such one.
    """
    if name in TRANSFORMS:
        return TRANSFORMS[name]
    check_transform(name)
    module, _, attribute = name.partition(":")
    found: Function = getattr(importlib.import_module(module), attribute)
    return found


def scripted(component: Function) -> Function | None:
    """By torch.jit.script, which takes many functions that are written in Python, and not all."""
    import torch

    if not inspect.isfunction(component):
        return None
    try:
        script: Function = torch.jit.script(component)
    except Exception:  # it has many for what it does not take
        return None
    return script


def mapped(component: Function) -> Function | None:
    """By torch.vmap, over one more dimension of every tensor, of size 1."""
    import torch

    if inspect.isclass(component):
        return None

    @functools.wraps(component)
    def batched(*arguments: Any, **options: Any) -> Any:
        tensors = [a[None] if isinstance(a, torch.Tensor) else a for a in arguments]
        axes = tuple(0 if isinstance(a, torch.Tensor) else None for a in arguments)
        each = functools.partial(component, **options)
        came = torch.vmap(each, in_dims=axes, randomness="different")(*tensors)[0]
        return next((a for a in arguments if _is_the_same(a, came)), came)

    return batched


def _is_the_same(given: Any, came: Any) -> bool:
    """Whether what came is what was given, written to in its place and seen by another tensor."""
    import torch

    if not isinstance(given, torch.Tensor) or not isinstance(came, torch.Tensor):
        return False
    where = [
        (x.untyped_storage().data_ptr(), x.storage_offset(), x.stride()) for x in (given, came)
    ]
    return given.shape == came.shape and where[0] == where[1]


def check_transform(name: str) -> None:
    """Refuse what cannot be a transform's name, before anything is imported."""
    module, _, attribute = name.partition(":")
    if name not in TRANSFORMS and not (module and attribute):
        raise ValueError(
            f"a transform must be {', '.join(TRANSFORMS)} or MODULE:FUNCTION, got {name!r}"
        )


TRANSFORMS: dict[str, Function] = {
    "compile": compiled,
    "compile-eager": functools.partial(compiled, backend="eager"),
    "compile-aot_eager": functools.partial(compiled, backend="aot_eager"),
    "script": scripted,
    "vmap": mapped,
}
