"""What a claim is given: for each of its arguments the component, or the helper, of that name.

Both who runs claims on a subject (`collecting`) and who runs them on impostors (`teeth`) ask here.
"""

import dataclasses
import functools
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sums_to_one.tests.common.component import Component
from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge import hearing_parameters
from sums_to_one.tests.judge.components import ALSO, GROUPS, KNOWN
from sums_to_one.tests.judge.hearing import Heard, hear
from sums_to_one.tests.judge.hearing_files import FILES, fitted

Function = Callable[..., Any]


class Provider(Protocol):
    """A subject, or whatever else has components by their names."""

    @property
    def name(self) -> str: ...

    def component(self, name: str) -> Function | None: ...

    def limits(self, name: str) -> Limits: ...

    def __hash__(self) -> int: ...


@functools.cache
def heard(subject: Provider, component: str) -> Heard:
    """The limits of a component of a subject, declared and heard."""
    function = subject.component(component)
    declared = subject.limits(component)
    if function is None:
        return Heard(declared)
    other = subject.component(FILES[component]) if component in FILES else None
    found = hear(component, function, declared, other)
    return dataclasses.replace(found, strict=getattr(subject, "strict", False))


@dataclass(frozen=True)
class Judged:
    """What one run of a claim judges: these components of this subject, or one of a group."""

    subject: Provider
    components: tuple[str, ...]
    as_group: bool

    @property
    def label(self) -> str:
        return f"{self.subject.name}-{self.components[0]}" if self.as_group else self.subject.name

    @property
    def limits(self) -> Limits:
        """Those of all components that are judged: what a claim may ask."""
        found = [self.heard(component).limits for component in self.components]
        return functools.reduce(Limits.within, found)

    @property
    def hears(self) -> bool:
        """Whether what is not implemented, and says so, is a limit: where anything at all is."""
        found = [self.heard(component) for component in self.components]
        return all(each.takes_something and not each.strict for each in found)

    def heard(self, component: str) -> Heard:
        """What one of the components declares and refuses."""
        return heard(self.subject, component)

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
        return _component(self.subject, name, **also)


@functools.cache
def _component(subject: Provider, name: str, **also: Any) -> Component | None:
    """One and the same for all claims, which may remember what they have found of it."""
    function = subject.component(name)
    if function and name in FILES:
        function = fitted(function, heard(subject, name).limits.without)
    elif function and name in GROUPS["initializer"]:
        function = hearing_parameters.fitted(name, function, heard(subject, name).limits.without)
    return function and Component(name, function, **also)


def _other(judged: Judged, name: str) -> Function | None:
    """Who reads, or writes, the files of whoever is judged."""
    function = judged.subject.component(name)
    return function and fitted(function, judged.limits.without)


def _folder(judged: Judged, until: ExitStack) -> Path:
    """An empty folder, by the name that the system has for it."""
    return Path(os.path.realpath(until.enter_context(tempfile.TemporaryDirectory())))


# Arguments that are no component under judgement: who reads the checkpoints that a subject writes,
# and who writes those that it reads, for the two may agree on any format (None: as documented).
OTHERS: dict[str, Callable[[Judged, ExitStack], Any]] = {
    "reader": lambda judged, until: _other(judged, "load_checkpoint"),
    "writer": lambda judged, until: _other(judged, "save_checkpoint"),
    "here": _folder,
    "heard": lambda judged, until: judged.heard(judged.components[0]),
}
ARGUMENTS = (*KNOWN, *GROUPS, *OTHERS)
