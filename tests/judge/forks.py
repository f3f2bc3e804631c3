"""Processes that may die: a fork behind walls, and the end of all that it started."""

import contextlib
import functools
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NoReturn

import pytest

from sums_to_one.cifar.modules import OUR_FOLDERS, ROOT
from sums_to_one.tests.judge import sandbox
from sums_to_one.tests.judge.messages import Lines, TamperedError, send

HANDLES = "/dev/fd"  # of this process, on Linux and macOS
IMPORT_LIMIT = 60.0  # seconds for the import of a subject, unless --timeout says less
ROOM = 100  # times that room for one more process is waited for, a tenth of a second each
STARVED = 0.5  # of its time a process may wait for a processor, and be late for its own reasons
LOOK = 1.0  # seconds between two looks at how long that is
settings = {"walls": True, "limit": IMPORT_LIMIT}  # of this run
found: list[str] = []  # the walls that this machine raises, of which each process must have all


class Process:
    """A fork that does some work, under a supervisor that has nothing of a subject in it.

    Args:
        work: what is done there; whatever it returns is lost.
        readable: files or folders that it may read, besides ours and the system's.
        config: of pytest, whose capturing is no use there.
        bare: whether the work is not to see the frames of whoever started it.
        handles: of open files that it needs; it has no others.
    """

    def __init__(
        self,
        work: Callable[[], object],
        readable: Sequence[Path] = (),
        config: pytest.Config | None = None,
        bare: bool = False,
        handles: Sequence[int] = (),
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="judged-"))
        self.supervisor = _fork()
        if self.supervisor == 0:
            readable = [*(ROOT / folder for folder in OUR_FOLDERS), *readable]
            alone = functools.partial(_work_alone, work, self.home, readable, config, handles)
            _supervise(alone, bare)

    def waited(self) -> float:
        """For how many seconds the process that works has waited for a processor so far."""
        with contextlib.suppress(OSError, IndexError):  # not Linux, or it has ended
            for work in _descendants(self.supervisor):
                return int(Path(f"/proc/{work}/schedstat").read_text().split()[1]) / 1e9
        return 0.0

    def end(self) -> int:
        """End it and all that it started, now; returns its wait status. Once or more often."""
        if not self.supervisor:
            return 0
        status = 0
        for descendant in [*_descendants(self.supervisor), self.supervisor]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(descendant, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            status = os.waitpid(self.supervisor, 0)[1]
        self.supervisor = 0
        shutil.rmtree(self.home, ignore_errors=True)
        return status


class Share:
    """How much of its time a process waits for a processor: others may have taken them all."""

    def __init__(self) -> None:
        self.began, self.waited = time.monotonic(), list[float]()

    def look(self, process: Process) -> None:
        """Note how long it has waited, the first time and the last time; call it now and then."""
        if waited := process.waited():
            self.waited[1:] = [waited]

    @property
    def is_small(self) -> bool:
        """Whether it would have come to an end in time if they had left it more."""
        first, last = (self.waited or [0.0])[0], (self.waited or [0.0])[-1]
        return last - first > STARVED * (time.monotonic() - self.began - LOOK)


def in_a_fork(answer: Callable[[], Any], doing: str, readable: Sequence[Path] = ()) -> Any:
    """What `answer` returns in a forked process, or a sentence on why it did not."""
    receiver, sender = os.pipe()
    work = lambda: send(sender, answer())  # noqa: E731
    process, lines = Process(work, readable, handles=[sender]), Lines(receiver)
    os.close(sender)
    deadline = time.monotonic() + settings["limit"]
    try:
        while wait([lines.pipe], max(0.0, deadline - time.monotonic())):
            if came := lines.read():
                return came[0]
        return f"{doing} did not end within {settings['limit']:.0f} s"
    except EOFError:
        return f"{doing} ended the process"
    except TamperedError as problem:
        return f"{doing} tampered with the judge: it sent {problem}"
    finally:
        process.end()
        lines.close()


def layers() -> list[str]:
    """The walls that this machine raises around a process; found by raising them."""
    found.clear()
    standing = in_a_fork(lambda: sandbox.standing, "raising the walls")
    found[:] = [layer for layer in sandbox.LAYERS if layer in standing]
    return [*found]


def _fork() -> int:
    """Once there is room: a neighbour may for a while have taken all processes of the user."""
    for _ in range(ROOM):
        with contextlib.suppress(BlockingIOError):
            return os.fork()
        time.sleep(0.1)
    return os.fork()


def _supervise(work: Callable[[], NoReturn], bare: bool) -> NoReturn:
    """In the fork: fork once more, behind walls, and end as that one ends."""
    status = 1 << 8
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what the judge does then is its own affair
        os.setsid()
        sandbox.dies_with_its_parent()
        sandbox.adopts_orphans()
        if settings["walls"]:
            sandbox.become_root_of_nothing()
        status = (_on_a_new_stack if bare else _status_of)(work)
        while left := [*_descendants(os.getpid())]:
            for descendant in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(descendant, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)
    finally:
        if os.WIFSIGNALED(status):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.waitstatus_to_exitcode(status))


def _status_of(work: Callable[[], NoReturn]) -> int:
    """The wait status of a child that does it, behind walls."""
    if settings["walls"]:
        sandbox.confine()
    return os.waitpid(_fork() or work(), 0)[1]


def _on_a_new_stack(work: Callable[[], NoReturn]) -> int:
    """The same; of all threads only the one that forks goes on in the child.

    It raises the walls and waits, too: namespaces and a parent's death go by the thread.
    """
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(_status_of(work)))
    thread.start()
    thread.join()
    return status[0]


def _work_alone(
    work: Callable[[], object],
    home: Path,
    readable: list[Path],
    config: pytest.Config | None,
    handles: Sequence[int],
) -> NoReturn:
    """In the child: no terminal, no output, no file of anybody else's, and no way back."""
    try:
        os.setsid()
        sandbox.dies_with_its_parent()
        warnings.simplefilter("ignore")  # what a subject is warned of is its own affair
        capture = config and config.pluginmanager.getplugin("capturemanager")
        if config and capture:
            capture.stop_global_capturing()
            config.pluginmanager.unregister(capture)
        _let_go_of_all_but(handles)
        del sys.argv[1:]  # ours are none of its own, as it may think that reads them at its import
        sys.stdin = open(os.devnull)  # noqa: SIM115 - for as long as the process lives
        if settings["walls"]:
            sandbox.lock(home, readable)
        if set(found) <= set(sandbox.standing):  # never behind fewer walls than the header says
            work()
    finally:
        os._exit(1)


def _let_go_of_all_but(handles: Sequence[int]) -> None:
    """All other handles lead nowhere. They stay taken: whoever has one may close it some day."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in {*range(3), *map(int, os.listdir(HANDLES))} - {nowhere, *handles}:
        with contextlib.suppress(OSError):  # that by which the folder was read
            os.fstat(handle)
            os.dup2(nowhere, handle, inheritable=handle <= 2)


def _descendants(process: int) -> Iterator[int]:
    """All processes below one, children first; none where the system does not tell."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))
