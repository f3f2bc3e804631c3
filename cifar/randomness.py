"""Where the randomness of a training run comes from: its seed, what it is for, and the step.

No generator is carried along from step to step. Each gets its seed anew, from a hash, so the
numbers of step 1000 do not depend on how the run came there: whether it was stopped and went on, or
by how many processes it is run.

Read next: `cifar/components.py`, where the network takes its parts from.
"""

import hashlib

import torch


def seed_for(*purpose: int | str) -> int:
    """A seed from 0 to 2**63 - 1 that is another for every purpose.

    Example:
        >>> seed_for(0, "order", 1) == seed_for(0, "order", 1) != seed_for(0, "order", 2)
        True
    """
    digest = hashlib.blake2b(repr(purpose).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def generator_for(*purpose: int | str) -> torch.Generator:
    """A generator on the CPU with the seed of this purpose."""
    return torch.Generator().manual_seed(seed_for(*purpose))


def seed_everything(device: torch.device, *purpose: int | str) -> None:
    """Seed the global generators that dropout, for one, draws from."""
    # torch.manual_seed does the same, but notes down a stack trace each time: 1 ms.
    torch.default_generator.manual_seed(seed_for(*purpose))
    if device.type == "cuda":
        torch.cuda.manual_seed(seed_for(*purpose))
