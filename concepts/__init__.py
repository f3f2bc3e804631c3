"""The building blocks of neural networks, from scratch, one a file.

Every component has PyTorch's name and signature, so that this package is a subject like any
other: `pytest --subject concepts`.
"""

from concepts.activations.leaky_relu import leaky_relu
from concepts.activations.relu import relu
from concepts.activations.sigmoid import sigmoid
from concepts.activations.softmax import softmax
from concepts.activations.tanh import tanh
from concepts.checkpoints.load_checkpoint import load_checkpoint
from concepts.checkpoints.save_checkpoint import save_checkpoint
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
from concepts.normalization.batch_norm1d import BatchNorm1d
from concepts.normalization.batch_norm2d import BatchNorm2d
from concepts.optimization.adagrad import Adagrad
from concepts.optimization.adam import Adam
from concepts.optimization.gradient_descent import gradient_descent
from concepts.optimization.rmsprop import RMSprop
from concepts.optimization.sgd import SGD
from concepts.optimization.variable import Variable
from concepts.regularization.color_jitter import ColorJitter
from concepts.regularization.compose import Compose
from concepts.regularization.dropout import Dropout
from concepts.regularization.dropout2d import Dropout2d
from concepts.regularization.l1_penalty import l1_penalty
from concepts.regularization.l2_penalty import l2_penalty
from concepts.regularization.normalize import Normalize
from concepts.regularization.random_crop import RandomCrop
from concepts.regularization.random_horizontal_flip import RandomHorizontalFlip
from concepts.regularization.random_rotation import RandomRotation

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "ColorJitter",
    "Compose",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "L1Loss",
    "MSELoss",
    "Normalize",
    "RMSprop",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomRotation",
    "Variable",
    "constant_",
    "gradient_descent",
    "kaiming_normal_",
    "kaiming_uniform_",
    "l1_penalty",
    "l2_penalty",
    "leaky_relu",
    "load_checkpoint",
    "normal_",
    "ones_",
    "relu",
    "save_checkpoint",
    "sigmoid",
    "softmax",
    "tanh",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]
