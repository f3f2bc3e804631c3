"""Keyword arguments that an implementation may leave out."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch


def option(component: Callable[..., Any], *names: str) -> None:
    """End the test as not provided where the component lacks an argument of one of these names."""
    for name in names:
        if not provides(component, name):
            # Reason: a claim about what is not there can neither hold nor fail. The verdict is
            # "not provided", which never counts as passed: see _outcome in tests/verdicts.py.
            pytest.skip(f"not provided: the argument {name!r}")  # shown as such in every verdict


def provides(component: Callable[..., Any], name: str) -> bool:
    """Whether a function, or the constructor of a class, takes an argument of that name."""
    classes = getattr(component, "__mro__", ())
    constructors = [vars(c)["__init__"] for c in classes if "__init__" in vars(c)]
    for function in constructors or [component]:
        try:
            arguments = inspect.signature(function).parameters
        except ValueError:  # a function written in C does not tell what it takes
            return False
        if name in arguments:
            return True
        if not any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values()):
            return False  # else any name is taken here, and handed on
    return constructors[:1] not in ([object.__init__], [torch.nn.Module.__init__])
