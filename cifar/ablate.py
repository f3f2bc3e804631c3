"""What each concept buys: one at a time is taken out of a recipe, or swapped for another.

Every variant is trained from several seeds and compared, seed by seed, with the unchanged recipe
of the same seed, or with the variant that differs from it in one thing. What is compared is the
accuracy on the images held out, so the test images stay unseen. Each finished training is written
down at once; run it again and it goes on.

The reading path ends here: now break something, and see which claim tells.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from scipy import stats

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.data import HELD_OUT, Data
from sums_to_one.cifar.machine import Machine
from sums_to_one.cifar.recipes import Recipe
from sums_to_one.cifar.settings import RefusedError, Settings
from sums_to_one.cifar.train import DivergedError, Training

CONFIDENCE = 0.95
ALIKE = 0.01  # a point of accuracy: who says that a change makes no difference means less than that
RUNS, TABLE, CHART = "runs.jsonl", "ablation.md", "ablation.png"
LESS, MORE, EITHER = "less", "more", "either"


class AblationError(RefusedError):
    """A folder that another ablation has begun in, or too few seeds."""


@dataclass(frozen=True, eq=False)
class Variant:
    """One change to a recipe.

    Args:
        concept: what is taken out or swapped.
        name: the change, in a few words.
        settings: what replaces the recipe's.
        claim: the number of the ledger's claim that bears on it.
        expected: whether that claim lets expect "less" accuracy, "more", or with "either" that it
            makes no difference.
        against: the name of the variant to compare with; empty for the unchanged recipe.
    """

    concept: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    claim: str = ""
    expected: str = EITHER
    against: str = ""

    @property
    def title(self) -> str:
        """The change, and what it is compared with unless that is the recipe."""
        return f"{self.name}, against {self.against}" if self.against else self.name


WITH_MOMENTUM = "SGD, momentum 0.9, rate 0.1"
VARIANTS = (
    Variant("activation", "sigmoid", {"activation": "sigmoid"}, "1.6.1", LESS),
    Variant("activation", "tanh", {"activation": "tanh"}, "1.6.1", LESS),
    Variant("activation", "GELU", {"activation": "gelu"}),
    Variant("activation", "leaky ReLU", {"activation": "leaky_relu"}, "1.6.1", EITHER),
    Variant("initialization", "all zeros", {"initialization": "zeros_"}, "2.1.1", LESS),
    Variant("initialization", "normal, 0.01", {"initialization": "normal_"}, "6.2.2", EITHER),
    Variant("initialization", "Xavier", {"initialization": "xavier_normal_"}, "6.2.2", EITHER),
    Variant("loss", "softmax twice", {"doubled_softmax": True}, "3.2.2", LESS),
    # No claim is about AdamW with settings that were tuned for it.
    Variant("optimizer", WITH_MOMENTUM, {"optimizer": "SGD", "lr": 0.1, "weight_decay": 5e-4}),
    Variant(
        "optimizer",
        "SGD, no momentum, rate 0.5",
        {"optimizer": "SGD", "lr": 0.5, "weight_decay": 5e-4, "momentum": 0.0},
        "4.2.2",
        LESS,
        against=WITH_MOMENTUM,
    ),
    Variant("batch norm", "none, rate / 8", {"batch_norm": False}, "6.2.1", LESS),
    Variant("dropout", "none", {"dropout": 0.0}, "5.2.5", LESS),
    Variant("weight decay", "none", {"weight_decay": 0.0}, "5.0.1", LESS),
    Variant("augmentation", "no shifts", {"crop": 0}, "5.3.3", LESS),
    Variant("augmentation", "no flips", {"flip": "never"}, "5.3.3", LESS),
    Variant("augmentation", "none", {"crop": 0, "flip": "never"}, "5.3.3", LESS),
    Variant("label smoothing", "none", {"label_smoothing": 0.0}),
    Variant("whitening", "none", {"whiten": 0}),
)
UNCHANGED = Variant("recipe", "unchanged")


@dataclass(frozen=True)
class Row:
    """What a change came to, in shares of the images held out, from -1 to 1.

    Args:
        variant: the change.
        accuracies: of every seed.
        difference: the mean over the seeds of what the change adds; negative where it costs.
        margin: half the width of the confidence interval around it.
    """

    variant: Variant
    accuracies: tuple[float, ...]
    difference: float
    margin: float

    @property
    def agrees(self) -> str:
        """Whether that is what the claim lets expect: "yes", "no", or "undecided" by these seeds.

        Example:
            >>> worse = Variant("dropout", "none", claim="5.2.5", expected="less")
            >>> Row(worse, (0.5,), -0.03, 0.01).agrees, Row(worse, (0.5,), 0.01, 0.02).agrees
            ('yes', 'undecided')
            >>> same = Variant("activation", "leaky ReLU", claim="1.6.1", expected="either")
            >>> Row(same, (0.5,), 0.001, 0.005).agrees, Row(same, (0.5,), 0.001, 0.012).agrees
            ('yes', 'undecided')
        """
        if not self.variant.claim:
            return ""
        low, high = self.difference - self.margin, self.difference + self.margin
        if self.variant.expected == EITHER:
            wrong, right = low > ALIKE or high < -ALIKE, low > -ALIKE and high < ALIKE
            return "yes" if right else "no" if wrong else "undecided"
        wrong, right = (low > 0, high < 0) if self.variant.expected == LESS else (high < 0, low > 0)
        return "yes" if right else "no" if wrong else "undecided"


def settings_of(variant: Variant, recipe: Recipe, seed: int, epochs: int | None) -> Settings:
    """The recipe with one change, and another rate where nothing would be learnt at its own."""
    epochs = epochs or recipe.settings.epochs
    given = replace(recipe.settings, seed=seed, epochs=epochs, held_out=HELD_OUT)
    if variant.settings.get("batch_norm") is False:
        given = replace(given, lr=given.lr / 8)
    return replace(given, **variant.settings)


def ablate(
    data: Data,
    recipe: Recipe,
    seeds: int,
    folder: Path,
    machine: Machine,
    epochs: int | None = None,
    variants: Sequence[Variant] = VARIANTS,
    console: Console | None = None,
) -> list[Row]:
    """Train every variant from every seed, as far as that was not done before.

    Args:
        data: to learn from; its `test` part is not looked at.
        recipe: what is changed.
        seeds: how many, from 0 on; at least 2, for the interval needs them.
        folder: for the results; one with an unfinished ablation of the same recipe goes on.
        machine: what to compute on.
        epochs: in place of the recipe's.
        variants: the changes.
        console: where a bar shows the progress and the time left.

    Raises:
        AblationError: too few seeds, or the folder holds an ablation of something else.
    """
    if seeds < 2:
        raise AblationError(f"an ablation must have at least 2 seeds, got {seeds}")
    folder.mkdir(parents=True, exist_ok=True)
    plan = [
        (variant, settings_of(variant, recipe, seed, epochs))
        for seed in range(seeds)
        for variant in (UNCHANGED, *variants)
    ]
    accuracies = _finished(folder / RUNS, data, plan)
    with _bar(console) as bar:
        task = bar.add_task("", total=len(plan), completed=0)
        for variant, settings in plan:
            bar.update(task, description=f"{variant.concept}: {variant.name}, seed {settings.seed}")
            key = _key(data, settings)
            if key not in accuracies:
                accuracies[key] = _accuracy(data, settings, machine)
                _note(folder / RUNS, key, variant, settings, accuracies[key])
            bar.advance(task)
    of = {
        variant: tuple(
            accuracies[_key(data, settings)] for other, settings in plan if other is variant
        )
        for variant in (UNCHANGED, *variants)
    }
    named = {variant.name: accuracies for variant, accuracies in of.items()}
    return [
        _compared(variant, of[variant], named.get(variant.against, of[UNCHANGED])) for variant in of
    ]


def _accuracy(data: Data, settings: Settings, machine: Machine) -> float:
    """On the images held out; that of a guess for a training that came to nothing."""
    try:
        training = Training(data, settings, Components("torch"), machine).run()
    except DivergedError:
        return 1 / len(data.classes)
    return training.history[-1].held_out_accuracy


def _compared(variant: Variant, changed: Sequence[float], unchanged: Sequence[float]) -> Row:
    """With the interval of Student's t for paired samples."""
    gains = [one - other for one, other in zip(changed, unchanged, strict=True)]
    mean = sum(gains) / len(gains)
    if len(gains) < 2 or max(gains) == min(gains):
        return Row(variant, tuple(changed), mean, 0.0)
    margin = stats.sem(gains) * stats.t.ppf((1 + CONFIDENCE) / 2, len(gains) - 1)
    return Row(variant, tuple(changed), mean, float(margin))


def _key(data: Data, settings: Settings) -> str:
    return json.dumps([data.checksum, torch.__version__, asdict(settings)], sort_keys=True)


def _note(path: Path, key: str, variant: Variant, settings: Settings, accuracy: float) -> None:
    line = {
        "concept": variant.concept,
        "variant": variant.name,
        "seed": settings.seed,
        "accuracy": accuracy,
        "key": key,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _finished(path: Path, data: Data, plan: Sequence[tuple[Variant, Settings]]) -> dict[str, float]:
    """What an earlier call has found; a line that it was killed in the middle of counts as none."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    found = {line["key"]: line["accuracy"] for line in map(json.loads, whole.splitlines())}
    if found and not found.keys() & {_key(data, settings) for _, settings in plan}:
        raise AblationError(
            f"a folder must hold an ablation of the same recipe and data, or none, "
            f"got {path.parent}"
        )
    return found


def _bar(console: Console | None) -> Progress:
    return Progress(
        MofNCompleteColumn(),
        BarColumn(bar_width=None),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console or Console(quiet=True),
        expand=True,
    )


def table(rows: Sequence[Row], title: str) -> Table:
    """The rows for a terminal of 80 columns."""
    result = Table("concept", "change", "accuracy", "difference", "claim", "agrees", title=title)
    for row in rows:
        result.add_row(*_cells(row))
    return result


def markdown(rows: Sequence[Row], title: str) -> str:
    """The rows as a page of text."""
    lines = [
        f"{title}.",
        "",
        "| concept | change | accuracy | difference | claim | agrees |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    mean = sum(row.accuracies) / len(row.accuracies)
    gain = f"{100 * row.difference:+.1f} ± {100 * row.margin:.1f}"
    changed = row.variant is not UNCHANGED
    return (
        row.variant.concept,
        row.variant.title,
        f"{mean:.1%}",
        gain if changed else "",
        row.variant.claim,
        row.agrees,
    )


def chart(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw what each change adds, in points of accuracy, with its interval."""
    changes = rows[1:][::-1]
    figure = Figure(figsize=(8, 1.2 + 0.32 * len(changes)), layout="constrained")
    axes = figure.subplots()
    gains = [100 * row.difference for row in changes]
    colours = ["tab:red" if gain < 0 else "tab:blue" for gain in gains]
    names = [f"{row.variant.concept}: {row.variant.title}" for row in changes]
    margins = [100 * row.margin for row in changes]
    axes.barh(names, gains, xerr=margins, color=colours, alpha=0.75, capsize=3)
    axes.axvline(0, color="grey", linewidth=1)
    axes.set(xlabel="points of accuracy on the images held out", title=title)
    axes.set_xscale("symlog", linthresh=2)  # a dead network would squeeze all others
    ticks = [t for t in (-50, -20, -10, -5, -2, -1, 0, 1, 2, 5) if t >= 1.3 * min(gains) - 1]
    axes.set_xticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Title": title})


def write(rows: Sequence[Row], title: str, folder: Path) -> None:
    """Write the table and the chart."""
    (folder / TABLE).write_text(markdown(rows, title), encoding="utf-8")
    chart(rows, title, folder / CHART)
