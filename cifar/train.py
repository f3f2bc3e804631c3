"""The training loop.

The same seed gives the same weights bit for bit, on one machine and with one number of threads. A
run can be stopped after any step: what `state()` gives is all that the steps after it depend on.

Read next: `cifar/settings.py`, all that a run is told.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor

from sums_to_one.cifar.batches import Batches
from sums_to_one.cifar.components import Components
from sums_to_one.cifar.data import Data
from sums_to_one.cifar.evaluate import evaluate
from sums_to_one.cifar.inputs import PrincipalComponents
from sums_to_one.cifar.machine import Machine
from sums_to_one.cifar.model import FullyConnected
from sums_to_one.cifar.optimization import optimizers, share_of_lr
from sums_to_one.cifar.randomness import seed_everything
from sums_to_one.cifar.settings import RefusedError, Settings

ALONE = Machine()


class DivergedError(RefusedError):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the images came to: mean losses, and accuracies from 0 to 1.

    Args:
        loss: as it was minimized, on altered images, with dropout and smoothed labels, by a network
            that was changing: not to be compared with the others.
        accuracy: the same.
        held_out_loss: on the images held out, as they are, by the network after the epoch.
        held_out_accuracy: the same.
        held_out_error: the standard error of held_out_loss.
        learnt_loss: as held_out_loss, on as many of the images that it learns from.
        learnt_accuracy: the same.
    """

    loss: float
    accuracy: float
    held_out_loss: float
    held_out_accuracy: float
    held_out_error: float = math.nan
    learnt_loss: float = math.nan
    learnt_accuracy: float = math.nan


class Training:
    """A network, what trains it, and how far it is.

    Args:
        data: it learns from the `train` part, and measures itself on the `held_out` part.
        settings: how, how long, and from which seed.
        components: where layers, loss and optimizer come from.
        machine: what to compute on.
        state: of another run with the same settings, to go on from where that was.

    Raises:
        SettingsError: the batch size does not fit the data or the machine.
    """

    def __init__(
        self,
        data: Data,
        settings: Settings,
        components: Components,
        machine: Machine = ALONE,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.data, self.settings, self.components = data, settings, components
        self.machine = machine
        with torch.random.fork_rng(devices=[]):
            seed_everything(machine.device, settings.seed, "weights")
            self.model = FullyConnected(settings, components).to(machine.device)
            if state is not None:
                self.model.load_state_dict(state["model"])
            elif isinstance(self.model.inputs, PrincipalComponents):
                self.model.inputs.fit(data.train_images.to(machine.device))
            self._together = machine.together(self.model)
            self.optimizers = optimizers(self.model, settings, components)
        self._highest = [[g["lr"] for g in each.param_groups] for each in self.optimizers]
        self._mean_loss = components.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
        self._batches = Batches(
            data.train_images, data.train_labels, self.model.inputs, settings, machine
        )
        self.an_epoch = self._batches.an_epoch
        self.steps = self.an_epoch * settings.epochs
        self.step = 0
        self.seconds = 0.0
        self.history: list[Epoch] = []
        self._restart_sums()
        if state is not None:
            self._go_on_from(state)

    @property
    def done(self) -> float:
        """The share of all steps that is done, from 0 to 1."""
        return self.step / self.steps

    @property
    def loss(self) -> float:
        """The mean loss in this epoch so far, on this machine's part of it."""
        return float(self._sums[0] / self._sums[2])

    @property
    def accuracy(self) -> float:
        """The accuracy in this epoch so far, from 0 to 1."""
        return float(self._sums[1] / self._sums[2])

    def run(
        self,
        on_step: Callable[[Self], None] = lambda training: None,
        on_epoch: Callable[[Self], None] = lambda training: None,
    ) -> Self:
        """Take all steps that are left.

        Args:
            on_step: called after every step, which can be the last: it may raise.
            on_epoch: called after every epoch, and before `on_step` of its last step.

        Raises:
            DivergedError: the loss became infinite or NaN; what `on_epoch` saw was good.
        """
        with torch.random.fork_rng(devices=[]):
            while self.step < self.steps:
                started = time.perf_counter()
                self._take_step()
                self.step += 1
                last = self.step % self.an_epoch == 0
                if last:
                    self._must_be_finite(self.loss)
                self.seconds += time.perf_counter() - started
                if last:
                    self._end_epoch()
                    on_epoch(self)
                on_step(self)
        return self

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, as tensors, numbers and names."""
        return {
            "model": self.model.state_dict(),
            "optimizers": [each.state_dict() for each in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "sums": self._sums,
            "history": [asdict(epoch) for epoch in self.history],
        }

    def _go_on_from(self, state: dict[str, Any]) -> None:
        for each, kept in zip(self.optimizers, state["optimizers"], strict=True):
            each.load_state_dict(kept)
        self.step, self.seconds = state["step"], state["seconds"]
        self._sums = state["sums"].to(self.machine.device)
        self.history = [Epoch(**epoch) for epoch in state["history"]]

    def _take_step(self) -> None:
        settings = self.settings
        rows, labels = self._batches[self.step]
        # Each process drops other units of its part of the batch.
        seed_everything(self.machine.device, settings.seed, "dropout", self.machine.rank, self.step)
        self._set_learning_rates()
        self.model.train()
        with self.machine.autocast():
            scores = self._together(rows)
        if settings.doubled_softmax:
            scores = self.components.softmax(scores, dim=1)
        loss = self._mean_loss(scores, labels)
        for each in self.optimizers:
            each.zero_grad()
        loss.backward()
        for each in self.optimizers:
            each.step()
        self._add(loss.detach(), scores.detach(), labels)

    def _set_learning_rates(self) -> None:
        share = share_of_lr(self.step, self.steps, self.settings.warmup)
        for each, highest in zip(self.optimizers, self._highest, strict=True):
            for group, lr in zip(each.param_groups, highest, strict=True):
                group["lr"] = share * lr

    def _restart_sums(self) -> None:
        # Of losses, of right answers, and of images. On the device, so that nobody waits for them.
        self._sums = torch.zeros(3, dtype=torch.float64, device=self.machine.device)

    def _add(self, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        if self.machine.device.type == "cpu":
            self._must_be_finite(loss.item())
        likeliest = labels if labels.ndim == 1 else labels.argmax(dim=1)
        right = (scores.argmax(dim=1) == likeliest).sum()
        count = len(labels)
        self._sums += torch.stack([loss.double() * count, right.double(), right.new_tensor(count)])

    def _end_epoch(self) -> None:
        data, as_many = self.data, len(self.data.held_out_labels)
        held_out, learnt = (
            evaluate(self.model, images, labels, self.components)
            for images, labels in (
                (data.held_out_images, data.held_out_labels),
                (data.train_images[:as_many], data.train_labels[:as_many]),
            )
        )
        self._must_be_finite(held_out.loss)
        measured = held_out.loss, held_out.accuracy, held_out.error, learnt.loss, learnt.accuracy
        self.history.append(Epoch(self.loss, self.accuracy, *measured))
        self._restart_sums()

    def _must_be_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss must stay a finite number, got {loss} in epoch "
                f"{len(self.history) + 1}; a smaller learning rate may help"
            )
