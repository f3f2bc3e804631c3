"""Where an error was raised, and so whether somebody meant it, and had said it before."""

import dis
from types import TracebackType

import torch

Site = tuple[tuple[str, int], ...]  # lines, each with its file

JUDGED_HERE = (".impostors.", ".judge.controls", ".judge.test_")  # where subjects are made
LIBRARIES = ("torch", "numpy", "scipy", "builtins")  # which nobody is judged for
RAISE = dis.opmap["RAISE_VARARGS"]  # what `raise` and `assert` are, once they are compiled

# What PyTorch's base classes give, and a plain class need not have.
OF_BASES = {*dir(torch.nn.Module), "zero_grad", "add_param_group", "param_groups", "defaults"}


def raised_at(error: BaseException) -> Site | None:
    """The line of a `raise` or `assert` of a subject, and the one before on the way to it.

    None for a crash: what falls over somewhere inside says nothing about what is meant.
    """
    walk = [(step.tb_frame, step.tb_lasti, step.tb_lineno) for step in _steps(error)]
    if not walk:
        return None
    frame, instruction, _ = walk[-1]
    if frame.f_code.co_code[instruction] != RAISE or not is_theirs(_module(frame.f_globals)):
        return None
    lines = [
        (frame.f_code.co_filename, line)
        for frame, _, line in walk
        if is_theirs(_module(frame.f_globals))
    ]
    return tuple(lines[-2:])


def lacks(error: AttributeError) -> str | None:
    """The name of what a claim looked for in an object of a plain class, which need not have it."""
    kind, steps = type(error.obj), _steps(error)
    in_a_claim = bool(steps) and not is_theirs(_module(steps[-1].tb_frame.f_globals))
    is_plain = is_theirs(kind.__module__) and not isinstance(error.obj, torch.nn.Module)
    return error.name if in_a_claim and is_plain and error.name in OF_BASES else None


def is_theirs(module: str) -> bool:
    """Whether a module is one of who is judged, and not of PyTorch, of claims or of their helpers.

    Example:
        >>> is_theirs("solution"), is_theirs("torch.nn"), is_theirs("sums_to_one.tests.common")
        (True, False, False)
    """
    if module.startswith("sums_to_one.tests."):
        return any(part in module for part in JUDGED_HERE)
    return module.partition(".")[0] not in LIBRARIES


def _steps(error: BaseException) -> list[TracebackType]:
    """From where it was caught to where it was raised."""
    steps, step = [], error.__traceback__
    while step:
        steps.append(step)
        step = step.tb_next
    return steps


def _module(names: dict[str, object]) -> str:
    return str(names.get("__name__", ""))


def is_a_claims(error: BaseException) -> bool:
    """Whether a claim or one of its helpers raised it."""
    steps = _steps(error)
    where = _module(steps[-1].tb_frame.f_globals) if steps else ""
    return where.startswith("sums_to_one.tests.") and not is_theirs(where)
