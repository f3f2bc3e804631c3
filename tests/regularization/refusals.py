"""What may be refused: an error is an outcome like any other, and is judged like one."""

from collections.abc import Callable
from typing import Any


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns, or the error that it raises instead."""
    try:
        return call()
    except Exception as error:
        return error
