"""Keyword arguments that an implementation may leave out."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest


def option(function: Callable[..., Any], name: str) -> None:
    """End the test as not provided where the function has no argument of that name."""
    try:
        names: object = inspect.signature(function).parameters
    except ValueError:  # a function written in C; those in PyTorch that we know take no options
        names = ()
    if name not in names:  # type: ignore[operator]
        pytest.skip(f"not provided: the argument {name!r}")
