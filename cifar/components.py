"""Where the network takes its parts from: the first subject that provides each.

`Components("concepts", "torch")` answers `components.relu` with our own ReLU if there is one and
with PyTorch's if not. Names and signatures are PyTorch's throughout, so the rest of this package
never knows whose part it holds.

Read next: `cifar/model.py`, which puts the parts together.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from sums_to_one.cifar.modules import load
from sums_to_one.cifar.settings import RefusedError


class SubjectError(RefusedError):
    """A subject that cannot be imported, or none at all."""


class MissingComponentError(RefusedError, AttributeError):
    """None of the subjects provides the component."""


class Components:
    """A namespace of components, each from the first subject that provides it.

    Args:
        subjects: module names or paths of Python files, in the order in which they are asked.

    Raises:
        SubjectError: no subject is named, or one of them cannot be imported.

    Attributes:
        subjects: their names, in the order in which they are asked.

    Example:
        >>> components = Components("concepts", "torch")
        >>> components.Linear(3, 2)
        Linear(in_features=3, out_features=2, bias=True)
        >>> print(components)
        nothing from concepts; Linear from torch
    """

    def __init__(self, *subjects: str) -> None:
        if not subjects:
            raise SubjectError("components must come from at least one subject, got none")
        self.subjects = list(subjects)
        self._places = {name: _places(name) for name in subjects}
        self._origins: dict[str, str] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):  # copying and pickling ask for names that no component has
            raise AttributeError(name)
        for subject, places in self._places.items():
            for place in places:
                component: Callable[..., Any] | None = getattr(place, name, None)
                if callable(component):
                    self._origins[name] = subject
                    return component
        asked = ", ".join(self.subjects)
        raise MissingComponentError(
            f"one of the subjects must provide {name}, got {asked}; torch has most components"
        )

    def origins(self) -> dict[str, str]:
        """The subject of every component that has been asked for so far, in that order."""
        return dict(self._origins)

    def __str__(self) -> str:
        names: dict[str, list[str]] = {subject: [] for subject in self.subjects}
        for name, subject in self._origins.items():
            names[subject].append(name)
        return "; ".join(
            f"{', '.join(found) or 'nothing'} from {subject}" for subject, found in names.items()
        )


# Where a subject keeps its components, if that is not the module of its name.
PLACES = {
    "concepts": ("sums_to_one.concepts",),
    "torch": ("torch.nn.functional", "torch.nn", "torch.nn.init", "torch.optim"),
}


def _places(name: str) -> list[ModuleType]:
    """The modules in which a subject keeps its components."""
    try:
        return [load(place) for place in PLACES.get(name, (name,))]
    except (Exception, SystemExit) as problem:  # a stranger's module may fail in any way
        raise SubjectError(
            f"a subject must be a module or a .py file that can be imported, got {name!r} "
            f"({type(problem).__name__}: {problem})"
        ) from None
