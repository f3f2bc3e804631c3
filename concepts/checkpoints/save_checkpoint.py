"""Save a checkpoint: wholly, or not at all.

A write can end halfway: the disk is full, the machine loses power, somebody stops the program. So
the new file is written beside the old one, under another name, and takes its place only when all
of it is on the disk. To rename is one step, within a file system: whatever happens, the path leads
to the old checkpoint or to the new one.

What is saved is the state_dicts, not the objects: a pickled object names its class and the module
where that was, and can be loaded only as long as both stay there.

Read next: `concepts/checkpoints/load_checkpoint.py`, which reads it.
"""

import contextlib
import os
import secrets
import shutil
from typing import Any, BinaryIO

import torch
from torch import nn

from sums_to_one.concepts.checkpoints.file_format import read


def save_checkpoint(path: str | os.PathLike[str], model: nn.Module, optimizer: Any = None) -> None:
    """Write the state of a model, and of its optimizer, to a file.

    The states of random number generators are not saved, nor those of data loaders and schedules.

    Args:
        path: where to; a file that is there is replaced, and keeps its permissions.
        model: its parameters and buffers are saved.
        optimizer: any that has a state_dict; without it training cannot go on as it would have.

    Raises:
        FileNotFoundError: the folder is not there.
        OSError: the disk is full, or there is no right to write. The file is as it was.
        CheckpointError: the state holds more than numbers and names, so that no load would take
            it, or it did not come back from the disk as it was. The file is as it was.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     save_checkpoint(f"{folder}/model.pt", nn.Linear(3, 2))
        ...     list(torch.load(f"{folder}/model.pt", weights_only=True)["model"])
        ['weight', 'bias']

    Source: T. S. Pillai et al., "All File Systems Are Not Created Equal: On the Complexity of
    Crafting Crash-Consistent Applications", OSDI 2014.
    """
    checkpoint = {"model": model.state_dict()}
    if optimizer is not None:
        checkpoint["optimizer"] = optimizer.state_dict()
    write(path, checkpoint)


def write(path: str | os.PathLike[str], checkpoint: dict[str, Any]) -> None:
    """Write a checkpoint file: wholly, or the one that was there stays.

    Args:
        path: where to.
        checkpoint: a dictionary with a state_dict as "model"; more may be in it.

    Raises:
        FileNotFoundError, OSError, CheckpointError: as in `save_checkpoint`.
    """
    target = os.path.realpath(path)  # a link stays a link
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"the folder of a checkpoint must exist, got {folder}")
    # In the same folder, for a move between file systems is a copy, and can end halfway.
    unfinished = os.path.join(folder, f".{secrets.token_hex(8)}.unfinished")
    try:
        with open(unfinished, "xb+") as file:
            _pack(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())  # or the new name may reach the disk before the contents
            read(file, path)
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(target, unfinished)
        os.replace(unfinished, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def _pack(checkpoint: dict[str, Any], file: BinaryIO) -> None:
    """`torch.save`, with the error of the system where a disk fills up halfway."""
    try:
        torch.save(checkpoint, file)
    except RuntimeError as problem:  # it then tries to close the archive, and complains of that
        if isinstance(problem.__context__, OSError):
            raise problem.__context__ from None
        raise
