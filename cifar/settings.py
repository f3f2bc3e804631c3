"""Everything that a training run depends on, besides the data and the components.

Read next: `cifar/recipes.py`, which settings were worth their time.
"""

import math
from dataclasses import dataclass

WIDEST = 16_384  # beyond it a layer takes gigabytes
PIXELS = 3 * 32 * 32
CLASSES = 10

ACTIVATIONS = ("relu", "leaky_relu", "gelu", "sigmoid", "tanh")
INITIALIZATIONS = (
    "kaiming_normal_",
    "kaiming_uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "normal_",  # of standard deviation 0.01, as tutorials do
    "zeros_",
)
OPTIMIZERS = ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Muon")
FLIPS = ("never", "random", "alternating")


class RefusedError(Exception):
    """Something that cannot be done as asked; the message says the rule and what came."""


class SettingsError(RefusedError):
    """A setting outside its range."""


@dataclass(frozen=True)
class Settings:
    """How to build the network and how to train it.

    Args:
        hidden: the width of each hidden layer; none at all makes a linear model.
        activation: of the hidden layers, one of ACTIVATIONS.
        initialization: of the weights of the hidden layers, one of INITIALIZATIONS.
        batch_norm: whether a hidden layer has batch normalization.
        dropout: the probability with which a hidden unit is zeroed.
        doubled_softmax: a classical mistake, to compare with: softmax before a loss that has one.
        whiten: how many principal components describe an image, or 0 for its pixels as they are.
        whiten_floor: added to the variance of a component before dividing by its root; the variance
            of a pixel, from 0 to 1, is about 0.06.
        flip: "never", "random" with probability 1/2, or "alternating" with every epoch.
        crop: by how many pixels an image is shifted at most, to each side.
        mixup: both parameters of the beta distribution that mixes pairs of images, or 0.
        label_smoothing: the share of a label that is spread evenly over all classes.
        optimizer: one of OPTIMIZERS.
        lr: the highest learning rate.
        momentum: how much of the last steps is kept, for the optimizers that keep some.
        weight_decay: the strength of the pull of every weight, but of no bias, towards 0.
        warmup: the share of all steps in which the learning rate rises; then it falls to 0.
        epochs: passes over the training images.
        batch_size: images a step.
        held_out: of the 50,000 training images of CIFAR-10, how many not to learn from.
        seed: of the initial weights, the order of the images, their changes and dropout.

    Raises:
        SettingsError: a value is outside its range.

    Example:
        >>> Settings(lr=-1)
        Traceback (most recent call last):
        sums_to_one.cifar.settings.SettingsError: the learning rate must be a number above 0, got -1
    """

    hidden: tuple[int, ...] = (512, 256)
    activation: str = "relu"
    initialization: str = "kaiming_normal_"
    batch_norm: bool = True
    dropout: float = 0.1
    doubled_softmax: bool = False
    whiten: int = 0
    whiten_floor: float = 0.5
    flip: str = "random"
    crop: int = 0
    mixup: float = 0.0
    label_smoothing: float = 0.0
    optimizer: str = "SGD"
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup: float = 0.0
    epochs: int = 5
    batch_size: int = 256
    held_out: int = 5_000
    seed: int = 0

    def __post_init__(self) -> None:
        # A checkpoint, like JSON, may have made a list of it.
        object.__setattr__(self, "hidden", tuple(self.hidden))
        for holds, rule, came in (
            (
                all(1 <= width <= WIDEST for width in self.hidden),
                f"every hidden width must be from 1 to {WIDEST}",
                list(self.hidden),
            ),
            _one_of("activation", ACTIVATIONS, self.activation),
            _one_of("initialization", INITIALIZATIONS, self.initialization),
            (0 <= self.dropout < 1, "the dropout must be from 0 to below 1", self.dropout),
            (
                0 <= self.whiten <= PIXELS,
                f"the principal components must be from 0 to {PIXELS}",
                self.whiten,
            ),
            (
                0 < self.whiten_floor < math.inf,
                "the floor of whitening must be a number above 0",
                self.whiten_floor,
            ),
            _one_of("flip", FLIPS, self.flip),
            (0 <= self.crop <= 16, "the crop must be from 0 to 16 pixels", self.crop),
            (0 <= self.mixup < math.inf, "mixup must be a number from 0 up", self.mixup),
            (
                0 <= self.label_smoothing < 1,
                "the label smoothing must be from 0 to below 1",
                self.label_smoothing,
            ),
            _one_of("optimizer", OPTIMIZERS, self.optimizer),
            (0 < self.lr < math.inf, "the learning rate must be a number above 0", self.lr),
            (0 <= self.momentum < 1, "the momentum must be from 0 to below 1", self.momentum),
            (
                0 <= self.weight_decay < math.inf,
                "the weight decay must be a number from 0 up",
                self.weight_decay,
            ),
            (0 <= self.warmup < 1, "the warm-up must be from 0 to below 1", self.warmup),
            (self.epochs >= 1, "epochs must be at least 1", self.epochs),
            (
                self.batch_size >= 2,  # batch norm divides by the spread of a batch
                "the batch size must be at least 2",
                self.batch_size,
            ),
            (
                1 <= self.held_out <= 40_000,
                "the images held out must be from 1 to 40000",
                self.held_out,
            ),
            (0 <= self.seed < 2**63, "the seed must be from 0 to 2**63 - 1", self.seed),
        ):
            if not holds:
                raise SettingsError(f"{rule}, got {came}")


def _one_of(name: str, names: tuple[str, ...], came: str) -> tuple[bool, str, str]:
    return came in names, f"the {name} must be one of {', '.join(names)}", came
