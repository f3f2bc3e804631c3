"""Where chance comes from: from torch, and not from others, which no layer may touch."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from sums_to_one.tests.common.limits import NotProvided, current

OF_TORCH = "torch's random numbers"


def needs_torch_randomness() -> None:
    """End the claim as not provided where somebody says that chance comes from elsewhere."""
    if OF_TORCH in current().without:
        raise NotProvided(f"not provided: {OF_TORCH}")


def other_randomness() -> tuple[Any, ...]:
    """The states of Python's and of NumPy's generator, and the seed of torch."""
    numpys: Any = np.random.get_state()  # noqa: NPY002 - it is the old one that all share
    return random.getstate(), numpys[1].tolist(), numpys[2], torch.initial_seed()


@contextlib.contextmanager
def others_seeded(seed: int) -> Iterator[None]:
    """The generators of Python and NumPy start from this seed, too, and are as before after it."""
    pythons, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - as above
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - as above
    try:
        yield
    finally:
        random.setstate(pythons)
        np.random.set_state(numpys)  # noqa: NPY002 - as above
