"""A run that is killed, whenever that is, goes on to the weights of one that never was.

SIGKILL leaves a process no moment to put anything in order, and neither does a power cut.
"""

import importlib
import os
import random
import signal
import time

import pytest
import torch

from sums_to_one.cifar import run as running
from sums_to_one.cifar.settings import Settings
from sums_to_one.tests.cifar.processes import ended, start
from sums_to_one.tests.cifar.trainings import weights_in

SETTINGS = Settings(hidden=(13,), epochs=3, batch_size=200, dropout=0.3, crop=1)
STEPS = 3 * 20


def begin(folder):
    """Train with a checkpoint after every step, so that many moments are in the middle of one."""
    running.run("synthetic", folder, "test", SETTINGS, ["torch"], "cpu", "float32", save_every=1)


def go_on(folder):
    running.resume(folder, "synthetic", "cpu", save_every=1)


def go_on_and_be_killed(folder, module_name, name, calls):
    """Go on until this function is called for the so-many-th time, and die before it is done."""
    called = 0
    module = importlib.import_module(module_name)
    function = getattr(module, name)

    def deadly(*arguments, **options):
        nonlocal called
        called += 1
        if called == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    setattr(module, name, deadly)
    go_on(folder)


def step_of(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["step"]


def last_weights(folder):
    assert step_of(folder) == STEPS
    return weights_in(folder)


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("never-killed") / "out"
    assert ended(start(begin, folder)) == 0
    return last_weights(folder)


def killed_at_random_moments(folder):
    """Begin a run, kill it now and then; how often it was, and the process that still goes on."""
    process, kills = start(begin, folder), 0
    while not (folder / "checkpoint.pt").exists():
        assert process.is_alive()
        time.sleep(0.01)
    while kills < 4 and step_of(folder) < STEPS:
        # At first at once: a quick machine might be done before a later moment.
        time.sleep(random.uniform(0, 0.5) if kills else 0)
        process.kill()
        kills += ended(process) == -signal.SIGKILL
        process = start(go_on, folder)
    return kills, process


@pytest.mark.claim("8.1.2")
@pytest.mark.stand_in
def test_a_run_killed_at_random_moments_ends_with_the_same_weights(never_killed, tmp_path):
    folder = tmp_path / "out"
    kills, process = killed_at_random_moments(folder)
    assert kills, "it was never killed at all"
    assert ended(process) == 0
    assert torch.equal(last_weights(folder), never_killed)


@pytest.mark.claim("8.1.2")
@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("module", "name"),
    [("torch", "save"), ("os", "fsync"), ("os", "replace")],
    ids=["before it is written", "before it is on the disk", "before it has its name"],
)
def test_a_run_killed_during_a_save_ends_with_the_same_weights(
    never_killed, tmp_path, module, name
):
    folder = tmp_path / "out"
    assert ended(start(begin_and_stop, folder)) == 0
    before = step_of(folder)
    assert ended(start(go_on_and_be_killed, folder, module, name, 3)) == -signal.SIGKILL
    assert step_of(folder) == before + 2, "the last whole checkpoint is the second one since"
    assert ended(start(go_on, folder)) == 0
    assert torch.equal(last_weights(folder), never_killed)


def begin_and_stop(folder):
    """Train for a few steps, and be interrupted between two of them."""
    take_step = running.Training._take_step

    def take_step_and_stop(self):
        take_step(self)
        if self.step == 4:
            signal.raise_signal(signal.SIGINT)

    running.Training._take_step = take_step_and_stop
    with pytest.raises(KeyboardInterrupt):
        begin(folder)
