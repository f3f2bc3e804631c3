"""What is looked at before a long run, for it would be a pity to find out after it.

Read next: `cifar/follow.py`, how it is followed.
"""

import math
import shutil
from pathlib import Path

import torch

from sums_to_one.cifar.settings import CLASSES, RefusedError
from sums_to_one.cifar.train import Training

NO_OPINION = math.log(CLASSES)
NEAR = 0.2
CHECKPOINTS = 3  # on the disk at once: the last, the next, and one to spare
PICTURES = 20e6  # bytes, generously


class CheckError(RefusedError):
    """Something that would spoil the run."""


def before_training(training: Training, folder: Path) -> None:
    """Check the classes, the shapes, the first loss, and the disk. Nothing is changed.

    Raises:
        CheckError: one of them is not as it must be.
    """
    _classes_are_balanced(training)
    _first_loss_is_that_of_a_guess(training)
    _disk_has_room(training, folder)


def _classes_are_balanced(training: Training) -> None:
    counts = training.data.train_labels.bincount(minlength=CLASSES).tolist()
    mean = sum(counts) / CLASSES
    if len(counts) > CLASSES or not mean / 2 <= min(counts) <= max(counts) <= 2 * mean:
        raise CheckError(
            f"each of {CLASSES} classes must have about as many images as the others, got {counts}"
        )


def _first_loss_is_that_of_a_guess(training: Training) -> None:
    model, count = training.model.eval(), min(256, len(training.data.train_images))
    images = training.data.train_images[:count].to(training.machine.device)
    labels = training.data.train_labels[:count].to(training.machine.device)
    with torch.no_grad():
        scores = model(images)
        if scores.shape != (count, CLASSES):
            raise CheckError(
                f"the network must give {CLASSES} scores for each of {count} images, "
                f"got the shape {tuple(scores.shape)}"
            )
        loss = torch.nn.functional.cross_entropy(scores, labels).item()
    if not abs(loss - NO_OPINION) < NEAR:
        raise CheckError(
            f"the first loss must be near ln {CLASSES} = {NO_OPINION:.3f}, "
            f"for a new network has no opinion, got {loss:.3f}"
        )


def _disk_has_room(training: Training, folder: Path) -> None:
    # An optimizer has at most two numbers for each parameter.
    size = 3 * sum(t.numel() * t.element_size() for t in training.model.state_dict().values())
    wanted, free = CHECKPOINTS * size + PICTURES, shutil.disk_usage(folder).free
    if free < wanted:
        raise CheckError(
            f"the disk must have room for {CHECKPOINTS} checkpoints and the pictures, "
            f"{wanted / 1e6:,.0f} MB, got {free / 1e6:,.0f} MB free in {folder}"
        )
