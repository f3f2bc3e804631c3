"""A checkpoint file, and how to read one that need not be trusted.

A checkpoint is a dictionary that `torch.save` wrote:

    {"model": model.state_dict(), "optimizer": optimizer.state_dict()}

"optimizer" is missing where none was saved; whatever else is in the dictionary is ignored. There
are numbers and names in it, and no code: any later program can read it, and reading runs nothing.

Read next: `concepts/checkpoints/save_checkpoint.py`, which writes such a file.
"""

import pickle
import zipfile
from typing import Any, BinaryIO

import torch

FOLDER = 0x10  # the attribute of a record that is a folder, and has no bytes


class CheckpointError(RuntimeError):
    """A file that is no intact checkpoint, or not one of this model and this optimizer."""


def read(file: BinaryIO, name: object) -> dict[str, Any]:
    """The dictionary in a checkpoint file, on the CPU, whatever device it was saved from.

    Args:
        file: open for reading.
        name: what to call it in errors.

    Raises:
        CheckpointError: it is damaged, or something else, or holds more than numbers and names.
    """
    try:
        _compare_checksums(file)
        file.seek(0)
        kept = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:  # its own message advises to load it nevertheless
        message = f"{name} must hold numbers and names only, and holds something that would be run"
        raise CheckpointError(message) from problem
    except Exception as problem:  # anybody may have written it, and anything be wrong with it
        reason = str(problem).partition("\n")[0] or type(problem).__name__
        raise CheckpointError(f"{name} must be an intact checkpoint: {reason}") from problem
    if not isinstance(kept, dict) or not isinstance(kept.get("model"), dict):
        found = f"the keys {list(kept)}" if isinstance(kept, dict) else type(kept).__name__
        raise CheckpointError(f'{name} must hold a state_dict as "model", got {found}')
    return kept


def _compare_checksums(file: BinaryIO) -> None:
    """`torch.save` writes a zip file, with a checksum of every record; `torch.load` reads none."""
    file.seek(0)
    with zipfile.ZipFile(file) as records:
        damaged = records.testzip()
        # What is marked as a folder PyTorch does not read: the tensor is what was in memory.
        unread = [record.filename for record in records.infolist() if record.external_attr & FOLDER]
    if damaged or unread:
        raise zipfile.BadZipFile(f"its record {damaged or unread[0]} is not as it was written")
