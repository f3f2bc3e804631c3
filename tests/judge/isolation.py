"""Every judged component in a process of its own, so that no subject can harm another.

A subject may loop for ever, exit, crash, or change torch under everybody's feet. The parent
imports torch and collects the claims once; then each job (one component of one subject) runs
in a fork of it, as many at a time as there are cores, and sends its reports home. A process
that dies or hangs costs its subject that one claim; a new process takes up the rest.
"""

import atexit
import faulthandler
import gc
import itertools
import os
import signal
import tempfile
import threading
import time
from multiprocessing.connection import wait
from typing import Any
from unittest import mock

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from hypothesis import strategies as st

from sums_to_one.tests.judge.confirming import Confirmation, Confirming, key_of, report
from sums_to_one.tests.judge.diagnosis import Diagnosing, Looking
from sums_to_one.tests.judge.forks import LOOK, Process, Share
from sums_to_one.tests.judge.messages import (
    Lines,
    TamperedError,
    due_after,
    heard,
    send,
    told,
)
from sums_to_one.tests.judge.slow import import_what_is_slow
from sums_to_one.tests.judge.subjects import readable
from sums_to_one.tests.judge.terminal import plain
from sums_to_one.tests.judge.verdicts import TAMPERED

GRACE = 10.0  # seconds after its limit at which a process that did not end itself is killed
MOST_TRACE = 100_000  # bytes of what is known of a process that broke off
PATIENCE = 2  # how many processes one component may break before the rest is left unjudged
LATE = "did not return within"


class Job:
    """The claims about one component of one subject, and the process that judges them."""

    def __init__(self, items: list[pytest.Item]) -> None:
        self.items = items
        self.key = key_of(items[0])
        self.broken = 0
        self.refused = False
        self.postponed: list[pytest.Item] = []  # asked once more, when nobody else is
        self.alone = False

    def start(self) -> None:
        """Fork a process that judges the items that are left."""
        # Where the process was when it broke off. Open as long as the process lives: see close.
        self.trace = tempfile.TemporaryFile("w+b")  # noqa: SIM115
        receiver, sender = os.pipe()
        self.home = Lines(receiver)
        subject, _ = self.key
        self.process = Process(
            lambda: self._judge(sender),
            readable(subject.source),
            self.items[0].config,
            handles=(sender, self.trace.fileno()),
        )
        os.close(sender)
        self._expect_the_next()

    @property
    def ended(self) -> bool:
        return not self.items

    def _expect_the_next(self) -> None:
        """The time for the next claim counts from now."""
        self.share = Share()
        self.deadline = time.monotonic() + _limit(self.items[0]) + GRACE
        self.due: str | None = "setup"

    def _judge(self, sender: int) -> None:
        own = os.getpid()
        faulthandler.enable(file=self.trace)
        # A second alarm at the same second would be what the trace shows, in place of the subject;
        # and nobody sees a log.
        plugins = self.items[0].config.pluginmanager
        for name in filter(plugins.has_plugin, ("timeout", "logging-plugin")):
            plugins.unregister(name=name)
        self.items[0].config.option.tbstyle = "line"  # nor a traceback, which takes long to make
        for item, following in itertools.zip_longest(self.items, self.items[1:]):
            faulthandler.dump_traceback_later(_limit(item), exit=True, file=self.trace)
            reports = runtestprotocol(item, log=False, nextitem=following)
            if os.getpid() != own:
                os._exit(1)  # a copy, which the subject has made of this process
            for found in reports:
                send(sender, told(found))
            send(sender, None)
        faulthandler.cancel_dump_traceback_later()

    def is_late(self) -> None:
        """Its time is over; what is left of it is heard as its end."""
        self.process.end()

    def ask_alone(self) -> bool:
        """Whether there are claims for which others left it no time: those are asked again."""
        self.items, self.postponed, self.alone = self.postponed, [], True
        return bool(self.items)

    def listen(self) -> None:
        """Hand on what the process has told; call it when something is there."""
        try:
            for content in self.home.read():
                self._take(content)
                if not self.items:
                    return
        except EOFError:
            self._broke_off(self._why_it_ended())
        except TamperedError as problem:
            self._broke_off(f"tampered with its verdict: it sent {problem}", (TAMPERED, TAMPERED))

    def _take(self, content: Any) -> None:
        found = None if content is None else heard(content, self.items[0])
        if self.due != (found and found.when):
            raise TamperedError("a report out of turn")
        if found is None:
            self.items.pop(0)
            if self.items:
                self._expect_the_next()
        else:
            self.due = due_after(found)
            self.refused |= found.failed
            self.items[0].config.hook.pytest_runtest_logreport(report=found)

    def _broke_off(self, why: str, *properties: tuple[str, object]) -> None:
        self.close()
        if why.startswith(LATE) and self.share.is_small and not self.alone:
            self.postponed.append(self.items.pop(0))
            if self.items:
                self.start()
            return
        self.broken += 1
        self.refused = True
        report(self.items.pop(0), "call", why, *properties)
        if self.broken < PATIENCE and self.items:
            self.start()
        while self.broken >= PATIENCE and self.items:
            report(self.items.pop(0), "setup", f"not judged: an earlier claim {why}")

    def close(self) -> None:
        self.process.end()
        self.home.close()
        self.trace.close()

    def _why_it_ended(self) -> str:
        """What is known of a process that ended before its time."""
        time.sleep(0.1)  # let a process that closed its end of the pipe come to its own end
        status = self.process.end()
        self.trace.seek(0)
        told = plain(self.trace.read(MOST_TRACE).decode(errors="replace"))
        frames = [line.strip() for line in told.splitlines() if line.lstrip().startswith("File")]
        where = "".join(f"\n  {frame}" for frame in frames[:2])
        if told.startswith("Timeout") or time.monotonic() > self.deadline:
            return f"{LATE} {_limit(self.items[0]):.0f} s{where}"
        if os.WIFSIGNALED(status):
            return f"crashed the process ({_name_of(os.WTERMSIG(status))}){where}"
        return f"ended the process (exit status {os.waitstatus_to_exitcode(status)}){where}"


def _name_of(number: int) -> str:
    """Those of a real-time signal have no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Isolation:
    """The run loop of `--subject`: every job in a fork, every report in the parent."""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """A run that is told to end, as by a time limit of CI, first says what it has found."""

        def stop(*_: object) -> None:
            session.shouldstop = "the run was told to end, by SIGTERM"

        def restore() -> None:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)

        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGTERM, stop)
            session.config.add_cleanup(restore)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly or session.config.option.usepdb:
            return None  # pytest's own loop knows what to do
        jobs = _jobs(list(session.items))
        waiting: list[Job | Confirmation | Looking] = [*jobs]
        confirming = Confirming(session, jobs)
        diagnosing = Diagnosing(session, jobs)
        session.config.pluginmanager.register(diagnosing)
        with mock.patch.object(gc, "collect"):  # which Hypothesis asks for, and finds nothing yet
            _warm_up()
        judged = {job.key[1] for job in jobs}
        import_what_is_slow(judged)
        gc.freeze()  # what is imported by now is never garbage, and need not be searched for any
        atexit.register(gc.unfreeze)
        running: list[Job | Confirmation | Looking] = []
        starved, next_look = list[Job | Confirmation](), 0.0
        try:
            while (waiting or running or starved) and not (
                session.shouldfail or session.shouldstop
            ):
                if not waiting and not running:
                    waiting.append(starved.pop(0))
                while waiting and len(running) < (os.cpu_count() or 1):
                    running.append(waiting.pop(0))
                    running[-1].start()
                ready = wait([job.home.pipe for job in running], timeout=1.0)
                for job in [job for job in running if job.home.pipe in ready]:
                    job.listen()
                if time.monotonic() > next_look:
                    next_look = time.monotonic() + LOOK
                    for job in running:
                        if not isinstance(job, Looking):
                            job.share.look(job.process)
                for job in running:
                    if time.monotonic() > job.deadline:
                        job.is_late()
                for job in [job for job in running if job.ended]:
                    running.remove(job)
                    job.close()
                    if not isinstance(job, Looking) and job.ask_alone():
                        starved.append(job)
                        continue
                    # Before all others, so that whoever was begun is soon judged to the end.
                    waiting[:0] = [*confirming.after(job), *diagnosing.after(job)]
        finally:
            for job in running:
                job.close()
            if not session.shouldfail:  # which is asked for, by -x
                unended = [*running, *waiting, *starved]
                left = [job for job in unended if not isinstance(job, Looking)]
                verdicts: Any = session.config.pluginmanager.get_plugin("verdicts")
                verdicts.ended_before(dict.fromkeys((job.key[0].name, job.key[1]) for job in left))
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True


@hypothesis.given(st.floats(), st.tuples(st.integers()))
def _warm_up(number: float, numbers: tuple[int]) -> None:
    """What Hypothesis does at its first run is done once, before the processes fork."""


def _jobs(items: list[pytest.Item]) -> list[Job]:
    """The items by subject and component."""
    jobs: dict[Any, list[pytest.Item]] = {}
    for item in items:
        jobs.setdefault(key_of(item), []).append(item)
    parts = -(-(os.cpu_count() or 1) // max(1, len(jobs)))  # few jobs are split among the cores
    return [Job(own[part::parts]) for own in jobs.values() for part in range(parts) if own[part:]]


def _limit(item: pytest.Item) -> float:
    """Seconds that a claim may take: pytest-timeout's marker, option or setting."""
    marker = item.get_closest_marker("timeout")
    if marker is not None and marker.args:
        return float(marker.args[0])
    return float(item.config.getoption("timeout") or item.config.getini("timeout") or 60)
