"""Everything that a training run depends on, besides the data and the components."""

import math
from dataclasses import dataclass

WIDEST = 16_384  # beyond it a layer takes gigabytes


class RefusedError(Exception):
    """Something that cannot be done as asked; the message says the rule and what came."""


class SettingsError(RefusedError):
    """A setting outside its range."""


@dataclass(frozen=True)
class Settings:
    """How to build the network and how to train it.

    Args:
        hidden: the width of each hidden layer; none at all makes a linear model.
        dropout: the probability with which a hidden unit is zeroed.
        epochs: passes over the training images, or None for as many as `seconds` allows.
        seconds: the time to train for, or None for no limit.
        batch_size: images a step.
        lr: the learning rate of the first step; it falls in a straight line to 0.
        momentum: how much of the last step is added to the next.
        weight_decay: the strength of the pull of every weight towards 0.
        seed: of the initial weights, the order of the images, the flips and dropout.

    Raises:
        SettingsError: a value is outside its range.

    Example:
        >>> Settings(lr=-1)
        Traceback (most recent call last):
        cifar.settings.SettingsError: the learning rate must be a number above 0, got -1
    """

    hidden: tuple[int, ...] = (512, 256)
    dropout: float = 0.1
    epochs: int | None = 5
    seconds: float | None = None
    batch_size: int = 256
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    seed: int = 0

    def __post_init__(self) -> None:
        limits = [limit for limit in (self.epochs, self.seconds) if limit is not None]
        for holds, rule, came in (
            (
                all(1 <= width <= WIDEST for width in self.hidden),
                f"every hidden width must be from 1 to {WIDEST}",
                list(self.hidden),
            ),
            (0 <= self.dropout < 1, "the dropout must be from 0 to below 1", self.dropout),
            (limits, "epochs or seconds must limit the training", "neither"),
            (self.epochs is None or self.epochs >= 1, "epochs must be at least 1", self.epochs),
            (
                self.seconds is None or 0 < self.seconds < math.inf,
                "seconds must be a number above 0",
                self.seconds,
            ),
            (
                self.batch_size >= 2,  # batch norm divides by the spread of a batch
                "the batch size must be at least 2",
                self.batch_size,
            ),
            (0 < self.lr < math.inf, "the learning rate must be a number above 0", self.lr),
            (0 <= self.momentum < 1, "the momentum must be from 0 to below 1", self.momentum),
            (
                0 <= self.weight_decay < math.inf,
                "the weight decay must be a number from 0 up",
                self.weight_decay,
            ),
            (0 <= self.seed < 2**63, "the seed must be from 0 to 2**63 - 1", self.seed),
        ):
            if not holds:
                raise SettingsError(f"{rule}, got {came}")
