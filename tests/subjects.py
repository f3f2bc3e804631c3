"""Subjects: the modules that provide the components to be judged.

A subject is a dotted module name or the path of a Python file. It provides a component by
having a callable of that name. `torch` stands for the places where PyTorch keeps its own.
"""

import difflib
import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

COMPONENTS = {
    "activations": ("sigmoid", "tanh", "relu", "leaky_relu", "softmax"),
    "initialization": (
        "constant_",
        "zeros_",
        "ones_",
        "normal_",
        "uniform_",
        "xavier_uniform_",
        "xavier_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
    ),
    "losses": ("L1Loss", "MSELoss", "CrossEntropyLoss", "BCELoss", "BCEWithLogitsLoss"),
    "optimization": ("Variable", "gradient_descent", "SGD", "Adagrad", "RMSprop", "Adam"),
    "regularization": (
        "l1_penalty",
        "l2_penalty",
        "Dropout",
        "Dropout2d",
        "RandomHorizontalFlip",
        "RandomCrop",
        "RandomRotation",
        "ColorJitter",
        "Normalize",
        "Compose",
    ),
    "normalization": ("BatchNorm1d", "BatchNorm2d"),
    "checkpoints": ("save_checkpoint", "load_checkpoint"),
}
KNOWN = tuple(name for names in COMPONENTS.values() for name in names)

# A test that asks for a group is run for each of its members.
GROUPS = {
    "activation": COMPONENTS["activations"],
    "elementwise": ("sigmoid", "tanh", "relu", "leaky_relu"),
    "initializer": COMPONENTS["initialization"],
    "constant_initializer": COMPONENTS["initialization"][:3],
    "any_shape_initializer": COMPONENTS["initialization"][:5],
    "random_initializer": COMPONENTS["initialization"][3:],
    "fan_initializer": COMPONENTS["initialization"][5:],
    "loss": COMPONENTS["losses"],
    "optimizer": COMPONENTS["optimization"][2:],
    "penalty": COMPONENTS["regularization"][:2],
    "dropout": COMPONENTS["regularization"][2:4],
    "transform": COMPONENTS["regularization"][4:9],
    "batch_norm": COMPONENTS["normalization"],
}
# What a member needs besides the arguments that all members of its group take.
ALSO: dict[str, dict[str, Any]] = {"softmax": {"dim": -1}, "constant_": {"val": 0.75}}

OURS = ("concepts", "torch")  # judged when nobody names a subject
TORCH_PLACES = (
    "torch.nn.functional",
    "torch.nn",
    "torch.nn.init",
    "torch.optim",
    "torch.autograd",
)
# Slow to import, so looked into for these alone.
TORCHVISION = "torchvision.transforms.v2"
TRANSFORMS = COMPONENTS["regularization"][4:]


class SubjectError(Exception):
    """A subject that cannot be judged; the message is for the person who named it."""


@dataclass(frozen=True)
class Subject:
    """The module of the given name, as a place to look components up in."""

    name: str

    def component(self, name: str) -> Callable[..., Any] | None:
        """The component of that name, or None where the subject does not provide it."""
        for place in self._places(name):
            found = getattr(place, name, None)
            if callable(found):
                return found
        return None

    def provides(self, names: Collection[str]) -> bool:
        if self.name in _provided:
            return set(names) <= set(_provided[self.name])
        return all(self.component(name) for name in names)

    def _places(self, component: str) -> Iterator[ModuleType]:
        if self.name == "torch":
            places = (TORCHVISION,) if component in TRANSFORMS else TORCH_PLACES
            yield from map(importlib.import_module, places)
        else:
            yield _load(self.name)


@dataclass(frozen=True)
class Judged:
    """What one test judges: these components of this subject."""

    subject: Subject
    components: tuple[str, ...]
    as_group: bool

    @property
    def label(self) -> str:
        return f"{self.subject.name}-{self.components[0]}" if self.as_group else self.subject.name


def asked_for(arguments: Sequence[str]) -> list[tuple[str, ...]]:
    """The components that a test with these arguments judges, once per run of the test."""
    for argument in arguments:
        if argument in GROUPS:
            return [(member,) for member in GROUPS[argument]]
    names = tuple(argument for argument in arguments if argument in KNOWN)
    return [names] if names else []


@dataclass(frozen=True)
class Member:
    """A component as all members of its group can be called; it knows which of them it is."""

    component: str
    function: Callable[..., Any]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.function(*arguments, **ALSO.get(self.component, {}), **options)


def file_of(component: str) -> str:
    """What its three files are called: `CrossEntropyLoss` has `cross_entropy_loss.py`."""
    if component == "RMSprop":  # RMS is short for root mean square, prop for propagation
        return "rmsprop"
    return re.sub("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", component).lower()


def requested(names: Sequence[str]) -> list[Subject]:
    """The subjects to judge: those named, each looked at beforehand, or else our own two."""
    if not names:
        return [Subject(name) for name in OURS]
    import torch  # noqa: F401 - once, before the processes that look at the subjects fork

    return [_looked_at(name) for name in dict.fromkeys(names)]


_provided: dict[str, tuple[str, ...]] = {}  # by subject, of those that were named


def _looked_at(name: str) -> Subject:
    from tests.isolation import in_a_fork

    if name.endswith(".py") and not Path(name).is_file():
        raise SubjectError(f"a subject is a .py file or a module: there is no file {name!r}")
    answer = in_a_fork(lambda: _look(name), f"importing the subject {name!r}")
    if isinstance(answer, str):
        raise SubjectError(answer)
    _provided[name] = tuple(answer)
    return Subject(name)


def _look(name: str) -> list[str] | str:
    """The known components of a subject, or the reason why it cannot be judged."""
    try:
        module = _load(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            return f"a subject is a .py file or a module: there is no module {name!r}"
        return f"the subject {name!r} cannot be imported:\n\n{_its_own_traceback(error)}"
    except BaseException as error:  # its import may also exit, or ask for the keyboard
        return f"the subject {name!r} cannot be imported:\n\n{_its_own_traceback(error)}"
    components = [known for known in KNOWN if Subject(name).component(known)]
    if components:
        return components
    return f"the subject {name!r} provides no known component; {_nearest(module)}"


def _nearest(module: ModuleType) -> str:
    lines = [f"known are {', '.join(KNOWN)}"]
    for own in sorted(vars(module)):
        near = difflib.get_close_matches(own.lower(), KNOWN, n=1)
        if near and not own.startswith("_"):
            lines.append(f"it has {own!r}: did you mean {near[0]!r}?")
    return "\n".join(lines)


def _its_own_traceback(error: BaseException) -> str:
    """The traceback without the frames of the import system and of this file."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(
        frame
        for frame in told.stack
        if frame.filename != __file__ and "importlib" not in frame.filename
    )
    return "".join(told.format())


def _load(name: str) -> ModuleType:
    if not name.endswith(".py"):
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())
        return importlib.import_module(name)
    path = Path(name).resolve()
    unique = f"subject_{abs(hash(str(path)))}"  # two files of one name are two modules
    if unique not in sys.modules:
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))  # a subject may import the files beside it
        spec = importlib.util.spec_from_file_location(unique, path)
        assert spec is not None, path
        assert spec.loader is not None, path
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[unique]
            raise
    return sys.modules[unique]
