"""The training loop: stochastic gradient descent on shuffled batches.

The same seed gives the same weights, on one machine and for a given number of epochs. A budget of
seconds ends where the clock says, so it repeats only roughly. Read next: `cifar/evaluate.py`.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from cifar.components import Components
from cifar.data import Data
from cifar.evaluate import evaluate
from cifar.model import FullyConnected
from cifar.settings import RefusedError, Settings, SettingsError


class DivergedError(RefusedError):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Progress:
    """How far the training is: `done` runs from 0 to 1, loss and accuracy are this epoch's."""

    done: float
    loss: float
    accuracy: float
    images_per_second: float


@dataclass(frozen=True)
class Epoch:
    """What one pass over the images came to: mean loss, and accuracy from 0 to 1."""

    loss: float
    accuracy: float
    held_out_loss: float
    held_out_accuracy: float


@dataclass
class Training:
    """What is being trained, and how it went so far."""

    model: nn.Module
    optimizer: Any  # a torch.optim.Optimizer, or a component that stands in for one
    history: list[Epoch] = field(default_factory=list)


def start(settings: Settings, components: Components) -> Training:
    """A new network, its weights drawn from the global generator, and its optimizer."""
    model = FullyConnected(settings.hidden, settings.dropout, components)
    optimizer = components.SGD(
        model.parameters(),
        lr=settings.lr,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    return Training(model, optimizer)


def train(
    data: Data,
    settings: Settings,
    components: Components,
    on_step: Callable[[Progress], None] = lambda progress: None,
    on_epoch: Callable[[Training], None] = lambda training: None,
) -> Training:
    """Train a new network.

    Args:
        data: learns from its `train` part, and measures itself on its `held_out` part.
        settings: how, how long, and from which seed.
        components: where layers, loss, optimizer and augmentation come from.
        on_step: called after every step.
        on_epoch: called after every epoch, with a state worth keeping.

    Returns:
        The network, its optimizer, and one entry of history for every epoch.

    Raises:
        SettingsError: a batch is larger than the training part.
        DivergedError: the loss became infinite or NaN; the last `on_epoch` saw the last good state.
    """
    count = len(data.train_images)
    if settings.batch_size > count:
        raise SettingsError(
            f"the batch size must be at most the number of training images, {count}, "
            f"got {settings.batch_size}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        training = start(settings, components)
        mean_loss = components.CrossEntropyLoss()
        flip = components.RandomHorizontalFlip(0.5)
        budget = _Budget(settings, count // settings.batch_size)
        while not training.history or budget.spent() < 1:
            seen = _Seen()
            training.model.train()
            for rows in _shuffled_batches(count, settings.batch_size):
                for group in training.optimizer.param_groups:
                    group["lr"] = settings.lr * (1 - budget.spent())
                images, labels = flip(data.train_images[rows]), data.train_labels[rows]
                seen.add(*_step(training, mean_loss, images, labels), len(rows))
                budget.steps += 1
                speed = budget.steps * settings.batch_size / budget.elapsed()
                on_step(Progress(budget.spent(), seen.loss, seen.accuracy, speed))
                if budget.spent() >= 1:
                    break
            held_out = evaluate(
                training.model, data.held_out_images, data.held_out_labels, components
            )
            _must_be_finite(held_out.loss, training)
            training.history.append(
                Epoch(seen.loss, seen.accuracy, held_out.loss, held_out.accuracy)
            )
            on_epoch(training)
    return training


def _shuffled_batches(count: int, size: int) -> Sequence[Tensor]:
    """Row numbers in random order. An incomplete last batch is left out: batch norm could not
    take one of a single image."""
    return torch.split(torch.randperm(count), size)[: count // size]


def _step(
    training: Training, mean_loss: Callable[..., Any], images: Tensor, labels: Tensor
) -> tuple[float, int]:
    """Move every parameter against its gradient; the loss and the right answers before that."""
    logits = training.model(images)
    loss = mean_loss(logits, labels)
    _must_be_finite(loss.item(), training)
    training.optimizer.zero_grad()
    loss.backward()
    training.optimizer.step()
    return loss.item(), int((logits.argmax(dim=1) == labels).sum())


def _must_be_finite(loss: float, training: Training) -> None:
    if not math.isfinite(loss):
        raise DivergedError(
            f"the loss must stay a finite number, got {loss} in epoch "
            f"{len(training.history) + 1}; a smaller learning rate may help"
        )


class _Seen:
    """The mean loss and the accuracy of the images seen so far in an epoch."""

    def __init__(self) -> None:
        self._loss_sum, self._right, self._images = 0.0, 0, 0

    def add(self, mean_loss: float, right: int, images: int) -> None:
        self._loss_sum += mean_loss * images
        self._right += right
        self._images += images

    @property
    def loss(self) -> float:
        return self._loss_sum / self._images

    @property
    def accuracy(self) -> float:
        return self._right / self._images


class _Budget:
    """How much of the epochs or seconds is spent, from 0 to 1; what ends first counts."""

    def __init__(self, settings: Settings, steps_per_epoch: int) -> None:
        self.steps = 0
        self._all_steps = (settings.epochs or math.inf) * steps_per_epoch
        self._seconds = settings.seconds or math.inf
        self._started = time.perf_counter()

    def elapsed(self) -> float:
        return time.perf_counter() - self._started

    def spent(self) -> float:
        return min(1.0, max(self.steps / self._all_steps, self.elapsed() / self._seconds))
