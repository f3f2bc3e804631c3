"""`check_component`: the claims about one function or class, in a notebook or a script."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from sums_to_one.tests.judge.asking import Case, Function, cases, given

REFUSED = ("failed", "error")


def check_component(
    component: str,
    function: Function,
    *,
    limits: Mapping[str, Any] | None = None,
    on_fail: Literal["raise", "warn"] | None = "raise",
    **others: Function,
) -> list[dict[str, Any]]:
    """Ask every claim about a component of a function or class.

    Args:
        component: the name of the component, such as "softmax".
        function: what is judged.
        limits: what it is not asked for, such as {"dtypes": ["float32"]}.
        on_fail: whether a refusal is raised, warned of, or only returned.
        others: components that are judged together with it, by their names.

    Returns:
        A dictionary for each claim, as in the verdicts: id, component, test, sentence, outcome
        ("passed", "failed" or "not provided") and counterexample.

    Raises:
        AssertionError: a claim refuses, and on_fail is "raise".
        ValueError: there is no such component, or on_fail is something else.

    Example:
        >>> import torch
        >>> found = check_component("tanh", torch.tanh)
        >>> {row["outcome"] for row in found} <= {"passed", "not provided"}
        True
    """
    if on_fail not in ("raise", "warn", None):
        raise ValueError(f'on_fail must be "raise", "warn" or None, got {on_fail!r}')
    subject = given({component: function, **others}, {component: limits or {}})
    asked: list[Case] = cases(subject, component)
    found = [asdict(verdict) for case in asked for verdict in case.verdicts()]
    refused = {row["test"]: row for row in found if row["outcome"] in REFUSED}
    if refused and on_fail:
        text = _told(component, [*refused.values()], len({row["test"] for row in found}))
        if on_fail == "raise":
            raise AssertionError(text)
        warnings.warn(text, stacklevel=2)
    return found


def _told(component: str, refused: list[dict[str, Any]], asked: int) -> str:
    lines = [f"{component} is refused by {len(refused)} of {asked} claims:"]
    for row in refused:
        lines += [f"✗ {row['sentence']}  {row['id']}"]
        lines += [f"  {line}" for line in (row["counterexample"] or "").splitlines()]
    return "\n".join(lines)
