"""Impostors and right versions: `tests/<chapter>/impostors/<component>.py` holds both.

An impostor is a function or class that looks right, is wrong, and is marked `@refused_by(...)`
with the claims that must refuse it. A right version looks different, is right, and is marked
`@accepted`. One that lacks an extra, and says so by an error, is accepted within that limit; it is
marked `@remarked("5 dimensions")`. What is wrong only of those who declare 16 bits is `@in_full`.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sums_to_one.tests.common.limits import NAMES, Limits, read
from sums_to_one.tests.judge.components import chapter_of, file_of
from sums_to_one.tests.judge.subjects import Subject

Function = TypeVar("Function", bound=Callable[..., Any])


def refused_by(*claims: str) -> Callable[[Function], Function]:
    """Mark an impostor with the names of the claims that must refuse it."""

    def mark(function: Function) -> Function:
        setattr(function, "refused_by", claims)  # noqa: B010 - mypy knows no such attribute
        return function

    return mark


def accepted(function: Function) -> Function:
    """Mark a right version, written another way."""
    return refused_by()(function)


def remarked(*extras: str) -> Callable[[Function], Function]:
    """Mark a version that refuses these extras openly: it is accepted, with a remark on each."""

    def mark(function: Function) -> Function:
        setattr(function, "remarked", extras)  # noqa: B010 - mypy knows no such attribute
        return accepted(function)

    return mark


def in_full(function: Function) -> Function:
    """Let a version declare its dtypes of 16 bits: then no sum may be rounded at every step."""
    setattr(function, "limits", {"dtypes": [*NAMES]})  # noqa: B010 - mypy knows no such attribute
    return function


@dataclass(frozen=True)
class Version:
    """One implementation of a component, and the claims that must refuse it."""

    of: str
    name: str
    function: Callable[..., Any]
    refused_by: tuple[str, ...] = ()
    remarked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.of}-{self.name}"

    def component(self, name: str) -> Callable[..., Any] | None:
        """As of a subject: other components are PyTorch's, or what it brings as an attribute."""
        if name == self.of:
            return self.function
        return Subject("torch").component(name) or getattr(self.function, name, None)

    def limits(self, name: str) -> Limits:
        """What its attribute of that name declares, as anybody's."""
        return read(getattr(self.component(name), "limits", {}), str(self))


def versions(component: str) -> list[Version]:
    """The impostors of a component, and its right versions."""
    where = f"sums_to_one.tests.{chapter_of(component)}.impostors.{file_of(component)}"
    return [
        Version(component, name, function, function.refused_by, vars(function).get("remarked", ()))
        for name, function in vars(importlib.import_module(where)).items()
        if "refused_by" in getattr(function, "__dict__", ())  # a subclass does not inherit it
    ]
