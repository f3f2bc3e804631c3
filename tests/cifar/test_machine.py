"""What a run computes on is asked for by name, or found out."""

import os

import pytest
import torch

from sums_to_one.cifar import machine as machines
from sums_to_one.cifar.machine import Machine, MachineError, machine


class Timed(torch.Tensor):
    """Its products take a second by a clock of its own, those in bfloat16 more or less."""

    now, times_as_fast = 0.0, 1.0

    def __matmul__(self, other):
        Timed.now += 1.0 if self.dtype == torch.float32 else 1.0 / Timed.times_as_fast
        return torch.zeros(1, 1)


@pytest.fixture
def timed(monkeypatch):
    ones = torch.ones
    monkeypatch.setattr(machines.time, "perf_counter", lambda: Timed.now)
    monkeypatch.setattr(torch, "ones", lambda *a, **k: ones(*a, **k).as_subclass(Timed))


@pytest.mark.parametrize(
    ("times_as_fast", "chosen"),
    [
        (0.5, torch.float32),
        (1.0, torch.float32),
        (1.1, torch.float32),
        (5.0, torch.bfloat16),
    ],
    ids=["slower", "as fast", "hardly faster", "clearly faster"],
)
def test_bfloat16_is_taken_only_where_it_is_clearly_faster(
    timed, monkeypatch, times_as_fast, chosen
):
    monkeypatch.setattr(Timed, "times_as_fast", times_as_fast)
    assert machines.faster_precision(torch.device("cpu")) == chosen


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_was_asked_for_is_used(precision):
    with machine("cpu", precision) as here:
        assert here == Machine(torch.device("cpu"), getattr(torch, precision))
        with here.autocast():
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        assert product.dtype == here.precision


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MachineError, match="must be there, got cuda"), machine("cuda"):
        pass


def test_processes_that_cannot_be_reached_are_told(monkeypatch):
    monkeypatch.setitem(os.environ, "WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delitem(os.environ, name, raising=False)
    with pytest.raises(MachineError, match="must reach each other"), machine("cpu", "float32"):
        pass
