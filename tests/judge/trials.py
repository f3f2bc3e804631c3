"""Who is tried how: the trials of each component."""

from collections.abc import Callable, Iterator

from sums_to_one.tests.common.limits import Limits
from sums_to_one.tests.judge.components import COMPONENTS, GROUPS
from sums_to_one.tests.judge.trial import Trial
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
FAMILIES: dict[str, Family] = {
    **dict.fromkeys(COMPONENTS["activations"], activation),
    **dict.fromkeys(COMPONENTS["initialization"], initializer),
    **dict.fromkeys(COMPONENTS["losses"], loss),
    **dict.fromkeys(GROUPS["optimizer"], optimizer),
    **dict.fromkeys(GROUPS["penalty"], penalty),
    **dict.fromkeys(GROUPS["dropout"], dropout),
    **dict.fromkeys(GROUPS["batch_norm"], batch_norm),
    **dict.fromkeys(GROUPS["transform"], transform),
    "Compose": composed,
    "Variable": variable,
    "gradient_descent": descent,
}
