"""The randomness of others, which no layer and no transform may touch."""

import random
from typing import Any

import numpy as np
import torch


def other_randomness() -> tuple[Any, ...]:
    """The states of Python's and of NumPy's generator, and the seed of torch."""
    numpys: Any = np.random.get_state()  # noqa: NPY002 - it is the old one that all share
    return random.getstate(), numpys[1].tolist(), numpys[2], torch.initial_seed()
