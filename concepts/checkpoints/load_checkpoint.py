"""Load a checkpoint: wholly, or not at all.

`load_state_dict` copies what fits and then reports what does not, so that a model which it refuses
is neither the old one nor the new. Here everything is put back. And a file may come from anybody:
nothing in it is run, and it is compared with its checksums before it is believed.

What happens to those who save the model is shown in `tests/checkpoints/test_pickled_models.py`.

Read next: `cifar/train.py`, where all of it works together.
"""

import copy
import os
from typing import Any

from torch import nn

from sums_to_one.concepts.checkpoints.file_format import CheckpointError, read


def load_checkpoint(path: str | os.PathLike[str], model: nn.Module, optimizer: Any = None) -> None:
    """Write what `save_checkpoint` kept into a model, and into its optimizer.

    The parameters stay the same tensors, on the same devices, with other numbers; these are
    converted to the dtype of the parameter, as PyTorch does. Training continues bit for bit if
    the random numbers and the data do: their state is not in the file.

    Args:
        path: a checkpoint.
        model: with parameters and buffers of the same names and shapes.
        optimizer: of the same kind, with the same parameters in the same order. None to load the
            model alone, for instance to evaluate it.

    Raises:
        OSError: there is no such file, or no right to read it.
        CheckpointError: the file is damaged, is no checkpoint, holds a program, lacks the state
            of an optimizer, or does not fit; model and optimizer are as they were.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from sums_to_one.concepts.checkpoints.save_checkpoint import save_checkpoint
        >>> trained, new = nn.Linear(3, 2), nn.Linear(3, 2)
        >>> with TemporaryDirectory() as folder:
        ...     save_checkpoint(f"{folder}/model.pt", trained)
        ...     load_checkpoint(f"{folder}/model.pt", new)
        >>> bool((new.weight == trained.weight).all())
        True

    Source: PyTorch tutorials, "Saving and Loading Models", which names the two parts.
    """
    with open(path, "rb") as file:
        kept = read(file, path)
    parts: dict[str, Any] = {"model": model}
    if optimizer is not None:
        if kept.get("optimizer") is None:
            raise CheckpointError(f'{path} must hold an "optimizer", got only {list(kept)}')
        parts["optimizer"] = optimizer
    before = copy.deepcopy({name: part.state_dict() for name, part in parts.items()})
    try:
        for name, part in parts.items():
            part.load_state_dict(kept[name])
        if optimizer is not None:
            _check_settings(optimizer)
    except BaseException as problem:
        for name, part in parts.items():
            part.load_state_dict(before[name])
        if isinstance(problem, Exception):
            raise CheckpointError(f"{path} does not fit: {problem}") from problem
        raise


def _check_settings(optimizer: Any) -> None:
    """Optimizers load the settings of any other kind, and fail at the next step."""
    for group in optimizer.param_groups:
        missing = [name for name in getattr(optimizer, "defaults", {}) if name not in group]
        if missing:
            raise ValueError(f"the optimizer must be of the saved kind; its {missing} are missing")
