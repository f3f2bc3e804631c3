"""Asks claims in this process: for people's own tests and notebooks, which have settings of theirs.

`parametrize` and `checking` stand on this; `--subject` has its forks, and gives the same verdicts.
"""

import importlib
import itertools
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sums_to_one.cifar.modules import ROOT, load, name_of
from sums_to_one.tests.common.calls import watching
from sums_to_one.tests.common.leeway import Beyond, Shares, granting
from sums_to_one.tests.common.limits import EVERYTHING, LONG_SUMS, Limits, NotProvided, asking, read
from sums_to_one.tests.common.worst import Measure, measuring
from sums_to_one.tests.judge.arguments import ARGUMENTS, Judged
from sums_to_one.tests.judge.at_every_step import as_rounding_allows
from sums_to_one.tests.judge.compiling import as_compiling
from sums_to_one.tests.judge.components import GROUPS, KNOWN, asked_for
from sums_to_one.tests.judge.conventions import adapted, chosen
from sums_to_one.tests.judge.counterexample import counterexample, raised_by_a_subject
from sums_to_one.tests.judge.deviations import (
    Deviation,
    asked_by,
    check,
    known_of,
    pinned_to,
    replay_of,
    verdict,
)
from sums_to_one.tests.judge.deviations import read as read_deviations
from sums_to_one.tests.judge.places import Place, places_of
from sums_to_one.tests.judge.settled import in_our_surroundings
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.judge.variants import (
    CPU,
    Variant,
    check_transform,
    devices_among,
    dtypes_among,
    transformed,
)
from sums_to_one.tests.judge.verdicts import DEVIATES, NOT_PROVIDED, Verdict

Function = Callable[..., Any]
# What a claim, or the subject in it, may end with; only to be interrupted is no answer.
# reason: a subject may call pytest.skip, which must not end the run of whoever asks
ANSWERS = (Exception, SystemExit, pytest.fail.Exception, pytest.skip.Exception)
TOO_FINE = "not provided: a number of more than 16 bits"


@dataclass(frozen=True, eq=False)
class Given(Subject):
    """A subject that is at hand: a module, or functions and classes by their names."""

    places: tuple[Any, ...] = ()

    # What is found of a subject is remembered; two that look alike are not one.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def _places(self, component: str) -> Iterator[Any]:
        yield from self.places

    @property
    def names(self) -> list[str]:
        """Of the components that it provides."""
        return [name for name in KNOWN if self.component(name)]

    def with_components(self, **functions: Function) -> "Given":
        """The same within the same limits, but for these components."""
        table = {name: self.component(name) for name in self.names}
        return self._within(EVERYTHING, SimpleNamespace(**{**table, **functions}))

    def following(self, conventions: Mapping[str, tuple[str, ...]]) -> "Given":
        """The same, translated from these conventions to PyTorch's."""
        found = {name: self.component(name) for name in conventions}
        changed = {name: adapted(f, name, conventions[name]) for name, f in found.items() if f}
        return self.with_components(**changed) if changed else self

    def asked(self, variant: Variant) -> "Given":
        """The same, asked so; what does not take that dtype or transform is not provided."""
        taken = [name for name in self.names if variant.takes(self.limits(name).dtypes)]
        table = {name: transformed(variant.transform, self.component(name)) for name in taken}
        found = {name: component for name, component in table.items() if component}
        return self._within(variant.limits, SimpleNamespace(**found))

    def _within(self, limits: Limits, place: SimpleNamespace) -> "Given":
        names = [name for name in self.names if hasattr(place, name)]
        within = {name: self.limits(name).within(limits).declared() for name in names}
        return Given(self.name, given=json.dumps(within), strict=self.strict, places=(place,))


def given(
    subject: ModuleType | Mapping[str, Function] | str,
    limits: Mapping[str, Any] | None = None,
    strict: bool = False,
) -> Given:
    """A subject to ask claims of.

    Args:
        subject: a module, its name or the path of its file, or a dictionary of components.
        limits: what somebody declares for it, by component.
        strict: whether whatever it refuses must be declared.

    Raises:
        ValueError: a name in the dictionary or among the limits is no component's, or what is
            declared cannot be read.
    """
    module = load(subject) if isinstance(subject, str) else subject
    if isinstance(module, Mapping):
        check_names(module, "the components given")
        found: Any = SimpleNamespace(**module)
        name = "given"
    else:
        found, name = module, subject if isinstance(subject, str) else module.__name__
    check_names(limits or {}, "the limits given")
    for component, declared in (limits or {}).items():
        read(declared, component)
    return Given(name, given=json.dumps(dict(limits or {})), strict=strict, places=(found,))


def check_names(names: Any, what: str) -> None:
    """Refuse names that no component has."""
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise ValueError(f"{what} must be among {', '.join(KNOWN)}, got {', '.join(unknown)}")


@dataclass(frozen=True)
class Case:
    """One claim, with one set of its parameters, about one or several components of a subject.

    Args:
        place: where the claim stands.
        judged: whose components are judged.
        parameters: by name, if the claim has any.
        variant: the words for them.
        device: where the tensors live that the claim makes.
        provided: whether the subject has all components that the claim is about.
        deviation: what is known of it; then it is asked about the pinned input alone.
    """

    place: Place
    judged: Judged
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ""
    device: str = "cpu"
    provided: bool = True
    deviation: Deviation | None = None

    @property
    def sentence(self) -> str:
        return f"{self.place.sentence} ({self.variant})" if self.variant else self.place.sentence

    @property
    def about(self) -> tuple[str, str]:
        """The component and the sentence, by which a deviation names it."""
        return self.judged.components[0], self.sentence

    @property
    def test(self) -> str:
        """As a node id of pytest's, which is in ASCII."""
        words = "-".join(part for part in (self.judged.label, self.variant) if part)
        label = words.encode("unicode_escape").decode()
        return f"{self.place.file.relative_to(ROOT).as_posix()}::{self.place.name}[{label}]"

    def ask(self) -> Measure:
        """Whoever is judged is asked, and what the claim says is raised.

        Returns:
            The largest errors that it let pass.

        Raises:
            NotProvided: the claim is about what is not there.
            BaseException: the claim refuses, by any error.
        """
        __tracebackhide__ = True
        try:
            return self._ask()
        except NotProvided:
            raise
        except ANSWERS as error:
            if not self.deviation and (worst := self.again(error)):
                return worst
            raise

    def again(self, refusal: BaseException) -> Measure | None:
        """What is found with PyTorch's own for a measure; None where that cannot help.

        Raises:
            NotProvided: 16 bits are all that there is, and too few for PyTorch's own as well.
            BaseException: the claim refuses, by any error.
        """
        __tracebackhide__ = True
        limits = self.judged.limits
        if LONG_SUMS in limits.without:
            return as_rounding_allows(self.judged, self._ask_another)
        only_sixteen_bits = bool(limits.dtypes) and limits.dtypes[0].itemsize == 2
        is_near = isinstance(refusal, Beyond) and refusal.is_near
        if not (only_sixteen_bits or is_near):
            return None
        shares = Shares()
        try:
            provided = self._ask_pytorchs(shares)
        except ANSWERS as error:
            if only_sixteen_bits and not isinstance(error, NotProvided):
                raise NotProvided(TOO_FINE) from None
            return None
        if not (provided and is_near and shares.grants):
            return None
        with granting(shares):
            return self._ask()

    def _ask_another(self, judged: Judged, measure: Measure) -> None:
        __tracebackhide__ = True
        replace(self, judged=judged)._ask(measure)

    def _ask_pytorchs(self, measure: Measure) -> bool:
        """Ask PyTorch's own, within the same limits, if there is one, and measure its errors."""
        names, limits = self.judged.components, self.judged.limits
        if not all(map(Subject("torch").component, names)):
            return False
        within = json.dumps({name: limits.declared() for name in names})
        control = replace(self.judged, subject=Subject("torch", given=within))
        replace(self, judged=control)._ask(measure)
        return True

    def _ask(self, measure: Measure | None = None) -> Measure:
        __tracebackhide__ = True
        with in_our_surroundings(self.device), ExitStack() as until:
            wanted = [name for name in self.place.arguments if name in ARGUMENTS]
            arguments = {name: self.judged.argument(name, until) for name in wanted}
            test = function(self.place)
            if self.deviation:
                until.enter_context(pinned_to(test, self.deviation.replay))
            with (
                asking(self.judged.limits, self.judged.hears),
                watching(),
                measuring(measure) as worst,
            ):
                test(**arguments, **self.parameters)
        return worst

    def as_deviation(self, reason: str, dtype: str | None = None) -> Deviation | None:
        """The entry for a refusal in that dtype, or None where there is none."""
        test, replay, text = function(self.place), "", ""
        blob = asked_by(test, print_blob=True) if hasattr(test, "hypothesis") else nullcontext()
        try:
            with blob:
                self.ask()
        except ANSWERS as error:
            outcome, told = answer(error, self.judged)
            if outcome == NOT_PROVIDED:
                return None
            replay, text = replay_of(error), told or ""
            where = {"dtype": dtype or "", "device": self.device if self.device != CPU else ""}
            heeded = tuple((key, value) for key, value in where.items() if value)
            return Deviation(*self.about, reason, text, replay, heeded)
        return None

    def verdicts(self) -> list[Verdict]:
        """What is found, once for each claim of the ledger that is backed."""
        outcome, text, worst = self._found() if self.provided else (NOT_PROVIDED, None, None)
        component, test, sentence = self.judged.components[0], self.test, self.sentence
        told = component, test, sentence, outcome, text, worst
        return [Verdict(id, *told) for id in self.place.ids]

    def _found(self) -> tuple[str, str | None, dict[str, Any] | None]:
        try:
            if self.deviation:
                return DEVIATES, verdict(self.deviation, self.ask), None
            worst = self.ask().found
        except ANSWERS as error:
            return (*answer(error, self.judged), None)
        return "passed", None, asdict(worst) if worst else None


def answer(error: BaseException, judged: Judged) -> tuple[str, str | None]:
    """The outcome, and the counterexample, of a claim that ended with an error."""
    if isinstance(error, NotProvided) and not raised_by_a_subject(error):
        return NOT_PROVIDED, None
    if isinstance(error, pytest.skip.Exception):  # reason: a skip of the subject's is a refusal
        return "failed", f"the subject ended the claim as skipped: {error}"
    return "failed", counterexample(error, judged) or None


def cases(subject: Subject, component: str) -> list[Case]:
    """All that claims ask about a component of a subject, what it does not provide included."""
    found = []
    for place in places_of(component):
        as_group = any(name in GROUPS for name in place.arguments)
        for components in asked_for(place.arguments):
            if component in components:
                judged = Judged(subject, components, as_group)
                provided = all(map(subject.component, components))
                parameters = variants(place) if provided else [({}, "")]
                found += [Case(place, judged, *each, provided=provided) for each in parameters]
    return found


def asked_in_variants(
    subject: Given,
    components: Collection[str],
    dtypes: Collection[str | None] | None = None,
    devices: Collection[str | None] | None = None,
    transform: Function | str | None = None,
    deviations: str | Path | None = None,
    conventions: Mapping[str, str | Collection[str]] | None = None,
) -> list[tuple[Case, str | None, str | None]]:
    """All that claims ask about components, in every dtype and on every device.

    Raises:
        ValueError: a name is unknown, or an entry of the deviations is about nothing that is asked.
    """
    by_name = transform if isinstance(transform, str) else ""
    check_names(conventions or {}, "the components of the conventions given")
    followed = chosen(conventions or {})
    if by_name:
        check_transform(by_name)
    elif callable(transform):
        change = as_compiling(transform)
        changed = {name: change(subject.component(name)) for name in subject.names}
        subject = subject.with_components(**changed)
    found = [
        (replace(case, device=device or CPU), dtype, device)
        for dtype, device in itertools.product(dtypes_among(dtypes), devices_among(devices))
        for variant in [Variant(dtype or "", device or CPU, by_name)]
        for own in [subject.asked(variant).following(followed)]
        for name in components
        for case in cases(own, name)
    ]
    # What is about several of the components has been found by each of them.
    found = [*{(each[0].test, *each[1:]): each for each in found}.values()]
    if deviations is None:
        return found
    known = read_deviations(deviations)
    check(known, (case.about for case, _, _ in found))
    return [
        (replace(case, deviation=known_of(known, *case.about, dtype, case.device)), dtype, device)
        for case, dtype, device in found
    ]


def function(place: Place) -> Function:
    """The claim itself; it keeps the settings that it meets when it is imported, so ours."""
    with in_our_surroundings():
        found: Function = getattr(importlib.import_module(name_of(place.file)), place.name)
    return found


def variants(place: Place) -> list[tuple[dict[str, Any], str]]:
    """Every set of parameters of a claim, with the words that pytest has for it."""
    marks = [m for m in getattr(function(place), "pytestmark", []) if m.name == "parametrize"]
    with in_our_surroundings():  # in which tensors have the same words for everybody
        axes = [list(_rows(*mark.args, **mark.kwargs)) for mark in marks]
    return [
        (
            dict(itertools.chain.from_iterable(values for values, _ in rows)),
            "-".join(words for _, words in rows),
        )
        for rows in itertools.product(*axes)
    ]


def _rows(names: Any, values: Any, ids: Any = None) -> Iterator[tuple[list[Any], str]]:
    """What one mark lists: the parameters by name, and the words for them."""
    single = isinstance(names, str)
    names, words = ([names] if single else names), (None if callable(ids) else ids and [*ids])
    for number, value in enumerate(values):
        row = value.values if hasattr(value, "marks") else (value,) if single else value
        own = getattr(value, "id", None) if hasattr(value, "marks") else None
        told = [
            _word(name, x, number, ids if callable(ids) else None)
            for name, x in zip(names, row, strict=True)
        ]
        yield [*zip(names, row, strict=True)], own or (words[number] if words else "-".join(told))


def _word(name: str, value: Any, number: int, ids: Function | None) -> str:
    told = ids(value) if ids else None
    told = value if told is None else told
    simple = isinstance(told, str | int | float | bool) or told is None
    return str(told) if simple else getattr(told, "__name__", f"{name}{number}")
