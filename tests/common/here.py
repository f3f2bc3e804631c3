"""Where the subject lives: on the default device, and what a claim makes is there, too.

Tensors are by themselves; these are the exceptions: a generator, and what was made at import.
"""

import torch
from torch import Tensor


def generator(seed: int | None = None) -> torch.Generator:
    """Random numbers for tensors of the subject's device, from a seed if one is given."""
    made = torch.Generator(torch.get_default_device())
    return made if seed is None else made.manual_seed(seed)


def here(x: Tensor) -> Tensor:
    """A constant of a file, which was made before any subject was known."""
    return x.to(torch.get_default_device())
