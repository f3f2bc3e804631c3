"""Ways to train the network that are worth their time, from a minute to a long lunch.

They were chosen by 5,000 images held out of the training set, the longest by what shorter runs
showed; now that they are fixed they hold out 1,000, enough to see how a run is doing. The accuracy
is that on the 10,000 test images: a new run should come out within about two spreads of it. The
time is that of the processor while it trained on one thread, without bfloat16, two trainings side
by side; preparation takes 5 s more. On two threads, which wait for each other, a training takes
about three quarters of it by the clock.

Read next: `cifar/data.py`, the images to learn from.
"""

from dataclasses import dataclass, replace

from sums_to_one.cifar.settings import CLASSES, RefusedError, Settings


class RecipeError(RefusedError):
    """A name that no recipe has."""


@dataclass(frozen=True)
class Recipe:
    """Settings, and what they were found to come to.

    Args:
        name: what to call it by.
        settings: of the network and its training.
        accuracy: mean test accuracy, from 0 to 1.
        spread: its standard deviation from seed to seed.
        both_sides: mean test accuracy where each image and its mirror image are answered together.
        seeds: how many trainings these figures are of.
        core_minutes: how long one processor core trained, on average.
    """

    name: str
    settings: Settings
    accuracy: float
    spread: float
    both_sides: float
    seeds: int
    core_minutes: float

    @property
    def expected(self) -> str:
        """What a run should come to.

        Example:
            >>> Recipe("snack", Settings(), 0.5012, 0.0031, 0.51, 5, 0.2).expected
            '50.1 % ± 0.3'
        """
        spread = f" ± {100 * self.spread:.1f}" if self.seeds > 1 else ""
        return f"{100 * self.accuracy:.1f} %{spread}"


MINUTE = Recipe(
    "minute",
    Settings(
        hidden=(1024, 512),
        whiten=256,
        whiten_floor=0.5,
        crop=1,
        flip="alternating",
        dropout=0.3,
        label_smoothing=0.1,
        optimizer="AdamW",
        lr=0.016,
        weight_decay=0.5,
        warmup=0.15,
        batch_size=512,
        held_out=1_000,
        epochs=8,
    ),
    accuracy=0.6136,
    spread=0.0012,
    both_sides=0.6218,
    seeds=5,
    core_minutes=0.7,
)

COFFEE = Recipe(
    "coffee",
    replace(
        MINUTE.settings,
        hidden=(2048, 512),
        activation="gelu",
        crop=2,
        dropout=0.4,
        lr=0.012,
        epochs=31,
    ),
    accuracy=0.6642,
    spread=0.0015,
    both_sides=0.6719,
    seeds=5,
    core_minutes=4.5,
)

LUNCH = Recipe(
    "lunch",
    replace(COFFEE.settings, hidden=(2048, 1024), crop=3, dropout=0.3, epochs=138),
    accuracy=0.7077,
    spread=0.0020,
    both_sides=0.7142,
    seeds=5,
    core_minutes=29.8,
)

RECIPES = {recipe.name: recipe for recipe in (MINUTE, COFFEE, LUNCH)}


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in RECIPES:
        raise RecipeError(f"the recipe must be one of {', '.join(RECIPES)}, got {name}")
    return RECIPES[name]


def table() -> str:
    """All recipes as a table of a page of text."""
    lines = [
        "| recipe | network | core-minutes | test accuracy | seen from both sides | seeds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in RECIPES.values():
        network = "-".join(map(str, (each.settings.whiten, *each.settings.hidden, CLASSES)))
        lines.append(
            f"| {each.name} | {network}, {each.settings.epochs} epochs | {each.core_minutes:.1f} | "
            f"{each.expected} | {100 * each.both_sides:.1f} % | {each.seeds} |"
        )
    return "\n".join(lines) + "\n"
