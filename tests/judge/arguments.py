"""What a claim is given: for each of its arguments the component, or the helper, of that name.

Both who runs claims on a subject (`collecting`) and who runs them on impostors (`teeth`) ask here.
"""

import inspect
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sums_to_one.tests.judge.components import ALSO, GROUPS, KNOWN

Function = Callable[..., Any]


class Provider(Protocol):
    """A subject, or whatever else has components by their names."""

    @property
    def name(self) -> str: ...

    def component(self, name: str) -> Function | None: ...


class Component:
    """What a claim judges: called as the function or the class is that it stands for.

    It knows its name, so that a claim about a group can tell whom it has before it.

    Args:
        name: of the component.
        function: of the subject.
        also: arguments that this member of a group needs, and others do not.
    """

    def __init__(self, name: str, function: Function, **also: Any) -> None:
        self.name, self.function, self.also = name, function, also

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        return self.function(*arguments, **self.also, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copying and pickling ask for names that a class has, too
            raise AttributeError(name)
        return getattr(self.function, name)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.function)

    def __instancecheck__(self, made: object) -> bool:
        return isinstance(made, self.function)  # type: ignore[arg-type]  # asked of classes only

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Judged:
    """What one run of a claim judges: these components of this subject, or one of a group."""

    subject: Provider
    components: tuple[str, ...]
    as_group: bool

    @property
    def label(self) -> str:
        return f"{self.subject.name}-{self.components[0]}" if self.as_group else self.subject.name

    def argument(self, name: str, until: ExitStack) -> Any:
        """What a claim gets for its argument of that name.

        Args:
            name: a component, a group, or one of OTHERS.
            until: where what must be cleared away afterwards is entered.
        """
        if name in GROUPS:
            (name,) = self.components
            return self._component(name, **ALSO.get(name, {}))
        return OTHERS[name](self, until) if name in OTHERS else self._component(name)

    def _component(self, name: str, **also: Any) -> Component | None:
        function = self.subject.component(name)
        return function and Component(name, function, **also)


def _folder(judged: Judged, until: ExitStack) -> Path:
    """An empty folder, by the name that the system has for it."""
    return Path(os.path.realpath(until.enter_context(tempfile.TemporaryDirectory())))


# Arguments that are no component under judgement: who reads the checkpoints that a subject writes,
# and who writes those that it reads, for the two may agree on any format (None: as documented).
OTHERS: dict[str, Callable[[Judged, ExitStack], Any]] = {
    "reader": lambda judged, until: judged.subject.component("load_checkpoint"),
    "writer": lambda judged, until: judged.subject.component("save_checkpoint"),
    "here": _folder,
}
ARGUMENTS = (*KNOWN, *GROUPS, *OTHERS)
