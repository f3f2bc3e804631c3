"""Subjects: the modules that provide the components to be judged.

A subject is a dotted module name or the path of a Python file. It provides a component by
having a callable of that name. `torch` stands for the places where PyTorch keeps its own.
"""

import contextlib
import difflib
import importlib
import itertools
import json
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from sums_to_one.cifar import modules
from sums_to_one.cifar.modules import OUR_FOLDERS, PACKAGE, load
from sums_to_one.tests.common.limits import EVERYTHING, Limits, LimitsError, read
from sums_to_one.tests.judge.components import COMPONENTS, KNOWN
from sums_to_one.tests.judge.forks import in_a_fork
from sums_to_one.tests.judge.messages import MOST_TEXT
from sums_to_one.tests.judge.proof import asks_for_ours, is_ours, place_of
from sums_to_one.tests.judge.terminal import in_a_line
from sums_to_one.tests.judge.variants import AS_IT_IS, Variant, is_present, transformed

TORCH_PLACES = (
    "torch.nn.functional",
    "torch.nn",
    "torch.nn.init",
    "torch.optim",
    "torch.autograd",
)
# Slow to import, so looked into for these alone.
TORCHVISION = "torchvision.transforms.v2"
TRANSFORMS = COMPONENTS["regularization"][4:]


class SubjectError(Exception):
    """A subject that cannot be judged; the message is for the person who named it."""


@dataclass(frozen=True)
class Subject:
    """A place to look components up in.

    Args:
        name: as it is shown: what the person who asked called it.
        module: what to import, where that is not the name.
        given: limits that somebody else has declared for it, by component, as JSON.
        strict: whether whatever it refuses must be declared.
        variant: how it is asked, if not as it is.
        conventions: the names of those, other than PyTorch's, that it follows.
    """

    name: str
    module: str = ""
    given: str = "{}"
    strict: bool = False
    variant: Variant = AS_IT_IS
    conventions: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """What to import, or to read."""
        return self.module or self.name

    @property
    def how(self) -> dict[str, Any]:
        """How it is asked, for the verdicts."""
        conventions = [*self.conventions]
        return {"source": self.source, **asdict(self.variant), "conventions": conventions}

    def component(self, name: str) -> Callable[..., Any] | None:
        """The component of that name, or None where the subject does not provide it."""
        for place in self._places(name):
            found = getattr(place, name, None)
            if callable(found):
                changed = transformed(self.variant.transform, found)
                return changed and self._translated(name, changed)
        return None

    def _translated(self, name: str, found: Callable[..., Any]) -> Callable[..., Any]:
        if not self.conventions:
            return found
        from sums_to_one.tests.judge.conventions import adapted

        return adapted(found, name, self.conventions)

    def limits(self, name: str) -> Limits:
        """What it declares that this component does not do.

        In a dictionary LIMITS of its module, by the component's name, or as an attribute `limits`
        of the function or class.

        Raises:
            LimitsError: what is declared cannot be read.
        """
        given = read(json.loads(self.given).get(name, {}), name)
        return self.variant.limits.within(given).within(self._own_limits(name))

    def _own_limits(self, name: str) -> Limits:
        if self.source == "torch":
            return EVERYTHING
        (module,) = self._places(name)
        everybodys = getattr(module, "LIMITS", {})
        if not isinstance(everybodys, dict):
            raise LimitsError(
                "LIMITS must be a dictionary from names of components to their limits, got "
                f"{everybodys!r}"
            )
        own = getattr(getattr(module, name, None), "limits", None)  # which may be something else
        return read(own if isinstance(own, dict) else everybodys.get(name, {}), name)

    def provides(self, names: Collection[str]) -> bool:
        if self.name in _provided:
            return set(names) <= set(_provided[self.name])
        return all(self.component(name) for name in names)

    def _places(self, component: str) -> Iterator[ModuleType]:
        if self.source == "torch":
            places = (TORCHVISION,) if component in TRANSFORMS else TORCH_PLACES
            yield from map(importlib.import_module, places)
        else:
            yield load(self.source)


# Judged when nobody names a subject.
OURS = (Subject("concepts", f"{PACKAGE}.concepts"), Subject("torch"))


def requested(
    names: Sequence[str],
    limits: Sequence[str] = (),
    strict: bool = False,
    variants: Sequence[Variant] = (AS_IT_IS,),
    conventions: Sequence[str] = (),
) -> tuple[list[Subject], dict[str, str]]:
    """The subjects to judge: those named, each looked at beforehand, or else our own two.

    Args:
        names: of modules, or paths of .py files.
        limits: of all subjects: a component's name, `=` and what it declares, as JSON.
        strict: whether whatever they refuse must be declared.
        variants: how each of them is to be asked.
        conventions: that all of them follow.

    Returns:
        Those that can be judged, and why others cannot be.

    Raises:
        SubjectError: none can be judged.
    """
    given = json.dumps(dict(map(_given, limits)))
    if not names:
        return [replace(subject, given=given, strict=strict) for subject in OURS], {}
    import torch  # noqa: F401 - once, before the processes that look at the subjects fork

    _import_what_is_slow(names)
    found, problems = [], {}
    taken = set[str]()
    for name, variant in itertools.product(dict.fromkeys(names), variants):
        shown = variant.called(in_a_line(name))
        while shown in taken:
            shown += "'"  # two names that differ in what no screen shows
        taken.add(shown)
        subject = Subject(shown, name, given, strict, variant, tuple(conventions))
        try:
            found.append(_looked_at(subject))
        except SubjectError as problem:  # which is this one's own, and costs nobody else a verdict
            problems[subject.name] = str(problem)
    if not found:
        raise SubjectError("\n".join(problems.values()))
    return found, problems


def _import_what_is_slow(names: Sequence[str]) -> None:
    """Once, what subjects name in their files; or each process that judges them would."""
    if any("torchvision" in _text(name) for name in names if name.endswith(".py")):
        importlib.import_module(TORCHVISION)


def _text(name: str) -> str:
    """The beginning of a file; nothing of what is none, or cannot be read."""
    if _is_file(name):
        with contextlib.suppress(OSError), open(name, errors="replace") as file:
            return file.read(MOST_TEXT)
    return ""


def _given(text: str) -> tuple[str, Any]:
    component, _, declared = text.partition("=")
    try:
        if component in KNOWN:
            read(json.loads(declared), component)
            return component, json.loads(declared)
    except (ValueError, LimitsError) as problem:
        raise SubjectError(f"--limits {text!r} cannot be read: {problem}") from None
    example = """--limits='softmax={"dtypes": ["float32"]}'"""
    raise SubjectError(f"--limits must name a component and its limits, as {example}, got {text!r}")


# By subject, of those that were named: its components, and what it declares of each.
_provided: dict[str, dict[str, dict[str, Any]]] = {}


def declared(subject: Subject, component: str) -> Limits:
    """What it says that a component does not do, known without running any of it here."""
    given = read(json.loads(subject.given).get(component, {}), component)
    own = given.within(read(_provided[subject.name][component], component))
    return subject.variant.limits.within(own)


def _looked_at(subject: Subject) -> Subject:
    name = subject.source
    if name.endswith(".py") and not _is_file(name):
        raise SubjectError(f"a subject is a .py file or a module: there is no file {name!r}")
    if not name.endswith(".py") and not all(map(str.isidentifier, name.split("."))):
        raise SubjectError(f"a subject is a .py file or a module: there is no module {name!r}")
    answer = in_a_fork(lambda: _look(subject), f"importing the subject {name!r}", readable(name))
    if isinstance(answer, str):  # a stranger's words among it, which may look like ours
        raise SubjectError(answer.replace("\n", "\n  "))
    try:
        for component, limits in answer.items():
            KNOWN.index(component), read(limits, component)
    except (AttributeError, TypeError, ValueError):
        raise SubjectError(f"importing the subject {name!r} tampered with the judge") from None
    dtypes = {component: read(limits, component).dtypes for component, limits in answer.items()}
    _provided[subject.name] = {
        component: limits
        for component, limits in answer.items()
        if subject.variant.takes(dtypes[component])
    }
    return subject


def _is_file(name: str) -> bool:
    """False, too, for what can be no file's name, such as one that is too long."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def readable(name: str) -> list[Path]:
    """What a subject may read: its file or package, and what lies beside it."""
    place = place_of(name if name.endswith(".py") else name.partition(".")[0])
    return [place.parent] if place else []


def _look(subject: Subject) -> dict[str, Any] | str:
    """The known components of a subject and their limits, or why it cannot be judged."""
    name, device = subject.source, subject.variant.device
    if not is_present(device):
        return f"the subject {name!r} cannot be judged: there is no device {device!r} here"
    try:
        module = load(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            return f"a subject is a .py file or a module: there is no module {name!r}{_hint(name)}"
        return f"the subject {name!r} cannot be imported:\n\n{_its_own_traceback(error)}"
    except BaseException as error:  # its import may also exit, or ask for the keyboard
        return f"the subject {name!r} cannot be imported:\n\n{_its_own_traceback(error)}"
    try:
        components = [known for known in KNOWN if subject.component(known)]
    except Exception as error:  # of whatever is to become of it
        return f"the subject {name!r} cannot be transformed:\n\n{_its_own_traceback(error)}"
    ours = [c for c in components if is_ours(getattr(module, c, None), c)]
    if ours and not asks_for_ours(name):
        return (
            f"the subject {name!r} provides our own reference as {', '.join(ours)}, which would "
            f"be judged by itself; to judge ours, name it: {PACKAGE}.concepts"
        )
    try:
        as_it_is = Subject(name)  # what is asked is what it declares, and is in its variant
        limits = {c: as_it_is.limits(c).declared() for c in components}
    except LimitsError as error:
        return f"the subject {name!r} cannot be judged: {error}"
    if components:
        return limits
    return f"the subject {name!r} provides no known component; {_nearest(module)}"


def _hint(name: str) -> str:
    ours = name.partition(".")[0] in OUR_FOLDERS
    return f"; ours is called {PACKAGE}.{name}" if ours else ""


def _nearest(module: ModuleType) -> str:
    lines = [f"known are {', '.join(KNOWN)}"]
    for own in sorted(vars(module)):
        near = difflib.get_close_matches(own.lower(), KNOWN, n=1)
        if near and not own.startswith("_"):
            lines.append(f"it has {own!r}: did you mean {near[0]!r}?")
    return "\n".join(lines)


def _its_own_traceback(error: BaseException) -> str:
    """The traceback without the frames of the import system and of this file."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(
        frame
        for frame in told.stack
        if frame.filename not in (__file__, modules.__file__) and "importlib" not in frame.filename
    )
    return "".join(told.format())[:MOST_TEXT]
