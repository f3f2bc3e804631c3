"""The judge as a command without its start, for tests that ask it often.

A server, one for all processes that run the tests, has imported torch and collected all claims;
each command runs in a fork of it, with a folder, streams and an end of its own. How the judge
starts is asked where processes are new: of the wheel, of the command, and of the attacks.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sums_to_one.tests.judge.endings import end_at_once

# What some commands import.
LATE = ("scipy.stats", "torchvision.transforms.v2", "sums_to_one.cifar.__main__")
COLLECTS = (
    *("-qq", "--collect-only", "--subject=torch", "-pno:cacheprovider"),
    *("-c", str(Path(__file__).with_name("judging.toml"))),
)


def run(module: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `python -m module arguments` says and ends with, started in that folder."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        streams = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        words = [module, *map(str, arguments)]
        server.connect(started())
        with server.makefile("rw") as told:
            order = words, str(cwd), dict(os.environ), streams
            print(json.dumps(order), file=told, flush=True)
            code = int(told.readline())
        out, err = (Path(stream).read_text() for stream in streams)
    return subprocess.CompletedProcess(words, code, out, err)


@functools.cache
def started() -> str:
    """Where the server listens, or will, once it has started: who asks before waits.

    It ends with the last process that has a part in who started it.
    """
    folder = TemporaryDirectory()
    where = str(Path(folder.name, "orders"))
    with socket.socket(socket.AF_UNIX) as orders:
        orders.bind(where)
        orders.listen()
        command = [sys.executable, "-m", __name__, str(orders.fileno())]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[orders.fileno()])
    atexit.register(_end, server, folder, os.getpid())
    return where


def _end(server: subprocess.Popen[bytes], folder: TemporaryDirectory[str], starter: int) -> None:
    if os.getpid() == starter:
        server.kill()
        server.communicate()
        folder.cleanup()


def _serve(orders: socket.socket) -> None:
    """Fork for each order, and say how it ended; in the fork return, and be what was ordered."""
    for name in LATE:
        importlib.import_module(name)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*COLLECTS])
    gc.collect()
    gc.freeze()
    while sys.stdin not in select.select([orders, sys.stdin], [], [])[0]:
        asking, _ = orders.accept()
        if os.fork() == 0:
            orders.close()
            _answer(asking)
            return
        asking.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # those that have answered
                pass


def _answer(asking: socket.socket) -> None:
    """In a fork: fork once more, be what was ordered there, and say here how that ended."""
    with asking, asking.makefile("rw") as told:
        order = json.loads(told.readline())
        process = os.fork()
        if process:
            print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), file=told, flush=True)
            os._exit(0)
    _become(*order)


def _become(words: list[str], cwd: str, variables: dict[str, str], streams: list[str]) -> None:
    for number, name in enumerate([os.devnull, *streams]):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[0], sys.argv = cwd, words
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        end_at_once(end)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
