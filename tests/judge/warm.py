"""The judge as a command without its start, for tests that ask it often.

A server, one for each process that asks, has imported torch and collected all claims; each command
runs in a fork of it, with a folder, streams and an end of its own. How the judge starts is asked
where processes are new: of the wheel, of the command, and of the attacks.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sums_to_one.tests.judge.endings import end_at_once

LATE = ("scipy.stats", "sums_to_one.cifar.__main__")  # what some commands import
COLLECTS = (
    *("-qq", "--collect-only", "--subject=torch", "-pno:cacheprovider"),
    *("-c", str(Path(__file__).with_name("judging.toml"))),
)


def run(module: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `python -m module arguments` says and ends with, started in that folder."""
    server = _server()
    assert server.stdin
    assert server.stdout
    with TemporaryDirectory() as folder:
        streams = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        words = [module, *map(str, arguments)]
        try:
            order = words, str(cwd), dict(os.environ), streams
            print(json.dumps(order), file=server.stdin, flush=True)
            code = int(server.stdout.readline())
        except BaseException:  # an alarm, too: what the server says next would be about this one
            _end(server)
            raise
        out, err = (Path(stream).read_text() for stream in streams)
    return subprocess.CompletedProcess(words, code, out, err)


@functools.cache
def _server() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", __name__]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.communicate()
    _server.cache_clear()


def _serve() -> None:
    """Fork for each order, and say how it ended; in the fork return, and be what was ordered."""
    for name in LATE:
        importlib.import_module(name)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*COLLECTS])
    gc.collect()
    gc.freeze()
    for line in iter(sys.stdin.readline, ""):
        process = os.fork()
        if process == 0:
            _become(*json.loads(line))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


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
    _serve()
