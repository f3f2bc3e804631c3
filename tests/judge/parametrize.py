"""`parametrize_with_claims`: each claim a test of the user's own, with a name to choose it by."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import pytest

from sums_to_one.tests.judge.asking import (
    ANSWERS,
    Case,
    Function,
    Given,
    answer,
    asked_in_variants,
    check_names,
    given,
)
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.deviations import verdict
from sums_to_one.tests.judge.variants import is_present
from sums_to_one.tests.judge.verdicts import NOT_PROVIDED


@dataclass(frozen=True)
class Claim:
    """One claim, to be asked of a component."""

    case: Case

    def __repr__(self) -> str:
        return self.case.sentence

    def __call__(self, component: Function) -> None:
        """Ask it of a component, which may be the one given or what became of it.

        Raises:
            AssertionError: it is refused; the message has the smallest input and the numbers.
        """
        __tracebackhide__ = True
        case = _asked_of(self.case, component)
        if case.deviation:
            # reason: it was borne on purpose, and `verdict` raises once it no longer occurs
            pytest.xfail(verdict(case.deviation, case.ask))
        try:
            case.ask()
        except ANSWERS as error:
            outcome, text = answer(error, case.judged)
            if outcome == NOT_PROVIDED:
                pytest.skip(str(error))  # reason: what is lacking can neither hold nor fail
            raise _refusal(case, text).with_traceback(_within(case, error)) from None


def _within(case: Case, error: BaseException) -> TracebackType | None:
    """Where a claim was refused, without the frames of those who asked it."""
    found = trace = error.__traceback__
    while trace:
        found = trace if trace.tb_frame.f_code.co_name == case.place.name else found
        trace = trace.tb_next
    return found


def _refusal(case: Case, text: str | None) -> AssertionError:
    ids, component = " ".join(case.place.ids), case.judged.components[0]
    return AssertionError(f"{component}: {case.sentence}  {ids}\n{text or ''}".strip())


def _asked_of(case: Case, component: Function) -> Case:
    subject, (name, *_) = case.judged.subject, case.judged.components
    if component is subject.component(name) or not isinstance(subject, Given):
        return case
    other = subject.with_components(**{name: component})
    return dataclasses.replace(case, judged=dataclasses.replace(case.judged, subject=other))


def parametrize_with_claims(
    subject: ModuleType | Mapping[str, Function] | str,
    *,
    components: Collection[str] | None = None,
    dtypes: Collection[str] | None = None,
    devices: Collection[str] | None = None,
    transform: Function | str | None = None,
    limits: Mapping[str, Any] | None = None,
    conventions: Mapping[str, str | Collection[str]] | None = None,
    deviations: str | Path | None = None,
) -> pytest.MarkDecorator:
    """Run a test with the arguments `component` and `claim` once for every claim.

    Args:
        subject: a module, its name, or functions and classes by the names of components.
        components: those to judge; by default all that the subject provides.
        dtypes: judge in each of these alone; by default in all that a component documents.
        devices: judge on each of these; one that is absent is skipped.
        transform: what becomes of each component before it is judged: a function such as
            torch.compile, or by name "compile", "compile-aot_eager", "compile-eager", "script",
            "vmap" or "module:function".
        limits: by component, what it is not asked for, such as {"softmax": {"gradients": 1}}.
        conventions: by component, those other than PyTorch's that it follows on purpose, by name,
            such as {"SGD": "momentum-as-average"}; a wrong name lists them.
        deviations: a file of refusals that are known, each with its reason.

    Raises:
        ValueError: a name is unknown, or not provided, or nothing would be judged.

    Example:
        >>> import torch
        >>> @parametrize_with_claims({"softmax": torch.softmax})
        ... def test_layers(component, claim):
        ...     claim(component)
    """
    judged = given(subject, limits)
    asked = _asked(judged, components)
    ways = dtypes, devices, transform, deviations, conventions
    every = asked_in_variants(judged, asked, *ways)
    found = [each for each in every if each[0].judged.components[0] in asked]
    if not any(case.provided for case, _, _ in found):
        raise ValueError(
            f"something must be judged, and of {', '.join(asked)} nothing is provided in "
            f"{', '.join(dtypes or ['any dtype'])} by {judged.name}"
        )
    rows = [_parameter(judged, *each) for each in found]
    return pytest.mark.parametrize(("component", "claim"), rows)


def _asked(subject: Given, components: Collection[str] | None) -> list[str]:
    provided = subject.names
    if components is not None:
        check_names(components, "components")
        lacking = [name for name in components if name not in provided]
        if lacking:
            raise ValueError(
                f"components must be provided by {subject.name}, which lacks {', '.join(lacking)}"
            )
        provided = [name for name in provided if name in components]
    if not provided:
        raise ValueError(
            f"{subject.name} must provide a component to be judged, among {', '.join(KNOWN)}"
        )
    return provided


def _parameter(judged: Given, case: Case, dtype: str | None, device: str | None) -> Any:
    """One row of what pytest runs: the component, the claim, and its name."""
    name = case.judged.components[0]
    words = [name, case.place.name.removeprefix("test_"), case.variant, dtype, device]
    marks = []
    if not case.provided:
        lacking = [c for c in case.judged.components if not judged.component(c)]
        # reason: what is lacking can neither hold nor fail, and is counted in pytest's summary
        marks += [pytest.mark.skip(reason=f"{NOT_PROVIDED}: {', '.join(lacking) or dtype or 'so'}")]
    if device and not is_present(device):
        # reason: a machine without a GPU tests the rest; skipped ones are counted
        marks += [pytest.mark.skip(reason=f"there is no device {device!r} here")]
    label = "-".join(word for word in words if word)
    function = case.judged.subject.component(name) or judged.component(name)
    return pytest.param(function, Claim(case), id=label, marks=marks)
