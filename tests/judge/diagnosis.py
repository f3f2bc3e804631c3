"""What is the matter with a subject that claims refuse, in one sentence: a job as the claims are.

Where it behaves like one of our impostors, its fault has a name; the sentence for it stands in
`tests/<chapter>/impostors/faults.toml`, and beside it in Chinese. A subject that is accepted is
never looked at here.
"""

import functools
import inspect
import os
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest

from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.arguments import heard
from sums_to_one.tests.judge.chinese import in_the_book
from sums_to_one.tests.judge.components import chapter_of
from sums_to_one.tests.judge.confirming import Ended, Key
from sums_to_one.tests.judge.conventions import CONVENTIONS
from sums_to_one.tests.judge.forks import Process
from sums_to_one.tests.judge.fresh import LAWS
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.likeness import DRAWN, conventions_of, likenesses, raises
from sums_to_one.tests.judge.messages import Lines, TamperedError, send
from sums_to_one.tests.judge.places import TESTS
from sums_to_one.tests.judge.subjects import Subject, readable
from sums_to_one.tests.judge.trials_of_checkpoints import tried_of
from sums_to_one.tests.judge.trying import (
    REFUSES,
    REFUSING,
    Description,
    Wrong,
    alike,
    described,
    tried,
)
from sums_to_one.tests.judge.trying_words import WHAT
from sums_to_one.tests.judge.verdicts import REFUSALS, Verdicts
from sums_to_one.tests.judge.versions import Version, versions

SURE = "behaves like a known mistake: {fault} (in {alike} of {all} claims the same numbers)"
PERHAPS = "may be a known mistake: {fault} (in {alike} of {all} claims the same numbers)"
CORE_CLAIMS = "/test_core.py::"
CORE = "_does_is_not_refused"  # of which this is the end
CONVENTION = "different convention: it {says}, as {who}; --convention {name} accepts it"
DESCRIBED = "what is wrong: {said}"
THOUGHT = "who makes it may think: {thought}"
# What an error is worth that came in a trial: something, if claims met with one of its kind.
ERRORS: dict[str, tuple[type, ...]] = {REFUSES: REFUSING, "error": (Exception,)}
PATIENCE = 20.0  # seconds after which no answer is one
MOST_ASKED = 1000  # claims
MOST_ALIKE = 6  # impostors to which claims say the same, between whom trials decide
MOST_NAMES = 2  # of impostors that behave alike: of more, none says what the fault is
ENDED = ("ended the process", "crashed the process", "did not return", "not judged", "tampered")


@dataclass(frozen=True)
class Diagnosis:
    """What is the matter with a component: a known mistake, or another convention.

    Args:
        impostors: the names of those that it behaves like, mostly one.
        fault: what they do, in a sentence.
        alike: how many claims say the same to both.
        asked: of how many.
        sure: whether all do, and fresh numbers come out the same.
        conventions: the names of those that it follows; then there is no fault.
        described: what trials have found to be wrong.
    """

    impostors: tuple[str, ...] = ()
    fault: str = ""
    alike: int = 0
    asked: int = 0
    sure: bool = False
    conventions: tuple[str, ...] = ()
    described: Description | None = None

    def sentences(self, component: str, chinese: bool) -> Iterator[str]:
        """What is said of it: the convention, or the fault, how sure it is, and who makes it."""
        for name in self.conventions:
            convention = CONVENTIONS[name]
            says = convention.zh if chinese else convention.says
            who = convention.who.replace(" and ", " 和 ") if chinese else convention.who
            yield in_language(CONVENTION, chinese, says=says, who=who, name=name)
        if self.described and not self.sure:
            yield in_language(DESCRIBED, chinese, said=self.described.sentence(chinese))
        if self.impostors:
            words = SURE if self.sure else PERHAPS
            fault = faults_of(component, self.impostors, chinese) if chinese else self.fault
            told = {"fault": fault, "alike": self.alike, "all": self.asked}
            yield in_language(words, chinese, **told)
        if len(self.impostors) == 1 and (self.sure or not self.described):
            thought = thought_of(component, self.impostors[0])
            thought = in_the_book(component, thought) if chinese else thought
            yield in_language(THOUGHT, chinese, thought=thought)

    def as_json(self) -> dict[str, Any]:
        """For the verdicts."""
        return {
            **asdict(self),
            "impostors": list(self.impostors),
            "conventions": list(self.conventions),
            "described": self.described.sentence(chinese=False) if self.described else "",
        }


def diagnosis(component: str, found: Any) -> Diagnosis | None:
    """What is made of an answer of the process, which had the subject in it.

    Raises:
        TamperedError: it is no answer.
    """
    try:
        if conventions := tuple(CONVENTIONS[name].name for name in found["conventions"]):
            return Diagnosis(conventions=conventions)
        names, (alike, asked, sure) = tuple(found["impostors"]), found["how sure"]
        fault = faults_of(component, names)
        if {type(alike), type(asked)} != {int} or not 0 <= alike <= asked <= MOST_ASKED:
            raise ValueError("no numbers of claims")
        told = Diagnosis(names, fault, alike, asked, bool(sure))
        if found["described"] is not None:
            where = tuple(found["described"].pop("where"))
            told = replace(told, described=Description(where, **found["described"]))
    except (TypeError, ValueError, KeyError, AttributeError):
        raise TamperedError("a line that is no diagnosis") from None
    if 1 <= len(names) <= MOST_NAMES:
        return told
    return Diagnosis(described=told.described) if told.described else None


@functools.cache
def faults(chapter: str, chinese: bool = False) -> dict[str, dict[str, str]]:
    """By component and impostor, what is wrong with it."""
    file = TESTS / chapter / "impostors" / ("faults_zh.toml" if chinese else "faults.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def fault_of(component: str, impostor: str, chinese: bool = False) -> str:
    return faults(chapter_of(component), chinese)[component][impostor]


def faults_of(component: str, impostors: Iterable[str], chinese: bool = False) -> str:
    """What is wrong with several that behave alike, of which any may be meant."""
    each = (fault_of(component, name, chinese) for name in impostors)
    return ("；或者" if chinese else "; or ").join(each)


def thought_of(component: str, impostor: str) -> str:
    """What its author was thinking, the first sentence of it."""
    (function,) = [v.function for v in versions(component) if v.name == impostor]
    return inspect.cleandoc(function.__doc__ or "").partition("\n")[0]


class Diagnosing:
    """Whom to look at: whoever has been asked all claims about a component, and was refused."""

    def __init__(self, session: pytest.Session, jobs: Iterable[Ended]) -> None:
        self.parts = Counter(job.key for job in jobs)
        self.refused: set[Key] = set()
        self.seconds: dict[str, float] = {}
        self.verdicts: Verdicts = session.config.pluginmanager.get_plugin("verdicts")  # type: ignore[assignment]  # which is there

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = report.duration

    def after(self, job: Ended) -> list["Looking"]:
        """What there is to do when a job has ended."""
        self.parts[job.key] -= 1
        if job.refused:
            self.refused.add(job.key)
        if self.parts[job.key] != 0 or job.key not in self.refused:
            return []
        tests = sorted(self._refusals(job.key), key=lambda test: self.seconds.get(test, 0))
        return [Looking(job.key, tests, self.verdicts)] if tests else []

    def _refusals(self, key: Key) -> set[str]:
        """The tests that refused, but for those that may not come back if they are asked again."""
        subject, component = key
        return {
            row.test
            for row in self.verdicts.found.get(subject.name, [])
            if row.component == component and row.outcome in REFUSALS
            if not any(words in (row.counterexample or "") for words in ENDED)
        }


def looked(
    component: str, subject: Subject, tests: list[str], among: list[Version] | None = None
) -> dict[str, Any]:
    """What there is to say of a refused subject, as words and numbers that can be sent.

    Args:
        component: of the subject.
        subject: whom claims have refused.
        tests: that did, those first that take the least time.
        among: the versions to compare with; by default all of the component.
    """
    limits = heard(subject, component).limits
    wrong, right = tried(component, tried_of(component, subject), limits)
    told = described(wrong, right)
    # Who was refused for a limit alone has said all himself: it is no fault, and no convention.
    asked = [test for test in tests if CORE_CLAIMS not in test]
    told = told if asked else None
    conventions = conventions_of(component, subject, asked) if asked else ()
    if conventions and _is_right(component, subject, conventions, limits):
        return {"conventions": conventions}
    if not asked and (names := _refusing_alike(component, subject, limits, among)):
        how = [len(tests), len(tests), True]
        return {"conventions": [], "impostors": names, "how sure": how, "described": None}
    found = likenesses(component, subject, tests, among)
    if len(found) <= MOST_ALIKE:
        found = [one for one in found if _is_alike(component, one.name, wrong, limits)]
    # One claim alone says little, but with the same in all trials it is enough; not where chance
    # has a part, of which fresh numbers show nothing.
    tells = component not in {*LAWS, *DRAWN} and any(what != REFUSES for _, what in wrong)
    sure = [one for one in found if one.sure or (one.same and tells)]
    found = sure or found
    how = [found[0].alike, found[0].asked, bool(sure)] if found else [0, 0, False]
    names = [one.name for one in found]
    if told and told.what in ERRORS and not raises(component, subject, tests, ERRORS[told.what]):
        told = None  # it may say openly what it cannot do
    said = told and asdict(told)
    return {"conventions": [], "impostors": names, "how sure": how, "described": said}


def _refusing_alike(
    component: str, subject: Subject, limits: Limits, among: list[Version] | None
) -> list[str]:
    """The impostors that refuse the same, and have not declared it either."""
    everybody = versions(component) if among is None else among
    silent = [v for v in everybody if any(CORE in name for name in v.refused_by)]
    due = limits.declared()
    return [v.name for v in silent if due and heard(v, component).limits.declared() == due]


def _is_alike(component: str, name: str, wrong: Wrong, limits: Limits) -> bool:
    (version,) = [v for v in versions(component) if v.name == name]
    return alike(wrong, tried(component, tried_of(component, version), limits)[0])


def _is_right(component: str, subject: Subject, names: tuple[str, ...], limits: Limits) -> bool:
    """Whether a subject is, apart from its conventions: translated, no trial finds a fault.

    What is left behind by a use is no matter of conventions.
    """
    translated = replace(subject, conventions=(*subject.conventions, *names))
    before = tried(component, tried_of(component, subject), limits)[0]
    wrong, _ = tried(component, tried_of(component, translated), limits)
    ends = {(where, what) for where, what in wrong if what in ERRORS} - {*before}
    # Whoever translates calls a closure by the way.
    numbers = any(what in WHAT and where != "with a closure" for where, what in before)
    return numbers and not ends and not any(what in {*WHAT} for _, what in wrong)


class Looking:
    """The process in which a subject is compared with impostors: a job as the claims are."""

    def __init__(self, key: Key, tests: list[str], verdicts: Verdicts) -> None:
        self.key, self.tests, self.verdicts = key, tests, verdicts
        self.ended, self.refused = False, False

    def start(self) -> None:
        """Fork the process."""
        subject, _ = self.key
        receiver, sender = os.pipe()
        self.home = Lines(receiver)
        work = lambda: send(sender, self._look())  # noqa: E731
        self.process = Process(work, readable(subject.source), handles=[sender])
        os.close(sender)
        self.deadline = time.monotonic() + PATIENCE

    def _look(self) -> dict[str, Any]:
        subject, component = self.key
        return looked(component, subject, self.tests)

    def is_late(self) -> None:
        """Then nothing is known; what claims found stands."""
        self.ended = True

    def listen(self) -> None:
        """Take what came: a likeness, or that there is none."""
        subject, component = self.key
        try:
            for line in self.home.read():
                self.ended = True
                if found := diagnosis(component, line):
                    self.verdicts.diagnosed(subject.name, component, found)
        except (EOFError, TamperedError):
            self.ended = True

    def close(self) -> None:
        self.process.end()
        self.home.close()
