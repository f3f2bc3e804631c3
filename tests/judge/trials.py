"""Who is tried how: the trials of each component."""

from collections.abc import Callable, Iterator

from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS
from sums_to_one.tests.judge.trial import Trial
from sums_to_one.tests.judge.trials_of_checkpoints import checkpoint
from sums_to_one.tests.judge.trials_of_images import composed, transform
from sums_to_one.tests.judge.trials_of_layers import (
    activation,
    batch_norm,
    dropout,
    loss,
    penalty,
)
from sums_to_one.tests.judge.trials_of_training import descent, initializer, optimizer, variable

Family = Callable[[str, Limits], Iterator[Trial]]
_PAIRS = [
    ("sigmoid", "tanh"),
    ("relu", "leaky_relu"),
    ("L1Loss", "MSELoss"),
    ("BCELoss", "BCEWithLogitsLoss"),
    ("l1_penalty", "l2_penalty"),
    ("kaiming_uniform_", "xavier_uniform_"),
    ("kaiming_normal_", "xavier_normal_"),
]
_OPTIMIZERS = GROUPS["optimizer"]
# Components that are taken for each other.
SISTERS: dict[str, tuple[str, ...]] = {
    **{name: tuple(other for other in _OPTIMIZERS if other != name) for name in _OPTIMIZERS},
    **{one: (other,) for one, other in _PAIRS},
    **{other: (one,) for one, other in _PAIRS},
}
FAMILIES: dict[str, Family] = {
    **dict.fromkeys(COMPONENTS["activations"], activation),
    **dict.fromkeys(COMPONENTS["initialization"], initializer),
    **dict.fromkeys(COMPONENTS["losses"], loss),
    **dict.fromkeys(GROUPS["optimizer"], optimizer),
    **dict.fromkeys(GROUPS["penalty"], penalty),
    **dict.fromkeys(GROUPS["dropout"], dropout),
    **dict.fromkeys(GROUPS["batch_norm"], batch_norm),
    **dict.fromkeys(GROUPS["transform"], transform),
    **dict.fromkeys(COMPONENTS["checkpoints"], checkpoint),
    "Compose": composed,
    "Variable": variable,
    "gradient_descent": descent,
}
