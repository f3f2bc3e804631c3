"""All tests on all cores: what is collected once is run by forks of the process that did.

To start a process anew for each core, as pytest-xdist does, takes each of them ten seconds of its
processor: to import torch, and to collect what all of them collect. `-n` says how many there are;
pytest-xdist still does it where `--dist` or `--tx` asks for that.
"""

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from sums_to_one.tests.judge import sandbox, warm
from sums_to_one.tests.judge.slow import import_what_is_slow
from sums_to_one.tests.judge.verdicts import judged_by

GRACE = 5.0  # seconds that a process which reports no more has to end


class SideBySide:
    """The run loop: forks ask for one test after the other, and send home what they report.

    Args:
        count: of processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        count = min(self.count, len(session.items))
        if session.testsfailed or session.config.option.collectonly or count < 2:
            return None  # pytest's own loop knows what to do
        judged = [judged_by(item) for item in session.items]
        import_what_is_slow({name for about in judged if about for name in about.components})
        if any(hasattr(getattr(item, "module", None), "warm") for item in session.items):
            warm.started()  # one for all
        terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal:
            terminal.showfspath = False  # or it would tell at every dot from which file it is
        gc.freeze()  # what is imported by now is never garbage, and need not be searched for any
        waiting = Waiting(session.items)
        workers = [Worker(session, waiting) for _ in range(count)]
        try:
            while workers and not (session.shouldfail or session.shouldstop):
                told = wait([worker.home for worker in workers])
                for worker in [worker for worker in workers if worker.home in told]:
                    worker.listen()
                workers = [worker for worker in workers if worker.is_at_work]
        finally:
            for worker in workers:
                worker.end()
            gc.unfreeze()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True


class Waiting:
    """The tests that are still to be run, by file and component.

    Whoever is at a file goes on with it, for fixtures of the file are made once in a process; who
    is free takes the first that nobody is at, or else helps where most is left.
    """

    def __init__(self, items: Sequence[pytest.Item]) -> None:
        groups = dict[object, deque[int]]()
        for number, item in enumerate(items):
            judged = judged_by(item)
            groups.setdefault((item.path, judged and judged.components), deque()).append(number)
        self.groups = [*groups.values()]
        self.at = dict[object, deque[int]]()

    def next(self, worker: object) -> int | None:
        """The number of the test that comes next, or None if all are run, or begun."""
        if not self.at.get(worker):
            self.groups = [group for group in self.groups if group]
            taken = [id(group) for group in self.at.values()]
            free = [group for group in self.groups if id(group) not in taken]
            self.at[worker] = next(iter(free), max(self.groups, key=len, default=deque()))
        return self.at[worker].popleft() if self.at[worker] else None

    def give_back(self, number: int) -> None:
        """Who was to run this test has ended before."""
        self.groups.insert(0, deque([number]))

    @property
    def is_something_left(self) -> bool:
        return any(self.groups)


class Worker:
    """A fork that runs tests, as this process sees it.

    Args:
        session: whose tests they are.
        waiting: what there is to do.
    """

    def __init__(self, session: pytest.Session, waiting: Waiting) -> None:
        self.session, self.waiting = session, waiting
        self.at: pytest.Item | None = None  # what it runs, and what it is to run then
        self.following: pytest.Item | None = None
        self._start()

    def _start(self) -> None:
        fork = multiprocessing.get_context("fork")
        self.home, theirs = fork.Pipe()
        self.process = fork.Process(target=self._work, args=(theirs,))
        self.process.start()
        theirs.close()

    def _work(self, theirs: Connection) -> None:
        self.home.close()  # or nobody would notice the end of this process
        AtWork(self.session, theirs).run()

    @property
    def is_at_work(self) -> bool:
        return not self.home.closed

    def listen(self) -> None:
        """Do what the fork asks for: hear a report, or tell what is next."""
        try:
            told = self.home.recv()
        except (EOFError, OSError):
            self._broke_off()
            return
        if told is None:
            self._tell_what_is_next()
        elif self.at is not None:
            config = self.session.config
            from_data = config.hook.pytest_report_from_serializable
            _hand_on(self.at, [from_data(config=config, data=data) for data in told])
            self.at, self.following = self.following, None

    def _tell_what_is_next(self) -> None:
        number = self.waiting.next(self)
        following = None if number is None else self.session.items[number]
        self.home.send(number)
        if self.at is None:
            self.at = following
        else:
            self.following = following

    def _broke_off(self) -> None:
        """The test that it was at has failed; another fork goes on, if there is something to do."""
        self.process.join(GRACE)
        self.end()
        if self.at is not None:
            code = self.process.exitcode
            why = f"the process that ran it ended before the test did (exit code {code})"
            report = pytest.TestReport(
                nodeid=self.at.nodeid,
                location=self.at.location,
                keywords={},
                outcome="failed",
                longrepr=why,
                when="call",
                user_properties=[*self.at.user_properties],
            )
            _hand_on(self.at, [report])
        if self.following is not None:
            self.waiting.give_back(self.session.items.index(self.following))
        self.at = self.following = None
        if self.waiting.is_something_left:
            self._start()

    def end(self) -> None:
        """End it, wherever it is."""
        self.process.kill()
        self.process.join()
        self.home.close()


def _hand_on(item: pytest.Item, reports: list[pytest.TestReport]) -> None:
    """Tell pytest that a test has begun, what came of it, and that it has ended."""
    hook = item.config.hook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


class AtWork:
    """What the fork does.

    Args:
        session: whose tests are run.
        home: where it asks for tests, and reports.
    """

    def __init__(self, session: pytest.Session, home: Connection) -> None:
        self.session, self.home = session, home

    def run(self) -> None:
        """Run tests until there are none."""
        sandbox.dies_with_its_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # which is for who has started it
        config = self.session.config
        capture = config.pluginmanager.get_plugin("capturemanager")
        if capture:  # a file of its own in place of one that all would write to
            capture.stop_global_capturing()
            capture.start_global_capturing()
        config.pluginmanager.register(self)
        item = self._ask()
        while item:
            following = Following(self)
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following.item
        sys.stdout.flush()
        os._exit(0)

    def _ask(self) -> pytest.Item | None:
        self.home.send(None)
        number = self.home.recv()
        return None if number is None else self.session.items[number]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Any) -> bool:
        """As pytest's own, but that the reports go home."""
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        hook = item.config.hook
        told = [hook.pytest_report_to_serializable(config=item.config, report=r) for r in reports]
        self.home.send(told)
        return True


class Following:
    """The test that comes next, which is asked for when the one before it is taken down."""

    def __init__(self, work: AtWork) -> None:
        self.work = work
        self.item: pytest.Item | None = None

    def listchain(self) -> list[Any]:
        """The next test and all that it lies in, as of any item of pytest."""
        self.item = self.work._ask()
        return self.item.listchain() if self.item else []
