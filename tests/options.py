"""Keyword arguments that an implementation may leave out."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest


def option(function: Callable[..., Any], name: str) -> None:
    """End the test as not provided where the function has no argument of that name."""
    try:
        names: object = inspect.signature(function).parameters
    except ValueError:  # a function written in C does not tell what it takes
        names = ()
    if name not in names:  # type: ignore[operator]
        # The verdict is "not provided", which is not "passed": see _outcome in tests/verdicts.py.
        pytest.skip(f"not provided: the argument {name!r}")
