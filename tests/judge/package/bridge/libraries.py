"""What the arrays of a library are: how a tensor becomes one, and one a tensor, and derivatives."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Function = Callable[..., Any]


class Library:
    """NumPy, which all others resemble; it has no derivatives but those that are written by hand.

    Args:
        has_bfloat16: NumPy has bfloat16 once the package ml_dtypes is there, and is asked for it.
    """

    name = "numpy"
    derivatives = 0  # how often it differentiates a function by itself

    def __init__(self, has_bfloat16: bool = False) -> None:
        self.dtypes = ["float64", "float32", "float16", *["bfloat16"] * has_bfloat16]

    def into(self, x: Tensor) -> Any:
        """The array that shares its memory with a tensor, in the layout that it has."""
        x = x.detach()
        if x.dtype != torch.bfloat16:
            return x.numpy()
        return x.view(torch.int16).numpy().view(_bfloat16())

    def back(self, came: Any) -> Tensor:
        """A tensor of the numbers that came, in the dtype in which they came."""
        array = np.array(came) if np.ndim(came) == 0 else np.asarray(came)
        if array.dtype.name == "bfloat16":
            return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
        if any(step < 0 for step in array.strides) or not array.flags.writeable:
            array = array.copy()  # torch has neither steps back nor what cannot be written to
        return torch.from_numpy(array)

    def vjp(self, function: Function, gradient: Any, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The gradient of sum(gradient * function(*arrays)) by each of the arrays."""
        raise NotImplementedError(f"{self.name} has no derivatives of its own: give a backward")

    def random(self, seed: int) -> Any:
        """A source of random numbers that starts from this seed."""
        return np.random.default_rng(seed)

    def dtype(self, dtype: torch.dtype) -> Any:
        """The library's own dtype of that name."""
        return _bfloat16() if dtype == torch.bfloat16 else np.dtype(str(dtype)[6:])


class Jax(Library):
    """JAX: it differentiates as often as one likes, and has all four dtypes."""

    name, derivatives = "jax", 2

    def __init__(self) -> None:
        super().__init__(has_bfloat16=True)
        importlib.import_module("jax").config.update("jax_enable_x64", True)  # else no float64

    def into(self, x: Tensor) -> Any:
        # A copy: JAX may take over the memory of an array that is laid out as it likes.
        return importlib.import_module("jax.numpy").array(super().into(x), copy=True)

    def vjp(self, function: Function, gradient: Any, arrays: Sequence[Any]) -> tuple[Any, ...]:
        _, pull = importlib.import_module("jax").vjp(function, *arrays)
        found: tuple[Any, ...] = pull(gradient)
        return found

    def random(self, seed: int) -> Any:
        return importlib.import_module("jax.random").key(seed)


class Tinygrad(Library):
    """tinygrad: its gradients are tensors, which it may differentiate once more."""

    name, derivatives = "tinygrad", 1

    def __init__(self) -> None:
        super().__init__()

    def into(self, x: Tensor) -> Any:
        tensors = importlib.import_module("tinygrad").Tensor
        return tensors(np.ascontiguousarray(super().into(x)).reshape(x.shape))

    def back(self, came: Any) -> Tensor:
        return super().back(came.numpy() if hasattr(came, "lazydata") or _is_one(came) else came)

    def vjp(self, function: Function, gradient: Any, arrays: Sequence[Any]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = tuple((function(*arrays) * gradient).sum().gradient(*arrays))
        return found


LIBRARIES: dict[str, Callable[[], Library]] = {
    "numpy": Library,
    "numpy with bfloat16": lambda: Library(has_bfloat16=True),
    "jax": Jax,
    "tinygrad": Tinygrad,
}


def library_of(name: str) -> Library:
    """The library of that name, imported now.

    Raises:
        ValueError: there is no bridge to it.
        ModuleNotFoundError: it is not installed.
    """
    if name not in LIBRARIES:
        raise ValueError(f"library must be one of {', '.join(LIBRARIES)}, got {name!r}")
    return LIBRARIES[name]()


def random(library: str = "numpy", generator: torch.Generator | None = None) -> Any:
    """A source of random numbers of another library that torch's own seeds.

    So torch.manual_seed repeats them, and every call draws new ones.

    Args:
        library: whose; NumPy's is a Generator, JAX's a key.
        generator: of torch, if not the one that all share.

    Example:
        >>> state = torch.manual_seed(0)
        >>> one = random().random(2)
        >>> state = torch.manual_seed(0)
        >>> bool((random().random(2) == one).all())
        True
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    return library_of(library).random(seed)


def _bfloat16() -> Any:
    try:
        return importlib.import_module("ml_dtypes").bfloat16
    except ModuleNotFoundError as error:
        raise NotImplementedError("NumPy has bfloat16 where ml_dtypes is installed") from error


def _is_one(came: Any) -> bool:
    return type(came).__module__.startswith("tinygrad")
