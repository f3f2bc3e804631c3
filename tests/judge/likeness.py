"""Which known mistake a refused subject behaves like: our impostors are alternative oracles.

What a claim says when it refuses holds the numbers that came, for inputs that are the same for
everybody. Two versions to which the claims say the same do the same where they are wrong. So the
claims that refused are asked once more, about the subject and about those impostors that are made
to be refused by some of them; no table of answers can be out of date.
"""

import dataclasses
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.limits import Limits, NotProvided
from sums_to_one.tests.judge.arguments import Provider, heard
from sums_to_one.tests.judge.asking import cases, function
from sums_to_one.tests.judge.components import GROUPS
from sums_to_one.tests.judge.conventions import sets_of
from sums_to_one.tests.judge.fresh import LAWS
from sums_to_one.tests.judge.fresh import cases as fresh_cases
from sums_to_one.tests.judge.programs import PROGRAMS, Case
from sums_to_one.tests.judge.subjects import Subject
from sums_to_one.tests.judge.teeth import Claim
from sums_to_one.tests.judge.versions import Version, versions

MOST = 16  # claims that are compared
ENOUGH = 4  # claims, where they take long
LONG = 0.3  # seconds of all answers about the subject, from which on that is so
TIME = 3.0  # seconds after which no further impostor is looked at
PERHAPS = 0.7  # the share of claims that say the same from which on a likeness is worth a word
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
DRAWN_NAME = re.compile(r"\.[0-9a-f]{16}\b|\btmp\w{8}\b")  # of a file, drawn each time
FOLDER = re.compile(r"[\w./-]*/tmp\w+/")  # of a claim's own, which has another name each time
DIGITS = 2e-3  # by which four digits may differ that were rounded
CHANCE = 0.1  # by which numbers may differ that somebody else has drawn
FEWEST = 2  # claims without which nothing is sure
DRAWN = {
    *(*GROUPS["random_initializer"], *GROUPS["dropout"], *GROUPS["random_transform"]),
    "gradient_descent",
}
SEED = 1  # of the fresh numbers

EXACTLY = 2  # the same words and numbers; 1 is for the same words and numbers that are near

Said = tuple[str, str]  # the kind of an error, and its words
Asked = tuple[Claim, Said]  # a claim, and what it said


@dataclass(frozen=True)
class Likeness:
    """How much a subject is like an impostor.

    Args:
        name: of the impostor.
        alike: how many claims say the same to both.
        exactly: how many of them with the same numbers.
        asked: of how many that refuse the subject.
        same: whether all do with the same numbers, and fresh numbers come out the same.
    """

    name: str
    alike: int
    exactly: int
    asked: int
    same: bool

    @property
    def sure(self) -> bool:
        """Whether claims alone are enough to say so."""
        return self.same and self.asked >= FEWEST


@dataclass(frozen=True)
class _Within(Version):
    """Somebody to be asked within the limits of the subject, so that inputs are the same."""

    by: Any = None  # who provides the components
    within: Limits = field(default_factory=Limits)

    def component(self, name: str) -> Callable[..., Any] | None:
        found: Callable[..., Any] | None = self.by.component(name)
        return found

    def limits(self, name: str) -> Limits:
        return self.within


def likenesses(
    component: str, subject: Subject, refused: list[str], among: Collection[Version] | None = None
) -> list[Likeness]:
    """The impostors that a subject behaves like, the likest first; in vain, none.

    Args:
        component: of the subject.
        subject: whom claims have refused.
        refused: the tests that did, those first that take the least time, as node ids.
        among: the versions to compare with; by default all impostors of the component.
    """
    return likest(compared(component, subject, refused, among))


def likest(found: Collection[Likeness]) -> list[Likeness]:
    """Those to which most claims say the same, if these are enough to be worth a word."""
    most = max(((one.alike, one.exactly) for one in found), default=(0, 0))
    return [
        one
        for one in found
        if (one.alike, one.exactly) == most and one.alike >= PERHAPS * one.asked
    ]


def compared(
    component: str, subject: Subject, refused: list[str], among: Collection[Version] | None = None
) -> list[Likeness]:
    """Every impostor to which some claim says the same as to a subject."""
    everybody = versions(component) if among is None else among
    names = {test.rpartition("::")[2].partition("[")[0] for test in refused}
    suspects = [v for v in everybody if v.refused_by and names.issuperset(v.refused_by)]
    if not suspects:
        return []
    own = _within(component, subject, subject, subject)
    told = _told(own, _claims(component, subject, refused), suspects)
    until = time.monotonic() + TIME
    found = []
    for suspect in suspects:
        if time.monotonic() > until:
            break
        other = _within(component, suspect, suspect, subject)
        alike, exactly = _alike(other, told, suspect.refused_by)
        if alike:
            same = exactly == len(told) and _computes_alike(own, other)
            found.append(Likeness(suspect.name, alike, exactly, len(told), same))
    return found


def conventions_of(component: str, subject: Subject, refused: list[str]) -> tuple[str, ...]:
    """The conventions under which what refused a subject holds, if there are such."""
    claims = _claims(component, subject, refused)[:MOST]
    for names in sets_of(component) if claims else ():
        translated = dataclasses.replace(subject, conventions=(*subject.conventions, *names))
        other = _within(component, translated, translated, subject)
        if all(_said(claim, other) is None for claim in claims):
            return names
    return ()


def raises(component: str, subject: Subject, refused: list[str], kinds: tuple[type, ...]) -> bool:
    """Whether a claim that refused a subject met with such an error of it."""
    own = _within(component, subject, subject, subject)
    answers = [claim.answer(own) for claim in _claims(component, subject, refused)[:ENOUGH]]
    return any(isinstance(one, kinds) and not isinstance(one, NotProvided) for one in answers)


def _within(component: str, who: Any, by: Provider, subject: Subject) -> Version:
    limits = heard(subject, component).limits
    made = by.component(component)
    return _Within(component, who.name, made or _nothing, by=by, within=limits)


def _nothing() -> None:
    raise NotImplementedError


def _claims(component: str, subject: Subject, refused: list[str]) -> list[Claim]:
    """Those of these tests that may be asked again, in the same order."""
    places = {case.test: case for case in cases(subject, component) if case.provided}
    found = [places[test] for test in refused if test in places]
    claims = [Claim(function(case.place), tuple(case.parameters.items())) for case in found]
    return [claim for claim in claims if not claim.is_experiment]


def _told(own: Version, claims: list[Claim], suspects: list[Version]) -> list[Asked]:
    """What claims say to the subject; those come first for which some impostor was made."""
    named = {name for suspect in suspects for name in suspect.refused_by}
    asked: list[Asked] = []
    began = time.monotonic()
    for claim in sorted(claims, key=lambda claim: claim.name not in named):
        takes_long = time.monotonic() - began > LONG
        if len(asked) >= (ENOUGH if takes_long else MOST):
            break
        said = _said(claim, own)
        if said is not None:
            asked.append((claim, said))
    return asked


def _said(claim: Claim, version: Version) -> Said | None:
    """What a claim says against a version, without what tells whose it is."""
    answer = claim.answer(version)
    if answer is None or isinstance(answer, NotProvided):
        return None
    name = getattr(version.function, "__name__", version.of)
    words = re.sub(rf"\b{re.escape(name)}\b", version.of, str(answer))
    words = DRAWN_NAME.sub("", FOLDER.sub("", ADDRESS.sub("", words)))
    return type(answer).__name__, words


def _alike(other: Version, told: list[Asked], named: Collection[str]) -> tuple[int, int]:
    """How many claims say the same to both, and how many of them with the same numbers.

    None at all if none that is named for the impostor does.
    """
    due = [asked for asked in told if asked[0].name in named]
    found = [_sameness(other, *asked) for asked in due]
    if due and not any(found):
        return 0, 0
    found += [_sameness(other, *asked) for asked in told if asked[0].name not in named]
    return sum(same > 0 for same in found), sum(same == EXACTLY for same in found)


def _sameness(other: Version, claim: Claim, said: Said) -> int:
    answer = _said(claim, other)
    if answer is None:
        return 0
    if _same(said, answer, DIGITS):
        return EXACTLY
    return int(other.of in DRAWN and _same(said, answer, CHANCE))


def _same(one: Said, other: Said, digits: float) -> bool:
    """Whether two refusals have the same words and, up to so much, the same numbers."""
    if one[0] != other[0] or NUMBER.sub("", one[1]) != NUMBER.sub("", other[1]):
        return False
    pairs = zip(NUMBER.findall(one[1]), NUMBER.findall(other[1]), strict=True)
    return all(_near(float(a), float(b), digits) for a, b in pairs)


def _near(a: float, b: float, digits: float) -> bool:
    return a == b or abs(a - b) <= digits * max(abs(a), abs(b))


def _computes_alike(one: Version, other: Version) -> bool:
    """Whether fresh numbers come out the same; what is drawn need not, as there are many ways."""
    if one.of in LAWS:
        return True
    limits = one.limits(one.of)
    return all(
        _equal(_numbers(one, case), _numbers(other, case))
        for case in fresh_cases(one.of, limits, SEED)
    )


def _numbers(version: Version, case: Case) -> list[Tensor] | None:
    try:
        with torch.random.fork_rng(devices=[]):
            return list(PROGRAMS[version.of](version.of, version.component, case))
    except Exception:  # whoever cannot compute it is like all others who cannot
        return None


def _equal(one: list[Tensor] | None, other: list[Tensor] | None) -> bool:
    if one is None or other is None:
        return one is other
    return len(one) == len(other) and all(map(_close, one, other))


def _close(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape:
        return False
    a, b = a.detach().double(), b.detach().double()
    return torch.allclose(a, b, rtol=DIGITS, atol=1e-4, equal_nan=True)
