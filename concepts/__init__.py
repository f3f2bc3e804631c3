"""The building blocks of neural networks, from scratch, one a file.

Every component has PyTorch's name and signature, so that this package is a subject like any
other: `pytest --subject concepts`.
"""

from concepts.activations.leaky_relu import leaky_relu
from concepts.activations.relu import relu
from concepts.activations.sigmoid import sigmoid
from concepts.activations.softmax import softmax
from concepts.activations.tanh import tanh

__all__ = ["leaky_relu", "relu", "sigmoid", "softmax", "tanh"]
