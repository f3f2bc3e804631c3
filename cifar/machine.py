"""What a run computes on: the device, how precisely, and together with which other processes.

`torchrun --nproc-per-node 2 -m sums_to_one.cifar` starts two processes that tell each other their
gradients. Each takes its part of every batch, the first one (rank 0) writes, and all end with the
same weights.

Read next: `cifar/evaluate.py`, how good the network is then.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
import torch.distributed
from torch import nn

from sums_to_one.cifar.settings import PIXELS, RefusedError

CPU = torch.device("cpu")
FASTER = 1.2  # how many times; less is within what one measurement differs from the next


class MachineError(RefusedError):
    """A device that is not there, or a process that is gone."""


@dataclass(frozen=True)
class Machine:
    """Where and how to compute.

    Args:
        device: of the network and the images.
        precision: of the products of matrices; everything else is in float32.
        rank: the number of this process, from 0.
        ranks: how many processes train together.
    """

    device: torch.device = CPU
    precision: torch.dtype = torch.float32
    rank: int = 0
    ranks: int = 1

    @property
    def writes(self) -> bool:
        """Whether this process is the one that prints and saves."""
        return self.rank == 0

    def autocast(self) -> torch.autocast:
        """The context in which products of matrices have the chosen precision."""
        low = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision if low else None, enabled=low)

    def together(self, model: nn.Module) -> nn.Module:
        """The model, so that backward() gives all processes the mean of their gradients."""
        if self.ranks == 1:
            return model
        return nn.parallel.DistributedDataParallel(model)


@contextmanager
def machine(device: str = "auto", precision: str = "auto") -> Iterator[Machine]:
    """The machine that this process was started on, alone or by torchrun.

    Args:
        device: "cpu", "cuda", or "auto" for the GPU where there is one.
        precision: "float32", "bfloat16", or "auto" for what a short measurement finds faster.

    Raises:
        MachineError: there is no such device, or the other processes cannot be reached.
    """
    where = _device(device)
    if precision not in ("auto", "float32", "bfloat16"):
        raise MachineError(f"the precision must be auto, float32 or bfloat16, got {precision}")
    here = Machine(where, torch.float32 if precision == "float32" else torch.bfloat16)
    if precision == "auto":
        here = replace(here, precision=faster_precision(where))
    if "WORLD_SIZE" not in os.environ:
        yield here
        return
    try:
        torch.distributed.init_process_group("nccl" if where.type == "cuda" else "gloo")
    except (RuntimeError, ValueError) as problem:
        raise MachineError(f"all processes of a run must reach each other, got {problem}") from None
    here = replace(
        here, rank=torch.distributed.get_rank(), ranks=torch.distributed.get_world_size()
    )
    choice = [here.precision]
    torch.distributed.broadcast_object_list(choice, src=0)  # all compute as the first one does
    try:
        yield replace(here, precision=choice[0])
    finally:
        torch.distributed.destroy_process_group()


def _device(name: str) -> torch.device:
    if name not in ("auto", "cpu", "cuda"):
        raise MachineError(f"the device must be auto, cpu or cuda, got {name}")
    if name == "cuda" and not torch.cuda.is_available():
        raise MachineError("the device must be there, got cuda, and this torch finds no GPU")
    if name == "cpu" or not torch.cuda.is_available():
        return CPU
    where = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    torch.cuda.set_device(where)
    return where


def faster_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where this machine multiplies matrices clearly faster in it, else float32.

    Processors with units for bfloat16 do so several times as fast, those without several times as
    slowly, since they emulate it.
    """
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left = torch.ones(256, PIXELS, device=device, dtype=dtype)
        right = torch.ones(PIXELS, 256, device=device, dtype=dtype)
        times = []
        for _ in range(4):
            started = time.perf_counter()
            (left @ right)[0, 0].item()  # waits for a GPU to be done
            times.append(time.perf_counter() - started)
        seconds[dtype] = min(times)
    faster = seconds[torch.float32] > FASTER * seconds[torch.bfloat16]
    return torch.bfloat16 if faster else torch.float32
