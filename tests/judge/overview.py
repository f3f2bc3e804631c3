"""Our components and PyTorch's at a glance: a line for each, as soon as its verdicts are there."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS, asked_for, chapter_of
from sums_to_one.tests.judge.lesson import REFUSALS
from sums_to_one.tests.judge.places import places_in
from sums_to_one.tests.judge.subjects import OURS
from sums_to_one.tests.judge.verdicts import NOT_PROVIDED

NAMES = tuple(subject.name for subject in OURS)
LONGEST = max(len(f"{chapter}: {name}") for chapter, names in COMPONENTS.items() for name in names)


class Overview:
    """The plugin that prints a line as soon as all claims about a component are judged."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.waiting: dict[str, set[str]] = {}  # by component, the tests that are still to come
        self.found: dict[tuple[str, str], dict[str, bool]] = {}  # whether each claim holds

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._expect(ids)

    def _expect(self, tests: Iterable[str]) -> None:
        arguments = {
            f"{file.relative_to(ROOT).as_posix()}::{place.name}": place.arguments
            for chapter in COMPONENTS
            for file in (ROOT / "tests" / chapter).glob("test_*.py")
            for place in places_in(file)
        }
        for test in tests:
            name, _, case = test.partition("[")
            component = component_in(case.removesuffix("]"), arguments.get(name, ()))
            if component:
                self.waiting.setdefault(component, set()).add(test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        about = properties.get("judging")
        if about is None:
            return
        component, claim = about["component"], report.nodeid.partition("[")[0]
        if (report.when == "call" and NOT_PROVIDED not in properties) or report.failed:
            holds = self.found.setdefault((component, about["subject"]), {})
            holds[claim] = holds.get(claim, True) and report.outcome not in REFUSALS
        if report.when == "teardown":
            self.waiting.get(component, set()).discard(report.nodeid)
            if component in self.waiting and not self.waiting[component]:
                del self.waiting[component]
                self.console.print(self.line(component))

    def line(self, component: str) -> Text:
        """How many claims hold of each subject."""
        text = Text(f"{chapter_of(component)}: {component}".ljust(LONGEST + 2))
        for name in NAMES:
            holds = self.found.get((component, name), {})
            if not holds:
                text.append(f"{name} has none".ljust(22), "bright_black")
                continue
            count = f"{name} {sum(holds.values())} of {len(holds)}"
            text.append(count.ljust(22), "green" if all(holds.values()) else "red")
        text.rstrip()
        return text


def component_in(case: str, arguments: tuple[str, ...]) -> str | None:
    """The component that a test judges, by the words for its parameters."""
    asked = asked_for(arguments)
    if not asked:
        return None
    if not set(arguments) & set(GROUPS):
        return asked[0][0]
    labels = "|".join(f"{name}-({'|'.join(member for (member,) in asked)})" for name in NAMES)
    found = re.search(rf"(?:^|-)(?:{labels})(?:-|$)", case)
    return next(filter(None, found.groups()), None) if found else None
