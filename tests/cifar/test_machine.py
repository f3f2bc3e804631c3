"""What a run computes on is asked for by name, or found out."""

import os

import pytest
import torch

from sums_to_one.cifar import machine as machines
from sums_to_one.cifar.machine import Machine, MachineError, machine


@pytest.mark.parametrize("times", [0.5, 1.0, 1.1, 5.0])
def test_bfloat16_is_taken_only_where_it_is_clearly_faster(monkeypatch, times):
    now = 0.0

    def clock():
        return now

    class Slow(torch.Tensor):
        def __matmul__(self, other):
            nonlocal now
            now += 1.0 if self.dtype == torch.float32 else 1.0 / times
            return torch.zeros(1, 1)

    ones = torch.ones
    monkeypatch.setattr(machines.time, "perf_counter", clock)
    monkeypatch.setattr(torch, "ones", lambda *a, **k: ones(*a, **k).as_subclass(Slow))
    chosen = machines.faster_precision(torch.device("cpu"))
    assert chosen == (torch.bfloat16 if times > 1.2 else torch.float32)


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
