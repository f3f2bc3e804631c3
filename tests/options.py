"""Keyword arguments that an implementation may leave out."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest


def option(component: Callable[..., Any], *names: str) -> None:
    """End the test as not provided where the component lacks an argument of one of these names."""
    for name in names:
        if not provides(component, name):
            # Reason: a claim about what is not there can neither hold nor fail. The verdict is
            # "not provided", which never counts as passed: see _outcome in tests/verdicts.py.
            pytest.skip(f"not provided: the argument {name!r}")  # shown as such in every verdict


def provides(component: Callable[..., Any], name: str) -> bool:
    """Whether a function, or the constructor of a class, has an argument of that name."""
    try:
        return name in inspect.signature(component).parameters
    except ValueError:  # a function written in C does not tell what it takes
        return False
