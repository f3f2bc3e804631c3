"""The building blocks of neural networks, from scratch, one a file.

Every component has PyTorch's name and signature, so that this package is a subject like any
other: `pytest --subject concepts`.
"""

from sums_to_one.concepts.activations.leaky_relu import leaky_relu as leaky_relu
from sums_to_one.concepts.activations.relu import relu as relu
from sums_to_one.concepts.activations.sigmoid import sigmoid as sigmoid
from sums_to_one.concepts.activations.softmax import softmax as softmax
from sums_to_one.concepts.activations.tanh import tanh as tanh
from sums_to_one.concepts.checkpoints.load_checkpoint import load_checkpoint as load_checkpoint
from sums_to_one.concepts.checkpoints.save_checkpoint import save_checkpoint as save_checkpoint
from sums_to_one.concepts.initialization.constant_ import constant_ as constant_
from sums_to_one.concepts.initialization.kaiming_normal_ import kaiming_normal_ as kaiming_normal_
from sums_to_one.concepts.initialization.kaiming_uniform_ import (
    kaiming_uniform_ as kaiming_uniform_,
)
from sums_to_one.concepts.initialization.normal_ import normal_ as normal_
from sums_to_one.concepts.initialization.ones_ import ones_ as ones_
from sums_to_one.concepts.initialization.uniform_ import uniform_ as uniform_
from sums_to_one.concepts.initialization.xavier_normal_ import xavier_normal_ as xavier_normal_
from sums_to_one.concepts.initialization.xavier_uniform_ import xavier_uniform_ as xavier_uniform_
from sums_to_one.concepts.initialization.zeros_ import zeros_ as zeros_
from sums_to_one.concepts.losses.bce_loss import BCELoss as BCELoss
from sums_to_one.concepts.losses.bce_with_logits_loss import BCEWithLogitsLoss as BCEWithLogitsLoss
from sums_to_one.concepts.losses.cross_entropy_loss import CrossEntropyLoss as CrossEntropyLoss
from sums_to_one.concepts.losses.l1_loss import L1Loss as L1Loss
from sums_to_one.concepts.losses.mse_loss import MSELoss as MSELoss
from sums_to_one.concepts.normalization.batch_norm1d import BatchNorm1d as BatchNorm1d
from sums_to_one.concepts.normalization.batch_norm2d import BatchNorm2d as BatchNorm2d
from sums_to_one.concepts.optimization.adagrad import Adagrad as Adagrad
from sums_to_one.concepts.optimization.adam import Adam as Adam
from sums_to_one.concepts.optimization.gradient_descent import gradient_descent as gradient_descent
from sums_to_one.concepts.optimization.rmsprop import RMSprop as RMSprop
from sums_to_one.concepts.optimization.sgd import SGD as SGD
from sums_to_one.concepts.optimization.variable import Variable as Variable
from sums_to_one.concepts.regularization.color_jitter import ColorJitter as ColorJitter
from sums_to_one.concepts.regularization.compose import Compose as Compose
from sums_to_one.concepts.regularization.dropout import Dropout as Dropout
from sums_to_one.concepts.regularization.dropout2d import Dropout2d as Dropout2d
from sums_to_one.concepts.regularization.l1_penalty import l1_penalty as l1_penalty
from sums_to_one.concepts.regularization.l2_penalty import l2_penalty as l2_penalty
from sums_to_one.concepts.regularization.normalize import Normalize as Normalize
from sums_to_one.concepts.regularization.random_crop import RandomCrop as RandomCrop
from sums_to_one.concepts.regularization.random_horizontal_flip import (
    RandomHorizontalFlip as RandomHorizontalFlip,
)
from sums_to_one.concepts.regularization.random_rotation import RandomRotation as RandomRotation
