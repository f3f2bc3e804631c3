"""What the claims about training share: data of any size, and the weights that came of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from sums_to_one.cifar.data import Data, stand_in


def first_of(data: Data, train: int, others: int) -> Data:
    """The first images to learn from, and the first of those held out and of those to test."""
    return replace(
        data,
        train_images=data.train_images[:train],
        train_labels=data.train_labels[:train],
        held_out_images=data.held_out_images[:others],
        held_out_labels=data.held_out_labels[:others],
        test_images=data.test_images[:others],
        test_labels=data.test_labels[:others],
    )


def few_images() -> Data:
    """So few images that an epoch takes a moment."""
    return first_of(stand_in(), train=200, others=100)


def weights(state: Mapping[str, Tensor]) -> Tensor:
    """All that a state_dict holds, in one row."""
    return torch.cat([value.flatten() for value in state.values()])


def weights_in(folder: Path) -> Tensor:
    """Those of the checkpoint that a run has left."""
    return weights(torch.load(folder / "checkpoint.pt", weights_only=True)["model"])
