"""Judge the files of a folder whenever they are saved, from a process that is warm.

pytest has collected the claims once, and torch is imported; after each save only the fork of
`isolation` starts anew. The claims nearest to the definition come first. A quick pass with few
examples looks for the first that is refused, which is shown at once; then all are asked in full.
"""

import contextlib
import itertools
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from _pytest.runner import runtestprotocol
from rich.console import Console
from rich.text import Text

from sums_to_one.tests.judge import forks, progress
from sums_to_one.tests.judge.causes import causes, telling
from sums_to_one.tests.judge.components import KNOWN
from sums_to_one.tests.judge.hints import hints, what_is_next
from sums_to_one.tests.judge.isolation import Isolation
from sums_to_one.tests.judge.languages import in_language
from sums_to_one.tests.judge.lesson import REFUSALS, Page
from sums_to_one.tests.judge.subjects import SubjectError, readable, requested
from sums_to_one.tests.judge.teeth import _few_examples
from sums_to_one.tests.judge.verdicts import Verdict, Verdicts, judged_by

COMMAND = "sums_to_one.tests.judge.command"
PAUSE = 0.1  # seconds between two looks at the folder
KEYS = "h: hint, d: diagnosis, n: what is next, l: list all claims, q: quit"
FEW = 5  # examples of each claim in the quick pass, whose first refusal is shown
QUICK = 5.0  # seconds that the quick pass may take


def judgeable(folder: Path) -> list[str]:
    """The files of a folder that have a component; what is wrong with the others is told later."""
    found = []
    for file in sorted(folder.glob("*.py")):
        with contextlib.suppress(SubjectError):
            requested([str(file)])
            found.append(str(file))
    return found


class Watch:
    """The plugin that takes the place of the run: it judges again after every save."""

    def __init__(self, folder: Path, console: Console, chinese: bool) -> None:
        self.folder, self.console, self.chinese = folder, console, chinese
        self.shown = False  # whether a refusal of this round is
        self.rows: list[Verdict] = []
        self.hinted = 0
        self.warm = False  # whether what claims import has been imported

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        plugins = session.config.pluginmanager
        self.verdicts: Verdicts = cast(Verdicts, plugins.get_plugin("verdicts"))
        self.isolation = cast(Isolation, plugins.get_plugin("isolation"))
        every = sorted(session.items, key=lambda item: telling(_about(item)))
        # Each file once, though it has many claims: looking at it takes a process of its own.
        subjects = {file: _components(file) for file in dict.fromkeys(map(_subject, every))}
        self._progress()
        self.console.print(Text(in_language(KEYS, self.chinese), style="bright_black"))
        for file in self._saved(list(subjects)):
            try:
                components = _components(file)
            except SubjectError as problem:
                self.console.print(Text(str(problem), style="red"))
                continue
            if components != subjects.get(file):
                _begin_again()
            session.items = [item for item in every if _subject(item) == file]
            self._judge(session, file)
        session.items = []
        self.verdicts.found.clear()
        return (yield)

    def _judge(self, session: pytest.Session, file: str) -> None:
        session.testsfailed, self.shown, self.hinted = 0, False, 0
        self.verdicts.forget()
        self.console.rule(Text(f"{file} {time.strftime('%H:%M:%S')}", style="bold"), align="left")
        items = session.items
        first = _first_refused(items, file) if self.warm else None
        if first is not None:
            session.items = [items[first]]
            self.isolation.pytest_runtestloop(session)
            session.items = [*items[:first], *items[first + 1 :]]
        session.testsfailed = 0
        self.isolation.pytest_runtestloop(session)
        self.warm = True
        self.rows = self.verdicts.found.get(file, [])
        self._list(everything=False)
        for component in dict.fromkeys(row.component for row in self.rows):
            own = [row for row in self.rows if row.component == component]
            broken = sum(row.outcome in REFUSALS for row in own)
            holds = len({row.test for row in own if row.outcome == "passed"})
            progress.note_verdict(self.folder, component, holds, broken)
            if not broken:
                self.console.print(what_is_next(component, self.chinese), highlight=False)

    def _progress(self) -> None:
        for line in progress.told(self.folder, self.chinese):
            self.console.print(Text(line, style="bright_black"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if report.failed and not self.shown and "judging" in properties:
            self.shown = True
            row = _row(report.nodeid, properties)
            page = Page(self.console.width, False, self.chinese, {})
            for line in page.refusal(row, room=12):
                self.console.print(line, soft_wrap=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        return report.outcome if report.when == "call" else "", "", ""

    def _list(self, everything: bool) -> None:
        found = next(iter(self.verdicts.diagnoses.values()), {})
        page = Page(self.console.width, everything, self.chinese, {}, None, found)
        for line in page.lines_of(self.rows, {}):
            self.console.print(line, soft_wrap=True)

    def _saved(self, files: list[str]) -> Iterator[str]:
        """Every file at first, then each that is saved; until q is pressed."""
        yield from files
        known = _times(self.folder)
        with _keys():
            while True:
                key = _pressed(PAUSE)
                if key == "q":
                    return
                self._answer(key)
                now = _times(self.folder)
                changed = [file for file in now if now[file] != known.get(file)]
                known = now
                yield from changed

    def _answer(self, key: str) -> None:
        broken = [row for row in self.rows if row.outcome in REFUSALS]
        if key == "l":
            self._list(everything=True)
            self._progress()
        if key == "d" and broken:
            self._list(everything=False)
        if key == "n" and self.rows:
            follows = what_is_next(self.rows[0].component, self.chinese)
            self.console.print(follows, highlight=False)
        if key == "h" and broken:
            said = hints(causes(broken)[0].first, self.chinese)
            number = min(self.hinted, len(said) - 1)
            words = "hint {n} of {all}" if number < len(said) - 1 else "our solution"
            head = in_language(words, self.chinese, n=number + 1, all=len(said) - 1)
            self.console.print(Text(head, style="bold"))
            self.console.print(said[number], highlight=False, markup=False)
            self.hinted += 1


def _first_refused(items: list[pytest.Item], file: str) -> int | None:
    """The place of the first claim that a few examples refute; none where that takes long."""

    def ask() -> int:
        items[0].config.pluginmanager.unregister(name="timeout")
        for number, (item, following) in enumerate(itertools.zip_longest(items, items[1:])):
            with _few_examples(getattr(item, "obj"), FEW):  # noqa: B009 - of functions alone
                reports = runtestprotocol(item, log=False, nextitem=following)
            if any(report.failed for report in reports):
                return number
        return -1

    if not items:
        return None
    before = dict(forks.settings)
    forks.settings["limit"] = QUICK
    try:
        found = forks.in_a_fork(ask, "the quick pass", readable(file))
    finally:
        forks.settings |= before
    return found if isinstance(found, int) and 0 <= found < len(items) else None


def _about(item: pytest.Item) -> Verdict:
    return _row(item.nodeid, dict(item.user_properties))


def _row(test: str, properties: dict[str, Any]) -> Verdict:
    about = properties["judging"]
    said = properties.get("counterexample")
    return Verdict(
        " ".join(about["ids"]), about["component"], test, about["sentence"], "failed", said
    )


def _subject(item: pytest.Item) -> str:
    judged = judged_by(item)
    assert judged, f"only what judges is run: {item.nodeid}"
    return judged.subject.name


def _components(file: str) -> tuple[str, ...]:
    (subject,), _ = requested([file])
    return tuple(name for name in KNOWN if subject.provides([name]))


def _times(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in sorted(folder.glob("*.py"))}


def _begin_again() -> None:
    """Other components want other claims: they are collected by a new process."""
    os.execv(sys.executable, [sys.executable, "-m", COMMAND, *sys.argv[1:]])


@contextlib.contextmanager
def _keys() -> Iterator[None]:
    """Each key is heard at once, without Enter; nothing is to be heard where nobody types."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _pressed(seconds: float) -> str:
    """The key that is pressed within so many seconds, if one is."""
    if not sys.stdin.isatty():
        time.sleep(seconds)
        return ""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return sys.stdin.read(1) if ready else ""
