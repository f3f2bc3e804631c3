"""Processes that may die: a fork that answers a question, and the end of all that it started."""

import contextlib
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any, NoReturn

import pytest

from sums_to_one.tests.judge.messages import Lines, TamperedError, send

IMPORT_LIMIT = 60.0  # seconds for the import of a subject


def in_a_fork(answer: Callable[[], Any], doing: str) -> Any:
    """What `answer` returns in a forked process, or a sentence on why it did not."""
    receiver, sender = os.pipe()
    child, lines = fork(lambda: send(sender, answer())), Lines(receiver)
    os.close(sender)
    deadline = time.monotonic() + IMPORT_LIMIT
    try:
        while wait([lines.pipe], deadline - time.monotonic()):
            if came := lines.read():
                return came[0]
        return f"{doing} did not end within {IMPORT_LIMIT:.0f} s"
    except EOFError:
        return f"{doing} ended the process"
    except TamperedError as problem:
        return f"{doing} tampered with the judge: it sent {problem}"
    finally:
        kill(child)
        lines.close()


def fork(work: Callable[[], object], config: pytest.Config | None = None) -> int:
    child = os.fork()
    if child == 0:
        _work_alone(work, config)
    return child


def _work_alone(work: Callable[[], object], config: pytest.Config | None) -> NoReturn:
    """In the child: no terminal, no output, and no way back."""
    try:
        os.setsid()
        warnings.simplefilter("ignore")  # what a subject is warned of is its own affair
        capture = config and config.pluginmanager.getplugin("capturemanager")
        if config and capture:
            capture.stop_global_capturing()
            config.pluginmanager.unregister(capture)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        sys.stdin = open(os.devnull)  # noqa: SIM115 - for as long as the process lives
        work()
    finally:
        os._exit(1)


def kill(child: int) -> int:
    """End a child and all that it started; returns its wait status. 0 is no child."""
    if not child:
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(child, 0)[1]
    return 0
