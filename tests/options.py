"""What an implementation may leave out: arguments, methods, features."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
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


def needs(made: object, *names: str) -> None:
    """End the test as not provided where an object lacks one of these methods or attributes."""
    for name in names:
        if not hasattr(made, name):
            # Reason: as above; of what is not there a claim can neither hold nor fail.
            pytest.skip(f"not provided: {name!r}")  # shown as such in every verdict


@contextlib.contextmanager
def feature(what: str) -> Iterator[None]:
    """End the test as not provided where a first, plain use of a feature raises an error.

    For arguments that an implementation has, but takes only some of the values of.
    """
    try:
        yield
    except (RuntimeError, TypeError, ValueError):  # NotImplementedError is a RuntimeError
        # Reason: as above; a feature that is denied in so many words does nothing wrong.
        pytest.skip(f"not provided: {what}")  # shown as such in every verdict


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
