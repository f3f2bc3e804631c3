"""Initializers that take nothing but parameters: heard once, and asked with parameters."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES
from sums_to_one.tests.common.raised import raised_at
from sums_to_one.tests.judge.components import GROUPS
from sums_to_one.tests.judge.plain_use import plain_input

Function = Callable[..., Any]
PLAIN = "plain tensors"  # the name that `without` has for them


def fitted(component: str, function: Function, without: frozenset[str]) -> Function:
    """The same, which is given a parameter in the place of a tensor, with the same memory."""
    if PLAIN not in without or component not in GROUPS["initializer"]:
        return function

    @functools.wraps(function)
    def called(tensor: Tensor, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        parameter = torch.nn.Parameter(tensor, requires_grad=tensor.requires_grad)
        came = function(parameter, *arguments, **options)
        return tensor if came is parameter else came

    return called


def why_no_tensors(component: str, function: Function) -> Exception | None:
    """By which error tensors are refused where parameters are not."""
    if component not in GROUPS["initializer"]:
        return None
    also = (0.5,) if component == "constant_" else ()
    for dtype in DTYPES[:2]:
        x = plain_input(component, 2, dtype)
        error, of_a_parameter = (_error_of(function, w, *also) for w in (x, torch.nn.Parameter(x)))
        if error and raised_at(error) and not of_a_parameter:
            return error
    return None


def _error_of(function: Function, *arguments: Any) -> Exception | None:
    try:
        with torch.random.fork_rng(devices=[]):
            function(*arguments)
    except Exception as error:  # a refusal is one whatever its type
        return error
    return None
