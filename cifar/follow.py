"""How a training run is followed while it lasts: a bar, a line for each epoch, and logs.

Read next: `cifar/draw.py`, which makes pictures of it.
"""

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from sums_to_one.cifar.settings import RefusedError
from sums_to_one.cifar.train import Training

OFTEN = 0.2  # seconds between two looks at the loss; each look waits for the device


class LogsError(RefusedError):
    """TensorBoard is not installed."""


class Logs:
    """Logs for TensorBoard in a folder; or with None in place of the folder, nothing at all.

    Raises:
        LogsError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as problem:
                raise LogsError(
                    f"--tensorboard needs the package tensorboard, got {problem}; "
                    "`uv sync --extra tensorboard` installs it"
                ) from None
            self._writer = SummaryWriter(str(folder))

    def add(self, step: int, **numbers: float) -> None:
        """Write down numbers by name, as of a step."""
        for name, number in numbers.items():
            if self._writer is not None:
                self._writer.add_scalar(name.replace("__", "/"), number, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._writer is not None:
            self._writer.close()


class Follower:
    """Shows on a console how far a training run is. A context, in which the bar is there."""

    def __init__(self, console: Console, logs: Logs) -> None:
        self._console, self._logs = console, logs
        self._bar = Progress(
            TextColumn("{task.percentage:3.0f}%"),
            BarColumn(bar_width=None),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            expand=True,
        )
        self._task = self._bar.add_task("", total=1)
        self._looked = 0.0

    def on_step(self, training: Training) -> None:
        """Move the bar, if it was not moved a moment ago."""
        now = time.perf_counter()
        if now - self._looked < OFTEN or training.step % training.an_epoch == 0:
            return
        self._looked = now
        speed = training.step * training.settings.batch_size / training.seconds
        text = f"loss {training.loss:.3f}  accuracy {training.accuracy:.1%}  {speed:,.0f} images/s"
        self._bar.update(self._task, completed=training.done, description=text)
        self._logs.add(
            training.step,
            training__loss=training.loss,
            training__accuracy=training.accuracy,
            learning_rate=training.optimizers[0].param_groups[0]["lr"],
            images_per_second=speed,
        )

    def on_epoch(self, training: Training) -> None:
        """Print a line about the epoch that is done."""
        epoch, last = len(training.history), training.history[-1]
        self._bar.update(self._task, completed=training.done)
        self._console.print(
            # Measured alike; what was minimized would not be: smoothed labels, dropout.
            f"epoch {epoch:3}   "
            f"loss {last.learnt_loss:.3f}   accuracy {last.learnt_accuracy:5.1%}   "
            f"held out: loss {last.held_out_loss:.3f}   accuracy {last.held_out_accuracy:5.1%}"
        )
        self._logs.add(
            training.step,
            held_out__loss=last.held_out_loss,
            held_out__accuracy=last.held_out_accuracy,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
