"""Whenever the writing ends, the path leads to the old checkpoint or to the new one.

Processes are killed between any two steps of the writing, and disks fill up at any byte. What a
failed attempt leaves beside the file may lie there until the next one, but must not pile up.
"""

import os
import resource
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from torch import nn

from sums_to_one.tests.checkpoints.crashes import in_a_child, killing, moments, watch_calls
from sums_to_one.tests.checkpoints.saved import (
    Momentum,
    assert_same_bits,
    network,
    refusal,
    restore,
    same_bits,
    saved_model,
    unpicklable,
)
from sums_to_one.tests.common.limits import current


def saving(save_checkpoint, path: Path, start: int):
    """Save a network that start tells from others, with its optimizer, when called."""
    model = network(start)
    if "optimizer" in current().without:
        return lambda: save_checkpoint(path, model)
    return lambda: save_checkpoint(path, model, Momentum(model.parameters(), lr=start))


def assert_whole(path: Path, reader: Any, *starts: int) -> None:
    """The checkpoint of one of these networks is there, and not a mixture."""
    __tracebackhide__ = True
    model = network(9)
    if "optimizer" in current().without:
        found, known = saved_model(path, model, reader), [network(s).state_dict() for s in starts]
        assert any(same_bits(found, state) for state in known), f"a mixture of {len(starts)}"
        return
    optimizer = Momentum(model.parameters(), lr=0.5)
    restore(path, model, optimizer, reader)
    start = optimizer.param_groups[0]["lr"]
    assert start in starts, f"it loads what was saved with lr={start}, should be one of {starts}"
    assert_same_bits(f"the model of {start}", model.state_dict(), network(start).state_dict())


def assert_nothing_piles_up(here: Path, before: list[str]) -> None:
    """After several attempts there is at most one file more than before them."""
    __tracebackhide__ = True
    found = sorted(set(os.listdir(here)) - set(before))
    assert len(found) <= 1, f"every failure leaves another file: {found}"


@pytest.mark.claim("7.1.6")
def test_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one(save_checkpoint, reader, here):
    path, calls = here / "model.pt", []
    for _ in range(2):  # the first call of all imports and compiles
        saving(save_checkpoint, path, 1)()
    watch_calls(saving(save_checkpoint, path, 1), lambda function: calls.append(function.__name__))
    for moment in moments(calls):
        see = killing(moment)
        in_a_child(lambda see=see: watch_calls(saving(save_checkpoint, path, 2), see), here)
        assert_whole(path, reader, 1, 2)
        saving(save_checkpoint, path, 1)()  # nor does what is left stand in the way
    assert_whole(path, reader, 1)


def with_room_for(room: int, work):
    """Do it where no file can become larger than so many bytes, when called."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        work()

    return limited


@pytest.mark.claim("7.1.6")
def test_a_full_disk_is_an_error_and_leaves_the_old_file(save_checkpoint, reader, here):
    path = here / "model.pt"
    saving(save_checkpoint, path, 1)()
    whole, before = path.stat().st_size, os.listdir(here)
    for room in (0, 1, 64, whole // 2, whole - 1):
        work = with_room_for(room, saving(save_checkpoint, path, 2))
        assert in_a_child(work, here) != 0, f"no error with room for {room} bytes"
        assert_whole(path, reader, 1)
    assert_nothing_piles_up(here, before)


@pytest.mark.claim("7.1.6")
def test_a_state_that_cannot_be_written_leaves_the_old_file(save_checkpoint, reader, here):
    path = here / "model.pt"
    saving(save_checkpoint, path, 1)()
    before = os.listdir(here)
    for _ in range(3):
        refusal(save_checkpoint, path, nn.Sequential(network(), unpicklable()))
        assert_whole(path, reader, 1)
    assert_nothing_piles_up(here, before)


def assert_saved_or_left(save_checkpoint, path: Path, reader: Any) -> None:
    """The new checkpoint is there, or after an error the old one."""
    __tracebackhide__ = True
    try:
        saving(save_checkpoint, path, 2)()
    except Exception:  # how it fails is its own affair; what is left then is judged
        assert_whole(path, reader, 1)
    else:
        assert_whole(path, reader, 2)


@pytest.mark.claim("7.1.6")
def test_a_file_that_cannot_get_its_name_leaves_the_old_one(save_checkpoint, reader, here):
    path, refused = here / "model.pt", mock.Mock(side_effect=OSError("not this name"))
    saving(save_checkpoint, path, 1)()
    before = os.listdir(here)
    with mock.patch("os.rename", refused), mock.patch("os.replace", refused):
        for _ in range(3):
            assert_saved_or_left(save_checkpoint, path, reader)
    assert_nothing_piles_up(here, before)
