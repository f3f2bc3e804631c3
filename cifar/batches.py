"""The batches of a training run, each by its number.

All images stay in memory as bytes. A batch is made at once: one table look-up says for every image
which pixel goes where, one `gather` moves them. Which images, which flips and which shifts a batch
has follows from the seed and the number of the batch alone, so a run that was stopped goes on with
the right batch, and several processes agree without talking.

Read next: `cifar/randomness.py`, where their order comes from.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from sums_to_one.cifar.inputs import Pixels, PrincipalComponents
from sums_to_one.cifar.machine import Machine
from sums_to_one.cifar.randomness import generator_for
from sums_to_one.cifar.settings import Settings, SettingsError

SIZE = 32


class Batch(NamedTuple):
    """Images as rows of numbers, and their labels: class numbers, or shares of each class."""

    rows: Tensor
    labels: Tensor


class Batches:
    """Batches of altered images, in an order that is another in every epoch.

    Args:
        images: uint8 of shape (N, 3, 32, 32).
        labels: class numbers, int64 of shape (N,).
        inputs: makes rows of numbers of the images.
        settings: batch size, flip, crop, mixup and seed.
        machine: where the batches are wanted, and which part of each.

    Raises:
        SettingsError: a batch is larger than the data, or not divisible by the processes.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        inputs: Pixels | PrincipalComponents,
        settings: Settings,
        machine: Machine,
    ) -> None:
        size = settings.batch_size
        if size > len(images):
            raise SettingsError(
                f"the batch size must be at most the number of training images, {len(images)}, "
                f"got {size}"
            )
        if size % machine.ranks:
            raise SettingsError(
                f"the batch size must be divisible by the number of processes, "
                f"got {size} for {machine.ranks}"
            )
        self._settings, self._machine, self._inputs = settings, machine, inputs
        self._labels = labels.to(machine.device)
        self.an_epoch = len(images) // size  # an incomplete last batch is left out
        parity = torch.randint(2, (len(images),), generator=generator_for(settings.seed, "sides"))
        self._parity = parity.to(machine.device)
        # Unless images are shifted, their principal components are found once and for all.
        self._components = isinstance(inputs, PrincipalComponents) and not settings.crop
        if self._components:
            with torch.no_grad():
                parts = [inputs(part.to(machine.device)) for part in torch.split(images, 2500)]
            self._data = torch.cat(parts)
        else:
            self._data = images.flatten(1).to(machine.device)
            self._table = _where_from(settings.crop).to(machine.device)
        self._moves = bool(settings.crop) or settings.flip != "never"

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step, or of it the part of this process."""
        epoch, place = divmod(step, self.an_epoch)
        size, ranks = self._settings.batch_size, self._machine.ranks
        random = generator_for(self._settings.seed, "batch", step)
        share = slice(self._machine.rank * size // ranks, (self._machine.rank + 1) * size // ranks)
        chosen = self._order(epoch)[place * size : (place + 1) * size][share]
        chosen = chosen.to(self._machine.device)
        # Drawn for the whole batch: so all processes together do what one alone would do.
        shift = torch.randint((2 * self._settings.crop + 1) ** 2, (size,), generator=random)[share]
        coin = torch.randint(2, (size,), generator=random)[share]
        flipped = self._flipped(chosen, coin.to(self._machine.device), epoch)
        rows = self._rows(chosen, shift.to(self._machine.device), flipped)
        return self._mixed(Batch(rows, self._labels[chosen]), random)

    def _rows(self, chosen: Tensor, shift: Tensor, flipped: Tensor) -> Tensor:
        data = self._data.index_select(0, chosen)
        if isinstance(self._inputs, PrincipalComponents) and self._components:
            return data * torch.where(flipped[:, None] == 1, self._inputs.mirror, 1)
        pixels = data.view(len(chosen), 3, SIZE * SIZE)
        if self._moves:
            places = self._table.index_select(0, 2 * shift + flipped)
            pixels = pixels.gather(2, places[:, None].expand(-1, 3, -1))
        with torch.no_grad():
            rows: Tensor = self._inputs(pixels)
        return rows

    def _flipped(self, chosen: Tensor, coin: Tensor, epoch: int) -> Tensor:
        if self._settings.flip == "never":
            return torch.zeros_like(coin)
        if self._settings.flip == "random":
            return coin
        # Every image is seen from both sides equally often (K. Jordan, "94% on CIFAR-10 in 3.29
        # Seconds on a Single GPU", 2024, section 3.6).
        return self._parity[chosen] ^ (epoch % 2)

    def _mixed(self, batch: Batch, random: torch.Generator) -> Batch:
        """Each image with a share of its neighbour (H. Zhang et al., "mixup", 2017)."""
        if not self._settings.mixup:
            return batch
        concentration = torch.full((2,), self._settings.mixup)
        amounts = torch._standard_gamma(concentration, generator=random).clamp(min=1e-30)
        share = (amounts[0] / amounts.sum()).item()
        of_class = torch.nn.functional.one_hot(batch.labels, 10).float()
        return Batch(
            torch.lerp(batch.rows.roll(1, 0), batch.rows, share),
            torch.lerp(of_class.roll(1, 0), of_class, share),
        )

    def _order(self, epoch: int) -> Tensor:
        return _permutation(len(self._labels), self._settings.seed, epoch)


@lru_cache(maxsize=2)
def _permutation(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=generator_for(seed, "order", epoch))


def _where_from(crop: int) -> Tensor:
    """For each shift, and each without and with a flip: from which pixel each pixel comes.

    What would come from beyond an edge comes from as far inside of it.
    """
    pixel = torch.arange(SIZE)
    shifts = torch.arange(-crop, crop + 1)
    inside = (pixel + shifts[:, None]).abs()
    inside = torch.where(inside > SIZE - 1, 2 * (SIZE - 1) - inside, inside)
    columns = torch.stack([inside, inside.flip(1)], dim=1)
    table = inside[:, None, None, :, None] * SIZE + columns[None, :, :, None, :]
    return table.reshape(-1, SIZE * SIZE)
