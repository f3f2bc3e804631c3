"""One training run from the images to the report, as the command line does it.

Read next: `cifar/checks.py`, what it looks at first.
"""

import signal
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.panel import Panel

from sums_to_one.cifar import checkpoint, checks, draw, page
from sums_to_one.cifar.components import Components
from sums_to_one.cifar.data import Data, load
from sums_to_one.cifar.evaluate import Evaluation, evaluate
from sums_to_one.cifar.follow import Follower, Logs
from sums_to_one.cifar.machine import Machine, MachineError, machine
from sums_to_one.cifar.recipes import RECIPES
from sums_to_one.cifar.settings import CLASSES, PIXELS, RefusedError, Settings, SettingsError
from sums_to_one.cifar.train import DivergedError, Training

RUNS = Path("runs")
CHECKPOINT = "checkpoint.pt"
CURVE = "learning-curve.png"
CONFUSION = "confusion-matrix.png"
FIRST_LAYER = "first-layer.png"
MISTAKES = "worst-mistakes.png"
REPORT = "report.txt"
SUMMARY = "summary.html"


class OutputError(RefusedError):
    """A folder that the results cannot go to."""


class StoppedError(KeyboardInterrupt):
    """The run was asked to end, and did so after a whole step."""


def run(
    data_folder: str | None,
    output: Path | None,
    recipe: str,
    settings: Settings,
    subjects: Sequence[str],
    device: str = "auto",
    precision: str = "auto",
    save_every: int | None = None,
    tensorboard: bool = False,
) -> None:
    """Train, evaluate, and write everything into a new folder.

    Args:
        data_folder: as for `cifar.data.load`.
        output: a new or empty folder, or None for one named after the time in ./runs.
        recipe: what the settings are called.
        settings: of the network and its training.
        subjects: where the components come from.
        device: as for `cifar.machine.machine`.
        precision: likewise.
        save_every: so many steps between two checkpoints; there is one after every epoch anyway.
        tensorboard: whether to write logs for TensorBoard, too.

    Raises:
        RefusedError: data, output, subjects or settings cannot be used, or the loss diverged.
        StoppedError: the run was interrupted; a checkpoint was written.
    """
    _check_apart(save_every)
    with machine(device, precision) as here:
        console = _console(here)
        components = Components(*subjects)
        data = _loaded(data_folder, settings.held_out, console)
        with _new_folder(output, data, here) as folder:
            console.print(_opening(data, settings, recipe, here, folder))
            training = Training(data, settings, components, here)
            if here.writes:
                checks.before_training(training, folder)
                checkpoint.save(folder / CHECKPOINT, training, recipe)
            _train(training, recipe, folder, console, save_every, tensorboard)


def resume(
    folder: Path,
    data_folder: str | None,
    device: str = "auto",
    save_every: int | None = None,
    tensorboard: bool = False,
) -> None:
    """Go on with a run that was stopped, from its last checkpoint and in the same folder.

    Args:
        folder: of that run.
        data_folder, device, save_every, tensorboard: as for `run`.

    Raises:
        RefusedError: there is no checkpoint to go on from, or what `run` raises.
    """
    _check_apart(save_every)
    kept = checkpoint.load(folder / CHECKPOINT)
    with machine(device, kept["machine"]["precision"]) as here, _writable(folder):
        console = _console(here)
        data = _loaded(data_folder, kept["settings"]["held_out"], console)
        training = checkpoint.resume(kept, data, here)
        console.print(_opening(data, training.settings, kept["recipe"], here, folder))
        console.print(f"going on after step {training.step:,} of {training.steps:,}")
        for difference in checkpoint.differences(kept, here):
            console.print(f"the weights will not be the same bit for bit: {difference}")
        _train(training, kept["recipe"], folder, console, save_every, tensorboard)


def _check_apart(steps: int | None) -> None:
    if steps is not None and steps < 1:
        raise SettingsError(f"checkpoints must be at least 1 step apart, got {steps}")


def _train(
    training: Training,
    recipe: str,
    folder: Path,
    console: Console,
    save_every: int | None,
    tensorboard: bool,
) -> None:
    """Take the steps that are left behind a progress bar, and write down what came of them."""
    path = folder / CHECKPOINT
    writes = training.machine.writes
    saved = training.step

    def save() -> None:
        nonlocal saved
        if writes:
            checkpoint.save(path, training, recipe)
        saved = training.step

    with Logs(folder if tensorboard and writes else None) as logs, _stop_signals() as stops:
        follower = Follower(console, logs)

        def on_epoch(training: Training) -> None:
            save()
            follower.on_epoch(training)

        def on_step(training: Training) -> None:
            follower.on_step(training)
            if stops:
                save()
                raise StoppedError(stops[0])
            if save_every and training.step % save_every == 0 and saved != training.step:
                save()

        try:
            with follower:
                training.run(on_step, on_epoch)
        except DivergedError as problem:
            raise DivergedError(f"{problem}; {_kept(path, saved)}") from None
        except (KeyboardInterrupt, StoppedError) as stop:
            reason = str(stop) or "interrupted"
            raise StoppedError(f"{reason}; {_kept(path, saved)}") from None
        except RuntimeError as problem:
            if training.machine.ranks == 1:
                raise
            raise MachineError(
                f"all {training.machine.ranks} processes of a run must stay alive, got: "
                f"{str(problem).partition(chr(10))[0]}; {_kept(path, saved)}"
            ) from None
    if writes:
        _write_results(training, recipe, folder, console)


def _kept(path: Path, step: int) -> str:
    return (
        f"the state after step {step:,} is in {path}, and --resume {path.parent} goes on from there"
    )


def _write_results(training: Training, recipe: str, folder: Path, console: Console) -> None:
    data, components = training.data, training.components
    test = data.test_images, data.test_labels
    result = evaluate(training.model, *test, components)
    both_sides = evaluate(training.model, *test, components, both_sides=True).accuracy
    origins = textwrap.fill(f"components: {components}", width=78, subsequent_indent="  ")
    took = f"training took {training.seconds:,.0f} s"
    report = f"{_accuracies(result, both_sides, data)}\n\n{took}\n{origins}"
    (folder / REPORT).write_text(report + "\n", encoding="utf-8")
    draw.learning_curve(training.history, data, folder / CURVE)
    draw.confusion_matrix(result, data, folder / CONFUSION)
    draw.first_layer(training.model, data, folder / FIRST_LAYER)
    draw.worst_mistakes(result, data, folder / MISTAKES)
    page.write(folder / SUMMARY, data, training, result, both_sides, recipe)
    console.print(f"\n{report}\n\nresults in {folder}:")
    written = [CHECKPOINT, CONFUSION, FIRST_LAYER, CURVE, REPORT, SUMMARY, MISTAKES]
    names = textwrap.fill(", ".join(written), 76)
    console.print(textwrap.indent(names, "  "))


@contextmanager
def _stop_signals() -> Iterator[list[str]]:
    """While it lasts, a first signal to stop is noted down; a second one interrupts at once."""
    noted: list[str] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append("interrupted" if number == signal.SIGINT else "asked to end")

    if threading.current_thread() is not threading.main_thread():
        yield noted  # only the main thread may handle signals
        return
    before: list[tuple[int, Any]] = [
        (number, signal.signal(number, note)) for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield noted
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _console(here: Machine) -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True, quiet=not here.writes)


def _loaded(folder: str | None, held_out: int, console: Console) -> Data:
    data = load(folder, console.print, held_out)
    if data.synthetic:
        console.print(_warning(data))
    return data


@contextmanager
def _new_folder(output: Path | None, data: Data, here: Machine) -> Iterator[Path]:
    """A folder that is empty and can be written to; it goes again if it stays empty."""
    folder = output or _unused_name(data)
    if not here.writes:
        yield folder
        return
    existed = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if holds := sorted(path.name for path in folder.iterdir()):
            raise OutputError(
                f"the output folder must be new or empty, got {folder}, which holds {holds[0]}"
            )
    except OSError as problem:
        raise _not_writable(folder, problem) from None
    try:
        with _writable(folder):
            yield folder
    finally:
        if not existed and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise _not_writable(folder, problem) from None
    try:
        yield
    except OSError as problem:
        raise OutputError(
            f"the output folder must stay writable, got {folder}: {problem}"
        ) from None


def _not_writable(folder: Path, problem: OSError) -> OutputError:
    return OutputError(
        f"the output folder must be one that can be written to, got {folder}: {problem}"
    )


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


def _opening(data: Data, settings: Settings, recipe: str, here: Machine, folder: Path) -> str:
    layers = " > ".join(map(str, (settings.whiten or PIXELS, *settings.hidden, CLASSES)))
    inputs = f"the {settings.whiten} strongest patterns" if settings.whiten else "pixels"
    precision = str(here.precision).removeprefix("torch.")
    processes = f", {here.ranks} processes" if here.ranks > 1 else ""
    usual = ""
    if recipe in RECIPES and not data.synthetic:
        usual = f"usually   {RECIPES[recipe].expected} of the test images right\n"
    return (
        f"data      {data.name}\n"
        f"images    {len(data.train_labels):,} to learn from, {len(data.held_out_labels):,} "
        f"held out, {len(data.test_labels):,} to test\n"
        f"recipe    {recipe}: {settings.epochs} epochs of {settings.optimizer}, "
        f"seed {settings.seed}\n"
        f"network   {layers}, from {inputs}\n"
        f"{usual}"
        f"machine   {here.device}, {precision}{processes}\n"
        f"results   {folder}\n"
    )


def _accuracies(result: Evaluation, both_sides: float, data: Data) -> str:
    lines = [
        f"test accuracy on {data.name}: {result.accuracy:.1%} (a guess: {1 / CLASSES:.0%})",
        f"with each image seen from both sides: {both_sides:.1%}",
        "",
    ]
    for name, accuracy in zip(data.classes, result.accuracy_per_class(), strict=True):
        lines.append(f"  {name:<12}{accuracy:6.1%}  {'#' * round(50 * accuracy)}")
    return "\n".join(lines)
