"""Processes that are killed, and calls that are watched, for the claims about crashes."""

import itertools
import os
import re
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

CHANGING = re.compile("open|write|flush|sync|rename|replace|link|remove|truncate|send|copy")


def in_a_child(work: Callable[[], Any], home: Path) -> int:
    """Do it in another process, which leaves nothing behind outside of its home.

    Returns:
        0 for done, 1 for an error, or minus the number of the signal that ended it.
    """
    with warnings.catch_warnings():
        # Later versions of Python warn of threads here, which this child never waits for.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)
        os.chdir(home)
        tempfile.tempdir = str(home)
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def watch_calls(work: Callable[[], Any], see: Callable[[Any], Any]) -> None:
    """Do it, and before each call of a function written in C, show the function to `see`."""

    def profile(frame: Any, event: str, function: Any) -> None:
        if event == "c_call":
            see(function)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)


def open_files() -> int:
    """How many files this process has open."""
    return len(os.listdir("/dev/fd"))


class Moment(NamedTuple):
    """Just before a call of this function, the 0th, 1st, 2nd ..., or so many calls later."""

    name: str
    which: int
    later: int = 0


def moments(calls: list[str]) -> list[Moment]:
    """Before and after the first, a middle and the last call of whatever changes a file."""
    spread = range(0, len(calls), 1 + len(calls) // 5)
    found = [Moment(calls[place], calls[:place].count(calls[place])) for place in spread]
    for name in sorted({name for name in calls if CHANGING.search(name)}):
        times = calls.count(name)
        for which, later in itertools.product(sorted({0, times // 2, times - 1}), (0, 1)):
            found.append(Moment(name, which, later))
    return found


def killing(moment: Moment) -> Callable[[Any], None]:
    """What ends the process at that moment. How many other calls there were makes no difference."""
    calls: list[str] = []

    def see(function: Any) -> None:
        calls.append(function.__name__)
        before = calls[: len(calls) - moment.later]
        if before[-1:] == [moment.name] and before.count(moment.name) == moment.which + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    return see
