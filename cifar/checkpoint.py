"""What is kept of a training run: the state of the network and of its optimizer, never code.

A state_dict holds tensors only, so a checkpoint can be read by a later version of this package,
and reading one runs nothing that is in it (`weights_only`). The settings beside it say which
network to build before its state is loaded.
"""

import os
import platform
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from cifar.components import Components
from cifar.data import Data
from cifar.model import FullyConnected
from cifar.settings import Settings
from cifar.train import Training


def save(
    path: Path, training: Training, settings: Settings, components: Components, data: Data
) -> None:
    """Write a checkpoint: wholly, or the one that was there stays.

    Raises:
        OSError: no room, or no right to write.
    """
    unfinished = path.with_suffix(".part")
    try:
        torch.save(
            {
                "model": training.model.state_dict(),
                "optimizer": training.optimizer.state_dict(),
                "history": [asdict(epoch) for epoch in training.history],
                "settings": asdict(settings),
                "data": data.name,
                "classes": data.classes,
                "components": components.origins(),
                "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
            },
            unfinished,
        )
        os.replace(unfinished, path)
    except RuntimeError as problem:  # this is how torch reports a full disk
        raise OSError(str(problem).partition("\n")[0]) from None
    finally:
        unfinished.unlink(missing_ok=True)


def restore(path: Path, components: Components) -> nn.Module:
    """Build the network of a checkpoint, in evaluation mode.

    Args:
        path: what `save` wrote.
        components: where the layers come from; need not be the subjects that it was trained with.
    """
    kept = torch.load(path, weights_only=True)
    settings = Settings(**kept["settings"])
    model = FullyConnected(settings.hidden, settings.dropout, components)
    model.load_state_dict(kept["model"])
    return model.eval()
