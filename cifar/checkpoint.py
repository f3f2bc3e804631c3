"""What is kept of a training run: all that its next step depends on, and where it came from.

There are tensors, numbers and names in it, never code: a later version of this package can read it,
and reading it runs nothing. What makes a file whole or not there at all is explained in
`concepts/checkpoints/save_checkpoint.py`.

Read next: `cifar/run.py`, a training from the images to the report.
"""

import hashlib
import platform
import tomllib
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.data import Data
from sums_to_one.cifar.machine import Machine
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.settings import RefusedError, Settings, SettingsError
from sums_to_one.cifar.train import Training
from sums_to_one.concepts.checkpoints.file_format import CheckpointError, read
from sums_to_one.concepts.checkpoints.save_checkpoint import write

FORMAT = 2  # 1 had no place in the epoch and could not be resumed
PARTS = ("model", "optimizers", "step", "settings", "recipe", "subjects", "data", "machine")
ROOT = Path(__file__).parents[1]


class ResumeError(RefusedError):
    """A checkpoint that cannot be read, or not be gone on from."""


def save(path: Path, training: Training, recipe: str) -> None:
    """Write a checkpoint: wholly, or the one that was there stays.

    Args:
        path: of the file; its folder must be there.
        training: its state, between two steps.
        recipe: the name of the recipe that the settings are of.

    Raises:
        OSError: the disk is full, there is no right to write, or what was written did not come
            back from the disk as it was.
    """
    kept = {
        "format": FORMAT,
        **training.state(),
        "recipe": recipe,
        "settings": asdict(training.settings),
        "components": training.components.origins(),
        "subjects": training.components.subjects,
        "data": {
            "name": training.data.name,
            "classes": training.data.classes,
            "checksum": training.data.checksum,
        },
        "machine": _conditions(training.machine),
    }
    try:
        write(path, kept)
    except RuntimeError as problem:  # of torch, or a CheckpointError: it did not come back right
        raise OSError(str(problem).partition("\n")[0]) from None


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote, on the CPU.

    Raises:
        ResumeError: there is no such file, it is damaged, or of another format.
    """
    try:
        with open(path, "rb") as file:
            kept = read(file, path)
    except (OSError, CheckpointError) as problem:
        raise ResumeError(f"a checkpoint must be there and intact, got {problem}") from None
    if kept.get("format") != FORMAT:
        raise ResumeError(
            f"a checkpoint must be of format {FORMAT}, which this version writes, "
            f"got {kept.get('format', 1)} in {path}"
        )
    if missing := [part for part in PARTS if part not in kept]:
        raise ResumeError(
            f"a checkpoint must hold {', '.join(PARTS)}, got none of {', '.join(missing)} in {path}"
        )
    return kept


def restore(path: Path, components: Components) -> FullyConnected:
    """Build the network of a checkpoint, in evaluation mode.

    Args:
        path: what `save` wrote.
        components: where the layers come from; need not be the subjects that it was trained with.

    Raises:
        ResumeError: there is no such file, it is damaged, or of another format or network.
    """
    kept = load(path)
    try:
        return _network(kept, components).eval()
    except ResumeError as problem:
        raise ResumeError(f"{problem} in {path}") from None


def resume(kept: dict[str, Any], data: Data, machine: Machine) -> Training:
    """A training run that goes on where a checkpoint was written.

    Args:
        kept: from `load`.
        data: the same as then.
        machine: what to compute on; other than then, it rounds otherwise.

    Raises:
        ResumeError: the data is not what the checkpoint was trained on, or this version knows no
            such network or optimizer.
    """
    if data.checksum != kept["data"]["checksum"]:
        raise ResumeError(
            f"a run must go on with the data it began with, {kept['data']['name']}, "
            f"got other images or labels, of {data.name}"
        )
    components = Components(*kept["subjects"])
    _network(kept, components)
    try:
        return Training(data, Settings(**kept["settings"]), components, machine, state=kept)
    except (TypeError, KeyError, ValueError) as problem:
        raise _unknown("training run", problem) from None


def differences(kept: dict[str, Any], machine: Machine) -> list[str]:
    """In what this machine is not the one of a checkpoint, so that sums may be rounded otherwise.

    Returns:
        One line each; none where the run goes on bit for bit.
    """
    then, now = kept["machine"], _conditions(machine)
    return [f"{key}: {then[key]} then, {now[key]} now" for key in now if then[key] != now[key]]


def _network(kept: dict[str, Any], components: Components) -> FullyConnected:
    try:
        model = FullyConnected(Settings(**kept["settings"]), components)
        model.load_state_dict(kept["model"])
    except (TypeError, KeyError, RuntimeError, SettingsError) as problem:
        raise _unknown("network", problem) from None
    return model


def _unknown(what: str, problem: Exception) -> ResumeError:
    return ResumeError(
        f"a checkpoint must be of a {what} that this version knows, "
        f"got {str(problem).partition(chr(10))[0]}"
    )


def _conditions(machine: Machine) -> dict[str, str]:
    return {
        "device": machine.device.type,
        "precision": str(machine.precision).removeprefix("torch."),
        "threads": str(torch.get_num_threads()),
        "processes": str(machine.ranks),
        **versions(),
    }


@cache
def versions() -> dict[str, str]:
    """Of Python, torch and this package; and a checksum of its code, which versions forget."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    code = hashlib.blake2b(digest_size=8)
    for source in sorted([*ROOT.glob("cifar/*.py"), *ROOT.glob("concepts/**/*.py")]):
        code.update(source.read_bytes())
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        project["name"]: project["version"],
        "code": code.hexdigest(),
    }
