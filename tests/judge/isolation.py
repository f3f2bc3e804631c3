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
import time
from multiprocessing.connection import wait
from typing import Any

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from hypothesis import strategies as st

from sums_to_one.tests.judge.arguments import Judged
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS
from sums_to_one.tests.judge.forks import fork, kill
from sums_to_one.tests.judge.messages import Lines, TamperedError, heard, send, told
from sums_to_one.tests.judge.verdicts import judged_by

GRACE = 10.0  # seconds after its limit at which a process that did not end itself is killed
PATIENCE = 2  # how many processes one component may break before the rest is left unjudged


class Job:
    """The claims about one component of one subject, and the process that judges them."""

    def __init__(self, items: list[pytest.Item]) -> None:
        self.items = items
        self.broken = 0

    def start(self) -> None:
        """Fork a process that judges the items that are left."""
        # Where the process was when it broke off. Open as long as the process lives: see close.
        self.trace = tempfile.TemporaryFile("w+")  # noqa: SIM115
        receiver, sender = os.pipe()
        self.home = Lines(receiver)
        self.child = fork(lambda: self._judge(sender), self.items[0].config)
        os.close(sender)
        self.heard()

    def heard(self) -> None:
        """The process gave a sign of life: its time for this claim counts from now."""
        self.deadline = time.monotonic() + _limit(self.items[0]) + GRACE

    def _judge(self, sender: int) -> None:
        faulthandler.enable(file=self.trace)
        for item, following in itertools.zip_longest(self.items, self.items[1:]):
            faulthandler.dump_traceback_later(_limit(item), exit=True, file=self.trace)
            for report in runtestprotocol(item, log=False, nextitem=following):
                send(sender, told(report))
            send(sender, None)
        faulthandler.cancel_dump_traceback_later()

    def close(self) -> None:
        kill(self.child)
        self.home.close()
        self.trace.close()

    def why_it_ended(self) -> str:
        """What is known of a process that ended before its time."""
        time.sleep(0.1)  # let a process that closed its end of the pipe come to its own end
        status, self.child = kill(self.child), 0
        self.trace.seek(0)
        told = self.trace.read()
        frames = [line.strip() for line in told.splitlines() if line.lstrip().startswith("File")]
        where = "".join(f"\n  {frame}" for frame in frames[:2])
        if told.startswith("Timeout") or time.monotonic() > self.deadline:
            return f"did not return within {_limit(self.items[0]):.0f} s{where}"
        if os.WIFSIGNALED(status):
            return f"crashed the process ({signal.Signals(os.WTERMSIG(status)).name}){where}"
        return f"ended the process (exit status {os.waitstatus_to_exitcode(status)}){where}"


class Isolation:
    """The run loop of `--subject`: every job in a fork, every report in the parent."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly or session.config.option.usepdb:
            return None  # pytest's own loop knows what to do
        waiting = _jobs(list(session.items))
        _warm_up()
        judged = {_component(job.items[0]) for job in waiting}
        # What is slow to import is imported once, here, and not in every process that forks.
        if judged & {*COMPONENTS["initialization"], "gradient_descent"}:
            import scipy.stats  # noqa: F401 - for the tests of distributions
        if judged & set(GROUPS["optimizer"]):
            import torch._dynamo  # noqa: F401 - by the first optimizer of PyTorch's that is made
        gc.freeze()  # what is imported by now is never garbage, and need not be searched for any
        atexit.register(gc.unfreeze)
        running: list[Job] = []
        try:
            while waiting or running:
                while waiting and len(running) < (os.cpu_count() or 1):
                    running.append(waiting.pop(0))
                    running[-1].start()
                ready = wait([job.home.pipe for job in running], timeout=1.0)
                for job in [job for job in running if job.home.pipe in ready]:
                    self._listen(job)
                for job in running:
                    if time.monotonic() > job.deadline:
                        kill(job.child)
                for job in [job for job in running if not job.items]:
                    running.remove(job)
                    job.close()
                if session.shouldfail or session.shouldstop:
                    break
        finally:
            for job in running:
                job.close()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True

    def _listen(self, job: Job) -> None:
        try:
            for content in job.home.read():
                job.heard()
                if content is None:
                    job.items.pop(0)
                else:
                    report = heard(content, job.items[0])
                    job.items[0].config.hook.pytest_runtest_logreport(report=report)
                if not job.items:
                    return
        except EOFError:
            self._broke_off(job, job.why_it_ended())
        except TamperedError as problem:
            self._broke_off(job, f"tampered with its verdict: it sent {problem}")

    def _broke_off(self, job: Job, why: str) -> None:
        job.broken += 1
        job.close()
        _log(job.items.pop(0), "call", why)
        if job.broken < PATIENCE and job.items:
            job.start()
        while job.broken >= PATIENCE and job.items:
            _log(job.items.pop(0), "setup", f"not judged: an earlier claim {why}")


@hypothesis.given(st.floats(), st.tuples(st.integers()))
def _warm_up(number: float, numbers: tuple[int]) -> None:
    """What Hypothesis does at its first run is done once, before the processes fork."""


def _log(item: pytest.Item, when: Any, text: str) -> None:
    """Report an item that could not report itself."""
    item.config.hook.pytest_runtest_logreport(
        report=pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="failed",
            longrepr=text,
            when=when,
            user_properties=[*item.user_properties, ("counterexample", text)],
        )
    )


def _jobs(items: list[pytest.Item]) -> list[Job]:
    """The items by subject and component."""
    jobs: dict[Any, list[pytest.Item]] = {}
    for item in items:
        jobs.setdefault((_judged(item).subject, _component(item)), []).append(item)
    parts = -(-(os.cpu_count() or 1) // max(1, len(jobs)))  # few jobs are split among the cores
    return [Job(own[part::parts]) for own in jobs.values() for part in range(parts) if own[part:]]


def _judged(item: pytest.Item) -> Judged:
    found = judged_by(item)
    assert found, f"with subjects, only what judges them is run: {item.nodeid}"
    return found


def _component(item: pytest.Item) -> str:
    return _judged(item).components[0]


def _limit(item: pytest.Item) -> float:
    """Seconds that a claim may take: pytest-timeout's marker, option or setting."""
    marker = item.get_closest_marker("timeout")
    if marker is not None and marker.args:
        return float(marker.args[0])
    return float(item.config.getoption("timeout") or item.config.getini("timeout") or 60)
