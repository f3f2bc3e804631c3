"""What may be refused: an error is an outcome like any other, and is judged like one."""

from collections.abc import Callable
from typing import Any

from sums_to_one.tests.common.options import feature, option

# By which what makes no sense may be refused: nobody promises which of them it is.
REFUSALS = (ValueError, TypeError, LookupError, RuntimeError, AssertionError)


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns, or the error that it raises instead."""
    try:
        return call()
    except Exception as error:
        return error


def needs_options(component, *arguments: Any, **options: Any) -> None:
    """End the claim as not provided where an option is lacking, or refused when it is given.

    Who takes any keywords, and hands them on, may still know nothing of this one.
    """
    option(component, *options)
    with feature(f"the arguments {', '.join(options)}"):
        component(*arguments, **options)
