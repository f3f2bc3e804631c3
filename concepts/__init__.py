"""The building blocks of neural networks, from scratch, one a file.

Every component has PyTorch's name and signature, so that this package is a subject like any
other: `pytest --subject concepts`.
"""

from concepts.activations.leaky_relu import leaky_relu
from concepts.activations.relu import relu
from concepts.activations.sigmoid import sigmoid
from concepts.activations.softmax import softmax
from concepts.activations.tanh import tanh
from concepts.initialization.constant_ import constant_
from concepts.initialization.kaiming_normal_ import kaiming_normal_
from concepts.initialization.kaiming_uniform_ import kaiming_uniform_
from concepts.initialization.normal_ import normal_
from concepts.initialization.ones_ import ones_
from concepts.initialization.uniform_ import uniform_
from concepts.initialization.xavier_normal_ import xavier_normal_
from concepts.initialization.xavier_uniform_ import xavier_uniform_
from concepts.initialization.zeros_ import zeros_
from concepts.losses.bce_loss import BCELoss
from concepts.losses.bce_with_logits_loss import BCEWithLogitsLoss
from concepts.losses.cross_entropy_loss import CrossEntropyLoss
from concepts.losses.l1_loss import L1Loss
from concepts.losses.mse_loss import MSELoss
from concepts.optimization.adagrad import Adagrad
from concepts.optimization.adam import Adam
from concepts.optimization.gradient_descent import gradient_descent
from concepts.optimization.rmsprop import RMSprop
from concepts.optimization.sgd import SGD
from concepts.optimization.variable import Variable

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "L1Loss",
    "MSELoss",
    "RMSprop",
    "Variable",
    "constant_",
    "gradient_descent",
    "kaiming_normal_",
    "kaiming_uniform_",
    "leaky_relu",
    "normal_",
    "ones_",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]
