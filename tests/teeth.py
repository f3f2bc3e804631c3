"""Do the claims have teeth? Impostors must be refused, right versions accepted.

`tests/<chapter>/impostors/<component>.py` holds both: functions, or classes, marked
`@refused_by(...)`, which look right and are wrong, and others marked `@accepted`, which look
different and are right. This module runs the claims on them, in this process;
`python -m tests.teeth` runs all claims on all of them, and prints both rates and which claim is
the only one to refuse what.
"""

import contextlib
import importlib
import inspect
import itertools
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from rich.progress import track

from tests.ledger import ledger
from tests.subjects import COMPONENTS, GROUPS, KNOWN, Member, Subject, asked_for, file_of

Function = Callable[..., Any]
HERE = Path(__file__).parent


def refused_by(*claims: str) -> Callable[[Function], Function]:
    """Mark an impostor with the names of the claims that must refuse it."""

    def mark(function: Function) -> Function:
        setattr(function, "refused_by", claims)  # noqa: B010 - mypy knows no such attribute
        return function

    return mark


def accepted(function: Function) -> Function:
    """Mark a right version, written another way."""
    return refused_by()(function)


@dataclass(frozen=True)
class Version:
    """One implementation of a component, and the claims that must refuse it."""

    component: str
    name: str
    function: Function
    refused_by: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.component}-{self.name}"


@dataclass(frozen=True)
class Claim:
    """One test of the chapter, with one set of its parameters."""

    test: Function
    parameters: tuple[tuple[str, Any], ...]

    @property
    def name(self) -> str:
        return self.test.__name__

    @property
    def stays(self) -> str | None:
        """Why the claim stays although it is not the only one to refuse some impostor."""
        marks = [mark for mark in _marks(self.test) if mark.name == "claim"]
        return next((str(m.kwargs["stays"]) for m in marks if "stays" in m.kwargs), None)

    @property
    def is_experiment(self) -> bool:
        ids = [id for mark in _marks(self.test) if mark.name == "claim" for id in mark.args]
        return any("experiment" in ledger()[id].kind for id in ids)

    @property
    def only_trains(self) -> bool:
        ids = [id for mark in _marks(self.test) if mark.name == "claim" for id in mark.args]
        return all(ledger()[id].kind == ["experiment"] for id in ids)

    def refuses(self, version: Version, examples: int = 50) -> BaseException | None:
        """What the claim says against a version, or None where it holds."""
        arguments = dict(self.parameters)
        for argument in inspect.signature(self.test).parameters:
            if argument == version.component:
                arguments[argument] = version.function
            elif argument in GROUPS:
                arguments[argument] = Member(version.component, version.function)
            elif argument in KNOWN:
                arguments[argument] = Subject("torch").component(argument)
        with _torch_as_it_was(), _few_examples(self.test, examples):
            try:
                self.test(**arguments)
            # Reason: what lacks the option that a claim is about is neither refused nor right by
            # it; an impostor must then be refused by the claim that is named for it.
            except pytest.skip.Exception:  # the claim does not apply, so it refuses nothing
                return None
            except (Exception, pytest.fail.Exception) as refusal:
                return refusal
        return None


def versions(component: str) -> list[Version]:
    """The impostors of a component, and its right versions."""
    chapter = next(chapter for chapter, names in COMPONENTS.items() if component in names)
    module = importlib.import_module(f"tests.{chapter}.impostors.{file_of(component)}")
    return [
        Version(component, name, function, function.refused_by)
        for name, function in vars(module).items()
        if "refused_by" in getattr(function, "__dict__", ())  # a subclass does not inherit it
    ]


def claims_about(component: str) -> list[Claim]:
    """Every test, with every set of its parameters, that judges the component."""
    chapter = next(chapter for chapter, names in COMPONENTS.items() if component in names)
    found = []
    for path in sorted((HERE / chapter).glob("test_*.py")):
        module = importlib.import_module(f"tests.{chapter}.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_") and _judges(test, component):
                found += [Claim(test, parameters) for parameters in _parameters(test)]
    return found


def _judges(test: Function, component: str) -> bool:
    return any(component in names for names in asked_for(list(inspect.signature(test).parameters)))


def _marks(test: Function) -> list[pytest.Mark]:
    return list(getattr(test, "pytestmark", []))


def _parameters(test: Function) -> Iterator[tuple[tuple[str, Any], ...]]:
    """The product of the parametrize marks, as pytest takes it."""
    axes = []
    for mark in _marks(test):
        if mark.name == "parametrize":
            names, values = mark.args[0], list(mark.args[1])
            single = isinstance(names, str)
            names = (names,) if single else names
            rows = [
                # pytest.param wraps a row of values, to give it an id
                value.values if hasattr(value, "marks") else (value,) if single else value
                for value in values
            ]
            axes.append([tuple(zip(names, row, strict=True)) for row in rows])
    for combination in itertools.product(*axes):
        yield tuple(itertools.chain.from_iterable(combination))


@contextlib.contextmanager
def _torch_as_it_was() -> Iterator[None]:
    """An impostor may change what all share; the next one shall not notice."""
    default, enabled = torch.get_default_dtype(), torch.is_grad_enabled()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            torch.set_default_dtype(default)
            torch.set_grad_enabled(enabled)


@contextlib.contextmanager
def _few_examples(test: Function, count: int) -> Iterator[None]:
    """That many examples, and no search for the smallest: here only the outcome counts."""
    handle = vars(test)
    if "_hypothesis_internal_use_settings" not in handle:
        yield
        return
    before = handle["_hypothesis_internal_use_settings"]  # there is no public way to change them
    generate = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    few = hypothesis.settings(before, max_examples=count, phases=generate)
    handle["_hypothesis_internal_use_settings"] = few
    try:
        yield
    finally:
        handle["_hypothesis_internal_use_settings"] = before


def _refusals(version: Version) -> set[str]:
    """The names of all claims that refuse a version; no output of theirs matters here.

    Experiments need not have teeth of their own, but must accept what is right.
    """
    claims = claims_about(version.component)
    if version.refused_by:
        claims = [claim for claim in claims if not claim.only_trains]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        return {claim.name for claim in claims if claim.refuses(version)}


def main() -> int:
    """Every claim on every version: both rates, and the claims that refuse nothing of their own."""
    import conftest  # noqa: F401 - registers the profile; conftest itself needs much of tests

    hypothesis.settings.load_profile("suite")  # before the first claim is imported
    torch.set_num_threads(1)
    everything = [version for component in KNOWN for version in versions(component)]
    with multiprocessing.get_context("fork").Pool() as pool:
        each = pool.imap(_refusals, everything)
        refusals = list(track(each, "All claims on all versions", total=len(everything)))
    found = list(zip(everything, refusals, strict=True))
    impostors = [(v, names) for v, names in found if v.refused_by]
    right = [(v, names) for v, names in found if not v.refused_by]
    missed = [f"{v}: no claim refuses it" for v, names in impostors if not names]
    rejected = [f"{v}: refused by {', '.join(sorted(names))}" for v, names in right if names]
    print(f"impostors refused: {len(impostors) - len(missed)} of {len(impostors)}")
    print(f"right versions accepted: {len(right) - len(rejected)} of {len(right)}")

    claims = {claim.name: claim for c in KNOWN for claim in claims_about(c)}
    laws = [{n for n in names if not claims[n].is_experiment} for _, names in impostors]
    alone = {name for names in laws if len(names) == 1 for name in names}
    needless = [
        f"{name}: refuses no impostor alone, and does not say why it stays"
        for name, claim in claims.items()
        if name not in alone and not claim.stays and not claim.is_experiment
    ]
    print("\n".join([*missed, *rejected, *needless]))
    return bool(missed or rejected or needless)


if __name__ == "__main__":
    sys.exit(main())
