"""One training run from the images to the report, as the command line does it."""

import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from cifar import checkpoint, draw
from cifar.components import Components
from cifar.data import Data, load
from cifar.evaluate import Evaluation, evaluate
from cifar.model import CLASSES, PIXELS
from cifar.settings import RefusedError, Settings
from cifar.train import DivergedError, Progress, Training, train

RUNS = Path("runs")
CHECKPOINT = "checkpoint.pt"
CURVE = "learning-curve.png"
MISTAKES = "worst-mistakes.png"
REPORT = "report.txt"


class OutputError(RefusedError):
    """A folder that the results cannot go to."""


def run(
    data_folder: str | None, output: Path | None, settings: Settings, subjects: Sequence[str]
) -> None:
    """Train, evaluate, and write everything into a new folder.

    Args:
        data_folder: as for `cifar.data.load`.
        output: a new or empty folder, or None for one named after the time in ./runs.
        settings: of the network and its training.
        subjects: where the components come from.

    Raises:
        RefusedError: data, output, subjects or settings cannot be used, or the loss diverged.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    components = Components(*subjects)
    data = load(data_folder, console.print)
    if data.synthetic:
        console.print(_warning(data))
    with _new_folder(output, data) as folder:
        console.print(_opening(data, settings, folder))
        training = _train(data, settings, components, folder, console)
        result = evaluate(training.model, data.test_images, data.test_labels, components)
        origins = textwrap.fill(f"components: {components}", width=78, subsequent_indent="  ")
        report = f"{_accuracies(result, data)}\n\n{origins}"
        (folder / REPORT).write_text(report + "\n", encoding="utf-8")
        draw.learning_curve(training.history, data, folder / CURVE)
        draw.worst_mistakes(result, data, folder / MISTAKES)
        console.print(f"\n{report}\n\nresults in {folder}:")
        console.print(f"  {CHECKPOINT}, {CURVE}, {MISTAKES}, {REPORT}")


def _train(
    data: Data, settings: Settings, components: Components, folder: Path, console: Console
) -> Training:
    """Train behind a progress bar, with a checkpoint after every epoch."""
    bar = ProgressBar(
        TextColumn("{task.percentage:3.0f}%"),
        BarColumn(bar_width=None),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        expand=True,
    )
    task = bar.add_task("", total=1)
    epochs = 0

    def on_step(progress: Progress) -> None:
        now = (
            f"loss {progress.loss:.3f}  accuracy {progress.accuracy:.1%}  "
            f"{progress.images_per_second:,.0f} images/s"
        )
        bar.update(task, completed=progress.done, description=now)

    def on_epoch(training: Training) -> None:
        nonlocal epochs
        checkpoint.save(folder / CHECKPOINT, training, settings, components, data)
        epochs = len(training.history)
        last = training.history[-1]
        console.print(
            f"epoch {epochs:2}   loss {last.loss:.3f}   accuracy {last.accuracy:5.1%}   "
            f"held out: loss {last.held_out_loss:.3f}   accuracy {last.held_out_accuracy:5.1%}"
        )

    try:
        with bar:
            return train(data, settings, components, on_step, on_epoch)
    except (DivergedError, KeyboardInterrupt) as stop:
        reason = str(stop) or "interrupted"
        kept = f"the state after epoch {epochs} is in {folder / CHECKPOINT}"
        raise type(stop)(f"{reason}; {kept if epochs else 'no epoch was finished'}") from None


@contextmanager
def _new_folder(output: Path | None, data: Data) -> Iterator[Path]:
    """A folder that is empty and can be written to; it goes again if it stays empty."""
    folder = output or _unused_name(data)
    try:
        existed = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if holds := sorted(path.name for path in folder.iterdir()):
            raise OutputError(
                f"the output folder must be new or empty, got {folder}, which holds {holds[0]}"
            )
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise OutputError(
            f"the output folder must be one that can be written to, got {folder}: {problem}"
        ) from None
    try:
        yield folder
    except OSError as problem:
        raise OutputError(
            f"the output folder must stay writable, got {folder}: {problem}"
        ) from None
    finally:
        if not existed and not any(folder.iterdir()):
            folder.rmdir()


def _unused_name(data: Data) -> Path:
    """The date, the time, and for drawn images that word: `runs/2026-01-31_14.05.59-synthetic`."""
    name = time.strftime("%Y-%m-%d_%H.%M.%S") + ("-synthetic" if data.synthetic else "")
    names = (RUNS / (name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(path for path in names if not path.exists())


def _warning(data: Data) -> Panel:
    return Panel(
        f"{data.name}\n\nThe images are drawn shapes. No accuracy below says anything about "
        "CIFAR-10.\nFor the real images name their folder: --data DIR, or CIFAR10_ROOT=DIR.",
        style="bold yellow",
    )


def _opening(data: Data, settings: Settings, folder: Path) -> str:
    layers = " > ".join(map(str, (PIXELS, *settings.hidden, CLASSES)))
    return (
        f"data      {data.name}\n"
        f"images    {len(data.train_labels):,} to learn from, {len(data.held_out_labels):,} "
        f"held out, {len(data.test_labels):,} to test\n"
        f"network   {layers}\n"
        f"results   {folder}\n"
    )


def _accuracies(result: Evaluation, data: Data) -> str:
    lines = [
        f"test accuracy on {data.name}: {result.accuracy:.1%} (a guess: {1 / CLASSES:.0%})",
        "",
    ]
    for name, accuracy in zip(data.classes, result.accuracy_per_class(), strict=True):
        lines.append(f"  {name:<12}{accuracy:6.1%}  {'#' * round(50 * accuracy)}")
    return "\n".join(lines)
