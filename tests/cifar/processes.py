"""Training in other processes, which can be killed, or be several.

A server that has imported torch already forks them, so each starts in a moment.
"""

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import torch

LIMIT = 100  # seconds after which a process counts as hanging

forkserver = multiprocessing.get_context("forkserver")
# The compiler is imported by the first optimizer that is made.
forkserver.set_forkserver_preload(["sums_to_one.cifar.run", "torch._dynamo", __name__])


def start(action: Callable[..., Any], *arguments: Any) -> Any:
    """A process that does this, on one thread."""
    process = forkserver.Process(target=_on_one_thread, args=(action, *arguments))
    process.start()
    return process


def ended(process: Any) -> int:
    """The exit code of a process, once it has ended; negative where a signal ended it."""
    process.join(LIMIT)
    assert not process.is_alive(), f"still running after {LIMIT} s"
    code: int = process.exitcode
    return code


def start_ranks(count: int, action: Callable[..., Any], *arguments: Any) -> list[Any]:
    """As many processes as torchrun would start, with the environment that it gives them."""
    # reason: documented, but torch.distributed does not export it by name
    store: Any = torch.distributed.TCPStore  # type: ignore[attr-defined]
    meeting = store("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    ranks = [
        start(_as_rank, rank, count, meeting.port, action, *arguments) for rank in range(count)
    ]
    for rank in ranks:
        rank.meeting = meeting  # which is open for as long as anybody holds it
    return ranks


def _on_one_thread(action: Callable[..., Any], *arguments: Any) -> None:
    torch.set_num_threads(1)
    action(*arguments)


def _as_rank(rank: int, count: int, port: int, action: Callable[..., Any], *arguments: Any) -> None:
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(count),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        TORCHELASTIC_USE_AGENT_STORE="True",  # the meeting is open already, none need open it
    )
    action(*arguments)
