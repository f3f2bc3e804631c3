"""`check_component`: the claims about one function or class, in a notebook or a script."""

import warnings
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from sums_to_one.tests.judge.asking import Function, asked_in_variants, given
from sums_to_one.tests.judge.variants import CPU, is_present
from sums_to_one.tests.judge.verdicts import NOT_PROVIDED

REFUSED = ("failed", "error")


def check_component(
    component: str,
    function: Function,
    *,
    dtype: str | None = None,
    device: str = CPU,
    transform: Function | str | None = None,
    limits: Mapping[str, Any] | None = None,
    conventions: str | Collection[str] = (),
    deviations: str | Path | None = None,
    on_fail: Literal["raise", "warn"] | None = "raise",
    **others: Function,
) -> list[dict[str, Any]]:
    """Ask every claim about a component of a function or class.

    Args:
        component: the name of the component, such as "softmax".
        function: what is judged.
        dtype: the only one to judge in; by default all that the component documents.
        device: where the tensors live that claims make.
        transform: what becomes of it before, as `parametrize_with_claims` has it.
        limits: what it is not asked for, such as {"dtypes": ["float32"]}.
        conventions: the names of those, other than PyTorch's, that it follows on purpose, such as
            "momentum-of-the-old"; a wrong name lists them.
        deviations: a file of refusals that are known, of which the pinned input alone is asked.
        on_fail: whether a refusal is raised, warned of, or only returned.
        others: components that are judged together with it, by their names.

    Returns:
        A dictionary for each claim, as in the verdicts: id, component, test, sentence, outcome
        ("passed", "failed", "not provided" or "deviation"), counterexample, and worst: the largest
        error that was let pass, where numbers are compared.

    Raises:
        AssertionError: a claim refuses, or there is none to be asked, and on_fail is "raise".
        ValueError: there is no such component, dtype, transform or convention, the device is
            absent, or on_fail is something else.

    Example:
        >>> import torch
        >>> found = check_component("tanh", torch.tanh)
        >>> {row["outcome"] for row in found} <= {"passed", "not provided"}
        True
    """
    if on_fail not in ("raise", "warn", None):
        raise ValueError(f'on_fail must be "raise", "warn" or None, got {on_fail!r}')
    if not is_present(device):
        raise ValueError(f"device must be one that is here, got {device!r}")
    subject = given({component: function, **others}, {component: limits or {}})
    ways = [dtype], [device], transform, deviations, {component: conventions}
    every = asked_in_variants(subject, [component], *ways)
    found = [asdict(verdict) for case, _, _ in every for verdict in case.verdicts()]
    refused = {row["test"]: row for row in found if row["outcome"] in REFUSED}
    asked = {row["test"] for row in found if row["outcome"] != NOT_PROVIDED}
    if on_fail and (refused or not asked):
        text = _told(component, [*refused.values()], len(asked))
        if on_fail == "raise":
            raise AssertionError(text)
        warnings.warn(text, stacklevel=2)
    return found


def _told(component: str, refused: list[dict[str, Any]], asked: int) -> str:
    if not asked:
        return f"{component} was not judged: it provides nothing of what was asked"
    lines = [f"{component} is refused by {len(refused)} of {asked} claims:"]
    for row in refused:
        lines += [f"✗ {row['sentence']}  {row['id']}"]
        lines += [f"  {line}" for line in (row["counterexample"] or "").splitlines()]
    return "\n".join(lines)
