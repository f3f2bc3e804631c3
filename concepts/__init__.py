"""The building blocks of neural networks, from scratch, one a file.

Every component has PyTorch's name and signature, so that this package is a subject like any
other: `pytest --subject concepts`.
"""

from sums_to_one.concepts.activations.leaky_relu import leaky_relu
from sums_to_one.concepts.activations.relu import relu
from sums_to_one.concepts.activations.sigmoid import sigmoid
from sums_to_one.concepts.activations.softmax import softmax
from sums_to_one.concepts.activations.tanh import tanh
from sums_to_one.concepts.checkpoints.load_checkpoint import load_checkpoint
from sums_to_one.concepts.checkpoints.save_checkpoint import save_checkpoint
from sums_to_one.concepts.initialization.constant_ import constant_
from sums_to_one.concepts.initialization.kaiming_normal_ import kaiming_normal_
from sums_to_one.concepts.initialization.kaiming_uniform_ import kaiming_uniform_
from sums_to_one.concepts.initialization.normal_ import normal_
from sums_to_one.concepts.initialization.ones_ import ones_
from sums_to_one.concepts.initialization.uniform_ import uniform_
from sums_to_one.concepts.initialization.xavier_normal_ import xavier_normal_
from sums_to_one.concepts.initialization.xavier_uniform_ import xavier_uniform_
from sums_to_one.concepts.initialization.zeros_ import zeros_
from sums_to_one.concepts.losses.bce_loss import BCELoss
from sums_to_one.concepts.losses.bce_with_logits_loss import BCEWithLogitsLoss
from sums_to_one.concepts.losses.cross_entropy_loss import CrossEntropyLoss
from sums_to_one.concepts.losses.l1_loss import L1Loss
from sums_to_one.concepts.losses.mse_loss import MSELoss
from sums_to_one.concepts.normalization.batch_norm1d import BatchNorm1d
from sums_to_one.concepts.normalization.batch_norm2d import BatchNorm2d
from sums_to_one.concepts.optimization.adagrad import Adagrad
from sums_to_one.concepts.optimization.adam import Adam
from sums_to_one.concepts.optimization.gradient_descent import gradient_descent
from sums_to_one.concepts.optimization.rmsprop import RMSprop
from sums_to_one.concepts.optimization.sgd import SGD
from sums_to_one.concepts.optimization.variable import Variable
from sums_to_one.concepts.regularization.color_jitter import ColorJitter
from sums_to_one.concepts.regularization.compose import Compose
from sums_to_one.concepts.regularization.dropout import Dropout
from sums_to_one.concepts.regularization.dropout2d import Dropout2d
from sums_to_one.concepts.regularization.l1_penalty import l1_penalty
from sums_to_one.concepts.regularization.l2_penalty import l2_penalty
from sums_to_one.concepts.regularization.normalize import Normalize
from sums_to_one.concepts.regularization.random_crop import RandomCrop
from sums_to_one.concepts.regularization.random_horizontal_flip import RandomHorizontalFlip
from sums_to_one.concepts.regularization.random_rotation import RandomRotation

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
