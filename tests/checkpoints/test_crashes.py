"""Whenever the writing ends, the path leads to the old checkpoint or to the new one.

Processes are killed between any two steps of the writing, and disks fill up at any byte. What a
failed attempt leaves beside the file may lie there until the next one, but must not pile up.
"""

import itertools
import os
import re
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from torch import nn

from sums_to_one.tests.checkpoints.saved import (
    Momentum,
    assert_same,
    folder,
    in_a_child,
    network,
    refusal,
    restore,
    watched,
)

CHANGING = re.compile("open|write|flush|sync|rename|replace|link|remove|truncate|send|copy")


def saving(save_checkpoint, path: Path, start: int):
    """Save a network that start tells from others, with its optimizer, when called."""
    model = network(start)
    return lambda: save_checkpoint(path, model, Momentum(model.parameters(), lr=start))


def assert_whole(path: Path, reader: Any, *starts: int) -> None:
    """The checkpoint of one of these networks is there, and not a mixture."""
    __tracebackhide__ = True
    model = network(9)
    optimizer = Momentum(model.parameters(), lr=0.5)
    restore(path, model, optimizer, reader)
    start = optimizer.param_groups[0]["lr"]
    assert start in starts, f"the checkpoint of {start} is there, not of {starts}"
    assert_same(f"the model of {start}", model.state_dict(), network(start).state_dict())


def assert_nothing_piles_up(here: Path, before: list[str]) -> None:
    """After several attempts there is at most one file more than before them."""
    __tracebackhide__ = True
    found = sorted(set(os.listdir(here)) - set(before))
    assert len(found) <= 1, f"every failure leaves another file: {found}"


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


@pytest.mark.claim("7.1.6")
def test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one(save_checkpoint, reader):
    calls: list[str] = []
    with folder() as here:
        path = here / "model.pt"
        for _ in range(2):  # the first call of all imports and compiles
            saving(save_checkpoint, path, 1)()
        watched(saving(save_checkpoint, path, 1), lambda function: calls.append(function.__name__))
        for moment in moments(calls):
            see = killing(moment)
            in_a_child(lambda see=see: watched(saving(save_checkpoint, path, 2), see), here)
            assert_whole(path, reader, 1, 2)
            saving(save_checkpoint, path, 1)()  # nor does what is left stand in the way
        assert_whole(path, reader, 1)


@pytest.mark.claim("7.1.6")
def test_a_full_disk_is_an_error_and_leaves_the_old_file(save_checkpoint, reader):
    with folder() as here:
        path = here / "model.pt"
        saving(save_checkpoint, path, 1)()
        whole, before = path.stat().st_size, os.listdir(here)
        for room in (0, 1, 64, whole // 2, whole - 1):

            def with_little_room(room=room):
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
                saving(save_checkpoint, path, 2)()

            assert in_a_child(with_little_room, here) != 0, f"no error with room for {room} bytes"
            assert_whole(path, reader, 1)
        assert_nothing_piles_up(here, before)


@pytest.mark.claim("7.1.6")
def test_a_state_that_cannot_be_written_leaves_the_old_file(save_checkpoint, reader):
    class Open(nn.Linear):
        def get_extra_state(self):
            return open  # has a name, so that it can be pickled

        def set_extra_state(self, state):
            pass

    class Generating(Open):
        def get_extra_state(self):
            return (number for number in range(3))

    with folder() as here:
        path = here / "model.pt"
        saving(save_checkpoint, path, 1)()
        before = os.listdir(here)
        for _ in range(3):
            refusal(save_checkpoint, path, nn.Sequential(network(), Generating(3, 2)))
            assert_whole(path, reader, 1)
        assert_nothing_piles_up(here, before)


@pytest.mark.claim("7.1.6")
def test_a_file_that_cannot_get_its_name_leaves_the_old_one(save_checkpoint, reader):
    with folder() as here:
        path = here / "model.pt"
        saving(save_checkpoint, path, 1)()
        before = os.listdir(here)
        refused = mock.Mock(side_effect=OSError("not this name"))
        for _ in range(3):
            with mock.patch("os.rename", refused), mock.patch("os.replace", refused):
                try:
                    saving(save_checkpoint, path, 2)()
                except Exception:  # how it fails is its own affair; what is left then is judged
                    assert_whole(path, reader, 1)
                else:
                    assert_whole(path, reader, 2)
        assert_nothing_piles_up(here, before)
