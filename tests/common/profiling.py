"""PyTorch's profiler, without the lines that it would print to the terminal."""

import os

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # read when the profiler is first used

from torch.autograd.profiler import profile

__all__ = ["profile"]
