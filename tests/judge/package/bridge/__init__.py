"""A bridge for code that is not torch's: NumPy, JAX, tinygrad, or your own autograd.

Claims call components as PyTorch's are called, with tensors. Each function here makes such a
component out of one that takes arrays, and says what it cannot do as its limits: NumPy has no
bfloat16, a function without a derivative is judged forward only, and one with a derivative once.
Nothing is computed here but the way from arrays to tensors and back, so what is wrong is yours.

ADAPTERS.md has an example of each. JAX and tinygrad are imported when they are first asked for.
"""

from sums_to_one.bridge.functions import Arrays, function, initializer, loss
from sums_to_one.bridge.layers import layer
from sums_to_one.bridge.libraries import LIBRARIES, Library, random
from sums_to_one.bridge.optimizers import optimizer

__all__ = [
    "LIBRARIES",
    "Arrays",
    "Library",
    "function",
    "initializer",
    "layer",
    "loss",
    "optimizer",
    "random",
]
